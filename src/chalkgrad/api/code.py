"""`code`: the staged program, in the language asked for."""

from __future__ import annotations

from collections.abc import Callable

from chalkgrad.api.nests import nests
from chalkgrad.api.source import source_of
from chalkgrad.errors import ChalkgradError, nearest
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.collection import no_collection
from chalkgrad.render.c import c
from chalkgrad.render.pseudocode import pseudocode
from chalkgrad.render.python import python
from chalkgrad.render.staged import staged
from chalkgrad.transform.backprop import Backprop

LANGUAGES: dict[str, Callable[[Worked], str]] = {
    "pseudocode": pseudocode,
    "python": python,
    "c": c,
    "latex": staged,
    "loops": nests,
}


def code(worked: Worked | Backprop | str, language: str = "pseudocode") -> str:
    """The forward and backward program of a Work, a Backprop or a text: `pseudocode`, `python`, `c` or `latex`.

    `loops` are the loop nests that it is compiled to, with the step that each line does.

    Raises ChalkgradError for a language that is not there, and for anything else in place of a Work.

    Examples
    --------
    >>> print(code("q = x + y; f = q z"))
    # forward
    q = x + y    #(1)
    f = q·z      #(2)
    <BLANKLINE>
    # backward: dq is the gradient of f with respect to q
    df = 1
    dq = z       #(2)
    dz = q       #(2)
    dx = dq · 1  #(1)
    dy = dq · 1  #(1)
    <BLANKLINE>
    """
    if not isinstance(language, str):
        raise ChalkgradError(f"the language is a name, as 'python', not {type(language).__name__}; code(work(f, x), …)")
    if language not in LANGUAGES:
        raise ChalkgradError(f"no code as '{language}'{nearest(language, LANGUAGES)}; there is {', '.join(LANGUAGES)}")
    if isinstance(worked, str):
        worked = work(source_of(worked).program)
    if isinstance(worked, Backprop):
        worked = work(worked.program, wrt=[v.hint for v in worked.wrt])
    if not isinstance(worked, Worked):
        raise ChalkgradError(f"code takes a Work or a Backprop, not {type(worked).__name__}: code(work(…))")
    with no_collection():
        return LANGUAGES[language](worked)
