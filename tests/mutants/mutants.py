"""Derivative rules that are wrong on purpose, each in one way in which rules do go wrong. The tests must see all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, final

import numpy as np

import chalkgrad.ops  # noqa: F401  (fills the table)
from chalkgrad.ir.build import Value
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Local, Matrix, Route, Select, Spread, Through, times
from chalkgrad.ops.notation import Function
from chalkgrad.ops.op import Op

Partials = Callable[..., tuple[Any, ...]]


@final
@dataclass(frozen=True)
class Mutant:
    """The record of `op` with other rules."""

    op: str
    wrong: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> Op:
        """The wrong record, beside the right one in the table."""
        return replace(OPS[self.op], **self.wrong)

    def move_in(self) -> None:
        """Make the record in the table wrong, for the rest of this process."""
        record = OPS[self.op]
        assert set(self.wrong) <= {f.name for f in fields(record)}
        for name, value in self.wrong.items():
            object.__setattr__(record, name, value)


def backward(op: str, partials: Partials) -> Mutant:
    """Other partial derivatives, in reverse mode only."""

    def vjp(want: tuple[bool, ...], y: Any, *xs: Any, **params: Any) -> list[Local | None]:
        found = partials(y, *xs, **params)
        return [times(f, x) if w else None for w, f, x in zip(want, found, xs, strict=True)]

    return Mutant(op, {"vjp": vjp})


def both(op: str, partials: Partials) -> Mutant:
    """Other partial derivatives in both modes, which then agree with each other: differences alone can tell."""

    def jvp(tangents: tuple[Any, ...], y: Any, *xs: Any, **params: Any) -> Any:
        terms = [t * f for t, f in zip(tangents, partials(y, *xs, **params), strict=True) if t is not None]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total if total.shape == y.shape else total.apply("broadcast_to", shape=y.shape)

    return Mutant(op, {**backward(op, partials).wrong, "jvp": jvp})


def sent(op: str, change: Callable[..., Local]) -> Mutant:
    """Each local changed by `change(local, *inputs)`, in reverse mode only."""
    rule: Any = OPS[op].vjp

    def vjp(want: Any, y: Any, *xs: Any, **params: Any) -> list[Local | None]:
        return [None if local is None else change(local, *xs) for local in rule(want, y, *xs, **params)]

    return Mutant(op, {"vjp": vjp})


def forward(op: str, rule: Callable[..., Any]) -> Mutant:
    """Another rule in forward mode only."""
    return Mutant(op, {"jvp": rule})


def _hold(name: str, evaluate: Callable[[Any], Any], slope: Callable[[Value], Any]) -> Op:
    """An op that stands in no table: what `evaluate` gives, with a slope of its own."""
    return Op(
        name=name,
        arity=1,
        evaluate=evaluate,
        types=lambda types, params: types,
        vjp=lambda want, y, x: [times(slope(x), x)],
        jvp=lambda tangents, y, x: tangents[0] * slope(x),
        notation=Function(name, name),
        elementwise=True,
    )


# A value whose derivative is lost; and a cosine whose second derivative is.
constant = _hold("held", lambda x: x, lambda x: 0)
cosine_once = _hold("cosine_once", np.cos, lambda x: constant(-x.apply("sin")))


def _first(local: Local, shape: Any) -> Local:
    """The first of what was broadcast, where the sum over it belongs."""

    def move(u: Any) -> Any:
        while len(u.shape) > len(shape):
            u = u[0]
        for axis, n in enumerate(shape):
            if n == 1 and u.shape[axis] != 1:
                u = u[(*[slice(None)] * axis, slice(0, 1))]
        return u

    return Route(move, "a copy of the first")


def _other_side(local: Local, *xs: Any) -> Local:
    return Matrix(local.matrix, "left" if local.side == "right" else "right") if isinstance(local, Matrix) else local


def _untransposed(local: Local, *xs: Any) -> Local:
    """xᵀ forgotten: where the matrix is square nothing but the numbers tells."""
    if not isinstance(local, Matrix) or len(set(local.matrix.shape)) > 1:
        return local
    return Matrix(local.matrix.apply("transpose"), local.side)


def _swapped_branches(local: Local, condition: Any, *branches: Any) -> Local:
    assert isinstance(local, Select)
    return Select(local.mask.apply("logical_not"), local.shape)


def _through(factor: float) -> Callable[..., Local]:
    def change(local: Local, *xs: Any) -> Local:
        return Through(lambda u: local.send(u) * factor, "scaled")

    return change


def _argsort_read(want: Any, y: Any, x: Any, axis: int = -1) -> list[Local]:
    """Sort sends back by reading in its order, in place of putting back in it."""
    order = x.apply("argsort", axis=axis)
    return [Route(lambda u: u.apply("take_along", order, axis=axis), "read in order")]


def _masked_power(y: Any, x: Any, n: Any) -> tuple[Any, Any]:
    """Right wherever n is not 0, and there too at first order: the mask cuts off the slope of the slope."""
    slope = n * x ** (n - 1)
    return slope.apply("masked", n.apply("equal", 0)), y * x.apply("log")


MUTANTS: dict[str, Mutant] = {
    # elementwise, in reverse mode
    "- without its sign": backward("subtract", lambda y, a, b: (1, 1)),
    "× not swapped": backward("multiply", lambda y, a, b: (a, b)),
    "1/x without the square": backward("reciprocal", lambda y, x: (-y,)),
    "a root without its 2": backward("sqrt", lambda y, x: (1 / y,)),
    "σ off by a part in a million": backward("sigmoid", lambda y, x: (y * (1 - y) * (1 + 1e-6),)),
    "an exponent without its partial": backward("power", lambda y, x, n: (n * x ** (n - 1), 0)),
    "max routes to the loser": backward("maximum", lambda y, a, b, tie="": (a < b, a > b)),
    "a broadcast not summed": sent("add", lambda t, *xs: _first(t, t.shape) if hasattr(t, "shape") else t),
    "a clip open below": backward("clip", lambda y, x, low, high: (x <= high, x < low, x > high)),
    # elementwise, in both modes alike
    "tanh without its square": both("tanh", lambda y, x: (1 - y,)),
    "arctan2 with its inputs swapped": both("arctan2", lambda t, y, x: (-y / (x**2 + y**2), x / (x**2 + y**2))),
    "a square without its 2": both("square", lambda y, x: (x,)),
    # where, index, order
    "where with its branches swapped": sent("where", _swapped_branches),
    "an index put back reversed": sent("index", lambda r, x: Route(lambda u: r.send(u)[::-1], "reversed")),
    "sort read where it should put": Mutant("sort", {"vjp": _argsort_read}),
    "cumsum summed from the start": Mutant(
        "cumsum", {"vjp": lambda want, y, x, axis=-1: [Route(lambda u: u.apply("cumsum", axis=axis), "again")]}
    ),
    # matrices, reductions, norms
    "a matrix on the wrong side": sent("matmul", _other_side),
    "a transpose forgotten": sent("matmul", _untransposed),
    "a mean without its 1/m": sent(
        "mean", lambda s, x: Spread(x.builder.value(1), s.move, s.words) if isinstance(s, Spread) else _through(3.0)(s)
    ),
    "max over an axis, halved": sent("max", _through(0.5)),
    "a product with itself": Mutant(
        "prod",
        {
            "vjp": lambda want, y, x, axis=None, keepdims=False: [
                Through(lambda u: x * (u if axis is None else u.apply("sum")), "u x")
            ]
        },
    ),
    "softmax without its sum": Mutant("softmax", {"vjp": lambda want, y, x, axis=-1: [times(y * (1 - y), x)]}),
    "logsumexp spread evenly": Mutant(
        "logsumexp",
        {
            "vjp": lambda want, y, x, axis=None, keepdims=False: [
                Through(lambda u: (x * 0 + 0.25) * u.apply("sum"), "spread")
            ]
        },
    ),
    "a norm not divided by itself": Mutant("norm", {"vjp": lambda want, y, x, **params: [times(x, x)]}),
    # forward mode only
    "forward only: sin with a sign": forward("sin", lambda t, y, x: t[0] * x.apply("cos") * -1),
    "forward only: exp without its factor": forward("exp", lambda t, y, x: t[0]),
    "forward only: where takes one branch": forward(
        "where", lambda t, y, c, a, b: next(v for v in t if v is not None).apply("broadcast_to", shape=y.shape)
    ),
    "forward only: a product rule with one term": forward(
        "matmul", lambda t, y, a, b: t[0] @ b if t[0] is not None else a @ t[1]
    ),
    # first order right
    "second order only: cos as a constant": both("sin", lambda y, x: (constant(x.apply("cos")),)),
    "second order only: a mask too wide": backward("power", _masked_power),
    "third order only: sin'' as a constant": both("sin", lambda y, x: (cosine_once(x),)),
}

# Ops of linear algebra, each wrong in a way of its own.
MUTANTS |= {
    "det without its transpose": sent(
        "det", lambda local, x: Through(lambda u: local.send(u).apply("transpose", axes=_flip(x)), "not transposed")
    ),
    "inv with a sign": sent("inv", _through(-1.0)),
    "solve with its sides swapped": sent("solve", _through(2.0)),
}


def _flip(x: Any) -> tuple[int, ...]:
    rank = len(x.shape)
    return (*range(rank - 2), rank - 1, rank - 2)
