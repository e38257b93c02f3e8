"""NumPy's functions, called with traced values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from chalkgrad.trace import indexing
from chalkgrad.trace.apply import computed, elementwise, holders, innermost
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.numpy_table import OP_OF, called, method_of_ufunc, signature, unknown
from chalkgrad.trace.session import running
from chalkgrad.trace.spellings import SPELLINGS, VIEWS, VIEWS_OF_EACH

# Of truths these are the logical ops; of whole numbers they are none.
_OF_TRUTHS: Mapping[Any, Any] = {
    np.bitwise_and: np.logical_and,
    np.bitwise_or: np.logical_or,
    np.invert: np.logical_not,
}
# Of views these may also be copies, or read-only: it hangs on how the array lies in memory.
_UNSURE = frozenset(
    {np.reshape, np.ravel, np.diagonal, np.diag, np.broadcast_to, np.linalg.diagonal, np.einsum, np.real}
)
_VIEWS = VIEWS | {np.real, np.dsplit, np.unstack, np.linalg.diagonal, np.linalg.matrix_transpose}
# How many places they give hangs on the numbers.
_PLACES = frozenset({np.nonzero, np.flatnonzero, np.argwhere})
_REDUCTIONS: Mapping[Any, Any] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_RUNNING: Mapping[Any, Any] = {np.add: np.cumsum, np.multiply: np.cumprod}


def ufunc(on: Any, called_: np.ufunc, method: str, inputs: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """A function of each element, or one of its methods."""
    session = on.session
    if method == "at":
        return _at(called_, inputs)
    if method != "__call__":
        return _method(on, called_, method, inputs, options)
    out = options.get("out")
    if out is not None and not isinstance(out[0], Holder):
        if inputs and out[0] is inputs[0]:
            raise session.refuse(
                "a plain array cannot take in a traced value; write a = a + x for a += x, "
                "or make the array in the function, by np.zeros"
            )
    elif out is not None and set(options) == {"out"} and len(out) == 1:
        target: Any = out[0]
        indexing.check_write(target, "the result without out=")
        target.become(ufunc(on, called_, method, inputs, {}), "the result", "leave out= out")
        return target
    held = [h for h in (*inputs, *options.values()) if isinstance(h, Holder)]
    if all(h.constant for h in held) and out is None:
        return computed(held[0], called_, inputs, options)
    if options:
        names = ", ".join(f"{name}=" for name in options)
        raise session.refuse(f"{called(called_)} with {names} has no reading here; leave it out")
    if called_ is np.positive:
        return _strong(on.copy())
    if called_ in _OF_TRUTHS and all(_is_truth(x) for x in inputs):
        called_ = _OF_TRUTHS[called_]
    if called_ not in OP_OF:
        named: Any = getattr(np, called_.__name__, None)
        if named in SPELLINGS:  # the ufunc inside of np.clip, which array.clip(low, x) calls
            return function(on, named, inputs, {})
        raise session.refuse(unknown(called_, OP_OF))
    return elementwise(called_, OP_OF[called_], inputs)


def function(on: Any, called_: Callable[..., Any], args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Any other function: a step, several, or NumPy itself where all is constant."""
    inner = running()
    if on.constant or (inner is not None and inner.depth > 0):
        found = innermost(holders([args, options]))
        if found is None:
            return _linked(called_, args, options, _constant(on, called_, args, options))
        on = found
    session = on.session
    if called_ in _IN_PLACE:
        return _IN_PLACE[called_](*args, **options)
    if isinstance(options.get("out"), Holder):
        target: Any = options["out"]
        indexing.check_write(target, "the result without out=")
        rest = {k: v for k, v in options.items() if k != "out"}
        target.become(function(on, called_, args, rest), "the result", "leave out= out")
        return target
    if called_ in _PLACES or (called_ is np.where and len(args) == 1 and not options):
        return _places(on, called_, args, options)
    if called_ not in SPELLINGS and called_ not in OP_OF:
        raise session.refuse(unknown(called_, [*OP_OF, *SPELLINGS]))
    spelling = SPELLINGS.get(called_)
    if spelling is None:
        out: Any = on.match(called_, *args, **options)
    else:
        with session.one_name():
            try:
                signature(spelling).bind(on, *args, **options)
            except TypeError as error:
                raise session.refuse(f"{called(called_)}: {error}") from None
            out = spelling(on, *args, **options)
    if type(out) is np.ndarray:  # np.zeros_like, which may be written into yet
        made = _like(on, args, options, out)
        out = computed(on, lambda: made, ())
    kind = _tuple_of(called_)
    if kind is not None and isinstance(out, tuple) and len(out) == len(kind._fields):
        out = kind(*out)
    return _strong(_linked(called_, args, options, out))


def _places(on: Any, called_: Any, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
    """Where a mask is true: how many places there are is decided by the example."""
    (mask,) = (*args, *options.values())
    if mask.atom.type.dtype != "bool":
        mask = mask != 0
    return computed(on, called_, (mask.session.decided(mask.atom),))


def _like(on: Any, args: tuple[Any, ...], options: Mapping[str, Any], out: Any) -> Any:
    """An array of constants that lies in memory as the one that it was made like does."""
    model = args[0] if args else on
    if out.ndim < 2 or not isinstance(model, Holder) or model.atom.type.shape != out.shape or "order" in options:
        return out
    laid = np.empty_like(model.session.laid_out(model.atom), dtype=out.dtype)
    laid[...] = out
    return laid


def put(x: Any, indices: Any, values: Any, mode: str = "raise") -> None:
    """`np.put`: entries replaced, counted along the rows."""
    if mode != "raise":
        raise x.session.refuse(f"np.put with mode={mode!r} has no reading here; leave it out")
    if not x.mutable:
        raise x.session.refuse("a number has no entries that could be written")
    flat = x.copy().reshape(-1)
    flat[indices] = values
    x[...] = flat.reshape(x.shape)


def _constant(on: Holder, called_: Any, args: Any, options: Any) -> Any:
    if called_ in _IN_PLACE:
        return _IN_PLACE[called_](*args, **options)
    return computed(on, called_, args, options)


def _linked(called_: Any, args: tuple[Any, ...], options: Mapping[str, Any], out: Any) -> Any:
    """What NumPy gives as a view of its first argument is linked to it, and what it gives as a copy is apart."""
    if called_ in VIEWS_OF_EACH and len(args) > 1:
        return out
    at = int(called_ is np.einsum)  # what is viewed stands behind the letters
    if called_ not in _VIEWS and not (at and len(args) == 2):
        given = {id(h) for h in holders([args, options])}
        if called_ is np.where and isinstance(out, Holder):
            out.mutable = True
        if isinstance(out, (tuple, list)):
            parts = [_apart(v, given) for v in out]
            return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
        return _apart(out, given)
    keyword = "" if args else next((k for k, v in options.items() if isinstance(v, Holder)), "")
    base: Any = args[at] if args else options.get(keyword)

    def again(a: Any, part: int | None = None) -> Any:
        given = (*args[:at], a, *args[at + 1 :])
        found = called_(*given, **options) if args else called_(**{**options, keyword: a})
        return found if part is None else found[part]

    if not isinstance(base, Holder) or not base.mutable:
        return out
    single = isinstance(out, Holder)
    for part, view in enumerate([out] if single else out):
        if isinstance(view, Holder) and view is not base:
            view.mutable = True
            place = None if single else part
            view.memory = base.own().view(view.atom, lambda a, k=place: again(a, k), sure=called_ not in _UNSURE)
    return out


def _apart(out: Any, given: set[int]) -> Any:
    """A result that shares its numbers with nothing."""
    if not isinstance(out, Holder) or (out.memory is None and id(out) not in given):
        return out
    return type(out)(out.session, out.atom, out.mutable, out.whole)


def _strong(out: Any) -> Any:
    """What a function of NumPy's gives: a number of NumPy's, also where it was given one of Python's."""
    if isinstance(out, (tuple, list)):
        parts = [_strong(v) for v in out]
        return type(out)(*parts) if hasattr(out, "_fields") else type(out)(parts)
    return type(out)(out.session, out.atom, out.mutable, out.whole) if isinstance(out, Holder) and out.weak else out


def _at(called_: np.ufunc, inputs: Any) -> None:
    """`np.add.at(x, index, value)`: entries added to, a place twice where it is named twice."""
    x, index, *values = inputs
    held = [h for h in inputs if isinstance(h, Holder)]
    if not isinstance(x, Holder):
        raise held[0].session.refuse(
            "a plain array cannot take in a traced value; make it in the function, by np.zeros"
        )
    target: Any = x
    if called_ not in (np.add, np.subtract) or len(values) != 1:
        raise target.session.refuse(f"np.{called_.__name__}.at has no reading here; write a loop")
    indexing.check_write(target, "x = x + y")
    key, _ = indexing.key_of(target, index)
    slot: Any = np.empty(target.shape, bool)[indexing.numpy_key(key)]
    value: Any = values[0]
    if np.shape(value) != slot.shape:
        value = np.broadcast_to(value, slot.shape)
    if isinstance(value, Holder) and not value.constant:
        given: Any = value
        moved = given.write("scatter", given, index=key, shape=target.shape)
    else:
        zeros = np.zeros(target.shape, np.asarray(value).dtype)
        np.add.at(zeros, indexing.numpy_key(key), np.asarray(value))
        moved = zeros
    target.update(called_, called_.__name__, moved)


def _method(on: Any, called_: np.ufunc, method: str, inputs: Any, options: Mapping[str, Any]) -> Any:
    """`np.add.reduce`, `np.multiply.outer`, `np.add.accumulate`."""
    if all(h.constant for h in holders([inputs, options])):
        return computed(on, getattr(called_, method), inputs, options)
    given = {k: v for k, v in options.items() if v is not None}
    if method == "outer" and len(inputs) == 2 and not given:
        a, b = [_strong(x) if isinstance(x, Holder) else np.asarray(x) for x in inputs]
        return called_(a[(..., *[None] * np.ndim(b))], b)
    if method == "reduce" and called_ in _REDUCTIONS:
        given.pop("axis", None)
        axis = options.get("axis", inputs[1] if len(inputs) > 1 else 0)  # None is every axis
        if not [k for k in given if k != "keepdims"]:
            return function(on, _REDUCTIONS[called_], (inputs[0],), {"axis": axis, **given})
    if method == "accumulate" and called_ in _RUNNING and not [k for k in given if k != "axis"]:
        axis = given.get("axis", inputs[1] if len(inputs) > 1 else 0)
        return function(on, _RUNNING[called_], (inputs[0],), {"axis": axis})
    raise on.session.refuse(method_of_ufunc(called_, method))


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if where is True:
        dst[...] = src
    else:
        dst[where] = src if np.ndim(src) == 0 else np.broadcast_to(src, dst.shape)[where]


def _putmask(a: Any, mask: Any, values: Any) -> None:
    if np.ndim(values):
        raise a.session.refuse("np.putmask and np.place repeat their values; write a[mask] = values")
    a[mask] = values


def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    if wrap or len(a.shape) < 2:
        raise a.session.refuse("np.fill_diagonal with wrap=, or of a vector, has no reading here; write a[i, i] = v")
    places = list(range(min(a.shape)))
    a[tuple([places] * len(a.shape))] = val


_IN_PLACE: Mapping[Any, Callable[..., None]] = {
    np.copyto: _copyto,
    np.put: lambda a, ind, v, mode="raise": put(a, ind, v, mode),
    np.putmask: _putmask,
    np.place: lambda arr, mask, vals: _putmask(arr, mask, vals),
    np.fill_diagonal: _fill_diagonal,
}


@lru_cache(maxsize=256)
def _tuple_of(called_: Any) -> Any:
    """The named tuple that the function gives, as np.linalg.svd does; None for most."""
    if not str(getattr(called_, "__module__", "")).startswith("numpy.linalg"):
        return None
    try:
        found = called_(np.eye(1))
    except (TypeError, ValueError, np.linalg.LinAlgError):
        return None
    return type(found) if hasattr(found, "_fields") else None


def _is_truth(value: Any) -> bool:
    kind = value.atom.type.dtype if isinstance(value, Holder) else np.asarray(value).dtype.name
    return kind == "bool"
