"""Moodle XML, read again by the rules of Moodle's importer: numbers, tolerances and feedback are what the key says."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from chalkgrad.classroom.export.moodle import moodle
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey, ShapeKey
from tests.classroom.export.shared import HOSTILE_WORDS, SHEETS, all_entries, hostile, seats, sheet

FRACTIONS = {"100", "90", "80", "75", "70", "60", "50", "40", "30", "25", "20", "10", "5", "0"}
NUMBER = re.compile(r"-?(([0-9]+[.,]?[0-9]*|[.,][0-9]+)([eE][-+]?[0-9]+)?)")

# The expressions of question/type/multianswer/questiontype.php; a look-behind has one length at a time in Python.
_NOT_QUOTED = r"(?<!\\)(?<!&)(?<!&amp;)"
ALTERNATIVE = rf"(?:(=|%(-?[0-9]+(?:[.,][0-9]*)?)%))?(.+?{_NOT_QUOTED}(?=[~#}}]|$))(#(.*?(?<!\\)(?=[~}}]|$)))?"
PLACE = re.compile(rf"\{{([0-9]*):(NUMERICAL|NM|SHORTANSWER|SA|MW):({ALTERNATIVE}(?:~{ALTERNATIVE})*)\}}", re.DOTALL)
ONE = re.compile("~?" + ALTERNATIVE, re.DOTALL)
NUMERICAL = re.compile(rf"^({NUMBER.pattern})(:{NUMBER.pattern})?$")


@dataclass
class Answer:
    """One alternative, as Moodle keeps it."""

    fraction: Decimal
    text: str
    tolerance: Decimal
    feedback: str


@dataclass
class Place:
    """One place of a cloze question."""

    weight: int
    kind: str
    answers: list[Answer]


def cloze(text: str) -> list[Place]:
    """As `qtype_multianswer_extract_question`: each match is taken out before the next is looked for."""
    places: list[Place] = []
    while found := PLACE.search(text):
        rest, answers = found[3], []
        while alternative := ONE.match(rest):
            fraction = Decimal(1) if alternative[1] == "=" else Decimal(alternative[2] or 0) / 100
            answer, tolerance = alternative[3], Decimal(0)
            if found[2] == "NUMERICAL":
                number = NUMERICAL.match(answer)
                assert number, f"{answer!r} is no number for Moodle"
                answer, tolerance = number[1], Decimal((number[5] or ":0")[1:])
            else:
                answer = html.unescape(answer).replace("\\}", "}").replace("\\#", "#")
            feedback = html.unescape(alternative[5] or "").replace("\\}", "}").replace("\\#", "#")
            answers.append(Answer(fraction, answer, tolerance, feedback))
            rest = rest[alternative.end() :]
        assert not rest, "something of the place was not read"
        places.append(Place(int(found[1] or 1), found[2], answers))
        text = text.replace(found[0], f"{{#{len(places)}}}", 1)
    return places


def questions(data: bytes) -> list[Element]:
    quiz = ElementTree.fromstring(data)
    assert quiz.tag == "quiz"
    return quiz.findall("question")


def of(data: bytes, kind: str) -> list[Element]:
    return [q for q in questions(data) if q.get("type") == kind]


def text(question: Element) -> str:
    return question.findtext("questiontext/text") or ""


def numerical(question: Element) -> list[Answer]:
    return [
        Answer(
            Decimal(a.get("fraction", "")) / 100,
            a.findtext("text") or "",
            Decimal(a.findtext("tolerance") or "0"),
            a.findtext("feedback/text") or "",
        )
        for a in question.findall("answer")
    ]


def first(answers: list[Answer], number: Decimal) -> Answer | None:
    """`get_matching_answer`: the first within its tolerance."""
    return next((a for a in answers if abs(Decimal(a.text) - number) <= a.tolerance), None)


def files(keyed: Keyed) -> dict[str, bytes]:
    return {name.rsplit("-", 1)[1].removesuffix(".xml"): data for name, data in moodle([keyed]).items()}


def entries(keyed: Keyed) -> Iterator[tuple[str, list[Decimal], list[Decimal]]]:
    for question in keyed.questions:
        for entry in all_entries(question):
            yield entry.id, [r.number for r in entry.accepted.right], [r.number for r in entry.accepted.wrong]


@pytest.mark.parametrize("name", SHEETS)
def test_the_numbers_come_back(name: str) -> None:
    keyed = sheet(name)
    made = files(keyed)
    expected = list(entries(keyed))
    if not expected:
        assert "numerical" not in made
        return
    found = [numerical(q) for q in of(made["numerical"], "numerical")]
    places = [p for q in of(made["cloze"], "cloze") for p in cloze(text(q)) if p.kind == "NUMERICAL"]
    assert len(found) == len(places) == len(expected)
    for answers, place, (id, right, wrong) in zip(found, places, expected, strict=True):
        for read in (answers, place.answers):
            assert {a.fraction for a in read} <= {Decimal(f) / 100 for f in FRACTIONS}
            assert Decimal(read[0].text) == right[0], id
            assert read[0].fraction == 1
            for number in right:
                hit = first(read, number)
                assert hit is not None
                assert hit.fraction == 1, id
            for number in wrong:
                hit = first(read, number)
                assert hit is not None
                assert hit.fraction == 0, (id, number)
                assert hit.feedback
        assert [a.text for a in answers] == [a.text for a in place.answers]


@pytest.mark.parametrize("name", SHEETS)
def test_every_blank_stands_in_one_file(name: str) -> None:
    keyed = sheet(name)
    made = files(keyed)
    ids = [b.id for b in keyed.blanks if not isinstance(b.key, NumberKey | ShapeKey)]
    others = [
        q.findtext("idnumber") or "" for kind in ("stack", "written") for q in questions(made.get(kind, b"<quiz/>"))
    ]
    assert sorted(i.rsplit(":", 1)[-1] for i in others if i) == sorted(i.rsplit(":", 1)[-1] for i in ids)


@pytest.mark.parametrize("name", SHEETS)
def test_what_the_importer_needs(name: str) -> None:
    for data in moodle([sheet(name)]).values():
        names: list[str] = []
        for question in questions(data):
            kind = question.get("type")
            if kind == "category":
                assert (question.findtext("category/text") or "").startswith("$course$/top/")
                continue
            assert kind in ("cloze", "numerical", "stack", "essay")
            names.append(question.findtext("name/text") or "")
            assert names[-1]
            assert question.find("questiontext[@format='html']/text") is not None
            assert float(question.findtext("defaultgrade") or "x") >= 0
            assert len(question.findtext("idnumber") or "") <= 100
            shown = re.findall(r'src="@@PLUGINFILE@@/([^"]+)"', text(question))
            held = {f.get("name"): f for f in question.findall("questiontext/file")}
            assert sorted(shown) == sorted(held)
            for file in held.values():
                assert file.get("path") == "/"
                assert base64.b64decode(file.text or "", validate=True).startswith(b"\x89PNG")
        assert len(set(names)) == len(names)


def test_words_cannot_break_out() -> None:
    made = files(hostile())
    (question,) = of(made["cloze"], "cloze")
    assert len(cloze(text(question))) == 6, "the words' own {1:NUMERICAL:=1} is no place"
    assert "<script" not in text(question)
    outside = PLACE.sub("", text(question))
    assert "{" not in outside
    assert "}" not in outside
    shown = html.unescape(re.sub(r"<[^>]+>", "", text(question)))
    assert HOSTILE_WORDS[:30] in shown
    (essay,) = of(made["written"], "essay")
    grading = essay.findtext("graderinfo/text") or ""
    assert html.unescape(grading) == "<p>because {~} </p> ]]></p><ul><li>one <b> ]]></li><li>two {}</li></ul>"
    category = next(q for q in questions(made["cloze"]) if q.get("type") == "category").findtext("category/text") or ""
    assert category.split("/top/")[1].replace("//", "").count("/") == 1, "a slash in a title divides no category"


def test_feedback_is_decoded_once_and_then_is_html() -> None:
    (question,) = of(files(hostile())["cloze"], "cloze")
    said = {a.feedback for p in cloze(text(question)) for a in p.answers if a.feedback}
    assert said
    for line in said:
        assert "<" not in line
        assert html.escape(html.unescape(line), quote=False) == line


def test_variants_stand_in_one_category_each_once() -> None:
    made = moodle(seats())
    assert set(made) == {"s2-0-cloze.xml", "s2-0-numerical.xml"} or set(made) == {
        "s2-7-cloze.xml",
        "s2-7-numerical.xml",
    }
    found = questions(next(d for n, d in made.items() if "cloze" in n))
    assert [q.get("type") for q in found] == ["category", "cloze", "cloze", "cloze"]
    assert len({text(q) for q in found[1:]}) == 3
    twice = moodle([seats()[0], seats()[0]])
    assert len(questions(next(d for n, d in twice.items() if "cloze" in n))) == 2


@pytest.mark.parametrize("name", SHEETS)
def test_weights_are_in_the_ratio_of_the_points(name: str) -> None:
    keyed = sheet(name)
    asked = [q for q in keyed.questions if any(isinstance(b.key, NumberKey | ShapeKey) for b in q.blanks)]
    made = files(keyed)
    for found, question in zip(of(made.get("cloze", b"<quiz/>"), "cloze"), asked, strict=True):
        weights = [p.weight for p in cloze(text(found))]
        points = [
            b.points / len(places) if places else b.points
            for b in question.blanks
            if isinstance(b.key, NumberKey | ShapeKey)
            for places in [list(all_entries(question, [b]))]
            for _ in (places or [b])
        ]
        assert len(weights) == len(points)
        assert all(abs(w * points[0] - p * weights[0]) < 1e-6 for w, p in zip(weights, points, strict=True))


def test_same_bytes() -> None:
    assert moodle([sheet("section")]) == moodle([sheet("section")])
