"""`parse`: maths text to a Program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalkgrad.api.source import source_of
from chalkgrad.ir.program import Program


def parse(
    text: str,
    values: Mapping[str, Any] | None = None,
    *,
    abstract: str | Sequence[str] = (),
    let: Mapping[str, str] | None = None,
    **named: Any,
) -> Program:
    """The Program of a formula, or of staged lines, in maths text.

    `values` and `named` declare names and give shapes, as on the command line; the text is read, never executed.
    `abstract` names functions that it calls and does not give, `let` fills them in.
    Raises NotationError, with a caret under the place.

    Examples
    --------
    >>> program = parse("q = x + y; f = q z")
    >>> [v.hint for v in program.inputs], [step.op.name for step in program.steps]
    (['x', 'y', 'z'], ['add', 'multiply'])
    """
    return source_of(text, values={**(values or {}), **named}, abstract=abstract, let=let).program
