"""Loop trees as machine code: loops with any role, in any number of lanes, and all kinds of places."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.native.emit.emit import emit
from chalkgrad.native.tree import Axis, Buffer, Choose, Combine, Loop, Set, Stmt, Tree
from chalkgrad.ops.scalars import Expr, cast, fn, lift, where
from tests.native.machine import GaveUp, call
from tests.native.tree_run import run

# Longer than what is written out; with every number of turns left over.
LENGTHS = (1, 2, 3, 5, 8, 13, 16, 17, 18, 31, 40)
LANES = (1, 2, 4, 8, 32)


def buffer(name: str, shape: Any, space: Any, dtype: str = "float64", values: Any = None) -> Buffer:
    return Buffer(name, dtype, shape if isinstance(shape, tuple) else (shape,), space, values)


def loop(axis: Axis, lanes: int, *body: Stmt) -> Loop:
    return Loop(axis, list(body), "lane" if lanes > 1 else "serial", lanes)


def at(*places: Any) -> tuple[Expr, ...]:
    return tuple([lift(p) for p in places])


def numbers(*shape: int, dtype: str = "float64", seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def check(tree: Tree, given: list[np.ndarray], exact: bool = True) -> None:
    """The machine code gives what the tree means."""
    for got, want in zip(call(emit(tree), given), run(tree, given), strict=True):
        if exact:
            np.testing.assert_array_equal(got, want)
        else:
            wide = 1e-5 if want.dtype == "float32" else 1e-13
            np.testing.assert_allclose(got, want, rtol=wide, atol=wide)


REDUCED = [
    ("sum", "float64"),
    ("sum", "float32"),
    ("sum", "int64"),
    ("prod", "float64"),
    ("max", "float32"),
    ("min", "int64"),
    ("any", "bool"),
    ("all", "bool"),
]
every = pytest.mark.parametrize(("n", "lanes"), list(itertools.product(LENGTHS, LANES)))


@every
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
def test_entries_side_by_side(n: int, lanes: int, dtype: str) -> None:
    x, y, i = buffer("x", n, "input", dtype), buffer("y", n, "output", dtype), Axis(n)
    given = (numbers(n) * 3).astype(dtype)
    check(Tree("f", [x], [y], [loop(i, lanes, Set(y, at(i), fn("maximum", x[i], x[n - 1 - lift(i)])))]), [given])


@every
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 17])
def test_columns(n: int, lanes: int, width: int) -> None:
    x, y = buffer("x", (n, width), "input"), buffer("y", (width, n), "output")
    z = buffer("z", (n, width), "output")
    i, j = Axis(n), Axis(width)
    body = [Set(y, at(j, i), x[i, j] * 2.0), Set(z, at(i, width - 1 - lift(j)), x[i, j] + x[i, 0])]
    check(Tree("f", [x], [y, z], [loop(i, lanes, Loop(j, list(body)))]), [numbers(n, width)])


@every
@pytest.mark.parametrize(("how", "dtype"), REDUCED)
def test_reduced(n: int, lanes: int, how: Any, dtype: str) -> None:
    x, y, i = buffer("x", n, "input", dtype), buffer("y", (), "output", dtype), Axis(n)
    start = {"sum": 0, "prod": 1, "max": -100, "min": 100, "any": False, "all": True}[how]
    given = (numbers(n) * 3).astype(dtype)
    check(
        Tree("f", [x], [y], [Set(y, (), cast(start, dtype)), loop(i, lanes, Combine(y, (), how, x[i]))]), [given], False
    )


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("how", ["max", "min"])
def test_nan_stays_in_an_extreme(how: Any, lanes: int) -> None:
    for place in range(19):
        x, y, i = buffer("x", 19, "input"), buffer("y", (), "output"), Axis(19)
        given = np.arange(19.0)
        given[place] = np.nan
        tree = Tree("f", [x], [y], [Set(y, (), lift(0.0)), loop(i, lanes, Combine(y, (), how, x[i]))])
        assert np.isnan(call(emit(tree), [given])[0])


@every
@pytest.mark.parametrize("how", ["argmax", "argmin"])
def test_chosen(n: int, lanes: int, how: Any) -> None:
    x, i = buffer("x", n, "input"), Axis(n)
    best, place = buffer("best", (), "output"), buffer("place", (), "output", "int64")
    body = [
        Set(best, (), lift(0.0)),
        Set(place, (), lift(-1)),
        loop(i, lanes, Choose(best, place, (), how, x[i], lift(i))),
    ]
    artifact = emit(Tree("f", [x], [best, place], body))
    rng = np.random.default_rng(n)
    cases = [
        np.zeros(n),
        np.full(n, np.inf),
        np.full(n, -np.inf),
        np.full(n, np.nan),
        rng.integers(0, 3, n).astype(float),
    ]
    cases.append(np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)))
    for given in cases:
        wanted = getattr(np, how)(given)
        found = call(artifact, [given])
        assert found[1] == wanted
        np.testing.assert_array_equal(found[0], given[wanted])


@every
def test_chosen_in_every_row(n: int, lanes: int) -> None:
    """Lanes over rows, and over columns: places counted through two axes, in no order."""
    x, y = buffer("x", (n, 3, 5), "input"), buffer("y", n, "output", "int64")
    best, place = buffer("best", (), "local"), buffer("place", (), "local", "int64")
    i, j, k = Axis(n), Axis(3), Axis(5)
    choose = Choose(best, place, (), "argmax", x[i, j, k], lift(j) * 5 + lift(k))
    inner = [Set(best, (), lift(0.0)), Set(place, (), lift(-1)), Loop(k, [Loop(j, [choose])]), Set(y, at(i), place[()])]
    given = np.random.default_rng(1).integers(0, 4, (n, 3, 5)).astype(float)
    found = call(emit(Tree("f", [x], [y], [loop(i, lanes, *inner)])), [given])[0]
    np.testing.assert_array_equal(found, given.reshape(n, -1).argmax(1))


@every
def test_shared_array(n: int, lanes: int) -> None:
    """What all lanes add to, entry by entry of a small array, and of one that loops around have a part in."""
    d = 3
    x, y = buffer("x", (n, d), "input"), buffer("y", d, "output")
    z = buffer("z", (2, d), "output")
    i, j, k, m = Axis(n), Axis(d), Axis(d), Axis(2)
    body = [
        Loop(j, [Set(y, at(j), lift(1.0))]),
        loop(i, lanes, Loop(k, [Combine(y, at(k), "sum", x[i, k] * x[i, 0])])),
    ]
    i2, j2, k2 = Axis(n), Axis(d), Axis(d)
    begin = Loop(j2, [Set(z, at(m, j2), lift(0.0))])
    add = Loop(k2, [Combine(z, at(m, k2), "sum", x[i2, k2] * (lift(m) + 1.5))])
    around = Loop(m, [begin, loop(i2, lanes, add)])
    check(Tree("f", [x], [y, z], [*body, around]), [numbers(n, d)], False)


@every
def test_local_arrays(n: int, lanes: int) -> None:
    """Each lane has its own: short ones, and one that is longer than what is written out."""
    d = 20
    x, y = buffer("x", (n, d), "input"), buffer("y", (n, d), "output")
    row, total, i = buffer("row", d, "local"), buffer("total", (), "local"), Axis(n)
    j, k = Axis(d), Axis(d)
    body = [
        Set(total, (), lift(0.0)),
        Loop(j, [Set(row, at(j), fn("exp", x[i, j])), Combine(total, (), "sum", row[j])]),
        Loop(k, [Set(y, at(i, k), row[d - 1 - lift(k)] / total[()])]),
    ]
    check(Tree("f", [x], [y], [loop(i, lanes, *body)]), [numbers(n, d)], False)


@every
def test_gathered_and_scattered(n: int, lanes: int) -> None:
    """Places that are computed; where lanes meet in one entry, each adds to it."""
    m = 4
    x, which = buffer("x", (m, 3), "input"), buffer("which", n, "input", "int64")
    y, z, i = buffer("y", n, "output"), buffer("z", (m, 2), "output"), Axis(n)
    a, b = Axis(m), Axis(2)
    place = fn("place", which[i], m)
    body = [
        Loop(a, [Loop(b, [Set(z, at(a, b), lift(0.0))])]),
        loop(i, lanes, Set(y, at(i), x[place, 1] * 2.0), Combine(z, at(place, 1), "sum", x[place, 2] * x[place, 0])),
    ]
    artifact = emit(Tree("f", [x, which], [y, z], body))
    numbers_, places = numbers(m, 3), np.random.default_rng(n).integers(-m, m, n)
    found = call(artifact, [numbers_, places])
    np.testing.assert_array_equal(found[0], numbers_[places, 1] * 2)
    want = np.zeros((m, 2))
    np.add.at(want[:, 1], places, numbers_[places, 2] * numbers_[places, 0])
    np.testing.assert_allclose(found[1], want, rtol=1e-13, atol=1e-13)
    for k in range(n):
        wrong = places.copy()
        wrong[k] = m
        with pytest.raises(GaveUp):
            call(artifact, [numbers_, wrong])


@every
@pytest.mark.parametrize("shift", [-3, -1, 2, 20])
def test_entries_that_may_not_be_there(n: int, lanes: int, shift: int) -> None:
    """A neighbour, and 0 beyond the ends: nothing outside is read, nor a place looked up that is none."""
    x, y, i = buffer("x", n, "input"), buffer("y", n, "output"), Axis(n)
    table = buffer("t", n, "table", "int64", np.arange(n)[::-1].copy())
    neighbour = lift(i) + shift
    there = (neighbour >= 0) & (neighbour < n)
    value = where(there, x[neighbour] + x[table[neighbour]], 0.0)
    check(Tree("f", [x], [y], [loop(i, lanes, Set(y, at(i), value))]), [numbers(n)])


@pytest.mark.parametrize("lanes", [1, 4])
def test_a_place_fails_only_where_it_is_asked_for(lanes: int) -> None:
    n = 21
    x, which, y, i = buffer("x", 4, "input"), buffer("w", n, "input", "int64"), buffer("y", n, "output"), Axis(n)
    value = where(which[i] < 4, x[fn("place", which[i], 4)], -1.0)
    artifact = emit(Tree("f", [x, which], [y], [loop(i, lanes, Set(y, at(i), value))]))
    given, places = numbers(4), np.arange(n) % 7
    np.testing.assert_array_equal(call(artifact, [given, places])[0], np.where(places < 4, given[places % 4], -1))
    places[20] = -5
    with pytest.raises(GaveUp):
        call(artifact, [given, places])


def test_an_empty_array_is_not_read() -> None:
    x, which, y, i = buffer("x", 0, "input"), buffer("w", 3, "input", "int64"), buffer("y", 3, "output"), Axis(3)
    artifact = emit(Tree("f", [x, which], [y], [loop(i, 1, Set(y, at(i), x[fn("place", which[i], 0)]))]))
    with pytest.raises(GaveUp):
        call(artifact, [np.zeros(0), np.zeros(3, int)])


@every
def test_turns_in_order(n: int, lanes: int) -> None:
    """A running sum along one axis, with lanes over the other."""
    x, y, so_far = buffer("x", (20, n), "input"), buffer("y", (20, n), "output"), buffer("s", (), "local")
    i, t = Axis(n), Axis(20)
    turn = Loop(t, [Combine(so_far, (), "sum", x[t, i]), Set(y, at(t, i), so_far[()])])
    check(Tree("f", [x], [y], [loop(i, lanes, Set(so_far, (), lift(-0.0)), turn)]), [numbers(20, n)], False)


def test_the_text_is_that_of_other_sizes() -> None:
    def tree(n: int, d: int) -> Tree:
        x, w = buffer("x", (n, d), "input"), buffer("w", d, "input")
        y, kept = buffer("y", n, "output"), buffer("t", n, "arena")
        i, j, k = Axis(n), Axis(d), Axis(n)
        dot = [Set(kept, at(i), lift(0.0)), Loop(j, [Combine(kept, at(i), "sum", x[i, j] * w[j])])]
        return Tree("f", [x, w], [y], [loop(i, 8, *dot), loop(k, 8, Set(y, at(k), kept[n - 1 - lift(k)] / n))])

    texts = {emit(tree(n, d)).text for n, d in [(100, 33), (1000, 40), (19, 30)]}
    assert len(texts) == 1
    assert emit(tree(40, 40)).text not in texts  # two that are equal may be one by accident, or for a reason
    for n, d in [(100, 33), (19, 30)]:
        check(tree(n, d), [numbers(n, d), numbers(d)], False)


def test_vectors_on_the_stack_lie_in_whole_lines_of_the_cache() -> None:
    x, y, i = buffer("x", 100, "input"), buffer("y", 100, "output"), Axis(100)
    text = emit(Tree("f", [x], [y], [loop(i, 8, Set(y, at(i), fn("exp", x[i])))])).text
    (nest,) = [line for line in text.split("\n") if line.startswith("define internal i1 @nest")]
    assert "alignstack(64)" in nest


def test_numbers_are_given() -> None:
    def text(value: float) -> str:
        x, y, i = buffer("x", 3, "input"), buffer("y", 3, "output"), Axis(3)
        return emit(Tree("f", [x], [y], [loop(i, 1, Set(y, at(i), x[i] * value))])).text

    assert text(0.1) == text(0.7)
    assert text(0.5) != text(0.7)


@pytest.mark.parametrize("build", [lambda x, y: (x - y) * (x + y), lambda x, y: x * x - y * y])
def test_products_outside_of_sums_are_rounded(build: Callable[[Any, Any], Any]) -> None:
    """x x - y y is 0 at x = y, and what is printed is what is run."""
    x, y, z, i = buffer("x", 40, "input"), buffer("y", 40, "input"), buffer("z", 40, "output"), Axis(40)
    tree = Tree("f", [x, y], [z], [loop(i, 4, Set(z, at(i), build(x[i], y[i])))])
    a, b = numbers(40), numbers(40, seed=1)
    np.testing.assert_array_equal(call(emit(tree), [a, b])[0], build(a, b))


@every
def test_shared_by_the_turns_of_a_loop_around(n: int, lanes: int) -> None:
    """What lanes share is kept through all turns of a loop around; what is left over comes in between."""
    d, m = 3, 19
    x, y, top = buffer("x", (m, n, d), "input"), buffer("y", d, "output"), buffer("top", (), "output")
    t, i, j, k = Axis(m), Axis(n), Axis(d), Axis(d)
    add = Loop(k, [Combine(y, at(k), "sum", x[t, i, k] * x[t, i, 0])])
    inner = loop(i, lanes, add, Combine(top, (), "max", x[t, i, 1]))
    body = [Loop(j, [Set(y, at(j), lift(1.0))]), Set(top, (), lift(-9.0)), Loop(t, [inner])]
    check(Tree("f", [x], [y, top], body), [numbers(m, n, d)], False)


def test_copies_are_made_only_where_the_lanes_do_not_come_out_even() -> None:
    """What lanes share is copied, and taken back, behind a question."""
    n, d = 64, 5
    x, y, i, j = buffer("x", (d, n), "input"), buffer("y", d, "output"), Axis(n), Axis(d)
    begin = [Set(y, at(k), lift(0.0)) for k in range(d)]
    body = [*begin, loop(i, 4, Loop(j, [Combine(y, at(j), "sum", x[j, i])]))]
    lines = emit(Tree("f", [x], [y], body)).text.split("\n")
    blends = [k for k, line in enumerate(lines) if "= select <4 x i1>" in line]
    assert blends
    for k in blends:
        label = next(line for line in reversed(lines[:k]) if line.endswith(":"))[:-1]
        asked = [
            line.split()[2].strip(",") for line in lines if line.startswith("br i1 ") and f"label %{label}," in line
        ]
        assert any(f"{condition} = icmp slt i64 0, %" in line for condition in asked for line in lines)
    check(Tree("f", [x], [y], body), [numbers(d, n)], False)


@every
def test_entries_changed_in_place(n: int, lanes: int) -> None:
    """Each turn is done once, also where the lanes do not come out even."""
    x, y, i, j = buffer("x", n, "input"), buffer("y", n, "output"), Axis(n), Axis(n)
    begin = loop(i, lanes, Set(y, at(i), x[i] + 1.0))
    grow = loop(j, lanes, Set(y, at(j), y[j] * 3.0), Combine(y, at(j), "sum", x[j]))
    check(Tree("f", [x], [y], [begin, grow]), [numbers(n)], False)


@every
def test_choices_shared_by_the_turns_of_a_loop_around(n: int, lanes: int) -> None:
    m = 18
    x, t, i = buffer("x", (m, n), "input"), Axis(m), Axis(n)
    best, place = buffer("best", (), "output"), buffer("place", (), "output", "int64")
    choose = Choose(best, place, (), "argmin", x[t, i], lift(t) * n + lift(i))
    body = [Set(best, (), lift(0.0)), Set(place, (), lift(-1)), Loop(t, [loop(i, lanes, choose)])]
    given = np.random.default_rng(2).integers(0, 9, (m, n)).astype(float)
    assert call(emit(Tree("f", [x], [best, place], body)), [given])[1] == given.argmin()


def test_branches_with_the_same_function_share_it() -> None:
    """One exponential for both, and the numbers that each of the branches has, NaN and the ends included."""
    n = 40
    x, y, i = buffer("x", n, "input"), buffer("y", n, "output"), Axis(n)
    d = x[i] - 1.0
    low = where(d <= 0, x[i] + fn("log1p", fn("exp", d)), d)
    value = where(d > 0, 1.0 + fn("log1p", fn("exp", -d)), low)
    artifact = emit(Tree("f", [x], [y], [loop(i, 4, Set(y, at(i), value))]))
    assert artifact.text.count("call <4 x double> @maths.exp.v4f64") == 1
    given = numbers(n) * 3
    given[[3, 8, 15]] = [np.nan, np.inf, -np.inf]
    with np.errstate(all="ignore"):
        e = given - 1
        want = np.where(e > 0, 1 + np.log1p(np.exp(-e)), np.where(e <= 0, given + np.log1p(np.exp(e)), e))
    np.testing.assert_allclose(call(artifact, [given])[0], want, rtol=1e-15)
