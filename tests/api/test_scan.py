"""`scan`: each against the loop unrolled, or against the same thing written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg

X = np.array([0.3, 0.7, -0.2])
W = np.array([[0.5, -0.3, 0.8], [0.1, 0.9, -0.4], [-0.7, 0.2, 0.6]])


def turn(carry: Any, x: Any) -> Any:
    h, total = carry
    h = np.tanh(W @ h + x)
    return (h, total + np.sum(h * x)), h[0] * x


def by_scan(h: Any, xs: Any, reverse: bool = False) -> Any:
    (last, total), ys = cg.scan(turn, (h, 0.0), xs, reverse=reverse)
    return np.sum(last**2) + total + np.sum(ys * xs)


def by_loop(h: Any, xs: Any, reverse: bool = False) -> Any:
    carry: Any = (h, 0.0)
    rows: list[Any] = [None] * len(xs)
    for k in reversed(range(len(xs))) if reverse else range(len(xs)):
        carry, rows[k] = turn(carry, xs[k])
    return np.sum(carry[0] ** 2) + carry[1] + np.sum(np.stack(rows) * xs)


class TestScan:
    XS = np.array([[0.1, -0.4, 0.3], [0.9, 0.2, -0.6], [-0.5, 0.7, 0.4], [0.2, 0.2, -0.1]])

    def test_a_plain_loop_with_plain_numbers(self) -> None:
        assert by_scan(X, self.XS) == pytest.approx(by_loop(X, self.XS), rel=1e-14)

    def test_a_long_one_of_plain_numbers_is_compiled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[int] = []
        xs = np.random.default_rng(3).normal(size=(200, 3))
        for reverse in (False, True):
            monkeypatch.setattr("chalkgrad.api.loop.LONG", 10**9)
            wanted = cg.scan(turn, (X, 0.0), xs, reverse=reverse)
            monkeypatch.setattr("chalkgrad.api.loop.LONG", 100)
            for _ in range(3):
                (h, total), ys = cg.scan(turn, (X, 0.0), xs, reverse=reverse)
                np.testing.assert_allclose(h, wanted[0][0], rtol=1e-12)
                np.testing.assert_allclose(total, wanted[0][1], rtol=1e-12)
                np.testing.assert_allclose(ys, wanted[1], rtol=1e-12)

        def counting(c: Any, x: Any) -> Any:
            calls.append(1)
            return c + x, None

        assert cg.scan(counting, 0.0, np.ones(150)) == (150.0, None)
        assert len(calls) == 150  # a list is written: each turn is run, and as often as there are turns

    def test_what_no_trace_can_do_is_a_plain_loop(self) -> None:
        halved, _ = cg.scan(lambda n, x: ((n // 2 if n % 2 == 0 else 3 * n + 1), None), 27, np.zeros(111))
        assert halved == 1
        with pytest.raises(ValueError, match="could not be broadcast"):
            cg.scan(lambda c, x: (c + np.ones(3), None), np.ones(2), np.ones(120))

    @pytest.mark.parametrize("reverse", [False, True])
    def test_every_order_is_that_of_the_unrolled_loop(self, reverse: bool) -> None:
        for derive in (cg.grad, cg.hessian):
            a = derive(by_scan, wrt=("h", "xs"))(X, self.XS, reverse)
            b = derive(by_loop, wrt=("h", "xs"))(X, self.XS, reverse)
            for left, right in zip(flat(a), flat(b), strict=True):
                np.testing.assert_allclose(left, right, rtol=1e-11, atol=1e-13)
        third = cg.jacobian(cg.hessian(by_scan))(X, self.XS, reverse)
        np.testing.assert_allclose(third, cg.jacobian(cg.hessian(by_loop))(X, self.XS, reverse), rtol=1e-10, atol=1e-12)

    def test_forward_is_reverse(self) -> None:
        v, w = np.ones(3), self.XS[::-1] * 0.5
        _, tangent = cg.jvp(by_scan, (X, self.XS), (v, w))
        dh, dxs = cg.grad(by_scan, wrt=(0, 1))(X, self.XS)
        assert tangent == pytest.approx(np.sum(dh * v) + np.sum(dxs * w), rel=1e-13)

    def test_the_body_is_one_step_however_many_turns(self) -> None:
        few = cg.trace(by_scan, X, self.XS)
        many = cg.trace(by_scan, X, np.tile(self.XS, (50, 1)))
        assert len(few.steps) == len(many.steps)

    def test_a_loop_in_a_loop_and_many_at_once(self) -> None:
        def inner(c: Any, x: Any) -> Any:
            c2, _ = cg.scan(lambda s, k: (s * x + k, None), c, X)
            return c2, c2**2

        def f(a: Any, xs: Any) -> Any:
            last, ys = cg.scan(inner, a, xs)
            return last + np.sum(ys)

        def plain(a: Any, xs: Any) -> Any:
            total = 0.0
            for k in range(3):
                for j in range(3):
                    a = a * xs[k] + X[j]
                total = total + a**2
            return a + total

        np.testing.assert_allclose(cg.grad(f, wrt=1)(0.5, X), cg.grad(plain, wrt=1)(0.5, X), rtol=1e-13)
        rows = np.stack([X, X**2, 2 * X])
        many = cg.vmap(cg.grad(f, wrt=1), in_axes=(None, 0))(0.5, rows)
        np.testing.assert_allclose(many, [cg.grad(plain, wrt=1)(0.5, r) for r in rows], rtol=1e-13)

    def test_no_xs(self) -> None:
        def f(x: Any) -> Any:
            last, _ = cg.scan(lambda c, _: (c * x, None), 1.0, length=5)
            return last

        assert cg.grad(f)(2.0) == pytest.approx(80.0)

    def test_no_turns(self) -> None:
        def f(x: Any, xs: Any) -> Any:
            last, ys = cg.scan(lambda c, row: (c * row, c), x, xs)
            return last * 3 + np.sum(ys)

        assert cg.grad(f)(2.0, np.zeros(0)) == 3.0

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda x: cg.scan(lambda c, y: (c, y), x, (X, X[:2]))[0], "2 and 3 turns"),
            (lambda x: cg.scan(lambda c, y: (c, y), x)[0], "length="),
            (lambda x: cg.scan(lambda c, y: (c * X, y), x, X)[0], "before a turn"),
            (lambda x: cg.scan(lambda c, y: c, x, X)[0], "a tuple of two"),
            (lambda x: cg.scan(lambda c, y: ((c, c), y), x, X)[0], "another nest"),
            (lambda x: cg.scan(lambda c, y: (c if y > 0 else -c, y), x, X)[0], "np.where"),
        ],
    )
    def test_refusals(self, call: Any, words: str) -> None:
        with pytest.raises(cg.ChalkgradError, match=words):
            cg.grad(call)(1.0)


def flat(nest: Any) -> list[Any]:
    return [x for part in nest for x in flat(part)] if isinstance(nest, tuple) else [nest]
