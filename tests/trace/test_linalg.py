"""NumPy code with matrices, unchanged: every spelling against NumPy's own value and against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ChalkgradError, TraceError

rng = np.random.default_rng(0)
A = rng.normal(size=(3, 3)) + 3 * np.eye(3)
B, T, C = rng.normal(size=(3, 2)), rng.normal(size=(4, 3)), rng.normal(size=(2, 3, 4))
S = np.stack([A, A @ A.T])
v, w = rng.normal(size=3), rng.normal(size=3)


def spread(x: Any) -> Any:
    """One number in which every entry counts otherwise."""
    x = np.sin(x)
    return np.sum(x * x * np.arange(1.0, x.size + 1).reshape(x.shape))


def full_svd(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x)
    return np.sum((u * s) @ vh) + np.sum(u**2 * A)


def reduced_svd(x: Any) -> Any:
    found = np.linalg.svd(x, full_matrices=False)
    return spread(found.U**2) + spread(found.S) + spread(found.Vh**2)


def symmetric(x: Any) -> Any:
    found = np.linalg.eigh(x, UPLO="U")
    return spread(found.eigenvalues) + spread(found.eigenvectors**2)


def right_vectors(x: Any) -> Any:
    found = np.linalg.eig(x @ x.T)
    order = np.argsort(np.linalg.eigvalsh(A @ A.T))[::-1]
    return spread(found.eigenvalues) + np.sum(found.eigenvectors**4) + 0 * order[0]


CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "einsum": (lambda x, y: spread(np.einsum("ij,kj->ik", x, y)), (A, T)),
    "einsum of three": (lambda x, y, z: np.einsum("ij,j,i->", x, y, z), (A, v, w)),
    "einsum, dots": (lambda x, y: spread(np.einsum("...ij,i->...j", x, y)), (C, v)),
    "einsum, implicit": (lambda x, y: spread(np.einsum("ba,bc", x, y)), (A, B)),
    "einsum, a diagonal": (lambda x: spread(np.einsum("ii->i", x)) + np.einsum("ii", x), (A,)),
    "einsum of lists": (lambda x, y: spread(np.einsum(x, [0, 1], y, [1, 2], [0, 2])), (A, B)),
    "einsum of lists, implicit": (lambda x, y: spread(np.einsum(x, [0, 1], y, [1, 2])), (A, B)),
    "einsum with a plain array": (lambda x: spread(np.einsum("ij,jk", x, B)), (A,)),
    "tensordot": (lambda x, y: spread(np.tensordot(x, y, axes=([1], [0]))), (C, A)),
    "tensordot, two axes": (lambda x, y: np.tensordot(x, y), (A, A)),
    "tensordot, crossed": (lambda x, y: np.tensordot(x, y, ([0, 1], [1, 0])), (A, A)),
    "tensordot, none": (lambda x, y: spread(np.tensordot(x, y, 0)), (v, w)),
    "inner": (lambda x, y: spread(np.inner(x, y)), (A, T)),
    "inner with a number": (lambda x: spread(np.inner(x, 2.0)), (A,)),
    "vdot": (lambda x, y: np.sin(np.vdot(x, y)), (A, A.T.copy())),
    "vecdot": (lambda x, y: spread(np.vecdot(x, y)), (A, v)),
    "kron": (lambda x, y: spread(np.kron(x, y)), (A, B)),
    "kron of other ranks": (lambda x, y: spread(np.kron(x, y)), (v, B)),
    "trace": (lambda x: np.trace(np.sin(x), 1) + x.trace(), (A,)),
    "trace of the last axes": (lambda x: spread(np.linalg.trace(x)), (S,)),
    "diag, read": (lambda x: spread(np.diag(x)) + np.sum(np.diag(x, k=-1)), (A,)),
    "diag, written": (lambda x: spread(np.diag(x, 1)) + spread(np.diagflat(x)), (v,)),
    "diagonal": (lambda x: spread(np.diagonal(x, 0, 1, 2)) + spread(np.linalg.diagonal(x)), (C,)),
    "triangles": (lambda x: spread(np.tril(x, -1) + 2 * np.triu(x)), (C,)),
    "dot": (lambda x, y: spread(np.dot(x, y)), (C, rng.normal(size=(4, 2)))),
    "dot, a method": (lambda x, y: spread(x.dot(y)), (A, v)),
    "outer": (lambda x, y: spread(np.outer(x, y)), (B, v)),
    "cross": (lambda x, y: spread(np.cross(x, y)), (T, v)),
    "cross on axes": (lambda x, y: spread(np.cross(x, y, axisa=0, axisb=1, axisc=0)), (B, B.T.copy())),
    "det": (np.linalg.det, (A,)),
    "det of a stack": (lambda x: spread(np.linalg.det(x)), (S,)),
    "slogdet": (lambda x: np.linalg.slogdet(-x).logabsdet, (A,)),
    "inv": (lambda x: spread(np.linalg.inv(x)), (S,)),
    "solve": (lambda x, y: spread(np.linalg.solve(x, y)), (A, B)),
    "solve of a stack, a vector": (lambda x, y: spread(np.linalg.solve(x, y)), (S, v)),
    "pinv": (lambda x: spread(np.linalg.pinv(x)), (T,)),
    "cholesky": (lambda x: spread(np.linalg.cholesky(x @ x.T)), (A,)),
    "cholesky, upper": (lambda x: spread(np.linalg.cholesky(x, upper=True)), (A @ A.T,)),
    "eigh": (symmetric, (A + A.T + np.diag([0.0, 3.0, 6.0]),)),
    "eigvalsh": (lambda x: spread(np.linalg.eigvalsh(x)), (A,)),
    "eig": (right_vectors, (A,)),
    "eigvals": (lambda x: np.sum(np.linalg.eigvals(x @ x.T) ** 2), (A,)),
    "svd": (full_svd, (A,)),
    "svd, reduced": (reduced_svd, (T,)),
    "svd, values alone": (lambda x: spread(np.linalg.svd(x, compute_uv=False)) + spread(np.linalg.svdvals(x)), (T,)),
    "qr": (lambda x: spread(np.linalg.qr(x).Q) + spread(np.linalg.qr(x, mode="r")), (T,)),
    "qr of a wide matrix": (lambda x: spread(np.linalg.qr(x)[1]) + spread(np.linalg.qr(x)[0]), (T.T.copy(),)),
    "norm": (np.linalg.norm, (A,)),
    "norm of order 3": (lambda x: np.linalg.norm(x, 3), (v,)),
    "norm along an axis": (lambda x: spread(np.linalg.norm(x, ord=1, axis=-1, keepdims=True)), (C,)),
    "norm of columns, largest": (lambda x: np.linalg.norm(x, 1) + np.linalg.norm(x, -np.inf), (A,)),
    "norm, spectral": (lambda x: np.linalg.norm(x, 2) + np.linalg.norm(x, -2), (A,)),
    "norm, nuclear": (lambda x: spread(np.linalg.norm(x, "nuc", axis=(0, 2))), (C,)),
    "norm, Frobenius": (lambda x: spread(np.linalg.norm(x, "fro", axis=(2, 0), keepdims=True)), (C,)),
    "norm of all entries": (lambda x: np.linalg.norm(x) + np.sum(np.linalg.norm(x, keepdims=True)), (C,)),
    "vector_norm": (lambda x: spread(np.linalg.vector_norm(x, axis=(0, 1), ord=3, keepdims=True)), (C,)),
    "matrix_norm": (lambda x: spread(np.linalg.matrix_norm(x, ord=1)), (C,)),
    "matrix_power": (lambda x: spread(np.linalg.matrix_power(x, 3)) + spread(np.linalg.matrix_power(x, -2)), (A,)),
    "matrix_power 0": (lambda x: spread(np.linalg.matrix_power(x, 0) @ x), (A,)),
    "multi_dot": (lambda x, y, z: spread(np.linalg.multi_dot([v, x, y, z])), (A, B, B.T.copy())),
    "matrix_transpose": (lambda x: spread(np.linalg.matrix_transpose(x)), (C,)),
}
if hasattr(np, "matvec"):  # from NumPy 2.2
    CASES["matvec"] = (lambda x, y: spread(np.matvec(x, y)), (S, v))
    CASES["vecmat"] = (lambda x, y: spread(np.vecmat(y, x)), (S, v))


@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient(name: str) -> None:
    function, values = CASES[name]
    value, gradients = cg.value_and_grad(function, wrt=tuple(range(len(values))))(*values)
    np.testing.assert_allclose(value, function(*values), rtol=1e-12)
    for k, gradient in enumerate(gradients):
        wanted = np.zeros_like(values[k])
        for place in np.ndindex(wanted.shape):
            ends = []
            for h in (1e-5, -1e-5):
                moved = [np.array(x) for x in values]
                moved[k][place] += h
                ends.append(function(*moved))
            wanted[place] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(gradient, wanted, rtol=1e-6, atol=1e-7 * max(1.0, float(np.abs(wanted).max())))


def test_float32_stays() -> None:
    x = A.astype(np.float32)
    for function in (
        np.linalg.det,
        np.linalg.norm,
        lambda a: np.sum(np.linalg.inv(a)),
        lambda a: np.sum(np.kron(a, a)),
    ):
        value, gradient = cg.value_and_grad(function)(x)
        assert np.asarray(value).dtype == np.float32
        assert gradient.dtype == np.float32


@pytest.mark.parametrize(
    ("function", "value", "said"),
    [
        (lambda x: np.linalg.svd(x)[1][0], T, "full_matrices=False"),
        (lambda x: np.linalg.svd(x, hermitian=True)[1][0], A, "np.linalg.eigh"),
        (lambda x: np.linalg.qr(x, mode="complete")[1][0, 0], T, "leave mode= out"),
        (lambda x: np.linalg.qr(x, mode="raw")[1][0], A, "'reduced', 'r' or 'complete'"),
        (lambda x: np.linalg.eigh(x, UPLO="X")[0][0], A, "UPLO is 'L' or 'U'"),
        (lambda x: np.linalg.norm(x, 3), A, "'fro', 'nuc', 1, -1, 2, -2"),
        (lambda x: np.linalg.norm(x, "fro"), v, "norm of a matrix"),
        (lambda x: np.linalg.norm(x, 2), C, "one axis or two"),
        (lambda x: np.linalg.matrix_power(x, 0.5)[0, 0], A, "a whole number, not 0.5"),
        (lambda x: np.linalg.matrix_power(x, 2)[0, 0], T, "takes a square matrix"),
        (lambda x: np.linalg.multi_dot([x])[0, 0], A, "two matrices or more"),
        (lambda x: np.linalg.multi_dot([x, C])[0, 0], A, "not shape (2, 3, 4)"),
        (lambda x: np.cross(x[:2], x[:2]), v, "a[0] * b[1] - a[1] * b[0]"),
        (lambda x: np.diag(x)[0], C, "np.diagonal"),
        (lambda x: np.tensordot(x, x, axes=([0], [1, 0])), A, "1 axes of the left and 2 of the right"),
        (lambda x: np.tensordot(x, T.T, 1)[0, 0] + np.tensordot(x, T, ([0], [0]))[0, 0], A, "differ in size"),
        (lambda x: np.einsum("ij,jk", x, T)[0, 0], A, "'j' has size 3 and size 4"),
        (lambda x: np.einsum(x, "ij"), A, "takes subscripts first"),
        (lambda x: np.linalg.lstsq(x, v)[0][0], A, "np.linalg.pinv(a) @ b"),
        (lambda x: np.linalg.inv(x)[0, 0], T, "square matrix"),
    ],
)
def test_refused_with_the_line_and_what_to_write(function: Any, value: Any, said: str) -> None:
    with pytest.raises(ChalkgradError) as error:
        cg.grad(function)(value)
    assert said in str(error.value)
    assert isinstance(error.value, TraceError) or "test_linalg.py" in str(error.value)


def test_a_singular_matrix_names_the_line_and_is_numpy_s_error() -> None:
    def loss(x: Any) -> Any:
        return np.sum(np.linalg.inv(x))

    with pytest.raises(np.linalg.LinAlgError, match=r"inv .*line.*singular matrix"):
        cg.grad(loss)(np.ones((2, 2)))
