"""Printed C, compiled with warnings as errors, gives what the interpreter gives."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import chalkgrad as cg
from chalkgrad.cli.main import run
from chalkgrad.errors import ProgramError, ValueNeeded
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.build import Builder
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Program, Var
from chalkgrad.ir.registry import OPS, lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.op import Op
from chalkgrad.render.c import c
from chalkgrad.transform.backprop import backprop
from tests.fuzz.generate import plan
from tests.ops.contract import Case, cases, singles
from tests.render.c_calls import FLAGS, call, compiled, unit
from tests.sheets import SHEETS

pytestmark = pytest.mark.skipif(
    shutil.which("gcc") is None, reason="printed C is compiled with gcc, and this machine has none"
)
NETWORK = """W1 in R^({a} x {x}); X in R^({x} x {m}); b1 in R^({a} x 1)
W2 in R^(1 x {a}); b2 in R^(1 x 1); Y in R^(1 x {m})
z1 = W1 X + b1
a1 = relu(z1)
z2 = W2 a1 + b2
h = σ(z2)
J = -mean(Y ∘ log(h) + (1 - Y) ∘ log(1 - h))"""
# Nothing but what C and NumPy round alike: these are equal to the last bit.
EXACT = frozenset(
    (
        *("add", "subtract", "multiply", "divide", "negative", "reciprocal", "square", "sqrt", "abs", "accumulate"),
        *("floor", "ceil", "trunc", "rint", "maximum", "minimum", "fmax", "fmin", "clip", "where", "masked"),
        *("relu", "relu6", "hardtanh", "leaky_relu", "cast", "sort", "take_along", "take", "put", "entries", "updated"),
        *("transpose", "reshape", "index", "scatter", "stack", "concatenate", "broadcast_to"),
        *("diagonal", "put_diagonal", "tril", "triu"),
    )
)
# Ops, or ops in the gradient of one, that take singular values or are LAPACK's own choice: what is said of them.
UNSUPPORTED = frozenset(("pinv", "qr", "cofactor", "cofactor_along", "eigh", "eig", "svd", "svdvals"))


def worked_of(program: Program, name: str = "f") -> Worked:
    """The Program with its gradient and no numbers."""
    made = backprop(replace(program, name=name))
    return Worked(made, {}, name, called=names(made.program))


def agrees(found: Sequence[Any], wanted: Sequence[Any], tolerance: float, said: str) -> None:
    for a, b in zip(found, wanted, strict=True):
        size = np.max(np.abs(np.asarray(b, float)[np.isfinite(b)]), initial=0.0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * size, err_msg=said)


def check(worked: Worked, given: Sequence[Any], folder: Path, seed: Any = 1.0, tolerance: float = 1e-13) -> None:
    """One function alone, as a person gets it, against the interpreter."""
    library = compiled(c(worked), folder)
    code, value, gradients = call(library, worked.program.name, worked, given, seed)
    assert code == 0
    with np.errstate(all="ignore"):
        wanted = Interpreter(worked.backprop.gradient)(*given, np.asarray(seed, worked.program.output.type.dtype)[()])
    agrees([value, *gradients], wanted, tolerance, worked.program.name)


Job = tuple[Op, Worked, Sequence[Any], float]


def jobs() -> Iterator[Job]:
    """Every op at its samples and its kinks in float64, and at one of them in float32."""
    count = 0
    for op in OPS.values():
        if op.vjp is None or op.name in UNSUPPORTED:
            continue
        at_kinks = [Case(tuple(np.asarray(x, float)[()] for x in k.point), dict(k.params)) for k in op.kinks if k.point]
        for place, case in enumerate([*cases(op), *at_kinks]):
            for dtype in ("float64", "float32") if place == 1 and op.name != "scan" else ("float64",):
                cast = case.cast(dtype)
                for program in singles(op, cast.inputs, cast.params):
                    if program.output.type.floating:
                        yield op, worked_of(program, f"f{count}"), cast.inputs, 1e-4 if dtype == "float32" else 1e-13
                        count += 1


def test_every_op_forward_and_backward(tmp_path: Path) -> None:
    every = list(jobs())
    assert len({op.name for op, *_ in every}) > 90
    # one file, and less of the optimiser: it is long
    flags = ["-O1" if flag == "-O2" else flag for flag in FLAGS]
    library = compiled(unit([worked for _, worked, *_ in every]), tmp_path, flags)
    for op, worked, given, tolerance in every:
        shape: Any = worked.program.output.type.shape
        seed = np.linspace(1, 2, int(np.prod(shape))).reshape(shape)[()].astype(worked.program.output.type.dtype)
        with np.errstate(all="ignore"):
            wanted = Interpreter(worked.backprop.gradient)(*given, seed)
        code, value, gradients = call(library, worked.program.name, worked, given, seed)
        assert code == 0
        said = f"{op.name} {given} {dict(worked.program.steps[0].params)}"
        matrices = op.name in ("inv", "solve", "det", "logdet", "slogdet", "cholesky")
        agrees([value, *gradients], wanted, max(tolerance, 1e-12 * matrices), said)
        if op.name in EXACT and tolerance < 1e-12:
            np.testing.assert_array_equal(value, wanted[0], err_msg=said)


def test_truths_and_whole_numbers(tmp_path: Path) -> None:
    """Ops with no gradient, as a step on the way to one."""
    every: list[tuple[Op, Worked, Sequence[Any]]] = []
    for op in OPS.values():
        if op.vjp is not None or op.name == "argpartition":
            continue
        for case in cases(op):
            program = singles(op, case.inputs, case.params)[0]
            builder = Builder()
            builder.inputs.extend(program.inputs)
            builder.steps.extend(program.steps)
            scale = builder.value(builder.input("scale"))
            number = lookup("cast")(builder.value(program.output), dtype="float64")
            out = builder.program(f"f{len(every)}", (scale * number).atom)
            every.append((op, worked_of(out, f"f{len(every)}"), (*case.inputs, 2.5)))
    library = compiled(unit([worked for _, worked, _ in every]), tmp_path)
    for op, worked, given in every:
        seed = np.ones(worked.program.output.type.shape)[()]
        wanted = Interpreter(worked.backprop.gradient)(*given, seed)
        code, value, gradients = call(library, worked.program.name, worked, given, seed)
        assert code == 0
        agrees([value, *gradients], wanted, 0.0 if op.elementwise else 1e-15, f"{op.name} {given}")


@pytest.mark.parametrize("gates", ["typed", "fine", "whole"])
def test_sheets(gates: Any, tmp_path: Path) -> None:
    every = [
        cg.work(s.text, values=s.at, gates=gates, upstream=s.upstream, wrt=tuple(s.gradients)) for s in SHEETS.values()
    ]
    renamed = [
        replace(w, backprop=replace(w.backprop, program=replace(w.program, name=f"row{k}")))
        for k, w in enumerate(every)
    ]
    library = compiled(unit(renamed), tmp_path)
    for w, sheet in zip(renamed, SHEETS.values(), strict=True):
        given = [w.numbers[v] for v in w.program.inputs]
        code, value, gradients = call(library, w.program.name, w, given, 1.0 if w.upstream is None else w.upstream)
        assert code == 0
        agrees([value], [sheet.value], 1e-5, sheet.text)
        agrees([value, *gradients], [w.value, *w.gradients.values()], 1e-13, sheet.text)


def test_a_network_over_a_batch(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    worked = cg.work(NETWORK.format(a=3, x=2, m=5))
    given = [rng.normal(size=v.type.shape) for v in worked.program.inputs]
    given[-1] = rng.random((1, 5)) < 0.5
    check(worked, given, tmp_path)


def test_large_arrays_stand_in_a_workspace_of_the_caller(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    worked = cg.work(NETWORK.format(a=32, x=64, m=128))
    assert "struct J_work {" in c(worked)
    assert "struct J_work *w)" in c(worked).replace("\n", " ")
    given = [rng.normal(size=v.type.shape) / 8 for v in worked.program.inputs]
    given[-1] = rng.random((1, 128)) < 0.5
    check(worked, given, tmp_path)


def test_traced_code_says_its_lines(tmp_path: Path) -> None:
    def loss(x: Any, w: Any) -> Any:
        z = np.tanh(x @ w)
        return np.sum(np.sort(z) ** 2) + z[1]

    rng = np.random.default_rng(9)
    x, w = rng.normal(size=(3, 2)), rng.normal(size=2)
    made = cg.backprop(loss, x, w)
    text = cg.code(made, "c")
    assert re.search(r"\[line \d+ of .*test_c\.py: z = np\.tanh\(x @ w\)\]", text)
    check(worked_of(made.program, "loss"), [x, w], tmp_path)


def test_a_loop_whose_carries_change_places(tmp_path: Path) -> None:
    body = Builder()
    k, s, t, x = [body.value(body.input(h, ArrayType(() if h == "k" else (2,)))) for h in "kstx"]
    turn = body.program("turn", t.atom, (s * k + x).atom, (s * t).atom)
    builder = Builder()
    types = (ArrayType(()), ArrayType((2,)), ArrayType((2,)), ArrayType((4, 2)))
    given = [builder.value(builder.input(h, type)) for h, type in zip("kstx", types, strict=True)]
    outs = lookup("scan")(*given, body=turn, counts=(1, 2), length=4, reverse=True)
    total = sum([lookup("sum")(o * o) for o in outs[1:]], lookup("sum")(outs[0]))
    rng = np.random.default_rng(10)
    numbers = [rng.normal(size=t.shape)[()] if t.shape else 0.7 for t in types]
    check(worked_of(builder.program("f", total.atom), "f"), numbers, tmp_path)


HOSTILE = (
    '*/ int main(void) { system("x"); } /*',
    "while",
    "double",
    "exp",
    "y1",
    "failed",
    "place",
    "a??/\nint z;",
    "line\\",
    "\u202e\u2066x",
    "σ",
    "ℓ",
    "é^*",
    "ß漢",
    "",
    "9lives",
    "__FILE__",
    'quote"#include <stdio.h>',
    "i",
    "value",
    "t",
    "grad_i",
    "x" * 300,
)


def test_names_are_data(tmp_path: Path) -> None:
    builder = Builder()
    values = [builder.value(builder.input(name)) for name in HOSTILE]
    total = values[0]
    for value in values[1:]:
        total = builder.value(
            builder.bind(lookup("multiply"), total.atom, value.atom, hint=HOSTILE[len(builder.steps)])
        )
    program = builder.program("main", builder.bind(lookup("sort"), lookup("stack")(total, values[0]).atom))
    numbers = [1.0 + k / 8 for k in range(len(HOSTILE))]
    worked = worked_of(program, "main")
    text = c(worked)
    assert text.isprintable() or all(ch == "\n" or ch.isprintable() for ch in text)
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert code.isascii()
    assert "system(" not in code
    assert code.count("#include") == 3
    library = compiled(text, tmp_path)
    done, value, gradients = call(library, "main_", worked, numbers, np.array([1.0, 2.0]))
    assert done == 0
    agrees([value, *gradients], Interpreter(worked.backprop.gradient)(*numbers, np.array([1.0, 2.0])), 1e-13, "names")


@pytest.mark.parametrize(
    ("text", "given", "stage"),
    [
        ("A in R^(2 x 2); b in R^2; f = sum(inv(A) b)", ([[1.0, 2.0], [2.0, 4.0]], [1.0, 1.0]), 1),
        ("A in R^(2 x 2); f = 2 sum(cholesky(A))", ([[1.0, 2.0], [2.0, 1.0]],), 1),
    ],
)
def test_what_has_no_value_is_said(text: str, given: Any, stage: int, tmp_path: Path) -> None:
    worked = cg.work(text)
    source = c(worked)
    assert "or the number of the stage that has no value" in source
    code, _, _ = call(compiled(source, tmp_path), "f", worked, given)
    assert code == stage


def test_a_place_outside_is_said_and_not_read(tmp_path: Path) -> None:
    builder = Builder()
    x = builder.value(builder.input("x", ArrayType((3,))))
    places = builder.value(builder.input("places", ArrayType((2,), "int64")))
    taken = lookup("take")(x * 2.0, places)
    worked = worked_of(builder.program("f", lookup("sum")(taken).atom))
    library = compiled(c(worked), tmp_path)
    assert call(library, "f", worked, [[1.0, 2.0, 3.0], [-1, 0]])[:2] == (0, 8.0)
    assert call(library, "f", worked, [[1.0, 2.0, 3.0], [0, 3]])[0] == 2
    assert call(library, "f", worked, [[1.0, 2.0, 3.0], [-4, 0]])[0] == 2


def test_hard_points_are_numpys(tmp_path: Path) -> None:
    """Zeros with signs, infinities and NaN, through what C would do otherwise."""
    points = [0.0, -0.0, 1.0, -1.0, 2.5, -3.5, 1e300, 800.0, -800.0, np.inf, -np.inf, np.nan]
    one = [
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "mod",
        "fmod",
        "floor_divide",
        "arctan2",
        "power",
        "logaddexp",
        "hypot",
    ]
    grid = np.array([(a, b) for a in points for b in points]).T
    every: list[tuple[str, Worked]] = []
    for name in one:
        builder = Builder()
        xs = [builder.value(builder.input(h, ArrayType((grid.shape[1],)))) for h in "ab"]
        every.append((name, worked_of(builder.program(name, lookup(name)(*xs).atom), f"p_{name}")))
    library = compiled(unit([w for _, w in every]), tmp_path)
    for name, worked in every:
        evaluate: Any = OPS[name].evaluate
        with np.errstate(all="ignore"):
            wanted = evaluate(*grid)
        value = call(library, worked.program.name, worked, grid, np.ones(grid.shape[1]))[1]
        np.testing.assert_allclose(value, wanted, rtol=1e-14, err_msg=name)
        if name in ("mod", "fmod", "floor_divide", "arctan2"):
            np.testing.assert_array_equal(np.signbit(value), np.signbit(wanted), err_msg=name)


def test_random_programs(tmp_path: Path) -> None:
    every: list[tuple[Worked, Sequence[Any]]] = []
    for place in range(40):
        made = plan(5, place)
        worked = worked_of(made.program(), f"f{place}")
        if not UNSUPPORTED & {step.op.name for step in worked.backprop.gradient.steps}:
            every.append((worked, made.inputs))
    assert len(every) > 30
    library = compiled(unit([worked for worked, _ in every]), tmp_path)
    for worked, given in every:
        seed = np.ones(worked.program.output.type.shape)[()]
        with np.errstate(all="ignore"):
            wanted = Interpreter(worked.backprop.gradient)(*given, seed)
        code, value, gradients = call(library, worked.program.name, worked, given, seed)
        assert code == 0
        agrees([value, *gradients], wanted, 1e-10, " ".join(s.op.name for s in worked.program.steps))


def test_numbers_are_printed_exactly(tmp_path: Path) -> None:
    constants = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53 + 2, 1e22, -1e-7, np.inf, np.nan]
    builder = Builder()
    x = builder.value(builder.input("x"))
    program = builder.program("f", lookup("stack")(*[x * k for k in constants]).atom)
    worked = worked_of(program)
    value = call(compiled(c(worked), tmp_path), "f", worked, [1.0], np.ones(len(constants)))[1]
    np.testing.assert_array_equal(value, constants)
    np.testing.assert_array_equal(np.signbit(value), np.signbit(constants))


def test_on_the_command_line() -> None:
    done = CliRunner().invoke(run, ["code", "f(x, y) = x log y", "--as", "c"])
    assert done.exit_code == 0
    assert done.output == c(cg.work("f(x, y) = x log y", gates="whole"))
    refused = CliRunner().invoke(run, ["code", "f(x) = g1(x)", "--abstract", "g1", "--as", "c"])
    assert refused.exit_code != 0


def test_what_has_no_form_in_c_is_named_with_its_place() -> None:
    with pytest.raises(ProgramError, match=r"svd.*has no form in C"):
        c(cg.work("A in R^(2 x 3); f = sum(svdvals(A))"))
    with pytest.raises(ValueNeeded, match="sizes without a number"):
        c(cg.work("x in R^n; f = sum(x)"))
    with pytest.raises(ValueNeeded, match=r"g1 .*is abstract"):
        c(cg.work("f(x) = g1(x)", abstract=("g1",)))


def test_an_op_of_a_person_is_written_out(tmp_path: Path) -> None:
    before = dict(OPS)
    try:
        swish = cg.elementwise("swish", lambda x: x / (1 + np.exp(-np.square(x))), lambda y, x: (y,))
        branching = cg.elementwise("branching", lambda x: x if x > 0 else -x, lambda y, x: (y,))
        builder = Builder()
        x = builder.value(builder.input("x", ArrayType((3,))))
        program = builder.program("f", lookup("sum")(swish(x)).atom)
        check(worked_of(program), [np.array([0.3, -0.8, 2.0])], tmp_path)
        builder = Builder()
        refused = builder.program("f", branching(builder.value(builder.input("x"))).atom)
        with pytest.raises(ProgramError, match="branching has no form in C"):
            c(worked_of(refused))
    finally:
        for name in OPS.keys() - before.keys():
            del OPS[name]


def test_the_same_function_is_the_same_text() -> None:
    texts = {c(cg.work(NETWORK.format(a=3, x=2, m=5))) for _ in range(2)}
    assert len(texts) == 1


def test_a_long_line_of_steps_stays_linear(tmp_path: Path) -> None:
    builder = Builder()
    x: Any = builder.value(builder.input("x"))
    y = x
    for _ in range(400):
        y = lookup("sin")(y) * 0.5 + x
    worked = worked_of(builder.program("f", y.atom))
    check(worked, [0.3], tmp_path, tolerance=1e-12)


def test_a_function_that_is_its_input_or_a_number(tmp_path: Path) -> None:
    builder = Builder()
    x: Var = builder.input("x", ArrayType((2,)))
    builder.input("unread")
    check(worked_of(builder.program("f", x)), [np.array([1.0, 2.0]), 3.0], tmp_path, seed=np.array([0.5, 4.0]))
