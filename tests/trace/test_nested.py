"""A trace inside a trace, and a Program written into a trace that is running."""

from dataclasses import replace

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.ir.check import check
from chalkgrad.ir.run import Run
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.inline import inline
from chalkgrad.trace.record import leaves, record, trace
from chalkgrad.transform.backprop import backprop

V = np.array([1.0, -2.0, 3.0])


def grad(function):
    """The gradient with respect to the first argument, plain or inside a trace: the least that it takes."""

    def call(*args):
        made = record(function, args, {}, hidden=True)
        count = made.arguments[0][1].count
        found = backprop(made.program, list(made.program.inputs[:count])).gradient
        derived = replace(found, outputs=(*found.outputs[1:], *[g.atom for g in made.guards]))
        values = [*leaves(function, args, {}), *made.hidden, 1.0]
        if any(isinstance(v, Holder) for v in values):
            guards = [replace(g, atom=a) for g, a in zip(made.guards, derived.outputs[count:], strict=True)]
            out = inline(replace(derived, outputs=derived.outputs[:count]), values, guards)
        else:
            out = Run(derived)([np.float64(v) if np.ndim(v) == 0 else v for v in values])[:count]
        return made.arguments[0][1].unflatten(list(out))

    return call


def at(function, x):
    """The value of a function of a function's gradient, through one trace of the whole."""
    made = record(function, (x,), {}, hidden=True)
    check(made.program)
    values = [np.float64(v) if np.ndim(v) == 0 else v for v in (x, *made.hidden)]
    (found,) = Run(made.program)(values)
    return found


@pytest.mark.parametrize(
    ("function", "x", "expected"),
    [
        (grad(lambda x: x**3), 2.0, 12.0),
        (grad(grad(lambda x: x**4)), 2.0, 48.0),
        (grad(grad(grad(lambda x: np.sin(2 * x)))), 0.5, -8 * np.cos(1.0)),
        (grad(lambda x: grad(lambda y: x * y)(x)), 3.0, 1.0),
        (grad(lambda x: x * grad(lambda y: x * y + y**2)(2.0)), 3.0, 10.0),
        (grad(lambda x: grad(lambda y: y * x**2)(1.0) + x), 3.0, 7.0),
        (grad(lambda x: grad(lambda y: grad(lambda z: x * y * z)(x))(x)), 3.0, 1.0),
        (lambda x: grad(lambda y: (y * y).sum())(x).sum(), V, 4.0),
        (lambda x: grad(lambda p: (p["a"] * x).sum() * p["b"])({"a": x, "b": 2.0})["b"], V, 14.0),
    ],
)
def test_derivatives_of_derivatives(function, x, expected):
    np.testing.assert_allclose(function(x), expected, rtol=1e-14)
    np.testing.assert_allclose(at(function, x), expected, rtol=1e-14)


def test_a_value_of_the_outer_trace_is_a_hidden_input():
    def outer(x):
        made = record(lambda y: x[0] * y + x.sum(), (x[1],), {}, hidden=True)
        assert [v.hint for v in made.program.inputs][:1] == ["y"]
        assert len(made.hidden) == 2
        assert all(isinstance(v, Holder) for v in made.hidden)
        return inline(made.program, [x[1], *made.hidden])[0]

    assert Run(trace(outer, V))([V]) == (0.0,)


def test_what_the_inner_function_computes_of_outer_values_alone_is_a_step_of_the_outer():
    def outer(x):
        made = record(lambda y: (x * 2).sum() * y, (x[0],), {}, hidden=True)
        assert [s.op.name for s in made.program.steps] == ["multiply"]
        return inline(made.program, [x[0], *made.hidden])[0]

    assert [s.op.name for s in trace(outer, V).steps] == ["index", "multiply", "sum", "index", "multiply"]


def test_guards_of_the_inner_trace_are_guards_of_the_outer():
    def inner(y):
        return y**2 if y > 0 else -y

    outer = record(grad(inner), (2.0,), {})
    (guard,) = outer.guards
    assert guard.value
    assert guard.origin.line == inner.__code__.co_firstlineno + 1
    for x, holds in ((3.0, True), (-3.0, False)):
        program = replace(outer.program, outputs=(guard.atom,))
        assert guard.holds(Run(program)([np.float64(x)])[0]) is holds


def test_a_branch_on_an_outer_value_inside():
    def outer(x):
        return grad(lambda y: y * x if x > 0 else y * 3)(1.0)

    made = record(outer, (2.0,), {})
    assert len(made.guards) == 1
    assert Run(made.program)([np.float64(5)])[0] == 5.0


def test_steps_that_are_written_keep_their_lines_and_names():
    def inner(y):
        doubled = y * 2
        return np.sin(doubled)

    def outer(x):
        made = record(inner, (x,), {})
        return inline(made.program, [x])[0] + 1

    steps = trace(outer, 1.0).steps
    assert [s.op.name for s in steps] == ["multiply", "sin", "add"]
    assert [s.origin.line - inner.__code__.co_firstlineno for s in steps[:2]] == [1, 2]
    assert steps[0].output.hint == "doubled"


def test_several_results_are_written_too():
    def inner(m):
        values, vectors = np.linalg.eigh(m)
        return values, vectors

    def outer(m):
        made = record(inner, (m,), {})
        values, vectors = inline(made.program, [m])
        return (vectors * values) @ vectors.T

    at_ = np.array([[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(Run(check(trace(outer, at_)))([at_])[0], at_, atol=1e-14)


def test_a_named_tuple_of_numpys():
    def f(m):
        found = np.linalg.svd(m, full_matrices=False)
        return found.U * found.S @ found.Vh + np.linalg.slogdet(m).logabsdet

    at_ = np.array([[2.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(Run(trace(f, at_))([at_])[0], f(at_), atol=1e-14)


def test_an_inner_array_does_not_go_into_an_outer_one():
    def outer(x):
        total = np.zeros(3)

        def inner(y):
            total[0] = y
            return y * 2

        return record(inner, (x,), {}) and total

    with pytest.raises(TraceError, match="used outside it"):
        trace(outer, 1.0)


def test_an_inner_value_that_is_kept():
    kept = []

    def outer(x):
        record(lambda y: kept.append(y * 2) or y, (x,), {})
        return x + kept[0]

    with pytest.raises(TraceError, match="used outside it"):
        trace(outer, 1.0)


def test_nothing_traced_is_no_place_to_write():
    program = trace(lambda x: x * 2, 1.0)
    with pytest.raises(TraceError, match="none of the values is traced"):
        inline(program, [1.0])


def test_a_value_of_a_trace_that_is_over_is_no_argument():
    kept = []
    trace(lambda x: kept.append(x) or x, 1.0)
    with pytest.raises(TraceError, match="x of f is a value of the trace of f, which is over"):
        trace(lambda x: x, kept[0])
