"""Variants of a sheet: other numbers for every seat, as nice and as hard, on which every known mistake shows.

Variant 7 of seed 3 is the same whether 10 or 30 are asked for: every problem has its own sequence, made of the
sheet's name, the problem's number and the seed, and variant n takes the nth of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from chalkgrad.classroom.sheets.blank import PUBLISHED, Keyed, Variant
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.sheet import Sheet
from chalkgrad.classroom.variants.said import said
from chalkgrad.classroom.variants.search import Search
from chalkgrad.classroom.variants.telling import hidden
from chalkgrad.errors import VariantError

MOST = 10_000


def variants(sheet: Sheet, count: int, seed: int, roster: Sequence[str] = ()) -> tuple[Variant, ...]:
    """`count` variants, numbered from 1, no two with the same numbers; the first of `roster` get the first of them.

    Raises VariantError where so many do not exist, with the constraints that refused the candidates.
    """
    if not 0 < count <= MOST:
        raise VariantError(f"from 1 to {MOST} variants can be asked for, not {count}")
    if len(roster) > count:
        raise VariantError(f"the roster has {len(roster)} students, and {count} variants are asked for")
    own = unwitnessed(sheet, Variant())
    searches, still = _searches(sheet, own, seed)
    if not searches:
        raise VariantError(
            f"no value on {sheet.name} may vary, so every seat would have the same sheet: "
            "no problem gives values, or `vary` is off or fixes them"
        )
    made: list[Variant] = []
    for number, picks in enumerate(islice(_picks(searches), count), start=1):
        taken = [s.found[k] for s, k in zip(searches, picks, strict=True)]
        values = {s.problem.number: f.values for s, f in zip(searches, taken, strict=True)}
        unseen = (*still, *(h for f in taken for h in f.hidden))
        made.append(Variant(number, seed, values, roster[number - 1] if number <= len(roster) else "", unseen))
    if len(made) < count:
        told = "\n".join(s.told() for s in searches)
        raise VariantError(f"{count} variants of {sheet.name} are asked for, and there are {len(made)}.\n{told}")
    order = {b.id: k for k, b in enumerate(own.blanks)}
    return tuple([replace(v, hidden=tuple(sorted(v.hidden, key=lambda h: order[h[0]]))) for v in made])


def examined(keyed: Keyed) -> Variant:
    """A keyed sheet's variant, the published one too, with the blanks at which a known mistake does not show."""
    return replace(keyed.variant, hidden=hidden(keyed.questions))


def _searches(sheet: Sheet, own: Keyed, seed: int) -> tuple[list[Search], tuple[tuple[str, str], ...]]:
    """One for every problem that varies; and what is hidden in the others, whatever the variant."""
    searches: list[Search] = []
    still: list[tuple[str, str]] = []
    for problem in sheet.problems:
        questions = [q for q in own.questions if q.problem.number == problem.number]
        search = Search(sheet, problem, seed, questions)
        if search.space.size == 1:
            still.extend(hidden(questions))
            continue
        words = said(problem, search.space.own)
        if words:
            raise VariantError(
                f"problem {problem.number} of {sheet.name} says `{words}`, which would differ from seat to seat: "
                "write {{…}} with the name in place of the number, or put the name into `vary.fixed`"
            )
        if not search.has(0):
            raise VariantError(f"problem {problem.number} of {sheet.name} has no variant at all.\n{search.told()}")
        searches.append(search)
    return searches, tuple(still)


def _picks(searches: Sequence[Search]) -> Iterator[tuple[int, ...]]:
    """For each variant in turn, which of its values every problem takes; no choice twice.

    While some problem has values that were not used yet, the others go round again where theirs are used up. Then
    what is left of the combinations comes.
    """
    used: set[tuple[int, ...]] = set()
    index = PUBLISHED
    while any([s.has(index) for s in searches]):
        picks = tuple([index if s.has(index) else index % len(s.found) for s in searches])
        used.add(picks)
        yield picks
        index += 1
    for picks in _combinations([len(s.found) for s in searches]):
        if picks not in used:
            yield picks


def _combinations(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every combination of indices, with all of them moving on at every step while that gives new ones."""
    total = 1
    for size in sizes:
        total *= size
    for n in range(total):
        first, rest = n % sizes[0], n // sizes[0]
        picks: list[Any] = [first]
        for size in sizes[1:]:
            picks.append((first + rest) % size)
            rest //= size
        yield tuple(picks)
