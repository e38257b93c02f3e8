"""What initialisation does, shown by training, and that the training is plain gradient descent."""

from __future__ import annotations

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.learn.data import built_in, read_csv
from chalkgrad.learn.lessons import training_text


@pytest.mark.parametrize("activation", ["tanh", "relu", "σ"])
@pytest.mark.parametrize("value", [0.5, 0.2])
def test_equal_weights_stay_equal(activation: str, value: float) -> None:
    run = cg.train("2-3-1", "xor", init=value, activation=activation, steps=200)
    assert run.apart[0].shape == run.apart_gradients[0].shape == (200,)
    assert np.max(run.apart[0]) <= 1e-15
    assert np.max(run.apart_gradients[0]) <= 1e-15
    assert np.any(run.largest["W1"])  # they do move, all alike
    rows = run.end["W1"]
    np.testing.assert_allclose(rows, np.broadcast_to(rows[:1], rows.shape), atol=1e-14)
    assert "the layer computes one feature 3 times" in str(run) or "they compute one feature 3 times" in str(run)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_zero_weights_get_no_gradient(activation: str) -> None:
    run = cg.train("2-3-1", "or", init="zero", activation=activation, steps=50)
    assert not np.any(run.largest["W1"])
    assert not np.any(run.largest["W2"])
    assert np.any(run.largest["b2"])
    told = str(run)
    assert "No weight got any gradient: ∂W1 and ∂W2 are exactly 0 at every step; only b2 moved." in told
    assert f"the hidden units give {activation}(0) = 0" in told


def test_zero_weights_with_sigma() -> None:
    run = cg.train("2-3-1", "or", init="zero", activation="σ", steps=50)
    assert run.largest["W1"][0] == 0
    assert run.largest["W2"][0] == pytest.approx(0.125)
    assert run.largest["W1"][1] > 0
    told = str(run)
    assert "At the first step ∂W1 = 0, since the weights behind, all 0, send nothing back." in told
    assert "But ∂W2 ≠ 0 (up to 0.1250), since the hidden units give σ(0) = 0.5, not 0." in told
    assert np.max(run.apart[0]) == 0


def test_balanced_errors_are_not_taken_for_the_rule() -> None:
    told = str(cg.train("2-3-1", "xor", init="zero", activation="σ", steps=5))
    assert "∂W2 = 0 too, though the hidden units give σ(0) = 0.5: the errors of these examples add up to 0" in told


def test_random_weights_come_apart_and_solve_it() -> None:
    run = cg.train("2-3-1", "xor", steps=1500)
    assert run.apart[0][0] > 0
    assert run.losses[-1] < 0.01
    np.testing.assert_allclose(run.output, [[0, 1, 1, 0]], atol=0.05)
    stuck = cg.train("2-3-1", "xor", init="equal", steps=1500)
    assert stuck.losses[-1] > 0.4
    assert "each can learn a feature of its own" in str(run)


def test_a_seed_is_a_seed() -> None:
    one, same, other = [cg.train("2-3-1", steps=20, seed=s) for s in (1, 1, 2)]
    assert str(one) == str(same)
    assert one.losses[0] != other.losses[0]


@pytest.mark.parametrize("output", ["σ", "linear", "softmax"])
def test_it_is_gradient_descent(output: str) -> None:
    """The same steps, taken with the gradients of the equations by `value_and_grad`."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 5)), rng.random(size=(2, 5))
    y = y / y.sum(axis=0)
    run = cg.train("3-4-2", (x, y), activation="tanh", output=output, steps=3, rate=0.1, seed=4)
    names = list(run.start)
    both = cg.value_and_grad(run.equations, wrt=names)
    at = dict(run.start)
    for loss in run.losses[:-1]:
        value, slopes = both(X=x, Y=y, **at)
        assert loss == pytest.approx(float(value), rel=1e-12)
        at = {name: at[name] - 0.1 * slope for name, slope in zip(names, slopes, strict=True)}
    for name in names:
        np.testing.assert_allclose(run.end[name], at[name], rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("output", "formula"), [("σ", "ce"), ("linear", "squares"), ("softmax", "classes")])
def test_the_loss_goes_with_the_output(output: str, formula: str) -> None:
    x, y = np.array([[1.0, -2, 0.5]]), np.array([[1.0, 0, 1], [0, 1, 0]])  # one class each
    run = cg.train("1-2", (x, y), output=output, steps=1, seed=3)
    z = run.start["W1"] @ x
    p = {"σ": 1 / (1 + np.exp(-z)), "linear": z, "softmax": np.exp(z) / np.exp(z).sum(axis=0)}[output]
    wanted = {
        "ce": -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) if formula == "ce" else 0,
        "squares": np.mean((p - y) ** 2) / 2,
        "classes": -np.mean(np.sum(y * np.log(p), axis=0)) if formula == "classes" else 0,
    }[formula]
    assert run.losses[0] == pytest.approx(wanted, rel=1e-12)


def test_a_rate_too_large_is_said() -> None:
    run = cg.train("2-3-1", "xor", output="linear", rate=50, steps=500)
    assert run.broken is not None
    assert len(run.losses) == run.broken + 1
    assert f"At step {run.broken} J is inf and no number, so training stopped: take a smaller rate than 50." in str(run)


def test_a_network_without_a_value_is_said() -> None:
    told = str(cg.train("2-3-1", "xor", activation="log", steps=5))
    assert "J is nan before the first step: the network has no value at these weights." in told


def test_the_table_tells_zero_from_small() -> None:
    told = training_text(cg.train("2-3-1", "or", init="zero", activation="tanh", steps=3))
    rows = [line.split() for line in told.splitlines() if line.strip().startswith(("0 ", "1 ", "3 "))]
    assert rows[0] == ["0", "0.6931", "0", "0", "0", "0"]
    assert rows[-1][0] == "3"


def test_progress_is_told() -> None:
    ticks: list[int] = []
    cg.train("2-2-1", steps=7, progress=ticks.append)
    assert sum(ticks) == 7


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"data": "xxor"}, "no data called 'xxor'; did you mean 'xor'"),
        ({"chart": "3-2-1"}, r"X has shape \(2, 4\); the network begins with 3, so it is 3×m"),
        ({"chart": "2-2-2"}, r"Y has shape \(1, 4\); the network ends with 2"),
        ({"data": (np.ones((4, 2)), np.ones((1, 4)))}, "take the transpose"),
        ({"data": (np.ones((2, 4)), np.ones((1, 3)))}, "X has 4 examples and Y has 3"),
        ({"data": (np.full((2, 1), np.nan), np.ones((1, 1)))}, "X holds a NaN or an infinity"),
        (
            {"data": (np.ones((2, 1)), np.array([[2.0]]))},
            "after σ the loss is a cross-entropy, so that Y lies from 0 to 1",
        ),
        ({"chart": "2-2", "data": (np.ones((2, 1)), np.ones((2, 1))), "output": "softmax"}, "each column of Y"),
        ({"init": "same"}, "weights begin random, zero or equal, or as one number; not 'same'"),
        ({"init": float("inf")}, "not as inf"),
        ({"init": None}, "not as None"),
        ({"rate": "fast"}, "the rate is a number above 0, and not 'fast'"),
        ({"rate": 0.0}, "the rate is a number above 0"),
        ({"steps": 0}, "from 1 to 1000000 steps"),
        ({"steps": 10**9}, "from 1 to 1000000 steps"),
        ({"chart": "2-1000000-1"}, "up to 1000000 are trained here"),
    ],
    ids=str,
)
def test_what_cannot_be_trained_is_said(options: dict[str, object], said: str) -> None:
    with pytest.raises(cg.ChalkgradError, match=said):
        cg.train(**{"chart": "2-2-1", **options})  # type: ignore[arg-type]  # wrong on purpose


def test_a_table_is_read() -> None:
    x, y = read_csv("length,width,big\n1,2,0\n\n3,4.5,1\n", 2, 1)
    assert (x.tolist(), y.tolist()) == ([[1, 3], [2, 4.5]], [[0, 1]])
    assert built_in("and")[1].tolist() == [[0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c\n", "the table is empty"),
        ("1,2,3\n4,x,6\n", "line 2, column 2 of the table is 'x', and not a number"),
        ("1,2,3\n4,5\n", "line 2 of the table has 2 columns; the network takes 2 inputs and gives 1, which makes 3"),
        ("1,nan,3\n", "line 1, column 2 of the table is 'nan'"),
    ],
)
def test_a_table_at_fault_names_the_line(text: str, said: str) -> None:
    with pytest.raises(cg.ChalkgradError, match=said):
        read_csv(text, 2, 1)


def test_many_units_of_many_inputs_stay_equal_up_to_rounding() -> None:
    """A matrix product may add equal rows in different orders; that is said, and not taken for learning."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 37)), (rng.random((1, 37)) < 0.5) * 1.0
    run = cg.train("20-53-7-1", (x, y), init="equal", steps=100)
    assert max(map(np.max, run.apart)) < 1e-13
    assert "began equal and got equal gradients at each of the 100 steps" in str(run)
