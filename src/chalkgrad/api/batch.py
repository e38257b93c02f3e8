"""`batch`: a program for one example into the program for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.api.code import code
from chalkgrad.api.shapes import shapes
from chalkgrad.errors import ShapeError
from chalkgrad.evaluate.worked import work
from chalkgrad.ir.dims import Shape
from chalkgrad.ir.program import Program
from chalkgrad.notation.read import read
from chalkgrad.notation.shapes import known
from chalkgrad.render.shapes import changes_table
from chalkgrad.transform.batch import Batched
from chalkgrad.transform.batch import batch as over_all


@final
@dataclass(frozen=True, slots=True)
class Batch:
    """What `batch` made: `.program`, and `.changes`, the values that changed shape. `str` of it shows both."""

    made: Batched

    @property
    def program(self) -> Program:
        """The program over all examples."""
        return self.made.program

    @property
    def changes(self) -> dict[str, tuple[str, Shape, Shape]]:
        """For every value that changed: what it is called now, its shape for one example, and over all."""
        return {c.name: (c.together, c.before, c.after) for c in self.made.changes}

    @property
    def same(self) -> tuple[str, ...]:
        """The inputs that stayed as they are."""
        return tuple([var.hint for var in self.made.same])

    def __str__(self) -> str:
        return f"{changes_table(self.made)}\n\n{code(work(self.program)).rstrip()}"

    def __repr__(self) -> str:
        return f"<Batch {self.program}>"


def batch(
    source: str | Program,
    index: str = "i",
    examples: int | None = None,
    *,
    units: Mapping[str, str | int] | None = None,
    given: str | Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
) -> Batch:
    """The program over all examples: `x^(i)` of D_x×1 becomes X of D_x×m, whose columns are the examples.

    Parameters
    ----------
    source : str or Program
        The program for one example, in which `Σ_i` sums over them: maths text, whose shapes are solved first, or a
        Program that was read from such a text.
    index : str
        What numbers the examples.
    examples : int, optional
        How many there are; by default a named size, what stands above Σ, or m.
    units, given : optional
        What is known of the shapes of a text, as in `shapes`.
    sizes : dict, optional
        Numbers for named sizes, `{"D_x": 3, "m": 5}`: a program is evaluated only where every size is a number.

    Returns
    -------
    Batch
        `.program` is evaluated, drawn and differentiated as any other; the gradient of what is one for all examples,
        such as b, is a sum over them.

    Raises
    ------
    ShapeError
        Where a shape of the text is not determined, or the equations contradict each other.
    ProgramError
        Where a step has no reading over columns; it names the step.

    Examples
    --------
    >>> made = batch("x^(i) in R^n, w in R^n; J = Σ_i (w^T x^(i))^2", sizes={"n": 2, "m": 3})
    >>> made.changes["x^(i)"]
    ('X', (2,), (2, 3))
    """
    numbers = {**(sizes or {}), **({} if examples is None else {"m": examples})}
    program = _declared(source, units, given, numbers) if isinstance(source, str) else source
    return Batch(over_all(program, index, examples, numbers))


def _declared(
    text: str, units: Mapping[str, str | int] | None, given: str | Sequence[str], sizes: Mapping[str, int]
) -> Program:
    """The text's program: every input of the shape that was solved for, a 1×1 that nobody declared a number."""
    whole = "\n".join([text, *([given] if isinstance(given, str) else given)]).rstrip("\n")
    solved = shapes(whole, units)
    if not solved.determined:
        raise ShapeError(f"shapes are not determined: {'; '.join(solved.notes)}. Declare them, as in W in R^(p x n)")
    found = {one.name: known(one.shape) for one in solved.solution.shapes}
    declared: dict[str, Shape] = {name: () if shape == (1, 1) else shape for name, shape in found.items()}
    return read(whole, shapes=declared, sizes=sizes).program
