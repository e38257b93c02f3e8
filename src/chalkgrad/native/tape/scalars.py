"""The primitives that the tape machine has instructions for, each in LLVM's language as compiled loops have it too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from chalkgrad.native.emit.primitives import converted, primitive
from chalkgrad.native.emit.text import FLOATS, TYPES, Module

_OF_ONE = (
    *("negative", "absolute", "floor", "ceil", "trunc", "rint"),
    *("sqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan"),
    *("sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"),
)
_OF_TWO = (
    *("add", "subtract", "multiply", "divide", "maximum", "minimum", "fmax", "fmin", "copysign"),
    *("power", "remainder", "fmod", "floor_divide", "arctan2", "hypot"),
)
# In float64 these are exact for float32 too, and for truths as whole numbers.
EXACT = frozenset(
    (
        *("negative", "absolute", "floor", "ceil", "trunc", "rint", "maximum", "minimum", "fmax", "fmin", "copysign"),
        *("where", "isnan", "isinf", "isfinite", "signbit"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    )
)
_OF_WHOLE = (
    *("add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin"),
    *("remainder", "fmod", "floor_divide"),
)
COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
TESTS = ("isnan", "isinf", "isfinite", "signbit")
# What takes long.
FUNCTIONS = frozenset((*_OF_ONE[7:], "power", "remainder", "fmod", "floor_divide", "arctan2", "hypot"))
# A product and a sum in one word, each rounded.
JOINED = ("multiply_add", "multiply_subtract", "subtract_multiply")
# Of these, an operand may be the last result, which is then not read from its slot.
HANDED = frozenset(("add", "subtract", "multiply", "divide", "negative", *JOINED))
_CASTS = (
    *(("float64", "float32"), ("int64", "float64"), ("int64", "float32")),
    *(("float64", "int64"), ("float64", "bool"), ("int64", "bool")),
)


def primitives() -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name, dtype, dtypes of the operands and of the result."""
    for dtype in FLOATS:
        for names, takes in ((_OF_ONE, (dtype,)), (_OF_TWO, (dtype, dtype)), (JOINED, (dtype, dtype, dtype))):
            for name in names:
                if dtype == "float64" or name not in EXACT:
                    yield name, dtype, takes, dtype
    for name in ("negative", "absolute"):
        yield name, "int64", ("int64",), "int64"
    for name in _OF_WHOLE:
        yield name, "int64", ("int64", "int64"), "int64"
    for name in TESTS:
        yield name, "float64", ("float64",), "bool"
    for dtype in ("float64", "int64"):
        for name in COMPARISONS:
            yield name, dtype, (dtype, dtype), "bool"
        yield "where", dtype, ("bool", dtype, dtype), dtype
    yield "signbit", "int64", ("int64",), "bool"
    yield "logical_and", "bool", ("bool", "bool"), "bool"
    yield "logical_or", "bool", ("bool", "bool"), "bool"
    yield "logical_not", "bool", ("bool",), "bool"
    for dtype, to in _CASTS:
        yield f"to_{to}", dtype, (dtype,), to


@final
class Lines:
    """The lines of one instruction."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []

    def new(self, text: str) -> str:
        """A line whose result gets a name."""
        name = f"%v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name


def written(code: Lines, name: str, dtype: str, given: tuple[str, ...]) -> str:
    """Write the primitive of these operands; the name of what it gives."""
    if name.startswith("to_"):
        return converted(code, given[0], dtype, name[3:])
    if name not in JOINED:
        return primitive(code, name, dtype, given)
    product = primitive(code, "multiply", dtype, given[:2])
    two = (given[2], product) if name == "subtract_multiply" else (product, given[2])
    return primitive(code, "add" if name == "multiply_add" else "subtract", dtype, two)


__all__ = ["COMPARISONS", "EXACT", "FLOATS", "FUNCTIONS", "HANDED", "JOINED", "TESTS", "TYPES", "Lines", "written"]
