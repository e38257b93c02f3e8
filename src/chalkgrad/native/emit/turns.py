"""A loop as it stands, whatever its body is."""

from __future__ import annotations

from collections.abc import Callable

from chalkgrad.native.emit.state import State
from chalkgrad.native.emit.text import Level
from chalkgrad.ops.scalars import Axis


def turns(
    state: State, axis: Axis, start: str, end: str, step: int, body: Callable[[], None], maybe: bool = False
) -> None:
    """A loop as it stands; `maybe` where there may be no turn at all."""
    code = state.code
    head, out = code.label(), code.label()
    if maybe:
        code.do(f"br i1 {code.new(f'icmp slt i64 {start}, {end}')}, label %{head}, label %{out}")
    else:
        code.do(f"br label %{head}")
    before = code.block
    code.open(head)
    counter, level, phi = code.name(), Level(), list[str]()
    code.lines.extend([phi, level.lines])
    code.levels.append(level)
    state.counters[axis] = (counter, len(code.levels) - 1)
    body()
    following = code.new(f"add nuw nsw i64 {counter}, {step}")
    phi.append(f"{counter} = phi i64 [ {start}, %{before} ], [ {following}, %{code.block} ]")
    code.do(f"br i1 {code.new(f'icmp slt i64 {following}, {end}')}, label %{head}, label %{out}")
    code.levels.pop()
    del state.counters[axis]
    code.open(out)


__all__ = ["turns"]
