"""Numbers as a sheet prints them: rounded only here, and never to 0 where they are not 0."""

from __future__ import annotations

from typing import Any

import numpy as np


def shown(value: Any, digits: int = 4, limit: int = 8) -> str:
    """A number, or an array in brackets, to at most `digits` decimals.

    Whole numbers print whole, -0 as 0; what is not 0 never prints as 0.00 but as 4.5e-5. Arrays of more than `limit`
    entries are cut, and say their shape.
    """
    if value is None:
        return ""
    if isinstance(value, (list, tuple)):  # an upstream gradient, as it was given
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.ndim:
        return _array(value, digits, limit)
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return _scalar(float(value), digits)


def trimmed(number: float, digits: int = 4) -> str:
    """A number of points or a percentage, with no more digits than it has: `2`, `0.5`, `0.3333`."""
    text = f"{number:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scalar(x: float, digits: int) -> str:
    if x != x:
        return "NaN"
    if x in (float("inf"), float("-inf")):
        return "∞" if x > 0 else "-∞"
    if x == int(x) and abs(x) < 1e15:
        return str(int(x))
    if abs(x) >= 1e9:
        return _short(x, digits)
    text = f"{x:.{digits}f}"
    if float(text) == 0.0:
        return _short(x, digits)
    if digits <= 2 or float(text).is_integer():
        return text  # 1.0000 is not quite 1
    return text.rstrip("0")


def _short(x: float, digits: int) -> str:
    mantissa, exponent = f"{x:.{max(1, min(digits - 1, 16))}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def _array(value: np.ndarray[Any, Any], digits: int, limit: int) -> str:
    if value.size > limit:
        first = ", ".join(shown(x, digits) for x in value.flat[:3])
        return f"[{first}, … {'×'.join(map(str, value.shape))}]"
    if value.ndim == 1:
        return "[" + ", ".join(shown(x, digits) for x in value) + "]"
    return "[" + ", ".join(_array(np.asarray(row), digits, limit) for row in value) + "]"
