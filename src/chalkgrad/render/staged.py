"""The staged program in LaTeX: forward lines with their tags, backward lines in reverse with the same tags."""

from __future__ import annotations

from collections.abc import Iterator

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Step, Var
from chalkgrad.render.formula import formula
from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Sign, joined, label, name, number, partial, row, shape_box
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.text import constant, text
from chalkgrad.render.words import scalar
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.expression import applied


def staged(worked: Worked) -> str:
    """An `align*` of the forward pass and one of the backward pass; amsmath sets them.

    `=` at the first use of a gradient, `+=` after, as in pseudocode.
    """
    rows = Rows(worked)
    tags = {step: tag for tag, step in enumerate(worked.program.steps, 1)}
    return _aligned(_forward(rows, tags)) + "\n" + _aligned(_backward(rows, tags))


def _aligned(lines: Iterator[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(f"  {line}" for line in lines) + "\n\\end{align*}\n"


def _tag(tag: int) -> str:
    return rf" && \text{{\#({tag})}}"


def _forward(rows: Rows, tags: dict[Step, int]) -> Iterator[str]:
    program = rows.worked.program
    for step, tag in tags.items():
        written, expr = rows.formula(step), applied(step)
        right = formula(expr, rows.names) if written == text(expr, rows.names) else label(written)
        given = latex(joined([name(rows.names[v]) for v in step.given], Sign(",")))
        yield f"{given} &= {latex(right)}{_tag(tag)}"
    output = program.output
    if not isinstance(output, Var):
        yield f"{latex(name(rows.output_name))} &= {latex(number(constant(output.value))[0])}"
    elif output in program.inputs:
        yield f"{latex(name(rows.output_name))} &= {latex(name(rows.names[output]))}"


def _backward(rows: Rows, tags: dict[Step, int]) -> Iterator[str]:
    worked = rows.worked
    output, loss = worked.program.output, worked.loss
    if worked.unit or worked.upstream is not None:
        seed = "1" if worked.upstream is None else shown(worked.upstream)
        yield f"{latex(partial(loss, rows.output_name))} &= {latex(number(seed)[0])}"
    met = {output}
    for c in worked.backprop.contributions:
        sign = r"\mathrel{+}=" if c.target in met else "="
        met.add(c.target)
        note = latex(row(Sign("\u2003"), shape_box(c.target))) if c.target.type.shape else ""
        left = latex(partial(loss, rows.names[c.target]))
        yield f"{left} &{sign} {_product(rows, c)}{note}{_tag(tags[c.step])}"
    for var in worked.backprop.wrt:
        if var not in met:
            yield f"{latex(partial(loss, rows.names[var]))} &= 0"


def _product(rows: Rows, c: Contribution) -> str:
    local = rows.local(c)
    if not scalar(c):
        upstream = "" if rows.seeded(c) else rows.upstream(c)
        above = zip(c.step.outputs, c.upstreams, strict=True)
        slopes = {u: partial(rows.worked.loss, rows.names[v]) for v, u in above if v and isinstance(u, Var)}
        boxes = {**rows.names, **slopes}
        return latex(rows.arrival(c, upstream).box(boxes))
    if rows.seeded(c):
        return latex(label(local))
    loose = local.startswith("-") or any(s in local for s in (" + ", " - "))
    inside = latex(label(local))
    upstream = latex(partial(rows.worked.loss, rows.names[c.step.output]))
    return rf"{upstream} \cdot " + (rf"\left({inside}\right)" if loose else inside)
