"""Traces kept for later calls: when one serves again, and when the function is traced anew."""

import functools
import operator
import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.ir.run import Run
from chalkgrad.trace.calls import KEYS, VARIANTS, Calls

V = np.array([1.0, -2.0, 3.0])


class Counted:
    """A function run by its traces; `traced` is how often it was traced."""

    def __init__(self, function):
        self.traced = 0
        self._calls = Calls(function, self._prepare)

    def __call__(self, *args, **kwargs):
        served = self._calls(args, kwargs)
        return served.variant.trace.result.unflatten(served.result)

    def _prepare(self, trace):
        self.traced += 1
        whole, results = trace.program, len(trace.program.outputs)
        run = Run(type(whole)(whole.name, whole.inputs, whole.steps, (*whole.outputs, *[g.atom for g in trace.guards])))

        def runner(values):
            with np.errstate(all="ignore"):
                found = run([np.float64(v) if isinstance(v, (int, float)) else v for v in values])
            return found[:results], found[results:]

        return runner


def agree(function, calls, *points):
    for args in points:
        np.testing.assert_array_equal(calls(*args), function(*args))


def test_a_trace_serves_every_point_of_the_same_types():
    def f(x, y):
        return x * y + 1

    calls = Counted(f)
    agree(f, calls, (V, 2.0), (V + 1, 3.0), (-V, -4.0))
    assert calls.traced == 1
    agree(f, calls, (V[:2], 2.0), (V, 2), (V.astype(np.float32), 2.0), (V, V))
    assert calls.traced == 5


def test_each_branch_is_traced_once():
    def f(x):
        return np.sqrt(x) if x > 1 else x**2 if x > 0 else -x

    calls = Counted(f)
    agree(f, calls, (4.0,), (0.5,), (-3.0,), (9.0,), (0.25,), (-1.0,), (1.0,), (0.0,))
    assert calls.traced == 3


def test_a_mask_of_another_pattern_is_traced_anew():
    def f(x):
        return x[x > 0] * 2

    calls = Counted(f)
    agree(f, calls, (V,), (V + 0.5,), (-V,), (V,), (-V * 2,), (np.abs(V),))
    assert calls.traced == 3


def test_an_int_that_counts_turns():
    def power(x, n):
        y = 1.0
        for _ in range(n):
            y = y * x
        return y

    calls = Counted(power)
    agree(power, calls, (2.0, 3), (3.0, 3), (2.0, 5), (2.0, 3), (2.0, 0))
    assert calls.traced == 3


def test_a_float_that_equals_an_int_is_another_key():
    calls = Counted(lambda x, n: x[:n].sum())
    assert calls(V, 2) == -1.0
    with pytest.raises(Exception, match=r"int\(x\)"):
        calls(V, 2.0)


def test_values_that_are_passed_on_count():
    def f(x, mode="sum", axes=(0,)):
        return np.sum(x, axis=axes) if mode == "sum" else np.mean(x, axis=axes)

    calls = Counted(f)
    agree(f, calls, (V,), (V, "mean"), (V, "sum"), (V, "sum", (0,)), (V, "sum", 0))
    assert calls.traced == 5, "an axis given as a bare int is a number"
    agree(f, calls, (V,), (V, "mean"), (V, "sum", (0,)))
    assert calls.traced == 5


def test_nests_count_by_their_shape():
    def f(p):
        return sum(p["a"]) * (2 if "b" in p else 1)

    calls = Counted(f)
    agree(f, calls, ({"a": [1.0, 2.0]},), ({"a": [3.0, 4.0]},), ({"a": [1.0]},), ({"a": [1.0], "b": 2.0},))
    assert calls.traced == 3


def test_numbers_from_outside_that_change():
    rate = 2.0

    def f(x):
        return x * rate

    calls = Counted(f)
    agree(f, calls, (V,), (V,))
    rate = 3.0
    agree(f, calls, (V,), (V,))
    assert calls.traced == 2


def test_an_array_from_outside_is_an_input():
    W = np.array([1.0, 2.0, 3.0])

    def f(x):
        return x * W

    calls = Counted(f)
    agree(f, calls, (V,))
    W[0] = 10
    agree(f, calls, (V,))
    W *= 2
    agree(f, calls, (V,))
    assert calls.traced == 1
    W = np.array([0.0, 1.0, 0.0])
    agree(f, calls, (V,))
    assert calls.traced == 2


PLAIN_READS = {
    "slice": lambda x, W: x * W[:3],
    "entry": lambda x, W: x * W[1],
    "sum": lambda x, W: x * W.sum(),
    "ufunc": lambda x, W: x * np.exp(W),
    "function": lambda x, W: x * np.mean(W),
    "transposed": lambda x, W: x @ W.T,
    "copied": lambda x, W: x * W.copy(),
    "asarray": lambda x, W: x * np.asarray(W),
    "array": lambda x, W: x * np.array(W),
    "branch": lambda x, W: x if W[0] > 0 else -x,
    "float": lambda x, W: x * float(W[0]),
    "iterated": lambda x, W: sum(x[0] * w for w in W),
    "listed": lambda x, W: x * W.tolist()[0],
    "operator": lambda x, W: x * (W + 1),
    "negated": lambda x, W: x * -W,
    "compared": lambda x, W: x * (W > 0),
    "zipped": lambda x, W: sum(a * b for a, b in zip(x, W, strict=True)),
    "in a list": lambda x, W: np.stack([x, W]),
    "as places": lambda x, W: x[W.astype(int) % 3],
    "contained": lambda x, W: x if 1.0 in W else -x,
    "int": lambda x, W: x * int(W[1]),
    "max": lambda x, W: x * max(W),
    "linalg": lambda x, W: x * np.linalg.norm(W),
}


@pytest.mark.parametrize("read", PLAIN_READS.values(), ids=PLAIN_READS)
def test_an_array_from_outside_that_plain_numpy_reads(read):
    W = np.array([1.0, 2.0, 3.0])

    def f(x):
        return read(x, W)

    calls = Counted(f)
    agree(f, calls, (V,), (V + 1,))
    assert calls.traced == 1
    W[:] = [-1.0, 0.5, 2.0]
    agree(f, calls, (V,), (V + 1,))
    assert calls.traced <= 2


def test_an_array_that_the_function_itself_changes():
    count = np.zeros(1)

    def f(x):
        count[0] += 1
        return x * count[0]

    with pytest.raises(TraceError, match="f changes the array count, which is not its own"):
        Counted(f)(2.0)


def test_what_may_change_unseen_is_traced_at_every_call():
    weights = [1.0]

    class Model:
        scale = 1.0

        def run(self, x):
            return x * self.scale

    model = Model()
    listed, bound = Counted(lambda x: x * weights[0]), Counted(model.run)
    for k in (2.0, 3.0):
        weights[0] = model.scale = k
        assert listed(2.0) == bound(2.0) == 2 * k
    assert listed.traced == bound.traced == 2


class Layer(NamedTuple):
    W: object
    b: object

    def run(self, x):
        return np.tanh(self.W @ x + self.b)


@dataclass
class Scaled:
    by: float

    def __call__(self, x):
        return x * self.by * FACTOR


FACTOR = 2.0


def test_classes_count_by_what_their_functions_read(monkeypatch):
    def f(x):
        layer = Layer(np.eye(3), x)
        return layer.run(functools.reduce(operator.add, [x, x])) + Scaled(3.0)(x)

    calls = Counted(f)
    agree(f, calls, (V,), (V + 1,))
    assert calls.traced == 1
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    agree(f, calls, (V,), (V + 1,))
    assert calls.traced == 2


def test_whole_numbers_from_outside_of_any_width():
    places = np.array([2, 0], np.int32)

    def f(x):
        return x[places] + (x[0] * places).sum()

    calls = Counted(f)
    agree(f, calls, (V,))
    places[0] = 1
    agree(f, calls, (V,))


def test_a_partial_of_a_function():
    def f(x, n, scale):
        return x**n * scale

    calls = Counted(functools.partial(f, n=3, scale=2.0))
    assert calls(2.0) == 16.0
    assert calls(3.0) == 54.0
    assert calls.traced == 1


def test_the_layout_counts_where_the_result_hangs_on_it():
    def f(x):
        a = x * 1
        b = a.reshape(-1)
        b[1] = 5
        return a

    calls = Counted(f)
    square = np.arange(9.0).reshape(3, 3)
    agree(f, calls, (square,), (square.T,), (square + 1,), ((square + 1).T,))
    assert calls.traced == 2
    plain = Counted(lambda x: x * 2)
    agree(lambda x: x * 2, plain, (square,), (square.T,))
    assert plain.traced == 1


def test_as_many_are_kept_as_said():
    def f(x, n):
        return x + sum(range(n))

    calls = Counted(f)
    for n in range(VARIANTS + 4):
        calls(1.0, n)
    assert calls.traced == VARIANTS + 4
    calls(1.0, VARIANTS + 3)
    assert calls.traced == VARIANTS + 4
    calls(1.0, 0)
    assert calls.traced == VARIANTS + 5
    sizes = Counted(lambda x: x.sum())
    for n in range(KEYS + 2):
        sizes(np.ones(n + 1))
    sizes(np.ones(KEYS + 2))
    assert sizes.traced == KEYS + 2
    sizes(np.ones(1))
    assert sizes.traced == KEYS + 3


def test_a_branch_at_its_very_border():
    """What the runner finds for a guard may differ from the trace in its last bit: the result is that of the trace."""

    def f(x):
        return x * 2 if x > 0 else x

    calls = Calls(f, lambda trace: lambda values: ([values[0] * 2], [np.False_ for _ in trace.guards]))
    assert calls((1.0,), {}).result == [2.0]
    assert calls((1.0,), {}).result == [2.0]


def test_from_several_threads():
    def f(x):
        return x * 2 if x.sum() > 0 else -x

    calls, wrong = Counted(f), []

    def run(k):
        for i in range(50):
            x = V * (k - 1) + i % 3 - 1
            if not np.array_equal(calls(x), f(x)):
                wrong.append(x)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong
