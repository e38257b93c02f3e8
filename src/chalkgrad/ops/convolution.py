"""Convolution, as networks say: the filter is laid on and not turned round, which is cross-correlation.

Three ops, since one sum T = Σ x[n,c, S·i + D·k - P] · w[o,c,k] · u[n,o,i] has three factors: the convolution is what T
is linear in u by, its gradient in x what T is linear in x by, and that in w likewise. Each is the derivative of the
other two, so that all orders follow. Arrays are laid out as PyTorch and ONNX lay them out (NCHW):

    x   (L)    or (C, L)    or (N, C, L)          in 1-D;  (H, W)   or (C, H, W)   or (N, C, H, W)   in 2-D
    w   (F)    or (O, C, F)                                (Fh, Fw) or (O, C, Fh, Fw)
    y   (L')   or (O, L')   or (N, O, L')                  likewise

N examples, C channels in, O channels out; L' is given by `Window.output`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Shape, count, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops.kernel import Expr, Kernel, axes, equal, fn, inputs, lift, nest, where
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.nests import both
from chalkgrad.ops.op import Op, structured
from chalkgrad.ops.windows import Window, each_axis

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]
MOVES = {"padding": 0, "stride": 1, "dilation": 1}

# Zeros that padding may add beside an input, beyond as many as it has numbers: a few letters can ask for any padding.
MOST_ZEROS = 4_000_000


# What is evaluated. Printed Python carries these along, so they use nothing but NumPy and each other.


def _moves(axes: int, padding: Any, stride: Any, dilation: Any) -> Any:
    """Padding, stride and dilation, each with a number an axis."""
    return [tuple(m) if isinstance(m, (tuple, list)) else (m,) * axes for m in (padding, stride, dilation)]


def _full_rank(a: Any, axes: int) -> Any:
    """With axes for the examples and the channels, or the channels out and in, of one entry where there are none."""
    a = np.asarray(a)
    return a.reshape((1,) * (axes + 2 - a.ndim) + a.shape)


def _windows(x: Any, filter: Any, moves: Any) -> Any:
    """A view (N, C, places…, weights…) of what stands under each weight at each place."""
    axes = len(filter)
    padding, stride, dilation = moves
    padded = np.pad(x, ((0, 0), (0, 0), *tuple((p, p) for p in padding)))
    spans = tuple((f - 1) * d + 1 for f, d in zip(filter, dilation, strict=True))
    seen = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=tuple(range(2, axes + 2)))
    places = tuple(slice(None, None, s) for s in stride)
    weights = tuple(slice(None, None, d) for d in dilation)
    return seen[(slice(None), slice(None), *places, *weights)]


def _convolve(x: Any, w: Any, axes: int, padding: Any, stride: Any, dilation: Any) -> Any:
    rank = np.ndim(x)
    x, w = _full_rank(x, axes), _full_rank(w, axes)
    seen = _windows(x, w.shape[2:], _moves(axes, padding, stride, dilation))
    under = (1, *tuple(range(axes + 2, 2 * axes + 2)))
    y = np.moveaxis(np.tensordot(seen, w, (under, (1, *tuple(range(2, axes + 2))))), -1, 1)
    return y.reshape(y.shape[axes + 2 - rank :])


def _under(weight: Any, output: Any, stride: Any, dilation: Any) -> Any:
    """Where the padded input stands under one weight, at every place of the filter; two axes lie in front."""
    starts = [k * d for k, d in zip(weight, dilation, strict=True)]
    ends = [a + (n - 1) * s + 1 for a, n, s in zip(starts, output, stride, strict=True)]
    places = tuple(slice(a, b, s) for a, b, s in zip(starts, ends, stride, strict=True))
    return (slice(None), slice(None), *places)


def _to_input(u: Any, w: Any, axes: int, shape: Any, padding: Any, stride: Any, dilation: Any) -> Any:
    u, w = _full_rank(u, axes), _full_rank(w, axes)
    padding, stride, dilation = _moves(axes, padding, stride, dilation)
    whole = (1,) * (axes + 2 - len(shape)) + tuple(shape)
    sizes = tuple(n + 2 * p for n, p in zip(whole[2:], padding, strict=True))
    share = np.tensordot(w, u, ((0,), (1,)))  # (C, weights…, N, places…)
    out = np.zeros((whole[1], whole[0], *sizes), share.dtype)
    for weight in np.ndindex(*w.shape[2:]):
        out[_under(weight, u.shape[2:], stride, dilation)] += share[(slice(None), *weight)]
    inside = tuple(slice(p, p + n) for p, n in zip(padding, whole[2:], strict=True))
    return np.moveaxis(out, 0, 1)[(slice(None), slice(None), *inside)].reshape(shape)


def _to_filter(x: Any, u: Any, axes: int, shape: Any, padding: Any, stride: Any, dilation: Any) -> Any:
    x, u = _full_rank(x, axes), _full_rank(u, axes)
    padding, stride, dilation = _moves(axes, padding, stride, dilation)
    padded = np.moveaxis(np.pad(x, ((0, 0), (0, 0), *tuple((p, p) for p in padding))), 1, 0)
    upstream = np.moveaxis(u, 1, 0).reshape(u.shape[1], u.shape[0] * int(np.prod(u.shape[2:])))
    sizes = tuple(shape)[len(shape) - axes :]
    out = np.zeros((u.shape[1], x.shape[1], *sizes), np.result_type(x, u))
    for weight in np.ndindex(*sizes):  # a weight at a time: all of them at once would be copies of x, one a weight
        seen = padded[_under(weight, u.shape[2:], stride, dilation)]
        out[(slice(None), slice(None), *weight)] = upstream @ seen.reshape(len(seen), upstream.shape[1]).T
    return out.reshape(shape)


def _conv1d(x: Any, w: Any, padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _convolve(x, w, 1, padding, stride, dilation)


def _conv2d(x: Any, w: Any, padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _convolve(x, w, 2, padding, stride, dilation)


def _conv1d_input(u: Any, w: Any, shape: Any = (), padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _to_input(u, w, 1, shape, padding, stride, dilation)


def _conv2d_input(u: Any, w: Any, shape: Any = (), padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _to_input(u, w, 2, shape, padding, stride, dilation)


def _conv1d_filter(x: Any, u: Any, shape: Any = (), padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _to_filter(x, u, 1, shape, padding, stride, dilation)


def _conv2d_filter(x: Any, u: Any, shape: Any = (), padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    return _to_filter(x, u, 2, shape, padding, stride, dilation)


def _laid_out(x: Any, w: Any, axes: int, padding: Any = 0, stride: Any = 1, dilation: Any = 1) -> Any:
    """The convolution of arrays of values: a product for every weight that lies on the input, none for padding."""
    rank = x.ndim
    x, w = _full_rank(x, axes), _full_rank(w, axes)
    moves = _moves(axes, padding, stride, dilation)
    windows = [Window(*of) for of in zip(x.shape[2:], w.shape[2:], *moves, strict=True)]
    y: Any = np.empty((len(x), len(w), *[window.output for window in windows]), object)
    for n, o, *place in np.ndindex(*y.shape):
        under = [window.cells(p) for window, p in zip(windows, place, strict=True)]
        total: Any = None
        for c, *weight in np.ndindex(*w.shape[1:]):
            cell = [cells[k] for cells, k in zip(under, weight, strict=True)]
            if all([0 <= at < window.size for at, window in zip(cell, windows, strict=True)]):
                term = w[(o, c, *weight)] * x[(n, c, *cell)]
                total = term if total is None else total + term
        y[(n, o, *place)] = 0.0 if total is None else total
    return y.reshape(y.shape[axes + 2 - rank :])


# What is known before it is evaluated.


def output_shape(x: Shape, w: Shape, axes: int, params: Params) -> Shape:
    """The shape of the convolution of an input of shape `x` with filters of shape `w`.

    Raises ShapeError where they do not fit, or a padding, stride or dilation is out of its range.
    """
    layout = "(length)" if axes == 1 else "(height, width)"
    if len(w) not in (axes, axes + 2):
        raise ShapeError(f"a filter is {layout} or (channels out, channels in, {layout[1:]}, not {dims_text(w)}")
    wanted = (axes,) if len(w) == axes else (axes + 1, axes + 2)
    if len(x) not in wanted:
        with_channels = f"(channels, {layout[1:]}, perhaps with an axis of examples before it"
        raise ShapeError(
            f"beside a filter of shape {dims_text(w)} the input is {layout if len(w) == axes else with_channels}, "
            f"not of shape {dims_text(x)}"
        )
    lead: Shape = ()
    if len(w) > axes:
        if x[-axes - 1] != w[1]:
            raise ShapeError(
                f"an input of shape {dims_text(x)} has {x[-axes - 1]} channels, "
                f"a filter of shape {dims_text(w)} is for {w[1]}"
            )
        lead = (*x[: -axes - 1], w[0])
    moves = [each_axis(params.get(name, default), axes, name) for name, default in MOVES.items()]
    windows = [Window(*of) for of in zip(x[-axes:], w[-axes:], *moves, strict=True)]
    given, padded = count(x), count((*x[:-axes], *[window.size + 2 * window.padding for window in windows]))
    if isinstance(given, int) and isinstance(padded, int) and padded > 2 * given + MOST_ZEROS:
        raise ShapeError(f"padding makes {padded} numbers of the {given} of the input, nearly all of them 0")
    return (*lead, *[window.output for window in windows])


def _number_type(shape: Shape, *types: ArrayType) -> Types:
    dtypes = [t.dtype for t in types]
    if "bool" in dtypes:
        raise ProgramError("a convolution needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    return (ArrayType(shape, promote(*dtypes)),)


def _record(axes: int) -> tuple[Op, Op, Op]:
    """The convolution over so many axes, and the two ops that send gradients back through it."""
    forward, to_input, to_filter = (
        (_conv1d, _conv1d_input, _conv1d_filter) if axes == 1 else (_conv2d, _conv2d_input, _conv2d_filter)
    )

    def fits(x: Shape, w: Shape, u: Shape, params: Params) -> None:
        moves = {name: params[name] for name in MOVES if name in params}
        if (wanted := output_shape(x, w, axes, moves)) != u:
            raise ShapeError(f"an upstream of shape {dims_text(u)}, where the output has shape {dims_text(wanted)}")

    def types(given: Types, params: Params) -> Types:
        x, w = given
        return _number_type(output_shape(x.shape, w.shape, axes, params), x, w)

    def input_types(given: Types, params: Params) -> Types:
        u, w = given
        fits(tuple(params["shape"]), w.shape, u.shape, params)
        return _number_type(tuple(params["shape"]), u, w)

    def filter_types(given: Types, params: Params) -> Types:
        x, u = given
        fits(x.shape, tuple(params["shape"]), u.shape, params)
        return _number_type(tuple(params["shape"]), x, u)

    def vjp(want: Sequence[bool], y: Value, x: Value, w: Value, **moves: Any) -> Sequence[Local | None]:
        return [
            Through(lambda u: back(u, w, shape=x.shape, **moves), "each u times {1}, added where {1} was laid")
            if want[0]
            else None,
            Through(lambda u: onto(x, u, shape=w.shape, **moves), "Σ over places of u times what of {0} lay there")
            if want[1]
            else None,
        ]

    def input_vjp(
        want: Sequence[bool], y: Value, u: Value, w: Value, shape: Shape, **moves: Any
    ) -> Sequence[Local | None]:
        return [
            Through(lambda v: op(v, w, **moves), "u convolved with {1}") if want[0] else None,
            Through(lambda v: onto(v, u, shape=w.shape, **moves), "Σ over places of {0} times what of u lay there")
            if want[1]
            else None,
        ]

    def filter_vjp(
        want: Sequence[bool], y: Value, x: Value, u: Value, shape: Shape, **moves: Any
    ) -> Sequence[Local | None]:
        return [
            Through(lambda v: back(u, v, shape=x.shape, **moves), "each {1} times u, added where u was laid")
            if want[0]
            else None,
            Through(lambda v: op(x, v, **moves), "{0} convolved with u") if want[1] else None,
        ]

    name = f"conv{axes}d"
    op = structured(
        name,
        forward,
        arity=2,
        kernel=_forward_kernel,
        types=types,
        params=MOVES,
        vjp=vjp,
        linear_in=(0, 1),
        scalar=lambda x, w, **moves: _laid_out(x, w, axes, **moves),
        samples=lambda rng: [((x, w), moves) for x, w, _, moves in _samples(rng, axes)],
        note="the filter is laid on at every place and not turned round: cross-correlation, as networks use it; "
        "cells that the stride does not reach at the end get no gradient",
    )
    back = structured(
        f"{name}_input",
        to_input,
        arity=2,
        kernel=_input_kernel,
        types=input_types,
        params={"shape": (), **MOVES},
        vjp=input_vjp,
        linear_in=(0, 1),
        samples=lambda rng: [((u, w), {"shape": x.shape, **moves}) for x, w, u, moves in _samples(rng, axes)],
        note=f"{name} sent back to its input, also called the transposed convolution",
    )
    onto = structured(
        f"{name}_filter",
        to_filter,
        arity=2,
        kernel=_filter_kernel,
        types=filter_types,
        params={"shape": (), **MOVES},
        vjp=filter_vjp,
        linear_in=(0, 1),
        samples=lambda rng: [((x, u), {"shape": w.shape, **moves}) for x, w, u, moves in _samples(rng, axes)],
        note=f"{name} sent back to its filter",
    )
    return op, back, onto


def _forward_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    """y[n, o, i] = Σ over c, k of x[n, c, S·i + D·k - P] · w[o, c, k]."""
    (x, w), (out,) = inputs(types), outs
    at, (lead, _, places) = axes(*out.shape), _apart(out.shape, w.shape)
    under = axes(*w.shape[len(w.shape) - places :])
    channel = axes(*w.shape[1 : len(w.shape) - places])
    cells, inside = _cells(at[len(at) - places :], under, x.shape[len(x.shape) - places :], params)
    term = x[(*at[:lead], *channel, *cells)] * w[(*at[lead : len(at) - places], *channel, *under)]
    return nest(at, term if inside is None else where(inside, term, 0), out.dtype, "sum", (*channel, *under))


def _input_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    """dx[n, c, p] = Σ over o, k of u[n, o, (p + P - D·k)/S] · w[o, c, k], where that is a place."""
    (u, w), (out,) = inputs(types), outs
    at, (lead, _, places) = axes(*out.shape), _apart(out.shape, w.shape)
    under = axes(*w.shape[len(w.shape) - places :])
    filters = axes(*w.shape[:1]) if len(w.shape) > places else ()
    moves = zip(*_moves(places, *[params[name] for name in MOVES]), strict=True)
    index: list[Expr] = []
    holds: list[Expr] = []
    sizes = u.shape[len(u.shape) - places :]
    for p, k, n, (padding, stride, dilation) in zip(at[len(at) - places :], under, sizes, moves, strict=True):
        from_start = lift(p) + padding - lift(k) * dilation
        place = from_start if stride == 1 else fn("floor_divide", from_start, stride)
        holds.append(from_start >= 0)
        holds += [] if stride == 1 else [equal(fn("remainder", from_start, stride), 0)]
        holds.append(place < lift(n))
        index.append(place)
    term = u[(*at[:lead], *filters, *index)] * w[(*filters, *at[lead : len(at) - places], *under)]
    return nest(at, where(both(*holds), term, 0), out.dtype, "sum", (*filters, *under))


def _filter_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    """dw[o, c, k] = Σ over n, i of u[n, o, i] · x[n, c, S·i + D·k - P]."""
    (x, u), (out,) = inputs(types), outs
    at, (lead, filters, places) = axes(*out.shape), _apart(u.shape, out.shape)
    whole = axes(*u.shape)
    examples, over = whole[:lead], whole[len(whole) - places :]
    cells, inside = _cells(over, at[len(at) - places :], x.shape[len(x.shape) - places :], params)
    term = u[(*examples, *at[:filters], *over)] * x[(*examples, *at[filters : len(at) - places], *cells)]
    return nest(at, term if inside is None else where(inside, term, 0), out.dtype, "sum", (*examples, *over))


def _apart(shape: Shape, filter: Shape) -> tuple[int, int, int]:
    """How many axes of a layer's array are for examples, for channels, and for places."""
    channels = 1 if len(filter) > 2 else 0
    places = len(filter) - 2 * channels
    return len(shape) - channels - places, channels, places


def _cells(at: Any, under: Any, sizes: Shape, params: Params) -> tuple[list[Expr], Expr | None]:
    """Which cell each weight lies on, and whether it lies on the input; None where it always does."""
    found: list[Expr] = []
    holds: list[Expr] = []
    moves = zip(*_moves(len(at), *[params[name] for name in MOVES]), strict=True)
    for i, k, n, (padding, stride, dilation) in zip(at, under, sizes, moves, strict=True):
        cell = lift(i) * stride + lift(k) * dilation - padding
        found.append(cell)
        holds += [cell >= 0, cell < lift(n)] if padding else []
    return found, both(*holds) if holds else None


def _samples(rng: np.random.Generator, axes: int) -> list[tuple[Any, Any, Any, dict[str, Any]]]:
    """Inputs, filters, an upstream and moves: plain, with channels, with examples, and with none of these."""
    tail: Any = (5,) if axes == 1 else (4, 3)
    filter: Any = (3,) if axes == 1 else (2, 3)
    second = 2 if axes == 1 else (2, 1)
    shapes: list[tuple[Any, Any, dict[str, Any]]] = [
        (tail, filter, {}),
        (tail, filter, {"padding": 2, "stride": 2}),  # leaves one over
        ((2, *tail), (3, 2, *filter), {"padding": 1, "dilation": second}),
        ((2, 1, *tail), (2, 1, *filter), {"stride": second, "padding": 1}),
        ((0, 2, *tail), (1, 2, *filter), {}),
    ]
    found: list[tuple[Any, Any, Any, dict[str, Any]]] = []
    for x, w, moves in shapes:
        upstream: Any = output_shape(x, w, axes, moves)
        found.append((rng.normal(size=x), rng.normal(size=w), rng.normal(size=upstream), moves))
    return found


conv1d, conv1d_input, conv1d_filter = _record(1)
conv2d, conv2d_input, conv2d_filter = _record(2)
