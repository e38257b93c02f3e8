"""Linear systems, inverses, determinants and Cholesky factors in machine code give NumPy's own numbers."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import MatrixError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.products import blas, matrices
from chalkgrad.native.segments import pieces
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare

_LIBRARY = blas.library()
pytestmark = pytest.mark.skipif(
    _LIBRARY is None or "dgesv" not in _LIBRARY.addresses, reason="NumPy has no such library here"
)

FUNCTIONS = {
    "solve": lambda a, b: np.linalg.solve(a, b),
    "vector": lambda a, b: np.linalg.solve(a, b[..., 0, :, 0]),
    "inv": lambda a, b: np.linalg.inv(a),
    "sign": lambda a, b: np.linalg.slogdet(a)[0],
    "log": lambda a, b: np.linalg.slogdet(a)[1],
    "det": lambda a, b: np.linalg.det(a),
    "cholesky": lambda a, b: np.linalg.cholesky(a @ np.swapaxes(a, -1, -2)),
}


# a stack of vectors reads as a matrix
CASES = [(name, lead) for name in FUNCTIONS for lead in ((), (3,)) if name != "vector" or not lead]


@pytest.mark.parametrize("n", [1, 2, 5, 40])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "lead"), CASES)
def test_numbers_are_numpys(name: str, dtype: str, n: int, lead: tuple[int, ...]) -> None:
    rng = np.random.default_rng(n)
    a = (rng.normal(size=(*lead, n, n)) - 3 * np.eye(n)).astype(dtype)
    b = rng.normal(size=(1, n, 2)).astype(dtype)
    b = b if lead or name == "vector" else b[0]
    function = FUNCTIONS[name]
    made: Any = cg.compile(function, a, b)
    assert len(made.artifacts) == 1
    tolerance = 0 if name in ("solve", "vector", "inv", "sign") else 40 * float(np.finfo(dtype).eps)
    found, expected = made(a, b), function(a, b)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    scale = float(np.max(np.abs(expected)))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def test_whole_numbers_are_made_real() -> None:
    a = np.array([[2, 1], [1, 1]])
    np.testing.assert_array_equal(cg.compile(lambda a: np.linalg.inv(a), a)(a), np.linalg.inv(a))


def test_a_right_side_that_is_narrower() -> None:
    def loss(s: Any, x: Any, y: Any) -> Any:
        k = np.exp(s) * x + np.eye(3)
        return 0.5 * y @ np.linalg.solve(k, y)

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 3)), rng.normal(size=3)
    given = np.float32(0.1), (x @ x.T).astype(np.float32), y.astype(np.float32)
    _, expected = cg.value_and_grad(loss)(*[np.float64(g) for g in given])
    _, found = cg.compile(cg.value_and_grad(loss), *given)(*given)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_loop_whose_total_begins_as_a_bare_number_beside_narrow_arrays() -> None:
    def loss(a: Any, ys: Any) -> Any:
        p, total = np.eye(2), 0.0
        for k in range(30):
            p = a @ p @ a.T + np.eye(2)
            total = total + ys[k] @ np.linalg.solve(p, ys[k]) + np.linalg.slogdet(p)[1]
        return total

    rng = np.random.default_rng(0)
    given = rng.normal(size=(2, 2)).astype(np.float32) / 2, rng.normal(size=(30, 2)).astype(np.float32)
    value, gradient = cg.value_and_grad(loss)(*given)
    again, found = cg.compile(cg.value_and_grad(loss), *given)(*given)
    wide, expected = cg.value_and_grad(loss)(*[np.float64(g) for g in given])
    np.testing.assert_allclose([value, again], wide, rtol=1e-5)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def _filter(a: Any, q: Any, ys: Any) -> Any:
    def turn(carry: Any, y: Any) -> Any:
        p, x, total = carry
        p = a @ p @ a.T + q
        gain = np.linalg.solve(p + q, p)
        total = total + np.linalg.slogdet(p + q)[1] + y @ np.linalg.solve(p + q, y)
        return (p - p @ gain, a @ x + gain @ (y - x), total), x

    (_, x, total), xs = cg.scan(turn, (np.eye(3), np.zeros(3), 0.0), ys)
    return total + x @ x + np.sum(xs)


def test_a_loop_with_linear_systems_is_one_piece() -> None:
    rng = np.random.default_rng(0)
    given = 0.5 * np.eye(3) + 0.1 * rng.normal(size=(3, 3)), np.eye(3), rng.normal(size=(20, 3))
    program = prepare(record(_filter, given, {}).program)
    assert [p.native for p in pieces(program)] == [True]
    value, (da, dq) = cg.compile(cg.value_and_grad(_filter, wrt=(0, 1)), *given)(*given)
    np.testing.assert_allclose(value, Interpreter(program)(*given)[0], rtol=1e-13)
    for k, gradient in enumerate((da, dq)):
        for place in ((0, 0), (1, 2)):
            step = [np.array(g) for g in given]
            step[k][place] += 1e-6
            high = Interpreter(program)(*step)[0]
            step[k][place] -= 2e-6
            slope = (high - Interpreter(program)(*step)[0]) / 2e-6
            np.testing.assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["solve", "inv", "cholesky"])
def test_what_is_singular_is_the_interpreters_error(name: str) -> None:
    function = FUNCTIONS[name]
    made = cg.compile(function, np.eye(2), np.ones((2, 1)))
    with pytest.raises(MatrixError):
        made(np.zeros((2, 2)), np.ones((2, 1)))
    np.testing.assert_array_equal(made(np.eye(2), np.ones((2, 1))), function(np.eye(2), np.ones((2, 1))))


def test_a_singular_matrix_in_the_middle_of_a_loop_is_an_error() -> None:
    def total(xs: Any) -> Any:
        return cg.scan(lambda c, x: (c + np.sum(np.linalg.inv(x)), None), 0.0, xs)[0]

    xs = np.stack([np.eye(2)] * 9)
    made = cg.compile(total, xs)
    assert made(xs) == 18.0
    xs[4] = 1.0
    with pytest.raises(MatrixError):
        made(xs)


def test_the_determinant_of_a_singular_matrix_is_none() -> None:
    made = cg.compile(lambda a: np.linalg.slogdet(a), np.eye(2))
    sign, log = made(np.ones((2, 2)))
    assert (sign, log) == (0.0, -np.inf)


def test_a_function_of_numpys_own_is_compiled() -> None:
    a, b = np.array([[2.0, 1.0], [0.0, 4.0]]), np.ones(2)
    np.testing.assert_array_equal(cg.compile(np.linalg.solve, a, b)(a, b), np.linalg.solve(a, b))


def test_the_loops_say_what_is_done_with_all() -> None:
    made = cg.backprop(lambda a: np.sum(np.linalg.inv(a)), np.eye(2))
    assert "= inv of all from a[0, 0] on: inv_f64" in cg.code(made, "loops")


def test_without_such_a_library_numpy_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "library", lambda: None)
    program = prepare(record(lambda a: np.sum(np.linalg.inv(a)), (np.eye(2),), {}).program)
    assert [p.native for p in pieces(program)] == [False, True]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n", [1, 2, 5, 33])
def test_an_upper_triangle_gives_the_same_numbers(n: int, dtype: str) -> None:
    rng = np.random.default_rng(n)
    a = (np.triu(rng.normal(size=(n, n))) + 2 * np.eye(n)).astype(dtype)
    for width in (1, 3, n):
        b = rng.normal(size=(n, width)).astype(dtype)
        made: Any = cg.compile(lambda a, b: np.linalg.solve(a, b), a, b)
        np.testing.assert_array_equal(made(a, b), np.linalg.solve(a, b))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_upper_triangle_with_numbers_that_are_none(bad: float) -> None:
    rng = np.random.default_rng(0)
    a, b = np.triu(rng.normal(size=(4, 4))) + 2 * np.eye(4), rng.normal(size=(4, 2))
    made: Any = cg.compile(lambda a, b: np.linalg.solve(a, b), a, b)
    for place in ((0, 0), (1, 3), (2, 2)):
        wrong = a.copy()
        wrong[place] = bad
        np.testing.assert_array_equal(made(wrong, b), np.linalg.solve(wrong, b))
    wrong = b.copy()
    wrong[0, 1] = bad
    np.testing.assert_array_equal(made(a, wrong), np.linalg.solve(a, wrong))
    singular = a.copy()
    singular[2, 2] = 0
    with pytest.raises(MatrixError):
        made(singular, b)


def test_an_upper_triangle_is_solved_without_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _LIBRARY is not None
    if "dtrtrs" not in _LIBRARY.addresses:
        pytest.skip("NumPy's library has no such function here")
    called: list[int] = []
    stub = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 8)(lambda *given: called.append(1))
    other = ctypes.cast(stub, ctypes.c_void_p).value or 0
    library = blas.Library(_LIBRARY.count, {**_LIBRARY.addresses, "dgesv": other})
    monkeypatch.setattr(blas, "library", lambda: library)
    code = matrices._compiled.__wrapped__("solve", "float64")  # pyright: ignore[reportPrivateUsage]  # with the stub
    solve = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5)(code.addresses["solve_f64"])
    a, b = np.triu(np.arange(1.0, 17.0).reshape(4, 4)), np.ones((4, 1))
    into, plan, failed = np.empty((4, 1)), np.array([1, 4, 1]), np.zeros(1, np.uint8)
    solve(*[x.ctypes.data for x in (into, a, b, plan, failed)])
    np.testing.assert_array_equal(into, np.linalg.solve(a, b))
    assert not called
    a[3, 0] = 1.0
    solve(*[x.ctypes.data for x in (into, a, b, plan, failed)])
    assert called
