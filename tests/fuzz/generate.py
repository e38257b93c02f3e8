"""Random programs in which every op of the table may stand, with operands inside its domain.

Values are computed while the program grows, so that each op gets what it can take. Inputs often come from a grid of a
few numbers: then there are ties, zeros and equal entries, where derivatives are conventions.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import input_types, number
from chalkgrad.ir.registry import OPS, lookup
from chalkgrad.ir.types import type_of
from chalkgrad.ops.op import Interval, Op
from tests.fuzz.plan import Line, Plan

SHAPES = ((), (), (), (3,), (3,), (4,), (2, 3), (2, 3), (3, 1), (3, 3), (2, 1, 3), (1,), (2, 2))
LARGEST = 200.0
GRID = (-1.0, 0.0, 0.5, 1.0, 1.0, 2.0)
# What is risky outside its domain, to be hidden behind a `where`.
RISKY = ("log", "sqrt", "reciprocal", "arcsin", "arctanh", "arccosh", "log1p", "cbrt", "log2")
NUMBERS = (0.5, 1.0, 2.0, -1.0, 3.0, 0.25, -0.5)


class Unfit(Exception):
    """The line that was tried cannot stand here."""


def plan(seed: int, place: int) -> Plan:
    """The random program number `place` of a seed; always the same one."""
    rng = np.random.default_rng([seed, place])
    return _Growing(rng).grown()


@final
class _Growing:
    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.values: list[Any] = []
        self.lines: list[Line] = []

    def grown(self) -> Plan:
        rng = self.rng
        grid = rng.random() < 0.35
        shared = rng.random() < 0.5  # inputs of one shape meet more often
        shape = self.pick(SHAPES)
        for _ in range(rng.integers(1, 4)):
            at = shape if shared else self.pick(SHAPES)
            x = rng.choice(GRID, at) if grid else rng.normal(size=at)
            self.values.append(np.asarray(x)[()])
        inputs = tuple(self.values)
        wanted = int(rng.integers(1, 11))
        for _ in range(4 * wanted):
            if len(self.lines) >= wanted:
                break
            self.attempt()
        if rng.random() < 0.5:
            self.gather()
        return Plan(inputs, tuple(self.lines), self.last())

    def gather(self) -> None:
        """A sum of what nobody has read yet."""
        read = {o for line in self.lines for o in line.operands}
        loose = [k for k, x in enumerate(self.values) if k not in read and _real(x) and np.all(np.isfinite(x))]
        if len(loose) > 1:
            sums = [self.add("sum", k, free=True) if np.ndim(self.values[k]) else k for k in loose]
            self.add("accumulate", *sums, free=True)

    def attempt(self) -> None:
        """Add some lines, or none where they do not fit."""
        before, values = len(self.lines), len(self.values)
        try:
            self.pick(_WAYS)(self)
        except (Unfit, ProgramError):
            del self.lines[before:], self.values[values:]

    def last(self) -> int:
        """The last floating finite value."""
        for place in reversed(range(len(self.values))):
            if _real(self.values[place]) and np.all(np.isfinite(self.values[place])):
                return place
        raise AssertionError("inputs are floats")

    def pick(self, choices: Any) -> Any:
        return choices[int(self.rng.integers(len(choices)))]

    def some(self, fits: Callable[[Any], bool] = lambda x: True) -> int:
        """The place of some floating value, of a late one more often."""
        places = [k for k, x in enumerate(self.values) if _real(x) and np.all(np.isfinite(x)) and fits(x)]
        if not places:
            raise Unfit
        return places[-1] if self.rng.random() < 0.4 else self.pick(places)

    def add(self, name: str, *operands: int | float, free: bool = False, **params: Any) -> int:
        """A line; its place. What grows too large, or is no number, is unfit unless it is `free`."""
        op = lookup(name)
        xs = [o if isinstance(o, float) else self.values[o] for o in operands]
        atoms = [number(o) if isinstance(o, float) else Builder().input("x", type_of(self.values[o])) for o in operands]
        types = op.infer(input_types(tuple(atoms)), params)
        with np.errstate(all="ignore"):
            found = op.evaluate(*xs, **params)
        results = found if op.several else (found,)
        for x, type in zip(results, types, strict=True):
            if not free and type.floating and not (np.all(np.isfinite(x)) and np.all(np.abs(x) < LARGEST)):
                raise Unfit
        self.lines.append(Line(name, operands, params, len(results)))
        self.values.extend(np.asarray(x)[()] for x in results)
        return len(self.values) - len(results)

    def inside(self, place: int, where: Interval) -> int:
        """A value that lies inside the interval: the one at `place`, or one made of it."""
        x, low, high = self.values[place], where.low, where.high
        edge = 0.05 if np.isfinite(low) or np.isfinite(high) else 0.0
        if np.all(x >= low + edge) and np.all(x <= high - edge) and np.all(np.abs(x) < 6):
            return place
        if np.isfinite(low) and np.isfinite(high):
            bent = self.add("multiply", self.add("tanh", place), 0.4 * (high - low))
            return self.add("add", bent, 0.5 * (low + high))
        if np.isfinite(low):
            return self.add("add", self.add("softplus", place), float(low) + 0.3)
        return self.add(self.pick(("tanh", "sin", "arctan")), place)

    def operand(self, where: Interval, like: int | None = None) -> int | float:
        """An operand inside the interval, one that broadcasts with `like`, or a number."""
        if like is not None and self.rng.random() < 0.3:
            inside = [n for n in NUMBERS if where.low + 0.05 <= n <= where.high - 0.05]
            if inside:
                return float(self.pick(inside))
        fits = _broadcasts(self.values[like]) if like is not None else lambda x: True
        return self.inside(self.some(fits), where)

    def elementwise(self) -> None:
        op = self.pick(_elementwise())
        count = op.arity if op.arity >= 0 else int(self.rng.integers(1, 4))
        domain = op.domain or (Interval(),) * count
        operands: list[int | float] = []
        for where in domain:
            if isinstance(where.low, bool):
                raise Unfit
            first = next((o for o in operands if isinstance(o, int)), None)
            operands.append(self.operand(where, first))
        if count > 1 and op.symmetric and self.rng.random() < 0.3:
            operands.reverse()
        self.add(op.name, *operands)

    def arithmetic(self) -> None:
        a = self.some()
        b = self.operand(Interval(), a)
        pair = (a, b) if self.rng.random() < 0.7 else (b, a)
        self.add(self.pick(("add", "subtract", "multiply", "multiply", "maximum", "minimum")), *pair)

    def power(self) -> None:
        self.add("power", self.some(lambda x: np.all(np.abs(x) < 6)), self.pick((2.0, 3.0, 2.0, 1.0, 0.0)))

    def mask(self, like: int) -> int:
        """Where `like` is above something."""
        name = self.pick(("greater", "greater_equal", "less", "less_equal"))
        return self.add(name, like, self.operand(Interval(), like))

    def branch(self) -> None:
        a = self.some()
        mask = self.mask(a)
        b = self.operand(Interval(), a)
        self.add("where", mask, *((a, b) if self.rng.random() < 0.7 else (b, a)))

    def guarded(self) -> None:
        """`where(x > c, log(x), 0)`: the branch that is not taken may be infinite, or no number."""
        x = self.some()
        op = OPS[self.pick(RISKY)]
        low, high = op.domain[0].low, op.domain[0].high
        mask = self.add("greater", x, float(max(low, 0.0) if op.name != "log1p" else -1.0))
        if np.isfinite(high):
            mask = self.add("logical_and", mask, self.add("less", x, float(high)))
        risky = self.add(op.name, x, free=True)
        if self.rng.random() < 0.3:
            risky = self.add("multiply", risky, self.some(_broadcasts(self.values[x])), free=True)
        self.add("where", mask, risky, self.operand(Interval(), x))

    def reduce(self) -> None:
        x = self.some(lambda x: np.ndim(x) > 0)
        name = self.pick(("sum", "sum", "mean", "max", "min", "prod", "logsumexp"))
        axes = list(range(-np.ndim(self.values[x]), np.ndim(self.values[x])))
        params: dict[str, Any] = {}
        if self.rng.random() < 0.7:
            params["axis"] = int(self.pick(axes))
        if self.rng.random() < 0.3:
            params["keepdims"] = True
        self.add(name, x, **params)

    def along(self) -> None:
        x = self.some(lambda x: np.ndim(x) > 0)
        name = self.pick(("sort", "cumsum", "softmax"))
        axis = int(self.rng.integers(-np.ndim(self.values[x]), np.ndim(self.values[x])))
        self.add(name, x, **({"axis": axis} if self.rng.random() < 0.6 else {}))

    def rerouted(self) -> None:
        """Entries of one value in the order of another."""
        x = self.some(lambda x: np.ndim(x) > 0)
        y = self.some(lambda y: np.shape(y) == np.shape(self.values[x]))
        self.add("take_along", x, self.add("argsort", y))

    def matrix(self) -> None:
        a = self.some(lambda x: 1 <= np.ndim(x) <= 2)
        rows = np.shape(self.values[a])[-1]
        b = self.some(lambda x: 1 <= np.ndim(x) <= 2 and np.shape(x)[max(np.ndim(x) - 2, 0)] == rows)
        self.add(self.pick(("matmul", "matmul", "dot")), a, b)

    def gram(self) -> None:
        a = self.some(lambda x: np.ndim(x) == 2)
        flipped = self.add("transpose", a)
        self.add("matmul", *((a, flipped) if self.rng.random() < 0.5 else (flipped, a)))

    def moved(self) -> None:
        x = self.some(lambda x: np.ndim(x) > 0)
        shape = np.shape(self.values[x])
        match int(self.rng.integers(3)):
            case 0:
                self.add("transpose", x)
            case 1:
                self.add("reshape", x, shape=(int(np.prod(shape)),) if len(shape) > 1 else (1, *shape))
            case _:
                self.add("stack", *[x] * int(self.rng.integers(1, 3)), self.some(lambda y: np.shape(y) == shape))

    def indexed(self) -> None:
        x = self.some(lambda x: np.ndim(x) > 0)
        shape = np.shape(self.values[x])
        index: list[Any] = []
        listed = False
        for n in shape[: int(self.rng.integers(1, len(shape) + 1))]:
            way = int(self.rng.integers(5))
            if way == 0:
                index.append(int(self.rng.integers(-n, n)))
            elif way == 1 and not listed:
                index.append([int(i) for i in self.rng.integers(-n, n, 3)])
                listed = True
            elif way == 2:
                index.append(slice(None, None, -1))
            elif way == 3:
                index.append(None)
            else:
                index.append(slice(int(self.rng.integers(0, n)), None, None))
        self.add("index", x, index=tuple(index))

    def sampled(self) -> None:
        """Any op of the table, at one of its own samples; each float operand is moved by a value of the program."""
        op = self.pick(_sampled())
        found = op.samples(self.rng)
        xs, params = self.pick(found)
        operands: list[int | float] = []
        for x in xs:
            if not _real(x):
                raise Unfit  # places and truths are data: `rerouted` and `mask` make them
            moved = self.add("multiply", self.add("tanh", self.shaped(np.shape(x))), 0.05)
            operands.append(
                self.add("add", moved, self.constant(x)) if np.ndim(x) else self.add("add", moved, float(x))
            )
        self.add(op.name, *operands, **params)

    def constant(self, x: Any) -> int:
        """An array of numbers: a stack of them, or of such stacks."""
        if np.ndim(x) == 0:
            raise Unfit
        if np.size(x) == 0 or np.size(x) > 12:
            raise Unfit
        row = self.add("stack", *[float(v) for v in np.ravel(x)], free=True)
        return self.add("reshape", row, shape=tuple(np.shape(x)), free=True) if np.ndim(x) > 1 else row

    def shaped(self, shape: tuple[int, ...]) -> int:
        """Some value, as an array of this shape: its entries again and again."""
        x = self.some()
        if np.shape(self.values[x]) == shape:
            return x
        size, count = int(np.size(self.values[x])), int(np.prod(shape))
        if not size or not count:
            raise Unfit
        if np.ndim(self.values[x]) == 0:
            return self.add("broadcast_to", x, shape=shape)
        flat = self.add("reshape", x, shape=(size,)) if np.ndim(self.values[x]) != 1 else x
        taken = self.add("index", flat, index=([k % size for k in range(count)],))
        return taken if shape == (count,) else self.add("reshape", taken, shape=shape)


_WAYS = (
    *(_Growing.elementwise,) * 6,
    *(_Growing.arithmetic,) * 5,
    *(_Growing.reduce,) * 4,
    *(_Growing.sampled,) * 3,
    *(_Growing.branch, _Growing.guarded, _Growing.matrix, _Growing.indexed, _Growing.along) * 2,
    *(_Growing.power, _Growing.moved, _Growing.rerouted, _Growing.gram),
)


def _elementwise() -> list[Op]:
    return [op for op in OPS.values() if op.elementwise and op.differentiable and op.name != "masked"]


def _sampled() -> list[Op]:
    return [op for op in OPS.values() if op.samples is not None and op.differentiable]


def _real(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "f"


def _broadcasts(with_: Any) -> Callable[[Any], bool]:
    def fits(x: Any) -> bool:
        try:
            np.broadcast_shapes(np.shape(x), np.shape(with_))
        except ValueError:
            return False
        return True

    return fits


def fingerprint(made: Plan) -> int:
    """A number that two equal plans share, to see that a seed gives the same programs everywhere."""
    return zlib.crc32(str(made).encode())
