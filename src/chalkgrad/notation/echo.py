"""A tree back into maths text: how it was understood, with every product explicit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

from chalkgrad.ir.dims import Dim, Shape, Size
from chalkgrad.notation.functions import DISPLAY
from chalkgrad.notation.tree import (
    Binary,
    Call,
    Compare,
    Component,
    Constant,
    Function,
    Index,
    Literal,
    Name,
    Node,
    Num,
    Sequence,
    Slice,
    SumOver,
    Transpose,
    Unary,
)

OR, AND, NOT, COMPARE, SUM, PRODUCT, MINUS, POWER, ATOM = range(1, 10)
LEVELS = {
    "+": SUM,
    "-": SUM,
    "*": PRODUCT,
    "": PRODUCT,
    "/": PRODUCT,
    "@": PRODUCT,
    "^": POWER,
    "∧": AND,
    "∨": OR,
}
SIGNS = {"+": " + ", "-": " - ", "/": "/", "∧": " ∧ ", "∨": " ∨ "}
BARS = {"abs": "|", "norm": "‖"}


def number_text(value: float) -> str:
    """A number that reads back as itself; whole ones without a point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def shape_text(shape: Shape) -> str:
    """`R`, `R^n`, `R^(m×n)`."""
    if not shape:
        return "R"
    if len(shape) == 1 and _size(shape[0]).isalnum():
        return f"R^{_size(shape[0])}"
    return f"R^({'×'.join([_size(dim) for dim in shape])})"


def components_text(name: str, base: int, shape: Shape) -> str:
    """`x = (x_1, x_2)`; long ones, and those of a named length, with `…`; `W = (W_{1,1}, …)`."""
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        return f"{name} = ({name}_{{{','.join([str(base)] * len(shape))}}}, …)"
    length = next(iter(shape))
    last = length + base - 1
    if isinstance(last, int) and isinstance(length, int):
        if length > 4:
            return f"{name} = ({name}_{base}, …, {name}_{last})"
        return f"{name} = ({', '.join([f'{name}_{base + k}' for k in range(length)])}{',' * (length == 1)})"
    terms = dict(last.terms) if isinstance(last, Size) else {}
    shift = terms.pop((), 0)
    if len(terms) != 1 or next(iter(terms.items()))[1] != 1 or len(next(iter(terms))) != 1:
        return f"{name} = ({name}_{base}, …)"
    ((size,),) = terms
    end = f"{{{size}{shift:+d}}}" if shift else (size if size.isalpha() else f"{{{size}}}")
    return f"{name} = ({name}_{base}, …, {name}_{end})"


def _size(dim: Dim) -> str:
    return str(dim).replace("·", "") if isinstance(dim, Size) else str(dim)


@final
class Echo:
    """Prints trees, given what their shapes decided."""

    def __init__(self, decided: Mapping[int, str], array: Callable[[Node], bool], taken: Callable[[str], bool]) -> None:
        self.decided = decided
        self.array = array
        self.taken = taken
        self.words: set[str] = set()
        self.inside: set[int] = set()  # what stands in a list, where [x] is a list too

    def text(self, tree: Node) -> str:
        """One line of maths text."""
        out: list[str] = []
        todo: list[tuple[Node, int] | str] = [(tree, 0)]
        while todo:
            item = todo.pop()
            if isinstance(item, str):
                out.append(item)
                continue
            node, least = item
            level, parts = self._parts(node)
            if level < least:
                parts = ["(", *parts, ")"]
            todo.extend(reversed(parts))
        return "".join(out)

    def _parts(self, node: Node) -> tuple[int, list[tuple[Node, int] | str]]:
        """How tightly a node binds, and its pieces: strings, and nodes with the least that they must bind."""
        match node:
            case Num():
                return ATOM, [number_text(node.value)]
            case Name() | Constant():
                return ATOM, [node.name]
            case Component():
                subs = ",".join([str(k) for k in node.subscripts])
                return ATOM, [f"{node.array}_{subs if len(node.subscripts) == 1 else '{' + subs + '}'}"]
            case Literal():
                return ATOM, [str(node.value)]
            case Unary():
                level = MINUS if node.sign == "-" else NOT
                return level, [node.sign, (node.operand, level + 1)]
            case Binary():
                return self._binary(node)
            case Compare():
                parts: list[tuple[Node, int] | str] = [(node.operands[0], SUM)]
                for sign, operand in zip(node.signs, node.operands[1:], strict=True):
                    parts += [f" {sign} ", (operand, SUM)]
                return COMPARE, parts
            case Call():
                return ATOM, self._call(node)
            case Index() if self.decided.get(id(node)) == "product":
                return PRODUCT, [(node.base, PRODUCT), "·", (node.items[0], PRODUCT + 1)]
            case Index():
                self.inside.update(map(id, node.items))
                return ATOM, [(node.base, ATOM), "[", *_listed(node.items), "]"]
            case Slice():
                parts = []
                for place, part in enumerate(node.parts):
                    parts += [":"] * bool(place) + ([(part, 0)] if part is not None else [])
                return ATOM, parts
            case Sequence():
                alone = len(node.items) == 1 and (node.bracket != "[" or id(node) not in self.inside)
                comma = [","] if alone else []
                self.inside.update(map(id, node.items))
                close = "]" if node.bracket == "[" else ")"
                return ATOM, ["[" if close == "]" else "(", *_listed(node.items), *comma, close]
            case SumOver():
                bounds = f"Σ_{{{node.index}=1}}^{{{node.last}}} " if node.last else f"Σ_{node.index} "
                return SUM, [bounds, (node.body, PRODUCT)]
            case Transpose():
                return ATOM, [(node.operand, ATOM), "^⊤" if node.sure or self.taken("T") else "^T"]

    def _binary(self, node: Binary) -> tuple[int, list[tuple[Node, int] | str]]:
        level = LEVELS[node.sign]
        if node.sign == "^":
            bare = isinstance(node.right, (Num, Component)) or (
                isinstance(node.right, Name) and node.right.name[0] != "T"
            )
            right: list[tuple[Node, int] | str] = [(node.right, 0)] if bare else ["(", (node.right, 0), ")"]
            return POWER, [(node.left, ATOM), "^", *right]
        matrix = self.decided.get(id(node)) == "matmul"
        sign = SIGNS.get(node.sign) or (" @ " if matrix else self._times(node))
        right_least = ATOM if isinstance(node.right, Unary) else level + 1
        # A ∘ B @ C is read from the left, but nobody should have to know that
        left_least = level + 1 if matrix and self._entries(node.left) else level
        return level, [(node.left, left_least), sign, (node.right, right_least)]

    def _entries(self, node: Node) -> bool:
        """Whether it is a product entry by entry, printed with ∘."""
        return (
            isinstance(node, Binary)
            and LEVELS[node.sign] == PRODUCT
            and node.sign != "/"
            and self.decided.get(id(node)) != "matmul"
            and self._times(node) == " ∘ "
        )

    def _times(self, node: Binary) -> str:
        return " ∘ " if self.array(node.left) and self.array(node.right) else "·"

    def _call(self, node: Call) -> list[tuple[Node, int] | str]:
        op = node.function.op
        if op == "indicator" and node.function.word == "1":
            return ["1{", *_listed(node.args), "}"]
        if node.function.word in BARS.values():
            bar = BARS[op]
            inner = node.args[0]
            nested = isinstance(inner, Call) and inner.function.word in BARS.values()
            return [bar, (inner, ATOM + 1 if nested else 0), bar]
        keywords: list[tuple[Node, int] | str] = []
        for place, (name, value) in enumerate(node.keywords):
            keywords += [", " if place or node.args else "", f"{name}=", (value, 0)]
        return [self.word(node.function), "(", *_listed(node.args), *keywords, ")"]

    def word(self, function: Function) -> str:
        """What a function is called in print: its name in maths, unless something else bears that name here."""
        short = DISPLAY.get(function.op, function.op)
        word = function.word if self.taken(short) else short
        self.words.add(word)
        return word


def _listed(items: tuple[Node, ...]) -> list[tuple[Node, int] | str]:
    parts: list[tuple[Node, int] | str] = []
    for place, item in enumerate(items):
        parts += [", "] * bool(place) + [(item, 0)]
    return parts
