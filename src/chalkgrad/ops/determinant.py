"""Determinants, and their gradient, the matrix of cofactors, which is exact at a singular matrix too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import batching
from chalkgrad.ops.choice import defined
from chalkgrad.ops.inverse import inv, regular
from chalkgrad.ops.kernel import Expr, Input, Kernel, Routine, axes, equal, fn, inputs, lift, nest, where
from chalkgrad.ops.local import Local, Through, constant, times
from chalkgrad.ops.matrices import Types, per_matrix, real, side, turned
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import spread, structured
from chalkgrad.ops.reduction import sum
from chalkgrad.ops.shape import broadcast_to

Params = Mapping[str, Any]

# The cofactors are lowered to a determinant an entry, so that n rows take n⁵ products.
MOST_MINORS = 16


def _number_types(types: Types, params: Params) -> Types:
    side(types[0])
    return (ArrayType(types[0].shape[:-2], real(*types)),)


def _matrix_types(types: Types, params: Params) -> Types:
    if not types:
        raise ProgramError("needs a matrix, none was given")
    side(types[0])
    for t in types[1:]:
        if t.shape != types[0].shape:
            raise ShapeError(f"a direction of shape {dims_text(t.shape)} at a matrix of {dims_text(types[0].shape)}")
    return (ArrayType(types[0].shape, real(*types)),)


def _dotted(a: Value, b: Value) -> Value:
    """The sum of the products of the entries, a matrix at a time."""
    return sum(a * b, axis=(-2, -1))


def _sign_and_log(types: Types, dtype: str, of: Any) -> Kernel:
    """`of` the sign of the determinant and the logarithm of its size, for each matrix, in float64 as NumPy has it."""
    lead = types[0].shape[:-2]
    found, at = Routine("slogdet", inputs(types), (*lead, 2), "float64"), axes(*lead)
    return nest(at, of(found[(*at, 0)], found[(*at, 1)]), dtype)


def _det_vjp(want: Any, y: Value, a: Value) -> Sequence[Local]:
    if not y.shape:
        return [times(cofactor(a), a)]
    return [Through(lambda u: per_matrix(u) * cofactor(a), "u cof({0})")]


def _samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    singular = np.array([[1.0, 2.0, 3.0, 0.5], [2.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, -1.0], [0.0, 0.0, 0.0, 0.0]])
    singular[3] = singular[0] - singular[1]
    return [
        ((regular(rng, 3, 3),), {}),
        ((regular(rng, 4, 4),), {}),
        ((regular(rng, 2, 2, 2),), {}),
        ((singular,), {}),
        ((np.ones((2, 2)),), {}),
        ((np.array([[0.5]]),), {}),
        ((np.zeros((0, 0)),), {}),
    ]


det = structured(
    "det",
    np.linalg.det,
    types=_number_types,
    vjp=_det_vjp,
    jvp=lambda tangents, y, a: _dotted(cofactor(a), tangents[0]),
    notation=Function("det", r"\det"),
    samples=_samples,
    note="its gradient is the matrix of cofactors: det(A) A⁻ᵀ where A has an inverse, and exact where it has none",
    batch=batching.stacked,
    kernel=lambda types, outs, params: _sign_and_log(types, outs[0].dtype, lambda s, t: s * fn("exp", t)),
)


def _cofactor(a: Any) -> Any:
    a = np.asarray(a) * 1.0
    n = a.shape[-1]
    if n == 2:  # as on paper, with no rounding
        return np.flip(a, (-2, -1)) * np.array([[1, -1], [-1, 1]], dtype=a.dtype)
    if n == 3:
        return _minors(a, a)
    u, s, v = np.linalg.svd(a)
    others = np.where(np.eye(n, dtype=bool), 1.0, s[..., None, :]).prod(-1).astype(s.dtype)
    turns = np.linalg.det(u) * np.linalg.det(v)
    return (u * (others * np.rint(turns)[..., None])[..., None, :]) @ v


def _cofactor_kernel(types: Types, outs: Types, params: Params) -> Kernel | None:
    """As on paper: for three rows and fewer by products, for more by the determinants of what is left."""
    (a,), (out,) = inputs(types), outs
    at, n = axes(*out.shape), out.shape[-1]
    (i, j) = map(lift, at[-2:])
    if n == 2:
        mirror = a[(*at[:-2], 1 - i, 1 - j)]
        return nest(at, where(equal(i, j), mirror, -mirror), out.dtype)
    if n != 3:
        return _by_minors(a, out, n) if isinstance(n, int) and n <= MOST_MINORS else None

    def entry(down: int, right: int) -> Expr:
        return a[(*at[:-2], fn("remainder", i + down, 3), fn("remainder", j + right, 3))]

    return nest(at, entry(1, 1) * entry(2, 2) - entry(1, 2) * entry(2, 1), out.dtype)


def _minors(a: Any, b: Any) -> Any:
    """The products that the cofactors of a matrix of 3 rows are made of: one factor from `a`, the other from `b`."""
    one, two = np.roll(a, (-1, -1), (-2, -1)), np.roll(b, (-2, -2), (-2, -1))
    across, down = np.roll(a, (-1, -2), (-2, -1)), np.roll(b, (-2, -1), (-2, -1))
    return one * two - across * down


def _by_minors(a: Input, out: ArrayType, n: int) -> Kernel:
    at, rest = axes(*out.shape), axes(max(n - 1, 0), max(n - 1, 0))
    # without its own row and column: those behind it move up
    row, column = [where(lift(r) < lift(i), r, lift(r) + 1) for r, i in zip(rest, at[-2:], strict=True)]
    minors = nest((*at, *rest), a[(*at[:-2], row, column)], out.dtype)
    found = Routine("slogdet", (minors,), (*out.shape, 2), out.dtype)
    then = axes(*out.shape)
    size = found[(*then, 0)] * fn("exp", found[(*then, 1)])
    return nest(then, where(equal(fn("remainder", lift(then[-2]) + then[-1], 2), 0), size, -size), out.dtype)


cofactor = structured(
    "cofactor",
    _cofactor,
    types=_matrix_types,
    vjp=lambda want, y, a: [Through(lambda u: cofactor_along(a, u), "the second derivative of det {0}, along u")],
    jvp=lambda tangents, y, a: cofactor_along(a, tangents[0]),
    notation=Function("cof", r"\operatorname{cof}"),
    samples=_samples,
    note="each entry is the signed determinant of what is left without its row and column",
    batch=batching.stacked,
    kernel=_cofactor_kernel,
)


def _cofactor_along(a: Any, *along: Any) -> Any:
    """The derivative of the cofactors along each of the matrices in `along`, all of them at once.

    In the bases of the singular vectors, with the entries that belong to the k + 1 least singular values set apart, the
    rest has an inverse wherever the result is not 0. Numbers t with t² = 0, one a direction, carry the derivative.
    """
    a = np.asarray(a) * 1.0
    n, k = a.shape[-1], len(along)
    if k >= n:  # the cofactors are of degree n - 1
        return np.zeros_like(a)
    if n == 2 and k:  # the cofactors are linear
        return _cofactor(along[0])
    if n == 3 and k:  # they are products of two
        one, two = (a, along[0]) if k == 1 else along
        return _minors(one, two) + _minors(two, one)
    m = n - k - 1
    u, s, v = np.linalg.svd(a)
    turns = np.rint(np.linalg.det(u) * np.linalg.det(v)).astype(a.dtype)[..., None, None]
    moved = [np.swapaxes(u, -1, -2) @ e @ np.swapaxes(v, -1, -2) for e in along]
    zero = np.zeros_like(a)
    parts = [zero] * 2**k
    parts[0] = s[..., None, :] * np.eye(n, dtype=a.dtype)
    for i in range(k):
        parts[2**i] = moved[i]
    upper, lower = [p[..., :m, m:] for p in parts], [p[..., m:, :m] for p in parts]
    least = [p[..., m:, m:] for p in parts]
    lost = np.any(s[..., :m] == 0, axis=-1)[..., None, None]
    under = 1 / np.where(lost, 1, s[..., None, :m])
    inverse = [np.where(lost, 0, under * np.eye(m, dtype=a.dtype))] + [zero[..., :m, :m]] * (2**k - 1)
    whole = [np.where(lost, 0, s[..., None, :m].prod(-1, keepdims=True))] + [zero[..., :1, :1]] * (2**k - 1)
    for mask in range(1, 2**k):
        for i in range(k):
            if mask >> i & 1:
                step = inverse[0] @ moved[i][..., :m, :m] @ inverse[mask ^ 2**i]
                inverse[mask] = inverse[mask] - step
        first = (mask & -mask).bit_length() - 1
        rest = mask ^ 2**first
        for one in range(mask):
            if one & rest == one:
                change = inverse[rest ^ one] @ moved[first][..., :m, :m]
                whole[mask] = whole[mask] + whole[one] * np.trace(change, axis1=-2, axis2=-1)[..., None, None]
    left, right = _nilpotent(inverse, upper), _nilpotent(lower, inverse)
    small = [x - y for x, y in zip(least, _nilpotent(lower, left), strict=True)]
    turn, number = _adjugate(small)
    corner = _nilpotent(_nilpotent(left, turn), right)
    blocks = [
        [[x + y for x, y in zip(_nilpotent(number, inverse, True), corner, strict=True)], _nilpotent(left, turn)],
        [_nilpotent(turn, right), turn],
    ]
    (b, c), (d, e) = [[_nilpotent(whole, x, True)[-1] for x in row] for row in blocks]
    made = np.concatenate([np.concatenate([b, -c], -1), np.concatenate([-d, e], -1)], -2)
    return turns * (u @ np.swapaxes(made, -1, -2) @ v)


def _nilpotent(a: Any, b: Any, scalar: bool = False) -> Any:
    """The product of two matrices, or of a number and a matrix, whose entries have a part for every set of t's."""
    found = []
    for mask in range(len(a)):
        ones = [one for one in range(mask + 1) if one & mask == one]
        terms = [a[one] * b[mask ^ one] if scalar else a[one] @ b[mask ^ one] for one in ones]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        found.append(total)
    return found


def _adjugate(c: Any) -> Any:
    """The adjugate and the determinant of such a small matrix, with no division but by 1, 2, … (Faddeev, LeVerrier)."""
    r = c[0].shape[-1]
    eye = np.eye(r, dtype=c[0].dtype)
    made = number = [eye + 0 * c[0]] + [0 * p for p in c[1:]]
    for j in range(1, r + 1):
        product = _nilpotent(c, made)
        number = [np.trace(p, axis1=-2, axis2=-1)[..., None, None] / -j for p in product]
        if j < r:
            made = [p + q * eye for p, q in zip(product, number, strict=True)]
    sign = (-1) ** (r - 1)
    return [sign * p for p in made], [-sign * q for q in number]


def _along_vjp(want: Sequence[bool], y: Value, a: Value, *along: Value) -> Sequence[Local | None]:
    def instead(k: int) -> Local:
        rest = along[: k - 1] + along[k:] if k else along
        return Through(lambda u: cofactor_along(a, *rest, u), "the next derivative of det {0}, along u")

    return [instead(k) if w else None for k, w in enumerate(want)]


def _along_jvp(tangents: Sequence[Value | None], y: Value, a: Value, *along: Value) -> Value:
    terms: list[Value] = []
    for k, t in enumerate(tangents):
        if t is not None:
            terms.append(cofactor_along(a, *(along[: k - 1] + along[k:] if k else along), t))
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return spread(total, y)


cofactor_along = structured(
    "cofactor_along",
    _cofactor_along,
    arity=-1,
    types=_matrix_types,
    vjp=_along_vjp,
    jvp=_along_jvp,
    notation=Function("cofactor_along", r"\operatorname{D\,cof}"),
    samples=lambda rng: [
        ((regular(rng, 3, 3), rng.normal(size=(3, 3))), {}),
        ((np.ones((3, 3)), rng.normal(size=(3, 3))), {}),
        ((regular(rng, 2, 1, 1), rng.normal(size=(2, 1, 1))), {}),
        ((regular(rng, 2, 2), rng.normal(size=(2, 2)), rng.normal(size=(2, 2))), {}),
        ((np.zeros((0, 0)), np.zeros((0, 0))), {}),
    ],
    note="the derivative of the cofactors along one or more matrices: the higher derivatives of a determinant",
)


def _slogdet_types(types: Types, params: Params) -> Types:
    (number,) = _number_types(types, params)
    return (number, number)


def _slogdet_vjp(want: Any, ys: Any, a: Value) -> Sequence[Local]:
    def send(us: Any) -> Value:
        if us[1] is None:
            return broadcast_to(constant(0, a), shape=a.shape)
        return per_matrix(us[1]) * turned(inv(a))

    return [Through(send, "u1 {0}⁻ᵀ; the sign is flat")]


slogdet = structured(
    "slogdet",
    np.linalg.slogdet,
    several=True,
    types=_slogdet_types,
    vjp=_slogdet_vjp,
    jvp=lambda tangents, ys, a: (None, _dotted(turned(inv(a)), tangents[0])),
    samples=lambda rng: [
        ((regular(rng, 3, 3),), {}),
        ((-regular(rng, 2, 3, 3),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    note="the sign and log |det|: the gradient of the second is A⁻ᵀ, that of the first is 0",
    batch=batching.stacked,
    kernel=lambda types, outs, params: (
        _sign_and_log(types, outs[0].dtype, lambda s, t: s),
        _sign_and_log(types, outs[0].dtype, lambda s, t: t),
    ),
)


def _logdet(a: Any) -> Any:
    sign, size = np.linalg.slogdet(a)
    return np.where(sign < 0, np.nan, size)[()]


def _logdet_slope(y: Value, a: Value) -> Value:
    return defined(turned(inv(a)), per_matrix(y))


def _logdet_vjp(want: Any, y: Value, a: Value) -> Sequence[Local]:
    if not y.shape:
        return [times(_logdet_slope(y, a), a)]
    return [Through(lambda u: per_matrix(u) * _logdet_slope(y, a), "u {0}⁻ᵀ")]


logdet = structured(
    "logdet",
    _logdet,
    types=_number_types,
    vjp=_logdet_vjp,
    jvp=lambda tangents, y, a: _dotted(_logdet_slope(y, a), tangents[0]),
    notation=Function("logdet", r"\log\det"),
    samples=lambda rng: [
        ((regular(rng, 3, 3),), {}),
        ((regular(rng, 2, 2, 2),), {}),
        ((np.zeros((0, 0)),), {}),
    ],
    note="log det(A), which does not overflow where det(A) would; NaN where det(A) < 0. Its gradient is A⁻ᵀ",
    batch=batching.stacked,
    kernel=lambda types, outs, params: _sign_and_log(types, outs[0].dtype, lambda s, t: where(s < 0, math.nan, t)),
)
