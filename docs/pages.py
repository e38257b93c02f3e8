"""Writes a page a view under docs/views, with outputs and pictures made by the program: `python docs/pages.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import chalkgrad as cg
from chalkgrad.evaluate.what_if import descend, nudge
from chalkgrad.render.terminal import terminal

HERE = Path(__file__).parent
TEXT, AT = "g = x + y; h = g z; f = h + x", {"x": -2, "y": 5, "z": -4}
NEURON = "f(w_0, x_0, w_1, x_1, w_2) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
NEURON_AT = {"w_0": 2, "x_0": -1, "w_1": -3, "x_1": -2, "w_2": -3}


def block(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def pages() -> dict[str, str]:
    """Every page and picture, by its path under docs."""
    w = cg.work(TEXT, values=AT)
    neuron = cg.work(NEURON, values=NEURON_AT)
    whole = cg.work(NEURON, values=NEURON_AT, gates="whole")
    command = f'chalkgrad show "{TEXT}" x=-2 y=5 z=-4'
    made: dict[str, str] = {
        "pictures/paths.svg": cg.draw(w).svg,
        "pictures/paths-blank.svg": cg.draw(w, blank=True).svg,
        "pictures/neuron.svg": cg.draw(neuron).svg,
        "pictures/neuron-whole.svg": cg.draw(whole).svg,
    }
    views: list[tuple[str, str, str, Callable[[], str]]] = [
        (
            "drawing",
            "The drawing",
            "Values stand above the wires, gradients below; at a fork each wire has its own contribution, and the sum "
            f"stands at the node. `{command} --save f.svg` (or `.png`); `--blank` leaves it to be filled in.",
            lambda: "![worked](../pictures/paths.svg)\n\n![blank](../pictures/paths-blank.svg)",
        ),
        (
            "gates",
            "Gates, fine or whole",
            "σ is drawn as typed; `--gates whole` closes 1/(1 + e^-z) to one gate, `--gates fine` opens it.",
            lambda: "![as typed](../pictures/neuron.svg)\n\n![whole](../pictures/neuron-whole.svg)",
        ),
        ("tables", "Tables and sentences", f"`{command}`", lambda: block(terminal(w))),
        ("symbolic", "Without values", f'`chalkgrad show "{TEXT}"`', lambda: block(terminal(cg.work(TEXT)))),
        ("words", "In words", "`cg.explain(w)`", lambda: block(cg.explain(w))),
        (
            "descent",
            "A step of descent, and a nudge",
            f"`{command} --rate 0.1 --nudge x=0.1`",
            lambda: block(terminal(w, descent=descend(w, 0.1), nudges=[nudge(w, "x", 0.1)]).split("result\n")[1]),
        ),
        ("pseudocode", "Pseudocode", f'`chalkgrad code "{TEXT}"`', lambda: block(cg.code(w))),
        (
            "python",
            "Python that runs",
            f'`chalkgrad code "{TEXT}" --as python`',
            lambda: block(cg.code(w, "python"), "python"),
        ),
        ("latex", "LaTeX", f'`chalkgrad code "{TEXT}" --as latex`', lambda: block(cg.code(w, "latex"), "latex")),
        ("formulas", "Formulas", "`cg.formulas(w)`", lambda: block(str(cg.formulas(w)))),
    ]
    for name, title, about, show in views:
        made[f"views/{name}.md"] = f"# {title}\n\n{about}\n\n{show()}\n"
    made["views/README.md"] = "# A page a view\n\n" + "".join(f"- [{t}]({n}.md)\n" for n, t, _, _ in views)
    return made


if __name__ == "__main__":
    for path, text in pages().items():
        (HERE / path).write_text(text, encoding="utf-8")
