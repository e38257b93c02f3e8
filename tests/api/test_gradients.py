"""`grad` and `value_and_grad`: what is given, what is kept, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg

SCALE = np.array(2.0)


def test_what_is_captured_may_change() -> None:
    k, a = [2.0], np.array([1.0, 2.0])

    class Holder:
        c = 1.0

    def listed(x: Any) -> Any:
        return x * k[0]

    def arrayed(x: Any) -> Any:
        return np.sum(x * a)

    def held(x: Any) -> Any:
        return x * Holder.c

    def outer(x: Any) -> Any:
        return listed(x) * 1.0

    g, h, p, o = cg.grad(listed), cg.grad(arrayed), cg.grad(held), cg.grad(outer)
    assert (g(1.0), h(1.0), p(1.0), o(1.0)) == (2.0, 3.0, 1.0, 2.0)
    k[0], a[0], Holder.c = 5.0, 10.0, 7.0
    assert (g(1.0), h(1.0), p(1.0), o(1.0)) == (5.0, 12.0, 7.0, 5.0)


def test_a_closed_over_number_may_change() -> None:
    def make() -> tuple[Any, Any]:
        c = 2.0

        def f(x: Any) -> Any:
            return x * c

        def change() -> None:
            nonlocal c
            c = 3.0

        return f, change

    f, change = make()
    g = cg.grad(f)
    assert g(1.0) == 2.0
    change()
    assert g(1.0) == 3.0


def test_wrt_by_name_place_and_several() -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y + x

    assert cg.grad(f)(3.0, 2.0) == 3.0
    assert cg.grad(f, wrt="y")(3.0, 2.0) == 3.0
    assert cg.grad(f, wrt=-1)(3.0, 2.0) == 3.0
    assert cg.grad(f, wrt=(1, "x"))(3.0, 2.0) == (3.0, 3.0)
    assert cg.grad("f(x, y) = x y", wrt="y")(3.0, 2.0) == 3.0


def test_gradients_are_the_callers_to_write_into() -> None:
    dx, dy = cg.grad(lambda x, y: np.sum(x + y), wrt=(0, 1))(np.zeros(2), np.zeros(2))
    dx += 1
    np.testing.assert_array_equal(dy, [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cg.grad(lambda x: (x, x))(2.0), cg.GradientError, "2 results"),
        (lambda: cg.work(lambda x: (x, x), 2.0), cg.GradientError, "2 results"),
        (lambda: cg.grad(lambda x: x * np.ones(2))(2.0), cg.GradientError, "not a scalar"),
        (lambda: cg.grad("f(x, y) = x y")(2.0), cg.ValueNeeded, "no value for y"),
        (lambda: cg.grad("f(x, y) = x y")(2.0, 3.0, 4.0), cg.UnknownName, "it takes x, y"),
        (lambda: cg.grad(lambda x: x, wrt="y")(2.0), cg.UnknownName, "no argument 'y'"),
        (lambda: cg.grad(lambda x: x, wrt=1.0)(2.0), cg.UnknownName, "a name or a place"),  # type: ignore[arg-type]
        (lambda: cg.draw("f(x) = x"), cg.ChalkgradError, "draw takes a Work"),  # type: ignore[arg-type]
        (lambda: cg.code(None), cg.ChalkgradError, "code takes a Work"),  # type: ignore[arg-type]
        (lambda: cg.explain(cg.work("x"), digits=-1), cg.ChalkgradError, "decimals"),
    ],
)
def test_refusals(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
