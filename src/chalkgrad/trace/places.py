"""Where in a person's code the trace is, read off the frames that are running.

A frame knows its current instruction, and the compiler wrote down that instruction's line, its columns and what
comes after it. So both the origin of a step and the name that its result is about to be given are looked up, not
guessed, and each instruction is looked up once.
"""

from __future__ import annotations

import bisect
import dis
import linecache
import os
import sys
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import final

import numpy as np

from chalkgrad.errors import caret
from chalkgrad.ir.origin import Origin

# PRECALL and CALL are one instruction in two halves on Python 3.11.
_SILENT = frozenset({"EXTENDED_ARG", "CACHE", "NOP"})
# How many helper functions a value may be handed back through on its way to a name.
_DEPTH = 8


@final
@dataclass(frozen=True, slots=True)
class Place:
    """One instruction of a person's code: its origin, the name its result is stored in, whether it is returned."""

    origin: Origin
    name: str
    returned: bool
    code: CodeType  # keeps the code alive, so that its id is not used again


@final
class Places:
    """Finds the place that runs now. `home` is the file of the traced function, which is a person's wherever it is."""

    __slots__ = ("_instructions", "_own", "_places", "home")

    def __init__(self, home: str) -> None:
        self.home = home
        self._own: dict[str, bool] = {}
        self._places: dict[tuple[int, int], Place] = {}
        self._instructions: dict[int, tuple[list[int], list[dis.Instruction]]] = {}

    def known(self, frame: FrameType) -> Place | None:
        """The place that a frame is at, if that is a person's and was met before, and gives its name itself."""
        place = self._places.get((id(frame.f_code), frame.f_lasti))
        return None if place is None or place.returned else place

    def here(self) -> tuple[Origin | None, str]:
        """The origin of what runs now, and the name that its result will have (empty where it gets none)."""
        frame = self._climb(sys._getframe(1))
        if frame is None:
            return None, ""
        place = here = self._place(frame)
        for _ in range(_DEPTH):
            if not place.returned:
                break
            frame = frame.f_back
            if frame is None or not self._is_own(frame.f_code):
                break
            place = self._place(frame)
        return here.origin, place.name

    def _climb(self, frame: FrameType | None) -> FrameType | None:
        """The nearest frame that is a person's; None where the traced function has none, as a ufunc."""
        while frame is not None and not self._is_own(frame.f_code):
            if frame.f_code.co_filename == _BOUNDARY:
                return None
            frame = frame.f_back
        return frame

    def _is_own(self, code: CodeType) -> bool:
        file = code.co_filename
        known = self._own.get(file)
        if known is None:
            known = self._own[file] = file == self.home or not file.startswith((_HOUSE, _NUMPY, _SCIPY))
            linecache.checkcache(file)
        return known

    def _place(self, frame: FrameType) -> Place:
        code, at = frame.f_code, frame.f_lasti
        place = self._places.get((id(code), at))
        if place is None:
            place = self._places[id(code), at] = self._read(code, at, frame.f_lineno)
        return place

    def _read(self, code: CodeType, at: int, line: int) -> Place:
        if id(code) not in self._instructions:
            found = list(dis.get_instructions(code))
            self._instructions[id(code)] = ([i.offset for i in found], found)
        offsets, instructions = self._instructions[id(code)]
        index = bisect.bisect_right(offsets, at) - 1
        after = [i for i in instructions[index + 1 : index + 6] if i.opname not in _SILENT]
        if instructions[index].opname == "PRECALL":
            after = after[1:]
        if after and after[0].opname == "COPY":  # a = b = …, and (a := …)
            after = after[1:]
        following = after[0] if after else None
        name = ""
        if following is not None and following.opname.startswith(("STORE_FAST", "STORE_NAME", "STORE_GLOBAL")):
            stored = following.argval
            name = str(stored[0] if isinstance(stored, tuple) else stored)
        if following is not None and following.opname == "STORE_DEREF":
            name = str(following.argval)
        returned = following is not None and following.opname == "RETURN_VALUE"
        return Place(_origin(code.co_filename, line, instructions[index]), name, returned, code)


def definition(function: object) -> Origin | None:
    """Where `function` is written, if it is written in Python."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    text = linecache.getline(code.co_filename, code.co_firstlineno).strip()
    return Origin(text=text, file=code.co_filename, line=code.co_firstlineno)


def located(origin: Origin | None, problem: str) -> str:
    """A message that begins with the file and the line and ends with the line itself, what is at fault underlined."""
    if origin is None:
        return problem
    shown = "\n" + caret(origin.text, origin.span) if origin.span else f"\n    {origin.text}" if origin.text else ""
    return f"line {origin.line} of {origin.file}: {problem}{shown}"


def _origin(file: str, line: int, instruction: dis.Instruction) -> Origin:
    """The line as it is written, without its indent, and the columns of what runs."""
    written = linecache.getline(file, line).rstrip()
    text = written.lstrip()
    positions = instruction.positions
    if not text or positions is None or positions.lineno != line:
        return Origin(text=text, file=file, line=line)
    if positions.col_offset is None or positions.end_col_offset is None:
        return Origin(text=text, file=file, line=line)
    raw, indent = written.encode(), len(written) - len(text)
    stop = positions.end_col_offset if positions.end_lineno == line else len(raw)
    start = len(raw[: positions.col_offset].decode(errors="ignore")) - indent
    return Origin(text=text, span=(start, len(raw[:stop].decode(errors="ignore")) - indent), file=file, line=line)


# Taken from compiled code, since that is what frames are compared with.
_ROOM = os.path.dirname(definition.__code__.co_filename)
_BOUNDARY = os.path.join(_ROOM, "record.py")
_HOUSE = os.path.join(os.path.dirname(_ROOM), "")
_NUMPY = os.path.join(os.path.dirname(np.__file__), "")
_SCIPY = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "scipy", "")
