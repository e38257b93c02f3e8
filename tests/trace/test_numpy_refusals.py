"""What NumPy's functions cannot be here is refused, with the line, and what to write instead."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.trace.record import trace

V = np.arange(1.0, 6.0)

REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda v: np.compress(v > 2, v), "write np.where(condition, x, 0.0)"),
    (lambda v: np.extract(v > 2, v), "write np.where(condition, x, 0.0)"),
    (lambda v: np.pad(v, 1, mode="linear_ramp"), "use one of constant, edge, reflect, symmetric, wrap"),
    (lambda v: np.pad(v, 1, mode="reflect", reflect_type="odd"), "np.concatenate"),
    (lambda v: np.pad(v, -1), "whole numbers from 0 on"),
    (lambda v: np.pad(v, 1, constant_values=v), "several traced constant_values"),
    (lambda v: np.pad(np.arange(3), 1, constant_values=v[0]), "would cut constant_values"),
    (lambda v: np.split(v, 2), "5 entries do not split into 2 equal parts"),
    (lambda v: np.vsplit(v, 1), "two axes or more"),
    (lambda v: np.repeat(v, [1, 2]), "2 counts for 5 entries"),
    (lambda v: np.repeat(v, v), "is a traced value"),
    (lambda v: np.tile(v, v[0]), "is a traced value"),
    (lambda v: np.roll(v, v[0]), "is a traced value"),
    (lambda v: np.concatenate([v[0], v[1]]), "write np.stack([a, b])"),
    (lambda v: np.concatenate([v, v[None]]), "(5,) and (1, 5)"),
    (lambda v: np.sum(v, axis=3), "no axis 3 in shape (5,)"),
    (lambda v: np.flip(v, (0, 0)), "stands twice"),
    (lambda v: np.fliplr(v), "no axis 1 among 1"),
    (lambda v: np.expand_dims(v, 5), "no axis 5"),
    (lambda v: np.squeeze(v, 0), "more than one entry"),
    (lambda v: np.rollaxis(v, 0, 7), "no place 7 among 1 axes"),
    (lambda v: np.broadcast_to(v, (3,)), "size 5 against size 3"),
    (lambda v: np.std(v, ddof=5), "5 entries with ddof=5 leave nothing to divide by"),
    (lambda v: np.var(v[:0]), "leave nothing to divide by"),
    (lambda v: np.sum(v, where=v > 0), "put np.where(mask, x, y) in place of x"),
    (lambda v: np.max(v, initial=2.0), "combine it with the result"),
    (lambda v: np.quantile(v, v[0]), "give q as a plain number"),
    (lambda v: np.percentile(v, v), "give q as a plain number"),
    (lambda v: np.quantile(v, 1.5), "is outside"),
    (lambda v: np.quantile(v, 0.5, method="weibull"), "use one of linear, lower, higher, midpoint, nearest"),
    (lambda v: np.median(v[:0]), "no entries"),
    (lambda v: np.average(v, weights=[1.0, 2.0]), "weights of shape (2,)"),
    (lambda v: np.take(v, v), "places are whole numbers, not float64"),
    (lambda v: np.take(v, [9]), "out of bounds"),
    (lambda v: np.take(v, [0.5]), "whole numbers, not float64"),
    (lambda v: np.take_along_axis(v, np.array([9]), 0), "a place is outside of axis 0, which has 5 entries"),
    (lambda v: np.choose(np.argsort(v), [v, v]), "mode='clip' or mode='wrap'"),
    (lambda v: np.choose([0, 1, 2, 3, 4], [v, v]), "a choice is none of 0 to 1"),
    (lambda v: np.select([v > 0], []), "1 conditions and 0 choices"),
    (lambda v: np.reshape(v, (5, 1), order="A"), "use 'C' or 'F'"),
    (lambda v: np.delete(v, 9), "np.delete: index 9"),
    (lambda v: np.unique(v), "write np.sort(x)"),
    (lambda v: np.histogram(v), "np.sum((x >= low) & (x < high))"),
    (lambda v: np.frexp(v)[0], "write np.floor(np.log2"),
    (lambda v: np.fft.fft(v), "complex numbers have no place here"),
    (lambda v: np.insert(v, 1, 2.0), "np.concatenate([x[:i], [v], x[i:]])"),
    (lambda v: np.maximum.accumulate(v), "a loop of np.maximum"),
    (lambda v: np.add.reduceat(v, [0, 2]), "np.sum of slices"),
    (lambda v: np.gradient(v[:1]), "needs 2 entries, axis 0 has 1"),
    (lambda v: np.gradient(v, np.arange(3.0)), "places of shape (3,) for 5 entries"),
    (lambda v: np.gradient(v, edge_order=3), "1 or 2, not 3"),
    (lambda v: np.interp(v, [0, 1.0], [0, 1.0], period=2), "period="),
    (lambda v: np.interp(v, [0, 1.0, 2], [0, 1.0]), "one axis, and as many"),
    (lambda v: np.digitize(0.5, v), "write np.searchsorted"),
    (lambda v: np.convolve(v, v[None]), "of shapes (5,) and (1, 5)"),
    (lambda v: np.correlate(v, v, mode="sme"), "'full', 'same' or 'valid'"),
    (lambda v: np.partition(v, 9), "kth=9 is no place among 5 entries"),
    (lambda v: np.linspace(0, v[0], v[1]), "is a traced value"),
    (lambda v: np.round(v, v[0]), "is a traced value"),
    (lambda v: np.argmax(v, axis=(0,)), "one whole number or None"),
    (lambda v: np.argmax(v[:0]), "there is none"),
    (lambda v: np.cov(v, aweights=v), "aweights="),
    (lambda v: np.polyval(v[:, None, None], v)[0] + np.polymul(v[:, None], v), "stand along one axis"),
    (lambda v: np.tril_indices_from(v), "one of a matrix"),
    (lambda v: v.std(ddof="1"), "ddof is a number, not '1'"),
    (lambda v: np.searchsorted(v[:, None], v), "must have one axis"),
    (lambda v: np.bincount(v), "a place of np.bincount is a whole number"),
    (lambda v: np.bincount([0, 1], v), "for 2 places"),
    (lambda v: np.bincount([-1, 1], v[:2]), "np.bincount: "),
]


@pytest.mark.parametrize(("function", "words"), REFUSED, ids=range(len(REFUSED)))
def test_refused_with_the_line_and_the_way_out(function: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(cg.ChalkgradError) as error:
        trace(function, V)
    assert words in str(error.value)
    assert f"line {function.__code__.co_firstlineno} of {__file__}" in str(error.value)
