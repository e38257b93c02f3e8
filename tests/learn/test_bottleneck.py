"""What linear layers can represent."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api.network import Network
from chalkgrad.learn.bottleneck import _layers_for, _product


def linear(chart: str, seed: int = 0) -> Network:
    return cg.network(chart, activation="linear", seed=seed)


def test_the_worksheets_two_networks() -> None:
    wide, narrow = linear("100-100"), linear("100-10-100")
    assert (wide.weights, narrow.weights) == (10_000, 2_000)
    assert (wide.forward, narrow.forward, wide.backward, narrow.backward) == (10_000, 2_000, 10_000, 3_000)
    assert (wide.bottleneck.rank, narrow.bottleneck.rank) == (100, 10)
    assert (wide.bottleneck.free, narrow.bottleneck.free) == (10_000, 10 * (100 + 100 - 10))
    told = wide.compare(narrow)
    assert "100→100 represents every map that 100→10→100 does and more: those of rank 11 to 100" in told
    assert "100→10→100 has 5 times fewer weights" in told
    shown = str(narrow)
    assert "any matrix of rank 10 or less, and no other" in shown
    assert "off by 9.487 = √90 of 10 = √100 (90 of 100 directions are lost)" in shown
    assert "what 8" not in str(cg.network("8-3-8"))  # it bends


@pytest.mark.parametrize("chart", ["100-10-100", "7-3-5-9", "4-9-2-6", "5-5", "3-8-8-3", "9-1-9"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_numbers_show_it(chart: str, seed: int) -> None:
    shown = linear(chart, seed).bottleneck
    assert shown.found == shown.rank == min(shown.sizes)
    assert shown.made < 1e-12
    lost = shown.full - shown.rank
    assert shown.copy_error == pytest.approx(math.sqrt(lost), abs=1e-12)
    assert shown.copy_size == pytest.approx(math.sqrt(shown.full))


def test_no_smaller_rank_comes_nearer() -> None:
    """Eckart and Young, tried: random matrices of the rank are all farther from the identity."""
    rng = np.random.default_rng(0)
    best = linear("6-2-6").bottleneck.copy_error
    for _ in range(200):
        basis = np.linalg.qr(rng.normal(size=(6, 2)))[0]
        assert np.linalg.norm(np.eye(6) - basis @ basis.T) >= best - 1e-12
        assert np.linalg.norm(np.eye(6) - rng.normal(size=(6, 2)) @ rng.normal(size=(2, 6))) > best


@pytest.mark.parametrize("sizes", [(4, 2, 5), (4, 3, 2, 5), (4, 6, 2, 7, 5), (3, 3)])
def test_every_matrix_of_the_rank_has_layers(sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    rank = min(sizes)
    target = rng.normal(size=(sizes[-1], rank)) @ rng.normal(size=(rank, sizes[0]))
    layers = _layers_for(target, sizes)
    assert [w.shape for w in layers] == [(b, a) for a, b in itertools.pairwise(sizes)]
    np.testing.assert_allclose(_product(layers), target, atol=1e-12)


def test_where_it_says_nothing() -> None:
    with pytest.raises(cg.ChalkgradError, match="not linear"):
        _ = cg.network("4-2-4").bottleneck
    with pytest.raises(cg.TooLarge, match="of up to 2000 units"):
        _ = linear("3000-10-3000").bottleneck
    wide = cg.network("3000-2-3000", activation="linear")
    assert "can represent" not in str(wide)
    assert "rank of the map" not in wide.compare(wide)
    assert "what they represent is not compared" in linear("4-2-4").compare(linear("5-2-4"))
    assert "Both represent the same maps: those of rank 2 or less" in linear("4-2-4").compare(linear("4-2-9-4"))
