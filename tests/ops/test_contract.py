"""The contract, over the whole op table: a new op is covered without a word here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.errors import ShapeError
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Local, Matrix, Route, Spread, Times, times
from chalkgrad.ops.op import Op
from tests.ops.contract import BY_CASE, BY_OP, Case, agrees_to_second_order, agrees_with_differences, cases

ops = pytest.mark.parametrize("op", OPS.values(), ids=OPS)


@ops
@pytest.mark.parametrize("clause", BY_CASE, ids=lambda f: f.__name__)
def test_every_op_keeps_the_contract(op: Op, clause: Callable[[Op, Case], None]) -> None:
    for case in cases(op):
        clause(op, case)


@ops
@pytest.mark.parametrize("clause", BY_OP, ids=lambda f: f.__name__)
def test_every_op_is_what_it_says(op: Op, clause: Callable[[Op], None]) -> None:
    clause(op)


def multiplied(op: Op, partials: Callable[..., tuple[Any, ...]]) -> Op:
    """The op with other partial derivatives, backward only."""

    def vjp(want: tuple[bool, ...], y: Any, *xs: Any, **params: Any) -> list[Local | None]:
        found = partials(y, *xs, **params)
        return [times(f, x) if w else None for w, f, x in zip(want, found, xs, strict=True)]

    return replace(op, vjp=vjp)


def sent(op: Op, change: Callable[[Any], Local]) -> Op:
    """The op with each of its locals changed, backward only."""
    assert op.vjp is not None
    rule = op.vjp
    return replace(op, vjp=lambda *a, **k: [None if local is None else change(local) for local in rule(*a, **k)])


WRONG = {
    "the sign of -": multiplied(OPS["subtract"], lambda y, a, b: (1, 1)),
    "× not swapped": multiplied(OPS["multiply"], lambda y, a, b: (a, b)),
    "the square in 1/x² forgotten": multiplied(OPS["reciprocal"], lambda y, x: (-y,)),
    "tanh without its square": multiplied(OPS["tanh"], lambda y, x: (1 - y,)),
    "the 2 of a root forgotten": multiplied(OPS["sqrt"], lambda y, x: (1 / y,)),
    "σ off by a part in a million": multiplied(OPS["sigmoid"], lambda y, x: (y * (1 - y) * (1 + 1e-6),)),
    "the exponent's partial forgotten": multiplied(OPS["power"], lambda y, x, n: (n * x ** (n - 1), 0)),
    "max routes to the loser": multiplied(OPS["maximum"], lambda y, a, b, tie="": (a < b, a > b)),
    "a broadcast not summed": sent(OPS["add"], lambda t: Times(t.factor * 0.5, t.shape)),
    "a mean that forgets its count": sent(OPS["mean"], lambda s: Spread(s.scale.builder.value(1), s.move, s.words)),
    "a matrix on the wrong side": sent(
        OPS["matmul"], lambda m: Matrix(m.matrix, "left" if m.side == "right" else "right") if type(m) is Matrix else m
    ),
    "an index put back reversed": sent(OPS["index"], lambda r: Route(lambda u: r.move(u)[::-1], r.words)),
    "a softmax without its sum": replace(OPS["softmax"], vjp=lambda want, y, x, axis=-1: [times(y * (1 - y), x)]),
    "forward only: cos for sin": replace(OPS["sin"], jvp=lambda t, y, x: t[0] * x.apply("cos") * -1),
    "forward only: a factor lost": replace(OPS["exp"], jvp=lambda t, y, x: t[0]),
}


@pytest.mark.parametrize("op", WRONG.values(), ids=WRONG)
def test_a_wrong_rule_is_caught(op: Op) -> None:
    found = False
    for case in cases(op):
        try:
            agrees_with_differences(op, case)
        except (AssertionError, ShapeError):
            found = True
    assert found


def test_a_rule_that_is_right_once_is_caught_at_second_order() -> None:
    """A slope whose own derivative is lost: the mask below holds where nothing is to be masked."""

    def partials(y: Any, x: Any, n: Any) -> tuple[Any, Any]:
        slope = n * x ** (n - 1)
        return slope.apply("masked", n.apply("equal", 0)), y * x.apply("log")

    op = multiplied(OPS["power"], partials)
    case = Case((np.array([1.5, 0.5]), np.array([0.0, 2.0])), {})
    agrees_with_differences(op, case)
    agrees_to_second_order(OPS["power"], case)
    with pytest.raises(AssertionError):
        agrees_to_second_order(op, case)
