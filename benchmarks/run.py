"""What Chalkgrad costs, beside what others cost, in one run: prints the tables and writes them to benchmarks/README.md.

    make bench                                (into an environment of its own, with the peers)
    make bench BENCH="--only network --quick"
    make bench GRADBENCH=FOLDER               (GradBench, where its tools in C++ have been built)

Every measurement is a process of its own. What was measured is kept in .bench/results.json, row by row: a run that is
stopped has lost nothing, and `--only` measures its rows anew and leaves the others.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

from cases.measure import machine
from speed import report
from speed.lines import SIZES
from speed.rows import ROWS

LIBRARIES = ("chalkgrad", "numpy", "llvmlite", "jax", "torch", "casadi", "numba", "autograd", "micrograd", "sympy")
HERE = Path(__file__).parent
PAGE, KEPT = HERE / "README.md", HERE.parent / ".bench" / "results.json"
SECTIONS = ("startup", "drawing", "formulas", "classroom", "arrays", "steps")
LIMIT = 900.0  # seconds for one row


def versions() -> str:
    """The versions that were measured."""
    found = [f"Python {sys.version.split()[0]}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    if shutil.which("gcc"):
        done = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True, check=False)
        found.append(f"gcc {done.stdout.strip()}")
    return ", ".join(found)


def cases() -> dict[str, tuple[str, str]]:
    """Every row of the speed table by its key: module and case."""
    rows = {row.key: (row.group, row.case) for row in ROWS}
    return rows | {f"lines {n}": ("lines", str(n)) for n in SIZES}


def measured(group: str, case: str, quick: bool) -> dict[str, Any] | str:
    """A row, from a process of its own; or why not, in words."""
    command = [sys.executable, "-m", "speed.child", group, case, "0.5" if quick else "4"]
    try:
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return f"not done in {LIMIT:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"signal {-done.returncode}"])[-1]
    return json.loads(done.stdout.splitlines()[-1])


def page(kept: dict[str, Any]) -> str:
    """All that is known, in Markdown."""
    text = [
        "# Benchmarks",
        "",
        "Written by `make bench` (`benchmarks/run.py`): compare within a row only: it is one process.",
        "",
        *(f"- {name}: {kept['about'][name]}" for name in ("date", "machine", "versions")),
        "",
        "## Native speed",
        "",
        report.MEANS,
        "",
        *report.report(kept["rows"]),
    ]
    for name in SECTIONS:
        if name in kept["sections"]:
            case = import_module(f"cases.{name}")
            text += ["", f"## {case.TITLE}", "", case.MEANS, "", *kept["sections"][name]]
    return "\n".join(text) + "\n"


def read() -> dict[str, Any]:
    """What earlier runs have found."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {"rows": {}, "sections": {}}


def write(kept: dict[str, Any]) -> None:
    """Kept, whole or not at all."""
    KEPT.parent.mkdir(exist_ok=True)
    beside = KEPT.with_suffix(".new")
    beside.write_text(json.dumps(kept), encoding="utf-8")
    beside.replace(KEPT)


def main() -> None:
    """Measure what is asked for, print, and write the page."""
    parser = argparse.ArgumentParser(description="What Chalkgrad costs, beside what others cost.")
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="rows and sections whose key has one of these in it")
    parser.add_argument("--quick", action="store_true", help="less time for each row")
    parser.add_argument("--list", action="store_true", help="the keys, and no more")
    parser.add_argument("--gradbench", metavar="FOLDER", help="GradBench, where its C++ tools have been built")
    given = parser.parse_args()
    if given.gradbench:
        os.environ["GRADBENCH"] = str(Path(given.gradbench).resolve())
    keys = (*cases(), *SECTIONS)
    only = given.only or [""]
    wanted = [key for key in keys if any(key == text or (text not in keys and text in key) for text in only)]
    if given.list:
        print("\n".join(wanted))
        return
    about = {"date": date.today().isoformat(), "machine": machine(), "versions": versions()}
    kept = read() | {"about": about}
    failed: list[str] = []
    for key in wanted:
        began = perf_counter()
        print(f"measuring: {key} …", end=" ", file=sys.stderr, flush=True)
        if key in SECTIONS:
            kind, found = "sections", list(import_module(f"cases.{key}").report())
        else:
            kind, found = "rows", measured(*cases()[key], given.quick)
        kept = read() | {"about": about}
        if isinstance(found, str):
            failed.append(f"{key}: {found}")
            kept[kind].pop(key, None)  # what it was before says nothing of what it is
        else:
            kept[kind][key] = found
        write(kept)
        said = found if isinstance(found, str) else f"{perf_counter() - began:.0f} s"
        print(said, file=sys.stderr, flush=True)
    text = page(kept)
    print(text, end="")
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    sys.exit("not measured:\n" + "\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
