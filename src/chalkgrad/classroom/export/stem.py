"""What stands before the places to fill in: the words of a question as HTML, what is given, and its drawing."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import escape
from typing import final
from urllib.parse import quote
from xml.etree import ElementTree

from chalkgrad.classroom.export.markup import legal
from chalkgrad.classroom.printed.answers import ask_pieces
from chalkgrad.classroom.printed.drawing import asked_elsewhere, drawn, has_drawing
from chalkgrad.classroom.printed.figures import figures
from chalkgrad.classroom.printed.prose import Words, as_html, maths_box, pieces_html, prose
from chalkgrad.classroom.sheets.blank import Blank, Keyed, Question
from chalkgrad.evaluate.worked import output_name
from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Box
from chalkgrad.render.numbers import shown
from chalkgrad.render.typeset import svg_to_png

Maths = Callable[[Box, bool], str]
"""How a system writes a formula in HTML; the second says whether it stands on a line of its own."""

_NAMESPACE = uuid.UUID("5d5fbd2f-3f3b-5b0e-9f8e-6a2f8f6d0c11")


def mathjax(box: Box, display: bool = False) -> str:
    """A formula for a page that typesets LaTeX between `\\(` and `\\)`."""
    body = escape(latex(box), quote=False)
    return rf"\[{body}\]" if display else rf"\({body}\)"


def equation_image(box: Box, display: bool = False) -> str:
    """A formula as Canvas keeps it: an image of its own making, with the LaTeX beside it."""
    body = latex(box)
    twice = quote(quote(body, safe=""), safe="")
    said = escape(body)
    return (
        f'<img class="equation_image" title="{said}" alt="LaTeX: {said}" '
        f'src="/equation_images/{twice}" data-equation-content="{said}"/>'
    )


def stable(*parts: str) -> str:
    """A UUID that is the same for the same words."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))


def ident(*parts: str) -> str:
    """A short identifier of letters and digits, the same for the same words."""
    return "g" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:31]


@final
@dataclass(frozen=True, slots=True)
class Image:
    """A picture: its file's name, which is the same for the same picture, its bytes, and what it shows, in words."""

    file: str
    png: bytes
    alt: str


@final
@dataclass(frozen=True, eq=False)
class Stem:
    """A question, ready to be put before its places."""

    keyed: Keyed
    question: Question

    @property
    def name(self) -> str:
        """`3b`, or `3b: Logistic regression` where the problem has a title."""
        title = self.question.problem.title
        return f"{self.question.number}: {title}" if title else self.question.number

    @property
    def names(self) -> frozenset[str]:
        """The names of the question's values, which its formulas are read with."""
        work = self.question.work
        return frozenset[str]() if work is None else frozenset(work.called.values())

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """The problem's figures, the part's, and the drawing with what is asked for left open."""
        number = "".join(c for c in self.question.number if c.isalnum() and c.isascii())
        printed = dict.fromkeys([self.question.problem.figure, self.question.part.figure])
        found = [image for figure in printed if figure for image in _figures(figure)]
        if has_drawing(self.question):
            elsewhere = asked_elsewhere(self.keyed, self.question)
            found.append(_image(f"graph-{number}", drawn(self.question, elsewhere).svg(key=False)))
        return tuple(found)

    def images_of(self, blank: Blank) -> tuple[Image, ...]:
        """Those of the question, and what is printed at the blank."""
        return (*self.images, *(_figures(blank.figure) if blank.figure else ()))

    def words(self, maths: Maths) -> str:
        """The problem's words and the part's, and the numbers that are given, as HTML."""
        return self.prose_only(maths) + self._given(maths)

    def prose_only(self, maths: Maths) -> str:
        """The problem's words and the part's, as HTML."""
        said = [self.question.problem.prose, self.question.part.prose]
        return "".join(as_html(prose(t, self.names), maths=maths) for t in said if t.strip())

    def _given(self, maths: Maths) -> str:
        """A line of the values, which a reader who cannot see the drawing needs."""
        work, part = self.question.work, self.question.part
        if work is None or work.symbolic:
            return ""
        lines = [f"{work.called[v]} = {shown(work.number(v), 12, 64)}" for v in work.program.inputs]
        if part.upstream is not None:
            label = f"∂{work.loss}/∂{output_name(work.program, work.called)}"
            lines.append(f"{label} = {shown(work.upstream, 12, 64)}")
        return "<p>Given: " + ", ".join(maths(maths_box(line, self.names), False) for line in lines) + ".</p>"

    def asked(self, blank: Blank, maths: Maths, index: tuple[int, ...] = (), *, sign: bool = True) -> str:
        """What a place asks for, as HTML: `∂f/∂q =`, or words and a colon; `index` is that of an array's entry."""
        head, behind = ask_pieces(blank, self.names)
        if blank.kind == "sum":
            head = (Words("the paths added, "), *head)
        entry = "".join(f"[{i}]" for i in index)
        return pieces_html(head, maths) + entry + (f" {behind}" if sign and behind else "")


def _figures(text: str) -> tuple[Image, ...]:
    return tuple([_image("figure", picture.svg) for picture in figures(text)])


def _image(name: str, svg: str) -> Image:
    root = ElementTree.fromstring(svg)
    parts = [e.text or "" for tag in ("title", "desc") for e in root.findall(f"{{http://www.w3.org/2000/svg}}{tag}")]
    file = f"{name}-{hashlib.sha256(svg.encode()).hexdigest()[:12]}.png"
    return Image(file, _png(svg), legal(" ".join(" ".join(parts).split())))


@lru_cache(maxsize=256)
def _png(svg: str) -> bytes:
    return svg_to_png(svg, 2.0)


def stems(keyed: Keyed) -> tuple[Stem, ...]:
    """The questions of a sheet."""
    return tuple([Stem(keyed, q) for q in keyed.questions])


def base64_text(data: bytes) -> str:
    """Bytes as the text that an XML or JSON file holds."""
    return base64.b64encode(data).decode("ascii")
