"""Long straight lines of scalar steps, run by a machine instead of being compiled.

LLVM's time is not linear in the length of a function, and twenty microseconds a step at best. A tape is written in one
or two, and run in a few nanoseconds a step by the machine of `chalkgrad.native.tape.machine`, which is compiled once.
"""

from __future__ import annotations

import math
import struct
from typing import Any, final

import numpy as np

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import Atom, Number, Program, Step, Var, input_types
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.tape.machine import instructions, machine
from chalkgrad.native.tape.templates import NoTape, Template, template
from chalkgrad.native.tape.words import Assembled
from chalkgrad.transform.prepare import exact

# Programs of fewer steps are compiled: that takes a while, and is twice as quick or more from then on.
LEAST = 2000
# What stands for operands that an instruction has not.
_NOTHING = ((0, 0, 0), (0, 0), (0,), ())
# Entries a step on average, above which loops are better.
ENTRIES = 4


def suits(program: Program) -> bool:
    """Whether the Program is long and made of scalars, so that a tape is better than machine code of its own."""
    if len(program.steps) < LEAST:
        return False
    wide = [out.type for step in program.steps for out in step.outputs if out is not None and out.type.shape]
    wide += [v.type for v in program.inputs if v.type.shape]
    if any([not isinstance(n, int) for type in wide for n in type.shape]):
        return False
    return sum([_size(type) for type in wide]) <= (ENTRIES - 1) * len(program.steps)


def tape(program: Program) -> Artifact | None:
    """The Program as a tape; None where a step is not made of scalars.

    The text is the same for all Programs.
    """
    with no_collection():
        try:
            written = _Tape(program)
        except NoTape:
            return None
        made = Assembled(written.loads, written.rows, written.stores, len(written.numbers), written.constants)
    numbers = np.array(written.numbers, dtype=np.uint64).view(np.int64)
    text, externs = machine(made.parts)
    types = [v.type for v in program.inputs]
    outputs = [a.type for a in program.outputs]
    return Artifact(
        text=text,
        inputs=tuple(types),
        outputs=tuple(outputs),
        tables=(made.words, numbers),
        sizes=(len(types) + len(outputs), len(numbers)),
        arena=8 * made.slots,
        externs=externs,
        work=made.work,
    )


@final
class _Tape:
    """Instructions whose results are numbered from 0 up, before they are given slots; constants from -1 down.

    An instruction is a row of its number, three operands and a place: of an entry in a buffer, for loads and stores.
    What gives a result is told by its row alone: `first` results are those of loads.
    """

    def __init__(self, program: Program) -> None:
        self.numbers: list[int] = []
        self._known: dict[tuple[Any, str], int] = {}
        # where the one entry of a float64 stands, of a value or a constant; and the entries of all others
        self._reals: dict[Any, int] = {}
        self._others: dict[Any, list[int]] = {}
        self.loads: list[tuple[int, int, int]] = []
        for k, var in enumerate(program.inputs):
            count = _size(var.type)
            load = instructions()["load", var.type.dtype, -1]
            self._enter(var, list(range(len(self.loads), len(self.loads) + count)))
            self.loads.extend([(load, k, at) for at in range(count)])
        self.rows: Any = self._of_singles(program)
        if self.rows is None:
            self.rows = []
            self._write(program)
        self.stores: list[tuple[int, int, int, int]] = []
        for k, atom in enumerate(program.outputs, len(program.inputs)):
            entries = self._entries(atom, atom.type.dtype)
            store = instructions()["store", atom.type.dtype, -1]
            self.stores.extend([(store, e, k, at) for at, e in enumerate(entries)])
        # powers to these are other instructions
        self.constants = {x: self._number(x, "float64") for x in (2.0, 0.5, -1.0, 1.0)}

    def _enter(self, var: Var, entries: list[int]) -> None:
        if var.type is SCALAR or var.type == SCALAR:
            (self._reals[var],) = entries
        else:
            self._others[var] = entries

    def _of_singles(self, program: Program) -> Any:
        """All rows at once, where each step is one instruction of float64 numbers, as they are in most long lines; else
        None."""
        steps, reals = program.steps, self._reals
        if self._others or any([s.params for s in steps]):
            return None
        ops = [s.op for s in steps]
        firsts = dict(zip(reversed(ops), reversed(steps), strict=True))
        singles = {op: _Planned(step).single for op, step in firsts.items()}
        if None in singles.values():
            return None
        given = [x for s in steps for x in s.inputs]
        numbers = dict.fromkeys([x for x in given if type(x) is Number])
        made = [s.outputs[0] for s in steps]
        if any([x.type != SCALAR for x in numbers]) or any([v is None or v.type is not SCALAR for v in made]):
            return None
        for number in numbers:
            self._entries(number, "float64")
        reals.update(zip(made, range(len(self.loads), len(self.loads) + len(made)), strict=True))
        table = np.zeros((len(steps), 4), np.int64)
        table[:, 0] = [single[0] for single in map(singles.__getitem__, ops) if single is not None]
        counts = np.array([len(s.inputs) for s in steps])
        table[:, 1:][np.arange(3) < counts[:, None]] = [reals[x] for x in given]
        return table

    def _write(self, program: Program) -> None:
        rows, reals, count = self.rows, self._reals, len(self.loads)
        real = reals.get
        singles: dict[Any, tuple[int, tuple[int, ...]]] = {}
        planned: dict[Any, _Planned] = {}
        for step in program.steps:
            single = singles.get(step.op)
            if single is not None and not step.params:  # of float64 one instruction: almost every step
                given = [*map(real, step.inputs)]
                if None not in given:
                    number, nothing = single
                    rows += (number, *given, *nothing)  # pyright: ignore[reportArgumentType]  # none of them is None
                    reals[step.outputs[0]] = count
                    count += 1
                    continue
            # types are told apart by what they are, which the Program keeps, numbers from values by the sign
            key: Any = (step.op, *[id(x.type) if type(x) is Var else ~id(x.type) for x in step.inputs])
            if step.params:
                key = (key, *[(k, exact(v)) for k, v in step.params.items()])
            plan = planned.get(key)
            if plan is None:
                plan = planned[key] = _Planned(step)
                if plan.single is not None and not step.params:
                    singles[step.op] = plan.single
            env: list[int] = []
            for x, d in zip(step.inputs, plan.dtypes, strict=True):
                env.extend(self._entries(x, d))
            made = plan.template
            env.extend([self._number(value, d) for value, d in made.constants])
            for number, places in made.lines:
                rows.append(number)
                rows.extend([env[q] for q in places])
                rows.extend(_NOTHING[len(places)])
                env.append(count)
                count += 1
            for out, places in zip(step.outputs, made.results, strict=True):
                if out is not None:
                    self._enter(out, [env[q] for q in places])

    def _entries(self, atom: Atom, dtype: str) -> list[int]:
        if isinstance(atom, Var):
            real = self._reals.get(atom)
            return self._others[atom] if real is None else [real]
        known = self._others.get((atom, dtype))
        if known is None:
            flat = np.asarray(atom.value).astype(dtype).ravel().tolist()
            known = self._others[atom, dtype] = [self._number(v, dtype) for v in flat]
            if dtype == "float64" and not atom.type.shape:
                self._reals[atom] = known[0]
        return known

    def _number(self, value: Any, dtype: str) -> int:
        dtype = "float64" if dtype == "float32" else dtype  # of the same bits in a slot
        key = (value if value and value == value else repr(value), dtype)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = -1 - len(self.numbers)
            packed = struct.pack("<d", value) if dtype == "float64" else struct.pack("<q", value)
            self.numbers.append(struct.unpack("<Q", packed)[0])
        return found


@final
class _Planned:
    """What all steps of one kind become: a template, whose inputs are of these dtypes; and, where that is no more than
    one instruction of float64 numbers in their order, this instruction and what stands for operands that it has not."""

    __slots__ = ("dtypes", "single", "template")

    def __init__(self, step: Step) -> None:
        types = input_types(step.inputs)
        self.template: Template = template(step.op, types, step.params)
        self.dtypes = tuple([t.dtype for t in types])
        self.single: tuple[int, tuple[int, ...]] | None = None
        lines, count = self.template.lines, len(types)
        plain = all([t == SCALAR for t in (*types, *[v.type for v in step.given])]) and not self.template.constants
        if plain and len(lines) == 1 and lines[0][1] == tuple(range(count)) and self.template.results == ((count,),):
            self.single = lines[0][0], _NOTHING[count]


def _size(type: ArrayType) -> int:
    return math.prod([int(str(n)) for n in type.shape]) if type.shape else 1
