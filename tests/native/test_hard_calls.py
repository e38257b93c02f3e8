"""Calls that machine code once answered wrongly, or might: each against what NumPy says."""

from __future__ import annotations

import numpy as np
import pytest

import chalkgrad as cg

# Below, at and above what lanes hold and what is written out.
LENGTHS = (1, 2, 3, 4, 5, 8, 9, 16, 17, 40, 1000)


@pytest.mark.parametrize("n", LENGTHS)
@pytest.mark.parametrize("chosen", [np.argmax, np.argmin])
def test_the_place_of_the_best_entry_where_nobody_asks_for_the_entry(chosen, n):
    # the best number so far is then no result: it must live for as long as its place does
    slope = cg.value_and_grad(lambda x: x[chosen(x)] * 2.0)
    rng = np.random.default_rng(n)
    for k in range(6):
        x = np.round(rng.normal(size=n), k % 2)  # equal ones, too
        if k == 5:
            x[n // 2] = np.nan
        value, gradient = slope(x)
        expected = np.zeros(n)
        expected[chosen(x)] = 2.0
        np.testing.assert_array_equal(value, x[chosen(x)] * 2.0)
        np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("n", LENGTHS)
def test_the_place_of_the_best_entry_of_every_row(n):
    places = cg.vmap(lambda x: (np.argmax(x), np.argmin(x)))
    rng = np.random.default_rng(n)
    for _ in range(3):
        x = np.round(rng.normal(size=(5, n)), 1)
        high, low = places(x)
        np.testing.assert_array_equal(high, np.argmax(x, axis=1))
        np.testing.assert_array_equal(low, np.argmin(x, axis=1))


@pytest.mark.parametrize("shape", [(2, 17), (3, 5), (17, 3), (2, 40)])
def test_the_least_of_each_turn_of_many_loops(shape):
    # the history of the least numbers and that of their places have their axes in one order
    def least(x, ys):
        def turn(c, y):
            return np.tanh(c) + y, c[np.argmin(c)]

        return np.sum(cg.scan(turn, x, ys)[1])

    many = cg.vmap(least)
    rng = np.random.default_rng(0)
    for _ in range(3):
        x, ys = rng.normal(size=shape), rng.normal(size=(shape[0], 9))
        expected, c = np.zeros(shape[0]), x
        for k in range(9):
            expected, c = expected + np.min(c, axis=1), np.tanh(c) + ys[:, k : k + 1]
        np.testing.assert_allclose(many(x, ys), expected, rtol=1e-12)


@pytest.mark.parametrize("n", [256, 257, 300])
def test_what_a_tile_has_summed_is_not_begun_anew_by_the_next_one(n):
    # the last tile is shorter than the lanes that begin its sums: they began those of the tile before again
    def energy(x, m):
        d = x[:, None, :] - x[None, :, :]
        return np.sum(m[:, None] * m[None, :] / np.sqrt(np.sum(d**2, axis=-1) + 1e-3))

    rng = np.random.default_rng(n)
    x, m = rng.normal(size=(n, 3)).astype(np.float32), rng.uniform(1, 2, n).astype(np.float32)
    slope = cg.compile(cg.grad(energy), x, m)
    d = x[:, None, :] - x[None, :, :].astype(np.float64)
    r = np.sum(d**2, axis=-1) + 1e-3
    expected = np.sum((-2 * m[:, None] * m[None, :] / r**1.5)[:, :, None] * d, axis=1)
    np.testing.assert_allclose(slope(x, m), expected, atol=1e-4 * np.max(np.abs(expected)))


def test_what_is_turned_in_a_tile_is_whole():
    # two parts make the rows that a product reads: they were copied when there was one of them
    def loss(v, w, b, x, y, t):
        z = np.concatenate([x, t[:, None] / 100], axis=1) @ v + b
        return np.mean((z * np.tanh(z) @ w - y) ** 2)

    rng = np.random.default_rng(0)
    n, d, h = 512, 64, 128
    real = [rng.normal(size=s).astype(np.float32) for s in ((d + 1, h), (h, d), h, (n, d), (n, d))]
    given = (*real, rng.integers(0, 100, n))
    found = cg.compile(loss, *given)
    for _ in range(3):
        np.testing.assert_allclose(found(*given), loss(*given), rtol=1e-9)


def test_a_pool_behind_a_padded_convolution_is_compiled():
    # where a padding is, places are worked out that lie outside: they are read nowhere
    def loss(k, w, x):
        h = np.maximum(cg.conv2d(x, k, padding=1), 0)
        h = np.max(np.reshape(h, (5, 5, 6, 2, 6, 2)), axis=(3, 5))
        return np.sum(np.maximum(cg.conv2d(h, w, padding=1), 0) ** 2)

    rng = np.random.default_rng(1)
    given = rng.normal(size=(5, 1, 3, 3)), rng.normal(size=(10, 5, 3, 3)), rng.normal(size=(5, 1, 12, 12))
    value, slopes = cg.compile(cg.value_and_grad(loss, wrt=(0, 1)), *given)(*given)
    again, expected = cg.value_and_grad(lambda *xs: loss(*xs), wrt=(0, 1))(*given)
    np.testing.assert_allclose(value, again, rtol=1e-12)
    for found, want in zip(slopes, expected, strict=True):
        np.testing.assert_allclose(found, want, rtol=1e-10, atol=1e-10 * np.max(np.abs(want)))
