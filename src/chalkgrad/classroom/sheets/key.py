"""A sheet at one variant's values, with its key. Nothing is given out whose witnesses do not agree."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from chalkgrad.classroom.sheets.blank import Blank, Keyed, Question, TextKey, Variant
from chalkgrad.classroom.sheets.blanks import Asked, of_function
from chalkgrad.classroom.sheets.function import function_of, worked
from chalkgrad.classroom.sheets.own import own_blanks
from chalkgrad.classroom.sheets.sheet import Part, Problem, Sheet
from chalkgrad.classroom.sheets.witnesses import witness
from chalkgrad.errors import ChalkgradError, SheetError, nearest
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.numbers import shown

MAX_BLANKS = 1000
_PUBLISHED = Variant()


def keyed(sheet: Sheet, variant: Variant = _PUBLISHED) -> Keyed:
    """The sheet worked at a variant's values, and every key witnessed.

    Raises SheetError where something cannot be asked for, and where the witnesses of a key do not agree.
    """
    found = unwitnessed(sheet, variant)
    for question in found.questions:
        kinks = question.problem.vary is not None and question.problem.vary.kinks
        try:
            witness(question, kinks=kinks)
        except SheetError as error:
            raise SheetError(error.problem, place_of(question.problem, question.part)) from None
    return found


def unwitnessed(sheet: Sheet, variant: Variant = _PUBLISHED) -> Keyed:
    """The same without the witnesses of its numbers: for looking at many candidates, never for handing out."""
    for number in variant.values:
        if not any(p.number == number for p in sheet.problems):
            raise SheetError(f"a variant gives values for problem {number}, which the sheet does not have")
    several = sum(len(p.parts) for p in sheet.problems) > 1
    questions: list[Question] = []
    for problem in sheet.problems:
        given = variant.values.get(problem.number, {})
        _check_names(problem, given)
        problem = _filled_problem(problem, given)
        made = [_question(problem, part, given, several) for part in problem.parts]
        questions += _with_points(problem, made)
    if sum(len(q.blanks) for q in questions) > MAX_BLANKS:
        raise SheetError(f"the sheet asks for more than {MAX_BLANKS} blanks")
    return Keyed(sheet, variant, tuple(questions))


def number_of(problem: Problem, part: Part) -> str:
    """`1`, `3b` or `3.1`."""
    return f"{problem.number}{'.' if part.label.isdecimal() else ''}{part.label}"


def place_of(problem: Problem, part: Part) -> str:
    """`problem 3, part b`."""
    return f"problem {problem.number}" + (f", part {part.label}" if part.label else "")


def _check_names(problem: Problem, given: Mapping[str, Any]) -> None:
    known = [name for part in problem.parts for name in part.values]
    for name in given:
        if name not in known:
            raise SheetError(
                f"a variant gives a value for '{name}', which is no input{nearest(name, known)}",
                f"problem {problem.number}",
            )


def _question(problem: Problem, part: Part, given: Mapping[str, Any], several: bool) -> tuple[Question, list[Asked]]:
    place = place_of(problem, part)
    part = replace(part, values={name: given.get(name, value) for name, value in part.values.items()})
    try:
        asked, work = _asked(part)
        _once(asked)
        part = replace(part, prose=fill(part.prose, part.values), hint=fill(part.hint, part.values))
        number = number_of(problem, part)
        ids = {a.blank.id for a in asked}
        placed = [replace(a, blank=_placed(a, part, ids, f"{number}:" if several else "")) for a in asked]
    except SheetError as error:
        raise SheetError(error.problem, f"{place}, {error.place}" if error.place else place) from None
    except ChalkgradError as error:
        raise SheetError(str(error), place) from None
    return Question(number, problem, part, work, ()), placed


def _asked(part: Part) -> tuple[list[Asked], Worked | None]:
    if not part.function:
        return sorted(own_blanks(part, None, None), key=lambda a: a.rank), None
    made, work = function_of(part), worked(part)
    asked = [*of_function(part, made, work), *own_blanks(part, made, work)]
    return sorted(asked, key=lambda a: a.rank), work


def _once(asked: Sequence[Asked]) -> None:
    """Raise SheetError where one thing is asked for twice."""
    met: set[str] = set()
    for one in asked:
        if one.blank.id in met:
            raise SheetError(f"'{one.blank.id}' is asked for twice")
        met.add(one.blank.id)


def _placed(one: Asked, part: Part, ids: Collection[str], front: str) -> Blank:
    """With the question in front of its id, and on the drawing where it belongs there.

    A number whose own id stands beside that of its formula is asked for on a line, as the formula is.
    """
    blank = one.blank
    drawn = part.show == "graph" and blank.kind in ("value", "gradient") and blank.node is not None
    single = drawn and blank.node is not None and not blank.node.type.shape
    beside = one.ask.pattern == blank.id and f"{blank.id}.formula" in ids
    key = blank.key
    if isinstance(key, TextKey):
        key = replace(key, text=fill(key.text, part.values))
    place = "graph" if single and not beside else blank.place
    ask, hint = fill(blank.ask, part.values), fill(blank.hint, part.values)
    return replace(blank, id=front + blank.id, ask=ask, key=key, hint=hint, place=place)


# words with numbers in them


def fill(words: str, values: Mapping[str, Any]) -> str:
    """The words with `{{x}}` replaced by the value of x.

    Raises SheetError for a name that has no value.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in values:
            near = nearest(name, values) or " (braces of LaTeX that stand in pairs keep a space between them)"
            raise SheetError(f"the words speak of {{{{{name}}}}}, which has no value{near}")
        return shown(values[name], 12, 64)

    return _GAP.sub(value, words)


_GAP = re.compile(r"\{\{(\s*[^\W\d][^{}()\\]{0,60})\}\}")


def _filled_problem(problem: Problem, given: Mapping[str, Any]) -> Problem:
    values = {name: given.get(name, v) for part in reversed(problem.parts) for name, v in part.values.items()}
    try:
        prose = fill(problem.prose, values)
    except SheetError as error:
        raise SheetError(error.problem, f"problem {problem.number}, prose") from None
    return problem if prose == problem.prose else replace(problem, prose=prose)


# points


def _with_points(problem: Problem, made: Sequence[tuple[Question, list[Asked]]]) -> list[Question]:
    """Every blank with its points: what its entry says, else an equal share of what its part or its problem has."""
    known: dict[Asked, Fraction] = {}
    for question, asked in made:
        _own_points(asked, known)
        part = question.part
        if part.points is not None:
            _share(_exact(part.points), asked, known, place_of(problem, part))
    every = [a for _, asked in made for a in asked]
    if problem.points is not None:
        _share(_exact(problem.points), every, known, f"problem {problem.number}")
    return [
        replace(q, blanks=tuple([replace(a.blank, points=float(known.get(a, Fraction(1)))) for a in asked]))
        for q, asked in made
    ]


def _own_points(asked: Sequence[Asked], known: dict[Asked, Fraction]) -> None:
    for ask in dict.fromkeys(map(id, [a.ask for a in asked])):
        mine = [a for a in asked if id(a.ask) == ask]
        points = mine[0].ask.points
        if points is not None:
            known.update(dict.fromkeys(mine, _exact(points) / len(mine)))


def _share(points: Fraction, asked: Sequence[Asked], known: dict[Asked, Fraction], place: str) -> None:
    """What is left of `points` in equal parts to the blanks that have none.

    Raises SheetError where the others have more, or none is there to take what is left.
    """
    open_ = [a for a in asked if a not in known]
    left = points - sum([known[a] for a in asked if a in known], Fraction(0))
    if left < 0 or (left and not open_):
        told = float(points - left)
        raise SheetError(f"its blanks have {told:g} points in all, and {float(points):g} are said of it", place)
    known.update(dict.fromkeys(open_, left / len(open_)) if open_ else {})


def _exact(points: float) -> Fraction:
    """The decimal number that stands in the file."""
    return Fraction(repr(points))
