"""Words with maths: read once, and written in HTML, LaTeX and plain text; a person's words are never markup."""

from __future__ import annotations

import pytest

from chalkgrad.classroom.printed.prose import (
    Display,
    Formula,
    Listing,
    Paragraph,
    Words,
    as_html,
    as_latex,
    as_text,
    pieces,
    prose,
    unread,
)


def test_pieces() -> None:
    found = pieces("Let $x_1$ be *small*, **not** `x+1`; see <https://a.b/c> and \\$5.")
    assert [(type(p).__name__, getattr(p, "face", "")) for p in found] == [
        ("Words", "plain"),
        ("Formula", ""),
        ("Words", "plain"),
        ("Words", "slanted"),
        ("Words", "plain"),
        ("Words", "strong"),
        ("Words", "plain"),
        ("Words", "typed"),
        ("Words", "plain"),
        ("Words", "address"),
        ("Words", "plain"),
        ("Words", "plain"),
        ("Words", "plain"),
    ]
    assert as_text([Paragraph(found)]) == "Let x_1 be small, not x+1; see https://a.b/c and $5."


def test_blocks() -> None:
    found = prose("One\nline.\n\n$$a &= 1 \\\\ b &= 2$$\n\n- an item\n- $x$\n")
    assert [type(b) for b in found] == [Paragraph, Display, Listing]
    assert isinstance(found[1], Display)
    assert len(found[1].lines) == 2
    assert as_text(found[:1]) == "One line."


@pytest.mark.parametrize("text", ["a $ b", "2 * 3 * 4", "x < y and y > z", "100 % of #1 & co_1 ~ {x} \\ ^"])
def test_words_stay_words(text: str) -> None:
    assert as_text(prose(text)) == " ".join(text.split())
    assert not any(isinstance(p, Formula) for b in prose(text) if isinstance(b, Paragraph) for p in b.pieces)


HOSTILE = '<script>alert(1)</script> & "quotes" \\input{x} \\write18{ls} $\\input{y}$ {} % # \x00 \u202e ]]>'


def test_hostile_words_are_escaped() -> None:
    html = as_html(prose(HOSTILE))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "\x00" not in html
    tex = as_latex(prose(HOSTILE))
    assert r"\input" not in tex
    assert r"\write" not in tex
    assert r"\textbackslash{}input\{x\}" in tex


def test_what_cannot_be_set_is_shown_as_typed_and_told() -> None:
    found = prose(r"Here $\unknown{x}$ stands.")
    assert r"\unknown{x}" in as_html(found)
    assert r"\textbackslash{}unknown\{x\}" in as_latex(found)
    (told,) = unread(found)
    assert r"$\unknown{x}$" in told
    assert "unknown" in told
    assert unread(prose("Here $x$ stands.")) == ()


def test_spaces_at_the_ends_of_pieces_stay() -> None:
    assert pieces("a $x$ b") == (Words("a "), pieces("$x$")[0], Words(" b"))
    assert "a $x$ b" in as_latex(prose("a $x$ b"))


def test_another_writer_of_maths() -> None:
    assert as_html(prose("Let $x$."), lambda box, display: "[maths]") == "<p>Let [maths].</p>"


def test_only_addresses_of_the_web_are_links() -> None:
    assert "href" not in as_html(prose("<javascript:alert(1)> <a onclick=x>"))
    assert 'href="https://a.b/?x=&quot;y"' in as_html(prose('<https://a.b/?x="y>'))
