"""Factors of matrices: Cholesky and QR, of stacks of matrices too.

NumPy reads only the lower triangle of a matrix that it takes for symmetric, and so does the derivative here: an entry
below the diagonal gets the gradient of its mirror image too, one above it gets none. For a matrix that is symmetric by
how it was made, as in B Bᵀ, what arrives behind is the same as with a symmetric gradient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.diagonals import tril
from chalkgrad.ops.inverse import regular, solve
from chalkgrad.ops.joining import concatenate
from chalkgrad.ops.kernel import Routine, inputs
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.matrices import (
    Types,
    Uppers,
    folded,
    given,
    half_lower,
    mirrored,
    real,
    rows_and_columns,
    shorter,
    side,
    total_of,
    turned,
)
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import structured

Params = Mapping[str, Any]


def positive(rng: np.random.Generator, *shape: int) -> Any:
    """A symmetric positive definite matrix, or a stack of them."""
    a = rng.normal(size=shape)
    return a @ np.swapaxes(a, -1, -2) / 2 + np.eye(shape[-1])


def _square_types(types: Types, params: Params) -> Types:
    side(types[0])
    return (ArrayType(types[0].shape, real(*types)),)


def _cholesky_vjp(want: Any, y: Value, a: Value) -> Sequence[Local]:
    def send(u: Value) -> Value:
        inner = half_lower(turned(y) @ u)
        return folded(turned(solve(turned(y), turned(solve(turned(y), inner)))))

    return [Through(send, "L⁻ᵀ Φ(Lᵀ u) L⁻¹, onto the lower triangle; Φ: the lower half, L = chol({0})")]


def _cholesky_jvp(tangents: Any, y: Value, a: Value) -> Value:
    inner = solve(y, turned(solve(y, mirrored(tangents[0]))))
    return y @ half_lower(inner)


cholesky = structured(
    "cholesky",
    np.linalg.cholesky,
    types=_square_types,
    vjp=_cholesky_vjp,
    jvp=_cholesky_jvp,
    notation=Function("cholesky", r"\operatorname{chol}"),
    samples=lambda rng: [
        ((positive(rng, 3, 3),), {}),
        ((positive(rng, 2, 2, 2),), {}),
        ((np.array([[2.0, 99.0], [0.5, 1.0]]),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    note="L with A = L Lᵀ; it reads the lower triangle of A, and the gradient is of that triangle: 0 above it",
    batch=batching.stacked,
    kernel=lambda types, outs, params: Routine("cholesky", inputs(types), outs[0].shape, outs[0].dtype),
)


def _qr(a: Any) -> Any:
    return np.linalg.qr(a)


def _qr_types(types: Types, params: Params) -> Types:
    dtype, lead = real(*types), types[0].shape[:-2]
    rows, columns = rows_and_columns(types[0])
    k = shorter(types[0])
    return (ArrayType((*lead, rows, k), dtype), ArrayType((*lead, k, columns), dtype))


def _split(x: Value, at: Any) -> tuple[Value, Value | None]:
    """The first columns, as many as a square R has, and the others."""
    if x.shape[-1] == at:
        return x, None
    if not isinstance(at, int):
        raise ShapeError("the gradient of a QR decomposition needs its sizes as numbers")
    return x[..., :at], x[..., at:]


def _qr_vjp(want: Any, ys: Uppers, a: Value) -> Sequence[Local]:
    q, r = given(qr, ys, a)
    k = q.shape[-1]
    square, _ = _split(r, k)
    _, beside = _split(a, k)

    def send(us: Uppers) -> Value:
        up_q, up_r = us
        back = None
        if up_r is not None:
            up_r, more = _split(up_r, k)
            if more is not None and beside is not None:
                up_q = total_of((up_q, beside @ turned(more)))
                back = q @ more
        inner = total_of(
            (
                None if up_r is None else square @ turned(up_r),
                None if up_q is None else -(turned(up_q) @ q),
            )
        )
        whole = total_of((up_q, q @ mirrored(inner)))
        first = turned(solve(square, turned(whole)))
        if beside is None:
            return first
        if back is None:
            back = beside * 0.0
        return concatenate(first, back, axis=-1)

    return [Through(send, "(u0 + Q M) R⁻ᵀ, M the lower half of R u1ᵀ - u0ᵀ Q, mirrored")]


def _qr_jvp(tangents: Any, ys: Uppers, a: Value) -> tuple[Value, Value]:
    q, r = given(qr, ys, a)
    k = q.shape[-1]
    square, _ = _split(r, k)
    t, t_beside = _split(tangents[0], k)
    _, beside = _split(a, k)
    moved = turned(solve(turned(square), turned(t)))  # dA R⁻¹
    inner = turned(q) @ moved
    low = tril(inner, k=-1)
    turn = low - turned(low)
    dq = q @ (turn - inner) + moved
    dr = (inner - turn) @ square
    if beside is None or t_beside is None:
        return dq, dr
    return dq, concatenate(dr, turned(dq) @ beside + turned(q) @ t_beside, axis=-1)


qr = structured(
    "qr",
    _qr,
    several=True,
    types=_qr_types,
    vjp=_qr_vjp,
    jvp=_qr_jvp,
    samples=lambda rng: [
        ((regular(rng, 3, 3),), {}),
        ((regular(rng, 3, 2),), {}),
        ((regular(rng, 2, 3),), {}),
        ((regular(rng, 2, 3, 2),), {}),
        ((np.zeros((2, 0)),), {}),
    ],
    note="the reduced form Q R, of a matrix of full rank; signs are LAPACK's choice, and do not move",
    batch=batching.stacked,
)
