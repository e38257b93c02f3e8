"""What the signs and functions of a formula ask of the shapes around them. Every shape here is r×c, a number 1×1.

A rule with one reading is applied at once. One with several (`W x` may be a scaling or the matrix product) waits until
the shapes around it decide, and only when nothing else is left takes the reading that people mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from chalkgrad.notation.tree import Span
from chalkgrad.notation.unify import Reason, Sizes

Matrix = tuple[int, int]
ELEMENTWISE = "elementwise wants equal shapes, a number, or a column beside a matrix of the same rows"


def equate(sizes: Sizes, a: Matrix, b: Matrix, words: str, span: Span) -> bool:
    """Make two shapes equal; whether that is news."""
    reason = Reason(words, span)
    return sizes.merge(a[0], b[0], reason) | sizes.merge(a[1], b[1], reason)


def number(sizes: Sizes, a: Matrix) -> bool | None:
    """Whether a shape is 1×1; None where that is open."""
    rows, columns = sizes.one(a[0]), sizes.one(a[1])
    if rows is False or columns is False:
        return False
    return True if rows and columns else None


def differ(sizes: Sizes, a: Matrix, b: Matrix) -> bool:
    """Whether two shapes are certainly not equal."""
    pairs = [(sizes.dim(x), sizes.dim(y)) for x, y in zip(a, b, strict=True)]
    return any(x is not None and y is not None and x != y for x, y in pairs)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """`out = a + b`, or another sign that acts on each entry.

    `lone` tells which operands are a name alone, to which nothing else gives a shape: a bias may then be one column.
    """

    out: Matrix
    a: Matrix
    b: Matrix
    sign: str
    span: Span
    lone: tuple[bool, bool]

    def apply(self, sizes: Sizes) -> bool:
        """Conclude what can be concluded; whether nothing is left to be concluded.

        Raises Contradiction.
        """
        out, a, b = self.out, self.a, self.b
        if number(sizes, out):
            equate(sizes, a, out, f"a number on the left of this = has numbers around its {self.sign}", self.span)
            equate(sizes, b, out, f"a number on the left of this = has numbers around its {self.sign}", self.span)
            return True
        for one, other in ((a, b), (b, a)):
            if number(sizes, one):
                equate(sizes, out, other, f"a number beside {self.sign} leaves the other's shape", self.span)
                return True
        words = f"'{self.sign}': {ELEMENTWISE}"
        known = [m for m in (a, b) if number(sizes, m) is False]
        for one in known:
            sizes.merge(out[0], one[0], Reason(words, self.span))
            if sizes.one(one[1]) is False:
                sizes.merge(out[1], one[1], Reason(words, self.span))
        if len(known) == 2:
            return self._columns(sizes, words)
        return False

    def _columns(self, sizes: Sizes, words: str) -> bool:
        """Both are no numbers, so of equal rows; a single column is repeated."""
        reason = Reason(words, self.span)
        sizes.merge(self.a[0], self.b[0], reason)
        left, right = sizes.one(self.a[1]), sizes.one(self.b[1])
        if left is None or right is None:
            if sizes.root(self.a[1]) != sizes.root(self.b[1]):
                return False
            sizes.merge(self.out[1], self.a[1], reason)
            return True
        if left == right:
            sizes.merge(self.a[1], self.b[1], reason)
        sizes.merge(self.out[1], self.b[1] if left else self.a[1], reason)
        return True

    def assume(self, sizes: Sizes, examples: int | None) -> bool:
        """Equal shapes are what people mean; along the axis of the examples, one column is added to each."""
        if examples is not None:
            for one, other, lone in ((self.a, self.b, self.lone[0]), (self.b, self.a, self.lone[1])):
                if lone and number(sizes, one) is None and sizes.root(other[1]) == sizes.root(examples):
                    reason = Reason("one column, added to each example's", self.span)
                    sizes.merge(one[1], sizes.known(1), reason)
                    sizes.merge(one[0], other[0], reason)
                    return True
        words = f"'{self.sign}' wants equal shapes"
        return equate(sizes, self.a, self.b, words, self.span) | equate(sizes, self.out, self.a, words, self.span)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """`out = a b`: a scaling by a number, or the matrix product.

    `matrices` says that a name in capitals stands there, which is a matrix where nothing else tells.
    """

    out: Matrix
    a: Matrix
    b: Matrix
    names: tuple[str, str]
    span: Span
    matrices: bool

    @property
    def doubt(self) -> str:
        """What is open, where it is never applied."""
        return f"a scaling, or a matrix product? Declare {self.names[0]} or {self.names[1]}"

    def apply(self, sizes: Sizes) -> bool:
        """Conclude what can be concluded; whether nothing is left to be concluded.

        Raises Contradiction.
        """
        for one, other, name in ((self.a, self.b, self.names[0]), (self.b, self.a, self.names[1])):
            if number(sizes, one):
                equate(sizes, self.out, other, f"{name} is a number: a scaling", self.span)
                return True
        certain = [number(sizes, m) is False for m in (self.a, self.b)]
        # were one factor a number, the other would have the product's shape
        by_result = [certain[i] and differ(sizes, self.out, m) for i, m in enumerate((self.a, self.b))]
        if all(certain) or any(by_result):
            self.multiply(sizes)
            return True
        return False

    def multiply(self, sizes: Sizes) -> None:
        """The matrix product."""
        left, right = self.names
        inner = f"{left} {right}: the columns of {left} are the rows of {right}"
        sizes.merge(self.a[1], self.b[0], Reason(inner, self.span))
        sizes.merge(self.a[0], self.out[0], Reason(f"{left} {right} has the rows of {left}", self.span))
        sizes.merge(self.b[1], self.out[1], Reason(f"{left} {right} has the columns of {right}", self.span))

    def assume(self, sizes: Sizes, examples: int | None) -> bool:
        """A capital is a matrix; whether there was one."""
        if self.matrices:
            self.multiply(sizes)
        return self.matrices


Rule = Beside | Product
