"""What every op must keep, as functions of its record: the tests run them over the table, and over wrong rules."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.differences import numerical_jacobian
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.ops.op import Interval, Op
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward
from chalkgrad.transform.gates import expand, recognise
from chalkgrad.transform.prune import prune, tidy

SHAPES = {  # by the number of inputs: broadcast, 0-d, empty
    1: [((),), ((2, 3),), ((0,),)],
    2: [((), ()), ((2, 1, 3), (2, 1)), ((), (3,)), ((2, 0), (1,))],
    3: [((), (), ()), ((2, 1), (3,), ()), ((1,), (2, 2), (2, 1)), ((0, 2), (2,), (1, 1))],
}


@dataclass(frozen=True)
class Case:
    """One place to look at an op."""

    inputs: tuple[Any, ...]
    params: dict[str, Any]

    def cast(self, dtype: str) -> Case:
        """The same with floats of this width."""
        return replace(self, inputs=tuple(x if _kind(x) in "bi" else np.asarray(x, dtype)[()] for x in self.inputs))


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
    return [*found, Case(apart, {}), *[replace(found[1], params=p) for p in options(op)]]


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


def single(op: Op, inputs: Sequence[Any], params: dict[str, Any]) -> Program:
    """The op alone."""
    builder = Builder()
    atoms = [builder.input(f"x{k}", type_of(x)) for k, x in enumerate(inputs)]
    return builder.program("f", builder.bind(op, *atoms, params=params))


def run(program: Program, given: Sequence[Any]) -> list[Any]:
    """The outputs; unlike the interpreter, in whatever precision is given."""
    env: dict[Var, Any] = dict(zip(program.inputs, given, strict=True))
    with np.errstate(all="ignore"):
        for step in program.steps:
            xs = [a.value if isinstance(a, Number) else env[a] for a in step.inputs]
            env[step.output] = step.op.evaluate(*xs, **step.params)  # type: ignore[attr-defined]
    return [a.value if isinstance(a, Number) else env[a] for a in program.outputs]


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


def close(given: Any, wanted: Any, tolerance: float = 1e-9) -> None:
    """Equal to the tolerance, relative to the largest entry."""
    size = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(given, wanted, rtol=tolerance, atol=tolerance * size, equal_nan=False)


def legal(program: Program, given: Sequence[Any]) -> list[Any]:
    """The outputs of a legal Program, each as its type says."""
    check(program)
    outputs = run(program, given)
    for atom, value in zip(program.outputs, outputs, strict=True):
        assert ArrayType(np.shape(value), np.asarray(value).dtype.name) == atom.type, f"{atom} is {type_of(value)}"
    return outputs


def keeps_types(op: Op, case: Case) -> None:
    """What is inferred is what comes out, for both widths of float, in the gradient too."""
    for dtype in ("float64", "float32"):
        cast = case.cast(dtype)
        program = single(op, cast.inputs, case.params)
        (value,) = legal(program, cast.inputs)
        if op.differentiable and program.output.type.floating:
            seed = np.ones(program.output.type.shape, program.output.type.dtype)[()]
            legal(backprop(program).gradient, [*cast.inputs, seed])
            tangents = [x for x in cast.inputs if _kind(x) == "f"]
            legal(forward(program), [*cast.inputs, *tangents])
        close(value, run(program, case.inputs)[0], 1e-4 if dtype == "float32" else 1e-15)


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
            program = single(op, xs, case.params)
        except ProgramError:
            continue
        legal(program, xs)


def agrees_with_differences(op: Op, case: Case) -> None:
    """Every entry of the Jacobian, backward and forward, and that the two are transposes of each other."""
    program = single(op, case.inputs, case.params)
    if not program.output.type.floating:
        assert op.vjp is None
        return
    floating = [k for k, x in enumerate(case.inputs) if _kind(x) == "f"]
    if op.vjp is None:
        assert not floating, f"{op.name} maps floats to floats and has no derivative rule"
        return
    pushed = Interpreter(forward(program))
    rng = np.random.default_rng(1)
    for jacobian, position in zip(reverse_jacobian(program, case.inputs), floating, strict=True):
        wanted = numerical_jacobian(lambda *xs: op.evaluate(*xs, **case.params), case.inputs, position)
        close(jacobian, wanted)
        x = np.asarray(case.inputs[position])
        v, u = rng.normal(size=x.shape), rng.normal(size=program.output.type.shape)
        still = [v if k == position else np.zeros_like(case.inputs[k]) for k in floating]
        jv = pushed(*case.inputs, *still)[1]
        close(jv, np.tensordot(wanted, v, x.ndim))
        ju = np.tensordot(u, jacobian, u.ndim)
        close(np.sum(u * jv), np.sum(ju * v), 1e-12)


def agrees_to_second_order(op: Op, case: Case) -> None:
    """The gradient of each entry's gradient, against differences of the first, with respect to the seed too."""
    program = single(op, case.inputs, case.params)
    if op.vjp is None or not program.output.type.floating:
        return
    first = backprop(program).gradient
    given = [*case.inputs, np.random.default_rng(2).normal(size=program.output.type.shape)]
    floating = [k for k, x in enumerate(given) if _kind(x) == "f"]
    for order in range(1, len(first.outputs)):
        one = check(prune(replace(first, outputs=(first.outputs[order],))))
        if isinstance(one.output, Number):
            continue
        check(backprop(one).gradient)
        for jacobian, position in zip(reverse_jacobian(one, given), floating, strict=True):
            close(jacobian, numerical_jacobian(lambda *xs, p=one: run(p, xs)[0], given, position))


def transforms_keep_it(op: Op, case: Case) -> None:
    """Legal after every transform, and the same numbers out of it."""
    program = single(op, case.inputs, case.params)
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


BY_CASE = (
    keeps_types,
    keeps_whole_numbers,
    agrees_with_differences,
    agrees_to_second_order,
    transforms_keep_it,
)
BY_OP = (says_its_kinks, opens_and_closes)


def _kind(x: Any) -> str:
    return np.asarray(x).dtype.kind
