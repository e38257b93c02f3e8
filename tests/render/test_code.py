"""Staged code: as the sheets print it, with their faults corrected; the Python runs and is the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.render.python import identifier
from tests.sheets import SHEETS

S9 = """# forward
g = x + y     #(1)
h = g·z       #(2)
f = h + x     #(3)

# backward: dq is the gradient of f with respect to q
df = 1
dh = 1        #(3)
dx = 1        #(3)
dg = dh · z   #(2)
dz = dh · g   #(2)
dx += dg · 1  #(1)
dy = dg · 1   #(1)
"""


def test_s9_as_the_sheet_prints_it_with_the_fork_added() -> None:
    assert cg.code(cg.work(SHEETS["S9"].text), "pseudocode") == S9


def test_s10_the_overwritten_line_is_added_instead() -> None:
    lines = cg.code(cg.work(SHEETS["S10"].text, gates="whole")).splitlines()
    assert [line.split("#")[0].strip() for line in lines if line.startswith(("dy", "dx"))] == [
        "dx = dsum · 1",
        "dy = dsum · 1",
        "dx += ds(x) · (s(x)·(1 - s(x)))",
        "dx += dnum · 1",
        "dy += ds(y) · (s(y)·(1 - s(y)))",
    ]
    assert "ddenom = dinv · (-1/denom^2)     #(7)" in lines
    assert "s(y) = 1/(1 + e^(-y))            #(1)" in lines


def run(text: str, *args: Any, **options: Any) -> tuple[Any, dict[str, Any], cg.Work]:
    names = [v.hint for v in cg.parse(text, options.get("values", {})).inputs] if "values" in options else None
    w = cg.work(text, **options)
    space: dict[str, Any] = {}
    exec(cg.code(w, "python"), space)
    assert names is None or names == [v.hint for v in w.program.inputs]
    function = next(v for k, v in space.items() if callable(v) and k == identifier(w.program.name, ()))
    with np.errstate(all="ignore"):
        value, gradients = function(*args)
    return value, gradients, w


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("f(x) = x^x + log x", {"x": 2.0}),
        ("f(x) = 1/x", {"x": 0.0}),
        ("f(x) = log x", {"x": -1.0}),
        ("f(x, y) = max{x, y} + |x - y| + relu(x)", {"x": 1.0, "y": 1.0}),
        ("f(x) = where(x > 0, sqrt(x), 0)", {"x": 0.0}),
        ("f(W, x) = sum(σ(W x)) + x[0]^2", {"W": [[1.0, 2.0], [3.0, -4.0]], "x": [0.5, -1.0]}),
        ("f(x) = norm(x) + logsumexp(x) + mean(x)·max(x)", {"x": [0.5, -1.0, 2.0]}),
        ("f(x) = dot(softmax(x), x)", {"x": [0.5, -1.0, 2.0]}),
        ("f(x, y) = sum([x, y, 2]·x)", {"x": 3.0, "y": 2.0}),
        ("f(lambda, x) = lambda·x", {"lambda": 3.0, "x": 2.0}),
        ("f(x) = 2^3^2 + x", {"x": 1.0}),
        ("f(x) = clip(x, 0, 1) + sum(x[[0, 0, 2]])", {"x": [0.25, 0.5, 0.75]}),
    ],
)
def test_the_python_is_the_interpreter(text: str, at: dict[str, Any]) -> None:
    if text.startswith("f(x) = clip"):
        text = "f(x) = sum(clip(x, 0, 1)) + sum(x[[0, 0, 2]])"
    value, gradients, w = run(text, *[np.asarray(v) for v in at.values()], values=at)
    np.testing.assert_allclose(value, w.value, rtol=1e-14)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, w.gradients[name], rtol=1e-14, err_msg=name)


def test_gradients_do_not_share_an_array() -> None:
    value, gradients, _ = run(
        "f(x, y) = sum(x + y + x·x)",
        np.array([1.0, 2.0]),
        np.array([3.0, 4.0]),
        values={"x": [1.0, 2.0], "y": [3.0, 4.0]},
    )
    assert value == 15
    np.testing.assert_array_equal(gradients["x"], [3.0, 5.0])
    np.testing.assert_array_equal(gradients["y"], [1.0, 1.0])


@pytest.mark.parametrize(
    ("name", "python"),
    [
        ("w_0", "w_0"),
        ("s(y)", "s_y"),
        ("y^*", "y_star"),
        ("x'", "x_prime"),
        ("ℓ", "l"),
        ("lambda", "lambda_"),
        ("np", "np_"),
    ],
)
def test_identifiers(name: str, python: str) -> None:
    assert identifier(name, ()) == python
    assert identifier(name, {python}) == f"{python}_2"


def test_huge_constants_do_not_run_away() -> None:
    value, _, w = run("9^9^9^9")
    assert value == w.value == np.inf


def test_another_language_is_refused() -> None:
    with pytest.raises(cg.ChalkgradError, match="did you mean 'python'"):
        cg.code(cg.work("x"), "pyton")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("f(x, y) = where(x > y, max(x, y), sin(x))", {"x": 1.0, "y": 2.0}),
        ("f(x) = where(x > 0, where(x > 1, x^2, x), 0)", {"x": 2.0}),
        ("map = x + y; f = exp(map)", {"x": 1.0, "y": 2.0}),
        ("defined = x + 1; f = log(defined)", {"x": 1.0}),
    ],
)
def test_nested_branches_and_names_that_the_code_uses_itself(text: str, at: dict[str, Any]) -> None:
    value, gradients, w = run(text, *at.values(), values=at)
    assert value == pytest.approx(w.value)
    assert gradients == pytest.approx(w.gradients)


def test_a_gradient_never_takes_a_persons_name() -> None:
    lines = cg.code(cg.work("q = x + y; dq = q^2; f = q dq")).splitlines()
    assert [line.split(" ")[0] for line in lines if line[:1] == "d"] == ["dq", "df", "dq'", "ddq", "dq'", "dx", "dy"]


def test_named_sizes_ask_for_values() -> None:
    with pytest.raises(cg.ValueNeeded, match="without a number"):
        cg.code(cg.work("x in R^n; f(x) = sum(x^2)"), "python")
