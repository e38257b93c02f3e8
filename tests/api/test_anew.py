"""Transforms of functions that are made anew at every call."""

# Functions made in a loop, of what changes there, are what is tested; each is called in the turn that makes it.
# ruff: noqa: B023

from __future__ import annotations

import functools
import gc
import inspect
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api import anew
from chalkgrad.errors import ChalkgradError
from chalkgrad.trace import calls

SHIFT = 1.0
SCALES = [1.0]
XS = np.random.default_rng(0).normal(size=(8, 4))


@pytest.fixture(autouse=True)
def nothing_shared() -> None:
    anew._SHARED.clear()


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is traced for a call, from here on."""
    found: list[Any] = []
    record = calls.record

    def counted(function: Any, *args: Any, **options: Any) -> Any:
        found.append(function)
        return record(function, *args, **options)

    monkeypatch.setattr(calls, "record", counted)
    return found


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def pulled(w: Any, x: Any) -> Any:
    return cg.vjp(lambda q: np.sin(q) * w, x)[1](np.ones(4))[0]


def weighed(q: Any, w: Any) -> Any:
    return np.sum(np.sin(q) * w)


WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda w, x: cg.grad(lambda q: np.sum(np.sin(q) * w))(x),
    "value_and_grad": lambda w, x: cg.value_and_grad(lambda q: np.sum(np.sin(q) * w))(x)[1],
    "by name": lambda w, x: cg.grad(lambda k, q: np.sum(np.sin(q) * w) * k, wrt="q")(1.0, q=x),
    "jvp": lambda w, x: cg.jvp(lambda q: np.sin(q) * w, (x,), (np.ones(4),))[1],
    "vjp": pulled,
    "jacobian": lambda w, x: np.diag(cg.jacobian(lambda q: np.sin(q) * w)(x)),
    "hessian": lambda w, x: -np.diag(cg.hessian(lambda q: np.sum(np.cos(q) * w))(x)),
    "vmap": lambda w, x: cg.vmap(lambda q: np.cos(q) * w[0], in_axes=0)(x) / w[0] * w,
    "default": lambda w, x: cg.grad(lambda q, w=w: np.sum(np.sin(q) * w))(x),
    "keyword": lambda w, x: cg.grad(lambda q, *, w=w: np.sum(np.sin(q) * w))(x),
    "tuple": lambda w, x: (lambda both: cg.grad(lambda q: np.sum(np.sin(q) * both[0] * both[1]))(x))((w, np.ones(4))),
    "within": lambda w, x: (lambda f: cg.grad(lambda q: np.sum(f(q)))(x))(lambda q: np.sin(q) * w),
    "partial": lambda w, x: cg.grad(functools.partial(lambda v, q: np.sum(np.sin(q) * v), w))(x),
    "partial by name": lambda w, x: cg.grad(functools.partial(weighed, w=w))(x),
    "of a gradient": lambda w, x: -cg.jvp(cg.grad(lambda q: np.sum(np.cos(q) * w)), (x,), (np.ones(4),))[1] + 0.0,
}


@pytest.mark.parametrize("way", WAYS)
def test_other_arrays_are_other_arguments(way: str, traces: list[Any]) -> None:
    for k, (w, x) in enumerate(zip(XS, XS[::-1], strict=True)):
        close(WAYS[way](w, x), np.cos(x) * w)
        if k == 1:
            del traces[:]
    assert not traces


def test_what_is_no_array_tells_functions_apart() -> None:
    for power in (2, 3, 2):
        for sign in ("plus", "minus"):
            for w in XS[:3]:
                found = cg.grad(lambda q: np.sum(q**power * w) * (1 if sign == "plus" else -1))(XS[3])
                close(found, power * XS[3] ** (power - 1) * w * (1 if sign == "plus" else -1))


def shown(w: Any) -> str:
    try:
        return str(float(f"{w[0]}"))
    except Exception:
        return ""


def test_what_tells_a_traced_value_from_an_array_is_not_shared() -> None:
    for w in XS:
        looks: list[Callable[[Any], Any]] = [
            lambda q: np.sum(q) * len(shown(w)),
            lambda q: np.sum(q) * len(repr(w)),
            lambda q: np.sum(q) * (2.0 if hasattr(w, "tobytes") else 1.0),
            lambda q: np.sum(q) * (2.0 if getattr(w, "flags", None) else 1.0),
        ]
        for look, wanted in zip(looks, (len(str(float(w[0]))), len(repr(w)), 2.0, 2.0), strict=True):
            close(cg.grad(look)(XS[0]), np.full(4, wanted))


def test_whole_numbers_that_are_no_floats() -> None:
    for more in (0, 1, 0, 1, 0):
        w = np.array([0, 2**53 + more])
        found = cg.grad(lambda q: np.sum(q) * (2.0 if w.max() > 2**53 else 1.0))(XS[0])
        close(found, np.full(4, 1.0 + more))


def test_floats_stay_floats() -> None:
    for rate in (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 0.0):
        sort = 2.0 if type(rate) is float else 1.0
        close(cg.grad(lambda q: np.sum(q) * (2.0 if type(rate) is float else 1.0))(XS[0]), np.full(4, sort))
        if rate:
            close(cg.grad(lambda q: np.sum(q) * (1.0 / rate))(XS[0]), np.full(4, 1 / rate))
        else:
            with pytest.raises(ZeroDivisionError):
                cg.grad(lambda q: np.sum(q) * (1.0 / rate))(XS[0])


def test_a_float_decides_a_branch() -> None:
    for k in range(12):
        rate = (-1.0) ** k * k
        found = cg.grad(lambda q: np.sum(q * q) if rate > 0 else np.sum(q) * rate)(XS[0])
        close(found, 2 * XS[0] if rate > 0 else np.full(4, rate))


def test_signs_of_zero_are_told_apart() -> None:
    for zero in (0.0, -0.0, 0.0, -0.0):
        found = cg.grad(lambda q: np.sum(np.copysign(1.0, zero) * q))(XS[0])
        close(found, np.full(4, np.copysign(1.0, zero)))


def test_an_array_that_decides_in_plain_python() -> None:
    for w in XS:
        x = XS[0]
        close(cg.grad(lambda q: np.sum(q * q) if w.sum() > 0 else np.sum(q))(x), 2 * x if w.sum() > 0 else np.ones(4))
        close(cg.grad(lambda q: np.sum(q) * float(w[0]))(x), np.full(4, w[0]))
        close(cg.grad(lambda q: np.sum(q[w > 0]))(x), (w > 0) * 1.0)
        close(cg.grad(lambda q: q[np.argmax(w)] * 2)(x), 2.0 * (np.arange(4) == np.argmax(w)))


def test_places_and_widths() -> None:
    for k in range(6):
        ids = np.array([k % 4, 0, 1])
        close(cg.grad(lambda q: np.sum(q[ids]))(XS[0]), np.bincount(ids, minlength=4))
        x = XS[0].astype(np.float32)
        narrow, wide = XS[k].astype(np.float32), XS[k]
        assert cg.grad(lambda q: np.sum(q * narrow))(x).dtype == np.float32
        value, slope = cg.value_and_grad(lambda q: np.sum(q * wide))(x)
        assert (np.asarray(value).dtype, slope.dtype) == (np.float64, np.float32)
        one = np.float64(k)
        value, slope = cg.value_and_grad(lambda q: np.sum(q * one))(x)
        assert (np.asarray(value).dtype, slope.dtype) == (np.float64, np.float32)


def test_other_shapes() -> None:
    for n in (3, 5, 3, 5, 3):
        w, x = np.arange(1.0, n + 1), np.linspace(0, 1, n)
        close(cg.grad(lambda q: np.sum(q * w))(x), w)


def test_what_changes_outside_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Model:
        rate = 1.0

    model, settings = Model(), {"rate": 1.0}
    for k in range(6):
        w = XS[k]
        SCALES[0] = float(k)
        monkeypatch.setattr("tests.api.test_anew.SHIFT", 2.0 * k)
        model.rate, settings["rate"] = 3.0 * k, 4.0 * k
        close(cg.grad(lambda q: np.sum(q * w) * SCALES[0])(XS[0]), w * k)
        close(cg.grad(lambda q: np.sum(q * w) * SHIFT)(XS[0]), w * 2 * k)
        close(cg.grad(lambda q: np.sum(q * w) * model.rate)(XS[0]), w * 3 * k)
        close(cg.grad(lambda q: np.sum(q * w) * settings["rate"])(XS[0]), w * 4 * k)


def slope_of(w: Any, rate: float) -> tuple[Any, Callable[[Any, float], None]]:
    def loss(q: Any) -> Any:
        return np.sum(q * w) * rate

    def put(other: Any, another: float) -> None:
        nonlocal w, rate
        w, rate = other, another

    return cg.grad(loss), put


def test_a_closure_that_changes_later_is_seen() -> None:
    made = [slope_of(w, 1.0) for w in XS[:4]]
    for k, (slope, put) in enumerate(made):
        for _ in range(3):
            close(slope(XS[0]), XS[k])
        put(XS[7 - k], 2.0)
        close(slope(XS[0]), XS[7 - k] * 2)
    for k, (slope, _) in enumerate(made):
        close(slope(XS[0]), XS[7 - k] * 2)


def test_an_array_that_is_written_into_is_seen() -> None:
    for _ in range(3):
        w = np.ones(4)
        slope = cg.grad(lambda q: np.sum(q * w))
        pull = cg.vjp(lambda q: q * w, XS[0])[1]
        for k in range(3):
            w[:] = k
            close(slope(XS[0]), np.full(4, float(k)))
            close(pull(np.ones(4))[0], np.full(4, float(k)))


def test_a_function_that_counts() -> None:
    def counting() -> tuple[Any, Callable[[], int]]:
        count = 0

        def loss(q: Any) -> Any:
            nonlocal count
            count += 1
            return np.sum(q * q)

        return cg.grad(loss), lambda: count

    for _ in range(3):
        slope, counted = counting()
        close(slope(XS[0]), 2 * XS[0])
        assert counted() >= 1


def test_one_array_twice() -> None:
    for x in XS:
        w = x.copy()
        close(cg.grad(lambda q: np.sum(q * x))(x), x)
        both = w
        close(cg.grad(lambda q: np.sum(q * w) + np.sum(q * both))(w), 2 * w)


def test_what_it_may_not_do_is_said() -> None:
    for k in range(3):
        w = XS[k].copy()

        def writes(q: Any) -> Any:
            w[0] = 1.0
            return np.sum(q * w)

        with pytest.raises(ChalkgradError, match=r"writes|changes"):
            cg.grad(writes)(XS[0])
        with pytest.raises(ChalkgradError, match="not a scalar"):
            cg.grad(lambda q: q * w)(XS[0])
        with pytest.raises(ChalkgradError, match="tangents"):
            cg.jvp(lambda q: q * w, (XS[0],), ())


def test_within_a_trace() -> None:
    def outer(x: Any) -> Any:
        total = 0.0
        for k in range(3):
            total = total + np.sum(cg.grad(lambda q: np.sum(q**3) * x[k])(x))
        return total

    for x in XS[:3]:
        close(cg.grad(outer)(x), sum([6 * x * x[k] + np.sum(3 * x**2) * (np.arange(4) == k) for k in range(3)]))


def test_often_called_ones_have_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anew, "OFTEN", 2)
    for w in XS[:3]:
        slope = cg.grad(lambda q: np.sum(q * w))
        for _ in range(5):
            close(slope(XS[0]), w)
    assert isinstance(slope, anew.Anew)
    assert slope._own is not None


def test_it_is_a_function_to_look_at() -> None:
    for w in XS[:3]:

        def loss(q: Any, scale: float = 1.0) -> Any:
            return np.sum(q * w) * scale

        slope = cg.grad(loss)
        assert slope.__name__ == "loss"
        assert inspect.unwrap(slope) is loss
        close(cg.compile(slope, XS[0])(XS[0]), w)
        assert len(cg.compile(slope, XS[0]).artifacts) == 1
        close(slope(q=XS[0], scale=2.0), 2 * w)
        program = cg.trace(lambda q: slope(q) @ q, XS[0])
        assert program.outputs


def test_arrays_are_not_kept() -> None:
    def once(k: int) -> weakref.ref[Any]:
        w = XS[k].copy()
        close(cg.grad(lambda q: np.sum(q * w))(XS[0]), w)
        return weakref.ref(w)

    held = [once(k) for k in range(4)]
    gc.collect()
    assert [h() is None for h in held[2:]] == [True, True]
