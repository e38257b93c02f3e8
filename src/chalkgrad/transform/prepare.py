"""What is run in place of what is shown: the same numbers, with less work.

One walk over the steps. Nothing here is ever drawn or printed, and nothing may change a result:

- copies go, and so do products with 1;
- an op of numbers alone is its number;
- an op that is evaluated by simpler ones is opened into them, so that σ(x), σ(-x), log σ(x) share one exponential;
- what is computed twice, from the same values by the same op, is computed once;
- a value that is spread, and then meets a full array, is not spread: NumPy does that as it goes;
- a sign that is turned and turned again, or is turned and then added, is not turned.

All of this is exact, bit for bit; only the sign of a NaN may be another. It rests on this, that an op is a function:
what it gives hangs on its inputs and params alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, final

import numpy as np

from chalkgrad.ir.build import Builder
from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, Program, Step, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.prune import prune

# Of a value: the op that made it, and what it was made of, as the walk left them.
Made = tuple[str, tuple[Atom, ...]]


def prepare(program: Program) -> Program:
    """The Program that is run for `program`: same inputs, same values of its outputs, fewer steps."""
    with no_collection():
        walk = _Walk(program)
        for step in program.steps:
            walk.take(step)
        outputs = tuple([walk.now(a) for a in program.outputs])
        return prune(replace(program, steps=tuple(walk.steps), outputs=outputs))


@final
class _Walk:
    def __init__(self, program: Program) -> None:
        self.steps: list[Step] = []
        self._same: dict[Var, Atom] = {}
        self._made: dict[Var, Made] = {}
        self._spread: dict[Var, Atom] = {}
        self._known: dict[Any, Step] = {}
        # a bare number widens nothing, and a number that was computed does: where widths meet, none becomes bare
        self._folds = all(v.type.dtype != "float32" for v in program.variables())

    def now(self, atom: Atom) -> Atom:
        """What stands for an atom of the old Program."""
        return self._same.get(atom, atom) if isinstance(atom, Var) else atom

    def take(self, step: Step) -> None:
        """Write a step, or what does its work."""
        op: Any = step.op
        inputs = tuple([self.now(a) for a in step.inputs])
        if op.several or step.outputs == (None,):
            self._write(step, inputs)
            return
        if op.evaluated_as is not None and self._open(step, inputs):
            return
        if op.elementwise:
            inputs = self._narrow(inputs, step.output.type)
        rule = _RULES.get(op.name)
        if op.name == "accumulate":
            inputs = self._in_pairs(step, inputs)
        found = None if rule is None else rule(self, step.output.type, inputs)
        if found is None:
            found = self._number(step, inputs) or self._unit(step, inputs)
        if isinstance(found, (Var, Number)):
            self._same[step.output] = found
            return
        if found is not None:
            inputs = found[1]
            step = Step(step.outputs, lookup(found[0]), inputs, NO_PARAMS, step.origin)
        self._write(step, inputs)

    def made(self, atom: Atom, name: str) -> tuple[Atom, ...] | None:
        """What `atom` was made of, where it was made by the op of that name."""
        found = self._made.get(atom) if isinstance(atom, Var) else None
        return found[1] if found is not None and found[0] == name else None

    def _write(self, step: Step, inputs: tuple[Atom, ...]) -> None:
        key = _step_key(step.op, inputs, step.params)
        known = self._known.get(key)
        if known is not None and len(known.outputs) == len(step.outputs):
            twins = list(zip(step.outputs, known.outputs, strict=True))
            if all(new is None or old is not None for new, old in twins):
                self._same.update({new: old for new, old in twins if new is not None and old is not None})
                return
        if inputs != step.inputs:
            step = Step(step.outputs, step.op, inputs, step.params, step.origin)
        self._known[key] = step
        self.steps.append(_packed(step.with_bodies(prepare)))
        name = step.op.name
        if name in _REMEMBERED:
            self._made[step.output] = name, inputs
        if name in _SPREADING:
            (source,) = inputs
            source = self._spread.get(source, source) if isinstance(source, Var) else source
            number = isinstance(source, Number)
            if (self._folds if number else source.type.dtype == step.output.type.dtype) and (
                name == "broadcast_to" or source.type.shape == ()
            ):
                self._spread[step.output] = source

    def _in_pairs(self, step: Step, inputs: tuple[Atom, ...]) -> tuple[Atom, ...]:
        """The sum so far and the last arrival: the order stays, and a sum may go into the array of the one before."""
        type = step.output.type
        if len(inputs) < 3 or any(a.type != type for a in inputs):
            return inputs
        total = inputs[0]
        for arrival in inputs[1:-1]:
            out = Var(type)
            self.take(Step((out,), step.op, (total, arrival), step.params, step.origin))
            total = self.now(out)
        return total, inputs[-1]

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
        if not self._spread or not type.shape:
            return inputs
        found = [self._spread.get(a) if isinstance(a, Var) else None for a in inputs]
        whole = [a.type.shape == type.shape and f is None for a, f in zip(inputs, found, strict=True)]
        if not any(whole):
            return inputs
        return tuple([a if f is None else f for a, f in zip(inputs, found, strict=True)])

    def _number(self, step: Step, inputs: tuple[Atom, ...]) -> Number | None:
        op: Any = step.op
        type = step.output.type
        if not (self._folds and op.elementwise and type.shape == () and op.evaluate is not None):
            return None
        values = [a.value for a in inputs if isinstance(a, Number)]
        if len(values) < len(inputs) or type.dtype != "float64":
            return None
        with np.errstate(all="ignore"):
            return Number(np.float64(op.evaluate(*values, **step.params)), type)

    def _unit(self, step: Step, inputs: tuple[Atom, ...]) -> Atom | None:
        """The other input of a product with 1, or of a division by it."""
        op: Any = step.op
        for position, unit in enumerate(op.units):
            if unit != 1:
                continue
            atom, other = inputs[position], inputs[1 - position]
            one = isinstance(atom, Number) and atom.type.shape == () and atom.value == 1
            if one and isinstance(other, Var) and other.type == step.output.type and other.type.floating:
                return other
        return None


# Lists beyond this are looked at as a whole.
_LONG = 16

Found = Atom | tuple[str, tuple[Atom, ...]] | None


def _negative(walk: _Walk, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[0], "negative")
    return None if inner is None else inner[0]


def _abs(walk: _Walk, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[0], "negative")
    return None if inner is None else ("abs", inner)


def _add(walk: _Walk, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    if len(inputs) != 2 or not type.floating:
        return None
    a, b = inputs
    if (inner := walk.made(b, "negative")) is not None:
        return "subtract", (a, *inner)
    if (inner := walk.made(a, "negative")) is not None:
        return "subtract", (b, *inner)
    return None


def _accumulate(walk: _Walk, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    if len(inputs) == 1:
        return inputs[0]
    if len(inputs) != 2 or any(a.type != type for a in inputs):
        return None
    return _add(walk, type, inputs) or ("add", inputs)


def _subtract(walk: _Walk, type: ArrayType, inputs: tuple[Atom, ...]) -> Found:
    inner = walk.made(inputs[1], "negative") if type.floating else None
    return None if inner is None else ("add", (inputs[0], *inner))


_RULES: dict[str, Callable[[_Walk, ArrayType, tuple[Atom, ...]], Found]] = {
    "negative": _negative,
    "abs": _abs,
    "add": _add,
    "accumulate": _accumulate,
    "subtract": _subtract,
}
_REMEMBERED = frozenset({"negative"})
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


def _step_key(op: Any, inputs: tuple[Atom, ...], params: Mapping[str, Any]) -> Any:
    """Equal for steps that compute the same. Vars are told apart by identity, numbers by their bits."""
    read = tuple([a if isinstance(a, Var) else (a.type.dtype, _exact(a.value)) for a in inputs])
    return (op, read, tuple([(k, _exact(params[k])) for k in sorted(params)])) if params else (op, read)


def _exact(value: Any) -> Any:
    """Told apart by type and bits where it is plain, else by identity, which the Program keeps alive."""
    if isinstance(value, (bool, int, float, str, np.generic)) or value is None:
        return type(value), repr(value)
    if isinstance(value, (tuple, list)) and len(value) <= _LONG:
        return type(value), tuple([_exact(v) for v in value])
    return type(value), id(value)
