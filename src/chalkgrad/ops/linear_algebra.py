"""Products of matrices: matmul, outer, dot."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import broadcast, count, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops import batching
from chalkgrad.ops.contraction import einsum
from chalkgrad.ops.kernel import Kernel, View, inputs
from chalkgrad.ops.local import Local, Matrix, Through, fit, times
from chalkgrad.ops.matrices import turned
from chalkgrad.ops.nests import contracted
from chalkgrad.ops.notation import PRODUCT, Function, Infix
from chalkgrad.ops.op import structured
from chalkgrad.ops.shape import reshape

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


def _matmul_vjp(want: Sequence[bool], y: Value, a: Value, b: Value) -> Sequence[Local | None]:
    ranks = len(a.shape), len(b.shape)
    if ranks == (1, 1):
        return [times(b, a) if want[0] else None, times(a, b) if want[1] else None]
    if ranks == (2, 1):
        return [
            Through(lambda u: outer(u, b), "u {1}ᵀ") if want[0] else None,
            Matrix(turned(a), "left") if want[1] else None,
        ]
    if ranks == (1, 2):
        return [
            Matrix(turned(b), "right") if want[0] else None,
            Through(lambda u: outer(a, u), "{0}ᵀ u") if want[1] else None,
        ]
    if ranks == (2, 2):
        return [
            Matrix(turned(b), "right") if want[0] else None,
            Matrix(turned(a), "left") if want[1] else None,
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
        back = fit(u @ turned(columns), (*rows.shape,))
        return back if rows is a else back.apply("reshape", shape=a.shape)
    back = fit(turned(rows) @ u, (*columns.shape,))
    return back if columns is b else back.apply("reshape", shape=b.shape)


def _letters(a: int, b: int) -> tuple[str, str, str]:
    """The subscripts of a matrix product, of stacks too: those of the factors and of the result."""
    lead = string.ascii_uppercase[: max(a, b, 2) - 2]
    left = lead[len(lead) - max(a - 2, 0) :] + ("ik" if a > 1 else "k")
    right = lead[len(lead) - max(b - 2, 0) :] + ("kj" if b > 1 else "k")
    return left, right, lead + ("i" if a > 1 else "") + ("j" if b > 1 else "")


def _matmul_kernel(types: Types, outs: Types, params: Any) -> Kernel:
    left, right, result = _letters(len(types[0].shape), len(types[1].shape))
    return contracted(inputs(types), (left, right), result, outs[0].dtype)


matmul = structured(
    "matmul",
    np.matmul,
    scalar=np.matmul,
    arity=2,
    types=_matmul_types,
    vjp=_matmul_vjp,
    linear_in=(0, 1),
    notation=Infix("@", r"\,", "@", PRODUCT),
    samples=lambda rng: [
        ((rng.normal(size=(2, 3)), rng.normal(size=(3, 4))), {}),
        ((rng.normal(size=(2, 2)), rng.normal(size=(2, 2))), {}),
        ((rng.normal(size=(2, 3)), rng.normal(size=3)), {}),
        ((rng.normal(size=3), rng.normal(size=(3, 2))), {}),
        ((rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 1, 2, 3)), rng.normal(size=(3, 3, 2))), {}),
        ((rng.normal(size=(2, 2, 3)), rng.normal(size=3)), {}),
        ((rng.normal(size=3), rng.normal(size=(2, 3, 2))), {}),
    ],
    note="each factor's gradient is the upstream one times the other factor, transposed",
    batch=batching.multiplied,
    kernel=_matmul_kernel,
)


def _outer_types(types: Types, params: Mapping[str, Any]) -> Types:
    sizes = (count(types[0].shape), count(types[1].shape))
    return (ArrayType(sizes, promote(types[0].dtype, types[1].dtype)),)


def _flat(x: Value) -> Value:
    return x if len(x.shape) == 1 else reshape(x, shape=(count(x.shape),))


def _shaped(value: Value, x: Value) -> Value:
    return value if value.shape == x.shape else reshape(value, shape=x.shape)


def _outer_kernel(types: Types, outs: Types, params: Any) -> Kernel:
    flat = [View(x, (count(x.shape),)) for x in inputs(types)]
    return contracted(flat, ("i", "j"), "ij", outs[0].dtype)


outer = structured(
    "outer",
    np.outer,
    arity=2,
    notation=Function("outer", r"\operatorname{outer}", paper="outer"),
    types=_outer_types,
    linear_in=(0, 1),
    scalar=np.outer,
    vjp=lambda want, y, a, b: [
        Through(lambda u: _shaped(u @ _flat(b), a), "u {1}") if want[0] else None,
        Through(lambda u: _shaped(_flat(a) @ u, b), "{0} u") if want[1] else None,
    ],
    samples=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=2)), {}),
        ((rng.normal(size=(2, 2)), rng.normal(size=())), {}),
        ((rng.normal(size=(2, 0)), rng.normal(size=3)), {}),
    ],
    note="every entry times every other; arrays of more axes than one are read flat, as in NumPy",
    batch=batching.outer,
    kernel=_outer_kernel,
)


def _dot_types(types: Types, params: Mapping[str, Any]) -> Types:
    a, b = types[0].shape, types[1].shape
    if not a or not b:
        return (ArrayType(a or b, promote(types[0].dtype, types[1].dtype)),)
    (flat,) = _matmul_types((types[0], ArrayType(b[-2:], types[1].dtype)), params)
    if len(b) <= 2:
        return (flat,)
    return (ArrayType(a[:-1] + b[:-2] + b[-1:], flat.dtype),)


def _dot_letters(a: int, b: int) -> tuple[str, str, str]:
    """The subscripts of a dot product: those of the factors and of the result."""
    left, right = string.ascii_letters[:a], string.ascii_letters[a : a + b]
    if not a or not b:
        return left, right, left + right
    right = right[:-2] + left[-1] + right[-1] if b > 1 else left[-1]
    return left, right, left[:-1] + right.replace(left[-1], "")


def _dot_vjp(want: Sequence[bool], y: Value, a: Value, b: Value) -> Sequence[Local | None]:
    ranks = len(a.shape), len(b.shape)
    if 0 in ranks:
        return [times(b, a) if want[0] else None, times(a, b) if want[1] else None]
    if max(ranks) <= 2:
        return _matmul_vjp(want, y, a, b)
    left, right, result = _dot_letters(*ranks)
    return [
        Through(lambda u: einsum(u, b, subscripts=f"{result},{right}->{left}"), "u {1}ᵀ, summed over the axes of {1}")
        if want[0]
        else None,
        Through(lambda u: einsum(a, u, subscripts=f"{left},{result}->{right}"), "{0}ᵀ u, summed over the axes of {0}")
        if want[1]
        else None,
    ]


def _dot_kernel(types: Types, outs: Types, params: Any) -> Kernel:
    left, right, result = _dot_letters(len(types[0].shape), len(types[1].shape))
    return contracted(inputs(types), (left, right), result, outs[0].dtype)


dot = structured(
    "dot",
    np.dot,
    arity=2,
    types=_dot_types,
    linear_in=(0, 1),
    scalar=np.dot,
    vjp=_dot_vjp,
    samples=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 3)), rng.normal(size=(3, 2))), {}),
        ((rng.normal(size=3), rng.normal(size=(3, 2))), {}),
        ((rng.normal(size=()), rng.normal(size=(2, 3))), {}),
        ((rng.normal(size=3), rng.normal(size=(2, 3, 2))), {}),
        ((rng.normal(size=(2, 1, 3)), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 3, 2))), {}),
        ((np.zeros((2, 0)), np.zeros((0, 3))), {}),
    ],
    note="of arrays with more axes than two it sums over the last axis of the left and the last but one of the right",
    batch=batching.dotted,
    kernel=_dot_kernel,
)
