"""Random formulas: read as they were built, and their echo reads back to the same Program."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkgrad.errors import ChalkgradError
from chalkgrad.notation.read import read

Built = tuple[Any, ...]
NAMES = ("x", "y", "w_0", "y^*", "num", "x'", "z1", "ŷ", "D_{a_1}")
INFIX = {"add": "+", "subtract": "-", "multiply": "·", "divide": "/", "power": "^"}
CALLS = {"sin": "sin", "log": "log", "sigmoid": "σ", "abs": "abs", "sqrt": "sqrt"}


def _trees() -> st.SearchStrategy[Built]:
    leaf = st.one_of(
        st.sampled_from(NAMES).map(lambda n: ("name", n)),
        st.floats(0, 1e6, allow_nan=False).map(lambda v: ("number", abs(v))),
        st.integers(0, 9).map(lambda v: ("number", float(v))),
    )

    def wider(inner: st.SearchStrategy[Built]) -> st.SearchStrategy[Built]:
        return st.one_of(
            st.tuples(st.sampled_from([*INFIX, "maximum"]), inner, inner),
            st.tuples(st.sampled_from([*CALLS, "negative"]), inner),
            st.tuples(st.just("where"), inner, inner, inner),
        )

    return st.recursive(leaf, wider, max_leaves=25)


def written(tree: Built, bare: bool = False) -> str:
    """The tree with every bracket, save around the whole."""
    kind = tree[0]
    if kind == "name":
        return tree[1]
    if kind == "number":
        return repr(tree[1])
    parts = [written(t, bare=True) for t in tree[1:]]
    if kind in INFIX:
        left, right = (written(t) for t in tree[1:])
        text = f"{left} {INFIX[kind]} {right}"
        return text if bare else f"({text})"
    if kind == "negative":
        text = f"-{written(tree[1])}"
        return text if bare else f"({text})"
    if kind == "where":
        return f"where({parts[0]} > {written(tree[1])}, {parts[1]}, {parts[2]})"
    return f"{CALLS.get(kind, 'max')}({', '.join(parts)})"


def expected(tree: Built, out: list[Built]) -> Any:
    """The steps of a tree in their order, each as (op, inputs); what the tree itself is."""
    kind = tree[0]
    if kind == "name":
        return tree[1]
    if kind == "number":
        return tree[1]
    if kind == "negative" and tree[1][0] == "number":
        return -tree[1][1]
    if kind == "where":
        condition = expected(("greater", tree[1], tree[1]), out)
        inputs = (condition, expected(tree[2], out), expected(tree[3], out))
        out.append((kind, inputs))
        return ("step", len(out) - 1)
    inputs = tuple(expected(t, out) for t in tree[1:])
    out.append((kind, inputs))
    return ("step", len(out) - 1)


def found(text: str) -> tuple[list[Built], Any]:
    """The same, of the Program that was read."""
    program = read(text).program
    known: dict[Any, Any] = {v: v.hint for v in program.inputs}
    out: list[Built] = []
    for place, step in enumerate(program.steps):
        out.append((step.op.name, tuple(known.get(a, getattr(a, "value", None)) for a in step.inputs)))
        known[step.output] = ("step", place)
    atom = program.output
    return out, known.get(atom, getattr(atom, "value", None))


@settings(max_examples=300, deadline=None)
@given(_trees())
def test_read_as_built(tree: Built) -> None:
    steps: list[Built] = []
    result = expected(tree, steps)
    assert found(written(tree, bare=True)) == (steps, result)


@settings(max_examples=300, deadline=None)
@given(st.lists(_trees(), min_size=1, max_size=4), st.booleans())
def test_echo_reads_back(trees: list[Built], signed: bool) -> None:
    lines = [f"q{place} = {written(tree, bare=True)}" for place, tree in enumerate(trees)]
    if signed:
        lines[-1] = f"f({', '.join(NAMES)}) = {written(trees[-1], bare=True)} + q0"
        lines.insert(0, "q0 = 1" if len(trees) == 1 else lines.pop(0))
    reading = read("\n".join(lines))
    again = read("\n".join(reading.echo))
    assert again.echo == reading.echo
    assert found("\n".join(lines)) == found("\n".join(reading.echo))
    assert [v.hint for v in again.program.variables()] == [v.hint for v in reading.program.variables()]
    assert again.program.name == reading.program.name


PIECES = st.sampled_from(
    [
        *("x", "y", "w_1", "W", "T", "s", "e", "σ", "log", "sin", "max", "sum", "norm", "where", "1", "2", "0.5"),
        *("½", "²", "ᵀ", "+", "-", "*", "/", "^", "@", "∘", "√", "(", ")", "[", "]", "{", "}", "|", ",", ":"),
        *("=", "==", "<", "∧", "\n", ";", " in ", "R", "…", "x_{1,2}", "None", "axis=0", "f(x, y) = ", "'", "_"),
        *("x = (x_1, x_2)\n", "x in R^n\n", "W in R^(m x n)\n", "[1, 2]", "piecewise", "1{", "^*", "d", "q = ", " "),
    ]
)
VALUES: list[dict[str, Any] | None] = [None, {"x": [1, 2], "y": 2.0}, {"x": [[1], [2]], "W": [[1, 2], [3, 4]]}]


@settings(max_examples=1000, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join), st.sampled_from(VALUES))
def test_anything_is_read_or_refused(text: str, values: dict[str, Any] | None) -> None:
    try:
        reading = read(text, values)
    except ChalkgradError as error:
        start, stop = getattr(error, "span", None) or (0, 0)
        assert 0 <= start <= stop <= len(text)
        return
    again = read("\n".join(reading.echo))
    assert again.echo == reading.echo
    assert [s.op.name for s in again.program.steps] == [s.op.name for s in reading.program.steps]


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=40))
def test_any_characters(text: str) -> None:
    with suppress(ChalkgradError):
        read(text)


@pytest.mark.parametrize("text", ["f(x, y, z) = (x + y)z", "q = x + y; f = q z", "x^T y"])
def test_deterministic(text: str, lines: Callable[..., list[str]]) -> None:
    values = {"x": [1, 2], "y": [1, 2]} if "T" in text else None
    assert len({tuple(lines(read(text, values).program)) for _ in range(3)}) == 1
