"""Answers that mean harm: nothing runs, nothing raises, nothing is earned, and each is given a reason."""

from __future__ import annotations

import time

import pytest

from chalkgrad.classroom.marking.mark import mark
from tests.classroom.marking.asking import FORK, asking, one

SHEET = asking(FORK, ("values", "gradients", "locals", "products", "sums", "next"), "x = -2, y = 5, z = -4")
SYMBOLS = asking(FORK, ("formulas", "gradients.formula", "code", "updates", "chains"))
BAD = [
    "__import__('os').system('touch /tmp/owned')",
    '=HYPERLINK("http://x")',
    "@SUM(A1:A9)",
    "<script>alert(1)</script>",
    "'; DROP TABLE marks; --",
    "{{7*7}}",
    "${7*7}",
    r"\input{/etc/passwd}",
    r"\def\x{\x\x}\x",
    "\x00\x01",
    "\u202e3",
    "\u200b",
    "٣",
    "３",
    "𝟑x",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "0/0",
    "9**9**9**9**9",
    "(" * 5_000 + ")" * 5_000,
    "[" * 1_000_000,
    "-" * 9_999,
    "x^" * 3_000 + "x",
    "sin(" * 2_000,
    "1" * 1_000_000,
    "Σ_{i=1}^{999999999} i",
    "ones(10^9)",
    "\ud800",
    "%s%s%n",
    "../../etc/passwd",
]


PLAIN = ("３", "{{7*7}}", "${7*7}", "Σ_{i=1}^{999999999} i")  # which say a number, and the wrong one


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_nothing_happens(text: str) -> None:
    begun = time.process_time()
    places = [(SHEET, id) for id in ("q.gradient", "f.value", "x.sum", "x.next")]
    places += [(SYMBOLS, id) for id in ("q.formula", "x.gradient.formula", "code.9", "x.update", "x.chain")]
    for keyed, id in places:
        m = one(keyed, id, text)
        assert m.credit == 0
        assert m.answer == text
        assert m.verdict == "empty" or (m.verdict == "cannot tell" and m.why) or text in PLAIN
    assert time.process_time() - begun < 4


def test_everywhere_at_once() -> None:
    for text in BAD:
        assert len(mark(SHEET, {b.id: text for b in SHEET.blanks}).marks) == len(SHEET.blanks)


def test_an_answer_of_the_wrong_kind_is_no_answer() -> None:
    answers: dict[str, str] = {"q.value": None, "f.value": 3}  # type: ignore[dict-item]  # what a file might hold
    found = {m.blank: m.verdict for m in mark(SHEET, answers).marks}
    assert (found["q.value"], found["f.value"]) == ("empty", "wrong")
