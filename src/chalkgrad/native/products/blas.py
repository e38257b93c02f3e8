"""The routines for sums of products, compiled once for this machine, and the library of linear algebra behind them.

The library is the one that NumPy brings along: what is in the process already is called by its address. Where it is not
found the routines do without it.

Its threads are a number for the whole process, and NumPy's own products go by it too. While a product runs it is what
was chosen for native code; the last of them to end puts back what was there. A product that another thread computes by
NumPy at that very time may use fewer threads; its numbers are right all the same.
"""

from __future__ import annotations

import ctypes
import importlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, final

import numpy as np

from chalkgrad.native.call import engine, pool
from chalkgrad.native.plan.rewrite import Rewrite
from chalkgrad.native.products.routines import routine
from chalkgrad.native.tree import Product
from chalkgrad.ops.scalars import Read, lift

# How NumPy's builds name the functions of the library, with the type of their counts.
NAMES = (
    ("scipy_cblas_{}64_", "scipy_openblas_{}64_", "i64"),
    ("cblas_{}64_", "openblas_{}64_", "i64"),
    ("scipy_cblas_{}", "scipy_openblas_{}", "i32"),
    ("cblas_{}", "openblas_{}", "i32"),
)
# And those of its functions of matrices that go by the names of Fortran.
_FORTRAN = {
    "scipy_cblas_{}64_": "scipy_{}_64_",
    "cblas_{}64_": "{}_64_",
    "scipy_cblas_{}": "scipy_{}_",
    "cblas_{}": "{}_",
}
PRODUCTS = {"float32": "sgemm", "float64": "dgemm"}
MATRICES = ("dgesv", "dgetrf", "dpotrf", "dtrtrs")
ROUTINES = {"float32": "contract_f32", "float64": "contract_f64"}


@final
@dataclass(frozen=True)
class Library:
    """Addresses of the functions that the routines call, by the names that they call them by."""

    count: str
    addresses: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def sets_threads(self) -> bool:
        """Whether it can be told how many threads to use."""
        return "threads_now" in self.addresses and "set_threads" in self.addresses


@cache
def library() -> Library | None:
    """The library that NumPy has loaded."""
    for path in _places():
        try:
            handle = ctypes.CDLL(path)
        except OSError:
            continue
        for function, control, count in NAMES:
            found = {name: _address(handle, function.format(name)) for name in PRODUCTS.values()}
            if not all(found.values()):
                continue
            if not all([_right(found[name], dtype, count) for dtype, name in PRODUCTS.items()]):
                continue
            for name in MATRICES:
                found[name] = _address(handle, _FORTRAN[function].format(name))
            found["threads_now"] = _address(handle, control.format("get_num_threads"))
            found["set_threads"] = _address(handle, control.format("set_num_threads"))
            return Library(count, {name: at for name, at in found.items() if at})
    return None


def _right(address: int, dtype: str, count: str) -> bool:
    """Whether the function is what its name says, with counts of that type: a small product tells."""
    number: Any = ctypes.c_float if dtype == "float32" else ctypes.c_double
    n: Any = ctypes.c_int64 if count == "i64" else ctypes.c_int32
    flags, pointer = [ctypes.c_int32] * 3, ctypes.c_void_p
    kinds = [*flags, n, n, n, number, pointer, n, pointer, n, number, pointer, n]
    left = np.arange(1, 9, dtype=dtype).reshape(4, 2)[:3]
    right, into = np.arange(1, 11, dtype=dtype).reshape(5, 2), np.full((3, 6), 9, dtype)
    at = [a.ctypes.data for a in (left, right, into)]
    ctypes.CFUNCTYPE(None, *kinds)(address)(101, 111, 112, 3, 4, 2, 1.0, at[0], 2, at[1], 2, 0.0, at[2], 6)
    return bool((into[:, :4] == left @ right[:4].T).all() and (into[:, 4:] == 9).all())


def _places() -> list[str | None]:
    """Files that may hold it: beside NumPy, then what NumPy's own module brings into the process."""
    root = Path(np.__file__).parent
    beside = [root.parent / "numpy.libs", root / ".dylibs", root / ".libs"]
    files = [p for folder in beside if folder.is_dir() for p in sorted(folder.iterdir()) if "blas" in p.name.lower()]
    modules: list[Any] = [getattr(np.linalg, "_umath_linalg", None)]
    own = [m.__file__ for m in modules if m is not None and getattr(m, "__file__", None)]
    return [*[str(p) for p in files], *own]


def _address(handle: ctypes.CDLL, name: str) -> int:
    try:
        return ctypes.cast(getattr(handle, name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0


def width() -> int:
    """How many bytes the vectors of this machine have."""
    has = importlib.import_module("llvmlite.binding").get_host_cpu_features()
    return 64 if has.get("avx512f") else 32 if has.get("avx") else 16


_GUARD = """
@depth = internal global i32 0
@before = internal global i32 0
@held = internal global i32 0
@wanted = internal global i32 1

declare i32 @threads_now()
declare void @set_threads(i32)

define internal void @lock() {
entry:
  br label %try
try:
  %old = atomicrmw xchg ptr @held, i32 1 acquire
  %free = icmp eq i32 %old, 0
  br i1 %free, label %done, label %try
done:
  ret void
}

define void @enter() {
entry:
  call void @lock()
  %depth = load i32, ptr @depth
  %more = add i32 %depth, 1
  store i32 %more, ptr @depth
  %first = icmp eq i32 %depth, 0
  br i1 %first, label %look, label %done
look:
  %now = call i32 @threads_now()
  store i32 %now, ptr @before
  %want = load i32, ptr @wanted
  %same = icmp eq i32 %now, %want
  br i1 %same, label %done, label %change
change:
  call void @set_threads(i32 %want)
  br label %done
done:
  store atomic i32 0, ptr @held release, align 4
  ret void
}

define void @leave() {
entry:
  call void @lock()
  %depth = load i32, ptr @depth
  %less = sub i32 %depth, 1
  store i32 %less, ptr @depth
  %last = icmp eq i32 %less, 0
  br i1 %last, label %look, label %done
look:
  %now = call i32 @threads_now()
  %before = load i32, ptr @before
  %same = icmp eq i32 %now, %before
  br i1 %same, label %done, label %change
change:
  call void @set_threads(i32 %before)
  br label %done
done:
  store atomic i32 0, ptr @held release, align 4
  ret void
}

define void @want(i32 %threads) {
entry:
  store atomic i32 %threads, ptr @wanted release, align 4
  ret void
}
"""
_UNGUARDED = """
define void @enter() {
entry:
  ret void
}

define void @leave() {
entry:
  ret void
}

define void @want(i32 %threads) {
entry:
  ret void
}
"""


_LOCK = threading.Lock()
_THREADS = [1]


def text(dtype: str) -> tuple[str, dict[str, int]]:
    """The module of the routine of a dtype for this machine, and what it calls."""
    found = library()
    name = None if found is None else f"{PRODUCTS[dtype]}:{found.count}"
    externs = {} if found is None else dict(found.addresses)
    return routine(dtype, width(), name), {**externs, **guard(), "in_parts": pool.address()}


def guard() -> dict[str, int]:
    """What is called before and after the library is, so that it uses as many threads as it should."""
    return {name: _guard().addresses[name] for name in ("enter", "leave")}


@cache
def _guard() -> Any:
    found = library()
    told = found is not None and found.sets_threads
    code = engine.compiled(_GUARD if told else _UNGUARDED, ("enter", "leave", "want"), found.addresses if found else {})
    _want(code)
    return code


@cache
def _compiled(dtype: str) -> Any:
    module, externs = text(dtype)
    return engine.compiled(module, (ROUTINES[dtype],), externs)


def _want(code: Any) -> None:
    ctypes.CFUNCTYPE(None, ctypes.c_int32)(code.addresses["want"])(_THREADS[0])


def address(name: str) -> int:
    """Where a routine lies in memory; it is compiled when it is first asked for."""
    with _LOCK:
        dtype = next(d for d, r in ROUTINES.items() if r == name)
        return _compiled(dtype).addresses[name]


def starts(product: Product) -> tuple[Read, Read, Read]:
    """The entries of the result and of both factors at the first place of every axis: a routine is given where they
    lie, which may be outside of the array."""
    first = Rewrite({axis: lift(0) for axis in (*product.axes, *product.over)})
    index = tuple([first(i) for i in product.index])
    factors = [Read(r.source, tuple([first(i) for i in r.index]), r.dtype) for r in (product.left, product.right)]
    return Read(product.into, index, product.into.dtype), factors[0], factors[1]


def use_threads(count: int) -> None:
    """How many threads the library uses for products in native code."""
    with _LOCK:
        _THREADS[0] = count
        if _guard.cache_info().currsize:  # else when it is compiled
            _want(_guard())
