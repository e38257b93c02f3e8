"""`explain` names the step where a NaN or an infinity was born."""

from __future__ import annotations

from typing import Any

import numpy as np

import chalkgrad as cg


def born(text: str) -> list[str]:
    return [line for line in text.splitlines() if " is born in " in line or line.startswith("from there on")]


def test_nothing_is_said_where_all_is_finite() -> None:
    assert not born(cg.explain(cg.work("f(x, y) = x log y", x=1.0, y=2.0)))


def test_nothing_is_said_of_a_nan_that_reaches_no_result() -> None:
    assert not born(cg.explain(cg.work("f(x) = where(x > 0, log x, 0)", x=-1.0)))


def test_the_step_the_entry_and_what_it_read() -> None:
    def loss(w: Any, x: Any) -> Any:
        z = w * x
        p = np.log(z - 1.0)
        return np.sum(p * 2 + x)

    found = born(cg.explain(cg.work(loss, np.array([3.0, 1.0, 0.5]), np.array([0.5, 0.5, 3.0]))))
    assert found[0].startswith("NaN is born in p[1] = log(")
    assert "[1] = -0.5" in found[0]
    assert "p = np.log(z - 1.0)" in found[0]
    assert "test_births.py" in found[0]
    assert found[-1] == "from there on: loss, ∂loss/∂w, ∂loss/∂x"


def test_only_the_first_of_a_chain() -> None:
    found = born(cg.explain(cg.work("f(x) = exp(sin(log x) + 1)", x=-1.0)))
    assert len([f for f in found if f.startswith("NaN is born in") and "along" not in f]) == 1


def test_infinity_minus_infinity_is_a_birth_of_its_own() -> None:
    found = born(cg.explain(cg.work("f(x) = 1/x - 1/x^2", x=0.0)))
    assert [f.split(" = ")[0] for f in found if "along" not in f][:3] == [
        "an infinity is born in q",
        "an infinity is born in t",
        "NaN is born in f",
    ]


def test_born_on_the_way_back() -> None:
    found = born(cg.explain(cg.work("f(x, y) = y sqrt(x)", x=0.0, y=2.0)))
    assert found == [
        "an infinity is born in ∂f/∂x along q: its local derivative there times ∂f/∂q = 2",
        "from there on: ∂f/∂x",
    ]


def test_a_whole_array_that_decides() -> None:
    found = born(cg.explain(cg.work(lambda x: np.sum(x), np.full(3, 1e308))))
    assert found[0].startswith("an infinity is born in")
    assert "at the whole of x" in found[0]
