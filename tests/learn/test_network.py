"""Charts, their counts, and the equations that they stand for."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.learn.network import read_chart


def test_a_network_is_counted() -> None:
    net = cg.network("8-10-10-3")
    assert (net.weights, net.biases, net.parameters) == (210, 23, 233)
    assert (net.forward, net.sent_back, net.backward) == (210, 130, 340)
    assert cg.network("8-10-10-3", biases=False).parameters == 210
    told = str(net)
    assert "weights: 80 + 100 + 30 = 210" in told
    assert "biases: 10 + 10 + 3 = 23, counted apart" in told
    assert "in all: 210 + 23 = 233" in told


@given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_the_counts_are_those_of_the_program(sizes: list[int]) -> None:
    """Weights and biases are the entries of its inputs; multiplications those of the products in its gradient."""
    net = cg.network(sizes, activation="tanh")
    entries = {v.hint: int(np.prod(v.type.shape)) for v in net.program.inputs}
    assert sum(n for name, n in entries.items() if name[0] == "W") == net.weights
    assert sum(n for name, n in entries.items() if name[0] == "b") == net.biases
    wrt = [v.hint for v in net.program.inputs if v.hint != "x"]
    gradient = cg.backprop(net.program, wrt=wrt).gradient
    products = {"forward": 0, "backward": 0}
    for step in gradient.steps:
        if step.op.name in ("matmul", "outer"):
            shapes = [a.type.shape for a in step.inputs]
            cost = int(np.prod(shapes[0])) * (shapes[1][-1] if len(shapes[1]) > 1 or step.op.name == "outer" else 1)
            products["forward" if step in net.program.steps else "backward"] += cost
    assert products == {"forward": net.forward, "backward": net.backward}


@pytest.mark.parametrize("text", ["8-10-3", "8→10→3", "[8, 10, 3]", " 8 - 10 - 3 ", "8->10->3", "(8,10,3)"])
def test_a_chart_is_read(text: str) -> None:
    assert read_chart(text) == (8, 10, 3)
    assert cg.network(text).sizes == (8, 10, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("8-a-3", "a chart is layer sizes such as 8-10-10-3"),
        ("8-0-3", "each from 1 to"),
        ("8-1.5-3", "a chart is layer sizes"),
        ("8", "a chart has an input layer and one more"),
        ("", "a chart has an input layer and one more"),
        ("8-99999999999999-3", "a chart is layer sizes"),
        ("-".join(["2"] * 101), "100 are the most"),
        ("x = 3 y", "no layer was found"),
        ("W in R^(2 x 2); x in R^2; y = W (W x)", "W stands in two products"),
        ("W in R^(2 x 2); V in R^(2 x 2); x in R^2; y = V W x", "V W is a product of two parameters"),
        ("W in R^(2 x 2); w in R^2; x in R^2; y = w (W x)", "w is neither the matrix of a layer W a"),
    ],
)
def test_what_is_no_network_is_refused(text: str, said: str) -> None:
    with pytest.raises(cg.ChalkgradError, match=said):
        cg.network(text)


@pytest.mark.parametrize("text", ["8" + " " * 50_000 + "x", "8-" * 50_000, "-" * 50_000, "9" * 50_000, "8\0-3"])
def test_a_long_text_is_refused_soon(text: str) -> None:
    with pytest.raises(cg.ChalkgradError) as error:
        cg.network(text)
    assert len(str(error.value)) < 1000


def test_an_activation_is_known() -> None:
    with pytest.raises(cg.ChalkgradError, match="no activation 'tanhh'; did you mean 'tanh'"):
        cg.network("2-3-1", activation="tanhh")
    with pytest.raises(cg.ChalkgradError, match="no activation 'matmul'"):
        cg.network("2-3-1", activation="matmul")


def test_the_equations_are_its_program() -> None:
    net = cg.network("2-3-1", activation="tanh", output="σ")
    assert net.equations.splitlines()[-4:] == ["z1 = W1 x + b1", "a1 = tanh(z1)", "z2 = W2 a1 + b2", "h = σ(z2)"]
    rng = np.random.default_rng(0)
    at = {v.hint: rng.normal(size=v.type.shape) for v in net.program.inputs}
    h = cg.work(net.program, values=at, upstream=[1.0]).value
    by_hand = 1 / (1 + np.exp(-(at["W2"] @ np.tanh(at["W1"] @ at["x"] + at["b1"]) + at["b2"])))
    np.testing.assert_allclose(h, by_hand, rtol=1e-13)


@pytest.mark.parametrize("output", ["linear", "softmax", "σ", "relu"])
def test_equations_give_the_layers_back(output: str) -> None:
    net = cg.network("4-3-2", activation="tanh", output=output)
    again = cg.network(net.equations)
    assert (again.sizes, again.parameters, again.backward) == (net.sizes, net.parameters, net.backward)
    assert [layer.bias for layer in again.layers] == ["b1", "b2"]
    assert again.data == ("x",)


def test_examples_may_stand_in_rows() -> None:
    net = cg.network("X in R^(m x 4); W in R^(4 x 3); V in R^(3 x 2); H = tanh(X W); y = H V")
    assert [(layer.weight, layer.inputs, layer.outputs) for layer in net.layers] == [("W", 4, 3), ("V", 3, 2)]


def test_data_is_what_a_person_says() -> None:
    text = "u in R^2; W in R^(3 x 2); b in R^3; a = tanh(W u + b)"
    with pytest.raises(cg.ChalkgradError, match="u is neither the matrix"):
        cg.network(text)
    assert cg.network(text, data="u").parameters == 9
    with pytest.raises(cg.UnknownName, match="no input 'v'"):
        cg.network(text, data="v")


def test_sizes_may_be_names() -> None:
    net = cg.network("x in R^(D x 1); W1 in R^(h x D); b1 in R^(h x 1); a1 = relu(W1 x + b1)")
    assert (str(net.weights), str(net.parameters)) == ("D·h", "D·h + h")
    assert "W1: h×D" in str(net)
    with pytest.raises(cg.ValueNeeded, match="every size is a number"):
        _ = net.svg


def test_it_is_drawn(tmp_path: Path) -> None:
    svg = cg.network("2-3-1", activation="tanh").svg
    root = ET.fromstring(svg)
    kinds = [element.tag.split("}")[1] for element in root.iter()]
    assert (kinds.count("circle"), kinds.count("line")) == (6, 2 * 3 + 3 * 1)
    cells = [e.text for e in root.iter() if e.get("role") == "cell"]
    assert cells == ["x", "2", "none", "none", "a1", "3", "tanh", "W1: 3×2", "h", "1", "none", "W2: 1×3"]
    assert svg == cg.network("2-3-1", activation="tanh").svg
    wide = [e.tag for e in ET.fromstring(cg.network("100-10").svg).iter() if e.tag.endswith("circle")]
    assert len(wide) == 8 + 10  # the first and the last of a hundred
    assert cg.network("2-1").save(tmp_path / "n.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(cg.ChalkgradError, match=r"ends in \.svg or \.png"):
        cg.network("2-1").save(tmp_path / "n.pdf")


@pytest.mark.parametrize(
    "text",
    [
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = W x; z = V x; f = sum(y) + sum(z)",  # side by side
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = W x; z = y * y; f = V z",  # a square between
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = W x; f = V sort(y)",
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = W x; f = V y + x",  # past the layers
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = W x; z = V y; f = z * sum(y)",
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); y = V (W x); f = x^T y",  # a form of second degree
        "x in R^2; W in R^(2 x 2); V in R^(2 x 2); f = V (W sort(x))",
    ],
)
def test_what_is_more_than_one_matrix_is_not_said_to_be_one(text: str) -> None:
    net = cg.network(text)
    assert net.weights == 8
    assert not net.linear
    assert "can represent" not in str(net)


def test_layers_that_are_linear_are_one_matrix() -> None:
    net = cg.network("x in R^4; W in R^(2 x 4); V in R^(3 x 2); b in R^2; y = W x + b; f = V y")
    assert net.linear
    assert net.bottleneck.rank == 2


def test_layers_that_are_no_row_are_not_drawn_as_one() -> None:
    net = cg.network("x in R^2; W in R^(3 x 2); V in R^(4 x 2); y = W x; z = V x; f = sum(y) + sum(z)")
    assert net.weights == 14
    with pytest.raises(cg.ChalkgradError, match="do not feed one another"):
        _ = net.svg


def test_a_persons_text_is_escaped() -> None:
    net = cg.network("x in R^2; W in R^(3 x 2); y = W x")
    odd = type(net)(net.layers, net.equations, ("<b>&",))
    assert "<b>" not in odd.svg
    ET.fromstring(odd.svg)


@pytest.mark.parametrize("chart", ["3--2", "-3-2", "3-2-", "3,,2", "3 - -2", "[3, 2,]", "[3-2", "3]-2"])
def test_a_chart_with_a_size_missing_is_refused_and_not_mended(chart: str) -> None:
    with pytest.raises(cg.NotationError, match="a chart is layer sizes"):
        cg.network(chart)


def test_a_slip_in_the_activation_is_said_where_no_layer_is_hidden_too() -> None:
    with pytest.raises(cg.ChalkgradError, match="no activation 'tanhh'"):
        cg.network("3-2", activation="tanhh")
