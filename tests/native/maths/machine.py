"""Functions of `chalkgrad.native.maths` as functions of arrays, on this machine."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from chalkgrad.native.maths import define

_TYPES = {"float64": "double", "float32": "float"}
_KEPT: list[Any] = []


@cache
def _machine_parts() -> tuple[Any, str, str]:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def text(name: str, dtype: str, lanes: int, operands: int, inline: bool = True) -> str:
    """A module with `@map(n, y, x …)`, which goes through arrays of a multiple of `lanes`."""
    symbol, parts = define(name, dtype, lanes, inline)
    one = _TYPES[dtype]
    wide = one if lanes == 1 else f"<{lanes} x {one}>"
    given = "".join([f", ptr noalias %a{k}" for k in range(operands)])
    reads = "".join(
        [
            f"  %p{k} = getelementptr {one}, ptr %a{k}, i64 %i\n  %e{k} = load {wide}, ptr %p{k}, align 4\n"
            for k in range(operands)
        ]
    )
    values = ", ".join([f"{wide} %e{k}" for k in range(operands)])
    return (
        "\n".join(parts.values())
        + f"""
define void @map(i64 %n, ptr noalias %y{given}) alignstack(64) {{
entry:
  %none = icmp slt i64 %n, {lanes}
  br i1 %none, label %end, label %loop
loop:
  %i = phi i64 [0, %entry], [%next, %loop]
{reads}  %r = call {wide} @{symbol}({values})
  %q = getelementptr {one}, ptr %y, i64 %i
  store {wide} %r, ptr %q, align 4
  %next = add i64 %i, {lanes}
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}}
"""
    )


@cache
def function(
    name: str, dtype: str, lanes: int = 4, operands: int = 1, inline: bool = True, plain: bool = False
) -> Callable[..., Any]:
    """The function of arrays of one axis; what is left over a multiple of `lanes` is padded.

    `plain` compiles for the oldest processor of the kind.
    """
    address = compiled(text(name, dtype, lanes, operands, inline), "map", plain)
    call = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (1 + operands))(address)

    def mapped(*xs: Any, out: Any = None) -> Any:
        given = [np.ascontiguousarray(x, dtype) for x in xs]
        n = given[0].size
        if n % lanes:
            given = [np.concatenate([x, np.ones(lanes - n % lanes, dtype)]) for x in given]
        y = np.empty(given[0].size, dtype) if out is None else out
        call(y.size, y.ctypes.data, *[x.ctypes.data for x in given])
        return y[:n]

    mapped.call = call  # type: ignore[attr-defined]  # of addresses alone, for timing
    return mapped


def compiled(module_text: str, name: str, plain: bool = False) -> int:
    """The address of a function, which stays as long as the process."""
    target, cpu, features = _machine_parts()
    if plain:
        cpu, features = "", ""
    module = llvm.parse_assembly(module_text)
    module.verify()
    machine = target.create_target_machine(cpu=cpu, features=features, opt=3)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = False
    options.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _KEPT.append(engine)
    return engine.get_function_address(name)
