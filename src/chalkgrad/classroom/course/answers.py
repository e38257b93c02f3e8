"""The answers of a class, from a file or a folder of them. What people wrote is text, and is never run."""

from __future__ import annotations

import os
import sys
from collections import Counter
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
        _stream(_held(sys.stdin.buffer, "standard input"), "", "", into, "")
    elif Path(path).is_dir():
        _folder(Path(path), into)
    else:
        _file(Path(path), into, source="", student=Path(path).stem)
    return into


def _folder(folder: Path, into: Collected) -> None:
    read: list[Path] = []
    for file in _files(folder):
        source = visible(str(file.relative_to(folder)), 120)
        if file.is_symlink() or not file.is_file():
            into.remarks.add(source, "this is no plain file; left out", left_out=True)
        elif file.suffix.lower() not in SUFFIXES:
            into.remarks.add(source, f"answers stand in {', '.join(SUFFIXES)}; left out", left_out=True)
        else:
            read.append(file)
    if not read:
        raise ChalkgradError(f"'{folder}' holds no answers: no file of it ends in {', '.join(SUFFIXES)}")
    beside = Counter([file.parent for file in read])
    for file in read:
        try:
            own = _whose(file.relative_to(folder), alone=beside[file.parent] == 1)
            _file(file, into, source=visible(str(file.relative_to(folder)), 120), student=own)
        except TooLarge:
            raise
        except ChalkgradError as error:
            into.remarks.add("", f"{error}; left out", left_out=True)


def _whose(file: Path, *, alone: bool) -> str:
    """Whose a file is that names no student: its own name; in a folder below, that folder's name where it is alone."""
    if len(file.parts) == 1:
        return file.stem
    return "/".join(file.parts[:-1] if alone else (*file.parts[:-1], file.stem))


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
            raise _too_large(f"'{file}'")
        with file.open("rb") as stream:
            raw = stream if stream.seekable() else _held(stream, f"'{file}'")  # a pipe that stands for a file
            _stream(raw, file.suffix.lower(), source, into, student)
    except FileNotFoundError:
        near = nearest(file.name, [f.name for f in file.parent.iterdir()] if file.parent.is_dir() else [])
        raise ChalkgradError(f"there is no file '{file}'{near}") from None
    except OSError as error:
        raise ChalkgradError(f"cannot read '{file}': {error.strerror or error}") from None


def _held(stream: BinaryIO, what: str) -> BinaryIO:
    content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise _too_large(what)
    return BytesIO(content)


def _too_large(what: str) -> TooLarge:
    return TooLarge(f"{what} is over {MOST_BYTES // 1_000_000} MB")


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
