"""Writing a picture that is no computation graph to a file."""

from __future__ import annotations

import os
from pathlib import Path

from chalkgrad.api.draw import _write as write
from chalkgrad.errors import ChalkgradError

SUFFIXES = (".svg", ".png")


def check_picture_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ChalkgradError for a file of a kind that pictures are not written as."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ChalkgradError(f"cannot save '{Path(path).name}': the name of a picture ends in .svg or .png")


def save_picture(svg: str, path: str | os.PathLike[str]) -> Path:
    """Write an SVG, as it is or as a PNG, by the suffix of the name. Gives the path.

    Raises ChalkgradError for another suffix, or where the file cannot be written.
    """
    check_picture_suffix(path)
    target = Path(path)
    if target.suffix.lower() == ".png":
        from chalkgrad.render.typeset import svg_to_png  # loads the typesetter: only when drawn

        write(target, svg_to_png(svg))
    else:
        write(target, svg.encode())
    return target
