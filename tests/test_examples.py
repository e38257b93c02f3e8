"""Every script in examples/ prints what is kept beside it, and its numbers are right, whatever is kept there."""

from __future__ import annotations

import contextlib
import io
import math
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mpmath
import numpy as np
import pytest

import chalkgrad as cg

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))


@cache
def run(name: str) -> tuple[dict[str, Any], str]:
    """What the script defines, and what it prints."""
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr("sys.argv", [f"{name}.py"])
        defined = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return defined, printed.getvalue()


@pytest.mark.parametrize("name", SCRIPTS)
def test_prints_what_is_kept(name: str, request: pytest.FixtureRequest) -> None:
    kept = EXAMPLES / "expected" / f"{name}.txt"
    _, printed = run(name)
    if request.config.getoption("--update-golden"):
        kept.write_text(printed, encoding="utf-8", newline="\n")
    assert kept.exists(), f"no {kept.name}; run pytest --update-golden and look at it"
    assert printed.encode() == kept.read_bytes()


def test_nothing_is_kept_for_a_script_that_is_gone() -> None:
    assert sorted(path.stem for path in (EXAMPLES / "expected").iterdir()) == SCRIPTS


@pytest.mark.parametrize("name", ["s02_neuron", "s09_two_paths"])
def test_a_file_name_keeps_the_drawing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "drawing.svg"
    monkeypatch.setattr("sys.argv", [f"{name}.py", str(target)])
    with contextlib.redirect_stdout(io.StringIO()):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert target.read_text(encoding="utf-8").startswith("<svg")


# The sheets' scalar rows: script, text, Python function, point, upstream, value, gradients.
Row = tuple[str, str, str, dict[str, float], float | None, float, dict[str, float]]
NEURON_AT = {"w_0": 2, "w_1": -3, "w_2": -3, "x_0": -1, "x_1": -2}
NEURON = {"w_0": -0.196612, "x_0": 0.393224, "w_1": -0.393224, "x_1": -0.589836, "w_2": 0.196612}
ENTROPY_AT = {"w_1": 2, "w_2": -1, "b": 0.5, "x_1": 1, "x_2": 3, "y": 0}
ENTROPY = {"w_1": 0.377541, "w_2": 1.132622, "b": 0.377541}
XYZ = {"x": -2, "y": 5, "z": -4}
ROWS: dict[str, Row] = {
    "S1": ("s01_two_gates", "TEXT", "f", XYZ, None, -12, {"x": -4, "y": -4, "z": 3}),
    "S1, upstream 2": ("s01_two_gates", "TEXT", "f", XYZ, 2, -12, {"x": -8, "y": -8, "z": 6}),
    "S2": ("s02_neuron", "TEXT", "neuron", NEURON_AT, None, 0.731059, NEURON),
    "S3": (
        "s03_descent_step",
        "TEXT",
        "f",
        {"a": 1, "b": 2, "c": -3, "d": 4},
        None,
        -11,
        {"a": 6, "b": -2, "c": 4, "d": -3},
    ),
    "S4": ("s04_cross_entropy", "TEXT", "loss", ENTROPY_AT, None, 0.474077, ENTROPY),
    "S5": ("s05_sigmoid_unit", "f = σ(x)", "unit", {"x": 0}, -3, 0.5, {"x": -0.75}),
    "S6": ("s06_relu_unit", "f = relu(x)", "unit", {"x": -1}, -3, 0, {"x": 0}),
    "S8a": ("s08_sensitivity", "f(x, y) = xy", "product", {"x": 1, "y": -2}, None, -2, {"x": -2, "y": 1}),
    "S8b": ("s08_sensitivity", "f(x, y) = x + y", "total", {"x": 1, "y": -2}, None, -1, {"x": 1, "y": 1}),
    "S8c": ("s08_sensitivity", r"f(x, y) = \max\{x, y\}", "larger", {"x": 1, "y": -2}, None, 1, {"x": 1, "y": 0}),
    "S8c, tie": ("s08_sensitivity", "f(x, y) = max{x, y}", "larger", {"x": 1, "y": 1}, None, 1, {"x": 0.5, "y": 0.5}),
    "S9": ("s09_two_paths", "TEXT", "f", XYZ, None, -14, {"x": -3, "y": -4, "z": 3}),
    "S10": ("s10_staged", "STAGED", "f", {"x": 3, "y": -4}, None, 1.545645, {"x": 2.059570, "y": 1.592233}),
    "S10, whole": ("s10_staged", "WHOLE", "f", {"x": 3, "y": -4}, None, 1.545645, {"x": 2.059570, "y": 1.592233}),
}
rows = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)


def near(number: float) -> Any:
    return pytest.approx(number, abs=1e-6)


def text_of(script: str, text: str) -> str:
    return text if "=" in text else run(script)[0][text]


@rows
def test_sheet_by_text(row: Row) -> None:
    script, text, _, at, upstream, value, gradients = row
    w = cg.work(text_of(script, text), values=at, upstream=upstream)
    assert w.value == near(value)
    for name, gradient in gradients.items():
        assert w.gradients[name] == near(gradient)
        assert gradient != 0 or math.copysign(1, w.gradients[name]) == 1, "0 is not -0"


@rows
def test_sheet_by_python(row: Row) -> None:
    script, _, function, at, upstream, value, gradients = row
    traced = run(script)[0][function]
    w = cg.work(traced, **at, upstream=upstream)
    assert w.value == near(value)
    for name, gradient in gradients.items():
        assert w.gradients[name] == near(gradient)
        assert gradient != 0 or math.copysign(1, w.gradients[name]) == 1, "0 is not -0"
    found, slopes = cg.value_and_grad(traced, wrt=tuple(gradients))(**at)
    assert found == near(value)
    scale = 1 if upstream is None else upstream
    assert [scale * slope for slope in slopes] == [near(g) for g in gradients.values()]


def inner(w: cg.Work) -> dict[str, Any]:
    """The gradient at every node, by its name."""
    return {w.called[v]: w.gradient(v) for v in w.program.variables()}


def test_stages_in_between() -> None:
    s1 = cg.work(text_of("s01_two_gates", "TEXT"), values=XYZ)
    assert inner(s1)["q"] == near(-4)
    s9 = cg.work(text_of("s09_two_paths", "TEXT"), values=XYZ)
    assert (inner(s9)["g"], inner(s9)["h"]) == (near(-4), near(1))
    paths = [s9.number(c.value) for c in s9.backprop.contributions if s9.called[c.target] == "x"]
    assert sorted(paths) == [near(-4), near(1)]


@pytest.mark.parametrize(
    ("script", "after", "lower"),
    [
        ("s03_descent_step", {"a": 0.4, "b": 2.2, "c": -3.4, "d": 4.3}, -13.62),
        ("s04_cross_entropy", {"w_1": 1.962246, "w_2": -1.113262, "b": 0.462246}, 0.336757),
    ],
)
def test_one_step_of_descent(script: str, after: dict[str, float], lower: float) -> None:
    defined, _ = run(script)
    assert defined["after"] == {name: near(x) for name, x in after.items()}
    there = defined["after"] | defined.get("EXAMPLE", {})
    assert cg.work(text_of(script, "TEXT"), values=there).value == near(lower)


def test_a_nudge() -> None:
    def at(text: str, x: float, y: float) -> float:
        return cg.work(text, x=x, y=y).value

    assert at("f(x, y) = xy", 1.1, -2) == near(-2.2)
    assert at("f(x, y) = xy", 1.1, -2) - at("f(x, y) = xy", 1, -2) == near(-2 * 0.1)
    assert at("f(x, y) = max{x, y}", 1, -2 + 4) == near(2)
    assert cg.work("f(x, y) = max{x, y}", x=1, y=-2 + 4).gradients == {"x": 0, "y": 1}
    assert cg.work("f(x, y) = max{x, y}", x=1, y=1, tie="first").gradients == {"x": 1, "y": 0}


# The twenty again, written down a second time over a module of functions `m`: mpmath, or HIPS autograd. Arrays come
# entry by entry.
def ackley(m: Any, x: Any, y: Any) -> Any:
    waves = (m.cos(2 * m.pi * x) + m.cos(2 * m.pi * y)) / 2
    return 20 + m.e - m.exp(waves) - 20 / m.exp(m.sqrt((x * x + y * y) / 2) / 5)


def logistic_loss(m: Any, w: Any, b: Any, x: Any, y: Any, λ: Any) -> Any:
    margin = w * x + b
    return m.log(1 + m.exp(margin)) - y * margin + λ * w * w / 2


def cosine(m: Any, *entries: Any) -> Any:
    a, b = entries[:3], entries[3:]
    squares = sum(x * x for x in a) * sum(x * x for x in b)
    return sum(x * y for x, y in zip(a, b, strict=True)) / m.sqrt(squares)


def haversine(m: Any, φ1: Any, λ1: Any, φ2: Any, λ2: Any, r: Any) -> Any:
    """By the angle between two unit vectors: another formula for the same distance."""
    return r * m.acos(m.sin(φ1) * m.sin(φ2) + m.cos(φ1) * m.cos(φ2) * m.cos(λ1 - λ2))


def black_scholes(m: Any, S: Any, K: Any, r: Any, v: Any, T: Any) -> Any:
    def cumulative(d: Any) -> Any:
        return 1 / (1 + m.exp(-d * 1.702))

    spread = v * m.sqrt(T)
    d = (m.log(S) - m.log(K) + r * T) / spread + spread / 2
    return S * cumulative(d) - K * m.exp(-r * T) * cumulative(d - spread)


INDEPENDENT: dict[str, Callable[..., Any]] = {
    "Rosenbrock": lambda m, x, y: 1 - 2 * x + x * x + 100 * (y * y - 2 * y * x * x + x**4),
    "Himmelblau": lambda m, x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2,
    "Ackley": ackley,
    "Gaussian bump": lambda m, x, y, σ: m.exp(-x * x / (2 * σ * σ)) * m.exp(-y * y / (2 * σ * σ)),
    "softplus chain": lambda m, x, w, b: m.log(1 + m.exp(b) * (1 + m.exp(w * x + b)) ** w),
    "logistic loss with a regulariser": logistic_loss,
    "two-layer tanh net": lambda m, a, b, c, d, u, v, x: u * m.tanh(a * x + b) + v * m.tanh(c * x + d),
    "log-sum-exp": lambda m, a, b, c: a + m.log(1 + m.exp(b - a) + m.exp(c - a)),
    "cosine similarity": cosine,
    "Huber": lambda m, x, δ: x * x / 2 if abs(x) <= δ else δ * abs(x) - δ * δ / 2,
    "smooth L1": lambda m, x, β: x * x / β / 2 if abs(x) < β else abs(x) - β / 2,
    "quotient of polynomials": lambda m, x: (1 + x * (x * x - 2)) / (5 + x * (x + 3)),
    "haversine": haversine,
    "Black-Scholes, logistic in place of the normal": black_scholes,
    "van der Waals": lambda m, n, R, T, V, a, b: R * T / (V / n - b) - a * (n / V) ** 2,
    "Michaelis-Menten, competitive inhibition": lambda m, S, i, V, K, J: V / (K / S + K * i / (J * S) + 1),
    "Lennard-Jones": lambda m, r, ε, σ: 4 * ε * σ**6 * (σ**6 - r**6) / r**12,
    "compound interest": lambda m, P, r, n, t: P * m.exp(n * t * m.log(1 + r / n)),
    "Planck's law": lambda m, ν, T, h, c, k: 2 * h * ν**3 / (c * c * (m.exp(h * ν / (k * T)) - 1)),
    "Kepler's equation, residual": lambda m, E, M, e: E - M - e * m.sin(E),
}


def twenty() -> dict[str, tuple[str, dict[str, Any]]]:
    return run("twenty")[0]["FUNCTIONS"]


def flat(at: dict[str, Any]) -> list[float]:
    return [float(x) for value in at.values() for x in np.ravel(value)]


def nearby(at: dict[str, Any], step: int) -> dict[str, Any]:
    """The point itself, then others beside it, each input moved by another amount."""
    return {
        name: np.asarray(value, float) * (1 + step * (0.01 + 0.003 * place))
        for place, (name, value) in enumerate(at.items())
    }


def close(found: float, exact: Any) -> bool:
    return abs(found - exact) <= 1e-12 * abs(exact)


def test_there_are_twenty_and_each_is_known_independently() -> None:
    assert len(twenty()) == 20
    assert list(INDEPENDENT) == list(twenty())


@pytest.mark.parametrize("step", [0, 1, -2])
@pytest.mark.parametrize("name", INDEPENDENT)
def test_twenty_against_mpmath(name: str, step: int) -> None:
    text, given = twenty()[name]
    at = nearby(given, step)
    w = cg.work(text, values=at)
    found = np.concatenate([np.ravel(w.gradients[variable]) for variable in at])
    with mpmath.workdps(40):
        point = tuple(mpmath.mpf(x) for x in flat(at))
        assert close(float(w.value), INDEPENDENT[name](mpmath, *point))
        for place, slope in enumerate(found):
            order = tuple(int(place == other) for other in range(len(point)))
            exact = mpmath.diff(lambda *xs: INDEPENDENT[name](mpmath, *xs), point, order)
            assert close(float(slope), exact), f"{list(at)}, entry {place}: {slope} is not {exact}"


@pytest.mark.parametrize("name", INDEPENDENT)
def test_twenty_against_autograd(name: str) -> None:
    autograd = pytest.importorskip("autograd", reason="HIPS autograd is an extra: pip install chalkgrad[bench]")
    m = autograd.numpy
    module = SimpleNamespace(
        exp=m.exp, log=m.log, sqrt=m.sqrt, sin=m.sin, cos=m.cos, acos=m.arccos, tanh=m.tanh, pi=np.pi, e=np.e
    )
    text, at = twenty()[name]
    point = flat(at)
    slopes = autograd.grad(lambda *xs: INDEPENDENT[name](module, *xs), argnum=tuple(range(len(point))))(*point)
    w = cg.work(text, values=at)
    found = np.concatenate([np.ravel(w.gradients[variable]) for variable in at])
    np.testing.assert_allclose(found, slopes, rtol=1e-9)
