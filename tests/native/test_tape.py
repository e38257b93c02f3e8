"""Tapes give what the interpreter gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Number, Program, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.native.executable import Executable
from chalkgrad.native.tape import tape as tapes
from chalkgrad.native.tape import words
from chalkgrad.native.tape.machine import instructions, machine, part
from chalkgrad.native.tape.tape import LEAST, suits, tape
from chalkgrad.ops.op import Op
from chalkgrad.trace.record import record
from chalkgrad.transform.backprop import pullback
from chalkgrad.transform.prepare import prepare
from tests.native.tape_run import agrees, run
from tests.ops.contract import cases
from tests.ops.test_kernels import OF_MATRICES, SPECIAL

# Routines, and what stands at places that are computed: none of them is a line of scalars.
NO_LINES = frozenset(
    (
        *("argsort", "sort", "quantile", *OF_MATRICES),
        *("entries", "put_entries", "take", "put", "take_along", "put_along", "interp"),
    )
)
# Of 0 and -0 NumPy's own loops take now one, now the other; and elu(-0) is -0 in its kernel.
EITHER_ZERO = frozenset(("fmax", "fmin", "relu6", "elu"))
LOWERED = [op for op in OPS.values() if op.kernel is not None and op.name != "scan"]
lowered = pytest.mark.parametrize("op", LOWERED, ids=lambda op: op.name)


ALL = frozenset(part(key) for key in instructions()) - {""}


@pytest.fixture(autouse=True)
def one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """With all parts, so that it is compiled once for all tests."""
    monkeypatch.setattr(tapes, "machine", lambda parts: machine(parts and ALL))


def one_step(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> Program:
    builder = Builder()
    atoms = [builder.input(f"x{k}", type_of(x)) for k, x in enumerate(xs)]
    return builder.program(op.name, *builder.bind_many(op, *atoms, params=params))


def outcome(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> bool:
    program = one_step(op, xs, params)
    made = tape(program)
    if made is None:
        return False
    for got, wanted in zip(run(made, *xs), Interpreter(program)(*xs), strict=True):
        whole = np.asarray(wanted, float)
        agrees(got, wanted, 0.0 if op.elementwise else float(np.max(np.abs(whole[np.isfinite(whole)]), initial=0.0)))
    return True


@lowered
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples(op: Op, dtype: str) -> None:
    found = [outcome(op, case.cast(dtype).inputs, case.params) for case in cases(op)]
    assert all(found) or op.name in NO_LINES, op.name


def test_what_has_no_lines_is_named() -> None:
    """None of these has a tape at any of its samples of some entries."""
    assert {
        op.name for op in LOWERED if not all([tape(one_step(op, c.inputs, c.params)) for c in cases(op)])
    } == NO_LINES


@lowered
def test_kinks_and_conventions(op: Op) -> None:
    for kink in op.kinks:
        if kink.point:
            outcome(op, tuple(np.asarray(x, float)[()] for x in kink.point), dict(kink.params))


SCALARS = [op for op in LOWERED if op.elementwise and op.arity in (1, 2)]


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("op", SCALARS, ids=lambda op: op.name)
def test_special_values(op: Op, dtype: str) -> None:
    """One scalar at a time, through one tape."""
    truths = [isinstance(d.low, bool) for d in op.domain] or [False] * op.arity
    types = tuple(ArrayType((), "bool" if truth else dtype) for truth in truths)
    try:
        op.infer(types, {})
    except ProgramError:
        return  # NumPy refuses it too
    builder = Builder()
    atoms = [builder.input(f"x{k}", t) for k, t in enumerate(types)]
    program = builder.program(op.name, builder.bind(op, *atoms))
    made = tape(program)
    if dtype == "int64" and op.name == "power":
        assert made is None  # a power below 0 is an error
        return
    assert made is not None
    interpreter = Interpreter(program)
    numbers = {"int64": (0, 1, -1, 2, -3, 2**40, -(2**40)), "bool": (False, True)}.get(dtype, SPECIAL)
    for xs in itertools.product(*[(False, True) if truth else numbers for truth in truths]):
        with np.errstate(all="ignore"):
            given = [np.dtype(t.dtype).type(x) for x, t in zip(xs, types, strict=True)]
            (got,), (wanted,) = run(made, *given), interpreter(*given)
        if op.name == "power" and given[1] == 0.5:
            continue  # of numbers NumPy takes the square root, of arrays it does not
        agrees(got, wanted, zeros=op.name not in EITHER_ZERO)


def of(function: Callable[..., Any], *xs: Any) -> Program:
    """Its value and its gradients, as they are run."""
    program = record(function, xs, {}).program
    return prepare(pullback(program, program.inputs))


def same(program: Program, *xs: Any) -> None:
    made = tape(program)
    assert made is not None
    for got, wanted in zip(run(made, *xs), Interpreter(program)(*xs), strict=True):
        agrees(got, wanted, 1.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_long_line_and_its_gradient(dtype: Any) -> None:
    def line(x: Any, y: Any) -> Any:
        kept = []
        for k in range(60):
            x = np.sin(x) * y + x / (2 + k) - np.where(x > 0.5, np.sqrt(x), x * x)
            kept.append(np.maximum(x, y) * 0.25)
            y = y + kept[k // 2] ** 2 - 3 * y
            y = y - np.floor(y)
        total = x
        for value in kept:
            total = total + value * total
        return total

    same(of(line, dtype(0.3), dtype(0.8)), dtype(0.3), dtype(0.8), dtype(1))


def test_small_arrays_are_written_out() -> None:
    def of_arrays(a: Any, x: Any) -> Any:
        for _ in range(3):
            x = np.tanh(a @ x) + x[0] * np.array([1.0, -2.0, 0.5])
            a = a / np.sum(a * a) + np.outer(x, x[::-1])
        return np.mean(x) + np.max(a)

    rng = np.random.default_rng(3)
    a, x = rng.normal(size=(3, 3)), rng.normal(size=3)
    same(of(of_arrays, a, x), a, x, 1.0)


def test_inputs_and_numbers_may_be_results() -> None:
    builder = Builder()
    x, y = builder.input("x"), builder.input("y", ArrayType((2,), "bool"))
    program = builder.program("f", y, x, x, Number(np.array([2.5, -0.0]), ArrayType((2,))))
    same(program, 3.0, np.array([False, True]))


def test_a_zero_keeps_its_sign_and_nan_its_place() -> None:
    builder = Builder()
    x = builder.input("x")
    nought, least = Number(0.0, ArrayType()), Number(-0.0, ArrayType())
    both = [builder.bind(OPS["multiply"], x, n) for n in (nought, least, Number(float("nan"), ArrayType()))]
    same(builder.program("f", *both), 1.0)


@pytest.mark.parametrize("exponent", [2.0, 0.5, -1.0, 1.0, 0.0, 3.0, -0.5])
def test_powers_are_those_of_numpy(exponent: float) -> None:
    builder = Builder()
    x = builder.input("x")
    program = builder.program("f", builder.bind(OPS["power"], x, Number(exponent, ArrayType())))
    for number in SPECIAL:
        same(program, number)


def test_one_text_serves_all_of_the_same_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tapes, "machine", machine)
    made = [tape(of(lambda x, y, k=k: np.exp(x * k) * y, 1.0, 1.0)) for k in (2.0, 3.0)]
    other = tape(of(lambda x, y: np.sin(x) * y, 1.0, 1.0))
    assert all([*made, other])
    assert made[0].text == made[1].text == machine(frozenset({"exp float64"}))[0]
    assert other.text != made[0].text
    assert len(set(instructions().values())) == len(instructions())
    agrees(run(made[0], 0.5, 2.0, 1.0)[0], np.exp(1.0) * 2.0)


def test_slots_are_used_again() -> None:
    def line(x: Any) -> Any:
        for _ in range(500):
            x = np.sin(x) * 0.9
        return x

    made = tape(prepare(record(line, (0.5,), {}).program))
    assert made is not None
    assert made.arena <= 8 * 8


def test_the_words_of_a_long_line_are_sorted_by_their_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    def line(x: Any, y: Any) -> Any:
        state, z = 1, x
        for _ in range(1500):
            state = state * 48271 % 2147483647
            z = (
                np.sin(z * y + x),
                z * y - x / (2 + z * z),
                np.where(z > x, (z - x) * y, z * y) + 0.25,
                z * 0.5 - abs(x * y),
            )[state % 4]
        return z

    given = 0.3, 0.9, 1.0
    program = of(line, *given[:2])
    found: list[Any] = []
    texts: list[bytes] = []
    for few in (10**9, words.FEW):
        monkeypatch.setattr(words, "FEW", few)
        made = tape(program)
        assert made is not None
        found.append([x.tobytes() for x in run(made, *given)])
        texts.append(made.tables[0].tobytes())
    assert found[0] == found[1]
    assert texts[0] != texts[1]


def test_nothing_comes_before_what_it_reads() -> None:
    rng = np.random.default_rng(0)
    count, first = 3000, 5
    outs = first + np.arange(count)
    kind = rng.integers(1, 5, count)
    args = outs[:, None] - rng.integers(1, 20, (count, 3))  # some are loads, some constants
    args[0] = -1
    reads = np.arange(3) < rng.integers(1, 4, count)[:, None]
    order = words.by_kind(kind, args, reads, outs)
    assert sorted(order.tolist()) == list(range(count))
    done = {*range(-20, first)}
    for row in order.tolist():
        assert done.issuperset(args[row][reads[row]].tolist())
        done.add(first + row)
    assert np.count_nonzero(np.diff(kind[order])) < 0.7 * np.count_nonzero(np.diff(kind))


def test_a_product_joins_the_sum_that_alone_reads_it() -> None:
    """Each rounded: x·x - y·y is 0 at x = y, as the interpreter has it."""
    x = 1.0 + 2.0**-30
    program = prepare(record(lambda x, y: x * x - y * y, (x, x), {}).program)
    made = tape(program)
    assert made is not None
    assert run(made, x, x) == [0.0]
    words = made.tables[0].view(np.uint32).reshape(-1, 4)[:, 0]
    joined = {
        number for (name, _, _), number in instructions().items() if name in ("multiply_subtract", "subtract_multiply")
    }
    assert joined & set(words.tolist())


def test_what_is_long_and_of_scalars_suits() -> None:
    def line(x: Any, turns: int) -> Any:
        for _ in range(turns):
            x = np.sin(x) * 0.9
        return x

    short, long = (record(lambda x, n=n: line(x, n), (0.5,), {}).program for n in (LEAST // 2 - 1, LEAST // 2))
    wide = record(lambda x, n=LEAST: line(x, n), (np.zeros(9),), {}).program
    given = Program("f", (*long.inputs, Var(ArrayType((9 * LEAST,)))), long.steps, long.outputs)
    assert [suits(p) for p in (short, long, wide, given)] == [False, True, False, False]


def test_a_long_function_is_run_by_a_tape() -> None:
    def line(x: Any, y: Any) -> Any:
        state, z = 1, x
        for _ in range(LEAST // 3):
            state = state * 48271 % 2147483647
            z = np.sin(z * y + x) if state % 3 else z * 0.5 - x * y
        return z

    call = cg.value_and_grad(line, wrt=(0, 1))
    program = of(line, 0.3, 0.9)
    value, *slopes = Interpreter(program)(0.3, 0.9, 1.0)
    for _ in range(2):
        found, gradients = call(0.3, 0.9)
        np.testing.assert_allclose([found, *gradients], [value, *slopes], rtol=1e-12)
    executable = Executable(program)
    executable.compile()
    assert executable.code is not None
    made = tape(program)
    assert made is not None
    assert executable.code.artifact.text == made.text
    np.testing.assert_allclose(executable(0.3, 0.9, 1.0), [value, *slopes], rtol=1e-12)
