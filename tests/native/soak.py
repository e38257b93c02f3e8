"""Compiles one small function after another, each another, and says by how much memory has grown.

    python tests/native/soak.py --count 100000

Every function is traced, differentiated, compiled by LLVM (nothing is kept on disk), called, and let go. Fails where
memory has grown by more than 20 MB, or a number is wrong. The functions of the first tenth fill what is kept.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np

import chalkgrad as cg

# By how many bytes the memory of the process may grow.
ALLOWED = 20 * 2**20
PIECES = (
    "sqrt(1 + {} ** 2)",
    "maximum({}, -x)",
    "abs({} - 1)",
    "{} * y",
    "{} + x",
    "y / (2 + {} ** 2)",
    "exp(-{} ** 2)",
)


def memory() -> int:
    """The bytes of the process that are in memory now; where that is not told, the most that ever were."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most * (1 if sys.platform == "darwin" else 1024)


def function(number: int) -> Any:
    """A function that is another for every number, as code too."""
    text = "x"
    while number:
        number, piece = divmod(number, len(PIECES))
        text = PIECES[piece].format(f"({text})")
    names = {f: getattr(np, f) for f in ("sqrt", "maximum", "abs", "exp")}
    exec(f"def f(x, y):\n    return {text} * y", names)
    return names["f"]


def once(number: int) -> None:
    """Compile a function, and compare what it gives with what NumPy does."""
    f, x, y, step = function(number), 0.5309, 1.4713, 1e-6
    compiled = cg.compile(cg.value_and_grad(f, wrt=(0, 1)), x, y)
    value, (dx, dy) = compiled(x, y)
    assert np.isclose(value, f(x, y), rtol=1e-12), number
    assert np.isclose(dx, (f(x + step, y) - f(x - step, y)) / (2 * step), rtol=1e-4, atol=1e-6), number
    assert np.isclose(dy, (f(x, y + step) - f(x, y - step)) / (2 * step), rtol=1e-4, atol=1e-6), number


def soak(count: int) -> int:
    """By how many bytes memory grows from the first tenth on, or the first 200."""
    os.environ |= {"CHALKGRAD_CACHE": "off", "CHALKGRAD_NATIVE": "strict"}
    warm = max(200, count // 10)
    start = 0
    for number in range(1, warm + count + 1):
        once(number + len(PIECES) ** 5)  # programs of about six steps
        if number == warm:
            gc.collect()
            start = memory()
        elif number % max(1, count // 10) == 0 and number > warm:
            print(f"{number - warm} compiled, {(memory() - start) / 2**20:+.1f} MB", flush=True)
    gc.collect()
    return memory() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    grown = soak(parser.parse_args().count)
    print(f"grown by {grown / 2**20:.1f} MB; {ALLOWED / 2**20:.0f} MB are allowed")
    return int(grown > ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
