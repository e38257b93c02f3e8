"""Inverses, traces and determinants, as they stand on paper."""

from __future__ import annotations

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ChalkgradError, NotationError

A = np.array([[2.0, 1.0], [0.5, 3.0]])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tr(A^-1)", np.trace(np.linalg.inv(A))),
        ("tr(A^{-1})", np.trace(np.linalg.inv(A))),
        ("tr(A⁻¹)", np.trace(np.linalg.inv(A))),
        ("tr(inv(A))", np.trace(np.linalg.inv(A))),
        (r"\operatorname{tr}(A^{-1})", np.trace(np.linalg.inv(A))),
        ("tr(1/A)", np.trace(1 / A)),
        ("tr A", 5.0),
        ("det A", 5.5),
        (r"\det(A)", 5.5),
        ("log det A", np.log(5.5)),
        (r"\log\det A", np.log(5.5)),
        ("logdet(A)", np.log(5.5)),
        ("sum(cof(A))", 3.5),
        ("sum(tril(A))", 5.5),
        ("norm(A)", np.linalg.norm(A)),
        ("sum(A^1)", 6.5),
        ("sum(A A)", np.sum(A @ A)),
        ("sum(A ∘ A)", np.sum(A * A)),
        ("sum(power(A, 2))", np.sum(A**2)),
        ("norm(A)^2", np.sum(A**2)),
        ("sum(A[0]^2)", 5.0),
        ("sum(tanh^2(A))", np.sum(np.tanh(A) ** 2)),
        ("sum(svdvals(A))", np.linalg.norm(A, "nuc")),
    ],
)
def test_value(text: str, value: float) -> None:
    assert cg.work(text, A=A).value == pytest.approx(value, rel=1e-12)


def test_a_power_of_minus_one_is_by_entries_for_what_is_no_matrix() -> None:
    assert cg.work("sum(x^-1)", x=[2.0, 4.0]).value == 0.75
    assert cg.work("x^-1", x=4.0).value == 0.25


def test_the_inverse_of_what_is_not_square_is_refused() -> None:
    with pytest.raises(ChalkgradError, match="needs a square matrix, not 2 rows and 3 columns"):
        cg.work("sum(A^-1)", A=np.ones((2, 3)))


def test_a_singular_matrix_is_named() -> None:
    with pytest.raises(ChalkgradError, match="singular matrix"):
        cg.work("tr(A^-1)", A=np.ones((2, 2)))


def test_numpy_s_power_by_entries_is_not_printed_as_an_inverse() -> None:
    def f(A: np.ndarray) -> np.ndarray:
        return np.sum(A**-1)

    shown = str(cg.code(cg.work(f, A), "pseudocode"))
    assert "1/A" in shown
    assert "A^(-1)" not in shown


def test_several_results_have_no_place_in_a_formula() -> None:
    with pytest.raises(ChalkgradError, match="eigh gives 2 results"):
        cg.work("sum(eigh(A))", A=A)


@pytest.mark.parametrize(
    ("text", "one", "other"),
    [
        ("tr(A^2)", "A A", "A ∘ A"),
        ("tr(A²)", "A A", "A ∘ A"),
        ("tr(A**3)", "A A A", "A ∘ A ∘ A"),
        (r"\operatorname{tr}(A^{2})", "A A", "A ∘ A"),
        ("f = 2 A^-2; sum(f)", "A^-1 A^-1", "1/(A ∘ A)"),
        ("tr((A A)^2)", "(A A) (A A)", "(A A) ∘ (A A)"),
        ("tr(A^0.5)", "a product of matrices A A …", "power(A, 0.5)"),
        ("tr(A^n)", "a product of matrices A A …", "power(A, n)"),
    ],
)
def test_a_power_of_a_square_matrix_is_refused_with_both_readings(text: str, one: str, other: str) -> None:
    values = {"A": A, "n": 2.0} if "^n" in text else {"A": A}
    with pytest.raises(NotationError) as caught:
        cg.work(text, values=values)
    assert f"has two readings: {one} or {other}; write the one you mean" in str(caught.value)


def test_the_two_readings_that_are_offered_are_read() -> None:
    """What the refusal tells people to write must itself be read, and give the two different numbers."""
    for text, value in (("A^-1 A^-1", np.linalg.matrix_power(A, -2)), ("1/(A ∘ A)", A**-2.0), ("A ∘ A ∘ A", A**3)):
        np.testing.assert_allclose(cg.work(f"tr({text})", A=A).value, np.trace(value), rtol=1e-12)


def test_a_power_of_a_square_matrix_of_named_size_is_refused_too() -> None:
    with pytest.raises(NotationError, match="A A or A ∘ A"):
        cg.parse("A in R^(n x n); f = tr(A^2)")


@pytest.mark.parametrize("value", [3.0, [3.0], [1.0, 2.0], [[3.0]], [[1.0, 2.0]], [[1.0], [2.0]], np.ones((2, 3))])
def test_a_power_of_what_is_no_square_matrix_is_by_entries(value: object) -> None:
    assert cg.work("sum(A^2)", A=value).value == np.sum(np.asarray(value) ** 2)


def test_numpy_code_is_read_as_numpy_computes_it() -> None:
    assert cg.grad(lambda A: np.sum(A**2))(A).tolist() == (2 * A).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "tr(A⁻ᵀ B)",
        "tr(A^-T B)",
        "tr(A^{-T} B)",
        "tr(A^-⊤ B)",
        "tr(A^{-⊤} B)",
        "tr((A)^-T B)",
        "tr(A^-TB)",
        r"\operatorname{tr}(A^{-\top} B)",
        r"\operatorname{tr}(A^{-T} B)",
        r"\operatorname{tr}(A^{-\mathsf{T}} B)",
    ],
)
def test_the_transposed_inverse(text: str) -> None:
    b = np.array([[1.0, 2.0], [-1.0, 0.5]])
    assert cg.work(text, A=A, B=b).value == pytest.approx(np.trace(np.linalg.inv(A).T @ b), rel=1e-12)


def test_a_power_of_minus_t_stays_a_power_where_it_is_one() -> None:
    assert cg.work("f = k^-T", k=2.0, T=3.0).value == 0.125
    assert cg.work("f = K^-T", K=2.0, T=3.0).value == 0.125
    assert [v.hint for v in cg.parse("f = e^-T").inputs] == ["T"]
    assert [v.hint for v in cg.parse("PV = C (1 + r)^-T").inputs] == ["C", "r", "T"]
    with pytest.raises(NotationError, match=r"the transposed inverse of the number K or K\^\(-T\)"):
        cg.work("f = tr(A) K^-T", A=A, K=2.0)
    with pytest.raises(NotationError, match=r"the transpose of the number \(K \+ 1\) or \(K \+ 1\)\^\(T\)"):
        cg.work("f = tr(A) (K + 1)^T", A=A, K=2.0)
