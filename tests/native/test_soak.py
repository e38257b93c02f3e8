"""A short soak; `make soak` is the long one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.native import soak


def test_memory_does_not_grow() -> None:
    code = (
        "import os; os.environ.update(CHALKGRAD_CACHE='off', CHALKGRAD_NATIVE='strict')\n"
        "from tests.native.soak import memory, once\n"
        "for k in range(90): once(k + 7**3)\n"  # the last 64 are kept
        "before = memory()\n"
        "for k in range(90, 140): once(k + 7**3)\n"
        "print(memory() - before)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert int(found.stdout) < 50 * 40_000  # each engine that is not closed is 48 kB, each list of passes 30


def test_functions_of_the_soak_differ() -> None:
    texts = {soak.function(k).__code__.co_code + repr(soak.function(k).__code__.co_consts).encode() for k in range(300)}
    assert len(texts) > 290
