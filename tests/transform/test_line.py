"""The short way to the gradient of a line of scalars gives what the long way gives, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var, number
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import SCALAR
from chalkgrad.ops.op import Op
from chalkgrad.trace.record import record
from chalkgrad.transform import line
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.line import line_gradient
from chalkgrad.transform.prepare import prepare
from tests.ops.contract import draw
from tests.transform.test_prepare import same_bits

AT = (0.3, 0.9, 0.0, -0.0, -1.25, 1.0, 2.0, 800.0, np.inf, -np.inf, np.nan)


@pytest.fixture(autouse=True)
def short_lines_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "LEAST", 1)


def the_long_way(program: Program, wrt: list[Var]) -> Callable[..., list[Any]]:
    made = Interpreter(prepare(pullback(program, wrt, of=1)))
    count = len(program.outputs)

    def run(*given: Any) -> list[Any]:
        found = made(*given, 1.0)
        return [found[0], *found[count:], *found[1:count]]

    return run


def same(program: Program, *points: tuple[Any, ...]) -> Program:
    """Check that both ways agree at these points, and give the short one."""
    wrt = [v for v in program.inputs if v.type == SCALAR]
    made = line_gradient(program, wrt)
    assert made is not None
    check(made)
    short, long = Interpreter(made), the_long_way(program, wrt)
    for point in points:
        for a, b in zip(short(*point), long(*point), strict=True):
            assert same_bits(a, b), (point, a, b)
    return made


def traced(function: Callable[..., Any], *at: Any) -> Program:
    return record(function, at or (0.3, 0.9), {}).program


SCALARS = [op for op in OPS.values() if op.elementwise and op.vjp is not None and not op.params.keys() & {"order"}]


@pytest.mark.parametrize("op", SCALARS, ids=lambda op: op.name)
def test_every_op_alone_and_twice(op: Op) -> None:
    count = op.arity if op.arity >= 0 else 3
    truths = [isinstance(d.low, bool) for d in op.domain] or [False] * count
    if any(truths):
        builder = Builder()
        inputs = [builder.input("x") for _ in range(count)]
        less = builder.bind(OPS["less"], inputs[0], inputs[0])
        given = [less if truth else x for x, truth in zip(inputs, truths, strict=True)]
        program = builder.program("f", builder.bind(op, *given))
        assert line_gradient(program, inputs) is None
        return
    builder = Builder()
    inputs = [builder.input(f"x{k}") for k in range(count)]
    once = builder.bind(op, *inputs)
    twice = builder.bind(op, *[once] * count)
    total = builder.bind(OPS["multiply"], builder.bind(OPS["subtract"], once, twice), inputs[0])
    program = builder.program("f", total)
    rng = np.random.default_rng(0)
    inside = [tuple(draw(rng, d, ()) for d in op.domain or [None] * count) for _ in range(3)] if op.domain else []
    same(program, *[(x,) * count for x in AT], *[tuple(AT[(k + j) % len(AT)] for j in range(count)) for k in range(11)])
    same(program, *inside)


@pytest.mark.parametrize("op", [op for op in SCALARS if op.arity == 2], ids=lambda op: op.name)
@pytest.mark.parametrize("place", [0, 1])
def test_numbers_among_the_inputs(op: Op, place: int) -> None:
    """What stands for any number gives what is derived for each."""
    if any(isinstance(d.low, bool) for d in op.domain):
        return
    for value in (0.0, -0.0, 1.0, -1.0, 2.0, 3.0, 0.5, -2.5, 0.73, 1e300, np.inf):
        builder = Builder()
        x = builder.input("x")
        atoms = [x, number(value)] if place else [number(value), x]
        inner = builder.bind(op, *atoms)
        program = builder.program("f", builder.bind(OPS["multiply"], inner, builder.bind(op, *atoms)))
        same(program, *[(at,) for at in AT])


def test_a_line_of_many_ops() -> None:
    def f(x: Any, y: Any) -> Any:
        z = x
        for k in range(40):
            z = np.sin(z) * y + z / (2.0 + k) - np.exp(-z * z) * 0.5 + np.tanh(z) ** 2 - (y - -x)
            z = np.maximum(z, 0.1 * x) + np.abs(-z) + np.log1p(z * z) * 1 - np.sqrt(y) / y
        return z * 0.5 + x**3

    made = same(traced(f), (0.3, 0.9), (0.0, 0.0), (-1.0, 2.0), (np.inf, 1.0))
    program = traced(f)
    assert len(made.steps) <= len(prepare(pullback(program, program.inputs)).steps)


def test_what_is_not_reached_has_gradient_0() -> None:
    made = same(traced(lambda x, y: np.sin(x) * x), (0.3, 0.9))
    assert isinstance(made.outputs[2], Number)
    assert made.outputs[2].value == 0


def test_guards_and_truths_pass() -> None:
    def f(x: Any, y: Any) -> Any:
        for _ in range(4):
            x = x * y if x > 0.1 else x + y
        return x

    made = record(f, (0.3, 0.4), {})
    whole = Program("f", made.program.inputs, made.program.steps, (made.program.output, *[g.atom for g in made.guards]))
    found = same(whole, (0.3, 0.4), (-1.0, 1.0))
    assert [a.type.dtype for a in found.outputs] == ["float64"] * 3 + ["bool"] * 4


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x, y: np.where(x > 0, x, y), (0.3, 0.9)),
        (lambda x, y: np.sum(x * y), (np.ones(2), np.ones(2))),
        (lambda x, y: np.sin(x) * y, (np.float32(0.3), np.float32(0.9))),
        (lambda x, y: np.sin(x) * y + y, (np.float32(0.3), 0.9)),
        (lambda x, y: cg.scan(lambda c, _: (np.sin(c) * y, c), x, None, length=3)[0], (0.3, 0.9)),
    ],
    ids=["branch", "array", "float32", "two widths", "loop"],
)
def test_others_go_the_long_way(function: Callable[..., Any], at: tuple[Any, ...]) -> None:
    program = traced(function, *at)
    assert line_gradient(program, program.inputs) is None


def test_a_number_or_an_input_as_the_result() -> None:
    builder = Builder()
    x = builder.input("x")
    builder.bind(OPS["sin"], x)
    assert line_gradient(builder.program("f", number(1.0)), [x]) is None
    same(builder.program("f", x), (0.5,))


def test_too_many_kinds_of_steps_are_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "KINDS", 3)
    kinds = traced(lambda x, y: np.sin(x) * np.cos(y) + np.exp(x) - np.tanh(y))
    assert line_gradient(kinds, kinds.inputs) is None
    powers = traced(lambda x, y: sum(x ** (k + 0.5) for k in range(9)) * y)
    assert line_gradient(powers, powers.inputs) is None
