"""Eigenvalues and eigenvectors, of stacks of matrices too.

`eigh` reads only the lower triangle, and so does its derivative: see `chalkgrad.ops.decomposition`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.build import Value
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.diagonals import diagonal
from chalkgrad.ops.inverse import apart, solve
from chalkgrad.ops.local import Local, Through
from chalkgrad.ops.matrices import (
    Types,
    Uppers,
    as_columns,
    as_rows,
    folded,
    given,
    identity,
    mirrored,
    on_diagonal,
    real,
    side,
    total_of,
    turned,
)
from chalkgrad.ops.op import Kink, structured
from chalkgrad.ops.reduction import sum

Params = Mapping[str, Any]
COINCIDE = "eigenvalues that coincide: only symmetric functions of them have a derivative, eigenvectors have none"


def _gaps(w: Value) -> Value:
    """1 / (w_j - w_i), and 0 on the diagonal; infinite where two coincide."""
    one = identity(w)
    return (1 - one) / (as_rows(w) - as_columns(w) + one)


def _eigh_types(types: Types, params: Params) -> Types:
    side(types[0])
    dtype, shape = real(*types), types[0].shape
    return (ArrayType(shape[:-1], dtype), ArrayType(shape, dtype))


def _eigh_vjp(want: Any, ys: Uppers, a: Value) -> Sequence[Local]:
    w, v = given(eigh, ys, a)

    def send(us: Uppers) -> Value:
        values = None if us[0] is None else on_diagonal(us[0])
        vectors = None if us[1] is None else _gaps(w) * (turned(v) @ us[1])
        return folded(v @ total_of((values, vectors)) @ turned(v))

    return [Through(send, "V (diag(u0) + F ∘ Vᵀ u1) Vᵀ, onto the lower triangle; F = 1/(w_j - w_i), 0 on the diagonal")]


def _eigh_jvp(tangents: Any, ys: Uppers, a: Value) -> tuple[Value, Value]:
    w, v = given(eigh, ys, a)
    inner = turned(v) @ mirrored(tangents[0]) @ v
    return diagonal(inner, axis1=-2, axis2=-1), v @ (_gaps(w) * inner)


def _coincide(a: Any) -> Any:
    """Whether two eigenvalues are equal to the last digits."""
    w = np.linalg.eigvalsh(a)
    if w.shape[-1] < 2:
        return False
    size = np.max(np.abs(w), axis=-1, keepdims=True)
    return np.any(np.diff(w, axis=-1) <= 4 * np.finfo(w.dtype).eps * size)


eigh = structured(
    "eigh",
    np.linalg.eigh,
    several=True,
    types=_eigh_types,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,
    samples=lambda rng: [
        ((apart(rng, 3, 3),), {}),
        ((apart(rng, 2, 2, 2),), {}),
        ((np.array([[1.5]]),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    kinks=(Kink(_coincide, COINCIDE, (np.diag([1.0, 1.0]),), (np.diag([1.0, 1.0]),)),),
    note="eigenvalues in order, and eigenvectors; it reads the lower triangle, and the gradient is of that triangle",
    batch=batching.stacked,
)


def _eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    if np.iscomplexobj(w):
        raise np.linalg.LinAlgError("complex eigenvalues, which have no place here; a symmetric matrix has none")
    return w, v


def _eig_back(w: Value, v: Value, us: Uppers) -> Value:
    """What goes back through V⁻¹ dA V; the vectors are held at length 1."""
    values = None if us[0] is None else on_diagonal(us[0])
    if us[1] is None:
        return total_of((values,))
    along = turned(v) @ us[1]
    lengths = as_rows(diagonal(along, axis1=-2, axis2=-1))
    return total_of((values, _gaps(w) * (along - turned(v) @ v * lengths)))


def _eig_vjp(want: Any, ys: Uppers, a: Value) -> Sequence[Local]:
    w, v = given(eig, ys, a)
    words = "V⁻ᵀ (diag(u0) + F ∘ (Vᵀ u1 - VᵀV diag(Vᵀ u1))) Vᵀ, F = 1/(w_j - w_i), 0 on the diagonal"
    return [Through(lambda us: solve(turned(v), _eig_back(w, v, us)) @ turned(v), words)]


def _eig_jvp(tangents: Any, ys: Uppers, a: Value) -> tuple[Value, Value]:
    w, v = given(eig, ys, a)
    inner = solve(v, tangents[0] @ v)
    moved = v @ (_gaps(w) * inner)
    lengths = as_rows(sum(v * moved, axis=-2))
    return diagonal(inner, axis1=-2, axis2=-1), moved - v * lengths


def _eig_coincide(a: Any) -> Any:
    w = np.sort(np.real(np.linalg.eigvals(a)), axis=-1)
    if w.shape[-1] < 2:
        return False
    size = np.max(np.abs(w), axis=-1, keepdims=True)
    return np.any(np.diff(w, axis=-1) <= 4 * np.finfo(w.dtype).eps * size)


eig = structured(
    "eig",
    _eig,
    several=True,
    types=_eigh_types,
    vjp=_eig_vjp,
    jvp=_eig_jvp,
    samples=lambda rng: [
        ((np.array([[2.0, 1.0, 0.5], [0.5, -1.0, 0.25], [1.0, 0.0, 5.0]]),), {}),
        ((np.array([[[1.0, 2.0], [0.5, 4.0]], [[0.0, 1.0], [2.0, 3.0]]]),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    kinks=(Kink(_eig_coincide, COINCIDE, (np.diag([1.0, 1.0]),), (np.diag([1.0, 1.0]),)),),
    note="eigenvalues and eigenvectors of length 1, where all are real; complex ones are refused",
)
