"""Random programs by the thousand, each looked at by every route: `python tests/fuzz/run.py --count 100000 --jobs 2`.

Exits 1 where two routes disagree, with the smallest program that shows it. Ctrl-C loses nothing: it prints what was
found, and where to go on.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import signal
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.fuzz.peers import EXPLAINED, installed
from tests.fuzz.verdict import Found, examine

CHUNK = 50
SHOWN = 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="how many programs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="the first program: where an earlier run stopped")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="N", help="program N alone")
    parser.add_argument("--jax-every", type=int, default=25, help="JAX looks at every so many; 0 is never")
    parser.add_argument("--native-every", type=int, default=4, help="compile every so many; 0 is never")
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    console = Console(highlight=False)
    if asked.only is not None:
        found = examine(asked.seed, asked.only, asked.only + 1)
        return report(console, found)
    peers = ", ".join(installed()) if asked.jax_every else "not asked for"
    console.print(
        f"{asked.count} programs of seed {asked.seed} on {asked.jobs} jobs; other libraries: {peers or 'none'}"
    )
    began = time.monotonic()
    found, reached, whole = everything(asked, console)
    status = report(console, found)
    console.print(f"{found.programs} programs in {time.monotonic() - began:.0f} s")
    if not whole:
        left = asked.start + asked.count - reached
        console.print(f"stopped; to go on: --seed {asked.seed} --start {reached} --count {left}")
        return status or 130
    return status


def everything(asked: argparse.Namespace, console: Console) -> tuple[Found, int, bool]:
    """What was found, up to which program nothing is missing, and whether that is all."""
    found = Found()
    stop = asked.start + asked.count
    chunks = [(a, min(a + CHUNK, stop)) for a in range(asked.start, stop, CHUNK)]
    todo = iter(chunks)
    rare = {"jax": asked.jax_every, "machine_code": asked.native_every}
    running: dict[Future[Found], tuple[int, int]] = {}
    done: set[int] = set()
    whole = True
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[bad]} mismatches"))
    pool = ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn"), _deaf)
    with pool, Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=asked.count, bad=0)
        try:
            while True:
                for a, b in itertools.islice(todo, 2 * asked.jobs - len(running)):
                    running[pool.submit(examine, asked.seed, a, b, rare)] = (a, b)
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    a, b = running.pop(future)
                    part = future.result()
                    done.add(a)
                    found.add(part)
                    progress.update(bar, advance=b - a, bad=len(found.mismatches))
                    for text in part.mismatches[: max(0, SHOWN - len(found.mismatches) + len(part.mismatches))]:
                        progress.console.print(f"\n{text}", markup=False, soft_wrap=True)
        except KeyboardInterrupt:
            whole = False
            pool.shutdown(wait=False, cancel_futures=True)
    reached = next((a for a, _ in chunks if a not in done), stop)
    return found, reached, whole


def _deaf() -> None:
    """Ctrl-C is the parent's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def report(console: Console, found: Found) -> int:
    """Print what was compared, and what could not be and why; the exit code."""
    for name, count in found.compared.most_common():
        console.print(f"{count:>8} {name}")
    for reason, count in found.nothing.most_common(SHOWN):
        console.print(f"{count:>8} nothing to compare: {reason}", markup=False, soft_wrap=True)
    explained = sum(n for reason, n in found.nothing.items() if any(e in reason for e in EXPLAINED.values()))
    if explained:
        console.print(f"{explained} differences from other libraries explained")
    console.print(f"{len(found.mismatches)} unexplained mismatches")
    for text in found.mismatches[:SHOWN] if found.programs == 1 else ():
        console.print(f"\n{text}", markup=False, soft_wrap=True)
    return int(bool(found.mismatches))


if __name__ == "__main__":
    sys.exit(main())
