"""The numbers of a person who rounds at every gate, beside those that were worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.api.work import work
from chalkgrad.classroom.sheets.rounding import rounded
from chalkgrad.classroom.sheets.stepwise import stepwise

NEURON = "f(w0, w1, w2, x0, x1) = 1/(1 + e^(-(w0 x0 + w1 x1 + w2)))"


@pytest.mark.parametrize(
    ("value", "digits", "wanted"),
    [(0.125, 2, 0.13), (-0.125, 2, -0.13), (0.285, 2, 0.29), (1.005, 2, 1.01), (2.5, 0, 3), (0.0045, 2, 0.0045),
     (0.00456, 2, 0.0046), (-12.0, 2, -12), (0.0, 2, 0), (1e20, 2, 1e20)],
)  # fmt: skip
def test_rounding(value: float, digits: int, wanted: float) -> None:
    assert rounded(value, digits) == pytest.approx(wanted, abs=1e-15)


def test_what_is_no_number_stays() -> None:
    assert rounded(True, 2) is True
    assert np.isnan(rounded(float("nan"), 2))
    assert rounded(np.array([0.125, 3.0]), 2).tolist() == [0.13, 3.0]


def test_the_published_neuron() -> None:
    w = work(NEURON, w0=2, w1=-3, w2=-3, x0=-1, x1=-2)
    found = stepwise(w, 2)
    by_name = {w.called[v]: found[a] for v, a in w.backprop.adjoint.items()}
    assert [by_name[n] for n in ("w0", "x0", "w1", "x1", "w2")] == pytest.approx([-0.20, 0.40, -0.40, -0.60, 0.20])
    assert set(found) == set(w.numbers)


def test_without_numbers_there_is_nothing() -> None:
    assert stepwise(work(NEURON), 2) == {}
