"""A Worked as a Diagram: inputs, gates and wires with their labels. Backends place and paint it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from chalkgrad.errors import TooLarge
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Number, Step, Var
from chalkgrad.ops.notation import (
    Bars,
    Exponential,
    Fraction,
    Function,
    Indicator,
    Infix,
    Postfix,
    Power,
    Prefix,
    Subscript,
)
from chalkgrad.render.diagram import Diagram, Node, Room, Wire
from chalkgrad.render.fitting import LONGEST, fits
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import WHOLE, Rows
from chalkgrad.render.text import constant, index_text

FEW = 6  # entries of an array that are still read on a wire
_FULL = 15  # decimals of a number that is given
SIGNS = {"·": "×", "<=": "≤", ">=": "≥", "!=": "≠", "@": "@"}


@final
@dataclass(frozen=True, slots=True)
class Asked:
    """What a worksheet asks for on its drawing, and leaves room for; the values that it does not ask for are printed.

    `products` are the edges, by the step and the place in it; `hidden` are values that are asked for elsewhere, and
    not to be read off. Of the gradients, only the given one is printed. `answers` are what stands in the rooms, by
    their ids: a key's answers, or a person's own; none on a blank sheet.
    """

    values: Mapping[Var, Room]
    gradients: Mapping[Var, Room]
    products: Mapping[tuple[Step, int], Room]
    hidden: frozenset[Var] = field(default_factory=frozenset[Var])
    upstream: bool = True
    answers: Mapping[str, str] = field(default_factory=dict[str, str])
    untold: frozenset[Var] = field(default_factory=frozenset[Var])

    def given(self, var: Any) -> bool:
        """Whether the value is printed for everybody."""
        return var not in self.hidden and var not in self.values

    def answer(self, room: Room | None) -> str:
        """What stands in a room."""
        return "" if room is None else self.answers.get(room.id, "")


_NOTHING = Asked({}, {}, {})


def diagram(worked: Worked, *, blank: bool = False, digits: int = 2, asked: Asked | None = None) -> Diagram:
    """The drawing of a Worked; `blank` leaves room for every value and gradient instead, `asked` for some.

    Above 300 values, or with too many long wires, it is a summary, and its note says so.
    """
    rows = Rows(worked)
    whole = _whole(rows, blank, digits, asked) if len(rows.variables) <= WHOLE else None
    if asked is not None and whole is None:
        raise TooLarge(f"a graph of {len(rows.variables)} values is too large for a worksheet")
    return whole if whole is not None and (asked is not None or fits(whole)) else _summary(rows, blank, digits)


def title(worked: Worked) -> str:
    """The function as it was understood, in one line."""
    said = " ; ".join(worked.echo) or worked.program.name
    return said if len(said) <= 160 else said[:157] + "…"


def sign_of(step: Step) -> str:
    """What stands in the circle; a constant is folded into it: `*-1`, `+1`, `^2`, `1/x`."""
    op: Any = step.op
    layout = op.notation
    fixed = {i: constant(a.value, 6) for i, a in enumerate(step.inputs) if isinstance(a, Number)}
    if len(fixed) == len(step.inputs):
        return op.name if len(fixed) != 2 else f"{fixed[0]}{_plain(layout, op)}{fixed[1]}"
    if isinstance(layout, Infix):
        sign = SIGNS.get(layout.sign, layout.sign)
        if not fixed:
            return sign
        sign = "*" if layout.sign == "·" else sign
        (place, value), *_ = fixed.items()
        value = f"({value})" if value.startswith("-") and sign != "*" else value
        if place == 1 or layout.associative:
            return f"{sign}{value}"
        return f"{value}{sign}x"
    if isinstance(layout, Prefix):
        return "*-1" if layout.sign == "-" else layout.sign
    if isinstance(layout, Fraction):
        return "/" if not fixed else (f"/{fixed[1]}" if 1 in fixed else f"{fixed[0]}/x")
    if isinstance(layout, Power):
        if layout.exponent is not None or 1 in fixed:
            return f"^{fixed.get(1, layout.exponent)}"
        return f"{fixed[0]}^x" if fixed else "^"
    if isinstance(layout, Subscript):
        index = step.params["index"]
        inner = ", ".join(map(index_text, index if isinstance(index, tuple) else (index,)))
        return f"[{inner}]" if len(inner) < 16 else "[…]"
    name = _plain(layout, op)
    if fixed:
        name += f"({', '.join(fixed.get(i, '·') for i in range(len(step.inputs)))})"
    return name


def _plain(layout: Any, op: Any) -> str:
    if isinstance(layout, Function):
        return layout.name
    if isinstance(layout, (Infix, Prefix, Postfix)):
        return layout.sign
    if isinstance(layout, Exponential):
        return "exp"
    if isinstance(layout, Indicator):
        return "1{·}"
    return "|x|" if isinstance(layout, Bars) else op.name


def _whole(rows: Rows, blank: bool, digits: int, asked: Asked | None) -> Diagram:
    worked = rows.worked
    ids = {var: f"n{i}" for i, var in enumerate(rows.variables)}
    ids.update({v: ids[s.given[0]] for s in worked.program.steps for v in s.given})  # one gate, whatever it gives
    uses = worked.program.uses()
    edge = {(c.step, c.position): c for c in worked.backprop.contributions}
    ask = asked or _NOTHING
    output = worked.program.output
    given = frozenset(worked.program.inputs)

    def number(value: Any) -> str:
        return "" if blank else on_wire(value, digits)

    def value_of(atom: Any) -> str:
        if asked is None:
            return number(worked.number(atom))
        if not asked.given(atom):
            return asked.answer(asked.values.get(atom))
        # what a sheet gives, it gives in full
        return on_wire(worked.number(atom), _FULL if atom in given else digits)

    def back(value: Any, room: Room | None) -> str:
        """A gradient: on a worksheet only in the room that asks for it."""
        return number(value) if asked is None else asked.answer(room)

    nodes: list[Node] = []
    wires: list[Wire] = []
    for var in worked.program.inputs:
        forked = len(uses[var]) != 1
        rooms = (ask.values.get(var), ask.gradients.get(var)) if forked else (None, None)
        nodes.append(
            Node(
                ids[var],
                "input",
                "",
                rows.names[var],
                value_of(var) if forked else "",
                back(_gradient(worked, var), rooms[1]) if forked else "",
                rooms=rooms,
            )
        )
    for step in worked.program.steps:
        var = step.given[0]
        forked = len(uses[var]) > 1 and len(step.given) == 1
        rooms = (ask.values.get(var), ask.gradients.get(var)) if forked else (None, None)
        here = value_of(var) if forked else ""
        total = back(worked.gradient(var), rooms[1]) if forked else ""
        nodes.append(Node(ids[var], "gate", sign_of(step), rows.gate(step), here, total, _op(step).symmetric, rooms))
        for position, atom in enumerate(step.inputs):
            if isinstance(atom, Var):
                c = edge.get((step, position))
                lone = len(uses[atom]) == 1 and atom is not output  # what is used once stands at its one wire
                above = ask.values.get(atom) if lone else None
                below = ask.products.get((step, position)) or (ask.gradients.get(atom) if lone else None)
                sent = "" if c is None else back(worked.number(c.value), below)
                here = value_of(atom) if lone or atom not in ask.values else ""
                wires.append(Wire(ids[atom], ids[var], here, sent, rooms=(above, below)))
    nodes.append(Node("out", "output", "", rows.output_name))
    if isinstance(output, Var):
        forked = len(uses[output]) > 1
        above, below = (None, None) if forked else (ask.values.get(output), ask.gradients.get(output))
        here = value_of(output) if not forked or output not in ask.values else ""
        # the function's own gradient is given, not computed: a blank sheet gives it too
        seed = 1 if worked.unit else worked.upstream
        upstream = on_wire(seed, digits if asked is None else _FULL) if not worked.symbolic or blank else ""
        if below is not None or not ask.upstream:
            upstream = ask.answer(below)
        wires.append(Wire(ids[output], "out", here, upstream, rooms=(above, below)))
    columns, table = table_of(rows, digits=4, blank=blank) if asked is None else _asked_table(rows, digits, asked)
    about = describe(rows, blank) if asked is None else f"{_gates(rows)} {_SHEET}"
    called = f"Computation graph of {rows.output_name}" if ask.untold else title(worked)
    return Diagram(called, about, tuple(nodes), tuple(wires), columns, table, blank)


def on_wire(value: Any, digits: int) -> str:
    """A number, the entries of an array of a few, and of a larger one its shape: the table has the rest."""
    written = shown(value, digits) if np.size(value) <= FEW else ""
    if np.ndim(value) and not 0 < len(written) <= LONGEST:
        return "×".join(map(str, np.shape(value))) + (" entries" if np.ndim(value) == 1 else "")
    return written


def _gradient(worked: Worked, var: Var) -> Any:
    if worked.symbolic or var not in worked.backprop.wrt:
        return None
    return worked.gradients[worked.called[var]]


def describe(rows: Rows, blank: bool = False) -> str:
    """The drawing in a sentence or two."""
    text = _gates(rows)
    if blank:
        return text + " Values and gradients are left blank."
    if rows.worked.symbolic:
        return text + " No values were given."
    return text + " Values stand above the wires, gradients below them."


def _gates(rows: Rows) -> str:
    steps = len(rows.program.steps)
    names = ", ".join(rows.names[v] for v in rows.program.inputs[:12])
    more = ", …" if len(rows.program.inputs) > 12 else ""
    gates = "1 gate" if steps == 1 else f"{steps} gates"
    return f"Computation graph of {rows.output_name}, from {names or 'constants'}{more}, in {gates}."


def table_of(rows: Rows, digits: int, blank: bool = False) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The same content as a table: a row a value."""
    columns = ("name", "formula", "value", f"gradient ∂{rows.worked.loss}/∂·")
    table = [
        (
            row.name,
            row.formula,
            "" if blank else shown(row.value, digits),
            "" if blank else shown(row.gradient, digits),
        )
        for row in rows.nodes()
    ]
    return columns, tuple(table)


_SHEET = "Values stand above the wires, gradients below them; the table says which are to be filled in."


def _asked_table(rows: Rows, digits: int, asked: Asked) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """A row a value, with what the drawing of a worksheet shows."""
    worked, output = rows.worked, rows.program.output
    columns = ("name", "formula", "value", f"gradient ∂{worked.loss}/∂·")
    table: list[tuple[str, ...]] = []
    producer = rows.program.producer()
    for var in rows.variables:
        step = producer.get(var)
        if asked.given(var):
            value = shown(worked.number(var), _FULL if step is None else digits)
        else:
            value = asked.answer(asked.values.get(var)) or ("to fill in" if var in asked.values else "")
        gradient = ""
        if var in asked.gradients:
            gradient = asked.answer(asked.gradients[var]) or "to fill in"
        elif var is output and asked.upstream and not worked.symbolic:
            gradient = shown(1 if worked.unit else worked.upstream, _FULL)
        formula = "input" if step is None else _read_off(rows, step) if asked.untold else rows.formula(step)
        table.append((rows.names[var], formula, value, gradient))
    return columns, tuple(table)


def _read_off(rows: Rows, step: Step) -> str:
    """What the drawing shows of a step: its gate, and what leads into it."""
    read = [rows.names[a] for a in step.inputs if isinstance(a, Var)]
    return f"gate {sign_of(step)}, from {' and '.join(read)}"


def _summary(rows: Rows, blank: bool, digits: int) -> Diagram:
    worked = rows.worked
    inputs = worked.program.inputs[:8]
    steps = worked.program.steps
    kinds = Counter(_plain(_op(s).notation, _op(s)) for s in steps).most_common(5)

    def number(value: Any) -> str:
        return "" if blank else on_wire(value, digits)

    nodes = [Node(f"n{i}", "input", "", rows.names[v]) for i, v in enumerate(inputs)]
    nodes.append(Node("all", "gate", f"{len(steps)} gates", ""))
    nodes.append(Node("out", "output", "", rows.output_name))
    wires = [Wire(f"n{i}", "all", number(worked.number(v)), number(_gradient(worked, v))) for i, v in enumerate(inputs)]
    seed = 1 if worked.unit else worked.upstream
    wires.append(Wire("all", "out", number(worked.number(worked.program.output)), on_wire(seed, digits)))
    counted = ", ".join(f"{n} {sign}" for sign, n in kinds)
    rest = len(worked.program.inputs) - len(inputs)
    left_out = f"; {rest} more inputs" if rest else ""
    note = f"a summary: {len(rows.variables)} values are too many to draw; gates: {counted}{left_out}"
    columns = ("name", "value", "gradient")
    table = tuple(_summary_rows(rows))
    about = f"{describe(rows, blank)} {note}."
    return Diagram(title(worked), about, tuple(nodes), tuple(wires), columns, table, blank, note)


def _op(step: Step) -> Any:
    return step.op


def _summary_rows(rows: Rows) -> Iterator[tuple[str, ...]]:
    for var in rows.program.inputs[:WHOLE]:
        yield rows.names[var], shown(rows.worked.number(var)), shown(_gradient(rows.worked, var))
