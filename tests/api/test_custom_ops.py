"""A user's op is as good as one of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.local import Through
from chalkgrad.ops.op import Kink

X = np.array([0.3, 0.8, -0.5])


def _swish(x: Any) -> Any:
    return x / (1 + np.exp(-x))


@pytest.fixture
def table() -> Iterator[None]:
    before = dict(OPS)
    yield
    for name in OPS.keys() - before.keys():
        del OPS[name]


@pytest.fixture
def swish(table: None) -> Any:
    def slope(x: Any) -> Any:
        s = 1 / (1 + np.exp(-x))
        return s * (1 + x * (1 - s))

    return cg.elementwise("swish", _swish, lambda y, x: (slope(x),), latex=r"\operatorname{swish}")


def test_plain_numbers(swish: Any) -> None:
    np.testing.assert_allclose(swish(X), _swish(X))
    assert swish(1.0) == pytest.approx(_swish(1.0))


def test_every_order_follows_from_the_partials(swish: Any) -> None:
    def f(x: Any) -> Any:
        return np.sum(swish(x) ** 2)

    def written(x: Any) -> Any:
        return np.sum((x / (1 + np.exp(-x))) ** 2)

    np.testing.assert_allclose(cg.grad(f)(X), cg.grad(written)(X), rtol=1e-12)
    np.testing.assert_allclose(cg.hessian(f)(X), cg.hessian(written)(X), rtol=1e-11, atol=1e-15)
    third = cg.jacobian(cg.hessian(f))(X), cg.jacobian(cg.hessian(written))(X)
    np.testing.assert_allclose(*third, rtol=1e-10, atol=1e-14)
    assert cg.check_gradients(f, X).ok


def test_in_text_in_words_and_in_printed_python(swish: Any) -> None:
    w = cg.work("f(x) = swish(x)^2", x=0.3)
    assert "swish(x)" in str(w)
    assert r"\operatorname{swish}" in cg.code(w, "latex")
    space: dict[str, Any] = {}
    exec(cg.code(w, "python"), space)
    value, gradients = space["f"](0.3)
    assert value == pytest.approx(w.value, rel=1e-15)
    assert gradients["x"] == pytest.approx(w.gradients["x"], rel=1e-14)


def test_many_at_once(swish: Any) -> None:
    np.testing.assert_allclose(
        cg.vmap(lambda x: swish(x)[0] * x)(np.stack([X, 2 * X])),
        [
            _swish(X)[0] * X,
            _swish(2 * X)[0] * 2 * X,
        ],
    )


def test_a_wrong_rule_is_found(table: None) -> None:
    wrong = cg.elementwise("wrong", lambda x: x**3, lambda y, x: (2 * x**2,))
    report = cg.check_gradients(lambda x: np.sum(wrong(x)), X)
    assert not report.ok
    assert report.mismatches[0].op == "wrong"


def test_a_kink_has_a_notice(table: None) -> None:
    hinge = cg.elementwise(
        "hinge",
        lambda x: np.maximum(1 - x, 0),
        lambda y, x: (-(y > 0).apply("indicator"),),
        kinks=(Kink(lambda x: x == 1, "0 at the hinge", (1.0,), (0.0,)),),
    )
    assert OPS["hinge"] is hinge
    w = cg.work("f(x) = hinge(x)", x=1.0)
    assert [n.rule for n in w.notices] == ["0 at the hinge"]
    assert w.gradients["x"] == 0


def test_not_elementwise_with_two_results(table: None) -> None:
    def types(given: Any, params: Any) -> Any:
        return ArrayType((), given[0].dtype), ArrayType((), given[0].dtype)

    def vjp(want: Any, ys: Any, x: Any) -> Any:
        def back(us: Any) -> Any:
            parts = [u * p for u, p in zip(us, (2 * x, 1.0), strict=True) if u is not None]
            total = sum(parts[1:], start=parts[0])
            return total if total.shape else total.apply("broadcast_to", shape=x.shape)

        return [Through(back, "2 u0 x + u1")]

    moments = cg.structured(
        "moments",
        lambda x: (np.sum(x * x), np.sum(x)),
        types=types,
        several=True,
        vjp=vjp,
        jvp=lambda ts, ys, x: ((2 * x * ts[0]).apply("sum"), ts[0].apply("sum")),
    )

    def f(x: Any) -> Any:
        square, total = moments(x)
        return square * total

    np.testing.assert_allclose(cg.grad(f)(X), 2 * X * np.sum(X) + np.sum(X * X), rtol=1e-14)
    np.testing.assert_allclose(cg.hessian(f)(X), cg.hessian(lambda x: np.sum(x * x) * np.sum(x))(X), rtol=1e-13)
    np.testing.assert_allclose(cg.grad(lambda x: moments(x)[1])(X), np.ones(3))


def test_a_name_is_taken_once(swish: Any) -> None:
    with pytest.raises(cg.ProgramError, match="already in the table"):
        cg.elementwise("swish", np.tanh, lambda y, x: (1,))
