"""Convolution against its definition, written as loops, and against PyTorch where it is installed."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.ir.registry import lookup
from chalkgrad.ops.windows import Window, same_padding

MOVES = [{"padding": p, "stride": s, "dilation": d} for p, s, d in itertools.product((0, 1, 3), (1, 2, 3), (1, 2))]
sizes = st.integers(1, 12)


def by_definition(x: Any, w: Any, padding: int, stride: int, dilation: int) -> Any:
    """y[o, i] = Σ x[c, S·i + D·k - P] w[o, c, k] over what lies on the input; x (C, L) or (C, H, W)."""
    axes = x.ndim - 1
    room = [n + 2 * padding - dilation * (f - 1) - 1 for n, f in zip(x.shape[1:], w.shape[2:], strict=True)]
    y = np.zeros((len(w), *[r // stride + 1 for r in room]))
    for o, *place in np.ndindex(*y.shape):
        for c, *weight in np.ndindex(*w.shape[1:]):
            at = [stride * i + dilation * k - padding for i, k in zip(place, weight, strict=True)]
            if all(0 <= a < n for a, n in zip(at, x.shape[1 : 1 + axes], strict=True)):
                y[(o, *place)] += x[(c, *at)] * w[(o, c, *weight)]
    return y


@pytest.mark.parametrize("moves", MOVES, ids=str)
def test_it_is_the_sum_that_it_says(moves: dict[str, int]) -> None:
    rng = np.random.default_rng(3)
    for convolve, shape, filter in ((cg.conv1d, (9,), (3,)), (cg.conv2d, (7, 8), (3, 2))):
        x, w = rng.normal(size=(2, *shape)), rng.normal(size=(3, 2, *filter))
        wanted = by_definition(x, w, **moves)
        np.testing.assert_allclose(convolve(x, w, **moves), wanted, atol=1e-12)
        np.testing.assert_allclose(convolve(np.stack([x, -x]), w, **moves), [wanted, -wanted], atol=1e-12)
        alone = by_definition(x[:1], w[:1, :1], **moves)[0]
        np.testing.assert_allclose(convolve(x[0], w[0, 0], **moves), alone, atol=1e-12)


def test_the_filter_is_not_turned_round() -> None:
    impulse = np.array([0.0, 0, 1, 0, 0])
    assert cg.conv1d(impulse, np.array([1.0, 2, 3])).tolist() == [3, 2, 1]


def test_a_stride_that_does_not_fit_leaves_the_end_without_a_gradient() -> None:
    w = cg.work("sum(conv1d(x, w, stride=2))", x=[1.0, 2, 3, 4], w=[1.0, 1])
    assert (w.value, w.gradients["x"].tolist()) == (10, [1, 1, 1, 1])
    w = cg.work("sum(conv1d(x, w, stride=2))", x=[1.0, 2, 3, 4, 5], w=[1.0, 1])
    assert (w.value, w.gradients["x"].tolist()) == (10, [1, 1, 1, 1, 0])


def test_it_is_differentiated_in_plain_python() -> None:
    def loss(x: Any, w: Any) -> Any:
        return np.sum(cg.conv2d(x, w, padding="same", dilation=(2, 1)) ** 2)

    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 5, 6)), rng.normal(size=(3, 2, 3, 3))
    value, (dx, dw) = cg.value_and_grad(loss, wrt=(0, 1))(x, w)
    assert value == pytest.approx(loss(x, w))
    cg.check_gradients(loss, x, w)
    assert (dx.shape, dw.shape) == (x.shape, w.shape)


def test_numpys_whole_numbers_are_options_too() -> None:
    x, w, two = np.arange(6.0), np.ones(2), np.int64(2)
    np.testing.assert_array_equal(cg.conv1d(x, w, stride=two), cg.conv1d(x, w, stride=2))
    program = cg.work(lambda x: np.sum(cg.conv1d(x, w, stride=two)), x).program
    assert program.steps[0].params == {"stride": 2}
    assert type(program.steps[0].params["stride"]) is int


def test_single_precision_stays() -> None:
    x, w = np.ones((1, 4, 4), np.float32), np.ones((2, 1, 2, 2), np.float32)
    assert cg.conv2d(x, w).dtype == np.float32
    _, grads = cg.value_and_grad(lambda x, w: np.sum(cg.conv2d(x, w)), wrt=(0, 1))(x, w)
    assert [g.dtype for g in grads] == [np.float32, np.float32]


def test_sizes_may_be_names() -> None:
    y = cg.parse("x in R^(m x 3 x n); w in R^(4 x 3 x 5); y = conv1d(x, w, padding=2)").output
    assert str(y.type) == "float64(m, 4, n)"
    with pytest.raises(cg.ShapeError, match="a stride of 2 divides, so the size n must be a number"):
        cg.parse("x in R^n; w in R^3; y = conv1d(x, w, stride=2)")


def refused(x: Any, w: Any, axes: int = 1, **moves: Any) -> str:
    with pytest.raises(cg.ChalkgradError) as error:
        (cg.conv1d if axes == 1 else cg.conv2d)(np.zeros(x), np.zeros(w), **moves)
    return str(error.value)


def test_sizes_are_bounded() -> None:
    """A few letters must not ask for more memory than there is."""
    with pytest.raises(cg.ShapeError, match="padding makes 2000000000 numbers of the 2 of the input"):
        cg.work("sum(conv1d(x, w, padding=999999999, stride=999999999))", x=[1, 2], w=[1, 1])
    with pytest.raises(cg.TooLarge, match="a size above 100000"):
        cg.convolution(10**9, 3)
    with pytest.raises(cg.ShapeError, match=r"size is a whole number, 0 or more, and not 3\.5"):
        cg.convolution(3.5, 3)  # type: ignore[arg-type]  # wrong on purpose


def test_what_does_not_fit_is_said() -> None:
    assert "a filter of 7 reaches over 7 cells, and there are 5" in refused(5, 7)
    assert "a filter of 3 with dilation 3 reaches over 7 cells" in refused(5, 3, dilation=3)
    assert "has 2 channels, a filter of shape (4, 3, 3) is for 3" in refused((2, 9), (4, 3, 3))
    assert "beside a filter of shape (3,) the input is (length)" in refused((2, 9), 3)
    assert "a filter is (length) or (channels out, channels in, length)" in refused(9, (3, 3))
    assert "stride is a whole number, 1 or more, and not 0" in refused(9, 3, stride=0)
    assert "padding is a whole number, 0 or more, and not -1" in refused(9, 3, padding=-1)
    assert "padding is a whole number, 0 or more, and not True" in refused(9, 3, padding=True)
    assert "dilation is a whole number, 1 or more, and not 1.5" in refused(9, 3, dilation=1.5)
    assert "stride is one number, or one for each of 2 axes; 3 were given" in refused(
        (4, 4), (2, 2), 2, stride=(1, 1, 1)
    )
    assert "take an odd filter, 3 or 5" in refused(9, 4, padding="same")
    assert "'same' padding keeps the size at a stride of 1" in refused(9, 3, padding="same", stride=2)
    assert "padding is a number, one for each axis, or 'same', and not 'valid'" in refused(9, 3, padding="valid")
    with pytest.raises(cg.ProgramError, match="truth values"):
        cg.conv1d(np.ones(3, bool), np.ones(2, bool))


@settings(max_examples=200, deadline=None)
@given(size=sizes, filter=sizes, padding=st.integers(0, 5), stride=sizes, dilation=st.integers(1, 3))
def test_the_output_counts_the_places(size: int, filter: int, padding: int, stride: int, dilation: int) -> None:
    window = Window(size, filter, padding, stride, dilation)
    reach = dilation * (filter - 1) + 1
    starts = [s for s in range(-padding, size + padding, stride) if s + reach <= size + padding]
    if not starts:
        with pytest.raises(cg.ShapeError):
            _ = window.output
        return
    assert (window.output, window.starts) == (len(starts), tuple(starts))
    assert starts[-1] + reach - 1 + window.unread == size + padding - 1
    x, w = np.ones(size), np.ones(filter)
    params = {"padding": padding, "stride": stride, "dilation": dilation}
    assert lookup("conv1d").evaluate(x, w, **params).shape == (len(starts),)


@given(filter=st.integers(1, 30), dilation=st.integers(1, 4), size=st.integers(1, 9))
def test_same_padding_keeps_the_size(filter: int, dilation: int, size: int) -> None:
    if dilation * (filter - 1) % 2:
        with pytest.raises(cg.ShapeError, match="take an odd filter"):
            same_padding(filter, dilation)
    else:
        assert Window(size, filter, same_padding(filter, dilation), 1, dilation).output == size


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("moves", MOVES, ids=str)
def test_against_torch(moves: dict[str, int], axes: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is an extra: pip install chalkgrad[peers]")
    rng = np.random.default_rng(1)
    shape, filter = (((9,), (3,)), ((7, 8), (3, 2)))[axes - 1]
    x, w = rng.normal(size=(2, 3, *shape)), rng.normal(size=(4, 3, *filter))
    convolve = (cg.conv1d, cg.conv2d)[axes - 1]
    a, b = torch.tensor(x, requires_grad=True), torch.tensor(w, requires_grad=True)
    loss = torch.sin(getattr(torch.nn.functional, f"conv{axes}d")(a, b, **moves)).sum()
    loss.backward()
    value, (dx, dw) = cg.value_and_grad(lambda x, w: np.sum(np.sin(convolve(x, w, **moves))), wrt=(0, 1))(x, w)
    assert value == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(dx, a.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(dw, b.grad.numpy(), atol=1e-12)


def test_the_gradient_of_a_filter_makes_no_copies_of_the_input_for_every_weight() -> None:
    """A real layer: copies for all weights at once took 60 times as long as the convolution itself."""
    rng = np.random.default_rng(0)
    x, u = rng.normal(size=(4, 8, 32, 32)), rng.normal(size=(4, 8, 26, 26))
    to_filter = lookup("conv2d_filter").evaluate
    assert to_filter is not None
    tracemalloc.start()
    found = to_filter(x, u, shape=(8, 8, 7, 7))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 6 * x.nbytes
    wanted = np.einsum("ncijkl,noij->ockl", np.lib.stride_tricks.sliding_window_view(x, (7, 7), axis=(2, 3)), u)
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("size", "padding", "stride", "said"),
    [
        (28, 1, 2, "the last cell, which is padding, is read by no place"),
        (10, 2, 4, "the last 3 cells, 2 of them padding, are read by no place"),
        (10, 2, 6, "the last 5 cells, 2 of them padding, are read by no place"),
        (10, 0, 4, "the last 3 cells are read by no place"),
        (5, 4, 8, "the last 2 cells, all of them padding, are read by no place"),
    ],
)
def test_what_no_place_reads_is_said_to_be_padding_where_it_is(size: int, padding: int, stride: int, said: str) -> None:
    assert said in str(cg.convolution(size, 3, padding=padding, stride=stride))


def test_in_a_picture_the_axis_that_does_not_come_out_even_is_named() -> None:
    told = str(cg.convolution((28, 27), (3, 3), padding=1, stride=2))
    assert "rows: a stride of 2 does not fit" in told
    assert "columns: a stride" not in told


def test_traces_inside_one_another() -> None:
    x, w = np.array([1.0, 2.0, 4.0, 7.0]), np.array([-1.0, 0.5])

    def inner(x: Any) -> Any:
        return cg.grad(lambda w: np.sum(cg.conv1d(x, w) ** 2))(w)  # x is of the outer trace, w of the inner one

    def other(w: Any) -> Any:
        return cg.grad(lambda x: np.sum(cg.conv1d(x, w) ** 2))(x)

    np.testing.assert_allclose(cg.jacobian(inner)(x), np.swapaxes(cg.jacobian(other)(w), 0, 1), rtol=1e-13)


def test_plain_arrays_that_do_not_fit() -> None:
    with pytest.raises(cg.ShapeError, match="conv1d"):
        cg.conv1d(np.ones(2), np.ones(5))
