"""Calls answered by machine code: what they take, what they leave to Python, and what they give."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import pickle
import sys
import weakref
from collections import OrderedDict, namedtuple
from types import MethodType
from typing import Any

import numpy as np
import pytest

from chalkgrad.ir.types import SCALAR
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call.block import Code, Reader, Unserved, block
from chalkgrad.native.call.entry import callable_of, is_native, kind, made_plainly, serve
from tests.native.blocks import of, served, slow

pytestmark = pytest.mark.skipif(kind() is None, reason="calls go by ctypes here")

Pair = namedtuple("Pair", "left right")


class TestLikeAFunction:
    def made(self) -> Any:
        def answer(x: float, y: float = 2.0) -> float:
            """Says what it is."""
            return x * y

        return callable_of(answer, answer)

    def test_it_is_named_and_documented(self) -> None:
        made = self.made()
        assert is_native(made)
        assert made.__name__ == "answer"
        assert made.__doc__ == "Says what it is."
        assert made.__module__ == __name__
        assert str(inspect.signature(made)) == "(x: 'float', y: 'float' = 2.0) -> 'float'"
        assert made.__wrapped__(2.0) == 4.0
        assert "answer" in repr(made)
        assert callable(made)

    def test_it_is_called_in_every_way(self) -> None:
        made = self.made()
        assert made(3.0) == made(x=3.0) == made(3.0, 2.0) == made(*[3.0], y=2.0) == 6.0
        assert list(map(made, [1.0, 2.0], [3.0, 4.0])) == [3.0, 8.0]
        assert functools.partial(made, y=5.0)(2.0) == 10.0
        with pytest.raises(TypeError, match="missing"):
            made()

    def test_it_is_a_method(self) -> None:
        class Holder:
            scale = callable_of(lambda self, x: (self, x))
            alone = staticmethod(callable_of(lambda x: x))

        it = Holder()
        assert it.scale(2) == (it, 2)
        assert isinstance(it.scale, MethodType)
        assert Holder.scale(it, 3) == (it, 3)
        assert it.alone(4) == 4

    def test_it_has_attributes_and_weak_references(self) -> None:
        made = self.made()
        made.note = 5
        assert made.note == 5
        seen = weakref.ref(made)
        assert {made: 1}[made] == 1
        del made
        assert seen() is None

    def test_copies_are_itself_and_pickles_go_by_name(self) -> None:
        assert copy.copy(AT_TOP) is AT_TOP
        assert copy.deepcopy([AT_TOP])[0] is AT_TOP
        assert pickle.loads(pickle.dumps(AT_TOP)) is AT_TOP
        with pytest.raises((pickle.PicklingError, AttributeError)):
            pickle.dumps(self.made())

    def test_cycles_are_collected(self) -> None:
        made = served(of(lambda x: x * 2, 1.0), (1.0,), lambda found: found[0])
        made.itself = made
        seen = weakref.ref(made)
        code = weakref.ref(made._owner[0].code)
        del made
        gc.collect()
        assert seen() is None
        assert code() is None


def test_one_that_the_collector_has_emptied_is_no_crash() -> None:
    made = served(of(lambda x: x * 2, 1.0), (1.0,), lambda found: found[0])
    blocks = made._owner
    del made._owner
    assert slow(made, 2.0)
    del made._slow
    with pytest.raises(SystemError):
        made(2.0)
    assert len(blocks) == 2


def _top(x: float) -> float:
    return x


AT_TOP = callable_of(_top, _top)
AT_TOP.__qualname__ = "AT_TOP"


class TestNumbers:
    def test_a_float_goes_in_and_a_number_of_numpys_comes_out(self) -> None:
        made = served(of(lambda x, y: x * y, 1.0, 1.0), (1.0, 1.0), lambda found: found[0])
        found = made(3.0, 4.0)
        assert type(found) is np.float64
        assert found == 12.0

    @pytest.mark.parametrize(
        "odd", [3, True, np.float64(3), np.float32(3), np.int64(3), "3", None, [3.0], np.array(3.0), 3j]
    )
    def test_other_kinds_are_left_to_python(self, odd: Any) -> None:
        made = served(of(lambda x: x * 2, 1.0), (1.0,), lambda found: found[0])
        assert slow(made, odd)

    def test_subclasses_are_left_to_python(self) -> None:
        class Float(float):
            pass

        assert slow(served(of(lambda x: x * 2, 1.0), (1.0,)), Float(2.0))

    def test_numpys_own_numbers(self) -> None:
        artifact = of(lambda x: x * 2, 1.0)
        made = served(artifact, (np.float64(1.0),), lambda found: found[0])
        assert made(np.float64(4.0)) == 8.0
        assert slow(made, 4.0)

    @pytest.mark.parametrize("whole", [0, 1, -1, 5, -300, 2**31, -(2**40), 2**53, -(2**53)])
    def test_ints(self, whole: int) -> None:
        made = served(of(lambda x: x * 2.0, 1.0), (1,), lambda found: found[0])
        assert made(whole) == 2.0 * whole

    @pytest.mark.parametrize("whole", [2**53 + 1, -(2**53) - 1, 2**62, 2**63, -(2**63), 2**64, 10**30, True])
    def test_ints_that_are_no_floats(self, whole: int) -> None:
        assert slow(served(of(lambda x: x * 2.0, 1.0), (1,)), whole)

    @pytest.mark.parametrize("value", [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 1.7e308])
    def test_every_float(self, value: float) -> None:
        made = served(of(lambda x: -x, 1.0), (1.0,), lambda found: found[0])
        assert np.array_equal(np.signbit(made(value)), np.signbit(-np.float64(value)))
        np.testing.assert_array_equal(made(value), -np.float64(value))

    def test_truths(self) -> None:
        made = served(of(lambda x: x > 2.0, 1.0), (1.0,), lambda found: found[0])
        assert made(3.0) is np.True_
        assert made(1.0) is np.False_

    def test_single_width(self) -> None:
        artifact = of(lambda x: x * x, np.array(1.0, np.float32))
        made = served(artifact, (np.array(1.0, np.float32),), lambda found: found[0])
        found = made(np.array(3.0, np.float32))
        assert type(found) is np.float32
        assert found == 9.0

    def test_many_numbers_are_made_and_freed(self) -> None:
        made = served(of(lambda x: (x * 2, x * 3), 1.0), (1.0,))
        kept = [made(float(k)) for k in range(5000)]
        assert all(a == 2.0 * k and b == 3.0 * k for k, (a, b) in enumerate(kept))
        for type_ in (np.float64, np.float32, np.int64):
            assert made_plainly(type_) in (True, False)


class TestNames:
    def test_how_many_and_by_which_names(self) -> None:
        artifact = of(lambda x, y: x - y, 1.0, 1.0)
        made = callable_of(lambda *args, **named: ("slow", args, named))
        reader = Reader(1, ("y",))
        for place in range(2):
            reader.leaf(place, 1.0, SCALAR, place)
        serve(made, [block(Code(artifact), reader, lambda found: found[0])])
        assert made(5.0, y=2.0) == 3.0
        assert made(*(5.0,), y=2.0) == 3.0
        assert slow(made, 5.0, x=2.0)
        assert slow(made, 5.0, 2.0)
        assert slow(made, 5.0)
        assert slow(made)
        assert slow(made, 5.0, y=2.0, z=1.0)
        assert slow(made, x=5.0, y=2.0)


class TestArrays:
    def doubled(self) -> Any:
        return served(of(lambda x: x * 2, np.zeros((2, 3))), (np.zeros((2, 3)),), lambda found: found[0])

    def test_a_new_array_each_time(self) -> None:
        made, x = self.doubled(), np.arange(6.0).reshape(2, 3)
        one, other = made(x), made(x)
        np.testing.assert_array_equal(one, 2 * x)
        assert one is not other
        assert one.flags.owndata
        assert one.flags.writeable
        assert one.flags.c_contiguous
        one[:] = 0
        np.testing.assert_array_equal(made(x), 2 * x)

    def test_read_only_ones(self) -> None:
        x = np.ones((2, 3))
        x.setflags(write=False)
        np.testing.assert_array_equal(self.doubled()(x), 2 * x)

    @pytest.mark.parametrize(
        "turn",
        [
            lambda x: np.asfortranarray(x),
            lambda x: np.ones((3, 2)).T * x,
            lambda x: np.repeat(x, 2, axis=1)[:, ::2],
            lambda x: x[::-1],
            lambda x: np.broadcast_to(x[0], (2, 3)),
        ],
    )
    def test_ones_that_lie_otherwise_are_copied(self, turn: Any) -> None:
        x = turn(np.arange(6.0).reshape(2, 3))
        made = self.doubled()
        before = sys.getrefcount(x)
        for _ in range(20):
            np.testing.assert_array_equal(made(x), 2 * x)
        assert sys.getrefcount(x) == before

    @pytest.mark.parametrize(
        "odd",
        [
            [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
            np.zeros((3, 2)),
            np.zeros(6),
            np.zeros((2, 3, 1)),
            np.zeros((2, 3), np.float32),
            np.zeros((2, 3), np.int64),
            np.zeros((2, 3), bool),
            np.zeros((2, 3)).astype(">f8"),
            np.zeros((2, 3)).view(type("Sub", (np.ndarray,), {})),
            np.ma.zeros((2, 3)),
            np.zeros((2, 3), object),
            np.float64(2.0),
            2.0,
            None,
        ],
        ids=lambda v: f"{type(v).__name__} {getattr(v, 'dtype', '')} {getattr(v, 'shape', '')}",
    )
    def test_other_kinds_are_left_to_python(self, odd: Any) -> None:
        assert slow(self.doubled(), odd)

    def test_ones_at_odd_addresses(self) -> None:
        x = np.zeros(49, np.uint8)[1:].view(np.float64).reshape(2, 3)
        x[:] = np.arange(6.0).reshape(2, 3)
        np.testing.assert_array_equal(self.doubled()(x), 2 * np.arange(6.0).reshape(2, 3))

    def test_no_axes(self) -> None:
        made = served(of(lambda x: x * 2, np.array(1.0)), (np.array(1.0),), lambda found: found[0])
        found = made(np.array(4.0))
        assert found == 8.0
        assert type(found) is np.float64
        assert slow(made, 4.0)

    def test_arrays_are_given_back(self) -> None:
        made, x = self.doubled(), np.ones((2, 3))
        seen = weakref.ref(made(x))
        assert seen() is None
        before = sys.getrefcount(x), sys.getrefcount(np.dtype(float))
        kept = [made(x) for _ in range(100)]
        del kept
        assert (sys.getrefcount(x), sys.getrefcount(np.dtype(float))) == before


class TestNests:
    def read(self, example: Any, reader: Any, artifact: Artifact) -> Any:
        made = callable_of(lambda *args, **named: ("slow", args, named))
        serve(made, [block(Code(artifact), reader, lambda found: found[0])])
        return made

    def test_tuples_lists_and_dicts(self) -> None:
        artifact = of(lambda a, b, c: a - b * c, 1.0, 1.0, 1.0)
        reader = Reader(1)
        first = reader.nest(0, tuple, 2)
        inner = reader.nest(first, dict, 1, ("k",))
        last = reader.nest(first + 1, list, 2)
        for buffer, slot in enumerate((inner, last, last + 1)):
            reader.leaf(slot, 1.0, SCALAR, buffer)
        made = self.read(None, reader, artifact)
        assert made(({"k": 10.0}, [2.0, 3.0])) == 4.0
        for odd in (
            ({"k": 10.0}, [2.0]),
            ({"k": 10.0}, (2.0, 3.0)),
            ({"l": 10.0}, [2.0, 3.0]),
            ({"k": 10.0, "l": 1.0}, [2.0, 3.0]),
            ({}, [2.0, 3.0]),
            [{"k": 10.0}, [2.0, 3.0]],
            (OrderedDict(k=10.0), [2.0, 3.0]),
            Pair({"k": 10.0}, [2.0, 3.0]),
            ({"k": 10.0}, [2.0, 3.0], 1),
            (),
            5.0,
        ):
            assert slow(made, odd), odd

    @pytest.mark.parametrize(
        "nest",
        [
            tuple,
            list,
            lambda f: {"a": f[0], "b": (f[1],)},
            lambda f: (f[1], [f[0], None, "x"], {}),
            lambda f: Pair(f[0], f[1]),
            lambda f: OrderedDict(z=f[1], a=[f[0]]),
            lambda f: [[], [f[0]], [[f[1]]]],
        ],
    )
    def test_results(self, nest: Any) -> None:
        made = served(of(lambda x: (x * 2, x * 3), 1.0), (1.0,), nest)
        found, wanted = made(5.0), nest([np.float64(10.0), np.float64(15.0)])
        assert found == wanted
        assert type(found) is type(wanted)
        if isinstance(found, dict):
            assert list(found) == list(wanted)
        assert made(5.0) is not found

    @pytest.mark.parametrize("nest", [lambda f: f[0], lambda f: (f[0], f[0]), lambda f: (*f, f[0])])
    def test_results_that_leave_out_or_repeat(self, nest: Any) -> None:
        with pytest.raises(Unserved):
            served(of(lambda x: (x * 2, x * 3), 1.0), (1.0,), nest)

    def test_a_result_that_cannot_be_made(self) -> None:
        class Picky(Pair):
            @classmethod
            def _make(cls, parts: Any) -> Any:
                raise ValueError("not these")

        made = served(of(lambda x: (x * 2, x * 3), 1.0), (1.0,), lambda f: [Picky(f[0], f[1])])
        for _ in range(3):
            with pytest.raises(ValueError, match="not these"):
                made(5.0)
