"""Sums of products by routines: every manner, against NumPy."""

from __future__ import annotations

import ctypes
import math
from typing import Any

import numpy as np
import pytest

from chalkgrad.native.plan.affine import strides
from chalkgrad.native.products import blas, contract, products
from chalkgrad.native.products.routines import BLOCK, DOTS, LIBRARY, Plan
from chalkgrad.native.tree import Buffer, Product
from chalkgrad.ops.scalars import Axis, cast, lift

CALL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)


def contraction(rule: str, *xs: np.ndarray[Any, Any]) -> tuple[Product | None, dict[Buffer, np.ndarray[Any, Any]]]:
    """What an einsum of arrays, whose letters are of their shapes, is planned as; and the arrays behind its buffers."""
    given, result = rule.split("->")
    axis: dict[str, Axis] = {}
    arrays: dict[Buffer, np.ndarray[Any, Any]] = {}
    entries: list[Any] = []
    for letters, x in zip(given.split(","), xs, strict=True):
        for c, n in zip(letters, x.shape, strict=True):
            axis.setdefault(c, Axis(n))
        buffer = Buffer(letters, x.dtype.name, x.shape, "input")
        arrays[buffer] = x
        entries.append(buffer[tuple([axis[c] for c in letters])])
    shape: Any = tuple([axis[c].extent for c in result])
    into = Buffer("into", xs[0].dtype.name, shape, "output")
    arrays[into] = np.full(shape, 77, xs[0].dtype)
    own = [axis[c] for c in result]
    over = [a for c, a in axis.items() if c not in result]
    body = cast(entries[0] * entries[1], into.dtype)
    found = products.product(into, tuple([lift(a) for a in own]), own, over, body, None)
    if found is None:
        return None, arrays
    (made,) = found
    assert isinstance(made, Product)
    return made, arrays


def done(made: Product, arrays: dict[Buffer, np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    """Call the routine."""
    own = (*made.axes, *made.over)
    addresses: list[int] = []
    for read in blas.starts(made):
        assert strides(read.source.shape, read.index, own) == {}
        array = arrays[read.source]
        steps = [math.prod(array.shape[k + 1 :]) for k in range(array.ndim)]
        flat = sum([i.value * n for i, n in zip(read.index, steps, strict=True)])  # type: ignore[attr-defined]  # a Lit
        addresses.append(array.ctypes.data + flat * array.itemsize)
    assert made.plan.values is not None
    CALL(blas.address(made.routine))(*addresses, made.plan.values.ctypes.data)
    return arrays[made.into]


def near(found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any], terms: int) -> None:
    unit = np.finfo(found.dtype).eps * terms
    np.testing.assert_allclose(found, wanted, rtol=unit, atol=unit * float(np.abs(wanted).max()))


RULES = [
    ("ik,kj->ij", (37, 40), (40, 45)),
    ("ki,kj->ij", (40, 37), (40, 45)),
    ("ik,jk->ij", (37, 40), (45, 40)),
    ("ki,jk->ij", (40, 37), (45, 40)),
    ("ik,kj->ji", (37, 40), (40, 45)),
    ("ik,jk->ij", (33, 600), (34, 600)),
    ("kab,nkb->nka", (3, 33, 40), (50, 3, 40)),
    ("nka,nkb->kab", (50, 3, 33), (50, 3, 40)),
    ("bhik,bhkj->bhij", (2, 3, 32, 40), (2, 3, 40, 33)),
    ("abi,abj->ij", (9, 8, 32), (9, 8, 33)),
    ("abi,bja->ij", (9, 8, 32), (8, 33, 9)),
    ("abk,kcd->abcd", (3, 12, 40), (40, 5, 7)),
    ("ank,kb->nab", (4, 8, 40), (40, 33)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("own", [False, True], ids=["library", "own"])
@pytest.mark.parametrize(("rule", "left", "right"), RULES, ids=[r[0] for r in RULES])
def test_contraction(
    rule: str, left: tuple[int, ...], right: tuple[int, ...], own: bool, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left).astype(dtype), rng.normal(size=right).astype(dtype)
    if own:
        monkeypatch.setattr(contract, "by_library", lambda matrices: None)  # type: ignore[reportUnknownLambdaType]
    made, arrays = contraction(rule, a, b)
    assert made is not None
    assert made.plan.values is not None
    assert (made.plan.values[Plan.HOW] != LIBRARY) or not own
    wanted = np.einsum(rule, a.astype(np.float64), b.astype(np.float64))
    near(done(made, arrays), wanted, 2 * a.size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("run", [16, 17, 64, 300])
def test_dots(run: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that lie side by side along what is summed over, and nowhere else."""
    monkeypatch.setattr(contract, "by_library", lambda matrices: None)  # type: ignore[reportUnknownLambdaType]
    monkeypatch.setattr(contract, "by_broadcast", lambda matrices: None)  # type: ignore[reportUnknownLambdaType]
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(3, 18, 5, run)).astype(dtype), rng.normal(size=(3, 2, 4, 4, 5, run)).astype(dtype)
    made, arrays = contraction("niqk,nabcqk->iabc", a, b)
    assert made is not None
    assert made.plan.values is not None
    assert made.plan.values[Plan.HOW] == DOTS
    wanted = np.einsum("niqk,nabcqk->iabc", a.astype(np.float64), b.astype(np.float64))
    near(done(made, arrays), wanted, 30 * run)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [16, 17, 20, 22, 23])
@pytest.mark.parametrize("columns", [16, 24, 65, 127])
@pytest.mark.parametrize("terms", [60, BLOCK, BLOCK + 1])
def test_tails(rows: int, columns: int, terms: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing beyond the result is written, however many rows and columns are left over."""
    monkeypatch.setattr(contract, "by_library", lambda matrices: None)  # type: ignore[reportUnknownLambdaType]
    monkeypatch.setattr(products, "FEWEST", 1)
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(rows, terms)).astype(dtype), rng.normal(size=(terms, columns)).astype(dtype)
    made, arrays = contraction("ik,kj->ij", a, b)
    assert made is not None
    room = np.full(rows * columns + 64, 7, dtype)
    arrays[made.into] = room[32 : 32 + rows * columns].reshape(rows, columns)
    near(done(made, arrays), a.astype(np.float64) @ b, 2 * terms)
    assert np.all(room[:32] == 7)
    assert np.all(room[32 + rows * columns :] == 7)


@pytest.mark.parametrize(
    ("rule", "left", "right"),
    [
        ("ik,kj->ij", (4, 1000), (1000, 1000)),  # few rows: with what is around it in one loop
        ("ik,kj->ij", (1000, 10), (10, 10)),  # little to do for what is read
        ("ik,k->i", (1000, 1000), (1000,)),
        ("ik,kj->ij", (16, 16), (16, 16)),
        ("ij,ij->i", (100, 1000), (100, 1000)),
        ("ik,jl->ij", (100, 100), (100, 100)),  # each factor has a sum of its own
    ],
)
def test_left_to_loops(rule: str, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    made, _ = contraction(rule, np.ones(left), np.ones(right))
    assert made is None


def test_other_dtypes_are_left_to_loops() -> None:
    ints = np.ones((40, 40), np.int64)
    assert contraction("ik,kj->ij", ints, ints)[0] is None
    # what is added up in another dtype than that of the factors is not the library's product
    short = Buffer("short", "float32", (40, 40), "input")
    into = Buffer("into", "float64", (40, 40), "output")
    i, j, k = Axis(40), Axis(40), Axis(40)
    body = cast(short[i, k], "float64") * cast(short[k, j], "float64")
    assert products.product(into, (lift(i), lift(j)), (i, j), (k,), body, None) is None


def test_entries_with_no_number_stay_where_they_are() -> None:
    a, b = np.ones((40, 40)), np.ones((40, 40))
    a[3, 5], b[5, 7], a[9, 9] = np.nan, np.inf, -np.inf
    made, arrays = contraction("ik,kj->ij", a, b)
    assert made is not None
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(done(made, arrays), a @ b)


def test_a_library_that_is_not_what_it_says_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = blas.library()
    if found is None:
        pytest.skip("this NumPy has no library that is found")
    # single numbers taken for double ones
    assert blas._right(found.addresses["dgemm"], "float64", found.count)
    assert not blas._right(found.addresses["sgemm"], "float64", found.count)
    monkeypatch.setattr(blas, "_right", lambda *args: False)  # type: ignore[reportUnknownLambdaType]
    assert blas.library.__wrapped__() is None


def test_the_library_has_its_threads_back() -> None:
    found = blas.library()
    if found is None or not found.sets_threads:
        pytest.skip("this NumPy has no library that is told how many threads to use")
    now = ctypes.CFUNCTYPE(ctypes.c_int32)(found.addresses["threads_now"])
    before = now()
    made, arrays = contraction("ik,kj->ij", np.ones((64, 64)), np.ones((64, 64)))
    assert made is not None
    np.testing.assert_array_equal(done(made, arrays), np.full((64, 64), 64.0))
    assert now() == before
