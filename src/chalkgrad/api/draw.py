"""`draw`: the picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import final

from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.data import to_json
from chalkgrad.render.diagram import Diagram
from chalkgrad.render.graph import diagram


@final
@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing. It shows itself in a notebook; `save` writes it to a file, by suffix."""

    diagram: Diagram
    worked: Worked

    @cached_property
    def svg(self) -> str:
        """The SVG, with title, description and the table inside."""
        from chalkgrad.render.svg import svg  # loads the layout engine: only when drawn

        return svg(self.diagram)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write .svg, .png or .json (the whole of the numbers), by suffix; give the path.

        Raises ChalkgradError for another suffix, or where the file cannot be written.
        """
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix == ".svg":
            content = self.svg.encode()
        elif suffix == ".json":
            content = to_json(self.worked).encode()
        elif suffix == ".png":
            from chalkgrad.render.typeset import svg_to_png

            content = svg_to_png(self.svg)
        else:
            raise ChalkgradError(f"cannot save '{target.name}': the name ends in .svg, .png or .json")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(f".{target.name}.part")
            part.write_bytes(content)
            part.replace(target)  # whole or not at all
        except OSError as error:
            raise ChalkgradError(f"cannot write '{target}': {error.strerror or error}") from None
        return target

    def _repr_svg_(self) -> str:
        return self.svg


def draw(worked: Worked, *, blank: bool = False, digits: int = 2) -> Drawing:
    """The computation graph of a Work: values above the wires, gradients below.

    Parameters
    ----------
    worked : Work
    blank : bool
        Leave room to write every value and gradient instead.
    digits : int
        Decimals of a number that is not whole.
    """
    return Drawing(diagram(worked, blank=blank, digits=digits), worked)
