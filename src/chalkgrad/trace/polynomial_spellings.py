"""NumPy functions of polynomials, which are given by their coefficients, the highest power first."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.reading import Spellings, as_array, known, of_dtype, refuse


def _polyval(on: Any, p: Any, x: Any) -> Any:
    x, coefficients = as_array(on, x), as_array(on, p)
    coefficients = of_dtype(on, coefficients, np.result_type(coefficients.dtype, x.dtype))
    found: Any = np.zeros(tuple(x.shape), x.dtype)
    for k in range(coefficients.shape[0]):
        found = found * x + coefficients[k] if k else found + coefficients[k]
    return found


def _coefficients(on: Any, name: str, given: Any) -> Any:
    p = np.atleast_1d(as_array(on, given))
    if len(p.shape) != 1 or not p.shape[0]:
        raise refuse(on, f"np.{name}: coefficients stand along one axis, and these have shape {tuple(p.shape)}")
    return p


def _polymul(on: Any, a1: Any, a2: Any) -> Any:
    return np.convolve(_coefficients(on, "polymul", a1), _coefficients(on, "polymul", a2))


def _aligned(on: Any, name: str, a1: Any, a2: Any) -> tuple[Any, Any]:
    a, b = _coefficients(on, name, a1), _coefficients(on, name, a2)
    whole = max(a.shape[0], b.shape[0])
    a, b = [p if p.shape[0] == whole else np.pad(p, (whole - p.shape[0], 0)) for p in (a, b)]
    return a, b


def _polyadd(on: Any, a1: Any, a2: Any) -> Any:
    return np.add(*_aligned(on, "polyadd", a1, a2))


def _polysub(on: Any, a1: Any, a2: Any) -> Any:
    return np.subtract(*_aligned(on, "polysub", a1, a2))


def _polyder(on: Any, p: Any, m: Any = 1) -> Any:
    a = _coefficients(on, "polyder", p)
    for _ in range(known(on, m, "m=")):
        powers = np.arange(a.shape[0] - 1, 0, -1)
        a = a[:-1] * powers
    return a


def _vander(on: Any, x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = _coefficients(on, "vander", x)
    x = of_dtype(on, x, np.promote_types(x.dtype, int))  # as NumPy does
    count = x.shape[0] if N is None else known(on, N, "N=")
    powers = [np.ones(x.shape, x.dtype)]
    for _ in range(count - 1):
        powers.append(powers[-1] * x)
    return np.stack(powers[:count] if increasing else powers[count - 1 :: -1], axis=1)


POLYNOMIALS: Spellings = MappingProxyType(
    {
        np.polyval: _polyval,
        np.polymul: _polymul,
        np.polyadd: _polyadd,
        np.polysub: _polysub,
        np.polyder: _polyder,
        np.vander: _vander,
    }
)
