"""What is known of the buffers of a function before it is written: where they live, and which are registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalkgrad.native.tree import Buffer, Choose, Loop, Set, Stmt, read_by, written

Homes = Mapping[Buffer, tuple[Loop, ...]]


def homes(body: Sequence[Stmt]) -> dict[Buffer, tuple[Loop, ...]]:
    """The loops around everything that reads or writes a local buffer."""
    found: dict[Buffer, tuple[Loop, ...]] = {}
    choices: list[Choose] = []

    def visit(stmts: Sequence[Stmt], path: tuple[Loop, ...]) -> None:
        for s in stmts:
            if isinstance(s, Loop):
                visit(s.body, (*path, s))
                continue
            if isinstance(s, Choose):
                choices.append(s)
            for b in (*written(s), *read_by(s)):
                found[b] = _common(found[b], path) if b in found else path

    visit(body, ())
    for s in choices:  # the place alone is set before the first turn: the best number lives for as long
        found[s.best] = _common(found[s.best], found[s.place])
    return {b: path for b, path in found.items() if b.space == "local"}


def _common(a: tuple[Loop, ...], b: tuple[Loop, ...]) -> tuple[Loop, ...]:
    k = 0
    while k < min(len(a), len(b)) and a[k] is b[k]:
        k += 1
    return a[:k]


def registers(body: Sequence[Stmt]) -> set[Buffer]:
    """Scalars that are set once, before they are read and in a loop around all who read them."""
    where: dict[Buffer, tuple[Loop, ...]] = {}
    wrong: set[Buffer] = set()

    def visit(stmts: Sequence[Stmt], path: tuple[Loop, ...]) -> None:
        for s in stmts:
            if isinstance(s, Loop):
                visit(s.body, (*path, s))
                continue
            wrong.update([b for b in read_by(s) if b not in where or path[: len(where[b])] != where[b]])
            for b in written(s):
                if b in where or not isinstance(s, Set) or b.shape or b.space != "local":
                    wrong.add(b)
                where[b] = path

    visit(body, ())
    return {b for b in where if b not in wrong}


__all__ = ["Homes", "homes", "registers"]
