"""The function of a part, read once: its Program is the same for every variant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, final

import numpy as np

from chalkgrad import ops
from chalkgrad.classroom.sheets.numpy_text import maths_text
from chalkgrad.classroom.sheets.sheet import Part
from chalkgrad.errors import ChalkgradError, TooLarge, UnknownName
from chalkgrad.evaluate.functions import read_function
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.program import Program
from chalkgrad.notation.filling import by_name, read_names
from chalkgrad.notation.read import Reading
from chalkgrad.render.rows import WHOLE
from chalkgrad.transform.gates import Gates, set_gates

LONGEST = 8000
Shapes = tuple[tuple[str, tuple[int, ...]], ...]

assert ops, "importing the ops fills the table"


@final
class Function:
    """A function as a sheet shows it. What does not hang on the values is found once, and kept in `found`."""

    def __init__(self, reading: Reading, text: str) -> None:
        self.program: Program = reading.program
        self.echo = reading.echo
        self.text = text
        self.found: dict[Any, Any] = {}


def fitted(
    text: str,
    python: bool,
    abstract: Collection[str],
    let: Mapping[str, str],
    own: Mapping[str, Any],
    inherited: Mapping[str, Any],
) -> dict[str, Any]:
    """The values that a part's function takes: all of its own, and those of its problem that it reads.

    Raises ChalkgradError where the function cannot be read at them.
    """
    if len(text) > LONGEST:
        raise TooLarge(f"the function is over {LONGEST} letters: too long for a sheet")
    typed = "\\" not in text  # in LaTeX ŷ is written otherwise
    values = {name: x for name, x in {**inherited, **own}.items() if name in own or name in text or not typed}
    while True:
        try:
            _read(text, python, abstract, let, values)
        except UnknownName as error:
            if error.name not in inherited or error.name in own or error.name not in values:
                raise
            del values[error.name]
        else:
            return values


def function_of(part: Part) -> Function:
    """The part's function, one object for all values of these shapes.

    Raises ChalkgradError where it cannot be read, TooLarge where it is too large to be drawn on a sheet.
    """
    shapes = tuple([(name, np.shape(value)) for name, value in part.values.items()])
    return _function(part.function, part.python, part.abstract, tuple(part.let.items()), shapes, part.gates)


@lru_cache(maxsize=256)
def _function(
    text: str, python: bool, abstract: tuple[str, ...], let: tuple[tuple[str, str], ...], shapes: Shapes, gates: Gates
) -> Function:
    values = {name: np.ones(shape)[()] for name, shape in shapes}
    reading = _read(text, python, abstract, dict(let), values)
    program = set_gates(reading.program, gates)
    if sum(1 for _ in program.variables()) > WHOLE:
        raise TooLarge(f"the function has more than {WHOLE} values: too many for a sheet")
    # as it was understood: `xy` may be x·y only beside the values' names
    written = maths_text(text) if python else text
    return Function(Reading(program, reading.echo), written if let or abstract else "\n".join(reading.echo))


def _read(
    text: str, python: bool, abstract: Collection[str], let: Mapping[str, str], values: Mapping[str, Any]
) -> Reading:
    lets = by_name(let)
    functions = tuple(dict.fromkeys([*read_names(abstract), *lets]))
    if python and functions:
        raise ChalkgradError("abstract and let are for maths text")
    return read_function(maths_text(text) if python else text, values, functions, lets)


def worked(part: Part) -> Worked:
    """The part's function at its values; symbolic where there are none."""
    made = function_of(part)
    return work(made.program, part.values, upstream=part.upstream, wrt=part.wrt, echo=made.echo)
