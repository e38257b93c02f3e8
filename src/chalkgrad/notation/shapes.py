"""Shapes solved, not declared: from the equations and what is known, the shape of every name, and why.

Sizes are numbers or names, made equal in a union-find; a name declared `R^n` is a column n×1. What cannot be decided is
left open and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from chalkgrad.errors import ChalkgradError, NotationError, ShapeError, TooLarge, UnknownName, caret, nearest
from chalkgrad.ir.dims import Dim, size
from chalkgrad.ir.names import index_of, together
from chalkgrad.notation.characters import letter
from chalkgrad.notation.equations import Walk
from chalkgrad.notation.examples import check_sums, dependence, numbered
from chalkgrad.notation.examples import walk as nodes
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import lex
from chalkgrad.notation.names import Scope
from chalkgrad.notation.pratt import parse
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.refusal import quote
from chalkgrad.notation.rules import Matrix
from chalkgrad.notation.statements import Declared, Stage, Statements, statements
from chalkgrad.notation.tree import Node, Span, SumOver
from chalkgrad.notation.unify import Contradiction, Reason, Sizes

# What a loss is called, where nothing else says what is differentiated.
LOSSES = frozenset({"J", "L", "ℓ", "Loss", "loss", "cost", "E", "C"})
MOST_REASONS = 6
# each assumption looks at every rule once more
MOST_OPERANDS = 600
GIVEN = ", as given"
Solved = tuple[Dim | str, Dim | str]


@final
@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one name: rows and columns, each a size or `?1` where it is not determined.

    `every` is the shape over all examples, and `together` what they are called then, where the name has one for each
    (`x^(i)` is D_x×1, X is D_x×m); `why` names what says so; `components` tells an array whose entries may be `x_1`.
    """

    name: str
    shape: Solved
    given: bool
    why: tuple[str, ...]
    together: str = ""
    every: Solved | None = None
    components: bool = False

    @property
    def determined(self) -> bool:
        """Whether both sizes are known."""
        return not any(isinstance(dim, str) for dim in self.shape)


@final
@dataclass(frozen=True, slots=True)
class Solution:
    """Every name's shape, in the order of the text, and what is to be said about it.

    `examples` is how many there are, where the text numbers them; `depends` tells which names hang on the example,
    `bases` where the subscripts of an array's entries begin.
    """

    shapes: tuple[Shape, ...]
    examples: str
    notes: tuple[str, ...]
    depends: Mapping[str, frozenset[str]]
    bases: Mapping[str, int]


def solve(text: str, units: Mapping[str, Dim] | None = None, loss: str = "", examples: str = "") -> Solution:
    """Solve for the shapes of all names in `text`, which holds equations and declarations such as `x in R^(D x 1)`.

    `units` gives a layer's size, the rows of a name; `loss` names what is differentiated, a number; `examples` the
    size along which examples stand as columns, by default the upper bound of a Σ. Raises NotationError for a text that
    cannot be read, UnknownName, and ShapeError where two equations contradict each other, both shown.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TooLarge(f"the text is over {MAX_BYTES // 1024} KB")
    return _Solver(text).run(units or {}, loss, examples)


@final
class _Solver:
    def __init__(self, source: str) -> None:
        self.source = source
        latex = is_latex(source)
        tokens = numbered(lex_latex(source) if latex else lex(source), every=True)
        if sum(t.kind in ("number", "word", "super") for t in tokens) > MOST_OPERANDS:
            raise TooLarge(f"shapes are solved for texts of up to {MOST_OPERANDS} names and numbers")
        self.found: Statements = statements(source, tokens)
        self.scope = self._scope()
        self.trees: list[tuple[Stage, Node]] = []
        for line in self.found.order:
            if not isinstance(line, Stage):
                self.scope.used.setdefault(line.name)
                continue
            self.scope.current = line.name
            self.trees.append((line, parse(source, self.scope.resolve(line.tokens), latex)))
            if line.name:
                self.scope.define(line.name, line.span)
                self.scope.used.setdefault(line.name)
        named = [(stage.name, tree) for stage, tree in self.trees]
        check_sums(source, named)
        self.depends = dependence(named)
        self.sizes = Sizes()

    def _scope(self) -> Scope:
        scope = Scope(self.source, closed=any(stage.signature for stage in self.found.stages))
        for stage in self.found.stages:
            if stage.name in scope.later:
                raise NotationError(f"'{stage.name}' is defined twice", self.source, stage.span)
            if stage.name:
                scope.later[stage.name] = stage.span
            if stage.named:
                scope.called.setdefault(stage.word, {})[tuple([t.text for t in stage.args])] = stage.name
            for arg in stage.args if stage.signature else ():
                scope.declare(arg.text, arg.span)
        for one in (*self.found.shapes, *self.found.components):
            if one.name not in scope.later:
                scope.declare(one.name, one.span)
        scope.arrays = {one.name for one in self.found.components}
        scope.arrays |= {one.name for one in self.found.shapes if len(one.shape) == 1}
        scope.leads = {one.lead: one.name for one in self.found.components if one.lead not in scope.inputs}
        return scope

    def run(self, units: Mapping[str, Dim], loss: str, examples: str) -> Solution:
        """Rules from the trees, then what is known, then what follows; then what people mean."""
        walk = Walk(self.source, self.sizes, self.found)
        try:
            for stage, tree in self.trees:
                walk.stage(stage.name, tree)
            self._declare(walk)
            for name, rows in units.items():
                mine = walk.names.get(name)
                if mine is None:
                    raise UnknownName(
                        f"units are given for '{name}', which does not stand here{nearest(name, walk.names)}"
                    )
                where = self.scope.stages.get(name) or self.scope.inputs.get(name) or (0, 0)
                self.sizes.merge(mine[0], self.sizes.known(rows), Reason(f"{name} has {rows} units{GIVEN}", where))
            over = self._examples(walk, examples)
            self._loss(walk, loss)
            walk.settle(None if over is None else self.sizes.known(over))
        except Contradiction as found:
            raise self._contradiction(found) from None
        return self._solution(walk, "" if over is None else str(over))

    def _declare(self, walk: Walk) -> None:
        for one in self.found.shapes:
            if len(one.shape) > 2:
                raise NotationError("shapes are solved for numbers, columns and matrices", self.source, one.span)
            rows, columns = (*one.shape, 1, 1)[:2]
            self._fix(walk.name(one.name), (rows, columns), one)
        for many in self.found.components:
            length = many.length
            if length is not None:
                mine = walk.name(many.name)
                reason = Reason(f"{many.name} is declared with {length} entries", many.span)
                self.sizes.merge(mine[0], self.sizes.known(length), reason)

    def _fix(self, mine: Matrix, shape: tuple[Dim, Dim], one: Declared) -> None:
        reason = Reason(f"{one.name} is declared", one.span)
        for node, dim in zip(mine, shape, strict=True):
            self.sizes.merge(node, self.sizes.known(dim), reason)

    def _examples(self, walk: Walk, said: str) -> Dim | None:
        """How many examples there are: what is said, else the bound of a Σ, else m where Σ has none."""
        bounds = [node.last or "m" for node in walk.sums]
        name = said or (bounds[0] if bounds else "")
        if not name:
            columns = [one.shape[1] for one in self.found.shapes if len(one.shape) == 2]
            return size("m") if size("m") in columns else None
        for node in walk.sums:
            if node.last and node.last in walk.names:
                reason = Reason(f"{node.last} counts the examples", node.span)
                for side in walk.names[node.last]:
                    self.sizes.merge(side, self.sizes.known(1), reason)
        return int(name) if name.isdecimal() else size(name)

    def _loss(self, walk: Walk, said: str) -> None:
        """What is differentiated is a number."""
        if said and said not in walk.names:
            raise UnknownName(f"there is no '{said}' here{nearest(said, walk.names)}")
        last, tree = self.trees[-1]
        name = said or (last.name if last.name in LOSSES or _sums(tree) else "")
        if name:
            span = self.scope.stages.get(name) or last.span
            for side in walk.names[name]:
                self.sizes.merge(
                    side, self.sizes.known(1), Reason(f"{name} is differentiated, so it is a number", span)
                )

    def _contradiction(self, found: Contradiction) -> ChalkgradError:
        lines = [f"these contradict each other: a size would be {found.one} and {found.other}"]
        shown: dict[Span, Reason] = {}
        for reason in found.path:
            shown.setdefault(reason.span, reason)
        reasons = list(shown.values())
        if len(reasons) > MOST_REASONS:
            reasons = [*reasons[: MOST_REASONS // 2], *reasons[-(MOST_REASONS // 2) :]]
        for reason in reasons:
            line = self.source.count("\n", 0, reason.span[0]) + 1
            lines += [f"line {line}: {reason.words}", caret(self.source, reason.span)]
        return ShapeError("\n".join(lines))

    # what came out

    def _solution(self, walk: Walk, examples: str) -> Solution:
        open_sizes: dict[int, str] = {}

        def dim(node: int) -> Dim | str:
            known = self.sizes.dim(node)
            return (
                known if known is not None else open_sizes.setdefault(self.sizes.root(node), f"?{len(open_sizes) + 1}")
            )

        given = {one.name for one in self.found.shapes}
        over: Dim = int(examples) if examples.isdecimal() else size(examples or "m")
        taken = set(walk.names)
        out: list[Shape] = []
        numbered_names = any(index_of(name) for name in walk.names)
        for name in [n for n in self.scope.used if n in walk.names]:
            rows, columns = walk.names[name]
            solved: Solved = (dim(rows), dim(columns))
            why = ("given",) if name in given else self._why(walk.names[name])
            called, every = "", None
            if numbered_names and (index_of(name) or self.depends.get(name)) and solved[1] == 1:
                capital = together(name)
                called, every = (name if capital in taken else capital), (solved[0], over)
            out.append(Shape(name, solved, name in given, why, called, every, name in self.scope.arrays))
        notes = [f"{s.name} is not determined" for s in out if not s.determined]
        notes += [f"{quote(self.source, rule.span)}: {rule.doubt}" for rule in walk.undecided()]
        hang = {**{n: frozenset({index_of(n)}) for n in walk.names if index_of(n)}, **self.depends}
        bases = {name: min(used) for name, used in self.scope.subscripts.items()}
        bases |= {one.name: one.base for one in self.found.components}
        return Solution(tuple(out), examples if numbered_names else "", tuple(notes), hang, bases)

    def _why(self, mine: Matrix) -> tuple[str, ...]:
        """The equations that give the rows, then the columns: the nearest of each."""
        found: dict[str, None] = {}
        for node in mine:
            reasons = self.sizes.why(node)
            if reasons:
                near = reasons[0]
                found.setdefault(near.words if near.words.endswith(GIVEN) else self._line(near.span))
        return tuple(found)

    def _line(self, span: Span) -> str:
        """The equation that a place stands in."""
        for stage, _ in self.trees:
            stop = max(stage.tokens[-1].stop, stage.span[1])
            if stage.span[0] <= span[0] < stop:
                return quote(self.source, (stage.span[0], stop))
        start = self.source.rfind("\n", 0, span[0]) + 1
        end = self.source.find("\n", start)
        return quote(self.source, (start, len(self.source) if end < 0 else end))


def known(shape: Solved) -> tuple[Dim, Dim]:
    """A solved shape's two sizes.

    Raises ShapeError where one is not determined.
    """
    rows, columns = shape
    if isinstance(rows, str) or isinstance(columns, str):
        raise ShapeError(f"the shape {rows}×{columns} is not determined")
    return rows, columns


def read_units(texts: Mapping[str, str | int] | None) -> dict[str, Dim]:
    """`{"a1": "D_a1"}`: a size's name, or a whole number from 1.

    Raises NotationError.
    """
    out: dict[str, Dim] = {}
    for name, said in (texts or {}).items():
        word = str(said).strip()
        if word.isdecimal() and 0 < int(word) < 2**31:
            out[name] = int(word)
        elif word and letter(word[0]) and all(letter(c) or c in "0123456789_{}" for c in word):
            out[name] = size(word)
        else:
            raise NotationError(f"the units of {name} are a size: a whole number or a name such as D_a1, not {word!r}")
    return out


def _sums(tree: Node) -> bool:
    return any(isinstance(node, SumOver) for node in nodes(tree))
