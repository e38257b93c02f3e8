"""Every primitive as machine code gives NumPy's number, in one lane and in many, hard points included."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from chalkgrad.native.emit.emit import emit
from chalkgrad.native.tree import Axis, Buffer, Loop, Set, Tree
from chalkgrad.ops.scalars import ARITHMETIC, REAL, TRUTH, Cast, cast, fn, lift
from tests.native.machine import GaveUp, call

FLOATS = ("float64", "float32")
COMPARED = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and", "logical_or"}
EXTREMES = {"maximum", "minimum", "fmax", "fmin"}
DIVIDED = {"divide", "remainder", "fmod", "floor_divide"}
PAIRS = COMPARED | EXTREMES | DIVIDED | {"add", "subtract", "multiply", "power", "arctan2", "hypot", "copysign"}
# Rounded in one way by everybody; of the others two units of the last place are forgiven.
EXACT = (ARITHMETIC - {"power"}) | TRUTH | {"divide", "sqrt", "copysign", "rint"}
# Of these dtypes NumPy has the function, and stays among float64, int64 and bool.
_OF_FLOATS = {"isnan", "isinf", "isfinite", "signbit"}
TAKEN = {
    "float64": ARITHMETIC | REAL | TRUTH,
    "float32": ARITHMETIC | REAL | TRUTH,
    "int64": ((ARITHMETIC | TRUTH) - _OF_FLOATS) | {"divide", "sqrt", "exp"},
    "bool": (TRUTH - _OF_FLOATS) | {"add", "multiply", "maximum", "minimum", "absolute"},
}
CASES = [(name, dtype) for dtype, names in TAKEN.items() for name in sorted(names)]


def points(dtype: str) -> np.ndarray:
    if dtype == "bool":
        return np.array([False, True])
    if dtype == "int64":
        return np.array([0, 1, -1, 2, -2, 3, -3, 7, -7, 100, -(2**63), 2**63 - 1, 2**53 + 1])
    least, most = np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max
    small = [0.0, 0.5, 1.0, 1.5, 2.5, 3.0, 0.1, 7.3, 1e3, 123456.789, 1e30, 1e-30, least, 3 * least, most, np.inf]
    return np.array([*small, *[-x for x in small], np.nan], dtype)


def applied(name: str, dtype: str, arrays: list[np.ndarray], lanes: int, out: str) -> np.ndarray:
    n = len(arrays[0])
    i = Axis(n)
    given = [Buffer(f"x{k}", a.dtype.name, (n,), "input") for k, a in enumerate(arrays)]
    result = Buffer("y", out, (n,), "output")
    value = fn(name, *[b[i] for b in given])
    loop = Loop(i, [Set(result, (lift(i),), value)], "lane" if lanes > 1 else "serial", lanes)
    return call(emit(Tree("f", given, [result], [loop])), arrays)[0]


def agree(got: np.ndarray, want: np.ndarray, exact: bool, said: str) -> None:
    assert got.dtype == want.dtype, said
    if want.dtype.kind != "f":
        np.testing.assert_array_equal(got, want, err_msg=said)
        return
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=said)
    known = ~np.isnan(want)
    got, want = got[known], want[known]
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want), err_msg=said)
    if exact:
        np.testing.assert_array_equal(got, want, err_msg=said)
        return
    far = np.isinf(got) | np.isinf(want)
    ulp = np.spacing(np.minimum(np.abs(np.where(far, 1, want)), np.finfo(want.dtype).max / 4))
    apart = np.where(far, 0, np.abs(np.where(far, 0, got) - np.where(far, 0, want)))
    assert np.all(apart <= 2 * ulp), f"{said}: {got[apart > 2 * ulp]} for {want[apart > 2 * ulp]}"
    near = np.finfo(want.dtype).max
    np.testing.assert_array_equal(np.clip(got[far], -near, near), np.clip(want[far], -near, near), err_msg=said)


@pytest.mark.parametrize("lanes", [1, 2, 8])
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_primitive(name: str, dtype: str, lanes: int) -> None:
    every = points(dtype)
    arrays = [np.array(a) for a in zip(*itertools.product(every, repeat=2), strict=True)] if name in PAIRS else [every]
    if name == "power" and dtype == "int64":
        arrays[1] = np.abs(arrays[1] % 7)
    if name in EXTREMES and dtype in FLOATS:
        # which of two zeros NumPy takes hangs on where the entry stands
        kept = ~((arrays[0] == 0) & (arrays[1] == 0))
        arrays = [a[kept] for a in arrays]
    with np.errstate(all="ignore"):
        want = getattr(np, name)(*arrays)
    got = applied(name, dtype, arrays, lanes, want.dtype.name)
    agree(got, want, name in EXACT, f"{name} of {dtype} in {lanes} lanes")


@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("to", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_cast(dtype: str, to: str, lanes: int) -> None:
    x = points(dtype)
    i = Axis(len(x))
    given, result = Buffer("x", dtype, x.shape, "input"), Buffer("y", to, x.shape, "output")
    role = "lane" if lanes > 1 else "serial"
    loop = Loop(i, [Set(result, (lift(i),), Cast(given[i], to))], role, lanes)
    with np.errstate(all="ignore"):
        want = x.astype(to)
    agree(call(emit(Tree("f", [given], [result], [loop])), [x])[0], want, True, f"{dtype} to {to}")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, 0.5, -0.5, 2.5])
def test_power_of_known_exponent(exponent: float, dtype: str) -> None:
    x = points(dtype)
    i = Axis(len(x))
    given, result = Buffer("x", dtype, x.shape, "input"), Buffer("y", dtype, x.shape, "output")
    loop = Loop(i, [Set(result, (lift(i),), given[i] ** exponent)])
    with np.errstate(all="ignore"):
        want = np.power(x, np.asarray(exponent, dtype))
    agree(call(emit(Tree("f", [given], [result], [loop])), [x])[0], want, False, f"to the power {exponent}")


@pytest.mark.parametrize("lanes", [1, 2])
def test_whole_power_below_0_is_given_up(lanes: int) -> None:
    given, result = Buffer("n", "int64", (4,), "input"), Buffer("y", "int64", (4,), "output")
    i = Axis(4)
    loop = Loop(
        i, [Set(result, (lift(i),), fn("power", cast(2, "int64"), given[i]))], "lane" if lanes > 1 else "serial", lanes
    )
    artifact = emit(Tree("f", [given], [result], [loop]))
    np.testing.assert_array_equal(call(artifact, [np.array([0, 1, 2, 62])])[0], [1, 2, 4, 2**62])
    with pytest.raises(GaveUp):
        call(artifact, [np.array([0, 1, -1, 62])])


@pytest.mark.parametrize("lanes", [1, 2])
def test_place(lanes: int) -> None:
    n = 5
    x, at, result = [
        Buffer(k, t, (n,), s)
        for k, t, s in (("x", "float64", "input"), ("p", "int64", "input"), ("y", "float64", "output"))
    ]
    i = Axis(n)
    loop = Loop(i, [Set(result, (lift(i),), x[fn("place", at[i], 5)])], "lane" if lanes > 1 else "serial", lanes)
    artifact = emit(Tree("f", [x, at], [result], [loop]))
    numbers = np.arange(5.0)
    np.testing.assert_array_equal(call(artifact, [numbers, np.array([4, -1, 0, -5, 2])])[0], [4, 4, 0, 0, 2])
    for wrong in (5, -6, 2**63 - 1, -(2**63)):
        with pytest.raises(GaveUp):
            call(artifact, [numbers, np.array([0, 1, 2, 3, wrong])])


@pytest.mark.parametrize("value", [0.1, 3.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, 1e300])
@pytest.mark.parametrize("dtype", FLOATS)
def test_bare_number(value: Any, dtype: str) -> None:
    i = Axis(3)
    result = Buffer("y", dtype, (3,), "output")
    loop = Loop(i, [Set(result, (lift(i),), lift(value))], "lane", 2)
    with np.errstate(all="ignore"):
        want = np.full(3, value, dtype)
    agree(call(emit(Tree("f", [], [result], [loop])), [])[0], want, True, f"{value}")
