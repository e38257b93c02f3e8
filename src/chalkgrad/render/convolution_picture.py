"""How a filter fits an input, as a picture: cells, padding, the places of the filter, its centres shaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalkgrad.ops.windows import Window
from chalkgrad.render.convolution import MOST_CELLS, MOST_PLACES, centres_sentence, size_formula
from chalkgrad.render.picture import FAINT, INK, LIGHT, MARK, PALE, WIRE, Box, Picture, Shape, Stroke, Word

CELL = 24.0
MARGIN = 14.0


def picture(windows: Sequence[Window]) -> Picture:
    """The cells with their padding, the places of the filter, and its centres shaded.

    Large inputs are drawn in part, and the picture says so.
    """
    return _row(windows[0]) if len(windows) == 1 else _grid(windows[0], windows[1])


def _row(window: Window) -> Picture:
    first = -window.padding
    stop = min(window.size + window.padding, first + MOST_CELLS)
    places = [p for p in range(window.output) if window.cells(p)[-1] < stop][:MOST_PLACES]
    left = MARGIN + 46
    shapes: list[Shape] = []
    words: list[Word] = [Word("input", MARGIN, MARGIN + CELL * 0.66, "start", 9, WIRE, prose=True)]
    centres = set(window.centres or ())
    for cell in range(first, stop):
        x = left + (cell - first) * CELL
        shapes.append(_cell(x, MARGIN, window, cell, cell in centres))
        words.append(_number(x, MARGIN, window, cell))
    shapes.sort(key=_inside)
    for row, place in enumerate(places):
        y = MARGIN + CELL * 1.6 + row * CELL * 0.8
        under = window.cells(place)
        ends = [left + (c - first) * CELL for c in (under[0], under[-1] + 1)]
        middle = y + CELL * 0.25
        shapes.append(Stroke(ends[0], middle, ends[1], middle, FAINT))
        for cell in under:
            fill = MARK if window.centres is not None and cell == window.centres[place] else "#fff"
            shapes.append(Box(left + (cell - first + 0.25) * CELL, y, CELL * 0.5, CELL * 0.5, fill, INK, 0.8))
        words.append(Word(f"y_{{{place + 1}}}", MARGIN, y + CELL * 0.4, "start", 9))
    height = MARGIN + CELL * 1.6 + len(places) * CELL * 0.8 + 26
    note = size_formula(window)
    cut = stop < window.size + window.padding or len(places) < window.output
    if cut:
        note += f"; drawn: {len(places)} of {window.output} places"
    words.append(Word(note, MARGIN, height - MARGIN, "start", 9))
    width = max(left + (stop - first) * CELL + MARGIN, 2 * MARGIN + len(note) * 5.4)
    columns = ("place", "cells under the filter, from 1; padding as 0", "centre")
    rows = tuple([_place_row(window, p) for p in places])
    return Picture(
        _title((window,)), _description((window,)), width, height, tuple(shapes), tuple(words), columns, rows
    )


def _place_row(window: Window, place: int) -> tuple[str, str, str]:
    def name(cell: int) -> str:
        return str(cell + 1) if 0 <= cell < window.size else "0"

    middle = "none" if window.centres is None else name(window.centres[place])
    return str(place + 1), ", ".join(map(name, window.cells(place))), middle


def _cell(x: float, y: float, window: Window, cell: int, centre: bool) -> Box:
    inside = 0 <= cell < window.size
    fill = LIGHT if centre else "#fff" if inside else PALE
    return Box(x, y, CELL, CELL, fill, INK if inside else FAINT, 1.0, not inside)


def _inside(shape: Shape) -> bool:
    """Padding is drawn first: the input's own border lies over it."""
    return isinstance(shape, Box) and not shape.dashed


def _number(x: float, y: float, window: Window, cell: int) -> Word:
    inside = 0 <= cell < window.size
    return Word(str(cell + 1) if inside else "0", x + CELL / 2, y + CELL * 0.65, size=9, colour=INK if inside else WIRE)


def _grid(rows: Window, columns: Window) -> Picture:
    tall = min(rows.size + 2 * rows.padding, MOST_CELLS)
    wide = min(columns.size + 2 * columns.padding, MOST_CELLS)
    cell = CELL if max(tall, wide) <= 20 else CELL * 20 / max(tall, wide)
    top, left = MARGIN + 16, MARGIN
    shapes: list[Shape] = []
    centre_rows, centre_columns = set(rows.centres or ()), set(columns.centres or ())
    for i in range(tall):
        for j in range(wide):
            r, c = i - rows.padding, j - columns.padding
            inside = 0 <= r < rows.size and 0 <= c < columns.size
            fill = LIGHT if r in centre_rows and c in centre_columns else "#fff" if inside else PALE
            x, y = left + j * cell, top + i * cell
            shapes.append(Box(x, y, cell, cell, fill, INK if inside else FAINT, 0.8, not inside))
    shapes.sort(key=_inside)
    steps = [(0, 0)] + ([(0, 1)] if columns.output > 1 else []) + ([(1, 0)] if rows.output > 1 else [])
    for number, (p, q) in enumerate(steps):
        i, j = rows.starts[p] + rows.padding, columns.starts[q] + columns.padding
        if i + rows.span > tall or j + columns.span > wide:
            continue
        inset = 1.5 + 2.0 * number
        shapes.append(
            Box(
                left + j * cell + inset,
                top + i * cell + inset,
                columns.span * cell - 2 * inset,
                rows.span * cell - 2 * inset,
                stroke=MARK,
                thick=2.0 if number == 0 else 1.2,
                dashed=number > 0,
            )
        )
    words = [Word("input, with its padding", left, MARGIN + 4, "start", 9, WIRE, prose=True)]
    out_left = left + wide * cell + 40
    words.append(Word("output", out_left, MARGIN + 4, "start", 9, WIRE, prose=True))
    for i in range(min(rows.output, MOST_CELLS)):
        for j in range(min(columns.output, MOST_CELLS)):
            shapes.append(Box(out_left + j * cell, top + i * cell, cell, cell, "#fff", INK, 0.8))
    shapes.append(Box(out_left + 1.5, top + 1.5, cell - 3, cell - 3, stroke=MARK, thick=2.0))
    notes = [size_formula(rows, "H"), size_formula(columns, "W")]
    most = max(w.size + 2 * w.padding for w in (rows, columns))
    if most > MOST_CELLS:
        notes.append(f"drawn: the first {MOST_CELLS} cells along an axis of {most}")
    below = top + max(tall, min(rows.output, MOST_CELLS)) * cell + 18
    words += [Word(note, left, below + 14 * k, "start", 9) for k, note in enumerate(notes)]
    width = max(out_left + min(columns.output, MOST_CELLS) * cell + MARGIN, 2 * MARGIN + max(map(len, notes)) * 5.4)
    table = tuple([(name, *_place_row(w, p)) for name, w, p in _first_places(rows, columns)])
    heads = ("axis", "place", "cells under the filter, from 1; padding as 0", "centre")
    both, height = (rows, columns), below + 14 * (len(notes) - 1) + MARGIN
    return Picture(_title(both), _description(both), width, height, tuple(shapes), tuple(words), heads, table)


def _first_places(rows: Window, columns: Window) -> Iterator[tuple[str, Window, int]]:
    for name, window in (("rows", rows), ("columns", columns)):
        for place in range(min(window.output, MOST_PLACES)):
            yield name, window, place


def _title(windows: Sequence[Window]) -> str:
    def by(values: Sequence[int]) -> str:
        return "×".join(map(str, values))

    return (
        f"A filter of {by([w.filter for w in windows])} over an input of {by([w.size for w in windows])}: "
        f"an output of {by([w.output for w in windows])}"
    )


def _description(windows: Sequence[Window]) -> str:
    names = ("rows", "columns") if len(windows) == 2 else ("units",)
    parts = [
        f"{centres_sentence(w, n)}; padding {w.padding}, stride {w.stride}, dilation {w.dilation}."
        for w, n in zip(windows, names, strict=True)
    ]
    return "Cells of the input, padding dashed, the centres of the filter shaded. " + " ".join(parts)
