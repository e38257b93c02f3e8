"""How a filter fits an input: in words and numbers, and its cells in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from chalkgrad.ops.windows import Window

# What still reads on a page: cells in a row, and places of the filter under one another.
MOST_CELLS = 64
MOST_PLACES = 24
AXES = (("W",), ("H", "W"))


def told(windows: Sequence[Window], same: bool = False) -> str:
    """The sizes with their formulas, the centres, what is left over, and in 1-D the cells under each place."""
    lines: list[str] = ["output size"]
    for window, letter in zip(windows, AXES[len(windows) - 1], strict=True):
        lines.append("  " + size_formula(window, letter))
    if len(windows) == 2:
        lines.append(f"  so the output is {windows[0].output} by {windows[1].output}")
    if same:
        lines += ["", "padding", *(f"  {_same_formula(w)}" for w in dict.fromkeys(windows))]
    lines += ["", "centres of the filter"]
    for window, name in zip(windows, ("rows", "columns") if len(windows) == 2 else ("units",), strict=True):
        lines.append("  " + centres_sentence(window, name))
    for window, axis in zip(windows, ("rows: ", "columns: ") if len(windows) == 2 else ("",), strict=True):
        lines += [f"  {axis}{line}" for line in remarks(window)]
    if len(windows) == 1:
        lines += ["", *cells_drawn(windows[0])]
    return "\n".join([*lines, "", "The filter is laid on as it is and not turned round: a cross-correlation."])


def size_formula(window: Window, letter: str = "W") -> str:
    """`(W - F + 2P)/S + 1 = (10 - 7 + 2·3)/3 + 1 = 4`; a stride that does not fit is said, and rounded down."""
    wide = "F" if window.dilation == 1 else "(D(F - 1) + 1)"
    span = str(window.filter) if window.dilation == 1 else f"({window.dilation}·({window.filter} - 1) + 1)"
    room = window.size + 2 * window.padding - window.span
    exact = Fraction(room, window.stride) + 1
    start = (
        f"({letter} - {wide} + 2P)/S + 1 = ({window.size} - {span} + 2·{window.padding})/{window.stride} + 1 "
        f"= {room}/{window.stride} + 1"
    )
    if exact.denominator == 1:
        return f"{start} = {exact}"
    return f"{start} = {float(exact):.4g}, rounded down to {window.output}"


def _same_formula(window: Window) -> str:
    if window.dilation > 1:
        return f"P = D(F - 1)/2 = {window.dilation}·({window.filter} - 1)/2 = {window.padding} keeps the size"
    return f"P = (F - 1)/2 = ({window.filter} - 1)/2 = {window.padding} keeps the size"


def centres_sentence(window: Window, name: str = "units") -> str:
    """Which cells stand in the middle of the filter, counted from 1 as on paper."""
    if window.centres is None:
        return f"{name}: none, since an even filter ({window.filter}) has no middle"
    inside = [str(c + 1) for c in window.centres if 0 <= c < window.size]
    shown = inside if len(inside) <= 24 else [*inside[:12], "…", *inside[-3:]]
    out = len(window.centres) - len(inside)
    said = f"{name} {', '.join(shown)} of {window.size}, counted from 1" if inside else f"{name}: none"
    return said + (f"; {out} of the {len(window.centres)} middles stand on padding" if out else "")


def remarks(window: Window) -> Iterator[str]:
    """What does not come out even."""
    if window.unread:
        one, padding = window.unread == 1, min(window.unread, window.padding)
        cells = "cell" if one else f"{window.unread} cells"
        if padding == window.unread:
            cells += ", which is padding," if one else ", all of them padding,"
        elif padding:
            cells += f", {padding} of them padding,"
        yield (
            f"a stride of {window.stride} does not fit: the last {cells} {'is' if one else 'are'} read by no place of "
            "the filter; frameworks round down like this and say nothing"
        )
    if window.stride > window.span:
        reach = f"the filter's reach of {window.span}"
        yield f"a stride of {window.stride} is longer than {reach}: cells between are not read"


def cells_drawn(window: Window) -> Iterator[str]:
    """In the terminal: the cells, and under them each place of the filter, ▫ where it is laid and ■ in its middle."""
    shown = range(-window.padding, window.size + window.padding)
    if len(shown) > MOST_CELLS:
        yield f"({len(shown)} cells are too many to draw here)"
        return
    width = max(len(str(window.size)), 1) + 1
    label = max(len("input"), len(f"place {window.output}")) + 2
    cells = "".join((str(c + 1) if 0 <= c < window.size else "0").rjust(width) for c in shown)
    yield f"{'input':<{label}}{cells}"
    for place in range(min(window.output, MOST_PLACES)):
        under = window.cells(place)
        middle = None if window.centres is None else window.centres[place]
        marks = "".join(("■" if c == middle else "▫" if c in under else "").rjust(width) for c in shown)
        yield f"{f'place {place + 1}':<{label}}{marks}".rstrip()
    if window.output > MOST_PLACES:
        yield f"… and {window.output - MOST_PLACES} places more"
    yield "(0 is padding, ▫ a cell under the filter, ■ the cell in its middle)"
