"""What is a statement of its own, what is read where it lies, and what is worked out once, again, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.native.emit.emit import emit
from chalkgrad.native.emit.lanes import choose
from chalkgrad.native.plan import few, skip
from chalkgrad.native.plan.plan import NotLowered, plan
from chalkgrad.native.plan.views import groups, split
from chalkgrad.native.tree import Combine, Loop, Set, Stmt, Tree, walk
from chalkgrad.ops.kernel import Axis, Fn, Lit, Place, inside_out, lift
from chalkgrad.trace.record import record
from chalkgrad.transform.prepare import prepare
from tests.native.machine import call
from tests.native.tree_run import run

rng = np.random.default_rng(9)


def planned(function: Callable[..., Any], *args: Any) -> Tree:
    """The tree of a function, after it was seen to give what the interpreter gives."""
    program = prepare(record(function, args, {}).program)
    tree = plan(program)
    for got, want in zip(run(tree, args), Interpreter(program)(*args), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)
    return tree


def sets(tree: Tree) -> list[Stmt]:
    return [s for s in walk(tree.body) if isinstance(s, Set)]


def operations(tree: Tree, name: str) -> int:
    """How often a primitive is written."""

    written = [s for s in walk(tree.body) if not isinstance(s, Loop)]
    return len([e for s in written for e in inside_out(s.value) if isinstance(e, Fn) and e.name == name])


@pytest.mark.parametrize(
    "move",
    [
        lambda x: x.T,
        lambda x: x[1:, ::-1],
        lambda x: x[:, None, :] + np.zeros((1, 2, 1)),
        lambda x: np.broadcast_to(x[0], (3, 6)),
        lambda x: x.reshape(4, 2, 3),
        lambda x: x.reshape(4, 1, 6, 1),
        lambda x: np.swapaxes(x.reshape(4, 2, 3), 1, 2),
        lambda x: x[[2, 0, 0]],
    ],
)
def test_what_is_moved_is_no_statement(move: Any) -> None:
    assert len(sets(planned(lambda x: np.exp(move(x)), rng.normal(size=(4, 6))))) == 1


def test_axes_that_become_one_are_read_or_written_in_place() -> None:
    tree = planned(lambda x: (np.exp(x).ravel(), x.reshape(3, 8) * 2), rng.normal(size=(4, 6)))
    assert not [b for b in tree.buffers() if b.space == "arena"]  # x in rows of eight is the memory of x
    tree = planned(lambda x: (x + 1.0).reshape(3, 8) @ np.ones((8, 2)), rng.normal(size=(4, 6)))
    assert [b.shape for b in tree.buffers() if b.space == "arena"]  # what is worked out has no other shape


def test_transcendental_values_are_worked_out_once_and_cheap_ones_again() -> None:
    def function(x: Any, y: Any) -> Any:
        e = np.exp(x)
        s = x + y
        return np.sum(e), e * 2, np.sum(s), s * s

    tree = planned(function, rng.normal(size=7), rng.normal(size=7))
    assert operations(tree, "exp") == 1
    assert operations(tree, "add") == 2
    assert all([b.size == 1 for b in tree.buffers() if b.space in ("arena", "local")])


def test_what_is_spread_is_not_worked_out_for_every_copy() -> None:
    tree = planned(lambda x, y: (x * 2)[:, None] * y, rng.normal(size=5), rng.normal(size=(5, 4)))
    (outer,) = [s for s in tree.body if isinstance(s, Loop)]
    assert [type(s) for s in outer.body] == [Set, Loop]


def test_outputs_that_are_inputs_numbers_or_one_another() -> None:
    def function(x: Any) -> Any:
        y = np.sin(x)
        return x, y, y, np.float64(3.0), y.T

    tree = planned(function, rng.normal(size=(3, 2)))
    assert len(set(tree.outputs)) == 5
    assert operations(tree, "sin") == 1


def test_a_step_that_is_no_loop_is_named() -> None:
    program = prepare(record(lambda x: np.sort(x) * 2, (np.ones(9000),), {}).program)
    with pytest.raises(NotLowered, match="sort"):
        plan(program)
    assert issubclass(NotLowered, ProgramError)


def test_a_loop_without_carries_is_one_more_axis() -> None:
    def function(x: Any, w: Any) -> Any:
        _, ys = cg.scan(lambda _, row: (0.0, np.sum(row * w)), 0.0, x)
        return ys

    planned(function, rng.normal(size=(5, 3)), rng.normal(size=3))

    def each(x: Any, flags: Any) -> Any:
        return cg.vmap(lambda row, on: np.sum(np.where(np.any(on), row, 0.0)))(x, flags)

    tree = planned(each, rng.normal(size=(5, 3)), rng.random((5, 2)) < 0.4)
    assert len([s for s in walk(tree.body) if isinstance(s, Loop) and s.extent == 5]) == 1


def test_groups_of_axes_of_one_size() -> None:
    assert groups((4, 6), (4, 2, 3)) == [([0], [0]), ([1], [1, 2])]
    assert groups((24,), (4, 6)) == [([0], [0, 1])]
    assert groups((1, 5), (5,)) == [([0, 1], [0])] or groups((1, 5), (5,)) == [([0], []), ([1], [0])]


def test_a_place_is_split_only_where_its_counters_show_how() -> None:
    i, j = Axis(3), Axis(5)
    whole, rest = split(lift(i) * 5 + lift(j), 5) or (None, None)
    assert isinstance(whole, Place)
    assert whole.axis is i
    assert isinstance(rest, Place)
    assert rest.axis is j
    assert split(lift(i) * 5 + lift(j) + 1, 5) is None  # it may run over
    assert split(lift(j), 3) is None
    known = split(lift(i) * 10 + 3, 5)
    assert known is not None
    assert isinstance(known[1], Lit)
    assert known[1].value == 3


# What is left out of a sum.


def nearest(centres: Any, points: Any) -> Any:
    return np.sum(np.min(np.sum((points[:, None, :] - centres) ** 2, axis=2), axis=1))


@pytest.mark.parametrize("odd", [1.0, np.inf, -np.inf, np.nan, 1e200])
def test_terms_with_a_factor_that_is_0_are_left_out_where_that_is_exact(
    odd: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skip, "_LEAST", 1)
    monkeypatch.setattr(skip, "_PART", 0)
    centres, points = rng.normal(size=(3, 4)), rng.normal(size=(6, 4))
    points[4] = points[2] = centres[1]  # equal ones, and one that is 0
    centres[2] = centres[1]
    points[5, 1] = odd
    program = prepare(record(lambda c, p: cg.grad(nearest)(c, p), (centres, points), {}).program)
    tree = plan(program)
    asked = [
        s for s in walk(tree.body) if isinstance(s, Combine) and isinstance(s.value, Fn) and s.value.name == "where"
    ]
    assert asked
    (got,), (want,) = run(tree, (centres, points)), Interpreter(program)(centres, points)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_a_factor_that_is_never_0_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skip, "_LEAST", 1)
    monkeypatch.setattr(skip, "_PART", 0)
    tree = planned(lambda x, y: np.exp(x).T @ y, rng.normal(size=(6, 3)), rng.normal(size=(6, 5)))
    assert operations(tree, "where") == 0


def test_what_is_left_out_in_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few, "_FEWEST", 100)  # so that each place is asked
    centres, points = rng.normal(size=(18, 5)), rng.normal(size=(600, 5))
    points[7] = points[90] = centres[1]
    centres[2] = centres[1]
    program = prepare(record(lambda c, p: cg.grad(nearest)(c, p), (centres, points), {}).program)
    made = emit(choose(plan(program)))
    assert "vector.reduce.or" in made.text  # lanes are asked together
    for odd in (1.0, np.inf, -np.inf, np.nan, 1e200):
        points[599, 1] = odd
        with np.errstate(all="ignore"):
            (got,), (want,) = call(made, (centres, points)), Interpreter(program)(centres, points)
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
