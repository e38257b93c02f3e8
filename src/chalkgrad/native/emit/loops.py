"""Loops as machine code: turn by turn, written out, or in lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalkgrad.native.emit import shared as emit_shared
from chalkgrad.native.emit.asked import alike, asked, where_any
from chalkgrad.native.emit.homes import Homes
from chalkgrad.native.emit.shared import Kept
from chalkgrad.native.emit.state import State, Value
from chalkgrad.native.emit.statements import safe, statement
from chalkgrad.native.emit.text import LITERAL, typed
from chalkgrad.native.emit.turns import turns
from chalkgrad.native.emit.values import value
from chalkgrad.native.tree import Buffer, Choose, Combine, Loop, Product, Set, Stmt, expressions, read_by, walk, written
from chalkgrad.native.windows import Window, asking, windows
from chalkgrad.ops.scalars import Axis, Expr, Fn, Place, Read, inside_out

# A loop over so few places that its body has at most so many operations in all is written out turn by turn.
WRITTEN_OUT = 64
# So many where the body keeps small arrays, which then are registers.
WRITTEN_OUT_FOR_REGISTERS = 400

# What runs of turns that are done in several threads are a multiple of, if they are longer.
RUN = 64


def statements(state: State, body: Sequence[Stmt]) -> None:
    """A body."""
    for stmt in body:
        if isinstance(stmt, Loop):
            loop(state, stmt)
        else:
            statement(state, stmt)


def loop(state: State, stmt: Loop) -> None:
    """All turns of a loop."""
    if stmt.extent <= 0:
        return
    lanes = stmt.role == "lane" and stmt.lanes > 1 and state.lane is None
    conditions = [] if lanes or stmt.part is not None else asked(stmt)
    if conditions:
        where_any(state, stmt, conditions, lambda: _loop(state, stmt))
    else:
        _loop(state, stmt)


def _loop(state: State, stmt: Loop) -> None:
    n = stmt.extent
    found = [] if stmt.part is not None or stmt.role == "lane" else windows(stmt)
    if stmt.part is not None:
        _part(state, stmt, stmt.part)
    elif found and not any([differs(e, state.lane, state.wide) for w in found for e in w]):
        _window(state, stmt, found)
    elif stmt.role == "lane" and stmt.lanes > 1 and state.lane is None:
        _in_lanes(state, stmt)
    elif n == 1 or (n <= LITERAL and _short(stmt)):
        _written_out(state, stmt, 0)
    else:
        begun = emit_shared.begin_around(state, stmt)
        turns(state, stmt.axis, "0", state.code.size(n), 1, lambda: statements(state, stmt.body))
        emit_shared.end(state, begun)


def _window(state: State, stmt: Loop, found: Sequence[Window]) -> None:
    """The turns from the first place of all windows to the last one; the terms themselves ask for their own."""
    ends: list[str] = []
    for side, how in ((0, "slt"), (1, "sgt")):
        text = ""
        for window in found:
            state.memo = dict(state.kept)
            new = state.operand(value(state, window[side]), "int64")
            text = _better(state, how, new, text) if text else new
        ends.append(text)
    start, end = _better(state, "sgt", ends[0], "0"), _least(state, ends[1], state.code.size(stmt.extent))
    before = state.kept
    if all([alike(w[side], found[0][side]) for w in found for side in (0, 1)]):  # and then there is nothing left to ask
        terms = [safe(state, s.value) for s in walk(stmt.body) if isinstance(s, Combine)]
        state.kept = before | {e: Value("", "bool", known=True) for t in terms for e in asking(t, stmt.axis)}
    turns(state, stmt.axis, start, end, 1, lambda: statements(state, stmt.body), maybe=True)
    state.kept = before


def _written_out(state: State, stmt: Loop, first: int) -> None:
    for k in range(first, stmt.extent):
        state.fixed[stmt.axis] = k
        statements(state, stmt.body)
    del state.fixed[stmt.axis]


def _short(stmt: Loop) -> bool:
    """Whether a loop is better written out."""
    whole = weight(stmt)
    return whole <= WRITTEN_OUT or (whole <= WRITTEN_OUT_FOR_REGISTERS and _keeps_arrays(stmt))


def weight(stmt: Stmt) -> int:
    """About how many operations are written for a statement, where short loops are written out."""
    if isinstance(stmt, Loop):
        inner = sum([weight(s) for s in stmt.body])
        return inner * stmt.extent if stmt.extent <= LITERAL else 4 * inner + LITERAL
    return 1 + sum([isinstance(part, (Fn, Read)) for e in expressions(stmt) for part in inside_out(e)])


def _keeps_arrays(stmt: Loop) -> bool:
    """Whether a small array of one turn of a loop around is read or written along this axis."""
    for inner in walk(stmt.body):
        local = not isinstance(inner, (Loop, Product)) and any([b.space == "local" for b in written(inner)])
        if local and any([along(e, stmt.axis) for e in expressions(inner)[:-1]]):
            return True
        for e in expressions(inner):
            for part in inside_out(e):
                if isinstance(part, Read) and part.source.space == "local" and along(part, stmt.axis):
                    return True
    return False


def along(e: Expr, axis: Axis) -> bool:
    """Whether an expression hangs on a counter."""
    return any([isinstance(p, Place) and p.axis is axis for p in inside_out(e)])


def _in_lanes(state: State, stmt: Loop) -> None:
    """A loop in lanes, and what is left over: the last turns once more where that does no harm, else in one lane."""
    code, lanes, n = state.code, stmt.lanes, stmt.extent
    whole, end, every = n - n % lanes, str(n - n % lanes), str(n)
    if n > LITERAL:
        every = code.size(n)
        end = code.at(code.levels[0], f"and i64 {every}, {-lanes}")
    begun: list[Combine | Choose] = []
    again = False
    if whole:
        begun = emit_shared.begin(state, stmt)
        again = (n > LITERAL or whole < n) and repeatable(state, stmt)
        if again:
            _twice(state, stmt, "0", end, every)
        else:
            in_lanes(state, stmt, "0", end, maybe=n > LITERAL and lanes > LITERAL)
        emit_shared.end(state, begun)

    def body() -> None:
        statements(state, stmt.body)

    if again:
        return
    if n > LITERAL:
        turns(state, stmt.axis, end, every, 1, body, maybe=True)
    elif n - whole == 1:
        _written_out(state, stmt, whole)
    elif whole < n:
        turns(state, stmt.axis, end, every, 1, body)


def in_lanes(state: State, stmt: Loop, start: str, end: str, maybe: bool) -> None:
    """The turns from `start` to `end`, as many as there are lanes at a time."""
    outer, state.wide = state.wide, varying(state.homes, stmt)
    state.lane, state.lanes = stmt.axis, stmt.lanes
    turns(state, stmt.axis, start, end, stmt.lanes, lambda: statements(state, stmt.body), maybe)
    state.lane, state.lanes, state.wide = None, 1, outer


def _twice(state: State, stmt: Loop, start: str, middle: str, end: str, least: str = "0") -> None:
    """The turns up to `middle`, which fill the lanes; and then the last ones from `least` on, some of which were done
    before.

    What those have combined is taken back. The body is written once, for both; where the first ones are all there are,
    nothing is kept to be taken back.
    """
    code, lanes = state.code, stmt.lanes
    left = code.new(f"icmp slt i64 {middle}, {end}")
    passes = code.new(f"select i1 {left}, i64 2, i64 1")
    before = code.new(f"sub i64 {end}, {lanes}")
    last = code.new(f"select i1 {code.new(f'icmp sgt i64 {before}, {least}')}, i64 {before}, i64 {least}")

    def once(again: str) -> None:
        second = code.new(f"icmp eq i64 {again}, 1")
        first = code.new(f"select i1 {second}, i64 {last}, i64 {start}")
        stop = code.new(f"select i1 {second}, i64 {code.new(f'add i64 {last}, {lanes}')}, i64 {middle}")
        kept: list[Kept] = []

        def if_second(body: Callable[[], None]) -> None:
            turns(state, Axis(1), "0", again, 1, body, maybe=True)

        if any([s in state.partials for s in walk(stmt.body) if isinstance(s, (Combine, Choose))]):
            if_second(lambda: kept.extend(emit_shared.kept_beside(state, stmt)))
        in_lanes(state, stmt, first, stop, start != "0" or lanes > LITERAL)

        def take_back() -> None:
            kind = typed("int64", lanes)
            apart = f"<{', '.join([f'i64 {k}' for k in range(lanes)])}>"
            done = code.new(f"select i1 {second}, i64 {code.new(f'sub i64 {middle}, {last}')}, i64 0")
            most = code.new(f"select i1 {second}, i64 {code.new(f'sub i64 {end}, {last}')}, i64 {lanes}")
            new = code.new(f"icmp sge {kind} {apart}, {code.spread(done, 'int64', lanes)}")
            own = code.new(f"icmp slt {kind} {apart}, {code.spread(most, 'int64', lanes)}")
            emit_shared.taken_back(state, kept, code.new(f"and <{lanes} x i1> {new}, {own}"))

        if kept:
            if_second(take_back)

    axis = Axis(2)
    turns(state, axis, "0", passes, 1, lambda: once(state.counters[axis][0]))


def repeatable(state: State, stmt: Loop) -> bool:
    """Whether turns may be done once more: each sets its own entries before it reads them, and to the same numbers."""
    begun: dict[Buffer, bool] = {}
    read: set[Buffer] = set()
    for s in walk(stmt.body):
        if isinstance(s, Loop):
            continue
        read.update(read_by(s))
        for b in written(s):
            if stmt in state.homes.get(b, ()) or (isinstance(s, (Combine, Choose)) and s in state.partials):
                continue
            if b in read:
                return False
            if isinstance(s, Set):
                begun[b] = begun.get(b, False) or _covers(s, stmt.axis)
            elif not isinstance(s, Combine) or not begun.get(b, False) or not _covers(s, stmt.axis):
                return False
    return True


def _covers(s: Set | Combine, lane: Axis) -> bool:
    """Whether a statement meets all entries of the row of its turn, each for itself."""
    axes = [e.axis for e in s.index if isinstance(e, Place)]
    full = all([a is lane or a.extent == n for a, n in zip(axes, s.into.shape, strict=False)])
    return full and lane in axes and len(set(axes)) == len(s.index)


def _part(state: State, stmt: Loop, part: Axis) -> None:
    """Of the turns of a loop, the run that one turn of the loop around does."""
    code = state.code
    assert isinstance(part.extent, int)
    n, count = code.size(stmt.extent), part.extent
    if stmt.run is not None:
        run = str(stmt.run)
    else:
        even = code.new(f"udiv i64 {code.new(f'add i64 {n}, {count - 1}')}, {count}")
        # all lanes are in use, of short runs too: of the last parts some then have nothing to do
        full = code.new(f"and i64 {code.new(f'add i64 {even}, {RUN - 1}')}, {-RUN}")
        if stmt.role == "lane" and stmt.lanes > 1:
            even = code.new(f"and i64 {code.new(f'add i64 {even}, {stmt.lanes - 1}')}, {-stmt.lanes}")
        run = code.new(f"select i1 {code.new(f'icmp ugt i64 {even}, {RUN}')}, i64 {full}, i64 {even}")
    counter = str(state.fixed[part]) if part in state.fixed else state.counters[part][0]
    start, end = code.new(f"mul i64 {counter}, {run}"), ""
    if stmt.behind is not None:
        first = code.new(f"sub i64 {start}, {code.size(stmt.behind)}")
        last = code.new(f"icmp eq i64 {counter}, {code.size(count - 1)}")
        end = code.new(f"select i1 {last}, i64 {n}, i64 {code.new(f'add i64 {first}, {run}')}")
        start, end = [_least(state, _better(state, "sgt", x, "0"), n) for x in (first, end)]
    elif stmt.run is not None and stmt.extent % stmt.run == 0:  # no run is shorter than the others
        end = code.new(f"add i64 {start}, {run}")
        if stmt.role == "lane" and stmt.run % stmt.lanes == 0:
            begun = emit_shared.begin(state, stmt)
            in_lanes(state, stmt, start, end, False)
            emit_shared.end(state, begun)
            return
    else:
        start = _least(state, start, n)
        end = _least(state, code.new(f"add i64 {start}, {run}"), n)

    def body() -> None:
        statements(state, stmt.body)

    if stmt.role == "lane" and stmt.lanes > 1:
        length = code.new(f"and i64 {code.new(f'sub i64 {end}, {start}')}, {-stmt.lanes}")
        middle = code.new(f"add i64 {start}, {length}")
        begun = emit_shared.begin(state, stmt)
        own = stmt.behind is not None  # what other runs did stays as it is
        wide = _shortest(stmt, count) if own else stmt.extent
        free = own or not (_of_part(state, stmt, part) or _gone_on(state, stmt))
        again = wide >= stmt.lanes and free and repeatable(state, stmt)
        if again:
            _twice(state, stmt, start, middle, end, start if own else "0")
        else:
            in_lanes(state, stmt, start, middle, True)
        emit_shared.end(state, begun)
        if again:
            return
        start = middle
    turns(state, stmt.axis, start, end, 1, body, maybe=True)


def _shortest(stmt: Loop, count: int) -> int:
    """Of runs that begin sooner, how many turns the first one and the last one have at least."""
    assert stmt.run is not None
    assert stmt.behind is not None
    return min(stmt.extent, stmt.run - stmt.behind, stmt.extent + stmt.behind - (count - 1) * stmt.run)


def _of_part(state: State, stmt: Loop, part: Axis) -> bool:
    """Whether something is looked up by the part, so that turns of other parts may not be done in it."""
    for s in walk(stmt.body):
        if isinstance(s, Loop):
            continue
        known = len(s.index) if isinstance(s, (Combine, Choose)) and s in state.partials else 0
        if any([along(e, part) for e in expressions(s)[known:]]):
            return True
    return False


def _gone_on(state: State, stmt: Loop) -> bool:
    """Whether others write what a loop sets, or later on what it reads: then turns of a run that is over stay as they
    are."""
    own = set(walk(stmt.body))
    changed = {b for s in own for b in written(s)}
    read = {b for s in own for b in read_by(s)}
    after = False
    for s in walk(state.body):
        if s in own or s is stmt:
            after = True
        elif any([b in changed or (after and b in read) for b in written(s)]):
            return True
    return False


def _least(state: State, a: str, b: str) -> str:
    return _better(state, "slt", a, b)


def _better(state: State, how: str, a: str, b: str) -> str:
    return state.code.new(f"select i1 {state.code.new(f'icmp {how} i64 {a}, {b}')}, i64 {a}, i64 {b}")


def varying(inside: Homes, stmt: Loop) -> set[Buffer]:
    """The buffers of one turn of a loop in lanes whose entries differ between lanes."""
    found: set[Buffer] = set()
    inner = [s for s in walk(stmt.body) if not isinstance(s, (Loop, Product))]
    size = -1
    while size != len(found):
        size = len(found)
        for s in inner:
            own = [b for b in written(s) if b not in found and stmt in inside.get(b, ())]
            if own and any([differs(e, stmt.axis, found) for e in expressions(s)]):
                found.update(own)
    return found


def differs(e: Expr, lane: Axis | None, wide: set[Buffer]) -> bool:
    """Whether an expression is another one in every lane."""
    for part in inside_out(e):
        if isinstance(part, Place):
            if part.axis is lane:
                return True
        elif isinstance(part, Read) and part.source in wide:
            return True
    return False


__all__ = ["along", "differs", "loop", "statements", "varying", "weight"]
