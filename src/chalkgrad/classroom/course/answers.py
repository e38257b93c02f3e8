"""The answers of a class, from a file or a folder of them. What people wrote is text, and is never run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from chalkgrad.classroom.course.blanks import BlankNames
from chalkgrad.classroom.course.collect import Collected
from chalkgrad.classroom.course.objects import read_lines, read_value
from chalkgrad.classroom.course.tables import read_table
from chalkgrad.classroom.course.visible import visible
from chalkgrad.errors import ChalkgradError, TooLarge, nearest

MOST_BYTES = 200_000_000
MOST_JSON = 50_000_000
"""Of one JSON value, which is read as a whole; JSON lines and CSV are read line by line."""

MOST_FILES = 100_000
SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")


def read_answers(path: str, names: BlankNames) -> Collected:
    """Read a file, a folder of files (one a person, or whole classes), or `-`, standard input.

    In a folder, a file that cannot be read is remarked upon, and the others are read.

    Raises ChalkgradError where there is nothing that can be read, TooLarge above the bounds.
    """
    into = Collected(names)
    if path == "-":
        _stream(BytesIO(sys.stdin.buffer.read(MOST_BYTES + 1)), "", "", into, "")
    elif Path(path).is_dir():
        _folder(Path(path), into)
    else:
        _file(Path(path), into, source="", student=Path(path).stem)
    return into


def _folder(folder: Path, into: Collected) -> None:
    found = 0
    for file in _files(folder):
        source = visible(str(file.relative_to(folder)), 120)
        if file.is_symlink() or not file.is_file():
            into.remarks.add(source, "this is no plain file; left out", left_out=True)
        elif file.suffix.lower() not in SUFFIXES:
            into.remarks.add(source, f"answers stand in {', '.join(SUFFIXES)}; left out", left_out=True)
        else:
            student = file.parent.name if file.stem == "answers" and file.parent != folder else file.stem
            found += 1
            try:
                _file(file, into, source=source, student=student)
            except TooLarge:
                raise
            except ChalkgradError as error:
                into.remarks.add("", f"{error}; left out", left_out=True)
    if not found:
        raise ChalkgradError(f"'{folder}' holds no answers: no file of it ends in {', '.join(SUFFIXES)}")


def _files(folder: Path) -> Iterator[Path]:
    """Every file below a folder, in the order of the names, hidden ones aside; no link is followed."""
    count = 0
    for root, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(files):
            if name.startswith("."):
                continue
            count += 1
            if count > MOST_FILES:
                raise TooLarge(f"'{folder}' holds over {MOST_FILES} files")
            yield Path(root, name)


def _file(file: Path, into: Collected, *, source: str, student: str) -> None:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise TooLarge(f"'{file}' is over {MOST_BYTES // 1_000_000} MB")
        with file.open("rb") as stream:
            _stream(stream, file.suffix.lower(), source, into, student)
    except FileNotFoundError:
        near = nearest(file.name, [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else [])
        raise ChalkgradError(f"there is no file '{file}'{near}") from None
    except OSError as error:
        raise ChalkgradError(f"cannot read '{file}': {error.strerror or error}") from None


def _stream(raw: BinaryIO, suffix: str, source: str, into: Collected, student: str) -> None:
    """Read one file, as what its first sign and its suffix say that it is."""
    where = f"{source}: " if source else ""
    begin = raw.read(4096)
    raw.seek(0)
    if begin[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ChalkgradError(f"{where}the answers are UTF-16; save them as UTF-8 (in Excel: CSV UTF-8)")
    with TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
        try:
            _text(text, begin.removeprefix(b"\xef\xbb\xbf").lstrip()[:1], suffix, source, into, student)
        except UnicodeDecodeError as error:
            at = f"byte {error.object[error.start]:#04x}"
            raise ChalkgradError(
                f"{where}the answers are not UTF-8 text ({at}); save them as UTF-8 (in Excel: CSV UTF-8)"
            ) from None


def _text(text: TextIO, first: bytes, suffix: str, source: str, into: Collected, student: str) -> None:
    if suffix in (".jsonl", ".ndjson"):
        read_lines(text, into, source=source, student=student)
    elif suffix == ".json" or (first in (b"{", b"[") and suffix not in (".csv", ".tsv")):
        whole = text.read(MOST_JSON + 1)
        if len(whole) > MOST_JSON:
            most = f"{MOST_JSON // 1_000_000} MB"
            raise TooLarge(f"{source + ': ' if source else ''}a JSON value of over {most}: write JSON lines or a CSV")
        read_value(whole, into, source=source, student=student)
    else:
        read_table(text, into, source=source, student=student)
