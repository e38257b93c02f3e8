"""The tables of a Worked in HTML, for a notebook or a page. Everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.numbers import shown
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import edge_sentence, fork_sentences

# Rows beyond this stay in the saved file: a notebook page of a hundred thousand rows helps nobody.
MOST = 200


def html(worked: Worked, digits: int = 4) -> str:
    """A table of values and gradients, a table of edges, and the notices."""
    rows = Rows(worked)
    edges = worked.backprop.contributions
    parts = ['<div class="chalkgrad">']
    parts += [f"<div><code>{escape(line)}</code></div>" for line in worked.echo[:MOST]]
    loss = worked.loss
    parts.append(
        _table(
            "values and gradients",
            ("name", "formula", "value", f"gradient ∂{loss}/∂·", "as a formula"),
            (
                (n.name, n.formula, shown(n.value, digits), shown(n.gradient, digits), n.gradient_formula)
                for n in (rows.node(v) for v in rows.variables[:MOST])
            ),
        )
    )
    parts.append(_more(len(rows.variables)))
    parts.append(
        _table(
            "edges: upstream × local",
            ("edge", "upstream", "local", "its number", "product", "in words"),
            (
                (
                    f"{e.target} → {e.source}",
                    shown(e.upstream, digits),
                    e.local,
                    shown(e.local_number, digits),
                    shown(e.product, digits),
                    edge_sentence(rows, e, digits),
                )
                for e in map(rows.edge, edges[:MOST])
            ),
        )
    )
    parts.append(_more(len(edges)))
    if rows.small:
        parts += [f"<div>{escape(line)}</div>" for line in fork_sentences(rows, digits)]
    parts += [f"<div><strong>Notice.</strong> {escape(str(n))}</div>" for n in worked.notices[:MOST]]
    parts.append("</div>")
    return "\n".join(p for p in parts if p)


def _more(count: int) -> str:
    return f"<div>… {count - MOST} more rows</div>" if count > MOST else ""


def _table(caption: str, columns: Iterable[str], body: Iterable[Iterable[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(c)}</th>' for c in columns)
    lines = [f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>"]
    for row in body:
        first, *rest = map(escape, row)
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>')
    lines.append("</tbody></table>")
    return "\n".join(lines)
