"""A tree into steps, as typed: nothing is folded, simplified or shared."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ChalkgradError, NotationError, ShapeError, TooLarge, caret, nearest
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, number
from chalkgrad.ir.registry import lookup
from chalkgrad.notation.fit import check_elementwise, check_product, inverted, scalar, scalars
from chalkgrad.notation.functions import COMPARE_OPS, FOLDED, SIGN_OPS, Abstract
from chalkgrad.notation.parameters import constant, entries, index, parameter
from chalkgrad.notation.powers import check_power, transposed_number
from chalkgrad.notation.refusal import quote, refuse
from chalkgrad.notation.sizes import MAX_RANK
from chalkgrad.notation.tree import (
    Binary,
    Call,
    Compare,
    Component,
    Constant,
    Index,
    Literal,
    Name,
    Node,
    Num,
    Sequence,
    Slice,
    Span,
    SumOver,
    Transpose,
    Unary,
)
from chalkgrad.ops.examples import sum_over

MAX_ELEMENTS = 50_000_000
MAX_STEPS = 16_000
LOGICAL = frozenset({"logical_and", "logical_or", "logical_not", "indicator", "equal", "not_equal"})


@final
@dataclass(frozen=True, slots=True)
class Operand:
    """A lowered value. `row` marks `x^T` of an array with one axis, which NumPy cannot tell from x."""

    atom: Atom
    row: bool = False


@final
class Lowering:
    """Writes the steps of stage after stage into one Builder.

    `arrays` are the operands of products that have axes. `decided` keeps, for every node whose meaning hung on
    a shape, what it turned out to be: "matmul" for a product, "product" for `z[x + y]` where z is a number.
    """

    def __init__(
        self, source: str, builder: Builder, bases: Mapping[str, int], abstract: Abstract | None = None
    ) -> None:
        self.source = source
        self.abstract = abstract or Abstract()
        self.builder = builder
        self.bases = bases
        self.names: dict[str, Operand] = {}
        self.decided: dict[int, str] = {}
        self.arrays: set[Node] = set()
        self.hint = ""
        self.root: Node | None = None

    def stage(self, tree: Node, hint: str) -> Operand:
        """Lower one formula; its last step bears `hint`."""
        self.hint, self.root = hint, tree
        todo: list[tuple[Node, int]] = [(tree, -1)]
        done: list[Operand] = []
        while todo:
            node, count = todo.pop()
            if count < 0 and (below := self._operands(node)):
                todo.append((node, len(below)))
                todo.extend([(child, -1) for child in reversed(below)])
                continue
            place = len(done) - max(count, 0)
            args = done[place:]
            del done[place:]
            done.append(self._lower(node, args))
        return done[-1]

    def _operands(self, node: Node) -> tuple[Node, ...]:
        """The nodes under this one that are values; the others are parameters."""
        match node:
            case Unary():
                return () if node.sign == "-" and isinstance(node.operand, Num) else (node.operand,)
            case Binary():
                return (node.right,) if _natural(node) else (node.left, node.right)
            case Compare():
                return node.operands
            case Call():
                return node.args[: self._arity(node)]
            case Index():
                return (node.base, *node.items) if self._plain(node) else (node.base,)
            case Transpose():
                return (node.operand,)
            case Sequence():
                return node.items
            case SumOver():
                return (node.body,)
            case _:
                return ()

    def _arity(self, node: Call) -> int:
        """How many arguments are values: all, where the op takes any number or is folded."""
        op = self._op(node)
        if op.arity < 0 or (node.function.op in FOLDED and len(node.args) > 1):
            return len(node.args)
        return min(op.arity, len(node.args))

    def _op(self, node: Call) -> Any:
        function = node.function
        return self.abstract.op(function.word, len(node.args)) if function.abstract else lookup(function.op)

    def _plain(self, node: Index) -> bool:
        """Whether the bracket could hold a factor too: one item that is no whole number, slice or list."""
        if len(node.items) != 1 or isinstance(node.items[0], (Slice, Sequence, Literal)):
            return False
        try:
            constant(node.items[0])
        except ValueError:
            return True
        return False

    # one node, once its operands are lowered

    def _lower(self, node: Node, args: list[Operand]) -> Operand:
        match node:
            case Num():
                return Operand(number(node.value))
            case Constant():
                return Operand(number(math.e if node.name == "e" else math.pi))
            case Name():
                return self.names[node.name]
            case Component():
                return self._component(node)
            case Unary():
                if not args:
                    assert isinstance(node.operand, Num)
                    return Operand(number(-node.operand.value))
                return self._bind("negative" if node.sign == "-" else "logical_not", node, args)
            case Binary():
                return self._binary(node, args)
            case Compare():
                return self._compare(node, args)
            case Call():
                return self._call(node, args)
            case Index():
                return self._index(node, args)
            case Transpose():
                return self._transpose(node, args[0])
            case Sequence():
                return self._stack(node, args)
            case SumOver():
                return self._bind(sum_over(node.index, node.last), node, args)
            case Literal() | Slice():
                found = quote(self.source, node.span)
                raise NotationError(f"{found} is a parameter, and no value of a formula", self.source, node.span)

    def _binary(self, node: Binary, args: list[Operand]) -> Operand:
        if _natural(node):
            return self._bind("exp", node, args)
        if node.sign == "^" and isinstance(node.left, Index) and self.decided.get(id(node.left)) == "product":
            base, inner = quote(self.source, node.left.base.span), quote(self.source, node.left.items[0].span)
            raise refuse(self.source, node.span, f"({base}·({inner}))^…", f"{base}·(({inner})^…)")
        if node.sign == "*":
            self.arrays.update([n for n, a in zip((node.left, node.right), args, strict=True) if a.atom.type.shape])
        if node.sign == "^" and inverted(*[a.atom for a in args]):
            return self._bind("inv", node, args[:1])
        if node.sign == "^":
            check_power(self.source, node, *[a.atom for a in args])
        if node.sign not in ("", "@"):
            return self._bind(SIGN_OPS[node.sign], node, args)
        listed = next((n for n in (node.right, node.left) if isinstance(n, Sequence) and n.bracket == "("), None)
        if listed is not None:
            called, inside = quote(self.source, node.left.span), quote(self.source, listed.span)
            problem = f"{called} is no function here, and {inside} are several values, with no product"
            if isinstance(node.left, Name):
                problem += f"; a function that is not given is named so: --abstract {called}"
            raise NotationError(problem, self.source, listed.span)
        left, right = args
        a, b = left.atom.type.shape, right.atom.type.shape
        if node.sign == "" and (a == () or b == () or (_unit(a, b) or _unit(b, a))):
            return self._bind("multiply", node, args)
        return self._product(node, left, right)

    def _product(self, node: Binary, left: Operand, right: Operand) -> Operand:
        """The matrix product; with one row among two arrays of one axis, the inner or the outer one."""
        names = self._called(node)
        a, b = left.atom.type.shape, right.atom.type.shape
        if right.row and not left.row and len(a) == 1:
            self.decided[id(node)] = "matmul"
            return self._bind("outer", node, [Operand(left.atom), Operand(right.atom)])
        if right.row:
            problem = f"{names[1]} is a row here, and {names[0]} is {dims_text(a)}: that product has no meaning"
            raise self._located(ShapeError(problem), node.span)
        try:
            check_product(a, b, names)
        except ShapeError as error:
            raise self._located(error, node.span) from None
        self.decided[id(node)] = "matmul"
        out = self._bind("matmul", node, [Operand(left.atom), Operand(right.atom)])
        return Operand(out.atom, left.row and len(out.atom.type.shape) == 1)

    def _compare(self, node: Compare, args: list[Operand]) -> Operand:
        pairs = list(zip(node.signs, args, args[1:], strict=False))
        if len(pairs) == 1:
            return self._bind(COMPARE_OPS[node.signs[0]], node, args)
        whole: Operand | None = None
        for place, (sign, left, right) in enumerate(pairs):
            one = self._bind(COMPARE_OPS[sign], node, [left, right], inner=True)
            last = place == len(pairs) - 1
            whole = one if whole is None else self._bind("logical_and", node, [whole, one], inner=not last)
        assert whole is not None
        return whole

    def _call(self, node: Call, args: list[Operand]) -> Operand:
        word, op = node.function.word, self._op(node)
        if node.function.op in FOLDED and len(args) > 1:
            name = FOLDED[node.function.op]
            params = self._params(node, lookup(name), ())
            whole = args[0]
            for place, right in enumerate(args[1:]):
                whole = self._bind(name, node, [whole, right], params, inner=place < len(args) - 2)
            return whole
        if 0 <= len(args) < op.arity:
            many = "argument" + "s" * (op.arity != 1)
            problem = f"'{word}' takes {op.arity} {many}, {len(args)} stand here"
            raise NotationError(problem, self.source, node.span)
        if node.function.op in FOLDED and args[0].atom.type.shape == ():
            raise NotationError(f"'{word}' takes an array, or two or more numbers", self.source, node.span)
        return self._bind(op, node, args, self._params(node, op, node.args[len(args) :]))

    def _params(self, node: Call, op: Any, positional: tuple[Node, ...]) -> Mapping[str, Any]:
        """The parameters of a call: those by place first, then those by name."""
        allowed = list(op.params)
        if len(positional) > len(allowed):
            takes = f"{op.arity} argument{'s' * (op.arity != 1)}"
            problem = f"'{node.function.word}' takes {takes}, {len(node.args)} stand here"
            raise NotationError(problem, self.source, positional[len(allowed)].span)
        params: dict[str, Any] = {}
        for name, value in [*zip(allowed, positional, strict=False), *node.keywords]:
            if name not in op.params:
                known = f"it has {', '.join(allowed)}" if allowed else "it has none"
                hint = nearest(name, allowed) or f"; {known}"
                raise NotationError(f"'{node.function.word}' has no parameter '{name}'{hint}", self.source, value.span)
            if name in params:
                raise NotationError(f"'{name}' is given twice", self.source, value.span)
            params[name] = parameter(self.source, value)
        return {name: params[name] for name in allowed if name in params} or NO_PARAMS

    def _index(self, node: Index, args: list[Operand]) -> Operand:
        base = args[0]
        shape = base.atom.type.shape
        if self._plain(node) and shape == ():
            self.decided[id(node)] = "product"
            return self._bind("multiply", node, args)
        where = index(self.source, node.items)
        if shape == ():
            called, inner = quote(self.source, node.base.span), quote(self.source, node.items[0].span)
            problem = f"{called} is a number: it has no entry {inner}; for a product write {called}·{inner}"
            raise NotationError(problem, self.source, node.span)
        if entries(shape, where) > MAX_ELEMENTS:
            raise TooLarge(f"this index gives more than {MAX_ELEMENTS} entries", self.source, node.span)
        return self._bind("index", node, [base], {"index": where})

    def _component(self, node: Component) -> Operand:
        base = self.names[node.array]
        shape, first = base.atom.type.shape, self.bases[node.array]
        where = tuple([k - first for k in node.subscripts])
        if len(shape) == 2 and shape[1] == 1 and len(where) == 1:
            where = (*where, 0)
        called = quote(self.source, node.span)
        if len(where) != len(shape):
            problem = f"{node.array} is {dims_text(shape)}, so {called} is no single entry; write {node.array}[…]"
            raise NotationError(problem, self.source, node.span)
        for place, dim in zip(where, shape, strict=True):
            if place < 0 or (isinstance(dim, int) and place >= dim):
                last = f"{dim + first - 1}"
                problem = f"{called} is outside {node.array}, whose entries count from {first} to {last}"
                raise NotationError(problem, self.source, node.span)
        return self._bind("index", node, [base], {"index": where})

    def _transpose(self, node: Transpose, operand: Operand) -> Operand:
        rank = len(operand.atom.type.shape)
        if rank == 0 and not node.sure:
            raise transposed_number(self.source, node)
        if rank < 2:
            return Operand(operand.atom, rank == 1 and not operand.row)
        return self._bind("transpose", node, [operand])

    def _stack(self, node: Sequence, args: list[Operand]) -> Operand:
        """An array: a constant where every entry is one, else the op that joins them."""
        atoms = [a.atom for a in args]
        shapes = {a.type.shape for a in atoms}
        if len(atoms[0].type.shape) >= MAX_RANK:
            raise NotationError(f"an array has at most {MAX_RANK} axes", self.source, node.span)
        if len(shapes) > 1:
            first, other = [dims_text(s) for s in list(dict.fromkeys(a.type.shape for a in atoms))[:2]]
            problem = f"the entries of an array have one shape, not {first} and {other}"
            raise self._located(ShapeError(problem), node.span)
        if all(isinstance(a, Number) for a in atoms):
            return Operand(number(np.array([a.value for a in atoms if isinstance(a, Number)], dtype="float64")))
        return self._bind("stack", node, args)

    # one step

    def _bind(
        self,
        name: Any,
        node: Node,
        args: list[Operand],
        params: Mapping[str, Any] = NO_PARAMS,
        inner: bool = False,
    ) -> Operand:
        """One step; the last one of a stage bears the stage's name. `inner` steps are not the last of their node."""
        op = lookup(name) if isinstance(name, str) else name
        atoms = tuple([a.atom for a in args])
        hint = self.hint if node is self.root and not inner else ""
        if len(self.builder.steps) >= MAX_STEPS:
            raise TooLarge(f"the text asks for more than {MAX_STEPS} operations", self.source, node.span)
        try:
            row = any(a.row for a in args) and self._row(op, args, node)
            for place, atom in enumerate(atoms):
                self._dtype(op, place, atom, node)
            if op.elementwise and len(atoms) > 1 and any(a.type.shape for a in atoms):
                check_elementwise(_sign(node, op.name), atoms, self._called(node))
            origin = Origin(self.source, node.span)
            return Operand(self.builder.bind(op, *atoms, params=params, hint=hint, origin=origin), row)
        except NotationError:
            raise
        except ChalkgradError as error:
            if isinstance(error, ShapeError) and isinstance(node, Call) and not op.elementwise and scalars(atoms):
                called = self._called(node)[0]
                problem = f"'{op.name}' takes an array, and {called} is a number here: declare {called} in R^n"
                error = ShapeError(f"{problem}, or give it as an array")
            raise self._located(error, node.span) from None
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            problem = f"'{op.name}' cannot take this: {str(error).splitlines()[0] if str(error) else 'wrong kind'}"
            raise NotationError(problem, self.source, node.span) from None

    def _row(self, op: Any, args: list[Operand], node: Node) -> bool:
        """Whether the result is a row; a row beside what is none has no meaning."""
        if not op.elementwise:
            return False
        if any(not a.row and not scalar(a.atom.type.shape) for a in args):
            raise ShapeError(f"a row beside a column: {' and '.join(self._called(node)[:2])}")
        return True

    def _dtype(self, op: Any, place: int, atom: Atom, node: Node) -> None:
        """A truth is no number, and a number no truth."""
        truth = atom.type.dtype == "bool"
        wants = (op.name == "where" and place == 0) or op.name in ("logical_and", "logical_or", "logical_not")
        wants = wants or op.name == "indicator"
        if truth and not (wants or op.name in LOGICAL or op.name in ("index", "transpose", "reshape", "stack")):
            problem = "a comparison is no number; 1{…} makes it 1 or 0"
            raise NotationError(problem, self.source, self._child(node, place).span)
        if wants and not truth:
            problem = "a condition is expected here, such as x > 0"
            raise NotationError(problem, self.source, self._child(node, place).span)

    def _child(self, node: Node, place: int) -> Node:
        below = self._operands(node)
        return below[place] if place < len(below) else node

    def _called(self, node: Node) -> list[str]:
        """What a person wrote for each operand."""
        below = [quote(self.source, n.span) for n in self._operands(node)]
        return below if len(below) > 1 else [*below, *below, *below]

    def _located(self, error: ChalkgradError, span: Span) -> ChalkgradError:
        return type(error)(f"{error}\n{caret(self.source, span)}")


def _natural(node: Binary) -> bool:
    return node.sign == "^" and isinstance(node.left, Constant) and node.left.name == "e"


def _unit(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    """Whether `a` is 1×1 beside a `b` that it does not multiply as a matrix."""
    return scalar(a) and len(a) <= len(b) and len(b) > 1 and b[0] != 1


def _sign(node: Node, name: str) -> str:
    return (node.sign or "·") if isinstance(node, Binary) else name
