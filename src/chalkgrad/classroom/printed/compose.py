"""A Keyed as a Layout: which block each question and each blank becomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import final

import numpy as np

from chalkgrad.classroom.printed.answers import ask_pieces, number_pieces, room_of, solution
from chalkgrad.classroom.printed.drawing import asked_elsewhere, drawn, has_drawing, on_drawing, plain_drawing
from chalkgrad.classroom.printed.figures import figures
from chalkgrad.classroom.printed.layout import (
    Answer,
    Code,
    CodeLine,
    Figure,
    Grid,
    Hint,
    Item,
    Layout,
    Line,
    Lines,
    Numbered,
    Pictures,
    Room,
    Say,
    Space,
    Writing,
)
from chalkgrad.classroom.printed.notes import fits, model, note
from chalkgrad.classroom.printed.order import in_order
from chalkgrad.classroom.printed.prose import (
    Block,
    Paragraph,
    Piece,
    Words,
    as_text,
    pieces,
    pieces_text,
    prose,
    unread,
)
from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey, Question, TextKey
from chalkgrad.render.numbers import trimmed
from chalkgrad.render.pseudocode import code_lines
from chalkgrad.render.rows import Rows
from chalkgrad.render.typeset import clean

_WORDS = ("text", "claim")


def layout(keyed: Keyed) -> Layout:
    """What stands on the sheet.

    Raises SheetError for a figure that is none.
    """
    return _Composer(keyed).layout()


@final
class _Composer:
    def __init__(self, keyed: Keyed) -> None:
        self.keyed = keyed
        self.read: list[Block] = []

    def layout(self) -> Layout:
        sheet = self.keyed.sheet
        problems = tuple([self.problem(q) for q in self._problems()])
        intro, footer = self.prose(sheet.intro, ()), self.prose(sheet.footer, ())
        if any(map(_rounds, self.keyed.questions)):
            intro = (*intro, _round_to(sheet.digits))
        notes = [note(question) for question in self.keyed.questions]
        return Layout(
            pieces(sheet.title),
            clean(as_text(prose(sheet.title))),
            pieces(sheet.course),
            self.keyed.code,
            clean(self.keyed.variant.student),
            intro,
            problems,
            footer,
            tuple([found for found in notes if found is not None]),
            tuple(dict.fromkeys(unread(self.read))),
        )

    def _problems(self) -> Iterator[tuple[Question, ...]]:
        numbers = dict.fromkeys(q.problem.number for q in self.keyed.questions)
        for number in numbers:
            yield tuple([q for q in self.keyed.questions if q.problem.number == number])

    def prose(self, text: str, names: Iterable[str]) -> tuple[Block, ...]:
        return self._read(prose(text, frozenset(names)))

    def problem(self, questions: Sequence[Question]) -> Numbered:
        problem = questions[0].problem
        names = frozenset([name for q in questions for name in names_of(q)])
        items: list[Item] = []
        if problem.prose.strip():
            items.append(Say(self.prose(problem.prose, names)))
        items.extend(_pictures(problem.figure))
        places = {q.part.digits for q in questions if _rounds(q)}
        if len(places) == 1 and places != {self.keyed.sheet.digits}:
            items.append(Say((_round_to(*places),)))
        shown_already: set[object] = set()
        for question in questions:
            items.extend(self.part(question, shown_already))
        total = sum(b.points for q in questions for b in q.blanks)
        points = _points(total) if problem.points is not None else ""
        widest = max([item.drawn.placed.width for item in items if isinstance(item, Figure)], default=0.0)
        return Numbered(problem.number, pieces(problem.title, names), points, tuple(items), widest)

    def part(self, question: Question, shown_already: set[object]) -> Iterator[Item]:
        part, names = question.part, names_of(question)
        if part.label or part.prose.strip():
            points = _points(sum(b.points for b in question.blanks)) if part.points is not None else ""
            yield Say(self.prose(part.prose, names), f"({part.label})" if part.label else "", points)
        yield from _pictures(part.figure)
        if len({q.part.digits for q in self.keyed.questions if q.problem is question.problem and _rounds(q)}) > 1:
            yield from [Say((_round_to(part.digits),))] if _rounds(question) else []
        if part.hint:
            yield Hint(pieces(part.hint, names))
        here = on_drawing(question)
        same = (part.function, repr(sorted(part.values)), part.gates)
        if has_drawing(question) and (here or same not in shown_already):
            shown_already.add(same)
            yield Figure(drawn(question, asked_elsewhere(self.keyed, question)), question.number)
        hinted = [b for b in here if b.hint]
        yield from (Hint((*ask_pieces(b, names)[0], Words(": "), *pieces(b.hint, names))) for b in hinted)
        rest = in_order(question, [b for b in question.blanks if b not in here])
        if part.show == "table" and question.work is not None:
            table, inside = self.table(question, rest)
            yield table
            rest = [b for b in rest if b not in inside]
        yield from self.blanks(question, rest)

    def blanks(self, question: Question, rest: Sequence[Blank]) -> Iterator[Item]:
        """The blanks that stand on lines, in order; what is asked for as a formula and as a number stands in one."""
        names = names_of(question)
        waiting: list[Line] = []
        done: set[str] = set()
        by_id = {b.id: b for b in rest}
        for blank in rest:
            if blank.id in done:
                continue
            if blank.kind in (*_WORDS, "graph") or blank.place == "code":
                yield from _lines(waiting)
                waiting = []
            if blank.place == "code":
                yield self.code(question, rest)
                done |= {b.id for b in rest if b.place == "code"}
            elif blank.kind == "graph":
                yield from self.space(question, blank)
            elif blank.kind in _WORDS or isinstance(blank.key, TextKey):
                yield from _pictures(blank.figure)
                head, _ = ask_pieces(blank, names)
                answer = self._read(model(blank, names))
                shown = answer if fits(blank, names) else (Paragraph((Words("see the notes behind the sheet"),)),)
                yield Writing(blank.id, head, max(1, blank.lines), shown, pieces(blank.hint, names))
            else:
                base = blank.id.removesuffix(".formula")
                pair = (by_id.get(f"{base}.formula"), by_id.get(base))
                both = [b for b in pair if b is not None]
                done |= {b.id for b in both}
                waiting.append(_line(both, pair, question))
        yield from _lines(waiting)

    def _read(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        self.read.extend(blocks)
        return blocks

    def space(self, question: Question, blank: Blank) -> Iterator[Item]:
        head, _ = ask_pieces(blank, names_of(question))
        printed = figures(blank.figure) if blank.figure else ()
        drawn_by_hand = figures(blank.answer_figure) if blank.answer_figure else ()
        if blank.lines <= 1 and not printed:  # on a drawing of one's own
            yield Say((Paragraph((*head, Words("."))),))
            return
        hint = pieces(blank.hint, names_of(question))
        graph = None if drawn_by_hand or question.work is None else plain_drawing(question)
        yield Space(
            blank.id,
            head,
            max(4, blank.lines),
            printed[0] if printed else None,
            drawn_by_hand[0] if drawn_by_hand else graph,
            hint,
        )

    def code(self, question: Question, rest: Sequence[Blank]) -> Code:
        """The staged program, with the lines open that are asked for."""
        work = question.work
        assert work is not None
        prefix = question.blanks[0].id.rpartition(":")[0]
        asked = {b.id: b for b in rest if b.place == "code"}
        found: list[CodeLine] = []
        back = False
        for number, line in enumerate(code_lines(work), 1):
            if not found or line.backward != back:
                back = line.backward
                found.append(CodeLine("", "backward" if back else "forward"))
            blank = asked.get(f"{prefix}:code.{number}" if prefix else f"code.{number}")
            tag = line.note.split(")")[0] + ")" if line.note.startswith("#(") else ""
            answer = None if blank is None else answer_of(blank, question, "line")
            found.append(CodeLine(tag, line.text if answer is None else "", answer))
        return Code(tuple(found))

    def table(self, question: Question, rest: Sequence[Blank]) -> tuple[Grid, list[Blank]]:
        """A row a value: its formula, its number and its gradient, open where they are asked for."""
        work = question.work
        assert work is not None
        rows, names = Rows(work), names_of(question)
        asked = {(b.kind, b.node): b for b in rest if b.kind in ("value", "gradient") and not b.id.endswith(".formula")}
        secret = {b.node for b in rest if b.kind in ("value", "loss")}
        inside: list[Blank] = []
        columns = ("name", "formula", "value", f"gradient $∂{work.loss}/∂·$")
        found: list[tuple[tuple[Piece, ...] | Answer, ...]] = []
        formulas = {b.node for b in rest if b.kind == "formula" and b.id.endswith(".formula") and ".g" not in b.id}
        for row in rows.nodes():
            cells: list[tuple[Piece, ...] | Answer] = [pieces(f"${row.name}$", names)]
            cells.append(() if row.var in formulas else _formula_cell(row.formula, names))
            for kind, value in (("value", row.value), ("gradient", row.gradient)):
                blank = asked.get((kind, row.var))
                if blank is not None:
                    inside.append(blank)
                    cells.append(answer_of(blank, question, "number"))
                elif kind == "value" and row.var not in secret and not work.symbolic:
                    full = 15 if row.var in work.program.inputs else question.part.digits
                    cells.append(number_pieces(value, full))
                elif kind == "gradient" and row.var is work.program.output and not work.symbolic:
                    cells.append(number_pieces(1 if work.unit else work.upstream, 15))
                else:
                    cells.append(())
            found.append(tuple(cells))
        return Grid(tuple([pieces(c) for c in columns]), tuple(found)), inside


def names_of(question: Question) -> frozenset[str]:
    """The names of the question's function."""
    return frozenset(question.work.called.values()) if question.work is not None else frozenset()


def answer_of(blank: Blank, question: Question, room: Room | None = None) -> Answer:
    """The place to write a blank's answer in."""
    names = names_of(question)
    said = pieces_text(ask_pieces(blank, names)[0])
    return Answer(blank.id, said, room or room_of(blank), solution(blank, names, question.work))


def _line(both: Sequence[Blank], pair: Sequence[Blank | None], question: Question) -> Line:
    names = names_of(question)
    head, sign = ask_pieces(both[0], names)
    answers = [None if b is None else answer_of(b, question) for b in pair]
    hints = tuple([pieces(b.hint, names) for b in both if b.hint])
    return Line(head, sign, tuple(answers), hints)


def _lines(waiting: Sequence[Line]) -> Iterator[Lines]:
    """Two places a line where any line has both a formula and a number, else one."""
    if not waiting:
        return
    if any(all(answer is not None for answer in line.answers) for line in waiting):
        yield Lines(tuple(waiting), ("Symbolically", "Evaluated"))
        return
    single = [Line(w.head, w.sign, tuple([a for a in w.answers if a is not None]), w.hints) for w in waiting]
    yield Lines(tuple(single))


def _rounds(question: Question) -> bool:
    """Whether a number that is asked for is not whole."""
    numbers = [b.key.exact for b in question.blanks if isinstance(b.key, NumberKey)]
    return any(np.any(np.asarray(n, float) != np.round(np.asarray(n, float))) for n in numbers)


def _round_to(digits: int) -> Paragraph:
    places = "a whole number" if digits == 0 else "1 decimal" if digits == 1 else f"{digits} decimals"
    return Paragraph((Words(f"Round a number that is not whole to {places}."),))


def _pictures(text: str) -> Iterator[Item]:
    if text:
        yield Pictures(figures(text))


def _formula_cell(formula: str, names: frozenset[str]) -> tuple[Piece, ...]:
    return (Words(formula),) if formula == "input" else pieces(f"${formula}$", names)


def _points(points: float) -> str:
    written = trimmed(points, 2)
    return f"{written} point" if written == "1" else f"{written} points"
