"""What an evaluation is: the input made ready, the function called again and again, the answer as JSON has it."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, final

import chalkgrad as cg


@final
@dataclass(frozen=True)
class Function:
    """`call(*prepare(input))`, compiled for this input; what `answer` makes of the result is what JSON can say."""

    call: Callable[..., Any]
    prepare: Callable[[Any], tuple[Any, ...]]
    answer: Callable[[Any], Any]


def evaluate(function: Function, given: Any) -> dict[str, Any]:
    """Prepared (read, traced, compiled, called once), then called as often and as long as the input wants."""
    runs, seconds = (given.get("min_runs", 1), given.get("min_seconds", 0)) if isinstance(given, dict) else (1, 0)
    began = perf_counter_ns()
    arguments = function.prepare(given)
    call = cg.compile(function.call, *arguments)
    call(*arguments)
    timings = [{"name": "prepare", "nanoseconds": perf_counter_ns() - began}]
    result, spent = None, 0
    while len(timings) <= runs or spent < seconds * 1e9:
        began = perf_counter_ns()
        result = call(*arguments)
        taken = perf_counter_ns() - began
        spent += taken
        timings.append({"name": "evaluate", "nanoseconds": taken})
    return {"success": True, "output": function.answer(result), "timings": timings}


def compared(expected: Any, found: Any, tolerance: float = 1e-4) -> str:
    """The first place where two answers differ, by more than GradBench allows; empty where none does."""
    if isinstance(expected, dict) and isinstance(found, dict) and expected.keys() == found.keys():
        return next((f"{k}: {w}" for k in expected if (w := compared(expected[k], found[k], tolerance))), "")
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return next((f"{k}: {w}" for k, (a, b) in pairs if (w := compared(a, b, tolerance))), "")
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        far = abs(expected - found) / max(1.0, abs(expected) + abs(found))
        return "" if far <= tolerance else f"{expected} expected, {found} found"
    return f"{str(expected)[:60]} expected, {str(found)[:60]} found"
