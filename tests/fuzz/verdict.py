"""All checks on one program, and the smallest program that still fails one of them."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import final

import numpy as np

from chalkgrad.errors import ChalkgradError
from tests.fuzz.checks import CHECKS, Mismatch, Nothing, Subject
from tests.fuzz.generate import plan
from tests.fuzz.peers import installed
from tests.fuzz.plan import Line, Plan

MOST_TRIALS = 600
Check = Callable[[Subject], None]
NONE_RARE: Mapping[str, int] = MappingProxyType({})


@final
@dataclass
class Found:
    """What a run of programs gave: counts by check, reasons why nothing was compared, and every mismatch."""

    programs: int = 0
    compared: Counter[str] = field(default_factory=Counter)
    nothing: Counter[str] = field(default_factory=Counter)
    mismatches: list[str] = field(default_factory=list)

    def add(self, other: Found) -> None:
        self.programs += other.programs
        self.compared += other.compared
        self.nothing += other.nothing
        self.mismatches += other.mismatches


def checks(place: int, rare: Mapping[str, int]) -> dict[str, Check]:
    """Every check by its name, the other libraries' where they are installed; those in `rare` for every so many
    programs, or for none where that is 0.

    What compiles takes longer than all else together: JAX compiles each op anew for each shape.
    """
    every = {**{c.__name__: c for c in CHECKS}, **installed()}
    return {n: c for n, c in every.items() if n not in rare or (rare[n] and place % rare[n] == 0)}


def examine(seed: int, start: int, stop: int, rare: Mapping[str, int] = NONE_RARE) -> Found:
    """The programs `start` to `stop` of a seed."""
    out = Found()
    for place in range(start, stop):
        made = plan(seed, place)
        out.programs += 1
        subject: Subject | None = None
        for name, check in checks(place, rare).items():
            try:
                subject = subject or Subject(made, place)
                failure = _failure(check, subject)
            except Nothing as reason:
                out.nothing[f"{name}: {reason}"] += 1
                continue
            if failure is None:
                out.compared[name] += 1
                continue
            small = shrunk(made, lambda p, c=check, n=place, kind=failure[0]: _fails(c, p, n, kind))
            said = _failure(check, Subject(small, place)) or failure
            out.mismatches.append(f"{name}, seed {seed}, program {place}\n{small}\n{said[1]}")
    return out


def _failure(check: Check, subject: Subject) -> tuple[str, str] | None:
    """The kind of a failure and what it says; whatever is raised but Nothing is one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check(subject)
    except Nothing:
        raise
    except Mismatch as error:
        return re.split(r":| by | is ", str(error))[0], str(error)
    except Exception as error:
        return type(error).__name__, f"{type(error).__name__}: {error}"
    return None


def _fails(check: Check, made: Plan, place: int, kind: str) -> bool:
    """Whether a smaller program is one at all, and fails in the same way."""
    try:
        failure = _failure(check, Subject(made, place))
    except (ChalkgradError, Nothing, ArithmeticError, ValueError, IndexError, TypeError):
        return False
    return failure is not None and failure[0] == kind


def shrunk(made: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest Plan on the way down by single steps that still fails."""
    trials = 0
    found = True
    while found and trials < MOST_TRIALS:
        found = False
        for smaller in _smaller(made):
            trials += 1
            if fails(smaller):
                made, found = smaller, True
                break
            if trials >= MOST_TRIALS:
                break
    return made


def _smaller(made: Plan) -> Iterator[Plan]:
    """Plans a step smaller: unread lines gone, an earlier result, a line stepped over, plainer inputs."""
    first = len(made.inputs)
    kept = made.lean()
    if len(kept.lines) < len(made.lines):
        yield kept
    for place in reversed(range(made.result)):
        yield replace(made, result=place)
    at = first
    for line in made.lines:
        if line.results == 1 and any(at in later.operands for later in made.lines):
            for operand in line.operands:
                yield _rewired(made, {at: operand}, after=at)
        at += line.results
    for n in range(first):
        read = any(n in line.operands for line in made.lines) or made.result == n
        if not read and first > 1:
            down = {k: k - (k > n) for k in range(first + sum(line.results for line in made.lines))}
            inputs = made.inputs[:n] + made.inputs[n + 1 :]
            yield _rewired(replace(made, inputs=inputs, result=down[made.result]), down, after=-1)
        for plainer in (np.round(made.inputs[n]), np.round(made.inputs[n], 1)):
            if not np.array_equal(plainer, made.inputs[n]):
                yield replace(made, inputs=(*made.inputs[:n], plainer, *made.inputs[n + 1 :]))


def _rewired(made: Plan, new: Mapping[int, int | float], after: int) -> Plan:
    """The Plan with places behind `after` read as others."""
    out: list[Line] = []
    at = len(made.inputs)
    for line in made.lines:
        out.append(line.with_operands(new) if at > after else line)
        at += line.results
    return replace(made, lines=tuple(out))
