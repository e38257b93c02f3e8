"""`+=`: a number's rebinds, an array's is seen by all who hold it, and what would be seen elsewhere is refused."""

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.trace.record import trace

V = np.array([1.0, -2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)


def alias(x):
    a = x * 1
    b = a
    a += 1
    return b


def alias_of_alias(x):
    a = x * 1
    b = [a, a]
    for entry in b:
        entry *= 2
    return a


def copied(x):
    a = x.copy()
    b = a.copy()
    a -= 1
    return a * b


def early_use(x):
    a = x * 1
    y = a * 10
    a /= 4
    return y + a


def unary_plus(x):
    a = x * 1
    b = +a
    b **= 2
    return a + b


def in_helper(x):
    def change(y):
        y += 5

    a = x * 1
    change(a)
    return a


def number(x):
    s = x.sum()
    t = s
    s += 1
    return t + 10 * s


def entry(x):
    a = x * 1
    s = a[(0,) * a.ndim]
    s += 100
    return a + s


def plain_start(x):
    total = 0.0
    for row in x:
        total += row
    return total


def dropped_base(x):
    z = (x * 2).reshape(-1)
    z += 1
    return z


def dropped_view(x):
    a = x * 1
    y = a[1:].sum()
    a += y
    return a


def advanced(x):
    a = x * 1
    b = a[[0, 1]]
    b += 1
    return a.sum() + b.sum()


def matrix(x):
    a = x * 1
    a @= np.eye(a.shape[-1]) * 2
    return a


def cast_copy(x):
    a = x.astype(float)
    a %= 2
    return a + x


def zero_rank_array(x):
    a = np.where(x.sum() > 0, x.sum(), 0.0)
    b = a
    a += 1
    return b


RIGHT = [alias, alias_of_alias, copied, early_use, unary_plus, in_helper, number, entry, plain_start]
RIGHT += [dropped_base, dropped_view, advanced, cast_copy, zero_rank_array]


@pytest.mark.parametrize("function", RIGHT, ids=lambda f: f.__name__)
@pytest.mark.parametrize("at", [V, A])
def test_as_numpy(function, at):
    expected = function(at.copy())
    (found,) = Interpreter(trace(function, at))(at)
    np.testing.assert_array_equal(found, expected)


def test_matrix_product_in_place():
    np.testing.assert_array_equal(Interpreter(trace(matrix, A))(A)[0], A * 2)


def test_numbers_given_as_arguments_rebind():
    def f(x):
        a = x
        a += 1
        return x * 10 + a

    for at in (2.0, np.float64(2)):
        assert Interpreter(trace(f, at))(at) == (f(at),) == (23.0,)


def given(x):
    x += 1
    return x


def given_by_another_name(x):
    y = x
    y *= 2
    return y


def view_of_given(x):
    y = x[1:]
    y += 1
    return x


def rows_of_given(x):
    for row in x.reshape(1, -1):
        row += 1
    return x


@pytest.mark.parametrize("function", [given, given_by_another_name, view_of_given, rows_of_given])
def test_the_callers_array_is_not_changed(function):
    with pytest.raises(TraceError, match="the caller's own array") as caught:
        trace(function, V)
    assert __file__ in str(caught.value)


def through_slice(x):
    a = x * 1
    b = a[1:]
    b += 1
    return a


def under_slice(x):
    a = x * 1
    b = a[1:]
    a += 1
    return b


def through_transpose(x):
    a = x.reshape(1, -1) * 1
    b = a.T
    b += 1
    return a


def through_t_of_vector(x):
    a = x * 1
    b = a.T
    b += 1
    return a


def through_ravel(x):
    a = x * 1
    b = np.ravel(a)
    b += 1
    return a


def siblings(x):
    a = x * 1
    b, c = a[:2], a[1:]
    del a
    b += 1
    return c


def through_rows(x):
    a = x.reshape(1, -1) * 1
    for row in a:
        row += 1
    return a


def zero_rank_view(x):
    a = x * 1
    b = a[0, ...]
    b += 1
    return a


SHARED = [through_slice, under_slice, through_transpose, through_t_of_vector, through_ravel, siblings]
SHARED += [through_rows, zero_rank_view]


@pytest.mark.parametrize("function", SHARED, ids=lambda f: f.__name__)
@pytest.mark.parametrize("at", [V, V[::-1]], ids=["in order", "reversed"])
def test_a_write_is_seen_by_all_who_share_the_numbers(function, at):
    expected = function(at.copy())
    (found,) = Interpreter(trace(function, at))(at)
    np.testing.assert_array_equal(found, expected)


def test_a_result_of_another_shape_is_refused():
    def f(x):
        a = x.sum(keepdims=True)
        a += x
        return a

    with pytest.raises(TraceError, match=r"float64\(3,\), which does not go into float64\(1,\)"):
        trace(f, V)


def test_constants_are_as_they_were_when_they_were_read():
    def f(x):
        buffer = np.zeros(3)
        for i in range(3):
            buffer[i] = i + 1
            x = x * buffer + buffer
        return x

    (found,) = Interpreter(trace(f, V))(V)
    np.testing.assert_array_equal(found, f(V))


def test_constants_are_copied_and_shared_while_unchanged():
    W = np.asfortranarray(np.arange(9.0).reshape(3, 3))
    program = trace(lambda x: W @ (W @ x), V)
    first, second = (s.inputs[0] for s in program.steps)
    assert first.value is second.value
    W[:] = 0
    np.testing.assert_array_equal(first.value, np.arange(9.0).reshape(3, 3))
    assert not first.value.flags.writeable


def test_minus_zero_is_another_constant():
    c = np.zeros(1)

    def f(x):
        y = x * c
        c[0] = -0.0
        return y, x * c

    first, second = trace(f, np.ones(1)).steps
    assert first.inputs[1].value is not second.inputs[1].value
