"""Of a function with branches, `work` says which one it shows."""

import numpy as np

import chalkgrad as cg


def f(x, n):
    y = x**2 if x[0] > 0 else -x
    for _ in range(n):
        y = y * 2
    return y[x > 1].sum()


def test_the_echo_names_the_line_and_what_was_decided():
    worked = cg.work(f, np.array([0.5, 2.5, 3.0]), 2)
    line = f.__code__.co_firstlineno
    assert worked.echo == (
        f"taken: line {line + 1}, x[0] > 0 is true; another makes another program",
        f"taken: line {line + 2}, range(n) is 2; another makes another program",
        f"taken: line {line + 4}, y[x > 1] is true at 2 of 3; another makes another program",
    )
    assert "taken: line" in str(worked)
    np.testing.assert_array_equal(worked.gradients["x"], [0.0, 20.0, 24.0])


def test_the_other_branch():
    worked = cg.work(f, np.array([-1.0, 2.5, 3.0]), 0)
    assert worked.echo[0].endswith("x[0] > 0 is false; another makes another program")
    np.testing.assert_array_equal(worked.gradients["x"], [0.0, -1.0, -1.0])


def test_the_very_border_of_a_branch_is_said():
    def relu(x):
        return x if x > 0 else 0.0 * x

    worked = cg.work(relu, 0.0)
    assert worked.echo[0].endswith("; both sides are equal there, and the derivative is that of this branch alone")
    assert worked.gradients["x"] == 0.0
    assert "both sides" not in cg.work(relu, 1.0).echo[0]

    def masked(x):
        return x[x > 1].sum()

    assert "both sides" in cg.work(masked, np.array([1.0, 2.0])).echo[0]


def test_no_branch_no_word():
    assert cg.work(lambda x: x * 2, 1.0).echo == ()
