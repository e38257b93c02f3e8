"""The search for one problem's values: candidates in the order of the seed, quick looks, and then the key itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question, Variant
from chalkgrad.classroom.sheets.key import keyed, unwitnessed
from chalkgrad.classroom.sheets.sheet import Problem, Sheet, Vary
from chalkgrad.classroom.variants.batch import Batch
from chalkgrad.classroom.variants.screens import CHECKS, Many
from chalkgrad.classroom.variants.space import CHUNK, MOST, Space, decimals, space_of
from chalkgrad.classroom.variants.telling import Telling, common, hidden, rounds_well
from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.program import Var

PATIENCE = 400  # so many candidates that pass every quick look are keyed in vain before the search gives up
PROBES = 3
AT_ONCE = 1 << 22  # numbers, for arrays that are larger than anybody works by hand
ALL = 1 << 28
NEAR = 0.08  # the probes are as near as this to the sheet's own values, relatively: on the same side of every kink

# The constraints that are not looked at many at once, as those of `CHECKS` are.
MORE = {
    "own": "at least half of the numbers that vary are not the sheet's own",
    "mistakes": "every known mistake leads to a different wrong number, more than two units of the last place apart",
    "rounding": "rounding at every gate between two blanks moves an answer by two units of the last place at most",
    "key": "the key can be given: its witnesses agree, nothing prints as 0 that is not, and what was whole still is",
}


@final
@dataclass(frozen=True, slots=True)
class Found:
    """One set of values for a problem, and the blanks at which a mistake does not show."""

    values: Mapping[str, Any]
    hidden: tuple[tuple[str, str], ...]


@final
class Search:
    """The variants of one problem in the order of the seed, found as they are asked for.

    `whole` are the problem's questions on the whole sheet, whose blanks may have longer ids. `refused` counts the
    candidates by the constraint that refused them: the first that did.
    """

    def __init__(self, sheet: Sheet, problem: Problem, seed: int, whole: Sequence[Question]) -> None:
        self.problem = problem
        self.vary: Vary = problem.vary or Vary()
        self.space: Space = space_of(
            problem, f"chalkgrad variants, {sheet.name}, problem {problem.number}, seed {seed}"
        )
        self.found: list[Found] = []
        self.refused: Counter[str] = Counter()
        self.alike: Counter[tuple[str, str, str]] = Counter()
        self.exhausted = False
        self._alone = replace(sheet, problems=(problem,))
        self._whole = whole
        self._more = self._search()

    def has(self, index: int) -> bool:
        """Whether there is a variant of this index, from 0; looks for it if need be."""
        while len(self.found) <= index and not self.exhausted:
            nxt = next(self._more, None)
            if nxt is None:
                self.exhausted = True
            else:
                self.found.append(nxt)
        return len(self.found) > index

    def told(self) -> str:
        """What the search met, for an error: the constraints that refused candidates, the hardest first."""
        looked = len(self.found) + sum(self.refused.values())
        ways = f"all {looked}" if looked == self.space.size else f"{looked} of {_many(self.space.size)}"
        head = f"problem {self.problem.number}: {len(self.found)} among {ways} candidates pass"
        reasons = {c.name: c.reason for c in CHECKS} | MORE
        lines = [head]
        for name, times in (+self.refused).most_common():
            more = common(self.alike) if name == "mistakes" else ""
            lines.append(f"  {name} refused {times}: {reasons[name]}{more}")
        return "\n".join(lines)

    @cached_property
    def _own(self) -> tuple[Question, ...]:
        return unwitnessed(self._alone, Variant()).questions

    @cached_property
    def _ids(self) -> dict[str, str]:
        """The ids of the problem's blanks on the whole sheet, by those that they have where it stands alone."""
        pairs = zip(self._own, self._whole, strict=True)
        return {a.id: b.id for mine, theirs in pairs for a, b in zip(mine.blanks, theirs.blanks, strict=True)}

    @cached_property
    def _batches(self) -> dict[Question, Batch]:
        """One for every question that has numbers and reads what varies."""
        found: dict[Question, Batch] = {}
        for question in self._own:
            work = question.work
            if work is not None and not work.symbolic and any(v.hint in self.space.own for v in work.program.inputs):
                found[question] = Batch(work, self._rows)
        return found

    @cached_property
    def _cost(self) -> int:
        """How many numbers a candidate is."""
        works = [q.work for q in self._own if q.work is not None]
        return max(1, len(self.space.slots) + sum(int(np.size(n)) for w in works for n in w.numbers.values()))

    @cached_property
    def _rows(self) -> int:
        return max(PROBES, min(CHUNK, AT_ONCE // self._cost))

    @cached_property
    def _telling(self) -> Telling:
        draw = np.random.PCG64(self.space.seed ^ 1)
        columns: dict[str, Any] = {}
        for name, own in self.space.own.items():
            array = np.asarray(own, dtype=np.float64)
            many = (PROBES, *array.shape)
            factor = 1 + NEAR * (draw.random_raw(PROBES * array.size).reshape(many) / 2.0**63 - 1)
            columns[name] = np.where(array == 0, 1e-3 * factor, array * factor)
        numbers = [(q, b(columns, PROBES)) for q, b in self._batches.items()]
        return Telling([[_at(q, found, k) for q, found in numbers] for k in range(PROBES)])

    def _search(self) -> Iterator[Found]:
        seen: set[bytes] = set()
        vain = 0
        for rows in self.space.chunks(self._rows, min(MOST, ALL // self._cost)):
            for values, questions in self._screened(rows, seen):
                found = None
                if missed := self._telling.missed(questions):
                    self.refused["mistakes"] += 1
                    self.alike[missed] += 1
                elif not all(map(rounds_well, questions)):
                    self.refused["rounding"] += 1
                else:
                    found = self._checked(values)
                vain = 0 if found else vain + 1
                if found:
                    yield found
                elif vain > PATIENCE:
                    return

    def _screened(self, rows: Any, seen: set[bytes]) -> Iterator[tuple[dict[str, Any], list[Question]]]:
        """The candidates that pass every quick look and were not met before: their values, and their numbers."""
        columns = self.space.columns(rows)
        good = self.space.changed(columns) >= 0.5
        self.refused["own"] += int(np.sum(~good))
        many = [Many(q.work, b, columns, len(rows), self.vary) for q, b in self._batches.items() if q.work]
        for check in CHECKS:
            for one in many:
                passed = good & check.passes(one)
                self.refused[check.name] += int(np.sum(good & ~passed))
                good = passed
        for k in np.flatnonzero(good):
            met = rows[k].tobytes()
            if met not in seen:
                seen.add(met)
                values = {name: _as_written(columns[name][k], own) for name, own in self.space.own.items()}
                yield values, [_at(q, one.numbers, int(k)) for q, one in zip(self._batches, many, strict=True)]

    def _checked(self, values: Mapping[str, Any]) -> Found | None:
        """The candidate, if the key can be given."""
        try:
            questions = keyed(self._alone, Variant(values={self.problem.number: values})).questions
        except ChalkgradError:
            questions = ()
        if not questions or not all(map(_fits, questions, self._own)):
            self.refused["key"] += 1
            return None
        return Found(values, tuple([(self._ids[id], kind) for id, kind in hidden(questions)]))


def _at(question: Question, numbers: Mapping[Var, Any], k: int) -> Question:
    """The question with the numbers of one candidate; its blanks keep the key to the sheet's own values."""
    assert question.work is not None
    mine = {v: found[k] for v, found in numbers.items()}
    return replace(question, work=replace(question.work, numbers=mine))


def _many(count: int) -> str:
    """The number, or its size where nobody would read it."""
    return str(count) if count < 10**9 else f"10^{len(str(count)) - 1}"


def _fits(question: Question, own: Question) -> bool:
    """No notice that the sheet's own values do not have; an answer of the sheet's own stays whole, and of one sign."""
    work = question.work
    if work is not None and not work.symbolic and own.work is not None:
        before = {(n.node, n.rule) for n in own.work.notices}
        vary = question.problem.vary
        if not (vary and vary.kinks) and any((n.node, n.rule) not in before for n in work.notices):
            return False
    pairs = zip(question.blanks, own.blanks, strict=True)
    keys = [(_answered(a), _answered(b)) for a, b in pairs]
    return all(_alike(mine.exact, theirs.exact) for mine, theirs in keys if mine and theirs)


def _answered(blank: Blank) -> NumberKey | None:
    """The key of a number that the sheet asks for in its own words, which no Program gives."""
    return blank.key if isinstance(blank.key, NumberKey) and blank.node is None and blank.edge is None else None


def _alike(value: Any, own: Any) -> bool:
    new, old = np.ravel(np.asarray(value, dtype=np.float64)), np.ravel(np.asarray(own, dtype=np.float64))
    if new.shape != old.shape or not np.array_equal(np.sign(new), np.sign(old)):
        return False
    return all(decimals(float(b)) != 0 or decimals(float(a)) == 0 for a, b in zip(new, old, strict=True))


def _as_written(array: Any, own: Any) -> Any:
    """As the sheet writes it: whole numbers stay whole, arrays are lists."""
    if np.ndim(own):
        return [_as_written(a, o) for a, o in zip(array, own, strict=True)]
    number = float(array)
    return int(number) if isinstance(own, int) and number.is_integer() else number
