"""A Worked as a Diagram: inputs, gates and wires with their labels. Backends place and paint it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

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
from chalkgrad.render.diagram import Diagram, Node, Wire
from chalkgrad.render.fitting import LONGEST, fits
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import WHOLE, Rows
from chalkgrad.render.text import constant, index_text

FEW = 6  # entries of an array that are still read on a wire
SIGNS = {"·": "×", "<=": "≤", ">=": "≥", "!=": "≠", "@": "@"}


def diagram(worked: Worked, *, blank: bool = False, digits: int = 2) -> Diagram:
    """The drawing of a Worked; `blank` leaves room for every value and gradient instead.

    Above 300 values, or with too many long wires, it is a summary, and its note says so.
    """
    rows = Rows(worked)
    whole = _whole(rows, blank, digits) if len(rows.variables) <= WHOLE else None
    return whole if whole is not None and fits(whole) else _summary(rows, blank, digits)


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


def _whole(rows: Rows, blank: bool, digits: int) -> Diagram:
    worked = rows.worked
    ids = {var: f"n{i}" for i, var in enumerate(rows.variables)}
    ids.update({v: ids[s.given[0]] for s in worked.program.steps for v in s.given})  # one gate, whatever it gives
    uses = worked.program.uses()
    edge = {(c.step, c.position): c for c in worked.backprop.contributions}

    def number(value: Any) -> str:
        return "" if blank else on_wire(value, digits)

    nodes: list[Node] = []
    wires: list[Wire] = []
    for var in worked.program.inputs:
        forked = len(uses[var]) != 1
        nodes.append(
            Node(
                ids[var],
                "input",
                "",
                rows.names[var],
                number(worked.number(var)) if forked else "",
                number(_gradient(worked, var)) if forked else "",
            )
        )
    for step in worked.program.steps:
        var = step.given[0]
        forked = len(uses[var]) > 1 and len(step.given) == 1
        here = number(worked.number(var)) if forked else ""
        total = number(worked.gradient(var)) if forked else ""
        nodes.append(Node(ids[var], "gate", sign_of(step), rows.gate(step), here, total, _op(step).symmetric))
        for position, atom in enumerate(step.inputs):
            if isinstance(atom, Var):
                c = edge.get((step, position))
                back = "" if c is None else number(worked.number(c.value))
                wires.append(Wire(ids[atom], ids[var], number(worked.number(atom)), back))
    output = worked.program.output
    nodes.append(Node("out", "output", "", rows.output_name))
    if isinstance(output, Var):
        # the function's own gradient is given, not computed: a blank sheet gives it too
        seed = 1 if worked.unit else worked.upstream
        upstream = on_wire(seed, digits) if not worked.symbolic or blank else ""
        wires.append(Wire(ids[output], "out", number(worked.number(output)), upstream))
    columns, table = table_of(rows, digits=4, blank=blank)
    return Diagram(title(worked), describe(rows, blank), tuple(nodes), tuple(wires), columns, table, blank)


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
    steps = len(rows.program.steps)
    names = ", ".join(rows.names[v] for v in rows.program.inputs[:12])
    more = ", …" if len(rows.program.inputs) > 12 else ""
    gates = "1 gate" if steps == 1 else f"{steps} gates"
    text = f"Computation graph of {rows.output_name}, from {names or 'constants'}{more}, in {gates}."
    if blank:
        return text + " Values and gradients are left blank."
    if rows.worked.symbolic:
        return text + " No values were given."
    return text + " Values stand above the wires, gradients below them."


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
