"""What nobody reads goes, and copies."""

from __future__ import annotations

from chalkgrad.ir.build import Builder
from chalkgrad.ir.check import check
from chalkgrad.ir.registry import OPS
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.prune import prune, tidy
from tests.transform.programs import program, sin


def test_dead_steps_go_and_the_rest_keeps_its_order() -> None:
    builder = Builder()
    x = builder.value(builder.input("x"))
    q = x * x
    sin(q)
    p = prune(builder.program("f", (q + x).atom))
    assert [s.op.name for s in p.steps] == ["multiply", "add"]


def test_what_is_kept_keeps_what_it_reads() -> None:
    builder = Builder()
    x = builder.value(builder.input("x"))
    dead = sin(x * x)
    p = builder.program("f", (x + 1).atom)
    kept = check(prune(p, keep=frozenset(s for s in p.steps if s.output is dead.atom)))
    assert len(kept.steps) == 3


def test_a_partial_that_nobody_needs_is_not_computed() -> None:
    p = program(lambda x: x**3.5)
    assert "log" not in [s.op.name for s in backprop(p).gradient.steps]
    q = program(lambda x, y: x**y)
    assert "log" not in [s.op.name for s in backprop(q, q.inputs[:1]).gradient.steps]


def test_tidy_leaves_a_fork_and_takes_a_chain_of_copies() -> None:
    builder = Builder()
    x = builder.input("x")
    once = builder.bind(OPS["accumulate"], x)
    twice = builder.bind(OPS["accumulate"], once)
    p = tidy(builder.program("f", builder.bind(OPS["accumulate"], twice, x), twice))
    assert [s.inputs for s in p.steps] == [(x, x)]
    assert p.outputs[1] is x
