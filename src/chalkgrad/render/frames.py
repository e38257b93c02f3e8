"""The drawing step by step, for slides: values appear one gate after another, then gradients, backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

from chalkgrad.errors import TooLarge, ValueNeeded
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Step, Var
from chalkgrad.render.diagram import Diagram
from chalkgrad.render.fitting import LONGEST_NOTE
from chalkgrad.render.graph import diagram, title
from chalkgrad.render.layout import MARGIN, place
from chalkgrad.render.numbers import shown
from chalkgrad.render.paper import typographic
from chalkgrad.render.placed import Gate, Line, Placed, Text
from chalkgrad.render.rows import Rows
from chalkgrad.render.stack import lines, shifted
from chalkgrad.render.svg import document
from chalkgrad.render.words import edge_sentence, fork_sentences

MOST = 150  # frames
_SENTENCES = 3  # below one frame
_HALO = "#ffd24d"
_ABOVE = 12.0  # from a drawing to its caption


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: its SVG, its width in points, and the sentences under it."""

    svg: str
    width: float
    caption: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class _Moment:
    """What a frame adds: values of `values`, gradients on the wires into `target`; `gate` is the one at work."""

    caption: tuple[str, ...]
    values: tuple[str, ...] = ()
    target: str = ""
    gate: str = ""


def frames(worked: Worked, digits: int = 2) -> list[Frame]:
    """A frame a step: the graph, the inputs, every gate forward, and every gate backward.

    Raises ValueNeeded without numbers, TooLarge where nobody would watch to the end.
    """
    if worked.symbolic:
        raise ValueNeeded("frames show numbers appear: give every input a value")
    if 2 * len(worked.program.steps) > MOST:
        raise TooLarge(f"{len(worked.program.steps)} gates are too many for frames; {MOST // 2} are the most")
    drawing = diagram(worked, digits=digits)
    placed = place(drawing)
    moments = list(_moments(worked, drawing))
    reveal = _reveals(drawing, placed, moments)
    moments = [replace(m, caption=tuple(map(typographic, m.caption))) for m in moments]
    captions = [lines(m.caption, 0.0, 0.0) for m in moments]
    wide = max([placed.width, *[t.width + 2 * MARGIN for caption in captions for t in caption]])
    deep = max(caption[-1].y + caption[-1].descent for caption in captions)
    dx = (wide - placed.width) / 2
    base = replace(
        shifted(placed, dx, 0.0), width=round(wide, 2), height=round(placed.height + _ABOVE + deep + MARGIN, 2)
    )
    found: list[Frame] = []
    for place_of, moment in enumerate(moments):
        texts = tuple(t for t, when in zip(base.texts, reveal, strict=True) if when <= place_of)
        caption = lines(moment.caption, MARGIN, placed.height + _ABOVE)
        frame = replace(base, texts=(*texts, *caption))
        said = replace(drawing, description=" ".join(moment.caption), columns=(), rows=())
        found.append(Frame(_lit(document(said, frame), frame, moment), frame.width, moment.caption))
    return found


def _moments(worked: Worked, drawing: Diagram) -> Iterator[_Moment]:
    rows = Rows(worked)
    ids = {v: f"n{i}" for i, v in enumerate(rows.variables)}
    program = worked.program
    yield _Moment((title(worked)[:LONGEST_NOTE],))
    given = ", ".join(f"{rows.names[v]} = {shown(worked.number(v))}" for v in program.inputs)
    yield _Moment((f"the inputs: {given}" if given else "there are no inputs",), tuple(ids[v] for v in program.inputs))
    for step in program.steps:
        values = ", ".join([shown(worked.number(v)) for v in step.given])
        given = tuple(ids[v] for v in step.given)
        yield _Moment((f"forward: {rows.gate(step)} = {rows.formula(step)} = {values}",), given, gate=given[0])
    seed = shown(1 if worked.upstream is None else worked.upstream)
    top = rows.partial(worked.loss, rows.output_name)
    yield _Moment((f"backward begins with the gradient of the output: {top} = {seed}",), target="out")
    sums = _sums(rows)
    for step in reversed(program.steps):
        edges = [c for c in worked.backprop.contributions if c.step is step]
        if edges:
            said = [f"backward: {edge_sentence(rows, rows.edge(c))}" for c in edges]
            said += [sums[c.target] for c in edges if sums.get(c.target) and _last(rows, c.target) is step]
            more = [f"… and {len(said) - _SENTENCES} more"] if len(said) > _SENTENCES + 1 else []
            kept = said[:_SENTENCES] if more else said
            yield _Moment((*kept, *more), target=ids[step.given[0]], gate=ids[step.given[0]])


def _sums(rows: Rows) -> dict[Var, str]:
    forked = [v for v in rows.variables if len(rows.into.get(v, [])) > 1]
    return dict(zip(forked, fork_sentences(rows), strict=True))


def _last(rows: Rows, var: Var) -> Step:
    """The step whose contribution completes the sum at a value."""
    return rows.into[var][-1].step


def _reveals(drawing: Diagram, placed: Placed, moments: Sequence[_Moment]) -> list[int]:
    """For every text of the drawing the frame in which it appears: names and signs from the first."""
    value = {id: place for place, m in enumerate(moments) for id in m.values}
    back = {m.target: place for place, m in enumerate(moments) if m.target}
    last = len(moments) - 1  # where an input that the function does not depend on gets its 0
    total: dict[str, int] = {}
    for wire in drawing.wires:
        total[wire.source] = max(total.get(wire.source, 0), back.get(wire.target, 0))
    found: list[int] = []
    for text in placed.texts:
        if text.role not in ("value", "gradient"):
            found.append(0)
            continue
        line = _bearer(text, placed.lines)
        if text.role == "value":
            found.append(value.get(line.source, last))
        else:
            found.append(back.get(line.target, last) if line.target else total.get(line.source, last))
    return found


def _bearer(text: Text, wires: Sequence[Line]) -> Line:
    """The wire that a value stands above, or a gradient below: the nearest level stretch on that side."""
    middle = text.x + text.width / 2
    _, top, _, bottom = text.box

    def gap(line: Line) -> float:
        best = float("inf")
        for start, stop in zip(line.path, line.path[1:], strict=False):
            x1, y1, x2, y2 = start[-2], start[-1], stop[-2], stop[-1]
            if len(stop) == 2 and y1 == y2 and min(x1, x2) - 1 <= middle <= max(x1, x2) + 1:
                away = y1 - bottom if text.role == "value" else top - y1
                if away >= -0.5:
                    best = min(best, away)
        return best

    return min(wires, key=gap)


def _lit(svg: str, placed: Placed, moment: _Moment) -> str:
    """The SVG with a light behind the gate at work and the wires that it reads, or sends back along."""
    gate = next((g for g in placed.gates if g.id == moment.gate), None)
    if gate is None:
        return svg
    paths = [
        f'<path d="M{_path(line)}" fill="none" stroke="{_HALO}" stroke-width="7" stroke-linecap="round" opacity=".55"/>'
        for line in placed.lines
        if line.target == moment.gate
    ]
    light = "\n".join([*paths, _halo(gate)])
    begin = svg.index('<g role="img"')
    at = svg.index(">", begin) + 1
    return f"{svg[:at]}\n{light}{svg[at:]}"


def _halo(gate: Gate) -> str:
    x, y = gate.x - gate.half_width - 5, gate.y - gate.radius - 5
    size = f'width="{2 * gate.half_width + 10:.2f}" height="{2 * gate.radius + 10:.2f}" rx="{gate.radius + 5:.2f}"'
    return f'<rect x="{x:.2f}" y="{y:.2f}" {size} fill="{_HALO}" opacity=".8"/>'


def _path(line: Line) -> str:
    parts = [" ".join(f"{n:.2f}" for n in line.path[0])]
    parts += [("C" if len(step) == 6 else "L") + " ".join(f"{n:.2f}" for n in step) for step in line.path[1:]]
    return "".join(parts)
