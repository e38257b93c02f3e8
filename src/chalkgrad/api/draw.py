"""`draw`: the picture, and the page around it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, final

from chalkgrad.api.save import write
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.data import to_json
from chalkgrad.render.diagram import Diagram
from chalkgrad.render.graph import diagram

if TYPE_CHECKING:
    from chalkgrad.render.paper import Paper
    from chalkgrad.render.placed import Placed

SUFFIXES = (".svg", ".png", ".pdf", ".tex", ".html", ".md", ".json")


@final
@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing. It shows itself in a notebook; `save` writes it, or a page around it, to a file by suffix.

    `below` are drawings that stand under it.
    """

    diagram: Diagram
    worked: Worked
    below: tuple[Drawing, ...] = ()
    digits: int = 2

    @cached_property
    def _drawn(self) -> tuple[Diagram, Placed]:
        from chalkgrad.render.stack import placed  # loads the layout engine: only when drawn

        return placed([self.diagram, *[d.diagram for d in self.below]])

    @cached_property
    def _paper(self) -> Paper:
        from chalkgrad.render.paper import paper

        return paper(self.worked, blank=self.diagram.blank)

    @cached_property
    def svg(self) -> str:
        """The SVG, with title, description and the table inside."""
        from chalkgrad.render.svg import document

        return document(*self._drawn)

    @cached_property
    def tikz(self) -> str:
        """The `tikzpicture`, for a LaTeX document of one's own; a saved .tex defines its colours."""
        from chalkgrad.render.tikz import tikz

        return tikz(self._drawn[1])

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing (.svg, .png), a page of drawing, formulas and tables (.pdf, .tex, .html, .md), or .json.

        Gives the path. Raises ChalkgradError for another suffix, or where the file cannot be written.
        """
        target = Path(path)
        check_suffix(target)
        write(target, self._content(target.suffix.lower()))
        return target

    def frames(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the drawing step by step, for slides: `frame-00.svg` and on, and `frames.pdf` with a page each.

        Values appear forward, then gradients backward. Gives the paths, the PDF last. Raises ValueNeeded without
        numbers, TooLarge for more gates than anyone would watch. Drawings below are left out.
        """
        from chalkgrad.render.frames import frames
        from chalkgrad.render.pdf import slides

        if self.diagram.blank:
            raise ChalkgradError("a blank drawing has no frames: they show what is to be filled in")
        found = frames(self.worked, self.digits)
        target = Path(folder)
        paths = [target / f"frame-{i:02}.svg" for i in range(len(found))]
        for path, frame in zip(paths, found, strict=True):
            write(path, frame.svg.encode())
        captions = [" ".join(f.caption) for f in found]
        title = self.diagram.title
        write(target / "frames.pdf", slides([f.svg for f in found], [f.width for f in found], captions, title))
        return [*paths, target / "frames.pdf"]

    def _content(self, suffix: str) -> bytes:
        # each of these is loaded only when it is asked for
        def png() -> bytes:
            from chalkgrad.render.typeset import svg_to_png

            return svg_to_png(self.svg)

        def pdf() -> bytes:
            from chalkgrad.render.pdf import pdf

            return pdf(self._paper, self._drawn[1], self.svg)

        def tex() -> bytes:
            from chalkgrad.render.tikz import document

            return document(self._paper, self._drawn[1]).encode()

        def html() -> bytes:
            from chalkgrad.render.page import page

            return page(self._paper, self.svg).encode()

        def md() -> bytes:
            from chalkgrad.render.markdown import markdown

            return markdown(self._paper).encode()

        makers: dict[str, Callable[[], bytes]] = {
            ".svg": lambda: self.svg.encode(),
            ".json": lambda: to_json(self.worked).encode(),
            ".png": png,
            ".pdf": pdf,
            ".tex": tex,
            ".html": html,
            ".md": md,
        }
        return makers[suffix]()

    def _repr_svg_(self) -> str:
        return self.svg


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ChalkgradError for a file of a kind that is not written."""
    if Path(path).suffix.lower() not in SUFFIXES:
        *most, last = SUFFIXES
        raise ChalkgradError(f"cannot save '{Path(path).name}': the name ends in {', '.join(most)} or {last}")


def draw(worked: Worked, *below: Worked, blank: bool = False, digits: int = 2) -> Drawing:
    """The computation graph of a Work: values above the wires, gradients below.

    Parameters
    ----------
    worked : Work
    *below : Work
        More graphs, to stand under the first: σ as one gate, and the same function in four.
    blank : bool
        Leave room to write every value and gradient instead.
    digits : int
        Decimals of a number that is not whole.

    Returns
    -------
    Drawing
        `svg` and `tikz` are its text; `save` and `frames` write it.

    Raises
    ------
    ChalkgradError
        For what is no Work.

    Examples
    --------
    >>> from chalkgrad import work
    >>> draw(work("f(x, y) = x y", x=2, y=3)).svg[:4]
    '<svg'
    """
    for one in (worked, *below):
        if not isinstance(one, Worked):
            raise ChalkgradError(f"draw takes a Work, not {type(one).__name__}: draw(work(…))")
    if digits < 0:
        raise ChalkgradError(f"digits counts decimals, and is not {digits}")
    first, *rest = [Drawing(diagram(w, blank=blank, digits=digits), w) for w in (worked, *below)]
    return Drawing(first.diagram, worked, tuple(rest), digits)
