"""What it costs to check a claim: the sheets' own solutions, right and wrong, and a Python file.

python benchmarks/claims.py
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import perf_counter

import chalkgrad as cg

CLAIMS = Path(__file__).parent.parent / "tests" / "classroom" / "claims"
ROUNDS = 15
PYTHON = """q = x + y
h = q * z
f = h + x
dh = 1.0
dx = 1.0
dq = dh * z
dz = dh * q
dx += dq
dy = dq
"""


def claims() -> dict[str, str]:
    """Every claim by its name."""
    found = {path.stem: path.read_text(encoding="utf-8") for path in sorted(CLAIMS.glob("*.txt"))}
    mended = found["s003_q4d"].replace("$$1) dy = ", "$$1) dy += ")
    return {**found, "s003_q4d, mended": mended, "Python, 9 lines": PYTHON}


def table() -> list[tuple[str, str, str, str, str]]:
    """Rows: the claim, its lines, milliseconds to read, judge and report it (median and worst), the verdict."""
    rows = [("claim", "lines judged", "median, ms", "worst, ms", "verdict")]
    for name, text in claims().items():
        verdict = cg.check(text)
        times: list[float] = []
        for _ in range(ROUNDS):
            began = perf_counter()
            str(cg.check(text))
            times.append(1e3 * (perf_counter() - began))
        said = "right" if verdict.right else f"line {verdict.line}: {verdict.mistake}"
        rows.append((name, str(len(verdict.findings)), f"{median(times):.1f}", f"{max(times):.1f}", said))
    return rows


if __name__ == "__main__":
    for row in table():
        print(" | ".join(row))
