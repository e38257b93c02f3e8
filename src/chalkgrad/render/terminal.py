"""A Work for the terminal: tables and sentences. Long ones are cut, and say where the whole is."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from chalkgrad.evaluate.what_if import Descent, Nudge
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import descent_sentences, edge_sentence, fork_sentences, nudge_sentences

# More than a screen or two of rows is read in a file, not in a terminal.
MOST = 60
VALUE, GRADIENT = "green", "red"


def terminal(
    worked: Worked,
    *,
    digits: int = 4,
    colour: bool = False,
    width: int | None = None,
    descent: Descent | None = None,
    nudges: Sequence[Nudge] = (),
) -> str:
    """The whole report as text; see `report`. Without a width, no line is wrapped."""
    out = io.StringIO()
    console = Console(file=out, no_color=not colour, force_terminal=colour, width=width or 100_000, highlight=False)
    for part in report(worked, digits, descent, nudges):
        console.print(part, soft_wrap=not isinstance(part, Table))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def report(
    worked: Worked, digits: int = 4, descent: Descent | None = None, nudges: Sequence[Nudge] = ()
) -> Iterator[RenderableType]:
    """How the text was understood, values and gradients, edges, sentences, notices."""
    rows = Rows(worked)
    yield _understood(worked)
    yield _node_table(rows, digits)
    yield from _cut(len(rows.variables))
    edges = worked.backprop.contributions
    if edges:
        yield _edge_table(rows, digits)
        yield from _cut(len(edges))
        yield _lines("edge by edge", [edge_sentence(rows, rows.edge(c), digits) for c in edges[:MOST]])
        yield from _cut(len(edges))
    forks = list(fork_sentences(rows, digits)) if rows.small else []
    if forks:
        yield _lines("forks", forks)
    result = list(_gradients(rows, digits))
    if not worked.backprop.wrt:
        result.append(f"{rows.output_name} depends on no input: there is nothing to differentiate")
    yield _lines("result", result)
    if descent is not None:
        title = f"one step of descent, α = {shown(descent.rate, digits)}"
        yield _lines(title, list(descent_sentences(rows, descent, digits)))
    for nudge in nudges:
        yield _lines(f"a nudge of {rows.names[nudge.var]}", list(nudge_sentences(rows, nudge, digits)))
    if worked.notices:
        shortened = [str(n) for n in worked.notices[:MOST]]
        yield _lines("notices", shortened, style="yellow")


def _understood(worked: Worked) -> RenderableType:
    lines = worked.echo[:MOST]
    more = [f"… {len(worked.echo) - MOST} more stages"] if len(worked.echo) > MOST else []
    shortened = [line if len(line) <= 2000 else f"{line[:2000]} …" for line in lines]
    return _lines("understood as", [*shortened, *more]) if lines else Text(str(worked.program))


def _table(title: str, *columns: tuple[str, str | None]) -> Table:
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for name, style in columns:
        table.add_column(name, style=style, overflow="fold")
    return table


def _node_table(rows: Rows, digits: int) -> Table:
    loss = rows.worked.loss
    numeric = not rows.worked.symbolic
    columns: list[tuple[str, str | None]] = [("name", None), ("formula", None)]
    columns += [("value", VALUE)] if numeric else []
    columns += [(f"∂{loss}/∂·", GRADIENT)] if numeric else []
    columns += [(f"∂{loss}/∂· as a formula", None)] if rows.small else []
    table = _table("values and gradients", *columns)
    for var in rows.variables[:MOST]:
        n = rows.node(var)
        cells = [n.name + rows.shape(var), n.formula]
        cells += [shown(n.value, digits), shown(n.gradient, digits)] if numeric else []
        cells += [n.gradient_formula] if rows.small else []
        table.add_row(*map(Text, cells))
    return table


def _edge_table(rows: Rows, digits: int) -> Table:
    numeric = not rows.worked.symbolic
    columns: list[tuple[str, str | None]] = [("edge", None), ("upstream", None)]
    columns += [("= ", GRADIENT)] if numeric else []
    columns += [("local", None), ("as a formula", None)]
    columns += [("= ", None), ("product", GRADIENT)] if numeric else []
    table = _table("edges: upstream × local = downstream", *columns)
    for c in rows.worked.backprop.contributions[:MOST]:
        e = rows.edge(c)
        cells = [f"{e.target} → {e.source}", e.upstream_label]
        cells += [shown(e.upstream, digits)] if numeric else []
        cells += [e.local_label, e.local]
        cells += [shown(e.local_number, digits), shown(e.product, digits)] if numeric else []
        table.add_row(*map(Text, cells))
    return table


def _gradients(rows: Rows, digits: int) -> Iterator[str]:
    worked = rows.worked
    if not worked.symbolic:
        yield f"{rows.output_name} = {shown(worked.value, digits)}"
    if worked.upstream is not None:
        yield f"given upstream: ∂{worked.loss}/∂{rows.output_name} = {shown(worked.upstream, digits)}"
    for var in worked.backprop.wrt[:MOST]:
        label = rows.partial(worked.loss, rows.names[var]) + rows.shape(var)
        formula = _formula(rows, var)
        parts = [label, *([formula] if formula else [])]
        if not worked.symbolic:
            number = shown(worked.gradients[rows.names[var]], digits)
            parts += [number] if number != formula else []
        yield " = ".join(parts)


def _formula(rows: Rows, var: Var) -> str:
    formula = rows.total(var)
    return "0" if not formula and var not in rows.worked.backprop.adjoint else formula


def _cut(count: int) -> Iterator[RenderableType]:
    if count > MOST:
        yield Text(f"… {count - MOST} more of {count}: --save FILE.json writes them all")


def _lines(title: str, lines: Sequence[str], style: str = "") -> RenderableType:
    return Group(Text(title, style="bold"), *[Text(f"  {line}", style=style) for line in lines], Text(""))
