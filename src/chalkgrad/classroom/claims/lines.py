"""A claim's text into lines: which section each stands in, and what of it is no mathematics.

Tags such as `8)` and `#(8)`, bullets, `$` and the wrapping of displayed equations become spaces, so that every
position still is a position in the line as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chalkgrad.classroom.claims.claim import Line, Section
from chalkgrad.errors import NotationError, TooLarge
from chalkgrad.notation.read import MAX_BYTES

MAX_LINES = 400
MAX_NOTES = 16
# stands for ∂ while a line is read: a letter that nobody writes
ROUND = "ϙ"
HEADER = re.compile(
    r"(?P<lead>[\s#*_>]*(?:[a-z]\)\s*)?)(?P<name>given|forward|backward|claims?|at|update)(?:[ \t]+pass)?[ \t*_]*"
    r"(?:(?P<colon>:)[*_]*|$)",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"(?:[ \t$]{0,8}(?:[-*•–]|#?[ \t]{0,8}\([0-9]{1,3}\)|#?[ \t]{0,8}(?:[0-9]{1,3}|[a-z])[):]|[0-9]{1,3}\.)"
    r"(?=[\s$\\])){1,4}"
)
TAG = re.compile(r"#[ \t]*\(?[0-9]{1,3}\)")
TAIL = re.compile(r"\\tag\{[^{}]{0,40}\}$")
PARTIAL = re.compile(r"\\partial(?![A-Za-z])")
ARROW = re.compile(r"\\(?:leftarrow|gets)(?![A-Za-z])|←|:=")
SHORT_ARROW = re.compile(r"^[^=<>]{1,80}?(<-)")
WRAPPING = re.compile(
    r"\\(?:begin|end)\{(?:align|aligned|equation|gather|gathered|split|eqnarray|array)\*?\}(?:\{[lcr|]{0,8}\})?"
)
QUAD = re.compile(r"\\q?quad(?![A-Za-z])")
UNDER = re.compile(r"\\under(?:set|brace)\{")
SECTIONS: dict[str, Section] = {
    "given": "given",
    "forward": "forward",
    "backward": "backward",
    "claim": "claim",
    "update": "claim",
}


def too_large(text: str) -> None:
    """Raise TooLarge for a text over the bound."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TooLarge(f"the claim is over {MAX_BYTES // 1024} KB")


def parted(text: str) -> tuple[list[Line], list[str]]:
    """The lines that say something, and what stood behind `at:`.

    Raises TooLarge, and NotationError where cases are never ended.
    """
    too_large(text)
    found: list[Line] = []
    points: list[str] = []
    section: Section = "function"
    for number, raw in _joined(text):
        header = HEADER.match(raw)
        content = raw
        if header is not None:
            name = header["name"].lower().removesuffix("s")
            if name == "at":
                if header["colon"]:
                    points.append(raw[header.end() :].split("#")[0])
                    continue
            else:
                section = SECTIONS[name]
                # what follows a header that is a comment is prose
                rest = "" if "#" in header["lead"] else raw[header.end() :]
                content = " " * (len(raw) - len(rest)) + rest
        clean = cleaned(content)
        if clean.strip() and not clean.lstrip().startswith("#"):
            found.append(Line(number, raw, clean, section))
        if len(found) > MAX_LINES:
            raise TooLarge(f"the claim has more than {MAX_LINES} lines")
    return found, points


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers; cases that span several are one."""
    waiting: list[str] = []
    first, depth = 1, 0
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if not waiting:
            first = number
        waiting.append(line)
        depth += line.count(r"\begin{cases}") - line.count(r"\end{cases}")
        if depth <= 0:
            yield first, "\n".join(waiting)
            waiting, depth = [], 0
    if waiting:
        raise NotationError(rf"line {first}: this \begin{{cases}} is never ended", waiting[0], (0, len(waiting[0])))


def cleaned(line: str) -> str:
    """The line with everything that is no mathematics blanked, of the same length."""
    latex = any(sign in line for sign in "\\$&")
    out = line
    if latex:
        out = WRAPPING.sub(_blank, out)
        out = _without_notes(out)
    found = LEAD.match(out, len(out) - len(out.lstrip(" \t\r\f\v\n$")))
    if found is not None:
        out = " " * found.end() + out[found.end() :]
    out = TAG.sub(_blank, out)
    out = _without_tail(out)
    out = PARTIAL.sub(lambda m: ROUND.ljust(len(m.group())), out).replace("∂", ROUND)
    out = ARROW.sub(lambda m: "=".rjust(len(m.group())), out)
    if short := SHORT_ARROW.match(out):
        out = out[: short.start(1)] + " =" + out[short.end(1) :]
    if latex:
        out = QUAD.sub(lambda m: ";".rjust(len(m.group())), out)
        out = _without_tail(out).replace("$", " ")
        begun = out.lstrip()
        if begun.startswith("&"):
            out = out[: len(out) - len(begun)] + " " + begun[1:]
    return out


def _blank(found: re.Match[str]) -> str:
    return " " * len(found.group())


def _without_tail(line: str) -> str:
    r"""The line without what ends it and is no formula: `\\\\`, a full stop, a comma, `\\tag{3}`."""
    kept = line
    while True:
        shorter = TAIL.sub("", kept.rstrip().rstrip("$,.;&").removesuffix("\\\\"))
        if shorter == kept:
            return kept + " " * (len(line) - len(kept))
        kept = shorter


def _without_notes(line: str) -> str:
    r"""`\underset{a note}{formula}` without its note."""
    for _ in range(MAX_NOTES):
        found = UNDER.search(line)
        if found is None:
            break
        depth, stop = 1, found.end()
        while stop < len(line) and depth:
            depth += (line[stop] == "{") - (line[stop] == "}")
            stop += 1
        note = "brace" not in found.group()
        line = (
            line[: found.start()]
            + " " * ((stop if note else found.end() - 1) - found.start())
            + (line[stop:] if note else line[found.end() - 1 :])
        )
    return line
