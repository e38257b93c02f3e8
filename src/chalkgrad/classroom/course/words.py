"""One marked sheet in words, for a terminal: the first wrong step, then the rest in the order of the sheet."""

from __future__ import annotations

from collections.abc import Iterator

from chalkgrad.classroom.course.record import SAID, Record, Row
from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.render.numbers import trimmed

_MOST_EMPTY = 12
_SAID = {"next": "next {}", "update": "{} ←"}


def record_in_words(sheet: Keyed, record: Record) -> str:
    """The marks of one person. `sheet` is any variant: only what its blanks ask for is read."""
    asks = {b.id: _SAID.get(b.kind, "{}").format(b.ask) for b in sheet.blanks}
    head = f"{visible(record.student)} · {record.code} · {trimmed(record.points)} of {trimmed(record.of)} points"
    return "\n".join([head, *_lines(record, asks)])


def _lines(record: Record, asks: dict[str, str]) -> Iterator[str]:
    if record.failed:
        yield f"This sheet could not be marked: {visible(record.failed, 400)}"
        return
    if record.right:
        yield "Everything is right."
        return
    first = [r for r in record.rows if r.blank in record.first]
    for number, row in enumerate(first):
        yield ""
        yield f"{'First wrong' if not number else 'Also wrong, and not because of that'}: {_wrong(row, asks)}"
        yield from _more(row)
    rest = [r for r in record.rows if r not in first and r.verdict not in ("right", "empty")]
    if rest:
        yield ""
        yield "Then:" if first else "Not all is right:"
        for row in rest:
            said = "" if row.verdict == "unfollowed" and row.why else f"  {SAID.get(row.verdict, row.verdict)}"
            should = _should(row, "; it is ") if row.verdict == "wrong" else ""
            yield f"  {_ask(row, asks)}  {visible(row.answer, 60)}{said}{should}{_why(row)}"
            yield from _more(row)
    empty = [r.blank for r in record.rows if r.verdict == "empty"]
    right = [r for r in record.rows if r.verdict == "right"]
    yield ""
    if empty:
        more = f" and {len(empty) - _MOST_EMPTY} more" if len(empty) > _MOST_EMPTY else ""
        yield f"Empty: {', '.join(empty[:_MOST_EMPTY])}{more}"
    yield f"Right: {len(right)} of {len(record.rows)}"
    for row in right:
        if row.notes:
            yield f"  {_ask(row, asks)}  {visible(row.answer, 60)}"
            yield from _more(row)


def _wrong(row: Row, asks: dict[str, str]) -> str:
    wrote = f"you wrote {visible(row.answer, 100)}" if row.answer.strip() else "nothing is there"
    return (
        f"{_ask(row, asks)}: {wrote}{_should(row, ', it is ')}{_why(row)}{f' ({row.mistake})' if row.mistake else ''}"
    )


def _ask(row: Row, asks: dict[str, str]) -> str:
    """What was asked, with the blank's id where that says more."""
    ask = asks.get(row.blank, "")
    return f"{ask} ({row.blank})" if ask and ask != row.blank else row.blank


def _should(row: Row, before: str) -> str:
    """The key, where it stands on one line."""
    return f"{before}{visible(row.should, 200)}" if row.should and "\n" not in row.should else ""


def _why(row: Row) -> str:
    """The reason, as far as it stands on one line."""
    return f": {visible(row.why.splitlines()[0], 400)}" if row.why else ""


def _more(row: Row) -> Iterator[str]:
    """The rest of the reason, which marks a place in the answer; a key of several lines; and the notes."""
    for line in [*row.why.splitlines()[1:], *row.notes]:
        yield f"    {visible(line, 300)}"
    if row.verdict == "wrong" and "\n" in row.should:
        yield "    one way:"
        for line in row.should.splitlines():
            yield f"      {visible(line, 300)}"
