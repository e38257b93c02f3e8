"""Moodle XML: a question as a whole (cloze), or one question a number; formulas for STACK; words for a person to mark.

What Moodle's importer does with a file is in its `question/format/xml/format.php` and `question/type/multianswer`:
there a fraction must be one that Moodle knows, a weight in a cloze question is a whole number, and the first answer
that fits decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export import cloze, stack
from chalkgrad.classroom.export.accepted import entries, written
from chalkgrad.classroom.export.formulas import formula_of
from chalkgrad.classroom.export.markup import child, document, element
from chalkgrad.classroom.export.moodle_question import begin, end, preface
from chalkgrad.classroom.export.stem import Stem, mathjax, stems
from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey, ShapeKey, TextKey

_ITS_OWN = frozenset({"name", "idnumber", "tags"})


def moodle(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """Up to four files: cloze, numerical, stack and written, each with what the sheet has of it.

    Cloze and numerical ask for the same numbers: a course imports one of the two. Variants of one question stand in one
    category, so that a quiz can draw one of them; what is the same in every variant stands there once.
    """
    first = variants[0]
    makers = {"cloze": cloze.questions, "numerical": _numerical, "stack": stack.questions, "written": _written}
    made = {kind: _quiz(variants, make) for kind, make in makers.items()}
    name = f"{first.sheet.name}-{first.variant.seed}"
    return {f"{name}-{kind}.xml": document(quiz) for kind, quiz in made.items() if len(quiz)}


def _quiz(variants: Sequence[Keyed], make: Callable[[Stem], Iterable[Element]]) -> Element:
    quiz = element("quiz")
    for same in zip(*[stems(k) for k in variants], strict=True):
        made: dict[tuple[int, bytes], Element] = {}
        for stem in same:
            for place, question in enumerate(make(stem)):
                made.setdefault((place, _content(question)), question)
        if made:
            quiz.append(_category(same[0]))
            quiz.extend(made.values())
    return quiz


def _content(question: Element) -> bytes:
    """What a question says, without what it is called."""
    return b"".join(ElementTree.tostring(part) for part in question if part.tag not in _ITS_OWN)


def _category(stem: Stem) -> Element:
    sheet = stem.keyed.sheet
    question = element("question", {"type": "category"})
    # a slash divides categories unless it is written twice
    path = [" ".join(p.split()).replace("/", "//") for p in (sheet.title or sheet.name, f"{sheet.name} {stem.name}")]
    child(child(question, "category"), "text", "$course$/top/" + "/".join(path))
    return question


def _numerical(stem: Stem) -> Iterable[Element]:
    """One question a number."""
    for blank in stem.question.blanks:
        places = entries(blank, stem.question)
        for place in places:
            to = f" <small>(to {place.accepted.places} decimals where it is not whole)</small>"
            html = f"{preface(stem, stem.images)}<p>{stem.asked(blank, mathjax, place.index)} ?{to}</p>"
            question = begin(stem, "numerical", place.id, html, blank.points / len(places), stem.images)
            graded = [("100", r) for r in place.accepted.right] + [("0", r) for r in place.accepted.wrong]
            for fraction, reading in graded:
                answer = child(question, "answer", attributes={"fraction": fraction, "format": "moodle_auto_format"})
                child(answer, "text", written(reading.number))
                child(answer, "tolerance", written(reading.tolerance))
                child(child(answer, "feedback", attributes={"format": "html"}), "text", escape(reading.why))
            for tag, text in (("unitgradingtype", "0"), ("unitpenalty", "0.1"), ("showunits", "3"), ("unitsleft", "0")):
                child(question, tag, text)
            yield end(question, stem, blank.hint)


def _written(stem: Stem) -> Iterable[Element]:
    """What a person marks: words, drawings, derivations, and formulas that STACK does not take."""
    for blank in stem.question.blanks:
        if isinstance(blank.key, NumberKey | ShapeKey) or formula_of(blank, stem.question) is not None:
            continue
        images = stem.images_of(blank)
        html = f"{preface(stem, images)}<p>{stem.asked(blank, mathjax)}</p>"
        question = begin(stem, "essay", blank.id, html, blank.points, images)
        drawn = blank.kind == "graph"
        for tag, text in (
            ("responseformat", "editorfilepicker" if drawn else "editor"),
            ("responserequired", "1"),
            ("responsefieldlines", str(min(40, max(5, 2 * blank.lines)))),
            ("attachments", "1" if drawn else "0"),
            ("attachmentsrequired", "0"),
        ):
            child(question, tag, text)
        child(child(question, "graderinfo", attributes={"format": "html"}), "text", grading(blank))
        child(child(question, "responsetemplate", attributes={"format": "html"}), "text")
        yield end(question, stem, blank.hint)


def grading(blank: Blank) -> str:
    """What the person who marks should know, as HTML: a model answer, and the rubric."""
    key = blank.key
    assert not isinstance(key, NumberKey)
    lines = [f"<p>{escape(key.text)}</p>"] if key.text else []
    rubric = key.rubric if isinstance(key, TextKey) else ()
    if rubric:
        lines.append("<ul>" + "".join(f"<li>{escape(r)}</li>" for r in rubric) + "</ul>")
    return "".join(lines)
