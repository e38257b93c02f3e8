"""Sums and means over axes: what does not change along them stands in front."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from chalkgrad.ir.dims import Dim, Shape, Size, count
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops import reduction
from chalkgrad.transform.matrices.chains import chain, factors_of, filled, plain, transposed
from chalkgrad.transform.matrices.form import Array, Params
from chalkgrad.transform.terms import (
    Call,
    Literal,
    Ones,
    Terms,
    alone,
    as_factor,
    factors_shape,
    number,
    power,
    product,
    scaled,
    shape_of,
)


def total(args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """The sum over axes."""
    return _reduced(args[0], reduction.axes_of(args[0].shape, params.get("axis")), params.get("keepdims", False))


def mean(args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """The sum, divided by how many there are."""
    axes = reduction.axes_of(args[0].shape, params.get("axis"))
    size = count(tuple(args[0].shape[a] for a in axes))
    return product(_reduced(args[0], axes, params.get("keepdims", False)), power(_size(size), Fraction(-1)))


def mean_of(args: Sequence[Array], params: Params, type: ArrayType) -> Terms:
    """Division by a size that may have only a name."""
    return product(args[0].terms, power(_size(params["size"]), Fraction(-1)))


def sum_to(args: Sequence[Array], params: Params, type: ArrayType) -> Terms | None:
    """The sum over the axes along which something was repeated."""
    (a,) = args
    shape, target = a.shape, tuple(params["shape"])
    extra = len(shape) - len(target)
    axes = (*range(extra), *[extra + i for i, n in enumerate(target) if n == 1 and shape[extra + i] != 1])
    if not axes:
        return a.terms
    if not extra:
        return _reduced(a, axes, True)
    if all(i in axes or n == 1 for i, n in enumerate(shape)):
        return _reduced(a, tuple(range(len(shape))), True)
    return _reduced(a, axes, False) if len(axes) == extra else None


def _size(size: Dim) -> Terms:
    """A number of entries; one that has only a name stays that name, unless it is a product of such."""
    if isinstance(size, int):
        return number(size)
    whole = number(1)
    if len(size.terms) == 1:
        ((names, coefficient),) = size.terms
        for name in names:
            whole = product(whole, alone(Literal(Size((((name,), 1),)))))
        return scaled(whole, Fraction(coefficient))
    return alone(Literal(size))


def _reduced(a: Array, axes: tuple[int, ...], keepdims: bool) -> Terms:
    """The sum over `axes`; what does not change along them stands before it."""
    if not a.terms.terms:
        return a.terms
    coefficient, factors = as_factor(a.terms)
    rank = len(a.shape)
    everything = len(axes) == rank
    before = [f for f in factors if not shape_of(f[0]) or (keepdims and _level(shape_of(f[0]), axes, rank))]
    inside = tuple(f for f in factors if f not in before)
    outside = Terms(((coefficient, tuple(before)),))
    have = factors_shape(inside)
    repeated = [k for k in axes if _level(have, (k,), rank) and a.shape[k] != 1]
    if not inside:
        return product(outside, _size(count(tuple(a.shape[k] for k in axes))))
    if len(have) != rank and not everything:
        whole = filled(Terms(((Fraction(1), inside),)), a.shape)
    else:
        whole = Terms(((Fraction(1), inside),))
        outside = product(outside, _size(count(tuple(a.shape[k] for k in repeated))))
    if everything:
        return product(outside, _summed(whole))
    params: dict[str, Any] = {"axis": axes[0] if len(axes) == 1 else axes}
    if keepdims:
        params["keepdims"] = True
    shape = tuple(1 if k in axes else n for k, n in enumerate(a.shape) if keepdims or k not in axes)
    return product(outside, alone(Call(reduction.sum, (plain(whole),), tuple(params.items()), shape)))


def _level(shape: Shape, axes: Sequence[int], rank: int) -> bool:
    """Whether something of this shape does not change along `axes` of an array of that rank."""
    at = [k - (rank - len(shape)) for k in axes]
    return all(k < 0 or shape[k] == 1 for k in at)


def _summed(whole: Terms) -> Terms:
    """The sum of all entries: of a product of two vectors it is `aᵀ b`, and of e_0 it is 1."""
    ((_, factors),) = whole.terms
    if len(factors) == 1 and isinstance(base := factors[0][0], Ones) and base.place is not None:
        return number(1)
    if len(factors) == 2 and all(e == 1 and len(shape_of(b)) == 1 for b, e in factors):
        (a, _), (b, _) = factors
        if shape_of(a) == shape_of(b):
            (scale, left), (other, right) = (factors_of(alone(x), shape_of(x)) for x in (a, b))
            return product(product(scale, other), chain((*transposed(left), *right)))
    return alone(Call(reduction.sum, (plain(whole),), ()))
