"""Sizes are polynomials: their algebra, broadcasting, and errors that name them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkgrad.errors import ShapeError
from chalkgrad.ir.dims import Dim, Size, broadcast, count, dims_text, size, substitute

fast = settings(max_examples=60, deadline=None, derandomize=True)
atoms = st.integers(-3, 3) | st.sampled_from([size("m"), size("n"), size("D_x")])
dims = st.recursive(
    atoms,
    lambda d: (
        st.builds(lambda a, b: a + b, d, d) | st.builds(lambda a, b: a * b, d, d) | st.builds(lambda a, b: a - b, d, d)
    ),
    max_leaves=6,
)
AT = {"m": 5, "n": -2, "D_x": 7}


@fast
@given(dims, dims)
def test_the_algebra_is_that_of_the_numbers(a: Dim, b: Dim) -> None:
    x, y = substitute(a, AT), substitute(b, AT)
    assert isinstance(x, int)
    assert isinstance(y, int)
    assert (substitute(a + b, AT), substitute(a - b, AT), substitute(a * b, AT)) == (x + y, x - y, x * y)


@fast
@given(dims, dims, dims)
def test_normal_form(a: Dim, b: Dim, c: Dim) -> None:
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert a * (b + c) == a * b + a * c
    assert a - a == 0
    assert hash(a * (b + c)) == hash(c * a + b * a)


@fast
@given(dims)
def test_substituting_by_parts(a: Dim) -> None:
    assert substitute(substitute(a, {"m": 5}), {"n": -2, "D_x": 7}) == substitute(a, AT)


def test_printed() -> None:
    m, n = size("m"), size("n")
    assert [str(d) for d in (m, 2 * m, m * n, m + 1, 1 - m, -m, m - 2 * n)] == [
        "m",
        "2·m",
        "m·n",
        "1 + m",
        "1 - m",
        "-m",
        "m - 2·n",
    ]
    assert dims_text((m, 3)) == "(m, 3)"
    assert dims_text((m,)) == "(m,)"
    assert dims_text(()) == "()"


shapes = st.lists(st.sampled_from([0, 1, 1, 2, 3]), max_size=3).map(tuple)


@fast
@given(shapes, shapes, shapes)
def test_broadcast_is_numpys(a: tuple[int, ...], b: tuple[int, ...], c: tuple[int, ...]) -> None:
    try:
        wanted = np.broadcast_shapes(a, b, c)
    except ValueError:
        with pytest.raises(ShapeError):
            broadcast(a, b, c)
    else:
        assert broadcast(a, b, c) == wanted


def test_named_sizes_broadcast_when_they_are_one_or_equal() -> None:
    m, n = size("m"), size("n")
    assert broadcast((m, 1), (n,)) == (m, n)
    assert broadcast((m + 1,), (1 + m,)) == (m + 1,)
    with pytest.raises(ShapeError, match=r"shapes \(m,\) and \(n,\) do not fit: size m against size n"):
        broadcast((m,), (n,))
    with pytest.raises(ShapeError, match="size m against size 3"):
        broadcast((m, 2), (3, 1))


def test_count() -> None:
    assert count((2, 3, 4)) == 24
    assert count(()) == 1
    assert count((size("m"), 0)) == 0
    assert isinstance(count((size("m"), 2)), Size)
