"""Deciding a thousand pairs of formulas, beside SymPy's `.equals` on a few of the same pairs.

`python benchmarks/equal.py` prints the table; `table()` gives its rows.
"""

from __future__ import annotations

import re
import time
from typing import Any

from chalkgrad.evaluate.deciding import decided
from chalkgrad.evaluate.equality import within
from chalkgrad.evaluate.pair import pair

# Identities and near misses in u and v, which become linear in x and y.
EQUAL = (
    ("tanh(u)", "2σ(2(u)) - 1"),
    ("σ(-(u))", "1 - σ(u)"),
    ("σ(u)(1 - σ(u))", "e^(-(u))/(1 + e^(-(u)))^2"),
    ("1 - tanh(u)^2", "1/cosh(u)^2"),
    ("cosh(u)^2 - sinh(u)^2", "1"),
    ("softplus(u) - softplus(-(u))", "u"),
    ("log(σ(u))", "-softplus(-(u))"),
    ("e^(u)/(e^(u) + e^(v))", "σ(u - (v))"),
    ("log(e^(u) + e^(v)) - (u)", "log(1 + e^(v - (u)))"),
    ("(u + v)^2 - (u - (v))^2", "4(u)(v)"),
    ("((u)^2 - (v)^2)/(u + v)", "u - (v)"),
    ("1/(u) - 1/(v)", "((v) - (u))/((u)(v))"),
    ("sin(u + v)", "sin(u) cos(v) + cos(u) sin(v)"),
    ("1 - 2 sin(u)^2", "cos(2(u))"),
    ("e^(u) e^(v)", "e^(u + v)"),
    ("relu(u) - relu(-(u))", "u"),
    ("max(u, v) + min(u, v)", "u + v"),
    ("sqrt((u)^2)", "|u|"),
    ("-v log(σ(u)) - (1 - (v)) log(1 - σ(u))", "softplus(u) - (v)(u)"),
    ("(e^(2(u)) - 1)/(e^(2(u)) + 1)", "tanh(u)"),
)
UNEQUAL = (
    ("tanh(u)", "2σ(u) - 1"),
    ("σ(-(u))", "-σ(u)"),
    ("σ(u)(1 - σ(u))", "σ(u)(1 + σ(u))"),
    ("1 - tanh(u)^2", "1 + tanh(u)^2"),
    ("cosh(u)^2 + sinh(u)^2", "1"),
    ("softplus(u) + softplus(-(u))", "u"),
    ("log(σ(u))", "softplus(-(u))"),
    ("e^(u)/(e^(u) + e^(v))", "σ(u + v)"),
    ("log(e^(u) + e^(v))", "u + v"),
    ("(u + v)^2", "(u)^2 + (v)^2"),
    ("sqrt((u)^2)", "u"),
    ("1/(u) + 1/(v)", "1/(u + v)"),
    ("sin(u + v)", "sin(u) cos(v) - cos(u) sin(v)"),
    ("1 - sin(u)^2", "cos(2(u))"),
    ("e^(u) e^(v)", "e^((u)(v))"),
    ("relu(u) + relu(-(u))", "u"),
    ("max(u, v) - min(u, v)", "u - (v)"),
    ("u", "u + 10^-10"),
    ("-v log(σ(u)) - (1 - (v)) log(1 - σ(u))", "softplus(u) + (v)(u)"),
    ("(e^(2(u)) + 1)/(e^(2(u)) - 1)", "tanh(u)"),
)
VARIANTS = 25
SAMPLE = 10  # of the pairs, for SymPy
NAMES = ("x", "y")


def pairs() -> list[tuple[str, str, bool]]:
    """A thousand pairs of texts, and whether they are equal."""
    found: list[tuple[str, str, bool]] = []
    for k in range(VARIANTS):
        u, v = f"{k + 1} x/7 + {k}/9", f"y - {k}/5"
        for group, same in ((EQUAL, True), (UNEQUAL, False)):
            for one in group:
                a, b = [_put(text, u, v) for text in one]
                found.append((a, b, same))
    return found


def _put(text: str, u: str, v: str) -> str:
    """The formula with u and v replaced, outside of function names."""
    marked = text.replace("softplus", "SP").replace("relu", "RL").replace("equal", "EQ")
    marked = marked.replace("u", f"({u})").replace("v", f"({v})")
    return marked.replace("SP", "softplus").replace("RL", "relu")


def ours() -> tuple[int, float, float, int, int]:
    """Pairs, seconds to read them, seconds to decide, wrong answers, undecided ones."""
    texts = pairs()
    start = time.perf_counter()
    read = [pair(a, b) for a, b, _ in texts]
    read_in = time.perf_counter() - start
    start = time.perf_counter()
    verdicts = [decided(a, b, where, within(1.0)).verdict for a, b, where in read]
    decided_in = time.perf_counter() - start
    wrong = sum(v != "undecided" and (v == "yes") != same for v, (_, _, same) in zip(verdicts, texts, strict=True))
    return len(texts), read_in, decided_in, wrong, verdicts.count("undecided")


def sympy_sample(seconds: float = 20.0) -> tuple[int, float, int, int] | None:
    """The same by SymPy's `.equals`, for as many of a sample as fit the time; None without SymPy."""
    try:
        import sympy
    except ImportError:
        return None
    table: dict[str, Any] = {
        "σ": lambda t: 1 / (1 + sympy.exp(-t)),
        "softplus": lambda t: sympy.log(1 + sympy.exp(t)),
        "relu": lambda t: sympy.Max(t, 0),
        "max": sympy.Max,
        "min": sympy.Min,
        "e": sympy.E,
        **{n: sympy.Symbol(n, real=True) for n in NAMES},
    }
    chosen = [p for p in pairs()[:: max(1, 40 * VARIANTS // (4 * SAMPLE) + 1)] if "|" not in p[0] + p[1]][:SAMPLE]
    start, done, wrong, unsure = time.perf_counter(), 0, 0, 0
    for a, b, same in chosen:
        left, right = [sympy.sympify(_for_sympy(t), locals=table) for t in (a, b)]
        answer = left.equals(right)
        done += 1
        unsure += answer is None
        wrong += answer is not None and bool(answer) != same
        if time.perf_counter() - start > seconds:
            break
    return done, time.perf_counter() - start, wrong, unsure


def _for_sympy(text: str) -> str:
    """With every product written out."""
    text = text.replace("^", "**")
    text = re.sub(r"(\d) ?([xy(σ])", r"\1*\2", text)
    text = re.sub(r"\) ?(?=[(\w])", ")*", text)
    return re.sub(r"\be\*\*", "E**", text.replace("e**", "E**"))


def table() -> list[tuple[str, str, str, str, str]]:
    """Rows: what decides, pairs, milliseconds a pair, wrong answers, undecided."""
    count, read_in, decided_in, wrong, unsure = ours()
    rows = [
        ("who", "pairs", "ms a pair", "wrong", "undecided"),
        ("chalkgrad, decision", str(count), f"{1e3 * decided_in / count:.3f}", str(wrong), str(unsure)),
        ("chalkgrad, with reading", str(count), f"{1e3 * (read_in + decided_in) / count:.3f}", str(wrong), str(unsure)),
    ]
    other = sympy_sample()
    if other is not None:
        done, seconds, missed, open_ = other
        rows.append(("SymPy .equals", str(done), f"{1e3 * seconds / done:.1f}", str(missed), str(open_)))
    return rows


if __name__ == "__main__":
    for row in table():
        print("{:26}{:>8}{:>12}{:>8}{:>12}".format(*row))
