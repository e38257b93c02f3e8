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
