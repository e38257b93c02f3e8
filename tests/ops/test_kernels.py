"""Every kernel of the op table means what the op's own evaluation gives."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chalkgrad  # noqa: F401  (fills the table)
from chalkgrad.errors import ProgramError
from chalkgrad.ir.dims import size
from chalkgrad.ir.registry import OPS
from chalkgrad.ir.types import ArrayType, type_of
from chalkgrad.ops.kernel import Input, Read, axes, lift, nest
from chalkgrad.ops.op import Op
from chalkgrad.ops.places import _unravelled, coordinates, indexed_shape
from tests.ops.contract import cases
from tests.ops.kernels import Reference

# Ops that no backend lowers, and why.
WITHOUT = {
    "argpartition": "which of the lesser entries comes first is the library's own choice",
    "pinv": "made of singular values",
    "qr": "signs and order are LAPACK's choice",
    "svd": "signs and order are LAPACK's choice",
    "svdvals": "made by an iteration of LAPACK",
    "eigh": "signs are LAPACK's choice",
    "eig": "signs and order are LAPACK's choice",
    "cofactor_along": "made of singular vectors",
}
SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -3.5, 1e-300, 1e300, -1e300, 800.0, -800.0, np.inf, -np.inf, np.nan)
LOWERED = [op for op in OPS.values() if op.kernel is not None and op.name != "scan"]
OF_MATRICES = ("inv", "solve", "cholesky", "det", "logdet", "slogdet", "cofactor")
lowered = pytest.mark.parametrize("op", LOWERED, ids=lambda op: op.name)


def outcome(op: Op, xs: tuple[Any, ...], params: dict[str, Any]) -> None:
    """The kernels of the op at these inputs give what it evaluates to."""
    types = tuple(type_of(x) for x in xs)
    kernels = op.lower(types, params)
    assert kernels is not None
    evaluate: Any = op.evaluate
    with np.errstate(all="ignore"):
        found = evaluate(*xs, **params)
    wanted = found if op.several else (found,)
    outs = op.infer(types, params)
    reference = Reference(xs)
    for kernel, value, out in zip(kernels, wanted, outs, strict=True):
        assert (kernel.shape, kernel.dtype) == (out.shape, out.dtype)
        got = reference.array(kernel)
        wide = 2e-5 if out.dtype == "float32" else 1e-13
        scale = np.max(np.abs(value[np.isfinite(value)]), initial=0.0) if not op.elementwise and np.ndim(value) else 0
        np.testing.assert_allclose(got, value, rtol=wide, atol=wide * scale, err_msg=f"{op.name} {xs} {params}")


def test_what_has_no_kernel_is_named_with_its_reason() -> None:
    assert {name for name, op in OPS.items() if op.kernel is None} == set(WITHOUT)


@lowered
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples(op: Op, dtype: str) -> None:
    for case in cases(op):
        outcome(op, case.cast(dtype).inputs, case.params)


@lowered
def test_kinks_and_conventions(op: Op) -> None:
    for kink in op.kinks:
        if kink.point:
            outcome(op, tuple(np.asarray(x, float)[()] for x in kink.point), dict(kink.params))


@pytest.mark.parametrize("op", [op for op in LOWERED if op.elementwise and op.arity in (1, 2)], ids=lambda op: op.name)
def test_special_values(op: Op) -> None:
    """Of more numbers than two, and of arrays, the samples hold the hard points."""
    truths = [isinstance(d.low, bool) for d in op.domain] or [False] * op.arity
    grid = np.array(list(itertools.product(SPECIAL, repeat=op.arity))).T
    outcome(op, tuple(column != 0 if truth else column for column, truth in zip(grid, truths, strict=True)), {})


@pytest.mark.parametrize("op", [op for op in LOWERED if op.name not in OF_MATRICES], ids=lambda op: op.name)
def test_whole_numbers(op: Op) -> None:
    """Ints give what NumPy gives, in NumPy's dtype, or are refused; a matrix of rounded numbers may be singular."""
    for case in cases(op):
        kinds = [np.asarray(x).dtype.kind for x in case.inputs]
        whole = [np.asarray(np.abs(np.rint(x)), int)[()] for x in map(np.asarray, case.inputs)]
        xs = tuple(x if kind in "bi" else w for x, w, kind in zip(case.inputs, whole, kinds, strict=True))
        try:
            op.infer(tuple(type_of(x) for x in xs), case.params)
        except ProgramError:
            continue
        outcome(op, xs, case.params)


@pytest.mark.parametrize(
    "index",
    [
        ([0, 2, 1],),
        (slice(None), [3, 0, 0]),
        ([2, 0], slice(None, None, -1)),
        (None, [1, 1], None, slice(3, None, -2)),
        ([[0, 2], [1, 1]], slice(1, 3), None),
        (slice(None), None, [3, 0, 1], [0, 1, 0]),
        ([True, False, True],),
        (..., [1, 0]),
        (0, slice(2, 2)),
        (-1, [0, 3], -2),
    ],
    ids=str,
)
def test_places_that_are_no_straight_line(index: Any) -> None:
    x = np.arange(24.0).reshape(3, 4, 2)
    read = np.asarray(OPS["index"].evaluate(x, index=index))
    outcome(OPS["index"], (x,), {"index": index})
    outcome(OPS["scatter"], (read,), {"index": index, "shape": x.shape})
    outcome(OPS["updated"], (x, -read), {"index": index})


PARTS = (
    slice(None),
    slice(1, None),
    slice(None, None, -1),
    slice(3, None, -2),
    slice(2, 2),
    -1,
    np.int64(1),
    None,
    ...,
)


@pytest.mark.parametrize("shape", [(4,), (4, 1, 3), (2, 3, 4)], ids=str)
def test_slices_and_whole_numbers_are_a_formula(shape: tuple[int, ...]) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    for key in itertools.product(PARTS, repeat=2):
        if key.count(...) > 1 or len([k for k in key if k is not None and k is not ...]) > len(shape):
            continue
        try:
            read = np.asarray(x[key])
        except IndexError:
            continue
        outcome(OPS["index"], (x,), {"index": key})
        outcome(OPS["scatter"], (read,), {"index": key, "shape": x.shape})


@pytest.mark.parametrize(
    ("name", "shapes", "params"),
    [
        ("add", ("m3", "3"), {}),
        ("matmul", ("m3", "3m"), {}),
        ("einsum", ("m3", "m"), {"subscripts": "ij,i->j"}),
        ("sum", ("m3",), {"axis": 0}),
        ("mean", ("m3",), {}),
        ("softmax", ("m3",), {"axis": 0}),
        ("logsumexp", ("m3",), {"axis": 1, "keepdims": True}),
        ("var", ("m3",), {"axis": 0}),
        ("argmax", ("m3",), {"axis": 0}),
        ("cumsum", ("m3",), {"axis": 0}),
        ("sort", ("m3",), {"axis": 0}),
        ("transpose", ("m3",), {}),
        ("outer", ("m", "3"), {}),
        ("concatenate", ("m3", "m3"), {"axis": 0}),
        ("solve", ("mm", "m"), {}),
        ("trace", ("mm",), {}),
        ("tril", ("mm",), {}),
        ("convolve", ("m", "3"), {}),
        ("conv2d", ("mm", "33"), {"padding": 1}),
        ("mean_of", ("m",), {"size": size("m")}),
    ],
    ids=str,
)
def test_sizes_may_be_names(name: str, shapes: tuple[str, ...], params: dict[str, Any]) -> None:
    """What is lowered of a named size has the inferred shape, with the name in it."""
    types = tuple(ArrayType(tuple([size("m") if n == "m" else 3 for n in letters])) for letters in shapes)
    op = OPS[name]
    kernels = op.lower(types, params)
    assert kernels is not None
    assert [ArrayType(k.shape, k.dtype) for k in kernels] == list(op.infer(types, params))


def test_a_wrong_kernel_is_found() -> None:
    wrong = replace(OPS["subtract"], kernel=OPS["add"].kernel)
    with pytest.raises(AssertionError):
        outcome(wrong, (np.float64(1.0), np.array([0.5, 2.0])), {})


def test_a_place_outside_is_found() -> None:
    (i,) = axes(3)
    with pytest.raises(AssertionError):
        Reference((np.zeros(3),)).array(nest((i,), Input(0, (3,), "float64")[lift(i) + 1], "float64"))


def test_places_of_long_arrays_whose_entries_lie_apart() -> None:
    """np.unravel_index of NumPy 2.4 goes wrong from the 8193rd entry of such arrays on."""
    rows = np.random.default_rng(5).permutation(20_000)
    places = np.arange(40_000).reshape(20_000, 2)[rows][:, :1]
    row, column = _unravelled(places, (20_000, 2))
    assert np.array_equal(row, rows[:, None])
    assert not column.any()


def _key(rng: np.random.Generator, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    """Some parts of an index, mostly a legal one."""
    shape = [(2,), (3, 1), (2, 3), ()][rng.integers(4)]
    made: list[Any] = []
    for axis, n in enumerate(sizes):
        parts: list[Any] = [
            slice(None, None, -1),
            slice(int(rng.integers(n)), None, 2),
            int(rng.integers(-n, n)),
            rng.integers(-n, n, size=shape),
            rng.random(n) < 0.5,
            None,
            ...,
        ]
        part = parts[rng.integers(len(parts))]
        if part is ... and any([i is ... for i in made]):
            continue
        made += [part] if part is not None else [None, slice(None)]
        if axis and rng.random() < 0.2:
            break
    return tuple(made)


@pytest.mark.parametrize("part", range(8))
def test_places_are_those_of_numpy(part: int) -> None:
    rng = np.random.default_rng(part)
    legal = 0
    for _ in range(200):
        sizes = tuple([int(n) for n in rng.integers(1, 5, size=rng.integers(1, 5))])
        key, entries = _key(rng, sizes), np.arange(np.prod(sizes)).reshape(sizes)
        try:
            want = entries[key]
        except IndexError as error:
            with pytest.raises(IndexError, match=re.escape(str(error))):
                indexed_shape(sizes, key)
            continue
        legal += 1
        assert indexed_shape(sizes, key) == want.shape
        if want.size:
            at = axes(*want.shape)
            read = nest(at, Input(0, sizes, "int64")[coordinates(sizes, key, at)], "int64")
            assert np.array_equal(Reference((entries,)).array(read), want)
    assert legal > 50


def test_places_of_an_array_that_is_too_large_to_be_made() -> None:
    sizes, key = (10**7, 3, 10**7), (slice(None), [2, 0, 1], slice(5, None, 3))
    shape = indexed_shape(sizes, key)
    assert shape == (10**7, 3, 3333332)
    at = axes(*shape)
    read = coordinates(sizes, key, at)
    assert [isinstance(e, Read) for e in read] == [False, True, False]
