"""Singular values and vectors, of stacks of matrices too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import sign
from chalkgrad.ops.diagonals import diagonal
from chalkgrad.ops.inverse import apart
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.matrices import (
    Types,
    Uppers,
    as_columns,
    as_rows,
    given,
    identity,
    on_diagonal,
    real,
    rows_and_columns,
    shorter,
    total_of,
    turned,
)
from chalkgrad.ops.op import Kink, structured
from chalkgrad.ops.reduction import sum

Params = Mapping[str, Any]
DEGENERATE = "singular values that coincide or are 0: only symmetric functions of them have a derivative, U and V none"


def _svd(a: Any) -> Any:
    return np.linalg.svd(a, full_matrices=False)


def _svd_types(types: Types, params: Params) -> Types:
    dtype, lead = real(*types), types[0].shape[:-2]
    rows, columns = rows_and_columns(types[0])
    k = shorter(types[0])
    return (
        ArrayType((*lead, rows, k), dtype),
        ArrayType((*lead, k), dtype),
        ArrayType((*lead, k, columns), dtype),
    )


def _svd_gaps(s: Value) -> Value:
    """1 / (s_j² - s_i²), and 0 on the diagonal."""
    one = identity(s)
    return (1 - one) / ((as_rows(s) - as_columns(s)) * (as_rows(s) + as_columns(s)) + one)


def _beside(q: Value, x: Value) -> Value | None:
    """The part of x outside of the span of the columns of q; None where they span everything."""
    return None if q.shape[-2] == q.shape[-1] else x - q @ (turned(q) @ x)


def _svd_vjp(want: Any, ys: Uppers, a: Value) -> Sequence[Local]:
    u, s, vh = given(svd, ys, a)
    v = turned(vh)

    def send(us: Uppers) -> Value:
        row, column = as_rows(s), as_columns(s)
        middle: list[Value | None] = [None if us[1] is None else on_diagonal(us[1])]
        outside: list[Value | None] = []
        if us[0] is not None:
            skew = turned(u) @ us[0]
            middle.append(_svd_gaps(s) * (skew - turned(skew)) * row)
            rest = _beside(u, us[0])
            outside.append(None if rest is None else (rest / row) @ vh)
        if us[2] is not None:
            up = turned(us[2])
            skew = vh @ up
            middle.append(column * (_svd_gaps(s) * (skew - turned(skew))))
            rest = _beside(v, up)
            outside.append(None if rest is None else (u / row) @ turned(rest))
        return total_of((u @ total_of(middle) @ vh, *outside))

    words = "U (diag(u1) + F ∘ (Uᵀu0 - u0ᵀU) S + S F ∘ (Vᵀu2ᵀ - u2 V)) Vᵀ, and what lies beside U and V"
    return [Through(send, words)]


def _svd_jvp(tangents: Any, ys: Uppers, a: Value) -> tuple[Value, Value, Value]:
    u, s, vh = given(svd, ys, a)
    v, t = turned(vh), tangents[0]
    inner = turned(u) @ t @ v
    row, column, gaps = as_rows(s), as_columns(s), _svd_gaps(s)
    du = u @ (gaps * (inner * row + column * turned(inner)))
    dv = v @ (gaps * (column * inner + turned(inner) * row))
    left, right = _beside(u, t @ v), _beside(v, turned(t) @ u)
    du = du if left is None else du + left / row
    dv = dv if right is None else dv + right / row
    return du, diagonal(inner, axis1=-2, axis2=-1), turned(dv)


def _degenerate(a: Any) -> Any:
    """Whether two singular values coincide, or one is 0, to the last digits."""
    s = np.linalg.svd(a, compute_uv=False)
    if s.size == 0:
        return False
    near = 4 * np.finfo(s.dtype).eps * np.max(s, axis=-1, keepdims=True)
    return bool(np.any(s <= near) or np.any(-np.diff(s, axis=-1) <= near))


def _svd_samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    return [
        ((apart(rng, 3, 3) + np.eye(3),), {}),
        ((rng.normal(size=(2, 3)) + np.array([[3.0, 0, 0], [0, 1, 0]]),), {}),
        ((rng.normal(size=(2, 3, 2)) / 2 + np.array([[3.0, 0], [0, 1], [0, 0]]),), {}),
        ((np.array([[1.5, -0.5]]),), {}),
        ((np.zeros((0, 2)),), {}),
    ]


svd = structured(
    "svd",
    _svd,
    several=True,
    types=_svd_types,
    vjp=_svd_vjp,
    jvp=_svd_jvp,
    samples=_svd_samples,
    kinks=(Kink(_degenerate, DEGENERATE, (np.diag([1.0, 1.0]),), (np.full((2, 2), np.nan),)),),
    note="the reduced form U diag(s) Vᵀ; signs of the vectors are LAPACK's choice, and do not move",
    batch=batching.stacked,
)


def _svdvals_types(types: Types, params: Params) -> Types:
    return (_svd_types(types, params)[1],)


def _svdvals_vjp(want: Any, y: Value, a: Value) -> Sequence[Local]:
    u, s, vh = svd(a)
    # at 0 a singular value has a corner, as |x| has, and the least subgradient there is 0
    return [Through(lambda up: (u * as_rows(sign(s) * up)) @ vh, "U diag(u) Vᵀ, from the singular vectors of {0}")]


def _svdvals_jvp(tangents: Any, y: Value, a: Value) -> Value:
    u, s, vh = svd(a)
    return sign(s) * sum(u * (tangents[0] @ turned(vh)), axis=-2)


svdvals = structured(
    "svdvals",
    np.linalg.svdvals,
    types=_svdvals_types,
    vjp=_svdvals_vjp,
    jvp=_svdvals_jvp,
    samples=_svd_samples,
    kinks=(Kink(_degenerate, DEGENERATE, (np.zeros((2, 2)),), (np.zeros((2, 2)),)),),
    note="the singular values, the greatest first",
    batch=batching.stacked,
)
