"""Printed names: a pure, deterministic function of the Program."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chalkgrad.ir.program import Program, Var

# What a worksheet calls its intermediates; s is left out, since sheets write it for the sigmoid.
LETTERS = "qrtuvpgk"
NUMBERED = re.compile(r"(.+)\^\(([a-z])\)")


def names(program: Program, taken: Iterable[str] = ()) -> dict[Var, str]:
    """A name for every Var: its hint where that is free, else `q r t …`, or `q1 q2 …` when there are many.

    Unique: a hint that is taken gets a number behind it. `taken` are names to keep clear of.
    """
    variables = list(program.variables())
    used = set(taken)
    result: dict[Var, str] = {}
    counts: dict[str, int] = {}
    for var in variables:
        if var.hint:
            result[var] = _fresh(var.hint, used, counts)
    # what a function gives bears the function's name, if nothing else does
    for out in program.outputs if len(program.outputs) == 1 else ():
        if isinstance(out, Var) and out not in result and program.name.isidentifier() and program.name not in used:
            result[out] = _fresh(program.name, used, counts)
    unnamed = [v for v in variables if v not in result]
    letters = [c for c in LETTERS if c not in used]
    if len(unnamed) <= min(6, len(letters)):
        result.update(zip(unnamed, letters, strict=False))
    else:
        index = 0
        for var in unnamed:
            index += 1
            while f"q{index}" in used:
                index += 1
            result[var] = f"q{index}"
    return {v: result[v] for v in variables}


def index_of(name: str) -> str:
    """The i of `x^(i)`, one of many examples, or nothing."""
    found = NUMBERED.fullmatch(name)
    return found.group(2) if found else ""


def base_of(name: str) -> str:
    """The x of `x^(i)`; any other name as it is."""
    found = NUMBERED.fullmatch(name)
    return found.group(1) if found else name


def together(name: str) -> str:
    """What all examples are called: X for `x^(i)`, Ŷ for `ŷ^(i)`, Z1 for `z1`."""
    base = base_of(name)
    return base[0].upper() + base[1:]


def _fresh(hint: str, used: set[str], counts: dict[str, int]) -> str:
    name = hint
    while name in used:
        counts[hint] = counts.get(hint, 1) + 1
        name = f"{hint}_{counts[hint]}"
    used.add(name)
    return name
