"""`if`, `while`, masks and ints on traced values: the branch of the example is taken, and a guard says so."""

import math

import numpy as np
import pytest

from chalkgrad.ir.run import Run
from chalkgrad.trace.record import record, trace

V = np.array([1.0, -2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)


def branch(x):
    if x[0] > 0:
        return x * 2
    return -x


def loop(x):
    while x.sum() < 30:
        x = x * 2
    return x


def both(x):
    return x[0] if x[0] > 0 and x[1] < 0 else x[1]


def either(x):
    return x[0] if x[0] > 5 or not x[1] > 0 else x[1]


def chain(x):
    return x * 2 if 0 < x[0] < 2 else x


def builtin_max(x):
    return max(x[0], x[1], x[2]) - min(x)


def bare_number(x):
    return x * 2 if x[1] else x


def one_entry(x):
    return x * 2 if x[:1] else x


def sorted_list(x):
    return sorted(x)[1]


def conditional(x):
    total = 0.0
    for v in x:
        total += v**2 if v > 0 else -v
    return total


def masked(x):
    return x[x > 0].sum() + x[(x < 0)].sum() * 3


def masked_rows(x):
    return np.stack([x, x * 2])[:, x > 0]


def mask_and_index(x):
    return np.stack([x, x * 2])[0, x > 0]


def mask_written(x):
    y = x.copy()
    y[y < 0] = 0.5
    y[y > 0.7] *= 2
    y[x > 2] = x[x > 2] - 1
    return y


def cut(x):
    return x * int(x[2] / 2) + int(-2.5 * x[0])


def place_of_largest(x):
    return x[np.argmax(x)] * x[x.argmin()]


def ordered(x):
    return x[np.argsort(x)] * np.arange(3.0)


def counted(x):
    n = np.sum(x > 0)
    return sum(x[i] for i in range(n))


def first_entries(x):
    k = int(x[2])
    return x[:k] * x[-k:]


def any_all(x):
    return x * 3 if np.any(x > 2) and not np.all(x > 0) else x


def where_alone(x):
    return x[np.where(x > 0)].sum() + x[np.nonzero(x)].sum() * 3 + x[np.flatnonzero(x < 2)][0] + np.argwhere(x)[0, 0]


def entries(x):
    pairs = zip(x, x[::-1], strict=True)
    return len(x) * x.shape[0] + sum(v * i for i, v in enumerate(x)) + sum(a * b for a, b in pairs)


def found_in(x):
    return x * 2 if 3.0 in x else x


FUNCTIONS = [branch, loop, both, either, chain, builtin_max, bare_number, one_entry, sorted_list, conditional, masked]
FUNCTIONS += [masked_rows, mask_and_index, mask_written, cut, place_of_largest, ordered, counted, first_entries]
FUNCTIONS += [any_all, entries, found_in, where_alone]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("at", [V, np.array([2.5, 0.0, 1.0])], ids=["V", "W"])
def test_as_numpy(function, at):
    want = function(at.copy())
    (found,) = Run(trace(function, at))([at])
    np.testing.assert_array_equal(found, want)


def test_a_guard_has_the_truth_and_its_line():
    made = record(branch, (V,), {})
    (guard,) = made.guards
    assert guard.value is np.True_
    assert guard.origin.line == branch.__code__.co_firstlineno + 1
    assert guard.origin.text[slice(*guard.origin.span)] == "x[0] > 0"
    assert guard.holds(True)
    assert not guard.holds(False)


def test_guards_of_masks_and_ints():
    (mask,) = record(lambda x: x[x > 0], (V,), {}).guards
    assert mask.value.tolist() == [True, False, True]
    assert not mask.holds(np.array([True, True, True]))
    (place,) = record(lambda x: x[: np.argmax(x)], (V,), {}).guards
    assert place.value == 2
    assert not record(lambda x: x[np.argmax(x)], (V,), {}).guards, "a place that is only read from decides nothing"
    assert not record(ordered, (V,), {}).guards, "places that are only moved along decide nothing"
    assert not record(lambda x: np.where(x > 0, x, 0.0), (V,), {}).guards


def test_setting_a_mask_to_a_number_decides_nothing():
    def f(x):
        y = x * 1
        y[y < 0] = 0.0
        return y

    made = record(f, (V,), {})
    assert not made.guards
    assert [s.op.name for s in made.program.steps] == ["multiply", "less", "where"]


def test_the_same_question_is_one_guard():
    def f(x):
        big = x.sum() > 1
        return (x if big else -x) * (2 if big else 3)

    assert len(record(f, (V,), {}).guards) == 1


def test_the_program_shows_no_step_that_only_chose():
    assert [s.op.name for s in trace(branch, V).steps] == ["multiply"]
    assert "greater" in [s.op.name for s in record(branch, (V,), {}).program.steps]

    def used(x):
        big = x > 0
        return x * big if big.sum() > 1 else x

    assert [s.op.name for s in trace(used, V).steps] == ["greater", "multiply"]


def power(x, n):
    y = 1.0
    for _ in range(n):
        y = y * x
    return y


def backwards(x, n):
    return sum(x[i] for i in range(n - 1, -1, -1)) + x[-n // 2] + n / 2 + (n % 2) * x[n - 1]


def sized(x, n):
    return np.zeros(n) + np.arange(n) * x[0] + np.ones((n, 2)).sum() + x.reshape(n, -1).sum() + x[:n].mean()


@pytest.mark.parametrize("call", [(power, 2.0, 3), (backwards, V, 3), (sized, V, 3)], ids=lambda c: c[0].__name__)
def test_an_int_argument_may_be_used_as_an_int(call):
    function, x, n = call
    made = record(function, (x, n), {})
    np.testing.assert_array_equal(Run(made.program)([x, float(n)])[0], function(x, n))
    assert made.guards
    assert made.program.inputs[1].type.dtype == "float64"


def test_a_float_argument_is_no_int():
    with pytest.raises(Exception, match=r"write int\(x\)"):
        trace(power, 2.0, 3.0)


def test_an_int_that_is_not_used_as_one_decides_nothing():
    assert not record(lambda x, n: x * n + n**2, (2.0, 3), {}).guards


def test_whole_arrays_are_ints():
    def f(x, places):
        return x[places[0]] + x[places[1:]].sum() + (x * places).sum()

    places = np.array([2, 0, 1])
    made = record(f, (V, places), {})
    assert not made.guards
    np.testing.assert_array_equal(Run(made.program)([V, places])[0], f(V, places))


def test_a_row_at_a_traced_place_is_a_view():
    def f(x):
        a = x * 1
        row = a[np.argmax(a[:, 0])]
        row += 10
        a[np.argmin(a[:, 0])] *= 2
        a[0, np.argmax(a[0])] = 7
        return a, row

    made = record(f, (A,), {})
    for found, want in zip(Run(made.program)([A]), f(A), strict=True):
        np.testing.assert_array_equal(found, want)
    assert {int(g.value) for g in made.guards} == {1, 0, 2}, "where it is written hangs on the place"


def test_recursion_by_an_int():
    def factorial(n):
        return 1 if n <= 1 else n * factorial(n - 1)

    assert Run(trace(factorial, 5))([5.0]) == (120.0,)


def test_newton_until_it_is_done():
    def root(a):
        x = a
        while abs(x * x - a) > 1e-12:
            x = 0.5 * (x + a / x)
        return x

    (found,) = Run(trace(root, 2.0))([2.0])
    assert found == root(2.0)
    assert math.isclose(found, math.sqrt(2))
