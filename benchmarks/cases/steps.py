"""A long chain of scalar steps: built, differentiated, evaluated, printed; time and memory, beside the others."""

import json
import sys
from time import perf_counter
from typing import Any

from cases.contestants import CONTESTANTS
from cases.measure import ask, middle, milliseconds, peak_megabytes, ratio, table, verdicts

TITLE = "Long programs"
MEANS = """`z ← z·y + 0.5·x`, again and again, in a plain Python loop: 3 scalar steps a turn, at x = 0.3, y = 0.9, and
differentiated by x and y. Every gradient is compared with a recurrence in floats. Times in ms, medians of 3 to 5; each
measurement is a process of its own, in which the stages follow one another, and the libraries take turns; at 100 steps
*build* is mostly what a first call costs. *Memory* is by how much the process's peak grew over what the imports took,
in all stages together. *Spread* is the slowest round over the fastest, in the stage where they differ most: figures
that are closer than that say nothing.

- *build*: Chalkgrad traces the loop. micrograd builds its graph, and has the value by then. SymPy builds an expression.
- *differentiate*: Chalkgrad makes the gradient program, each step of which can be printed. micrograd's `backward` gives
  the numbers at once. SymPy differentiates by each symbol.
- *first*: from the plain function to its first gradient, everything included.
- *evaluate*: the gradient once more, at the same shapes. Chalkgrad runs the program that it has made. autograd and
  micrograd keep no program: each call builds, and goes back again. SymPy substitutes.
- *print*: the staged pseudocode, forward and backward. None of the others has it.

micrograd and SymPy recurse over the graph, and Python stops them at its limit; *raised* is micrograd with that out of
the way."""

SIZES = (100, 1_000, 10_000, 100_000)
ROUNDS = {100: 5, 1_000: 5, 10_000: 5, 100_000: 3}
STAGES = ("build", "differentiate", "first", "evaluate", "print")
LIMIT = 45.0  # seconds for one measurement
BUDGET = 150.0  # seconds for the table: after that, one round a size and no more
POINT = (0.3, 0.9)
LIBRARIES = tuple(CONTESTANTS)
FIRST = "the first gradient, with a program to show for it, takes at most twice autograd's"


def chain(size: int) -> Any:
    """A function of `size` scalar steps, for any kind of number."""

    def f(x: Any, y: Any) -> Any:
        z = x
        for _ in range(size // 3):
            z = z * y + x * 0.5
        return z

    return f


def exact(size: int) -> tuple[float, float]:
    """The gradient in closed form, by a recurrence that differentiates nothing: forward, in floats."""
    x, y = POINT
    z, dx, dy = x, 1.0, 0.0
    for _ in range(size // 3):
        z, dx, dy = z * y + x * 0.5, dx * y + 0.5, dy * y + z
    return dx, dy


def measure(library: str, size: int) -> dict[str, Any]:
    """Seconds a stage, and megabytes; or `result`, in words."""
    try:
        stages = CONTESTANTS[library]()
    except ImportError:
        return {"result": "not installed"}
    before = peak_megabytes()
    found: dict[str, Any] = {}
    try:
        for stage, action in stages(chain(size), POINT):
            began = perf_counter()
            answer = action()
            found[stage] = perf_counter() - began
            if stage == "evaluate":
                found["gradient"] = [float(g) for g in answer]
    except RecursionError:
        return {"result": f"RecursionError in {stage}"}
    found["memory"] = peak_megabytes() - before
    return found


def report() -> list[str]:
    """The table, and what was expected."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    rows: list[list[str]] = []
    began = perf_counter()
    for size in SIZES:
        taken: dict[str, list[dict[str, Any]]] = {name: [] for name in LIBRARIES}
        for turn in range(ROUNDS[size]):
            if turn and perf_counter() - began > BUDGET:
                break
            for name in LIBRARIES:
                if not any("result" in t for t in taken[name]):
                    taken[name].append(ask("steps", name, size, limit=LIMIT))
        for name, answers in taken.items():
            found[size, name] = summary = _summary(answers, size)
            times = [milliseconds(summary.get(stage)) for stage in STAGES]
            if "result" in summary:
                rows.append([f"{size:,}", name, summary["result"], *[""] * (len(STAGES) + 1)])
            else:
                rows.append([f"{size:,}", name, *times, f"{summary['memory']:.1f}", f"{summary['spread']:.2g}×"])
    return [*table(["steps", "library", *STAGES, "memory, MB", "spread"], rows, left=2), "", *verdicts(_claims(found))]


def _summary(answers: list[dict[str, Any]], size: int) -> dict[str, Any]:
    for answer in answers:
        if "result" in answer:
            return answer
    right = exact(size)
    for answer in answers:
        if any(abs(g - r) > 1e-9 * abs(r) for g, r in zip(answer.get("gradient", right), right, strict=True)):
            return {"result": "a wrong gradient"}
    kept = {key for answer in answers for key in answer} - {"gradient"}
    times = [[answer[key] for answer in answers] for key in kept - {"memory"}]
    spread = max(max(t) / min(t) for t in times)
    return {key: middle(answer.get(key) for answer in answers) for key in kept} | {"spread": spread}


def _claims(found: dict[tuple[int, str], dict[str, Any]]) -> list[tuple[str, bool | None, str]]:
    small, large = (found[size, "chalkgrad"] for size in SIZES[-2:])
    claims: list[tuple[str, bool | None, str]] = []
    for stage in (*STAGES, "memory"):
        a, b = small.get(stage), large.get(stage)
        claims.append(
            (
                f"{stage} grows in proportion, at most 15× for 10× the steps",
                None if not a or not b else b <= 15 * a,
                ratio(b, a),
            )
        )
    rival = found[SIZES[-1], "autograd"]
    for stage, what in (("evaluate", "evaluating what was made takes less than a call of autograd"), ("first", FIRST)):
        ours, theirs = large.get(stage), rival.get(stage)
        most = 1 if stage == "evaluate" else 2
        holds = None if ours is None or theirs is None else ours < most * theirs
        claims.append((f"at {SIZES[-1]:,} steps, {what}", holds, ratio(ours, theirs)))
    return claims


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
