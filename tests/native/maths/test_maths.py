"""Vector maths: within 2 units of the last place everywhere, and the same number in however many lanes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chalkgrad.native.maths import NAMES, OPERANDS, define
from tests.native.maths import exact
from tests.native.maths.exhaustive import worst
from tests.native.maths.machine import function

DTYPES = ("float64", "float32")
ONE = sorted(NAMES - OPERANDS.keys())
# What is allowed, in units of the last place; the rest have 1.25.
ALLOWED = {"arctanh": 1.75, "tanh": 1.5}


def _hard(name: str, dtype: str) -> Any:
    """Where a function changes how it works, and the neighbours of that."""
    log2 = math.log(2)
    joins = [0.625, 1.0, 6.0, math.sqrt(0.5), math.sqrt(2), math.sqrt(2) - 1, math.sqrt(0.5) - 1, 2.0**28, 0.5, 1.5]
    joins += [(k + 0.5) * log2 for k in range(-3, 4)] + [k * math.pi / 4 for k in range(1, 20)]
    joins += [708.4, 709.78, 744.4, 745.13, 88.7, 87.3, 103.2, 103.9, 126.0, 149.0, 1022.0, 1074.0, 17.3, 37.4, 1023.99]
    at = np.array(joins, dtype)
    found = [at]
    for turn in (-np.inf, np.inf):
        near = at
        for _ in range(4):
            near = np.nextafter(near, np.asarray(turn, dtype))
            found.append(near)
    if dtype == "float64" and name in ("sin", "cos"):  # as near to a multiple of pi/2 as float64 comes
        found.append(np.array([6381956970095103.0 * 2.0**797, 5.319372648326541e255]))
    both = np.concatenate(found)
    return np.concatenate([both, -both])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE)
def test_near_the_exact_value(name: str, dtype: str) -> None:
    rng = np.random.default_rng(5)
    worked = function(name, dtype, 4)
    for low, high in exact.strata(dtype):
        x = exact.drawn(low, high, 12, dtype, rng)
        x = np.concatenate([x, -x])
        assert exact.misses(name, worked(x), x) <= ALLOWED.get(name, 1.25), (low, high)
    x = _hard(name, dtype)
    assert exact.misses(name, worked(x), x) <= ALLOWED.get(name, 1.25)


SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, math.inf, -math.inf, math.nan, 2.5, -2.5, 1e-5)


def _special(dtype: str) -> Any:
    info = np.finfo(dtype)
    least = np.nextafter(np.zeros(1, dtype), np.ones(1, dtype))
    ends = np.array([info.tiny, info.max, -info.tiny, -info.max], dtype)
    return np.concatenate([np.array(SPECIAL, dtype), least, -least, ends])


def _of_one_kind(y: Any, wanted: Any) -> Any:
    """Whether they are both NaN, or infinite or 0 or finite with one sign."""
    kind = (np.isnan(y) == np.isnan(wanted)) & (np.isinf(y) == np.isinf(wanted)) & ((y == 0) == (wanted == 0))
    return kind & (np.isnan(wanted) | (np.signbit(y) == np.signbit(wanted)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE)
def test_special_values_as_numpy_has_them(name: str, dtype: str) -> None:
    x = _special(dtype)
    with np.errstate(all="ignore"):
        wanted = exact.in_numpy(name)(x)
    y = function(name, dtype, 4)(x)
    assert _of_one_kind(y, wanted).all(), list(zip(x, y, wanted, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_lanes_make_no_difference(name: str, dtype: str) -> None:
    rng = np.random.default_rng(6)
    pieces = [exact.drawn(low, high, 40, dtype, rng) for low, high in exact.strata(dtype)]
    x = np.concatenate([*pieces, *[-p for p in pieces], _special(dtype)])
    xs = (x, rng.permutation(x)) if name in OPERANDS else (x,)
    bits = "int64" if dtype == "float64" else "int32"
    alone, *others = [function(name, dtype, lanes, len(xs))(*xs) for lanes in (1, 2, 8, 16)]
    others.append(function(name, dtype, 1, len(xs), inline=False)(*xs))
    sure = ~np.isnan(alone)
    for y in others:
        assert np.array_equal(np.isnan(y), ~sure)
        assert np.array_equal(y[sure].view(bits), alone[sure].view(bits))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_rare_lane_changes_no_other(name: str, dtype: str) -> None:
    """One lane of each vector is special, in every place in turn; the others are what they are without it."""
    rng = np.random.default_rng(10)
    far = np.array([87.5, 89, 100, 104, 708.5, 710, 720, 745, 746, 1e5, 2.0**28, 2.0**30], dtype)
    rare = np.concatenate([_special(dtype), far, -far, np.finfo(dtype).tiny * np.array([0.5, 3e-3], dtype)])
    operands = OPERANDS.get(name, 1)
    bits = "int64" if dtype == "float64" else "int32"
    for lanes in (2, 8, 16):
        among = np.tile(np.eye(lanes, dtype=bool), (rare.size, 1))
        usual = [rng.uniform(1, 2, among.shape) if name == "arccosh" else rng.uniform(0.1, 0.9, among.shape)] * operands
        for k in range(operands):
            xs = [x.astype(dtype) for x in usual]
            xs[k] = np.where(among, np.repeat(rare, lanes)[:, None], xs[k])
            given = [x.ravel() for x in xs]
            alone = function(name, dtype, 1, operands)(*given)
            together = function(name, dtype, lanes, operands)(*given)
            sure = ~np.isnan(alone)
            assert np.array_equal(np.isnan(together), ~sure)
            assert np.array_equal(together[sure].view(bits), alone[sure].view(bits))
            assert sure[~among.ravel()].all()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_processor_makes_no_difference(name: str) -> None:
    """One without fused multiplication has them from C's library, which takes its time."""
    rng = np.random.default_rng(9)
    x = np.concatenate([exact.drawn(low, high, 4, "float64", rng) for low, high in exact.strata("float64")])
    xs = (x, rng.permutation(x))[: OPERANDS.get(name, 1)]
    here = function(name, "float64", 4, len(xs))(*xs)
    there = function(name, "float64", 4, len(xs), plain=True)(*xs)
    assert np.array_equal(here, there, equal_nan=True)


@pytest.mark.parametrize("name", ONE)
def test_a_sample_of_all_of_float32(name: str) -> None:
    """Each 4099th, against NumPy's float64; `exhaustive.py` takes every one."""
    x = np.arange(0, 2**32, 4099, dtype=np.uint32).view(np.float32)
    y = function(name, "float32", 8)(x)
    with np.errstate(all="ignore"):
        wanted = exact.in_numpy(name)(x.astype(np.float64))
        rounded = wanted.astype(np.float32)
    info = np.finfo(np.float32)
    sure = np.isfinite(y) & np.isfinite(rounded)
    assert (sure | (y == rounded) | (np.isnan(y) & np.isnan(rounded))).all()
    _, exponent = np.frexp(wanted[sure])
    unit = np.ldexp(1.0, np.maximum(exponent - 1, info.minexp) - info.nmant)
    assert (np.abs(y[sure].astype(np.float64) - wanted[sure]) / unit).max() <= ALLOWED.get(name, 1.25)


@pytest.mark.parametrize("first", [0x3F000000, 0xBF000000, 0x00000000, 0x42000000])
def test_a_stretch_of_all_of_float32(first: int) -> None:
    """One after the other, as `exhaustive.py` does."""
    assert max(worst(name, first, 2**16) for name in ("exp", "log", "tanh")) <= 1.5


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_near_the_exact_value(dtype: str) -> None:
    rng = np.random.default_rng(7)
    worked = function("power", dtype, 4, 2)
    reach = math.log(float(np.finfo(dtype).max))
    n = 60
    bases = {
        "any": np.exp(rng.uniform(-reach, reach, n)),
        "near 1": 1 + rng.uniform(-1, 1, n) * 10.0 ** rng.uniform(-6, -1, n),
        "few digits": rng.uniform(1e-3, 1, n) * float(np.finfo(dtype).tiny),
        "middling": rng.uniform(0.01, 10, n),
        "where the logarithm is cut": math.sqrt(2) * (1 + rng.uniform(-0.01, 0.01, n)),
    }
    for label, found in bases.items():
        x = found.astype(dtype)
        x = x[x != 1]
        y = (rng.uniform(-1.06, 1.06, x.size) * reach / np.log(x.astype(np.float64))).astype(dtype)
        assert exact.misses("power", worked(x, y), x, y) <= 1.2, label


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["arctan2", "hypot"])
def test_two_operands_near_the_exact_value(name: str, dtype: str) -> None:
    rng = np.random.default_rng(8)
    worked = function(name, dtype, 4, 2)
    for low, high in exact.strata(dtype):
        x = exact.drawn(low, high, 12, dtype, rng)
        x = x[x != 0]
        # of one size with it, and of any
        with np.errstate(over="ignore"):
            near = (x.astype(np.float64) * 2.0 ** rng.uniform(-3, 3, x.size)).astype(dtype)
        for y in (
            near,
            -near,
            rng.permutation(exact.drawn(0, float(np.finfo(dtype).max), x.size, dtype, rng))[: x.size],
        ):
            y = np.where(np.isfinite(y), y, x)
            for a, b in ((x, y), (y, x), (-x, y)):
                assert exact.misses(name, worked(a, b), a, b) <= 1.25, (low, high)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", sorted(OPERANDS))
def test_two_special_values_as_numpy_has_them(name: str, dtype: str) -> None:
    some = np.concatenate([_special(dtype), np.array([2.0**52 + 1, -(2.0**53 - 1), 4, 5, 1e10, 1 / 3], dtype)])
    x, y = [a.ravel() for a in np.meshgrid(some, some)]
    with np.errstate(all="ignore"):
        wanted = exact.in_numpy(name)(x, y)
    found = function(name, dtype, 4, 2)(x, y)
    same = _of_one_kind(found, wanted) & (
        np.isclose(found, wanted, rtol=4 * np.finfo(dtype).eps, atol=0, equal_nan=True)
    )
    assert same.all(), list(zip(x[~same], y[~same], found[~same], wanted[~same], strict=True))


def test_powers_that_are_floats_are_exact() -> None:
    pairs = [(b, k) for b in range(2, 400) for k in range(54) if b**k < 2**53]
    x, y = [np.array(part, np.float64) for part in zip(*pairs, strict=True)]
    found = function("power", "float64", 4, 2)
    assert found(x, y).tolist() == [b**k for b, k in pairs]
    assert found(-x, y).tolist() == [(-b) ** k for b, k in pairs]
    whole = np.arange(1.0, 20000.0)
    assert np.array_equal(found(whole * whole, np.full(whole.size, 0.5)), whole)


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_of_powers_are_exact(dtype: str) -> None:
    info = np.finfo(dtype)
    k = np.arange(info.minexp - info.nmant, info.maxexp)
    powers = np.ldexp(np.ones(1, dtype), k).astype(dtype)
    assert np.array_equal(function("log2", dtype, 4)(powers), k)
    assert np.array_equal(function("exp2", dtype, 4)(k.astype(dtype)), powers)
    tens = np.arange(23 if dtype == "float64" else 11)
    assert np.array_equal(function("log10", dtype, 4)((10.0**tens).astype(dtype)), tens)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "log1p", "sigmoid", "tanh"])
def test_never_falls_at_a_join(name: str, dtype: str) -> None:
    """erf is not among them: between neighbours it grows by less than it may be off."""
    whole = np.int64 if dtype == "float64" else np.int32
    places = [0.3465735902799727, 0.5, 0.625, 1.0, 1.0397207708399179, math.sqrt(2) - 1, 2 * math.sqrt(2) - 1]
    for at in places:
        middle = np.array([at], dtype).view(whole)
        x = (middle + np.arange(-300, 300, dtype=whole)).view(dtype)
        assert (np.diff(function(name, dtype, 4)(x)) >= 0).all(), at


def test_the_text_is_merged_by_symbol() -> None:
    one, texts = define("sin", "float64", 4)
    other, more = define("cos", "float64", 4)
    assert one != other
    assert all(texts[symbol] == more[symbol] for symbol in texts.keys() & more.keys())
    assert one in texts
    assert "llvm.fma.v4f64" in texts
