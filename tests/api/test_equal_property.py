"""Random formulas: a rewritten one is never unequal, a changed one is never equal unless mpmath agrees."""

from __future__ import annotations

import random
from typing import Any

import mpmath
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import chalkgrad as cg

Tree = tuple[Any, ...]
UNARY = ("exp", "tanh", "sigmoid", "sin", "cos", "log", "sqrt", "abs", "relu", "softplus", "square", "neg")
BINARY = ("+", "-", "*", "/")
LEAVES = st.sampled_from([("x",), ("y",), ("1",), ("2",), ("3",), ("0.5",)])
TREES = st.recursive(
    LEAVES,
    lambda sub: st.tuples(st.sampled_from(UNARY), sub) | st.tuples(st.sampled_from(BINARY), sub, sub),
    max_leaves=6,
)
SETTINGS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def text(tree: Tree) -> str:
    if len(tree) == 1:
        return tree[0]
    parts = [text(t) for t in tree[1:]]
    if tree[0] == "square":
        return f"({parts[0]})^2"
    if tree[0] == "neg":
        return f"(-({parts[0]}))"
    if len(parts) == 1:
        return f"{tree[0]}({parts[0]})"
    return f"(({parts[0]}) {tree[0]} ({parts[1]}))"


REAL: dict[str, Any] = {
    "exp": mpmath.exp,
    "tanh": mpmath.tanh,
    "sigmoid": lambda v: 1 / (1 + mpmath.exp(-v)),
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
    "abs": abs,
    "relu": lambda v: max(v, mpmath.mpf(0)),
    "softplus": lambda v: mpmath.log(1 + mpmath.exp(v)),
    "square": lambda v: v * v,
    "neg": lambda v: -v,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def value(tree: Tree, at: dict[str, Any]) -> Any:
    """By mpmath; None outside the real domain or beyond its reach."""
    if len(tree) == 1:
        return at[tree[0]] if tree[0] in at else mpmath.mpf(tree[0])
    args = [value(t, at) for t in tree[1:]]
    if any(a is None or abs(a) > 1e4 for a in args):
        return None
    try:
        found = REAL[tree[0]](*args)
    except ZeroDivisionError:
        return None
    return found if isinstance(found, mpmath.mpf) and mpmath.isfinite(found) else None


def rewritten(tree: Tree, rng: random.Random) -> Tree:
    """The same function wherever both have a value, written otherwise."""
    if len(tree) == 1:
        return rng.choice([tree, tree, ("/", ("*", ("2",), tree), ("2",)), ("-", ("+", tree, ("1",)), ("1",))])
    name, *rest = tree
    args = [rewritten(t, rng) for t in rest]
    match name, rng.random() < 0.7:
        case (("+" | "*"), True):
            return (name, args[1], args[0])
        case "-", True:
            return ("neg", ("-", args[1], args[0]))
        case "/", True:
            return ("*", args[0], ("/", ("1",), args[1]))
        case "tanh", True:
            return ("-", ("*", ("2",), ("sigmoid", ("*", ("2",), args[0]))), ("1",))
        case "sigmoid", True:
            return ("-", ("1",), ("sigmoid", ("neg", args[0])))
        case "softplus", True:
            return ("+", args[0], ("softplus", ("neg", args[0])))
        case "abs", True:
            return ("sqrt", ("square", args[0]))
        case "relu", True:
            return ("/", ("+", args[0], ("abs", args[0])), ("2",))
        case "square", True:
            return ("*", args[0], args[0])
        case "exp", True:
            half = ("exp", ("/", args[0], ("2",)))
            return ("*", half, half)
        case "cos", True:
            return ("-", ("1",), ("*", ("2",), ("square", ("sin", ("/", args[0], ("2",))))))
        case _:
            return (name, *args)


def changed(tree: Tree, rng: random.Random) -> Tree:
    """One place altered: a sign, a constant, a function, an argument."""
    if len(tree) == 1:
        return ("+", tree, (rng.choice(["1", "0.5"]),)) if rng.random() < 0.5 else ({"x": "y"}.get(tree[0], "x"),)
    name, *rest = tree
    if rng.random() < 0.5:
        k = rng.randrange(len(rest))
        return (name, *rest[:k], changed(rest[k], rng), *rest[k + 1 :])
    others = BINARY if name in BINARY else UNARY
    return (rng.choice([o for o in others if o != name]), *rest)


def agree(a: Tree, b: Tree) -> bool:
    """Whether mpmath finds no difference at 40 points."""
    rng = random.Random(7)
    with mpmath.workdps(80):
        for k in range(40):
            size = (1, 3, 0.3, 10)[k % 4]
            at = {n: mpmath.mpf(rng.uniform(-size, size)) for n in "xy"}
            left, right = value(a, at), value(b, at)
            if left is not None and right is not None and abs(left - right) > mpmath.mpf(10) ** -40 * max(1, abs(left)):
                return False
    return True


def is_counterexample(found: Any, a: Tree, b: Tree) -> bool:
    with mpmath.workdps(400):
        at = {n: mpmath.mpf(str(v)) for n, v in found.counterexample.items()}
        at = {"x": mpmath.mpf(0), "y": mpmath.mpf(0), **at}
        left, right = value(a, at), value(b, at)
        if left is None or right is None:  # beyond the reach of the check
            return True
        near = mpmath.mpf(10) ** -30
        said = [(mpmath.mpf(str(v)), w) for v, w in ((found.left, left), (found.right, right))]
        return left != right and all(abs(v - w) <= near * max(abs(w), abs(left - right)) for v, w in said)


@SETTINGS
@given(TREES, st.integers(0, 10**6))
def test_a_rewritten_formula_is_not_unequal(tree: Tree, seed: int) -> None:
    other = rewritten(tree, random.Random(seed))
    found = cg.equal(text(tree), text(other))
    assert found.verdict != "no", (text(tree), text(other), str(found))
    # what may be hidden: a formula without a value, or a side of a branch that there is not
    assert found.verdict == "yes" or found.reason


@SETTINGS
@given(TREES, st.integers(0, 10**6))
def test_a_changed_formula_is_not_equal(tree: Tree, seed: int) -> None:
    other = changed(tree, random.Random(seed))
    found = cg.equal(text(tree), text(other), derive=False)
    if found.verdict == "yes":
        assert agree(tree, other), (text(tree), text(other), str(found))
    if found.verdict == "no":
        assert is_counterexample(found, tree, other), (text(tree), text(other), str(found))
