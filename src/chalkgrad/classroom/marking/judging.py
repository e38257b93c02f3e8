"""Judging the numbers of one question: each from the person's own numbers at that gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain, product
from typing import Any, final

import numpy as np

from chalkgrad.classroom.marking.accept import (
    HALF_PERCENT,
    SHARE,
    all_fit,
    all_near,
    all_within,
    coarser,
    fits,
    same_shape,
    truncated,
)
from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.classroom.marking.numbers import Numbers, Said
from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.classroom.sheets.stepwise import stepwise
from chalkgrad.classroom.slips.find import direct, late, telling
from chalkgrad.classroom.slips.follows import due
from chalkgrad.classroom.slips.ledger import Due, Ledger
from chalkgrad.classroom.slips.places import Places, places
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.ir.dims import dims_text
from chalkgrad.render.numbers import shown
from chalkgrad.transform.backprop import Contribution

# A note names no more neighbours than this.
MOST_NAMES = 4
SOUND = ("right", "unfollowed")
# So many of the ways in which a mistake is looked for come from their own numbers, and are at the gate itself.
OWN, DIRECT = 2, 4
# Of more neighbours than this, not every way in which they may have been rounded is tried.
MOST_CORNERS = 4


@lru_cache(maxsize=128)
def neighbours(question: Question) -> Mapping[str, frozenset[str]]:
    """For every number blank, the blanks that it is judged from."""
    where = places(question)
    empty = Ledger(where, {})
    return {b.id: due(empty, b).missing - {b.id} for b in question.blanks if b.id in where.of}


@lru_cache(maxsize=128)
def _rounded(question: Question, digits: int) -> Mapping[Any, Any]:
    assert question.work is not None
    return stepwise(question.work, digits)


@final
class Numeric:
    """The numbers that one person wrote in one question; `said` by blank id."""

    def __init__(self, question: Question, said: Mapping[str, Numbers]) -> None:
        self.question = question
        self.said = said
        self.keys = {b.id: b.key for b in question.blanks if isinstance(b.key, NumberKey)}
        self.own = {
            id: np.reshape(n.value, np.shape(self.keys[id].exact)) if n.shape else n.value
            for id, n in said.items()
            if same_shape(n, self.keys[id].exact)
        }
        self.fit = {id: all_fit(n, self.keys[id].exact, self.keys[id].digits) for id, n in said.items()}
        self.unrounded: dict[str, Any] = {id: self.keys[id].exact for id, fit in self.fit.items() if fit}
        self._fine: tuple[int, Ledger] | None = None
        self.sound: dict[str, bool] = {id: bool(self.fit[id]) or self._stepped(id) for id in said}

    @cached_property
    def where(self) -> Places:
        return places(self.question)

    @cached_property
    def ledger(self) -> Ledger:
        """Reckoned with their own numbers."""
        return Ledger(self.where, self.own)

    @cached_property
    def plain(self) -> Ledger:
        """The key's."""
        return Ledger(self.where, {})

    def rough(self, digits: int) -> Ledger:
        """Reckoned with their own numbers, and rounded at every gate."""
        if digits not in self._rough:
            numbers = _rounded(self.question, digits)
            self._rough[digits] = Ledger(self.where, self.own, numbers=numbers, digits=digits)
        return self._rough[digits]

    @cached_property
    def _rough(self) -> dict[int, Ledger]:
        return {}

    def _stepped(self, id: str) -> bool:
        key = self.keys[id]
        return all_near(self.said[id], key.stepwise, key.exact, key.digits)

    # the verdict

    def judge(self, blank: Blank) -> Judged:
        """The verdict on one blank that has an answer."""
        found = self._judge(blank)
        if found.verdict == "right" and blank.kind == "sum" and self.said[blank.id].terms:
            found = self._terms(blank, found)
        self.sound[blank.id] = found.verdict in SOUND
        return found

    def _judge(self, blank: Blank) -> Judged:
        id, said = blank.id, self.said[blank.id]
        key = self.keys[id]
        if not all(self.sound.values()) or self.fit[id] != "exact":
            return self._closely(blank, key, said)
        return Judged("right")

    def _terms(self, blank: Blank, found: Judged) -> Judged:
        """Of a sum that is written out, whether what is added is what arrives."""
        place = self.where.of.get(blank.id)
        at = None if place is None or isinstance(place[1], Contribution) else place[1]
        paths = [] if at is None else self.where.into.get(at, [])
        terms = [Said(t, None) for t in self.said[blank.id].terms]
        digits = self.keys[blank.id].digits
        for ledger in (self.ledger, self.plain):
            left = [float(ledger.held["product", c].value) for c in paths]
            for term in terms:
                left = _without(left, next((x for x in left if fits(term, x, digits)), None))
            if not left and len(paths) == len(terms):
                return found
        arrives = " + ".join([shown(self.plain.held["product", c].value, digits) for c in paths])
        why = f"the total is right, but what is added here is not what arrives: {arrives}"
        return Judged("wrong", "", why)

    def _closely(self, blank: Blank, key: NumberKey, said: Numbers) -> Judged:
        fit = self.fit[blank.id]
        placed = self.question.work is not None and not self.question.work.symbolic and blank.id in self.where.of
        here = due(self.ledger, blank) if placed else Due(key.exact)
        off = [id for id in here.used if not self.sound[id]]
        notes = self._missing(here)
        if fit == "exact" or (fit and not self._named(blank, said, here, tiers=DIRECT)):
            loose = self._loosely(fit, key)
            if off and not self._follows(blank, key, said, here):
                return Judged("unfollowed", why=self._unfollowed(blank, key, here, off), notes=(*loose, *notes))
            return Judged("right", notes=loose)
        note = "" if off else self._by_rounding(blank, key, said, placed)
        if note:
            slip = self._named(blank, said, here, tiers=DIRECT)
            if slip is None:
                return Judged("right", notes=(note,))
            why = f"{note}; but it is also what a known mistake gives ({slip.why}): write more digits"
            return Judged("cannot tell", why=why, notes=notes)
        if here.used and self._follows(blank, key, said, here):
            return self._consistent(blank, key, said, here, off, notes)
        return self._wrong(blank, key, said, here, off, notes)

    def _loosely(self, fit: str, key: NumberKey) -> tuple[str, ...]:
        if fit == "coarse":
            return (f"right to the digits written; {key.digits} decimals are asked for",)
        if fit == "finer":
            return (f"right to the {key.digits} decimals that are asked for; it is {shown(key.exact, key.digits + 2)}",)
        return ()

    def _by_rounding(self, blank: Blank, key: NumberKey, said: Numbers, placed: bool) -> str:
        """A note where rounding at every step leads to what was written."""
        without = shown(key.exact, key.digits)
        written = shown(said.value, max(key.digits, max((e.decimals or 0) for e in said.entries)))
        if all_near(said, key.stepwise, key.exact, key.digits):
            return f"{written} is what rounding at every step gives; without it {without}"
        if placed:
            for ledger in (self.ledger, self.rough(key.digits)):
                follow = due(ledger, blank)
                if follow.used and all_near(said, follow.value, key.exact, key.digits):
                    return f"{written} is what your own rounded numbers give; without rounding {without}"
        return ""

    def _follows(self, blank: Blank, key: NumberKey, said: Numbers, here: Due) -> bool:
        """Whether the answer is what must stand there, given the person's own."""
        if self._carried(blank, key, said) or all_fit(said, here.value, key.digits) == "exact":
            return True
        slot, at = self.where.of[blank.id]
        if not here.used.isdisjoint(self.where.asked[slot, at]):
            return False  # it is written once more, so it is that or it is not
        again = None if slot == "next" else self.ledger.again((slot, at))
        if again is not None and all_fit(said, again, key.digits) == "exact":
            return True
        rough = due(self.rough(key.digits), blank)
        return all_near(said, rough.value, here.value, key.digits) or self._spans(blank, key, said, here)

    def _spans(self, blank: Blank, key: NumberKey, said: Numbers, here: Due) -> bool:
        """Whether it lies so near what follows that digits which were not written may make the difference."""
        whole = all(np.all(np.asarray(self.own[id]) == np.rint(self.own[id])) for id in here.used)
        if whole or not (all_within(said, here.value, key.digits) or self._corners(blank, key, said, here)):
            return False
        return not self._named(blank, said, here, tiers=OWN)

    def _corners(self, blank: Blank, key: NumberKey, said: Numbers, here: Due) -> bool:
        """Whether own numbers that round to what was written can give the answer: a calculator keeps more digits."""
        loose = [id for id in here.used if id not in self.unrounded]
        if said.shape or np.ndim(here.value) or len(loose) > MOST_CORNERS or any(self.said[id].shape for id in loose):
            return False
        values: list[float] = []
        for corner in product((-0.5, 0.5), repeat=len(loose)):
            moved = {id: self.own[id] + k * self._unit(id) for id, k in zip(loose, corner, strict=True)}
            values.append(float(due(Ledger(self.where, {**self.own, **self.unrounded, **moved}), blank).value))
        answer, half = said.entries[0].value, 0.5 * 10.0**-key.digits
        near = abs(answer - here.value) <= SHARE * abs(here.value)
        return near and min(values) - half <= answer <= max(values) + half

    def _unit(self, id: str) -> float:
        """The last place that was written of a number; none of a whole one, which nobody has rounded."""
        decimals = self.said[id].entries[0].decimals
        return 10.0**-decimals if decimals else 0.0

    @property
    def fine(self) -> Ledger:
        """Reckoned with their own numbers before they were rounded, as far as these are known."""
        if self._fine is None or self._fine[0] != len(self.unrounded):
            self._fine = len(self.unrounded), Ledger(self.where, {**self.own, **self.unrounded})
        return self._fine[1]

    def _keep(self, blank: Blank, key: NumberKey, said: Numbers, slip: Slip) -> None:
        """Remember what a mistake gave before it was rounded."""
        for other in chain(direct(blank, self.fine), late(blank, self.fine)):
            if other.kind == slip.kind and all_fit(said, other.value, key.digits) == "exact":
                self.unrounded[blank.id] = other.value
                return

    def _carried(self, blank: Blank, key: NumberKey, said: Numbers) -> bool:
        """Whether it follows from their own numbers before they were rounded: those are known where the mistake is."""
        if not self.unrounded:
            return False
        found = due(self.fine, blank)
        if all_fit(said, found.value, key.digits) != "exact":
            return False
        if found.used <= self.unrounded.keys():
            self.unrounded[blank.id] = found.value
        return True

    def _consistent(
        self, blank: Blank, key: NumberKey, said: Numbers, here: Due, off: list[str], notes: tuple[str, ...]
    ) -> Judged:
        hiding = [id for id in off if self._hides(id)]
        if hiding:
            named = self._list(hiding)
            why = f"it follows from your own {named}, but with that number this step cannot be seen"
            return Judged("wrong", "", why, notes)
        if not off:
            exact = shown(key.exact, key.digits)
            note = f"it follows from your own rounded numbers; without rounding it is {exact}"
            return Judged("consistent", notes=(note, *notes))
        return Judged(
            "consistent", why=f"not the key's number, but it follows from your own {self._list(off)}", notes=notes
        )

    def _hides(self, id: str) -> bool:
        """Whether the person's own number is 0, or ±1 where the key's is not: then the next step does not show."""
        return hides(self.own[id], self.keys[id].exact)

    def _unfollowed(self, blank: Blank, key: NumberKey, here: Due, off: list[str]) -> str:
        wanted = shown(here.value, key.digits)
        return f"right, but it does not follow from your own {self._list(off)}, which gives {wanted}"

    def _missing(self, here: Due) -> tuple[str, ...]:
        missing = [b.id for b in self.question.blanks if b.id in here.missing]
        if not missing:
            return ()
        some = ", ".join(missing[:MOST_NAMES]) + (" …" if len(missing) > MOST_NAMES else "")
        return (f"nothing to go by at {some}: the key's number stands there",)

    def _list(self, ids: list[str]) -> str:
        order = [b.id for b in self.question.blanks if b.id in ids][:MOST_NAMES]
        return ", ".join([f"{id} = {shown(self.own[id], 4)}" for id in order])

    # what is wrong

    def _wrong(
        self, blank: Blank, key: NumberKey, said: Numbers, here: Due, off: list[str], notes: tuple[str, ...]
    ) -> Judged:
        if off:
            notes = (f"from your own {self._list(off)} it is {shown(here.value, key.digits)}", *notes)
        slip = self._named(blank, said, here)
        if slip is not None:
            self._keep(blank, key, said, slip)
            return Judged("wrong", slip.kind, slip.why, notes)
        return Judged("wrong", "", self._unnamed(blank, key, said), notes)

    def _unnamed(self, blank: Blank, key: NumberKey, said: Numbers) -> str:
        if not same_shape(said, key.exact):
            wanted, here = (dims_text(s) if s else "one number" for s in (np.shape(key.exact), said.shape))
            return f"it has another shape: {wanted} is asked for, and this is {here}"
        if not said.shape and coarser(said.entries[0], float(key.exact), key.digits):
            return f"it is too coarse: {key.digits} decimals are asked for"
        if not said.shape and truncated(said.entries[0], float(key.exact)):
            return "the number is cut off and not rounded"
        if blank.kind == "next" and blank.node is not None and blank.node not in self.where.work.program.inputs:
            return "it is not what the function gives after the step"
        return _PLAIN.get(blank.kind, "it is another number")

    def _named(self, blank: Blank, said: Numbers, here: Due, tiers: int | None = None) -> Slip | None:
        """The known mistake that gives what was written: from their own numbers, and failing that from the key's.

        `tiers` are how many of the ways below are tried: `OWN` from their own numbers, `DIRECT` at this gate alone.
        """
        if self.question.work is None or self.question.work.symbolic or blank.id not in self.where.of:
            return None
        digits = self.keys[blank.id].digits
        own, exact = self.ledger, here.value

        def match(value: Any) -> bool:
            return all_fit(said, value, digits) == "exact"

        def loose(value: Any) -> bool:
            return all_near(said, value, value, digits) or bool(all_fit(said, value, digits))

        with np.errstate(all="ignore"):
            here_own = telling(direct(blank, own), exact)
            ways: list[tuple[Callable[[], Sequence[Slip]], Callable[[Any], bool]]] = [
                (lambda: here_own, match),
                (lambda: telling(direct(blank, self.fine), due(self.fine, blank).value), match),
                (lambda: telling(direct(blank, self.rough(digits)), exact), match),
                (lambda: telling(direct(blank, self.plain), self.keys[blank.id].exact), match),
            ]
            further = [
                (lambda: telling(late(blank, own), exact), match),
                ways[-1],
                (lambda: telling(_besides(here_own), exact), match),
                (lambda: here_own, loose),
            ]
            for slips, matches in ways[:tiers] if tiers else [*ways[:-1], *further]:
                found = next((s for s in slips() if matches(s.value) and not self._indistinct(s, exact, digits)), None)
                if found is not None:
                    return found
            loosened = here_own if here.used else ()  # from the key's numbers alone no digits are hidden
            every = [] if tiers else [*loosened, *telling(late(blank, own), exact)]
            close = [
                s
                for s in every
                if all_within(said, s.value, digits, HALF_PERCENT) and not self._indistinct(s, exact, digits)
            ]
            return min(close, key=lambda s: float(np.max(np.abs(np.asarray(said.value) - s.value))), default=None)

    def _indistinct(self, slip: Slip, right: Any, digits: int) -> bool:
        """Whether a mistake gives the right number but for rounding: then it cannot be told from it."""
        if np.shape(slip.value) != np.shape(right):
            return False
        return bool(np.all(np.abs(np.asarray(slip.value) - right) <= 10.0**-digits))


def hides(own: Any, key: Any) -> bool:
    """Whether a number is 0, or ±1, and the right one is not; of arrays, whether all entries are."""
    one, other = np.abs(np.asarray(own, float)), np.abs(np.asarray(key, float))
    return any(bool(np.all(one == k)) and not bool(np.all(other == k)) for k in (0.0, 1.0))


def _without(numbers: list[float], one: float | None) -> list[float]:
    """The numbers without one of them; one that is not there stays missing."""
    if one is None:
        return [*numbers, float("nan")]
    place = numbers.index(one)
    return [*numbers[:place], *numbers[place + 1 :]]


def _besides(slips: tuple[Slip, ...]) -> Iterator[Slip]:
    """Each mistake with a lost sign besides."""
    for slip in slips:
        if slip.kind != "sign":
            yield Slip(slip.kind, -np.asarray(slip.value)[()], f"{slip.why}; and the sign is lost besides")


_PLAIN = {
    "value": "it is not what this gate gives",
    "loss": "it is not what the function gives",
    "local": "it is not the derivative of this gate",
    "product": "it is not upstream × local",
    "gradient": "it is not upstream × local, summed over what reads it",
    "sum": "it is not the sum of what arrives",
    "next": "it is not the old value less the rate times the gradient",
}
