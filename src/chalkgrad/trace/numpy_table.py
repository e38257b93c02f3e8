"""Which NumPy function is which op: read off the op records, and never listed here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad import ops
from chalkgrad.errors import TraceError, nearest
from chalkgrad.ir.program import NO_PARAMS
from chalkgrad.ir.registry import OPS
from chalkgrad.trace.apply import plainly
from chalkgrad.trace.decide import as_index
from chalkgrad.trace.holder import Holder

assert ops, "importing the ops fills the table"

# NumPy's earlier names for an option.
_EARLIER = {"newshape": "shape"}
_MASKED = "np.where(mask, x, 0.0): how many entries there are is not known before it is run"
_COUNTED = "np.sum((x >= low) & (x < high))"
_ASIDE = "it on plain numbers, in the surrounding code"
_REAL = "sums with np.cos and np.sin: complex numbers have no place here"
# What to write in place of a function that is no op.
ADVICE: Mapping[str, str] = {
    **dict.fromkeys(("nonzero", "flatnonzero", "argwhere"), _MASKED),
    **dict.fromkeys(("histogram", "histogram2d", "histogramdd"), _COUNTED),
    **dict.fromkeys(("gcd", "lcm", "unravel_index", "ravel_multi_index", "matrix_rank"), _ASIDE),
    **dict.fromkeys(("nanmedian", "nanquantile", "nanpercentile"), "np.median of the entries that are there"),
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft", "fft2", "ifft2", "fftn", "ifftn", "rfftn", "irfftn"), _REAL),
    **dict.fromkeys(("tensorsolve", "tensorinv"), "reshape and np.linalg.solve"),
    "fftshift": "np.roll(x, n // 2)",
    "ifftshift": "np.roll(x, -(n // 2))",
    "nanargmax": "np.argmax(np.where(np.isnan(x), -np.inf, x))",
    "nanargmin": "np.argmin(np.where(np.isnan(x), np.inf, x))",
    "unique": "np.sort(x)",
    "lexsort": "np.argsort(x, kind='stable'), the last key first",
    "frexp": "np.floor(np.log2(np.abs(x))) + 1 for the exponent",
    "nextafter": "x + np.finfo(x.dtype).eps * np.abs(x)",
    "spacing": "np.finfo(x.dtype).eps * np.abs(x)",
    "apply_along_axis": "np.stack([f(row) for row in x])",
    "apply_over_axes": "np.sum(x, axis=(0, 1))",
    "piecewise": "np.select([a, b], [f(x), g(x)])",
    "insert": "np.concatenate([x[:i], [v], x[i:]])",
    "resize": "np.tile(x, n)[:size]",
    "trim_zeros": "x[first:last]",
    "polyfit": "np.linalg.pinv(np.vander(x, n)) @ y",
    "roots": "a few steps of Newton's method",
    "lstsq": "np.linalg.pinv(a) @ b",
    "cond": "s[0] / s[-1] with s = np.linalg.svd(a, compute_uv=False)",
    "bitwise_xor": "a != b",
    "left_shift": "a * 2**n",
    "right_shift": "a // 2**n",
}
# What the `reduce` of a ufunc is called by itself.
_REDUCTIONS = {"add": "np.sum", "multiply": "np.prod", "maximum": "np.max", "minimum": "np.min"}


def _from_numpy(function: Callable[..., Any]) -> bool:
    return isinstance(function, np.ufunc) or str(getattr(function, "__module__", "")).startswith("numpy")


def _pairs() -> Iterator[tuple[Any, Any]]:
    for op in OPS.values():
        if op.evaluate is not None and _from_numpy(op.evaluate):
            yield op.evaluate, op
        for function in op.numpy:
            yield function, op


# Built once; the ops themselves are all known on import.
OP_OF: Mapping[Any, Any] = MappingProxyType(dict(_pairs()))


def called(function: Any) -> str:
    """`np.linalg.norm`: the name that a person writes."""
    module = str(getattr(function, "__module__", None) or "numpy")
    inner = module.removeprefix("numpy").removeprefix(".")
    return "np." + (f"{inner}." if inner and not inner.startswith("_") else "") + str(function.__name__)


def options(op: Any) -> set[str]:
    """The params of `op` that are NumPy's too; a convention, such as how a tie is shared, is ours."""
    return set(op.params) - {param for param, _ in op.conventions.values()}


def match(
    op: Any, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], refuse: Callable[[str], TraceError]
) -> tuple[list[Any], Mapping[str, Any]]:
    """The inputs and params of `op` in a call of the NumPy function that it stands for.

    Raises what `refuse` gives for an argument that the op has no reading of.
    """
    if len(args) == op.arity >= _required(function) and not kwargs:
        return list(args), NO_PARAMS  # the plain call, which loops make most
    try:
        given = signature(function).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise refuse(f"{called(function)}: {error}") from None
    parameters = signature(function).parameters
    names = list(parameters)
    inputs: list[Any] = []
    if op.arity < 0:
        inputs, names = list(given.get(names[0], ())), names[1:]
    else:
        for name in names[: op.arity]:
            if name not in given or given[name] is parameters[name].default:
                raise refuse(f"{called(function)} is given {len(inputs)} of the {op.arity} values it needs here")
            inputs.append(given[name])
        names = names[op.arity :]
    params: dict[str, Any] = {}
    for name in names:
        default = parameters[name].default
        if name not in given or _is(given[name], default):
            continue
        key = _EARLIER.get(name, name)
        if key not in options(op):
            raise refuse(
                f"{called(function)} with {name}= has no reading here; leave it out"
                + (f" (it takes {', '.join(sorted(options(op)))})" if options(op) else "")
            )
        value = plain(given[name], f"{name}= of {called(function)}", refuse)
        value = (value,) if key == "shape" and isinstance(value, int) else value
        if key == "shape" or not _is(value, op.params[key]):  # a shape has no default
            params[key] = value
    return inputs, MappingProxyType(params) if params else NO_PARAMS


def plain(value: Any, what: str, refuse: Callable[[str], TraceError]) -> Any:
    """An option as a plain Python value: NumPy's ints are ints, and lists are tuples.

    Raises what `refuse` gives where it is traced: the shape of a Program cannot hang on a number inside it.
    """
    if isinstance(value, Holder) and value.constant:
        value = plainly(value)
    if isinstance(value, Holder) and value.countable:
        value = as_index(value)
    if isinstance(value, Holder):
        raise refuse(f"{what} is a traced value, and must be known before any number is; write it as a plain number")
    if isinstance(value, (list, tuple)):
        return tuple([plain(v, what, refuse) for v in value])
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), what, refuse)
    return value.item() if isinstance(value, np.generic) else value


def unknown(function: Any, known: Iterable[Any]) -> str:
    """The message for a NumPy function that is no op."""
    name = str(function.__name__)
    names = {str(f.__name__) for f in known}
    near = "" if name in ADVICE else nearest(name, names)
    return f"{called(function)} is no op here" + (f"; write {ADVICE[name]}" if name in ADVICE else near)


def method_of_ufunc(ufunc: np.ufunc, method: str) -> str:
    """The message for `np.add.reduce` and its like."""
    name = ufunc.__name__
    instead = {
        "reduce": _REDUCTIONS.get(name, "a sum, a mean, a maximum or a minimum"),
        "outer": f"np.{name}(a[:, None], b)",
        "at": "a sum of terms",
        "accumulate": f"a loop of np.{name} that collects its results in a list, and np.stack(list)",
        "reduceat": "np.sum of slices, and np.stack",
    }.get(method, "a loop over slices")
    return f"np.{name}.{method} has no reading here; write {instead}"


def _is(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and bool(value == default))


@functools.cache
def _required(function: Any) -> int:
    parameters = signature(function).parameters.values()
    return sum(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


@functools.cache
def signature(function: Any) -> inspect.Signature:
    """The parameters of a function of NumPy's or of ours, looked up once."""
    return inspect.signature(function)
