"""A derivation of one formula from another: bounded best-first search from both sides, to where they meet.

Where the search does not meet, both sides are taken to one fraction of exponentials, sines and cosines, and
compared by multiplying across, which settles every identity of that kind.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from chalkgrad.transform.identities.functions import MADE
from chalkgrad.transform.identities.polynomial import (
    Sum,
    Unwieldy,
    divided,
    expanded,
    fraction,
    product,
    times,
    total,
)
from chalkgrad.transform.identities.rules import (
    LAWS,
    Label,
    functions,
    inside,
    pythagoras,
    rewrites,
    together,
    unfold,
)

EXPANSIONS = 400
DEEP = 16  # what a step weighs beside the length of the formula


@final
@dataclass(frozen=True, slots=True)
class Move:
    """One step of a derivation: the formula reached, and the identity that leads there."""

    formula: Sum
    label: Label


@final
@dataclass(slots=True)
class _Node:
    formula: Sum
    before: _Node | None
    label: Label
    depth: int

    def path(self) -> list[_Node]:
        nodes: list[_Node] = []
        node: _Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.before
        return nodes[::-1]


def derivation(left: Sum, right: Sum, deadline: float) -> list[Move] | None:
    """The moves from `left` to `right`, or None where none is found in time."""
    if left.key == right.key:
        return []
    found = _search(left, right, deadline)
    return found if found is not None else _across(left, right, deadline)


def _search(left: Sum, right: Sum, deadline: float) -> list[Move] | None:
    seen: tuple[dict[str, _Node], dict[str, _Node]] = ({}, {})
    queues: tuple[list[tuple[int, int, _Node]], ...] = ([], [])
    count = 0
    for side, formula in enumerate((left, right)):
        node = _Node(formula, None, "", 0)
        seen[side][formula.key] = node
        heapq.heappush(queues[side], (len(formula.key), 0, node))
    for turn in range(EXPANSIONS):
        side = turn % 2 if queues[turn % 2] else 1 - turn % 2
        if not queues[side] or time.perf_counter() > deadline:
            return None
        _, _, node = heapq.heappop(queues[side])
        for formula, label in _next(node.formula):
            if formula.key in seen[side]:
                continue
            count += 1
            new = _Node(formula, node, label, node.depth + 1)
            seen[side][formula.key] = new
            other = seen[1 - side].get(formula.key)
            if other is not None:
                return _joined(new, other) if side == 0 else _joined(other, new)
            heapq.heappush(queues[side], (len(formula.key) + DEEP * new.depth, count, new))
    return None


def _next(formula: Sum) -> list[tuple[Sum, Label]]:
    """What is one identity away and still of a size to be read."""
    found: list[tuple[Sum, Label]] = []
    steps = rewrites(formula)
    while True:
        try:
            found.append(next(steps))
        except StopIteration:
            return found
        except (Unwieldy, OverflowError, ZeroDivisionError):
            return found


def _joined(left: _Node, right: _Node) -> list[Move]:
    """From the left side down to the meeting point, and from there back up to the right side."""
    moves = [Move(node.formula, node.label) for node in left.path()[1:]]
    back = right.path()
    for node, before in zip(back[:0:-1], back[-2::-1], strict=True):
        moves.append(Move(before.formula, _reversed(node.label)))
    return moves


BACKWARDS = {
    "common denominator": "split the fraction",
    "split the fraction": "common denominator",
    "multiply out": "factor",
    "multiply out, and split the fraction": "common denominator, and factor",
    "take out the common factor": "multiply out",
}


def _reversed(label: Label) -> Label:
    """The name of the identity read from right to left."""
    if isinstance(label, tuple):
        return ("divide numerator and denominator by", label[1])
    return BACKWARDS.get(label, label)


# the straight way


def _across(left: Sum, right: Sum, deadline: float) -> list[Move] | None:
    try:
        first, second = _straight(left, deadline), _straight(right, deadline)
        (a, b), (c, d) = _parts(first[-1].formula), _parts(second[-1].formula)
        same = expanded(times(a, d))
        other = expanded(times(c, b))
        for square, root in (("sin", "cos"), ("cos", "sin")):
            if same.key != other.key:
                same, other = (expanded(pythagoras(s, square, root)) for s in (same, other))
        if same.key != other.key or time.perf_counter() > deadline:
            return None
        moves = first[1:]
        if first[-1].formula.key != second[-1].formula.key:
            below = times(b, d)
            middle = divided(same, below)
            if middle.key != first[-1].formula.key:
                moves.append(Move(middle, ("multiply numerator and denominator by", d)))
            if middle.key != second[-1].formula.key:
                moves.append(Move(second[-1].formula, ("divide numerator and denominator by", b)))
    except (Unwieldy, OverflowError, ZeroDivisionError):
        return None
    for before, after in zip(second[-2::-1], second[:0:-1], strict=True):
        moves.append(Move(before.formula, _reversed(after.label)))
    return moves


def _parts(formula: Sum) -> tuple[Sum, Sum]:
    if len(formula.terms) != 1:
        return formula, Sum(((Fraction(1), ()),))
    return fraction(formula.terms[0])


def _straight(formula: Sum, deadline: float) -> list[Move]:
    """Everything written out, one fraction, its numerator and denominator multiplied out."""
    moves = [Move(formula, "")]

    def go(change: Callable[[Sum], Sum], label: Label) -> None:
        new = change(moves[-1].formula)
        if new.key != moves[-1].formula.key:
            moves.append(Move(new, label))

    for _ in range(4):
        before = moves[-1].formula.key
        for name in dict.fromkeys([f.name for f in functions(moves[-1].formula).values()]):
            if name in MADE:
                go(lambda s, n=name: unfold(s, n)[0], MADE[name][0])
        for label, rule in LAWS:
            go(lambda s, r=rule: inside(s, r), label)
        go(_one, "common denominator")
        go(_out, "multiply out")
        if moves[-1].formula.key == before or time.perf_counter() > deadline:
            break
    return moves


def _one(formula: Sum) -> Sum:
    """One fraction, of one fraction each in its parts."""
    for _ in range(4):
        new = together(_deep(formula))
        if new.key == formula.key:
            break
        formula = new
    return formula


def _deep(formula: Sum) -> Sum:
    """The same inside every sum that is a factor."""
    parts = [
        product([(together(_deep(b)) if isinstance(b, Sum) else b, e) for b, e in factors], coefficient)
        for coefficient, factors in formula.terms
    ]
    return parts[0] if len(parts) == 1 else total(parts)


def _out(formula: Sum) -> Sum:
    if len(formula.terms) != 1:
        return expanded(formula)
    above, below = fraction(formula.terms[0])
    return divided(expanded(above), expanded(below))
