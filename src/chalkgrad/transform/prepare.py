"""What is run in place of what is shown: the same numbers, with less work.

One walk over the steps. Nothing here is ever drawn or printed, and nothing may change a result:

- copies go, and so do products with 1;
- an op of numbers alone is its number;
- an op that is evaluated by simpler ones is opened into them, so that σ(x), σ(-x), log σ(x) share one exponential;
- numbers that are put into arrays of zeros one by one, and added, are put into one array together;
- what is computed twice, from the same values by the same op, is computed once;
- a value that is spread, and then meets a full array, is not spread: NumPy does that as it goes;
- a sign that is turned and turned again, or is turned and then added, is not turned;
- what is sorted, and of which it is asked what came from where, is sorted once.

All of this is exact, bit for bit; only the sign of a NaN may be another. It rests on this, that an op is a function:
what it gives hangs on its inputs and params alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol, final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, Program, Step, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.prune import prune
from chalkgrad.transform.sorted_once import sorted_once

# Of a value: the op that made it, and what it was made of, as the walk left them.
Made = tuple[str, tuple[Atom, ...]]


def prepare(program: Program) -> Program:
    """The Program that is run for `program`: same inputs, same values of its outputs, fewer steps."""
    with no_collection():
        walk = Walk(all([v.type.dtype != "float32" for v in program.variables()]))
        for step in program.steps:
            walk.take(step)
        outputs = tuple([walk.now(a) for a in program.outputs])
        return sorted_once(prune(replace(program, steps=tuple(walk.steps), outputs=outputs)))


@final
class Walk:
    """The steps so far, and what is known of them. `folds` says that none of their values is a float32: a bare number
    widens nothing, and a number that was computed does, so where widths meet, none becomes bare."""

    def __init__(self, folds: bool) -> None:
        self.steps: list[Step] = []
        self._same: dict[Var, Atom] = {}
        self._made: dict[Var, Made] = {}
        self._spread: dict[Var, Atom] = {}
        self._put: dict[Var, tuple[Atom, tuple[int, ...]]] = {}  # of one number in zeros, and where
        self._known: dict[Any, Step] = {}
        self._places: dict[Any, int] = {}  # of those that give less than they might
        self._folds = folds

    def now(self, atom: Atom) -> Atom:
        """What stands for an atom of the old Program."""
        return self._same.get(atom, atom) if isinstance(atom, Var) else atom

    def take(self, step: Step) -> None:
        """Write a step, or what does its work."""
        op: Any = step.op
        same = self._same
        inputs = tuple([same.get(a, a) if isinstance(a, Var) else a for a in step.inputs])
        if op.several or step.outputs[0] is None:
            self._write(step, inputs)
        elif op.evaluated_as is None or not self._open(step, inputs):
            self.put(step, inputs)

    def put(self, step: Step, inputs: tuple[Atom, ...]) -> None:
        """Write a step of one result, of these inputs in place of its own, or what does its work."""
        op: Any = step.op
        (out,) = step.outputs
        assert out is not None
        if op.elementwise and self._spread:
            inputs = self._narrow(inputs, out.type)
        rule = RULES.get(op.name)
        if rule is not None:
            if op.name == "accumulate" and len(inputs) > 2:
                inputs = self._together(step, inputs)
            if op.name == "accumulate" and len(inputs) > 2:
                inputs = self._in_pairs(step, inputs)
            found = rule(self, out.type, inputs)
            if isinstance(found, (Var, Number)):
                self._same[out] = found
                return
            if found is not None:
                inputs = found[1]
                self._write(Step((out,), lookup(found[0]), inputs, NO_PARAMS, step.origin), inputs)
                return
        for atom in inputs:
            if isinstance(atom, Number):
                instead = folded(op, out.type, inputs, step.params) if self._folds else None
                instead = instead or by_unit(op, out.type, inputs)
                if instead is not None:
                    self._same[out] = instead
                    return
                break
        self._write(step, inputs)

    def made(self, atom: Atom, name: str) -> tuple[Atom, ...] | None:
        """What `atom` was made of, where it was made by the op of that name."""
        found = self._made.get(atom) if isinstance(atom, Var) else None
        return found[1] if found is not None and found[0] == name else None

    def _write(self, step: Step, inputs: tuple[Atom, ...]) -> None:
        step = _packed(step) if step.params else step
        op, params = step.op, step.params
        key = step_key(op, inputs, params)
        known = self._known.get(key)
        if known is not None and len(known.outputs) == len(step.outputs):
            twins = list(zip(step.outputs, known.outputs, strict=True))
            self._same.update({new: old for new, old in twins if new is not None and old is not None})
            if any([new is not None and old is None for new, old in twins]):
                self._complete(key, tuple([new if old is None else old for new, old in twins]))
            return
        if None in step.outputs:
            self._places[key] = len(self.steps)
        if inputs != step.inputs:
            step = Step(step.outputs, op, inputs, params, step.origin)
        self._known[key] = step
        self.steps.append(step.with_bodies(prepare) if params else step)
        name = op.name
        if name in TURNED:
            self._made[step.output] = name, inputs
        if name == "scatter" and inputs[0].type.shape == () and (place := _place(params)) is not None:
            self._put[step.output] = inputs[0], place
        if name in _SPREADING:
            (source,) = inputs
            source = self._spread.get(source, source) if isinstance(source, Var) else source
            number = isinstance(source, Number)
            if (self._folds if number else source.type.dtype == step.output.type.dtype) and (
                name == "broadcast_to" or source.type.shape == ()
            ):
                self._spread[step.output] = source

    def _complete(self, key: Any, outputs: tuple[Var | None, ...]) -> None:
        """Let a step give more of its results: the rule of a derivative may read what nobody else does."""
        place = self._places[key]
        self.steps[place] = replace(self.steps[place], outputs=outputs)
        self._known[key] = self.steps[place]

    def _in_pairs(self, step: Step, inputs: tuple[Atom, ...]) -> tuple[Atom, ...]:
        """The sum so far and the last arrival: the order stays, and a sum may go into the array of the one before."""
        type = step.output.type
        if any([a.type != type for a in inputs]):
            return inputs
        total = inputs[0]
        for arrival in inputs[1:-1]:
            out = Var(type)
            self.take(Step((out,), step.op, (total, arrival), step.params, step.origin))
            total = self.now(out)
        return total, inputs[-1]

    def _together(self, step: Step, inputs: tuple[Atom, ...]) -> tuple[Atom, ...]:
        """The first arrivals as one array, where each is a number in zeros: they are added in the same order."""
        type = step.output.type
        found: list[tuple[Atom, tuple[int, ...]]] = []
        for atom in inputs:
            put = self._put.get(atom) if isinstance(atom, Var) and atom.type == type else None
            if put is None or put[0].type.dtype != type.dtype:
                break
            found.append(put)
        if len(found) < _SEVERAL:
            return inputs
        several = Var(ArrayType((len(found),), type.dtype))
        self.take(Step((several,), lookup("stack"), tuple([atom for atom, _ in found]), NO_PARAMS, step.origin))
        index = tuple([np.array(places) for places in zip(*[place for _, place in found], strict=True)])
        out, params = Var(type), MappingProxyType({"index": index, "shape": type.shape})
        self.take(Step((out,), lookup("scatter"), (self.now(several),), params, step.origin))
        return (self.now(out), *inputs[len(found) :])

    def _open(self, step: Step, inputs: tuple[Atom, ...]) -> bool:
        op: Any = step.op
        builder = Builder()
        builder.origin = step.origin
        out = op.evaluated_as(*map(builder.value, inputs), **step.params).atom
        if isinstance(out, Number) or out.type != step.output.type or out in inputs:
            return False
        for inner in builder.steps:
            self.take(inner)
        self._same[step.output] = self.now(out)
        return True

    def _narrow(self, inputs: tuple[Atom, ...], type: ArrayType) -> tuple[Atom, ...]:
        """What was spread, as it was before, where another input has the whole shape."""
        if not type.shape:
            return inputs
        found = [self._spread.get(a) if isinstance(a, Var) else None for a in inputs]
        whole = [a.type.shape == type.shape and f is None for a, f in zip(inputs, found, strict=True)]
        if not any(whole):
            return inputs
        return tuple([a if f is None else f for a, f in zip(inputs, found, strict=True)])


def _place(params: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The one place in an array of `shape` that `index` names by numbers alone, counted from the front."""
    index, shape = params["index"], params["shape"]
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) != len(shape) or not all([isinstance(i, int) and not isinstance(i, bool) for i in parts]):
        return None
    return tuple([i % n for i, n in zip(parts, shape, strict=True)])


def folded(op: Any, type: ArrayType, inputs: tuple[Atom, ...], params: Mapping[str, Any]) -> Number | None:
    """The number that an op of numbers alone is, where they are float64."""
    if not op.elementwise or type.shape != () or type.dtype != "float64" or op.evaluate is None:
        return None
    values = [a.value for a in inputs if isinstance(a, Number)]
    if len(values) < len(inputs):
        return None
    with np.errstate(all="ignore"):
        return Number(np.float64(op.evaluate(*values, **params)), type)


def by_unit(op: Any, type: ArrayType, inputs: tuple[Atom, ...]) -> Atom | None:
    """The other input of a product with 1, or of a division by it."""
    for position, unit in enumerate(op.units):
        if unit != 1:
            continue
        atom, other = inputs[position], inputs[1 - position]
        one = isinstance(atom, Number) and atom.type.shape == () and atom.value == 1
        if one and isinstance(other, Var) and other.type == type and other.type.floating:
            return other
    return None


# Of fewer numbers each is put into an array of its own.
_SEVERAL = 4
# Lists beyond this are looked at as a whole.
_LONG = 16
# Arrays of so many entries are told apart by these: a function that is traced twice makes its own anew each time.
_LOOKED_AT = 1 << 12

Found = Atom | tuple[str, tuple[Atom, ...]] | None


class Maker(Protocol):
    """What knows what values were made of, where it matters: which were turned."""

    def made(self, atom: Atom, name: str) -> tuple[Atom, ...] | None: ...


def _negative(walk: Maker, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[0], "negative")
    return None if inner is None else inner[0]


def _abs(walk: Maker, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[0], "negative")
    return None if inner is None else ("abs", inner)


def _add(walk: Maker, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    if len(inputs) != 2 or not type.floating:
        return None
    a, b = inputs
    if (inner := walk.made(b, "negative")) is not None:
        return "subtract", (a, *inner)
    if (inner := walk.made(a, "negative")) is not None:
        return "subtract", (b, *inner)
    return None


def _accumulate(walk: Maker, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    if len(inputs) == 1:
        return inputs[0]
    if len(inputs) != 2 or any(a.type != type for a in inputs):
        return None
    return _add(walk, type, inputs) or ("add", inputs)


def _subtract(walk: Maker, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[1], "negative") if type.floating else None
    return None if inner is None else ("add", (inputs[0], *inner))


# What is written in place of an op: another value, or another op of other inputs.
RULES: dict[str, Callable[[Maker, ArrayType, tuple[Atom, ...]], Found]] = {
    "negative": _negative,
    "abs": _abs,
    "add": _add,
    "accumulate": _accumulate,
    "subtract": _subtract,
}
TURNED = frozenset({"negative"})  # what the rules ask for
_SPREADING = frozenset({"broadcast_to", "reshape"})


def _packed(step: Step) -> Step:
    """With a long list of places as an array, once and for all."""
    index = step.params.get("index")
    if isinstance(index, tuple) and any(isinstance(i, str) for i in index):  # names among the places
        return step
    packed = tuple([_array(i) for i in index]) if isinstance(index, tuple) else _array(index)
    same = all(a is b for a, b in zip(packed, index, strict=True)) if isinstance(index, tuple) else packed is index
    return step if same else replace(step, params=MappingProxyType({**step.params, "index": packed}))


def _array(index: Any) -> Any:
    return np.asarray(index) if isinstance(index, list) and len(index) > _LONG else index


def step_key(op: Any, inputs: tuple[Atom, ...], params: Mapping[str, Any]) -> Any:
    """Equal for steps that compute the same. Vars are told apart by identity, numbers by their bits."""
    read = tuple([a if isinstance(a, Var) else (a.type.dtype, exact(a.value)) for a in inputs])
    return (op, read, tuple([(k, exact(params[k])) for k in sorted(params)])) if params else (op, read)


def exact(value: Any) -> Any:
    """Told apart by type and bits where it is plain or no long array; else by identity, kept alive by the Program."""
    if isinstance(value, (bool, int, float, str, np.generic)) or value is None:
        return type(value), repr(value)
    if isinstance(value, (tuple, list)) and len(value) <= _LONG:
        return type(value), tuple([exact(v) for v in value])
    if isinstance(value, slice):
        return slice, exact(value.start), exact(value.stop), exact(value.step)
    if isinstance(value, np.ndarray) and value.size <= _LOOKED_AT and not value.dtype.hasobject:
        return value.dtype.str, value.shape, value.tobytes()
    return type(value), id(value)
