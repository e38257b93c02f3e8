"""The libraries, each with what it can do of: build, differentiate, evaluate, print.

A contestant imports its library, then gives for a function and a point the stages in order; a stage is a name and an
action, and `evaluate` answers with the gradient.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

Function = Callable[[Any, Any], Any]
Stages = Iterator[tuple[str, Callable[[], Any]]]
Contestant = Callable[[Function, tuple[float, float]], Stages]


def chalkgrad() -> Contestant:
    """Trace, backprop, interpreter, pseudocode."""
    import chalkgrad as cg

    def stages(f: Function, point: tuple[float, float]) -> Stages:
        kept: list[Any] = []
        yield "build", lambda: kept.append(cg.trace(f, *point))
        program = kept[0]
        yield "differentiate", lambda: cg.backprop(program)
        ready = cg.value_and_grad(f, wrt=(0, 1))
        yield "first", lambda: ready(*point)
        yield "evaluate", lambda: ready(*point)[1]
        worked = cg.work(program, *point)
        yield "print", lambda: cg.code(worked)

    return stages


def micrograd() -> Contestant:
    """Build with the value, then backward."""
    from micrograd.engine import Value

    def stages(f: Function, point: tuple[float, float]) -> Stages:
        kept: list[Any] = []

        def again() -> tuple[float, float]:
            x, y = map(Value, point)
            f(x, y).backward()
            return x.grad, y.grad

        yield "build", lambda: kept.append(f(*map(Value, point)))
        yield "differentiate", lambda: kept[0].backward()
        yield "first", again
        yield "evaluate", again

    return stages


def autograd() -> Contestant:
    """One call does it all."""
    from autograd import grad

    def stages(f: Function, point: tuple[float, float]) -> Stages:
        both = grad(f, argnum=(0, 1))
        yield "first", lambda: both(*point)
        yield "evaluate", lambda: both(*point)

    return stages


def sympy() -> Contestant:
    """An expression, and its two derivatives; its numbers by substitution."""
    import sympy as sp

    def stages(f: Function, point: tuple[float, float]) -> Stages:
        x, y = symbols = sp.symbols("x y")
        kept: list[Any] = []
        yield "build", lambda: kept.append(f(x, y))
        yield "differentiate", lambda: kept.extend(sp.diff(kept[0], s) for s in symbols)
        yield "evaluate", lambda: [d.subs(dict(zip(symbols, point, strict=True))) for d in kept[1:]]

    return stages


def raised(contestant: Callable[[], Contestant]) -> Callable[[], Contestant]:
    """The same with Python's recursion limit out of the way."""

    def with_limit() -> Contestant:
        made = contestant()
        sys.setrecursionlimit(10**7)
        return made

    return with_limit


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "chalkgrad": chalkgrad,
    "micrograd": micrograd,
    "micrograd, raised": raised(micrograd),
    "autograd": autograd,
    "sympy": sympy,
}
