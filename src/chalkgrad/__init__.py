"""Chalkgrad: backpropagation that shows its work."""

from chalkgrad.api.check import check_gradients
from chalkgrad.api.check_claim import check
from chalkgrad.api.code import code
from chalkgrad.api.draw import Drawing, draw
from chalkgrad.api.equal import Equality, equal
from chalkgrad.api.explain import explain
from chalkgrad.api.formulas import Formulas, formulas
from chalkgrad.api.gradients import backprop, grad, value_and_grad
from chalkgrad.api.parse import parse
from chalkgrad.api.work import Work, work
from chalkgrad.errors import (
    ChalkgradError,
    GradientError,
    NotationError,
    ProgramError,
    ShapeError,
    TooLarge,
    TraceError,
    UnknownName,
    ValueNeeded,
)
from chalkgrad.trace.record import trace

__version__ = "0.1.0"

__all__ = [
    "ChalkgradError",
    "Drawing",
    "Equality",
    "Formulas",
    "GradientError",
    "NotationError",
    "ProgramError",
    "ShapeError",
    "TooLarge",
    "TraceError",
    "UnknownName",
    "ValueNeeded",
    "Work",
    "backprop",
    "check",
    "check_gradients",
    "code",
    "draw",
    "equal",
    "explain",
    "formulas",
    "grad",
    "parse",
    "trace",
    "value_and_grad",
    "work",
]
