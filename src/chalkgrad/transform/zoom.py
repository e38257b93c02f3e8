"""Zoom: a Program of arrays as the scalar circuit that it is, a gate an entry.

An elementwise op is one gate for every entry. Another op is read by the `scalar` rule of its record, which is given
arrays whose entries are values: a transpose moves them, a matrix product multiplies and adds them. An op without such
a rule is refused by its name: where a sort sends its entries hangs on the numbers, and no wire can say that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, TooLarge, ValueNeeded
from chalkgrad.ir.build import Builder, Value
from chalkgrad.ir.dims import count, dims_text
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Atom, Number, Program, Step, Var
from chalkgrad.ir.types import SCALARS
from chalkgrad.transform.prune import prune

# The most gates that anyone could look at, and the most inputs.
MOST = 2000

# An array of values, or of atoms; NumPy's element types are Any.
Entries = Any

ONE_LETTER = re.compile(r"[A-Z]\d*")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Zoomed:
    """`program` has a scalar for every entry; `entries` gives, for each Var of the array Program, those scalars.

    Its outputs are the entries of the array Program's outputs, in order. The inputs stay whether or not they are read.
    """

    program: Program
    entries: Mapping[Var, Entries]


class _Bounded(Builder):
    """A Builder that refuses to grow beyond what can be looked at."""

    def bind(self, *args: Any, **options: Any) -> Var:
        if len(self.steps) >= MOST:
            raise TooLarge(f"zooming in gives more than {MOST} scalar gates: zoom a smaller example of the same")
        return super().bind(*args, **options)


def zoom(program: Program) -> Zoomed:
    """Every array of `program` as its entries, x as x_1, x_2 and W as w_11, w_12, counted from 1 as on paper.

    An array of one entry keeps its name.

    Raises TooLarge above `MOST` inputs or gates, ValueNeeded where a size is only a name, and ProgramError for an op
    that has no reading as scalar gates.
    """
    called = names(program)
    _sized(program, called)
    written = _Writer(called)
    for var in program.inputs:
        written.input(var)
    for step in program.steps:
        written.step(step)
    outputs: list[Value] = []
    for atom in program.outputs:
        outputs.extend(written.read(atom).flat)
    whole = written.builder.program(program.name, *[v.atom for v in outputs])
    found = {var: _atoms(values) for var, values in written.values.items()}
    return Zoomed(prune(whole), found)


def _sized(program: Program, called: Mapping[Var, str]) -> None:
    for var in program.variables():
        if not all(isinstance(n, int) for n in var.type.shape):
            size = dims_text(var.type.shape)
            raise ValueNeeded(f"{called[var]} has shape {size}: zooming in needs its sizes as numbers, so give values")
    inputs: Any = sum([count(var.type.shape) for var in program.inputs])
    if inputs > MOST:
        raise TooLarge(f"zooming in gives {inputs} scalar inputs, and {MOST} are the most: zoom a smaller example")


class _Writer:
    def __init__(self, called: Mapping[Var, str]) -> None:
        self.called = called
        self.builder = _Bounded()
        self.values: dict[Var, Entries] = {}
        self.taken = set(called.values())

    def read(self, atom: Atom) -> Entries:
        """The entries of an atom, as values of the scalar Builder."""
        return self._constant(atom) if isinstance(atom, Number) else self.values[atom]

    def _constant(self, atom: Number) -> Entries:
        out: Entries = np.empty(np.shape(atom.value), object)
        for place in np.ndindex(*out.shape):
            entry = np.asarray(atom.value)[place].item()
            out[place] = Value(self.builder, Number(entry, SCALARS[atom.type.dtype]))
        return out

    def input(self, var: Var) -> None:
        shape: Any = var.type.shape
        out: Entries = np.empty(shape, object)
        base = self._base(var)
        for place in np.ndindex(*out.shape):
            name = self._entry(base, place if out.size > 1 else ())
            out[place] = self.builder.value(self.builder.input(name, SCALARS[var.type.dtype]))
        self.values[var] = out

    def step(self, step: Step) -> None:
        op: Any = step.op
        if op.several or (op.scalar is None and not op.elementwise):
            where = f" ({step.origin})" if step.origin else ""
            raise ProgramError(f"{op.name}{where} has no reading as scalar gates, so it cannot be zoomed into")
        self.builder.origin = step.origin
        before = len(self.builder.steps)
        inputs = [self.read(a) for a in step.inputs]
        out = self._each(step, inputs) if op.scalar is None else self._wrapped(op.scalar(*inputs, **step.params))
        if out.shape != step.output.type.shape:
            raise ProgramError(f"{op.name}: its scalar rule gives shape {out.shape}, not {step.output.type.shape}")
        self.values[step.output] = out
        self._name(step.output, out, {s.output for s in self.builder.steps[before:]})

    def _each(self, step: Step, inputs: list[Entries]) -> Entries:
        """One gate an entry, as typed: nothing is folded."""
        spread: list[Entries] = list(np.broadcast_arrays(*inputs))
        out: Entries = np.empty(spread[0].shape, object)
        for place in np.ndindex(*out.shape):
            atoms = [x[place].atom for x in spread]
            out[place] = self.builder.value(self.builder.bind(step.op, *atoms, params=step.params))
        return out

    def _wrapped(self, found: Any) -> Entries:
        """A rule's result, where an empty sum is the bare number 0."""
        given: Entries = np.empty((), object)
        if isinstance(found, np.ndarray):
            given = found
        else:
            given[()] = found
        out: Entries = np.empty(given.shape, object)
        for place in np.ndindex(*out.shape):
            entry = given[place]
            while isinstance(entry, np.ndarray):  # a single value that was put in place as an array of one
                entry = entry[()]
            out[place] = entry if isinstance(entry, Value) else self.builder.value(float(entry))
        return out

    def _name(self, var: Var, out: Entries, new: set[Var]) -> None:
        """The entries bear the array's name, unless they are wires that have one already."""
        if not var.hint:
            return
        base = self._base(var)
        for place in np.ndindex(*out.shape):
            atom = out[place].atom
            if isinstance(atom, Var) and atom in new and not atom.hint:
                atom.hint = self._entry(base, place if out.size > 1 else ())

    def _base(self, var: Var) -> str:
        """What the entries are called: those of W are w_11, as on paper, where w is free."""
        name = self.called[var]
        many = any(n != 1 for n in var.type.shape)
        if many and ONE_LETTER.fullmatch(name) and name.lower() not in self.taken:
            return name.lower()
        return name

    def _entry(self, base: str, place: tuple[int, ...]) -> str:
        if not place:
            return base
        counted = [str(k + 1) for k in place]
        subscript = "".join(counted) if all(len(k) == 1 for k in counted) else f"{{{','.join(counted)}}}"
        if len(counted) == 1:
            subscript = counted[0]
        stem, _, have = base.partition("_")
        if have:  # a name that has a subscript already keeps it in front
            subscript = f"{{{have.strip('{}')},{','.join(counted)}}}"
        name = f"{stem}_{subscript}"
        while name in self.taken:
            name += "'"
        self.taken.add(name)
        return name


def _atoms(values: Entries) -> Entries:
    out: Entries = np.empty(values.shape, object)
    for place in np.ndindex(*out.shape):
        out[place] = values[place].atom
    return out
