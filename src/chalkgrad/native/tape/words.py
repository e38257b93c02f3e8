"""From the rows of a tape to its words: products joined with sums, rows sorted, slots used again, results handed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, final

import numpy as np

from chalkgrad.native.tape.machine import instructions, part
from chalkgrad.native.tape.order import FEW, by_kind
from chalkgrad.native.tape.scalars import FLOATS, FUNCTIONS, primitives

Rows = np.ndarray[Any, np.dtype[np.int64]]
# What a step takes, in nanoseconds: about an operation of arithmetic, about a function.
ARITHMETIC, FUNCTION = 3.0, 15.0
_POWERS = {2.0: "multiply", 0.5: "sqrt", -1.0: "divide"}


@final
class Assembled:
    """The words of a tape, the slots that it works in, and about how many nanoseconds it takes.

    Rows are (instruction, three operands). An operand is a result, numbered from 0 up, loads first and then the rows;
    or a constant, from -1 down. `loads` are (instruction, buffer, place in it), `stores` (instruction, result, buffer,
    place), `constants` says where some numbers are.
    """

    def __init__(
        self,
        loads: Sequence[Any],
        rows: Sequence[Any],
        stores: Sequence[Any],
        numbers: int,
        constants: Mapping[float, int],
    ) -> None:
        self._loads = _table(loads, 3)
        self._stores = _table(stores, 4)
        table = _table(rows, 4)
        first = len(self._loads)
        kind, args = _powers(table[:, 0], table[:, 1:], constants)
        kind, args = _joined(kind, args, self._stores[:, 1], first)
        live = np.flatnonzero(kind >= 0)
        kind, args = kind[live], args[live]
        takes = _facts().takes[kind]
        reads = np.arange(3) < takes[:, None]
        if len(live) > FEW:
            order = by_kind(kind, args, reads, first + live)
            kind, args, reads, live = kind[order], args[order], reads[order], live[order]
        used = np.zeros(first + len(table), bool)
        used[args[reads & (args >= 0)]] = True
        used[self._stores[self._stores[:, 1] >= 0, 1]] = True
        got = np.flatnonzero(used[:first])
        # the loads that are read, then the rows
        self._kind = np.concatenate([self._loads[got, 0], kind])
        self._args = np.concatenate([np.zeros((len(got), 3), np.int64), args])
        self._reads = np.concatenate([np.zeros((len(got), 3), bool), reads])
        self._outs = np.concatenate([got, first + live])
        self._got = got
        self._slots(first + len(table), numbers)
        self.parts = _facts().parts(np.concatenate([self._kind, self._stores[:, 0]]))
        self.words = self._words()
        functions = int(np.count_nonzero(_facts().function[kind]))
        self.work = ARITHMETIC * (len(self._kind) + len(self._stores) - functions) + FUNCTION * functions

    def _slots(self, results: int, numbers: int) -> None:
        """A slot is used again from the last reading of what is in it on."""
        at = np.arange(len(self._kind))
        last = np.full(results + 1, -1)
        for k in range(3):
            read = self._reads[:, k] & (self._args[:, k] >= 0)
            last[self._args[read, k]] = np.maximum(last[self._args[read, k]], at[read])
        kept = self._stores[:, 1]
        last[kept[kept >= 0]] = len(at)
        dying = np.where(
            self._reads & (self._args >= 0) & (last[np.maximum(self._args, 0)] == at[:, None]), self._args, -1
        )
        dying[:, 1] = np.where(dying[:, 1] == dying[:, 0], -1, dying[:, 1])
        dying[:, 2] = np.where((dying[:, 2] == dying[:, 0]) | (dying[:, 2] == dying[:, 1]), -1, dying[:, 2])
        slot = [0] * (results + 1)
        free: list[int] = []
        count = numbers
        for out, a, b, c in zip(self._outs.tolist(), *dying.T.tolist(), strict=True):
            if a >= 0:
                free.append(slot[a])
            if b >= 0:
                free.append(slot[b])
            if c >= 0:
                free.append(slot[c])
            if free:
                slot[out] = free.pop()
            else:
                slot[out] = count
                count += 1
        self._slot = np.array(slot, dtype=np.int64)
        self.slots = count

    def _words(self) -> np.ndarray[Any, Any]:
        kind, args, facts = self._kind.copy(), self._args, _facts()
        fields = np.where(args >= 0, self._slot[np.maximum(args, 0)], -1 - args)
        fields = np.where(self._reads, fields, 0)
        # what the word before gave is not read from its slot
        handed = self._reads[1:] & (args[1:] == self._outs[:-1, None]) & facts.varied[kind[1:], None]
        kind[1:] += np.where(handed.any(axis=1), 1 + handed.argmax(axis=1), 0)
        long = facts.takes[self._kind] == 3
        long[: len(self._got)] = True
        sizes = np.concatenate([1 + long, np.full(len(self._stores), 2), [1]])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        words = np.zeros((int(starts[-1]), 4), np.uint32)
        of = starts[: len(kind)]
        words[of, 0], words[of, 1], words[of, 2] = kind, fields[:, 0], fields[:, 1]
        words[of, 3] = self._slot[self._outs]
        behind = words.view(np.int64)
        behind[of[long] + 1, 0] = fields[long, 2]
        loads, got = of[: len(self._got)], self._loads[self._got]
        words[loads, 1] = got[:, 1]
        behind[loads + 1, 0] = got[:, 2]
        of, kept = starts[len(kind) : -2], self._stores[:, 1]
        words[of, 0] = self._stores[:, 0]
        words[of, 1] = np.where(kept >= 0, self._slot[np.maximum(kept, 0)], -1 - kept)
        words[of, 3] = self._stores[:, 2]
        behind[of + 1, 0] = self._stores[:, 3]
        words[-1, 0] = instructions()["end", "", -1]
        return words.view(np.int64).ravel()


@final
class _Facts:
    """Of every instruction: how many operands it takes, whether it has variants that take the last result, and
    whether it is a function that takes long."""

    def __init__(self) -> None:
        numbers = instructions()
        self.takes = np.zeros(len(numbers), np.int64)
        self.varied = np.zeros(len(numbers), bool)
        self.function = np.zeros(len(numbers), bool)
        for name, dtype, takes, _ in primitives():
            number = numbers[name, dtype, -1]
            self.takes[number] = len(takes)
            self.varied[number] = (name, dtype, 0) in numbers
            self.function[number] = name in FUNCTIONS
        self._parts = {number: part(key) for key, number in numbers.items()}

    def parts(self, kinds: Rows) -> frozenset[str]:
        """What the machine has to have for these instructions."""
        return frozenset([self._parts[k] for k in set(kinds.tolist())]) - {""}


@cache
def _facts() -> _Facts:
    return _Facts()


def _table(rows: Sequence[Any], width: int) -> Rows:
    return np.array(rows, dtype=np.int64).reshape(-1, width)


def _powers(kind: Rows, args: Rows, constants: Mapping[float, int]) -> tuple[Rows, Rows]:
    """Powers to some numbers are other instructions, as they are in NumPy."""
    number = instructions()
    kind, args = kind.copy(), args.copy()
    for dtype in FLOATS:
        powers = kind == number["power", dtype, -1]
        for exponent, name in _POWERS.items():
            found = powers & (args[:, 1] == constants[exponent])
            kind[found] = number[name, dtype, -1]
            if name == "multiply":
                args[found, 1] = args[found, 0]
            elif name == "divide":
                args[found, 1], args[found, 0] = args[found, 0], constants[1.0]
    return kind, args


def _joined(kind: Rows, args: Rows, stored: Rows, first: int) -> tuple[Rows, Rows]:
    """A product that only one sum reads becomes one instruction with it, each rounded; its own row is then -1."""
    number, takes = instructions(), _facts().takes
    read = args[np.arange(3) < takes[kind][:, None]]
    uses = np.bincount(read[read >= 0], minlength=first + len(kind))
    uses += np.bincount(stored[stored >= 0], minlength=first + len(kind))
    for dtype in FLOATS:
        product = number["multiply", dtype, -1]
        for sign, at, joined in (
            ("add", 0, "multiply_add"),
            ("add", 1, "multiply_add"),
            ("subtract", 0, "multiply_subtract"),
            ("subtract", 1, "subtract_multiply"),
        ):
            sums = np.flatnonzero((kind == number[sign, dtype, -1]) & (args[:, at] >= first))
            made = args[sums, at] - first
            once = (kind[made] == product) & (uses[made + first] == 1)
            sums, made = sums[once], made[once]
            other = args[sums, 1 - at]
            kind[sums] = number[joined, dtype, -1]
            args[sums, 0], args[sums, 1], args[sums, 2] = args[made, 0], args[made, 1], other
            kind[made] = -1
    return kind, args


__all__ = ["Assembled"]
