"""The known mistakes at a blank: the number that each gives, from the numbers that stand before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, Question
from chalkgrad.classroom.slips.edges import Edges
from chalkgrad.classroom.slips.follows import due, held_next, loss_at
from chalkgrad.classroom.slips.forward import forward_slips
from chalkgrad.classroom.slips.ledger import Due, Ledger
from chalkgrad.classroom.slips.places import Place, places
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.ir.program import Number, Var
from chalkgrad.transform.backprop import Contribution

CLOSE = 1e-9
# So many gates that nobody was asked about are looked into for a mistake.
MOST_GATES = 12


def slips(blank: Blank, question: Question, own: Mapping[str, Any] | None = None) -> tuple[Slip, ...]:
    """The numbers that known mistakes give at a number blank; none is the right one.

    `own` are a person's own numbers by blank id; where one is missing the key's stands.
    """
    if question.work is None or question.work.symbolic:
        return ()
    ledger = Ledger(places(question), own or {})
    if blank.id not in ledger.where.of:
        return ()
    return telling(direct(blank, ledger), due(ledger, blank).value)


def candidates(blank: Blank, question: Question, own: Mapping[str, Any] | None = None) -> tuple[Slip, ...]:
    """`slips` with those that do not show: their count, order and kinds are the same at all values of a question."""
    if question.work is None or question.work.symbolic:
        return ()
    ledger = Ledger(places(question), own or {})
    return tuple(direct(blank, ledger)) if blank.id in ledger.where.of else ()


def telling(found: Iterator[Slip], right: Any) -> tuple[Slip, ...]:
    """Those that have a value which is not the right one, each value once."""
    kept: list[Slip] = []
    for slip in found:
        if np.all(np.isfinite(slip.value)) and not any(
            same(slip.value, other) for other in (right, *[k.value for k in kept])
        ):
            kept.append(slip)
    return tuple(kept)


def same(a: Any, b: Any) -> bool:
    """Whether two numbers, or arrays of one shape, are equal but for rounding in their last figures."""
    if np.ndim(a) == 0 and np.ndim(b) == 0:
        return bool(abs(a - b) <= CLOSE * max(abs(a), abs(b)))
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=CLOSE, atol=0.0))


def direct(blank: Blank, ledger: Ledger) -> Iterator[Slip]:
    with np.errstate(all="ignore"):
        for slip in at_place(ledger, ledger.where.of[blank.id]):
            yield Slip(slip.kind, np.asarray(slip.value, float)[()], slip.why)


def at_place(ledger: Ledger, place: Place) -> Iterator[Slip]:
    """The slips at one place, direct: of its own gate alone."""
    edges = Edges(ledger)
    slot, at = place
    if isinstance(at, Contribution):
        yield from edges.local(at) if slot == "local" else edges.product(at)
    elif slot == "gradient":
        yield from edges.total(at)
    elif slot == "next":
        yield from _descent(ledger, at)
    else:
        step = next((s for s in ledger.where.work.program.steps if at in s.outputs), None)
        if step is not None and len(step.given) == 1:
            xs = [a.value if isinstance(a, Number) else ledger.held["value", a].value for a in step.inputs]
            yield from forward_slips(step, xs, ledger.due[place].value, ledger.where.work.called[at])


def _descent(ledger: Ledger, var: Var) -> Iterator[Slip]:
    where = ledger.where
    rate = ledger.rate
    if var not in where.work.program.inputs:
        yield from _loss(ledger)
        return
    held = ledger.held.get(("gradient", var))
    if held is None:
        return
    value, gradient = ledger.held["value", var].value, held.value
    name = where.work.called[var]
    why = "+α for -α: this step goes uphill; to make the loss smaller, go against the gradient"
    yield Slip("uphill", value + rate * gradient, why)
    yield Slip("rate", value - gradient, f"the rate α is left out: {name} - α·∂{where.work.loss}/∂{name}")
    yield Slip("step", -rate * gradient, f"this is the step alone: it is added to the old {name}")
    yield Slip("gradient", value - rate + 0.0 * gradient, "the gradient is left out: the step is α times the gradient")


def _loss(ledger: Ledger) -> Iterator[Slip]:
    where = ledger.where
    program = where.work.program
    assert isinstance(program.output, Var)
    yield Slip("old", ledger.held["value", program.output].value, "this is the value at the old inputs")
    uphill: dict[Var, Due] = {}
    for var in where.stepped:
        value, after = ledger.held["value", var].value, held_next(ledger, var)
        uphill[var] = Due(2 * value - after.value)
    yield Slip("uphill", loss_at(where, ledger, uphill).value, "this is the value after a step uphill")


def late(blank: Blank, ledger: Ledger) -> Iterator[Slip]:
    """Further mistakes, looked for where a number is wrong: a wrong upstream, and one at a gate that was not asked."""
    edges = Edges(ledger)
    slot, at = ledger.where.of[blank.id]
    with np.errstate(all="ignore"):
        if slot == "product" and isinstance(at, Contribution):
            yield from edges.others(at)
        elif slot == "gradient" and isinstance(at, Var):
            total: Any = ledger.due[slot, at].value
            for c in ledger.where.into.get(at, ()):
                part: Any = ledger.held["product", c].value
                for slip in edges.others(c):
                    if np.shape(slip.value) == np.shape(part):
                        yield Slip(slip.kind, total - part + slip.value, slip.why)
        yield from _hidden(blank, ledger)


def _hidden(blank: Blank, ledger: Ledger) -> Iterator[Slip]:
    """One mistake at a gate between this blank and those before it, carried on to here."""
    where = ledger.where
    base = due(ledger, blank).value

    def moved(place: Place, value: Any) -> Due:
        made = Ledger(where, ledger.own, numbers=ledger.numbers, rate=ledger.rate, instead={place: value})
        return due(made, blank)

    for place in where.behind(where.of[blank.id])[:MOST_GATES]:
        shape = np.shape(ledger.held[place].value)
        found = [s for s in at_place(ledger, place) if np.shape(s.value) == shape and np.all(np.isfinite(s.value))]
        if place[0] == "product" and blank.kind != "next" and found:  # all behind it is linear in it
            held = ledger.held[place].value
            if np.ndim(held) == 0:
                one = moved(place, held + 1.0)
                if "" in one.used:
                    for slip in found:
                        yield Slip(slip.kind, base + (slip.value - held) * (one.value - base), slip.why)
                continue
        for slip in found:
            made = moved(place, slip.value)
            if "" in made.used:
                yield Slip(slip.kind, made.value, slip.why)
