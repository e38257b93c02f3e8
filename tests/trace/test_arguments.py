"""What becomes an input, and what is passed on as it is."""

import functools

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.trace.record import leaves, trace


def inputs(program):
    return [(v.hint, str(v.type)) for v in program.inputs]


def test_names_and_types():
    program = trace(
        lambda w, X, n, m, s: w, 1, np.ones((2, 3), np.float32), np.arange(3), np.ones(2, bool), np.int64(2)
    )
    assert inputs(program) == [
        ("w", "float64()"),
        ("X", "float32(2, 3)"),
        ("n", "int64(3,)"),
        ("m", "bool(2,)"),
        ("s", "float64()"),
    ]


def test_the_name_of_the_program():
    def loss(x):
        return x

    assert trace(loss, 1.0).name == "loss"
    assert trace(loss, 1.0, name="J").name == "J"
    assert trace(lambda x: x, 1.0).name == "f"
    assert trace(functools.partial(loss), 1.0).name == "loss"


def test_order_is_that_of_the_parameters():
    assert inputs(trace(lambda a, b, *, c: a, 1.0, c=2.0, b=3.0)) == [(n, "float64()") for n in "abc"]


def test_defaults_strings_none_flags_and_functions_are_no_inputs():
    def f(x, power=2, *, mode="sum", scale=None, flag=False, act=np.tanh, axes=(0,)):
        assert (type(power), mode, scale, flag) == (int, "mean", None, True)
        return np.mean(act(x) ** power, axis=axes)

    program = trace(f, np.ones(3), mode="mean", scale=None, flag=True, act=np.sin, axes=(0,))
    assert inputs(program) == [("x", "float64(3,)")]
    assert program.steps[0].op.name == "sin"


def test_an_int_option_is_fixed_by_partial():
    def f(x, n):
        for _ in range(n):
            x = x * x
        return x

    assert len(trace(functools.partial(f, n=3), 2.0).steps) == 3


def test_star_arguments():
    program = trace(lambda *xs, **named: sum(xs) * named["k"], 1.0, 2.0, k=3.0)
    assert [v.hint for v in program.inputs] == ["xs_0", "xs_1", "k"]
    assert Interpreter(program)(1.0, 2.0, 3.0) == (9.0,)


def test_the_values_of_the_inputs_in_a_call():
    def f(x, mode, *xs, axes=(0,), k=2, **named):
        return x

    call = ((1.0, "sum", 2, True, np.ones(2)), {"axes": (0, 1), "scale": np.float32(3), "name": None})
    found = leaves(f, *call)
    assert [np.sum(v) for v in found] == [1, 2, 2, 3]
    assert len(trace(f, *call[0], scale=np.float32(3), axes=(0, 1)).inputs) == len(found)
    with pytest.raises(TraceError, match="missing a required argument"):
        leaves(f, (1.0,), {})


def test_a_numpy_function_and_a_method():
    assert [s.op.name for s in trace(np.tanh, 1.0).steps] == ["tanh"]

    class Model:
        scale = 2.0

        def run(self, x):
            return x * self.scale

    assert inputs(trace(Model().run, 1.0)) == [("x", "float64()")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1.0, 2.0}, "x of f is a set; pass a tuple, list or dict"),
        ([1j], "x of f is a complex"),
        ({"w": np.ones(2, complex)}, "x_w of f is an array of complex128"),
        (1j, "x of f is a complex"),
        (np.ones(2, complex), "an array of complex128"),
        (np.ones(2, np.uint8), r"an array of uint8; pass x.astype\(float\)"),
        (np.ones(2, np.float16), "an array of float16"),
        (np.array(["a"]), "an array of"),
        (np.ma.masked_array([1.0]), "is a MaskedArray"),
    ],
)
def test_arguments_that_are_refused(value, said):
    with pytest.raises(TraceError, match=said) as caught:
        trace(lambda x: x, value)
    assert f"of {__file__}" in str(caught.value)


def test_wrong_number_of_arguments_shows_the_signature():
    def loss(W, b, X):
        return W

    with pytest.raises(TraceError, match=r"loss\(W, b, X\): missing a required argument: 'X'") as caught:
        trace(loss, 1.0, 2.0)
    assert f"line {loss.__code__.co_firstlineno} of {__file__}" in str(caught.value)
    with pytest.raises(TraceError, match="too many positional arguments"):
        trace(loss, 1.0, 2.0, 3.0, 4.0)
    with pytest.raises(TraceError, match="is no function"):
        trace(3, 1.0)


def test_int32_is_int64_here():
    assert inputs(trace(lambda n: n, np.ones(2, np.int32))) == [("n", "int64(2,)")]
