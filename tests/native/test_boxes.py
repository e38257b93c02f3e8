"""One block put into zeros: every entry is written once."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.native.plan.plan import plan
from chalkgrad.native.tree import Combine, walk
from tests.native.tree_run import run

KEYS = [
    (slice(1, 4), (5,)),
    (slice(1, None), (400,)),
    (slice(None, -3), (400,)),
    (slice(None, None, -1), (400,)),
    ((slice(2, 9), slice(5, 30)), (20, 30)),
    ((3, slice(4, None)), (20, 30)),
    ((slice(None), 0, slice(1, 5)), (10, 8, 6)),
]


def scattered(key: object, shape: tuple[int, ...]) -> Program:
    builder = Builder()
    inner = np.zeros(shape)[key].shape  # type: ignore[index]  # a key of NumPy's
    x = builder.input("x", ArrayType(inner, "float64"))
    op = lookup("scatter")
    return builder.program("f", builder.bind(op, x, params={"index": key, "shape": shape}))


@pytest.mark.parametrize(("key", "shape"), KEYS)
def test_a_block_is_set_and_never_added_to(key: object, shape: tuple[int, ...]) -> None:
    program = scattered(key, shape)
    tree = plan(program)
    assert not any(isinstance(s, Combine) for s in walk(tree.body))
    x = np.random.default_rng(0).normal(size=program.inputs[0].type.shape)
    x.flat[0] = -0.0
    (found,) = run(tree, [x])
    wanted = np.zeros(shape)
    wanted[key] += x  # type: ignore[index]  # a key of NumPy's
    assert np.array_equal(found, wanted)
    assert np.array_equal(np.signbit(found), np.signbit(wanted))


@pytest.mark.parametrize("key", [slice(None, None, 2), [0, 0, 5], [3, 1, 2]])
def test_what_is_no_block_is_added(key: object) -> None:
    tree = plan(scattered(key, (400,)))
    assert any(isinstance(s, Combine) for s in walk(tree.body))
