"""Formula blanks that another system can judge: the key, the stages in the inputs, and the key's values at points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from chalkgrad.classroom.export.maxima import CannotWrite, maxima, names_of
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, Question
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.ir.program import Program, Var
from chalkgrad.notation.read import read

Point = tuple[tuple[tuple[str, float], ...], float]

_POINTS, _TRIED = 6, 60
_BIGGEST = 1e6
_JUDGED = frozenset({"formula", "terms", "update", "gradient", "local", "value"})


@final
@dataclass(frozen=True, slots=True)
class Formula:
    """`key` in the names it may be typed in; `names` as (on paper, typed).

    `stages` are the function's stages in its inputs, `points` inputs with the key's value there, `only` the names that
    an answer may use where not all may be used.
    """

    key: str
    names: tuple[tuple[str, str], ...]
    stages: tuple[tuple[str, str], ...]
    points: tuple[Point, ...]
    only: tuple[str, ...]

    @property
    def signed(self) -> bool:
        """Whether the other sign is another formula."""
        return any(value for _, value in self.points)


def formula_of(blank: Blank, question: Question) -> Formula | None:
    """None for what is not a smooth function of numbers in names that can be typed."""
    key, work = blank.key, question.work
    if not isinstance(key, FormulaKey) or work is None or key.given or blank.kind not in _JUDGED:
        return None
    named = [v for v in work.program.variables() if v.hint]
    rate = ("α",) if blank.kind == "update" and "α" not in [work.called[v] for v in named] else ()
    try:
        called = names_of({v: work.called[v] for v in named})
        program = _read(key.text, [*[work.called[v] for v in named], *rate])
        typed = [*called.values(), *["alpha" for _ in rate]]
        written = maxima(program, dict(zip(program.inputs, typed, strict=True)))
        stages = [(called[v], maxima(work.program, called, v)) for v in named if v not in work.program.inputs]
    except (ChalkgradError, CannotWrite):
        return None
    if len(set(typed)) < len(typed):
        return None
    points = _points(work.program, program, named, [called[v] for v in work.program.inputs], bool(rate))
    if len(points) < _POINTS:
        return None
    paper = [*[work.called[v] for v in named], *rate]
    told = dict(zip(paper, typed, strict=True))
    only = tuple([told[n] for n in key.names if n in told])
    return Formula(written, tuple(told.items()), tuple(stages), tuple(points), only)


def _read(text: str, names: Sequence[str]) -> Program:
    head = next(n for n in ("F", "G", "H", "K", "Q", "R") if n not in names)
    return read(f"{head}({', '.join(names)}) = {text}").program


def _points(function: Program, key: Program, named: Sequence[Var], inputs: Sequence[str], rate: bool) -> list[Point]:
    """Inputs at which the key has a value, and the value; the same for the same question."""
    random = np.random.default_rng(len(named))
    found: list[Point] = []
    for _ in range(_TRIED):
        at = [round(float(x), 2) for x in random.uniform(0.2, 1.8, len(inputs))]
        step = [round(float(random.uniform(0.2, 1.8)), 2)] if rate else []
        with np.errstate(all="ignore"):
            values = values_of(function, at)
            out = key.output
            value = values_of(key, [*[values[v] for v in named], *step]).get(out) if isinstance(out, Var) else out.value
        value = float(np.asarray(value))
        if np.isfinite(value) and abs(value) < _BIGGEST:
            pairs = zip([*inputs, *["alpha" for _ in step]], [*at, *step], strict=True)
            found.append((tuple(pairs), value))
        if len(found) == _POINTS:
            break
    return found
