"""Items of a Canvas quiz: one a number, a shape or a piece of writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import final
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export.accepted import Entry, Reading, entries, written
from chalkgrad.classroom.export.markup import child, element
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Stem, equation_image, ident
from chalkgrad.classroom.export.weights import plain
from chalkgrad.classroom.sheets.blank import Blank, NumberKey, ShapeKey

# Canvas takes what is smaller than 0.0001 for 0, a margin too, which is half a unit of the last place.
PLACES = 3

_ANSWER = {"respident": "response1"}


@final
@dataclass(frozen=True, eq=False)
class Item:
    """An item and what tells it from others: `place` is the same in every variant, `content` is what it says."""

    place: str
    points: float
    content: str
    made: Element


def items(stem: Stem) -> Iterator[Item]:
    """The items of a question, in the order of its blanks."""
    for blank in stem.question.blanks:
        if isinstance(blank.key, NumberKey):
            places = entries(blank, stem.question)
            for place in places:
                yield _number(stem, place, blank.points / len(places))
        elif isinstance(blank.key, ShapeKey):
            yield _shape(stem, blank, blank.key)
        else:
            yield _essay(stem, blank)


def scale_of(entry: Entry) -> int:
    """By which power of ten an answer is multiplied, so that it has no more decimals than Canvas keeps."""
    return max(0, entry.accepted.places - PLACES)


def _number(stem: Stem, entry: Entry, points: float) -> Item:
    scale = scale_of(entry)
    to = f"to {min(entry.accepted.places, PLACES)} decimals where it is not whole"
    if scale:
        to = f"multiply it by 10<sup>{scale}</sup>, and give that to {PLACES} decimals"
    ask = f"<p>{stem.asked(entry.blank, equation_image, entry.index)} ? <small>({to})</small></p>"
    made, content = _begin(stem, entry.blank, "numerical_question", entry.id, ask, points)
    response = child(_presented(made), "response_str", attributes={"ident": "response1", "rcardinality": "Single"})
    fib = child(response, "render_fib", attributes={"fibtype": "Decimal"})
    child(fib, "response_label", attributes={"ident": "answer1"})
    processing = _processing(made)
    for number, reading in enumerate(entry.accepted.right):
        _right(processing, reading, scale, f"{number}_fb" if reading.why else "")
    _hinted(processing, entry.blank)
    for number, reading in enumerate(entry.accepted.right):
        if reading.why:
            _feedback(made, f"{number}_fb", escape(reading.why))
    _hint(made, entry.blank)
    return Item(entry.id, points, content + repr(entry.accepted), made)


def _right(processing: Element, reading: Reading, scale: int, feedback: str) -> None:
    condition = child(processing, "respcondition", attributes={"continue": "No"})
    either = child(child(condition, "conditionvar"), "or")
    number, reach = reading.number.scaleb(scale), reading.tolerance.scaleb(scale)
    child(either, "varequal", written(number), _ANSWER)
    within = child(either, "and")
    child(within, "vargte", written(Decimal(number - reach)), _ANSWER)
    child(within, "varlte", written(Decimal(number + reach)), _ANSWER)
    child(condition, "setvar", "100", {"action": "Set", "varname": "SCORE"})
    if feedback:
        child(condition, "displayfeedback", attributes={"feedbacktype": "Response", "linkrefid": feedback})


def _shape(stem: Stem, blank: Blank, key: ShapeKey) -> Item:
    ask = f"<p>{stem.asked(blank, equation_image)} ?</p>"
    made, content = _begin(stem, blank, "short_answer_question", blank.id, ask, blank.points)
    _fib(made)
    processing = _processing(made)
    condition = child(processing, "respcondition", attributes={"continue": "No"})
    wanted = child(condition, "conditionvar")
    for spelling in spellings(key.text):
        child(wanted, "varequal", spelling, _ANSWER)
    child(condition, "setvar", "100", {"action": "Set", "varname": "SCORE"})
    _hinted(processing, blank)
    _hint(made, blank)
    return Item(blank.id, blank.points, content + key.text, made)


def _essay(stem: Stem, blank: Blank) -> Item:
    """What a person marks. Canvas has no place for the rubric that students do not see, so it is not in the file."""
    ask = f"<p>{stem.asked(blank, equation_image)}</p>"
    made, content = _begin(stem, blank, "essay_question", blank.id, ask, blank.points)
    _fib(made)
    condition = child(_processing(made), "respcondition", attributes={"continue": "No"})
    child(child(condition, "conditionvar"), "other")
    return Item(blank.id, blank.points, content, made)


def _begin(stem: Stem, blank: Blank, kind: str, id: str, ask: str, points: float) -> tuple[Element, str]:
    key = (stem.keyed.sheet.name, str(stem.keyed.variant.seed), stem.keyed.code, stem.question.number, id)
    made = element("item", {"ident": ident("item", *key), "title": id})
    fields = child(child(made, "itemmetadata"), "qtimetadata")
    for label, entry in (
        ("question_type", kind),
        ("points_possible", plain(points)),
        ("original_answer_ids", ""),
        ("assessment_question_identifierref", ident("question", *key)),
    ):
        field = child(fields, "qtimetadatafield")
        child(field, "fieldlabel", label)
        child(field, "fieldentry", entry)
    html = stem.words(equation_image)
    for image in stem.images_of(blank):
        html += f'<p><img src="%24IMS-CC-FILEBASE%24/images/{image.file}" alt="{escape(image.alt)}"/></p>'
    html += ask
    material = child(child(made, "presentation"), "material")
    child(material, "mattext", f"<div>{html}</div>", {"texttype": "text/html"})
    return made, html


def _presented(made: Element) -> Element:
    found = made.find("presentation")
    assert found is not None
    return found


def _fib(made: Element) -> None:
    response = child(_presented(made), "response_str", attributes={"ident": "response1", "rcardinality": "Single"})
    child(child(response, "render_fib"), "response_label", attributes={"ident": "answer1", "rshuffle": "No"})


def _processing(made: Element) -> Element:
    processing = child(made, "resprocessing")
    score = {"maxvalue": "100", "minvalue": "0", "varname": "SCORE", "vartype": "Decimal"}
    child(child(processing, "outcomes"), "decvar", attributes=score)
    return processing


def _hinted(processing: Element, blank: Blank) -> None:
    """A wrong answer shows the hint."""
    if blank.hint:
        condition = child(processing, "respcondition", attributes={"continue": "Yes"})
        child(child(condition, "conditionvar"), "other")
        attributes = {"feedbacktype": "Response", "linkrefid": "general_incorrect_fb"}
        child(condition, "displayfeedback", attributes=attributes)


def _hint(made: Element, blank: Blank) -> None:
    if blank.hint:
        _feedback(made, "general_incorrect_fb", escape(blank.hint))


def _feedback(made: Element, name: str, html: str) -> None:
    material = child(child(child(made, "itemfeedback", attributes={"ident": name}), "flow_mat"), "material")
    child(material, "mattext", html, {"texttype": "text/html"})
