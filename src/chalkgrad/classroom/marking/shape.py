"""Judging shapes: `D_a1×D_x`, `(D_a1, D_x)`, "D_a1 by D_x"."""

from __future__ import annotations

import re
import unicodedata

from chalkgrad.classroom.marking.brackets import closes
from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.classroom.marking.names import LOWERED

LONGEST = 200
BETWEEN = re.compile(r"×|\\times|,|;|\bby\b|\bmal\b|(?<=[\s})\d])[xX](?=[\s({\d\\])|[*·]|\s+[xX]\s+")
SPACE = re.compile(r"^.*?(?:∈|\\in(?![a-z])|\bin\b|=|:)", re.DOTALL)
REAL = re.compile(r"^(?:\\mathbb\s*\{?\s*R\s*\}?|ℝ|R)\s*\^\s*")
PLAIN = re.compile(r"[0-9]+|[^\W\d_]\w*")


def judge_shape(text: str, key: str) -> Judged:
    """The verdict on a shape; what is no shape cannot be told."""
    said = read_shape(text)
    if said is None:
        return Judged("cannot tell", why="no shape can be read here: write rows × columns, such as 3×1")
    wanted = read_shape(key)
    assert wanted is not None
    if said == wanted:
        return Judged("right")
    if [n for n in said if n != "1"] == [n for n in wanted if n != "1"] and len(said) != len(wanted):
        if wanted[1:] == ("1",) or not said:
            return Judged("right", notes=(f"a column is meant: {key}",))
        if said[1:] == ("1",):
            return Judged("right", notes=(f"a column of {key} stands for one list of that length",))
        row = "one size is a column, and a row is asked for"
        return Judged("wrong", "shape", row if len(wanted) > 1 else "this is a row, and one list is asked for")
    if said == wanted[::-1]:
        return Judged("wrong", "transpose", "this is its transpose: rows first, then columns")
    return Judged("wrong", "shape", "it is another shape")


def read_shape(text: str) -> tuple[str, ...] | None:
    """The sizes as plain names, () for a number; None where none can be read."""
    if len(text) > LONGEST:
        return None
    clean = unicodedata.normalize("NFC", text).translate(LOWERED).replace("$", " ").strip(" .;\n\t")
    if clean.lower() in ("scalar", "a scalar", "a number", "number", "()"):
        return ()
    clean = SPACE.sub("", clean).strip()
    clean = _unwrapped(REAL.sub("", clean))
    if re.fullmatch(r"(?:\\mathbb\s*\{?\s*R\s*\}?|ℝ|R)", clean):
        return ()
    parts = [_size(p) for p in BETWEEN.split(clean)]
    if parts and parts[-1] == "" and clean.endswith(","):
        parts.pop()
    if not parts or not all(parts) or (len(parts) == 1 and re.search(r"\w[xX]\w", parts[0])):
        return None
    return tuple(parts)


def _unwrapped(text: str) -> str:
    text = text.strip()
    while len(text) > 1 and text[0] in "([{" and text[-1] in ")]}" and closes(text):
        text = text[1:-1].strip()
    return text


def _size(text: str) -> str:
    """`D_{a_1}`, `D_a1` and `Da1` are one size."""
    if re.search(r"\w\s+\w", text):
        return ""
    plain = re.sub(r"[\s_{}\\]", "", _unwrapped(text))
    return plain if PLAIN.fullmatch(plain) else ""
