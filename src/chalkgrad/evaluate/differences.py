"""Differences: derivatives out of values alone, which every rule is checked with.

Central differences at halved steps, extrapolated to step 0 (Richardson), the best entry of the table chosen by its own
error estimate (Ridders, Advances in Engineering Software 4, 1982). Ops evaluate in NumPy, so that values and rules are
run in its long double: a rule that is right agrees to 1e-12 or so, and what is off by 1e-9 is no matter of rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.interpret import Interpreter, coerce
from chalkgrad.ir.build import Builder
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.forward import forward

Array = NDArray[Any]
Numbers = Mapping[Var, Any]

# Where long double is no wider than double (Windows, some ARM), values carry 16 digits and a difference about 10.
WIDE = bool(np.finfo(np.longdouble).eps < np.finfo(np.float64).eps)
TOLERANCE = 1e-9 if WIDE else 1e-6
TOLERANCE_FLOAT32 = 1e-5  # the constants in a rule are float32 too
LARGEST = 2000  # entries of a Jacobian that is checked whole; beyond, along random directions
DIRECTIONS = 3
STEPS_PER_ENTRY = 200_000  # steps times entries, beyond which the whole gradient is checked along directions
SEED = 20240229
LEVELS, COLUMNS = 24, 8

KINK = "convention at a kink"
INFINITE = "infinite or undefined here"
UNSETTLED = "differences do not settle here: a corner or a singular point is near"


@final
@dataclass(frozen=True, slots=True)
class Mismatch:
    """A derivative that differences contradict.

    `rule` is the op's backward or forward rule, or the whole gradient where every step is right by itself. `place` is
    the entry: of the output, then of the input. `differences` is what differences give there.
    """

    op: str
    origin: str
    position: int
    input: str
    rule: Literal["backward", "forward", "whole"]
    place: tuple[int, ...]
    given: float
    differences: float

    def __str__(self) -> str:
        at = f" at {list(self.place)}" if self.place else ""
        numbers = f"gives {self.given:.10g}{at}, differences give {self.differences:.10g}"
        if self.rule == "whole":
            return f"the gradient with respect to {self.input} {numbers}"
        where = f" ({self.origin})" if self.origin else ""
        return f"{self.op}{where}: its {self.rule} rule for input {self.position + 1}, {self.input}, {numbers}"


@final
@dataclass(frozen=True, slots=True)
class Unchecked:
    """A step, or the whole gradient, that differences cannot judge, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


@final
@dataclass(frozen=True, slots=True)
class CheckReport:
    """What differences say of a gradient.

    `steps` were checked, to the relative error `step_error`; `whole_error` is that of the whole gradient, None where
    it was not checked; `rounding` is how far the gradient as computed is from the same one in long double.
    """

    steps: int
    step_error: float
    whole_error: float | None
    rounding: float
    mismatches: tuple[Mismatch, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong; what was not checked is in `unchecked`."""
        return not self.mismatches

    def __str__(self) -> str:
        lines: list[str] = []
        if self.ok:
            every = {0: "no step was checked", 1: "the one step agrees"}.get(
                self.steps, f"every one of {self.steps} steps agrees"
            )
            line = every + (f" with differences to {_error(self.step_error)}" if self.steps else "")
            if self.whole_error is not None:
                line += f"; the whole gradient to {_error(self.whole_error)}"
            lines.append(line)
        else:
            lines += [f"wrong: {m}" for m in self.mismatches]
        lines += [f"not checked: {u}" for u in self.unchecked]
        lines += list(self.notes)
        return "\n".join(lines)


def numerical_jacobian(function: Callable[..., Any], xs: Sequence[Any], position: int) -> Array:
    """∂function/∂xs[position] by differences, in the shape of the output and then of the input.

    `function` is given long doubles. Where it has no value on one side, the differences are of the other side. An entry
    is NaN where differences do not settle to 1e-6. Else accurate to about 1e-13 relative (1e-9 where long double is no
    wider than double), at a smooth point.
    """
    wide = [_widen(x) for x in xs]
    x = np.asarray(wide[position])
    with np.errstate(all="ignore"):
        shape = np.shape(function(*wide))
    out = np.empty((*shape, *x.shape))
    for place, unit in zip(np.ndindex(x.shape), _units(x.shape), strict=True):
        line = _along(lambda z: function(*wide[:position], z, *wide[position + 1 :]), x, unit)
        value, error = _derivative(line, _starts(x[place]))
        out[(..., *place)] = np.where(error <= 1e-6 * np.maximum(np.abs(value), 1.0), value, np.nan)
    return out


def check_step(step: Step, inputs: Sequence[Any]) -> Mismatch | None:
    """The first rule of the step's op, backward then forward, that differences at these inputs contradict.

    None where all agree, and where nothing can be said: at a kink, or where a value is not finite.
    """
    rules = _rules(step, inputs, {})
    found = [] if rules is None else _judge_step(rules, step, inputs, {}).mismatches
    return found[0] if found else None


def check_program(made: Backprop, values: Sequence[Any]) -> CheckReport:
    """Every step's rules at the values that occur, then the whole gradient against differences of the whole program.

    Raises ShapeError where a value does not fit, ValueNeeded where one is missing.
    """
    if len(values) != len(made.program.inputs):
        raise ValueNeeded(f"{made.program.name} takes {len(made.program.inputs)} values, {len(values)} were given")
    made = _sized(made, values)
    program, called = made.program, names(made.program)
    given = [_widen(coerce(v, x)) for v, x in zip(program.inputs, values, strict=True)]
    numbers = _run(program, given)
    kept: dict[Any, _Rules | None] = {}
    verdicts: list[_Verdict] = []
    turned = False
    for step in program.steps:
        inputs = [a.value if isinstance(a, Number) else numbers[a] for a in step.inputs]
        rules = _rules(step, inputs, kept)
        if rules is not None:
            verdicts.append(_judge_step(rules, step, inputs, called))
        elif not turned:
            turned = _turns(step, inputs)
    mismatches = [m for v in verdicts for m in v.mismatches]
    unchecked = [u for v in verdicts for u in v.unchecked]
    whole = _judge_whole(made, given, numbers, called) if not mismatches else _Verdict()
    if whole.mismatches and (turned or unchecked):  # a convention may have decided, and is not wrong for that
        whole = _Verdict(unchecked=[Unchecked("the whole gradient", KINK)])
    rounding = _rounding(made, values, given)
    notes = (
        [f"in {_narrowest(made)} rounding moves the gradient by {rounding:.0e} of its size"] if rounding > 1e-6 else []
    )
    if any(v.sampled for v in [*verdicts, whole]):
        notes.append(f"Jacobians of more than {LARGEST} entries were checked along {DIRECTIONS} random directions")
    return CheckReport(
        steps=sum(v.checked for v in verdicts),
        step_error=max([v.error for v in verdicts if v.checked], default=0.0),
        whole_error=whole.error if whole.checked else None,
        rounding=rounding,
        mismatches=(*mismatches, *whole.mismatches),
        unchecked=(*unchecked, *whole.unchecked),
        notes=tuple(notes),
    )


@final
@dataclass(slots=True)
class _Verdict:
    checked: bool = False
    error: float = 0.0
    sampled: bool = False
    mismatches: list[Mismatch] = field(default_factory=list[Mismatch])
    unchecked: list[Unchecked] = field(default_factory=list[Unchecked])


@final
@dataclass(frozen=True, slots=True)
class _Map:
    """A linear map as a rule gives it, beside the function that it is the derivative of."""

    function: Callable[[Any], Any]
    x: Array
    y: Array
    pull: Callable[[Array], Array]
    push: Callable[[Array], Array] | None = None


@final
@dataclass(frozen=True, slots=True)
class _Rules:
    """One step as a Program of its own, every input apart: differentiated backward and forward."""

    positions: tuple[int, ...]
    backward: Program
    forward: Program | None


def _rules(step: Step, inputs: Sequence[Any], kept: dict[Any, _Rules | None]) -> _Rules | None:
    """The step's rules, made once for all steps that are alike; None where it has no derivative to check."""
    op: Any = step.op
    varied = [a.type.floating and isinstance(a, Var) for a in step.inputs]
    if op.vjp is None or op.evaluate is None or not any(varied) or not step.output.type.floating:
        return None
    key = (
        op,
        *[
            (a.type, a.value) if isinstance(a, Number) else (a.type, np.shape(x))
            for a, x in zip(step.inputs, inputs, strict=True)
        ],
        *step.params.items(),
    )
    try:
        hash(key)
    except TypeError:  # an array or a list in it
        key = step
    if key not in kept:
        builder = Builder()
        atoms = [
            builder.input(f"x{k}", ArrayType(tuple(np.shape(x)), a.type.dtype)) if isinstance(a, Var) else a
            for k, (a, x) in enumerate(zip(step.inputs, inputs, strict=True))
        ]
        single = builder.program(op.name, builder.bind(op, *atoms, params=step.params))
        kept[key] = _Rules(
            tuple(k for k, v in enumerate(varied) if v),
            backprop(single).gradient,
            None if op.jvp is None else forward(single),
        )
    return kept[key]


def _judge_step(rules: _Rules, step: Step, inputs: Sequence[Any], called: Mapping[Var, str]) -> _Verdict:
    op: Any = step.op
    xs = [_widen(x) for x in inputs]
    with np.errstate(all="ignore"):
        y = np.asarray(op.evaluate(*xs, **step.params))
    verdict = _Verdict()
    if not all(np.all(np.isfinite(v)) for v in (y, *xs)):
        verdict.unchecked.append(Unchecked(_label(step), INFINITE))
        return verdict
    given = [x for a, x in zip(step.inputs, xs, strict=True) if isinstance(a, Var)]
    tolerance = TOLERANCE_FLOAT32 if step.output.type.dtype == "float32" else TOLERANCE
    for order, position in enumerate(rules.positions):
        hard, rule = _kinks(step, xs, y, position)
        if hard.any():
            some = "" if hard.all() else f" ({np.count_nonzero(hard)} of {hard.size} entries)"
            verdict.unchecked.append(Unchecked(_label(step), f"{KINK}{some}: {rule}"))
        if hard.size and hard.all():
            continue
        x = np.asarray(xs[position])

        def function(z: Any, position: int = position) -> Any:
            return op.evaluate(*xs[:position], z, *xs[position + 1 :], **step.params)

        def pull(u: Array, order: int = order) -> Array:
            return _outputs(rules.backward, [*given, u])[1 + order]

        def push(v: Array, position: int = position) -> Array:
            still = [np.zeros_like(xs[p]) if p != position else v for p in rules.positions]
            assert rules.forward is not None
            return _outputs(rules.forward, [*given, *still])[1]

        found = _compare(_Map(function, x, y, pull, push if rules.forward else None), ~hard, tolerance)
        verdict.error, verdict.sampled = max(verdict.error, found.error), verdict.sampled or found.sampled
        verdict.checked = verdict.checked or found.settled
        if not found.settled:
            verdict.unchecked.append(Unchecked(_label(step), UNSETTLED))
        for f in found.wrong:
            atom = step.inputs[position]
            name = called.get(atom, "") if isinstance(atom, Var) else ""
            verdict.mismatches.append(
                Mismatch(op.name, str(step.origin or ""), position, name or f"x{position}", f.rule, *f.what)
            )
    return verdict


def _judge_whole(made: Backprop, given: list[Any], numbers: Numbers, called: Mapping[Var, str]) -> _Verdict:
    """The whole gradient against differences of the whole program, one Var at a time."""
    program = made.program
    output = program.output
    verdict = _Verdict()
    if isinstance(output, Number) or not np.all(np.isfinite(numbers[output])):
        verdict.unchecked.append(Unchecked("the whole gradient", INFINITE))
        return verdict
    y = np.asarray(numbers[output])
    tolerance = TOLERANCE_FLOAT32 if _narrowest(made) == "float32" else TOLERANCE
    for order, var in enumerate(made.wrt):
        x = np.asarray(numbers[var])

        def function(z: Any, var: Var = var) -> Any:
            return _run(program, given, {var: z})[output]

        def pull(u: Array, order: int = order) -> Array:
            return _outputs(made.gradient, [*given, u])[1 + order]

        big = len(program.steps) * x.size > STEPS_PER_ENTRY
        found = _compare(_Map(function, x, y, pull), np.ones(y.shape, bool), tolerance, sample=big)
        verdict.error, verdict.sampled = max(verdict.error, found.error), verdict.sampled or found.sampled
        verdict.checked = verdict.checked or found.settled
        if not found.settled:
            verdict.unchecked.append(Unchecked(f"the gradient with respect to {called[var]}", UNSETTLED))
        for f in found.wrong[:1]:
            verdict.mismatches.append(Mismatch(program.name, "", order, called[var], "whole", *f.what))
    return verdict


@final
@dataclass(frozen=True, slots=True)
class _Wrong:
    rule: Literal["backward", "forward"]
    what: tuple[tuple[int, ...], float, float]  # place, given, differences


@final
@dataclass(slots=True)
class _Comparison:
    error: float = 0.0
    settled: bool = True
    sampled: bool = False
    wrong: list[_Wrong] = field(default_factory=list[_Wrong])


def _compare(m: _Map, keep: Array, tolerance: float, sample: bool = False) -> _Comparison:
    """Both ways through the map against differences: every entry, or along random directions where there are many."""
    out = _Comparison(sampled=sample or m.x.size * m.y.size > LARGEST)
    rng = np.random.default_rng(SEED)
    vs = [_random(rng, m.x.shape) for _ in range(DIRECTIONS)] if out.sampled else list(_units(m.x.shape))
    us = [_random(rng, m.y.shape) * keep for _ in range(DIRECTIONS)] if out.sampled else list(_units(m.y.shape))
    if not vs or not us:
        return out
    lines = [_along(m.function, m.x, v) for v in vs]
    starts = [_starts(np.max(np.abs(m.x)))] * len(vs) if out.sampled else [_starts(x) for x in m.x.flat]
    slopes = [_derivative(g, s) for g, s in zip(lines, starts, strict=True)]
    found = np.stack([s.reshape(-1) for s, _ in slopes], axis=1)
    error = np.stack([e.reshape(-1) for _, e in slopes], axis=1)
    flat = keep.reshape(-1)
    top = np.max(np.abs(m.y)) / max(1.0, float(np.max(np.abs(m.x))))  # the size that a slope has by its units
    scale = max(float(np.max(np.abs(found[flat]), initial=0.0, where=np.isfinite(found[flat]))), float(top), 1e-300)

    def judge(rule: Literal["backward", "forward"], i: int, k: int, given: float, slope: float, off: float) -> None:
        limit = tolerance * max(abs(slope), scale)
        if off <= limit and abs(given - slope) <= limit:
            out.error = max(out.error, abs(given - slope) / max(abs(slope), scale))
            return
        weight = us[k] if out.sampled and rule == "backward" else _units_at(m.y.shape, i)
        line, y = lines[k], float(np.sum(weight * m.y))
        answer = _settle(lambda t: np.sum(weight * line(t)), starts[k], given, y, scale, tolerance)
        if answer is None:
            out.settled = False
        elif answer != given and rule not in [w.rule for w in out.wrong]:
            place = () if out.sampled else (*np.unravel_index(i, m.y.shape), *np.unravel_index(k, m.x.shape))
            out.wrong.append(_Wrong(rule, (tuple(int(p) for p in place), given, answer)))

    if out.sampled:
        for k, (u, v) in enumerate(zip(us, vs, strict=True)):
            weight = np.where(u == 0, 0.0, u).reshape(-1)
            with np.errstate(all="ignore"):
                slope, off = np.sum(weight * np.where(flat, found[:, k], 0)), np.sum(np.abs(weight) * error[:, k])
                judge("backward", 0, k, float(np.sum(m.pull(u) * v)), float(slope), float(off))
    else:
        for i, u in enumerate(us):
            if flat[i]:
                row = np.asarray(m.pull(u)).reshape(-1)
                for k in range(len(vs)):
                    judge("backward", i, k, float(row[k]), float(found[i, k]), float(error[i, k]))
    if m.push is not None:
        for k, v in enumerate(vs):
            column = np.asarray(m.push(v)).reshape(-1)
            for i in np.flatnonzero(flat):
                judge("forward", int(i), k, float(column[i]), float(found[i, k]), float(error[i, k]))
    return out


def _settle(
    g: Callable[[float], Any], starts: list[float], given: float, y: float, scale: float, tolerance: float
) -> float | None:
    """What differences at several scales say of one slope: `given` where any agrees, None where they do not settle."""
    if math.isfinite(given) and abs(given) > 1e3:
        starts = [*starts, 2**-10 * max(1.0, abs(y)) / abs(given)]
    settled: list[float] = []
    for start in starts:
        value, error = (float(v) for v in _ladder(g, start))
        limit = tolerance * max(abs(value), scale)
        if error <= limit:
            if abs(given - value) <= limit:
                return given
            settled.append(value)
    if settled and max(settled) - min(settled) <= 1e3 * tolerance * max(abs(settled[0]), scale):
        return settled[0]
    return None


def _derivative(g: Callable[[float], Any], starts: Sequence[float]) -> tuple[Array, Array]:
    """The slope of g at 0 and its error, from the first of the starting steps at which all entries settle."""
    value = error = None
    for start in starts:
        found, off = _ladder(g, start)
        if value is None or error is None:
            value, error = found, off
        else:
            better = off < error
            value, error = np.where(better, found, value), np.where(better, off, error)
        if np.all(error <= TOLERANCE * 1e-2 * np.maximum(np.abs(value), 1e-30)):
            break
    assert value is not None
    assert error is not None
    return value, error


def _ladder(g: Callable[[float], Any], start: float) -> tuple[Array, Array]:
    """Extrapolated central differences; one-sided where g has no value on the other side."""
    with np.errstate(all="ignore"):
        middle = np.asarray(g(0.0))
        value, error = _extrapolate(lambda h: (np.asarray(g(h)) - g(-h)) / (2 * h), start, 4.0, middle)
        for side in (1, -1):
            lost = np.isnan(value) & np.isfinite(middle)
            if not lost.any():
                break
            one, off = _extrapolate(lambda h, s=side: s * (np.asarray(g(s * h)) - middle) / h, start, 2.0, middle)
            value, error = np.where(lost, one, value), np.where(lost, off, error)
    return value, error


def _extrapolate(estimate: Callable[[Any], Array], start: float, ratio: float, y: Array) -> tuple[Array, Array]:
    """The table of Richardson: halve the step, remove one power of it a column, keep what moved least."""
    value, error = np.full(y.shape, np.nan, np.longdouble), np.full(y.shape, np.inf, np.longdouble)
    above: list[Array] = []
    h = np.longdouble(start)
    for _ in range(LEVELS):
        row = [np.asarray(estimate(h))]
        for column, old in enumerate(above[: COLUMNS - 1], 1):
            row.append(row[-1] + (row[-1] - old) / (ratio**column - 1))
            off = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - old))
            better = off < error
            value, error = np.where(better, row[-1], value), np.where(better, off, error)
        above = row
        h = h / 2
        if y.size == 0 or np.all(error <= TOLERANCE * 1e-4 * np.maximum(np.abs(value), 1e-3 * np.max(np.abs(y)))):
            break
    return value, error


def _starts(x: Any) -> list[float]:
    """First steps to try at x: ordinary, small as x itself, and very small, for a corner that is near."""
    size = float(abs(x))
    ordinary = 2**-5 * max(1.0, size)
    return [ordinary, *([2**-4 * size] if 0 < size < 1 else []), ordinary * (2**-21 if WIDE else 2**-10)]


def _along(function: Callable[[Any], Any], x: Array, v: Array) -> Callable[[float], Any]:
    return lambda t: function((x + t * v)[()])


def _units(shape: tuple[int, ...]) -> Iterator[Array]:
    for flat in range(math.prod(shape)):
        yield _units_at(shape, flat)


def _units_at(shape: tuple[int, ...], flat: int) -> Array:
    unit = np.zeros(shape, np.longdouble)
    unit.reshape(-1)[flat] = 1
    return unit


def _random(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.uniform(0.5, 1.0, shape) * rng.choice([-1.0, 1.0], shape), np.longdouble)


def _kinks(step: Step, xs: list[Any], y: Array, position: int) -> tuple[Array, str]:
    """Which outputs stand at a kink for this input, and the first rule that says so."""
    op: Any = step.op
    hard, rule = np.zeros(y.shape, bool), ""
    with np.errstate(all="ignore"):
        for kink in op.kinks:
            if kink.positions is None or position in kink.positions:
                at = np.asarray(kink.at(*xs, **step.params), bool)
                if at.any():
                    rule = rule or kink.rule
                    hard = hard | (np.broadcast_to(at, y.shape) if op.elementwise else True)
    return hard, rule


def _turns(step: Step, inputs: Sequence[Any]) -> bool:
    """Whether a comparison is on the brink: a little more or less of an input changes its answer."""
    op: Any = step.op
    if op.evaluate is None or step.output.type.floating:
        return False
    xs = [_widen(x) for x in inputs]
    with np.errstate(all="ignore"):
        here = op.evaluate(*xs, **step.params)
        for position, atom in enumerate(step.inputs):
            for sign in (1, -1) if atom.type.floating else ():
                moved = xs[position] + sign * 2**-40 * np.maximum(np.abs(xs[position]), 1.0)
                if np.any(op.evaluate(*xs[:position], moved, *xs[position + 1 :], **step.params) != here):
                    return True
    return False


def _rounding(made: Backprop, values: Sequence[Any], given: list[Any]) -> float:
    """How far the gradient as it is computed is from the same gradient in long double."""
    output = made.program.output
    one = np.ones(output.type.shape)  # type: ignore[arg-type]  # sizes are numbers here
    computed = Interpreter(made.gradient)(*values, one)[1:]
    exact = _outputs(made.gradient, [*given, _widen(one)])[1:]
    worst = 0.0
    with np.errstate(all="ignore"):
        for a, b in zip(computed, exact, strict=True):
            a, b = np.asarray(a), np.asarray(b)
            fine = np.isfinite(a) & np.isfinite(b)
            if fine.any():
                worst = max(worst, float(np.max(np.abs(a - b)[fine]) / max(np.max(np.abs(b[fine])), 1e-300)))
    return worst


def _narrowest(made: Backprop) -> str:
    return "float32" if any(v.type.dtype == "float32" for v in made.program.variables()) else "float64"


def _sized(made: Backprop, values: Sequence[Any]) -> Backprop:
    """With the named sizes that the values give."""
    program = with_sizes(made.program, {v: np.shape(x) for v, x in zip(made.program.inputs, values, strict=True)})
    if program is made.program:
        return made
    new = dict(zip(made.program.variables(), program.variables(), strict=True))
    return backprop(program, [new[v] for v in made.wrt])


def _run(program: Program, given: Sequence[Any], instead: Numbers | None = None) -> dict[Var, Any]:
    """Every value in long double; `instead` overrides what a Var would be."""
    known = instead or {}
    env: dict[Var, Any] = dict(zip(program.inputs, given, strict=True)) | dict(known)
    with np.errstate(all="ignore"):
        for step in program.steps:
            op: Any = step.op
            if op.evaluate is None:
                raise ValueNeeded(f"{op.name} is abstract: it has no value until it is filled in")
            out = step.output
            if out not in known:
                xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
                env[out] = op.evaluate(*xs, **step.params)
    return env


def _outputs(program: Program, given: Sequence[Any]) -> list[Any]:
    env = _run(program, given)
    return [a.value if isinstance(a, Number) else env[a] for a in program.outputs]


def _widen(value: Any) -> Any:
    array = np.asarray(value)
    return array.astype(np.longdouble)[()] if array.dtype.kind == "f" else array[()]


def _label(step: Step) -> str:
    op: Any = step.op
    return f"{op.name} ({step.origin})" if step.origin else str(op.name)


def _error(error: float) -> str:
    """`3e-12`; what is less than double precision sees is said so."""
    return f"{error:.0e}" if error > 1e-16 else "every digit"
