"""Writing to a file: the bytes, and a picture that is no computation graph."""

from __future__ import annotations

import os
from pathlib import Path

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


def write(target: Path, content: bytes) -> None:
    """Write the file whole or not at all, and its folder where there is none.

    Raises ChalkgradError where it cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        part.write_bytes(content)
        part.replace(target)
    except OSError as error:
        raise ChalkgradError(f"cannot write '{target}': {error.strerror or error}") from None
