"""The entry: maths text in, Program out, and how the text was understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.errors import NotationError, TooLarge, UnknownName, nearest
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import Shape
from chalkgrad.ir.program import Program
from chalkgrad.ir.types import ArrayType
from chalkgrad.notation.echo import Echo, components_text, shape_text
from chalkgrad.notation.examples import check_sums, numbered
from chalkgrad.notation.functions import CONSTANTS, Abstract, function, takes
from chalkgrad.notation.inputs import Inputs, plain_name
from chalkgrad.notation.kinds import EQUAL, of_stage, refuse_indices
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import lex
from chalkgrad.notation.lower import Lowering, Operand
from chalkgrad.notation.names import Scope
from chalkgrad.notation.pratt import parse
from chalkgrad.notation.refusal import refuse
from chalkgrad.notation.statements import Stage, Statements, statements
from chalkgrad.notation.tree import Node

MAX_BYTES = 64 * 1024
MAX_OPERANDS = 24_000
BARE_NAMES = ("f", "g", "h", "F", "G", "H")


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """A Program, and the text of how it was understood: declarations first, then one line a stage."""

    program: Program
    echo: tuple[str, ...]


def read(
    text: str,
    values: Mapping[str, Any] | None = None,
    abstract: Iterable[str] = (),
    shapes: Mapping[str, Shape] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Reading:
    """Read a function, staged lines or a bare expression.

    `values` declares names and gives their shapes; the numbers in it are not otherwise used. `abstract` names
    functions that are called in the text and not given. `shapes` are those of names that the text does not declare,
    where they were solved for; `sizes` the numbers of named sizes.
    Raises NotationError, with the place; UnknownName for a value that belongs to no input; ShapeError.
    """
    return _Reader(text, values or {}, abstract, shapes, sizes or {}).run()


def heading(text: str) -> tuple[str, tuple[str, ...]]:
    """What the function is called, and its inputs in their order: known before any shape is.

    Raises NotationError, with the place.
    """
    reader = _Reader(text, {}, (), None, {})
    order = reader.names()
    return reader.called(order), tuple(order)


@final
class _Reader:
    """One reading, from tokens to echo."""

    def __init__(
        self,
        source: str,
        values: Mapping[str, Any],
        abstract: Iterable[str],
        shapes: Mapping[str, Shape] | None,
        sizes: Mapping[str, int],
    ) -> None:
        if len(source) > MAX_BYTES or len(source.encode("utf-8", "surrogatepass")) > MAX_BYTES:
            raise TooLarge(f"the text is over {MAX_BYTES // 1024} KB")
        self.source = source
        self.latex = is_latex(source)
        tokens = numbered(lex_latex(source) if self.latex else lex(source), every=shapes is not None)
        self.numbered = any([t.kind == "over" or "^(" in t.text for t in tokens])
        if sum([t.kind in ("number", "word", "super") for t in tokens]) > MAX_OPERANDS:
            raise TooLarge(f"the text has more than {MAX_OPERANDS} names and numbers")
        refuse_indices(source, tokens, values)
        self.abstract = Abstract([plain_name(name, "abstract is said of") for name in abstract])
        self.found: Statements = statements(source, tokens)
        if shapes is not None:
            self.found = self.found.with_shapes(shapes)
        self.inputs = Inputs(source, self.found, values, sizes)
        signed = [stage for stage in self.found.stages if stage.signature]
        self.scope = Scope(source, closed=bool(signed or values), abstract=self.abstract)
        self.output = signed[-1] if signed else self.found.stages[-1]
        self.signature = self._declare(signed)
        self.trees: list[tuple[Stage, Node]] = []

    def _declare(self, signed: list[Stage]) -> dict[str, None]:
        """Tell the scope every name that is known beforehand; the arguments of signatures that are inputs."""
        scope = self.scope
        for stage in self.found.stages:
            name = stage.name
            if stage.word in self.abstract.names:
                problem = f"'{stage.word}' is named abstract, and defined here; its formula is given by --let. {EQUAL}"
                raise NotationError(problem, self.source, stage.span)
            if name in scope.later:
                first = self.source.count("\n", 0, scope.later[name][0]) + 1
                problem = f"'{name}' is defined twice, first on line {first}"
                raise NotationError(problem, self.source, stage.span)
            if name:
                scope.later[name] = stage.span
            if stage.args:
                args = tuple([arg.text for arg in stage.args])
                scope.called.setdefault(stage.word, {})[args] = name
        signature: dict[str, None] = {}
        scope.signed = signed[-1].word if signed and not self.inputs.given else ""
        for stage in signed:
            for arg in stage.args:
                if arg.text == stage.name:
                    raise NotationError(f"'{arg.text}' is an argument of itself", self.source, arg.span)
                if arg.text not in scope.later:
                    scope.declare(arg.text, arg.span)
                    signature[arg.text] = None
            # in ℓ_y(h) the subscript is an argument too
            _, _, below = stage.word.rpartition("_")
            if len(below) == 1 and below.isalpha() and below not in scope.later:
                scope.declare(below, None)
        for name in self.inputs.given:
            if name in scope.later:
                raise UnknownName(f"'{name}' is a stage: it is computed, and takes no value")
            scope.declare(name, scope.inputs.get(name))
        for one in (*self.found.shapes, *self.found.components):
            if one.name in scope.later:
                problem = f"'{one.name}' is a stage: its shape follows from its formula"
                raise NotationError(problem, self.source, one.span)
            scope.declare(one.name, one.span)
        scope.leads = {one.lead: one.name for one in self.found.components if one.lead not in scope.inputs}
        for name in (*scope.inputs, *scope.later):
            if name in self.abstract.names:
                problem = f"'{name}' is named abstract: it is a function, and takes no value"
                raise NotationError(problem, self.source, scope.inputs.get(name))
        scope.arrays = {name for name in scope.inputs if self.inputs.shape(name)}
        return signature

    def run(self) -> Reading:
        """Names, trees, steps, echo."""
        return self._lower(self.names())

    def called(self, order: list[str]) -> str:
        """The name of the function."""
        return self.output.name or self._bare_name(order)

    def names(self) -> list[str]:
        """The trees of all stages; the inputs that they read, in the order in which they are declared or met."""
        scope = self.scope
        for line in self.found.order:
            if not isinstance(line, Stage):
                scope.used.setdefault(line.name)
                continue
            scope.current = line.name
            tree = parse(self.source, scope.resolve(line.tokens), self.latex)
            self.trees.append((line, tree))
            if line.name:
                scope.define(line.name, line.span)
        self._unused()
        self._swallowed()
        if self.numbered:
            check_sums(self.source, [(stage.name, tree) for stage, tree in self.trees])
        self.inputs.settle(scope.subscripts, scope.inputs)
        return [*self.signature, *[n for n in scope.used if n in scope.inputs and n not in self.signature]]

    def _unused(self) -> None:
        """Refuse a value for a name that the text does not have."""
        for name in self.inputs.given:
            if name not in self.signature and name not in self.scope.used:
                known = [n for n in self.scope.used if n in self.scope.inputs and n not in self.inputs.given]
                names = known or [n for n in self.scope.used if n in self.scope.inputs]
                whole = name.split("_")[0]
                hint = nearest(name, known[:100]) or (f"; the inputs are {', '.join(names[:8])}" if names else "")
                if whole in self.scope.arrays:
                    hint = f": it is an entry of {whole}, which takes the value"
                raise UnknownName(f"a value is given for '{name}', which is no input here{hint}", name)

    def _swallowed(self) -> None:
        """Refuse `h = gz` where nothing else reads the stage g: without declared names, gz is one name."""
        if self.scope.closed:
            return
        idle = [s.name for s in self.found.stages if s.name not in self.scope.used and s is not self.output]
        for stage in [name for name in idle if name][:100]:
            for name, span in self.scope.inputs.items():
                rest = name.removeprefix(stage) if name.startswith(stage) else name.removesuffix(stage)
                if rest != name and rest.isalpha() and name.isalpha() and span is not None:
                    other = f"the name {name}, which leaves {stage} unused"
                    raise refuse(self.source, span, f"{stage} {rest} (a product)", other)

    def _lower(self, order: list[str]) -> Reading:
        builder = Builder()
        lowering = Lowering(self.source, builder, self.inputs.bases, self.abstract)
        for name in order:
            var = builder.input(name, ArrayType(self.inputs.shape(name)))
            lowering.names[name] = Operand(var)
        bare = self._bare_name(order)
        for stage, tree in self.trees:
            lowering.names[stage.name or bare] = lowering.stage(tree, stage.name or bare)
        self._entries_of_stages(order, lowering)
        name = self.called(order)
        program = builder.program(name, lowering.names[name].atom)
        return Reading(program, tuple(self._echo(order, lowering, bare)))

    def _bare_name(self, order: list[str]) -> str:
        taken = {*order, *self.scope.stages, *self.abstract.names}
        names = [*BARE_NAMES, *[f"f_{k}" for k in range(len(taken) + 1)]]
        return next(name for name in names if name not in taken)

    def _entries_of_stages(self, order: list[str], lowering: Lowering) -> None:
        """Refuse `q_1` for an input where q turned out to be an array."""
        for name in order:
            whole, _, digits = name.rpartition("_")
            if whole in self.scope.stages and digits.isdecimal() and lowering.names[whole].atom.type.shape:
                problem = f"{whole} is an array; its entries are written {whole}[…], counted from 0"
                raise NotationError(problem, self.source, self.scope.inputs[name])

    # how it was understood

    def _echo(self, order: list[str], lowering: Lowering, bare: str) -> list[str]:
        shapes = {name: operand.atom.type.shape for name, operand in lowering.names.items()}
        echo = Echo(lowering.decided, lowering.arrays.__contains__, shapes.__contains__)
        lines = [(stage, echo.text(tree)) for stage, tree in self.trees]
        signed = self._signs(order, echo.words)
        out = list(self._declarations(order, all_of_them=not signed))
        for stage, text in lines:
            name = stage.name or bare
            head = f"{name}({', '.join(order)})" if signed and stage is self.output else name
            out.append(f"{head} = {text}")
        return out

    def _signs(self, order: list[str], words: set[str]) -> bool:
        """Whether the echo can bear a signature: every name must then still be read as one."""
        if not order or self.output.named:
            return False
        if len(self.trees) > 1 and len(order) == 1 and function(self.output.name) is not None:
            return False
        if not self.output.args and (takes(self.output.word, len(order)) or of_stage(self.output.word)):
            return False  # `tanh(x) = …` would be an identity, `ds(x) = …` a gradient
        if self.scope.closed:
            return True
        if len(order) + len(self.scope.stages) > 1000:
            return False
        closed = Scope(self.source, True, self.abstract)
        closed.arrays, closed.leads = self.scope.arrays, self.scope.leads
        for name in order:
            closed.declare(name, None)
        for name in self.scope.stages:
            closed.define(name, (0, 0))
        printed = [*order, *[s.word for s, _ in self.trees if s.word and not s.named], *words, *CONSTANTS]
        return all(closed.whole(word) for word in printed)

    def _declarations(self, order: list[str], all_of_them: bool) -> Iterator[str]:
        some = any(self.inputs.shape(name) for name in order) or (self.found.shapes and all_of_them)
        for name in order:
            shape, base = self.inputs.shape(name), self.inputs.bases.get(name)
            if (base is None or len(shape) != 1) and (shape or (some and all_of_them)):
                yield f"{name} ∈ {shape_text(shape)}"
            if base is not None:
                yield components_text(name, base, shape)
