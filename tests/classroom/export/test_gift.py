"""GIFT, read again as Moodle's importer reads it: escapes first, then the name, the answers and their weights."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from decimal import Decimal

import pytest

from chalkgrad.classroom.export.gift import gift
from chalkgrad.classroom.sheets.blank import Keyed
from tests.classroom.export.shared import HOSTILE_WORDS, SHEETS, all_entries, hostile, seats, sheet

SIGNS = ":#={}~"


@dataclass
class Question:
    """One question: what it asks, and (percent, number, tolerance, feedback) of each answer; no answers in an essay."""

    name: str
    text: str
    answers: list[tuple[int, str, str, str]]
    kind: str


def covered(text: str) -> str:
    """`escapedchar_pre`: signs that are escaped stand for themselves."""
    text = text.replace("\\\\", "\x01")
    for n, sign in enumerate(SIGNS):
        text = text.replace("\\" + sign, chr(0xE000 + n))
    return text.replace("\\n", chr(0xE100)).replace("\x01", "\\")


def plain(text: str) -> str:
    for n, sign in enumerate(SIGNS):
        text = text.replace(chr(0xE000 + n), sign)
    return text.replace(chr(0xE100), "\n").strip()


def read(data: bytes) -> tuple[list[str], list[Question]]:
    categories: list[str] = []
    questions: list[Question] = []
    for block in re.split(r"\n[ \t]*\n", data.decode()):
        if block.startswith("$CATEGORY:"):
            head, _, block = block.partition("\n")
            categories.append(plain(covered(head.removeprefix("$CATEGORY:"))))
            assert not block.strip()
            continue
        lines = [line for line in block.split("\n") if not line.strip().startswith("//")]
        text = covered("\n".join(lines).strip())
        named = re.match(r"::(.*?)::", text, re.DOTALL)
        assert named
        text = text[named.end() :]
        start, stop = text.index("{"), text.index("}")
        assert text.count("{") == text.count("}") == 1
        inside = text[start + 1 : stop].strip()
        asked = text[:start]
        assert asked.startswith("[html]")
        kind = "essay" if not inside else "numerical" if inside[0] == "#" else "short"
        answers: list[tuple[int, str, str, str]] = []
        for part in inside.removeprefix("#").split("=")[1:]:
            weighed = re.match(r"%(\d{1,3})%", part.strip())
            assert weighed
            answer, _, feedback = part.strip()[weighed.end() :].partition("#")
            number, _, tolerance = answer.strip().partition(":") if kind == "numerical" else (answer, "", "")
            answers.append((int(weighed[1]), plain(number), plain(tolerance), plain(feedback)))
        questions.append(Question(plain(named[1]), plain(asked.removeprefix("[html]")), answers, kind))
    return categories, questions


def of(keyed: Keyed) -> list[Question]:
    (data,) = gift([keyed]).values()
    return read(data)[1]


@pytest.mark.parametrize("name", SHEETS)
def test_the_numbers_come_back(name: str) -> None:
    keyed = sheet(name)
    wanted = [e for q in keyed.questions for e in all_entries(q)]
    found = [q for q in of(keyed) if q.kind == "numerical"]
    assert len(found) == len(wanted)
    for question, entry in zip(found, wanted, strict=True):
        assert question.name.endswith(entry.id)
        read_back = [(p, Decimal(n), Decimal(t)) for p, n, t, _ in question.answers]
        expected = [(100, r.number, r.tolerance) for r in entry.accepted.right]
        expected += [(0, r.number, r.tolerance) for r in entry.accepted.wrong]
        assert read_back == expected
        assert [html.unescape(f) for *_, f in question.answers] == [
            r.why for r in (*entry.accepted.right, *entry.accepted.wrong)
        ]


@pytest.mark.parametrize("name", SHEETS)
def test_nothing_is_lost(name: str) -> None:
    keyed = sheet(name)
    found = of(keyed)
    assert len({q.name for q in found}) == len(found)
    ids = {b.id for b in keyed.blanks}
    assert {re.sub(r"(\[\d+\])+$", "", q.name.split(" ", 1)[1]) for q in found} == ids


def test_words_cannot_break_out() -> None:
    found = of(hostile())
    assert [q.kind for q in found] == ["numerical"] * 6 + ["essay"]
    for question in found:
        assert "<script" not in question.text
        assert HOSTILE_WORDS[:30] in html.unescape(re.sub(r"<[^>]+>", "", question.text))


def test_a_drawing_is_a_data_address() -> None:
    first = of(sheet("backprop"))[0]
    assert 'src="data:image/png;base64,iVBOR' in first.text
    assert re.search(r'<img alt="[^"]{20,}"', first.text)


def test_variants_stand_in_one_category() -> None:
    (data,) = gift(seats()).values()
    categories, questions = read(data)
    assert len(categories) == 1
    assert len(questions) == sum(len(all_entries(k.questions[0])) for k in seats())
    assert len({q.name for q in questions}) == len(questions)
