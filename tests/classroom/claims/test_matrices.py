"""Claims about matrices: the published solution of sheet 001, right ones, and mistakes of every kind."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.classroom.claims.verdict import Finding, Verdict
from chalkgrad.errors import ChalkgradError, NotationError, ShapeError

CLAIMS = Path(__file__).parent
NETWORK = (CLAIMS / "s001_p3_right.txt").read_text(encoding="utf-8").split("claim:")[0]
BATCH = (CLAIMS / "s001_p3_batch.txt").read_text(encoding="utf-8").split("claim:")[0]


def verdict(name: str) -> Verdict:
    return cg.check((CLAIMS / name).read_text(encoding="utf-8"))


def finding(found: Verdict, words: str) -> Finding:
    """The finding on the line that holds `words`."""
    return next(f for f in found.findings if words in f.line.text)


# the published answers of sheet 001, problem 3, as they are printed


@pytest.fixture(scope="module")
def published() -> Verdict:
    return verdict("s001_p3.txt")


def test_the_first_wrong_line_is_named(published: Verdict) -> None:
    assert (published.line, published.mistake) == (18, "shape")
    assert [f.line.number for f in published.findings if f.status == "wrong"] == [18, 19, 20, 24, 25]


def test_p3_1_examples_are_columns_so_y_is_a_row(published: Verdict) -> None:
    found = finding(published, r"Y \in R")
    assert found.should == "Y in R^(1 x m)"
    assert "transpose" in found.why
    assert "columns" in found.why
    assert finding(published, r"W_1 \in").status == "right"


def test_p3_2_what_is_asked_for_is_dj_and_what_is_answered_dl(published: Verdict) -> None:
    found = finding(published, r"\delta_1^{(i)} =")
    assert found.kind == "misnamed"
    assert "what stands here is ∂L^(i)/∂ŷ^(i)" in found.why
    assert "-1/m times that" in found.why


def test_p3_2_by_all_examples_it_is_a_row_and_no_sum(published: Verdict) -> None:
    found = finding(published, r"\delta J")
    assert found.kind == "examples"
    assert "m entries" in found.should
    assert "δ_1^(i)" in found.should
    assert "an entry for each example, 1×m" in found.why
    assert "different examples" in found.why


def test_p3_4_and_5_are_right_and_the_convention_is_stated(published: Verdict) -> None:
    assert finding(published, r"\delta_3^{(i)} =").status == "right"
    found = finding(published, r"\delta_4^{(i)} =")
    assert found.status == "right"
    assert "relu'(0)" in found.note
    assert "convention" in found.note


def test_p3_6_stands_for_a_tensor(published: Verdict) -> None:
    found = finding(published, r"\delta_5^{(i)} =")
    assert found.kind == "tensor"
    assert "D_{a_1}×D_{a_1}×D_x entries" in found.why
    assert "factor on the right" in found.why


def test_p3_7_the_transposes_are_placed_and_the_index_taken_away(published: Verdict) -> None:
    found = finding(published, r"\delta_6^{(i)} =")
    assert found.kind == "shapes"
    assert "do not multiply out" in found.why
    assert "bears (i) though it sums over i" in found.why
    assert "δ_3^(i)^⊤ ∘ δ_4^(i)" in found.should


def test_p4_3_multiplying_first_fails_where_x0_is_negative() -> None:
    found = verdict("s001_p4_3.txt")
    assert found.line == 7
    assert found.wrong is not None
    assert found.wrong.why == "it is right where x_0 > 0, and wrong where x_0 < 0"
    assert "[9, 3, -6]" in found.wrong.example
    u, x = np.array([0.5, -2.0, 1.0]), np.array([-3.0, -1.0, 2.0])
    right = cg.work("x in R^3; x = (x_0, …, x_{n-1}); F = x_0 * sort(x)", x=x, upstream=u)
    wrong = cg.work("x in R^3; x = (x_0, …, x_{n-1}); F = sort(x_0 * x)", x=x, upstream=u)
    assert right.gradients["x"].tolist() == [1, 6, -3]
    assert wrong.gradients["x"].tolist() == [-3, 6, -1.5]


# right ones


@pytest.mark.parametrize("name", ["s001_p3_right.txt", "s001_p3_batch.txt"])
def test_right(name: str) -> None:
    found = verdict(name)
    assert found.right, str(found)
    assert bool(found)
    assert str(found).startswith("right")


@pytest.mark.parametrize(
    ("equations", "claim"),
    [
        ("f = x^T A x; x in R^n; A in R^(n x n)", "∂f/∂x = (A + A^T) x"),
        ("f = norm(A x - b)^2; A in R^(m x n); x in R^n; b in R^m", "∂f/∂x = 2 A^T (A x - b)"),
        ("f = a^T x; a in R^n; x in R^n", "∂f/∂x = a"),
        ("f = a^T X b; X in R^(p x q); a in R^p; b in R^q", "∂f/∂X = a b^T"),
        ("f = logsumexp(x); x in R^n", "∂f/∂x = softmax(x)"),
        ("y = A x; A in R^(m x n); x in R^n", "∂y/∂x = A"),
        ("s = tanh(x); x in R^n", "∂s/∂x = 1 - s * s"),
        ("f = sum(x * x); x in R^n", "df/dx = 2 x"),
        ("f = sum(x * x); x in R^n", r"\frac{\partial f}{\partial x} = 2 x"),
    ],
)
def test_identities(equations: str, claim: str) -> None:
    found = cg.check(f"given: {equations}\nclaim: {claim}")
    assert found.right, str(found)


def test_what_follows_is_judged_from_the_own_lines() -> None:
    found = cg.check(f"{NETWORK}claim:\nd^(i) = ∂L^(i)/∂z2 = y^(i) - ŷ^(i)\n∂J/∂b2 = -1/m Σ_i d^(i)")
    assert found.right, str(found)


# wrong ones


@pytest.mark.parametrize(
    ("given", "claim", "kind", "words"),
    [
        (NETWORK, "∂J/∂W1 = Σ_i W2^T (∂J/∂z2) ∘ 1{z1 > 0}", "shapes", "D_a1×D_x"),
        (NETWORK, "∂J/∂W1 = Σ_i (W2 (∂J/∂z2) ∘ 1{z1 > 0}) x^(i)^T", "shapes", "W2 (∂J/∂z2) is"),
        (NETWORK, "∂J/∂b1 = W2^T (∂J/∂z2) ∘ 1{z1 > 0}", "missing", "a sum over them"),
        (NETWORK, "∂J/∂z2 = ŷ^(i) - y^(i)", "constant", "1/m times"),
        (NETWORK, "∂J/∂z2 = (y^(i) - ŷ^(i))/m", "constant", "-1 times"),
        (BATCH, "∂J/∂W1 = X ((W2^T (∂J/∂Z2)) ∘ 1{Z1 > 0})^T", "transpose", "transpose"),
        (BATCH, "∂J/∂W1 = (W2^T (∂J/∂Z2) ∘ 1{Z1 > 0}) X", "shapes", "do not multiply out"),
        (BATCH, "∂J/∂Z2 = H - Y", "constant", "1/m"),
        (BATCH, "W1 in R^(D_x x D_a1)", "shape", "transpose"),
        ("given: f = x^T A x; x in R^n; A in R^(n x n)", "∂f/∂x = 2 A x", "", "not ∂f/∂x"),
        ("given: f = norm(A x - b)^2; A in R^(m x n); x in R^n; b in R^m", "∂f/∂x = 2 A (A x - b)", "shapes", "A"),
        ("given: f = sum(x * x); x in R^n", "∂f/∂x = x", "constant", "2 times"),
        ("f(x in R^3) = sum(x)", "df/dx = 1", "shapes", "3×1"),
        ("given: y = A x; A in R^(n x n); x in R^n", "∂y/∂A = x^T", "tensor", "n×n×n entries"),
    ],
)
def test_wrong(given: str, claim: str, kind: str, words: str) -> None:
    found = cg.check(f"{given}\nclaim:\n{claim}")
    assert found.wrong is not None, str(found)
    assert (found.mistake, words in f"{found.wrong.why} {found.wrong.should}") == (kind, True), str(found)


def test_a_transpose_that_is_missing_is_placed() -> None:
    found = cg.check("given: f = norm(A x - b)^2; A in R^(m x n); x in R^n; b in R^m\nclaim: ∂f/∂x = 2 A (A x - b)")
    assert found.wrong is not None
    assert "A^⊤" in found.wrong.should, str(found)


def test_a_comment_may_stand_behind_the_point() -> None:
    found = cg.check("f(x) = x^2\nat: x = 3  # optional: a point, and why\nclaim: df/dx = 6")
    assert found, str(found)


def test_numbers_at_the_point_given() -> None:
    found = cg.check("given: f = sum(x * x); x in R^n\nat: x = [1, 2]\nclaim: ∂f/∂x = x")
    assert found.wrong is not None
    assert "[1, 2]" in found.wrong.example
    assert "[2, 4]" in found.wrong.example


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("given: x in R^n\nclaim: ∂f/∂x = x", ChalkgradError, "no formula"),
        ("given: f = sum(x); x in R^n\nclaim: ∂f/∂q = x", NotationError, "no value called 'q'"),
        ("given: f = sum(x); x in R^n\nclaim: ∂f/∂x = 2 qq", NotationError, "there is no 'qq'"),
        ("given: f = sum(x); x in R^n\nclaim: Q in R^n", NotationError, "no 'Q'"),
        ("given: z = w x + b; x in R^n\nclaim: ∂z/∂x = w", ShapeError, "must be known"),
        ("given: f = sum(x); x in R^n\nclaim: ∂f/∂x =", NotationError, "nothing stands"),
        ("given: f = sum(x); x in R^n\nbackward:\ndx = 1\nclaim: ∂f/∂x = 1", NotationError, "behind claim"),
        ("given: f = sum(x); x in R^n\nat: x = [[1, 2], [3, 4]]\nclaim: ∂f/∂x = x", ShapeError, "2×2"),
    ],
)
def test_bad_input_is_refused_with_its_place(text: str, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        cg.check(text)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "given: f = sum(x * x); x in R^(3000 x 3000)\nclaim: ∂f/∂x = 2 x",
        "given: x^(i) in R^3; f = Σ_{i=1}^{100000} sum(x^(i))\nclaim: ∂f/∂x^(i) = 1",
        "given: x^(i) in R^3; f = 1/m Σ_{i=1}^{m} sum(x^(i))\nat: m = 1e9\nclaim: ∂f/∂x^(i) = 1",
        "given: x in R^n; f = " + "+".join(["x"] * 20000) + "\nclaim: ∂f/∂x = x",
        "given: x in R^n; f = sum(x)\nclaim: ∂f/∂x = " + "(" * 9000,
        "given: x in R^n; f = sum(x)\nclaim: " + "∂f/∂x = x = " * 2000 + "x",
        "given: x in R^n; f = sum(x)\nclaim:\n" + "∂f/∂x = x\n" * 300,
        "given: x in R^n; f = sum(x)\nclaim: " + "∂" * 9000,
        "given:\x1b[31m x in R^n; f = sum(x)\nclaim: ∂f/∂x = x",
    ],
)
def test_hostile_claims_are_answered_in_time(text: str) -> None:
    begun = time.process_time()
    with suppress(ChalkgradError):
        assert "\x1b" not in str(cg.check(text))
    assert time.process_time() - begun < 5


def test_nothing_is_called_right_outside_the_domain() -> None:
    found = cg.check("given: f = sum(log(-1 - x * x)); x in R^n\nclaim: ∂f/∂x = x")
    assert found.undecided
    assert "domain" in str(found)


@pytest.mark.parametrize("side", ["1/0", "10^400", "9^9^9^9", "log(0)", "0/0"])
def test_infinity_is_no_derivative(side: str) -> None:
    claim = f"given:\ny in R, h in R\nL = y log(h) + (1-y) log(1-h)\nclaim:\n∂L/∂h = {side}\n"
    verdict = cg.check(claim)
    assert not verdict.right
