"""Sizes of arrays: ints, names such as `m` or `D_x`, and small polynomials of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import final

from chalkgrad.errors import ShapeError

Monomial = tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Size:
    """A polynomial with whole coefficients over named sizes, in normal form: two equal sizes compare equal."""

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: Dim) -> Dim:
        return _collect([*self.terms, *_terms(other)])

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return _collect([(m, -c) for m, c in self.terms])

    def __sub__(self, other: Dim) -> Dim:
        return self + (-other)

    def __rsub__(self, other: Dim) -> Dim:
        return (-self) + other

    def __mul__(self, other: Dim) -> Dim:
        return _collect([(tuple(sorted(m + n)), c * d) for m, c in self.terms for n, d in _terms(other)])

    __rmul__ = __mul__

    def __str__(self) -> str:
        parts: list[str] = []
        for monomial, coefficient in self.terms:
            factors = ([str(abs(coefficient))] if abs(coefficient) != 1 or not monomial else []) + list(monomial)
            sign = "-" if coefficient < 0 else ("+" if parts else "")
            parts.append((f" {sign} " if parts else sign) + "·".join(factors))
        return "".join(parts)


Dim = int | Size
Shape = tuple[Dim, ...]


def size(name: str) -> Size:
    """The size called `name`."""
    return Size((((name,), 1),))


def substitute(dim: Dim, known: Mapping[str, int]) -> Dim:
    """`dim` with the named sizes in `known` replaced by their numbers."""
    if isinstance(dim, int):
        return dim
    terms: list[tuple[Monomial, int]] = []
    for monomial, coefficient in dim.terms:
        rest = tuple(n for n in monomial if n not in known)
        terms.append((rest, coefficient * prod(known[n] for n in monomial if n in known)))
    return _collect(terms)


def count(shape: Shape) -> Dim:
    """How many elements an array of this shape has."""
    total: Dim = 1
    for dim in shape:
        total = total * dim
    return total


def broadcast(*shapes: Shape) -> Shape:
    """The common shape by NumPy's rule; two sizes that cannot be shown equal are an error that names both."""
    rank = max((len(s) for s in shapes), default=0)
    out: list[Dim] = []
    for axis in range(rank):
        dims = [s[axis - rank + len(s)] for s in shapes if axis - rank + len(s) >= 0]
        wide = [d for d in dims if d != 1]
        for other in wide[1:]:
            if other != wide[0]:
                whole = " and ".join(dims_text(s) for s in shapes)
                raise ShapeError(f"shapes {whole} do not fit: size {wide[0]} against size {other}")
        out.append(wide[0] if wide else 1)
    return tuple(out)


def dims_text(shape: Shape) -> str:
    """`(m, 3)`; a scalar is `()`."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _terms(dim: Dim) -> tuple[tuple[Monomial, int], ...]:
    return dim.terms if isinstance(dim, Size) else (((), dim),)


def _collect(terms: list[tuple[Monomial, int]]) -> Dim:
    total: dict[Monomial, int] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, 0) + coefficient
    kept = tuple(sorted((m, c) for m, c in total.items() if c))
    if not kept:
        return 0
    if kept[0][0] == () and len(kept) == 1:
        return kept[0][1]
    return Size(kept)
