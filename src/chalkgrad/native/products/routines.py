"""Sums of products as routines in LLVM's language, in tiles that stay in registers.

    void contract_f32(ptr into, ptr left, ptr right, ptr plan)

for every turn of the outer loops does, for all i below `rows` and j below `columns`,

    into[i · into_row + j · into_column] (+)= Σ over k of left[i · left_row + left_at[k]] · right[… + right_at[k]]

in one of three manners, of which `plan` says which. `BROADCAST`: an entry of the left one at a time, times a run of the
right one along j. `DOTS`: runs along k of both, whose entries lie side by side. `LIBRARY`: by the library of linear
algebra. Where a plan says what is written at `Plan`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import final

from chalkgrad.native.products.tiles import ARGUMENTS, DOT_TILE, TALL, Tiles
from chalkgrad.native.products.words import LOOPS, Words

BROADCAST, DOTS, LIBRARY = 0, 1, 2

# The most terms that are summed in one go: their places are written out in the plan, and a strip of the right factor
# that is so long fits in half of the nearest cache.
BLOCK = 256
# The most entries side by side that one tile of dot products goes along: so a few rows of them stay near.
RUN_BLOCK = 1024
LEVELS = 4


@final
class Plan:
    """Places in a plan. A level is an outer loop: its extent, and its steps in the three arrays.

    A level that takes no step in `into` is summed over.

    `SHARED` says that threads may share the turns of the first level. `HIGH` rows of the left factor are met with all
    columns before the next ones come, so that they stay near.

    `RANGES` is where in the plan there are four numbers for every strip of columns: the first term of it and how many
    terms there are, since all others are 0, and from which row on and up to which it is needed. Terms that are 0 are
    left out where `CHECKED` says so, and the left factor has finite numbers.
    """

    HOW, ADD, ROWS, COLUMNS, TERMS, LAST_TERMS, BLOCKS, LEFT_BLOCK, RIGHT_BLOCK = range(9)
    INTO_ROW, LEFT_ROW, RIGHT_COLUMN, TALL, RUN = range(9, 14)
    LEFT_TURNED, RIGHT_TURNED, LEFT_LEADING, RIGHT_LEADING, COPIED = range(14, 19)
    RANGES, CHECKED, NEAR, HIGH, SHARED = range(19, 24)
    LEVEL = 24
    PLACES = LEVEL + 4 * LEVELS


@final
class Routine:
    """The routine of one dtype, over its tiles."""

    def __init__(self, dtype: str, width: int) -> None:
        self.tiles = Tiles(dtype, width)
        self.kind, self.name = self.tiles.kind, self.tiles.name
        self.wide = 2 * self.tiles.lanes

    def broadcast(self) -> str:
        """All tiles of one block of terms, a strip of columns at a time; copied first where that is planned."""
        f = self._part("broadcast")
        rows, columns, tall, left_row, into_row = self._numbers(
            f, Plan.ROWS, Plan.COLUMNS, Plan.TALL, Plan.LEFT_ROW, Plan.INTO_ROW
        )
        column, copied = self._numbers(f, Plan.RIGHT_COLUMN, Plan.COPIED)
        left_at, right_at, _ = self._places(f)
        strip = f.variable(f"[{BLOCK * self.wide} x {self.kind}]")
        copies = f.value(f"icmp ne i64 {copied}, 0")
        width = str(self.wide)
        ranges, high = self._numbers(f, Plan.RANGES, Plan.HIGH)
        ranged = f.value(f"icmp ne i64 {ranges}, 0")
        with f.loop(rows, high) as row:
            end = f.least(f.add(row, high), rows)
            shorter = self._shorter(f, f.at(self.kind, "%left", f.mul(row, left_row)), f.sub(end, row), left_row)
            with f.loop(columns, width) as j:
                number = f.mul(f.value(f"udiv i64 {j}, {width}"), "4")
                place = f.value(f"select i1 {ranged}, i64 {f.add(ranges, number)}, i64 0")
                here = [f.load("i64", f.at("i64", "%plan", f.add(place, str(k)))) for k in range(4)]
                first = f.value(f"select i1 {shorter}, i64 {here[0]}, i64 0")
                terms = f.value(f"select i1 {shorter}, i64 {here[1]}, i64 %terms")
                top = f.most(f.value(f"select i1 {ranged}, i64 {here[2]}, i64 0"), row)
                bottom = f.least(f.value(f"select i1 {ranged}, i64 {here[3]}, i64 {rows}"), end)
                across = f.least(f.sub(columns, j), width)
                start = f.at(self.kind, "%right", f.mul(j, column))
                right = f.value(f"select i1 {copies}, ptr {strip}, ptr {start}")
                left_here, right_here = f.at("i64", left_at, first), f.at("i64", right_at, first)
                at = f.value(f"select i1 {copies}, ptr @{self.name('strip_at')}, ptr {right_here}")
                with f.when(copies):
                    f.line(
                        f"call void @{self.name('copied')}(ptr {strip}, ptr {start}, ptr {right_here}, i64 {terms}, "
                        f"i64 {column}, i64 {across})"
                    )
                all_columns = f.value(f"icmp eq i64 {across}, {width}")
                with f.loop(bottom, tall, top) as i:
                    into = f.at(self.kind, "%into", f.add(f.mul(i, into_row), j))
                    left = f.at(self.kind, "%left", f.mul(i, left_row))
                    count = f.least(f.sub(bottom, i), tall)
                    whole = f.value(f"and i1 {f.value(f'icmp eq i64 {count}, {tall}')}, {all_columns}")
                    numbers = [terms, left_row, into_row, count, across, "%add"]
                    self._tile(f, tall, whole, (into, left, right, left_here, at), numbers)
        return f.text()

    def _shorter(self, f: Words, left: str, rows: str, left_row: str) -> str:
        """Whether terms that are 0 are left out: not where they would meet what is no finite number."""
        checked, near = self._numbers(f, Plan.CHECKED, Plan.NEAR)
        left_at, _, _ = self._places(f)
        short = f.variable("i64")
        f.store("i64", checked, short)
        with f.when(f.value(f"icmp ne i64 {checked}, 0")):
            f.line(
                f"call void @{self.name('finite')}(ptr {left}, ptr {left_at}, ptr {short}, i64 {rows}, "
                f"i64 {left_row}, i64 %terms, i64 {near})"
            )
        return f.value(f"icmp ne i64 {f.load('i64', short)}, 0")

    def _tile(self, f: Words, tall: str, whole: str, pointers: Sequence[str], numbers: Sequence[str]) -> None:
        passed = ", ".join([*[f"ptr {p}" for p in pointers], *[f"i64 {n}" for n in numbers]])
        for high in TALL:
            this = f.value(f"icmp eq i64 {tall}, {high}")
            for kind, wanted in (("whole", whole), ("part", f.value(f"xor i1 {whole}, true"))):
                with f.when(f.value(f"and i1 {this}, {wanted}")):
                    f.line(f"call void @{self.name(f'tile_{high}_{kind}')}({passed})")

    def copied(self) -> str:
        """A strip of the right factor, row after row; what is not there is 0."""
        numbers = ("terms", "column", "across")
        arguments = [("ptr", "strip"), ("ptr", "right"), ("ptr", "right_at"), *[("i64", n) for n in numbers]]
        f = Words(self.name("copied"), arguments)
        t = self.tiles
        near = f.value("icmp eq i64 %column, 1")
        far = f.value(f"xor i1 {near}, true")
        masks = [t.mask(f, f.sub("%across", str(v * t.lanes))) for v in range(2)]
        with f.when(near), f.loop("%terms") as k:
            start = f.at(t.kind, "%right", f.load("i64", f.at("i64", "%right_at", k)))
            for v, mask in enumerate(masks):
                place = f.at(t.kind, "%strip", f.add(f.mul(k, str(self.wide)), str(v * t.lanes)))
                f.store(t.vector, t.run(f, f.at(t.kind, start, str(v * t.lanes)), mask), place, t.align)
        with f.when(far), f.loop(str(self.wide)) as c:
            inside = f.value(f"icmp slt i64 {c}, %across")
            column = f.at(t.kind, "%right", f.mul(f.least(c, f.sub("%across", "1")), "%column"))
            with f.loop("%terms") as k:
                entry = f.load(t.kind, f.at(t.kind, column, f.load("i64", f.at("i64", "%right_at", k))))
                value = f.value(f"select i1 {inside}, {t.kind} {entry}, {t.kind} 0.0")
                f.store(t.kind, value, f.at(t.kind, "%strip", f.add(f.mul(k, str(self.wide)), c)))
        return f.text()

    def finite(self) -> str:
        """Make a number 0 where the left factor has an entry that is no finite number."""
        numbers = ("rows", "left_row", "terms", "near")
        arguments = [("ptr", "left"), ("ptr", "left_at"), ("ptr", "result"), *[("i64", n) for n in numbers]]
        f = Words(self.name("finite"), arguments)
        t = self.tiles
        nothing = f.variable(t.vector, t.zeros())  # 0 · x is 0 as long as x is finite
        begin = f.at(t.kind, "%left", f.load("i64", "%left_at"))
        near = f.value("icmp ne i64 %near, 0")
        rest = f.value(f"srem i64 %terms, {2 * t.lanes}")
        full = f.sub("%terms", rest)
        other = f.variable(t.vector, t.zeros())
        masks = [t.mask(f, f.sub(rest, str(v * t.lanes))) for v in range(2)]
        with f.when(near), f.loop("%rows") as i:
            row = f.at(t.kind, begin, f.mul(i, "%left_row"))
            with f.loop(full, str(2 * t.lanes)) as k:
                for v, place in enumerate((nothing, other)):
                    t.collect(f, t.run(f, f.at(t.kind, row, f.add(k, str(v * t.lanes)))), t.zeros(), place)
            for v, place in enumerate((nothing, other)):
                run = t.run(f, f.at(t.kind, row, f.add(full, str(v * t.lanes))), masks[v])
                t.collect(f, run, t.zeros(), place)
        with f.when(f.value(f"xor i1 {near}, true")), f.loop("%rows") as i, f.loop("%terms") as k:
            place = f.add(f.mul(i, "%left_row"), f.load("i64", f.at("i64", "%left_at", k)))
            t.collect(f, t.splat(f, f.load(t.kind, f.at(t.kind, "%left", place))), t.zeros(), nothing)
        both = f.value(f"fadd {t.vector} {f.load(t.vector, nothing)}, {f.load(t.vector, other)}")
        total = t.total(f, both)
        with f.when(f.value(f"fcmp uno {t.kind} {total}, {total}")):
            f.store("i64", "0", "%result")
        return f.text()

    def dots(self) -> str:
        """All tiles of dot products of one block of terms."""
        f = self._part("all_dots")
        rows, columns, left_row, into_row, run = self._numbers(
            f, Plan.ROWS, Plan.COLUMNS, Plan.LEFT_ROW, Plan.INTO_ROW, Plan.RUN
        )
        left_at, right_at, behind = self._places(f)
        into_columns = f.at("i64", behind, columns)
        tall, wide = [str(n) for n in DOT_TILE]
        with f.loop(rows, tall) as i, f.loop(columns, wide) as j:
            into = f.at(self.kind, "%into", f.mul(i, into_row))
            left = f.at(self.kind, "%left", f.mul(i, left_row))
            count, across = f.least(f.sub(rows, i), tall), f.least(f.sub(columns, j), wide)
            f.line(
                f"call void @{self.name('dots')}(ptr {into}, ptr {left}, ptr %right, ptr {left_at}, ptr {right_at}, "
                f"ptr {f.at('i64', behind, j)}, ptr {f.at('i64', into_columns, j)}, i64 %terms, i64 {run}, "
                f"i64 {left_row}, i64 {into_row}, i64 {count}, i64 {across}, i64 %add)"
            )
        return f.text()

    def library(self, whole: str, enter: str, leave: str) -> str:
        """The product of matrices by the function `whole`, whose counts are of the type `whole` is known by."""
        f = self._part("library")
        symbol, size = whole.split(":")
        rows, columns, terms, into_row = self._numbers(f, Plan.ROWS, Plan.COLUMNS, Plan.TERMS, Plan.INTO_ROW)
        turned = self._numbers(f, Plan.LEFT_TURNED, Plan.RIGHT_TURNED)
        leading = self._numbers(f, Plan.LEFT_LEADING, Plan.RIGHT_LEADING)
        flags = [f.value(f"trunc i64 {f.add(t, '111')} to i32") for t in turned]  # 111 as it is, 112 transposed
        counts = [rows, columns, terms, *leading, into_row]
        if size != "i64":
            counts = [f.value(f"trunc i64 {n} to {size}") for n in counts]
        m, n, k, left, right, row = counts
        adding = f.value("icmp ne i64 %add, 0")
        beta = f.value(f"select i1 {adding}, {self.kind} 1.0, {self.kind} 0.0")
        f.line(f"call void @{enter}()")
        f.line(
            f"call void @{symbol}(i32 101, i32 {flags[0]}, i32 {flags[1]}, {size} {m}, {size} {n}, {size} {k}, "
            f"{self.kind} 1.0, ptr %left, {size} {left}, ptr %right, {size} {right}, {self.kind} {beta}, "
            f"ptr %into, {size} {row})"
        )
        f.line(f"call void @{leave}()")
        return f.text()

    def _part(self, name: str) -> Words:
        return Words(self.name(name), [*ARGUMENTS, ("ptr", "plan"), ("i64", "terms"), ("i64", "add")])

    def _numbers(self, f: Words, *places: int) -> list[str]:
        return [f.load("i64", f.at("i64", "%plan", str(p))) for p in places]

    def _places(self, f: Words) -> tuple[str, str, str]:
        """Where the places of the terms lie, in the left one and in the right one, and what comes after."""
        (most,) = self._numbers(f, Plan.TERMS)
        left_at = f.at("i64", "%plan", str(Plan.PLACES))
        right_at = f.at("i64", left_at, most)
        return left_at, right_at, f.at("i64", right_at, most)

    def contract(self) -> str:
        """The routine: the turns of the outermost level, in threads where that is planned."""
        f = Words(self.name("contract"), [*ARGUMENTS, ("ptr", "plan")], internal=False)
        context = f.variable("[4 x ptr]")
        for k, name in enumerate(("into", "left", "right", "plan")):
            f.store("ptr", f"%{name}", f.at("ptr", context, str(k)))
        extent, shared = self._numbers(f, Plan.LEVEL, Plan.SHARED)
        several = f.value(f"icmp ne i64 {shared}, 0")
        with f.when(several):
            f.line(f"call void @in_parts(ptr @{self.name('turn')}, ptr {context}, i64 {extent})")
        with f.when(f.value(f"xor i1 {several}, true")), f.loop(extent) as turn:
            f.line(f"call void @{self.name('turn')}(ptr {context}, i64 {turn})")
        return f.text()

    def turn(self, library: bool) -> str:
        """One turn of the outermost level: the other levels and the blocks of terms, and then one of the manners."""
        f = Words(self.name("turn"), [("ptr", "context"), ("i64", "turn")])
        for k, name in enumerate(("into", "left", "right", "plan")):
            f.line(f"%{name} = load ptr, ptr {f.at('ptr', '%context', str(k))}")
        how, given, blocks = self._numbers(f, Plan.HOW, Plan.ADD, Plan.BLOCKS)
        terms, last_terms, left_block, right_block = self._numbers(
            f, Plan.TERMS, Plan.LAST_TERMS, Plan.LEFT_BLOCK, Plan.RIGHT_BLOCK
        )
        levels = [self._numbers(f, *range(Plan.LEVEL + 4 * n, Plan.LEVEL + 4 * n + 4)) for n in range(LEVELS)]
        final = f.sub(blocks, "1")
        with ExitStack() as stack:
            places = [f"%{name}" for _, name in ARGUMENTS]
            adds = given
            for n, (extent, *steps) in enumerate(levels):
                turn = stack.enter_context(f.loop(extent)) if n else "%turn"
                places = [f.at(self.kind, p, f.mul(turn, s)) for p, s in zip(places, steps, strict=True)]
                again = f.value(f"icmp sgt i64 {turn}, 0")
                still = f.value(f"icmp eq i64 {steps[0]}, 0")
                more = f.value(f"and i1 {again}, {still}")
                adds = f.value(f"select i1 {more}, i64 1, i64 {adds}")
            block = stack.enter_context(f.loop(blocks))
            left = f.at(self.kind, places[1], f.mul(block, left_block))
            right = f.at(self.kind, places[2], f.mul(block, right_block))
            ends = f.value(f"icmp eq i64 {block}, {final}")
            count = f.value(f"select i1 {ends}, i64 {last_terms}, i64 {terms}")
            later = f.value(f"icmp sgt i64 {block}, 0")
            add = f.value(f"select i1 {later}, i64 1, i64 {adds}")
            manners = {BROADCAST: "broadcast", DOTS: "all_dots", LIBRARY: "library"}
            for number, name in manners.items() if library else list(manners.items())[:2]:
                with f.when(f.value(f"icmp eq i64 {how}, {number}")):
                    f.line(
                        f"call void @{self.name(name)}(ptr {places[0]}, ptr {left}, ptr {right}, ptr %plan, "
                        f"i64 {count}, i64 {add})"
                    )
        return f.text()

    def all(self, product: str | None, enter: str, leave: str) -> str:
        """Every function of this dtype."""
        t = self.tiles
        v = t.vector
        at = ", ".join([f"i64 {k * self.wide}" for k in range(BLOCK)])
        found = [
            f"@{self.name('strip_at')} = internal constant [{BLOCK} x i64] [{at}]\n"
            f"declare {v} @llvm.fmuladd.v{t.lanes}{t.suffix}({v}, {v}, {v})\n"
            f"declare {v} @{t.masked()}(ptr, {t.tail}, {v})\n"
        ]
        if product is not None:
            symbol, size = product.split(":")
            counts = f"{size}, {size}, {size}, {t.kind}, ptr, {size}, ptr, {size}, {t.kind}, ptr, {size}"
            found += [f"declare void @{symbol}(i32, i32, i32, {counts})\n", self.library(product, enter, leave)]
        tiles = [t.broadcast_tile(rows, whole) for rows in TALL for whole in (True, False)]
        found += [
            *tiles,
            t.dot_tile(),
            self.copied(),
            self.finite(),
            self.broadcast(),
            self.dots(),
            self.turn(product is not None),
            self.contract(),
        ]
        return "\n".join(found)


def routine(dtype: str, width: int, product: str | None) -> str:
    """The module of one dtype, for vectors of so many bytes, with the library's `product` where there is one."""
    shared = "declare void @in_parts(ptr, ptr, i64)\ndeclare void @enter()\ndeclare void @leave()\n"
    return "\n".join([shared, Routine(dtype, width).all(product, "enter", "leave"), LOOPS])
