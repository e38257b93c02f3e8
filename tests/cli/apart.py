"""The command line in a process of its own, which finds everything loaded: what it says, and what it takes."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from chalkgrad.cli.main import main

# Processes are forked from one that has loaded the program, whatever the tests' own process is in the middle of.
_APART = multiprocessing.get_context("forkserver")
_APART.set_forkserver_preload([__name__, "chalkgrad.cli.code", "chalkgrad.cli.show"])


@dataclass(frozen=True)
class Done:
    """How it ended. `code` is negative where a signal ended it; `cpu` is in seconds, `peak` in megabytes."""

    code: int
    out: bytes
    error: str
    cpu: float
    peak: int


def command(args: list[str], given: bytes, folder: Path, seconds: float) -> Done:
    """`chalkgrad ARGS` in this folder, with this for its standard input."""
    streams = folder.with_name(f"{folder.name}.streams")
    streams.mkdir()
    (streams / "in").write_bytes(given)
    process = _APART.Process(target=_run, args=(args, str(folder), str(streams)))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"not done after {seconds} s")
    taken = streams / "taken"  # which who is killed by a signal does not write
    cpu, peak = taken.read_text(encoding="ascii").split() if taken.exists() else ("nan", "0")
    error = (streams / "error").read_text(encoding="utf-8")
    return Done(process.exitcode, (streams / "out").read_bytes(), error, float(cpu), int(peak))


def _run(args: list[str], folder: str, streams: str) -> None:
    """In the process itself."""
    written = os.O_CREAT | os.O_WRONLY
    for number, (name, how) in enumerate({"in": os.O_RDONLY, "out": written, "error": written}.items()):
        os.dup2(os.open(f"{streams}/{name}", how), number)
    os.chdir(folder)
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115  (it is open for as long as the process is)
    sys.argv = ["chalkgrad", *args]
    begun = time.process_time()
    try:
        main()
    finally:
        cpu = time.process_time() - begun
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        peak = max((int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")), default=0)
        (Path(streams) / "taken").write_text(f"{cpu} {peak}", encoding="ascii")
