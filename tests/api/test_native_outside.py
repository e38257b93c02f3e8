"""What a compiled function reads from outside may change between its calls."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.native.call.entry import kind
from tests.api.native_calls import warm

pytestmark = pytest.mark.skipif(kind() is None, reason="calls go by ctypes here")

X = np.linspace(-1.0, 2.0, 12).reshape(3, 4)
W = np.array([0.5, -1.0, 2.0, 0.25])

FACTOR = 2.0
TABLE = np.array([1.0, 2.0, 3.0, 4.0])
READ = np.array([1.0, 0.0])


def helper(x):
    return x * FACTOR


class TestWhatIsReadOutside:
    def test_globals(self) -> None:
        global FACTOR
        made = cg.grad(lambda x: x * x * FACTOR)
        assert warm(made, 3.0) == 12.0
        try:
            FACTOR = 5.0
            assert made(3.0) == 30.0
            FACTOR = 2.0
            assert made(3.0) == 12.0
        finally:
            FACTOR = 2.0

    def test_globals_of_a_function_that_is_called(self) -> None:
        global FACTOR
        made = cg.grad(lambda x: helper(x) * x)
        assert warm(made, 3.0) == 12.0
        try:
            FACTOR = 5.0
            assert made(3.0) == 30.0
        finally:
            FACTOR = 2.0

    def test_names_that_come_and_go(self) -> None:
        space: dict[str, Any] = {"np": np}
        exec("def f(x):\n    return x * abs(x)", space)
        made = cg.grad(space["f"])
        assert warm(made, 3.0) == 6.0
        space["abs"] = lambda x: 10.0
        assert made(3.0) == 10.0
        del space["abs"]
        assert made(3.0) == 6.0

    def test_cells(self) -> None:
        k = 2.0

        def f(x):
            return x * x * k

        made = cg.grad(f)
        assert warm(made, 1.0) == 4.0
        k = 3.0
        assert made(1.0) == 6.0

    def test_defaults_and_code(self) -> None:
        def f(x, k=2.0, *, m=1.0):
            return x * x * k * m

        made = cg.grad(f)
        assert warm(made, 1.0) == 4.0
        f.__defaults__ = (3.0,)
        assert made(1.0) == 6.0
        f.__kwdefaults__["m"] = 2.0
        assert made(1.0) == 12.0
        f.__kwdefaults__ = {"m": 3.0}
        assert made(1.0) == 18.0

        def other(x, k=2.0, *, m=1.0):
            return x * 100

        f.__code__ = other.__code__
        assert made(1.0) == 100.0

    def test_arrays_that_are_written_into(self) -> None:
        made = cg.grad(lambda w: np.sum(w * TABLE))
        for factor in (1.0, 2.0, 3.0, 4.0, 5.0):
            TABLE[:] = factor * np.arange(1.0, 5.0)
            np.testing.assert_array_equal(made(W), TABLE)
        warm(made, W)

    def test_arrays_that_plain_numpy_reads(self) -> None:
        made = cg.grad(lambda x: x * (2.0 if READ.sum() > 0 else 3.0) * READ[0])
        assert warm(made, 1.0) == 2.0
        READ[:] = -1.0
        assert made(1.0) == -3.0
        READ[:] = (1.0, 0.0)
        assert made(1.0) == 2.0

    def test_another_array_of_the_same_name(self) -> None:
        table = np.ones(4)

        def f(w):
            return np.sum(w * table)

        made = cg.grad(f)
        warm(made, W)
        table = np.arange(4.0)
        np.testing.assert_array_equal(made(W), table)
        table = np.arange(4.0, dtype=np.float32)
        np.testing.assert_array_equal(made(W), table)

    def test_partials(self) -> None:
        def f(x, y, k):
            return x * y * k

        made = cg.grad(functools.partial(f, k=3.0))
        assert warm(made, 1.0, 2.0) == 6.0
        part = functools.partial(f, k=3.0)
        made = cg.grad(lambda x: part(x, 2.0))
        assert warm(made, 1.0) == 6.0
        part.keywords["k"] = 5.0
        assert made(1.0) == 10.0

    def test_lists_are_read_at_every_call(self) -> None:
        numbers = [2.0]
        made = cg.grad(lambda x: x * numbers[0])
        for k in (2.0, 3.0, 4.0):
            numbers[0] = k
            assert made(1.0) == k

    def test_generators_are_drawn_from_at_every_call(self) -> None:
        rng = np.random.default_rng(0)
        made = cg.grad(lambda x: x * rng.normal())
        assert len({float(made(1.0)) for _ in range(5)}) == 5

    def test_transforms_of_functions(self) -> None:
        k = 2.0

        def f(x):
            return x**3 * k

        inner = cg.grad(f)
        made = cg.grad(lambda x: inner(x) * x)
        assert warm(made, 2.0) == 2.0 * 3 * 3 * 4
        assert cg.grad(cg.grad(f))(2.0) == 24.0
        k = 1.0
        assert made(2.0) == 36.0
