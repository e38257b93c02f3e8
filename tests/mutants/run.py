"""Every wrong rule of `mutants.py`, put into the op table: the tests must fail with it. Exits 1 where one survives.

Each runs the contract of its op in a process of its own; one that this does not see runs the tests of all ops, and the
random programs. Two clean runs first show that it is the rule that fails them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.progress import track  # noqa: E402
from rich.table import Table  # noqa: E402

from tests.mutants.mutants import MUTANTS  # noqa: E402

JOBS = 2


def first_failure(mutant: str, *selection: str) -> str:
    """The first test that fails with this rule in the table; "" where all pass."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--no-header",
        "--tb=no",
    ]
    if mutant:
        command += ["-p", "tests.mutants.plugin", "--mutant", mutant]
    done = subprocess.run([*command, *selection], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode != 1 or not failed:  # no test ran, or pytest itself broke: that is no kill
        raise RuntimeError(f"pytest says {done.returncode} of {mutant or 'a clean run'}:\n{done.stdout}{done.stderr}")
    return failed[0].split(" - ")[0].split("::")[-1]


def killed(name: str) -> tuple[str, str, str]:
    """The mutant, its op, and the test that kills it."""
    op = MUTANTS[name].op
    own = f"test_every_op_keeps_the_contract and -{op}]"
    found = first_failure(name, "tests/ops/test_contract.py", "-k", own)
    return name, op, found or first_failure(name, "tests/ops", "tests/fuzz", "--deselect", "tests/ops/test_mutants.py")


def main() -> int:
    console = Console(highlight=False)
    began = time.monotonic()
    for op in ("sin", "matmul"):
        clean = first_failure("", "tests/ops/test_contract.py", "-k", f"test_every_op_keeps_the_contract and -{op}]")
        if clean:
            console.print(f"the tests fail without any mutant: {clean}")
            return 1
    table = Table("wrong rule", "op", "killed by")
    with ThreadPoolExecutor(JOBS) as pool:
        results = list(track(pool.map(killed, MUTANTS), total=len(MUTANTS), console=console, description="mutants"))
    for name, op, by in results:
        table.add_row(name, op, by or "[bold red]SURVIVED[/]")
    console.print(table)
    survived = [name for name, _, by in results if not by]
    seconds = time.monotonic() - began
    console.print(f"{len(results) - len(survived)} of {len(results)} killed in {seconds:.0f} s")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main())
