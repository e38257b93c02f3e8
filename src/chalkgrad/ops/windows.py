"""How a filter moves along an axis: how far it reaches, how often it fits, and which cells stand under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ShapeError
from chalkgrad.ir.dims import Size


@final
@dataclass(frozen=True, slots=True)
class Window:
    """A filter along one axis.

    `size` cells with `padding` zeros on each side; `filter` weights that stand `dilation` cells apart; `stride` cells
    from one place to the next. Raises ShapeError where one of them is no whole number, or out of its range.

    Examples
    --------
    >>> window = Window(10, 7, padding=3, stride=3)
    >>> window.output, window.centres
    (4, (0, 3, 6, 9))
    """

    size: Any  # a number, or a size that has only a name yet
    filter: Any
    padding: int = 0
    stride: int = 1
    dilation: int = 1

    def __post_init__(self) -> None:
        for name, least in (("size", 0), ("filter", 1), ("padding", 0), ("stride", 1), ("dilation", 1)):
            value = getattr(self, name)
            named = name in ("size", "filter") and isinstance(value, Size)
            if not named and (isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least):
                raise ShapeError(f"{name} is a whole number, {least} or more, and not {value!r:.40}")

    @property
    def span(self) -> Any:
        """How many cells the filter reaches over: its weights, and the cells that dilation leaves between them."""
        return (self.filter - 1) * self.dilation + 1

    @property
    def output(self) -> Any:
        """How many places it takes: (W - F + 2P)/S + 1, rounded down where the stride does not fit.

        Raises ShapeError where the filter is longer than the padded input, and where a size that has only a name
        would have to be divided.
        """
        room = self.size + 2 * self.padding - self.span
        if not isinstance(room, int | np.integer):
            if self.stride > 1:
                raise ShapeError(f"a stride of {self.stride} divides, so the size {self.size} must be a number")
            return room + 1
        if room < 0:
            apart = f" with dilation {self.dilation}" if self.dilation > 1 else ""
            raise ShapeError(
                f"a filter of {self.filter}{apart} reaches over {self.span} cell{'s' * (self.span > 1)}, and there are "
                f"{self.size + 2 * self.padding}: {self.size}, with {self.padding} of padding on each side"
            )
        return room // self.stride + 1

    @property
    def unread(self) -> int:
        """How many cells at the end, padding included, no place of the filter reaches: the stride does not fit."""
        return (self.size + 2 * self.padding - self.span) % self.stride

    @property
    def starts(self) -> tuple[int, ...]:
        """The first cell under each place, as an index into the input; below 0 it is padding."""
        return tuple(place * self.stride - self.padding for place in range(self.output))

    @property
    def centres(self) -> tuple[int, ...] | None:
        """The cell in the middle of each place, as an index into the input; None for an even filter, with no middle."""
        if self.filter % 2 == 0:
            return None
        return tuple(start + (self.span - 1) // 2 for start in self.starts)

    def cells(self, place: int) -> tuple[int, ...]:
        """The cells that a place multiplies, as indices into the input; outside of it they are padding."""
        start = place * self.stride - self.padding
        return tuple(start + k * self.dilation for k in range(self.filter))


def same_padding(filter: int, dilation: int = 1) -> int:
    """The padding with which the output is as long as the input, at a stride of 1: (F - 1)/2.

    Raises ShapeError for an even filter, unless dilation makes its reach odd: the two sides would differ.
    """
    span = Window(0, filter, dilation=dilation).span
    if span % 2 == 0:
        reach = f"a filter of {filter}" if dilation == 1 else f"a filter of {filter} that reaches over {span} cells"
        raise ShapeError(
            f"'same' padding is (F - 1)/2 on each side, and {reach} would need {(span - 1) / 2}; "
            f"take an odd filter, {filter - 1} or {filter + 1}"
        )
    return (span - 1) // 2


def each_axis(value: Any, axes: int, name: str) -> tuple[Any, ...]:
    """A number for all axes, or one an axis.

    Raises ShapeError where there are more or fewer.
    """
    if not isinstance(value, Sequence):
        return (value,) * axes
    if len(value) != axes:
        raise ShapeError(f"{name} is one number, or one for each of {axes} axes; {len(value)} were given")
    return tuple(value)
