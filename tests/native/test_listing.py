"""The loops as people read them."""

from __future__ import annotations

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ValueNeeded
from chalkgrad.native.emit import lanes
from chalkgrad.native.listing import listing, size_text
from chalkgrad.native.tree import Axis, Buffer, Choose, Combine, Loop, Set, Tree
from chalkgrad.ops.kernel import Place, cast, fn, lift, where


def hand_made() -> Tree:
    x, y = Buffer("x", "float64", (100, 3), "input"), Buffer("y", "float64", (), "output")
    kept, near = Buffer("t", "float64", (100,), "arena"), Buffer("s", "float64", (), "local")
    at, best = Buffer("at", "int64", (), "output"), Buffer("best", "float64", (), "local")
    i, j, k = Axis(100), Axis(3), Axis(100)
    inner = Loop(j, [Combine(near, (), "sum", (x[Place(i), Place(j)] + 1) * x[Place(i), lift(0)])], "parallel")
    first = Loop(i, [Set(near, (), lift(0.0)), inner, Set(kept, (Place(i),), fn("exp", -near[()] / 2.0))], "lane", 8)
    turn = [
        Combine(y, (), "max", where(kept[Place(k)] > 0, kept[Place(k)] - (y[()] - 2), -1.5)),
        Choose(best, at, (), "argmax", kept[Place(k)], Place(k)),
    ]
    return Tree("f", [x], [y, at], [first, Loop(k, turn, "serial"), Set(at, (), cast(kept[lift(99)], "int64"))])


def test_a_tree_by_hand() -> None:
    assert listing(hand_made()) == (
        "f: x (100, 3) -> y, at\n"
        "kept in memory: t float64 (100); 800 bytes\n"
        "\n"
        "for i < 100, 8 at a time:\n"
        "    register s = 0\n"
        "    for j < 3:\n"
        "        s += (x[i, j] + 1) * x[i, 0]\n"
        "    t[i] = exp(-s / 2)\n"
        "for i < 100, in turn:\n"
        "    y max= where(t[i] > 0, t[i] - (y - 2), -1.5)\n"
        "    best, at = argmax of t[i] at i\n"
        "at = int64(t[99])\n"
    )


def test_a_formula_is_cut_where_it_is_long() -> None:
    x = Buffer("x", "float64", (), "input")
    e = x[()]
    for _ in range(40):
        e = e * e + x[()]  # written out, it would have 2^40 letters
    text = listing(Tree("f", [x], [], [Set(Buffer("y", "float64", (), "local"), (), e)]))
    assert "…" in text
    assert len(text) < 400


def test_counters_and_buffers_of_one_name_are_told_apart() -> None:
    one, two = Buffer("i", "float64", (4,), "input"), Buffer("i", "float64", (4,), "output")
    i = Axis(4)
    text = listing(Tree("f", [one], [two], [Loop(i, [Set(two, (Place(i),), one[Place(i)])], "parallel")]))
    assert "for i_ < 4:\n    i_2[i_] = i[i_]" in text


@pytest.mark.parametrize(("count", "said"), [(8, "8 bytes"), (2048, "2 KB"), (3 << 20, "3 MB")])
def test_sizes(count: int, said: str) -> None:
    assert size_text(count) == said


def test_every_line_says_whence_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "register", lambda: 32)

    def loss(w: np.ndarray, X: np.ndarray) -> np.ndarray:
        z = np.tanh(X @ w)
        return np.sum(z * z)

    text = cg.code(cg.backprop(loss, np.ones(3), np.ones((1000, 3)), wrt="w"), "loops")
    assert text.count("for i < 1000") == 1  # forward and backward in one loop
    assert ": z = np.tanh(X @ w)" in text
    assert "kept in memory" not in text


def test_the_view_of_a_text_and_what_it_refuses() -> None:
    assert "y1 = z" not in cg.code("f(x, y, z) = (x + y) z", "loops")
    values = cg.backprop(lambda x: np.sum(np.linalg.eigvalsh(x) ** 2), np.eye(3))
    assert "in NumPy: eigh (line " in cg.code(values, "loops")
    with pytest.raises(ValueNeeded, match="give values"):
        cg.code("x in R^n; f = sum(x)", "loops")
