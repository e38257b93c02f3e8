"""The coefficients in use are as near to what they stand for as their tables say."""

from __future__ import annotations

import pytest

from chalkgrad.native.maths import tables
from tests.native.maths.coefficients import error, fits, ratio, tanh_error
from tests.native.maths.coefficients import rest_of_tanh as rest_ofrest_of_tanh

# Powers of 2.
ERRORS = {
    "EXP": -57.7,
    "EXP single": -28.0,
    "EXP2": -57.6,
    "EXP2 single": -27.5,
    "LOG": -58.0,
    "LOG_TAIL": -65.3,
    "LOG_SINGLE": -28.4,
    "SIN": -58.0,
    "COS": -64.2,
    "SIN_SHORT": -37.6,
    "COS_SHORT": -43.2,
    "SINH": -61.7,
    "ARCTAN": -59.4,
    "ARCSIN": -59.8,
    "ARCSINH": -60.4,
    "CBRT": -13.7,
    "ERF": -56.6,
    "ERF single": -28.3,
    "ERF_TAIL": -61.2,
    "ERF_TAIL single": -30.1,
}


@pytest.mark.parametrize("name", ERRORS)
def test_polynomials(name: str) -> None:
    fit = fits()[name]
    assert len(fit.known) == fit.degree + 1
    assert error(fit, fit.known) <= ERRORS[name] + 0.1


def test_all_polynomials_are_held_to_an_error() -> None:
    assert fits().keys() == ERRORS.keys()


@pytest.mark.parametrize(("kind", "bound", "degrees"), [("double", -57.6, (2, 3)), ("float", -37.1, (1, 2))])
def test_the_quotient_of_tanh(kind: str, bound: float, degrees: tuple[int, int]) -> None:
    above, below = tables.TANH[kind]
    assert tanh_error(above, below) <= bound
    assert [list(above), list(below)] == [list(part) for part in ratio(rest_ofrest_of_tanh, 0, 0.4, *degrees)]
