"""What Chalkgrad costs, beside what others cost, in one run: prints the tables and writes them to benchmarks/README.md.

    make bench            (installs micrograd, autograd and sympy first; without one, its row says so)

Every measurement is a process of its own, and the contestants take turns, so that a busy minute hits them alike.
"""

import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter

from cases import arrays, drawing, formulas, startup, steps
from cases.measure import machine

LIBRARIES = ("chalkgrad", "numpy", "micrograd", "autograd", "sympy")
PAGE = Path(__file__).parent / "README.md"


def versions() -> str:
    """The versions that were measured."""
    found = [f"Python {sys.version.split()[0]}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def main() -> None:
    """Measure all, print, and write the page."""
    began = perf_counter()
    page = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`benchmarks/run.py`): one run on one machine, so compare within it only.",
        "",
        f"- date: {date.today().isoformat()}",
        f"- machine: {machine()}",
        f"- versions: {versions()}",
    ]
    for case in (startup, drawing, formulas, arrays, steps):
        print(f"measuring: {case.TITLE} …", file=sys.stderr, flush=True)
        page += ["", f"## {case.TITLE}", "", case.MEANS, "", *case.report()]
    page += ["", f"The run took {perf_counter() - began:.0f} s."]
    text = "\n".join(page) + "\n"
    print(text, end="")
    PAGE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
