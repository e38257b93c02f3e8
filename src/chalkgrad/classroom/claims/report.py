"""A verdict in words: the first wrong line as it was written, what it should be, and why."""

from __future__ import annotations

from collections.abc import Iterator

from chalkgrad.classroom.claims.verdict import Finding, Verdict
from chalkgrad.errors import caret

UNSURE = "too near to tell, or a formula that has no value at points where it should have one"


def report(verdict: Verdict) -> str:
    """The whole report, without a line's end behind it."""
    whole = "\n".join(_lines(verdict))
    return "".join([c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in whole])


def _lines(verdict: Verdict) -> Iterator[str]:
    first = verdict.wrong
    counts = {s: sum(f.status == s for f in verdict.findings) for s in ("right", "consistent", "undecided", "wrong")}
    if first is not None:
        yield f"wrong: line {first.line.number}"
        yield from _fault(first)
        for other in [f for f in verdict.findings if f.status == "wrong" and f is not first]:
            yield f"also wrong: line {other.line.number}"
            yield from _fault(other)
    elif verdict.undecided:
        yield "undecided"
    else:
        yield f"right: {_count(counts['right'], 'line')}"
    for found in verdict.findings:
        if found.status == "undecided" and counts["undecided"] < len(verdict.findings):
            yield f"undecided: line {found.line.number}: {UNSURE}"
            yield _quoted(found)
    following = [str(f.line.number) for f in verdict.findings if f.status == "consistent"]
    if following:
        one = len(following) == 1
        yield (
            f"consistent: line{'' if one else 's'} {', '.join(following)}: not right, but "
            f"{'it follows' if one else 'they follow'} from an earlier line of yours"
        )
    if first is not None and counts["right"]:
        yield f"right: {_count(counts['right'], 'line')}"
    for found in verdict.findings:
        if found.note and found.note != "a name of your own":
            yield f"note: line {found.line.number}: {found.note}"
    for note in verdict.notes:
        yield f"note: {note}"


def _fault(found: Finding) -> Iterator[str]:
    yield _quoted(found)
    if found.should:
        yield f"  should be: {found.should}"
    yield f"  why: {found.why}"
    if found.example:
        yield f"  {found.example}"


def _quoted(found: Finding) -> str:
    return caret(found.line.text, found.span)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
