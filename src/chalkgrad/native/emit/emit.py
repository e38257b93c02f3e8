"""A loop tree as the text of LLVM's language, with the numbers that its code is called with."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chalkgrad.ir.types import ArrayType
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.emit.homes import homes, registers
from chalkgrad.native.emit.loops import statements
from chalkgrad.native.emit.places import in_runs
from chalkgrad.native.emit.state import State, Store
from chalkgrad.native.emit.text import BYTES, Code, Module, stored
from chalkgrad.native.emit.threads import in_threads
from chalkgrad.native.products import blas, wholes
from chalkgrad.native.tree import Buffer, Loop, Product, Stmt, Tree, read_by, walk, written

_ALIGNED = 64


def emit(tree: Tree) -> Artifact:
    """The machine code of a tree whose loops have their roles: see `chalkgrad.native.emit.lanes`."""
    return _Emitter(tree).artifact()


class _Emitter:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.module = Module()
        self.code = Code(self.module)
        self.functions: list[str] = []
        self.arena = 0
        self.tables: list[Buffer] = []
        self.pointers: dict[Buffer, str] = {}
        self.failing: list[str] = []
        self.homes = homes(tree.body)

    def artifact(self) -> Artifact:
        tree = self.tree
        buffers = tree.buffers()
        self.tables = [b for b in buffers if b.space == "table"]
        for k, b in enumerate([*tree.inputs, *tree.outputs, *self.tables]):
            self.pointers.setdefault(b, self._given(k))
        for b in buffers:
            if b.space == "arena":
                self.pointers[b] = self._in_arena(b)
            elif b.lies is not None:
                self.pointers[b] = self.pointers[b.lies]
        pieces = _pieces(tree.body)
        for b in _shared(pieces):
            self.pointers[b] = self.code.slot(f"[{b.size} x {stored(b.dtype)}]")
        for piece in pieces:
            self._piece(piece)
        self._finish()
        text = "\n\n".join([*self.functions, self._run(), *self.module.texts.values(), "!0 = !{}\n"])
        return Artifact(
            text,
            tuple([ArrayType(b.shape, b.dtype) for b in tree.inputs]),
            tuple([ArrayType(b.shape, b.dtype) for b in tree.outputs]),
            tuple([b.values for b in self.tables if b.values is not None]),
            tuple(self.module.sizes),
            tuple(self.module.constants),
            self.arena,
            self.module.externs,
            sum([work(s) for s in tree.body]),
        )

    def _given(self, k: int) -> str:
        head = self.code.levels[0]
        place = self.code.at(head, f"getelementptr ptr, ptr %buffers, i64 {k}")
        return self.code.at(head, f"load ptr, ptr {place}")

    def _in_arena(self, buffer: Buffer) -> str:
        head, code = self.code.levels[0], self.code
        slot = self.module.offset(self.arena)
        self.arena += -(-max(buffer.size * BYTES[buffer.dtype], 1) // _ALIGNED) * _ALIGNED
        place = code.at(head, f"getelementptr inbounds i64, ptr %sizes, i64 {slot}")
        offset = code.at(head, f"load i64, ptr {place}")
        return code.at(head, f"getelementptr i8, ptr %arena, i64 {offset}")

    def _piece(self, body: Sequence[Stmt]) -> None:
        """A loop is a function of its own, which knows that its buffers lie apart; what stands between loops is not."""
        alone = len(body) == 1 and isinstance(body[0], Loop)
        threads = body[0] if isinstance(body[0], Loop) and body[0].role == "thread" else None
        code = Code(self.module) if alone else self.code
        state = State(code, body, homes=self.homes, single=registers(body), spans=in_runs(body))
        used = [b for b in _used(body) if b in self.pointers]
        for k, b in enumerate(used):
            state.stores[b, 1] = Store(f"%p{k}" if alone else self.pointers[b])
        state.single.difference_update(used)
        if threads is not None:
            state.counters[threads.axis] = ("%turn", 0)
        statements(state, body if threads is None else threads.body)
        for s in walk(body):
            if isinstance(s, Product):
                self.module.externs[s.routine] = wholes.address(s) if s.whole else blas.address(s.routine)
        if not alone:
            if state.failed:
                self.failing.append(code.new(f"load i1, ptr {state.failed}"))
            return
        name = f"@nest{len(self.functions)}"
        changed = {b for s in walk(body) for b in written(s)}
        given = [
            f"ptr noalias {'' if b in changed else 'readonly '}align {_alignment(b)} %p{k}" for k, b in enumerate(used)
        ]
        more = ["ptr noalias readonly %sizes", "ptr noalias readonly %constants"]
        result = f"  %failed = load i1, ptr {state.failed}\n  ret i1 %failed" if state.failed else "  ret i1 false"
        if threads is not None:
            more.append("i64 %turn")
        # what does not fit into registers lies in whole lines of the cache; LLVM would leave it to chance
        marks = f"noinline nounwind alignstack({_ALIGNED})"
        head = f"define internal i1 {name}({', '.join([*given, *more])}) {marks} {{"
        self.functions.append(f"{head}\n{code.text()}\n{result}\n}}")
        pointers = [*[self.pointers[b] for b in used], "%sizes", "%constants"]
        if threads is not None:
            found, text = in_threads(self.code, name, pointers, threads.extent)
            self.functions.append(text)
        else:
            found = self.code.new(f"call i1 {name}({', '.join([f'ptr {p}' for p in pointers])})")
        if state.failed:
            self.failing.append(found)

    def _finish(self) -> None:
        code, any_of = self.code, ""
        for failed in self.failing:
            any_of = code.new(f"or i1 {any_of}, {failed}") if any_of else failed
        code.do(f"ret i32 {code.new(f'zext i1 {any_of} to i32')}" if any_of else "ret i32 0")

    def _run(self) -> str:
        given = "ptr %buffers, ptr readonly %sizes, ptr readonly %constants, ptr %arena"
        return f"define i32 @run({given}) nounwind {{\n{self.code.text()}\n}}"


def _alignment(buffer: Buffer) -> int:
    return _ALIGNED if buffer.space in ("arena", "local") else BYTES[buffer.dtype]


def _pieces(body: Sequence[Stmt]) -> list[list[Stmt]]:
    """Each loop alone, and what stands between loops together."""
    found: list[list[Stmt]] = []
    for s in body:
        straight = not isinstance(s, Loop)
        if straight and found and not isinstance(found[-1][0], Loop):
            found[-1].append(s)
        else:
            found.append([s])
    return found


def _used(body: Sequence[Stmt]) -> list[Buffer]:
    return list(dict.fromkeys([b for s in walk(body) for b in (*written(s), *read_by(s))]))


def _shared(pieces: Sequence[Sequence[Stmt]]) -> list[Buffer]:
    """Local buffers that more than one piece has to do with."""
    met: set[Buffer] = set()
    found: dict[Buffer, None] = {}
    for piece in pieces:
        local = [b for b in _used(piece) if b.space == "local"]
        found.update({b: None for b in local if b in met})
        met.update(local)
    return list(found)


def work(stmt: Stmt) -> float:
    """About how many nanoseconds a statement takes."""
    if isinstance(stmt, Loop):
        inner = sum([work(s) for s in stmt.body])
        return stmt.extent * inner / (stmt.lanes if stmt.role == "lane" else 1)
    # a routine does about ten products in a nanosecond
    own = [Loop(a, []).extent for a in (*stmt.axes, *stmt.over)] if isinstance(stmt, Product) else None
    return 1.0 if own is None else 0.1 * math.prod(own)


__all__ = ["emit"]
