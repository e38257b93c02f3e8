"""The trees of a text as rules over shapes: what each node asks of the nodes around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.ir.dims import Shape as Dims
from chalkgrad.ir.dims import size
from chalkgrad.ir.names import index_of
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.notation.functions import FOLDED
from chalkgrad.notation.parameters import parameter
from chalkgrad.notation.refusal import quote
from chalkgrad.notation.rules import Beside, Matrix, Product, Rule, equate
from chalkgrad.notation.statements import Statements
from chalkgrad.notation.tree import (
    Binary,
    Call,
    Compare,
    Component,
    Constant,
    Index,
    Name,
    Node,
    Num,
    Sequence,
    SumOver,
    Transpose,
    Unary,
    children,
)
from chalkgrad.notation.unify import Reason, Sizes

# Shapes of named sizes that an op is tried on, to learn what it does to shapes: a square matrix, then a column.
P, Q, R = size("·p"), size("·q"), size("·r")
TRIALS: Mapping[int, tuple[tuple[Dims, ...], ...]] = {
    1: (((P, Q),), ((P, P),), ((P,),)),
    2: (((P, Q), (Q, R)), ((P, Q), (P, Q)), ((P, P), (P, Q)), ((P,), (P,)), ((P,), (Q,))),
}


@final
class Walk:
    """Collects the rules of stage after stage, and then applies them."""

    def __init__(self, source: str, sizes: Sizes, found: Statements) -> None:
        self.source, self.sizes = source, sizes
        self.names: dict[str, Matrix] = {}
        self.sums: list[SumOver] = []
        self.rules: list[Rule] = []
        self.first = found.stages[0].span
        declared = {one.name for one in (*found.shapes, *found.components)}
        self.settled_names = declared | {stage.name for stage in found.stages}

    def _fresh(self) -> Matrix:
        return self.sizes.fresh(), self.sizes.fresh()

    def _number(self) -> Matrix:
        return self.sizes.known(1), self.sizes.known(1)

    def name(self, name: str) -> Matrix:
        """The shape of a name."""
        if name not in self.names:
            self.names[name] = self._fresh()
        return self.names[name]

    def stage(self, name: str, tree: Node) -> None:
        """The rules of one equation."""
        todo: list[tuple[Node, bool]] = [(tree, False)]
        done: dict[int, Matrix] = {}
        while todo:
            node, entered = todo.pop()
            below = self._values(node)
            if not entered and below:
                todo.append((node, True))
                todo.extend([(child, False) for child in reversed(below)])
                continue
            done[id(node)] = self._node(node, [done[id(child)] for child in below])
        words = f"both sides of '{name} =' have one shape" if name else "the formula's shape"
        equate(self.sizes, self.name(name or "·"), done[id(tree)], words, tree.span)

    def _values(self, node: Node) -> tuple[Node, ...]:
        """The nodes below that have shapes; the others are parameters."""
        match node:
            case Call():
                count = lookup(node.function.op).arity if not node.function.abstract else -1
                folded = node.function.op in FOLDED and len(node.args) > 1
                return node.args if count < 0 or folded else node.args[:count]
            case Index():
                return (node.base,)
            case _:
                return children(node)

    def _node(self, node: Node, args: list[Matrix]) -> Matrix:
        match node:
            case Num() | Constant():
                return self._number()
            case Name():
                return self.name(node.name)
            case Component():
                if len(node.subscripts) == 1:
                    reason = Reason(f"{node.array} has entries with one subscript, so it is a column", node.span)
                    self.sizes.merge(self.name(node.array)[1], self.sizes.known(1), reason)
                return self._number()
            case Unary():
                return args[0]
            case SumOver():
                self.sums.append(node)
                return args[0]
            case Transpose():
                return args[0][1], args[0][0]
            case Binary():
                return self._binary(node, *args)
            case Compare():
                return self._beside(node, list(node.operands), args, node.signs[0])
            case Call():
                return self._call(node, args)
            case Index():
                whole = all(isinstance(item, (Num, Unary)) for item in node.items)
                return self._number() if whole else self._fresh()
            case Sequence():
                return self._listed(node, args)
            case _:
                found = quote(self.source, node.span)
                raise NotationError(f"{found} is a parameter, and no value of a formula", self.source, node.span)

    def _binary(self, node: Binary, left: Matrix, right: Matrix) -> Matrix:
        called = quote(self.source, node.left.span), quote(self.source, node.right.span)
        if node.sign == "^":
            natural = isinstance(node.left, Constant)
            if natural or isinstance(node.right, (Num, Unary)):
                return right if natural else left
        if node.sign not in ("", "@"):
            return self._beside(node, [node.left, node.right], [left, right], _written(node, self.source))
        out = self._fresh()
        rule = Product(out, left, right, called, node.span, _capital(node))
        if node.sign == "@":
            rule.multiply(self.sizes)
        else:
            self.rules.append(rule)
        return out

    def _beside(self, node: Node, nodes: list[Node], args: list[Matrix], sign: str) -> Matrix:
        out, first = args[0], nodes[0]
        for operand, arg in zip(nodes[1:], args[1:], strict=True):
            lone = self._lone(first), self._lone(operand)
            made = self._fresh()
            self.rules.append(Beside(made, out, arg, sign, node.span, lone))
            out, first = made, node
        return out

    def _lone(self, node: Node) -> bool:
        """Whether it is a name to which no equation and no declaration gives a shape."""
        return isinstance(node, Name) and node.name not in self.settled_names

    def _call(self, node: Call, args: list[Matrix]) -> Matrix:
        if node.function.abstract:
            return self._fresh()
        op: Any = lookup(node.function.op)
        folded = node.function.op in FOLDED and len(node.args) > 1
        if op.elementwise or folded:
            return self._beside(node, list(self._values(node)), args, node.function.word) if len(args) > 1 else args[0]
        params = {name: parameter(self.source, value) for name, value in node.keywords}
        for trial in TRIALS.get(len(args), ()):
            try:
                (found,) = op.infer(tuple([ArrayType(shape) for shape in trial]), params)
            except (ChalkgradError, TypeError, ValueError, LookupError, AttributeError, AssertionError):
                continue
            return self._as_tried(node, args, trial, found.shape)
        return self._fresh()

    def _as_tried(self, node: Call, args: list[Matrix], trial: tuple[Dims, ...], result: Dims) -> Matrix:
        """What an op made of named sizes, said of the sizes that stand here."""
        words = f"{node.function.word}(…) wants this shape"
        met: dict[Any, int] = {}
        for arg, shape in zip(args, trial, strict=True):
            for side, dim in zip(arg, (*shape, 1), strict=False):
                other = met.setdefault(dim, side) if dim != 1 else self.sizes.known(1)
                self.sizes.merge(side, other, Reason(words, node.span))
        if len(result) > 2:
            return self._fresh()
        rows, columns = (*result, 1, 1)[:2]
        found = [met.get(dim, self.sizes.known(dim) if isinstance(dim, int) else -1) for dim in (rows, columns)]
        return (found[0], found[1]) if -1 not in found else self._fresh()

    def _listed(self, node: Sequence, args: list[Matrix]) -> Matrix:
        """`[a, b]` is a column of numbers, `[[a, b], [c, d]]` a matrix of its rows."""
        first = node.items[0]
        reason = Reason("the entries of an array have one shape", node.span)
        for arg in args[1:]:
            equate(self.sizes, args[0], arg, reason.words, node.span)
        if isinstance(first, Sequence):
            return self.sizes.known(len(args)), args[0][0]
        equate(self.sizes, args[0], self._number(), "the entries of an array are numbers", node.span)
        return self.sizes.known(len(args)), self.sizes.known(1)

    # applying them

    def settle(self, examples: int | None) -> None:
        """Apply the rules until nothing follows any more; then take the first reading that people mean, and go on.

        Raises Contradiction.
        """
        while True:
            before = (-1, -1)
            while before != (len(self.rules), self.sizes.merged):
                before = len(self.rules), self.sizes.merged
                self.rules = [rule for rule in self.rules if not rule.apply(self.sizes)]
            assumed = next((rule for rule in self._in_order() if rule.assume(self.sizes, examples)), None)
            if assumed is None and not self._columns():
                return
            if isinstance(assumed, Product):
                self.rules.remove(assumed)

    def _columns(self) -> bool:
        """One example is a column, where nothing says otherwise; whether that was news."""
        for name, (_, columns) in self.names.items():
            if index_of(name) and self.sizes.dim(columns) is None:
                self.sizes.merge(columns, self.sizes.known(1), Reason(f"{name} is one example, a column", self.first))
                return True
        return False

    def _in_order(self) -> list[Rule]:
        """Products before sums, so that what is added to is known; each in the order of the text."""
        return sorted(self.rules, key=lambda rule: isinstance(rule, Beside))

    def undecided(self) -> list[Product]:
        """Products that may be a scaling or the matrix product."""
        return [rule for rule in self.rules if isinstance(rule, Product)]


def _capital(node: Node) -> bool:
    """Whether a factor of this product is a name in capitals, which is what people call matrices."""
    todo = [node]
    while todo:
        factor = todo.pop()
        if isinstance(factor, Name) and factor.name[:1].isupper():
            return True
        if isinstance(factor, (Transpose, Unary)) or (isinstance(factor, Binary) and factor.sign in ("", "@")):
            todo.extend(children(factor))
    return False


def _written(node: Binary, source: str) -> str:
    between = source[node.left.span[1] : node.right.span[0]].strip(" ()[]{}\t\n$")
    return between if 0 < len(between) <= 6 and node.sign == "*" else node.sign
