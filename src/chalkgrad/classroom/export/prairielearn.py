"""PrairieLearn: a question folder a question, with its own grading, and a folder a piece of writing, marked by hand.

`server.py` is the same file everywhere (`prairielearn_server.py` here) and needs nothing of Chalkgrad; what differs is
in `variants.json`, which students are not served.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from chalkgrad.classroom.export import prairielearn_server
from chalkgrad.classroom.export.accepted import Reading, entries, shown, written
from chalkgrad.classroom.export.formulas import formula_of
from chalkgrad.classroom.export.moodle import grading
from chalkgrad.classroom.export.relations import relations
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Stem, mathjax, stable, stems
from chalkgrad.classroom.export.weights import whole
from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey, ShapeKey

_PANEL = """<pl-question-panel>
{{{params.words}}}
{{#params.images}}<pl-figure file-name="{{file}}" alt="{{alt}}"></pl-figure>{{/params.images}}
</pl-question-panel>
{{#params.places}}
<div class="mb-2">
{{#number}}<pl-number-input answers-name="{{name}}" label="{{ask}}" aria-label="{{id}}" size="15"
  allow-blank="true" blank-value="" show-correct-answer="false" show-help-text="false"
  show-placeholder="false"></pl-number-input>{{/number}}
{{#shape}}<pl-string-input answers-name="{{name}}" label="{{ask}}" aria-label="{{id}}" size="20"
  allow-blank="true" show-help-text="false"></pl-string-input>{{/shape}}
{{#formula}}<pl-string-input answers-name="{{name}}" label="{{ask}}" aria-label="{{id}}" size="50"
  allow-blank="true" show-help-text="false"></pl-string-input>{{/formula}}
</div>
{{/params.places}}
<pl-submission-panel>
<ul>{{#feedback.said}}<li>{{{ask}}} {{why}}</li>{{/feedback.said}}</ul>
</pl-submission-panel>
<pl-answer-panel>
<ul>{{#correct_answers.key}}<li>{{{ask}}} {{answer}}</li>{{/correct_answers.key}}</ul>
</pl-answer-panel>
<pl-question-panel><p><small>{{params.code}}</small></p></pl-question-panel>
"""


_EDITOR = '<pl-rich-text-editor file-name="answer.html" quill-theme="snow"></pl-rich-text-editor>'
_UPLOAD = '<pl-file-upload file-names="drawing.pdf"></pl-file-upload>'


def prairielearn(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """The `questions/` folder of a course: `questions/SHEET/QUESTION/…`."""
    files: dict[str, bytes] = {}
    for same in zip(*[stems(k) for k in variants], strict=True):
        files.update(_graded(same))
        files.update(_by_hand(same[0]))
    return files


def _folder(stem: Stem, more: str = "") -> str:
    number = re.sub(r"[^0-9A-Za-z]", "-", stem.question.number)
    return f"questions/{stem.keyed.sheet.name}/q{number}{more}"


def _graded(same: Sequence[Stem]) -> Iterator[tuple[str, bytes]]:
    first = same[0]
    tables: dict[str, dict[str, Any]] = {}
    pictures: dict[str, bytes] = {}
    for stem in same:
        places = _places(stem)
        if not places:
            return
        pictures.update((i.file, i.png) for i in stem.images)
        images = [{"file": i.file, "alt": i.alt} for i in stem.images]
        words = stem.words(mathjax) + _told(stem, places)
        table = {"code": stem.keyed.code, "words": words, "images": images, "places": places}
        tables.setdefault(json.dumps({**table, "code": ""}), table)
    folder = _folder(first)
    data = {"credit": first.keyed.sheet.credit, "variants": list(tables.values())}
    yield f"{folder}/info.json", _json(_info(first, first.name, "Internal"))
    yield f"{folder}/question.html", _PANEL.encode()
    yield f"{folder}/server.py", inspect.getsource(prairielearn_server).encode()
    yield f"{folder}/variants.json", _json(data)
    for name, png in sorted(pictures.items()):
        yield f"{folder}/clientFilesQuestion/{name}", png


def _told(stem: Stem, places: Sequence[Mapping[str, Any]]) -> str:
    """How to type a formula."""
    if not any(p["kind"] == "formula" for p in places):
        return ""
    names = {paper: typed for p in places if p["kind"] == "formula" for paper, typed in p["names"] if paper != typed}
    also = "".join(f"; {stem.named(paper, mathjax)} as <code>{escape(typed)}</code>" for paper, typed in names.items())
    return f"<p><small>Write every product with <code>*</code>, σ(z) as <code>sigma(z)</code>{also}.</small></p>"


def _places(stem: Stem) -> list[dict[str, Any]]:
    rows: list[tuple[Blank, dict[str, Any], float]] = []
    blanks: list[Blank] = []
    for blank in stem.question.blanks:
        if isinstance(blank.key, NumberKey):
            found = entries(blank, stem.question)
            for e in found:
                a = e.accepted
                made = {
                    "kind": "number",
                    "id": e.id,
                    "ask": stem.asked(blank, mathjax, e.index),
                    "answer": shown(a.right[0].number, a.places),
                    "typed": written(a.right[0].number),
                    "exact": float(blank.key.exact) if not e.index else None,
                    "places": a.places,
                    "right": [_row(r) for r in a.right],
                    "wrong": [_row(r) for r in a.wrong],
                }
                rows.append((blank, made, blank.points / len(found)))
                blanks.append(blank)
        elif isinstance(blank.key, ShapeKey):
            text = blank.key.text
            made = {"kind": "shape", "id": blank.id, "ask": stem.asked(blank, mathjax), "answer": text, "typed": text}
            rows.append((blank, made | {"right": list(spellings(text))}, blank.points))
            blanks.append(blank)
        elif (formula := formula_of(blank, stem.question)) is not None:
            made = {
                "kind": "formula",
                "id": blank.id,
                "ask": stem.asked(blank, mathjax),
                "answer": formula.key,
                "typed": formula.key,
                "names": formula.names,
                "stages": formula.stages,
                "points": formula.points,
                "only": formula.only,
            }
            rows.append((blank, made, blank.points))
            blanks.append(blank)
    weights = whole([points for *_, points in rows])
    follow = relations(stem.question, blanks)
    return [
        {"name": f"p{n + 1}", **made, "weight": weight, "follow": how}
        for n, ((_, made, _), weight, how) in enumerate(zip(rows, weights, follow, strict=True))
    ]


def _row(reading: Reading) -> list[str]:
    return [written(reading.number), written(reading.tolerance), escape(reading.why)]


def _by_hand(stem: Stem) -> Iterator[tuple[str, bytes]]:
    """What a person marks: words, derivations, and formulas that cannot be compared."""
    taken: dict[str, int] = {}
    for blank in stem.question.blanks:
        if isinstance(blank.key, NumberKey | ShapeKey) or formula_of(blank, stem.question) is not None:
            continue
        local = blank.id.rsplit(":", 1)[-1]
        name = re.sub(r"[^0-9A-Za-z_]+", "-", local).strip("-")
        taken[name] = taken.get(name, 0) + 1
        folder = _folder(stem, f"-{name}" + (f"--{taken[name]}" if taken[name] > 1 else ""))
        ask = f"<p>{stem.asked(blank, mathjax)}</p>"
        images = stem.images_of(blank)
        shown_there = "".join(f'<pl-figure file-name="{i.file}" alt="{escape(i.alt)}"></pl-figure>' for i in images)
        html = (
            f"<pl-question-panel>\n{_flat(stem.words(mathjax))}\n{_flat(shown_there)}{_flat(ask)}\n</pl-question-panel>\n"
            f"{_UPLOAD if blank.kind == 'graph' else _EDITOR}\n"
            f"<pl-manual-grading-only>\n{_flat(grading(blank))}\n</pl-manual-grading-only>\n"
        )
        yield f"{folder}/info.json", _json(_info(stem, f"{stem.name} {local}", "Manual"))
        yield f"{folder}/question.html", html.encode()
        for image in images:
            yield f"{folder}/clientFilesQuestion/{image.file}", image.png


def _flat(html: str) -> str:
    """HTML in which no brace opens a tag of mustache."""
    return html.replace("{", "&#123;").replace("}", "&#125;")


def _info(stem: Stem, title: str, method: str) -> dict[str, Any]:
    sheet = stem.keyed.sheet
    return {
        "uuid": stable(sheet.name, title, method),
        "title": f"{sheet.title}, {title}",
        "topic": sheet.course or sheet.title,
        "tags": [sheet.name],
        "type": "v3",
        "gradingMethod": method,
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()
