"""What stands behind a command: a text, values, and options that were misspelt."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from chalkgrad.errors import ChalkgradError, TooLarge, nearest
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.values import read_values

OPTION = re.compile(r"--[a-z]{2}[a-z-]*(=.*)?", re.DOTALL)


def text_and_values(context: click.Context, given: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The function's text and the values behind it; `-`, or no text when something is piped in, is standard input.

    Raises ChalkgradError for an option that does not exist and for no text at all.
    """
    for word in given:
        if OPTION.fullmatch(word):
            known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
            name = word.split("=")[0]
            raise ChalkgradError(f"there is no option {name}{nearest(name, known)}")
    rest = list(given)
    if rest and rest[0] != "-":
        return rest[0], dict(read_values(rest[1:]))
    if not rest and sys.stdin.isatty():
        raise ChalkgradError("no function was given; try: " + context.command_path + ' "f(x, y) = x y + x" x=2 y=3')
    return read_stdin(), dict(read_values(rest[1:]))


def read_stdin() -> str:
    """Standard input as text, no more of it than may be read."""
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"the text is over {MAX_BYTES // 1024} KB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ChalkgradError(f"standard input is not UTF-8 text, at byte {error.start}") from None


def read_place(text: str) -> tuple[int, ...]:
    """`0,2` as the place of an entry.

    Raises ChalkgradError for anything but whole numbers.
    """
    try:
        return tuple([int(part) for part in text.split(",")])
    except ValueError:
        raise ChalkgradError(f"an entry is a place such as 1, or 0,2, counted from 0, and not '{text:.40}'") from None
