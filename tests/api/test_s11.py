"""S11 from plain Python: the stages keep their names, and the chain is what the sheet writes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chalkgrad as cg


def loss(w1: Any, w2: Any, x: Any, y: Any) -> Any:
    z1 = x * w1
    a1 = 1 / (1 + np.exp(-z1))
    z2 = a1 * w2
    a2 = 1 / (1 + np.exp(-z2))
    return 0.5 * (a2 - y) ** 2


def test_s11_from_python() -> None:
    w = cg.work(loss, 0.5, -1.5, 2.0, 1.0, gates="whole")
    assert w.value == pytest.approx(0.280965, abs=1e-6)
    assert w.gradients["w1"] == pytest.approx(0.082988, abs=1e-6)
    assert w.gradients["w2"] == pytest.approx(-0.102857, abs=1e-6)
    told = str(cg.formulas(w))
    assert "∂loss/∂w1 = (a2 - y)·a2·(1 - a2)·w2·a1·(1 - a1)·x" in told
    assert "∂loss/∂w1 = ∂loss/∂a2 · ∂a2/∂z2 · ∂z2/∂a1 · ∂a1/∂z1 · ∂z1/∂w1" in told
    assert "w1 ← w1 - α·(a2 - y)·a2·(1 - a2)·w2·a1·(1 - a1)·x" in told
