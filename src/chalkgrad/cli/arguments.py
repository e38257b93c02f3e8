"""What stands behind a command: a text, values, and options that were misspelt."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from chalkgrad.errors import ChalkgradError, TooLarge, nearest
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.values import read_values

OPTION = re.compile(r"--[a-z]{2}[a-z-]*(=.*)?", re.DOTALL)

# what `show` and `code` both take
WRT = click.option("--wrt", multiple=True, metavar="NAME", help="Differentiate by this input only; repeatable.")
UPSTREAM = click.option(
    "--upstream", metavar="NUMBER", help="The upstream gradient ∂L/∂f; an array [1, 2] where f is one."
)
ABSTRACT = click.option("--abstract", multiple=True, metavar="NAMES", help="Functions that are not given: g1,g2,Loss.")
LET = click.option(
    "--let", "lets", multiple=True, metavar="NAME=…", help="What one is: g1=σ, or 'Loss(a, y) = ½(a - y)^2'."
)
RELU_AT_ZERO = click.option("--relu-at-zero", type=click.IntRange(0, 1), help="relu'(0), by convention 0.")
TIE = click.option("--tie", type=click.Choice(["share", "first"]), help="A tie of max: shared by convention.")


def text_and_values(context: click.Context, given: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The function's text and the values behind it; `-`, or no text when something is piped in, is standard input.

    Raises ChalkgradError for an option that does not exist and for no text at all.
    """
    refuse_options(context, given)
    rest = list(given)
    if rest and rest[0] != "-":
        return rest[0], dict(read_values(rest[1:]))
    if not rest and sys.stdin.isatty():
        raise ChalkgradError("no function was given; try: " + context.command_path + ' "f(x, y) = x y + x" x=2 y=3')
    return read_stdin(), dict(read_values(rest[1:]))


def refuse_options(context: click.Context, given: Sequence[str]) -> None:
    """Raise ChalkgradError for a word that is an option of no command, with the nearest that is one."""
    for word in given:
        if OPTION.fullmatch(word):
            known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
            name = word.split("=")[0]
            raise ChalkgradError(f"there is no option {name}{nearest(name, known)}")


def read_stdin() -> str:
    """Standard input as text, no more of it than may be read."""
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    return _decoded(raw, MAX_BYTES, "the text", "standard input", "utf-8")


def read_file(path: str, most: int, what: str) -> str:
    """A file as text, a byte order mark aside.

    Raises ChalkgradError where it cannot be read, TooLarge above `most` bytes; `what` says what it holds.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        raise ChalkgradError(f"cannot read '{path}': {error.strerror or error}") from None
    return _decoded(raw, most, what, f"'{path}'", "utf-8-sig")


def _decoded(raw: bytes, most: int, what: str, place: str, encoding: str) -> str:
    if len(raw) > most:
        raise TooLarge(f"{what} is over {f'{most // 1_000_000} MB' if most >= 1_000_000 else f'{most // 1024} KB'}")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise ChalkgradError(f"{place} is not UTF-8 text, at byte {error.start}") from None


def read_place(text: str) -> tuple[int, ...]:
    """`0,2` as the place of an entry.

    Raises ChalkgradError for anything but whole numbers.
    """
    try:
        return tuple([int(part) for part in text.split(",")])
    except ValueError:
        raise ChalkgradError(f"an entry is a place such as 1, or 0,2, counted from 0, and not '{text:.40}'") from None
