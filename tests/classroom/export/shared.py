"""The sheets that the exports are tried on: the published ones, and one whose words are meant to break out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from chalkgrad.classroom.export.accepted import Entry, entries
from chalkgrad.classroom.sheets.blank import Blank, Keyed, Question, Variant
from chalkgrad.classroom.sheets.key import keyed
from chalkgrad.classroom.sheets.reading import read_sheet

ROOT = Path(__file__).resolve().parents[3]
SHEETS = tuple(sorted(p.stem for p in (ROOT / "examples" / "sheets").glob("*.toml")))

HOSTILE_WORDS = (
    "a ]]> b <script>alert(1)</script> {~=#} {1:NUMERICAL:=1} 100% \"two\" 'one' {{x}} \\( \\) ::n:: // $ é 🎓"
)

HOSTILE = f'''
name = "h"
title = """Title / <b> ]]> {{#1}} & :: """
[[problem]]
title = """T {{~=#}} <i>"""
prose = """{HOSTILE_WORDS.replace("{{x}}", "{{{{x}}}}").replace(chr(92), chr(92) * 2).replace('"', chr(92) + '"')}"""
function = "q = x + y; f = q z"
values = {{ x = -2, y = 5, z = -4 }}
blank = ["values", "gradients"]
hint = """{{#}} ~ = <hint> & "quoted" ]]>"""
[[problem.ask]]
kind = "text"
ask = """why {{~=#}} <u> ]]> &?"""
rubric = ["one <b> ]]>", "two {{}}"]
answer = "because {{~}} </p> ]]>"
'''


def all_entries(question: Question, blanks: Sequence[Blank] | None = None) -> tuple[Entry, ...]:
    """Every number of a question, in the order of its blanks."""
    return tuple([e for b in (question.blanks if blanks is None else blanks) for e in entries(b, question)])


@cache
def sheet(name: str) -> Keyed:
    """An example sheet with its key."""
    return keyed(read_sheet((ROOT / "examples" / "sheets" / f"{name}.toml").read_text(encoding="utf-8")))


@cache
def of(text: str) -> Keyed:
    """The sheet of a text."""
    return keyed(read_sheet(text))


@cache
def hostile() -> Keyed:
    """The sheet whose words are meant to break out."""
    return of(HOSTILE)


S2 = """
name = "s2"
title = "One unit"
[[problem]]
prose = "A unit."
function = "f(w_0, w_1, w_2, x_0, x_1) = 1/(1 + e^{-(w_0x_0 + w_1x_1 + w_2)})"
values = { w_0 = 2, w_1 = -3, w_2 = -3, x_0 = -1, x_1 = -2 }
blank = ["values", "gradients"]
"""


@cache
def seats() -> tuple[Keyed, ...]:
    """The CS231n unit at three seats: the published values, and two others."""
    read = read_sheet(S2)
    values = [
        {},
        {1: {"w_0": 3.0, "w_1": -2.0, "w_2": -4.0, "x_0": -2.0, "x_1": -5.0}},
        {1: {"w_0": 4.0, "w_1": -3.0, "w_2": -2.0, "x_0": -3.0, "x_1": -5.0}},
    ]
    return tuple([keyed(read, Variant(n, 7, v)) for n, v in enumerate(values)])
