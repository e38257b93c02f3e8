"""Arrays that a function makes itself may be written into: NumPy's names in its module are bound anew for the trace."""

import sys
import threading
import types

import numpy as np
import pytest
from numpy import array, zeros
from numpy import linalg as la

from chalkgrad.errors import TraceError
from chalkgrad.ir.run import Run
from chalkgrad.trace.record import record, trace

V = np.array([1.0, -2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)
PLAIN = np.array([5.0, 6.0, 7.0])


def filled(x):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] ** 2
    return out


def by_name(x):
    out = zeros((2, 3))
    out[0] = x
    return out + array([x, x])


def listed(x):
    return np.array([x[0], 2.0, x[1] * x[2]]) * np.array([[1.0], [2.0]])


def nested_list(x):
    return np.array([[x[0], 1], [0, x[1]]]) @ np.eye(2)


def empty(x):
    out = np.empty((3, 2))
    out[:, 0], out[:, 1] = x, x * 2
    return out


def likes(x):
    a, b, c = np.zeros_like(x), np.ones_like(x), np.empty_like(x)
    a[1] = x[1]
    c[:] = b * x
    return a + b + c + np.full_like(x, 3)


def full_of_traced(x):
    a = np.full((2, 3), x[0])
    a[0] += x
    return a


def full_of_rows(x):
    return np.full((2, 3), x)


def identity_changed(x):
    m = np.eye(3)
    m[0, 1] = x[0]
    m[np.diag_indices(3)] *= x
    return m


def plain_stays_plain(x):
    places = np.arange(3)[::-1]
    weights = np.linspace(0, 1, 3) * 2
    total = float(weights.sum()) + int(np.arange(4)[2])
    if np.zeros(2).sum() == 0 and isinstance(weights, np.ndarray):
        total += 1
    return x[places] * weights * total + np.float64(3) + PLAIN


def sums_of_lists(x):
    return np.sum([v**2 for v in x]) + np.mean([x[0], x[1]]) + np.max([x[0], x[2]]) + sum([*x]) + la.norm([x[0], 2.0])


def joined(x):
    return np.concatenate([x, np.zeros(2)]) + np.hstack([np.ones(2), x])


def as_array(x):
    return np.asarray(x) + np.array(x) + np.asarray([1.0, 2, 3]) + np.asarray(PLAIN)


def aliased(x):
    a = np.zeros(3)
    b = np.asarray(a)
    c = np.array(a)
    b[0] = x[0]
    c[1] = x[1]
    return a + 10 * c


def views_of_made(x):
    a = np.zeros((3, 3))
    a[1] = x
    a.T[0] += x
    a.reshape(-1)[4] = 7
    row = a[2]
    row[:] = x
    return a


def copied_constant(x):
    a = np.array(PLAIN)
    a[0] = x[0]
    return a + np.copy(PLAIN)


def narrow(x):
    a = np.zeros(3, np.float32)
    a[0] = 1.5
    a[1:] = 2
    return a * x.astype(np.float32)


def lists(x):
    first, *rest = x.tolist()
    return np.array([first * 2, *rest]) + np.array(np.eye(3).tolist())[0]


def whole(x):
    counts = np.zeros(3, int)
    for v in (0, 2, 2):
        counts[v] += 1
    return x * counts


def grid(x):
    n = x.shape[0]
    u = np.zeros(n + 2)
    u[1:-1] = x
    for _ in range(3):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return u


def out_given(x):
    out = np.zeros(3)
    np.multiply(x, 2, out=out)
    np.add(out, x, out=out)
    np.add(out, 1, out)
    summed, ran = np.zeros(()), np.zeros(3)
    np.sum(x, out=summed)
    np.cumsum(x, out=ran)
    return out + summed + ran


def added_at(x):
    out = np.zeros(3)
    np.add.at(out, [0, 0, 2], x)
    np.subtract.at(out, [1], 2.0)
    return out


def functions_in_place(x):
    a, b = np.zeros(3), np.zeros((3, 3))
    np.copyto(a, x)
    np.put(a, [0], [9.0])
    np.putmask(a, a < 0, 4.0)
    np.fill_diagonal(b, x)
    a.put([1], x[2])
    return b @ a


FUNCTIONS = [filled, by_name, listed, nested_list, empty, likes, full_of_traced, full_of_rows, identity_changed]
FUNCTIONS += [plain_stays_plain, sums_of_lists, joined, as_array, aliased, views_of_made, copied_constant, narrow]
FUNCTIONS += [whole, lists, grid, out_given, added_at, functions_in_place]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_numpy(function):
    want = function(V.copy())
    (found,) = Run(trace(function, V))([V])
    np.testing.assert_array_equal(found, want)
    assert np.asarray(found).dtype == np.asarray(want).dtype


def test_constants_alone_make_no_step():
    assert trace(lambda x: x * (np.eye(3) * 2 + np.arange(3).reshape(3, 1)).sum(), V).steps[0].op.name == "multiply"
    assert len(trace(plain_stays_plain, V).steps) == 5


def test_a_constant_may_be_the_result():
    (found,) = Run(trace(lambda x: np.zeros(2), V))([V])
    np.testing.assert_array_equal(found, [0, 0])


def test_the_names_are_restored():
    import numpy

    trace(filled, V)
    assert np is numpy
    assert zeros is numpy.zeros
    with pytest.raises(TraceError):
        trace(lambda x: np.zeros(float(x[0])), V)
    with pytest.raises(KeyError):
        trace(lambda x: {}[np.zeros(1).size], V)
    assert np is numpy

    def outer(x):
        assert np is not sys.modules["numpy"]
        inner = trace(filled, V)
        assert np is not sys.modules["numpy"]
        return x * len(inner.steps)

    trace(outer, V)
    assert np is numpy
    assert zeros is numpy.zeros


def test_recursion_and_generators():
    def count(n, x):
        made = np.zeros(1)
        made[0] = x
        return made if n == 0 else made + count(n - 1, x)

    def entries(x):
        for v in x:
            made = np.zeros(1)
            made[0] = v
            yield made

    def f(x):
        return sum(entries(x)) + count(3, x[0])

    np.testing.assert_array_equal(Run(trace(f, V))([V])[0], f(V))


def test_another_thread_meets_numpy_itself():
    inside, done = threading.Event(), threading.Event()
    seen = []

    def other():
        inside.wait(10)
        made = np.zeros(2)  # the stand-in is bound here too, since this is the module of `f`
        made[0] = 1.5
        seen.append((type(made), made.tolist(), type(np.array([1.0])), np.sum([1, 2])))
        done.set()

    def f(x):
        inside.set()
        assert done.wait(10)
        out = np.zeros(1)
        out[0] = x
        return out

    thread = threading.Thread(target=other)
    thread.start()
    trace(f, 1.0)
    thread.join()
    assert seen == [(np.ndarray, [1.5, 0.0], np.ndarray, 3)]


def test_two_threads_trace_at_once():
    import numpy

    results, errors = [], []

    def run(k):
        try:
            for _ in range(20):
                program = trace(filled, V * k)
                results.append(bool(np.array_equal(Run(program)([V * k])[0], (V * k) ** 2)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(1, 4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    assert results == [True] * 60
    assert np is numpy


def test_helpers_of_other_modules():
    helper = types.ModuleType("helper_of_a_person")
    helper.__file__ = "helper_of_a_person.py"
    sys.modules[helper.__name__] = helper
    source = "import numpy as np\ndef fill(x):\n    out = np.zeros(3)\n    out[1] = x[1]\n    return out\n"
    source += (
        "class Model:\n    def run(self, x):\n        out = np.ones(3)\n        out[0] = x[0]\n        return out\n"
    )
    exec(source, helper.__dict__)
    try:
        model = helper.Model()
        for f in (lambda x: helper.fill(x) * 2, helper.fill, lambda x: model.run(x), model.run):
            np.testing.assert_array_equal(Run(trace(f, V))([V])[0], f(V))
    finally:
        del sys.modules[helper.__name__]
    assert helper.np is np


def test_a_module_global_array_stays_as_it_is():
    def f(x):
        PLAIN[0] = x[0]
        return PLAIN

    before = PLAIN.copy()
    with pytest.raises(TraceError, match="made in the function"):
        trace(f, V)
    np.testing.assert_array_equal(PLAIN, before)


def test_what_was_made_in_a_trace_is_used_outside():
    kept = []

    def f(x):
        kept.append(np.zeros(2))
        return x

    trace(f, V)
    with pytest.raises(TraceError, match="used outside it"):
        kept[0] + 1
    with pytest.raises(TraceError, match="used outside it"):
        trace(lambda x: x * kept[0][0], V)


def test_a_trace_has_guards_for_what_constants_became():
    def f(x):
        a = np.zeros(3)
        a[0] = x[0]
        return x if a.sum() > 0 else -x

    assert len(record(f, (V,), {}).guards) == 1


def test_a_traced_value_is_of_the_class_that_numpy_has():
    def f(x, n, flag):
        assert isinstance(x, np.ndarray)
        assert isinstance(np.zeros(2), np.ndarray)
        assert isinstance(x[0], float)
        assert isinstance(x.sum(), np.floating)
        assert not isinstance(x[0], np.ndarray)
        assert isinstance(n, int)
        assert isinstance(n + 1, int)
        assert not isinstance(n / 2, int)
        assert isinstance(x > 0, np.ndarray)
        assert isinstance(flag[0], np.bool_)
        assert np.isscalar(x[0])
        return x * n

    trace(f, V, 2, np.array([True]))


def test_a_function_of_numpys_that_is_passed_on_is_itself():
    def f(x, reduce, scale=np.mean, *, last=np.sum):
        assert scale is np.mean
        assert last is np.sum
        return reduce([x[0], x[1]]) * (2 if reduce is np.sum else 3) * scale(x)

    for reduce in (np.sum, np.mean):
        np.testing.assert_array_equal(Run(trace(f, V, reduce))([V])[0], f(V, reduce))


def test_what_has_every_attribute_is_no_function_to_look_into():
    class Anything:
        def __getattr__(self, name):
            return Anything()

        def __call__(self, x):
            return x * 2

    thing = Anything()
    np.testing.assert_array_equal(Run(trace(lambda x: thing(x), V))([V])[0], V * 2)


def test_as_contiguous_is_the_array_itself_only_where_it_lies_so():
    def f(x):
        a = x * 1
        b = np.ascontiguousarray(a)
        b[0, 0] = 50
        c = np.asfortranarray(np.zeros((2, 2)))
        c.reshape(-1)[0] = 7
        return a.sum() + 10 * b.sum() + c.sum()

    for at in (A, A.T):
        np.testing.assert_array_equal(Run(trace(f, at))([at])[0], f(at))


def test_an_array_made_like_another_lies_as_it_does():
    def f(x):
        a = np.zeros_like(x)
        b = a.reshape(-1)
        b[1] = 5
        return a + x

    for at in (A, A.T):
        np.testing.assert_array_equal(Run(trace(f, at))([at])[0], f(at))
