"""Ops whose hard points need more than the contract: series at 0, equal entries, ends of a range, NaN, widths."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.dims import size
from chalkgrad.ir.registry import OPS, lookup
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.conventions import with_sizes


def gradients(name: str, *values: Any, **params: Any) -> list[Any]:
    """Of the sum of the entries, by every floating input."""
    builder = Builder()
    xs = [builder.value(builder.input(f"x{k}", type_of(v))) for k, v in enumerate(values)]
    y = lookup(name)(*xs, **params)
    y = y.apply("sum") if y.shape else y
    made = check(backprop(builder.program("f", y.atom)).gradient)
    return list(Interpreter(made)(*values, np.ones((), made.inputs[-1].type.dtype)[()])[1:])


@pytest.mark.parametrize("order", range(7))
@pytest.mark.parametrize("x", [0.0, 1e-9, 0.3, -0.46, 0.8, -1.0, 1.3, 2.5, -17.25, 1e4 + 0.3])
def test_every_derivative_of_sinc(order: int, x: float) -> None:
    with mpmath.workdps(40 + 12 * order):
        wanted = mpmath.taylor(lambda t: mpmath.sinc(mpmath.pi * t), mpmath.mpf(x), order)[order] * mpmath.factorial(
            order
        )
    scale = np.pi**order / (order + 1)
    found = OPS["sinc"].evaluate(x, order=order)
    # at 10⁴ the argument itself is known to 10⁻¹² only, as in np.sinc
    assert abs(float(wanted) - found) <= (1e-14 if abs(x) < 100 else 1e-12) * scale


def test_sinc_at_infinity_is_nan_as_in_numpy_and_so_are_its_derivatives() -> None:
    for order in range(4):
        with np.errstate(all="ignore"):
            assert np.isnan(OPS["sinc"].evaluate(np.array([np.inf, -np.inf, np.nan]), order=order)).all()


@pytest.mark.parametrize("entry", [0.0, 1.0, 0.1, 1e200, 3e-320])
def test_equal_entries_have_a_deviation_without_a_slope(entry: float) -> None:
    """Of 0.1 thrice the mean is not quite 0.1: asking whether the deviation is 0 would give slopes of a third."""
    (found,) = gradients("std", np.full(3, entry))
    np.testing.assert_array_equal(found, np.zeros(3))


def test_equal_entries_are_said_and_one_alone_is_not() -> None:
    said = cg.work(lambda x: np.std(x), np.full(3, 0.1)).notices
    assert [n.rule for n in said] == ["declared convention"]
    assert not cg.work(lambda x: np.sum(np.std(x, axis=0)), np.array([[1.0, 2.0]])).notices
    assert not cg.work(lambda x: np.std(x), np.array([1.0, 2.0])).notices


def test_only_the_rows_that_are_equal_have_no_slope() -> None:
    (found,) = gradients("std", np.array([[0.1, 0.1, 0.1], [1.0, 2.0, 3.0]]), axis=1)
    np.testing.assert_array_equal(found[0], 0)
    np.testing.assert_allclose(found[1], np.array([-1.0, 0.0, 1.0]) / (3 * np.std([1.0, 2.0, 3.0])), rtol=1e-14)


@pytest.mark.parametrize("name", ["var", "std", "fmax", "interp", "cumprod", "concatenate", "exp2", "rint", "sinc"])
def test_float32_stays_float32_in_the_gradient(name: str) -> None:
    x = np.array([0.25, 1.5, 2.25], np.float32)
    rest = {"fmax": (x[::-1].copy(),), "interp": (x, x), "concatenate": (x,)}.get(name, ())
    for found in gradients(name, x + np.float32(0.1), *rest):
        assert found.dtype == np.float32


def test_a_cast_gives_the_gradient_back_in_the_width_of_its_input() -> None:
    (found,) = gradients("cast", np.array([1.0, 2.0]), dtype="float32")
    assert found.dtype == np.float64
    (found,) = gradients("cast", np.array([1.0, 2.0], np.float32), dtype="float64")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, 1)
    with pytest.raises(ProgramError, match="float16 is not one of"):
        OPS["cast"].infer((ArrayType((2,)),), {"dtype": "float16"})


def test_rounding_at_its_jumps_and_beside_them() -> None:
    for name in ("ceil", "trunc", "rint", "floor_divide"):
        rest = (np.array([1.0, 2.0, 0.5]),) if name == "floor_divide" else ()
        for found in gradients(name, np.array([1.0, 0.5, -2.5]), *rest):
            np.testing.assert_array_equal(found, 0)
    x, n = np.array([1.0, -7.25, 0.0]), np.array([0.1, 2.0, 3.0])
    _, by_divisor = gradients("fmod", x, n)
    # 0.1 as stored is above a tenth: nine of it fit into 1, though 1/0.1 is rounded to 10
    np.testing.assert_array_equal(by_divisor, [-9.0, 3.0, 0.0])


def test_nan_loses_to_a_number() -> None:
    a, b = np.array([1.0, np.nan, np.nan, 2.0]), np.array([np.nan, 3.0, np.nan, 2.0])
    for name in ("fmax", "fmin"):
        first, second = gradients(name, a, b)
        np.testing.assert_array_equal(first, [1.0, 0.0, 0.0, 0.5])
        np.testing.assert_array_equal(second, [0.0, 1.0, 0.0, 0.5])


def test_steps_and_signs_at_zero() -> None:
    by_x, by_value = gradients("heaviside", np.array([-1.0, 0.0, 2.0]), np.full(3, 0.5))
    np.testing.assert_array_equal(by_x, 0)
    np.testing.assert_array_equal(by_value, [0.0, 1.0, 0.0])
    by_size, by_side = gradients("copysign", np.array([-2.0, 2.0, 0.0]), np.array([-0.0, -1.0, 1.0]))
    np.testing.assert_array_equal(by_size, [1.0, -1.0, 0.0])
    np.testing.assert_array_equal(by_side, 0)


def test_running_products_with_zeros() -> None:
    (found,) = gradients("cumprod", np.array([2.0, 0.0, 3.0, 0.0]))
    # 2 + 0 + 0 + 0 by each: 1 + 0, 2 + 2·3 + 0, 0, 0
    np.testing.assert_array_equal(found, [1.0, 8.0, 0.0, 0.0])


def test_interpolation_beyond_its_ends_and_at_its_places() -> None:
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 7.0])
    x = np.array([-5.0, 0.0, 1.0, 2.0, 3.0, 9.0])
    by_x, _, by_samples = gradients("interp", x, xp, fp)
    np.testing.assert_array_equal(by_x, [0.0, 1.0, 3.0, 3.0, 3.0, 0.0])
    np.testing.assert_array_equal(by_samples, [2.0, 1.5, 2.5])
    *_, by_samples = gradients("interp", x, xp, fp, left=1.0, right=2.0)
    np.testing.assert_array_equal(by_samples, [1.0, 1.5, 1.5])
    values = Interpreter(trace(lambda x: np.interp(x, xp, fp), x))(x)[0]
    np.testing.assert_array_equal(values, np.interp(x, xp, fp))


def test_named_sizes_where_they_can_be_decided() -> None:
    m, n = size("m"), size("n")
    rows, more = ArrayType((m, 3)), ArrayType((n, 3))
    assert OPS["concatenate"].infer((rows, more), {}) == (ArrayType((m + n, 3)),)
    with pytest.raises(ShapeError, match=r"\(m, 3\) and \(n, 3\)"):
        OPS["concatenate"].infer((rows, more), {"axis": 1})
    assert OPS["std"].infer((rows,), {"axis": 0}) == (ArrayType((3,)),)
    assert OPS["convolve"].infer((ArrayType((m,)), ArrayType((n,))), {}) == (ArrayType((m + n - 1,)),)
    with pytest.raises(ShapeError, match="the longer is not known"):
        OPS["convolve"].infer((ArrayType((m,)), ArrayType((n,))), {"mode": "valid"})
    assert OPS["take"].infer((rows, ArrayType((n,), "int64")), {"axis": 1}) == (ArrayType((m, n)),)
    with pytest.raises(ShapeError, match="before its size is a number"):
        OPS["argpartition"].infer((ArrayType((m,)),), {})


def test_the_deviation_of_a_named_number_of_examples() -> None:
    builder = Builder()
    x = builder.value(builder.input("x", ArrayType((size("m"),))))
    made = backprop(builder.program("f", lookup("std")(x, ddof=1).atom))
    values = np.array([1.0, 4.0, 2.0, 7.0])
    program = with_sizes(replace(made.program), {made.program.inputs[0]: (4,)})
    (found,) = Interpreter(backprop(program).gradient)(values, 1.0)[1:]
    np.testing.assert_allclose(found, (values - values.mean()) / (3 * values.std(ddof=1)), rtol=1e-14)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("n", [1, 31, 32, 33, 34, 63, 64, 100, 127, 128, 129, 1000])
def test_places_among_many_entries_are_found_by_halving(monkeypatch: pytest.MonkeyPatch, n: int, side: str) -> None:
    def places(a: Any, x: Any) -> Any:
        return np.searchsorted(a, x, side="left") if side == "left" else np.searchsorted(a, x, side="right")

    monkeypatch.setenv("CHALKGRAD_NATIVE", "strict")
    rng = np.random.default_rng(n)
    for dtype in (np.float64, np.float32):
        a = np.sort(np.round(rng.normal(size=n), 2)).astype(dtype)
        a[-n // 40 :] = np.nan
        a[: n // 50] = -np.inf
        odd = np.array([np.nan, np.inf, -np.inf, -0.0], dtype)
        x = np.concatenate([np.round(rng.normal(size=50), 2).astype(dtype), a[:5], a[-5:], odd])
        found = cg.compile(places, a, x)
        np.testing.assert_array_equal(found(a, x), places(a, x))
        found(np.roll(a, n // 2), x)  # not in order: whatever it is, no entry beyond the last is read


def test_many_entries_are_not_looked_at_one_by_one() -> None:
    a = np.arange(5000.0)
    work = cg.backprop(lambda x: np.sum(np.searchsorted(a, x) * x), np.linspace(0.0, 4000.0, 7))
    assert "< 5000" not in cg.code(work, "loops")
    assert len(cg.code(work, "c")) < 200_000  # a kernel each: no text has another's twice; the numbers are the most
