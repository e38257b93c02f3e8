"""Staged forward and backward lines, as a worksheet prints them: tagged, `=` at the first use, `+=` after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Step, Var
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.text import constant
from chalkgrad.render.words import scalar
from chalkgrad.transform.backprop import Contribution


def pseudocode(worked: Worked) -> str:
    """The program in pseudocode: forward lines tagged #(1) … #(n), backward lines in reverse with the same tags."""
    return "\n".join(lines(worked)) + "\n"


@final
@dataclass(frozen=True, slots=True, eq=False)
class CodeLine:
    """One line: what it says, its tag and shape, the value that it gives or differentiates by, and its edge."""

    text: str
    note: str
    node: Var | None
    edge: Contribution | None = None
    backward: bool = False


def lines(worked: Worked) -> Iterator[str]:
    """The lines of `pseudocode`, one by one."""
    found = list(code_lines(worked))
    pad = min(44, max(len(line.text) for line in found))
    written = [(line, f"{line.text:<{pad}}  {line.note}".rstrip()) for line in found]
    yield "# forward"
    yield from (text for line, text in written if not line.backward)
    yield ""
    yield f"# backward: dq is the gradient of {worked.loss} with respect to q"
    yield from (text for line, text in written if line.backward)


def code_lines(worked: Worked) -> Iterator[CodeLine]:
    """The forward lines, then the backward lines."""
    rows = Rows(worked)
    tags = {step: tag for tag, step in enumerate(worked.program.steps, 1)}
    output = worked.program.output
    top = output if isinstance(output, Var) else None
    for step, tag in tags.items():
        yield CodeLine(_forward(rows, step), f"#({tag})", step.given[0])
    same = isinstance(output, Var) and output in worked.program.inputs
    if same or not isinstance(output, Var):
        right = rows.names[output] if isinstance(output, Var) else constant(output.value)
        yield CodeLine(f"{rows.output_name} = {right}", "", top)
    seed = seed_text(rows)
    yield CodeLine(f"{rows.names_of_gradient(output)} = {seed}", "", top, backward=True)
    met: set[Var] = {output} if isinstance(output, Var) else set()
    if isinstance(output, Var) and same and output in worked.backprop.wrt:
        yield CodeLine(f"d{rows.names[output]} = {seed}", "", output, backward=True)
    for c in worked.backprop.contributions:
        target = c.target
        sign = "+=" if target in met else "="
        met.add(target)
        line = f"{rows.names_of_gradient(target)} {sign} {_product(rows, c)}"
        yield CodeLine(line, f"#({tags[c.step]})" + shape_note(rows, target), target, c, backward=True)
    for var in worked.backprop.wrt:
        if var not in met:
            yield CodeLine(f"{rows.names_of_gradient(var)} = 0", shape_note(rows, var).strip(), var, backward=True)


def seed_text(rows: Rows) -> str:
    """The upstream gradient: 1, what was given, or its name."""
    worked = rows.worked
    if worked.unit:
        return "1"
    return rows.partial(worked.loss, rows.output_name) if worked.upstream is None else shown(worked.upstream)


def shape_note(rows: Rows, var: Var) -> str:
    """The shape of a gradient, said wherever it is an array."""
    return f" {rows.shape(var).strip()}" if var.type.shape else ""


def _forward(rows: Rows, step: Step) -> str:
    return f"{rows.gate(step)} = {rows.formula(step)}"


def _product(rows: Rows, c: Contribution) -> str:
    """Upstream times local, where the sheet writes a product; the upstream 1 of the output is not written."""
    upstream, local = rows.upstream(c), rows.local(c)
    if not scalar(c):
        return rows.arrives(c, "" if rows.seeded(c) else upstream)
    if rows.seeded(c):
        return local
    loose = local.startswith("-") or any(s in local for s in (" + ", " - "))
    return f"{upstream} · ({local})" if loose else f"{upstream} · {local}"
