"""The arithmetic that a student knows by heart: what every gate gives, its slopes, and how both are mistaken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

FORWARD: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "square": lambda a: a * a,
    "power": lambda a, n: a**n,
    "exp": np.exp,
    "log": np.log,
    "reciprocal": lambda a: 1 / a,
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "sort": np.sort,
    "matmul": lambda a, b: a @ b,
    "dot": lambda a, b: a @ b,
    "sum": np.sum,
    "mean": np.mean,
}
# The slope by each operand, from the result and the operands.
SLOPES: dict[str, tuple[Callable[..., Any], ...]] = {
    "add": (lambda y, a, b: 1.0, lambda y, a, b: 1.0),
    "subtract": (lambda y, a, b: 1.0, lambda y, a, b: -1.0),
    "multiply": (lambda y, a, b: b, lambda y, a, b: a),
    "divide": (lambda y, a, b: 1 / b, lambda y, a, b: -a / b**2),
    "negative": (lambda y, a: -1.0,),
    "square": (lambda y, a: 2 * a,),
    "power": (lambda y, a, n: n * a ** (n - 1),),
    "exp": (lambda y, a: y,),
    "log": (lambda y, a: 1 / a,),
    "reciprocal": (lambda y, a: -1 / a**2,),
    "sigmoid": (lambda y, a: y * (1 - y),),
    "tanh": (lambda y, a: 1 - y * y,),
    "relu": (lambda y, a: 1.0 * (a > 0),),
    "maximum": (lambda y, a, b: 1.0 * (a > b), lambda y, a, b: 1.0 * (b > a)),
    "minimum": (lambda y, a, b: 1.0 * (a < b), lambda y, a, b: 1.0 * (b < a)),
    "dot": (lambda y, a, b: b, lambda y, a, b: a),
}
MOVES = ("index", "sort", "matmul", "sum", "mean")  # whose way back is no product with a slope
# What a mistake gives for the result of a gate, by what marking calls it.
WRONG_VALUES: dict[str, dict[str, Callable[..., Any]]] = {
    "add": {"sign": lambda a, b: a - b, "operation": lambda a, b: a * b},
    "subtract": {"sign": lambda a, b: a + b, "order": lambda a, b: b - a},
    "multiply": {"sign": lambda a, b: -a * b, "operation": lambda a, b: a + b},
    "divide": {"order": lambda a, b: b / a},
    "negative": {"sign": lambda a: a},
    "square": {"power": lambda a: 2 * a},
    "power": {"power": lambda a, n: n * a},
    "exp": {"sign": lambda a: np.exp(-a)},
    "sigmoid": {"argument": lambda a: 1 / (1 + np.exp(a))},
    "relu": {"loser": lambda a: np.minimum(a, 0)},
    "maximum": {"loser": np.minimum},
    "minimum": {"loser": np.maximum},
    "matmul": {"transpose": lambda a, b: a.T @ b if a.shape == a.T.shape else np.nan},
    "mean": {"1/m": np.sum},
    "sum": {"1/m": np.mean},
    "sort": {"order": lambda a: np.sort(a)[::-1]},
}
# The same for its slopes: from the place of the operand, the right slope, the result and the operands.
WRONG_SLOPES: dict[str, dict[str, Callable[..., Any]]] = {
    "multiply": {"swap": lambda k, s, y, a, b: (a, b)[k]},
    "square": {"power": lambda k, s, y, a: 2 * y},
    "power": {"power": lambda k, s, y, a, n: n * y},
    "divide": {"power": lambda k, s, y, a, b: -a / b if k else s},
    "sigmoid": {"argument": lambda k, s, y, a: a * (1 - a)},
    "tanh": {"power": lambda k, s, y, a: 1 - y},
    "exp": {"argument": lambda k, s, y, a: a},
    "relu": {"loser": lambda k, s, y, a: 1 - s},
    "maximum": {"loser": lambda k, s, y, a, b: 1 - s},
}
