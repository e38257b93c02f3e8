"""A Work shows itself in a notebook: run as one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="the notebook tools are in the dev extra")
nbclient = pytest.importorskip("nbclient", reason="the notebook tools are in the dev extra")


def run(*cells: str, folder: Path) -> list[dict[str, Any]]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the notebook tools' own
        nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return [cell.outputs[0]["data"] for cell in notebook.cells if cell.outputs]


@pytest.mark.filterwarnings("ignore")
def test_a_notebook_shows_drawing_and_tables(tmp_path: Path) -> None:
    work, drawing = run(
        "import chalkgrad as cg\nw = cg.work('f(x, y, z) = (x + y) z', x=-2, y=5, z=-4)\nw",
        "cg.draw(w)",
        folder=tmp_path,
    )
    assert "<svg" in work["text/html"]
    assert "<table>" in work["text/html"]
    assert "<math" in work["text/html"]
    assert "∂f/∂x = ∂f/∂q · ∂q/∂x = -4 · 1 = -4" in work["text/html"]
    assert drawing["image/svg+xml"].startswith("<svg")
