"""What gave a silently wrong number in a trial of the design: one test each, and each compared with plain NumPy."""

import random

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.ir.run import Run
from chalkgrad.trace.calls import Calls
from chalkgrad.trace.record import record, trace

V = np.array([1.0, -2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)


def runs(trace_):
    whole, results = trace_.program, len(trace_.program.outputs)
    run = Run(type(whole)(whole.name, whole.inputs, whole.steps, (*whole.outputs, *[g.atom for g in trace_.guards])))
    return lambda values: (lambda found: (found[0], found[results:]))(run(values))


def agree(function, *points):
    calls = Calls(function, runs)
    for x in points:
        np.testing.assert_array_equal(calls((x,), {}).result, function(x.copy(order="K")))


def test_a_mask_at_another_point():
    agree(lambda x: x[x > 0].sum(), V, -V, V + 5, V)


def test_a_mask_that_is_written_at_another_point():
    def f(x):
        y = x.copy()
        y[y < 0] = y[y < 0] ** 2
        y[y > 5] = 5
        return y

    agree(f, V, -V, V * 9, V)


def test_a_write_through_a_transpose():
    def f(x):
        a = x * 1
        a.T[0] = 7.0
        return a

    agree(f, A, A.T, A[::-1])


def test_a_write_through_a_reshape_where_it_is_a_view_and_where_it_is_a_copy():
    def f(x):
        a = x * 1
        a.reshape(-1)[0] = 7.0
        b = a.T.reshape(-1)
        b[1] = 9.0
        return a + b.sum()

    agree(f, A, A.T, np.asfortranarray(A), A[:, ::-1], A[:1])


def test_a_view_read_after_its_base_was_written():
    def f(x):
        a = x * 1
        first, turned, copied = a[0], a.T, a[[0]]
        a[0, 0] = 100.0
        return first.sum() + turned[0, 0] + copied.sum()

    agree(f, A)


def test_a_slice_written_from_a_slice_that_overlaps():
    def f(x):
        a = x.copy()
        a[1:] = a[:-1]
        a[:-1] += a[1:]
        a[::2], a[1] = a[1], a[0]
        return a

    agree(f, V)


def test_a_place_written_twice():
    def f(x):
        a = np.zeros(3)
        a[[0, 0, 2]] = x
        a[[1, 1]] += x[0]
        return a

    agree(f, V)


def test_the_gradient_of_a_place_written_twice_goes_to_the_last():
    from chalkgrad.transform.backprop import backprop

    def f(x):
        a = np.zeros(3)
        a[[0, 0, 2]] = x
        return (a * np.array([1.0, 10.0, 100.0])).sum()

    program = trace(f, V)
    _, gradient = Run(backprop(program).gradient)([V, np.float64(1)])
    np.testing.assert_array_equal(gradient, [0.0, 1.0, 100.0])


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: np.random.normal(size=3),
        lambda x: np.random.rand(),
        lambda x: random.random(),
        lambda x: np.random.permutation(3),
        lambda x: random.choice([1.0, 2.0]),
    ],
)
def test_a_random_draw_is_refused(draw):
    with pytest.raises(TraceError, match="draws random numbers"):
        trace(lambda x: x * draw(x), V)


def test_a_draw_of_a_generator_from_outside_is_kept_by_no_program():
    rng, dice = np.random.default_rng(0), random.Random(0)
    for draw in (lambda: rng.normal(), lambda: dice.random()):
        with pytest.raises(TraceError, match="draws random numbers"):
            trace(lambda x, draw=draw: x * draw(), V)
    calls = Calls(lambda x: x * rng.normal(), runs)
    assert calls((1.0,), {}).result != calls((1.0,), {}).result, "traced at every call, as NumPy draws at every call"


def test_an_einsum_of_one_array_is_a_view():
    def f(x):
        a = np.outer(x, x) * 1
        np.einsum("ii->i", a)[:] = 0
        np.einsum("ij->ji", a)[0] += x
        b = np.einsum("ij->i", a)
        b[0] = 50
        return a + b

    agree(f, V)


def test_flat_writes_into_the_array_however_it_lies():
    def f(x):
        a = x * 1
        a.flat[1] = 5
        a.ravel()[2] = 6
        a.reshape(-1, order="F")[3] = 7
        return a

    agree(f, A, A.T)


def test_a_refusal_that_the_function_swallows_is_raised_in_the_end():
    def f(x):
        try:
            scale = float(x[0])
        except Exception:
            scale = 1.0
        return x * scale

    with pytest.raises(TraceError, match="leave float"):
        trace(f, V)


def test_a_leak_that_the_function_swallows_is_raised_in_the_end():
    kept = []
    trace(lambda x: kept.append(x) or x, V)

    def f(x):
        try:
            return x + kept[0]
        except TraceError:
            return x

    with pytest.raises(TraceError, match="is used outside it"):
        trace(f, V)


def test_an_array_of_the_closure_that_is_changed_later():
    W = np.array([1.0, 2.0, 3.0])

    def f(x):
        return x * W + W[:1] * (2 if W.sum() > 0 else 3)

    calls = Calls(f, lambda t: lambda values: runs(t)([*values]))
    for k in (1.0, -2.0, 5.0):
        W[:] = k * np.array([1.0, 2.0, 3.0])
        np.testing.assert_array_equal(calls((V,), {}).result, f(V))


def test_a_program_keeps_the_numbers_of_the_closure_as_they_were():
    W = np.array([1.0, 2.0, 3.0])
    program = trace(lambda x: x * W, V)
    W[:] = 0
    np.testing.assert_array_equal(Run(program)([V])[0], V * [1, 2, 3])


def test_an_augmented_number_rebinds_and_an_augmented_array_does_not():
    def f(x):
        total, also = x.sum(), x * 1
        kept, seen = total, also
        total += 1
        also += 1
        return kept * 100 + total + seen

    agree(f, V)


def test_in_place_on_an_argument_is_refused():
    def f(x):
        x[0] = 5.0
        return x

    with pytest.raises(TraceError, match="the caller's own array"):
        trace(f, V)


def test_a_chain_of_views():
    def f(x):
        a = np.zeros((4, 4))
        block = a[1:3, 1:3]
        row = block.T[0]
        row += x[:2]
        block *= 2
        block.reshape(4)[3] = 50
        return a

    agree(f, V)


def test_views_of_arrays_of_no_axes_and_of_ints_and_truths():
    def f(x):
        a, k, m = np.zeros(()), np.array(2), np.zeros(3, bool)
        b, j, n = a.reshape(1), k[...], m[1:]
        b[0] = x[0]
        j += 1
        n[0] = True
        assert k.dtype == int
        return a + k * x[m].sum()

    agree(f, V)


def test_a_function_of_numpy_that_copies_gives_no_view():
    def f(x):
        a = x * 1
        b = np.take(a, [0, 1])
        b[0] = 10
        c = np.where(True, a, a)
        c[1] = 20
        d = np.maximum(a, a)
        d[2] = 30
        e = np.concatenate([a])
        e[0] = 40
        return a + b.sum() + c + d + e

    agree(f, V)


def test_float32_stays_float32():
    def f(x):
        a = np.zeros_like(x)
        a[0] = x[0] * 2
        a[1:] += x[1:] / 3
        return a * (2 if a[0] > 0 else 3)

    at = V.astype(np.float32)
    (found,) = Run(record(f, (at,), {}).program)([at])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, f(at))
