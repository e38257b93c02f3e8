"""The kernels of a Program as flat statements.

What is only moved is read where it lies: a transpose, a slice or a broadcast is no statement, but other places in the
statements that read it. Kernels inside of kernels, such as the maximum in a softmax, get statements of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from chalkgrad.ir.program import Atom, Program, Step, Var, input_types
from chalkgrad.native.plan.boxes import boxed
from chalkgrad.native.plan.rewrite import Rewrite, ravelled
from chalkgrad.native.plan.scans import Block, Where, copy, turns
from chalkgrad.native.plan.statements import NotLowered, Region, Statement, apart, extents, fixed, places, wide
from chalkgrad.native.plan.views import Flat, Row, Seen, Stored, Value, hangs, lying, regrouped, straight
from chalkgrad.native.products.wholes import has, read_as, whole
from chalkgrad.native.tree import Buffer, Loop, Stmt
from chalkgrad.ops.kernel import (
    Axis,
    Cast,
    Expr,
    Fn,
    Input,
    Kernel,
    Lit,
    Nest,
    Place,
    Read,
    Routine,
    Running,
    Scatter,
    Table,
    Turns,
    View,
    Write,
    cast,
    inside_out,
    lift,
)

_START = {"sum": 0, "prod": 1, "any": False, "all": True}
# Of truth values, the same by another name.
_OF_TRUTHS = {"sum": "any", "max": "any", "prod": "all", "min": "all"}


@final
class Statements:
    """The statements of a Program: its inputs are `given`, and its outputs are wanted at `into`, if they are.

    `around` are axes for every place of which the Program is done anew.
    """

    def __init__(
        self,
        program: Program,
        given: Mapping[Var, Value],
        into: Sequence[Where | None],
        block: Block,
        around: tuple[Axis, ...] = (),
    ) -> None:
        self.block, self.around = block, around
        self.found: list[Statement] = []
        self.values: dict[Var, Value] = dict(given)
        self._tables: dict[Any, Buffer] = {}
        self._views: dict[Buffer, Buffer] = {}
        self._step: Step | None = None
        self._loops: dict[Any, tuple[Value | None, ...]] = {}
        made = {o for s in program.steps for o in s.outputs if o is not None}
        self._wanted: dict[Var, Where] = {}
        copies: list[tuple[Atom, Where]] = []
        for atom, where in zip(program.outputs, into, strict=True):
            if where is None:
                continue
            if isinstance(atom, Var) and atom in made and atom not in self._wanted:
                self._wanted[atom] = where
            else:
                copies.append((atom, where))
        for step in program.steps:
            self._take(step)
        self._step = None
        for atom, where in copies:
            self._copy(self._atom(atom, atom.type.dtype), where)

    def _take(self, step: Step) -> None:
        self._step = step
        op: Any = step.op
        types = input_types(step.inputs)
        for t in (*types, *[o.type for o in step.given]):
            fixed(t.shape)
        kernels = op.lower(types, step.params)
        wider = [o is not None and o.type.dtype != k.dtype for o, k in zip(step.outputs, kernels or (), strict=False)]
        if any(wider) or (kernels and isinstance(kernels[0], Turns)):
            types = tuple([a.type for a in step.inputs])  # a number stands where a wider value did
            kernels = op.lower(types, step.params)
        where = f" ({step.origin})" if step.origin else ""
        if kernels is None:
            raise NotLowered(f"{op.name}{where} is no nest of loops: it runs in NumPy")
        self._inputs = [self._atom(a, t.dtype) for a, t in zip(step.inputs, types, strict=True)]
        self._kernels: dict[Any, Value] = {}
        if isinstance(kernels[0], Turns):
            self._turns(step, kernels)
            return
        for out, kernel in zip(step.outputs, kernels, strict=True):
            if out is not None:
                self._name = out.hint or op.name
                self.values[out] = self._made(kernel, self._wanted.get(out))

    def _atom(self, atom: Atom, dtype: str) -> Value:
        if isinstance(atom, Var):
            return self.values[atom]
        return self._table(np.asarray(atom.value, dtype=dtype))

    def _table(self, values: np.ndarray[Any, Any]) -> Value:
        if values.size and _all_one(values):
            return Seen((), Lit(values.flat[0].item(), values.dtype.name, weak=False), tuple(values.shape))
        key = values.dtype.name, values.shape, values.tobytes()
        if key not in self._tables:
            name = "places" if values.dtype.kind == "i" else "numbers"
            self._tables[key] = Buffer(name, values.dtype.name, values.shape, "table", np.ascontiguousarray(values))
        return Stored(self._tables[key], (), values.shape)

    # Sources and expressions.

    def source(self, s: Any) -> Value:
        """How a source of a kernel is read."""
        if isinstance(s, Input):
            return self._inputs[s.place]
        if s not in self._kernels:
            self._kernels[s] = self._table(s.values) if isinstance(s, Table) else self._made(s, None)
        return self._kernels[s]

    def _rewrite(self, axes: Sequence[Axis]) -> Rewrite:
        """From a kernel's expressions to those over buffers; an axis of one place stands at it."""
        ones = {a: lift(0) for a in axes if a.extent == 1}
        return Rewrite(ones, lambda read, index: self.source(read.source).at(index))

    def _made(self, kernel: Kernel, into: Where | None) -> Value:
        if isinstance(kernel, Nest):
            return self._nest(kernel, into) if kernel.combine is None else self._reduced(kernel, into)
        if isinstance(kernel, Running):
            return self._running(kernel, into)
        if isinstance(kernel, Scatter):
            return self._scattered(kernel, into)
        if isinstance(kernel, View):
            return self._viewed(self.source(kernel.source), fixed(kernel.shape), into)
        if isinstance(kernel, Routine) and has(kernel):
            return self._routine(kernel, into)
        op: Any = None if self._step is None else self._step.op
        raise NotLowered(f"{op.name if op else kernel} is no nest of loops: it runs in NumPy")

    def _new(self, dtype: str, shape: tuple[int, ...], into: Where | None) -> Where:
        if into is not None:
            return into
        return Where(Buffer(self._name, dtype, (*extents(self.around), *shape), "arena"), places(self.around))

    def _stored(self, where: Where, shape: tuple[int, ...]) -> Stored:
        return Stored(where.buffer, where.index, shape)

    def _add(self, statement: Statement) -> None:
        statement.step = self._step
        if statement.kind != "block":
            statement.axes = (*wide(self.around), *statement.axes)
        self.found.append(statement)

    def _so_far(self, name: str, dtype: str, axes: tuple[Axis, ...]) -> Buffer:
        return Buffer(name, dtype, extents((*wide(self.around), *axes)), "arena")

    def _nest(self, kernel: Nest, into: Where | None) -> Value:
        shape = fixed(kernel.shape)
        body = cast(self._rewrite(kernel.axes)(kernel.body), kernel.dtype)
        if moved(body):
            value = Seen(kernel.axes, body, shape)
            if into is not None:
                self._copy(value, into)
            return value
        where = self._new(kernel.dtype, shape, into)
        index = (*where.index, *places(kernel.axes))
        self._add(Statement("set", where.buffer, index, wide(kernel.axes), value=body))
        return self._stored(where, shape)

    def _reduced(self, kernel: Nest, into: Where | None) -> Value:
        shape, how = fixed(kernel.shape), kernel.combine
        fixed([a.extent for a in kernel.over])
        one = all([a.extent == 1 for a in kernel.over])
        if one and how in ("sum", "prod", "max", "min"):  # one entry is not combined with any
            body = cast(kernel.body, kernel.dtype)
            if how == "sum" and kernel.over and kernel.dtype.startswith("float"):
                body = Lit(0.0, kernel.dtype, weak=False) + body  # the sum of -0 is 0
            return self._nest(Nest(kernel.axes, _at_start(body, kernel.over), kernel.dtype), into)
        where = self._new(kernel.dtype, shape, into)
        body = self._rewrite((*kernel.axes, *kernel.over))(kernel.body)
        index, axes, over = (*where.index, *places(kernel.axes)), wide(kernel.axes), wide(kernel.over)
        if how in ("argmax", "argmin"):
            best = self._so_far(f"best_{self._name}", body.dtype, axes)
            so_far = best, self._so_far(f"{self._name}_so_far", "int64", axes)
            at = ravelled(places(kernel.over), extents(kernel.over))
            value = cast(body, body.dtype)
            self._add(Statement("choose", where.buffer, index, axes, over, value, how, at=at, others=so_far))
            return self._stored(where, shape)
        if kernel.dtype == "bool":
            how = _OF_TRUTHS.get(str(how), how)
        start = _least(kernel.dtype, str(how)) if how in ("max", "min") else Lit(_START[str(how)], "bool")
        body = cast(body, "bool" if how in ("any", "all") else kernel.dtype)
        if kernel.dtype != "bool" and how not in ("max", "min"):
            zero = _START[str(how)]
            start = Lit(float(zero) if kernel.dtype.startswith("float") else int(zero), kernel.dtype, weak=False)
        self._add(Statement("combine", where.buffer, index, axes, over, body, how, start))
        return self._stored(where, shape)

    def _running(self, kernel: Running, into: Where | None) -> Value:
        shape = fixed(kernel.shape)
        where = self._new(kernel.dtype, shape, into)
        body = cast(self._rewrite(kernel.axes)(kernel.body), kernel.dtype)
        one = 0 if kernel.combine == "sum" else 1
        start = Lit(float(one) if kernel.dtype.startswith("float") else one, kernel.dtype, weak=False)
        if kernel.combine == "sum" and kernel.dtype.startswith("float"):
            start = Lit(-0.0, kernel.dtype, weak=False)  # which leaves the first entry as it is
        index = (*where.index, *places(kernel.axes))
        others = wide([a for a in kernel.axes if a is not kernel.along])
        total = self._so_far(f"{self._name}_so_far", kernel.dtype, others)
        how = "add" if kernel.combine == "sum" else "multiply"
        over = wide([kernel.along])
        self._add(Statement("running", where.buffer, index, others, over, body, how, start, others=(total,)))
        return self._stored(where, shape)

    # Arrays that are written into.

    def _scattered(self, kernel: Scatter, into: Where | None) -> Value:
        shape = fixed(kernel.shape)
        where = self._new(kernel.dtype, shape, into)
        axes = tuple([Axis(n) for n in shape])
        found = boxed(kernel, axes)
        if found is not None:
            value, boxes = found
            value = self._rewrite(axes)(value)
            index = (*where.index, *places(axes))
            self._add(Statement("set", where.buffer, index, wide(axes), value=value, boxes=boxes))
            return self._stored(where, shape)
        if kernel.start is not None:
            begin = kernel.start
            value = Lit(begin.value, kernel.dtype) if isinstance(begin, Lit) else self.source(begin).at(places(axes))
            index, value = (*where.index, *places(axes)), cast(value, kernel.dtype)
            self._add(Statement("set", where.buffer, index, wide(axes), value=value))
        # where as much is written as there is, and nothing is left out, nothing is written twice
        each = kernel.start is None and sum([math.prod(extents(w.axes)) for w in kernel.writes]) == math.prod(shape)
        for write in kernel.writes:
            self._write(kernel, write, where, Region() if each else None)
        return self._stored(where, shape)

    def _write(self, kernel: Scatter, write: Write, where: Where, region: Region | None) -> None:
        change = self._rewrite(write.axes)
        target = tuple([change(t) for t in write.target])
        index, axes, body = (*where.index, *target), wide(write.axes), cast(change(write.body), kernel.dtype)
        if write.add:
            how = "any" if kernel.dtype == "bool" else "sum"
            self._add(Statement("combine", where.buffer, index, (), axes, body, how))
        else:
            meet = region is None and not apart(target, axes)
            self._add(Statement("set", where.buffer, index, axes, value=body, ordered=meet, region=region))

    def _viewed(self, source: Value, shape: tuple[int, ...], into: Where | None) -> Value:
        value = regrouped(source, shape)
        if value is None and isinstance(source, Stored) and source.buffer.space == "input" and not source.prefix:
            value = self._stored(Where(lying(source.buffer, shape, self._views)), shape)
        elif value is None:
            flat = self._new(source.dtype, (math.prod(shape),), None)
            axes = tuple([Axis(n) for n in source.shape])
            at = ravelled(places(axes), source.shape)
            self._add(Statement("set", flat.buffer, (*flat.index, at), wide(axes), value=source.at(places(axes))))
            value = Flat(self._stored(flat, (math.prod(shape),)), shape)
        if into is not None:
            self._copy(value, into)
        return value

    def _routine(self, kernel: Routine, into: Where | None) -> Value:
        given: list[Where] = []
        for k, value in enumerate(map(self.source, kernel.args)):
            dtype, at = read_as(kernel, k), tuple([Axis(n) for n in value.shape])
            made = value if value.dtype == dtype else Seen(at, cast(value.at(places(at)), dtype), value.shape)
            given.append(self._lying(made, False))
        where = self._new(kernel.dtype, fixed(kernel.shape), into)
        self._block([whole(kernel, where, given, self._step)], [where.buffer], given)
        return self._stored(where, fixed(kernel.shape))

    def _copy(self, value: Value, into: Where) -> None:
        """Put a value where it is wanted."""
        axes = tuple([Axis(n) for n in value.shape])
        body = cast(value.at(places(axes)), into.buffer.dtype)
        self._add(Statement("set", into.buffer, (*into.index, *places(axes)), wide(axes), value=body))

    # Loops whose body is a Program.

    def _turns(self, step: Step, kernels: Sequence[Any]) -> None:
        loop = kernels[0].loop
        args = [self.source(s) for s in loop.args]
        if loop.counts[1] == 0:
            self._each(step, loop, args)
            return
        given = [self._lying(value, k >= sum(loop.counts)) for k, value in enumerate(args)]
        results: list[Buffer | None] = []
        copies: list[tuple[Where, Where]] = []
        for out in step.outputs:
            if out is None:
                results.append(None)
                continue
            self._name, shape = out.hint or "each", fixed(out.type.shape)
            wanted = self._new(out.type.dtype, shape, self._wanted.get(out))
            self.values[out] = self._stored(wanted, shape)
            if wanted.index:
                aside = Buffer(self._name, out.type.dtype, shape, "arena")
                results.append(aside)
                copies.append((Where(aside), wanted))
            else:
                results.append(wanted.buffer)
        stmts: list[Stmt] = turns(loop, given, results, self.block, step)
        for made, wanted in copies:
            stmts += copy(made, wanted, step)
        made = [self.values[o] for o in step.given]
        self._block(stmts, [v.buffer for v in made if isinstance(v, Stored)], given)

    def _block(self, stmts: list[Stmt], made: Sequence[Buffer], given: Sequence[Where]) -> None:
        for axis in reversed(wide(self.around)):
            stmts = [Loop(axis, stmts, "parallel")]
        if made:
            reads = tuple(dict.fromkeys([w.buffer for w in given]))
            self._add(Statement("block", made[0], stmts=tuple(stmts), given=reads, others=tuple(made[1:])))

    def _lying(self, value: Value, sliced: bool) -> Where:
        """Where an argument of a loop lies, after a copy if need be; what is `sliced` may go on behind its end."""
        index = [Axis(n) for n in value.shape]
        entry = value.at(places(index))
        if isinstance(entry, Read) and len(entry.index) >= len(index):
            lead = len(entry.index) - len(index)
            shape, own = entry.source.shape[lead:], entry.index[lead:]
            free = not any([hangs(e, index) for e in entry.index[:lead]])
            if free and straight(own, places(index)) and shape[sliced:] == value.shape[sliced:]:
                return Where(entry.source, entry.index[:lead])
        self._name = "given"
        where = self._new(value.dtype, value.shape, None)
        self._copy(value, where)
        return where

    def _each(self, step: Step, loop: Any, args: Sequence[Value]) -> None:
        """A loop that carries nothing: the statements of its body, for every place of one more axis."""
        axis, body = Axis(loop.length), loop.body
        turn = lift(0) if loop.length == 1 else Place(axis)
        count = loop.counts[0]
        given = {v: x if k < count else Row(x, turn) for k, (v, x) in enumerate(zip(body.inputs, args, strict=True))}
        into: list[Where | None] = []
        for out in step.outputs:
            if out is None:
                into.append(None)
                continue
            self._name, shape = out.hint or "each", fixed(out.type.shape)
            where = self._new(out.type.dtype, shape, self._wanted.get(out))
            self.values[out] = self._stored(where, shape)
            into.append(Where(where.buffer, (*where.index, turn)))
        self.found += Statements(body, given, into, self.block, (*self.around, axis)).found


def moved(body: Expr) -> bool:
    """Whether an entry is only read, or is a number. Where a computed place may be wrong, that is found out once."""
    while isinstance(body, Cast):
        body = body.arg
    if isinstance(body, Read):
        return not any([isinstance(e, Fn) and e.name == "place" for e in inside_out(body)])
    return isinstance(body, (Lit, Place))


def _at_start(body: Expr, over: Sequence[Axis]) -> Expr:
    return Rewrite({a: lift(0) for a in over})(body)


def _all_one(values: np.ndarray[Any, Any]) -> bool:
    first = values.flat[0]
    bits = np.ascontiguousarray(values).view(np.uint8).reshape(values.size, -1) if values.size > 1 else None
    # the same bits: -0 is not 0, and NaN is NaN
    return bits is None or bool(np.all(bits == bits[0])) or bool(first != first and np.all(np.isnan(values)))


def _least(dtype: str, how: str) -> Lit:
    """Where a maximum or a minimum starts."""
    if dtype == "int64":
        return Lit(-(2**63) if how == "max" else 2**63 - 1, dtype, weak=False)
    return Lit(-math.inf if how == "max" else math.inf, dtype, weak=False)


__all__ = ["Statements", "moved"]
