"""The statistics as a page: bars beside the steps of the graph, in its order. Counts only; no person is named."""

from __future__ import annotations

from itertools import groupby

from chalkgrad.classroom.course.page import asked, line, names_of, page, table, text
from chalkgrad.classroom.course.record import SAID
from chalkgrad.classroom.course.statistics import AtBlank, Statistics
from chalkgrad.classroom.printed.drawing import drawing
from chalkgrad.classroom.sheets.blank import Keyed, Question
from chalkgrad.render.numbers import trimmed

# From dark to light, so that a bar in black and white says the same.
_SHADES = {
    "wrong": "#b3261e",
    "consistent": "#e8998d",
    "unfollowed": "#b8d8ba",
    "cannot tell": "#8a8a8a",
    "empty": "#dddddd",
    "right": "#f2f7f2",
}
_WIDTH = 240
_END = "</tbody></table></div>"


def statistics_page(sheet: Keyed, found: Statistics) -> str:
    """The page. `sheet` is the published variant."""
    share = f"mean {trimmed(100 * found.mean, 1)} %, median {trimmed(100 * found.median, 1)} %"
    about = f"{found.people}, {found.all_right} all right · {share}"
    body = [f"<h1>{text(found.title)}: the class</h1>", f'<p class="about">{text(about)}</p>', *_mistakes(found)]
    body.append(f"<p><small>{_legend()}</small></p>")
    questions = {q.number: q for q in sheet.questions}
    for number, blanks in groupby(found.blanks, key=lambda b: b.question):
        question = questions[number]
        title = line(question.problem.title, names_of(question)) if question.problem.title else ""
        body.append(f"<section><h2>Question {text(number)} {title}</h2>")
        svg = drawing(question, key=True)
        if svg:
            body.append(f"<figure>\n{svg}\n<figcaption>The published values.</figcaption></figure>")
        body += [*_steps(question, list(blanks), found.sheets), "</section>"]
    if len(found.variants) > 1:
        body += _variants(found)
    return page(f"{found.title}: the class", body)


def _steps(question: Question, blanks: list[AtBlank], sheets: int) -> list[str]:
    made = table(("", "id", "verdicts", "#first wrong", "mistakes at the first wrong step"))
    for b in blanks:
        mistakes = ", ".join([f"{text(m)} {n}" for m, n in b.mistakes.items()])
        made.append(
            f'<tr><th scope="row">{asked(question, question.blank(b.blank))}</th><td><code>{text(b.blank)}</code></td>'
            f'<td class="bar">{_bar(b, sheets)}</td><td class="number">{b.first or ""}</td><td>{mistakes}</td></tr>'
        )
    return [*made, _END]


def _bar(blank: AtBlank, sheets: int) -> str:
    """One bar, as long as the class: a piece a verdict, and the same in words for who cannot see it."""
    said = " · ".join([f"{SAID.get(v, v)} {n}" for v, n in blank.verdicts.items()]) or "nothing came"
    scale = _WIDTH / max(1, sheets)
    at, pieces = 0.0, ""
    for verdict, shade in _SHADES.items():
        long = blank.verdicts.get(verdict, 0) * scale
        if long:
            pieces += f'<rect x="{at:.2f}" y="1" width="{long:.2f}" height="14" fill="{shade}"/>'
        at += long
    said = text(said)
    return (
        f'<svg role="img" width="{_WIDTH}" height="16" viewBox="0 0 {_WIDTH} 16"><title>{said}</title>{pieces}'
        f'<rect x="0.5" y="1" width="{_WIDTH - 1}" height="14" fill="none" stroke="#999"/></svg><br>'
        f"<small>{said}</small>"
    )


def _legend() -> str:
    pieces = [f"{_box(12, 12, 12, shade)} {SAID.get(v, v)}" for v, shade in _SHADES.items()]
    return "Each bar is the class: " + ", ".join(pieces) + "."


def _box(width: int, height: int, long: float, shade: str) -> str:
    inner = f'<rect width="{long:.2f}" height="{height}" fill="{shade}" stroke="#999"/>'
    return f'<svg width="{width}" height="{height}" aria-hidden="true">{inner}</svg>'


def _mistakes(found: Statistics) -> list[str]:
    if not found.mistakes:
        return []
    most = max(found.mistakes.values())
    made = ["<section><h2>Mistakes at the first wrong step</h2>", *table(("mistake", "", "#times"))]
    for mistake, count in found.mistakes.items():
        long = max(1.0, _WIDTH * count / most)
        bar = _box(_WIDTH, 14, long, _SHADES["wrong"])
        made.append(
            f'<tr><th scope="row">{text(mistake)}</th><td class="bar">{bar}</td><td class="number">{count}</td></tr>'
        )
    return [*made, _END, "</section>"]


def _variants(found: Statistics) -> list[str]:
    made = ["<section><h2>Variants</h2>", *table(("code", "#sheets", "#all right", "#mean"))]
    for v in found.variants:
        made.append(
            f'<tr><th scope="row"><code>{text(v.code)}</code></th><td class="number">{v.sheets}</td>'
            f'<td class="number">{v.all_right}</td><td class="number">{trimmed(100 * v.mean, 1)} %</td></tr>'
        )
    return [*made, _END, "</section>"]
