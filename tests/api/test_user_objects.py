"""What people hand to the transforms: objects, arguments of every kind, two widths, whole numbers, sparse maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg


def weighted(x: Any, *args: Any, power: float = 2.0, **factors: Any) -> Any:
    total = np.sum(x**power)
    for other in args:
        total = total + np.sum(other * x)
    for factor in factors.values():
        total = total * factor
    return total


class Model:
    """As people write them: parameters that are assigned anew, a scale that changes."""

    def __init__(self) -> None:
        self.params = {"w": np.ones(3), "b": 0.5}
        self.scale = 2.0

    def loss(self, x: Any) -> Any:
        return np.sum(np.tanh(self.params["w"] * x + self.params["b"])) * self.scale


@dataclass
class Line:
    """It cannot be hashed, as it can be compared; and it is changed."""

    slope: float

    def __call__(self, x: Any) -> Any:
        return self.slope * x


class Alike:
    """All equal to each other, whatever they compute."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)

    def __hash__(self) -> int:
        return 1

    def __call__(self, x: Any) -> Any:
        return self.factor * x


class TestObjects:
    def test_a_method_reads_its_object_as_it_is_now(self) -> None:
        x, model = np.array([0.1, 0.2, 0.3]), Model()
        gradient, curve = cg.grad(model.loss), cg.hessian(model.loss)
        first = gradient(x)
        curve(x)
        model.scale = 5.0
        np.testing.assert_allclose(gradient(x), 2.5 * first)
        model.params["w"][0] = 3.0
        model.params["b"] = 0.1
        w = model.params["w"]
        t = np.tanh(w * x + 0.1)
        np.testing.assert_allclose(gradient(x), 5 * (1 - t**2) * w)
        np.testing.assert_allclose(np.diag(curve(x)), -10 * t * (1 - t**2) * w**2)

    def test_objects_that_call_themselves_equal_are_apart(self) -> None:
        for factor in (2.0, 5.0):
            function = Alike(factor)
            assert cg.grad(function)(3.0) == factor
            assert cg.jvp(function, (3.0,), (1.0,)) == (3 * factor, factor)
            assert cg.vjp(function, 3.0)[1](1.0) == (factor,)
            np.testing.assert_array_equal(cg.vmap(function)(np.ones(2)), [factor, factor])

    def test_objects_that_cannot_be_hashed(self) -> None:
        line = Line(2.0)
        assert cg.jvp(line, (3.0,), (1.0,)) == (6.0, 2.0)
        line.slope = 7.0
        assert cg.jvp(line, (3.0,), (1.0,)) == (21.0, 7.0)
        assert cg.vjp(line, 3.0)[1](1.0) == (7.0,)

    def test_wrt_an_object_says_what_to_pass(self) -> None:
        with pytest.raises(cg.GradientError, match=r"p of f is a Line.*dict or NamedTuple"):
            cg.grad(lambda p, x: p.slope * x)(Line(2.0), 3.0)


class TestArguments:
    def test_by_every_kind_of_name(self) -> None:
        x = np.array([1.1, 1.2])
        given = {"x": x, "args_0": 5.0, "power": 3.0, "scale": 1.5}

        def function(name: str, value: Any) -> Any:
            v = {**given, name: value}
            return weighted(v["x"], v["args_0"], power=v["power"], scale=v["scale"])

        for name, at in given.items():
            found = cg.grad(weighted, wrt=name)(x, 5.0, power=3.0, scale=1.5)
            want = (function(name, at + 1e-5) - function(name, at - 1e-5)) / 2e-5
            assert np.sum(found) == pytest.approx(want, rel=1e-8)

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda: cg.grad(np.sum, np.ones(3)), r"not an ndarray; .*grad\(f\)\(x\)"),
            (lambda: cg.grad(np.sum, True), "not a bool"),
            (lambda: cg.jacobian(np.sum, (0.5,)), "not a float"),
            (lambda: cg.grad(3.0), "got a float"),
            (lambda: cg.grad(lambda x: x**2)(np.complex64(3.0)), "x of f is an array of complex64"),
            (lambda: cg.grad(lambda x, n=2.0: x**n, "n")(3.0), "no argument 'n' in this call, which gives x"),
            (lambda: cg.grad(lambda x: x[0] * 1.0)([1, 2]), "write floats"),
            (lambda: cg.vmap(lambda x, *, k: x * k)(np.ones(2), k=2.0), "k came by name"),
            (lambda: cg.vmap(lambda x: x, in_axes=({"a": 0},)), "in_axes has an axis or None"),
            (lambda: cg.vmap(lambda x: x, out_axes=None), "out_axes"),
            (lambda: cg.jvp(lambda x: x, np.ones(2), np.ones(2)), r"jvp\(f, \(x,\), \(dx,\)\)"),
            (lambda: cg.vjp(lambda x: x, 2.0)[1]((1.0,)), "a tuple of 1, not a number"),
        ],
    )
    def test_refusals_say_what_to_write(self, call: Callable[[], Any], words: str) -> None:
        with pytest.raises(cg.ChalkgradError, match=words):
            call()

    def test_whole_numbers_as_primals(self) -> None:
        assert cg.jvp(lambda x, y: x**2 * y, (3, 2), (1, 0)) == (18.0, 12.0)
        assert cg.vjp(lambda x: x**2, 3)[1](1) == (6.0,)

    def test_numpy_counts_arguments_too(self) -> None:
        assert cg.grad(lambda x, y: x * y, np.int64(1))(2.0, 5.0) == 2.0


class TestWidths:
    """A gradient is as wide as its variable, whatever it met on the way."""

    X = np.array([0.5, -0.2, 0.9], np.float32)

    def test_a_float32_argument_beside_float64(self) -> None:
        wide = np.array([1.0, 2.0, 3.0])
        for derived in (
            cg.grad(lambda x: np.sum(wide * x**2)),
            lambda x: cg.vjp(lambda x: wide * x**2, x)[1](np.ones(3))[0],
        ):
            found = derived(self.X)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, 2 * wide * self.X, rtol=1e-6)
        assert cg.jvp(lambda x: wide * x, (self.X,), (self.X,))[1].dtype == np.float64

    def test_a_float32_carry_beside_float64(self) -> None:
        rows = np.linspace(0, 1, 6).reshape(2, 3)

        def f(h: Any) -> Any:
            last, _ = cg.scan(lambda c, x: (np.tanh(c + x).astype(np.float32), None), h, rows)
            return np.sum(last)

        def plain(h: Any) -> Any:
            return np.sum(np.tanh(np.tanh(h + rows[0]) + rows[1]))

        found = cg.grad(f)(self.X)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, cg.grad(plain)(self.X.astype(float)), rtol=1e-5)
        assert cg.jvp(f, (self.X,), (self.X,))[1] == pytest.approx(np.sum(found * self.X), rel=1e-5)


def _puts(x: Any) -> Any:
    y = np.zeros(6)
    y[::2] = x[:3] ** 2
    y[1] = x[4] * x[5]
    y[1:3] += x[7]
    return y


class TestWholeNumbers:
    """What differs from turn to turn, or from example to example, is data."""

    TABLE = np.array([[0.5, 2.0], [1.5, -1.0], [3.0, 0.25]])
    PLACES = np.array([0, 2, 1])

    @pytest.mark.parametrize(
        "turn",
        [
            lambda c, k, a: c * (TestWholeNumbers.TABLE * a)[k, 0],
            lambda c, k, a: c + (TestWholeNumbers.TABLE * a)[k][1] * c,
            lambda c, k, a: c * a + k * k / 2,
            lambda c, k, a: c * a**k,
            lambda c, k, a: np.where(k > 0, c * a, c),
        ],
    )
    def test_in_a_scan(self, turn: Any) -> None:
        def by_scan(a: Any, places: Any) -> Any:
            return cg.scan(lambda c, k: (turn(c, k, a), None), 1.0, places)[0]

        def by_loop(a: Any) -> Any:
            c = 1.0
            for k in (0, 2, 1):
                c = turn(c, k, a)
            return c

        assert cg.grad(by_scan)(0.7, self.PLACES) == pytest.approx(cg.grad(by_loop)(0.7), rel=1e-13)
        assert cg.grad(lambda a: by_scan(a, np.array([0, 2, 1])))(0.7) == pytest.approx(cg.grad(by_loop)(0.7))

    def test_truths_in_a_scan(self) -> None:
        taken = np.array([True, False, True])
        found = cg.grad(lambda a: cg.scan(lambda c, t: (np.where(t, c * a, c), None), 1.0, taken)[0])(0.7)
        assert found == pytest.approx(1.4)

    def test_in_vmap(self) -> None:
        def row(k: Any, table: Any) -> Any:
            return table[k, 0] * 2

        many = cg.vmap(row, in_axes=(0, None))
        np.testing.assert_array_equal(many(self.PLACES, self.TABLE), [1.0, 6.0, 3.0])
        np.testing.assert_array_equal(many(self.PLACES[::-1], self.TABLE), [3.0, 6.0, 1.0])
        assert cg.vmap(lambda k: k * k)(self.PLACES).dtype == np.int64

    def test_a_plain_array_cannot_be_read_at_them(self) -> None:
        table = self.TABLE
        with pytest.raises(cg.TraceError, match=r"before the loop, as a\[ks\]"):
            cg.grad(lambda a: cg.scan(lambda c, k: (c * table[k, 0] * a, None), 1.0, self.PLACES)[0])(0.7)
        with pytest.raises(cg.TraceError, match="None in in_axes"):
            cg.vmap(lambda k: table[k, 0])(self.PLACES)


class TestSparse:
    @pytest.mark.parametrize(
        ("function", "entries"),
        [
            (lambda x: np.roll(x, 1) * x - np.roll(x, -2), 24),
            (lambda x: np.diff(np.pad(x, 1)) ** 2, 16),
            (lambda x: np.where(x > 0, x**2, np.roll(x, 1)), 16),
            (lambda x: np.stack([x, x[::-1] ** 2], 1), 16),
            (lambda x: np.einsum("ij,j->i", np.eye(8), x) * x, 8),
            (_puts, 7),
            (lambda x: cg.scan(lambda c, r: (c * r, r**2), 1.0, x)[1], 8),
            (lambda x: cg.scan(lambda c, r: (c * r, c), 1.0, x)[1], 28),
        ],
    )
    def test_what_only_moves_entries_stays_sparse(self, function: Any, entries: int) -> None:
        x = np.array([0.3, -0.7, 0.2, 0.9, 1.4, -0.5, 0.8, 0.1])
        found = cg.jacobian(function, sparse=True)(x)
        np.testing.assert_allclose(
            found.toarray(), cg.jacobian(function)(x).reshape(found.shape), rtol=1e-12, atol=1e-15
        )
        assert found.values.size == entries


def test_the_argument_may_change_between_two_pulls() -> None:
    w = np.array([1.0, 2.0])
    _, pull = cg.vjp(lambda w: np.sum(w**2), w)
    w -= pull(1.0)[0]
    np.testing.assert_array_equal(pull(1.0)[0], [2.0, 4.0])
