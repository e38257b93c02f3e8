"""Named sizes, and a user's choices at the hard points."""

from __future__ import annotations

import numpy as np
import pytest

from chalkgrad.errors import ChalkgradError, ShapeError
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.ir.dims import size
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.conventions import choose, with_sizes
from tests.transform.programs import array, gradient, log, matmul, program, relu, sigmoid, total

m, n = size("m"), size("n")


def sized(p: Program, *shapes: tuple[int, ...]) -> Program:
    return check(with_sizes(p, dict(zip(p.inputs, shapes, strict=True))))


class TestSizes:
    def test_one_program_for_every_batch(self) -> None:
        p = program(lambda W, x: OPS["mean"](log(sigmoid(matmul(W, x)))), array(2, n), array(n, m))
        made = check(backprop(p).gradient)
        rng = np.random.default_rng(0)
        for wide, batch in ((3, 5), (4, 1), (1, 7)):
            W, x = rng.normal(size=(2, wide)), rng.normal(size=(wide, batch))
            dW, dx = Interpreter(sized(made, W.shape, x.shape, ()))(W, x, 1.0)[1:]
            np.testing.assert_allclose(dW, (1 / (1 + np.exp(W @ x))) @ x.T / (2 * batch), rtol=1e-12)
            assert dx.shape == x.shape

    @pytest.mark.parametrize("name", ["sum", "mean", "max", "logsumexp", "norm"])
    def test_reductions(self, name: str) -> None:
        p = program(lambda x: total(OPS[name](x) ** 2), array(m, 3))
        x = np.random.default_rng(1).normal(size=(4, 3))
        found = Interpreter(sized(check(backprop(p).gradient), x.shape, ()))(x, 1.0)[1]
        known = program(lambda x: total(OPS[name](x) ** 2), array(4, 3))
        np.testing.assert_allclose(found, gradient(known, x)[0])

    def test_an_unused_input_of_a_named_size_gets_zeros(self) -> None:
        p = program(lambda x, y: x * 2, array(), array(m, dtype="float32"))
        zeros = Interpreter(sized(check(backprop(p).gradient), (), (3,), ()))(1.0, np.ones(3), 1.0)[2]
        assert (zeros.tolist(), zeros.dtype) == ([0.0, 0.0, 0.0], np.float32)

    def test_a_size_is_solved_whatever_the_order(self) -> None:
        p = program(lambda x, y: total(x) + total(y), array(m * 2 + 1), array(m))
        assert sized(p, (7,), (3,)).inputs[0].type.shape == (7,)
        alone = program(lambda x: total(x), array(m * 2 + 1))
        assert sized(alone, (7,)).inputs[0].type.shape == (7,)

    @pytest.mark.parametrize("shapes", [((4, 2), (3, 4)), ((2, 3), (3, 4)), ((2,), (3, 4))])
    def test_a_shape_that_does_not_fit_names_the_input(self, shapes: tuple[tuple[int, ...], ...]) -> None:
        p = program(lambda x, y: total(matmul(x, y)), array(2, n), array(n, n))
        with pytest.raises(ShapeError, match=r"[xy] has shape .* expected"):
            sized(p, *shapes)

    def test_the_message_says_where_a_size_came_from(self) -> None:
        p = program(lambda x, y: total(x + y), array(m), array(m))
        with pytest.raises(ShapeError, match=r"y has shape \(3,\), expected \(m,\), where m = 2"):
            sized(p, (2,), (3,))

    def test_no_names_no_change(self) -> None:
        p = program(lambda x: total(x), array(3))
        assert with_sizes(p, {p.inputs[0]: (3,)}) is p


class TestChoices:
    def test_relu_at_zero(self) -> None:
        p = program(lambda x: relu(x))
        assert gradient(p, 0.0) == (0.0,)
        assert gradient(choose(p, {"relu_at_zero": 1}), 0.0) == (1.0,)
        assert gradient(choose(p, {"relu_at_zero": 0}), 0.0) == (0.0,)

    def test_tie(self) -> None:
        p = program(lambda x, y: OPS["maximum"](x, y) + 2 * OPS["minimum"](x, y))
        assert gradient(p, 1.0, 1.0) == (1.5, 1.5)
        assert gradient(choose(p, {"tie": "first"}), 1.0, 1.0) == (3.0, 0.0)

    def test_away_from_the_tie_nothing_changes(self) -> None:
        p = program(lambda x, y: OPS["maximum"](x, y))
        assert gradient(choose(p, {"tie": "first"}), 1.0, 2.0) == (0.0, 1.0)

    def test_an_unknown_choice_names_the_nearest(self) -> None:
        with pytest.raises(ChalkgradError, match="did you mean 'relu_at_zero'"):
            choose(program(lambda x: relu(x)), {"relu_at_zer": 1})
        with pytest.raises(ChalkgradError, match="tie is one of share, first, not last"):
            choose(program(lambda x: relu(x)), {"tie": "last"})
