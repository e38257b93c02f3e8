"""Chalkgrad: backpropagation that shows its work."""

import importlib
import typing

from chalkgrad.api.compile import compile
from chalkgrad.api.conv import conv1d, conv2d, convolution
from chalkgrad.api.gradients import backprop, grad, value_and_grad
from chalkgrad.api.jacobians import hessian, jacobian, vmap
from chalkgrad.api.loop import scan
from chalkgrad.api.products import jvp, vjp
from chalkgrad.api.threads import threads
from chalkgrad.errors import (
    ChalkgradError,
    GradientError,
    MatrixError,
    NotationError,
    ProgramError,
    ShapeError,
    SheetError,
    TooLarge,
    TraceError,
    UnknownName,
    ValueNeeded,
    VariantError,
)
from chalkgrad.ops.op import elementwise, structured
from chalkgrad.trace.record import trace  # the name of a room, too, and of the function from here on

if typing.TYPE_CHECKING:
    from chalkgrad.api.batch import batch
    from chalkgrad.api.check import check_gradients
    from chalkgrad.api.check_claim import check
    from chalkgrad.api.code import code
    from chalkgrad.api.draw import draw
    from chalkgrad.api.equal import equal
    from chalkgrad.api.explain import explain
    from chalkgrad.api.formulas import formulas
    from chalkgrad.api.network import network
    from chalkgrad.api.parse import parse
    from chalkgrad.api.shapes import shapes
    from chalkgrad.api.train import train
    from chalkgrad.api.work import Work, work
    from chalkgrad.api.worksheet import worksheet
    from chalkgrad.api.zoom import zoom
else:
    # What shows, checks and teaches is loaded where it is first asked for: that is half of what there is to load.
    _ROOMS = {"check": "check_claim", "check_gradients": "check", "Work": "work"}  # of the others, that of their name

    def __getattr__(name: str) -> typing.Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        room = importlib.import_module(f"chalkgrad.api.{_ROOMS.get(name, name)}")
        found = globals()[name] = getattr(room, name)
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})


__version__ = "0.1.0"

__all__ = [
    "ChalkgradError",
    "GradientError",
    "MatrixError",
    "NotationError",
    "ProgramError",
    "ShapeError",
    "SheetError",
    "TooLarge",
    "TraceError",
    "UnknownName",
    "ValueNeeded",
    "VariantError",
    "Work",
    "backprop",
    "batch",
    "check",
    "check_gradients",
    "code",
    "compile",
    "conv1d",
    "conv2d",
    "convolution",
    "draw",
    "elementwise",
    "equal",
    "explain",
    "formulas",
    "grad",
    "hessian",
    "jacobian",
    "jvp",
    "network",
    "parse",
    "scan",
    "shapes",
    "structured",
    "threads",
    "trace",
    "train",
    "value_and_grad",
    "vjp",
    "vmap",
    "work",
    "worksheet",
    "zoom",
]
