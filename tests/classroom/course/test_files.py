"""A journal that is never torn, and a folder that one run has to itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chalkgrad.classroom.course.files import Journal, locked, write_whole
from chalkgrad.errors import ChalkgradError


def entries(path: Path) -> list[object]:
    journal = Journal(path)
    journal.close()
    return journal.entries


def test_every_cut_of_a_journal_leaves_whole_entries(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    written: list[object] = [{"n": n, "text": "né\n"} for n in range(4)]
    journal.add(written)
    journal.close()
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        torn = Journal(path)
        count = whole[:cut].count(b"\n")
        assert torn.entries == written[:count]
        torn.add([{"more": 1}])
        torn.close()
        assert entries(path) == [*written[:count], {"more": 1}]


def test_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b'{"a": 1}\n\x00\xff nonsense\n{"b": 2}\n')
    journal = Journal(path)
    journal.close()
    assert journal.entries == [{"a": 1}, {"b": 2}]
    assert journal.damaged == 1


def test_a_second_run_is_told(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "out"),
        pytest.raises(ChalkgradError, match=rf"process {os.getpid()}\) is at work"),
        locked(tmp_path / "out"),
    ):
        pass
    with locked(tmp_path / "out"):
        pass
    assert list((tmp_path / "out").iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from chalkgrad.classroom.course.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_of_a_killed_run_is_taken_over(tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert held.stdout is not None
    assert held.stdout.readline() == b"held\n"
    with pytest.raises(ChalkgradError, match=f"process {held.pid}"), locked(tmp_path):
        pass
    held.send_signal(signal.SIGKILL)
    held.wait()
    held.stdout.close()
    assert (tmp_path / ".lock").exists()
    with locked(tmp_path):
        assert json.loads((tmp_path / ".lock").read_bytes())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_a_lock_of_a_process_that_has_our_number_now_is_stale(tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("only where the system says when a process began can it be told from a later one")
    with locked(tmp_path):
        told = json.loads((tmp_path / ".lock").read_bytes())
    (tmp_path / ".lock").write_text(json.dumps({**told, "since": "1"}), encoding="utf-8")
    with locked(tmp_path):
        pass


def test_a_lock_that_was_not_written_to_its_end(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    lock.write_bytes(b"")
    with pytest.raises(ChalkgradError, match="has just begun"), locked(tmp_path):
        pass
    os.utime(lock, (time.time() - 60, time.time() - 60))
    with locked(tmp_path):
        pass


def test_a_lock_of_another_machine_is_not_taken(tmp_path: Path) -> None:
    lock = tmp_path / ".lock"
    lock.write_text('{"pid": 1, "host": "elsewhere.example", "since": ""}', encoding="utf-8")
    with pytest.raises(ChalkgradError, match=r"elsewhere.example.*delete the file"), locked(tmp_path):
        pass


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "new" / "a.txt", b"one")
    assert (tmp_path / "new" / "a.txt").read_bytes() == b"one"
    (tmp_path / "b").write_text("a file", encoding="utf-8")
    with pytest.raises(ChalkgradError, match="cannot write"):
        write_whole(tmp_path / "b" / "a.txt", b"one")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.txt", "b", "new"]
