"""Entries that only move: reshape, scatter, sort and diagonals."""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import determinant, inverse, order, shape
from chalkgrad.transform.matrices.chains import chain
from chalkgrad.transform.matrices.form import Array, Params
from chalkgrad.transform.terms import Call, Factor, Ones, Terms, alone, product, scaled


def reshape(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """An axis of one entry more or less: `u[:, None]`."""
    (a,) = args
    old, new = a.shape, type.shape
    if a.terms.shape == ():
        return a.terms
    if [n for n in old if n != 1] != [n for n in new if n != 1] or len(old) > 2 or len(new) > 2:
        return None
    if len(a.terms.shape) == 1 and new[-1:] == a.terms.shape:
        return a.terms  # a row as it stands
    every = slice(None)
    if len(old) == 1 and len(new) == 2:
        return alone(Call(shape.index, (a.full,), (("index", (every, None)),), new))
    if len(old) == 2 and len(new) < 2:
        vector = column(a.terms)
        if vector is not None and new == vector.shape:
            return vector
        at = tuple(0 if n == 1 else every for n in old)
        if len([i for i in at if i == every]) != len(new):
            return None
        return alone(Call(shape.index, (a.full,), (("index", at),), new))
    return a.terms if old == new else None


def column(terms: Terms) -> Terms | None:
    """The vector v of `v[:, None]`."""
    if len(terms.terms) != 1 or len(terms.terms[0][1]) != 1:
        return None
    coefficient, ((base, exponent),) = terms.terms[0]
    if exponent != 1 or not isinstance(base, Call) or base.op is not shape.index:
        return None
    return scaled(base.args[0], coefficient) if dict(base.params)["index"] == (slice(None), None) else None


def scatter(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """One number in one place is that number times `e_0`."""
    place = params["index"] if isinstance(params["index"], tuple) else (params["index"],)
    if args[0].shape or len(place) != len(type.shape) or not all(isinstance(p, int) for p in place):
        return None
    at = tuple(p + n if p < 0 and isinstance(n, int) else p for p, n in zip(place, type.shape, strict=True))
    return product(args[0].terms, alone(Ones(type.shape, at))) if min(at) >= 0 else None


def index(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """One entry of a vector, under the one name that `terms.entry` gives it too."""
    place = params["index"]
    place = place[0] if isinstance(place, tuple) and len(place) == 1 else place
    if len(args[0].shape) != 1 or not isinstance(place, int) or isinstance(place, bool):
        return None
    (size,) = args[0].shape
    place += size if place < 0 and isinstance(size, int) else 0
    return alone(Call(shape.index, (args[0].full,), (("index", place),)))


def put_diagonal(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """A number on the diagonal is that number times I."""
    if args[0].terms.shape or len(type.shape) != 2 or type.shape[0] != type.shape[1] or set(params) != {"shape"}:
        return None
    return product(args[0].terms, alone(Ones(type.shape, diagonal=True)))


def cofactors(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """det(A) A⁻ᵀ, as people write it, though the cofactors exist where A has no inverse."""
    if len(type.shape) != 2:
        return None
    full = args[0].full
    size = alone(Call(determinant.det, (full,), ()))
    back = Factor(alone(Call(inverse.inv, (full,), (), type.shape)), True, type.shape)
    return product(size, chain((back,)))


def put_along(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """What a sort put in order goes back: the inverse of a permutation is its argsort."""
    places = args[1].terms
    if len(places.terms) != 1 or len(places.terms[0][1]) != 1:
        return None
    base = places.terms[0][1][0][0]
    if not isinstance(base, Call) or base.op is not order.argsort:
        return None
    axis = {k: v for k, v in params.items() if k == "axis"}
    back = Call(order.argsort, (places,), tuple(axis.items()), type.shape)
    return alone(Call(order.take_along, (args[0].full, alone(back)), tuple(axis.items()), type.shape))
