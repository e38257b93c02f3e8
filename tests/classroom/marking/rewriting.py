"""Formulas as trees of our own, rewritten without changing what they are, or changed a little; written as people do."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

Tree = Any  # ("num", 3) ("name", "x") ("+", a, b) ("-", a, b) ("*", a, b) ("/", a, b) ("^", a, k) ("neg", a) ("σ", a) …

CALLS: dict[str, Callable[[float], float]] = {
    "σ": lambda x: 1 / (1 + math.exp(-x)),
    "exp": math.exp,
    "log": math.log,
    "tanh": math.tanh,
}


def value(tree: Tree, at: Mapping[str, float]) -> float:
    """The number of a tree; arithmetic of its own, with nothing of Chalkgrad."""
    match tree:
        case ("num", k):
            return float(k)
        case ("name", n):
            return at[n]
        case ("+", a, b):
            return value(a, at) + value(b, at)
        case ("-", a, b):
            return value(a, at) - value(b, at)
        case ("*", a, b):
            return value(a, at) * value(b, at)
        case ("/", a, b):
            return value(a, at) / value(b, at)
        case ("^", a, k):
            return value(a, at) ** k
        case ("neg", a):
            return -value(a, at)
        case (f, a):
            return CALLS[f](value(a, at))
        case _:
            raise AssertionError(tree)


# written


def written(tree: Tree, latex: bool, rng: random.Random, inside: int = 0) -> str:
    """In maths text or LaTeX; `inside` is how tightly what is around it binds."""
    match tree:
        case ("num", k):
            return str(k) if k >= 0 else _bracketed(str(k), inside > 0)
        case ("name", n):
            return _latex_name(n) if latex else n
        case ("+" | "-" as sign, a, b):
            text = f"{written(a, latex, rng, 0)} {sign} {written(b, latex, rng, 1 if sign == '+' else 2)}"
            return _bracketed(text, inside > 0)
        case ("*", a, b):
            dot = rng.choice([r" \cdot ", " "]) if latex else rng.choice(["·", "*", " · "])
            left, right = written(a, latex, rng, 2), written(b, latex, rng, 3)
            if dot == " " and right[0].isdigit():  # nobody writes x 3 for x·3
                dot = r" \cdot "
            return _bracketed(f"{left}{dot}{right}", inside > 2)
        case ("/", a, b) if latex:
            return rf"\frac{{{written(a, latex, rng)}}}{{{written(b, latex, rng)}}}"
        case ("/", a, b):
            return _bracketed(f"{written(a, latex, rng, 3)}/{written(b, latex, rng, 4)}", inside > 1)
        case ("^", a, k):
            power = f"{{{k}}}" if latex else f"({k})" if k < 0 else str(k)
            return _bracketed(f"{written(a, latex, rng, 5)}^{power}", inside > 4)
        case ("neg", a):
            return _bracketed(f"-{written(a, latex, rng, 3)}", inside > 0)
        case ("exp", a):
            text = f"e^{{{written(a, latex, rng)}}}" if latex else f"e^({written(a, latex, rng)})"
            return _bracketed(text, inside > 4)
        case (f, a):
            name = {"σ": r"\sigma", "log": r"\log", "tanh": r"\tanh"}[f] if latex else f
            return f"{name}({written(a, latex, rng)})"
        case _:
            raise AssertionError(tree)


def _bracketed(text: str, wanted: bool) -> str:
    return f"({text})" if wanted else text


def _latex_name(name: str) -> str:
    base, _, sub = name.partition("_")
    return f"{base}_{{{sub}}}" if sub else base


# the same again


def rewritten(tree: Tree, rng: random.Random, times: int, stages: Mapping[str, Tree]) -> Tree:
    """The tree after some steps, none of which changes what it is as a function."""
    for _ in range(times):
        for _ in range(20):
            path = rng.choice(_paths(tree))
            found = _same(_at(tree, path), rng, stages)
            if found is not None and _size(tree) < 60:
                tree = _put(tree, path, found)
                break
    return tree


def _same(tree: Tree, rng: random.Random, stages: Mapping[str, Tree]) -> Tree | None:
    """One other form of a tree, at its top."""
    one: Tree = ("num", 1)
    forms: list[Tree] = []
    match tree:
        case ("+", a, b):
            forms += [("+", b, a), ("-", a, ("neg", b)), ("-", b, ("neg", a))]
            if a[0] == b[0] == "*" and a[1] == b[1]:
                forms += [("*", a[1], ("+", a[2], b[2]))]
        case ("-", a, b):
            forms += [("+", a, ("neg", b)), ("neg", ("-", b, a)), ("+", ("neg", b), a)]
            if a == one and b[0] == "σ":
                forms += [("σ", ("neg", b[1])), ("/", ("exp", ("neg", b[1])), ("+", one, ("exp", ("neg", b[1]))))]
            if a == one and b[0] == "^" and b[2] == 2:
                forms += [("*", ("-", one, b[1]), ("+", one, b[1]))]
        case ("*", a, b):
            forms += [("*", b, a), ("neg", ("*", ("neg", a), b))]
            if b[0] in "+-" and len(b) == 3:
                forms += [(b[0], ("*", a, b[1]), ("*", a, b[2]))]
            if a[0] in "+-" and len(a) == 3:
                forms += [(a[0], ("*", a[1], b), ("*", a[2], b))]
            if b[0] == "*":
                forms += [("*", ("*", a, b[1]), b[2])]
            if a[0] == "*":
                forms += [("*", a[1], ("*", a[2], b))]
            if a == b:
                forms += [("^", a, 2)]
        case ("/", a, b):
            forms += [("*", a, ("^", b, -1)), ("*", a, ("/", one, b)), ("/", ("neg", a), ("neg", b))]
        case ("^", a, 2):
            forms += [("*", a, a), ("^", ("neg", a), 2)]
        case ("neg", a):
            forms += [("*", ("num", -1), a), ("-", ("num", 0), a)]
        case ("σ", a):
            forms += [
                ("/", one, ("+", one, ("exp", ("neg", a)))),
                ("/", ("exp", a), ("+", one, ("exp", a))),
                ("-", one, ("σ", ("neg", a))),
            ]
        case ("tanh", a):
            forms += [("-", ("*", ("num", 2), ("σ", ("*", ("num", 2), a))), one)]
        case ("exp", ("neg", a)):
            forms += [("/", one, ("exp", a))]
        case ("name", n) if n in stages:
            forms += [stages[n]] * 2
        case _:
            pass
    if tree[0] != "num":
        forms += [("/", ("*", ("num", 3), tree), ("num", 3))] if rng.random() < 0.1 else []
    return rng.choice(forms) if forms else None


# another one


def missed(tree: Tree, rng: random.Random, names: list[str]) -> Tree:
    """The tree with one thing wrong: a sign, a factor, an exponent, a neighbouring name."""
    path = rng.choice(_paths(tree))
    node = _at(tree, path)
    forms: list[Tree] = [("neg", node)]
    match node:
        case ("+", a, b):
            forms = [("-", a, b), a, ("*", a, b)]
        case ("-", a, b):
            forms = [("+", a, b), ("-", b, a), a]
        case ("*", a, b):
            forms = [a, b, ("+", a, b)]
        case ("/", a, b):
            forms = [a, ("/", b, a), ("*", a, b)]
        case ("^", a, k):
            forms = [("^", a, k + 1), ("^", a, k - 1), a]
        case ("num", k):
            forms = [("num", k + 1), ("num", -k)]
        case ("name", n):
            forms += [("name", m) for m in names if m != n]
        case ("σ" | "tanh" | "exp" as f, a):
            forms = [(f, ("neg", a)), ("^", node, 2), a]
        case _:
            pass
    return _put(tree, path, rng.choice(forms))


def differ(one: Tree, other: Tree, names: list[str], stages: Mapping[str, Tree], rng: random.Random) -> bool:
    """Whether two trees are another function of the inputs, by a clear margin at most points."""
    apart = tried = 0
    for _ in range(30):
        at = {n: rng.uniform(0.2, 1.9) * rng.choice([-1, 1]) for n in names}
        try:
            for name, tree in stages.items():
                at[name] = value(tree, at)
            a, b = value(one, at), value(other, at)
        except (ArithmeticError, ValueError):
            continue
        tried += 1
        apart += abs(a - b) > 1e-3 * max(1.0, abs(a), abs(b))
    return tried > 5 and apart > tried / 2


def _paths(tree: Tree, here: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    found = [here]
    for k, part in enumerate(tree[1:], 1):
        if isinstance(part, tuple):
            found += _paths(part, (*here, k))
    return found


def _at(tree: Tree, path: tuple[int, ...]) -> Tree:
    for k in path:
        tree = tree[k]
    return tree


def _put(tree: Tree, path: tuple[int, ...], new: Tree) -> Tree:
    if not path:
        return new
    k = path[0]
    return (*tree[:k], _put(tree[k], path[1:], new), *tree[k + 1 :])


def _size(tree: Tree) -> int:
    return 1 + sum(_size(p) for p in tree[1:] if isinstance(p, tuple))
