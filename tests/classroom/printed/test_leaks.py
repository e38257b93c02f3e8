"""No answer may be read off a blank sheet: not in words, alt text, titles, hidden tables, ids or metadata."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from html import unescape

import numpy as np
import pytest

from chalkgrad.classroom.printed.compose import layout
from chalkgrad.classroom.printed.drawing import asked_elsewhere, drawing, has_drawing
from chalkgrad.classroom.printed.html import html
from chalkgrad.classroom.printed.pdf import Print, inputs
from chalkgrad.classroom.printed.tex import tex
from chalkgrad.classroom.sheets.blank import FormulaKey, Keyed, NumberKey, TextKey, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet
from chalkgrad.classroom.variants.find import variants
from chalkgrad.render.numbers import shown
from tests.classroom.printed.sheets import FOLDER, SEEDS, seed

_NUMBER = re.compile(r"(?<![\w.])\d+\.\d\d+(?![\w.])")
_OUTLINE = re.compile(r'\b(?:d|x|y|width|height|viewBox|transform|points|rx|r|cx|cy|style|stroke-width)="[^"]*"')
_PLACE = re.compile(r"\(-?[\d.]+,-?[\d.]+\)|scale=[\d.]+|[\d.]+(?:pt|em|mm|\\linewidth)")


def blank_texts(made: Keyed) -> Iterator[str]:
    """Everything that a blank sheet holds for an eye, an ear or a search: coordinates aside."""
    sheet = layout(made)
    page = html(sheet, key=False)
    page = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    yield unescape(_OUTLINE.sub("", page))
    yield _PLACE.sub("", tex(sheet, key=False).partition(r"\begin{document}")[2])
    data = inputs([Print(sheet, False)], paper="a4", large=False)  # the PDF is made of this alone
    yield " ".join(strings(json.loads(data["sheets"])))
    for picture in json.loads(data["pictures"]):
        yield " ".join(ET.fromstring(picture).itertext())
    for question in made.questions:
        if has_drawing(question):
            svg = drawing(question, key=False, elsewhere=asked_elsewhere(made, question))
            yield _OUTLINE.sub("", svg)


def strings(data: object) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for value in data.values():
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)


def given(made: Keyed) -> str:
    """What the sheet itself says: its words, and the numbers that it prints."""
    said = [made.sheet.title, made.sheet.intro, made.sheet.footer]
    for question in made.questions:
        said += [question.problem.prose, question.part.prose, question.part.hint, repr(question.part.values)]
        said += [blank.ask for blank in question.blanks]
        work = question.work
        if work is not None and not work.symbolic:
            asked = {b.node for b in question.blanks if b.kind in ("value", "loss")}
            said += [shown(work.number(v), 2) for v in work.program.variables() if v not in asked]
            said += [shown(work.number(v), 15) for v in work.program.inputs] + [shown(work.upstream, 15)]
    return " ".join(said)


def secrets(made: Keyed) -> set[str]:
    """The answers that are numbers with a fraction, at every length that could be printed."""
    found: set[str] = set()
    for blank in made.blanks:
        if isinstance(blank.key, NumberKey):
            for value in (blank.key.exact, blank.key.stepwise):
                for number in np.ravel(np.asarray(value, float)):
                    found |= {shown(abs(float(number)), digits) for digits in range(2, 8)}
    return {number for number in found if _NUMBER.fullmatch(number) and number not in given(made)}


def check(made: Keyed) -> None:
    wanted = secrets(made)
    for text in blank_texts(made):
        numbers = set(_NUMBER.findall(unicodedata.normalize("NFKC", text)))
        assert not numbers & wanted


@pytest.mark.parametrize("name", SEEDS)
def test_no_number_of_the_key_is_on_the_blank_sheet(name: str) -> None:
    check(seed(name))


@pytest.mark.parametrize("name", ["backprop", "section"])
def test_nor_in_the_variants(name: str) -> None:
    sheet = read_sheet((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    for variant in variants(sheet, 3, 11):
        check(keyed(sheet, variant))


@pytest.mark.parametrize("name", SEEDS)
def test_no_words_of_the_key_are_on_the_blank_sheet(name: str) -> None:
    made = seed(name)
    texts = list(blank_texts(made))
    said = given(made)
    for blank in made.blanks:
        if isinstance(blank.key, TextKey):
            lines = [*blank.key.text.strip().splitlines(), *blank.key.rubric]
        elif isinstance(blank.key, FormulaKey):
            lines = [blank.key.text]
        else:
            continue
        for line in lines:
            # short ones (`z`, `1`) stand on any sheet
            plain = " ".join(re.sub(r"[$*]", "", line).split())
            if len(plain) > 8 and not plain.endswith(":") and plain not in said and line.strip() not in said:
                assert not any(plain in " ".join(text.split()) for text in texts), (blank.id, plain)


def test_the_whole_numbers_of_a_sheet() -> None:
    made = keyed(
        read_sheet(
            'name = "w"\ntitle = "W"\n[[problem]]\nfunction = "q = x + y; f(x, y, z) = q z"\n'
            "values = { x = 1100, y = 331, z = -17 }\n"
            'blank = ["values", "gradients", "f.next", "locals", "*.formula"]\n'
        ),
        Variant(),
    )
    for text in blank_texts(made):
        numbers = set(re.findall(r"(?<![\w.])\d+(?![\w.])", text))
        assert not numbers & {"1431", "24327"}
    page = html(layout(made), key=True)
    assert "1431" in page
    assert "24327" in page
