"""Long loops that follow one another, gone through in tiles, where one reads what is beside its place in another.

Such loops cannot be one: `y[j]` needs `x[j + 1]`, which the turn after it makes. But they can be gone through together,
a tile at a time, if a loop runs as many places behind as it reads ahead. Each loop has a base: its turn j stands at the
position j + base, and a tile does all turns of some positions, loop after loop in their order. That is right if of two
that touch the same entry, and not both only read it, the one that stands behind has no lower position there.

What passes between the loops is in the near cache then. An array that nobody else touches is only a window of it: a
tile's entries and a few of the tile before, which are moved to its start when a tile is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.native.plan.affine import line
from chalkgrad.native.plan.positions import Item, Touch, least_base, touches
from chalkgrad.native.plan.rewrite import Rewrite, buffer_of, operations, reads
from chalkgrad.native.tree import Buffer, Choose, Loop, Product, Set, Stmt, expressions, walk, written
from chalkgrad.ops.kernel import Axis, Expr, Place, Read, fn, lift

# What the loops touch must not fit in so many bytes, or they find it near as it is.
_NEAR_ENOUGH = 131072
# The entries of a tile stay in so many bytes: in the nearest cache, or in the one behind it.
_CACHES = 16384, 262144
# A tile has at most so many positions, and at least so many; there are so many tiles at least.
_MOST, _MOST_ROWS, _LEAST, _TILES = 256, 128, 4, 4
# What is written first in a tile stands at a multiple of this in a window.
_LANES = 8
# Loops with more operations than this for a byte do not wait for memory.
_BUSY = 4
# Beside a loop, so many times less work is done at once and not in tiles.
_SMALL = 8


def neighbours(body: list[Stmt]) -> None:
    """Put such loops into tiles, here and in all loops; the statements are changed."""
    _Bodies(body).visit(body, ())


@final
class _Bodies:
    def __init__(self, body: Sequence[Stmt]) -> None:
        self._uses: dict[Buffer, int] = {}
        for stmt in walk(body):
            for buffer in _buffers(stmt):
                self._uses[buffer] = self._uses.get(buffer, 0) + 1

    def visit(self, body: list[Stmt], around: tuple[Loop, ...]) -> None:
        for stmt in body:
            if isinstance(stmt, Loop):
                self.visit(stmt.body, (*around, stmt))
        volumes = [_volume(s) if _tileable(s) else 0 for s in body]
        if sum([v * 8 > _NEAR_ENOUGH // 16 for v in volumes]) < 2:
            return
        whole = all([loop.role == "serial" for loop in around])
        found: list[Stmt] = []
        chain = _Chain(self._uses, whole)
        for stmt, volume in zip(body, volumes, strict=True):
            if chain.takes(stmt, volume):
                continue
            found += chain.statements()
            chain = _Chain(self._uses, whole)
            if not chain.takes(stmt, volume):
                found.append(stmt)
        body[:] = [*found, *chain.statements()]


def _buffers(stmt: Stmt) -> Iterator[Buffer]:
    yield from written(stmt)
    for e in expressions(stmt):
        for read in reads(e):
            yield buffer_of(read)


def _tileable(stmt: Stmt) -> bool:
    """Whether it is a loop that may be gone through in any order, and of whose counters each is of one loop."""
    if not isinstance(stmt, Loop) or stmt.role != "parallel":
        return False
    return not any([isinstance(s, Product) or (isinstance(s, Loop) and s.part is not None) for s in walk([stmt])])


def _volume(stmt: Stmt) -> int:
    return stmt.extent * max([_volume(s) for s in stmt.body], default=1) if isinstance(stmt, Loop) else 1


@final
class _Chain:
    """Statements that follow one another, and may go through tiles together."""

    def __init__(self, uses: dict[Buffer, int], windows: bool) -> None:
        self._uses, self._windows = uses, windows
        self._items: list[Item] = []
        self._touching: dict[Buffer, list[Item]] = {}
        self._free: set[Item] = set()
        self._largest = 0
        self._turns = self._reach = 0
        self._rows: dict[Buffer, int] = {}
        self._placed: dict[Item, int] = {}

    def takes(self, stmt: Stmt, volume: int) -> bool:
        """Take it in, if it may be gone through with what is there."""
        if isinstance(stmt, Product) or (isinstance(stmt, Loop) and not volume):
            return False
        tiled = isinstance(stmt, Loop) and volume * _SMALL > self._largest
        item = Item(stmt, stmt.axis if tiled and isinstance(stmt, Loop) else None)
        item.touches = touches(stmt, item.axis)
        met = dict.fromkeys([i for t in item.touches for i in self._touching.get(t.buffer, ())])
        bases = {i: base for i in met if (base := least_base(i, item)) is not None}
        if item.axis is None and bases.keys() <= self._free:
            self._free.add(item)
        elif any([t.buffer.space == "local" and self._passes(t, item, bases) for t in item.touches]):
            return False
        else:
            item.base = max([0, *[base for i, base in bases.items() if i not in self._free]])
        if item.axis is not None:
            if any([t.strewn for t in item.touches]):
                return False  # a tile would be narrow columns, of which each row is another line of the cache
            turns, reach = max(self._turns, item.turns), max(self._reach, item.base)
            rows = self._rows | {t.buffer: t.size for t in item.touches if t.along}
            if self._turns and (2 * min(self._turns, item.turns) < turns or _run(rows, reach) is None):
                return False
            self._turns, self._reach, self._rows, self._largest = turns, reach, rows, max(self._largest, volume)
        self._items.append(item)
        for buffer in dict.fromkeys([t.buffer for t in item.touches]):
            self._touching.setdefault(buffer, []).append(item)
        return True

    def _passes(self, touch: Touch, item: Item, bases: Mapping[Item, int]) -> bool:
        """Whether what lives for a turn of the loop around passes from one to another, in what would be its turns."""
        if item.axis is None:
            return touch.write and _count(item.stmt, touch.buffer) < self._uses[touch.buffer]
        others = [t for i in bases if i not in self._free for t in i.touches if t.buffer is touch.buffer]
        return any([t.write or touch.write for t in others])

    def statements(self) -> list[Stmt]:
        """What is left of them: tiles, or what they were."""
        plain = [i.stmt for i in self._items]
        loops = [i for i in self._items if i.axis is not None]
        if len(loops) < 2 or not self._worth(loops):
            return plain
        ends = [i.base + i.turns for i in loops]
        run = _run(self._rows, max(self._reach, max(ends) - min(ends)))
        if run is None or max(ends) < _TILES * run:
            return plain
        windows = {b: w for b, w in self._found_windows().items() if 2 * w.behind <= run} if self._windows else {}
        tiled = [i for i in self._items if i not in self._free or any([t.buffer in windows for t in i.touches])]
        count = max([i.base + i.turns for i in tiled]) // run
        return [*[i.stmt for i in self._items if i not in tiled], self._loop(tiled, windows, run, count)]

    def _worth(self, loops: Sequence[Item]) -> bool:
        """Whether the loops pass much to one another, through memory, and have little else to do."""
        found: dict[Buffer, list[int]] = {}
        made = {t.buffer for i in loops for t in i.touches if t.write}
        for item in loops:
            for buffer, size in {t.buffer: t.size for t in item.touches if t.along}.items():
                found.setdefault(buffer, []).append(size * item.turns)
        if sum([max(sizes) for b, sizes in found.items() if b in made and len(sizes) > 1]) <= _NEAR_ENOUGH:
            return False
        return sum([_work(i.stmt) for i in loops]) <= _BUSY * sum([sum(sizes) for sizes in found.values()])

    # Windows.

    def _found_windows(self) -> dict[Buffer, _Window]:
        """The buffers of which a window is enough. What is done at once, and would be before all, gets its base."""
        found: dict[Buffer, _Window] = {}
        chosen = {b for i in self._items for s in walk([i.stmt]) if isinstance(s, Choose) for b in written(s)}
        for buffer, items in self._touching.items():
            here = sum([_count(i.stmt, buffer) for i in items])
            if buffer.space == "arena" and buffer not in chosen and self._uses[buffer] == here:
                window = self._window(buffer, items)
                if window is not None:
                    found[buffer] = window
        return found

    def _window(self, buffer: Buffer, items: Sequence[Item]) -> _Window | None:
        touches = [(i, t) for i in items for t in i.touches if t.buffer is buffer]
        places = [k for k in range(len(buffer.shape)) if all([t.spots[k][0] for i, t in touches if i.axis])]
        if not places or not any([i.axis for i in items]):
            return None
        k = places[0]
        loops = [(i.base - t.spots[k][2], i.base - t.spots[k][1]) for i, t in touches if i.axis is not None]
        first = min([low for low, _ in loops])
        sets = min([i.base - t.spots[k][2] for i, t in touches if i.axis is not None and t.write], default=first)
        for item, t in touches:
            if item.axis is None:
                _, low, high = t.spots[k]
                if item in self._free and not self._late(item, max(0, sets + low)):
                    return None
                loops.append((item.base - high, item.base - low))
        first, last = min([low for low, _ in loops]), max([high for _, high in loops])
        return _Window(k, last - first, last + (sets - last) % _LANES, last)

    def _late(self, item: Item, base: int) -> bool:
        """Let what would be before all be done at a position, if nobody needs it sooner."""
        if item in self._placed:
            return self._placed[item] == base
        item.base = base
        for other in self._items[self._items.index(item) + 1 :]:
            least = least_base(item, other)
            if least is not None and (least > other.base or other in self._free):
                item.base = 0
                return False
        self._placed[item] = base
        return True

    def _loop(self, items: Sequence[Item], windows: dict[Buffer, _Window], run: int, count: int) -> Loop:
        tile = Axis(count)
        body: list[Stmt] = []
        for item in items:
            stmt = item.stmt
            inner = stmt if isinstance(stmt, Loop) and item.axis is not None else Loop(Axis(1), [stmt])
            inner.part, inner.run, inner.behind = tile, run, item.base
            body.append(inner)
        into = {
            b: Buffer(b.name, b.dtype, (*b.shape[: w.place], w.size(run), *b.shape[w.place + 1 :]), "arena")
            for b, w in windows.items()
        }

        def at(buffer: Buffer, index: tuple[Expr, ...]) -> tuple[Expr, ...]:
            window = windows[buffer]
            place = fn("subtract", _plus(index[window.place], window.start), fn("multiply", Place(tile), run))
            return (*index[: window.place], place, *index[window.place + 1 :])

        def reading(read: Read, index: tuple[Expr, ...]) -> Expr:
            buffer = buffer_of(read)
            if buffer in into:
                return Read(into[buffer], at(buffer, index), read.dtype)
            return Read(buffer, index, read.dtype)

        change = Rewrite({}, reading)
        for s in walk(body):
            if isinstance(s, (Loop, Product)):
                continue
            index = tuple([change(i) for i in s.index])
            s.value = change(s.value)
            if isinstance(s, Choose):
                s.at, s.index = change(s.at), index
            elif s.into in into:
                s.into, s.index = into[s.into], at(s.into, index)
            else:
                s.index = index
        for buffer, window in windows.items():
            if window.behind:
                body.append(_moved(into[buffer], window, run))
        return Loop(tile, body)


@final
@dataclass(frozen=True)
class _Window:
    """Of a buffer, along one place of its index: how many entries of the tile before are kept, and how much is added
    to an entry's place, less those of the tiles before, for its place in the window; at least `last` of that."""

    place: int
    behind: int
    start: int
    last: int

    def size(self, run: int) -> int:
        """How many entries it has; the last tile is longer than the others."""
        return 2 * run + self.behind + _LANES


def _plus(place: Expr, more: int) -> Expr:
    known = line(place)
    if known is not None and len(known.steps) <= 1 and all([n == 1 for n in known.steps.values()]):
        place, more = next((Place(a) for a in known.steps), lift(0)), more + known.start
    return fn("add", place, more) if more >= 0 else fn("subtract", place, -more)


def _moved(buffer: Buffer, window: _Window, run: int) -> Stmt:
    """What the next tile needs of this one."""
    axes = [Axis(window.behind if k == window.place else n) for k, n in enumerate(buffer.shape)]
    more = window.start - window.last

    def at(places: int) -> tuple[Expr, ...]:
        return tuple([fn("add", Place(a), places) if k == window.place else lift(a) for k, a in enumerate(axes)])

    moved: Stmt = Set(buffer, at(more), Read(buffer, at(more + run), buffer.dtype))
    for axis in reversed(axes):
        moved = Loop(axis, [moved], "parallel")
    return moved


def _run(rows: Mapping[Buffer, int], reach: int) -> int | None:
    """How many positions a tile has, by the bytes of one, and how far apart the loops stand."""
    row = sum(rows.values())
    flat = all([len(b.shape) == 1 for b in rows])
    near, far = [1 << (size // max(row, 1)).bit_length() >> 1 for size in _CACHES]
    if near >= max(64 if flat else 16, 4 * reach):
        return min(near, _MOST if flat else _MOST_ROWS)
    if far >= max(_LEAST, 2 * reach):
        return min(far, _MOST if flat else _MOST_ROWS)
    return None


def _count(stmt: Stmt, buffer: Buffer) -> int:
    """How often a statement touches a buffer."""
    return sum([b is buffer for s in walk([stmt]) for b in _buffers(s)])


def _work(stmt: Stmt) -> int:
    """How many operations a statement takes, all turns together."""
    if isinstance(stmt, Loop):
        return stmt.extent * sum([_work(s) for s in stmt.body])
    return sum([1 + len(operations(e)) for e in expressions(stmt)[-1:]])


__all__ = ["neighbours"]
