"""Mistakes that only arrays have: a transpose, a sum over the batch, 1/m, the way back through a sort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from chalkgrad.classroom.slips.ledger import Ledger
from chalkgrad.classroom.slips.slip import Slip
from chalkgrad.ops.local import Matrix, Spread, Times
from chalkgrad.transform.backprop import Contribution


def array_slips(
    c: Contribution, ledger: Ledger, product: Any, upstream: Any, slope: Any, called: str
) -> Iterator[Slip]:
    """What an edge sends with such a mistake; a value may be of another shape than is right."""
    op: Any = c.step.op
    match c.local:
        case Times() if np.shape(upstream) != np.shape(product) and np.shape(upstream):
            each = "the entries (the examples of a batch)"
            why = f"the sum is missing: {called} is one for all {each}, so what they send adds"
            yield Slip("batch sum", np.multiply(upstream, slope), why)
        case Matrix(side=side):
            yield from _matrices(side, product, upstream, slope, called)
        case Spread():
            count = float(np.size(product)) / max(1.0, float(np.size(upstream)))
            if op.name == "mean":
                why = f"1/m is dropped: a mean of {count:g} passes on 1/{count:g}"
                yield Slip("1/m", np.multiply(product, count), why)
            elif op.name == "sum":
                yield Slip("1/m", np.divide(product, count), "a sum passes its gradient on whole: no 1/m belongs here")
        case _ if op.name == "sort":
            yield from _sorted(c, ledger, upstream)
        case _:
            pass


def _matrices(side: str, product: Any, upstream: Any, matrix: Any, called: str) -> Iterator[Slip]:
    u, w = np.asarray(upstream), np.asarray(matrix)
    if w.ndim == 2:
        a, b = (w.T, u) if side == "left" else (u, w.T)
        if a.shape[-1] == b.shape[0] and (a.ndim > 1 or b.ndim > 1):
            why = f"the transpose is missing in {called}: the matrix goes back transposed"
            yield Slip("transpose", a @ b, why)
    if np.ndim(product) == 2:
        why = f"it is the transpose: {called} has the shape of its variable"
        yield Slip("transpose", np.transpose(product), why)
    if w.ndim == 2 and u.ndim == 2 and w.shape == u.shape:
        yield Slip("operation", w * u, f"{called} is a matrix product, and here it is taken entry by entry")


def _sorted(c: Contribution, ledger: Ledger, upstream: Any) -> Iterator[Slip]:
    (x,) = [ledger.held["value", c.target].value]
    axis = c.step.params.get("axis", -1)
    order = np.argsort(x, axis=axis, kind="stable")
    why = "the inverse permutation is needed: each gradient goes back to where its entry came from"
    yield Slip("permutation", np.take_along_axis(np.asarray(upstream), order, axis=axis), why)
    why = "sort reroutes: here each gradient stays in its place, and does not go back to where its entry came from"
    yield Slip("permutation", np.asarray(upstream), why)
