"""What cannot be traced names the file, the line, what was found, and what to write instead."""

import inspect
import math
import random

import numpy as np
import pytest

from chalkgrad.errors import ProgramError, ShapeError, TraceError
from chalkgrad.trace.record import trace

V = np.array([1.0, 2.0, 3.0])


def both(x):
    return np.where(x > 0 and x < 1, x, 0.0)  # here


def chain(x):
    return 0 < x < 1  # here


def as_float(x):
    return float(x[0])  # here


def by_math(x):
    return math.exp(x[0])  # here


def by_math_floor(x):
    return math.floor(x[0])  # here


def plain_added(x):
    total = V.copy()
    total += x  # here
    return total


def into_plain(x):
    out = V.copy()
    out[0] = x[0]  # here
    return out


def fraction_into_whole(x):
    out = np.zeros(3, int)
    out[0] = x[0]  # here
    return out


def too_many_entries(x):
    out = np.zeros((3, 2))
    out[0] = x  # here
    return out


def entry_of_number(x):
    s = x.sum()
    s[0] = 1.0  # here
    return s


def into_diagonal(x):
    a = np.zeros((3, 3)) + x
    np.diagonal(a)[0] = 1.0  # here
    return a


def truth_of_many(x):
    return x if x > 0 else -x  # here


def infinite_int(x):
    return x * int(x[0] / 0.0)  # here


def shape_set(x):
    y = x * 1
    y.shape = (3, 1)  # here
    return y


def no_function(x):
    return np.fft.fft(x)  # here


def where_keyword(x):
    return np.log(x, where=np.array([True, False, True]))  # here


def dtype_of_ufunc(x):
    return np.add(x, 1, dtype=np.float32)  # here


def initial_keyword(x):
    return x.max(initial=0.0)  # here


def misspelt(x):
    return x.summ()  # here


def list_operand(x):
    return x + [1.0, 2.0, 3.0]  # noqa: RUF005  # here


def string_operand(x):
    return x + "a"  # here


def none_operand(x):
    return x * None  # here


def complex_operand(x):
    return x * 1j  # here


def matrix_operand(x):
    return x * np.ma.masked_array(V)  # here


def huge(x):
    return x * (2**53 + 1)  # here


def traced_index(x):
    return V[x[0]]  # here


def traced_axis(x):
    return np.sum(x, axis=x[0])  # here


def truth_negated(x):
    return -(x > 0)  # here


def xor(x):
    return (x > 0) ^ (x < 1)  # here


def bits(x):
    return np.where(M[0] & 1, x, x) & 1  # here


M = np.array([1, 2])


def hashed(x):
    return {x[0]: 1}  # here


def length_of_number(x):
    return len(x[0])  # here


def entries_of_number(x):
    a, b = x[0]  # here
    return a + b


def rebound_dtype(n):
    n = n + 1
    n /= 2  # here
    return n


LINE = [
    (both, "&"),
    (chain, "&"),
    (as_float, "leave float() out"),
    (by_math, "write np.exp for math.exp"),
    (by_math_floor, "np.floor(x)"),
    (plain_added, "write a = a + x for a += x"),
    (into_plain, "made in the function, by np.zeros or np.array"),
    (fraction_into_whole, "float64 does not go into int64"),
    (too_many_entries, "(3,) does not go into entries of shape (2,)"),
    (entry_of_number, "a number has no entries"),
    (into_diagonal, "NumPy lets nobody write here"),
    (truth_of_many, "write np.any(x)"),
    (infinite_int, "no finite number"),
    (shape_set, "x.reshape"),
    (no_function, "np.fft.fft is no op here"),
    (where_keyword, "np.log with where="),
    (dtype_of_ufunc, "np.add with dtype="),
    (initial_keyword, "np.max with initial="),
    (misspelt, "did you mean 'sum'?"),
    (list_operand, "a list stands where an array belongs; write np.array([...])"),
    (string_operand, "a str ('a') stands where"),
    (none_operand, "None stands where a number"),
    (complex_operand, "a complex (1j)"),
    (matrix_operand, "MaskedArray has rules of its own"),
    (huge, "does not fit into a float"),
    (traced_index, "so it can be no index"),
    (traced_axis, "axis= of np.sum is a traced value"),
    (xor, "a != b"),
    (bits, "np.bitwise_and is no op here"),
    (hashed, "cannot be a key"),
    (length_of_number, "len() of a number"),
    (entries_of_number, "iteration over a number"),
]


def line_of(function):
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if "# here" in line)


@pytest.mark.parametrize(("function", "said"), LINE, ids=[f.__name__ for f, _ in LINE])
def test_refused_with_file_and_line(function, said):
    with pytest.raises((TraceError, ShapeError, ProgramError)) as caught, np.errstate(all="ignore"):
        trace(function, V)
    message = str(caught.value)
    assert message.startswith(f"line {line_of(function)} of {__file__}: ")
    assert said in message
    assert "^" in message.splitlines()[-1]


def test_a_truth_has_no_negative():
    with pytest.raises(Exception, match=f"line {line_of(truth_negated)} of {__file__}"):
        trace(truth_negated, V)


def test_whole_numbers_take_no_fraction_in_place():
    with pytest.raises(TraceError, match=f"line {line_of(rebound_dtype)} of .*float64.*does not go into int64"):
        trace(rebound_dtype, np.arange(3))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x + np.ones(4),
        lambda x: x @ np.ones(2),
        lambda x: x[3],
        lambda x: x[0, 0],
        lambda x: np.sum(x, axis=1),
        lambda x: x.reshape(2, 2),
    ],
)
def test_sizes_that_do_not_fit_name_the_line(function):
    with pytest.raises(ShapeError) as caught:
        trace(function, V)
    assert str(caught.value).startswith(f"line {function.__code__.co_firstlineno} of {__file__}: ")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (None, "returns None: is a return missing"),
        ("a", "returns a str"),
        ({}, "returns a dict"),
        ((), "returns a tuple"),
        ((1.0, {1.0}), "returns a set"),
        ((1.0, object()), "returns an object"),
        (np.ones(2, complex), "complex128"),
    ],
)
def test_results_that_are_no_array(result, said):
    def f(x):
        return result

    with pytest.raises(TraceError, match=said) as caught:
        trace(f, 1.0)
    assert f"line {f.__code__.co_firstlineno} of {__file__}" in str(caught.value)


def test_a_leak_is_told_when_it_is_used():
    kept = []

    def f(x):
        kept.append(x)
        return x

    trace(f, V)
    with pytest.raises(TraceError, match="a value of the trace of f is used outside it"):
        kept[0] + 1
    with pytest.raises(TraceError, match="the trace of f"):
        trace(lambda x: x + kept[0], V)
    with pytest.raises(TraceError, match="returns a value of the trace of f"):
        trace(lambda x: kept[0], V)
    assert "float64(3,)" in repr(kept[0])


def test_a_trace_in_a_trace_keeps_apart():
    def outer(x):
        inner = trace(lambda y: y * 2, 1.0)
        assert len(inner.steps) == 1
        return x * 3

    assert len(trace(outer, 1.0).steps) == 1


def test_a_caught_refusal_is_raised_in_the_end():
    def f(x):
        try:
            return float(x)
        except Exception:
            return x * 2

    with pytest.raises(TraceError, match="leave float"):
        trace(f, 1.0)


def test_what_numpy_answers_with_a_type_error_may_be_caught():
    def f(x):
        assert not hasattr(x, "no_such_thing")
        try:
            return x * len(x)
        except TypeError:
            return x

    assert trace(f, 1.0).steps == ()


@pytest.mark.parametrize("draw", [lambda: np.random.normal(), random.random, lambda: np.random.rand(2).sum()])
def test_random_draws_are_refused(draw):
    with pytest.raises(TraceError, match="draws random numbers"):
        trace(lambda x: x * draw(), 1.0)


def test_errors_of_the_function_itself_are_its_own():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        trace(f, 1.0)


def test_source_that_is_not_there():
    space = {"np": np}
    exec("def f(x):\n    q = x * 2\n    return q + np.fft.fft(x)\n", space)
    with pytest.raises(TraceError, match=r"line 3 of <string>: np\.fft\.fft is no op here"):
        trace(space["f"], 1.0)
