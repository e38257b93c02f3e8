"""PDF, HTML and LaTeX: whole documents, the same bytes each time, in which a person's words are words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from chalkgrad.classroom.printed.compose import layout
from chalkgrad.classroom.printed.html import html
from chalkgrad.classroom.printed.layout import Layout
from chalkgrad.classroom.printed.pdf import DOCUMENT, Paper, Print, inputs, pdf, pdf_of
from chalkgrad.classroom.printed.tex import tex
from chalkgrad.classroom.sheets.blank import Variant
from tests.classroom.printed.sheets import HEAD, S1, SEEDS, pages_of, seed_layout, sheet

HOSTILE = (
    r"</title></style><script>alert(1)</script> <img src=x onerror=y> & \\input{x} \\write18{ls} #eval(1) $\\foo$ "
    r"%s %(size)s {} \\end{document} ]]> ~ ^ _ | \\u202e"
)


def hostile(student: str = "") -> Layout:
    text = f'name = "one"\ntitle = "{HOSTILE}"\ncourse = "{HOSTILE}"\nintro = "{HOSTILE}"\nfooter = "{HOSTILE}"\n'
    text += f'[[problem]]\ntitle = "{HOSTILE}"\nprose = "{HOSTILE}"\nfunction = "f(x, y) = x y"\n'
    text += 'values = { x = 2, y = 3 }\nblank = ["f.value"]\n'
    text += f'[[problem.ask]]\nkind = "text"\nask = "{HOSTILE}"\nanswer = "{HOSTILE}"\nrubric = ["{HOSTILE}"]\n'
    return layout(sheet(text, Variant(student=student)))


class Tags(HTMLParser):
    VOID = ("meta", "hr", "br", "col", "mspace")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.met: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.add(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.met.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def tags(page: str) -> Tags:
    found = Tags()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("key", [False, True])
def test_html_is_whole_and_fetches_nothing(name: str, key: bool) -> None:
    page = html(seed_layout(name), key=key)
    found = tags(page)
    assert not found.met & {"script", "img", "iframe", "link", "object", "form"}
    assert {"h1", "h2", "main", "math", "title"} <= found.met
    assert not [a for a, _ in found.attributes if a.startswith("on")]
    assert all(v and v.startswith(("https://", "http://cs231n")) for a, v in found.attributes if a == "href")
    assert ("lang", "en") in found.attributes


def test_html_of_hostile_words() -> None:
    for key in (False, True):
        found = tags(html(hostile(HOSTILE), key=key))
        assert not found.met & {"script", "img"}


def test_every_open_place_has_a_name_for_those_who_hear() -> None:
    page = html(seed_layout("section"), key=False)
    rooms = re.findall(r'<span class="room [a-z]+" role="img" aria-label="to fill in: ([^"]*)">', page)
    assert len(rooms) == page.count('<span class="room ')
    assert all(rooms)
    assert not any("$" in room for room in rooms)


@pytest.mark.parametrize("name", SEEDS)
@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_latex_is_balanced_and_plain(name: str, key: bool, large: bool) -> None:
    check_tex(tex(seed_layout(name), key=key, paper="letter" if large else "a4", large=large))


def check_tex(source: str) -> None:
    assert source.isascii()
    bare = re.sub(r"\\\\|\\[{}]", "", source)
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    begun, ended = re.findall(r"\\begin\{(\w+)\}", bare), re.findall(r"\\end\{(\w+)\}", bare)
    assert sorted(begun) == sorted(ended)
    assert source.count(r"\begin{document}") == source.count(r"\end{document}") == 1
    assert r"U20" not in source


def test_latex_of_hostile_words() -> None:
    for key in (False, True):
        source = tex(hostile(HOSTILE), key=key)
        assert r"\input" not in source
        assert r"\write" not in source
        assert r"\textbackslash{}end\{document\}" in source
        assert source.count(r"\end{document}") == 1


@pytest.mark.parametrize("paper", ["a4", "letter"])
@pytest.mark.parametrize("large", [False, True])
def test_nothing_moves_between_blank_and_key(paper: Paper, large: bool) -> None:
    for name in ("backprop", "section"):  # the frames to draw in hold another picture on the key
        made = seed_layout(name)
        blank, key = (
            pages_of(DOCUMENT, inputs([Print(made, answered)], paper=paper, large=large)) for answered in (False, True)
        )
        assert len(blank) <= len(key) <= len(blank) + 3
        for one, other in zip(blank, key, strict=False):
            assert images(one) == images(other)
            assert size(one) == size(other)


def images(page: str) -> list[str]:
    return re.findall(r'<image [^>]*?(width="[\d.]+" height="[\d.]+")', page) + re.findall(
        r'transform="([^"]*)"[^>]*>\s*<image', page
    )


def size(page: str) -> tuple[str, ...]:
    found = re.search(r'viewBox="([^"]*)"', page)
    assert found is not None
    return tuple(found[1].split())


def test_paper() -> None:
    made = seed_layout("nets")
    sizes = {
        paper: size(pages_of(DOCUMENT, inputs([Print(made, False)], paper=paper, large=False))[0])
        for paper in ("a4", "letter")
    }
    assert [round(float(x)) for x in sizes["a4"][2:]] == [595, 842]
    assert [round(float(x)) for x in sizes["letter"][2:]] == [612, 792]
    assert "size: letter" in html(made, key=False, paper="letter")
    assert "letterpaper" in tex(made, key=False, paper="letter")


def test_large_print() -> None:
    made = seed_layout("nets")
    assert "font: 18pt" in html(made, key=False, large=True)
    assert "20pt" in tex(made, key=False, large=True)
    plain, large = (pages_of(DOCUMENT, inputs([Print(made, False)], paper="a4", large=big)) for big in (False, True))
    assert len(large) > len(plain)


def test_the_same_sheet_has_the_same_bytes() -> None:
    one, other = layout(sheet(S1 + 'blank = ["values"]\n')), layout(sheet(S1 + 'blank = ["values"]\n'))
    assert pdf(one, key=True) == pdf(other, key=True)
    assert html(one, key=True) == html(other, key=True)
    assert tex(one, key=True) == tex(other, key=True)


def test_many_sheets_in_one_pdf_have_pages_of_their_own() -> None:
    made = [layout(sheet(S1 + 'blank = ["values"]\n', Variant(student=name))) for name in ("Ann", "Bob")]
    data = inputs([Print(one, False) for one in made], paper="a4", large=False)
    assert [s["student"] for s in json.loads(data["sheets"])["sheets"]] == ["Ann", "Bob"]
    assert len(json.loads(data["pictures"])) == 1  # the same drawing stands in the document once
    assert len(pages_of(DOCUMENT, data)) == 2
    assert pdf_of([Print(one, False) for one in made]).startswith(b"%PDF")


def test_a_pdf_of_hostile_words() -> None:
    assert pdf(hostile(HOSTILE), key=True).startswith(b"%PDF")


def test_what_cannot_be_set_is_told() -> None:
    made = layout(
        sheet(HEAD + 'prose = "Let $\\\\foo{x}$."\nfunction = "f = x"\nvalues = { x = 1 }\nblank = ["x.gradient"]\n')
    )
    (told,) = made.unread
    assert r"$\foo{x}$" in told
    assert r"\foo{x}" in html(made, key=False)
