"""Transforms as machine code: a call gives what the interpreter gives, whatever it is called with and what changes."""

from __future__ import annotations

import functools
import gc
import inspect
import threading
import types
import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api.derived import answers_of
from chalkgrad.api.gradients import _derived
from chalkgrad.native.call.entry import is_native, kind
from tests.api.native_calls import by_python, close, interpreted, warm

pytestmark = pytest.mark.skipif(kind() is None, reason="calls go by ctypes here")

X = np.linspace(-1.0, 2.0, 12).reshape(3, 4)
W = np.array([0.5, -1.0, 2.0, 0.25])


def loss(w, x=X):
    return np.mean(np.log(1 + np.exp(-(x @ w))))


CASES = {
    "value_and_grad": (lambda: cg.value_and_grad(lambda w: loss(w)), (W,)),
    "grad": (lambda: cg.grad(lambda w: loss(w)), (W,)),
    "numbers": (lambda: cg.value_and_grad(lambda x, y: x * y + np.sin(x), wrt=(0, 1)), (2.0, 3.0)),
    "text": (lambda: cg.value_and_grad("f(x, y) = x sin y + x^2", wrt=("x", "y")), (2.0, 3.0)),
    "jacobian": (lambda: cg.jacobian(lambda w: np.tanh(X @ w)), (W,)),
    "hessian": (lambda: cg.hessian(lambda w: loss(w)), (W,)),
    "vmap": (lambda: cg.vmap(lambda x, w: np.exp(x) @ w, in_axes=(0, None)), (X, W)),
    "nest": (lambda: cg.grad(lambda p: np.sum(p["a"] * p["b"][0]) + p["b"][1]), ({"a": W, "b": [W, 2.0]},)),
    "float32": (lambda: cg.value_and_grad(lambda w: np.sum(np.exp(w) * w)), (W.astype(np.float32),)),
    "several widths": (lambda: cg.value_and_grad(lambda w, k: np.sum(w * k), wrt=(0, 1)), (W.astype(np.float32), 2.0)),
    "ints beside": (lambda: cg.grad(lambda w, n: np.sum(w * n)), (W, 3)),
    "whole arrays beside": (lambda: cg.grad(lambda w, k: np.sum(w[k] * 2)), (W, np.array([0, 2, 2]))),
    "scan": (lambda: cg.grad(lambda w: cg.scan(lambda c, x: (c * x + w[0], c), 1.0, w)[0]), (W,)),
    "sort between": (lambda: cg.grad(lambda w: np.sum(np.sort(np.sin(w)) * w)), (W,)),
    "branch": (lambda: cg.grad(lambda x: x * x if x > 0 else -x), (2.0,)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_the_interpreter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, args = CASES[name]
    wanted = interpreted(monkeypatch, make, *args)
    made = make()
    for _ in range(5):
        close(made(*args), wanted)


@pytest.mark.parametrize("name", [n for n in CASES if n != "sort between"])
def test_later_calls_do_not_meet_python(name: str) -> None:
    make, args = CASES[name]
    warm(make(), *args)


def test_vjp_and_jvp() -> None:
    for _ in range(4):
        value, pull = cg.vjp(loss, W, X)
        close(pull(2.0)[0], 2.0 * cg.grad(loss)(W))
        close(cg.jvp(loss, (W, X), (W, None))[1], np.sum(cg.grad(loss)(W) * W))
        close(value, np.float64(loss(W)))


def test_results_are_fresh() -> None:
    made = cg.value_and_grad(lambda w: np.sum(w * w))
    first = warm(made, W)[1]
    first[:] = 0
    np.testing.assert_array_equal(made(W)[1], 2 * W)
    assert type(made(W)[0]) is np.float64


@pytest.mark.parametrize(
    "odd",
    [
        [0.5, -1.0, 2.0, 0.25],
        np.array([1, 2, 3, 4]),
        W[::-1],
        np.repeat(W, 3)[::3],
        W.astype(">f8"),
        W.astype(np.float32),
        np.zeros(33, np.uint8)[1:].view(float),
        np.array([True, False, True, True]),
    ],
    ids=["list", "ints", "reversed", "strided", "big-endian", "float32", "odd address", "truths"],
)
def test_odd_arguments_are_answered_as_ever(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def make() -> Any:
        return cg.value_and_grad(lambda w: np.sum(np.exp(w) * w) if isinstance(w, list) is False else w[0] * 2)

    def told(run: Callable[[], Any]) -> Any:
        try:
            return run()
        except cg.ChalkgradError as error:
            return type(error), str(error)

    wanted = told(lambda: interpreted(monkeypatch, make, odd))
    made = make()
    warm(made, W)
    for _ in range(4):
        found = told(lambda: made(odd))
        if isinstance(wanted, tuple) and isinstance(wanted[0], type):
            assert found == wanted
        else:
            close(found, wanted)
    warm(made, W)


@pytest.mark.parametrize(
    ("args", "named"), [((), {}), ((W, W), {}), ((W,), {"z": 1.0}), ((), {"v": W}), ((None,), {}), (("x",), {})]
)
def test_calls_that_do_not_fit_are_refused_as_ever(args: Any, named: Any) -> None:
    def f(w):
        return np.sum(w * w)

    made = cg.grad(f)
    with pytest.raises(Exception) as before:  # noqa: PT011 whichever it is, it stays
        made(*args, **named)
    warm(made, W)
    with pytest.raises(type(before.value)) as after:
        made(*args, **named)
    assert str(after.value) == str(before.value)


def test_another_shape_is_another_trace() -> None:
    made = cg.grad(lambda w: np.sum(w * w))
    for n in (1, 2, 3, 17, 40, 0):
        for _ in range(3):
            np.testing.assert_array_equal(made(np.ones(n)), np.full(n, 2.0))
    assert not by_python(made, np.ones(17))[1]


def test_branches() -> None:
    made = cg.grad(lambda x, n: x**2 * n if x > 1 else x * n if x > 0 else -x)
    for _ in range(4):
        assert [float(made(x, 2.0)) for x in (3.0, 0.5, -1.0)] == [12.0, 2.0, -1.0]
    assert not any(by_python(made, x, 2.0)[1] for x in (3.0, 0.5, -1.0))


def test_a_nan_takes_the_branch_that_it_takes() -> None:
    made = cg.grad(lambda x: x * 2 if x > 1 else x * 3)
    for _ in range(4):
        assert made(np.nan) == 3.0
        assert made(2.0) == 2.0


def test_statics_are_asked_for() -> None:
    def f(x, power, flag=None, axis=(0,)):
        return np.sum(np.sum(x**power, axis=axis)) * (1 if flag else 2)

    made = cg.grad(f)
    warm(made, W, 2.0, True)
    np.testing.assert_array_equal(made(W, 2.0, True), 2 * W)
    np.testing.assert_array_equal(made(W, 2.0, False), 4 * W)
    np.testing.assert_array_equal(made(W, 2.0, None, (0,)), 4 * W)
    np.testing.assert_array_equal(made(W, power=2.0, flag=True), 2 * W)
    np.testing.assert_array_equal(made(W, flag=True, power=2.0), 2 * W)


def test_variable_arguments() -> None:
    def f(*xs, **named):
        return sum(x * (k + 1) for k, x in enumerate(xs)) * named["a"] - named["b"]

    made = cg.grad(f, wrt=1)
    assert warm(made, 1.0, 2.0, b=3.0, a=4.0) == 8.0
    assert warm(made, 1.0, 2.0, a=4.0, b=3.0) == 8.0
    assert made(1.0, 2.0, 5.0, a=4.0, b=3.0) == 8.0


def test_names_of_a_text_in_any_order() -> None:
    made = cg.value_and_grad("f(x, y) = x - 2y", wrt=("y", "x"))
    assert warm(made, 5.0, 1.0) == (3.0, (-2.0, 1.0))
    assert warm(made, y=1.0, x=5.0) == (3.0, (-2.0, 1.0))
    assert warm(made, 5.0, y=1.0) == (3.0, (-2.0, 1.0))


def test_the_layout_of_an_argument_may_count() -> None:
    def f(x):
        y = x.reshape(-1)
        y[0] = 100.0
        return np.sum(x * x)

    made = cg.grad(lambda x: f(x * 1.0))
    x = np.ones((3, 4))
    for _ in range(4):
        np.testing.assert_array_equal(made(x), cg.grad(lambda x: f(x * 1.0))(x))
        np.testing.assert_array_equal(made(np.asfortranarray(x)), made(np.asfortranarray(x).copy(order="K")))


def test_results_in_named_tuples() -> None:
    Parameters = namedtuple("Parameters", "w b")
    made = cg.grad(lambda p: np.sum(p.w) * p.b)
    found = warm(made, Parameters(W, 2.0))
    assert type(found) is Parameters
    np.testing.assert_array_equal(found.w, np.full(4, 2.0))


class TestAsFunctions:
    def test_they_look_like_functions(self) -> None:
        for make in (cg.grad, cg.value_and_grad, cg.jacobian, cg.hessian, cg.vmap):
            made = make(loss)
            assert is_native(made)
            assert made.__name__ == "loss"
            assert list(inspect.signature(made).parameters) == ["w", "x"]
            assert inspect.unwrap(made) is loss

    def test_decorators_and_methods(self) -> None:
        class Model:
            scale = 3.0

            @cg.grad
            def at(x):
                return x * x

            @functools.partial(cg.grad, wrt=1)
            def of(self, x):
                return x * x * 2

        assert Model.at(3.0) == 6.0
        assert [float(Model().of(3.0)) for _ in range(3)] == [12.0] * 3
        assert isinstance(Model().of, types.MethodType)

    def test_a_function_that_goes_takes_its_code_along(self) -> None:
        def make() -> Any:
            return cg.grad(lambda x: x * x)

        made = make()
        warm(made, 2.0)
        seen = [weakref.ref(made), weakref.ref(made._owner[0].code)]
        gc.disable()  # not when the collector comes round: it does not see how much memory machine code takes
        try:
            del made
            _derived.cache_clear()
            assert [ref() for ref in seen] == [None, None]
        finally:
            gc.enable()


def test_from_several_threads() -> None:
    made = cg.value_and_grad(lambda w, k: np.sum(np.tanh(w) * k))
    given = [np.random.default_rng(k).normal(size=5 + k % 3) for k in range(6)]
    wanted = [made(x, 2.0) for x in given]
    wrong: list[Any] = []

    def run(k: int) -> None:
        for _ in range(200):
            value, gradient = made(given[k], 2.0)
            if abs(value - wanted[k][0]) > 1e-12 or not np.allclose(gradient, wanted[k][1], rtol=1e-12):
                wrong.append(k)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_while_another_thread_traces() -> None:
    made = cg.grad(lambda x: x * x)
    warm(made, 2.0)
    seen: list[Any] = []

    def f(x):
        thread = threading.Thread(target=lambda: seen.append(by_python(made, 3.0)))
        thread.start()
        thread.join()
        return x * made(x)

    assert cg.grad(f)(2.0) == 8.0
    assert seen == [(6.0, True)]
    assert not by_python(made, 3.0)[1]


def test_errors_are_those_of_the_interpreter() -> None:
    made = cg.grad(lambda a: np.sum(np.linalg.inv(a)) + np.sum(np.exp(a)))
    good = np.eye(3) * 2
    for _ in range(3):
        made(good)
        with pytest.raises(cg.MatrixError, match="inv"):
            made(np.zeros((3, 3)))


class TestCompile:
    def test_a_function(self) -> None:
        made = cg.compile(lambda w: np.sum(np.exp(w) * w), W)
        found, slow = by_python(made, W)
        assert not slow
        np.testing.assert_allclose(found, np.sum(np.exp(W) * W))
        assert "define" in made.artifacts[0].text

    def test_a_transform(self) -> None:
        made = cg.value_and_grad(loss)
        assert cg.compile(made, W, X) is made
        assert not by_python(made, W, X)[1]

    def test_a_text_and_a_program(self) -> None:
        made = cg.compile("f(x, y) = x sin y", 2.0, y=0.5)
        assert not by_python(made, 2.0, y=0.5)[1]
        program = cg.trace(lambda x: x * x + 1, 2.0)
        assert cg.compile(program, 3.0)(3.0) == 10.0

    def test_at_its_first_call(self) -> None:
        def f(parameters, n):
            total = 0.0
            for k in range(n):
                total = total + np.sin(parameters["w"]) * k
            return np.sum(total), {"all": total}

        made = cg.compile(f)
        value, rest = made({"w": W}, 3)
        assert value == np.sum(rest["all"])
        np.testing.assert_allclose(rest["all"], 3 * np.sin(W))
        assert not by_python(made, {"w": W}, 3)[1]
        assert made({"w": W}, 4)[0] == 2 * made({"w": W}, 3)[0]

    def test_in_pieces(self) -> None:
        w = np.arange(9000.0)  # longer than what is sorted in machine code
        made = cg.compile(lambda w: np.sum(np.sort(np.sin(w)) * w), w)
        assert len(made.artifacts) == 2
        np.testing.assert_allclose(made(w), np.sum(np.sort(np.sin(w)) * w))

    def test_what_has_nothing_to_compile(self) -> None:
        with pytest.raises(cg.ProgramError, match="sort"):
            cg.compile(lambda w: np.sort(w), np.arange(9000.0))

    def test_what_is_traced_at_every_call(self) -> None:
        numbers = [2.0]
        with pytest.raises(cg.ChalkgradError, match="a list or an object"):
            cg.compile(lambda x: x * numbers[0], 1.0)

    def test_turned_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CHALKGRAD_NATIVE", "off")
        with pytest.raises(cg.ChalkgradError, match="CHALKGRAD_NATIVE"):
            cg.compile(lambda x: x * x, 1.0)

    def test_what_is_no_function(self) -> None:
        with pytest.raises(cg.ChalkgradError, match="expected a function"):
            cg.compile(3.0, 1.0)  # type: ignore[arg-type]  # on purpose


def test_only_our_own_have_answers() -> None:
    assert answers_of(loss) is None
    assert answers_of(cg.grad(loss)) is not None
