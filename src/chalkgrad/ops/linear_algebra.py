"""Matrix products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import broadcast, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops.local import Local, Matrix, Through, fit, times
from chalkgrad.ops.notation import PRODUCT, Infix
from chalkgrad.ops.op import structured
from chalkgrad.ops.shape import transpose

Types = tuple[ArrayType, ...]


def _matmul_types(types: Types, params: Mapping[str, Any]) -> Types:
    a, b = types[0].shape, types[1].shape
    if not a or not b:
        raise ShapeError("a matrix product needs arrays; use * with a scalar")
    rows, columns = a[-1], b[max(len(b) - 2, 0)]
    if rows != columns:
        left = f"the left factor has {rows} columns" if len(a) > 1 else f"the left factor has {rows} entries"
        raise ShapeError(f"{dims_text(a)} @ {dims_text(b)}: {left}, the right one has {columns} rows")
    batch = broadcast(a[:-2], b[:-2])
    tail = (a[-2:-1] if len(a) > 1 else ()) + (b[-1:] if len(b) > 1 else ())
    return (ArrayType(batch + tail, promote(types[0].dtype, types[1].dtype)),)


def _turned(x: Value) -> Value:
    """The last two axes swapped."""
    rank = len(x.shape)
    return transpose(x) if rank == 2 else transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def _matmul_vjp(want: Sequence[bool], y: Value, a: Value, b: Value) -> Sequence[Local | None]:
    ranks = len(a.shape), len(b.shape)
    if ranks == (1, 1):
        return [times(b, a) if want[0] else None, times(a, b) if want[1] else None]
    if ranks == (2, 1):
        return [
            Through(lambda u: outer(u, b), "u {1}ᵀ") if want[0] else None,
            Matrix(_turned(a), "left") if want[1] else None,
        ]
    if ranks == (1, 2):
        return [
            Matrix(_turned(b), "right") if want[0] else None,
            Through(lambda u: outer(a, u), "{0}ᵀ u") if want[1] else None,
        ]
    if ranks == (2, 2):
        return [
            Matrix(_turned(b), "right") if want[0] else None,
            Matrix(_turned(a), "left") if want[1] else None,
        ]
    return [
        Through(lambda u: _stacked(a, b, u, 0), "u {1}ᵀ, summed over what was broadcast") if want[0] else None,
        Through(lambda u: _stacked(a, b, u, 1), "{0}ᵀ u, summed over what was broadcast") if want[1] else None,
    ]


def _stacked(a: Value, b: Value, u: Value, position: int) -> Value:
    """The vjp of a stack of matrices; a vector stands as a matrix of one row or one column."""
    rows = a if len(a.shape) > 1 else a[None, :]
    columns = b if len(b.shape) > 1 else b[:, None]
    if len(a.shape) == 1:
        u = u.apply("reshape", shape=(*u.shape[:-1], 1, u.shape[-1]))
    if len(b.shape) == 1:
        u = u.apply("reshape", shape=(*u.shape, 1))
    if position == 0:
        back = fit(u @ _turned(columns), (*rows.shape,))
        return back if rows is a else back.apply("reshape", shape=a.shape)
    back = fit(_turned(rows) @ u, (*columns.shape,))
    return back if columns is b else back.apply("reshape", shape=b.shape)


matmul = structured(
    "matmul",
    np.matmul,
    arity=2,
    types=_matmul_types,
    vjp=_matmul_vjp,
    linear_in=(0, 1),
    notation=Infix("@", r"\,", "@", PRODUCT),
    samples=lambda rng: [
        ((rng.normal(size=(2, 3)), rng.normal(size=(3, 4))), {}),
        ((rng.normal(size=(2, 3)), rng.normal(size=3)), {}),
        ((rng.normal(size=3), rng.normal(size=(3, 2))), {}),
        ((rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 1, 2, 3)), rng.normal(size=(3, 3, 2))), {}),
        ((rng.normal(size=(2, 2, 3)), rng.normal(size=3)), {}),
        ((rng.normal(size=3), rng.normal(size=(2, 3, 2))), {}),
    ],
    note="each factor's gradient is the upstream one times the other factor, transposed",
)


def _outer_types(types: Types, params: Mapping[str, Any]) -> Types:
    if len(types[0].shape) != 1 or len(types[1].shape) != 1:
        raise ShapeError(f"needs two vectors, not {dims_text(types[0].shape)} and {dims_text(types[1].shape)}")
    return (ArrayType(types[0].shape + types[1].shape, promote(types[0].dtype, types[1].dtype)),)


outer = structured(
    "outer",
    np.outer,
    arity=2,
    types=_outer_types,
    linear_in=(0, 1),
    vjp=lambda want, y, a, b: [
        Through(lambda u: u @ b, "u {1}") if want[0] else None,
        Through(lambda u: a @ u, "{0} u") if want[1] else None,
    ],
    samples=lambda rng: [((rng.normal(size=3), rng.normal(size=2)), {})],
)


def _dot(a: Any, b: Any) -> Any:
    return np.dot(a, b)


def _dot_types(types: Types, params: Mapping[str, Any]) -> Types:
    if len(types[0].shape) > 2 or len(types[1].shape) > 2:
        raise ShapeError("dot is for vectors and matrices here; use @")
    return _matmul_types(types, params)


dot = structured(
    "dot",
    _dot,
    arity=2,
    types=_dot_types,
    linear_in=(0, 1),
    vjp=_matmul_vjp,
    numpy=(np.dot,),
    samples=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(3, 2))), {}),
        ((rng.normal(size=3), rng.normal(size=(3, 2))), {}),
    ],
)
