"""Checking rules: each step's local derivatives, backward and forward, then the whole gradient, by differences.

Rules are run in long double too, so that a mismatch is a wrong rule and not rounding, which is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.compare import DIRECTIONS, LARGEST, LinearMap, compare
from chalkgrad.evaluate.differences import TOLERANCE, WIDE, Array, widen
from chalkgrad.evaluate.interpret import Interpreter, coerce
from chalkgrad.evaluate.report import CheckReport, Mismatch, Unchecked
from chalkgrad.ir.build import Builder
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Number, Program, Step, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.backprop import Backprop, backprop
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.forward import forward

Numbers = Mapping[Var, Any]

TOLERANCE_FLOAT64 = 1e-6  # where there is no long double to take differences in
TOLERANCE_FLOAT32 = 1e-5  # the constants in a rule are float32 too
STEPS_PER_ENTRY = 200_000  # steps times entries, beyond which the whole gradient is checked along directions

KINK = "convention at a kink"
INFINITE = "infinite or undefined here"
UNSETTLED = "differences do not settle here: a corner or a singular point is near"


def check_step(step: Step, inputs: Sequence[Any]) -> Mismatch | None:
    """The first rule of the step's op, backward then forward, that differences at these inputs contradict.

    None where all agree, and where nothing can be said: at a kink, or where a value is not finite.
    """
    for place in range(len(step.outputs)):
        rules = _rules(step, inputs, {}, place)
        found = [] if rules is None else _judge_step(rules, step, inputs, {}).mismatches
        if found:
            return found[0]
    return None


def check_program(made: Backprop, values: Sequence[Any]) -> CheckReport:
    """Every step's rules at the values that occur, then the whole gradient against differences of the whole program.

    Raises ShapeError where a value does not fit, ValueNeeded where one is missing.
    """
    if len(values) != len(made.program.inputs):
        raise ValueNeeded(f"{made.program.name} takes {len(made.program.inputs)} values, {len(values)} were given")
    made = _sized(made, values)
    program, called = made.program, names(made.program)
    given = [widen(coerce(v, x)) for v, x in zip(program.inputs, values, strict=True)]
    numbers = _run(program, given)
    kept: dict[Any, _Rules | None] = {}
    verdicts: list[_Verdict] = []
    turned = False
    for step in program.steps:
        inputs = [a.value if isinstance(a, Number) else numbers[a] for a in step.inputs]
        for place in range(len(step.outputs)):
            rules = _rules(step, inputs, kept, place)
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
class _Rules:
    """One result of a step as a Program of its own, every input apart: differentiated backward and forward."""

    place: int
    positions: tuple[int, ...]
    backward: Program
    forward: Program | None


def _rules(step: Step, inputs: Sequence[Any], kept: dict[Any, _Rules | None], place: int) -> _Rules | None:
    """The step's rules, made once for all steps that are alike; None where it has no derivative to check."""
    op: Any = step.op
    varied = [a.type.floating and isinstance(a, Var) for a in step.inputs]
    result = step.outputs[place]
    if op.vjp is None or op.evaluate is None or not any(varied) or result is None or not result.type.floating:
        return None
    key = (
        op,
        place,
        *[
            (a.type, a.value) if isinstance(a, Number) else (a.type, np.shape(x))
            for a, x in zip(step.inputs, inputs, strict=True)
        ],
        *step.params.items(),
    )
    try:
        hash(key)
    except TypeError:  # an array or a list in it
        key = (step, place)
    if key not in kept:
        builder = Builder()
        atoms = [
            builder.input(f"x{k}", ArrayType(tuple(np.shape(x)), a.type.dtype)) if isinstance(a, Var) else a
            for k, (a, x) in enumerate(zip(step.inputs, inputs, strict=True))
        ]
        single = builder.program(op.name, builder.bind_many(op, *atoms, params=step.params)[place])
        kept[key] = _Rules(
            place,
            tuple(k for k, v in enumerate(varied) if v),
            backprop(single).gradient,
            None if op.jvp is None else forward(single),
        )
    return kept[key]


def _judge_step(rules: _Rules, step: Step, inputs: Sequence[Any], called: Mapping[Var, str]) -> _Verdict:
    op: Any = step.op
    xs = [widen(x) for x in inputs]
    with np.errstate(all="ignore"):
        y = np.asarray(_evaluate(step, rules.place, xs))
    verdict = _Verdict()
    if not all(np.all(np.isfinite(v)) for v in (y, *xs)):
        verdict.unchecked.append(Unchecked(_label(step), INFINITE))
        return verdict
    given = [x for a, x in zip(step.inputs, xs, strict=True) if isinstance(a, Var)]
    tolerance = _tolerance(step, xs)
    for order, position in enumerate(rules.positions):
        hard, rule = _kinks(step, xs, y, position)
        if hard.any():
            some = "" if hard.all() else f" ({np.count_nonzero(hard)} of {hard.size} entries)"
            verdict.unchecked.append(Unchecked(_label(step), f"{KINK}{some}: {rule}"))
        if hard.size and hard.all():
            continue
        x = np.asarray(xs[position])

        def function(z: Any, position: int = position) -> Any:
            return _evaluate(step, rules.place, [*xs[:position], z, *xs[position + 1 :]])

        def pull(u: Array, order: int = order) -> Array:
            return _outputs(rules.backward, [*given, u])[1 + order]

        def push(v: Array, position: int = position) -> Array:
            still = [np.zeros_like(xs[p]) if p != position else v for p in rules.positions]
            assert rules.forward is not None
            return _outputs(rules.forward, [*given, *still])[1]

        found = compare(LinearMap(function, x, y, pull, push if rules.forward else None), ~hard, tolerance)
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
    narrow = WIDE and any(np.asarray(x).dtype == np.float64 for x in numbers.values())
    tolerance = TOLERANCE_FLOAT64 if narrow else TOLERANCE
    tolerance = TOLERANCE_FLOAT32 if _narrowest(made) == "float32" else tolerance
    for order, var in enumerate(made.wrt):
        x = np.asarray(numbers[var])

        def function(z: Any, var: Var = var) -> Any:
            return _run(program, given, {var: z})[output]

        def pull(u: Array, order: int = order) -> Array:
            return _outputs(made.gradient, [*given, u])[1 + order]

        big = len(program.steps) * x.size > STEPS_PER_ENTRY
        found = compare(LinearMap(function, x, y, pull), np.ones(y.shape, bool), tolerance, sample=big)
        verdict.error, verdict.sampled = max(verdict.error, found.error), verdict.sampled or found.sampled
        verdict.checked = verdict.checked or found.settled
        if not found.settled:
            verdict.unchecked.append(Unchecked(f"the gradient with respect to {called[var]}", UNSETTLED))
        for f in found.wrong[:1]:
            verdict.mismatches.append(Mismatch(program.name, "", order, called[var], "whole", *f.what))
    return verdict


def _kinks(step: Step, xs: list[Any], y: Array, position: int) -> tuple[Array, str]:
    """Which outputs stand at a kink for this input, and the first rule that says so."""
    op: Any = step.op
    hard, rule = np.zeros(y.shape, bool), ""
    with np.errstate(all="ignore"):
        for kink in op.kinks:
            if kink.positions is None or position in kink.positions:
                try:
                    at = np.asarray(kink.at(*xs, **step.params), bool)
                except TypeError:  # LAPACK again
                    at = np.asarray(kink.at(*[_float64(x) for x in xs], **step.params), bool)
                if at.any():
                    rule = rule or kink.rule
                    hard = hard | (np.broadcast_to(at, y.shape) if op.elementwise else True)
    return hard, rule


def _evaluate(step: Step, place: int, xs: Sequence[Any]) -> Any:
    return _results(step, xs)[place]


def _results(step: Step, xs: Sequence[Any]) -> tuple[Any, ...]:
    """What the step gives in long double; in float64 where NumPy knows its op no wider, as all of LAPACK."""
    op: Any = step.op
    try:
        found = op.evaluate(*xs, **step.params)
    except TypeError:
        found = op.evaluate(*[_float64(x) for x in xs], **step.params)
    return found if op.several else (found,)


def _float64(x: Any) -> Any:
    return x.astype(np.float64) if getattr(x, "dtype", None) == np.longdouble else x


def _tolerance(step: Step, xs: Sequence[Any]) -> float:
    """How near a rule must come to differences, which are only as exact as the op is evaluated."""
    narrow = any(np.asarray(y).dtype == np.float64 for y in _results(step, xs)) and WIDE
    if step.given[0].type.dtype == "float32":
        return TOLERANCE_FLOAT32
    return TOLERANCE_FLOAT64 if narrow else TOLERANCE


def _turns(step: Step, inputs: Sequence[Any]) -> bool:
    """Whether a comparison is on the brink: a little more or less of an input changes its answer."""
    op: Any = step.op
    if op.evaluate is None or any(v.type.floating for v in step.given):
        return False
    xs = [widen(x) for x in inputs]
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
    exact = _outputs(made.gradient, [*given, widen(one)])[1:]
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
            if not known.keys() >= set(step.given):
                xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
                for out, value in zip(step.outputs, _results(step, xs), strict=True):
                    if out is not None and out not in known:
                        env[out] = value
    return env


def _outputs(program: Program, given: Sequence[Any]) -> list[Any]:
    env = _run(program, given)
    return [a.value if isinstance(a, Number) else env[a] for a in program.outputs]


def _label(step: Step) -> str:
    op: Any = step.op
    return f"{op.name} ({step.origin})" if step.origin else str(op.name)
