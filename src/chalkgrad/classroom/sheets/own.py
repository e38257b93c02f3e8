"""Blanks of a sheet's own: a number by a formula, a formula or a derivation that is given, words, a drawing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, final

import numpy as np

from chalkgrad.classroom.claims.judge import judge
from chalkgrad.classroom.claims.matrices.judge import judge_matrices
from chalkgrad.classroom.claims.matrices.reading import is_matrix, read_matrix_claim
from chalkgrad.classroom.claims.reading import read_claim
from chalkgrad.classroom.claims.verdict import Verdict
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, Key, NumberKey, ShapeKey, TextKey
from chalkgrad.classroom.sheets.blanks import Asked
from chalkgrad.classroom.sheets.formulas import Formulas
from chalkgrad.classroom.sheets.function import Function
from chalkgrad.classroom.sheets.ids import Ids
from chalkgrad.classroom.sheets.refusals import NEAR, refuse_unsayable
from chalkgrad.classroom.sheets.rounding import rounded
from chalkgrad.classroom.sheets.sheet import Ask, Part
from chalkgrad.classroom.sheets.slopes import Slopes
from chalkgrad.errors import ChalkgradError, SheetError, UnknownName, nearest
from chalkgrad.evaluate.functions import read_function
from chalkgrad.evaluate.interpret import values_of
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number
from chalkgrad.notation.shapes import Solution, Solved, solve
from chalkgrad.render.numbers import shown
from chalkgrad.render.shapes import size_text

BEFORE, AFTER = -2, 5
WORDS = ("text", "graph")
_HEADED = re.compile(r"^\s*(forward|backward|claim)\s*:", re.IGNORECASE | re.MULTILINE)


def claim_text(given: str, answer: str, head: str = "") -> str:
    """A claim about `given`: an answer of lines with headers of their own, or equations, or one side of `head = …`."""
    said = f"{head} = {answer}" if head else answer
    body = said if not head and _HEADED.search(said) else f"claim:\n{said}"
    return f"{given.strip()}\n{body.strip()}\n"


def judged(given: str, answer: str, head: str = "") -> Verdict:
    """The verdict of the claim checker on an answer.

    Raises ChalkgradError where it cannot be read.
    """
    whole = claim_text(given, answer, head)
    if is_matrix(whole):
        return judge_matrices(read_matrix_claim(whole, {}))
    return judge(read_claim(whole, {}))


def own_blanks(part: Part, made: Function | None, work: Worked | None) -> Iterator[Asked]:
    """The blanks that are no pattern of a function, in the order of the file.

    Raises SheetError for a key that cannot be read, or is wrong.
    """
    reader = _Own(part, made, work)
    counts: dict[str, int] = {}
    first = next((k for k, ask in enumerate(part.asks) if ask.pattern), 0)
    for place, ask in enumerate(part.asks):
        if not ask.pattern:
            assert ask.kind is not None
            id = ask.id
            if not id:
                counts[ask.kind] = counts.get(ask.kind, 0) + 1
                id = ask.kind if counts[ask.kind] == 1 else f"{ask.kind}.{counts[ask.kind]}"
            rank = (BEFORE if place < first and ask.kind in WORDS else AFTER, place)
            yield Asked(_blank(ask, id, reader.key(ask, id)), ask, rank)
        elif made is None:
            for name, key in reader.shapes(ask):
                yield Asked(_blank(ask, f"{name}.shape", key, name), ask, (-1, place))


def _blank(ask: Ask, id: str, key: Key, said: str = "") -> Blank:
    return Blank(
        id,
        ask.kind or "shape",
        ask.ask or said,
        key,
        0.0,
        lines=ask.lines,
        hint=ask.hint,
        figure=ask.figure,
        answer_figure=ask.answer_figure,
    )


@final
class _Own:
    def __init__(self, part: Part, made: Function | None, work: Worked | None) -> None:
        self.part = part
        self.made = made
        self.work = work

    def key(self, ask: Ask, id: str) -> Key:
        match ask.kind:
            case "value":
                return self.value(ask, id)
            case "formula" | "terms":
                return self.formula(ask, id)
            case "claim":
                return self.claim(ask, id)
            case _:
                return TextKey(ask.answer, ask.rubric)

    # a number

    def value(self, ask: Ask, id: str) -> Key:
        """What the answer comes to, over the inputs and the stages."""
        values = self.numbers()
        mentioned = {n: v for n, v in values.items() if n in ask.answer}
        program = _reading(ask.answer, mentioned, id)
        missing = [v.hint for v in program.inputs if v.hint not in values]
        if missing:
            raise SheetError(
                f"the answer of '{id}' reads '{missing[0]}', which has no value{nearest(missing[0], values)}"
            )
        given = [values[v.hint] for v in program.inputs]
        out, numbers = program.output, values_of(program, given)
        exact = (out.value if isinstance(out, Number) else numbers[out]) + 0.0
        if not all(np.all(np.isfinite(x)) for x in numbers.values()):
            raise SheetError(f"the answer of '{id}' holds what is no finite number at these values")
        refuse_unsayable(id, exact, self.part.digits)
        wide = Slopes(program, given, 1.0).output(given)
        if not np.allclose(exact, np.asarray(wide, np.float64), rtol=NEAR, atol=0.0):
            raise SheetError(f"the key of '{id}' is not sure: {shown(exact, 9)}, and {shown(wide, 9)} in long double")
        return NumberKey(exact, rounded(exact, self.part.digits), self.part.digits)

    def numbers(self) -> dict[str, Any]:
        """Every value that an answer may read."""
        if self.work is None:
            return dict(self.part.values)
        if self.work.symbolic:
            return {}
        return {name: self.work.numbers[v] for v, name in self.work.called.items() if "(" not in name}

    # formulas and derivations

    def formula(self, ask: Ask, id: str) -> Key:
        given = ask.given
        if given:
            self._right(id, given, ask.answer, ask.ask)
            return FormulaKey(ask.answer, ask.names, given, ask.ask)
        if self.made is None or self.work is None:
            raise SheetError(f"'{id}' is a formula of nothing: give a function, or what stands before it as 'given'")
        place = ("own", ask, self.part.wrt)
        if place not in self.made.found:
            self.made.found[place] = self._of_function(ask, id, self.made, Formulas(Ids(self.work)))
        return self.made.found[place]

    def _of_function(self, ask: Ask, id: str, made: Function, formulas: Formulas) -> Key:
        """A formula over the inputs and stages: of what its label says, or else a claim about the function."""
        read = formulas.read(ask.answer)
        if isinstance(read, str):
            raise SheetError(f"the answer of '{id}' cannot be read: {read}")
        if others := formulas.others(read, ask.names):
            raise SheetError(f"the answer of '{id}', {ask.answer}, holds {others}, which its names leave out")
        known = formulas.ids.specs.get(self._meant(ask.ask, formulas))
        if known is None:
            self._right(id, made.text, ask.answer, ask.ask)
            return FormulaKey(ask.answer, ask.names, made.text, ask.ask)
        if not formulas.confirmed(ask.answer, known):
            raise SheetError(f"the answer of '{id}', {ask.answer}, is not {ask.ask}")
        return FormulaKey(ask.answer, ask.names)

    def _meant(self, said: str, formulas: Formulas) -> str:
        """The id of the formula that a label speaks of: `∂f/∂x`, `q`."""
        for name in formulas.rows.names.values():
            if said == formulas.rows.partial(formulas.work.loss, name):
                return f"{name}.gradient.formula"
        return f"{said}.formula"

    def claim(self, ask: Ask, id: str) -> Key:
        given = ask.given or (self.made.text if self.made is not None else "")
        if not given:
            raise SheetError(f"'{id}' is a derivation of nothing: give a function, or what stands before it as 'given'")
        if ask.answer:
            self._right(id, given, ask.answer)
        return TextKey(ask.answer, ask.rubric, given)

    def _right(self, id: str, given: str, answer: str, head: str = "") -> None:
        wrong = _fault(given, answer, head)
        if wrong:
            raise SheetError(f"the answer of '{id}' {wrong}")

    # shapes

    def shapes(self, ask: Ask) -> Iterator[tuple[str, ShapeKey]]:
        """`W1.shape` of equations: one example's, or that of all together where it is called so."""
        if not ask.given:
            raise SheetError(
                f"'{ask.pattern}' is asked of nothing: the part has no function and no equations ('given')"
            )
        name, dot, what = ask.pattern.rpartition(".")
        if not dot or what != "shape":
            raise SheetError(f"'{ask.pattern}': of equations, only shapes can be asked for, as in W1.shape")
        try:
            found = _shapes(solve(ask.given))
        except ChalkgradError as error:
            raise SheetError(f"the equations cannot be read: {error}") from None
        if name not in found:
            listed = nearest(name, found) or f"; there is {', '.join(list(found)[:20])}"
            raise SheetError(f"there is no '{name}' in the equations{listed}")
        if any(isinstance(side, str) for side in found[name]):
            raise SheetError(f"the shape of {name} does not follow from the equations")
        yield name, ShapeKey(size_text(found[name]))


@lru_cache(maxsize=256)
def _fault(given: str, answer: str, head: str) -> str:
    """What is wrong with a derivation, found once for all variants; empty where nothing is."""
    try:
        verdict = judged(given, answer, head)
    except ChalkgradError as error:
        return f"cannot be judged: {error}"
    return "" if verdict else f"is not right:\n{verdict}"


def _shapes(solution: Solution) -> Mapping[str, Solved]:
    found: dict[str, Solved] = {}
    for one in solution.shapes:
        found[one.name] = one.shape
        if one.every is not None:
            found.setdefault(one.together or one.name, one.every)
    return found


def _reading(text: str, values: Mapping[str, Any], id: str) -> Any:
    kept = dict(values)
    while True:
        try:
            return read_function(text, kept).program
        except UnknownName as error:
            if error.name not in kept:
                raise SheetError(f"the answer of '{id}': {error}") from None
            del kept[error.name]
        except ChalkgradError as error:
            raise SheetError(f"the answer of '{id}' cannot be read: {error}") from None
