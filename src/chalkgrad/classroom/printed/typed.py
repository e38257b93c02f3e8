"""A formula as boxes, just as it was typed: LaTeX or maths text, for print and for nothing else.

Nothing is computed from it, so it may hold what no function holds: `∂L/∂f`, `x ∈ ℝ^n`, `1, …, n`, half an equation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from typing import final

from chalkgrad.classroom.printed.commands import BINARY, BRACKETS, ENDS, RELATIONS, SPACES, SYMBOLS, styled
from chalkgrad.classroom.printed.reader import Reader
from chalkgrad.errors import NotationError
from chalkgrad.notation.commands import ACCENTS, BARS, DELIMITERS, DOTS, FUNCTIONS, LETTERS, LINES, SIZES, WORDS
from chalkgrad.notation.commands import SIGNS as COMMAND_SIGNS
from chalkgrad.render.maths import ACCENTS as MARKS
from chalkgrad.render.maths import (
    Accented,
    Box,
    Fence,
    Grid,
    Over,
    Prose,
    Root,
    Row,
    Scripts,
    Sign,
    SignKind,
    Word,
    row,
)

MOST = 4000  # letters of one formula
_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_RAW = re.compile(r"\s*\{([^{}]*)\}")
_ENVIRONMENT = re.compile(r"\s*\{([A-Za-z]+)\*?\}(?:\{[^{}]{0,64}\})?")
_LINES = re.compile(r"\\begin\{([a-z]+)\*?\}(.*)\\end\{\1\*?\}", re.DOTALL)


def typed(text: str, names: Collection[str] = ()) -> Box:
    """The boxes of one line. `names` are the function's: they tell `num` from n·u·m where letters stand together.

    Raises NotationError for what cannot be set.
    """
    lines = typed_lines(text, names)
    if len(lines) > 1:
        raise NotationError("several lines stand where one is set", text)
    return lines[0] if lines else Row(())


def typed_lines(text: str, names: Collection[str] = ()) -> tuple[Box, ...]:
    """The boxes of every line of an `aligned` or of lines that `\\\\` ends.

    Raises NotationError for what cannot be set.
    """
    if len(text) > MOST:
        raise NotationError(f"a formula of more than {MOST} letters is not set")
    text = unicodedata.normalize("NFC", text).strip()
    while (found := _LINES.fullmatch(text)) and found[1] in LINES:
        text = found[2].strip()
    return _Typed(text, names).lines()


@final
class _Typed(Reader):
    """The commands of LaTeX."""

    def command(self) -> Box | None:
        found = _COMMAND.match(self.text, self.at)
        if found is None:
            self.fail("a backslash stands at the end")
        word = found[1]
        self.at = found.end()
        if special := _SPECIAL.get(word):
            return special(self)
        if word in LETTERS:
            return Word(LETTERS[word], "upright" if word[0].isupper() else "italic")
        if word in FUNCTIONS:
            return Word(word, "function")
        if word in COMMAND_SIGNS or word in SYMBOLS:
            return self.sign_command(COMMAND_SIGNS.get(word) or SYMBOLS[word])
        if word in SPACES:
            return Sign(SPACES[word]) if SPACES[word] else None
        if word in DOTS:
            return Sign("…")
        if word in ACCENTS:
            return Accented(self.argument(), MARKS[ACCENTS[word]])
        if word in WORDS:
            return self.words(word)
        if word in SIZES:
            self.space()
            self.take(".")  # \left. and \right. are nothing
            return None
        if word in DELIMITERS or word in BARS:
            return self.delimiter(DELIMITERS.get(word) or BARS[word])
        self.at = found.start()
        self.fail(f"the command \\{word} is not known here")

    def sign_command(self, sign: str) -> Box:
        kind: SignKind = "relation" if sign in RELATIONS else "binary" if sign in BINARY else "plain"
        return Sign(sign, kind)

    def delimiter(self, sign: str) -> Box:
        """A bracket that is a command: `\\{ … \\}`."""
        if sign in "|‖":
            return Sign(sign)
        if sign not in BRACKETS:
            self.fail(f"'{sign}' stands here, and nothing is open")
        ends = frozenset({"\\}", "\\right\\}", "\\rbrace"} if sign == "{" else {"]", "\\rbrack"})
        inside = self.row(ends | {"\\right."})
        for end in sorted(ends, key=len, reverse=True):
            if self.take(end):
                return Fence(sign, inside, BRACKETS[sign])
        self.take("\\right.")
        return Fence(sign, inside, "")

    def words(self, word: str) -> Box:
        found = _RAW.match(self.text, self.at)
        if found is None:
            return self.argument()
        self.at = found.end()
        raw = found[1]
        if word in ("text", "textrm", "textit", "mbox"):
            words, space = Prose(raw.strip()), Sign(" ")
            return row(*([space] if raw[:1].isspace() else []), words, *([space] if raw[-1:].isspace() else []))
        if word == "operatorname":
            return Word(raw.strip(), "function")
        if word in ("mathbb", "mathcal", "mathbf", "bm", "boldsymbol") and raw.strip().isalpha():
            return Word("".join([styled(char, word) for char in raw.strip()]), "upright")
        if raw.strip().replace(" ", "").isalnum():
            return Word(raw.strip(), "upright")
        self.at = found.start()
        return self.argument()

    def fraction(self) -> Box:
        return Over(self.argument(), self.argument())

    def root(self) -> Box:
        self.space()
        cube = self.take("[3]")
        return Root(self.argument(), cube)

    def under(self) -> Box:
        below, base = self.argument(), self.argument()
        return Scripts(base, below=below)

    def over(self) -> Box:
        above, base = self.argument(), self.argument()
        return Scripts(base, above=above)

    def begin(self) -> Box:
        found = _ENVIRONMENT.match(self.text, self.at)
        if found is None:
            self.fail("\\begin needs its environment in braces")
        kind, self.at = found[1], found.end()
        end = f"\\end{{{kind}}}"
        if kind not in ENDS:
            if kind in LINES:
                self.fail(f"'{kind}' stands alone in its formula")
            self.fail(f"the environment {kind} is not known here")
        rows: list[tuple[Box, ...]] = []
        while not self.take(end):
            cells: list[Box] = [self.row(frozenset({"&", "\\\\", end}))]
            while self.take("&"):
                cells.append(self.row(frozenset({"&", "\\\\", end})))
            if not self.take("\\\\") and not self.text.startswith(end, self.at):
                self.fail(f"\\begin{{{kind}}} is never ended")
            rows.append(tuple(cells))
        wide = max(map(len, rows), default=0)
        rows = [cells + (Row(()),) * (wide - len(cells)) for cells in rows if cells != (Row(()),)]
        return Grid(tuple(rows), ENDS[kind], left=kind == "cases")


_SPECIAL: dict[str, Callable[[_Typed], Box | None]] = {
    "frac": _Typed.fraction,
    "dfrac": _Typed.fraction,
    "tfrac": _Typed.fraction,
    "sqrt": _Typed.root,
    "underset": _Typed.under,
    "overset": _Typed.over,
    "substack": _Typed.argument,
    "begin": _Typed.begin,
}
