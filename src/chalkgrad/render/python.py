"""A NumPy function that runs, forward and backward staged as in the pseudocode.

It computes what the interpreter computes: an op that NumPy has no function for brings the source of its own
evaluation along, and inputs are made NumPy values, so that 1/0 is infinite here too.
"""

from __future__ import annotations

import inspect
import keyword
import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from chalkgrad.errors import ValueNeeded
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Atom, Number, Program, Step, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.ops.local import Times
from chalkgrad.ops.notation import (
    CALL,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Bars,
    Exponential,
    Fraction,
    Indicator,
    Infix,
    Power,
    Prefix,
    Subscript,
    Sum,
)
from chalkgrad.render.evaluation_source import public, source_of
from chalkgrad.render.text import bracket, index_text
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.expression import Apply, Const, applied, leaf, written_out

# One contribution is one expression, gates of nested branches included.
LONGEST = 10_000

WORDS = {"^*": "_star", "'": "_prime", "′": "_prime", "\\hat ": "", "\\vec ": "", "\\bar ": "", "\\tilde ": ""}


def python(worked: Worked) -> str:
    """The source of a module with one function; it returns the value and a dict of gradients."""
    named = next((v for v in worked.program.variables() if any(not isinstance(n, int) for n in v.type.shape)), None)
    if named is not None:
        raise ValueNeeded(f"{worked.called[named]} has sizes without a number: give values, and then print Python")
    writer = _Writer(worked)
    body = writer.body()
    return "\n\n\n".join(["import numpy as np", *writer.helpers.values(), body]) + "\n"


def identifier(name: str, used: Collection[str]) -> str:
    """A Python name for a printed one: `s(y)` is `s_y`, `y^*` is `y_star`. Unique among `used`."""
    for sign, word in WORDS.items():
        name = name.replace(sign, word)
    # Python itself reads identifiers in this normal form, so ℓ and l would be one
    name = unicodedata.normalize("NFKC", re.sub(r"\W+", "_", name)).strip("_") or "v"
    name = re.sub(r"\W+", "_", name)
    if name[0].isdigit():
        name = f"v{name}"
    if keyword.iskeyword(name) or name in _reserved():
        name += "_"
    fresh, number = name, 1
    while fresh in used:
        number += 1
        fresh = f"{name}_{number}"
    return fresh


@lru_cache(maxsize=1)
def _reserved() -> frozenset[str]:
    """What the printed function uses itself: NumPy, `map`, and the helpers that it may bring along."""
    ours = [op for op in OPS.values() if inspect.isfunction(op.evaluate) and numpy_name(op) is None]
    helpers = {public(op.readable or op.evaluate, op.name) for op in ours}
    return frozenset({"np", "map", "slice", *helpers})


class _Printer:
    """Steps and formulas as Python, under these names; `helpers` collects what they need beside NumPy."""

    def __init__(self, names: dict[Var, str], helpers: dict[str, str]) -> None:
        self.names = names
        self.helpers = helpers

    def line(self, step: Step) -> str:
        """One step: `q = x + y`, or `w, v = …` of several results."""
        names = [self.names[v] if v is not None else "_" for v in step.outputs]
        return f"{', '.join(names)}{',' if len(names) == 1 and _several(step) else ''} = {self.step(step)}"

    def step(self, step: Step) -> str:
        expr = applied(step)
        if step.inputs and all(isinstance(a, Number) for a in step.inputs):
            # bare Python numbers would follow Python's rules: huge ints, errors at 1/0
            parts = tuple(_AsArray(a.value) for a in step.inputs if isinstance(a, Number))
            return self.shape(step.op, [self.printed(p) for p in parts], expr)[0]
        return self.printed(expr)[0]

    def option(self, value: Any) -> str:
        """A param; a Program becomes a function beside this one."""
        if not isinstance(value, Program):
            return _literal(value)
        name = identifier(value.name, self.helpers)
        self.helpers[name] = _source(value, name, self.helpers)
        return name

    def atom(self, atom: Atom) -> str:
        return _literal(atom.value) if isinstance(atom, Number) else self.names[atom]

    def printed(self, expr: Any) -> tuple[str, int]:
        if isinstance(expr, _AsArray):
            return f"np.float64({_literal(expr.value)})", CALL
        if isinstance(expr, Const):
            written = _literal(expr.value)
            return written, SIGN if written.startswith("-") else CALL
        if not isinstance(expr, Apply):
            return self.names[expr.var], CALL
        written = self.shape(expr.op, [self.printed(a) for a in expr.args], expr)
        return written if expr.place is None else (f"{bracket(written, CALL)}[{expr.place}]", CALL)

    def shape(self, op: Any, parts: list[tuple[str, int]], expr: Apply) -> tuple[str, int]:
        rule = _LAYOUTS.get(type(op.notation))
        return rule(op.notation, parts, expr) if rule else self.call(parts, expr)

    def call(self, parts: list[tuple[str, int]], expr: Apply) -> tuple[str, int]:
        op = expr.op
        if op.evaluate is None:
            raise ValueNeeded(f"{op.name} is abstract: fill it in before printing Python")
        function = numpy_name(op)
        # a shape has no default, and NumPy has had several names for it
        placed = [k for k, default in op.params.items() if default == () and function is not None]
        if function is None:
            shown = op.readable or op.evaluate
            self.helpers.update(source_of(shown, op.name))
            function = public(shown, op.name)
        hidden = {param for param, _ in op.conventions.values()}
        rest = [self.option(expr.params[k]) for k in placed]
        rest += [
            f"{k}={self.option(v)}"
            for k, v in expr.params.items()
            if k not in hidden and k not in placed and _differs(v, op.params.get(k))
        ]
        return f"{function}({', '.join([p[0] for p in parts] + rest)})", CALL


class _Writer(_Printer):
    def __init__(self, worked: Worked) -> None:
        super().__init__({}, {})
        self.worked = worked
        self.program: Program = worked.program
        used: set[str] = set()
        for var, name in worked.called.items():
            self.names[var] = identifier(name, used)
            used.add(self.names[var])
        self.gradients: dict[Any, str] = {}
        for var in (*worked.called, None):
            name = identifier(f"d{self.names[var] if var else self.program.name}", used)
            self.gradients[var] = name
            if var is not None or not isinstance(self.program.output, Var):
                used.add(name)
        for var, atom in worked.backprop.adjoint.items():
            if isinstance(atom, Var):
                self.names[atom] = self.gradients[var]
        out = self.program.output
        self.seed = self.gradients[out if isinstance(out, Var) else None]
        if worked.backprop.seed not in self.names:
            self.names[worked.backprop.seed] = self.seed
        self.stop = frozenset(self.names)
        self.made = {v: s for s in worked.backprop.gradient.steps for v in s.given}
        self.function = identifier(self.program.name, self.names.values()) if self._shadowed() else None

    def _shadowed(self) -> bool:
        """Whether an input bears the function's own name."""
        return identifier(self.program.name, ()) in {self.names[v] for v in self.program.inputs}

    def body(self) -> str:
        program, worked = self.program, self.worked
        inputs = [self.names[v] for v in program.inputs]
        name = self.function or identifier(program.name, ())
        upstream = 1.0 if worked.upstream is None else worked.upstream
        seed = f"{self.seed}={float(upstream)}" if np.ndim(upstream) == 0 else self.seed
        head = f"def {name}({', '.join([*inputs, seed])}):"
        doc = f'    """The value of {name}, and its gradient by input; {self.seed} is the upstream gradient."""'
        lines = [head, doc]
        reals = [self.names[v] for v in program.inputs if v.type.dtype == "float64"]
        if reals:
            made = f"np.float64({reals[0]})" if len(reals) == 1 else f"map(np.float64, ({', '.join(reals)}))"
            lines.append(f"    {', '.join(reals)} = {made}")
        lines.append("    # forward")
        tags = {step: tag for tag, step in enumerate(program.steps, 1)}
        for step, tag in tags.items():
            lines.append(f"    {self.line(step)}  # ({tag})")
        lines.append("    # backward")
        met: set[Var] = set()
        out = program.output
        output = self.names[out] if isinstance(out, Var) else _literal(out.value)
        for c in worked.backprop.contributions:
            joined = c.target in met or c.target is out
            met.add(c.target)
            sign = "+=" if joined and not c.target.type.shape else "="
            value = self.contribution(c)
            if joined and c.target.type.shape:
                value = f"{self.gradients[c.target]} + {value}"  # += would write into an array that others hold
            lines.append(f"    {self.gradients[c.target]} {sign} {value}  # ({tags[c.step]})")
        pairs: list[str] = []
        for var in worked.backprop.wrt:
            given = self.gradients[var] if var in met or var is out else self._zero(var)
            pairs.append(f"{worked.called[var]!r}: {given}")
        lines.append(f"    return {output}, {{{', '.join(pairs)}}}")
        return "\n".join(lines)

    def _zero(self, var: Var) -> str:
        return f"np.zeros({tuple(var.type.shape)})" if var.type.shape else "0.0"

    def contribution(self, c: Contribution) -> str:
        if isinstance(c.local, Times) and c.local.one and c.value is c.upstream:
            return f"{self.atom(c.upstream)} * 1"  # a copy: two gradients must not share one array
        expr = written_out(c.value, self.made, self.stop, LONGEST)
        return self.printed(leaf(c.value) if expr is None else expr)[0]


def _several(step: Step) -> bool:
    op: Any = step.op
    return op.several


def _source(program: Program, name: str, helpers: dict[str, str]) -> str:
    """A Program of no one's own, as the body of a loop, as a function that gives a tuple."""
    used: set[str] = set()
    called: dict[Var, str] = {}
    for var, hint in names(program).items():
        called[var] = identifier(hint, used)
        used.add(called[var])
    printer = _Printer(called, helpers)
    lines = [f"def {name}({', '.join(called[v] for v in program.inputs)}):"]
    lines += [f"    {printer.line(step)}" for step in program.steps]
    outputs = [printer.atom(a) for a in program.outputs]
    lines.append(f"    return ({', '.join(outputs)}{',' if len(outputs) == 1 else ''})")
    return "\n".join(lines)


class _AsArray:
    """A constant that must be a NumPy number."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _differs(value: Any, default: Any) -> bool:
    return value is not default and not (type(value) is type(default) and value == default)


def numpy_name(op: Any) -> str | None:
    """`np.tanh`, where NumPy itself evaluates the op."""
    for function in (op.evaluate, *op.numpy):
        name = getattr(function, "__name__", "")
        if getattr(np, name, None) is function:
            return f"np.{name}"
        if getattr(np.linalg, name, None) is function:
            return f"np.linalg.{name}"
    return None


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if not value.size:  # a list would forget its shape
            return f"np.zeros({value.shape}, {value.dtype.name!r})"
        return f"np.array({value.tolist()})" if value.ndim else _literal(value[()])
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or value is None or isinstance(value, (str, list)):
        return repr(value)
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_literal, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, slice):
        return f"slice({value.start}, {value.stop}, {value.step})"
    if isinstance(value, float):
        if math.isnan(value):
            return "np.nan"
        if math.isinf(value):
            return "np.inf" if value > 0 else "-np.inf"
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


Parts = list[tuple[str, int]]


def _infix(layout: Infix, parts: Parts, expr: Apply) -> tuple[str, int]:
    level = layout.precedence
    # floating sums and products are not associative: the brackets stay
    return f"{bracket(parts[0], level)} {layout.python} {bracket(parts[1], level + 1)}", level


def _prefix(layout: Prefix, parts: Parts, expr: Apply) -> tuple[str, int]:
    return f"{layout.python}{bracket(parts[0], SIGN + 1)}", SIGN


def _power(layout: Power, parts: Parts, expr: Apply) -> tuple[str, int]:
    exponent = (str(layout.exponent), CALL) if layout.exponent is not None else parts[1]
    return f"{bracket(parts[0], CALL)} ** {bracket(exponent, CALL)}", POWER


def _index(layout: Subscript, parts: Parts, expr: Apply) -> tuple[str, int]:
    index = expr.params["index"]
    inner = ", ".join(map(index_text, index if isinstance(index, tuple) else (index,)))
    return f"{bracket(parts[0], CALL)}[{inner or '()'}]", CALL


def _joined(parts: Parts) -> tuple[str, int]:
    return parts[0] if len(parts) == 1 else (" + ".join(bracket(p, SUM) for p in parts), SUM)


_LAYOUTS: Mapping[type, Any] = {
    Infix: _infix,
    Prefix: _prefix,
    Power: _power,
    Fraction: lambda layout, parts, expr: (f"{bracket(parts[0], PRODUCT)} / {bracket(parts[1], SIGN)}", PRODUCT),
    Exponential: lambda layout, parts, expr: (f"np.exp({parts[0][0]})", CALL),
    Bars: lambda layout, parts, expr: (f"np.abs({parts[0][0]})", CALL),
    Indicator: lambda layout, parts, expr: (f"1.0 * {bracket(parts[0], CALL)}", PRODUCT),
    Sum: lambda layout, parts, expr: _joined(parts),
    Subscript: _index,
}

__all__ = ["identifier", "numpy_name", "python", "source_of"]
