"""The transforms, alone and nested: each against differences or against the same thing written by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import chalkgrad as cg

X = np.array([0.3, 0.7, -0.2])
W = np.array([[0.5, -0.3, 0.8], [0.1, 0.9, -0.4], [-0.7, 0.2, 0.6]])


def smooth(x: Any) -> Any:
    return np.sum(np.sin(x) * x**2) + x[0] * x[1] * np.exp(x[2])


def differences(function: Callable[[Any], Any], x: Any, step: float = 1e-5) -> Any:
    """The Jacobian by central differences, in the shape of the result and then of x."""
    columns = []
    for place in np.ndindex(np.shape(x)):
        moved = np.zeros(np.shape(x))
        moved[place] = step
        columns.append((function(x + moved) - function(x - moved)) / (2 * step))
    out = np.stack(columns, axis=-1)
    return out.reshape(*np.shape(function(x)), *np.shape(x))


class Params(NamedTuple):
    W: Any
    b: Any


class TestGradients:
    def test_the_first_argument_by_default(self) -> None:
        assert cg.grad(lambda x, y: x * y)(2.0, 5.0) == 5.0

    @pytest.mark.parametrize(
        ("wrt", "want"), [(1, 2.0), ("y", 2.0), (-1, 2.0), (("y", 0), (2.0, 5.0)), (["x"], (5.0,))]
    )
    def test_wrt_by_name_or_place_and_one_or_several(self, wrt: Any, want: Any) -> None:
        assert cg.grad(lambda x, y: x * y, wrt=wrt)(2.0, 5.0) == want

    def test_a_nest_gives_a_nest(self) -> None:
        def loss(p: Any, x: Any) -> Any:
            return np.sum((p["layers"][0].W @ x + p["layers"][0].b) * p["scale"])

        params = {"layers": [Params(W, np.ones(3))], "scale": 2.0}
        found = cg.grad(loss)(params, X)
        assert isinstance(found["layers"][0], Params)
        np.testing.assert_allclose(found["layers"][0].W, 2 * np.tile(X, (3, 1)))
        np.testing.assert_allclose(found["layers"][0].b, 2 * np.ones(3))
        assert found["scale"] == pytest.approx(np.sum(W @ X + 1))

    def test_a_whole_number_has_no_gradient(self) -> None:
        with pytest.raises(cg.GradientError, match="int64"):
            cg.grad(lambda x: np.sum(x) * 1.0)(np.arange(3))

    def test_an_argument_without_numbers_is_refused(self) -> None:
        with pytest.raises(cg.GradientError, match="mode of"):
            cg.grad(lambda x, mode: x * x, wrt="mode")(2.0, "sum")

    def test_float32_stays(self) -> None:
        value, gradient = cg.value_and_grad(smooth)(X.astype(np.float32))
        assert value.dtype == gradient.dtype == np.float32
        assert cg.hessian(smooth)(X.astype(np.float32)).dtype == np.float32

    def test_a_gradient_has_the_width_of_its_variable(self) -> None:
        x, w = np.ones(3, np.float32), np.arange(3.0)
        dx, dw = cg.grad(lambda x, w: np.sum(x * w), wrt=(0, 1))(x, w)
        assert (dx.dtype, dw.dtype) == (np.float32, np.float64)
        assert cg.hessian(lambda x: np.sum(x**2 * w))(x).dtype == np.float32

    def test_a_gradient_may_be_written_into(self) -> None:
        def f(x: Any, y: Any) -> Any:
            return np.sum(x + y)

        dx, dy = cg.grad(f, wrt=(0, 1))(X, X)
        dx += 1
        np.testing.assert_array_equal(dy, np.ones(3))


class TestNested:
    def test_to_the_third_order(self) -> None:
        third = cg.grad(cg.grad(cg.grad(lambda x: np.exp(2 * x) + x**4)))
        assert third(0.5) == pytest.approx(8 * np.exp(1.0) + 24 * 0.5)

    def test_the_inner_function_reads_what_the_outer_differentiates(self) -> None:
        def outer(x: Any) -> Any:
            return cg.grad(lambda y: x * y**3)(x)  # 3 x³

        assert cg.grad(outer)(2.0) == pytest.approx(36.0)

    def test_only_a_captured_value_is_traced(self) -> None:
        def outer(x: Any) -> Any:
            return cg.grad(lambda y: x**2 * y)(5.0)

        assert cg.grad(outer)(3.0) == pytest.approx(6.0)

    def test_plain_numbers_inside_are_computed(self) -> None:
        def outer(x: Any) -> Any:
            return x * cg.grad(lambda y: y**2)(3.0)

        assert cg.grad(outer)(2.0) == pytest.approx(6.0)

    def test_forward_over_reverse_is_reverse_over_reverse(self) -> None:
        v = np.array([1.0, -2.0, 0.5])
        _, pushed = cg.jvp(cg.grad(smooth), (X,), (v,))
        _, pull = cg.vjp(cg.grad(smooth), X)
        np.testing.assert_allclose(pushed, pull(v)[0], rtol=1e-13)
        np.testing.assert_allclose(pushed, cg.hessian(smooth)(X) @ v, rtol=1e-13)

    def test_a_gradient_norm(self) -> None:
        def norm(x: Any) -> Any:
            return np.sum(cg.grad(smooth)(x) ** 2)

        np.testing.assert_allclose(cg.grad(norm)(X), 2 * cg.hessian(smooth)(X) @ cg.grad(smooth)(X), rtol=1e-12)

    def test_a_branch_inside(self) -> None:
        def bent(x: Any) -> Any:
            return x**3 if x > 0 else -x

        second = cg.grad(cg.grad(bent))
        assert (second(2.0), second(-2.0), second(3.0)) == (12.0, 0.0, 18.0)

    def test_an_array_outside_that_changes_is_seen(self) -> None:
        scale = np.array([1.0, 2.0, 3.0])
        gradient = cg.grad(lambda x: np.sum(scale * x))
        curve = cg.jacobian(lambda x: scale * x)
        gradient(X), curve(X)
        scale[0] = 10.0
        np.testing.assert_array_equal(gradient(X), [10.0, 2.0, 3.0])
        np.testing.assert_array_equal(np.diag(curve(X)), [10.0, 2.0, 3.0])


class TestJacobians:
    @pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
    def test_both_ways_are_the_differences(self, mode: Any) -> None:
        def f(x: Any) -> Any:
            return np.outer(np.tanh(W @ x), x[:2])

        found = cg.jacobian(f, mode=mode)(X)
        assert found.shape == (3, 2, 3)
        np.testing.assert_allclose(found, differences(f, X), rtol=1e-8, atol=1e-9)

    @pytest.mark.parametrize("mode", ["forward", "reverse"])
    def test_nests_of_results_and_arguments(self, mode: Any) -> None:
        def f(p: Any, y: Any) -> Any:
            return {"a": p["w"] * y, "b": np.sum(p["w"])}

        found = cg.jacobian(f, wrt=(0, 1), mode=mode)({"w": X}, 2.0)
        np.testing.assert_allclose(found["a"][0]["w"], 2 * np.eye(3))
        np.testing.assert_allclose(found["a"][1], X)
        np.testing.assert_allclose(found["b"][0]["w"], np.ones(3))
        assert found["b"][1] == 0.0

    def test_hessian_of_two_arguments(self) -> None:
        (xx, xy), (yx, yy) = cg.hessian(lambda x, y: np.sum(x**2) * y + y**3, wrt=("x", "y"))(X, 2.0)
        np.testing.assert_allclose(xx, 4 * np.eye(3))
        np.testing.assert_allclose(xy, 2 * X)
        np.testing.assert_allclose(yx, 2 * X)
        assert yy == 12.0

    def test_third_order(self) -> None:
        found = cg.jacobian(cg.hessian(smooth))(X)
        np.testing.assert_allclose(found, differences(cg.hessian(smooth), X), rtol=1e-7, atol=1e-8)

    def test_an_empty_argument(self) -> None:
        assert cg.jacobian(lambda x: x * 2.0)(np.zeros(0)).shape == (0, 0)

    def test_text(self) -> None:
        np.testing.assert_allclose(cg.hessian("f(x, y) = x^2 y", wrt=("x", "y"))(3.0, y=2.0), [[4, 6], [6, 0]])

    def test_refusals(self) -> None:
        with pytest.raises(cg.GradientError, match="true or false"):
            cg.jacobian(lambda x: x > 0)(X)
        with pytest.raises(cg.ChalkgradError, match="mode is one of"):
            cg.jacobian(smooth, mode="sideways")  # type: ignore[arg-type]  # what is tested


class TestSparse:
    @pytest.mark.parametrize(
        ("function", "passes"),
        [
            (lambda x: (x[1:] - x[:-1]) ** 2, 2),
            (lambda x: x**3, 1),
            (lambda x: np.concatenate([x[:2] * x[0], np.cumsum(x)[-2:]]), 4),
            (lambda x: np.reshape(x[:4], (2, 2)).T @ np.diag([1.0, 2.0]) + x[4], 2),
            (lambda x: np.sort(x) * x, 5),
            (lambda x: np.sum(np.reshape(x[:4], (2, 2)) ** 2, axis=1), 2),
        ],
    )
    def test_the_entries_are_those_of_the_whole(self, function: Any, passes: int) -> None:
        x = np.array([0.3, 0.7, -0.2, 0.9, 1.4])
        found = cg.jacobian(function, sparse=True)(x)
        whole = cg.jacobian(function)(x).reshape(found.shape)
        np.testing.assert_allclose(found.toarray(), whole, rtol=1e-13, atol=1e-15)
        assert found.passes <= passes

    def test_a_loop(self) -> None:
        def f(x: Any) -> Any:
            _, ys = cg.scan(lambda c, row: (c, row * row), 0.0, x)
            return ys

        found = cg.jacobian(f, sparse=True)(X)
        assert found.passes == 1
        np.testing.assert_allclose(found.toarray(), np.diag(2 * X))

    def test_many_columns_in_few_passes(self) -> None:
        n = 2000
        found = cg.jacobian(lambda x: x[1:] * x[:-1], sparse=True)(np.linspace(0, 1, n))
        assert found.shape == (n - 1, n)
        assert found.passes == 2
        assert found.values.size == 2 * (n - 1)

    def test_of_one_array_by_one_array(self) -> None:
        with pytest.raises(cg.GradientError, match="one array by one array"):
            cg.jacobian(lambda x, y: x * y, wrt=(0, 1), sparse=True)(X, X)


class TestProducts:
    def test_of_nests(self) -> None:
        value, pull = cg.vjp(lambda x, y: {"a": x * y, "b": np.sum(x)}, X, 2.0)
        np.testing.assert_allclose(value["a"], 2 * X)
        dx, dy = pull({"a": np.ones(3), "b": 1.0})
        np.testing.assert_allclose(dx, 3 * np.ones(3))
        assert dy == pytest.approx(np.sum(X))
        np.testing.assert_allclose(pull({"a": np.zeros(3), "b": 1.0})[0], np.ones(3))

    def test_an_argument_held_still(self) -> None:
        value, tangent = cg.jvp(lambda x, y: x * y, (3.0, 2.0), (None, 1.0))
        assert (value, tangent) == (6.0, 3.0)

    @pytest.mark.parametrize(
        ("call", "error", "words"),
        [
            (lambda: cg.vjp(lambda x: x * X, X)[1](np.ones(2)), cg.ShapeError, r"\(2,\).*\(3,\)"),
            (lambda: cg.vjp(lambda x: (x, x), X)[1](np.ones(3)), cg.GradientError, "no nest like"),
            (lambda: cg.jvp(lambda x: x, (X,), (np.ones(2),)), cg.ShapeError, "tangent of x"),
            (lambda: cg.jvp(lambda x: x, (X,), ()), cg.GradientError, "1 arguments and 0 tangents"),
        ],
    )
    def test_refusals(self, call: Any, error: Any, words: str) -> None:
        with pytest.raises(error, match=words):
            call()


class TestVmap:
    def test_the_axes(self) -> None:
        def f(x: Any, w: Any) -> Any:
            return np.tanh(w @ x) * x[0]

        rows = np.stack([X, 2 * X])
        want = np.stack([f(x, W) for x in rows])
        np.testing.assert_allclose(cg.vmap(f, in_axes=(0, None))(rows, W), want, rtol=1e-14)
        np.testing.assert_allclose(cg.vmap(f, in_axes=(1, None), out_axes=1)(rows.T, W), want.T, rtol=1e-14)

    def test_gradients_of_each_and_of_all(self) -> None:
        rows = np.stack([X, 2 * X, -X])
        each = cg.vmap(cg.grad(smooth))(rows)
        np.testing.assert_allclose(each, [cg.grad(smooth)(x) for x in rows], rtol=1e-13)
        total = cg.grad(lambda rows: np.sum(cg.vmap(smooth)(rows)))(rows)
        np.testing.assert_allclose(total, each, rtol=1e-13)

    def test_of_vmap(self) -> None:
        table = np.arange(12.0).reshape(2, 2, 3) / 10
        found = cg.vmap(cg.vmap(lambda x: np.sort(x)[::-1] * x))(table)
        np.testing.assert_allclose(found, np.sort(table)[..., ::-1] * table)

    def test_a_nest_and_several_results(self) -> None:
        a, b = cg.vmap(lambda p: (p["x"] + p["y"], p["x"] * 2))({"x": X, "y": X**2})
        np.testing.assert_allclose(a, X + X**2)
        np.testing.assert_allclose(b, 2 * X)

    def test_what_all_share_is_computed_once_and_repeated(self) -> None:
        _, b = cg.vmap(lambda x, y: (x, np.sin(y)), in_axes=(0, None))(X, 1.0)
        np.testing.assert_allclose(b, np.full(3, np.sin(1.0)))

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: cg.vmap(lambda x, y: x + y)(np.ones(2), np.ones(3)), "2 and 3 examples"),
            (lambda: cg.vmap(lambda x: x, in_axes=None)(X), "every axis is None"),
            (lambda: cg.vmap(lambda x: x, in_axes=1)(X), "no axis 1"),
            (lambda: cg.vmap(lambda x: x, in_axes=(0, 0))(X), "2 entries for 1"),
            (lambda: cg.vmap(lambda x: x if x > 0 else -x)(X), "np.where"),
        ],
    )
    def test_refusals(self, call: Any, words: str) -> None:
        with pytest.raises(cg.ChalkgradError, match=words):
            call()


def test_from_several_threads() -> None:
    gradient = cg.grad(lambda x, n: np.sum(x**n))
    found: list[Any] = []

    def run(k: int) -> None:
        for size in range(1, 8):
            x = np.full(size, 1.0 + k)
            found.append(np.allclose(gradient(x, 3.0), 3 * x**2))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [True] * 42
