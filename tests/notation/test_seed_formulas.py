"""Every formula printed on the worksheets, pasted as it stands there: what it is read as, or why it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalkgrad.errors import ChalkgradError
from chalkgrad.notation.read import read

ROWS: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "seed_formulas.json").read_text(encoding="utf-8"))
KINDS = {"function", "stages", "identity", "claim", "shape", "fragment"}
# A wrong number would be silent where one of these is read as a function of its own.
NEVER_READ = ("\\partial", "\\nabla", "^{(", "\\leftarrow", "+=", "df/d", "{df}")


def ways(text: str) -> list[str]:
    """The text as it stands, and as it stands between dollar signs."""
    return [text] if "$" in text else [text, f"${text}$", f"$${text}$$", f"  $ {text} $  "]


def outcome(row: dict[str, Any], text: str) -> dict[str, Any]:
    """What `read` makes of it, in the form that the file has."""
    try:
        return {"echo": list(read(text, row.get("values"), row.get("abstract", ())).echo)}
    except ChalkgradError as error:
        return {"refused": getattr(error, "problem", str(error).splitlines()[0])}


@pytest.mark.parametrize("row", ROWS, ids=[f"{r['sheet']}-{n}" for n, r in enumerate(ROWS)])
def test_pasted(row: dict[str, Any]) -> None:
    expected = {key: row[key] for key in ("echo", "refused") if key in row}
    assert len(expected) == 1
    for text in ways(row["text"]):
        assert outcome(row, text) == expected, text


@pytest.mark.parametrize("row", [r for r in ROWS if "echo" in r], ids=lambda r: r["text"][:40])
def test_the_echo_reads_back(row: dict[str, Any]) -> None:
    assert outcome(row, "\n".join(row["echo"])) == {"echo": row["echo"]}


def test_the_file() -> None:
    assert {row["sheet"] for row in ROWS} == {"000", "001", "002", "003", "004"}
    assert {row["kind"] for row in ROWS} == KINDS
    keys = [(r["sheet"], r["text"], str(r.get("values")), str(r.get("abstract"))) for r in ROWS]
    assert len(set(keys)) == len(keys) > 250


def test_what_is_no_function_is_refused_by_the_name_of_its_command() -> None:
    for row in ROWS:
        if any(sign in row["text"] for sign in NEVER_READ) and "\\sum" not in row["text"]:
            assert "refused" in row, row["text"]
        if row["kind"] == "identity" and "abstract" not in row and "\\#" not in row["text"]:
            assert "`chalkgrad equal`" in row["refused"], row["text"]
        if row["kind"] == "shape" and "\\in" in row["text"]:
            assert "`chalkgrad shapes`" in row["refused"], row["text"]
        if row["kind"] == "claim" and "refused" in row and "=" in row["text"]:
            named = ("`chalkgrad check`", "`chalkgrad show`", "`chalkgrad equal`")
            commands = (*named, "nothing here says", "sums over i", "sum(…)")
            assert any(c in row["refused"] for c in commands), row["text"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (r"f(a, b, c, d) = (3a b)^2 + cd", "f(a, b, c, d) = (3·a·b)^2 + c·d"),
        (r"z = w_o x_o + w_1 x_1 + w_2", "z(w_o, x_o, w_1, x_1, w_2) = w_o·x_o + w_1·x_1 + w_2"),
    ],
)
def test_lost_in_conversion_is_read_as_it_stands(text: str, line: str) -> None:
    assert read(text).echo == (line,)
