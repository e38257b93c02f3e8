"""Labels set as maths: what is italic, what is raised, and that a person's text is never code."""

import os
import subprocess
import sys
import threading

import pytest

from chalkgrad.render.typeset import clean, svg_to_pdf, svg_to_png, typeset

SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
)


def label(text, **how):
    return typeset([text], **how)[text]


def outlines(text, **how):
    return [glyph.outline for glyph in label(text, **how).glyphs]


def heights(text):
    return [glyph.y for glyph in label(text).glyphs]


def test_a_subscript_is_low_and_a_superscript_high():
    for text in ("w_0", "D_x", "x_{10}", "β_1", "x_train"):
        assert heights(text)[0] == 0
        assert all(y < 0 for y in heights(text)[1:])
    for text in ("y^*", "x'", "x^{(i)}", "W^⊤", "W^T"):
        assert heights(text)[0] == 0
        assert all(y > 0 for y in heights(text)[1:])


def test_braces_and_marks_are_not_printed():
    assert len(outlines("x_{10}")) == 3
    assert len(outlines("w_0x_0")) == 4
    assert len(outlines(r"\hat y")) == 2


def test_both_scripts_stand_over_each_other():
    low, high = sorted(label("x_1^*").glyphs[1:], key=lambda glyph: glyph.y)
    assert low.y < 0 < high.y
    assert abs(low.x - high.x) < 3


def test_single_letters_are_italic_and_words_upright():
    letter = outlines("x")
    assert outlines("x_0")[:1] == letter
    assert outlines("xx")[0] != letter[0]
    assert outlines("max")[2] == outlines("xx")[0]
    assert outlines("s(y)")[0] == outlines("s")[0] != outlines("sum1")[0]
    assert outlines("W1")[0] == outlines("W")[0]


def test_minus_is_a_true_minus_everywhere():
    minus = outlines("−")
    assert outlines("-4.00")[:1] == minus
    assert outlines("*-1")[1:2] == minus
    assert minus[0] in outlines("4.5e-5")
    assert minus[0] in outlines("-inf")
    assert minus != outlines("-", prose=True)


def test_numbers_have_figures_of_one_width():
    widths = [label(f"{digit}").width for digit in range(10)]
    assert max(widths) - min(widths) < 0.2


def test_a_binary_sign_has_room_and_a_sign_before_has_none():
    assert label("a - b").width > label("a").width + label("-").width + label("b").width + 3
    assert label("-2").width == pytest.approx(label("2").width + label("-").width, abs=0.2)


def test_snake_case_is_one_word():
    assert len(set(heights("leaky_relu"))) == 1


def test_relations_of_two_letters_are_one_sign():
    assert outlines("x >= y") == outlines("x ≥ y")


def test_a_label_is_measured_about_its_baseline():
    assert label("x").descent < 1 < label("y").descent
    assert label("x").ascent < label("f").ascent
    assert label("").width == 0
    assert label("").glyphs == ()


def test_prose_is_set_as_it_stands():
    assert outlines("a - b", prose=True) != outlines("a - b")
    assert outlines("x", prose=True) == outlines("xx")[:1]


@pytest.mark.parametrize(
    "text", ['#read("typeset.py")', '$#panic("no")$', "*/ #", '"]', "\\u{41}", "\\", "#sys.inputs", "`x`"]
)
def test_code_is_printed_letter_by_letter(text):
    assert len(outlines(text, prose=True)) == len(text.replace(" ", ""))
    assert label(text).width > 0


@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "\ufffe", "a\x1bb", "\n", "اسم", "😀", "\u0301", "_", "^", "{", "x_{", "x_", "\\hat", "'", "x^{}"],
)
def test_odd_text_is_set_without_complaint(text):
    assert label(text).width >= 0


def test_labels_do_not_depend_on_their_company():
    alone = {text: label(text) for text in ("q_1", "-3.25", "exp")}
    together = typeset(["zebra", "-3.25", "q_1", "exp", "\\vec v"])
    assert {text: together[text] for text in alone} == alone


def test_a_label_is_set_once(monkeypatch):
    typeset(["seen"])
    monkeypatch.setattr("chalkgrad.render.typeset._compile", None)
    assert typeset(["seen"])["seen"].width > 0


def test_what_is_kept_is_bounded(monkeypatch):
    monkeypatch.setattr("chalkgrad.render.typeset._KEPT", 10)
    monkeypatch.setattr("chalkgrad.render.typeset._labels", {})
    for start in range(0, 40, 4):
        found = typeset([f"v_{{{start + i}}}" for i in range(4)])
        assert len(found) == 4
    from chalkgrad.render import typeset as module

    assert len(module._labels) <= 10
    assert len(typeset([f"u_{{{i}}}" for i in range(30)])) == 30  # more than is kept


def test_no_system_fonts_are_used(monkeypatch):
    import typst

    from chalkgrad.render import typeset as module

    asked = {}
    real = typst.Fonts

    def fonts(**how):
        asked.update(how)
        return real(**how)

    def compiler(**how):
        asked.update(how)

    monkeypatch.setattr(typst, "Fonts", fonts)
    monkeypatch.setattr(typst, "Compiler", compiler)
    module._compiler.__wrapped__()
    assert asked["include_system_fonts"] is False
    assert asked["ignore_system_fonts"] is True
    assert {info.path for info in asked["font_paths"].fonts()} == {None}  # all are typst's own


def test_threads_may_typeset_at_once():
    wanted = [[f"t_{{{thread}}}", f"{thread}.25", "same"] for thread in range(8)]
    found = {}

    def work(index):
        found[index] = typeset(wanted[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[index] == typeset(wanted[index]) for index in range(8))


def test_clean_leaves_what_xml_allows():
    assert clean("a\0b\x0b\ud800\uffff") == "a\ufffdb\ufffd\ufffd\ufffd"
    assert clean(" a\n\tb ") == "a b"
    assert clean("é😀ℓ") == "é😀ℓ"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_can_draw_and_is_told_that_it_cannot_make_a_pdf():
    # typst's threads stay behind in the parent; what would wait for them must refuse instead
    code = f"""
import os, signal, sys
from chalkgrad.errors import ChalkgradError
from chalkgrad.render.typeset import svg_to_pdf, svg_to_png, typeset
typeset(["a", "b"]); svg_to_pdf({SQUARE!r})
child = os.fork()
if child == 0:
    signal.alarm(20)
    typeset(["c", "d"]); svg_to_png({SQUARE!r})
    try:
        svg_to_pdf({SQUARE!r})
    except ChalkgradError:
        os._exit(0)
    os._exit(1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0


def test_pictures_of_an_svg():
    assert svg_to_png(SQUARE, 1.0)[16:24] == (9).to_bytes(4, "big") * 2
    assert svg_to_pdf(SQUARE, "a \0 square").startswith(b"%PDF")
