"""Small sheets to mark, made where they are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.marking.marked import Mark
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet


def asking(function: str, blanks: Sequence[str], values: str = "", more: str = "", top: str = "") -> Keyed:
    """A sheet of one problem; `values` and `more` are TOML."""
    return _asking(function, tuple(blanks), values, more, top)


@lru_cache(maxsize=64)
def _asking(function: str, blanks: tuple[str, ...], values: str, more: str, top: str) -> Keyed:
    listed = "blank = [" + ", ".join([f'"{b}"' for b in blanks]) + "]\n" if blanks else ""
    given = f"values = {{ {values} }}\n" if values else ""
    text = f'name = "t"\ntitle = "t"\n{top}\n[[problem]]\nprose = "."\nfunction = """{function}"""\n{given}'
    return unwitnessed(read_sheet(f"{text}{listed}{more}\n"))


def verdicts(keyed: Keyed, answers: Mapping[str, str]) -> dict[str, str]:
    """The verdict of every blank that has an answer."""
    found = mark(keyed, answers)
    return {m.blank: m.verdict for m in found.marks if m.answer}


def one(keyed: Keyed, id: str, text: str, **others: Any) -> Mark:
    """The mark of one answer."""
    return next(m for m in mark(keyed, {id: text, **others}).marks if m.blank == id)


TWO = "q = x + y; f(x, y, z) = q z"
FORK = "q = x + y; h = q z; f(x, y, z) = h + x"
AT = "x = -2, y = 5, z = -4"
NEURON = "f(w_0, w_1, w_2, x_0, x_1) = 1/(1 + e^(-(w_0 x_0 + w_1 x_1 + w_2)))"
NEURON_AT = "w_0 = 2, w_1 = -3, w_2 = -3, x_0 = -1, x_1 = -2"
ALL = ("values", "gradients", "locals", "products")
