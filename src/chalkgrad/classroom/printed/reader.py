"""Letters, numbers, signs, brackets and scripts as boxes, as they were typed."""

from __future__ import annotations

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import NoReturn

from chalkgrad.classroom.printed.commands import BINARY, BRACKETS, CALLED, LARGE, RELATIONS
from chalkgrad.errors import NotationError
from chalkgrad.notation.commands import FUNCTIONS
from chalkgrad.render.maths import ACCENTS as MARKS
from chalkgrad.render.maths import Box, Fence, Num, Prose, Row, Scripts, Sign, SignKind, Word, name, row

_DEEP = 24
_RUN = re.compile(r"[^\W\d_][\u0300-\u036f\u20d7]*(?:[^\W\d_][\u0300-\u036f\u20d7]*)*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+")
_SIGN = re.compile(r"\.\.\.|[<>!+:]=|<-|->|\S")
_SHOWN_AS = {"...": "…", "<-": "←", "->": "→", "−": "-", "`": "′"}
_SLASH = Word("/")  # no sign: it stands close on both sides


class Reader(ABC):
    """What stands on one line, sign after sign. The commands of LaTeX are its subclass's."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text, self.at = text, 0
        self.names = frozenset(names)
        self.latex = "\\" in text
        self.depth = 0
        self.fuel = 12 * len(text) + 200  # things met, those met again behind a lone bar too

    def lines(self) -> tuple[Box, ...]:
        found: list[Box] = []
        while self.at < len(self.text):
            box = self.row(frozenset({"\\\\"}))
            if box != Row(()):
                found.append(box)
            self.take("\\\\")
        return tuple(found)

    def fail(self, problem: str) -> NoReturn:
        at = min(self.at, max(0, len(self.text) - 1))
        raise NotationError(problem, self.text, (at, at + 1))

    def take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def space(self) -> bool:
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isspace() or self.text[self.at] == "~"):
            self.at += 1
        return self.at > start

    def ends(self, stops: frozenset[str]) -> bool:
        return self.at >= len(self.text) or any(self.text.startswith(stop, self.at) for stop in stops)

    def row(self, stops: frozenset[str]) -> Box:
        """What stands side by side up to one of `stops`, which is left."""
        self.deeper()
        boxes: list[Box] = []
        while True:
            apart = self.space()
            if self.ends(stops):
                break
            box = self.item(boxes)
            if box is None:
                continue
            if boxes and (_large(boxes[-1]) or (apart and _apart(boxes[-1], box))):
                boxes.append(Sign(" "))
            boxes.extend(box.items if isinstance(box, Row) else (box,))
        self.depth -= 1
        return boxes[0] if len(boxes) == 1 else Row(tuple(boxes))

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEEP:
            self.fail("brackets stand too deep in one another")

    def item(self, before: list[Box]) -> Box | None:
        """The next thing; None for what only changes the one before it, or prints nothing."""
        self.fuel -= 1
        if self.fuel < 0:
            self.fail("bars and brackets stand too thick to tell which closes which")
        text, at = self.text, self.at
        char = text[at]
        if char in "_^" or char in "'′":
            self.script(before, char)
            return None
        if char == "\\":
            return self.command()
        if char == "{" and self.latex:
            return self.group()
        if char == "&":
            self.at += 1
            return None
        if found := _NUMBER.match(text, at):
            self.at = found.end()
            return self.number(found[0])
        if found := _RUN.match(text, at):
            self.at = found.end()
            return self.letters(found[0])
        if char in BRACKETS:
            return self.bracketed(char)
        found = _SIGN.match(text, at)
        if found is None:
            self.fail("this cannot be set")
        if found[0] in "}":
            self.fail(f"'{found[0]}' stands here, and nothing is open")
        self.at = found.end()
        return self.sign(_SHOWN_AS.get(found[0], found[0]), before)

    def sign(self, sign: str, before: list[Box]) -> Box:
        if sign == "/":
            return _SLASH
        kind: SignKind = "plain"
        operand = bool(before) and _operand(before[-1])
        if sign in RELATIONS:
            kind = "relation"
        elif sign in BINARY:
            kind = "binary" if operand else "prefix" if sign in "+-±" and not operand else "plain"
        return Sign(sign, kind)

    def number(self, text: str) -> Box:
        mantissa, _, power = text.partition("e")
        if not power:
            return Num(text)
        size = Num(power.lstrip("+-"))
        raised = row(Sign("-", "prefix"), size) if power.startswith("-") else size
        return row(Num(mantissa), Sign("×", "binary"), Scripts(Num("10"), above=raised))

    def letters(self, run: str) -> Box:
        """A run of letters: a name, a function, names side by side, or a word."""
        if run in self.names or len(run) == 1:
            return name(run)
        if run in FUNCTIONS or run in CALLED:
            return Word(run, "function" if self.calls() else "upright")
        if parts := self.split(run):
            return row(*[name(part) for part in parts])
        decomposed = unicodedata.normalize("NFD", run)
        if len(run) == 2 and decomposed[1:] in MARKS:
            return name(run)
        if len(run) == 2:  # dx, xy: letters side by side
            return row(name(run[0]), name(run[1]))
        return Word(run)

    def calls(self) -> bool:
        return self.text[self.at : self.at + 1] not in ("", "_", "^") or self.text[self.at :].lstrip()[:1] != ""

    def split(self, run: str) -> list[str]:
        """The run as declared names, a `d` before one of them allowed; nothing where that cannot be."""
        parts: list[str] = []
        rest = run
        if len(run) > 1 and run[0] == "d" and (run[1:] in self.names or len(run) == 2):
            return ["d", run[1:]] if len(run) == 2 else []
        while rest:
            found = next((rest[:n] for n in range(min(len(rest), 12), 0, -1) if rest[:n] in self.names), "")
            if not found:
                return []
            parts.append(found)
            rest = rest[len(found) :]
        return parts

    def bracketed(self, left: str) -> Box:
        """Up to the bracket that closes this one; alone where none does, as in `[0, 1)`."""
        start = self.at
        self.at += 1
        right = BRACKETS[left]
        depth = self.depth
        try:
            inside = self.row(frozenset({right, "\\\\"}) if left in "|‖" else frozenset({*")]}", "\\\\"}))
        except NotationError:
            if left not in "|‖" or self.fuel < 0:
                raise
            inside, self.depth = Row(()), depth
        if self.take(right):
            return Fence(left, inside, right)
        closing = self.text[self.at : self.at + 1]
        if left not in "|‖" and closing in ")]":
            self.at += len(closing)
            return Fence(left, inside, closing) if closing else self.alone(left, start)
        return self.alone(left, start)

    def alone(self, left: str, start: int) -> Box:
        if left not in "|‖":
            self.at = start
            self.fail(f"'{left}' is never closed")
        self.at = start + 1
        return Sign(left)

    def group(self) -> Box:
        self.at += 1
        box = self.row(frozenset({"}"}))
        if not self.take("}"):
            self.fail("'{' is never closed")
        return box

    def argument(self) -> Box:
        """What a command takes: a group, or the one thing that follows."""
        self.space()
        if self.at >= len(self.text):
            self.fail("an argument is missing at the end")
        if self.text[self.at] == "{":
            return self.group()
        if self.text[self.at] in "}&":
            self.fail("an argument is missing here")
        return self.one()

    def one(self) -> Box:
        """One sign, as TeX takes it."""
        char = self.text[self.at]
        if char == "\\":
            self.deeper()
            box = self.command()
            self.depth -= 1
            return box or Row(())
        self.at += 1
        return Num(char) if char.isdecimal() else name(char) if char.isalpha() else Sign(_SHOWN_AS.get(char, char))

    def script(self, before: list[Box], sign: str) -> None:
        base: Box = before.pop() if before else Row(())
        if isinstance(base, Sign) and base.kind != "plain":
            before.append(base)
            base = Row(())
        held = base if isinstance(base, Scripts) else Scripts(base)
        if sign in "'′":
            primes = 0
            while self.text[self.at : self.at + 1] in ("'", "′"):
                self.at, primes = self.at + 1, primes + 1
            before.append(Scripts(held.base, held.below, held.above, held.primes + primes))
            return
        self.at += 1
        self.space()
        what = self.raised() if sign == "^" else self.lowered()
        if (held.above if sign == "^" else held.below) is not None:
            held = Scripts(held)
        below, above = (held.below, what) if sign == "^" else (what, held.above)
        before.append(Scripts(held.base, below, above, held.primes))

    def lowered(self) -> Box:
        rest = self.text[self.at :]
        if not self.latex and rest[:1] != "{":
            if digits := re.match(r"\d+", rest):
                self.at += digits.end()
                return Num(digits[0])
            if found := _RUN.match(rest):
                self.at += found.end()
                return name(found[0])
        return self.braced()

    def raised(self) -> Box:
        rest = self.text[self.at :]
        if not self.latex and rest[:1] == "(":
            fence = self.bracketed("(")
            assert isinstance(fence, Fence)
            # an index of an example keeps its brackets: x^(i)
            return fence if re.match(r"\([A-Za-z]\)", rest) else fence.inside
        if not self.latex and rest[:1] in ("-", "−"):
            self.at += 1
            return row(Sign("-", "prefix"), self.raised())
        if not self.latex and (digits := re.match(r"\d+(?:\.\d+)?", rest)):
            self.at += digits.end()
            return Num(digits[0])
        return self.braced()

    def braced(self) -> Box:
        if self.at >= len(self.text):
            self.fail("an argument is missing at the end")
        return self.group() if self.text[self.at] == "{" else self.argument()

    @abstractmethod
    def command(self) -> Box | None:
        """What a backslash begins; None where that prints nothing."""


def _large(box: Box) -> bool:
    base = box.base if isinstance(box, Scripts) else box
    return isinstance(base, Sign) and base.text in LARGE


def _apart(before: Box, box: Box) -> bool:
    """Whether a space that was typed between the two is seen: between factors."""
    return _operand(before) and _operand(box) and not isinstance(box, Fence)


def _operand(box: Box) -> bool:
    """Whether a sign behind it stands between two."""
    if isinstance(box, Sign):
        return box.text in "∞…⊤*′∗!" and box.kind == "plain"
    if isinstance(box, Row):
        return bool(box.items) and _operand(box.items[-1])
    if isinstance(box, Scripts) and isinstance(box.base, Sign):
        return box.base.text not in LARGE
    return not (isinstance(box, Word) and (box.face == "function" or box == _SLASH)) and not isinstance(box, Prose)
