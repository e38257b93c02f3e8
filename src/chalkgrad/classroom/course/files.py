"""Files that are whole or not there, a journal that is never torn, and a folder that one run has to itself."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Generator, Sequence
from io import BufferedRandom
from pathlib import Path
from typing import Any, final

from chalkgrad.errors import ChalkgradError

_PATIENCE = 10.0
"""Seconds after which a lock that names nobody is taken for one whose run was killed while it wrote it."""


def write_whole(target: Path, content: bytes, *, sync: bool = True) -> None:
    """Write a file whole or not at all; with `sync` also where the machine stops half-way.

    Raises ChalkgradError where it cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise ChalkgradError(f"cannot write '{target}': {error.strerror or error}") from None


@final
class Journal:
    """Lines of JSON that are only ever added to. What was synced stays, wherever a run is killed."""

    def __init__(self, path: Path) -> None:
        """Open it, and cut off a last line that was not written to its end.

        Raises ChalkgradError where the file cannot be opened.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            self._file: BufferedRandom = path.open("r+b")
        except OSError as error:
            raise ChalkgradError(f"cannot write '{path}': {error.strerror or error}") from None
        self.entries: list[Any] = []
        self.damaged = 0
        end = 0
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                self.entries.append(json.loads(line))
            except ValueError:
                self.damaged += 1  # not ours, or a sick disk: what it held is marked anew
        self._file.truncate(end)
        self._file.seek(end)

    def add(self, entries: Sequence[Any]) -> None:
        """Add entries, and come back when they are on the disk.

        Raises ChalkgradError where they cannot be written.
        """
        lines = [json.dumps(e, ensure_ascii=False, separators=(",", ":")) + "\n" for e in entries]
        try:
            self._file.write("".join(lines).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise ChalkgradError(f"cannot write '{self._file.name}': {error.strerror or error}") from None

    def close(self) -> None:
        """Close it."""
        self._file.close()


@contextlib.contextmanager
def locked(folder: Path) -> Generator[None]:
    """Have a folder to oneself.

    Raises ChalkgradError where another run is at work in it, which is named. The lock of a run that was killed is taken
    over.
    """
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while not _take(path):
            _clear(path)
    except OSError as error:
        raise ChalkgradError(f"cannot write '{path}': {error.strerror or error}") from None
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _take(path: Path) -> bool:
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(file, "wb") as out:
        out.write(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": _since(os.getpid())}).encode())
    return True


def _clear(path: Path) -> None:
    """Take away the lock of a run that is no more; raise ChalkgradError where it is still at work."""
    try:
        found = path.read_bytes()
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return
    told = _owner(found)
    if told is None:
        if age < _PATIENCE:
            raise ChalkgradError(f"another run has just begun in '{path.parent}'")
    elif told["host"] != socket.gethostname():
        raise ChalkgradError(
            f"a run on '{told['host']}' is at work in '{path.parent}'; if it is not, delete the file '{path}'"
        )
    elif _alive(told["pid"], told["since"]):
        unless = f", or delete the file '{path}' if it has ended" if os.name == "nt" else ""
        raise ChalkgradError(
            f"another run (process {told['pid']}) is at work in '{path.parent}'; wait for it to end{unless}"
        )
    aside = path.with_name(f".lock.{os.getpid()}.stale")
    try:
        path.rename(aside)  # of several who would take it over, one gets it
    except FileNotFoundError:
        return
    if aside.read_bytes() != found:  # it had been taken over already, between reading and renaming
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
        raise ChalkgradError(f"another run is at work in '{path.parent}'; wait for it to end")
    aside.unlink()


def _owner(found: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(found)
        return {"pid": int(told["pid"]), "host": str(told["host"]), "since": str(told["since"])}
    except (ValueError, KeyError, TypeError):
        return None


def _alive(pid: int, since: str) -> bool:
    """Whether a process is still the one that wrote a lock, and not a later one of the same number."""
    if pid == os.getpid():
        return since == _since(pid)
    if os.name == "nt":
        return True  # there, asking a process would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not since or not _since(pid) or since == _since(pid)


def _since(pid: int) -> str:
    """When a process began, where the system tells."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
