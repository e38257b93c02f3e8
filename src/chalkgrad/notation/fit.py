"""Which shapes go together in maths text.

Elementwise wants equal shapes, a number, or a column beside a matrix of the same rows. NumPy's wider rule
would let a faulty `δ3 ∘ δ4` through.
"""

from __future__ import annotations

from chalkgrad.errors import ShapeError
from chalkgrad.ir.dims import Shape, dims_text
from chalkgrad.ir.program import Atom, Number


def scalar(shape: Shape) -> bool:
    """Whether an array of this shape is one number."""
    return all(dim == 1 and isinstance(dim, int) for dim in shape)


def scalars(atoms: tuple[Atom, ...]) -> bool:
    """Whether every operand is one number."""
    return all(atom.type.shape == () for atom in atoms)


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes go together elementwise."""
    if a == b or a == () or b == ():
        return True
    if (scalar(a) and len(a) <= len(b)) or (scalar(b) and len(b) <= len(a)):
        return True
    return len(a) == len(b) == 2 and a[0] == b[0] and 1 in (a[1], b[1])


def check_elementwise(op: str, atoms: tuple[Atom, ...], names: list[str]) -> None:
    """Refuse shapes that do not go together, naming both.

    Raises ShapeError.
    """
    widest, place = (), 0
    for at, atom in enumerate(atoms):
        shape = atom.type.shape
        if not fits(shape, widest):
            one, other = f"{names[place]} is {dims_text(widest)}", f"{names[at]} is {dims_text(shape)}"
            rule = "elementwise wants equal shapes, a number, or a column beside a matrix of the same rows"
            raise ShapeError(f"'{op}': {one}, {other}; {rule}")
        if (not scalar(shape) and (scalar(widest) or len(shape) > len(widest) or 1 in widest)) or len(shape) > len(
            widest
        ):
            widest, place = shape, at


def check_product(a: Shape, b: Shape, names: list[str]) -> None:
    """Refuse a matrix product whose inner sizes differ, naming both shapes.

    Raises ShapeError.
    """
    if not a or not b:
        which = names[0] if not a else names[1]
        raise ShapeError(f"'@' is the matrix product, and {which} is a number: write · instead")
    last_of_a, inner = a[len(a) - 1], b[max(len(b) - 2, 0)]
    if last_of_a != inner or len(a) > 2 or len(b) > 2:
        last, first = f"{last_of_a} columns" if len(a) > 1 else f"{last_of_a} entries", f"{inner} rows"
        shapes = f"{names[0]} is {dims_text(a)} and {names[1]} is {dims_text(b)}"
        raise ShapeError(f"this matrix product does not fit: {shapes}, {last} against {first}")


def inverted(base: Atom, exponent: Atom) -> bool:
    """Whether a power is the inverse of a matrix: `A^-1`. One over each entry is `1/A`."""
    matrix = len(base.type.shape) > 1
    return matrix and isinstance(exponent, Number) and exponent.type.shape == () and exponent.value == -1
