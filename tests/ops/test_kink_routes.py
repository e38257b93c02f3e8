"""The hard points by every route that a person may take: the same gradient, and the same notice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.check import check
from chalkgrad.render.python import python
from chalkgrad.transform.forward import forward
from chalkgrad.transform.gates import recognise
from tests.ops.kink_points import POINTS
from tests.ops.kink_routes import NO_NUMPY, WRITTEN
from tests.ops.test_kinks import KINKS, number

NOTATIONS = ("text", "latex")


def at(name: str) -> dict[str, Any]:
    return dict(zip("xyz", POINTS[name].values, strict=False))


def holds(name: str, found: list[Any]) -> None:
    """The gradients are those of the table."""
    given = np.concatenate([np.ravel(g) for g in found])
    promised = np.ravel(number(KINKS[name]["gradient"]))
    np.testing.assert_allclose(given, np.broadcast_to(promised, given.shape), rtol=1e-15, atol=0, equal_nan=True)


def is_said(name: str, w: Worked) -> None:
    """A notice goes with it where the table says so, and names the rule."""
    rule: str = KINKS[name]["rule"]
    assert bool(w.notices) == KINKS[name]["notice"], w.notices
    if w.notices and not rule.startswith("value NaN"):
        assert any(n.rule.startswith(rule) for n in w.notices), w.notices


def gradients(w: Worked) -> list[Any]:
    return [w.gradients[v.hint] for v in w.program.inputs]


def test_every_point_is_written_in_every_notation() -> None:
    assert set(WRITTEN) == set(KINKS)
    without = {name for name, written in WRITTEN.items() if written.numpy is None}
    for name in without:  # each is one function, which NumPy has not
        word = name.partition("(")[0]
        assert not hasattr(np, word), NO_NUMPY


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", POINTS)
def test_as_typed(name: str, notation: str) -> None:
    w = cg.work(getattr(WRITTEN[name], notation), values=at(name))
    holds(name, gradients(w))
    is_said(name, w)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("name", POINTS)
def test_with_fine_gates(name: str, notation: str) -> None:
    w = cg.work(getattr(WRITTEN[name], notation), values=at(name), gates="fine")
    holds(name, gradients(w))
    if any(n.rule.startswith("evaluated as") for n in w.notices):  # a gate opened into what loses digits: said
        assert KINKS[name]["rule"].startswith("evaluated as") or len(w.program.steps) > 1
    else:
        is_said(name, w)


@pytest.mark.parametrize("name", POINTS)
def test_with_whole_gates(name: str) -> None:
    w = cg.work(WRITTEN[name].text, values=at(name), gates="whole")
    holds(name, gradients(w))
    if len(w.program.steps) > 1 or not KINKS[name]["rule"].startswith("evaluated as"):
        is_said(name, w)
    else:
        assert not w.notices  # closed to one gate, which is exact as it stands


@pytest.mark.parametrize("name", POINTS)
def test_the_gradient_of_a_text(name: str) -> None:
    """A text alone tells no shapes: they come with the values, as those of `max(x)`."""
    values = POINTS[name].values
    holds(name, list(cg.grad(WRITTEN[name].text, wrt=tuple(range(len(values))))(*values)))


@pytest.mark.parametrize("name", [n for n in POINTS if WRITTEN[n].numpy is not None])
def test_in_numpy(name: str) -> None:
    function, values = WRITTEN[name].numpy, POINTS[name].values
    assert function is not None
    f: Callable[..., Any] = (lambda x: function(x)) if len(values) == 1 else (lambda x, y: function(x, y))
    holds(name, list(cg.grad(f, wrt=tuple(range(len(values))))(*values)))
    w = cg.work(f, *values)
    holds(name, gradients(w))
    is_said(name, w)


@pytest.mark.parametrize("name", POINTS)
def test_in_printed_python(name: str) -> None:
    w = cg.work(WRITTEN[name].text, values=at(name))
    space: dict[str, Any] = {}
    exec(python(w), space)
    with np.errstate(all="ignore"):
        _, found = space["f"](*at(name).values())
    if KINKS[name]["rule"].startswith("evaluated as"):
        # printed as typed, so that it loses what the typed form loses: NaN, and never another number
        assert np.isnan(next(iter(found.values())))
    else:
        holds(name, list(found.values()))


@pytest.mark.parametrize("name", POINTS)
def test_forward_mode(name: str) -> None:
    """One input moves at a time: 0 times an infinite slope of another would be NaN."""
    program, values = POINTS[name].program(), POINTS[name].values
    if POINTS[name].evaluated:
        program = recognise(program, evaluation=True)
    found: list[float] = []
    for var in program.inputs:
        shape: Any = var.type.shape
        pushed = Interpreter(check(forward(program, [var])))
        for unit in np.eye(int(np.prod(shape))):
            found.append(float(pushed(*values, unit.reshape(shape))[1]))
    holds(name, found)


@pytest.mark.parametrize("name", POINTS)
def test_the_program_built_by_hand(name: str) -> None:
    """What the routes above are compared with: kinks.json through the ops alone."""
    program = POINTS[name].program()
    w = work(program, {v.hint: x for v, x in zip(program.inputs, POINTS[name].values, strict=True)})
    holds(name, gradients(w))
    is_said(name, w)


def test_an_infinite_order_is_read_and_printed_so() -> None:
    for text, order in (("norm(x, ord=inf)", np.inf), ("norm(x, ord=2)", None)):
        program = cg.parse(text, x=np.ones(2))
        assert program.steps[0].params.get("ord") in (order, 2)
        assert cg.work(text, x=np.ones(2), upstream=1.0).echo[-1].endswith(text)
    with pytest.raises(cg.NotationError, match="a parameter is a number"):
        cg.parse("mean(x, axis=-None)", x=np.ones(2))
    # where a person declares the name, it is theirs
    assert [v.hint for v in cg.parse("f(inf) = 2 inf").inputs] == ["inf"]
