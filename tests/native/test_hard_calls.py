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
