"""What lanes make of one of two numbers that all share is made of both, and is the same number bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.tree import Axis, Buffer, Loop, Set, Tree
from chalkgrad.ops.scalars import Expr, cast, equal, fn, lift, where
from tests.native.machine import call
from tests.native.tree_run import run

NUMBERS = np.array([1.0, 3.0, -0.0, np.inf, -np.inf, np.nan, 1e-310, 7.0])


def tree(value: object, dtype: str = "float64") -> tuple[Tree, Buffer, Buffer]:
    """y[i] = value(x[i], a, b) for 1003 entries, where a and b are numbers that are given."""
    x, y = Buffer("x", (dtype), (1003,), "input"), Buffer("y", "float64", (1003,), "output")
    a, b = Buffer("a", dtype, (), "input"), Buffer("b", "float64", (), "input")
    i = Axis(1003)
    made = value(x[lift(i)], a[()], b[()])  # type: ignore[operator]  # a function of three expressions
    return Tree("f", [x, a, b], [y], [Loop(i, [Set(y, (lift(i),), made)], "parallel")]), a, b


def shares(x: Expr, a: Expr, b: Expr) -> Expr:
    """What the gradient of a greatest entry is."""
    return fn("multiply", b, fn("divide", cast(equal(x, 1.0), "float64"), a))


def chosen_from(x: Expr, a: Expr, b: Expr) -> Expr:
    return fn("subtract", fn("exp", where(fn("less", x, 0.5), a, b)), fn("negative", b))


def bare_in_two_dtypes(x: Expr, a: Expr, b: Expr) -> Expr:
    """Numbers that are rounded to float32 before they are divided as float64."""
    return fn("divide", fn("where", equal(x, 1.0), cast(0.1, "float32"), a), b)


@pytest.mark.parametrize("value", [shares, chosen_from])
def test_nothing_is_divided_or_worked_out_once_a_lane(value: object) -> None:
    text = emit(choose(tree(value)[0])).text
    assert "select <" in text
    assert "fdiv <" not in text
    assert "exp.float64.4" not in text


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("value", [shares, chosen_from, bare_in_two_dtypes])
def test_it_is_the_same_number(value: object, dtype: str) -> None:
    t, _, _ = tree(value, dtype)
    rng = np.random.default_rng(0)
    x = np.where(rng.random(1003) < 0.3, 1.0, rng.choice(NUMBERS, 1003)).astype(dtype)
    for a in NUMBERS:
        for b in NUMBERS:
            given = [x, np.array(a, dtype), np.array(b)]
            with np.errstate(all="ignore"):
                (want,) = run(t, given)
            (got,) = call(emit(choose(t)), given)
            np.testing.assert_allclose(got, want, rtol=1e-15 if value is chosen_from else 0, atol=0)
            there = ~np.isnan(want)
            assert np.array_equal(np.signbit(got[there]), np.signbit(want[there]))


def test_ties_share_the_gradient_of_a_greatest_entry() -> None:
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=5000), 1)
    x[[7, 4000]] = x.max()
    gradient = cg.compile(cg.grad(lambda x: 3.0 * np.max(x) + np.sum(x * x)), x)
    ties = x == x.max()
    np.testing.assert_array_equal(gradient(x), 3.0 * (ties / ties.sum()) + (x + x))
