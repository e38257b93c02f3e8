"""Writes a page a view under docs/views, with outputs and pictures made by the program: `python docs/pages.py`."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import chalkgrad as cg
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.printed.drawing import drawing
from chalkgrad.evaluate.what_if import descend, nudge
from chalkgrad.native.emit import lanes
from chalkgrad.render.terminal import terminal

LAYERS = """W1 in R^(D_a x D_x); X in R^(D_x x m); b1 in R^(D_a x 1); W2 in R^(1 x D_a); b2 in R^(1 x 1); Y in R^(1 x m)
z1 = W1 X + b1
a1 = relu(z1)
z2 = W2 a1 + b2
h = σ(z2)
J = -mean(Y ∘ log(h) + (1 - Y) ∘ log(1 - h))"""
IDENTITIES = (
    "A in R^(n x n); x in R^n; f = xᵀ A x",
    "A in R^(m x n); x in R^n; b in R^m; f = ‖A x - b‖^2",
    "A in R^(n x n); B in R^(n x n); f = trace(Aᵀ B A)",
    "A in R^(n x n); f = det(A)",
    "A in R^(n x n); f = logdet(A)",
    "A in R^(n x n); u in R^n; v in R^n; f = uᵀ inv(A) v",
    "z in R^n; y in R^n; p = softmax(z); f = -sum(y ∘ log(p))",
    "x in R^n; f = logsumexp(x)",
    "X in R^(m x n); w in R^n; y in R^m; f = ½ ‖X w - y‖^2",
)
HERE = Path(__file__).parent
TEXT, AT = "g = x + y; h = g z; f = h + x", {"x": -2, "y": 5, "z": -4}
LOGISTIC = "X in R^(1000 x 2); w in R^2; y in R^1000; z = X w; f = mean(log(1 + e^z) - y ∘ z)"
NEURON = "f(w_0, x_0, w_1, x_1, w_2) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
NEURON_AT = {"w_0": 2, "x_0": -1, "w_1": -3, "x_1": -2, "w_2": -3}


def block(text: str, language: str = "") -> str:
    """A fenced block."""
    return f"```{language}\n{text.rstrip()}\n```"


def _loops(text: str) -> str:
    """As on a machine with registers of 32 bytes, whatever this one has."""
    with patch.object(lanes, "register", lambda: 32):
        return cg.code(text, "loops")


def _marked() -> str:
    """The first question of the sheet in the README, as the answers beside it left it."""
    examples = HERE.parent / "examples"
    (keyed,) = cg.worksheet(examples / "sheets" / "gates.toml").keys
    with (examples / "answers" / "ann.csv").open(encoding="utf-8") as file:
        answers = {row["blank"]: row["answer"] for row in csv.DictReader(file)}
    signs = {"right": "✓", "wrong": "✗"}
    written = {m.blank: f"{m.answer} {signs[m.verdict]}" for m in mark(keyed, answers).marks if m.answer}
    return drawing(keyed.questions[0], key=True, answers=written)


def _partials(text: str) -> str:
    found = cg.formulas(cg.work(text))
    return block("\n".join([row.text for name in ("local derivatives", "chain rule") for row in found.section(name)]))


def _gradients(text: str) -> str:
    """The gradients of the inputs, as formulas."""
    w = cg.work(text)
    labels = {f"∂{w.loss}/∂{v.hint}" for v in w.program.inputs}
    return block("\n".join([row.text for row in cg.formulas(w).section("gradients") if row.label in labels]))


def pages() -> dict[str, str]:
    """Every page and picture, by its path under docs."""
    w = cg.work(TEXT, values=AT)
    neuron = cg.work(NEURON, values=NEURON_AT)
    whole = cg.work(NEURON, values=NEURON_AT, gates="whole")
    sort = cg.work("x in R^3; F = x[0] sort(x)", x=[3, -1, 2], upstream=[0.5, -2, 1])
    command = f'chalkgrad show "{TEXT}" x=-2 y=5 z=-4'
    made: dict[str, str] = {
        "pictures/paths.svg": cg.draw(w).svg,
        "pictures/paths-blank.svg": cg.draw(w, blank=True).svg,
        "pictures/neuron.svg": cg.draw(neuron).svg,
        "pictures/neuron-whole.svg": cg.draw(whole).svg,
        "pictures/sort.svg": cg.draw(sort).svg,
        "pictures/circuit.svg": cg.draw(cg.zoom("f = σ(W x + b)", W=[[2, -1]], x=[1, 3], b=[0.5])).svg,
        "pictures/filter.svg": cg.convolution(10, 7, padding=3, stride=3).svg,
        "pictures/marked.svg": _marked(),
        "pictures/network.svg": cg.network("4-3-2", output="softmax").svg,
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
        (
            "c",
            "C99",
            f'`chalkgrad code "{TEXT}" --as c > f.c`: one file, and nothing but libc and libm. Each line says which '
            "stage it is, and of traced code the line of the file.",
            lambda: block(cg.code(w, "c"), "c"),
        ),
        (
            "loops",
            "Loops",
            f'`chalkgrad code "{LOGISTIC}" --as loops`, or `cg.code(w, "loops")`: what is compiled. It says which '
            "values share a loop, which of them are kept in memory and which never leave a register, how many turns "
            "are taken at a time (here where a register holds 32 bytes), and which step of the program a line does.",
            lambda: block(_loops(LOGISTIC)),
        ),
        ("latex", "LaTeX", f'`chalkgrad code "{TEXT}" --as latex`', lambda: block(cg.code(w, "latex"), "latex")),
        ("formulas", "Formulas", "`cg.formulas(w)`", lambda: block(str(cg.formulas(w)))),
        (
            "matrices",
            "Matrix derivatives",
            "A network of two layers over a batch, sizes by their names: `cg.formulas(cg.work(text))`, and `cg.code`. "
            "First every partial, and what the chain rule makes of them; then each gradient in terms of the next "
            "stage's, of the next layer's, and written out.",
            lambda: "\n\n".join(
                [block(LAYERS), _partials(LAYERS), _gradients(LAYERS), block(cg.code(cg.work(LAYERS)))]
            ),
        ),
        (
            "identities",
            "Identities of a course",
            "Each of these is what `cg.formulas` prints.",
            lambda: "\n\n".join(f"`{text}`\n\n{_gradients(text)}" for text in IDENTITIES),
        ),
        (
            "sort",
            "Sort, in words and on the drawing",
            '`cg.explain(cg.work("x in R^3; F = x[0] sort(x)", x=[3, -1, 2], upstream=[0.5, -2, 1]))`',
            lambda: f"{block(cg.explain(sort))}\n\n![sort](../pictures/sort.svg)",
        ),
    ]
    for name, title, about, show in views:
        made[f"views/{name}.md"] = f"# {title}\n\n{about}\n\n{show()}\n"
    made["views/README.md"] = "# A page a view\n\n" + "".join(f"- [{t}]({n}.md)\n" for n, t, _, _ in views)
    return made


if __name__ == "__main__":
    for path, text in pages().items():
        (HERE / path).write_text(text, encoding="utf-8")
