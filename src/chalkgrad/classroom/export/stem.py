"""What stands before the places to fill in: the words of a question as HTML, what is given, and its drawing."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from html import escape
from typing import final
from urllib.parse import quote

from chalkgrad.classroom.export.markup import legal
from chalkgrad.classroom.printed.answers import ask_pieces
from chalkgrad.classroom.printed.drawing import asked_elsewhere, drawn, has_drawing
from chalkgrad.classroom.printed.figures import figures
from chalkgrad.classroom.printed.prose import Words, as_html, maths_box, pieces_html, prose
from chalkgrad.classroom.sheets.blank import Blank, Keyed, Question
from chalkgrad.evaluate.worked import output_name
from chalkgrad.render.diagram import Diagram
from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Box
from chalkgrad.render.numbers import shown
from chalkgrad.render.pseudocode import code_lines
from chalkgrad.render.typeset import svg_to_png

Maths = Callable[[Box, bool], str]
"""How a system writes a formula in HTML; the second says whether it stands on a line of its own."""

# Dots a point: sharp on a screen, and a third smaller than twice as many.
_SCALE = 1.5

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
        shown_by = self._drawn_by()
        if shown_by is not None:
            elsewhere = asked_elsewhere(self.keyed, shown_by)
            made = drawn(shown_by, elsewhere)
            found.append(_image(f"graph-{number}", made.svg(key=False), _in_words(made.blank)))
        return tuple(found)

    def _drawn_by(self) -> Question | None:
        """The question whose drawing belongs here: its own, or that of an earlier part, which stands above on paper."""
        if has_drawing(self.question):
            return self.question
        for other in self.keyed.questions:
            if other.number == self.question.number:
                return None
            if other.problem.number == self.question.problem.number and has_drawing(other):
                return other
        return None

    @cached_property
    def unnumbered(self) -> tuple[Image, ...]:
        """The pictures with no number in them, which are the same in every variant."""
        work = self.question.work
        if work is None or work.symbolic:
            return self.images
        bare = replace(self.question, work=replace(work, numbers={}), blanks=())
        return Stem(self.keyed, bare).images

    def images_of(self, blank: Blank) -> tuple[Image, ...]:
        """Those of the question, and what is printed at the blank."""
        return (*self.images, *(_figures(blank.figure) if blank.figure else ()))

    def words(self, maths: Maths) -> str:
        """The problem's words and the part's, and the numbers that are given, as HTML."""
        return self.prose_only(maths) + self._given(maths) + self._program()

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

    def _program(self) -> str:
        """The staged program with its lines numbered, those that are asked for left open; nothing where none is."""
        work = self.question.work
        asked = {b.id.rpartition(".")[2] for b in self.question.blanks if b.place == "code"}
        if work is None or not asked:
            return ""
        lines = [f"({n}) " + ("…" if str(n) in asked else line.text) for n, line in enumerate(code_lines(work), 1)]
        return f"<pre>{escape(legal(chr(10).join(lines)))}</pre>"

    def asked(self, blank: Blank, maths: Maths, index: tuple[int, ...] = (), *, sign: bool = True) -> str:
        """What a place asks for, as HTML: `∂f/∂q =`, or words and a colon; `index` is that of an array's entry."""
        if blank.place == "code":
            return f"line {blank.id.rpartition('.')[2]}" + (":" if sign else "")
        head, behind = ask_pieces(blank, self.names)
        if blank.id.removesuffix(".formula") in {b.id for b in self.question.blanks if b is not blank}:
            head = (*head, Words(" in symbols"))
        entry = "".join(f"[{i}]" for i in index)
        space = "" if behind == ":" else " "
        return pieces_html(head, maths) + entry + (f"{space}{behind}" if sign and behind else "")

    def named(self, name: str, maths: Maths) -> str:
        """A name as it stands on paper."""
        return maths(maths_box(name, self.names), False)


def _figures(text: str) -> tuple[Image, ...]:
    return tuple([_image("figure", p.svg, _once(p.drawing.title, p.drawing.description)) for p in figures(text)])


def _image(name: str, svg: str, alt: str) -> Image:
    file = f"{name}-{hashlib.sha256(svg.encode()).hexdigest()[:12]}.png"
    return Image(file, _png(svg), legal(" ".join(alt.split())))


def _once(title: str, description: str) -> str:
    """Both, where the one does not say what the other says."""
    plain = title.rstrip(".")
    return description if description.startswith(plain) else f"{plain}. {description}"


def _in_words(diagram: Diagram) -> str:
    """A drawing for those who do not see it: a phrase a value, with the numbers that are given, and what is open."""
    said: list[str] = []
    for name, formula, value, gradient in [r for r in diagram.rows if len(r) == len(_COLUMNS)]:
        parts = [f"value {value}" if value else "", f"gradient {gradient}" if gradient else ""]
        said.append(", ".join([f"{name}: {formula}", *filter(None, parts)]))
    head, _, _ = diagram.description.partition(". ")
    return f"{head.rstrip('.')}. {'; '.join(said)}." if said else _once(diagram.title, diagram.description)


_COLUMNS = ("name", "formula", "value", "gradient")


@lru_cache(maxsize=256)
def _png(svg: str) -> bytes:
    return svg_to_png(svg, _SCALE)


def stems(keyed: Keyed) -> tuple[Stem, ...]:
    """The questions of a sheet."""
    return tuple([Stem(keyed, q) for q in keyed.questions])


def base64_text(data: bytes) -> str:
    """Bytes as the text that an XML or JSON file holds."""
    return base64.b64encode(data).decode("ascii")
