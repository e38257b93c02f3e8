"""The staged program in LaTeX: forward lines with their tags, backward lines in reverse with the same tags."""

from __future__ import annotations

from collections.abc import Iterator

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Step, Var
from chalkgrad.render.formula import formula
from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Prose, label, name, number, partial
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.text import constant, text
from chalkgrad.render.words import array_formula, scalar
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
        yield f"{latex(name(rows.names[step.output]))} &= {latex(right)}{_tag(tag)}"
    output = program.output
    if not isinstance(output, Var):
        yield f"{latex(name(rows.output_name))} &= {latex(number(constant(output.value))[0])}"
    elif output in program.inputs:
        yield f"{latex(name(rows.output_name))} &= {latex(name(rows.names[output]))}"


def _backward(rows: Rows, tags: dict[Step, int]) -> Iterator[str]:
    worked = rows.worked
    output, loss = worked.program.output, worked.loss
    seed = "1" if worked.upstream is None else shown(worked.upstream)
    yield f"{latex(partial(loss, rows.output_name))} &= {latex(number(seed)[0])}"
    met = {output}
    for c in worked.backprop.contributions:
        sign = r"\mathrel{+}=" if c.target in met else "="
        met.add(c.target)
        shape = rows.shape(c.target)
        note = rf"\quad{latex(Prose(shape.strip()))}" if shape else ""
        left = latex(partial(loss, rows.names[c.target]))
        yield f"{left} &{sign} {_product(rows, c)}{note}{_tag(tags[c.step])}"
    for var in worked.backprop.wrt:
        if var not in met:
            yield f"{latex(partial(loss, rows.names[var]))} &= 0"


def _product(rows: Rows, c: Contribution) -> str:
    local = rows.local(c)
    if not scalar(c):
        return latex(Prose(array_formula(c, local, rows.names_of_gradient(c.step.output))))
    if rows.seeded(c):
        return latex(label(local))
    loose = local.startswith("-") or any(s in local for s in (" + ", " - "))
    inside = latex(label(local))
    upstream = latex(partial(rows.worked.loss, rows.names[c.step.output]))
    return rf"{upstream} \cdot " + (rf"\left({inside}\right)" if loose else inside)
