"""From text to drawing, in a process that is warm."""

import json
import sys
from statistics import median
from time import perf_counter

from cases.measure import ask, milliseconds, table, verdicts

TITLE = "From text to drawing"
MEANS = """A chain of tanh units, `h_1 = tanh(w_1 x + b_1)` and so on, as maths text with its values. *Nodes* counts
inputs and steps. *Read and work*: text to values, gradients and notices. *Draw*: layout and SVG, with its table.
Medians of 7 in one process, after one that is not counted; ms."""

# 5 nodes a unit, and x; above 300 a drawing becomes a summary
UNITS = (2, 12, 59)
ROUNDS = 7


def chain(units: int) -> tuple[str, dict[str, float]]:
    """The text, and where it is evaluated."""
    at = {"x": 0.5}
    lines: list[str] = []
    before = "x"
    for k in range(1, units + 1):
        lines.append(f"h_{k} = tanh(w_{k} {before} + b_{k})")
        at |= {f"w_{k}": 0.9, f"b_{k}": 0.1}
        before = f"h_{k}"
    return "\n".join(lines), at


def measure(units: int) -> dict[str, float]:
    """Seconds of each stage."""
    import chalkgrad as cg

    text, at = chain(units)
    worked: list[float] = []
    drawn: list[float] = []
    for _ in range(ROUNDS + 1):
        began = perf_counter()
        w = cg.work(text, values=at)
        between = perf_counter()
        svg = cg.draw(w).svg
        worked.append(between - began)
        drawn.append(perf_counter() - between)
    nodes = len(w.program.inputs) + len(w.program.steps)
    return {"nodes": nodes, "work": median(worked[1:]), "draw": median(drawn[1:]), "kb": len(svg.encode()) / 1024}


def report() -> list[str]:
    """The table, and what was expected."""
    found = [ask("drawing", units) for units in UNITS]
    rows: list[list[str]] = []
    for units, f in zip(UNITS, found, strict=True):
        if "result" in f:
            rows.append([f"{units} units", f["result"], "", "", ""])
        else:
            whole = milliseconds(f["work"] + f["draw"])
            rows.append([str(f["nodes"]), milliseconds(f["work"]), milliseconds(f["draw"]), whole, f"{f['kb']:.0f}"])
    claims = [
        (
            f"under {limit} s at {f['nodes']} nodes",
            f["work"] + f["draw"] < limit,
            f"{milliseconds(f['work'] + f['draw'])} ms",
        )
        for limit, f in zip((0.1, 0.3, 1), found, strict=True)
        if "result" not in f
    ]
    return [*table(["nodes", "read and work", "draw", "together", "SVG, KB"], rows), "", *verdicts(claims)]


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
