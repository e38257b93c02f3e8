"""NumPy's functions of matrices that are no op themselves: other options, other results, or several ops."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.trace.reading import Spellings, as_array, axes_at, axis_at, known, only, refuse, shape

_LETTERS = string.ascii_letters
# NumPy names the parts of these results; the classes have no public name.
_EIGH, _EIG = type(np.linalg.eigh(np.eye(1))), type(np.linalg.eig(np.eye(1)))
_SVD, _QR, _SLOGDET = type(np.linalg.svd(np.eye(1))), type(np.linalg.qr(np.eye(1))), type(np.linalg.slogdet(np.eye(1)))


def _einsum(on: Any, *operands: Any, out: Any = None, optimize: Any = None, **options: Any) -> Any:
    only(on, "np.einsum", out=out, **options)
    if not operands:
        raise refuse(on, "np.einsum is given no subscripts")
    if isinstance(operands[0], str):
        subscripts, arrays = operands[0], operands[1:]
    else:
        subscripts, arrays = _from_lists(on, operands)
    return on.write("einsum", *[as_array(on, a) for a in arrays], subscripts=subscripts)


def _from_lists(on: Any, operands: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """`np.einsum(a, [0, 1], b, [1, 2], [0, 2])` with letters."""

    def letters(places: Any) -> str:
        found = ["..." if p is ... else _LETTERS[p] for p in known(on, places, "the places of np.einsum")]
        return "".join(found)

    try:
        parts = [letters(p) for p in operands[1::2]]
        result = f"->{letters(operands[-1])}" if len(operands) % 2 else ""
    except (TypeError, IndexError):
        raise refuse(on, "np.einsum takes subscripts first, as in np.einsum('ij,jk->ik', a, b)") from None
    return ",".join(parts) + result, operands[: len(operands) // 2 * 2 : 2]


def _contracted(on: Any, a: Any, b: Any, left: Sequence[int], right: Sequence[int]) -> Any:
    """The sum over these axes of the left and of the right, the other axes in their order."""
    first = list(_LETTERS[: len(shape(a))])
    second = list(_LETTERS[len(first) : len(first) + len(shape(b))])
    for i, j in zip(left, right, strict=True):
        if shape(a)[i] != shape(b)[j]:
            raise refuse(on, f"axis {i} of shape {shape(a)} and axis {j} of shape {shape(b)} differ in size")
        second[j] = first[i]
    rest = [c for i, c in enumerate(first) if i not in left] + [c for j, c in enumerate(second) if j not in right]
    return on.write("einsum", a, b, subscripts=f"{''.join(first)},{''.join(second)}->{''.join(rest)}")


def _tensordot(on: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = as_array(on, a), as_array(on, b)
    axes = known(on, axes, "axes= of np.tensordot")
    rank = len(shape(a))
    if isinstance(axes, int):
        if not 0 <= axes <= min(rank, len(shape(b))):
            raise refuse(on, f"np.tensordot over {axes} axes of arrays of shapes {shape(a)} and {shape(b)}")
        return _contracted(on, a, b, range(rank - axes, rank), range(axes))
    left, right = axes_at(on, axes[0], rank), axes_at(on, axes[1], len(shape(b)))
    if len(left) != len(right):
        raise refuse(on, f"np.tensordot is given {len(left)} axes of the left and {len(right)} of the right")
    return _contracted(on, a, b, left, right)


def _inner(on: Any, a: Any, b: Any, /) -> Any:
    a, b = as_array(on, a), as_array(on, b)
    if not shape(a) or not shape(b):
        return a * b
    return _contracted(on, a, b, [len(shape(a)) - 1], [len(shape(b)) - 1])


def _vdot(on: Any, a: Any, b: Any, /) -> Any:
    return np.dot(np.reshape(as_array(on, a), -1), np.reshape(as_array(on, b), -1))


def _vecdot(on: Any, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    a, b = as_array(on, x1), as_array(on, x2)
    a, b = (np.moveaxis(x, axis_at(on, axis, len(shape(x))), -1) for x in (a, b))
    return on.write("einsum", a, b, subscripts="...i,...i->...")


def _matvec(on: Any, x1: Any, x2: Any, /) -> Any:
    return on.write("einsum", as_array(on, x1), as_array(on, x2), subscripts="...ij,...j->...i")


def _vecmat(on: Any, x1: Any, x2: Any, /) -> Any:
    return on.write("einsum", as_array(on, x1), as_array(on, x2), subscripts="...i,...ij->...j")


def _kron(on: Any, a: Any, b: Any) -> Any:
    a, b = as_array(on, a), as_array(on, b)
    rank = max(len(shape(a)), len(shape(b)))
    left, right = ((1,) * (rank - len(shape(x))) + tuple(shape(x)) for x in (a, b))
    wide = tuple(n for m in left for n in (m, 1))
    narrow = tuple(n for m in right for n in (1, m))
    product = np.reshape(a, wide) * np.reshape(b, narrow)
    return np.reshape(product, tuple(m * n for m, n in zip(left, right, strict=True)))


def _diag(on: Any, v: Any, k: int = 0) -> Any:
    x, k = as_array(on, v), known(on, k, "k= of np.diag")
    at = {"offset": k} if k else {}
    if len(shape(x)) == 1:
        n = shape(x)[0] + abs(k)
        return on.write("put_diagonal", x, shape=(n, n), **at)
    if len(shape(x)) != 2:
        raise refuse(on, f"np.diag takes a vector or a matrix, not an array of shape {shape(x)}; write np.diagonal")
    return on.write("diagonal", x, **at)


def _diagflat(on: Any, v: Any, k: int = 0) -> Any:
    return _diag(on, np.reshape(as_array(on, v), -1), k)


def _cross(on: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    a, b = as_array(on, a), as_array(on, b)
    if axis is not None:
        axisa = axisb = axisc = axis
    a = np.moveaxis(a, axis_at(on, axisa, len(shape(a))), -1)
    b = np.moveaxis(b, axis_at(on, axisb, len(shape(b))), -1)
    if 2 in (shape(a)[-1], shape(b)[-1]):
        raise refuse(on, "np.cross of plane vectors has no reading here; write a[0] * b[1] - a[1] * b[0]")
    out = on.write("cross", a, b)
    return np.moveaxis(out, -1, axis_at(on, axisc, len(shape(out))))


def _linalg_cross(on: Any, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return _cross(on, x1, x2, axis=axis)


def _plane(function: Callable[..., Any]) -> Callable[..., Any]:
    """np.linalg.trace and np.linalg.diagonal: of the last two axes."""

    def of_matrices(on: Any, x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
        only(on, f"np.linalg.{function.__name__}", dtype=dtype)
        return function(as_array(on, x), offset, -2, -1)

    return of_matrices


def _turned(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _matrix_transpose(on: Any, x: Any, /) -> Any:
    return _turned(as_array(on, x))


def _outer(on: Any, x1: Any, x2: Any, /) -> Any:
    return np.outer(as_array(on, x1), as_array(on, x2))


def _norm(on: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x, ord, axis = as_array(on, x), known(on, ord, "ord="), known(on, axis, "axis=")
    rank = len(shape(x))
    axes = axes_at(on, axis, rank)
    if len(axes) == 1:
        return _vector_norm_along(on, x, ord, axes[0], keepdims, rank == 1 and axis is None)
    if axis is None and ord is None:
        return on.write("norm", x, **({"keepdims": True} if keepdims else {}))
    if len(axes) != 2:
        raise refuse(on, f"np.linalg.norm with ord= of shape {shape(x)} is over one axis or two; give axis=")
    return _matrix_norm_of(on, x, "fro" if ord is None else ord, axes, keepdims)


def _vector_norm_along(on: Any, x: Any, ord: Any, at: int, keepdims: bool, alone: bool) -> Any:
    if isinstance(ord, str):
        raise refuse(on, f"ord={ord!r} is the norm of a matrix; give axis= two axes, or leave ord out")
    options: dict[str, Any] = {} if ord in (None, 2) else {"ord": ord}
    options |= {} if alone else {"axis": at}
    return on.write("norm", x, **options, **({"keepdims": True} if keepdims else {}))


def _matrix_norm_of(on: Any, x: Any, ord: Any, axes: Sequence[int], keepdims: bool) -> Any:
    moved = x if list(axes) == [len(shape(x)) - 2, len(shape(x)) - 1] else np.moveaxis(x, axes, (-2, -1))
    lead = tuple(shape(moved)[:-2])
    if ord == "fro":
        out = on.write("norm", np.reshape(moved, (*lead, shape(moved)[-2] * shape(moved)[-1])), axis=-1)
    elif ord == "nuc":
        out = np.sum(on.write("svdvals", moved), axis=-1)
    elif ord in (2, -2):
        out = (np.max if ord > 0 else np.min)(on.write("svdvals", moved), axis=-1)
    elif ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(moved), axis=-2 if abs(ord) == 1 else -1)
        out = (np.max if ord > 0 else np.min)(sums, axis=-1)
    else:
        raise refuse(on, f"ord={ord!r} is no norm of a matrix; it is 'fro', 'nuc', 1, -1, 2, -2, np.inf or -np.inf")
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape(x))])
    return np.reshape(out, kept) if keepdims else out


def _matrix_norm(on: Any, x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _norm(on, x, ord, (-2, -1), keepdims)


def _vector_norm(on: Any, x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = as_array(on, x)
    axes = axes_at(on, known(on, axis, "axis="), len(shape(x)))
    rest = [i for i in range(len(shape(x))) if i not in axes]
    size = int(np.prod([shape(x)[i] for i in axes]))
    rows = np.reshape(np.transpose(x, rest + axes), (*[shape(x)[i] for i in rest], size))
    out = _vector_norm_along(on, rows, known(on, ord, "ord="), len(rest), False, not rest)
    kept = tuple([1 if i in axes else n for i, n in enumerate(shape(x))])
    return np.reshape(out, kept) if keepdims else out


def _slogdet(on: Any, a: Any) -> Any:
    return _SLOGDET(*on.write("slogdet", as_array(on, a)))


def _cholesky(on: Any, a: Any, /, *, upper: bool = False) -> Any:
    x = as_array(on, a)
    return _turned(on.write("cholesky", _turned(x))) if upper else on.write("cholesky", x)


def _eigh(on: Any, a: Any, UPLO: str = "L") -> Any:
    x = as_array(on, a)
    if str(UPLO).upper() not in ("L", "U"):
        raise refuse(on, f"UPLO is 'L' or 'U', not {UPLO!r}")
    return _EIGH(*on.write("eigh", x if str(UPLO).upper() == "L" else _turned(x)))


def _eigvalsh(on: Any, a: Any, UPLO: str = "L") -> Any:
    return _eigh(on, a, UPLO)[0]


def _eig(on: Any, a: Any) -> Any:
    return _EIG(*on.write("eig", as_array(on, a)))


def _eigvals(on: Any, a: Any) -> Any:
    return _eig(on, a)[0]


def _svd(on: Any, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    x = as_array(on, a)
    if hermitian:
        raise refuse(on, "np.linalg.svd with hermitian=True has no reading here; leave it out, or write np.linalg.eigh")
    if not compute_uv:
        return on.write("svdvals", x)
    if full_matrices and len(shape(x)) > 1 and shape(x)[-1] != shape(x)[-2]:
        raise refuse(
            on,
            f"the full U and V of a matrix of shape {shape(x)} have columns that are not determined, and so have no "
            "derivative; write np.linalg.svd(x, full_matrices=False)",
        )
    return _SVD(*on.write("svd", x))


def _qr(on: Any, a: Any, mode: str = "reduced") -> Any:
    x = as_array(on, a)
    if mode not in ("reduced", "r", "complete"):
        raise refuse(on, f"np.linalg.qr with mode={mode!r} has no reading here; it is 'reduced', 'r' or 'complete'")
    if mode == "complete" and len(shape(x)) > 1 and shape(x)[-2] > shape(x)[-1]:
        raise refuse(on, "the full Q has columns that are not determined, and so have no derivative; leave mode= out")
    found = _QR(*on.write("qr", x))
    return found.R if mode == "r" else found


def _matrix_power(on: Any, a: Any, n: Any) -> Any:
    x, n = as_array(on, a), known(on, n, "the exponent of np.linalg.matrix_power")
    if not isinstance(n, int) or isinstance(n, bool):
        raise refuse(on, f"the exponent of np.linalg.matrix_power is a whole number, not {n!r}")
    if len(shape(x)) < 2 or shape(x)[-1] != shape(x)[-2]:
        raise refuse(on, f"np.linalg.matrix_power takes a square matrix, not an array of shape {shape(x)}")
    if n == 0:
        one = np.eye(shape(x)[-1], dtype=x.dtype)
        return np.zeros_like(x) + one
    if n < 0:
        x, n = np.linalg.inv(x), -n
    made = None
    while n:  # by squares, as NumPy does
        if n & 1:
            made = x if made is None else made @ x
        n >>= 1
        x = x @ x if n else x
    return made


def _multi_dot(on: Any, arrays: Any, *, out: Any = None) -> Any:
    only(on, "np.linalg.multi_dot", out=out)
    chain = [as_array(on, a) for a in arrays]
    if len(chain) < 2:
        raise refuse(on, "np.linalg.multi_dot takes two matrices or more")
    wrong = [
        shape(x)
        for i, x in enumerate(chain)
        if not (len(shape(x)) == 2 or (len(shape(x)) == 1 and i in (0, len(chain) - 1)))
    ]
    if wrong:
        raise refuse(on, f"np.linalg.multi_dot takes matrices, and a vector first or last, not shape {wrong[0]}")
    sizes = [shape(x)[0] if len(shape(x)) == 2 else (1 if i == 0 else shape(x)[0]) for i, x in enumerate(chain)]
    sizes.append(shape(chain[-1])[1] if len(shape(chain[-1])) == 2 else 1)
    return _product(chain, _cheapest(sizes), 0, len(chain) - 1)


def _cheapest(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """For every run of factors, the one after which it is best cut in two."""
    n = len(sizes) - 1
    cost: dict[tuple[int, int], int] = {(i, i): 0 for i in range(n)}
    cut: dict[tuple[int, int], int] = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            ways = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], cut[i, j] = min(ways)
    return cut


def _product(chain: Sequence[Any], cut: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return chain[i]
    k = cut[i, j]
    return np.dot(_product(chain, cut, i, k), _product(chain, cut, k + 1, j))


LINALG: Spellings = MappingProxyType(
    {
        np.einsum: _einsum,
        np.tensordot: _tensordot,
        np.inner: _inner,
        np.vdot: _vdot,
        np.vecdot: _vecdot,
        np.kron: _kron,
        np.diag: _diag,
        np.diagflat: _diagflat,
        np.cross: _cross,
        np.matrix_transpose: _matrix_transpose,
        np.linalg.norm: _norm,
        np.linalg.matrix_norm: _matrix_norm,
        np.linalg.vector_norm: _vector_norm,
        np.linalg.tensordot: _tensordot,
        np.linalg.vecdot: _vecdot,
        np.linalg.cross: _linalg_cross,
        np.linalg.outer: _outer,
        np.linalg.matmul: lambda on, x1, x2, /: np.matmul(as_array(on, x1), as_array(on, x2)),
        np.linalg.trace: _plane(np.trace),
        np.linalg.diagonal: _plane(np.diagonal),
        np.linalg.matrix_transpose: _matrix_transpose,
        np.linalg.slogdet: _slogdet,
        np.linalg.cholesky: _cholesky,
        np.linalg.eigh: _eigh,
        np.linalg.eigvalsh: _eigvalsh,
        np.linalg.eig: _eig,
        np.linalg.eigvals: _eigvals,
        np.linalg.svd: _svd,
        np.linalg.qr: _qr,
        np.linalg.matrix_power: _matrix_power,
        np.linalg.multi_dot: _multi_dot,
        **({np.matvec: _matvec, np.vecmat: _vecmat} if hasattr(np, "matvec") else {}),
    }
)
