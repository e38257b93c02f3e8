"""No text under 64 KB hangs, recurses, eats memory, or gets anything but an answer or a refusal."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import suppress

import pytest

from chalkgrad.errors import ChalkgradError, NotationError, TooLarge
from chalkgrad.notation.read import read
from chalkgrad.notation.values import read_value
from tests.pace import in_time

LIMIT = 2.0  # seconds of processor time; an idle machine needs less than one

HOSTILE = {
    "open": "(" * 30000,
    "nested": "(" * 30000 + "x" + ")" * 30000,
    "square": "[" * 60000,
    "bars": "|" * 60000,
    "abs of abs": "|x" * 30000,
    "closing": ")" * 60000,
    "digits": "9" * 60000,
    "tower": "^".join(["9"] * 9),
    "tall tower": "^".join(["9"] * 30000),
    "sum": "+".join(["x"] * 32000),
    "minus": "-" * 64000 + "x",
    "calls": "exp(" * 12000 + "x" + ")" * 12000,
    "bare calls": "exp " * 16000 + "x",
    "stages": "\n".join(f"a{i} = x" for i in range(1, 6000)),
    "short stages": "x=1;" * 16000,
    "name": "a" * 60000,
    "split": "f(a, aa) = " + "a" * 60000,
    "splits": "f(" + ",".join("a" + "b" * k for k in range(60)) + ") = " + ("a" * 100 + " ") * 600,
    "suggestions": "f(" + ",".join(f"abcdefg_{i}" for i in range(4000)) + ") = abcdefgh",
    "arguments": "f(" + ",".join(f"a_{i}" for i in range(9000)) + ") = a_1",
    "powers": "x" + "²" * 32000,
    "roots": "√" * 21000 + "x",
    "commas": "[" + "," * 60000,
    "many arguments": "max(" + ",".join(["x"] * 30000) + ")",
    "comparisons": "<".join(["x"] * 30000),
    "products": "x " * 32000,
    "tight products": "f(x) = " + ("x" * 100 + " ") * 600,
    "indicators": "1{" * 20000 + "x > 0" + "}" * 20000,
    "indices": "x" + "[0]" * 20000,
    "lines": "\n" * 60000,
    "equals": "=" * 60000,
    "subscripts": "x_" * 30000,
    "braces": "x_{" * 20000,
    "primes": "x" + "'" * 60000,
    "marks": "x" + "\u0302" * 30000,
    "where": "where(x>0,x," * 5000 + "x" + ")" * 5000,
    "piecewise": "piecewise(" + "(x,x>0)," * 7000 + "0)",
    "transposes": "W in R^(2x3); f = W" + "^T" * 30000,
    "slices": "x[:" + ":" * 50000,
    "keywords": "sum(x," + "axis=0," * 8000 + ")",
    "axes": "x in R^(" + " x ".join(["n"] * 10000) + "); f = sum(x)",
    "size": "x in R^(n" + "n n" * 20000 + "); f = x",
    "huge index": "x in R^(2 x 2000000000); f = x[[0, 1, 0, 1]]",
    "deep literal": "[" * 2000 + "1, 1" + "]" * 2000,
    "deep stack": "[x," * 15000 + "x" + "]" * 15000,
    "components": "x in R^9000; f = " + "+".join(f"x_{i}" for i in range(1, 8000)),
    "labels": "1) " * 20000 + "x = 1",
    "declarations": "x in R, " * 8000,
    "declared again": "x in R in " * 6000,
    "layers": "x^{(i" * 12000,
    "layers of layers": "x^{(" * 15000 + "i" + ")}" * 15000,
    "values": "x = 1, " * 9000,
    "list of names": "x, " * 20000,
    "full stops": ". " * 30000,
    "derivatives": "f'(x) = " * 8000,
    "identity": "tanh(x) = " + "1 + " * 15000 + "σ(x)",
    "comments": "#" * 65000,
    "control": "x" + "\x00\x07\x1b" * 20000,
}


def refusal(text: str) -> str:
    """The message of the refusal, or nothing where the text was read."""
    try:
        read(text)
    except ChalkgradError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_answered_or_refused_in_time(text: str) -> None:
    start = time.process_time()
    message = refusal(text[:65_000])
    assert len(message) < 2000
    assert in_time(time.process_time() - start, LIMIT)


@pytest.mark.parametrize("name", ["sum", "stages"])
def test_memory(name: str) -> None:
    tracemalloc.start()
    refusal(HOSTILE[name][:65_000])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_large_formulas_are_read() -> None:
    assert read("(" * 5000 + "x" + ")" * 5000).program.steps == ()
    assert len(read(" + ".join(["x"] * 5000)).program.steps) == 4999
    assert len(read("\n".join(f"a{i} = x + {i}" for i in range(3500))).program.steps) == 3500


def test_over_64_kilobytes_at_once() -> None:
    start = time.process_time()
    with pytest.raises(TooLarge, match="64 KB"):
        read("x" * 10_000_000)
    with pytest.raises(TooLarge):
        read("é" * 40_000)
    assert in_time(time.process_time() - start, 0.1)


@pytest.mark.parametrize("text", ["1e999", "9" * 400, "1e-999", "2 + 1e400x"])
def test_numbers_out_of_range(text: str) -> None:
    with pytest.raises(NotationError, match="64-bit"):
        read(text)


def test_a_power_is_not_computed() -> None:
    assert [s.op.name for s in read("9^9^9^9").program.steps] == ["power"] * 3


@pytest.mark.parametrize("text", ["x=9^9^9^9", "x=" + "[" * 30000, "x=" + "9" * 60000, "x=" + "-" * 60000 + "1"])
def test_hostile_values(text: str) -> None:
    start = time.process_time()
    with suppress(ChalkgradError):
        read_value(text)
    assert in_time(time.process_time() - start, LIMIT)


@pytest.mark.parametrize("bad", ["\ud800", "\u202e", "\u200b", "а", "🎈", "\x7f", "’", "“"])
def test_characters(bad: str) -> None:
    with pytest.raises(NotationError) as caught:
        read(f"x + {bad}")
    assert f"U+{ord(bad):04X}" in caught.value.problem
    assert caught.value.span == (4, 5)


def test_values_of_all_kinds() -> None:
    for value in (None, "1", object(), [[1], [2, 3]], {1: 2}, 1j):
        with pytest.raises(ChalkgradError):
            read("x + 1", {"x": value})
    for name in ("", "x y", "1", "x" * 1000, "x\n", "а"):
        with pytest.raises(ChalkgradError):
            read("x + 1", {name: 1})
