"""Windows: sums in which a counter adds something only from one place up to another, both found out at run time.

A term `where(k >= start and k < end, value, 0)` says so of the counter k. It is an expression like any other, and right
however it is worked out; a loop over k that has only such terms takes the turns of the window alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalkgrad.native.tree import Combine, Loop, walk
from chalkgrad.ops.scalars import Axis, Expr, Fn, Lit, Place, fn, inside_out, lift

Window = tuple[Expr, Expr]
_ENDS = ("greater_equal", "less")


def within(axis: Axis, start: Expr, end: Expr) -> Expr:
    """That a counter stands in a window."""
    return fn("logical_and", fn("greater_equal", lift(axis), start), fn("less", lift(axis), end))


def windows_of(value: Expr) -> dict[Axis, Window]:
    """Of the counters that a term names so, the first place of each and the one behind its last."""
    if not isinstance(value, Fn) or value.name != "where" or not _nought(value.args[2]):
        return {}
    starts, ends = dict[Axis, Expr](), dict[Axis, Expr]()
    for e in _all_of(value.args[0]):
        if isinstance(e, Fn) and e.name in _ENDS and isinstance(e.args[0], Place):
            (starts if e.name == "greater_equal" else ends)[e.args[0].axis] = e.args[1]
    return {a: (starts[a], ends[a]) for a in starts if a in ends}


def asking(value: Expr, axis: Axis) -> list[Expr]:
    """What a term asks of a counter, whether it stands in the window."""
    if axis not in windows_of(value):
        return []
    assert isinstance(value, Fn)
    asked = [e for e in _all_of(value.args[0]) if isinstance(e, Fn) and e.name in _ENDS]
    return [e for e in asked if isinstance(e.args[0], Place) and e.args[0].axis is axis]


def windows(loop: Loop) -> list[Window]:
    """The windows of a loop's counter: a turn outside of all of them does nothing. None where that is not so.

    They hang on nothing that the loop counts or changes.
    """
    found: list[Window] = []
    own: set[Axis] = set()
    for s in walk([loop]):
        if isinstance(s, Loop):
            own.add(s.axis)
            continue
        window = windows_of(s.value).get(loop.axis) if isinstance(s, Combine) and s.how == "sum" else None
        if window is None:
            return []
        found.append(window)
    hangs = any([isinstance(p, Place) and p.axis in own for w in found for e in w for p in inside_out(e)])
    return [] if hangs else found


def _all_of(e: Expr) -> Iterator[Expr]:
    if isinstance(e, Fn) and e.name == "logical_and":
        for part in e.args:
            yield from _all_of(part)
    else:
        yield e


def _nought(e: Expr) -> bool:
    return isinstance(e, Lit) and e.value == 0


__all__ = ["Window", "asking", "windows", "windows_of", "within"]
