"""Equivalent rewrites of right formulas are accepted, and near misses are not: of each, the same ones every time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import pytest

from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.sheets.key import unwitnessed
from chalkgrad.classroom.sheets.reading import read_sheet
from tests.classroom.marking.rewriting import Tree, differ, missed, rewritten, written

# Of each of the two kinds; a run with 1000 and seed 1 passes too.
COUNT = 150


def n(name: str) -> Tree:
    return ("name", name)


def k(number: int) -> Tree:
    return ("num", number)


def times(*factors: Tree) -> Tree:
    out = factors[0]
    for f in factors[1:]:
        out = ("*", out, f)
    return out


def plus(*terms: Tree) -> Tree:
    out = terms[0]
    for t in terms[1:]:
        out = ("+", out, t)
    return out


def slope(a: Tree) -> Tree:
    return times(a, ("-", k(1), a))


@dataclass(frozen=True)
class Case:
    """A function, its inputs and stages, and formulas of some of its blanks."""

    function: str
    inputs: tuple[str, ...]
    stages: dict[str, Tree]
    blanks: dict[str, Tree]


Z = plus(times(n("w_0"), n("x_0")), times(n("w_1"), n("x_1")), n("w_2"))
CASES = (
    Case(
        "q = x + y; f(x, y, z) = q z",
        ("x", "y", "z"),
        {"q": plus(n("x"), n("y"))},
        {"z.gradient.formula": n("q"), "f.formula": times(n("q"), n("z"))},
    ),
    Case(
        "z = w_0 x_0 + w_1 x_1 + w_2; α = σ(z)",
        ("w_0", "x_0", "w_1", "x_1", "w_2"),
        {"z": Z, "α": ("σ", n("z"))},
        {"x_0.gradient.formula": times(slope(n("α")), n("w_0")), "w_2.gradient.formula": slope(("σ", n("z")))},
    ),
    Case(
        "f(a, b, c, d) = (3a - b)^2 + cd",
        ("a", "b", "c", "d"),
        {},
        {
            "a.gradient.formula": times(k(6), ("-", times(k(3), n("a")), n("b"))),
            "b.gradient.formula": times(k(-2), ("-", times(k(3), n("a")), n("b"))),
        },
    ),
    Case(
        "h = σ(w_1 x_1 + w_2 x_2 + b); ℓ(w_1, w_2, b, x_1, x_2, y) = -y log h - (1 - y) log(1 - h)",
        ("w_1", "w_2", "b", "x_1", "x_2", "y"),
        {"h": ("σ", plus(times(n("w_1"), n("x_1")), times(n("w_2"), n("x_2")), n("b")))},
        {"w_1.gradient.formula": times(("-", n("h"), n("y")), n("x_1"))},
    ),
    Case(
        "z_1 = x w_1; a_1 = σ(z_1); z_2 = a_1 w_2; a_2 = σ(z_2); L(x, w_1, w_2, y) = ½(a_2 - y)^2",
        ("x", "w_1", "w_2", "y"),
        {
            "z_1": times(n("x"), n("w_1")),
            "a_1": ("σ", n("z_1")),
            "z_2": times(n("a_1"), n("w_2")),
            "a_2": ("σ", n("z_2")),
        },
        {
            "w_1.gradient.formula": times(("-", n("a_2"), n("y")), slope(n("a_2")), n("w_2"), slope(n("a_1")), n("x")),
            "w_2.gradient.formula": times(("-", n("a_2"), n("y")), slope(n("a_2")), n("a_1")),
        },
    ),
    Case(
        "f(x, y) = x/(x^2 + y^2)",
        ("x", "y"),
        {},
        {
            "x.gradient.formula": (
                "/",
                ("-", ("^", n("y"), 2), ("^", n("x"), 2)),
                ("^", plus(("^", n("x"), 2), ("^", n("y"), 2)), 2),
            )
        },
    ),
    Case(
        "t = tanh(x y); f(x, y) = t",
        ("x", "y"),
        {"t": ("tanh", times(n("x"), n("y")))},
        {"x.gradient.formula": times(("-", k(1), ("^", n("t"), 2)), n("y"))},
    ),
    Case(
        "f(x, y) = e^(-x y)",
        ("x", "y"),
        {},
        {"y.gradient.formula": ("neg", times(n("x"), ("exp", ("neg", times(n("x"), n("y"))))))},
    ),
)


@lru_cache(maxsize=len(CASES))
def sheet(case: int) -> Keyed:
    """A sheet that asks for the blanks of a case."""
    made = CASES[case]
    blanks = ", ".join([f'"{b}"' for b in made.blanks])
    text = f'name = "t"\ntitle = "t"\n[[problem]]\nprose = ""\nfunction = "{made.function}"\nblank = [{blanks}]\n'
    return unwitnessed(read_sheet(text))


def drawn(rng: random.Random) -> tuple[int, Case, str, Tree]:
    """A blank of some case, and the tree of its key."""
    which = rng.randrange(len(CASES))
    case = CASES[which]
    blank = rng.choice(sorted(case.blanks))
    return which, case, blank, case.blanks[blank]


def answer(tree: Tree, rng: random.Random) -> str:
    return written(tree, rng.random() < 0.3, rng)


def verdict(which: int, blank: str, text: str) -> str:
    return next(m.verdict for m in mark(sheet(which), {blank: text}).marks if m.blank == blank)


def rewrites(count: int, seed: int) -> list[str]:
    """The rewrites that were not accepted."""
    rng = random.Random(seed)
    bad: list[str] = []
    for _ in range(count):
        which, case, blank, tree = drawn(rng)
        stages = {} if blank == "f.formula" else case.stages
        text = answer(rewritten(tree, rng, rng.randint(1, 6), stages), rng)
        if (found := verdict(which, blank, text)) != "right":
            bad.append(f"{case.function} | {blank}: {text}: {found}")
    return bad


def misses(count: int, seed: int) -> list[str]:
    """The near misses that were accepted, or not told from what cannot be read."""
    rng = random.Random(seed)
    bad: list[str] = []
    while count:
        which, case, blank, tree = drawn(rng)
        other = missed(tree, rng, [*case.inputs, *case.stages])
        if blank == "f.formula" or not differ(tree, other, list(case.inputs), case.stages, rng):
            continue
        count -= 1
        text = answer(rewritten(other, rng, rng.randint(0, 3), case.stages), rng)
        if (found := verdict(which, blank, text)) not in ("wrong", "consistent"):
            bad.append(f"{case.function} | {blank}: {text}: {found}")
    return bad


def test_equivalent_rewrites_are_accepted() -> None:
    assert rewrites(COUNT, 20) == []


def test_near_misses_are_refused() -> None:
    assert misses(COUNT, 21) == []


@pytest.mark.parametrize("which", range(len(CASES)))
def test_the_trees_of_this_test_are_the_keys(which: int) -> None:
    rng = random.Random(which)
    for blank, tree in CASES[which].blanks.items():
        assert verdict(which, blank, written(tree, False, rng)) == "right"
        assert verdict(which, blank, written(tree, True, rng)) == "right"
