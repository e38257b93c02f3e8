"""NumPy functions of each element that are made of others."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.holder import Holder
from chalkgrad.trace.reading import Spellings, as_array, flat, floating, known, of_dtype, only, refuse


def _fabs(on: Any, x: Any) -> Any:
    return np.abs(floating(on, as_array(on, x)))


def _radians(on: Any, x: Any) -> Any:
    return x * (math.pi / 180)


def _degrees(on: Any, x: Any) -> Any:
    return x * (180 / math.pi)


def _sinc(on: Any, x: Any) -> Any:
    return on.write("sinc", floating(on, as_array(on, x)))


def _float_power(on: Any, a: Any, b: Any) -> Any:
    return np.power(*[as_array(on, x).astype(np.float64) for x in (a, b)])


def _real(on: Any, val: Any) -> Any:
    return val


def _conjugate(on: Any, x: Any) -> Any:
    return x.copy()


def _real_if_close(on: Any, a: Any, tol: float = 100) -> Any:
    return a


def _imag(on: Any, val: Any) -> Any:
    return np.zeros(val.shape, val.dtype)


def _angle(on: Any, z: Any, deg: bool = False) -> Any:
    turn = np.arctan2(0.0, floating(on, as_array(on, z)))
    return _degrees(on, turn) if deg else turn


def _nan_to_num(on: Any, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    a = as_array(on, x)
    if a.dtype.kind != "f":
        return a.copy()
    most = float(np.finfo(a.dtype).max)
    high, low = (most if posinf is None else posinf), (-most if neginf is None else neginf)
    high, low, other = [of_dtype(on, as_array(on, v), a.dtype) for v in (high, low, nan)]
    found = np.where(np.equal(a, math.inf), high, np.where(np.equal(a, -math.inf), low, a))
    return np.where(np.isnan(a), other, found)


def _round(on: Any, a: Any, decimals: Any = 0, out: Any = None) -> Any:
    only(on, "np.round", out=out)
    x, places = as_array(on, a), known(on, decimals, "decimals=")
    if x.dtype.kind == "i":
        if places < 0:
            raise refuse(on, "np.round of whole numbers to tens has no reading here; convert with .astype(float) first")
        return x.copy()
    power = 10.0 ** abs(places)
    if not places:
        return np.rint(x)
    return np.rint(x * power) / power if places > 0 else np.rint(x / power) * power


def _divmod(on: Any, a: Any, b: Any) -> tuple[Any, Any]:
    return np.floor_divide(a, b), np.remainder(a, b)


def _modf(on: Any, x: Any) -> tuple[Any, Any]:
    x = floating(on, as_array(on, x))
    whole = np.trunc(x)
    return np.where(np.isinf(x), 0.0, x - whole), whole


def _ldexp(on: Any, x1: Any, x2: Any) -> Any:
    x = floating(on, as_array(on, x1))
    return x * of_dtype(on, np.exp2(as_array(on, x2)), x.dtype)


def _isin(on: Any, element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    e, among = as_array(on, element), flat(as_array(on, test_elements))
    found = np.any(np.equal(e.reshape((*e.shape, 1)), among), axis=-1)
    return np.logical_not(found) if invert else found


def _fix(on: Any, x: Any, out: Any = None) -> Any:
    only(on, "np.fix", out=out)
    return np.trunc(x)


def _clip(
    on: Any, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    only(on, "np.clip", out=out)
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    return on.write("clip", a, -math.inf if low is None else low, math.inf if high is None else high)


def _truth(on: Any, x: Any) -> Any:
    x = as_array(on, x)
    return x if x.dtype == bool else np.not_equal(x, 0)


def _logical_xor(on: Any, a: Any, b: Any) -> Any:
    return np.not_equal(_truth(on, a), _truth(on, b))


def _isclose(on: Any, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    near = np.abs(np.subtract(a, b)) <= atol + rtol * np.abs(b)
    found = np.logical_or(np.logical_and(near, np.isfinite(b)), np.equal(a, b))
    return np.logical_or(found, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else found


def _allclose(on: Any, a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Any:
    return np.all(_isclose(on, a, b, rtol, atol, equal_nan))


def _array_equal(on: Any, a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    a, b = as_array(on, a1), as_array(on, a2)
    if tuple(a.shape) != tuple(b.shape):
        return False
    same = np.equal(a, b)
    return np.all(np.logical_or(same, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else same)


def _astype(on: Any, x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return x.astype(dtype)


def _isposinf(on: Any, x: Any, out: Any = None) -> Any:
    only(on, "np.isposinf", out=out)
    return np.equal(x, math.inf)


def _isneginf(on: Any, x: Any, out: Any = None) -> Any:
    only(on, "np.isneginf", out=out)
    return np.equal(x, -math.inf)


def _isreal(on: Any, x: Any) -> Any:
    return np.full(x.shape, True)


def _iscomplex(on: Any, x: Any) -> Any:
    return np.full(x.shape, False)


def _iscomplexobj(on: Any, x: Any) -> bool:
    return False


def _isrealobj(on: Any, x: Any) -> bool:
    return True


def _result_type(on: Any, *arrays_and_dtypes: Any) -> Any:
    bare = [isinstance(x, Holder) and x.weak for x in arrays_and_dtypes]
    dtypes = [getattr(x, "dtype", x) for x in arrays_and_dtypes]
    return np.result_type(*[d.type(0).item() if b else d for d, b in zip(dtypes, bare, strict=True)])


ELEMENTWISE: Spellings = MappingProxyType(
    {
        np.fabs: _fabs,
        np.radians: _radians,
        np.deg2rad: _radians,
        np.degrees: _degrees,
        np.rad2deg: _degrees,
        np.sinc: _sinc,
        np.float_power: _float_power,
        np.real: _real,
        np.imag: _imag,
        np.conjugate: _conjugate,
        np.angle: _angle,
        np.real_if_close: _real_if_close,
        np.nan_to_num: _nan_to_num,
        np.round: _round,
        np.around: _round,
        np.divmod: _divmod,
        np.modf: _modf,
        np.fix: _fix,
        np.ldexp: _ldexp,
        np.isin: _isin,
        np.clip: _clip,
        np.logical_xor: _logical_xor,
        np.isclose: _isclose,
        np.allclose: _allclose,
        np.array_equal: _array_equal,
        np.isposinf: _isposinf,
        np.isneginf: _isneginf,
        np.isreal: _isreal,
        np.iscomplex: _iscomplex,
        np.iscomplexobj: _iscomplexobj,
        np.isrealobj: _isrealobj,
        np.result_type: _result_type,
        **({np.astype: _astype} if hasattr(np, "astype") else {}),
    }
)
