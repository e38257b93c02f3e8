"""Placing the transposes that a formula leaves out, by trial: the fewest that make it fit, and be right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from chalkgrad.notation.examples import walk
from chalkgrad.notation.tree import Binary, Call, Name, Node, SumOver, Transpose, Unary, children

MOST_LEAVES = 7
MOST_TURNED = 3
# how the product entry by entry is written where it is meant for certain
CIRCLES = ("∘", "⊙", "circ", "odot")


def variants(tree: Node, source: str) -> Iterator[Node]:
    """The formula with factors transposed; then with `*` read as the matrix product too."""
    leaves = [node for node in walk(tree) if isinstance(node, Name)][:MOST_LEAVES]
    for joined in (False, True):
        for count in range(MOST_TURNED + 1):
            for turned in combinations(leaves, count):
                if joined or count:
                    yield _rebuilt(tree, source, {id(node) for node in turned}, joined)


def without_sum(tree: Node) -> Node:
    """The formula with every Σ left out."""
    return _mapped(tree, lambda node, _: node.body if isinstance(node, SumOver) else node)


def _rebuilt(tree: Node, source: str, turned: set[int], joined: bool) -> Node:
    def change(node: Node, before: Node) -> Node:
        if id(before) in turned:
            return Transpose(node, True, node.span)
        if isinstance(node, Binary) and joined and node.sign == "*":
            between = source[node.left.span[1] : node.right.span[0]]
            return node if any(sign in between for sign in CIRCLES) else replace(node, sign="")
        return node

    return _mapped(tree, change)


def _mapped(tree: Node, change: Callable[[Node, Node], Node]) -> Node:
    """The tree with every node changed, from the leaves up; `change` is given the new node and what it was."""
    todo: list[tuple[Node, bool]] = [(tree, False)]
    made: dict[int, Node] = {}
    while todo:
        node, entered = todo.pop()
        if not entered:
            todo.append((node, True))
            todo.extend([(child, False) for child in children(node)])
            continue
        made[id(node)] = change(_with(node, made), node)
    return made[id(tree)]


def _with(node: Node, made: Mapping[int, Node]) -> Node:
    """The node over what its children became."""
    match node:
        case Unary() | Transpose():
            return replace(node, operand=made[id(node.operand)])
        case Binary():
            return replace(node, left=made[id(node.left)], right=made[id(node.right)])
        case SumOver():
            return replace(node, body=made[id(node.body)])
        case Call():
            return replace(node, args=tuple([made[id(arg)] for arg in node.args]))
        case _:
            return node
