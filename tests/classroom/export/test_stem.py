"""What stands before the places: words, what is given, pictures for those who see them and those who do not."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from chalkgrad.classroom.export.markup import child, document, element
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Stem, equation_image, mathjax, stable, stems
from chalkgrad.classroom.export.weights import whole
from chalkgrad.classroom.printed.prose import maths_box
from tests.classroom.export.shared import SHEETS, all_entries, of, seats, sheet


def test_what_is_given_stands_in_words() -> None:
    first = stems(sheet("backprop"))[0]
    assert r"Given: \(x = -2\), \(y = 5\), \(z = -4\)." in first.words(mathjax)
    fifth = stems(sheet("backprop"))[4]
    assert r"\(\partial L/\partial f = -3\)" in fifth.words(mathjax), "the upstream gradient is given"


def test_a_picture_is_told_in_words() -> None:
    (image,) = stems(sheet("backprop"))[0].images
    assert image.png.startswith(b"\x89PNG")
    assert "x: input, value -2, gradient to fill in" in image.alt
    assert "q: x + y, value to fill in, gradient to fill in" in image.alt
    (given,) = stems(sheet("section"))[0].images
    assert "q: x + y, value 3; f: q·z, value -12, gradient 1" in given.alt, "what is printed on it is told"


@pytest.mark.parametrize("name", SHEETS)
def test_no_number_of_the_key_is_told(name: str) -> None:
    for stem in stems(sheet(name)):
        told = " ".join(i.alt for i in stem.images)
        printed = set(re.findall(r"-?\d+\.\d+", told + stem.words(mathjax)))
        keys = {f"{float(e.accepted.right[0].number):.{e.accepted.places}f}" for e in all_entries(stem.question)}
        assert not {k for k in keys if not k.endswith("00")} & printed - _given(stem)


def _given(stem: Stem) -> set[str]:
    """The inputs, and the values that nobody is asked for: these are printed on the blank sheet."""
    work = stem.question.work
    if work is None or work.symbolic:
        return set()
    asked = {b.node for b in stem.question.blanks if b.kind in ("value", "loss")}
    open_ = [v for v in work.program.variables() if v not in asked and not v.type.shape]
    return {f"{float(work.number(v)):.{n}f}" for v in open_ for n in (1, 2)}


def test_a_part_without_a_drawing_shows_the_one_above() -> None:
    made = {s.question.number: s for s in stems(sheet("nets"))}
    assert made["1.7"].images
    assert made["1.7"].images[0].png == made["1.1"].images[0].png


def test_a_program_has_holes_where_it_is_asked_for() -> None:
    keyed = of(
        'name = "c"\ntitle = "C"\n[[problem]]\nprose = "p"\nfunction = "q = x + y; f = q z + x"\n'
        'values = { x = 1.5, y = 3, z = 4 }\nblank = ["code.backward"]\n'
    )
    (stem,) = stems(keyed)
    words = stem.words(mathjax)
    assert "(1) q = x + y" in words
    assert "dq" not in words
    for blank in stem.question.blanks:
        number = blank.id.rpartition(".")[2]
        assert stem.asked(blank, mathjax) == f"line {number}:"
        assert f"({number}) …" in words


def test_number_and_formula_are_told_apart() -> None:
    stem = stems(sheet("section"))[0]
    asked = [stem.asked(b, mathjax) for b in stem.question.blanks]
    assert len(set(asked)) == len(asked)
    assert r"\(\partial f/\partial q\) in symbols =" in asked


def test_names_do_not_change() -> None:
    assert stable("a", "b") == stable("a", "b") != stable("ab", "")
    files = [i.file for k in seats() for s in stems(k) for i in s.images]
    assert len(set(files)) == 3


def test_maths_is_escaped() -> None:
    box = maths_box("1{x < y}")
    assert "<" not in mathjax(box)
    image = equation_image(maths_box('"><script>'))
    assert ElementTree.fromstring(image).tag == "img"


def test_markup_is_xml_whatever_the_words() -> None:
    root = element("a", {"b": "\x00\ud800\uffff<&>\"'"})
    child(root, "c", "\x01]]>\ud801\x0b&<")
    read = ElementTree.fromstring(document(root))
    assert read.findtext("c") == "\N{REPLACEMENT CHARACTER}]]>\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}&<"


def test_weights() -> None:
    assert whole([1, 1, 1]) == [1, 1, 1]
    assert whole([0.5, 1.5]) == [1, 3]
    assert whole([8 / 3, 4 / 3]) == [2, 1]
    assert whole([0, 0]) == [1, 1]
    assert whole([]) == []


def test_shapes() -> None:
    found = spellings("D_{a_1}×D_x")
    assert found[0] == "D_{a_1}×D_x"
    assert {"D_a1 x D_x", "Da1xDx", "(D_a_1, D_x)", "D_a1 by D_x"} <= set(found)
    assert not any("*" in s for s in found), "a star stands for anything in Moodle"
