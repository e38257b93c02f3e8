"""What is run gives the numbers of what is shown, bit for bit, with fewer steps, in arrays used again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import GradientError
from chalkgrad.ir import reuse
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number, Program, Var, number
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.run import Run
from chalkgrad.trace.record import record
from chalkgrad.transform.backprop import backprop, pullback
from chalkgrad.transform.prepare import prepare
from tests.fuzz.generate import plan
from tests.transform.programs import array, broadcast_to, exp, program, reshape, sigmoid, total

AWKWARD = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 800.0, -800.0, -740.0)


def same_bits(a: Any, b: Any) -> bool:
    """Equal in type, shape, number and sign; one NaN is as good as another."""
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind != "f":
        return np.array_equal(a, b)
    return bool(np.all((np.isnan(a) & np.isnan(b)) | ((a == b) & (np.signbit(a) == np.signbit(b)))))


def alike(shown: Program, given: Sequence[Any]) -> Program:
    """Check that what is run for `shown` gives the same, in new arrays, and leaves what it was given."""
    made = check(prepare(shown))
    before = [np.array(x) for x in given]
    with np.errstate(all="ignore"):
        wanted = Run(shown)(given)
        found = Run(made, typed=True).own(given)
    for a, b in zip(wanted, found, strict=True):
        assert same_bits(a, b)
    assert all(same_bits(a, b) for a, b in zip(before, given, strict=True))
    arrays = [x for x in found if isinstance(x, np.ndarray)]
    for k, x in enumerate(arrays):
        assert x.flags.writeable
        assert not any(np.shares_memory(x, y) for y in (*given, *arrays[:k]))
    return made


def names(program: Program) -> list[str]:
    return [s.op.name for s in program.steps]


@pytest.mark.parametrize("part", range(4))
def test_random_programs_and_their_gradients_run_alike(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "LEAST", 1)  # so that small arrays are used again too
    rng = np.random.default_rng(part)
    compared = 0
    for place in range(40 * part, 40 * part + 40):
        value = plan(11, place).program()
        try:
            both = [value, pullback(value)]
        except GradientError:  # a whole number, or an op with no derivative
            both = [value]
        for shown in both:
            for awkward in (False, True):
                given: list[Any] = []
                for var in shown.inputs:
                    x = np.array(rng.normal(size=var.type.shape))
                    chosen = rng.random(x.shape) < 0.4 * awkward
                    x[chosen] = rng.choice(AWKWARD, size=x.shape)[chosen]
                    given.append(x.astype(var.type.dtype)[()])
                try:
                    with np.errstate(all="ignore"):
                        Run(shown)(given)
                except Exception:  # no such matrix
                    continue
                alike(shown, given)
                compared += 1
    assert compared > 80


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [name for name, op in OPS.items() if op.evaluated_as is not None])
def test_what_an_op_is_evaluated_as_is_the_op(name: str, dtype: str) -> None:
    p = program(lambda x: OPS[name](x), array(2000, dtype=dtype))
    x = np.concatenate([AWKWARD, np.random.default_rng(0).normal(scale=30, size=1990)]).astype(dtype)
    made = alike(p, [x])
    assert name not in names(made)
    alike(program(lambda x: OPS[name](x)), [np.float64(-710.5)])
    alike(program(lambda x: OPS[name](x), array(5, dtype="int64")), [np.array([-800, -1, 0, 1, 800])])


def test_sigmoid_and_its_kin_share_one_exponential() -> None:
    p = program(lambda x: OPS["log_sigmoid"](x) * sigmoid(x) + OPS["log_one_minus_sigmoid"](x) * sigmoid(-x), array(9))
    made = alike(p, [np.linspace(-40, 40, 9)])
    assert names(made).count("exp") == names(made).count("log1p") == names(made).count("abs") == 1


def test_what_is_computed_twice_is_computed_once() -> None:
    made = alike(program(lambda x, y: exp(x * y) + exp(x * y)), [0.3, 0.4])
    assert names(made) == ["multiply", "exp", "add"]


def test_numbers_of_one_value_but_other_bits_are_apart() -> None:
    p = program(lambda x: (OPS["copysign"](x, 0.0), OPS["copysign"](x, -0.0), x * 0.1, x * 0.1))
    made = alike(p, [2.0])
    assert len(made.steps) == 3


def test_params_of_one_value_but_other_types_are_apart() -> None:
    p = program(lambda x: (total(x, axis=0), total(x, axis=1), total(x, axis=0, keepdims=True)), array(2, 2))
    assert len(alike(p, [np.ones((2, 2))]).steps) == 3


def test_a_scalar_is_not_spread_to_meet_an_array() -> None:
    p = program(lambda x, y: y * broadcast_to(reshape(x, shape=(1,)), shape=(5,)), array(), array(5))
    made = alike(p, [1.5, np.arange(5.0)])
    assert names(made) == ["multiply"]
    alone = program(lambda x: broadcast_to(x, shape=(5,)) * broadcast_to(x, shape=(5,)))
    assert names(alike(alone, [1.5])) == ["broadcast_to", "multiply"]


def test_signs_that_are_turned_and_added() -> None:
    p = program(lambda x, y: (x + -y, x - (-y), OPS["negative"](-x), -x + y, abs(-x)))
    made = alike(p, [0.0, -0.0])
    assert names(made) == ["subtract", "add", "subtract", "abs"]


def test_numbers_alone_are_folded_but_not_where_widths_meet() -> None:
    builder = Builder()
    x = builder.input("x", array(3))
    two = builder.bind(OPS["multiply"], number(1.0), number(-2.0))
    product = builder.bind(OPS["multiply"], x, two)
    made = alike(builder.program("f", product), [np.ones(3)])
    assert names(made) == ["multiply"]

    narrow = Builder()
    x = narrow.input("x", array(3, dtype="float32"))
    two = narrow.bind(OPS["multiply"], number(1.0), number(-2.0))  # float64, and so is its product with x
    made = alike(narrow.program("f", narrow.bind(OPS["multiply"], x, two)), [np.ones(3, np.float32)])
    assert names(made) == ["multiply", "multiply"]

    spread = Builder()
    x = spread.input("x", array(3, dtype="float32"))
    wide = spread.bind(OPS["broadcast_to"], number(2.0), params={"shape": (3,)})
    made = alike(spread.program("f", spread.bind(OPS["multiply"], x, wide)), [np.ones(3, np.float32)])
    assert names(made) == ["broadcast_to", "multiply"]


def test_a_product_with_one_goes_and_a_sum_with_zero_stays() -> None:
    builder = Builder()
    x = builder.input("x")
    one = builder.bind(OPS["multiply"], x, number(1.0))
    out = builder.bind(OPS["add"], one, number(0.0))  # -0 + 0 is 0
    assert names(alike(builder.program("f", out), [-0.0])) == ["add"]


def test_what_is_shown_stays_as_it_was() -> None:
    p = program(lambda x: exp(x) + exp(x) * 1)
    before = list(p.steps)
    prepare(p)
    assert list(p.steps) == before


def test_a_long_program_is_no_matter() -> None:
    def chain(turns: int) -> Program:
        def f(x: Any) -> Any:
            for _ in range(turns):
                x = -exp(-x) * 1.5
            return x

        return backprop(program(f)).gradient

    long = chain(20_000)
    assert len(prepare(long).steps) < len(long.steps)  # and nothing recurses


# --- arrays used again ---------------------------------------------------------------------------------------------

LARGE = reuse.LEAST


def taken(function: Callable[..., Any], *inputs: Any) -> list[bool]:
    """For each step of the function, whether its result went into an earlier array, by where they lie."""
    builder = Builder()
    out = function(*[builder.value(builder.input("xyz"[k], array(*x.shape))) for k, x in enumerate(inputs)])
    p = builder.program("f", *[v.atom for v in (out if isinstance(out, tuple) else (out,))])
    alike(p, inputs)
    return [v is not None for v in reuse.takes(prepare(p))]


def test_a_chain_is_computed_in_one_array() -> None:
    x = np.linspace(0, 1, LARGE)
    assert taken(lambda x: exp(exp(x) * 2) + 1, x) == [False, True, True, True]


def test_small_arrays_inputs_outputs_and_what_is_read_again_are_left() -> None:
    x = np.linspace(0, 1, LARGE)
    assert taken(lambda x: exp(exp(x)), x[:-1]) == [False, False]
    assert taken(lambda x: x * 2, x) == [False]

    def f(x: Any) -> Any:
        a = exp(x)
        b = a * 2
        return a, b * 3  # a is an output, b is not

    assert taken(f, x) == [False, False, True]


def test_an_array_that_has_a_view_is_left() -> None:
    def f(x: Any) -> Any:
        a = exp(x)
        turned = a.apply("transpose")
        b = a * 2  # the last to read a, but not the last to read its memory
        return turned + b

    x = np.random.default_rng(0).normal(size=(64, 64))
    assert x.size >= LARGE
    builder = Builder()
    out = f(builder.value(builder.input("x", array(64, 64))))
    alike(builder.program("f", out.atom), [x])
    for axes in ((64, 64), (4096,), (64, 4, 16)):
        shaped = lambda x, axes=axes: exp(reshape(exp(x), shape=axes)) + 1
        alike(program(shaped, array(64, 64)), [x])


def test_memory_that_lies_otherwise_stays_so() -> None:
    x = np.asfortranarray(np.random.default_rng(0).normal(size=(64, 80)))
    p = program(lambda x: total(exp(exp(x) * 0.1) * 3, axis=1), array(64, 80))
    alike(p, [x])  # a sum along the other axis adds in another order
    alike(program(lambda x: total(exp(exp(x) * 0.1) * 3), array(LARGE)), [np.linspace(0, 1, 2 * LARGE)[::-2]])

    def f(x: Any, y: Any) -> Any:
        first = total(exp(y))  # whose array lies by rows
        return first, total(exp(x), axis=1)  # and this one by columns

    p = program(f, array(64, 80), array(64, 80))
    assert any(reuse.takes(p))
    alike(p, [x, np.ascontiguousarray(x)])


def test_a_wider_result_does_not_go_into_a_narrow_array() -> None:
    p = program(lambda x, y: (exp(x) * y) * exp(exp(x)), array(LARGE, dtype="float32"), array(LARGE, dtype="float64"))
    x = np.linspace(0, 1, LARGE)
    alike(p, [x.astype(np.float32), x])

    builder = Builder()
    a = builder.bind(OPS["exp"], builder.input("x", array(LARGE, dtype="float32")))
    strong = Number(np.float64(2), array())  # which widens in NumPy, whatever is inferred
    out = builder.bind(OPS["exp"], builder.bind(OPS["multiply"], a, strong))
    alike(builder.program("f", out), [x.astype(np.float32)])


def test_a_gradient_may_be_written_into() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.sum(x + y)

    x = np.linspace(0, 1, LARGE)
    run = cg.value_and_grad(f, wrt=(0, 1))
    _, (dx, dy) = run(x, x)
    dx += 7
    assert np.all(dy == 1)
    assert np.all(run(x, x)[1][0] == 1)
    (passed,) = cg.vjp(lambda x: x, x)[1](x)
    passed[...] = 0
    assert x[-1] == 1.0


def test_results_of_several_threads_do_not_mix() -> None:
    run = cg.grad(lambda x: np.sum(np.tanh(np.tanh(x) * 1.5) * np.exp(-x)))
    given = [np.random.default_rng(k).normal(size=4 * LARGE) for k in range(6)]
    run(given[0]), run(given[0])  # from here on it is machine code that answers
    wanted = [run(x).copy() for x in given]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(5):
            if not np.array_equal(run(given[k]), wanted[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_without_counts_of_references_nothing_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reuse, "_ONE", 0)  # as where Python does not count
    x = np.linspace(0, 1, LARGE)
    p = program(lambda x: exp(exp(x) * 2) + 1, array(LARGE))
    assert reuse.spare([np.ones(3)], 0, []) is None
    alike(p, [x])


def test_a_result_that_someone_else_has_is_found_out() -> None:
    mine = np.ones(5)
    assert reuse.spare([mine], 0, []) is None
    env: list[Any] = [np.ones(5)]
    assert reuse.spare(env, 0, [env[0]]) is env[0]
    assert reuse.spare(env, 0, [env[0], env[0]]) is env[0]
    view = env[0][1:]
    assert reuse.spare(env, 0, []) is None
    del view
    assert reuse.lone(env, 0)
    assert isinstance(program(lambda x: x).outputs[0], Var)


def test_a_long_list_of_places_is_an_array_once_and_for_all() -> None:
    places = np.random.default_rng(0).integers(0, 50, size=200).tolist()
    index = OPS["index"]
    p = program(lambda x, y: (index(x, index=places), index(y, index=(places, places[::-1]))), array(50), array(50, 50))
    x, y = np.random.default_rng(0).normal(size=50), np.random.default_rng(1).normal(size=(50, 50))
    made = alike(p, [x, y])
    assert [type(i) for i in (made.steps[0].params["index"], *made.steps[1].params["index"])] == [np.ndarray] * 3
    assert p.steps[0].params["index"] is places
    alike(pullback(p), [x, y, np.ones(200), np.ones(200)])
    mask = (x > 0).tolist()
    alike(program(lambda x: index(x, index=mask), array(50)), [x])


def test_slices_and_arrays_that_a_function_makes_anew_are_no_others() -> None:
    def part(x: Any, first: float) -> Any:
        weights = np.array([first, 1.0, 2.0])
        return np.sum((x[1:] * weights)[np.array([0, 2] * 10)])

    def twice(x: Any, first: float = 0.0) -> Any:
        return part(x, 0.0) * part(x, first)

    x = np.arange(4.0)
    once = alike(record(twice, (x,), {}).program, [x])
    assert names(once).count("sum") == 1
    other = alike(record(lambda x: twice(x, -0.0), (x,), {}).program, [x])
    assert names(other).count("sum") == 2


def test_arrivals_are_added_in_their_order_one_after_another() -> None:
    p = program(lambda x, y, z, w: OPS["accumulate"](x, y, z, w), *[array(LARGE)] * 4)
    rng = np.random.default_rng(0)
    made = alike(p, [rng.normal(size=LARGE) * 10.0 ** rng.integers(-9, 9, size=LARGE) for _ in range(4)])
    assert names(made) == ["add"] * 3
    assert [v is not None for v in reuse.takes(made)] == [False, True, True]


def test_maximum_and_relu_write_into_an_array_that_is_free() -> None:
    x = np.linspace(-1, 1, LARGE)
    assert taken(lambda x: OPS["relu"](OPS["maximum"](exp(x), 0.5)) * 2, x) == [False, True, True, True]
    assert taken(lambda x: sigmoid(exp(x)), x).count(False) <= 3  # e^x, its size, and whether it is positive


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_numbers_that_go_back_to_places_of_one_array_go_together(dtype: str) -> None:
    def function(a: Any) -> Any:
        picked = [a[r, c] for r in range(2) for c in range(-2, 2)]
        return sum(x * y for x, y in zip(picked, [*picked[3:], *picked[:3]], strict=True)) * a[0, 1]

    for a in (np.arange(8.0).reshape(2, 4) - 3, np.full((2, 4), -0.0), np.array([AWKWARD[:4], AWKWARD[4:8]])):
        given = [a.astype(dtype), np.ones((), dtype)]
        shown = pullback(record(function, given[:1], {}).program)
        assert names(shown).count("scatter") > 4
        made = alike(shown, given)
        assert names(made).count("scatter") == 1
