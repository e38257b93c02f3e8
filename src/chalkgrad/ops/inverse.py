"""Inverses of matrices, and linear systems. All take stacks of matrices too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import broadcast, dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.kernel import Kernel, Routine, Source, View, axes, inputs, nest
from chalkgrad.ops.kernel import spread as spread_over
from chalkgrad.ops.local import Local, Through, fit
from chalkgrad.ops.matrices import Types, as_columns, as_rows, real, rows_and_columns, side, turned
from chalkgrad.ops.notation import Function, Postfix
from chalkgrad.ops.op import Kink, spread, structured
from chalkgrad.ops.shape import reshape

Params = Mapping[str, Any]


def _inv_types(types: Types, params: Params) -> Types:
    side(types[0])
    return (ArrayType(types[0].shape, real(*types)),)


def regular(rng: np.random.Generator, *shape: int) -> Any:
    """A matrix, or a stack of them, that is far from singular."""
    return rng.normal(size=shape) + 3 * np.eye(shape[-2], shape[-1])


def apart(rng: np.random.Generator, *shape: int) -> Any:
    """A matrix, or a stack of them, whose lower triangle has eigenvalues that lie apart."""
    return rng.normal(size=shape) / 2 + np.diag(2.0 * np.arange(shape[-1]))


def _inv_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    return Routine("inv", inputs(types), outs[0].shape, outs[0].dtype)


inv = structured(
    "inv",
    np.linalg.inv,
    types=_inv_types,
    vjp=lambda want, y, a: [Through(lambda u: -(turned(y) @ u @ turned(y)), "-{0}⁻ᵀ u {0}⁻ᵀ")],
    jvp=lambda tangents, y, a: -(y @ tangents[0] @ y),
    notation=Postfix("⁻¹", "^{-1}"),
    samples=lambda rng: [
        ((regular(rng, 3, 3),), {}),
        ((regular(rng, 2, 1, 2, 2),), {}),
        ((np.array([[1.5]]),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    note="the inverse: dA = -A⁻ᵀ dY A⁻ᵀ; a singular matrix has none",
    batch=batching.stacked,
    kernel=_inv_kernel,
)


def _solve_types(types: Types, params: Params) -> Types:
    n, (a, b) = side(types[0]), (types[0].shape, types[1].shape)
    if not b:
        raise ShapeError("the right side is a vector or a matrix, not a number")
    if b[-2:][0] != n:
        raise ShapeError(f"a matrix of {n} rows, and a right side of shape {dims_text(b)}, which has {b[-2:][0]}")
    if len(b) == 1:
        return (ArrayType(a[:-1], real(*types)),)
    return (ArrayType(broadcast(a[:-2], b[:-2]) + b[-2:], real(*types)),)


def _solved(a: Value, right: Value, flat: bool) -> Value:
    """a⁻¹ right, where `flat` says that right is a stack of vectors."""
    if not flat or len(right.shape) == 1:
        return solve(a, right)
    columns = solve(a, as_columns(right))
    return reshape(columns, shape=columns.shape[:-1])


def _solve_vjp(want: Sequence[bool], y: Value, a: Value, b: Value) -> Sequence[Local | None]:
    flat = len(b.shape) == 1

    def to_matrix(u: Value) -> Value:
        back = _solved(turned(a), u, flat)
        product = as_columns(back) * as_rows(y) if flat else back @ turned(y)
        return -fit(product, a.shape)

    return [
        Through(to_matrix, "-({0}⁻ᵀ u) ({0}⁻¹ {1})ᵀ") if want[0] else None,
        Through(lambda u: fit(_solved(turned(a), u, flat), b.shape), "{0}⁻ᵀ u") if want[1] else None,
    ]


def _solve_jvp(tangents: Sequence[Value | None], y: Value, a: Value, b: Value) -> Value:
    da, db = tangents
    flat = len(b.shape) == 1
    right = db
    if da is not None:
        moved = da @ (as_columns(y) if flat else y)
        moved = reshape(moved, shape=y.shape) if flat else moved
        right = -moved if db is None else db - moved
    assert right is not None
    return spread(_solved(a, right, flat), y)


def _solve_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    (a, b), (out,) = inputs(types), outs
    right = View(b, (*b.shape, 1)) if len(b.shape) == 1 else b
    width = right.shape[-1]
    columns = (*out.shape, 1) if len(b.shape) == 1 else out.shape
    given: list[Source] = []
    for x, last in ((a, a.shape[-1]), (right, width)):
        at = axes(*columns[:-2], x.shape[-2], last)
        given.append(x if x.shape == tuple([n.extent for n in at]) else nest(at, spread_over(x, at), x.dtype))
    return View(Routine("solve", tuple(given), columns, out.dtype), out.shape)


solve = structured(
    "solve",
    np.linalg.solve,
    arity=2,
    types=_solve_types,
    vjp=_solve_vjp,
    jvp=_solve_jvp,
    notation=Function("solve", r"\operatorname{solve}"),
    samples=lambda rng: [
        ((regular(rng, 3, 3), rng.normal(size=3)), {}),
        ((regular(rng, 3, 3), rng.normal(size=(3, 2))), {}),
        ((regular(rng, 2, 2, 2), rng.normal(size=2)), {}),
        ((regular(rng, 2, 1, 2, 2), rng.normal(size=(3, 2, 1))), {}),
        ((regular(rng, 2, 2), rng.normal(size=(2, 2, 3))), {}),
        ((np.zeros((0, 0)), np.zeros((0, 2))), {}),
    ],
    note="the solution of A y = b: db = A⁻ᵀ dy and dA = -db yᵀ, and no inverse is made",
    batch=batching.solved,
    kernel=_solve_kernel,
)


def _pinv_types(types: Types, params: Params) -> Types:
    shape = types[0].shape
    rows, columns = rows_and_columns(types[0])
    return (ArrayType((*shape[:-2], columns, rows), real(*types)),)


def _pinv_vjp(want: Any, y: Value, a: Value, rcond: Any = None) -> Sequence[Local]:
    def send(u: Value) -> Value:
        up, back = turned(u), turned(y)
        first = -(back @ u @ back)
        second = (up - a @ (y @ up)) @ y @ back  # (1 - A Y) uᵀ Y Yᵀ
        third = back @ y @ (up - (up @ y) @ a)  # Yᵀ Y uᵀ (1 - Y A)
        return first + second + third

    return [Through(send, "-Yᵀ u Yᵀ + (1 - A Y) uᵀ Y Yᵀ + Yᵀ Y uᵀ (1 - Y A), A = {0}, Y = its pseudo-inverse")]


def _pinv_jvp(tangents: Any, y: Value, a: Value, rcond: Any = None) -> Value:
    t, back = tangents[0], turned(y)
    up = turned(t)
    second = y @ back @ (up - (up @ a) @ y)
    third = (up - y @ (a @ up)) @ back @ y
    return second + third - y @ t @ y


def _deficient(a: Any, rcond: Any = None) -> Any:
    """Whether the rank is not the full one, by the bound that pinv itself cuts at."""
    s = np.linalg.svd(a, compute_uv=False)
    if s.size == 0:
        return False
    cut = 1e-15 if rcond is None else rcond
    return np.any(s <= cut * np.max(s, axis=-1, keepdims=True))


def _pinv(a: Any, rcond: Any = None) -> Any:
    return np.linalg.pinv(np.asarray(a) * 1.0, rcond=rcond)  # of whole numbers an empty one would stay whole


pinv = structured(
    "pinv",
    _pinv,
    types=_pinv_types,
    params={"rcond": None},
    vjp=_pinv_vjp,
    jvp=_pinv_jvp,
    notation=Postfix("⁺", "^{+}"),
    samples=lambda rng: [
        ((regular(rng, 2, 3),), {}),
        ((regular(rng, 3, 2),), {}),
        ((regular(rng, 2, 2, 2),), {}),
        ((np.zeros((0, 2)),), {}),
    ],
    kinks=(
        Kink(
            _deficient,
            "the derivative along matrices of the same rank; across ranks the pseudo-inverse jumps",
            (np.zeros((2, 2)),),
            (np.zeros((2, 2)),),
        ),
    ),
    numpy=(np.linalg.pinv,),
    note="the pseudo-inverse; its derivative is that along matrices of the same rank",
    batch=batching.stacked,
)
