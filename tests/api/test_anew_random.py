"""Random functions that are made anew at every call, with other values each time, beside functions made once.

Each seed writes the text of a function that makes functions. What they hold, in closures one or two deep or as
defaults, changes from round to round; the same text, compiled anew, makes the one that the interpreter answers.
"""

# Functions made in a loop, of what changes there, are what is tested; each is called in the turn that makes it.
# ruff: noqa: B023

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.api import anew

Draw = np.random.Generator
SEEDS, ROUNDS = 200, 5


class Model:
    """Attributes that change."""

    def __init__(self, rate: float, w: Any) -> None:
        self.rate, self.w = rate, w

    def scaled(self, q: Any) -> Any:
        return q * self.w * self.rate


def array(rng: Draw, *shape: int) -> Any:
    return rng.normal(size=shape or (4,))


# A name, how its value is drawn, and what is made of it and of q, four numbers.
HELD: dict[str, tuple[Callable[[Draw], Any], tuple[str, ...]]] = {
    "w": (
        array,
        (
            "np.sum(q * w)",
            "np.sum(np.sin(q) * w) * w.shape[0]",
            "np.max(q * w)",
            "float(w[0]) * np.sum(q)",
            "(np.sum(q * q) if w.sum() > 0 else np.sum(q))",
            "np.sum(q[np.argsort(w)] * np.arange(4.0))",
            "np.sum(q[w > 0])",
            "np.sum(np.where(w > 0, q, q * q))",
            "(np.sum(q) if isinstance(w, np.ndarray) else 0.0)",
            "sum([q[k] * w[k] for k in range(len(w))])",
        ),
    ),
    "m": (lambda r: array(r, 3, 4), ("np.sum((m @ q) ** 2)", "np.sum(np.tanh(m.T[:, 0] * q))", "np.sum(m[1:] * q)")),
    "strewn": (lambda r: array(r, 8)[::2], ("np.sum(q * strewn)",)),
    "ids": (lambda r: r.integers(0, 4, 3), ("np.sum(q[ids] ** 2)", "q[ids[0]] * 2.0", "np.sum(q) * ids[1]")),
    "mask": (lambda r: r.random(4) > 0.5, ("np.sum(np.where(mask, q, 2 * q))", "np.sum(q[mask])")),
    "narrow": (lambda r: array(r).astype(np.float32), ("np.sum(q * narrow)", "np.sum(np.exp(narrow) * q)")),
    "zero": (lambda r: np.array(r.normal()), ("np.sum(q) * zero", "np.sum(q + zero)")),
    "n": (lambda r: int(r.integers(1, 4)), ("np.sum(q ** n)", "sum(q[k] * k for k in range(n))", "np.sum(q[:n])")),
    "t": (
        lambda r: float(r.normal()),
        ("np.sum(np.sin(q * t))", "(np.sum(q) if t > 0 else np.sum(q * q))", "np.sum(q) ** 2 * t"),
    ),
    "s": (lambda r: r.normal(), ("np.sum(q * s)", "np.sum(np.cos(q) + s)")),
    "s64": (lambda r: np.float64(r.normal()), ("np.sum(q * s64)", "np.sum(q) * s64.item()")),
    "s32": (lambda r: np.float32(r.normal()), ("np.sum(q * s32)",)),
    "mode": (lambda r: str(r.choice(["sin", "cos"])), ("np.sum(np.sin(q) if mode == 'sin' else np.cos(q))",)),
    "flag": (lambda r: [None, 2.0, True, 1][r.integers(4)], ("(np.sum(q) if flag is None else np.sum(q * flag))",)),
    "sign": (lambda r: [0.0, -0.0][r.integers(2)], ("np.sum(q) * np.copysign(1.0, sign)",)),
    "part": (lambda r: slice(int(r.integers(0, 2)), 4), ("np.sum(q[part])",)),
    "pair": (lambda r: (array(r), array(r)), ("np.sum(q * pair[0] + pair[1])",)),
    "shape": (lambda r: [(2, 2), (4, 1)][r.integers(2)], ("np.sum(np.reshape(q, shape)[0])",)),
    "rows": (lambda r: [float(r.normal()), 1.0], ("np.sum(q) * rows[0]", "np.sum(q) * len(rows)")),
    "of": (lambda r: {"w": array(r), "rate": r.normal()}, ("np.sum(q * of['w']) * of['rate']",)),
    "model": (lambda r: Model(r.normal(), array(r)), ("np.sum(model.scaled(q))", "np.sum(q) * model.rate")),
    "call": (lambda r: [np.sin, np.cos][r.integers(2)], ("np.sum(call(q))",)),
    "wrong": (lambda r: array(r, int(r.integers(4, 6))), ("np.sum(q * wrong)",)),
    "written": (array, ("(written.fill(1.0), np.sum(q * written))[1]",)),
}
GLOBAL: dict[str, tuple[Callable[[Draw], Any], tuple[str, ...]]] = {
    "G": (array, ("np.sum(q * G)",)),
    "RATE": (lambda r: r.normal(), ("np.sum(q) * RATE",)),
    "LIST": (lambda r: [r.normal()], ("np.sum(q) * LIST[0]",)),
}
WAYS: dict[str, Callable[[Any, Any], Any]] = {
    "grad": lambda f, x: cg.grad(f)(x),
    "value_and_grad": lambda f, x: cg.value_and_grad(f, wrt="q")(q=x),
    "jvp": lambda f, x: cg.jvp(f, (x,), (np.ones(4),)),
    "vjp": lambda f, x: (lambda made: (made[0], made[1](2.0)))(cg.vjp(f, x)),
    "hessian": lambda f, x: cg.hessian(f)(x),
    "of a gradient": lambda f, x: cg.jvp(cg.grad(f), (x,), (x,)),
    "vmap": lambda f, x: cg.vmap(f)(np.stack([x, x + 1])),
    "jacobian": lambda f, x: cg.jacobian(cg.grad(f))(x),
}


def text(rng: Draw) -> tuple[str, list[str]]:
    """A maker of functions of q, and the names of what it holds."""
    names = [str(n) for n in rng.choice([*HELD], 3, replace=False)]
    if rng.random() < 0.9:  # an error is an end: not in most of them
        names = [n for n in names if n not in ("wrong", "written")] or ["w"]
    terms = [str(rng.choice(HELD[n][1])) for n in names]
    if rng.random() < 0.3:
        terms.append(str(rng.choice(GLOBAL[str(rng.choice([*GLOBAL]))][1])))
    total = " + ".join(terms)
    given = ", ".join(names)
    how = rng.integers(6)
    if how == 0:
        body = f"    return lambda q: {total}\n"
    elif how == 1:
        body = f"    return lambda q, {', '.join([f'{n}={n}' for n in names])}: {total}\n"
    elif how == 2:
        body = f"    def f(q, *, {', '.join([f'{n}={n}' for n in names])}):\n        return {total}\n    return f\n"
    elif how == 3:
        body = f"    def inner(q):\n        return {terms[0]}\n"
        body += f"    return lambda q: inner(q) + {' + '.join(terms[1:]) or '0.0'}\n"
    elif how == 4:
        body = f"    def f({given}, q):\n        return {total}\n    g = functools.partial(f, {names[0]})\n"
        body += f"    return functools.partial(g, {', '.join(names[1:])})\n" if names[1:] else "    return g\n"
    else:
        body = f"    inner = lambda q: {terms[0]}\n    outer = lambda q: inner(q) * 2.0\n"
        body += (
            f"    def f(q):\n        z = outer(q)\n        return z + {' + '.join(terms[1:]) or '0.0'}\n    return f\n"
        )
    return f"def make({given}):\n{body}", names


def made(source: str, space: dict[str, Any]) -> Any:
    exec(compile(source, "<anew>", "exec"), space)
    return space["make"]


def outcome(way: Callable[..., Any], make: Any, given: list[Any], x: Any) -> Any:
    try:
        return way(make(*given), x)
    except Exception as error:
        return type(error).__name__


def same(found: Any, wanted: Any, near: float) -> None:
    """`near`: of float32 numbers a function may be another in the last places."""
    if isinstance(wanted, (str, tuple)):
        assert type(found) is type(wanted), (found, wanted)
        if isinstance(wanted, str):
            assert found == wanted
            return
        for a, b in zip(found, wanted, strict=True):
            same(a, b, near)
        return
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    np.testing.assert_allclose(found, wanted, rtol=near, atol=near)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_as_functions_made_once(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(seed)
    source, names = text(rng)
    way = WAYS[str(rng.choice([*WAYS]))]
    space: dict[str, Any] = {"np": np, "functools": functools, "__name__": "anew"}
    space |= {name: draw(rng) for name, (draw, _) in GLOBAL.items()}
    make = made(source, space)
    held = {n: HELD[n][0](rng) for n in names}
    for _ in range(ROUNDS):
        for n in names:
            if rng.random() < 0.7:
                held[n] = HELD[n][0](rng)
            elif isinstance(held[n], list):
                held[n][0] = rng.normal()
            elif isinstance(held[n], dict):
                held[n]["w"][0] = rng.normal()
            elif isinstance(held[n], Model):
                held[n].rate = rng.normal()
            elif n in ("w", "m", "narrow", "ids"):
                held[n][:] = HELD[n][0](rng)
        space["G"][0], space["RATE"], space["LIST"][0] = rng.normal(), rng.normal(), rng.normal()
        if len(names) > 1 and rng.random() < 0.2 and {"w", "written"}.issuperset(names[:2]):
            held[names[1]] = held[names[0]]
        x = array(rng)
        given = [held[n].copy() if n == "written" else held[n] for n in names]
        found = outcome(way, make, given, x)
        given = [held[n].copy() if n == "written" else held[n] for n in names]
        with monkeypatch.context() as patch:
            patch.setenv("CHALKGRAD_NATIVE", "off")
            once = {k: v for k, v in space.items() if k != "make"}
            wanted = outcome(way, made(source, once), given, x)
        try:
            same(found, wanted, 1e-5 if {"narrow", "s32"} & {*names} else 1e-10)
        except AssertionError as error:
            raise AssertionError(f"{source}\n{held}\n{error}") from None


def test_most_of_them_are_shared() -> None:
    anew._SHARED.clear()
    rng = np.random.default_rng(1)
    for _ in range(4):
        w, m, x = array(rng), array(rng, 3, 4), array(rng)
        cg.grad(lambda q, w=w: np.sum(q * w))(x)
        cg.grad(lambda q: np.sum(m @ q))(x)
    assert sum([s is not None and s.answered for s in anew._SHARED.values()]) == 2


def test_in_many_threads() -> None:
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for k in range(40):
            w, x, t = array(rng), array(rng), float(k)
            found = cg.grad(lambda q: np.sum(q * w) * t)(x)
            pushed = cg.jvp(lambda q: np.sin(q) * w, (x,), (w,))[1]
            if not (np.allclose(found, w * t) and np.allclose(pushed, np.cos(x) * w * w)):
                wrong.append((seed, k, found, w * t))

    threads = [threading.Thread(target=work, args=(s,)) for s in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
