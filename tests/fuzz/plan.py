"""A random program as data: small enough to be shrunk, printed, and written in every notation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Program, number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import type_of
from chalkgrad.ops.notation import Bracket, Infix, Postfix, Prefix, Subscript
from chalkgrad.render.python import numpy_name
from chalkgrad.render.text import index_text, param

NAMES = ("x", "y", "z", "u", "p", "q", "r", "k")

# How an op that NumPy has no function for is written in NumPy.
SPELLED = {
    "sigmoid": "1 / (1 + np.exp(-{0}))",
    "softplus": "np.logaddexp(0.0, {0})",
    "log_sigmoid": "-np.logaddexp(0.0, -{0})",
    "log_one_minus_sigmoid": "-np.logaddexp(0.0, {0})",
    "relu": "np.where({0} > 0, {0}, 0.0)",
    "relu6": "np.clip({0}, 0.0, 6.0)",
    "hardtanh": "np.clip({0}, -1.0, 1.0)",
    "leaky_relu": "np.where({0} > 0, {0}, 0.01 * {0})",
    "xlogy": "{0} * np.log({1})",
    "indicator": "{0} * 1.0",
    "elu": "np.where({0} > 0, {0}, np.expm1({0}))",
    "accumulate": "{all}",
    "softmax": "np.exp({0}) / np.sum(np.exp({0}), axis={axis}, keepdims=True)",
    "logsumexp": "np.log(np.sum(np.exp({0}), axis={axis}, keepdims={keepdims}))",
    "cumsum": "np.cumsum({0}, axis={axis})",
    "sinc": "np.sinc({0})",
    "argsort": "np.argsort({0}, axis={axis}, stable=True)",
    "var": "np.var({0}, axis={axis}, ddof={ddof}, keepdims={keepdims})",
    "std": "np.std({0}, axis={axis}, ddof={ddof}, keepdims={keepdims})",
}
ALONG = {"axis", "keepdims", "ddof"}


@final
@dataclass(frozen=True)
class Line:
    """One op applied. An operand is the place of a value (an int) or a number (a float)."""

    op: str
    operands: tuple[int | float, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    results: int = 1

    def with_operands(self, new: Mapping[int, int | float]) -> Line:
        """The line with places read as others."""
        return replace(self, operands=tuple(o if isinstance(o, float) else new.get(o, o) for o in self.operands))


@final
@dataclass(frozen=True)
class Plan:
    """Inputs, then lines; `result` is the place of what comes out. Places count inputs first, then all results."""

    inputs: tuple[Any, ...]
    lines: tuple[Line, ...]
    result: int

    def names(self) -> list[str]:
        """What every place is called."""
        made = sum(line.results for line in self.lines)
        return [*NAMES[: len(self.inputs)], *[f"v{n}" for n in range(1, made + 1)]]

    def program(self) -> Program:
        """The Program, each line a step; nothing is folded."""
        builder = Builder()
        names = self.names()
        known: list[Any] = [builder.input(n, type_of(x)) for n, x in zip(names, self.inputs, strict=False)]
        for line in self.lines:
            atoms = [number(o) if isinstance(o, float) else known[o] for o in line.operands]
            hints = tuple(names[len(known) : len(known) + line.results])
            known += builder.bind_many(lookup(line.op), *atoms, params=line.params, hints=hints)
        return builder.program("f", known[self.result])

    def lean(self) -> Plan:
        """The Plan without the lines that its result does not depend on."""
        starts: list[int] = []
        at = len(self.inputs)
        for line in self.lines:
            starts.append(at)
            at += line.results
        needed, keep = {self.result}, []
        for start, line in reversed(list(zip(starts, self.lines, strict=True))):
            if needed & set(range(start, start + line.results)):
                keep.append((start, line))
                needed |= {o for o in line.operands if not isinstance(o, float)}
        keep.reverse()
        new: dict[int, int | float] = {k: k for k in range(len(self.inputs))}
        at = len(self.inputs)
        for start, line in keep:
            new |= {start + k: at + k for k in range(line.results)}
            at += line.results
        return Plan(self.inputs, tuple(line.with_operands(new) for _, line in keep), int(new[self.result]))

    def text(self) -> str:
        """Staged maths text; operators where an op is written as one, and every bracket."""
        lines, names = self._written(_in_text)
        return "\n".join([*lines, f"f({', '.join(names[: len(self.inputs)])}) = {names[self.result]}"])

    def numpy(self) -> str | None:
        """A Python function in plain NumPy, None where an op has no spelling in it."""
        if not all(_in_numpy_at_all(line) for line in self.lines):
            return None
        lines, names = self._written(_in_numpy)
        body = [f"    {line}" for line in [*lines, f"return {names[self.result]}"]]
        return "\n".join([f"def f({', '.join(names[: len(self.inputs)])}):", *body, ""])

    def _written(self, write: Any) -> tuple[list[str], list[str]]:
        names = self.names()
        at = len(self.inputs)
        out: list[str] = []
        for line in self.lines:
            given = ", ".join(names[at : at + line.results])
            out.append(f"{given} = {write(line, [_operand(o, names) for o in line.operands])}")
            at += line.results
        return out, names

    def __str__(self) -> str:
        values = [f"{n} = {np.asarray(x).tolist()}" for n, x in zip(self.names(), self.inputs, strict=False)]
        return "\n".join([*values, *self._written(_in_text)[0], f"result {self.names()[self.result]}"])


def _operand(operand: int | float, names: list[str]) -> str:
    if not isinstance(operand, float):
        return names[operand]
    written = "np.inf" if math.isinf(operand) else repr(operand)
    return f"({written})" if operand < 0 else written


def _in_text(line: Line, parts: list[str]) -> str:
    layout = lookup(line.op).notation
    if isinstance(layout, Infix):
        return f"{parts[0]} {layout.sign} {parts[1]}"
    if isinstance(layout, Prefix):
        return f"{layout.sign}{parts[0]}"
    if isinstance(layout, Subscript):
        return f"{parts[0]}[{_index(line)}]"
    if isinstance(layout, Bracket) and not line.params:
        return f"[{', '.join(parts)}]"
    if isinstance(layout, Postfix) and line.op == "transpose" and not line.params:
        return f"{parts[0]}{layout.sign}"
    return f"{line.op}({', '.join([*parts, *[f'{k}={param(v)}' for k, v in line.params.items()]])})"


def _in_numpy(line: Line, parts: list[str]) -> str:
    op = lookup(line.op)
    if isinstance(op.notation, Infix):
        return f"{parts[0]} {op.notation.python} {parts[1]}"
    if isinstance(op.notation, Prefix):
        return f"{op.notation.python}{parts[0]}"
    if isinstance(op.notation, Subscript):
        return f"{parts[0]}[{_index(line, array=True)}]"
    if isinstance(op.notation, Bracket):
        return f"np.stack([{', '.join(parts)}])"
    if op.name in SPELLED:
        along = {"axis": op.params.get("axis"), "keepdims": False, "ddof": 0, **line.params}
        return SPELLED[op.name].format(*parts, all=" + ".join(parts), **{k: str(v) for k, v in along.items()})
    # a shape, which has no default, stands by its place: NumPy has had several names for it
    placed = [param(v) for k, v in line.params.items() if op.params.get(k) == ()]
    named = [f"{k}={_option(v)}" for k, v in line.params.items() if op.params.get(k) not in ((), v)]
    return f"{numpy_name(op)}({', '.join([*parts, *placed, *named])})"


def _in_numpy_at_all(line: Line) -> bool:
    op = lookup(line.op)
    if op.name in SPELLED:
        return not {k for k, v in line.params.items() if v != op.params[k]} - ALONG
    return isinstance(op.notation, (Infix, Prefix, Subscript, Bracket)) or numpy_name(op) is not None


def _option(value: Any) -> str:
    if isinstance(value, str):
        return repr(value)
    return f"{'-' * (value < 0)}np.inf" if isinstance(value, float) and math.isinf(value) else param(value)


def _index(line: Line, array: bool = False) -> str:
    index = line.params["index"]
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(f"np.array({i}, dtype=int)" if array and isinstance(i, list) else index_text(i) for i in parts)
