"""LaTeX into the tokens of plain maths text, so that one parser reads both.

White space decides nothing: `\\frac` says what is divided, braces say what is raised.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn, final

from chalkgrad.errors import NotationError
from chalkgrad.notation import lexer
from chalkgrad.notation.characters import PRIMES, letter
from chalkgrad.notation.commands import (
    ACCENTS,
    BARS,
    DELIMITERS,
    DOTS,
    FUNCTIONS,
    LETTERS,
    LINES,
    MATRICES,
    SILENT,
    SILENT_WITH_ARGUMENT,
    SIZES,
    UNREAD,
    WORDS,
)
from chalkgrad.notation.commands import SIGNS as COMMAND_SIGNS
from chalkgrad.notation.lexer import Token, Word
from chalkgrad.notation.sums import over
from chalkgrad.notation.tables import Table
from chalkgrad.notation.tree import Span

MAX_DEPTH = 32
COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
ENVIRONMENT = re.compile(r"\{([a-z]+)(\*?)\}(?:\{[^{}]{0,64}\})?")
GROUP = re.compile(r"\s*\{([^{}]{0,128})\}")
ROOT = re.compile(r"\s*\[\s*([^\]]{0,16}?)\s*\]")
BASE = re.compile(r"\s*_\s*(?:\{\s*(2|10)\s*\}|(2))")
STAR = re.compile(r"\^(?:[*∗⋆]|\\ast(?![A-Za-z])|\\star(?![A-Za-z])|\{\s*(?:[*∗⋆]|\\ast|\\star)\s*\})")
TRANSPOSE = re.compile(
    r"\^(?:\\top(?![A-Za-z])|\\intercal(?![A-Za-z])|⊤|\{\s*(?:\\top|\\intercal|⊤|\\mathsf\{T\})\s*\})"
)
INVERSE_TRANSPOSE = re.compile(r"\^\{\s*-\s*(?:\\top|\\intercal|⊤|\\mathsf\{T\})\s*\}")
SUBSCRIPT = re.compile(r"[^\S\n]*_[^\S\n]*")
SPACE = re.compile(r"(?:[^\S\n]|~)+")
CONDITION = re.compile(r"^(?:if|when|for)?$")
OTHERWISE = re.compile(r"^(?:otherwise|else|o\.?w\.?)\.?,?$")


def is_latex(text: str) -> bool:
    """Whether a text is LaTeX: it has a backslash or a dollar sign."""
    return "\\" in text or "$" in text


def lex(text: str) -> list[Token]:
    """The tokens of a LaTeX text, ending in an `end`.

    Raises NotationError at the first command that is not read.
    """
    return _Lexer(text).run()


@final
class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out: list[Token] = []
        self.groups: list[str] = []  # what each open brace is for: group, over, under, raised
        self.wanted = ""  # the argument that comes next, or nothing
        self.lines = 0  # how many environments of lines are open
        self.tables: list[tuple[Table, list[Token]]] = []

    def run(self) -> list[Token]:
        text, size = self.text, len(self.text)
        while self.at < size:
            self._next(text[self.at])
        if self.wanted:
            self._fail("an argument is missing at the end", (max(0, size - 1), size))
        if self.tables:
            self._fail(f"this {self.tables[-1][0].kind} is never ended", self.tables[-1][0].token.span)
        return [*self.out, Token("end", "", size, size, False)]

    def _fail(self, problem: str, span: Span) -> NoReturn:
        raise NotationError(problem, self.text, span)

    def _put(self, kind: str, text: str, start: int, stop: int, value: object = None) -> None:
        self.out.append(Token(kind, text, start, stop, False, value))

    def _next(self, char: str) -> None:
        text, at = self.text, self.at
        if space := SPACE.match(text, at):
            self.at = space.end()
        elif char == "$":
            self.at += 1
        elif char == "\n":
            self.at += 1
            if not self.lines and not self.groups and not self.tables:
                self._put("break", "\n", at, at + 1)
        elif char == "." and (stop := lexer.STOP.match(text, at)):
            self.at = stop.end()
        elif char in "%#":
            end = text.find("\n", at)
            self.at = len(text) if end < 0 else end
        elif char == "{":
            self._put("open", "{", at, at + 1)
            self.groups.append(self.wanted or "group")
            self.wanted, self.at = "", at + 1
        elif char == "}":
            if not self.groups:
                self._fail("'}' stands here, and no brace is open", (at, at + 1))
            if self.wanted:
                self._fail("an argument is missing before this brace", (at, at + 1))
            self._put("close", "}", at, at + 1)
            self.at += 1
            self._done(self.groups.pop(), at)
        elif self.wanted:
            self._single(at)
        else:
            self._item(char)

    def _single(self, at: int) -> None:
        """An argument without braces is one sign, as TeX takes it."""
        kind, self.wanted = self.wanted, ""
        char = self.text[at]
        if char in "0123456789" and kind == "raised" and self.text[at + 1 : at + 2].isdecimal():
            self._fail("TeX raises the first digit only: write ^{…}", (at - 1, at + 2))
        self._put("open", "{", at, at)
        before = len(self.out)
        if char in "0123456789":
            self._put("number", char, at, at + 1, float(char))
            self.at += 1
        elif letter(char):
            self._name(letter(char), at, at + 1, alone=True)
        else:
            self._item(char)
        if len(self.out) != before + 1 or self.wanted or self.out[-1].kind not in ("word", "number"):
            self._fail("an argument of more than one sign stands in braces", (at, self.at))
        self._put("close", "}", self.at, self.at)
        self._done(kind, self.at)

    def _done(self, kind: str, at: int) -> None:
        """What follows an argument that has ended."""
        if kind == "over":
            self._put("sign", "/", at, at)
            self.wanted = "under"
        elif kind == "under":
            self._put("close", "}", at, at)

    def _item(self, char: str) -> None:
        text, at = self.text, self.at
        if char == "\\":
            self._command(at)
        elif char == "&":
            self.at += 1
            if self.tables:
                self.tables[-1][0].rows[-1].append(self._cell())
        elif both := INVERSE_TRANSPOSE.match(text, at):  # the inverse, and then its transpose
            self._put("super", "-1", at, both.end(), -1.0)
            self._put("transpose", "^⊤", at, both.end(), True)
            self.at = both.end()
        elif top := TRANSPOSE.match(text, at):
            self._put("transpose", "^⊤", at, top.end(), True)
            self.at = top.end()
        elif char in "Σ∑" and (found := over(text, at)):
            self._put("over", "Σ", at, found[1], found[0])
            self.at = found[1]
        elif letter(char):
            stop = at
            while stop < len(text) and stop - at <= lexer.MAX_RUN and letter(text[stop]):
                stop += 1
            self._name("".join([letter(c) for c in text[at:stop]]), at, stop)
        elif char == "^":
            self._put("sign", "^", at, at + 1)
            self.at += 1
            self.wanted = "raised"
        else:
            token = lexer.token(text, at, False)
            self.out.append(token)
            self.at = token.stop

    # names

    def _name(self, base: str, start: int, stop: int, alone: bool = False) -> None:
        """A word: its letters, then digits, a subscript, primes and a star; `alone` takes none of these."""
        text, name, places = self.text, base, [start] * len(base)
        if stop - start == len(base):
            places = list(range(start, stop))
        while not alone and stop < len(text) and text[stop] in "0123456789" and base != "ℝ":
            name, stop = name + text[stop], stop + 1
        if not alone and (found := SUBSCRIPT.match(text, stop)):
            subscript, stop = self._subscript(found.end(), start)
            name += "_" + subscript
        while not alone and stop < len(text):
            if text[stop] in PRIMES:
                name, stop = name + PRIMES[text[stop]], stop + 1
            elif star := STAR.match(text, stop):
                name, stop = name + "^*", star.end()
            else:
                break
        places += [stop - 1] * (len(name) - len(places))
        self._put("word", name, start, stop, Word(tuple(places), False))
        self.at = stop

    def _subscript(self, at: int, start: int) -> tuple[str, int]:
        """A subscript in the form that plain text keeps it in, and where it ends."""
        text = self.text
        if text[at : at + 1] == "\\" and (command := COMMAND.match(text, at)):
            stop, inside = command.end(), text[at : command.end()]
        elif text[at : at + 1] == "{":
            depth, stop = 0, at
            while stop < len(text) and stop - at <= 2 * lexer.MAX_RUN:
                depth += (text[stop] == "{") - (text[stop] == "}")
                stop += 1
                if depth == 0:
                    break
            if depth:
                self._fail("this subscript is never closed, or too long", (at, at + 1))
            inside = text[at + 1 : stop - 1]
        else:
            inside, stop = text[at : at + 1], min(at + 1, len(text))
        plain = COMMAND.sub(lambda m: LETTERS.get(m.group(1), "" if m.group(1) in SILENT else m.group()), inside)
        plain = re.sub(r"\\(?:mathrm|text|mathit)\{([^{}]*)\}", r"\1", plain)
        try:
            end, name = lexer.subscript("{" + plain + "}", 0)
        except NotationError as error:
            self._fail(error.problem, (start, stop))
        if end != len(plain) + 2:
            self._fail("this subscript has no meaning", (at, stop))
        return name, stop

    # commands

    def _command(self, at: int) -> None:
        found = COMMAND.match(self.text, at)
        if found is None:
            self._fail("a backslash with nothing behind it", (at, at + 1))
        name, stop = found.group(1), found.end()
        self.at = stop
        if name in COMMAND_SIGNS:
            token = lexer.token(COMMAND_SIGNS[name], 0, False)
            self._put(token.kind, token.text, at, stop)
        elif name in LETTERS:
            self._name(LETTERS[name], at, stop)
        elif name in FUNCTIONS:
            if name == "log" and (base := BASE.match(self.text, stop)):
                name, self.at = f"log{base.group(1) or base.group(2)}", base.end()
            self._put("word", name, at, self.at, Word((at,) * len(name), False))
        elif name in DELIMITERS:
            self._put("open" if DELIMITERS[name] in "([{" else "close", DELIMITERS[name], at, stop)
        elif name in BARS:
            self._put("bar", BARS[name], at, stop)
        elif name in DOTS:
            self._put("dots", "…", at, stop)
        elif name in ("frac", "dfrac", "tfrac"):
            self._put("open", "{", at, stop)
            self.wanted = "over"
        elif name == "sqrt":
            self._root(at, stop)
        elif name == "sum":
            self._sum(at, stop)
        elif name in ACCENTS:
            self._accent(name, at, stop)
        elif name in WORDS:
            self._styled(name, at, stop)
        elif name in SIZES:
            self.at = stop + (self.text[stop : stop + 1] == ".")
        elif name in SILENT_WITH_ARGUMENT:
            group = GROUP.match(self.text, stop)
            self.at = group.end() if group else stop
        elif name == "\\":
            self._row(at, stop)
        elif name in ("begin", "end"):
            self._environment(name == "begin", at, stop)
        elif name not in SILENT:
            advice = UNREAD.get(name, "")
            self._fail(f"\\{name} is not read{': ' if advice else ''}{advice}", (at, stop))

    def _sum(self, at: int, stop: int) -> None:
        found = over(self.text, at, stop)
        if found is None:
            self._fail(f"\\sum is not read: {UNREAD['sum']}", (at, stop))
        self._put("over", "Σ", at, found[1], found[0])
        self.at = found[1]

    def _root(self, at: int, stop: int) -> None:
        degree = ROOT.match(self.text, stop)
        if degree and degree.group(1) not in ("2", "3"):
            self._fail("roots are square or cube roots; for others write a power", (at, degree.end()))
        word = "cbrt" if degree and degree.group(1) == "3" else "sqrt"
        self._put("word", word, at, stop, Word((at,) * len(word), False))
        self.at = degree.end() if degree else stop
        self.wanted = "group"

    def _argument(self, at: int, stop: int) -> tuple[str, int]:
        """The plain argument of an accent or a style."""
        group = GROUP.match(self.text, stop)
        if group:
            inside, end = group.group(1).strip(), group.end()
        else:
            space = SPACE.match(self.text, stop)
            end = space.end() if space else stop
            command = COMMAND.match(self.text, end)
            inside = command.group() if command else self.text[end : end + 1]
            end += len(inside)
        if inside.startswith("\\"):
            inside = LETTERS.get(inside[1:], inside)
        if not inside:
            self._fail("an argument is missing", (at, stop))
        return inside, end

    def _accent(self, name: str, at: int, stop: int) -> None:
        inside, end = self._argument(at, stop)
        if not letter(inside[0]) or len(inside) > 1:
            self._fail(f"\\{name} stands over one letter", (at, end))
        self._name(unicodedata.normalize("NFC", letter(inside) + ACCENTS[name]), at, end)

    def _styled(self, name: str, at: int, stop: int) -> None:
        """`\\mathrm{num}` is a name, `\\text{if}` a word in a case, `\\mathbb{R}` a set."""
        inside, end = self._argument(at, stop)
        table = self.tables[-1][0] if self.tables else None
        if table is not None and table.kind == "cases" and name in ("text", "textrm", "mbox", "mathrm"):
            if CONDITION.match(inside):
                self.at = end
                return
            if OTHERWISE.match(inside):
                table.otherwise = True
                self.at = end
                return
        if inside == "1" and name in ("mathbb", "mathbf", "bm", "boldsymbol"):  # the indicator
            self._put("number", "1", at, end, 1.0)
            self.at = end
            return
        inside = inside.replace("\\_", "_")
        if name in ("mathbb", "mathbf", "bm", "boldsymbol", "mathcal"):
            style = {"mathbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT"}.get(name, "BOLD")
            inside = "".join([_in_style(c, style) for c in inside])
        if not all(letter(c) or c in "_0123456789" for c in inside) or not letter(inside[0]):
            self._fail(f"'{inside}' is no name", (at, end))
        self._name(inside, at, end)

    # environments

    def _environment(self, begins: bool, at: int, stop: int) -> None:
        found = ENVIRONMENT.match(self.text, stop)
        if found is None:
            self._fail("the name of an environment is missing", (at, stop))
        name = found.group(1)
        self.at = found.end()
        if name in LINES or name == "array":
            if not begins and not self.lines:
                self._fail(f"\\end{{{name}}} without its beginning", (at, self.at))
            self.lines += 1 if begins else -1
            if not self.lines and not begins:
                self._put("break", "\n", at, self.at)
        elif name not in MATRICES and name != "cases":
            self._fail(f"the environment {name} is not read", (at, self.at))
        elif begins:
            if len(self.tables) >= MAX_DEPTH:
                self._fail(f"more than {MAX_DEPTH} cases or matrices inside each other", (at, self.at))
            table = Table("cases" if name == "cases" else "matrix", Token("open", "(", at, self.at, False))
            self.tables.append((table, self.out))
            self.out = table.rows[-1][-1]
        elif not self.tables or (self.tables[-1][0].kind == "cases") != (name == "cases"):
            self._fail(f"\\end{{{name}}} without its beginning", (at, self.at))
        else:
            self._end_table(at)

    def _cell(self) -> list[Token]:
        self.out = []
        return self.out

    def _row(self, at: int, stop: int) -> None:
        if self.tables:
            table = self.tables[-1][0]
            if table.kind == "cases" and table.otherwise:
                self._fail("a row behind the one for all other cases", (at, stop))
            table.rows.append([self._cell()])
        elif not self.groups:
            self._put("break", "\n", at, stop)

    def _end_table(self, at: int) -> None:
        table, self.out = self.tables.pop()
        self.out.extend(table.tokens(self.text, at, self.at))


def _in_style(char: str, style: str) -> str:
    if not char.isascii() or not char.isalpha():
        return char
    case = "CAPITAL" if char.isupper() else "SMALL"
    for name in (f"MATHEMATICAL {style} {case} {char.upper()}", f"{style} {case} {char.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char
