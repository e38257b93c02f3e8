"""What functions are called in maths: one table of aliases over the op table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import chalkgrad.ops  # noqa: F401  # pyright: ignore[reportUnusedImport]  (the table fills on import)
from chalkgrad.errors import NotationError
from chalkgrad.ir.registry import OPS
from chalkgrad.notation.tree import Function
from chalkgrad.ops.abstract import abstract
from chalkgrad.ops.op import Op

ALIASES = {
    "ln": "log",
    "σ": "sigmoid",
    "s": "sigmoid",
    "logistic": "sigmoid",
    "sgn": "sign",
    "absolute": "abs",
    "log_2": "log2",
    "log_10": "log10",
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "pow": "power",
    "logsoftmax": "log_softmax",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
    "arsinh": "arcsinh",
    "arcosh": "arccosh",
    "artanh": "arctanh",
    "tg": "tan",
    "tr": "trace",
    "cof": "cofactor",
    "√": "sqrt",
    "∛": "cbrt",
    "|": "abs",
    "‖": "norm",
}
# Of several arguments these fold an elementwise op, of one array they are the reduction.
FOLDED = {"max": "maximum", "min": "minimum"}
# Functions only where a bracket follows: `s` or `inv` alone is a variable far more often.
ONLY_CALLED = frozenset({"s", "inv"})
# Constants where nobody declares the name otherwise.
CONSTANTS = {"e": "e", "π": "π", "pi": "π"}
# How the echo prints an op that has a shorter name in maths.
DISPLAY = {"sigmoid": "σ"}

SIGN_OPS = {
    "+": "add",
    "-": "subtract",
    "*": "multiply",
    "/": "divide",
    "^": "power",
    "@": "matmul",
    "∧": "logical_and",
    "∨": "logical_or",
}
COMPARE_OPS = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}


def function(word: str) -> Function | None:
    """The function that `word` calls: an alias, `piecewise`, or any op of the table by its own name."""
    op = ALIASES.get(word, word)
    return Function(word, op) if op in OPS or op == "piecewise" else None


def takes(word: str, count: int) -> bool:
    """Whether `word` calls a function that takes so many arguments."""
    known = function(word)
    if known is None or known.op == "piecewise":
        return False
    return known.op in FOLDED or OPS[known.op].arity in (count, -1)


@final
class Abstract:
    """The functions that are named and not given. Each takes as many arguments as its first call has."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = dict.fromkeys(names)
        self.made: dict[str, Op] = {}
        for name in self.names:
            if name in OPS:
                raise NotationError(f"'{name}' is a function that is known: give the abstract one another name")

    def function(self, word: str) -> Function | None:
        """The function that `word` calls, if it is one of these."""
        return Function(word, word, abstract=True) if word in self.names else None

    def op(self, word: str, count: int) -> Op:
        """Its op, of `count` arguments if it has not been called before."""
        if word not in self.made:
            self.made[word] = abstract(word, count)
        return self.made[word]


def words() -> list[str]:
    """Every word that calls a function, for suggestions."""
    return [w for w in ALIASES if w.isalpha() and len(w) > 1] + list(OPS) + ["piecewise"]
