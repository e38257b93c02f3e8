"""Examples that are numbered: `x^(i)`, and the sum `Σ_i` over all of them.

A sum over examples is written `Σ_i`, `Σ_{i=1}^{m}`, `∑`, `sum_{i=1}^{m}` or `\\sum_{i=1}^{m}`. Where it binds i, or
where `x^(i) in R^n` declares it, `x^(i)` is one name; elsewhere it is a power.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalkgrad.errors import NotationError
from chalkgrad.ir.names import base_of, index_of
from chalkgrad.notation.lexer import Token, Word
from chalkgrad.notation.refusal import quote, refuse
from chalkgrad.notation.tree import Binary, Name, Node, SumOver, Unary, children


def numbered(tokens: Sequence[Token], every: bool = False) -> list[Token]:
    """The tokens, with `x^(i)` as one word where i numbers examples; with `every`, wherever i is a single letter."""
    if not any([token.text == "^" for token in tokens]):
        return list(tokens)
    bound = {token.value.over for token in tokens if token.kind == "over"}
    declared = {i for at in range(len(tokens)) if (i := _declares(tokens, at))}
    out: list[Token] = []
    at = 0
    while at < len(tokens):
        found = _raised(tokens, at)
        if found is None or not (every or found[0] in bound or found[0] in declared):
            out.append(tokens[at])
            at += 1
            continue
        index, stop, behind = found
        base, end = tokens[at], tokens[stop - 1]
        text = f"{base.text}^({index})"
        places = (*base.value.places, *[base.stop] * (len(text) - len(base.text)))
        last = tokens[behind[0] - 1].stop if behind else end.stop
        out.append(Token("word", text, base.start, last, base.spaced, Word(places, base.value.chained)))
        out.extend([tokens[k] for k in behind])
        at = stop
    return out


def _raised(tokens: Sequence[Token], at: int) -> tuple[str, int, list[int]] | None:
    """Index, end, and the places of a transpose inside: `x^(i)`, `x^{(i)}`, `x^{(i)^T}`."""
    if tokens[at].kind != "word" or at + 5 > len(tokens) or tokens[at + 1].text != "^":
        return None
    at += 2
    braced = tokens[at].text == "{"
    at += braced
    inside = tokens[at : at + 3]
    if [t.text for t in inside[::2]] != ["(", ")"] or not _index(inside[1]):
        return None
    at += 3
    behind: list[int] = []
    if braced:
        start = at
        while at < len(tokens) - 1 and at - start < 5 and not _closes(tokens[start : at + 1]):
            at += 1
        behind = list(range(start, at))
        top = [tokens[k] for k in behind if tokens[k].text not in ("{", "}")]
        transposed = [t.kind for t in top] == ["transpose"] or [t.text for t in top] in (["^", "T"], ["^", "⊤"])
        if tokens[at].text != "}" or (behind and not transposed):
            return None
        at += 1
    return inside[1].text, at, behind


def _closes(tokens: Sequence[Token]) -> bool:
    """Whether the last of these closes a brace that was opened before them."""
    return sum([(t.text == "{") - (t.text == "}") for t in tokens]) < 0


def _index(token: Token) -> bool:
    return token.kind == "word" and len(token.text) == 1 and token.text.isascii() and token.text.islower()


def _declares(tokens: Sequence[Token], at: int) -> str:
    """The i of a declaration `x^(i) in R…` that begins at `at`."""
    found = _raised(tokens, at)
    if found is None or found[1] + 1 >= len(tokens):
        return ""
    follows, behind = tokens[found[1]], tokens[found[1] + 1]
    inside = follows.kind == "in" or (follows.kind == "word" and follows.text == "in")
    return found[0] if inside and behind.text in ("R", "ℝ") else ""


def dependence(trees: Iterable[tuple[str, Node]]) -> dict[str, frozenset[str]]:
    """For every stage, the indices of the examples that it hangs on."""
    found: dict[str, frozenset[str]] = {}
    for name, tree in trees:
        found[name] = free(tree, found)
    return found


def free(tree: Node, stages: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The indices that a tree hangs on; Σ_i binds i."""
    out: set[str] = set()
    todo: list[tuple[Node, frozenset[str]]] = [(tree, frozenset())]
    while todo:
        node, bound = todo.pop()
        if isinstance(node, SumOver):
            bound |= {node.index}
        elif isinstance(node, Name):
            index = index_of(node.name)
            out |= ({index} if index else stages.get(node.name, frozenset())) - bound
        todo.extend([(child, bound) for child in children(node)])
    return frozenset(out)


def check_sums(source: str, trees: Sequence[tuple[str, Node]]) -> None:
    """Refuse what would be read otherwise than it is meant: a sum that stops too early, or adds one thing m times.

    Raises NotationError.
    """
    stages = dependence(trees)
    known = {base_of(n): n for _, tree in trees for n in _names(tree) if index_of(n)}
    known |= {base_of(n): n for n, _ in trees if index_of(n)}
    for name, tree in trees:
        index = index_of(name)
        if index and index not in stages[name] and any(isinstance(n, SumOver) and n.index == index for n in walk(tree)):
            problem = f"'{name}' bears ({index}), and its formula sums over {index}: write {base_of(name)}"
            raise NotationError(problem, source, tree.span)
        todo: list[tuple[Node, frozenset[str], bool]] = [(tree, frozenset(), False)]
        while todo:
            node, bound, added = todo.pop()
            adds = isinstance(node, Binary) and node.sign in ("+", "-")
            if isinstance(node, SumOver):
                _check_sum(source, node, bound, stages)
                bound |= {node.index}
            elif adds and not added:
                _stops_early(source, node, bound, stages)
            elif isinstance(node, Name) and node.name in known and node.name not in stages:
                problem = f"'{node.name}' stands here, and '{known[node.name]}' elsewhere: write which one is meant"
                raise NotationError(problem, source, node.span)
            todo.extend([(child, bound, adds and place == 0) for place, child in enumerate(children(node))])


def walk(tree: Node) -> Iterator[Node]:
    """Every node of a tree."""
    todo: list[Node] = [tree]
    while todo:
        node = todo.pop()
        yield node
        todo.extend(reversed(children(node)))


def _names(tree: Node) -> Iterable[str]:
    return (node.name for node in walk(tree) if isinstance(node, Name))


def _check_sum(source: str, node: SumOver, bound: frozenset[str], stages: Mapping[str, frozenset[str]]) -> None:
    if node.index in bound:
        raise NotationError(f"{node.index} is summed over already, in the sum around this one", source, node.span)
    for name in _names(node.body):
        if name.partition("_")[2] == node.index:
            raise _below(source, name, node)
    if node.index not in free(node.body, stages):
        inner = quote(source, node.body.span)
        problem = f"nothing in '{inner}' bears ({node.index}), so Σ_{node.index} would add one thing many times"
        raise NotationError(problem, source, node.span)


def _stops_early(source: str, whole: Node, bound: frozenset[str], stages: Mapping[str, frozenset[str]]) -> None:
    """`Σ_i a^(i) + b^(i)`: a sum holds what is multiplied, and ends before + and -."""
    terms: list[Node] = []
    while isinstance(whole, Binary) and whole.sign in ("+", "-"):
        terms.append(whole.right)
        whole = whole.left
    sums: dict[str, SumOver] = {}
    for term in [whole, *reversed(terms)]:
        for index in free(term, stages) - bound if sums else ():
            if index in sums:
                one, two = quote(source, sums[index].body.span), quote(source, term.span)
                rest = (sums[index].span[0], term.span[1])
                raise refuse(source, rest, f"(Σ_{index} {one}) and {two}", f"Σ_{index} (…) around both")
        last = term
        while not isinstance(last, SumOver):
            if isinstance(last, Binary) and last.sign != "^":
                last = last.right
            elif isinstance(last, Unary):
                last = last.operand
            else:
                break
        if isinstance(last, SumOver) and last.span[1] >= term.span[1]:
            sums[last.index] = last


def _below(source: str, name: str, node: SumOver) -> NotationError:
    base, _, index = name.partition("_")
    problem = f"'{name}' has the index {index} of a sum below; an example's is raised, {base}^({index})"
    return NotationError(f"{problem}. A sum over the entries of an array is sum(…)", source, node.span)
