"""The turns of a loop in several threads: what they need is put side by side in memory, and each turn fetches it."""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.native.call import pool
from chalkgrad.native.emit.text import Code


def in_threads(code: Code, name: str, pointers: Sequence[str], turns: int) -> tuple[str, str]:
    """Whether any of the turns of the function `name` failed, and the function that threads call.

    What is failed is known by a byte behind the pointers, which turns only ever set.
    """
    count = len(pointers)
    context = code.slot(f"[{count + 1} x ptr]")
    for k, pointer in enumerate(pointers):
        code.do(f"store ptr {pointer}, ptr {code.new(f'getelementptr ptr, ptr {context}, i64 {k}')}")
    flag = code.new(f"getelementptr ptr, ptr {context}, i64 {count}")
    code.do(f"store i8 0, ptr {flag}")
    code.module.declare("in_parts", "declare void @in_parts(ptr, ptr, i64)")
    code.module.externs["in_parts"] = pool.address()
    code.do(f"call void @in_parts(ptr {name}_turn, ptr {context}, i64 {code.size(turns)})")
    failed = code.new(f"icmp ne i8 {code.new(f'load i8, ptr {flag}')}, 0")
    return failed, _turn(name, count)


def _turn(name: str, count: int) -> str:
    lines = [f"define internal void {name}_turn(ptr %context, i64 %turn) nounwind {{", "entry:"]
    for k in range(count):
        lines += [
            f"  %a{k} = getelementptr ptr, ptr %context, i64 {k}",
            f"  %p{k} = load ptr, ptr %a{k}",
        ]
    passed = ", ".join([*[f"ptr %p{k}" for k in range(count)], "i64 %turn"])
    lines += [
        f"  %failed = call i1 {name}({passed})",
        "  br i1 %failed, label %tell, label %done",
        "tell:",
        f"  %flag = getelementptr ptr, ptr %context, i64 {count}",
        "  store atomic i8 1, ptr %flag monotonic, align 1",
        "  br label %done",
        "done:",
        "  ret void",
        "}",
    ]
    return "\n".join(lines)


__all__ = ["in_threads"]
