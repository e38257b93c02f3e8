"""One stretch of steps that repeat, made a loop: its carries, its slices, and what is read of all turns later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Atom, Number, Program, Step, Var, input_types
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.loops.alike import exact
from chalkgrad.transform.loops.numbers import cast, table
from chalkgrad.transform.loops.progression import progression, type_at
from chalkgrad.transform.loops.turning import Carry, Turning
from chalkgrad.transform.loops.wiring import Back, Inside, Place, Row, Source, Still, Wiring


@final
class Roll:
    """One stretch made a loop."""

    def __init__(self, program: Program, made: Mapping[Var, Place], wiring: Wiring) -> None:
        self.program, self.made, self.wiring = program, made, wiring
        self.stretch = wiring.stretch
        self.period, self.turns = self.stretch.period, self.stretch.turns
        self.first = program.steps[self.stretch.start : self.stretch.start + self.period]
        self.still = self._stays()
        self.filled = {j for j in wiring.indices if self._fills(j)}
        self.possible = all([self._moves(j) for j in wiring.indices])

    def _stays(self) -> set[int]:
        """The steps that give the same in every turn."""
        found: set[int] = set()
        for j, sources in enumerate(self.wiring.sources):
            if j not in self.wiring.indices and all(
                [isinstance(s, Still) or (isinstance(s, Inside) and s.place[0] in found) for s in sources]
            ):
                found.add(j)
        return found

    def _constant(self, source: Source) -> bool:
        return isinstance(source, Still) or (isinstance(source, Inside) and source.place[0] in self.still)

    def _moves(self, j: int) -> bool:
        """Whether the step, whose index is another in every turn, can be in a loop."""
        if j in self.filled:
            return True
        step, sources = self.first[j], self.wiring.sources[j]
        if step.op.name != "index" or len({type(i) for i in self.wiring.indices[j]}) > 1:
            return False
        return self._constant(sources[0]) or progression(self.wiring.indices[j], step.inputs[0].type) is not None

    def _fills(self, j: int) -> bool:
        """Whether the step writes one entry more of an array a turn, and nobody reads that array before the end."""
        step, sources = self.first[j], self.wiring.sources[j]
        if step.op.name != "updated" or j in self.still:
            return False
        array = sources[0]
        if not isinstance(array, Back) or array.place != (j, 0) or len(array.inits) != 1:
            return False
        if isinstance(sources[1], Still):
            return False
        readers = [s for k, own in enumerate(self.wiring.sources) for s in own if k != j and _reads(s, j)]
        found = progression(self.wiring.indices[j], step.inputs[0].type)
        if readers or found is None:
            return False
        value, array_type = step.inputs[1].type, step.inputs[0].type
        rest = type_at(array_type, self.wiring.indices[j][0])
        if value.shape != rest.shape:
            return False
        last = self.stretch.stop - self.period + j
        return all([v not in self._read_outside() or self.made[v][0] == last for v in self._versions(j)])

    def _versions(self, j: int) -> list[Var]:
        return [self.program.steps[self.stretch.start + k * self.period + j].output for k in range(self.turns)]

    def _read_outside(self) -> set[Any]:
        """What the steps around read, and the outputs."""
        if not hasattr(self, "_outer_reads"):
            steps = self.program.steps
            around = (*steps[: self.stretch.start], *steps[self.stretch.stop :])
            self._outer_reads: set[Any] = {a for s in around for a in s.inputs} | set(self.program.outputs)
        return self._outer_reads

    # Writing it.

    def write(self) -> tuple[list[Step], dict[Var, Atom]]:
        """The steps in place of the stretch, and what stands for the values that were made in it."""
        self.outer = Builder()
        self.outer.origin = self.first[0].origin
        self.kept: dict[Place, Atom] = {}  # what is the same in every turn, as it is outside
        self.inner: dict[Place, Atom] = {}  # and what it is in the body
        self.loop = Turning("turn", [], [], [], [], [], self.turns, False, self.first[0].origin)
        self.carried: dict[Any, Carry] = {}
        self.rows: dict[Any, Var] = {}
        self.constants: dict[Any, Var] = {}
        written: dict[int, Atom] = {}
        for j, step in enumerate(self.first):
            if j in self.still:
                self._write_still(j, step)
            elif j in self.filled:
                written[j] = self._inside(self.wiring.sources[j][1], step, 1)
            elif j in self.wiring.indices and self._constant(self.wiring.sources[j][0]):
                self.inner[j, 0] = self._slices(j, step)
            else:
                self._write_inside(j, step)
        self._close()
        change = self._results(written)
        return self.outer.steps, change

    def _write_still(self, j: int, step: Step) -> None:
        inputs = tuple([self._outside(s) for s in self.wiring.sources[j]])
        outs = tuple([None if v is None else Var(v.type, v.hint) for v in step.outputs])
        self.outer.steps.append(Step(outs, step.op, inputs, step.params, step.origin))
        for k, out in enumerate(outs):
            if out is not None:
                self.kept[j, k] = out

    def _write_inside(self, j: int, step: Step) -> None:
        inputs = [self._inside(s, step, k) for k, s in enumerate(self.wiring.sources[j])]
        # hints as in the second turn: the first may read what bears no name
        outs = tuple([None if v is None else Var(v.type, v.hint) for v in self._at(1, j).outputs])
        op, params = step.op, step.params
        if j in self.wiring.indices:
            found = progression(self.wiring.indices[j], step.inputs[0].type)
            assert found is not None
            places = np.array([key[found.axis] for key in found.keys], dtype=np.int64)
            inputs.append(self._row(("places", places.tobytes()), table(places)))
            keys: list[Any] = list(found.keys[0])
            keys[found.axis] = "#0"
            op, params = lookup("entries"), MappingProxyType({"index": tuple(keys)})
        self.loop.steps.append(Step(outs, op, tuple(inputs), params, step.origin))
        for k, out in enumerate(outs):
            if out is not None:
                self.inner[j, k] = out

    def _at(self, turn: int, j: int) -> Step:
        return self.program.steps[self.stretch.start + turn * self.period + j]

    def _outside(self, source: Source) -> Atom:
        if isinstance(source, Still):
            return source.atom
        assert isinstance(source, Inside)
        return self.kept[source.place]

    def _inside(self, source: Source, step: Step, position: int) -> Atom:
        """What stands for a source in the body."""
        if self._constant(source):
            atom = self._outside(source)
            if isinstance(atom, Number):
                return atom
            if atom not in self.constants:
                self.constants[atom] = Var(atom.type, atom.hint)
                self.loop.consts.append((self.constants[atom], atom))
            return self.constants[atom]
        if isinstance(source, Inside):
            return self.inner[source.place]
        if isinstance(source, Back):
            return self._carry(source)
        assert isinstance(source, Row)
        type = input_types(step.inputs)[position]
        key = tuple([a if isinstance(a, Var) else exact(a.value) for a in source.atoms])
        return self.rows[key] if key in self.rows else self._row(key, self._stack(source.atoms, type))

    def _row(self, key: Any, whole: Atom) -> Var:
        """A slice of what stands outside; the same one is taken in once."""
        if key not in self.rows:
            type = ArrayType(whole.type.shape[1:], whole.type.dtype)
            self.rows[key] = Var(type, whole.hint if isinstance(whole, Var) else "")
            self.loop.xs.append((self.rows[key], whole))
        return self.rows[key]

    def _stack(self, atoms: Sequence[Atom], type: ArrayType) -> Atom:
        numbers = [np.asarray(a.value, dtype=type.dtype) for a in atoms if isinstance(a, Number)]
        if len(numbers) == len(atoms):
            return table(np.stack(numbers))
        reads = [self._index_of(a) for a in atoms]
        if all([r is not None and r.inputs[0] is reads[0].inputs[0] for r in reads if reads[0] is not None]):
            steps = [r for r in reads if r is not None]
            if len(steps) == len(atoms):
                return self._sliced(steps[0].inputs[0], [s.params["index"] for s in steps])
        whole = [a if isinstance(a, Var) else Number(cast(a.value, type.dtype), type) for a in atoms]
        return self.outer.bind(lookup("stack"), *whole)

    def _index_of(self, atom: Atom) -> Step | None:
        """The step that reads this of an array, where one does."""
        place = self.made.get(atom) if isinstance(atom, Var) else None
        step = None if place is None else self.program.steps[place[0]]
        return step if step is not None and step.op.name == "index" else None

    def _slices(self, j: int, step: Step) -> Var:
        """What a turn reads of an array from outside, at a place that moves on."""
        array, keys = self._outside(self.wiring.sources[j][0]), self.wiring.indices[j]
        key = array, tuple([exact(k) for k in keys])
        return self.rows[key] if key in self.rows else self._row(key, self._sliced(array, keys))

    def _sliced(self, array: Atom, keys: Sequence[Any]) -> Atom:
        """The entries that are read at each of the keys, stacked."""
        found = progression(keys, array.type)
        value = self.outer.value(array)
        if found is not None:
            whole = lookup("index")(value, index=found.whole())
            at = found.depth()
            if at:
                order = (at, *[k for k in range(len(whole.shape)) if k != at])
                whole = lookup("transpose")(whole, axes=order)
            return whole.atom
        parts = [lookup("index")(value, index=k).atom for k in keys]
        return self.outer.bind(lookup("stack"), *parts)

    def _carry(self, source: Back) -> Var:
        """What was made some turns before: handed on from turn to turn."""
        inits = source.inits[::-1]  # of one turn before, of two …
        for far in range(1, len(inits) + 1):
            key = source.place, tuple([a if isinstance(a, Var) else exact(a.value) for a in inits[:far]])
            if key not in self.carried:
                made = self._at(1, source.place[0]).outputs[source.place[1]]
                assert made is not None
                init = inits[far - 1]
                if isinstance(init, Number) and init.type != made.type:
                    init = Number(cast(init.value, made.type.dtype), made.type)
                var = Var(made.type, made.hint)
                before = source.place, tuple([a if isinstance(a, Var) else exact(a.value) for a in inits[: far - 1]])
                # what comes next is known when the whole body is written, but for what is only handed on
                handed: Atom = self.carried[before].var if far > 1 else var
                self.carried[key] = Carry(var, init, handed, None, None)
                self.loop.carries.append(self.carried[key])
        key = source.place, tuple([a if isinstance(a, Var) else exact(a.value) for a in inits])
        return self.carried[key].var

    def _close(self) -> None:
        """Give every carry what it is after a turn."""
        for (place, inits), carry in self.carried.items():
            if len(inits) == 1:
                carry.next = self.inner[place]

    def _results(self, written: Mapping[int, Atom]) -> dict[Var, Atom]:
        """The loop itself, and what stands for what is read of it outside."""
        outside = self._read_outside()
        change: dict[Var, Atom] = {}
        every: dict[Place, list[tuple[int, Var]]] = {}
        for k in range(self.turns):
            for j in range(self.period):
                for slot, var in enumerate(self._at(k, j).outputs):
                    if var is not None and var in outside:
                        every.setdefault((j, slot), []).append((k, var))
        behind: list[tuple[Var, list[tuple[int, Var]]]] = []
        fills: list[tuple[int, Var]] = []
        for place, uses in every.items():
            if place in self.kept:
                change.update({var: self.kept[place] for _, var in uses})
            elif place[0] in written:
                fills.append((place[0], self._given(written[place[0]])))
            elif [k for k, _ in uses] == [self.turns - 1]:
                change[uses[0][1]] = self._last(self.inner[place])
            else:
                behind.append((self._given(self.inner[place]), uses))
        self.outer.steps.append(self.loop.step())
        for whole, uses in behind:
            value = self.outer.value(whole)
            change.update({var: lookup("index")(value, index=k).atom for k, var in uses})
        for j, whole in fills:
            change[self._versions(j)[-1]] = self._fill(j, whole)
        return change

    def _given(self, atom: Atom) -> Var:
        assert isinstance(atom, Var), "a number is the same in every turn"
        return self.loop.given(atom)

    def _last(self, atom: Atom) -> Var:
        """The value of the last turn alone."""
        for carry in self.loop.carries:
            if carry.next is atom and carry.var is not atom:
                if carry.final is None:
                    carry.final = Var(atom.type, carry.var.hint)
                return carry.final
        hint = atom.hint if isinstance(atom, Var) else ""
        final = Var(atom.type, hint)
        start = Number(cast(np.zeros([n for n in atom.type.shape if isinstance(n, int)]), atom.type.dtype), atom.type)
        self.loop.carries.append(Carry(Var(atom.type, hint), start, atom, final, None))
        return final

    def _fill(self, j: int, whole: Var) -> Atom:
        """The array with what all turns wrote into it."""
        keys = self.wiring.indices[j]
        source = self.wiring.sources[j][0]
        assert isinstance(source, Back)
        found = progression(keys, self.first[j].inputs[0].type)
        assert found is not None
        value = self.outer.value(whole)
        at = found.depth()
        if at:
            rank = len(value.shape)
            value = lookup("transpose")(value, axes=(*range(1, at + 1), 0, *range(at + 1, rank)))
        array = self.outer.value(source.inits[0])
        return lookup("updated")(array, value, index=found.whole()).atom


def _reads(source: Source, j: int) -> bool:
    return isinstance(source, (Inside, Back)) and source.place[0] == j


__all__ = ["Roll"]
