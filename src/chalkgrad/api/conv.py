"""`conv1d` and `conv2d` for arrays and for values that are traced, and `convolution`: how a filter fits an input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, final

import numpy as np

from chalkgrad.api.save import save_picture
from chalkgrad.errors import ShapeError, TooLarge
from chalkgrad.ir.registry import lookup
from chalkgrad.ops.windows import Window, each_axis, same_padding
from chalkgrad.render.convolution import told

LARGEST = 100_000

Moves = int | Sequence[int]
Padding = Moves | Literal["same"]


def conv1d(x: Any, w: Any, *, padding: Padding = 0, stride: int = 1, dilation: int = 1) -> Any:
    """Convolve `x` with the filter `w`, which is laid on at every place and not turned round (cross-correlation).

    Parameters
    ----------
    x : array of shape (L), or with channels (C, L) or (N, C, L)
    w : array of shape (F), or with channels (O, C, F)
        O filters over C channels.
    padding : int or "same"
        Zeros on each side; "same" is (F - 1)/2, for a filter of odd reach at a stride of 1.
    stride : int
        Cells from one place to the next. Where it does not fit, what is left over at the end is not read.
    dilation : int
        Cells from one weight to the next.

    Returns
    -------
    array of shape (L') or (O, L') or (N, O, L')
        L' = (L + 2·padding - dilation·(F - 1) - 1)/stride + 1, rounded down.

    Raises
    ------
    ShapeError
        Where the shapes do not fit.

    Examples
    --------
    >>> conv1d(np.array([1.0, 2.0, 4.0, 7.0]), np.array([-1.0, 1.0]))
    array([1., 2., 3.])
    """
    return _convolve(1, x, w, padding, stride, dilation)


def conv2d(x: Any, w: Any, *, padding: Padding = 0, stride: Moves = 1, dilation: Moves = 1) -> Any:
    """Convolve the image `x` with `w`, as `conv1d` does along two axes.

    `x` has shape (H, W), (C, H, W) or (N, C, H, W), `w` (Fh, Fw) or (O, C, Fh, Fw). Padding, stride and dilation are
    one number, or one for the height and one for the width. Raises ShapeError where the shapes do not fit.

    Examples
    --------
    >>> conv2d(np.eye(3), np.ones((2, 2)))
    array([[2., 1.],
           [1., 2.]])
    """
    return _convolve(2, x, w, padding, stride, dilation)


def _convolve(axes: int, x: Any, w: Any, padding: Any, stride: Any, dilation: Any) -> Any:
    op = lookup(f"conv{axes}d")
    x, w = [v if hasattr(v, "shape") else np.asarray(v) for v in (x, w)]
    if isinstance(padding, str):
        padding = _same(padding, axes, np.shape(w), stride, dilation)
    given = {"padding": padding, "stride": stride, "dilation": dilation}
    return op(x, w, **{k: _plain(v) for k, v in given.items() if v != op.params[k]})


def _plain(value: Any) -> Any:
    """As the op keeps it: a plain number, or a tuple of them."""
    if isinstance(value, Sequence):
        return tuple([_plain(v) for v in value])
    return int(value) if isinstance(value, np.integer) else value


def _same(word: str, axes: int, w: tuple[int, ...], stride: Any, dilation: Any) -> Moves:
    if word != "same":
        raise ShapeError(f"padding is a number, one for each axis, or 'same', and not '{word:.40}'")
    if any(s != 1 for s in each_axis(stride, axes, "stride")):
        raise ShapeError("'same' padding keeps the size at a stride of 1; with another stride give the padding itself")
    apart = each_axis(dilation, axes, "dilation")
    pads = tuple([same_padding(f, d) for f, d in zip(w[-axes:], apart, strict=True)])
    return pads[0] if len(set(pads)) == 1 else pads


@final
@dataclass(frozen=True)
class Convolution:
    """How a filter fits an input, along one axis or two. It prints with its formula, and shows itself in a notebook.

    `output` is the output's size, `centres` the cells in the middle of the filter, one tuple an axis, counted from 0
    (and printed from 1); None where an even filter has no middle.
    """

    windows: tuple[Window, ...]
    same: bool = False

    @property
    def output(self) -> tuple[int, ...]:
        return tuple([w.output for w in self.windows])

    @property
    def centres(self) -> tuple[tuple[int, ...] | None, ...]:
        return tuple([w.centres for w in self.windows])

    @cached_property
    def svg(self) -> str:
        """The picture: cells, padding, places of the filter, centres."""
        from chalkgrad.render.convolution_picture import picture
        from chalkgrad.render.picture import svg  # loads the typesetter: only when drawn

        return svg(picture(self.windows))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture, .svg or .png. Raises ChalkgradError for another suffix, or where it cannot be written."""
        return save_picture(self.svg, path)

    def __str__(self) -> str:
        return told(self.windows, self.same)

    def _repr_svg_(self) -> str:
        return self.svg


def convolution(
    size: Moves, filter: Moves, *, padding: Padding = 0, stride: Moves = 1, dilation: Moves = 1
) -> Convolution:
    """How a filter fits an input: the output's size, the padding, and the cells in its middle.

    Parameters
    ----------
    size, filter : int, or two of them
        The input's width, or its height and width; the filter's likewise.
    padding : int, two of them, or "same"
        Zeros on each side; "same" keeps the size at a stride of 1, and is refused for an even filter.
    stride, dilation : int, or two of them

    Raises
    ------
    ShapeError
        Where the filter does not fit at all. A stride that does not come out even is said, and rounded down.
    TooLarge
        For sizes above 100 000.

    Examples
    --------
    >>> found = convolution(10, 7, padding=3, stride=3)
    >>> found.output, found.centres
    ((4,), ((0, 3, 6, 9),))
    """
    axes = 2 if any(isinstance(v, Sequence) and len(v) == 2 for v in (size, filter)) else 1
    sizes, filters = each_axis(size, axes, "size"), each_axis(filter, axes, "filter")
    steps, apart = each_axis(stride, axes, "stride"), each_axis(dilation, axes, "dilation")
    given = _same(padding, axes, tuple(filters), steps, apart) if isinstance(padding, str) else padding
    pads = each_axis(given, axes, "padding")
    for name, values in (("size", sizes), ("filter", filters), ("padding", pads)):
        if any(isinstance(v, int) and v > LARGEST for v in values):
            raise TooLarge(f"a {name} above {LARGEST} is not worked out place by place")
    found = Convolution(tuple(map(Window, sizes, filters, pads, steps, apart)), isinstance(padding, str))
    _ = found.output  # raises where the filter does not fit
    return found
