"""A question as a whole for Moodle: the drawing, and a table of places with the answers written into them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export.accepted import Entry, Reading, entries, written
from chalkgrad.classroom.export.moodle_question import begin, end, preface
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Stem, mathjax
from chalkgrad.classroom.export.weights import whole
from chalkgrad.classroom.sheets.blank import NumberKey, ShapeKey


def questions(stem: Stem) -> Iterable[Element]:
    """One question for all numbers and shapes of `stem`, or none."""
    places: list[tuple[str, str, float]] = []
    for blank in stem.question.blanks:
        if isinstance(blank.key, NumberKey):
            found = entries(blank, stem.question)
            places += [
                (stem.asked(blank, mathjax, e.index), _number_place(e), blank.points / len(found)) for e in found
            ]
        elif isinstance(blank.key, ShapeKey):
            places.append((stem.asked(blank, mathjax), _shape_place(blank.key), blank.points))
    if not places:
        return
    weights = whole([points for _, _, points in places])
    rows = [
        f"<tr><td>{unbraced(asked)}</td><td>{{{weight}:{place}}}</td></tr>"
        for (asked, place, _), weight in zip(places, weights, strict=True)
    ]
    numbers = any(isinstance(b.key, NumberKey) for b in stem.question.blanks)
    digits = stem.question.part.digits
    told = f"<p><small>Numbers to {digits} decimals where they are not whole.</small></p>" if numbers else ""
    html = unbraced(preface(stem, stem.images) + told) + f"<table><tbody>{''.join(rows)}</tbody></table>"
    hints = dict.fromkeys([b.hint for b in stem.question.blanks if b.hint and isinstance(b.key, NumberKey | ShapeKey)])
    question = begin(stem, "cloze", stem.question.number, html, sum(points for *_, points in places), stem.images)
    yield end(question, stem, " ".join(hints))


def _number_place(place: Entry) -> str:
    right = [f"={_numeric(r)}" if n == 0 else f"%100%{_numeric(r)}" for n, r in enumerate(place.accepted.right)]
    return "NUMERICAL:" + "~".join(right + [f"%0%{_numeric(r)}" for r in place.accepted.wrong])


def _numeric(reading: Reading) -> str:
    told = f"#{popup(reading.why)}" if reading.why else ""
    return f"{written(reading.number)}:{written(reading.tolerance)}{told}"


def _shape_place(key: ShapeKey) -> str:
    first, *others = spellings(key.text)
    return "SHORTANSWER:" + "~".join([f"={entity(first)}", *[f"%100%{entity(s)}" for s in others]])


def unbraced(html: str) -> str:
    """HTML in which no brace stands for itself: in a cloze question `{` may begin a place."""
    return html.replace("{", "&#123;").replace("}", "&#125;")


def popup(words: str) -> str:
    """Feedback within a place. It is decoded once before it is HTML, so it is escaped twice."""
    return entity(escape(" ".join(words.split()), quote=False))


_ENTITIES = {"&": "&amp;"} | {sign: f"&#x{ord(sign):x};" for sign in '\\{}~#=%"'}


def entity(text: str) -> str:
    """Text in which the signs of a place are entities, which Moodle decodes."""
    return text.translate(str.maketrans(_ENTITIES))
