"""A text into its lines: which one is the signature, which are stages, which only declare a shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from chalkgrad.errors import NotationError
from chalkgrad.ir.dims import Shape
from chalkgrad.notation.functions import function
from chalkgrad.notation.kinds import EQUAL, refuse_identity, refuse_line, unlabelled
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.refusal import quote
from chalkgrad.notation.sizes import Components, components, shape
from chalkgrad.notation.tree import Span


@final
@dataclass(frozen=True, slots=True)
class Stage:
    """`name = formula`, or a bare formula where `name` is empty.

    `args` are the names in brackets behind the name; `named` tells a stage that is called after a function
    (`s(y) = …`) from a signature.
    """

    word: str
    args: tuple[Token, ...]
    named: bool
    span: Span
    tokens: tuple[Token, ...]

    @property
    def name(self) -> str:
        """The name as printed."""
        return f"{self.word}({', '.join([t.text for t in self.args])})" if self.named else self.word

    @property
    def signature(self) -> bool:
        """Whether this line says what the inputs are."""
        return bool(self.args) and not self.named


@final
@dataclass(frozen=True, slots=True)
class Declared:
    """`x in R^n`."""

    name: str
    shape: Shape
    span: Span


@final
@dataclass(frozen=True, slots=True)
class Statements:
    """Everything that a text says, in its order."""

    stages: tuple[Stage, ...]
    shapes: tuple[Declared, ...]
    components: tuple[Components, ...]
    order: tuple[Stage | Declared | Components, ...]

    def with_shapes(self, solved: Mapping[str, Shape]) -> Statements:
        """With the shapes that were solved for, of inputs that are not declared; stages need no declaration then."""
        stages = {stage.name for stage in self.stages}
        kept = [one for one in self.shapes if one.name not in stages]
        known = {one.name for one in (*kept, *self.components)} | stages
        more = [Declared(name, shape, (0, 0)) for name, shape in solved.items() if name not in known]
        order = [line for line in self.order if not (isinstance(line, Declared) and line.name in stages)]
        return replace(self, shapes=(*kept, *more), order=tuple(order))


def statements(source: str, tokens: Sequence[Token]) -> Statements:
    """Part the tokens of a whole text.

    Raises NotationError where a line is neither a formula nor a declaration.
    """
    lines = _lines(source, tokens)
    if not lines:
        raise NotationError("there is no formula here", source, (0, 0))
    found: list[Stage | Declared | Components] = []
    for line in lines:
        found.extend(_statement(source, line))
    if sum([isinstance(s, Stage) for s in found]) > 1:
        found = [_named(s) if isinstance(s, Stage) else s for s in found]
    elif alone := next((s for s in found if isinstance(s, Stage)), None):
        refuse_identity(source, alone.word, alone.args, alone.tokens, alone.span)
    stages = [s for s in found if isinstance(s, Stage)]
    if not stages:
        solved = "; `chalkgrad shapes` solves for shapes" if isinstance(found[0], Declared) else ""
        raise NotationError(f"there is no formula here, only declarations{solved}", source, found[0].span)
    for stage in stages[:-1]:
        if not stage.word:
            problem = "this line has no name, so its result is lost: write 'q = …', or put it last"
            raise NotationError(problem, source, stage.span)
    shapes = tuple([s for s in found if isinstance(s, Declared)])
    return Statements(tuple(stages), shapes, tuple([s for s in found if isinstance(s, Components)]), tuple(found))


def _named(stage: Stage) -> Stage:
    """Among several lines, `s(y) = …` is a stage that is called so where s is known as a function."""
    return replace(stage, named=len(stage.args) == 1 and function(stage.word) is not None)


def _lines(source: str, tokens: Sequence[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        if token.kind == "break":
            if depth and token.text == ";":
                raise NotationError("';' parts two lines, and a bracket is still open", source, token.span)
            if not depth:
                lines.append([])
        elif token.kind != "end":
            depth = max(0, depth + (token.kind == "open") - (token.kind == "close"))
            lines[-1].append(token)
    return [line for whole in lines if (line := unlabelled(_unpunctuated(whole)))]


def _unpunctuated(line: list[Token]) -> list[Token]:
    """Without the comma that ends it, as in the lines of a derivation."""
    return line[:-1] if len(line) > 1 and line[-1].kind == "comma" else line


def _statement(source: str, line: list[Token]) -> list[Stage | Declared | Components]:
    depth = 0
    equals: list[int] = []
    inside: int | None = None
    for place, token in enumerate(line):
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "equals" and depth == 0:
            equals.append(place)
        if depth == 0 and inside is None and _in(line, place):
            inside = place
    if inside is not None and not equals:
        return _all_declared(source, line)
    refuse_line(source, line, equals)
    if len(equals) > 1:
        problem = f"a second = in one line: write one formula a line, and == for a comparison; {EQUAL}"
        raise NotationError(problem, source, line[equals[1]].span)
    stop = line[-1].stop
    if not equals:
        return [Stage("", (), False, (line[0].start, stop), (*line, _end(stop)))]
    head, body = line[: equals[0]], line[equals[0] + 1 :]
    if not body:
        raise NotationError("nothing stands behind this =", source, line[equals[0]].span)
    if len(head) == 1 and (found := components(source, head[0], body)):
        return [found]
    word, args, shapes = _head(source, head, line[equals[0]])
    return [*shapes, Stage(word, args, False, (head[0].start, head[-1].stop), (*body, _end(stop)))]


def _end(at: int) -> Token:
    return Token("end", "", at, at, True)


def _in(line: Sequence[Token], place: int) -> bool:
    """Whether `in` or `∈` stands at `place`, between names and the name of a set."""
    token = line[place]
    before = line[place - 1] if place else None
    apart = before is not None and before.stop < token.start
    if token.kind != "in" and not (token.kind == "word" and token.text == "in" and apart):
        return False
    after = line[place + 1] if place + 1 < len(line) else None
    return before is not None and before.kind == "word" and after is not None and after.text in ("R", "ℝ")


def _all_declared(source: str, line: Sequence[Token]) -> list[Stage | Declared | Components]:
    """`x in R^n`, or several, each with a name and a set of its own, parted by commas."""
    found: list[Stage | Declared | Components] = []
    start, inside = 0, -1
    cut = 0
    for place, token in enumerate(line):
        if token.kind == "comma":
            cut = place
        if _in(line, place):
            if inside >= 0:
                if cut < inside:
                    break
                found += _declared(source, line[start:cut], inside - start)
                start = cut + 1
            inside = place
    return [*found, *_declared(source, line[start:], inside - start)]


def _declared(source: str, line: Sequence[Token], inside: int) -> list[Declared]:
    whole = (line[0].start, line[-1].stop)
    dims = shape(source, line[inside + 1 :], whole)
    names = line[:inside]
    for place, token in enumerate(names):
        if token.kind != ("comma" if place % 2 else "word"):
            raise NotationError("before 'in' stand names, parted by commas", source, token.span)
    return [Declared(token.text, dims, token.span) for token in names[::2]]


def _head(source: str, head: Sequence[Token], equals: Token) -> tuple[str, tuple[Token, ...], tuple[Declared, ...]]:
    """The name on the left of =, its arguments, and the shapes declared among them."""
    if not head:
        raise NotationError("a name stands on the left of =", source, equals.span)
    whole = (head[0].start, head[-1].stop)
    problem = f"on the left of = stands a name, or a name and its arguments, not '{quote(source, whole)}'; {EQUAL}"
    if head[0].kind != "word" or head[0].value.chained:
        raise NotationError(problem, source, whole)
    if len(head) == 1:
        return head[0].text, (), ()
    if head[1].text != "(" or head[-1].text != ")" or len(head) < 4:
        raise NotationError(problem, source, whole)
    args: list[Token] = []
    shapes: list[Declared] = []
    seen: set[str] = set()
    part: list[Token] = []
    depth = 0
    for token in (*head[2:-1], Token("comma", ",", head[-1].start, head[-1].stop, False)):
        if token.kind == "comma" and depth == 0:
            if not part or part[0].kind != "word" or (len(part) > 1 and not _in(part, 1)):
                span = (part[0].start, part[-1].stop) if part else token.span
                raise NotationError(f"the arguments of a function are names; {EQUAL}", source, span)
            if part[0].text in seen:
                raise NotationError(f"the argument '{part[0].text}' stands twice", source, part[0].span)
            seen.add(part[0].text)
            args.append(part[0])
            if len(part) > 1:
                shapes += _declared(source, part, 1)
            part = []
        else:
            depth += (token.kind == "open") - (token.kind == "close")
            part.append(token)
    return head[0].text, tuple(args), tuple(shapes)
