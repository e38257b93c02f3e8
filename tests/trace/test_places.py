"""Origins, and the names that the code gives."""

import functools

import numpy as np

from chalkgrad.trace.record import trace


def layer(w, x):
    return np.tanh(w @ x)


def network(w, x):
    a = layer(w, x)
    total = (
        np.sum(a)
        + np.mean(x)
    )  # fmt: skip
    return total


def hints(program):
    return [s.output.hint for s in program.steps]


def test_origins_are_the_lines_of_the_code():
    program = trace(network, np.ones((2, 3)), np.ones(3))
    here = layer.__code__.co_firstlineno
    assert [s.op.name for s in program.steps] == ["matmul", "tanh", "sum", "mean", "add"]
    assert {s.origin.file for s in program.steps} == {__file__}
    assert [s.origin.line - here for s in program.steps] == [1, 1, 7, 8, 7]
    spans = [s.origin.text[slice(*s.origin.span)] for s in program.steps]
    assert spans[:4] == ["w @ x", "np.tanh(w @ x)", "np.sum(a)", "np.mean(x)"]
    assert str(program.steps[0].origin) == f"line {here + 1} of {__file__}: return np.tanh(w @ x)"


def test_a_result_has_the_name_it_is_given_wherever_it_was_computed():
    assert hints(trace(network, np.ones((2, 3)), np.ones(3))) == ["", "a", "", "", "total"]


def test_names_of_every_kind_of_assignment():
    def f(x):
        a = x * 2
        b: float = a + 1
        c = d = b * 3
        if (e := np.exp(d)) is None:
            return c
        e += 1
        g, h = e * 2, x - 1
        k = g[0] + h.sum()
        return k * 2

    assert hints(trace(f, np.ones(2))) == ["a", "b", "c", "e", "e", "", "h", "", "", "k", ""]


def test_names_in_closures_and_lambdas():
    def f(x):
        q = x + 1

        def inner():
            return q * 2

        r = inner()
        s = functools.reduce(lambda a, b: a * b, [r, r])
        return (lambda v: v + s)(q)

    assert hints(trace(f, 1.0)) == ["q", "r", "s", ""]


def test_only_the_whole_has_the_name():
    def f(x, y):
        s = np.stack([x, y], axis=1)
        first, second = s
        t = sum(first) + second
        return t

    found = hints(trace(f, np.ones(2), np.ones(2)))
    assert found[:4] == ["", "s", "", ""]
    assert found[-1] == "t"


def test_code_with_no_source_still_has_lines_and_names():
    space = {"np": np}
    exec("def f(x):\n    q = np.exp(x)\n    return q * 2\n", space)
    program = trace(space["f"], 1.0)
    assert [(s.origin.file, s.origin.line, s.origin.text) for s in program.steps] == [
        ("<string>", 2, ""),
        ("<string>", 3, ""),
    ]
    assert hints(program) == ["q", ""]


def test_lines_with_letters_of_several_bytes():
    def f(ξ):
        σ = ξ * 2
        ς = σ + ξ
        return ς

    program = trace(f, 1.0)
    assert [s.origin.text[slice(*s.origin.span)] for s in program.steps] == ["ξ * 2", "σ + ξ"]
    assert hints(program) == ["σ", "ς"]


def test_a_ufunc_has_no_place():
    program = trace(np.tanh, 1.0)
    assert program.steps[0].origin is None
    assert hints(program) == [""]
