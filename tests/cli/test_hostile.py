"""No text, however hostile, gives a traceback, runs anything, hangs, or eats memory: in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import apart
from tests.pace import in_time

TEXTS = {
    "a tower": "9^9^9^9",
    "a thousand brackets": "(" * 1000 + "x" + ")" * 1000,
    "brackets to the brim": "(" * 30_000 + "x" + ")" * 30_000,
    "5000 terms": " + ".join(["x"] * 5000),
    "5000 names": "+".join(f"x_{i}" for i in range(5000)),
    "5000 powers": "^".join(["x"] * 5000),
    "5000 quotients": "/".join(["x"] * 5000),
    "minus signs": "-" * 15_000 + "x",
    "sines": "sin " * 10_000 + "x",
    "stages": "\n".join(["a_0 = x"] + [f"a_{i} = a_{i - 1} + a_{i - 1}" for i in range(1, 2500)]),
    "branches": "where(x > 0, " * 2000 + "x" + ", 0)" * 2000,
    "maxima": "max(" * 3000 + "x" + ", 1)" * 3000,
    "control characters": "\x1b[31mx\x1b[0m",
    "NUL": "x\0y",
    "bidi override": "x\u202ey",
    "digits": "9" * 60_000,
    "a name": "a" * 60_000,
    "code": "__import__('os').system('touch pwned')",
    "TeX": "\\input{/etc/passwd}",
    "markup": "<script>alert(1)</script>",
    "typst": '$#read("/etc/passwd")$',
    "a huge array": "f(x) = sum(broadcast_to(x, shape=(100000, 100000)))",
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("command", ["show", "code"])
def test_answered_or_refused(name: str, command: str, tmp_path: Path) -> None:
    args = ["show", "-", "x=2", "--save", "f.svg"] if command == "show" else ["code", "-", "--as", "python"]
    done = apart.command(args, TEXTS[name].encode(), tmp_path, 60)
    assert done.code in (0, 2), done.error
    assert "Traceback" not in done.error
    assert not (tmp_path / "pwned").exists()
    assert len(done.out) < 100_000 or command == "code"
    assert done.peak < 200
    # an idle machine needs a second or a little more
    assert in_time(done.cpu, 2.2), f"{done.cpu} s of processor time"
