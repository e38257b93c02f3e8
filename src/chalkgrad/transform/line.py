"""The gradient of a long straight line of scalar steps, ready to be run.

It is what `prepare` makes of the `pullback`, written at once: what a step becomes, forward and backward, hangs on its
op alone, so it is derived once an op, by those two, and then written out for every such step. The numbers are the same
bit for bit. Branches of `where`, arrays and other widths than float64 go the long way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from typing import Any, final

from chalkgrad.errors import ChalkgradError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, Program, Step, Var, number, written
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR, ArrayType
from chalkgrad.ops.local import Select
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.prepare import RULES, TURNED, by_unit, exact, folded, prepare
from chalkgrad.transform.prune import prune

# Shorter Programs go the long way: it is as quick.
LEAST = 64
# So many kinds of steps are derived, and one more for so many steps; a Program of more kinds is no such line.
KINDS, STEPS_A_KIND = 64, 50
# Numbers at which a pattern for any number is compared with the one for just that number.
_TRIED = (0.7310585786300049, 0.0, 1.0)


class _NoLine(Exception):
    """There is a step of another kind."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """One step of a pattern: of an op, of values of the pattern by their places. `key` tells it from other ops."""

    op: Any
    params: Mapping[str, Any]
    type: ArrayType
    key: Any
    rule: bool  # `prepare` may write another in its place
    turns: bool  # and rests on this one when it does
    unit: bool  # with 1 it is its other input
    whole: bool  # it gives the value of the step itself
    pick: Callable[[Sequence[Atom]], tuple[Atom, ...]]  # its inputs among the values of the pattern


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Pattern:
    """What a step becomes. Its values are the inputs, the upstream gradient, the constants, then those of the lines.

    Of `forward` is that of the step itself, at `value`; of `backward` what is sent back, at `slopes`, one an input (-1:
    nothing is).
    """

    constants: tuple[Number, ...]
    forward: tuple[_Line, ...]
    backward: tuple[_Line, ...]
    value: int
    slopes: tuple[int, ...]


def line_gradient(program: Program, wrt: Sequence[Var]) -> Program | None:
    """The first output of `program`, its gradients by `wrt`, and the other outputs: a Program that is prepared.

    None where it is no long line of scalars.
    """
    if len(program.steps) < LEAST or not program.outputs:
        return None
    if any(v.type != SCALAR or v not in program.inputs for v in wrt):
        return None
    with no_collection():
        try:
            return _gradient(program, wrt)
        except _NoLine:
            return None


def _gradient(program: Program, wrt: Sequence[Var]) -> Program:
    value, *rest = program.outputs
    if not isinstance(value, Var):
        raise _NoLine
    sheet = _Sheet()
    needed = set(wrt)
    now: dict[Var, Atom] = {}
    passed = _forward(program, sheet, needed, now)
    if value not in needed:
        raise _NoLine
    slopes, whole = _backward(passed, sheet, value)
    zero = sheet.number(number(0.0))
    first, *others = [now.get(a, a) if isinstance(a, Var) else a for a in (value, *rest)]
    outputs = (first, *[slopes.get(v, zero) for v in wrt], *others)
    made = Program(f"d{program.name}", program.inputs, tuple(sheet.steps), outputs)
    # where the way back passes every step, nothing is written that nobody reads
    return made if whole and len(passed) == len(program.steps) else prune(made)


@final
class _Sheet:
    """Steps as they are written: each once, and by the rules of `prepare`."""

    __slots__ = ("_known", "_turned", "numbers", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._known: defaultdict[Any, dict[Any, Atom]] = defaultdict(dict)  # by op, and then by inputs
        self.numbers: dict[Any, Number] = {}  # those of Python's that are not 0 by their value, others by their bits
        self._turned: dict[Var, tuple[Atom, ...]] = {}

    def number(self, atom: Number) -> Number:
        """The one that stands for all of the same type and bits."""
        value = atom.value
        key = value if type(value) is float and value and value == value else (atom.type, exact(value))
        return self.numbers.setdefault(key, atom)

    def made(self, atom: Atom, name: str) -> tuple[Atom, ...] | None:
        """What `atom` was made of, where it was made by the op of that name."""
        return self._turned.get(atom) if isinstance(atom, Var) and name in TURNED else None

    def put(self, lines: Sequence[_Line], values: list[Atom], step: Step) -> None:
        """Write lines for `step`, on `values`, to which they add what they give; each where there is none like it."""
        known, steps, turned, origin = self._known, self.steps, self._turned, step.origin
        for line in lines:
            inputs = line.pick(values)
            here = known[line.key]
            found = here.get(inputs)
            if found is None:
                # the rules of `prepare` are for what was turned, and for numbers
                if (line.rule and turned) or type(inputs[0]) is Number or type(inputs[-1]) is Number:
                    found = self._instead(line, inputs, step)
                if found is None:
                    found = step.outputs[0] if line.whole else Var(line.type)
                    assert found is not None
                    steps.append(written((found,), line.op, inputs, line.params, origin))
                    if line.turns:
                        turned[found] = inputs
                here[inputs] = found
            values.append(found)

    def _instead(self, line: _Line, inputs: tuple[Atom, ...], step: Step) -> Atom | None:
        if line.rule:
            found = RULES[line.op.name](self, line.type, inputs)
            if isinstance(found, (Var, Number)):
                return found
            if found is not None:
                made = [*found[1]]
                self.put([_line(lookup(found[0]), tuple(range(len(made))), line.type)], made, step)
                return made[-1]
        bare = [a.value for a in inputs if type(a) is Number]
        if len(bare) == len(inputs):
            known = folded(line.op, line.type, inputs, line.params)
            if known is not None:
                return self.number(known)
        return by_unit(line.op, line.type, inputs) if line.unit and 1 in bare else None


# A step that a gradient passes, its pattern, and the values of that up to now.
_Passed = tuple[Step, _Pattern, list[Atom]]


def _forward(program: Program, sheet: _Sheet, needed: set[Var], now: dict[Var, Atom]) -> list[_Passed]:
    """Write the steps themselves. What rests on `needed` joins it; `now` gets what stands for their values."""
    patterns = _Patterns(sheet, KINDS + len(program.steps) // STEPS_A_KIND)
    known, put, numbers = patterns.known, sheet.put, sheet.numbers
    passed: list[_Passed] = []
    for step in program.steps:
        values: list[Atom] = []
        kinds = ""
        for x in step.inputs:
            if type(x) is Var:
                kinds += "x" if x in needed else "c" if x.type is SCALAR or x.type == SCALAR else "o"
                values.append(now.get(x, x))
            else:
                value = x.value
                found = numbers.get(value) if type(value) is float and x.type is SCALAR else None
                kinds += "n" if found is not None or x.type == SCALAR else "o"
                values.append(sheet.number(x) if found is None else found)
        pattern = known.get((step.op, kinds)) if not step.params else None
        if pattern is None:
            pattern = patterns.of(step, kinds, values)
        values.append(values[0])  # where the upstream will stand
        values += pattern.constants
        put(pattern.forward, values, step)
        out = step.outputs[0]
        assert out is not None
        made = values[pattern.value]
        if made is not out:
            now[out] = made
        if pattern.slopes:
            needed.add(out)
            passed.append((step, pattern, values))
    return passed


def _backward(passed: Sequence[_Passed], sheet: _Sheet, value: Var) -> tuple[dict[Any, Atom], bool]:
    """Write the way back: the gradient of each Var that it reaches and does not pass, and whether it passes all."""
    put, add, whole = sheet.put, [_line(lookup("add"), (0, 1), SCALAR)], True
    slopes: dict[Any, Atom] = {value: sheet.number(number(1.0))}
    for step, pattern, values in reversed(passed):
        upstream = slopes.pop(step.outputs[0], None)
        if upstream is None:
            whole = False
            continue
        inputs = step.inputs
        values[len(inputs)] = upstream
        put(pattern.backward, values, step)
        for x, place in zip(inputs, pattern.slopes, strict=True):
            if place >= 0:
                before = slopes.get(x)
                if before is None:
                    slopes[x] = values[place]
                else:
                    put(add, both := [before, values[place]], step)
                    slopes[x] = both[-1]
    return slopes, whole


@final
class _Patterns:
    """The patterns of one Program. `known` are those that hang on an op without params and on the kinds of its inputs
    alone: a letter each, x for what a gradient is wanted of, c for what none is, n for a number, o for no float64."""

    def __init__(self, sheet: _Sheet, most: int) -> None:
        self.known: dict[Any, _Pattern] = {}
        self._sheet = sheet
        self._others: dict[Any, _Pattern] = {}
        self._left = most

    def of(self, step: Step, kinds: str, values: Sequence[Atom]) -> _Pattern:
        """That of a step of which none is known. Raises _NoLine where it is of another kind."""
        op: Any = step.op
        if not op.elementwise or any([a.type.shape != () for a in (*step.inputs, *step.given)]):
            raise _NoLine
        params = tuple([(k, exact(v)) for k, v in step.params.items()])
        types = tuple([a.type for a in step.inputs]) if "o" in kinds else ()
        numbers = tuple([v.value for v in values if isinstance(v, Number)])
        key = (op, kinds, params, types)
        own = (*key, tuple([exact(v) for v in numbers]))
        found = self._others.get(key) or self._others.get(own)
        if found is not None:
            return found
        if self._left == 0:
            raise _NoLine
        self._left -= 1
        made = self._made(step, kinds, numbers)
        made = replace(made, constants=tuple([self._sheet.number(c) for c in made.constants]))
        if "n" in kinds and made.slopes and not self._serves(step, kinds):
            self._others[own] = made
        elif params or types:
            self._others[key] = made
        else:
            self.known[op, kinds] = made
        return made

    def _made(self, step: Step, kinds: str, numbers: Sequence[Any]) -> _Pattern:
        op: Any = step.op
        if "x" not in kinds or not step.output.type.floating:
            return _alone(step)
        if "o" in kinds:
            raise _NoLine
        if "n" in kinds and not self._serves(step, kinds):
            return _derived(op, kinds, step.params, numbers)
        return _derived(op, kinds, step.params, None) if step.params else _of_op(op, kinds)

    def _serves(self, step: Step, kinds: str) -> bool:
        return not step.params and _serves(step.op, kinds)


@lru_cache(maxsize=1024)
def _line(op: Any, refs: tuple[int, ...], type: ArrayType, whole: bool = False) -> _Line:
    return _Line(op, NO_PARAMS, type, op, op.name in RULES, op.name in TURNED, 1 in op.units, whole, _picked(refs))


def _picked(refs: tuple[int, ...]) -> Callable[[Sequence[Atom]], tuple[Atom, ...]]:
    first = refs[0]
    return itemgetter(*refs) if len(refs) > 1 else lambda values: (values[first],)


@lru_cache(maxsize=1024)
def _of_op(op: Any, kinds: str) -> _Pattern:
    return _derived(op, kinds, NO_PARAMS, None)


@lru_cache(maxsize=1024)
def _serves(op: Any, kinds: str) -> bool:
    """Whether one pattern serves whatever number stands among the inputs: the rule of a power, for one, looks at it."""
    count = kinds.count("n")
    whole = _of_op(op, kinds)
    return all(
        [_terms(whole, kinds, x) == _terms(_derived(op, kinds, NO_PARAMS, (x,) * count), kinds, x) for x in _TRIED]
    )


def _alone(step: Step) -> _Pattern:
    """A step that no gradient passes is itself."""
    count = len(step.inputs)
    line = _made(step, tuple(range(count)), True)
    return _Pattern((), (line,), (), count + 1, ())


def _made(step: Step, refs: tuple[int, ...], whole: bool) -> _Line:
    line = _line(step.op, refs, step.output.type, whole)
    if not step.params:
        return line
    return replace(line, params=step.params, key=(step.op, tuple([(k, exact(v)) for k, v in step.params.items()])))


def _derived(op: Any, kinds: str, params: Mapping[str, Any], numbers: Sequence[Any] | None) -> _Pattern:
    """The pattern of an op: for these numbers, or for any, which then are inputs like others.

    Raises _NoLine where a branch is taken on the way, or the op has no derivative.
    """
    builder = Builder()
    given = iter(numbers or ())
    atoms = [
        Number(next(given), SCALAR) if kind == "n" and numbers is not None else builder.input(f"x{k}")
        for k, kind in enumerate(kinds)
    ]
    program = builder.program(op.name, builder.bind(op, *atoms, params=params))
    wrt = [a for a, kind in zip(atoms, kinds, strict=True) if kind == "x" and isinstance(a, Var)]
    try:
        made = backprop(program, wrt)
    except ChalkgradError:
        raise _NoLine from None
    if any(isinstance(c.local, Select) for c in made.contributions):
        raise _NoLine
    ready = prepare(prune(made.gradient))
    reads = [a for s in ready.steps for a in s.inputs]
    constants = tuple(dict.fromkeys([a for a in (*reads, *ready.outputs) if isinstance(a, Number)]))
    places: dict[Atom, int] = {a: k for k, a in enumerate(atoms)}
    places.update({a: k for k, a in enumerate((made.seed, *constants), len(atoms))})
    first = len(atoms) + 1 + len(constants)
    behind: set[Atom] = {ready.outputs[0]}
    for step in reversed(ready.steps):
        if step.output in behind:
            behind.update(step.inputs)
    forward = [s for s in ready.steps if s.output in behind]
    backward = [s for s in ready.steps if s.output not in behind]
    lines: list[_Line] = []
    for place, step in enumerate((*forward, *backward), first):
        whole = step.output is ready.outputs[0]
        lines.append(_made(step, tuple([places[a] for a in step.inputs]), whole))
        places[step.output] = place
    slopes = dict(zip(wrt, ready.outputs[1:], strict=True))
    sent = [places[slopes[a]] if isinstance(a, Var) and a in slopes and a in made.adjoint else -1 for a in atoms]
    count = len(forward)
    return _Pattern(constants, tuple(lines[:count]), tuple(lines[count:]), places[ready.outputs[0]], tuple(sent))


def _terms(pattern: _Pattern, kinds: str, x: float) -> list[Any]:
    """What a pattern gives where its numbers are x, written out."""
    sheet = _Sheet()
    given: list[Atom] = [sheet.number(Number(x, SCALAR)) if k == "n" else Var(SCALAR) for k in kinds]
    values = [*given, Var(SCALAR), *[sheet.number(c) for c in pattern.constants]]
    written: dict[Atom, Any] = {a: k for k, a in enumerate(values) if isinstance(a, Var)}
    sheet.put([*pattern.forward, *pattern.backward], values, Step((Var(SCALAR),), lookup("add"), ()))
    for step in sheet.steps:
        inputs = [exact(a.value) if isinstance(a, Number) else written[a] for a in step.inputs]
        written[step.output] = (step.op.name, *[(k, exact(v)) for k, v in step.params.items()], *inputs)
    results = [None if p < 0 else values[p] for p in (pattern.value, *pattern.slopes)]
    return [None if a is None else exact(float(a.value)) if isinstance(a, Number) else written[a] for a in results]
