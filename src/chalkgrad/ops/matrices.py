"""What the ops of matrices share: types of stacks of matrices, and the small steps that their rules are written in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops.diagonals import put_diagonal, tril
from chalkgrad.ops.local import constant
from chalkgrad.ops.shape import broadcast_to, reshape, transpose

Types = tuple[ArrayType, ...]
Uppers = Sequence[Value | None]


def real(*types: ArrayType) -> str:
    """The dtype in which NumPy computes with such matrices: whole numbers give float64.

    Raises ProgramError for truth values.
    """
    out = promote(*[t.dtype for t in types])
    if any(t.dtype == "bool" for t in types):
        raise ProgramError("a matrix here holds numbers, not truth values: indicator(…) turns them into 0 and 1")
    return "float64" if out == "int64" else out


def rows_and_columns(type: ArrayType) -> tuple[Dim, Dim]:
    """The last two sizes.

    Raises ShapeError where there are none.
    """
    if len(type.shape) < 2:
        raise ShapeError(f"needs a matrix, or a stack of them, not an array of shape {dims_text(type.shape)}")
    return type.shape[-2], type.shape[-1]


def side(type: ArrayType) -> Dim:
    """How many rows, and as many columns, a matrix has.

    Raises ShapeError where it is not square.
    """
    rows, columns = rows_and_columns(type)
    if rows != columns:
        raise ShapeError(f"needs a square matrix, not {rows} rows and {columns} columns")
    return rows


def shorter(type: ArrayType) -> Dim:
    """The lesser of the numbers of rows and columns.

    Raises ShapeError where they are names, of which neither is known to be the lesser.
    """
    rows, columns = rows_and_columns(type)
    if rows == columns:
        return rows
    if not (isinstance(rows, int) and isinstance(columns, int)):
        raise ShapeError(f"{dims_text(type.shape)} needs its sizes as numbers: which is the lesser decides the result")
    return min(rows, columns)


def turned(x: Value) -> Value:
    """The last two axes swapped."""
    rank = len(x.shape)
    return transpose(x) if rank == 2 else transpose(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def as_rows(x: Value) -> Value:
    """A stack of vectors as a stack of matrices of one row."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def as_columns(x: Value) -> Value:
    """A stack of vectors as a stack of matrices of one column."""
    return reshape(x, shape=(*x.shape, 1))


def per_matrix(u: Value) -> Value:
    """One number a matrix, made to broadcast against the stack."""
    return reshape(u, shape=(*u.shape, 1, 1)) if u.shape else u


def identity(like: Value) -> Value:
    """The identity in the size of the last two axes of `like`, whose number need not be known."""
    n = like.shape[-1]
    return put_diagonal(broadcast_to(constant(1, like), shape=(n,)), shape=(n, n))


def on_diagonal(x: Value) -> Value:
    """A stack of vectors as a stack of diagonal matrices."""
    return put_diagonal(x, shape=(*x.shape, x.shape[-1]), axis1=-2, axis2=-1)


def mirrored(x: Value) -> Value:
    """The symmetric matrix that has the lower triangle of x."""
    return tril(x) + turned(tril(x, k=-1))


def folded(x: Value) -> Value:
    """What `mirrored` sends back: the lower triangle gets its own and its mirror's gradient, the upper one none."""
    return tril(x) + tril(turned(x), k=-1)


def half_lower(x: Value) -> Value:
    """The lower triangle with half of the diagonal."""
    return (tril(x) + tril(x, k=-1)) * 0.5


def total_of(parts: Uppers) -> Value:
    """The sum of those that are there; of one at least."""
    there = [p for p in parts if p is not None]
    total = there[0]
    for part in there[1:]:
        total = total + part
    return total


def given(op: Any, ys: Uppers, a: Value) -> Sequence[Any]:
    """Every result; made anew where the step gives only some, since a rule needs them all."""
    return op(a) if any(y is None for y in ys) else ys
