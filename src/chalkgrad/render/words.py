"""Edges, sums and nudges in sentences, with numbers that a reader can multiply out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from chalkgrad.evaluate.what_if import Descent, Nudge
from chalkgrad.ir.program import Var
from chalkgrad.ops.local import Select, Times
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import EdgeRow, Rows
from chalkgrad.render.text import constant
from chalkgrad.transform.backprop import Contribution


def edge_sentence(rows: Rows, row: EdgeRow, digits: int = 4) -> str:
    """`∂f/∂x = ∂f/∂q · ∂q/∂x = -4 · 1 = -4`; where x is used elsewhere too, the path is named."""
    var = row.edge.target
    left = row.label + rows.shape(var) + (f" {rows.path(row.edge)}" if row.forked else "")
    if not scalar(row.edge):
        upstream = "" if row.seeded else row.upstream_label
        places = rows.places(row.edge)
        if places is not None:
            target = f"{row.label}[{', '.join(map(str, places))}]{rows.shape(var)}"
            path = f" {rows.path(row.edge)}" if row.forked else ""
            return f"{target}{path} += {upstream or 1}, {row.local}{_array_number(row, digits)}"
        return f"{left} = {rows.arrives(row.edge, upstream)}{_array_number(row, digits)}"
    if row.seeded:
        formula = row.local_label if row.forked else row.local
        chain = [formula] + ([row.local] if row.forked and row.local != formula else [])
        if row.product is not None:
            chain.append(shown(row.product, digits))
        return _joined(left, chain)
    if row.untaken:
        return f"{left} = 0, since this branch is not taken"
    symbols = f"{row.upstream_label} · {row.local_label}"
    if row.product is None:
        return f"{left} = {symbols} = {row.upstream_label} · {_operand(row.local)}"
    numbers = _product(row.upstream, row.local_number, row.product, digits)
    return f"{left} = {symbols} {numbers}"


def _joined(left: str, chain: list[str]) -> str:
    """`a = b = c`, an item that repeats the one before it once."""
    kept = [c for i, c in enumerate(chain) if i == 0 or c != chain[i - 1]]
    return " = ".join([left, *kept])


def _operand(formula: str) -> str:
    loose = any(sign in formula for sign in (" + ", " - ")) or formula.startswith("-")
    return f"({formula})" if loose else formula


def _signed(number: str) -> str:
    return f"({number})" if number.startswith("-") else number


def _product(upstream: Any, local: Any, product: Any, digits: int) -> str:
    """` = -4 · 1 = -4`, with enough digits that the printed product rounds to the printed result, else `≈`."""
    for more in range(digits, digits + 6):
        a, b, c = shown(upstream, more), shown(local, more), shown(product, more)
        if shown(_number(a) * _number(b), more) == c:
            return f"= {a} · {_signed(b)} = {c}"
    a, b, c = shown(upstream, digits), shown(local, digits), shown(product, digits)
    return f"= {a} · {_signed(b)} ≈ {c}"


def scalar(c: Contribution) -> bool:
    """Whether an edge is a product of two numbers."""
    whole = not any(v.type.shape for v in c.step.given) and not c.target.type.shape
    return whole and isinstance(c.local, (Times, Select))


def _number(printed: str) -> float:
    """A printed number, read again."""
    return float(printed.replace("∞", "inf"))


def _array_number(row: EdgeRow, digits: int) -> str:
    return "" if row.product is None else f" = {shown(row.product, digits)}"


def fork_sentences(rows: Rows, digits: int = 4) -> Iterator[str]:
    """For every value that is used more than once, the sum of its paths."""
    for var in rows.variables:
        edges = rows.into.get(var, [])
        if len(edges) < 2:
            continue
        label = rows.partial(rows.worked.loss, rows.names[var])
        paths = [rows.path(c) for c in edges]
        if rows.worked.symbolic:
            yield f"{label}{rows.shape(var)} = sum of its {len(edges)} paths ({', '.join(paths)}) = {rows.total(var)}"
            continue
        values, whole = [rows.worked.number(c.value) for c in edges], rows.worked.gradient(var)
        more = next((d for d in range(digits, digits + 6) if _adds_up(values, whole, d)), None)
        sign = "≈" if more is None else "="
        numbers, total = [shown(v, more or digits) for v in values], shown(whole, more or digits)
        terms = " + ".join([numbers[0], *map(_signed, numbers[1:])])
        yield f"{label}{rows.shape(var)} = {terms} {sign} {total}   (a fork adds: {', '.join(paths)})"


def _adds_up(values: list[Any], whole: Any, digits: int) -> bool:
    """Whether the printed terms add up to the printed sum."""
    try:
        return shown(sum(_number(shown(v, digits)) for v in values), digits) == shown(whole, digits)
    except ValueError:  # arrays, infinities: not for a reader to add up
        return True


def habits(rows: Rows) -> Iterator[str]:
    """What is known of the gates that occur, once each."""
    seen: set[str] = set()
    for step in rows.program.steps:
        op: Any = step.op
        if op.note and op.name not in seen:
            seen.add(op.name)
            yield f"{op.name}: {op.note}" if op.name not in op.note else op.note


def descent_sentences(rows: Rows, descent: Descent, digits: int = 4) -> Iterator[str]:
    """The step of gradient descent, and what it does to the function."""
    rate = constant(descent.rate)
    for var, (before, slope, after) in descent.steps.items():
        name = rows.names[var]
        update = f"{name} ← {name} - α·{rows.partial(rows.worked.loss, name)}"
        more = next((d for d in range(digits, digits + 6) if _steps_out(descent.rate, before, slope, after, d)), None)
        old, step, new = (shown(x, more or digits) for x in (before, slope, after))
        sign = "≈" if more is None else "="
        yield f"{update} = {old} - {_signed(rate)}·{_signed(step)} {sign} {new}{rows.shape(var)}"
    was, now = shown(descent.before, digits), shown(descent.after, digits)
    told = f"{rows.output_name} was {was} and is {now} after the step"
    if rows.worked.upstream is not None:
        yield f"{told}, which lowers {rows.worked.loss} where the step is small enough"
    elif descent.after < descent.before:
        yield f"{told}: lower"
    else:
        yield f"{told}: not lower, since the rate is too large here, or the slope is 0"


def _steps_out(rate: float, before: Any, slope: Any, after: Any, digits: int) -> bool:
    """Whether the printed step gives the printed next value."""
    try:
        by_hand = _number(shown(before, digits)) - rate * _number(shown(slope, digits))
    except ValueError:  # arrays: not for a reader to work out
        return True
    return shown(by_hand, digits) == shown(after, digits)


def nudge_sentences(rows: Rows, nudge: Nudge, digits: int = 4) -> Iterator[str]:
    """What the function does when one input is nudged, against what its derivative predicts."""
    name, out = rows.names[nudge.var], rows.output_name
    inside = ", ".join(f"{rows.names[v]}+Δ{name}" if v is nudge.var else rows.names[v] for v in rows.program.inputs)
    d = shown(nudge.delta, digits)
    yield (
        f"{out}({inside}) = {shown(nudge.after, digits)} with Δ{name} = {d}, so Δ{out} = {shown(nudge.change, digits)}"
    )
    formula, partial = rows.total(nudge.var), rows.partial(out, name)
    numbers = _product(nudge.slope, nudge.delta, nudge.predicted, digits)
    plain = formula and rows.worked.upstream is None and formula not in (partial, shown(nudge.slope, digits))
    middle = f" = {_operand(formula)}·Δ{name}" if plain else ""
    yield f"the derivative predicts {partial}·Δ{name}{middle} {numbers}"
    gap = shown(nudge.change - nudge.predicted, digits)
    gates = ", ".join(rows.names[v] for v in nudge.crosses)
    if not math.isfinite(nudge.change):
        yield f"there is no finite change to compare with: {out} has no finite value there"
    elif nudge.change == 0 != nudge.predicted:
        yield f"the nudge is too small to be seen in the rounded numbers of {out}"
    elif nudge.exact and nudge.change == 0:
        yield f"the two agree: {out} does not change with {name} here"
    elif nudge.exact:
        yield f"the two agree: over this nudge Δ{out} is in proportion to Δ{name}"
    elif nudge.from_corner:
        yield f"they differ by {gap}: the nudge starts on a corner (at {gates}), where the derivative is a convention"
    elif nudge.crosses:
        yield (
            f"they differ by {gap}: the nudge crosses a corner (at {gates}), where another branch wins, "
            "and the derivative, which tells only of small changes, says nothing of it"
        )
    else:
        yield f"they differ by {gap}: the derivative tells only of small changes, and {out} is curved here"


def sensitivity(rows: Rows, var: Var) -> str:
    """`increasing x a little changes f by about z times as much`, for an input."""
    name, total = rows.names[var], rows.total(var) or "its gradient"
    top, slope = rows.worked.loss, rows.worked.gradient(var)
    number = "" if slope is None or shown(slope) == total else f" = {_signed(shown(slope))}·Δ{name}"
    return f"increasing {name} by a small Δ{name} changes {top} by about {_operand(total)}·Δ{name}{number}"
