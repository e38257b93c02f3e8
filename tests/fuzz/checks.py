"""What must hold of every random program; each check raises Mismatch, or says why it had nothing to compare."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, NotationError, ProgramError, TraceError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.native.executable import Executable, NothingToCompile
from chalkgrad.notation.read import read
from chalkgrad.render.python import python
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward
from chalkgrad.transform.prepare import prepare
from chalkgrad.transform.prune import tidy
from tests.fuzz.plan import SPELLED, Plan
from tests.ops.orders import Level, flat, run, slopes

# Relative to the largest entry. Transposes and re-runs do the same arithmetic in another order; differences and other
# libraries do another arithmetic.
SAME, NEAR = 1e-9, 1e-7


class Mismatch(AssertionError):
    """Two routes to one number that do not agree."""


class Nothing(Exception):
    """There is nothing to compare here, and this is why."""


@final
class Subject:
    """One program with all that the checks share."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self.program: Program = check(plan.program())
        if not self.program.output.type.floating:
            raise ProgramError("whole numbers and truths have no gradient")
        for step in self.program.steps:  # shrinking may have put a number where a truth stood
            op: Any = step.op
            for where, atom in zip(op.domain, step.inputs, strict=False):
                if isinstance(where.low, bool) and atom.type.dtype != "bool":
                    raise ProgramError(f"{op.name} wants a truth")
        self.rng = np.random.default_rng(seed)
        self.given = list(plan.inputs)
        self.upstream = self.around(self.program.output.type.shape)
        self.direction = [self.around(v.type.shape) for v in self.program.inputs]

    def around(self, shape: Any) -> Any:
        return np.asarray(self.rng.uniform(0.5, 1.0, shape) * self.rng.choice([-1.0, 1.0], shape))[()]

    @cached_property
    def numpy(self) -> str | None:
        """As a NumPy function, without the lines that nothing depends on."""
        return self.plan.lean().numpy()

    @cached_property
    def worked(self) -> Worked:
        at = {v.hint: x for v, x in zip(self.program.inputs, self.given, strict=True)}
        return work(self.program, at, upstream=self.upstream)

    @cached_property
    def gradient(self) -> Program:
        """Inputs and upstream in; the value and the gradients out."""
        return check(tidy(backprop(self.program).gradient))

    @cached_property
    def found(self) -> list[Any]:
        """The value and the gradients, by the interpreter."""
        return [np.asarray(x) for x in Interpreter(self.gradient)(*self.given, self.upstream)]

    @cached_property
    def scale(self) -> float:
        """How large the numbers are that met in a gradient: what was lost in a sum is relative to them."""
        made = tuple(v for step in self.gradient.steps for v in step.given if v.type.floating)
        entries = run(replace(self.gradient, outputs=made), [*self.given, self.upstream])
        entries = [x[np.isfinite(x)] for x in map(np.asarray, entries)]
        return max([1e-3, *[float(np.max(np.abs(x), initial=0.0)) for x in entries]])

    @cached_property
    def rewritten(self) -> bool:
        """Whether a form such as sqrt(x²) was evaluated as another."""
        return any(n.rule.startswith("evaluated as") for n in self.worked.notices)

    @cached_property
    def at_a_kink(self) -> bool:
        """Whether a convention decided a number, here or so near that rounding may decide it elsewhere."""
        return bool(self.worked.notices) or self.moves(1e-9) > 1e-4 * self.scale

    def moves(self, by: float) -> float:
        """How much the value and the gradient change when the inputs are moved a little, in both ways."""
        worst = 0.0
        for sign in (1, -1):
            near = [x + sign * by * d for x, d in zip(self.given, self.direction, strict=True)]
            there = Interpreter(self.gradient)(*near, self.upstream)
            worst = max(worst, apart(there, self.found))
        return worst


def apart(a: Sequence[Any], b: Sequence[Any]) -> float:
    """The largest difference; infinite where shapes or NaNs differ."""
    worst = 0.0
    for x, y in zip(a, b, strict=True):
        x, y = np.asarray(x, float), np.asarray(y, float)
        if x.shape != y.shape or not np.array_equal(np.isfinite(x), np.isfinite(y)):
            return float("inf")
        fine = np.isfinite(x)
        if not np.array_equal(x[~fine], y[~fine], equal_nan=True):
            return float("inf")
        worst = max(worst, float(np.max(np.abs(x[fine] - y[fine]), initial=0.0)))
    return worst


def same(s: Subject, given: Sequence[Any], wanted: Sequence[Any], said: str, tolerance: float = SAME) -> None:
    """Raise Mismatch where the two are apart by more than rounding explains."""
    off = apart(given, wanted)
    if off <= tolerance * max(s.scale, 1e-3):
        return
    if tolerance > SAME and np.isfinite(off) and off <= 1e3 * s.moves(1e-13):
        raise Nothing("ill-conditioned: a change in the last digit of an input moves the gradient as much")
    shown = "\n".join(f"  {np.asarray(x).tolist()}" for x in given)
    right = "\n".join(f"  {np.asarray(x).tolist()}" for x in wanted)
    raise Mismatch(f"{said}: apart by {off:.3g}\n{shown}\ninstead of\n{right}")


def finite(s: Subject) -> None:
    """No NaN, and no infinity, without a notice: all that was generated lies inside of every domain."""
    if all(np.all(np.isfinite(x)) for x in s.found) or s.worked.notices:
        return
    raise Mismatch(f"not finite, and no notice: {[x.tolist() for x in s.found]}")


def forward_is_reverse(s: Subject) -> None:
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩."""
    pushed = Interpreter(check(forward(s.program)))(*s.given, *s.direction)[1]
    there = np.sum(pushed * s.upstream)
    here = sum(np.sum(g * d) for g, d in zip(s.found[1:], s.direction, strict=True))
    if not np.all(np.isfinite([np.sum(pushed), here])) and s.worked.notices:
        raise Nothing("an infinite slope, and said")  # 0 · ∞ is met on one way and not on the other
    same(s, [there], [here], "forward mode and reverse mode")


def second_order(s: Subject) -> None:
    """rev∘rev and fwd∘rev of the gradient give one number."""
    wrt = tuple(s.program.inputs)
    gradient = s.gradient
    level = Level(replace(gradient, outputs=gradient.outputs[1:]), (*s.given, s.upstream), wrt)
    above = level.above(s.rng, wrt)
    if above is None:
        raise Nothing("the gradient is a constant")
    back = run(above.program, above.given)
    pushed = Interpreter(check(forward(level.program, wrt)))(*level.given, *s.direction)[len(gradient.outputs) - 1 :]
    weights = iter(above.given[len(level.given) : -1])
    there = sum(
        np.sum(next(weights) * t)
        for o, t in zip(level.program.outputs, pushed, strict=True)
        if isinstance(o, Var) and o.type.floating
    )
    here = [np.sum(g * d) for g, d in zip(back, s.direction, strict=True)]
    if not np.all(np.isfinite([there, *here])):
        if s.at_a_kink:
            raise Nothing("an infinite slope at a kink")
        raise Mismatch(f"second order is not finite: {there} forward, {here} in reverse")
    off, size = abs(there - sum(here)), max(s.scale, sum(abs(h) for h in here), abs(there))
    if off > SAME * size and off > 1e-7 * max(np.max(np.abs(flat([b]))) for b in back):
        raise Mismatch(f"fwd∘rev gives {there}, rev∘rev {sum(here)}")


def differences(s: Subject) -> None:
    """The gradient along a direction, by Richardson differences of the value."""
    level = Level(s.program, tuple(s.given), tuple(s.program.inputs))
    toward = dict(zip(s.program.inputs, s.direction, strict=True))
    wanted, error = slopes(level, toward)
    wanted = np.sum(wanted * np.ravel(s.upstream))
    here = sum(np.sum(g * d) for g, d in zip(s.found[1:], s.direction, strict=True))
    if abs(here - wanted) <= NEAR * max(s.scale, abs(wanted)):
        return
    if s.at_a_kink:
        raise Nothing("at a kink, where there is no derivative")
    if not np.all(error <= 1e-6 * max(s.scale, abs(wanted))):
        raise Nothing("the differences do not settle")
    same(s, [here], [wanted], "the gradient and differences", NEAR)


def printed_python(s: Subject) -> None:
    """Our printed code, run."""
    space: dict[str, Any] = {}
    exec(python(s.worked), space)  # our own print, of our own program
    with np.errstate(all="ignore"):
        value, gradients = space["f"](*s.given, s.upstream)
    if s.rewritten:
        raise Nothing("evaluated in a form that is more exact than the one printed, and said")
    same(s, [value], [s.worked.value], "the printed Python's value", 1e-12)
    same(s, [*gradients.values()], [*s.worked.gradients.values()], "the printed Python's gradient", 1e-12)


def evaluated_alike(s: Subject) -> None:
    """What is shown, which may be evaluated in a more exact form, and the plain interpreter."""
    if s.rewritten:
        raise Nothing("evaluated in a form that is more exact than the one typed, and said")
    same(s, [s.worked.value, *s.worked.gradients.values()], s.found, "the worked numbers and the interpreter's")


def single_precision(s: Subject) -> None:
    """In float32 everything stays float32, and gives about the same."""
    lean = s.plan.lean()
    if any(all(isinstance(o, float) for o in line.operands) for line in lean.lines):
        raise Nothing("an array of numbers alone is float64")
    if any("dtype" in line.params or "dtype" in lookup(line.op).params for line in lean.lines):
        raise Nothing("an op that says its own width")
    narrow = replace(lean, inputs=tuple(np.asarray(x, np.float32)[()] for x in lean.inputs))
    program = check(narrow.program())
    if program.output.type.dtype != "float32":
        raise Mismatch(f"of float32 inputs comes {program.output.type}")
    gradient = check(backprop(program).gradient)
    for var, out in zip(program.inputs, gradient.outputs[1:], strict=True):
        if out.type != var.type:
            raise Mismatch(f"the gradient of {var} is {out.type}")
    found = Interpreter(gradient)(*narrow.inputs, np.asarray(s.upstream, np.float32)[()])
    for value, out in zip(found, gradient.outputs, strict=True):
        if np.asarray(value).dtype != out.type.dtype:
            raise Mismatch(f"{np.asarray(value).dtype} comes where {out.type} is inferred")
    off = apart(found, s.found)
    at = {v.hint: x for v, x in zip(program.inputs, narrow.inputs, strict=True)}
    if off > 1e-3 * s.scale and work(program, at, upstream=np.asarray(s.upstream, np.float32)[()]).notices:
        raise Nothing("rounded to float32 it stands at a kink")
    if off > 1e-3 * s.scale and not s.at_a_kink and off > 1e3 * s.moves(1e-7):
        raise Mismatch(f"float32 is apart by {off:.3g}: {[np.asarray(x).tolist() for x in found]}")


def maths_text(s: Subject) -> None:
    """Written as maths text, read back: the same numbers; and its echo reads back too."""
    at = dict(zip(s.plan.names(), s.given, strict=False))
    if any(step.op.name == "transpose" and len(step.inputs[0].type.shape) < 2 for step in s.program.steps):
        raise Nothing("on paper the transpose of a vector is a row, in NumPy the vector itself")
    try:
        reading = read(s.plan.text(), at)
    except (NotationError, ProgramError) as error:
        raise Nothing(f"maths text refuses: {_kind(error)}") from None
    gradient = Interpreter(backprop(check(reading.program)).gradient)
    same(s, gradient(*s.given, s.upstream), s.found, "read back from text")
    again = read("\n".join(reading.echo), at).program
    if _steps(again) != _steps(reading.program):
        raise Mismatch("the echo reads as another program:\n" + "\n".join(reading.echo))


def _steps(program: Program) -> list[Any]:
    """Every step, and whence its inputs come."""
    known: dict[Any, Any] = {v: v.hint for v in program.variables()}
    return [
        (s.op.name, str(dict(s.params)), [known.get(a, str(getattr(a, "value", ""))) for a in s.inputs])
        for s in program.steps
    ]


def traced_numpy(s: Subject) -> None:
    """Written as a NumPy function, run by NumPy, and traced."""
    written = s.numpy
    if written is None:
        raise Nothing("an op that has no name in NumPy")
    space: dict[str, Any] = {"np": np}
    exec(written, space)  # our own print
    with np.errstate(all="ignore"):
        plain = space["f"](*s.given)
    try:
        same(s, [plain], s.found[:1], "NumPy itself")
    except Mismatch:
        _unless_spelled_at_a_kink(s)
        raise
    try:
        program = check(trace(space["f"], *s.given))
    except (TraceError, ProgramError) as error:
        raise Nothing(f"the tracer refuses: {_kind(error)}") from None
    traced = Interpreter(backprop(program).gradient)(*s.given, s.upstream)
    same(s, traced[:1], s.found[:1], "traced from NumPy, the value")
    try:
        same(s, traced, s.found, "traced from NumPy")
    except Mismatch:
        _unless_spelled_at_a_kink(s)
        raise


def machine_code(s: Subject) -> None:
    """Compiled: the value and the gradient, twice, since nothing may be left of the first call."""
    compiled = Executable(prepare(s.gradient))
    try:
        compiled.compile()
    except NothingToCompile:
        raise Nothing("no step of it is loops over entries") from None
    given = [*s.given, s.upstream]
    for _ in range(2):
        found = compiled(*given)
        for value, out in zip(found, s.gradient.outputs, strict=True):
            if np.asarray(value).dtype != out.type.dtype or np.shape(value) != out.type.shape:
                raise Mismatch(
                    f"compiled it gives {np.asarray(value).dtype} {np.shape(value)} where {out.type} is inferred"
                )
        same(s, found, s.found, "compiled")


def _unless_spelled_at_a_kink(s: Subject) -> None:
    """An op that NumPy has not is spelled out: rounded otherwise, and with other kinks or none."""
    if s.at_a_kink and any(line.op in SPELLED for line in s.plan.lines):
        raise Nothing("at a kink, with an op that is spelled out in NumPy") from None


def _kind(error: ChalkgradError) -> str:
    """The message without its names and numbers, to count it by."""
    return re.sub(r"'[^']*'|\bv?\d+\b|\([^)]*\)", "…", str(error).split("\n")[0])[:90]


CHECKS: tuple[Callable[[Subject], None], ...] = (
    finite,
    forward_is_reverse,
    second_order,
    differences,
    printed_python,
    evaluated_alike,
    single_precision,
    maths_text,
    traced_numpy,
    machine_code,
)
