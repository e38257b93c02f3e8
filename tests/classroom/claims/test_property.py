"""Random functions: a right claim passes however it is written; one mistake is found where it stands, and named."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass, field

import pytest

import chalkgrad as cg

# what a mistake may also be called, where two come to the same
NAMES = {
    "upstream": {"upstream", "sign"},
    "local": {"local", "inner"},
    "overwrite": {"overwrite"},
    "swap": {"swap"},
    "sign": {"sign"},
    "constant": {"constant", "inner", "local"},
    "argument": {"argument"},
    "loser": {"loser", "local"},
    "uphill": {"uphill"},
}
POOL = ["q", "r", "t", "u", "v", "p", "k", "num", "den", "a_1", "a_2", "z_1", "z_2", "h", "inv", "sum", "m_0", "ŷ", "β"]


@dataclass
class Edge:
    """∂stage/∂by in text, and that text with each mistake in it."""

    by: str
    local: str
    wrong: dict[str, str] = field(default_factory=dict)


@dataclass
class Made:
    """A random function: its stages, and the edges behind each."""

    inputs: list[str]
    stages: list[tuple[str, str, list[Edge]]]
    whole: str


def build(rng: random.Random) -> Made:
    """A connected graph of + - × σ tanh exp 1/x max, whose values are read more than once."""
    inputs = rng.sample(["x", "y", "z", "w"], rng.randint(2, 3))
    names = rng.sample(POOL, rng.randint(3, 6))
    values = list(inputs)
    text = {name: name for name in inputs}
    unread = list(inputs)
    stages: list[tuple[str, str, list[Edge]]] = []

    def put(name: str, kind: str, a: str, b: str, n: int) -> None:
        one = rng.choice(["", " · 1"]) and "1"
        forms: dict[str, tuple[str, list[Edge]]] = {
            "+": (f"{{{a}}} + {{{b}}}", [Edge(a, one or "1"), Edge(b, "1")]),
            "-": (f"{{{a}}} - {{{b}}}", [Edge(a, "1"), Edge(b, "(-1)", {"sign": "1"})]),
            "*": (f"{{{a}}} * {{{b}}}", [Edge(a, b, {"swap": a}), Edge(b, a, {"swap": b})]),
            "c": (f"{n} * {{{a}}} + {{{b}}}", [Edge(a, f"{n}", {"constant": "1"}), Edge(b, "1")]),
            "s": (f"σ({{{a}}})", [Edge(a, f"{name} * (1 - {name})", {"argument": f"{a} * (1 - {a})"})]),
            "t": (f"tanh({{{a}}})", [Edge(a, f"(1 - {name}^2)", {"argument": f"(1 - {a}^2)"})]),
            "S": (
                f"σ({n} * {{{a}}})",
                [Edge(a, f"{n} * {name} * (1 - {name})", {"constant": f"{name} * (1 - {name})"})],
            ),
            "e": (f"exp(-{{{a}}})", [Edge(a, f"(-{name})", {"sign": name})]),
            "/": (f"1/({{{a}}})", [Edge(a, f"(-1/{a}^2)", {"sign": f"(1/{a}^2)"})]),
            "2": (f"({{{a}}})^2", [Edge(a, f"2 * {a}", {"constant": a})]),
            "m": (
                f"max({{{a}}}, {{{b}}})",
                [
                    Edge(a, f"1{{{a} > {b}}}", {"loser": f"1{{{b} > {a}}}"}),
                    Edge(b, f"1{{{b} > {a}}}", {"loser": f"1{{{a} > {b}}}"}),
                ],
            ),
        }
        form, edges = forms[kind]
        plain = form.replace("{" + a + "}", a).replace("{" + b + "}", b)
        nested = form.replace("{" + a + "}", f"({text[a]})").replace("{" + b + "}", f"({text[b]})")
        for edge in edges:
            edge.wrong = {k: v for k, v in edge.wrong.items() if v != edge.local}
        stages.append((name, plain, edges))
        text[name] = nested

    for name in names:
        a = rng.choice(unread) if unread and rng.random() < 0.7 else rng.choice(values)
        b = rng.choice([v for v in values if v != a])
        # one max: a max of a max may tie everywhere, and then there is nothing to be right about
        kind = rng.choice("+-**cstSe/2m" if not any("max" in form for _, form, _ in stages) else "+-**cstSe/2")
        if kind == "*" and "1/" in text[a] + text[b]:
            kind = "+"  # x · 1/x is 1, and then a swap is a local left out
        put(name, kind, a, b, rng.randint(2, 5))
        read = {e.by for e in stages[-1][2]}
        unread = [u for u in unread if u not in read] + [name]
        values.append(name)
    last = ""
    while len(unread) > 1:
        a, b = unread[0], unread[1]
        last = f"f_{len(unread)}"
        put(last, rng.choice("+*-"), a, b, 2)
        unread = [last, *unread[2:]]
    name, plain, edges = stages[-1]
    stages[-1] = (
        "f",
        plain,
        [Edge(e.by, _named(e.local, name), {k: _named(v, name) for k, v in e.wrong.items()}) for e in edges],
    )
    return Made(inputs, stages, text[unread[0]])


def _named(text: str, name: str) -> str:
    """A local derivative of the last stage, which is called f."""
    return (
        "*".join("f" if p.strip() == name else p for p in text.split("*"))
        .replace(f"{name})", "f)")
        .replace(f"{name}^", "f^")
    )


def write(
    made: Made, rng: random.Random, mistake: str = "", leibniz: bool = False, mend: bool = False
) -> tuple[str, int] | None:
    """The claim as text, in a random order that respects what depends on what; and the line that is wrong, or 0."""
    lines = [f"f({', '.join(made.inputs)}) = {made.whole}", "forward:"]
    lines += [f"{i}) {name} = {formula}" for i, (name, formula, _) in enumerate(made.stages, 1)]
    lines.append("backward:")
    readers = {
        n: [s for s, _, es in made.stages for e in es if e.by == n]
        for n in [*made.inputs, *[s[0] for s in made.stages]]
    }
    d = (lambda n: f"df/d{n}") if leibniz else (lambda n: f"d{n}")
    rows: list[tuple[str, str, str, str, dict[str, str]]] = []
    waiting = {s[0]: s for s in made.stages}
    sent: list[str] = []
    while waiting:
        ready = [s for s in waiting.values() if all(r in sent for r in readers[s[0]])]
        name, _, edges = rng.choice(ready)
        del waiting[name]
        sent.append(name)
        for edge in rng.sample(edges, len(edges)):
            before = any(r[1] == edge.by for r in rows)
            sign = "+=" if before else rng.choice(["=", "=", "+="])
            rows.append((name, edge.by, sign, edge.local, edge.wrong))
    unit = {"f"}  # the gradients that are 1, whose absence nobody sees
    for name in reversed([s[0] for s in made.stages]):
        into = [(s, e.local) for s, _, es in made.stages for e in es if e.by == name]
        if len(into) == 1 and into[0][0] in unit and into[0][1] == "1":
            unit.add(name)
    options = [
        i
        for i, (name, by, sign, local, wrong) in enumerate(rows)
        if (mistake in wrong)
        or (mistake == "upstream" and name not in unit)
        or (mistake == "local" and name != "f" and local not in ("1", "(-1)"))
        or (mistake == "overwrite" and any(r[1] == by for r in rows[:i]))
    ]
    if mistake and not options:
        return None
    chosen = rng.choice(options) if mistake else -1
    at = 0
    for i, (name, by, sign, local, wrong) in enumerate(rows):
        upstream = d(name)
        if i == chosen and not mend:
            at = len(lines) + 1
            local = wrong.get(mistake, local)
            if mistake == "overwrite":
                sign = "="
            if mistake == "upstream":
                upstream = ""
            if mistake == "local":
                local = "1"
        if upstream == d("f"):
            upstream = "df" if i % 2 and not leibniz else ""
        factors = [f for f in ([upstream, local] if i % 2 else [local, upstream]) if f]
        if len(factors) > 1 and "1" in factors and i % 3:
            factors.remove("1")
        lines.append(f"{d(by)} {sign} {' * '.join(factors)}")
    return "\n".join(lines), at


def gradients(text: str, point: dict[str, float]) -> dict[str, float]:
    """The gradients that a claim's lines leave, run as Python: an opinion that owes nothing to the checker."""
    env: dict[str, float] = {**point, "df": 1.0}
    for line in text.split("\n")[2:]:
        code = re.sub(r"^\d+\) ", "", line).replace("df/d", "d").replace("^", "**")
        code = re.sub(r"1\{([^}]*)\}", r"(\1)", code)
        if "=" in code:
            name, sign, right = re.split(r" (\+?=) ", code)
            value = eval(
                right, {"σ": lambda v: 1 / (1 + math.exp(-v)), "tanh": math.tanh, "exp": math.exp, "max": max}, env
            )
            env[name] = value + (env.get(name, 0.0) if sign == "+=" and name != "df" else 0.0)
    return {name: value for name, value in env.items() if name[0] == "d" and name not in ("den", "df")}


def differ(one: str, other: str, inputs: list[str]) -> bool:
    """Whether two claims leave other gradients, at one of a few points at least."""
    rng = random.Random(1)
    for _ in range(8):
        point = {name: rng.uniform(-2, 2) for name in inputs}
        try:
            a, b = gradients(one, point), gradients(other, point)
        except OverflowError:
            continue
        if any(abs(a[n] - b[n]) > 1e-9 + 1e-5 * max(abs(a[n]), abs(b[n])) for n in a):
            return True
    return False


@pytest.mark.parametrize("seed", range(60))
def test_a_right_claim_passes(seed: int) -> None:
    rng = random.Random(seed)
    text, _ = write(build(rng), rng, leibniz=seed % 3 == 0) or ("", 0)
    verdict = cg.check(text)
    assert verdict.right, f"{text}\n\n{verdict}"


@pytest.mark.parametrize("mistake", [m for m in NAMES if m != "uphill"])
def test_one_mistake_is_found_and_named(mistake: str) -> None:
    tried = 0
    for seed in range(60):
        rng = random.Random(seed)
        written = write(build(rng), rng, mistake, leibniz=seed % 3 == 0)
        if written is None:
            continue
        text, line = written
        rng = random.Random(seed)
        made = build(rng)
        right, _ = write(made, rng, mistake, leibniz=seed % 3 == 0, mend=True) or ("", 0)
        if not differ(right, text, made.inputs):
            continue
        verdict = cg.check(text)
        tried += 1
        assert verdict.line == line, f"{text}\n\nline {line} is wrong\n{verdict}"
        assert verdict.mistake in NAMES[mistake], f"{text}\n\n{mistake}, not {verdict.mistake}\n{verdict}"
        assert sum(f.status == "wrong" for f in verdict.findings) == 1, f"{text}\n\n{verdict}"
    assert tried >= 12


@pytest.mark.parametrize("seed", range(20))
def test_a_step_uphill(seed: int) -> None:
    rng = random.Random(seed)
    text, _ = write(build(rng), rng) or ("", 0)
    name = rng.choice(build(random.Random(seed)).inputs)
    lines = len(text.split("\n"))
    right = f"{text}\nclaim:\n{name} ← {name} - α · d{name}"
    assert cg.check(right).right
    verdict = cg.check(right.replace("- α ·", "+ α ·"))
    assert (verdict.line, verdict.mistake) == (lines + 2, "uphill")
