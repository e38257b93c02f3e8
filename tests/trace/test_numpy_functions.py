"""NumPy's functions, called as people call them: values, shapes and dtypes of NumPy, gradients as by differences."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.differences import numerical_jacobian
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import backprop

RNG = np.random.default_rng(3)
V, W = RNG.normal(size=5), RNG.normal(size=5)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
C = RNG.normal(size=(2, 3, 4))
S = 0.7
HOLES = np.array([[1.0, np.nan, -2.0, 0.5], [np.nan, 3.0, 0.25, -1.0], [2.0, 1.0, 0.0, 4.0]])
MASK = np.array([True, False, True, True, False])

Case = tuple[Callable[..., Any], tuple[Any, ...]]

# By family: the code of each is the test's name.
JOINED: list[Case] = [
    (lambda a, b: np.concatenate([a, b]), (A, B)),
    (lambda a, b: np.concatenate((a, b[:, :1]), axis=-1), (A, B)),
    (lambda a, v: np.concatenate([a, v, [1.0, 2.0]], axis=None), (A, V)),
    (lambda v: np.concatenate([v[:2], np.zeros(3), [v[0], v[1]]]), (V,)),
    (lambda a: np.concatenate(a), (A,)),
    (lambda a, b: np.concatenate([a, b], dtype=np.float64), (A, B)),
    (lambda v, w: np.vstack([v, w, w]), (V, W)),
    (lambda a, b: np.vstack((a, b)), (A, B)),
    (lambda v, w: np.hstack([v, w, 1.0]), (V, W)),
    (lambda a, b: np.hstack([a, b]), (A, B)),
    (lambda v, w: np.dstack([v, w]), (V, W)),
    (lambda a, b: np.dstack([a, b]), (A, B)),
    (lambda v, w: np.column_stack([v, w, np.ones(5)]), (V, W)),
    (lambda a, v: np.column_stack([a.T, v[:4]]), (A, V)),
    (lambda a, v: np.append(a, v), (A, V)),
    (lambda a: np.append(a, [[1.0, 2.0, 3.0, 4.0]], axis=0), (A,)),
    (lambda v: np.append(v, 3.0), (V,)),
    (lambda a, b: np.stack([a, b], axis=-1), (A, B)),
    (lambda v, w: np.block([[v, 1.0], [w, 2.0]]), (V, W)),
    (lambda a, b: np.block([a, b]), (A, B)),
    (lambda a, v: np.block([[a, a[:, :1]], [v[None, :]]]), (A, V)),
    (lambda v: np.split(v, [1, 3])[1] * 2, (V,)),
    (lambda a: np.split(a, 2, axis=1)[1], (A,)),
    (lambda v: np.array_split(v, 3)[0] * np.array_split(v, 3)[1], (V,)),
    (lambda a: np.array_split(a, [1, -1], axis=-1)[2], (A,)),
    (lambda a: np.hsplit(a, 2)[0] - np.hsplit(a, [2])[1], (A,)),
    (lambda a: np.vsplit(a, 3)[2], (A,)),
    (lambda c: np.dsplit(c, 2)[1], (C,)),
    (lambda v: np.hsplit(v, 5)[3], (V,)),
    (lambda v: np.tile(v, 3), (V,)),
    (lambda a: np.tile(a, (2, 1, 2)), (A,)),
    (lambda a: np.tile(a, 2), (A,)),
    (lambda s: np.tile(s, (2, 2)), (S,)),
    (lambda a: np.repeat(a, 2), (A,)),
    (lambda a: a.repeat(3, axis=0), (A,)),
    (lambda a: np.repeat(a, [1, 0, 2, 3], axis=-1), (A,)),
    (lambda a: np.repeat(a, np.array([2]), axis=1), (A,)),
    (lambda a: np.roll(a, 2), (A,)),
    (lambda a: np.roll(a, -1, axis=0), (A,)),
    (lambda a: np.roll(a, (1, 5), axis=(0, 1)), (A,)),
    (lambda a: np.roll(a, 1, axis=(0, 1)), (A,)),
    (lambda v: np.pad(v, 2), (V,)),
    (lambda a: np.pad(a, ((1, 0), (0, 2)), constant_values=((1.0, 2.0), (3.0, 4.0))), (A,)),
    (lambda v, s: np.pad(v, (1, 2), constant_values=s), (V, S)),
    (lambda a: np.pad(a, 1, mode="edge"), (A,)),
    (lambda a: np.pad(a, (2, 5), mode="reflect"), (A,)),
    (lambda a: np.pad(a, ((3, 1), (0, 9)), "symmetric"), (A,)),
    (lambda a: np.pad(a, 6, "wrap"), (A,)),
    (lambda v, w: np.meshgrid(v, w[:2])[0] * np.meshgrid(v, w[:2])[1], (V, W)),
    (lambda v, w: np.add(*np.meshgrid(v, w[:2], indexing="ij")), (V, W)),
    (lambda v, w: np.multiply(*np.meshgrid(v, w[:2], sparse=True)), (V, W)),
    (lambda v, a: np.multiply(*np.broadcast_arrays(v[:4], a)), (V, A)),
    (lambda v: np.delete(v, 1), (V,)),
    (lambda a: np.delete(a, [0, -1], axis=1), (A,)),
    (lambda a: np.delete(a, slice(None, None, 2), axis=0), (A,)),
    (lambda v: np.unstack(v)[2] * 2 if hasattr(np, "unstack") else v[2] * 2, (V,)),
]
SHAPED: list[Case] = [
    (lambda a: np.flip(a), (A,)),
    (lambda c: np.flip(c, (0, -1)), (C,)),
    (lambda a: np.fliplr(a) * np.flipud(a), (A,)),
    (lambda a: np.rot90(a), (A,)),
    (lambda a: np.rot90(a, 2), (A,)),
    (lambda a: np.rot90(a, -1), (A,)),
    (lambda c: np.rot90(c, 3, axes=(1, 2)), (C,)),
    (lambda a: np.rot90(a, 4), (A,)),
    (lambda a: np.reshape(a, (4, 3), order="F"), (A,)),
    (lambda a: a.reshape(2, -1, order="F"), (A,)),
    (lambda a: np.ravel(a, order="F"), (A,)),
    (lambda c: np.rollaxis(c, 2), (C,)),
    (lambda c: np.rollaxis(c, 0, 3), (C,)),
    (lambda c: np.rollaxis(c, -1, 1), (C,)),
    (lambda s: np.atleast_1d(s) * np.atleast_2d(s), (S,)),
    (lambda v: np.atleast_2d(v), (V,)),
    (lambda v: np.atleast_3d(v), (V,)),
    (lambda a: np.atleast_3d(a), (A,)),
    (lambda s, v: np.multiply(*np.atleast_1d(s, v)), (S, V)),
    (lambda v: np.take(v, [0, 2, 2, -1]), (V,)),
    (lambda a: np.take(a, [[0, 1], [2, 0]], axis=1), (A,)),
    (lambda a: np.take(a, 5), (A,)),
    (lambda a: np.take(a, [7, -9], axis=0, mode="wrap"), (A,)),
    (lambda a: np.take(a, [7, -9], axis=0, mode="clip"), (A,)),
    (lambda a: np.take(a, np.argmax(a, axis=1), axis=1), (A,)),
    (lambda a: np.take_along_axis(a, np.argsort(a, axis=0), axis=0), (A,)),
    (lambda a: np.take_along_axis(a, np.array([[0], [2], [1]]), axis=1), (A,)),
    (lambda a: np.take_along_axis(a, np.array([[0, 2]]), axis=1), (A,)),
    (lambda a: np.take_along_axis(a, np.array([7, 0, 7]), axis=None), (A,)),
    (lambda v: np.compress(MASK, v), (V,)),
    (lambda a: np.compress([True, False, True], a, axis=0), (A,)),
    (lambda v: np.extract(MASK, v), (V,)),
    (lambda v, w: np.choose([0, 1, 1, 0, 1], [v, w]), (V, W)),
    (lambda v, w: np.choose([0, 1, 7, -3, 1], [v, w], mode="clip"), (V, W)),
    (lambda v, w: np.select([v > 0.5, v < -0.5], [v**2, w], default=1.0), (V, W)),
    (lambda v: np.full_like(v, v[0]) * v, (V,)),
    (lambda a: np.full_like(a, a[0], shape=(2, 4)), (A,)),
    (lambda a: np.matrix_transpose(a), (A,)),
    (lambda a: a[np.tril_indices_from(a)], (A,)),
    (lambda a: a[np.triu_indices_from(a, 1)], (A,)),
    (lambda a: a[:3, :3][np.diag_indices_from(a[:3, :3])], (A,)),
    (lambda a: a * np.size(a, (0, 1)), (A,)),
]
REDUCED: list[Case] = [
    *[
        (lambda c, f=f, k=k: getattr(np, f)(c, **k), (C,))
        for f in ("sum", "mean", "max", "min", "prod", "var", "std", "ptp", "median", "average")
        for k in ({}, {"axis": 1}, {"axis": -1, "keepdims": True})
    ],
    *[
        (lambda c, f=f, k=k: getattr(np, f)(c, **k), (C,))
        for f in ("sum", "mean", "max", "prod", "var", "std", "median")
        for k in ({"axis": (0, 2)}, {"axis": (2, 0), "keepdims": True})
    ],
    (lambda c: np.var(c, axis=1, ddof=1), (C,)),
    (lambda c: np.std(c, ddof=1.5) + c.std(0, ddof=1), (C,)),
    (lambda a: a.var(), (A,)),
    (lambda a: np.std(a, axis=np.int64(0)), (A,)),
    (lambda a: np.sum(a > 0, dtype=float) * a, (A,)),
    (lambda a: np.mean(a, dtype=np.float64), (A,)),
    (lambda a, b: np.average(a, weights=b**2), (A, B)),
    (lambda a, v: np.average(a, axis=1, weights=v[:4] ** 2), (A, V)),
    (lambda a, b: np.average(a, axis=0, weights=b**2, returned=True)[1], (A, B)),
    (lambda a: np.cumsum(a), (A,)),
    (lambda a: np.cumsum(a, axis=0), (A,)),
    (lambda a: a.cumsum(-1), (A,)),
    (lambda a: np.cumprod(a), (A,)),
    (lambda a: a.cumprod(axis=0), (A,)),
    (lambda a: np.cumulative_sum(a, axis=1, include_initial=True), (A,)),
    (lambda a: np.sort(a, axis=None), (A,)),
    (lambda a: np.sort(a, axis=0, kind="stable"), (A,)),
    (lambda a: np.partition(a, 1, axis=1)[:, 1], (A,)),
    (lambda a: np.partition(a, (0, -1), axis=None)[[0, -1]], (A,)),
    (lambda a: np.quantile(a, 0.3), (A,)),
    (lambda a: np.quantile(a, [0.0, 0.1, 0.85, 1.0], axis=0), (A,)),
    (lambda a: np.percentile(a, [[20, 60]], axis=(0, 1), keepdims=True), (A,)),
    *[
        (lambda a, m=m: np.quantile(a, [0.1, 0.5, 0.9], axis=1, method=m), (A,))
        for m in ("lower", "higher", "midpoint", "nearest")
    ],
    *[
        (lambda a, f=f, k=k: getattr(np, f)(np.where(np.isnan(HOLES), np.nan, a), **k), (A,))
        for f in ("nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nanvar", "nanstd")
        for k in ({}, {"axis": 0}, {"axis": 1, "keepdims": True})
    ],
    (lambda a: np.nansum(a, axis=0) * np.nanmax(a) - np.nanmin(a, axis=0) + np.nanprod(a), (A,)),
    (lambda a: np.nancumsum(a) + np.nancumprod(a), (A,)),
    (lambda a: np.nancumsum(np.where(np.isnan(HOLES), np.nan, a), axis=1), (A,)),
    (lambda a: np.nancumprod(np.where(np.isnan(HOLES), np.nan, a), axis=0), (A,)),
    (lambda a: np.nanvar(a, ddof=1) + np.nanstd(a, ddof=2), (A,)),
    (lambda a: np.count_nonzero(a > 0, axis=0) * a, (A,)),
    (lambda a: np.any(a > 2) * a + np.all(a, axis=1, keepdims=True), (A,)),
    (lambda a: np.argmax(a) * a + np.argmin(a, axis=0) + a.argmax(1, keepdims=True), (A,)),
    (lambda a: np.argsort(a, kind="stable") * a + np.argsort(a, axis=None, stable=True).reshape(3, 4), (A,)),
]
EACH: list[Case] = [
    *[
        (lambda v, f=f: getattr(np, f)(v), (V,))
        for f in (
            *("fabs", "radians", "deg2rad", "degrees", "rad2deg", "sinc", "exp2", "real", "imag", "conj", "conjugate"),
            *("angle", "real_if_close", "nan_to_num", "round", "around", "rint", "ceil", "floor", "trunc", "fix"),
            *("square", "sign", "cbrt", "isreal", "isposinf", "isnan", "isfinite", "isinf", "signbit", "positive"),
        )
    ],
    (lambda v: np.angle(v, deg=True) + v.real + v.conj() + v.imag, (V,)),
    (lambda v: np.nan_to_num(np.where(MASK, v, np.nan), nan=2.0), (V,)),
    (lambda v: np.nan_to_num(np.where(MASK, v, -np.inf), neginf=-3.0), (V,)),
    (lambda v, w: np.heaviside(v, w) + np.copysign(v, w) + np.logaddexp2(v, w), (V, W)),
    (lambda v, w: np.fmax(v, w) * np.fmin(v, np.where(MASK, w, np.nan)), (V, W)),
    (lambda v, w: np.fmod(v, w) + np.remainder(v, w) + np.floor_divide(v, w), (V, W)),
    (lambda v, w: np.multiply(*np.divmod(v, w)) + np.add(*np.modf(v)), (V, W)),
    (lambda v, w: np.float_power(np.exp(v), w), (V, W)),
    (lambda v: np.logical_xor(v > 0, v < 0.3) * v, (V,)),
    (lambda v, w: np.isclose(v, w, atol=0.8) * v + np.allclose(v, w) + np.array_equal(v, w), (V, W)),
    (lambda v: np.ldexp(v, [0, 1, -2, 3, 1]), (V,)),
    (lambda v: np.isin(v.round(), [0.0, 1.0]) * v + np.isin(v, [3.0], invert=True), (V,)),
    (lambda v: np.clip(v, None, 0.5) + np.clip(v, a_min=-0.2, a_max=None), (V,)),
]
GRIDDED: list[Case] = [
    (lambda v: np.diff(v), (V,)),
    (lambda a: np.diff(a, n=2, axis=1), (A,)),
    (lambda a: np.diff(a, axis=0, prepend=1.0, append=a[:1]), (A,)),
    (lambda v: np.ediff1d(v, to_begin=2.0, to_end=[v[0], 1.0]), (V,)),
    (lambda v: np.gradient(v), (V,)),
    (lambda v, s: np.gradient(v, s, edge_order=2), (V, S)),
    (lambda v, w: np.gradient(v, np.cumsum(w**2)), (V, W)),
    (lambda v: np.gradient(v, np.array([0.0, 1.0, 1.5, 4.0, 4.5]), edge_order=2), (V,)),
    (lambda a: np.multiply(*np.gradient(a)), (A,)),
    (lambda a: np.add(*np.gradient(a, 2.0, np.arange(4.0) ** 2)), (A,)),
    (lambda c: np.gradient(c, 0.5, axis=-1), (C,)),
    (lambda v: np.trapezoid(v), (V,)),
    (lambda a, v: np.trapezoid(a, x=v[:4]), (A, V)),
    (lambda a, b: np.trapezoid(a, b, axis=0), (A, B)),
    (lambda a, s: np.trapezoid(a, dx=s, axis=0), (A, S)),
    (lambda v: np.searchsorted([-1.0, 0.0, 1.0], v) * v + np.digitize(v, [1.0, 0.0, -1.0]), (V,)),
    (lambda v: np.digitize(v, [-1.0, 0.0, 1.0], right=True) * v, (V,)),
    (lambda s: np.linspace(s, 2.0, 5), (S,)),
    (lambda s: np.linspace(0.0, s, 4, endpoint=False), (S,)),
    (lambda v, w: np.linspace(v, w, 3, axis=1), (V, W)),
    (lambda v: np.linspace(v, 1.0, 1) + np.linspace(0, v, 4, retstep=True)[1], (V,)),
    (lambda s: np.logspace(s, 1.0, 3, base=2.0), (S,)),
    (lambda v, w: np.polyval(v, w), (V, W)),
    (lambda s: np.polyval([1.0, 2.0, 3.0], s), (S,)),
    (lambda v: np.polyval(v, 0.3), (V,)),
    (lambda v, w: np.polymul(v, w[:3]) * 2, (V, W)),
    (lambda v, w: np.polyadd(v, w[:3]) * np.polysub(w[1:], v), (V, W)),
    (lambda v: np.polyder(v) * np.polyder([*v, v[0]], 2), (V,)),
    (lambda v: np.vander(v, 3) + np.vander(v[:5], 3, increasing=True), (V,)),
    (lambda v: np.unwrap(v * 9), (V,)),
    (lambda a: np.unwrap(a * 5, axis=0, period=3.0, discont=2.0), (A,)),
    *[
        (lambda v, w, n=n, k=k, m=m, f=f: getattr(np, f)(v[:n], w[:k], mode=m), (V, W))
        for f in ("convolve", "correlate")
        for m in ("full", "same", "valid")
        for n, k in ((5, 2), (5, 3), (2, 5), (3, 4), (3, 3), (1, 4), (4, 1))
    ],
    (lambda a: np.cov(a), (A,)),
    (lambda a, b: np.cov(a[0], b[0], bias=True), (A, B)),
    (lambda a: np.cov(a, rowvar=False, ddof=0), (A,)),
    (lambda v: np.cov(v), (V,)),
]
BY_UFUNC: list[Case] = [
    (lambda a: np.add.reduce(a), (A,)),
    (lambda a: np.multiply.reduce(a, axis=1, keepdims=True), (A,)),
    (lambda a: np.maximum.reduce(a, axis=None) + np.minimum.reduce(a), (A,)),
    (lambda a: np.add.accumulate(a) + np.multiply.accumulate(a, axis=1), (A,)),
    (lambda v, w: np.add.outer(v, w) * np.multiply.outer(v, w), (V, W)),
    (lambda a, s: np.subtract.outer(a, s), (A, S)),
]
CASES = {
    f"{family}-{k}": case
    for family, table in (
        ("joined", JOINED),
        ("shaped", SHAPED),
        ("reduced", REDUCED),
        ("each", EACH),
        ("gridded", GRIDDED),
        ("ufunc", BY_UFUNC),
    )
    for k, case in enumerate(table)
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@each_case
def test_value_shape_and_dtype_are_numpys(case: Case) -> None:
    function, args = case
    program = check(trace(function, *args))
    (found,) = Interpreter(program)(*args)
    with np.errstate(all="ignore"):
        expected = function(*args)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)
    assert np.shape(found) == np.shape(expected) == program.output.type.shape
    assert np.asarray(found).dtype == np.asarray(expected).dtype


@each_case
def test_gradient_is_that_of_differences(case: Case) -> None:
    function, args = case
    with np.errstate(all="ignore"):
        weights = np.random.default_rng(5).normal(size=np.shape(function(*args)))

    def weighed(*xs: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.sum(function(*xs) * weights)

    program = check(trace(weighed, *args))
    gradients = Interpreter(check(backprop(program).gradient))(*args, 1.0)[1:]
    for position, gradient in enumerate(gradients):
        wanted = numerical_jacobian(weighed, args, position)
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-9 * (1 + np.max(np.abs(wanted), initial=0)))


# a bare number among the arguments is a float64 here, whatever stands beside it
OF_ARRAYS = {name: case for name, case in CASES.items() if all(isinstance(a, np.ndarray) for a in case[1])}


@pytest.mark.parametrize("case", OF_ARRAYS.values(), ids=OF_ARRAYS)
def test_float32_stays_as_numpy_has_it(case: Case) -> None:
    function, args = case
    narrow = [a.astype(np.float32) for a in args]
    with np.errstate(all="ignore"):
        expected = np.asarray(function(*narrow))
    program = check(trace(function, *narrow))
    assert program.output.type.dtype == expected.dtype.name


@pytest.mark.parametrize("case", OF_ARRAYS.values(), ids=OF_ARRAYS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whole_numbers_and_nan_give_what_numpy_gives(case: Case) -> None:
    function, args = case
    holed = [a.copy() for a in args]
    holed[0].flat[1] = np.nan
    for given in ([np.rint(a * 3).astype(int) for a in args], holed, [a[..., ::-1] for a in args]):
        try:
            with np.errstate(all="ignore"):
                expected = np.asarray(function(*given))
        except (TypeError, ValueError, ZeroDivisionError):
            with pytest.raises(cg.ChalkgradError):
                trace(function, *given)
            continue
        (found,) = Interpreter(check(trace(function, *given)))(*given)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        assert (np.shape(found), np.asarray(found).dtype) == (expected.shape, expected.dtype)


# NumPy itself interpolates in float64 alone, and the differences of a staircase are no slopes: values only
VALUES: list[Case] = [
    (lambda v, w: np.interp(v, [-1.0, 0.1, 2.0], w[:3]), (V, W)),
    (lambda v, w: np.interp(v, np.cumsum(np.exp(w)), w, left=-1.0), (V, W)),
    (lambda s, w: np.interp(s, np.arange(5.0), w), (S, W)),
    (lambda v, w: np.interp(v.astype(np.float32), np.arange(5.0), w.astype(np.float32)), (V, W)),
    (lambda v: v.round(2) + np.round(v, -1) + np.round(v * 1000, decimals=2), (V,)),
]


@pytest.mark.parametrize("case", VALUES, ids=range(len(VALUES)))
def test_value_alone(case: Case) -> None:
    test_value_shape_and_dtype_are_numpys(case)


def test_other_places_are_counted_anew(monkeypatch):
    def f(w, i):
        return np.sum(np.bincount(i, w**2, 6) ** 2) + np.bincount(i)[1]

    w = RNG.normal(size=8)
    for mode in ("off", "on"):
        monkeypatch.setenv("CHALKGRAD_NATIVE", mode)
        slopes = cg.value_and_grad(lambda w, i: f(w, i))
        for i in [np.arange(8) % 3, np.arange(8) % 3, np.arange(8)[::-1] % 5, np.arange(8), np.arange(8) % 3]:
            value, dw = slopes(w, i)
            np.testing.assert_allclose(value, f(w, i), rtol=1e-14)
            np.testing.assert_allclose(dw, 4 * w * np.bincount(i, w**2)[i], rtol=1e-14)
