"""What must not be read, or must not fail, unless a branch is taken.

`where(c, a, b)` becomes a choice between two numbers that are both worked out. An entry in one of the branches may not
be there where it is not taken, so such a read becomes `Guarded`: under its condition, and else any number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.native.emit.places import Range, inside
from chalkgrad.ops.scalars import Cast, Expr, Fn, Lit, Read, fn, inside_out, parts, where

# Conditions that all hold, each with what it must be.
Chain = tuple[tuple[Expr, bool], ...]
_BRANCHING = ("where", "logical_and", "logical_or")


@final
@dataclass(frozen=True, eq=False)
class Guarded(Expr):
    """An entry where the condition holds, and some number of its dtype elsewhere."""

    read: Read
    condition: Expr
    dtype: str
    weak: bool = False


def guarded(e: Expr, met: dict[Expr, Range | None]) -> Expr:
    """The expression, safe to be worked out as a whole; itself where it is so already."""
    order = inside_out(e)
    if not any([isinstance(part, Fn) and part.name in _BRANCHING for part in order]):
        return e
    if not any([_unsafe(part, met) for part in order]):
        return e
    needed = _needed(e, order)
    if not any([() not in needed[part] for part in order if _unsafe(part, met)]):
        return e
    return _Rewritten(needed, met).of(e)


def _unsafe(e: Expr, met: dict[Expr, Range | None]) -> bool:
    if isinstance(e, Read):
        return not inside(e, met)
    return isinstance(e, Fn) and (e.name == "place" or (e.name == "power" and e.dtype in ("int64", "bool")))


def _needed(whole: Expr, order: Sequence[Expr]) -> dict[Expr, list[Chain]]:
    """Under which conditions each part is needed: where any of these chains holds; the empty one always does."""
    found: dict[Expr, list[Chain]] = {e: [] for e in order}
    found[whole] = [()]
    for e in reversed(order):
        under = found[e]
        for k, part in enumerate(parts(e)):
            more: Chain = ()
            if isinstance(e, Fn) and e.name in _BRANCHING and k:
                holds = k == 1 if e.name == "where" else e.name == "logical_and"
                more = ((e.args[0], holds),)
            for chain in under:
                _join(found[part], (*chain, *more))
    return found


def _join(chains: list[Chain], chain: Chain) -> None:
    if any([_begins(chain, c) for c in chains]):
        return
    chains[:] = [c for c in chains if not _begins(c, chain)]
    chains.append(chain)


def _begins(chain: Chain, start: Chain) -> bool:
    """Whether a chain holds only where another one does, which it begins with."""
    pairs = zip(chain, start, strict=False)
    return len(start) <= len(chain) and all([a is b and p == q for (a, p), (b, q) in pairs])


class _Rewritten:
    def __init__(self, needed: dict[Expr, list[Chain]], met: dict[Expr, Range | None]) -> None:
        self.needed = needed
        self.met = met
        self.made: dict[Expr, Expr] = {}

    def of(self, e: Expr) -> Expr:
        for part in inside_out(e):
            if part not in self.made:
                self.made[part] = self._one(part)
        return self.made[e]

    def _one(self, e: Expr) -> Expr:
        inner = [self.of(p) for p in parts(e)]
        same = all([a is b for a, b in zip(inner, parts(e), strict=True)])
        made = e if same else _with(e, tuple(inner))
        if () in self.needed[e] or not _unsafe(e, self.met):
            return made
        condition = self._condition(self.needed[e])
        if isinstance(made, Read):
            return Guarded(made, condition, made.dtype)
        assert isinstance(made, Fn)
        a, b = made.args
        safe = (where(condition, a, 0), b) if made.name == "place" else (a, where(condition, b, 0))
        return Fn(made.name, safe, made.dtype, made.weak)

    def _condition(self, chains: Sequence[Chain]) -> Expr:
        any_of: Expr | None = None
        for chain in chains:
            all_of: Expr | None = None
            for test, holds in chain:
                one = self.of(test) if holds else fn("logical_not", self.of(test))
                all_of = one if all_of is None else fn("logical_and", all_of, one)
            assert all_of is not None
            any_of = all_of if any_of is None else fn("logical_or", any_of, all_of)
        return Lit(False, "bool") if any_of is None else any_of


def _with(e: Expr, inner: tuple[Expr, ...]) -> Expr:
    if isinstance(e, Fn):
        return Fn(e.name, inner, e.dtype, e.weak)
    if isinstance(e, Cast):
        return Cast(inner[0], e.dtype)
    assert isinstance(e, Read)
    return Read(e.source, inner, e.dtype)


__all__ = ["Guarded", "guarded"]
