"""`shapes`: the shapes of a text's names, solved from its equations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.ir.dims import Dim
from chalkgrad.notation.shapes import Solution, Solved, read_units, solve
from chalkgrad.render.shapes import shapes_table


@final
@dataclass(frozen=True, slots=True)
class Shapes:
    """Solved shapes. `str` of it is the table; `shapes["W1"]` is a pair of sizes: numbers, named sizes, or "?1"."""

    solution: Solution

    def __getitem__(self, name: str) -> Solved:
        """Rows and columns of a name, for one example."""
        return next(one.shape for one in self.solution.shapes if name == one.name)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name, in the order of the text."""
        return tuple([one.name for one in self.solution.shapes])

    @property
    def batched(self) -> dict[str, Solved]:
        """The shapes over all examples: of X for x^(i), of Z1 for z1, and the unchanged ones by their own names."""
        return {one.together or one.name: one.every or one.shape for one in self.solution.shapes}

    @property
    def determined(self) -> bool:
        """Whether every shape is known."""
        return all(one.determined for one in self.solution.shapes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was not determined, and why."""
        return self.solution.notes

    def __str__(self) -> str:
        return shapes_table(self.solution)

    def __repr__(self) -> str:
        return f"<Shapes of {len(self.solution.shapes)} names>"


def shapes(
    text: str,
    units: Mapping[str, str | int] | None = None,
    *,
    given: str | Sequence[str] = (),
    loss: str = "",
    examples: str = "",
) -> Shapes:
    """Solve for the shapes of all names in some equations, by unification over named sizes.

    Every shape is r×c, a number 1×1, and `R^n` a column n×1. `+` and `*` want equal shapes or a number; things side by
    side are a scaling or else the matrix product; what is differentiated is a number.

    Parameters
    ----------
    text : str
        Equations as a sheet prints them, maths text or LaTeX, with declarations such as `x^(i) in R^(D_x x 1)`.
    units : dict, optional
        The units of a layer, as rows of a name: `{"a1": "D_a1"}` or `{"a1": 4}`.
    given : str or sequence of str, optional
        More declarations.
    loss : str, optional
        What is differentiated; by default a last stage that sums over the examples, or is called J, L, ℓ, Loss.
    examples : str, optional
        How many examples there are; by default what stands above Σ, else m.

    Returns
    -------
    Shapes

    Raises
    ------
    NotationError, UnknownName
        Where the text cannot be read, or has no such name.
    ShapeError
        Where two equations contradict each other; both are shown.

    Examples
    --------
    >>> found = shapes("z = W x + b", {"z": "p"}, given="x in R^n")
    >>> [str(side) for side in found["W"]], [str(side) for side in found["b"]]
    (['p', 'n'], ['p', '1'])
    """
    more = [given] if isinstance(given, str) else list(given)
    sizes: dict[str, Dim] = read_units(units)
    return Shapes(solve("\n".join([text, *[line for line in more if line]]), sizes, loss, examples))
