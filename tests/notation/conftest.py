from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.notation.read import Reading, read


def _lines(program: Program) -> list[str]:
    """Every step as `name = op(inputs)`; unnamed values are %0, %1 … by their step."""
    check(program)
    names: dict[Var, str] = {v: v.hint for v in program.inputs}
    out: list[str] = []

    def text(atom: Any) -> str:
        if isinstance(atom, Number):
            return str(np.asarray(atom.value).tolist()).replace(".0", "")
        return names[atom]

    for place, step in enumerate(program.steps):
        names[step.output] = step.output.hint or f"%{place}"
        params = "".join(f", {k}={v}" for k, v in step.params.items())
        out.append(f"{names[step.output]} = {step.op.name}({', '.join(map(text, step.inputs))}{params})")
    shapes = [f"{v.hint}{v.type.shape or ''}" for v in program.inputs]
    return [*out, f"{program.name}({', '.join(shapes)}) -> {', '.join(map(text, program.outputs))}"]


@pytest.fixture(scope="session")
def lines() -> Callable[[Program], list[str]]:
    return _lines


@pytest.fixture(scope="session")
def steps() -> Callable[..., list[str]]:
    """The steps of a text, once its echo was found to read back to the same Program."""

    def run(text: str, values: dict[str, Any] | None = None) -> list[str]:
        reading = read(text, values)
        found = _lines(reading.program)
        again = read("\n".join(reading.echo))
        assert _lines(again.program) == found
        assert again.echo == reading.echo
        return found[:-1]

    return run


@pytest.fixture(scope="session")
def echo() -> Callable[..., str]:
    """The last line of the echo, which is the function, once it was found to read back."""

    def run(text: str, values: dict[str, Any] | None = None) -> str:
        reading = read(text, values)
        again = read("\n".join(reading.echo))
        assert _lines(again.program) == _lines(reading.program)
        return reading.echo[-1]

    return run


def _numbers(reading: Reading, **given: Any) -> dict[str, Any]:
    """The value of every named stage."""
    values: dict[Any, Any] = {v: np.asarray(given[v.hint], dtype=float) for v in reading.program.inputs}
    for step in reading.program.steps:
        inputs = [a.value if isinstance(a, Number) else values[a] for a in step.inputs]
        values[step.output] = step.op.evaluate(*inputs, **step.params)
    return {v.hint: x for v, x in values.items() if v.hint}


@pytest.fixture(scope="session")
def numbers() -> Callable[..., dict[str, Any]]:
    return _numbers
