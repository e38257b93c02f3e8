"""Staged forward and backward lines, as a worksheet prints them: tagged, `=` at the first use, `+=` after."""

from __future__ import annotations

from collections.abc import Iterator

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


def lines(worked: Worked) -> Iterator[str]:
    """The lines of `pseudocode`, one by one."""
    rows = Rows(worked)
    tags = {step: tag for tag, step in enumerate(worked.program.steps, 1)}
    output = worked.program.output
    forward = [(_forward(rows, step), f"#({tag})") for step, tag in tags.items()]
    same = isinstance(output, Var) and output in worked.program.inputs
    if same or not isinstance(output, Var):
        right = rows.names[output] if isinstance(output, Var) else constant(output.value)
        forward.append((f"{rows.output_name} = {right}", ""))
    top = worked.loss
    seed = seed_text(rows)
    backward = [(f"{rows.names_of_gradient(output)} = {seed}", "")]
    met: set[Var] = {output} if isinstance(output, Var) else set()
    if isinstance(output, Var) and same and output in worked.backprop.wrt:
        backward.append((f"d{rows.names[output]} = {seed}", ""))
    for c in worked.backprop.contributions:
        target = c.target
        sign = "+=" if target in met else "="
        met.add(target)
        line = f"{rows.names_of_gradient(target)} {sign} {_product(rows, c)}"
        backward.append((line, f"#({tags[c.step]})" + shape_note(rows, target)))
    for var in worked.backprop.wrt:
        if var not in met:
            backward.append((f"{rows.names_of_gradient(var)} = 0", shape_note(rows, var).strip()))
    pad = min(44, max(len(line) for line, _ in (*forward, *backward)))
    yield "# forward"
    yield from (f"{line:<{pad}}  {tag}".rstrip() for line, tag in forward)
    yield ""
    yield f"# backward: dq is the gradient of {top} with respect to q"
    yield from (f"{line:<{pad}}  {tag}".rstrip() for line, tag in backward)


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
