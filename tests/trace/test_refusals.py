"""What cannot be traced names the file, the line, what was found, and what to write instead."""

import inspect
import math
import random

import numpy as np
import pytest

from chalkgrad.errors import ShapeError, TraceError
from chalkgrad.trace.record import trace

V = np.array([1.0, 2.0, 3.0])


def branch(x):
    if x[0] > 0:  # here
        return x
    return -x


def loop(x):
    while x.sum() < 3:  # here
        x = x * 2
    return x


def both(x):
    return np.where(x > 0 and x < 1, x, 0.0)  # here


def chain(x):
    return 0 < x < 1  # here


def builtin_max(x):
    return max(x[0], x[1])  # here


def as_float(x):
    return float(x[0])  # here


def as_int(x):
    return int(x[0])  # here


def as_range(x):
    return sum(range(x[0]))  # here


def by_math(x):
    return math.exp(x[0])  # here


def by_math_floor(x):
    return math.floor(x[0])  # here


def rounded(x):
    return round(x[0])  # here


def floor_divided(x):
    return x // 2  # here


def written(x):
    x[0] = 1.0  # here
    return x


def item_added(x):
    x = x.copy()
    x[0] += 1.0  # here
    return x


def into_plain(x):
    out = np.zeros(3)
    out[0] = x[0]  # here
    return out


def plain_added(x):
    total = np.zeros(3)
    total += x  # here
    return total


def out_keyword(x):
    return np.exp(x, out=np.zeros(3))  # here


def where_keyword(x):
    return np.log(x, where=np.array([True, False, True]))  # here


def dtype_keyword(x):
    return np.sum(x, dtype=np.float32)  # here


def dtype_of_ufunc(x):
    return np.add(x, 1, dtype=np.float32)  # here


def initial_keyword(x):
    return x.max(initial=0.0)  # here


def order_keyword(x):
    return x.reshape(3, 1, order="F")  # here


def reduced(x):
    return np.add.reduce(x)  # here


def outer_of(x):
    return np.multiply.outer(x, x)  # here


def no_op(x):
    return np.std(x)  # here


def no_method(x):
    return x.std()  # here


def sorted_in_place(x):
    x.sort()  # here
    return x


def misspelt(x):
    return x.summ()  # here


def determinant(x):
    return np.linalg.det(np.outer(x, x))  # here


def spectral(x):
    return np.linalg.norm(np.outer(x, x), 2)  # here


def as_array(x):
    return np.array(x) * 2  # here


def list_of_traced(x):
    return np.array([x[0], x[1]])  # here


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


def masked(x):
    return x[x > 0]  # here


def traced_index(x):
    return V[x[0]]  # here


def traced_index_of_traced(x):
    return x[x[0]]  # here


def traced_bound(x):
    return x[: x[0]]  # here


def traced_axis(x):
    return np.sum(x, axis=x[0])  # here


def truth_negated(x):
    return -(x > 0)  # here


def xor(x):
    return (x > 0) ^ (x < 1)  # here


def bits(x):
    return np.where(M[0] & 1, x, x) & 1  # here


M = np.array([1, 2])


def narrowed(x):
    return x.astype(np.float32)  # here


def hashed(x):
    return {x[0]: 1}  # here


def one_branch(x):
    return np.where(x > 0)  # here


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
    (branch, "np.where(condition, a, b)"),
    (loop, "np.where"),
    (both, "&"),
    (chain, "&"),
    (builtin_max, "np.maximum"),
    (as_float, "leave float() out"),
    (as_int, "np.floor(x)"),
    (as_range, "functools.partial"),
    (by_math, "write np.exp for math.exp"),
    (by_math_floor, "np.floor(x)"),
    (rounded, "np.floor(x + 0.5)"),
    (floor_divided, "np.floor(a / b)"),
    (written, "not traced yet; write x = np.where(mask, new, x), or collect the entries in a list and write np.stack"),
    (item_added, "not traced yet"),
    (into_plain, "np.stack(list)"),
    (plain_added, "write a = a + x for a += x"),
    (out_keyword, "np.exp with out= has no reading here"),
    (where_keyword, "np.log with where="),
    (dtype_keyword, "np.sum with dtype="),
    (dtype_of_ufunc, "np.add with dtype="),
    (initial_keyword, "np.max with initial="),
    (order_keyword, "np.reshape with order="),
    (reduced, "np.add.reduce has no reading here; write np.sum"),
    (outer_of, "np.multiply(a[:, None], b)"),
    (no_op, "np.std is no op here; write np.sqrt(np.mean("),
    (no_method, "write np.sqrt(np.mean("),
    (sorted_in_place, ".sort of an array is no op here"),
    (misspelt, "did you mean 'sum'?"),
    (determinant, "np.linalg.det is no op here"),
    (spectral, "leave ord out"),
    (as_array, "leave np.array(x) out"),
    (list_of_traced, "np.stack([a, b])"),
    (list_operand, "a list stands where an array belongs; write np.array([...])"),
    (string_operand, "a str ('a') stands where"),
    (none_operand, "None stands where a number"),
    (complex_operand, "a complex (1j)"),
    (matrix_operand, "MaskedArray has rules of its own"),
    (huge, "does not fit into a float"),
    (masked, "np.where(mask, x, 0.0)"),
    (traced_index, "so it can be no index"),
    (traced_index_of_traced, "an index that is traced"),
    (traced_bound, "an index that is traced"),
    (traced_axis, "axis= of np.sum is a traced value"),
    (xor, "a != b"),
    (bits, "np.bitwise_and is no op here"),
    (narrowed, "astype from float64 to float32"),
    (hashed, "cannot be a key"),
    (one_branch, "np.where"),
    (length_of_number, "len() of a number"),
    (entries_of_number, "iteration over a number"),
]


def line_of(function):
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if "# here" in line)


@pytest.mark.parametrize(("function", "said"), LINE, ids=[f.__name__ for f, _ in LINE])
def test_refused_with_file_and_line(function, said):
    with pytest.raises(TraceError) as caught:
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
        ([1.0], r"returns a list; return np.stack"),
        ((), "returns a tuple"),
        ((1.0, None), "returns None"),
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
    with pytest.raises(TraceError, match="outside it"):
        trace(lambda x: trace(lambda y: y * x, 1.0) and x, 1.0)
    with pytest.raises(TraceError, match="trace the outer function"):
        trace(lambda x: trace(lambda y: y, x) and x, 1.0)


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
    exec("def f(x):\n    q = x * 2\n    return q + np.median(x)\n", space)
    with pytest.raises(TraceError, match=r"line 3 of <string>: np\.median is no op here"):
        trace(space["f"], 1.0)
