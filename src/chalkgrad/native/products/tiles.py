"""The tiles of a sum of products, in LLVM's language: a few rows by a few columns, whose sums stay in registers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from chalkgrad.native.products.words import Words

# Rows that one tile has, the most first; it is two vectors wide.
TALL = (6, 4)
# Rows and columns of a tile of dot products: with one entry of each column and one more they fill sixteen registers.
DOT_TILE = (4, 3)

LLVM = {"float32": "float", "float64": "double"}
BYTES = {"float32": 4, "float64": 8}
ARGUMENTS = (("ptr", "into"), ("ptr", "left"), ("ptr", "right"))
# A tile is a function of its own, so that its sums have all registers for themselves.
ALONE = "noinline nounwind"


@final
class Tiles:
    """The tiles of one dtype, for vectors of `width` bytes."""

    def __init__(self, dtype: str, width: int) -> None:
        self.dtype = dtype
        self.kind = LLVM[dtype]
        self.suffix = "f32" if dtype == "float32" else "f64"
        self.lanes = width // BYTES[dtype]
        self.align = BYTES[dtype]
        self.vector = f"<{self.lanes} x {self.kind}>"
        self.tail = f"<{self.lanes} x i1>"

    def name(self, what: str) -> str:
        return f"{what}_{self.suffix}"

    def zeros(self) -> str:
        return "zeroinitializer"

    def splat(self, f: Words, value: str) -> str:
        first = f.value(f"insertelement {self.vector} poison, {self.kind} {value}, i64 0")
        return f.value(
            f"shufflevector {self.vector} {first}, {self.vector} poison, <{self.lanes} x i32> zeroinitializer"
        )

    def mask(self, f: Words, count: str) -> str:
        """The lanes below a count."""
        wide = f"<{self.lanes} x i64>"
        first = f.value(f"insertelement {wide} poison, i64 {count}, i64 0")
        counts = f.value(f"shufflevector {wide} {first}, {wide} poison, <{self.lanes} x i32> zeroinitializer")
        steps = ", ".join([f"i64 {i}" for i in range(self.lanes)])
        return f.value(f"icmp sgt {wide} {counts}, <{steps}>")

    def run(self, f: Words, place: str, mask: str | None = None) -> str:
        """A vector of entries that lie side by side; what the mask leaves out is 0, and is not read."""
        if mask is None:
            return f.load(self.vector, place, self.align)
        return f.value(
            f"call {self.vector} @{self.masked()}(ptr align {self.align} {place}, {self.tail} {mask}, "
            f"{self.vector} zeroinitializer)"
        )

    def masked(self) -> str:
        return f"llvm.masked.load.v{self.lanes}{self.suffix}.p0"

    def collect(self, f: Words, a: str, b: str, place: str) -> None:
        """Add a product to the sum at a place."""
        v = self.vector
        known = f.load(v, place)
        more = f.value(f"call {v} @llvm.fmuladd.v{self.lanes}{self.suffix}({v} {a}, {v} {b}, {v} {known})")
        f.store(v, more, place)

    def total(self, f: Words, vector: str) -> str:
        """The sum of the lanes, halves first."""
        lanes, value = self.lanes, vector
        while lanes > 1:
            half = lanes // 2
            type, small = f"<{lanes} x {self.kind}>", f"<{half} x {self.kind}>"
            low, high = [
                f.value(
                    f"shufflevector {type} {value}, {type} poison, "
                    f"<{half} x i32> <{', '.join([f'i32 {i + first}' for i in range(half)])}>"
                )
                for first in (0, half)
            ]
            value = f.value(f"fadd {small} {low}, {high}")
            lanes = half
        return f.value(f"extractelement <1 x {self.kind}> {value}, i64 0")

    def broadcast_tile(self, rows: int, whole: bool) -> str:
        """`rows` rows by two vectors of the result; where not `whole`, only so many of them as are given."""
        name = self.name(f"tile_{rows}_{'whole' if whole else 'part'}")
        numbers = ("terms", "left_row", "into_row", "count", "wide", "add")
        f = Words(name, [*ARGUMENTS, ("ptr", "left_at"), ("ptr", "right_at"), *[("i64", n) for n in numbers]], ALONE)
        last = f.sub("%count", "1")
        starts: list[str] = []
        for r in range(rows):
            row = str(r) if whole else f.least(str(r), last)
            starts.append(f.at(self.kind, "%left", f.mul(row, "%left_row")))
        masks: list[str | None] = [None, None]
        if not whole:
            masks = [self.mask(f, f.sub("%wide", str(v * self.lanes))) for v in range(2)]
        sums = [[f.variable(self.vector, self.zeros()) for _ in range(2)] for _ in range(rows)]
        with f.loop("%terms") as k:
            left = f.load("i64", f.at("i64", "%left_at", k))
            right = f.load("i64", f.at("i64", "%right_at", k))
            first = f.at(self.kind, "%right", right)
            runs = [self.run(f, f.at(self.kind, first, str(v * self.lanes)), masks[v]) for v in range(2)]
            for r in range(rows):
                entry = self.splat(f, f.load(self.kind, f.at(self.kind, starts[r], left)))
                for run, place in zip(runs, sums[r], strict=True):
                    self.collect(f, entry, run, place)
        if whole:
            self._into_rows(f, sums)
        else:
            self._into_part(f, sums)
        return f.text()

    def _into_rows(self, f: Words, sums: list[list[str]]) -> None:
        adding = f.value("icmp ne i64 %add, 0")
        places: list[list[str]] = []
        for r, row in enumerate(sums):
            start = f.at(self.kind, "%into", f.mul(str(r), "%into_row"))
            places.append([f.at(self.kind, start, str(v * self.lanes)) for v in range(len(row))])
        with f.when(adding):
            for row, at in zip(sums, places, strict=True):
                for part, place in zip(row, at, strict=True):
                    known = f.load(self.vector, place, self.align)
                    f.store(self.vector, f.value(f"fadd {self.vector} {known}, {f.load(self.vector, part)}"), part)
        for row, at in zip(sums, places, strict=True):
            for part, place in zip(row, at, strict=True):
                f.store(self.vector, f.load(self.vector, part), place, self.align)

    def _into_part(self, f: Words, sums: list[list[str]]) -> None:
        """By way of the stack, entry by entry."""
        wide = 2 * self.lanes
        whole = f.variable(f"[{len(sums) * wide} x {self.kind}]")
        for r, row in enumerate(sums):
            for v, part in enumerate(row):
                place = f.at(self.kind, whole, str(r * wide + v * self.lanes))
                f.store(self.vector, f.load(self.vector, part), place, self.align)
        adding = f.value("icmp ne i64 %add, 0")
        with f.loop("%count") as r, f.loop("%wide") as j:
            value = f.load(self.kind, f.at(self.kind, whole, f.add(f.mul(r, str(wide)), j)))
            self._put(f, f.at(self.kind, "%into", f.add(f.mul(r, "%into_row"), j)), value, adding)

    def _put(self, f: Words, place: str, value: str, adding: str) -> None:
        slot = f.variable(self.kind)
        f.store(self.kind, value, slot)
        with f.when(adding):
            f.store(self.kind, f.value(f"fadd {self.kind} {f.load(self.kind, place)}, {value}"), slot)
        f.store(self.kind, f.load(self.kind, slot), place)

    def dot_tile(self) -> str:
        """Some rows by some columns of dot products of runs; only so many of them as are given are written."""
        tall, wide = DOT_TILE
        numbers = ("terms", "run", "left_row", "into_row", "count", "wide", "add")
        tables = ("left_at", "right_at", "right_column", "into_column")
        f = Words(self.name("dots"), [*ARGUMENTS, *[("ptr", t) for t in tables], *[("i64", n) for n in numbers]], ALONE)
        last_row, last_column = f.sub("%count", "1"), f.sub("%wide", "1")
        rows = [f.at(self.kind, "%left", f.mul(f.least(str(r), last_row), "%left_row")) for r in range(tall)]
        columns: list[str] = []
        for c in range(wide):
            at = f.load("i64", f.at("i64", "%right_column", f.least(str(c), last_column)))
            columns.append(f.at(self.kind, "%right", at))
        sums = [[f.variable(self.vector, self.zeros()) for _ in range(wide)] for _ in range(tall)]
        rest = f.value(f"srem i64 %run, {self.lanes}")
        full = f.sub("%run", rest)
        mask = self.mask(f, rest)
        some = f.value(f"icmp ne i64 {rest}, 0")
        with f.loop("%terms") as q:
            left = f.load("i64", f.at("i64", "%left_at", q))
            right = f.load("i64", f.at("i64", "%right_at", q))
            here = [[f.at(self.kind, s, at) for s in of] for of, at in ((rows, left), (columns, right))]
            with f.loop(full, str(self.lanes)) as x:
                self._dots(f, here, x, sums, None)
            with f.when(some):
                self._dots(f, here, full, sums, mask)
        whole = f.variable(f"[{tall * wide} x {self.kind}]")
        for r in range(tall):
            for c in range(wide):
                total = self.total(f, f.load(self.vector, sums[r][c]))
                f.store(self.kind, total, f.at(self.kind, whole, str(r * wide + c)))
        adding = f.value("icmp ne i64 %add, 0")
        with f.loop("%count") as r, f.loop("%wide") as c:
            value = f.load(self.kind, f.at(self.kind, whole, f.add(f.mul(r, str(wide)), c)))
            at = f.load("i64", f.at("i64", "%into_column", c))
            self._put(f, f.at(self.kind, "%into", f.add(f.mul(r, "%into_row"), at)), value, adding)
        return f.text()

    def _dots(self, f: Words, here: Sequence[Sequence[str]], x: str, sums: list[list[str]], mask: str | None) -> None:
        rows, columns = here
        others = [self.run(f, f.at(self.kind, column, x), mask) for column in columns]
        for row, of_row in zip(rows, sums, strict=True):
            entry = self.run(f, f.at(self.kind, row, x), mask)
            for other, place in zip(others, of_row, strict=True):
                self.collect(f, entry, other, place)
