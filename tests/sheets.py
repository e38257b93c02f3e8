"""The worksheets' scalar rows: the text as printed, where it is evaluated, and what must come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STAGED = """s(y) = 1 / (1 + e^{-y})
num = x + s(y)
s(x) = 1 / (1 + e^{-x})
sum = x + y
sqr = sum^2
denom = s(x) + sqr
inv = 1 / denom
f = num · inv"""


@dataclass(frozen=True)
class Sheet:
    """One row."""

    text: str
    at: dict[str, float]
    value: float
    gradients: dict[str, float]
    nodes: dict[str, float] = field(default_factory=dict[str, float])
    upstream: Any = None


SHEETS = {
    "S1": Sheet("f(x, y, z) = (x + y)z", {"x": -2, "y": 5, "z": -4}, -12, {"x": -4, "y": -4, "z": 3}, {"q": -4}),
    "S2": Sheet(
        "f(w_0, w_1, w_2, x_0, x_1) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})",
        {"w_0": 2, "w_1": -3, "w_2": -3, "x_0": -1, "x_1": -2},
        0.731059,
        {"w_0": -0.196612, "x_0": 0.393224, "w_1": -0.393224, "x_1": -0.589836, "w_2": 0.196612},
    ),
    "S3": Sheet(
        "f(a,b,c,d) = (3a - b)^2 + cd",
        {"a": 1, "b": 2, "c": -3, "d": 4},
        -11,
        {"a": 6, "b": -2, "c": 4, "d": -3},
    ),
    "S4": Sheet(
        "h = σ(w_1x_1 + w_2x_2 + b)\nℓ = -y log h - (1-y) log(1-h)",
        {"w_1": 2, "w_2": -1, "b": 0.5, "x_1": 1, "x_2": 3, "y": 0},
        0.474077,
        {"w_1": 0.377541, "w_2": 1.132622, "b": 0.377541},
    ),
    "S5": Sheet("f = σ(x)", {"x": 0}, 0.5, {"x": -0.75}, upstream=-3),
    "S6": Sheet("f = relu(x)", {"x": -1}, 0, {"x": 0}, upstream=-3),
    "S8a": Sheet("f(x, y) = xy", {"x": 1, "y": -2}, -2, {"x": -2, "y": 1}),
    "S8b": Sheet("f(x, y) = x + y", {"x": 1, "y": -2}, -1, {"x": 1, "y": 1}),
    "S8c": Sheet("f(x, y) = max{x, y}", {"x": 1, "y": -2}, 1, {"x": 1, "y": 0}),
    "S9": Sheet(
        "g = x + y; h = g z; f = h + x",
        {"x": -2, "y": 5, "z": -4},
        -14,
        {"x": -3, "y": -4, "z": 3},
        {"g": -4, "h": 1},
    ),
    "S10": Sheet(STAGED, {"x": 3, "y": -4}, 1.545645, {"x": 2.059570, "y": 1.592233}),
}
