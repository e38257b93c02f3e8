"""Every renderer prints every op, and the printed Python gives the interpreter's numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.op import Op
from chalkgrad.render.data import to_json
from chalkgrad.render.evaluation_source import source_of
from chalkgrad.render.graph import diagram
from chalkgrad.render.html import html
from chalkgrad.render.pseudocode import pseudocode
from chalkgrad.render.python import python
from chalkgrad.render.terminal import terminal
from tests.ops.contract import cases, single

VIEWS: tuple[Callable[[Worked], object], ...] = (to_json, html, pseudocode, terminal, diagram)


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.differentiable], ids=lambda op: op.name)
def test_it_prints_and_the_python_runs(op: Op) -> None:
    for case in cases(op):
        program = single(op, case.inputs, case.params)
        if not program.output.type.floating:
            continue
        at = {v.hint: x for v, x in zip(program.inputs, case.inputs, strict=True)}
        upstream = np.linspace(1, 2, int(np.prod(program.output.type.shape))).reshape(program.output.type.shape)
        w = work(program, at, upstream=upstream)
        for view in VIEWS:
            assert view(w)
        space: dict[str, Any] = {}
        exec(python(w), space)
        with np.errstate(all="ignore"):
            value, gradients = space["f"](*case.inputs, upstream)
        np.testing.assert_allclose(value, w.value, rtol=1e-13)
        for name, gradient in gradients.items():
            np.testing.assert_allclose(gradient, w.gradients[name], rtol=1e-13, atol=1e-300, err_msg=name)


@pytest.mark.parametrize("op", [op for op in OPS.values() if op.readable is not None], ids=lambda op: op.name)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_what_is_written_for_people_gives_the_same_bits(op: Op, dtype: str) -> None:
    hard = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 800, -800, 720, -720, 1e-320, -1e-9, 3, -3, 3, -3], dtype)
    given = [(case.inputs, case.params) for case in cases(op)]
    given += [((hard,) * op.arity, {})] + [((x,) * op.arity, {}) for x in hard] * op.elementwise
    assert op.evaluate is not None
    assert op.readable is not None
    for inputs, params in given:
        with np.errstate(all="ignore"):
            wanted, found = op.evaluate(*inputs, **params), op.readable(*inputs, **params)
        assert np.asarray(found).dtype == np.asarray(wanted).dtype
        np.testing.assert_array_equal(found, wanted)
        number = ~np.isnan(np.asarray(wanted, float))
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(wanted)[number])
    assert source_of(op.readable, op.name)
