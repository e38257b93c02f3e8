"""However NumPy lets a call be written, it is the same op; and its value is NumPy's."""

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.program import Number
from chalkgrad.trace.record import trace

RNG = np.random.default_rng(1)
A = RNG.normal(size=(3, 4))
B = RNG.normal(size=(4, 2))
V = RNG.normal(size=4)
C = RNG.normal(size=(2, 3, 4))
N = np.array([3, -1, 2, 7])
M = np.array([True, False, True, True])


def run(function, *args):
    program = check(trace(function, *args))
    out = Interpreter(program)(*args)
    return program, out if len(out) > 1 else out[0]


def agrees(function, *args):
    program, found = run(function, *args)
    expected = function(*args)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    assert np.shape(found) == np.shape(expected)
    assert program.output.type.shape == np.shape(expected)
    return program


def ops(program):
    return [(s.op.name, dict(s.params)) for s in program.steps]


SAME = [
    ([lambda x: np.sum(x), lambda x: x.sum(), lambda x: np.sum(x, axis=None), lambda x: np.sum(a=x)], "sum", {}),
    ([lambda x: np.sum(x, 0), lambda x: np.sum(x, axis=0), lambda x: x.sum(0), lambda x: x.sum(axis=0)], "sum", 0),
    ([lambda x: np.mean(x, -1), lambda x: x.mean(axis=-1), lambda x: x.mean(np.int64(-1))], "mean", -1),
    ([lambda x: np.max(x, 1), lambda x: np.amax(x, axis=1), lambda x: x.max(1)], "max", 1),
    (
        [lambda x: np.min(x, (0, 1)), lambda x: np.amin(x, (0, 1)), lambda x: x.min(axis=(np.int64(0), 1))],
        "min",
        (0, 1),
    ),
    ([lambda x: x.T, lambda x: np.transpose(x), lambda x: x.transpose()], "transpose", {}),
    (
        [lambda x: x.transpose(1, 0), lambda x: x.transpose((1, 0)), lambda x: np.transpose(x, [1, 0])],
        "transpose",
        {"axes": (1, 0)},
    ),
    (
        [
            lambda x: x.reshape(2, -1),
            lambda x: x.reshape((2, -1)),
            lambda x: np.reshape(x, (2, -1)),
            lambda x: np.reshape(x, [2, np.int64(-1)]),
        ],
        "reshape",
        {"shape": (2, -1)},
    ),
    ([lambda x: x.ravel(), lambda x: np.ravel(x), lambda x: x.flatten(), lambda x: x.reshape(-1)], "reshape", (-1,)),
    (
        [lambda x: np.sum(x, axis=0, keepdims=True), lambda x: x.sum(0, keepdims=True)],
        "sum",
        {"axis": 0, "keepdims": True},
    ),
    ([lambda x: np.broadcast_to(x, (2, 3, 4))], "broadcast_to", {"shape": (2, 3, 4)}),
    ([lambda x: x[1], lambda x: x[np.int64(1)]], "index", {"index": 1}),
    ([lambda x: np.abs(x), lambda x: abs(x), lambda x: np.absolute(x)], "abs", {}),
    ([lambda x: x / 2, lambda x: np.divide(x, 2), lambda x: np.true_divide(x, 2)], "divide", {}),
    ([lambda x: x % 2, lambda x: np.mod(x, 2), lambda x: np.remainder(x, 2)], "mod", {}),
    ([lambda x: x**2, lambda x: np.power(x, 2), lambda x: pow(x, 2)], "power", {}),
    ([lambda x: np.square(x)], "square", {}),
    ([lambda x: x > 0, lambda x: x > 0, lambda x: np.greater(x, 0)], "greater", {}),
    ([lambda x: x == x], "equal", {}),
    ([lambda x: x != 0], "not_equal", {}),
    ([lambda x: np.where([[True, False, True, False]] * 3 @ np.eye(4) > 0, x, 0.0)], "where", {}),
    ([lambda x: np.clip(x, -1, 1), lambda x: x.clip(-1, 1), lambda x: x.clip(min=-1, max=1)], "clip", {}),
    ([lambda x: x.astype(float).sum(), lambda x: (+x).copy().sum()], "sum", {}),
]


@pytest.mark.parametrize(("spellings", "op", "params"), SAME, ids=[f"{s[1]}-{i}" for i, s in enumerate(SAME)])
def test_every_spelling_is_one_op(spellings, op, params):
    if not isinstance(params, dict):
        params = {"shape" if op == "reshape" else "axis": params}
    for spelled in spellings:
        found = ops(agrees(spelled, A))
        assert found == [(op, params)]


VALUES = [
    (lambda a, b: a @ b, A, B),
    (lambda a, b: np.matmul(a, b), A, B),
    (lambda a, b: np.dot(a, b), A, B),
    (lambda a, b: a.dot(b), A, B),
    (lambda a: A.T @ a, A),
    (lambda a: np.dot(B.T, a.T), A),
    (lambda v: np.outer(v, V), V),
    (lambda v: np.linalg.norm(v), V),
    (lambda v: np.linalg.norm(v, 1) + np.linalg.norm(v, ord=np.inf), V),
    (lambda a: np.linalg.norm(a), A),
    (lambda a, b: np.stack([a, b]), A, A * 2),
    (lambda a, b: np.stack((a, b), axis=1), A, A * 2),
    (lambda a, b: np.stack([a, b], -1), A, A * 2),
    (lambda v: np.stack([v[0], 1.0, v[1] * 2]), V),
    (lambda c: np.swapaxes(c, 0, -1), C),
    (lambda c: c.swapaxes(1, 2), C),
    (lambda c: np.moveaxis(c, 0, 2), C),
    (lambda c: np.moveaxis(c, (0, 1), (-1, 0)), C),
    (lambda c: np.moveaxis(c, [0, 2], [1, 0]), C),
    (lambda c: np.expand_dims(c, (0, -1)), C),
    (lambda c: np.squeeze(c[:, :1]), C),
    (lambda c: c[:1, :, :1].squeeze(axis=0), C),
    (lambda c: c.transpose(1, 2, 0), C),
    (lambda c: c.T, C),
    (lambda v: v.T, V),
    (lambda v: np.copy(v) + np.positive(v), V),
    (lambda v: np.zeros_like(v) + np.ones_like(v) * v + np.full_like(v, 2.0), V),
    (lambda a: a / a.shape[0] + a.ndim + a.size + len(a) + np.shape(a)[1] + np.ndim(a) + np.size(a, 0), A),
    (lambda a: sum(a), A),
    (lambda a: sum(row.sum() for row in a), A),
    (lambda a: a[1, ::2] + a[-1, [0, 2]], A),
    (lambda a: a[..., None][:, 1:3], A),
    (lambda a: a[np.array([0, 0, 2])], A),
    (lambda a: a[:, np.array([True, False, True, False])], A),
    (lambda v: np.clip(v, None, 0.5) + np.clip(v, -0.5, None), V),
    (lambda v: np.clip(v, np.zeros(4), np.maximum(v, 1)), V),
    (lambda v: np.where((v > 0) & (v < 1) | ~(v > -1), v, -v), V),
    (lambda v: np.where(M, v, 0), V),
    (lambda v: np.zeros(4).clip(-1, v), V),
    (lambda v: np.mean(v > 0) + (v > 0).sum() + (v > 0) * 2.0 + (1 - (v > 0)), V),
    (lambda v: (v > 0).astype(float) * v, V),
    (lambda v: v.astype(int) * v + np.floor(v * 3).astype(np.int64), V),
    (lambda v: 2**v + 2.0 / (3 - v) - (-v), V),
    (lambda v: np.float64(2) * v + np.int64(3) + np.array(2.5) + True, V),
    (lambda v: V * v + V[:1] - V, V),
    (lambda v: np.maximum(v, 0) + np.minimum(0, v) + np.logaddexp(0, v) + np.hypot(v, 1), V),
    (lambda v: np.exp(v) + np.log1p(v**2) + np.tanh(v) + np.arctan2(v, 2) + np.floor(v), V),
    (lambda v: v[0].item() + v[1:2].item() + v.item(2), V),
    (lambda n: n * 2 + 1, N),
    (lambda n: n / 2 + n % 2, N),
    (lambda n: n.astype(float) ** 2, N),
    (lambda n, v: n * v, N, V),
    (lambda n, v: (n == 2) * v, N, V),
    (lambda m, v: np.where(m, v, 0.0) * m, M, V),
    (lambda m: ~m, M),
]


@pytest.mark.parametrize("case", VALUES, ids=range(len(VALUES)))
def test_value_is_numpys(case):
    agrees(*case)


def test_ints_stay_ints_where_numpy_keeps_them():
    program, found = run(lambda n: n * 2 + 1, N)
    assert program.output.type.dtype == "int64"
    assert found.dtype == np.int64


def test_floats_cut_to_places_pass_nothing_back(monkeypatch):
    def between(t, x):
        i = np.floor(x).astype(int)
        return np.sum(t[i] * (1 - (x - i)) + t[i + 1] * (x - i))

    t, x = np.arange(6.0) ** 2, np.array([1.5, 2.25, 0.5, 3.75])
    steps = cg.trace(between, t, x).steps
    assert [step.op.name for step in steps if step.op.name in ("trunc", "cast")] == ["trunc", "cast"]  # views show it
    for mode in ("off", "strict"):
        monkeypatch.setenv("CHALKGRAD_NATIVE", mode)
        slopes = cg.value_and_grad(lambda t, x: between(t, x), wrt=(0, 1))
        for _ in range(2):
            value, (dt, dx) = slopes(t, x)
        assert value == between(t, x)
        assert dt.tolist() == [0.5, 1.0, 1.25, 0.5, 0.75, 0.0]
        assert dx.tolist() == [3.0, 5.0, 1.0, 7.0]
        assert cg.jacobian(lambda x: x.astype(int) * x)(x).diagonal().tolist() == [1.0, 2.0, 0.0, 3.0]


def test_float32_keeps_its_width_beside_plain_numbers():
    program, found = run(lambda x: 2 * x + np.pi, V.astype(np.float32))
    assert program.output.type.dtype == "float32"
    assert found.dtype == np.float32


def test_as_typed_nothing_is_folded():
    program = trace(lambda z: 1 / (1 + np.exp(-z)), 0.5)
    assert [s.op.name for s in program.steps] == ["negative", "exp", "add", "divide"]
    assert program.steps[2].inputs[0].value == 1
    program = trace(lambda x: 1 * x + 0, 2.0)
    assert [s.op.name for s in program.steps] == ["multiply", "add"]
    (step,) = trace(lambda x: x**2, 2.0).steps
    assert isinstance(step.inputs[1], Number)


def test_values_that_need_no_step():
    assert trace(lambda x: 3, 1.0).output.value == 3
    assert trace(lambda x: V, 1.0).output.type.shape == (4,)
    program = trace(lambda x: x, 1.0)
    assert program.output is program.inputs[0]


def test_several_outputs():
    program, found = run(lambda x, y: (x + y, x * y, 1.0), 2.0, 3.0)
    assert found == (5.0, 6.0, 1.0)
    assert len(program.outputs) == 3
