"""`explain`: a Work in words."""

from __future__ import annotations

from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.births import birth_sentences
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import edge_sentence, fork_sentences, habits, sensitivity


def explain(worked: Worked, digits: int = 4) -> str:
    """Every edge in a sentence, every fork's sum, what each gate does, every convention, and where a NaN was born.

    Raises ChalkgradError for what is no Work.

    Examples
    --------
    >>> from chalkgrad import work
    >>> print(explain(work("q = x + y; f = q z", x=-2, y=5, z=-4)).splitlines()[2])
    ∂f/∂x = ∂f/∂q · ∂q/∂x = -4 · 1 = -4
    """
    if not isinstance(worked, Worked):
        raise ChalkgradError(f"explain takes a Work, not {type(worked).__name__}: explain(work(…))")
    if not isinstance(digits, int) or digits < 0:
        raise ChalkgradError(f"digits counts decimals, and is not {digits}")
    rows = Rows(worked)
    lines = [edge_sentence(rows, e, digits) for e in rows.edges()]
    lines += list(fork_sentences(rows, digits))
    if rows.small:
        lines += [sensitivity(rows, v) for v in worked.backprop.wrt if not v.type.shape and rows.total(v)]
    lines += list(habits(rows))
    lines += [f"notice: {n}" for n in worked.notices]
    lines += list(birth_sentences(rows, digits))
    return "\n".join(lines)
