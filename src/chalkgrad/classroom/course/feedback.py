"""A page a person: what was first wrong and why, then every question with the key, the answers and the verdicts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from functools import lru_cache
from math import fsum

from chalkgrad.classroom.course.page import asked, line, lines, names_of, page, paragraphs, reason, solved, table, text
from chalkgrad.classroom.course.record import Record, Row
from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.printed.drawing import drawing, on_drawing
from chalkgrad.classroom.sheets.blank import Blank, Keyed, Question, TextKey
from chalkgrad.render.numbers import trimmed

# A sign before the word, so that no verdict is told by colour alone.
_VERDICT = {
    "right": "✓ right",
    "consistent": "→ consistent",
    "unfollowed": "✓ right, but does not follow",
    "wrong": "✗ wrong",
    "cannot tell": "? cannot tell",
    "empty": "– empty",
}
_ROOM = 8
_MEANING = {
    "consistent": "Consistent: it follows from your own earlier answers, so it is no further mistake.",
    "unfollowed": "Right, but does not follow: the number is right, and your own earlier answers do not lead to it.",
    "cannot tell": "Cannot tell: this could not be judged by the program; ask your instructor to look at it.",
}


def feedback(keyed: Keyed, record: Record) -> bytes:
    """The page of one person, as HTML."""
    title = f"{keyed.sheet.title}: {record.student}"
    record = replace(record, rows=tuple([_named(keyed, r) for r in record.rows]))
    body = [f"<h1>{text(keyed.sheet.title)}</h1>", f'<p class="about">{_about(keyed, record)}</p>']
    body += _first_wrong(keyed, record)
    rows = {r.blank: r for r in record.rows}
    told = ""
    for question in keyed.questions:
        if question.blanks:
            shared = question.problem.prose
            body += _question(question, "" if shared == told else shared, rows, set(record.first))
            told = shared
    said = [words for verdict, words in _MEANING.items() if any(r.verdict == verdict for r in record.rows)]
    if said:
        body.append(f"<p><small>{' '.join([text(s) for s in said])}</small></p>")
    return page(title, body).encode()


def unmarked_page(record: Record) -> bytes:
    """The page of a person whose sheet could not be marked: what they wrote, and why nothing is said about it."""
    body = [f"<h1>{text(record.student)}</h1>", f'<p class="about">{text(record.code)}</p>']
    body.append(f'<div class="box"><p>This sheet could not be marked: {text(record.failed)}.</p></div>')
    body.append('<div class="wide"><table><tbody>')
    for row in record.rows:
        if row.answer:
            body.append(
                f'<tr><th scope="row">{text(row.blank)}</th><td class="given">{lines(row.answer, 1000)}</td></tr>'
            )
    return page(record.student, [*body, "</tbody></table></div>"]).encode()


def _named(keyed: Keyed, row: Row) -> Row:
    """A row in whose reasons blanks are called what the sheet calls them: ∂f/∂q, and not q.gradient."""
    if not row.why and not row.notes:
        return row
    pattern, asks = _asks(keyed)
    said = [pattern.sub(lambda found: asks[found[0]], words) for words in (row.why, *row.notes)]
    return replace(row, why=said[0], notes=tuple(said[1:]))


@lru_cache(maxsize=16)
def _asks(keyed: Keyed) -> tuple[re.Pattern[str], dict[str, str]]:
    asks = {b.id: b.ask for b in keyed.blanks if b.ask}
    longest = sorted(asks, key=len, reverse=True)
    return re.compile(rf"(?<![\w.:>])(?:{'|'.join(map(re.escape, longest)) or '(?!)'})(?![\w.]*\w)"), asks


def _about(keyed: Keyed, record: Record) -> str:
    parts = [keyed.sheet.course, record.student, record.code]
    points = f"<strong>{trimmed(record.points)} of {trimmed(record.of)} points</strong>"
    return " · ".join([*[text(p) for p in parts if p], points])


def _first_wrong(keyed: Keyed, record: Record) -> list[str]:
    if record.right:
        return ['<div class="box"><p><strong>Everything is right.</strong></p></div>']
    if not record.first:
        counts = Counter([_VERDICT[r.verdict][2:] for r in record.rows if r.verdict != "right"])
        return [
            f'<div class="box"><p>No step is wrong; {", ".join([f"{n} {v}" for v, n in counts.items()])}.</p></div>'
        ]
    head = "The first wrong step" if len(record.first) == 1 else "The first wrong steps; none follows from another"
    made = [f'<div class="box"><h2>{head}</h2>']
    for question in keyed.questions:
        for blank in question.blanks:
            row = record.row(blank.id)
            if row is not None and blank.id in record.first:
                made.append(f"<div>{_step(question, blank, row, len(keyed.questions) > 1)}</div>")
    return [*made, "</div>"]


def _step(question: Question, blank: Blank, row: Row, several: bool) -> str:
    where = f"Question {text(question.number)}: " if several else ""
    wrote = f"you wrote <code>{text(row.answer, 200)}</code>" if row.answer.strip() else "nothing is there"
    should = "" if isinstance(blank.key, TextKey) else f"; it is {solved(question, blank)}"
    why = f": {reason(row.why)}" if row.why else ""
    name = f" <small>({text(row.mistake)})</small>" if row.mistake else ""
    beside = "".join([f"<br><small>{reason(note)}</small>" for note in row.notes])
    return f"{where}<strong>{asked(question, blank)}</strong>: {wrote}{should}{why}{name}{beside}"


def _question(question: Question, shared: str, rows: dict[str, Row], first: set[str]) -> list[str]:
    given = [rows[b.id] for b in question.blanks if b.id in rows]
    credit, of = fsum([r.credit for r in given]), fsum([b.points for b in question.blanks])
    names = names_of(question)
    title = line(question.problem.title, names) if question.problem.title else ""
    head = " ".join([p for p in (f"Question {text(question.number)}", title) if p])
    made = [f"<section><h2>{head} <small>{trimmed(credit)} of {trimmed(of)} points</small></h2>"]
    made += [paragraphs(words, names) for words in (shared, question.part.prose) if words]
    nothing = all(r.verdict == "empty" for r in given)
    if nothing:
        made.append("<p>Nothing was handed in.</p>")
    made += _drawings(question, rows)
    made += table(("", "key") if nothing else ("", "you wrote", "key", "verdict", "#points"))
    for blank in question.blanks:
        row = rows.get(blank.id)
        if nothing:
            made.append(f'<tr><th scope="row">{asked(question, blank)}</th><td>{solved(question, blank)}</td></tr>')
        elif row is not None:
            made.append(_blank(question, blank, row, blank.id in first))
    return [*made, "</tbody></table></div>", "</section>"]


def _drawings(question: Question, rows: dict[str, Row]) -> list[str]:
    """The key's drawing; and before it, where something on it is not right, the same with what they wrote."""
    key = drawing(question, key=True)
    if not key:
        return []
    own = [rows[b.id] for b in on_drawing(question) if b.id in rows]
    made: list[str] = []
    if not all(r.verdict in ("right", "empty") for r in own):
        theirs = {r.blank: _on_wire(r) for r in own if r.verdict != "empty"}
        said = "What you wrote: ✓ right, → consistent, ✗ wrong, ? cannot tell."
        made.append(_figure(drawing(question, key=True, answers=theirs), said))
    said = "The key, at your values." if own else "The graph."
    return [*made, _figure(key, said)]


def _figure(svg: str, caption: str) -> str:
    return f"<figure>\n{svg}\n<figcaption>{text(caption)}</figcaption></figure>"


def _on_wire(row: Row) -> str:
    """An answer as short as there is room for, with the sign of its verdict."""
    plain = visible(row.answer.strip(), _ROOM + 1)
    short = plain if len(plain) <= _ROOM else plain[: _ROOM - 1] + "…"
    return f"{short} {_VERDICT[row.verdict][0]}"


def _blank(question: Question, blank: Blank, row: Row, first: bool) -> str:
    told = [reason(t) for t in (row.why if not first else "", *row.notes) if t]
    verdict = ("First wrong: " if first else "") + _VERDICT.get(row.verdict, row.verdict)
    beside = "".join([f"<small>{t}</small>" for t in told])
    return (
        f'<tr{" class=first" if first else ""}><th scope="row">{asked(question, blank)}</th>'
        f'<td class="given">{lines(row.answer, 1000)}</td><td>{solved(question, blank)}</td>'
        f'<td class="verdict"><span>{text(verdict)}</span>{beside}</td>'
        f'<td class="number">{trimmed(row.credit, 2)} of {trimmed(blank.points, 2)}</td></tr>'
    )
