"""What every op must keep, as functions of its record: the tests run them over the table, and over wrong rules."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Program
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.ops.op import Interval, Op
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward
from chalkgrad.transform.gates import expand, recognise
from chalkgrad.transform.prune import prune, tidy
from tests.ops.orders import TOLERANCE, Level, climbs, close, run, scale_of, slopes

SHAPES = {  # by the number of inputs: broadcast, 0-d, empty
    1: [((),), ((2, 3),), ((0,),)],
    2: [((), ()), ((2, 1, 3), (2, 1)), ((), (3,)), ((2, 0), (1,))],
    3: [((), (), ()), ((2, 1), (3,), ()), ((1,), (2, 2), (2, 1)), ((0, 2), (2,), (1, 1))],
}
HIGHEST = 3
ROUND = (-1.0, 0.0, 1.0, 2.0)
# Where a derivative is no choice, but the one of the next order would be.
BENT = {"elu": (0.0,)}

# What is not looked at, by op and clause, and why. Every entry is a hole in the proof: a test counts them.
SKIPS: dict[tuple[str, str], str] = {
    ("scan", "keeps_types"): "the types of a loop are those of its body, a Program of its own, and no other is taken",
}


@dataclass(frozen=True)
class Case:
    """One place to look at an op."""

    inputs: tuple[Any, ...]
    params: dict[str, Any]

    def cast(self, dtype: str) -> Case:
        """The same with floats of this width."""
        return replace(self, inputs=tuple(x if _kind(x) in "bi" else np.asarray(x, dtype)[()] for x in self.inputs))

    def laid_out(self, change: Callable[[np.ndarray], np.ndarray]) -> Case:
        """The same numbers, otherwise in memory, and not to be written into."""
        return replace(self, inputs=tuple(_guarded(change(x)) if np.ndim(x) else x for x in self.inputs))


def cases(op: Op) -> list[Case]:
    """Places inside the domain and off the kinks; the op's own samples where its inputs are not just any numbers."""
    rng = np.random.default_rng(sum(map(ord, op.name)))
    if op.samples is not None:
        return [Case(xs, params) for xs, params in op.samples(rng)]
    assert op.elementwise, f"{op.name} is not elementwise, so it must give samples"
    count = op.arity if op.arity >= 0 else 3
    domain = op.domain or (Interval(),) * count
    found = [Case(tuple(map(draw, itertools.repeat(rng), domain, shapes)), {}) for shapes in SHAPES[count]]
    apart = tuple(np.repeat(draw(rng, d, (2, 3)), 2, axis=1)[:, ::2].T for d in domain)  # not contiguous
    return [*found, Case(apart, {}), Case(rounds(op, domain), {}), *[replace(found[1], params=p) for p in options(op)]]


def rounds(op: Op, domain: Sequence[Interval]) -> tuple[Any, ...]:
    """Every pair of whole numbers inside the domain, and off the kinks: rules go wrong at 0 and 1 first."""
    each = []
    for where in domain:
        if isinstance(where.low, bool):
            each.append([False, True])
        else:
            each.append([n for n in ROUND if where.low < n < where.high and n not in BENT.get(op.name, ())] or [0.5])
    xs = tuple(map(np.array, zip(*itertools.product(*each), strict=True)))
    smooth = ~np.any([np.broadcast_to(kink.at(*xs), xs[0].shape) for kink in op.kinks] or [[False]], axis=0)
    return tuple(x[np.broadcast_to(smooth, x.shape)] for x in xs)


def draw(rng: np.random.Generator, where: Interval, shape: tuple[int, ...]) -> Any:
    """Numbers well inside an interval."""
    if isinstance(where.low, bool):
        return rng.random(shape) < 0.5
    low = where.low if np.isfinite(where.low) else -2.0
    high = where.high if np.isfinite(where.high) else max(low, -1.0) + 3.0
    return rng.uniform(low + 0.1 * (high - low), high - 0.1 * (high - low), shape)


def options(op: Op) -> list[dict[str, Any]]:
    """Every value of every switch, and another number for every numeric param."""
    switched = [{param: v} for param, values in op.conventions.values() for v in values]
    return switched + [{k: 0.7} for k, v in op.params.items() if type(v) is float]


def whole(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Program:
    """The op alone, with all that it gives."""
    builder = Builder()
    atoms = [builder.input(f"x{k}", type_of(x)) for k, x in enumerate(inputs)]
    return builder.program("f", *builder.bind_many(op, *atoms, params=params))


def singles(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> list[Program]:
    """The op alone, a Program a result; what is not read is not produced."""
    together = whole(op, inputs, params)
    (step,) = together.steps
    found: list[Program] = []
    for out in together.outputs:
        alone = replace(step, outputs=tuple([v if v is out else None for v in step.outputs]))
        found.append(replace(together, steps=(alone,), outputs=(out,)))
    return found


def single(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Program:
    """The op alone, with the first of what it gives."""
    return singles(op, inputs, params)[0]


def legal(program: Program, given: Sequence[Any]) -> list[Any]:
    """The outputs of a legal Program, each as its type says."""
    check(program)
    outputs = run(program, given)
    for atom, value in zip(program.outputs, outputs, strict=True):
        assert ArrayType(np.shape(value), np.asarray(value).dtype.name) == atom.type, f"{atom} is {type_of(value)}"
    return outputs


def keeps_types(op: Op, case: Case) -> None:
    """What is inferred is what comes out, for both widths of float, in the gradient too."""
    wide = run(whole(op, case.inputs, case.params), case.inputs)
    for dtype in ("float64", "float32"):
        cast = case.cast(dtype)
        for program, wanted in zip(singles(op, cast.inputs, case.params), wide, strict=True):
            (value,) = legal(program, cast.inputs)
            if op.differentiable and program.output.type.floating:
                seed = np.ones(program.output.type.shape, program.output.type.dtype)[()]
                legal(backprop(program).gradient, [*cast.inputs, seed])
                tangents = [x for x in cast.inputs if _kind(x) == "f"]
                legal(forward(program), [*cast.inputs, *tangents])
            close(value, wanted, 1e-4 if dtype == "float32" else 1e-15)


def keeps_whole_numbers(op: Op, case: Case) -> None:
    """Truth values and ints give what NumPy gives, or are refused before they are evaluated."""
    truths = [isinstance(d.low, bool) for d in op.domain] or [False] * len(case.inputs)
    for dtypes in itertools.product(("bool", "int64", "float64"), repeat=min(len(case.inputs), 2)):
        each = [*dtypes, *[dtypes[-1]] * len(case.inputs)]
        xs = [
            x if truth else np.asarray(np.abs(np.rint(x)) if d != "float64" else x, d)[()]
            for x, d, truth in zip(case.inputs, each, truths, strict=False)
        ]
        try:
            program = whole(op, xs, case.params)
        except ProgramError:
            continue
        legal(program, xs)


def does_not_care_how_arrays_lie(op: Op, case: Case) -> None:
    """Transposed, strided and reversed memory give the same numbers, forward and backward; no input is written into."""
    for program in singles(op, case.inputs, case.params):
        backward = op.differentiable and program.output.type.floating
        run_it = Interpreter(backprop(program).gradient if backward else program)
        seed = [ramp(program.output.type.shape)] if backward else []
        wanted = run_it(*case.inputs, *seed)
        for change in LAYOUTS:
            found = run_it(*case.laid_out(change).inputs, *[_guarded(change(u)) if u.ndim else u for u in seed])
            for a, b in zip(found, wanted, strict=True):
                close(a, b, 1e-12, f"{change.__name__}")


def ramp(shape: tuple[Any, ...]) -> np.ndarray:
    return np.linspace(1, 2, int(np.prod(shape))).reshape(shape)


def takes_little_or_refuses(op: Op, case: Case) -> None:
    """No entries at all, or numbers where arrays stood: an answer of the inferred type, or a refusal beforehand."""
    for xs in smaller(case.inputs):
        try:
            programs = singles(op, xs, case.params)
        except ProgramError:
            continue
        for program in programs:
            try:
                legal(program, xs)
            except IndexError:  # a place, which is a number, is beyond what was cut away: NumPy says so too
                assert any(_kind(x) == "i" for x in xs)
                continue
            if op.differentiable and program.output.type.floating:
                seed = np.ones(program.output.type.shape)
                gradient = backprop(program).gradient
                for got, atom in zip(Interpreter(gradient)(*xs, seed), gradient.outputs, strict=True):
                    assert np.shape(got) == atom.type.shape
                legal(forward(program), [*xs, *[x for x in xs if _kind(x) == "f"]])


def smaller(inputs: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """One axis cut to nothing, in one input or in all; and every array but its first number left out."""
    for cut in (lambda x: x[:0], lambda x: x[..., :0]):
        yield tuple(cut(x) if np.ndim(x) else x for x in inputs)
        for place, x in enumerate(inputs):
            if np.ndim(x):
                yield (*inputs[:place], cut(x), *inputs[place + 1 :])
    if any(np.ndim(x) for x in inputs):
        yield tuple(np.ravel(x)[0] if np.size(x) else x for x in inputs)


def agrees_with_differences(op: Op, case: Case) -> None:
    """Every entry of the Jacobian of every result, backward and forward, against differences."""
    floating = [k for k, x in enumerate(case.inputs) if _kind(x) == "f"]
    for program in singles(op, case.inputs, case.params):
        if not program.output.type.floating:
            continue
        if op.vjp is None:
            assert not floating, f"{op.name} maps floats to floats and has no derivative rule"
            continue
        pushed = Interpreter(forward(program))
        level = Level(program, case.inputs, program.inputs)
        for jacobian, position in zip(reverse_jacobian(program, case.inputs), floating, strict=True):
            var, still = program.inputs[position], [np.zeros(np.shape(case.inputs[k])) for k in floating]
            for place in np.ndindex(*var.type.shape):
                along = unit(var.type.shape, place)
                wanted, error = slopes(level, {var: along})
                assert np.all(error <= TOLERANCE * scale_of(wanted)), "the differences do not settle"
                still[floating.index(position)] = along
                close(np.ravel(jacobian[(..., *place)]), wanted, said="backward")
                close(np.ravel(pushed(*case.inputs, *still)[1]), wanted, said="forward")


def reverse_jacobian(program: Program, given: Sequence[Any]) -> list[np.ndarray]:
    """The Jacobian for each floating input, a row a pass backward."""
    gradient = Interpreter(backprop(program).gradient)
    shape = program.output.type.shape
    wrt = [x for v, x in zip(program.inputs, given, strict=True) if v.type.floating]
    out = [np.zeros((*shape, *np.shape(x))) for x in wrt]
    for place in np.ndindex(*shape):
        for jacobian, row in zip(out, gradient(*given, unit(shape, place))[1:], strict=True):
            jacobian[place] = row
    return out


def unit(shape: tuple[Any, ...], place: tuple[int, ...]) -> np.ndarray:
    seed = np.zeros(shape)
    seed[place] = 1
    return seed


def agrees_at_every_order(op: Op, case: Case) -> None:
    """Orders 1 to 3: each against differences of the next lower one, backward against forward; fwd∘fwd too."""
    if op.vjp is not None:
        climbs(check(whole(op, case.inputs, case.params)), case.inputs, HIGHEST)


def transforms_keep_it(op: Op, case: Case) -> None:
    """Legal after every transform, and the same numbers out of it."""
    for program in singles(op, case.inputs, case.params):
        value = run(program, case.inputs)[0]
        for changed in (expand(program), recognise(program), recognise(program, evaluation=True), prune(program)):
            check(changed)
            close(run(changed, case.inputs)[0], value, 1e-12)
        if op.differentiable and program.output.type.floating:
            gradient = backprop(program).gradient
            given = [*case.inputs, np.ones(program.output.type.shape)]
            for changed in (prune(gradient), tidy(gradient), tidy(tidy(gradient))):
                check(changed)
                for a, b in zip(run(changed, given), run(gradient, given), strict=True):
                    np.testing.assert_array_equal(a, b)


def says_its_kinks(op: Op) -> None:
    """Each kink is one at its own point, and the gradient there is the one that it declares."""
    for kink in op.kinks:
        if not kink.point:
            assert op.vjp is None, f"{op.name} has a gradient, so its kink must give a point"
            continue
        point = tuple(np.asarray(x, float)[()] for x in kink.point)
        assert np.any(kink.at(*point, **kink.params)), f"{point} is no kink of {op.name}"
        program = single(op, point, dict(kink.params))
        gradient = Interpreter(backprop(program).gradient)(*point, np.ones(program.output.type.shape))[1:]
        for given, wanted in zip(gradient, kink.gradient, strict=True):
            np.testing.assert_array_equal(given, wanted)
        for case in cases(op):
            assert not np.any(kink.at(*case.inputs, **case.params)), "a sample stands at a kink"


def opens_and_closes(op: Op) -> None:
    """Made of what it says it is made of, and recognised in every form."""
    xs = [draw(np.random.default_rng(k), where, ()) for k, where in enumerate(op.domain)]
    if op.expand is not None:
        program = single(op, xs, {})
        opened = check(expand(program))
        assert op not in [s.op for s in opened.steps]
        close(run(opened, xs)[0], run(program, xs)[0], 1e-12)
        if op.forms:
            assert [s.op for s in recognise(opened).steps] == [op]
    for form in op.forms:
        builder = Builder()
        atoms = [builder.value(builder.input(f"x{k}")) for k in range(form.__code__.co_argcount)]
        written = builder.program("f", form(*atoms).atom)
        closed = check(recognise(written, evaluation=True))
        assert [s.op for s in closed.steps] == [op]
        close(run(closed, xs)[0], run(written, xs)[0], 1e-12)


def transposed(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x.T).T


def strided(x: np.ndarray) -> np.ndarray:
    return np.repeat(x, 2, axis=-1)[..., ::2]


def reversed_(x: np.ndarray) -> np.ndarray:
    every = (slice(None, None, -1),) * x.ndim
    return x[every].copy()[every]


LAYOUTS = (transposed, strided, reversed_)
BY_CASE = (
    keeps_types,
    keeps_whole_numbers,
    does_not_care_how_arrays_lie,
    takes_little_or_refuses,
    agrees_with_differences,
    agrees_at_every_order,
    transforms_keep_it,
)
BY_OP = (says_its_kinks, opens_and_closes)


def _guarded(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def _kind(x: Any) -> str:
    return np.asarray(x).dtype.kind
