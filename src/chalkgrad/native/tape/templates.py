"""What a step becomes on a tape: its kernel, written out entry by entry, each operation of scalars on a line.

A template is made once for an op and types of its inputs, and serves all such steps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.native.tape.machine import instructions
from chalkgrad.native.tape.numbers import (
    LONGEST,
    At,
    Known,
    NoTape,
    Scalar,
    common,
    computed,
    flat,
    number,
    places,
    shape,
)
from chalkgrad.native.tape.scalars import COMPARISONS, EXACT, TESTS
from chalkgrad.ops.kernel import (
    Axis,
    Cast,
    Expr,
    Fn,
    Input,
    Lit,
    Nest,
    Place,
    Read,
    Running,
    Scatter,
    Table,
    View,
    inside_out,
)

_SAME_WIDTH = frozenset(("floor", "ceil", "trunc", "rint"))  # of whole numbers they are these
_OF_WHOLE: Mapping[str, bool] = {"isnan": False, "isinf": False, "isfinite": True, "signbit": False}
_OF_TRUTHS = {
    "add": "logical_or",
    "maximum": "logical_or",
    "fmax": "logical_or",
    "multiply": "logical_and",
    "minimum": "logical_and",
    "fmin": "logical_and",
}
_COMBINED = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}
_OF_NONE = {"sum": 0, "prod": 1, "any": False, "all": True}


Line = tuple[int, tuple[int, ...]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Lines of (instruction, operands). What they work on is numbered: the entries of all inputs, then the constants,
    then what each line gives. `results` are the entries of the outputs."""

    constants: tuple[tuple[Any, str], ...]
    lines: tuple[Line, ...]
    results: tuple[tuple[int, ...], ...]


def template(op: Any, types: tuple[ArrayType, ...], params: Mapping[str, Any]) -> Template:
    """The template of a step.

    Raises NoTape where it has none.
    """
    try:
        kernels = op.lower(types, params)
    except (ProgramError, ShapeError) as error:
        raise NoTape(str(error)) from None
    if kernels is None:
        raise NoTape(f"{op.name} has no kernel")
    return _Writer(types).template(kernels)


@final
class _Writer:
    def __init__(self, types: tuple[ArrayType, ...]) -> None:
        sizes: list[int] = []
        for type in types:
            if not all(isinstance(n, int) for n in type.shape):
                raise NoTape("a size has only a name")
            sizes.append(math.prod([int(str(n)) for n in type.shape]))
        self._starts = list(itertools.accumulate(sizes, initial=0))
        self._constants: dict[Any, int] = {}
        self._lines: list[tuple[int, tuple[Scalar, ...]]] = []
        self._entries: dict[Any, list[Scalar]] = {}
        self._done: dict[tuple[Any, ...], At] = {}

    def template(self, kernels: tuple[Any, ...]) -> Template:
        """The whole, without the lines that nothing rests on."""
        found = [[self._fit(e, k.dtype) for e in self.entries(k)] for k in kernels]
        live: set[int] = {e.place for entries in found for e in entries if isinstance(e, At)}
        kept: list[int] = []
        inputs = self._starts[-1]
        for k in reversed(range(len(self._lines))):
            if inputs + k in live:
                kept.append(k)
                live.update([a.place for a in self._lines[k][1] if isinstance(a, At)])
        kept.reverse()
        numbers: dict[tuple[str, str], int] = {}
        constants: list[tuple[Any, str]] = []
        for scalar in [s for k in kept for s in self._lines[k][1]] + [e for es in found for e in es]:
            if isinstance(scalar, Known) and scalar.value is None:
                raise NoTape("an entry beyond its array")
            if isinstance(scalar, Known) and (key := (repr(scalar.value), scalar.dtype)) not in numbers:
                numbers[key] = inputs + len(constants)
                constants.append((scalar.value, scalar.dtype))
        moved = {inputs + k: inputs + len(constants) + at for at, k in enumerate(kept)}

        def place(scalar: Scalar) -> int:
            if isinstance(scalar, Known):
                return numbers[repr(scalar.value), scalar.dtype]
            return moved.get(scalar.place, scalar.place)

        lines = tuple([(self._lines[k][0], tuple([place(s) for s in self._lines[k][1]])) for k in kept])
        return Template(tuple(constants), lines, tuple([tuple([place(e) for e in es]) for es in found]))

    def entries(self, source: Any) -> list[Scalar]:
        """All entries of a source, by rows."""
        if isinstance(source, Input):
            start = self._starts[source.place]
            return [At(k, source.dtype) for k in range(start, self._starts[source.place + 1])]
        if isinstance(source, Table):
            return [Known(v, source.dtype) for v in source.values.ravel().tolist()]
        if source not in self._entries:
            self._entries[source] = self._made(source)
        return self._entries[source]

    def _made(self, source: Any) -> list[Scalar]:
        if isinstance(source, View):
            return self.entries(source.source)
        if isinstance(source, Nest):
            return [self._nested(source, at) for at in places(source.axes)]
        if isinstance(source, Running):
            return self._running(source)
        if isinstance(source, Scatter):
            return self._scattered(source)
        raise NoTape("a routine or a loop")

    def _nested(self, nest: Nest, at: dict[Axis, int]) -> Scalar:
        if nest.combine is None:
            return self._fit(_Entry(self, at).value(nest.body), nest.dtype)
        bodies = [_Entry(self, {**at, **inner}).value(nest.body) for inner in places(nest.over)]
        if nest.combine in ("argmax", "argmin"):
            return self._best(bodies, "greater" if nest.combine == "argmax" else "less")
        if not bodies:
            if nest.combine not in _OF_NONE:
                raise NoTape("nothing to combine")
            return number(_OF_NONE[nest.combine], nest.dtype)
        kind = "bool" if nest.combine in ("any", "all") else nest.dtype
        total = self._fit(bodies[0], kind)
        for body in bodies[1:]:
            total = self.function(_COMBINED[nest.combine], kind, [total, self._fit(body, kind)])
        return total

    def _best(self, bodies: list[Scalar], better: str) -> Scalar:
        best, where = bodies[0], Known(0, "int64")
        place: Scalar = where
        for k, body in enumerate(bodies[1:], 1):
            dtype = promote(best.dtype, body.dtype)
            beats = self.function(better, "bool", [body, best], of=dtype)
            if dtype.startswith("float"):
                other = self.function("logical_not", "bool", [self.function("isnan", "bool", [best], of=dtype)])
                none = self.function("isnan", "bool", [body], of=dtype)
                beats = self.function(
                    "logical_or", "bool", [beats, self.function("logical_and", "bool", [none, other])]
                )
            best = self.function("where", dtype, [beats, self._fit(body, dtype), self._fit(best, dtype)])
            place = self.function("where", "int64", [beats, Known(k, "int64"), place])
        return place

    def _running(self, source: Running) -> list[Scalar]:
        found: list[Scalar] = []
        sizes = [int(str(a.extent)) for a in source.axes]
        strides = [math.prod(sizes[k + 1 :]) for k in range(len(sizes))]
        along = source.axes.index(source.along)
        for at in places(source.axes):
            body = self._fit(_Entry(self, at).value(source.body), source.dtype)
            if at[source.along]:
                body = self.function(
                    _COMBINED[source.combine], source.dtype, [found[len(found) - strides[along]], body]
                )
            found.append(body)
        return found

    def _scattered(self, source: Scatter) -> list[Scalar]:
        sizes = [int(str(n)) for n in source.shape]
        size, start = math.prod(sizes), source.start
        if isinstance(start, Lit):
            found: list[Scalar] = [self._fit(Known(start.value, start.dtype), source.dtype)] * size
        elif start is None:
            found = [Known(0, source.dtype)] * size
        else:
            found = [self._fit(e, source.dtype) for e in self.entries(start)]
        for write in source.writes:
            for at in places(write.axes):
                entry = _Entry(self, at)
                place = flat([entry.known(t) for t in write.target], sizes)
                body = self._fit(entry.value(write.body), source.dtype)
                found[place] = self.function("add", source.dtype, [found[place], body]) if write.add else body
        return found

    def function(self, name: str, dtype: str, args: list[Scalar], of: str = "") -> Scalar:
        """A primitive of numbers that are of `dtype`, or of `of` where it is a test of such."""
        of = of or dtype
        beyond = [isinstance(a, Known) and a.value is None for a in args]
        if any(beyond) and (name != "where" or beyond[0] or not isinstance(args[0], Known)):
            return Known(None, dtype)
        if all([isinstance(a, Known) for a in args]):
            return computed(name, dtype, of, [a.value for a in args if isinstance(a, Known)])
        if name == "where":
            if isinstance(args[0], Known):
                return args[1] if args[0].value else args[2]
            return self._line("where", dtype, [args[0], *[self._fit(a, dtype) for a in args[1:]]], dtype)
        if of in ("bool", "int64") and (name in _SAME_WIDTH or (of == "bool" and name == "absolute")):
            return args[0]
        if of in ("bool", "int64") and name in _OF_WHOLE and (of == "bool" or name != "signbit"):
            return Known(_OF_WHOLE[name], "bool")
        if of == "bool":
            if name in _OF_TRUTHS:
                name = _OF_TRUTHS[name]
            elif name in COMPARISONS:
                of = "int64"  # truths are kept as 0 and 1
        if name == "multiply" and of.startswith("float"):
            for one, other in (args, args[::-1]):
                if isinstance(one, Known) and one.value == 1:
                    return self._fit(other, of)
        return self._line(name, of, [self._fit(a, of) for a in args], dtype)

    def _line(self, name: str, of: str, args: list[Scalar], dtype: str) -> At:
        kind = "float64" if of == "float32" and name in EXACT else of
        if name == "where":
            kind = {"float32": "float64", "bool": "int64"}.get(of, of)
        instruction = instructions().get((name, kind, -1))
        if instruction is None:
            raise NoTape(f"no instruction for {name} of {of}")
        key = (instruction, *[a.place if isinstance(a, At) else (repr(a.value), a.dtype) for a in args])
        if key not in self._done:
            if len(self._lines) == LONGEST:
                raise NoTape("too long")
            self._done[key] = At(self._starts[-1] + len(self._lines), dtype)
            self._lines.append((instruction, tuple(args)))
        found = self._done[key]
        return found if found.dtype == dtype else At(found.place, dtype)

    def _fit(self, scalar: Scalar, dtype: str) -> Scalar:
        """The number in another dtype."""
        have = scalar.dtype
        if have == dtype:
            return scalar
        if isinstance(scalar, Known):
            return number(scalar.value, dtype)
        if (have, dtype) in (("float32", "float64"), ("bool", "int64")):
            return At(scalar.place, dtype)  # a slot has the same bits for both
        if have == "bool":
            have = "int64"
        return self._line(f"to_{dtype}", "float64" if have == "float32" else have, [scalar], dtype)


@final
class _Entry:
    """Expressions at one place of the counters."""

    def __init__(self, writer: _Writer, at: Mapping[Axis, int]) -> None:
        self._writer = writer
        self._at = at
        self._made: dict[tuple[Expr, str], Scalar] = {}

    def known(self, e: Expr) -> int:
        """A place, which has to be known."""
        found = self.value(e)
        if not isinstance(found, Known):
            raise NoTape("a place that is computed")
        if found.value is None:
            raise NoTape("an entry beyond its array")
        return int(found.value)

    def value(self, e: Expr) -> Scalar:
        """The expression in its own dtype. With no deep recursion: a sum may have many terms."""
        for part in inside_out(e) if (e, e.dtype) not in self._made else ():
            if (part, part.dtype) not in self._made:
                self._made[part, part.dtype] = self._of(part, part.dtype)
        return self._made[e, e.dtype]

    def _fitted(self, e: Expr, dtype: str) -> Scalar:
        """The expression as an operand of an operation on numbers of this dtype; bare numbers take it on."""
        if isinstance(e, Lit):
            return self._writer._fit(Known(e.value, e.dtype), dtype)
        if isinstance(e, Fn) and e.weak and e.dtype != dtype and e.name != "place" and dtype.startswith("float"):
            if (e, dtype) not in self._made:
                self._made[e, dtype] = self._of(e, dtype)
            return self._made[e, dtype]
        return self._writer._fit(self.value(e), dtype)

    def _of(self, e: Expr, dtype: str) -> Scalar:
        writer = self._writer
        if isinstance(e, Lit):
            return number(e.value, dtype)
        if isinstance(e, Place):
            return Known(self._at[e.axis], "int64")
        if isinstance(e, Cast):
            if isinstance(e.arg, Fn) and e.arg.name == "where" and dtype != "bool":
                c, a, b = e.arg.args
                return self._function(Fn("where", (c, Cast(a, dtype), Cast(b, dtype)), dtype), dtype)
            return self._fitted(e.arg, dtype)
        if isinstance(e, Read):
            index, sizes = [self.known(i) for i in e.index], shape(e.source)
            if not all([0 <= i < n for i, n in zip(index, sizes, strict=True)]):
                return Known(None, e.dtype)
            return writer.entries(e.source)[flat(index, sizes)]
        assert isinstance(e, Fn)
        return self._function(e, dtype)

    def _function(self, e: Fn, dtype: str) -> Scalar:
        name, writer = e.name, self._writer
        if name == "where":
            c, a, b = e.args
            condition = self._fitted(c, "bool")
            if isinstance(condition, Known):
                return self._fitted(a if condition.value else b, dtype)
            return writer.function("where", dtype, [condition, self._fitted(a, dtype), self._fitted(b, dtype)])
        if name == "place":
            p, n = self.known(e.args[0]), self.known(e.args[1])
            if not -n <= p < n:
                raise NoTape("a place beyond its axis")
            return Known(p % n, "int64")
        if name in ("logical_and", "logical_or", "logical_not"):
            return writer.function(name, "bool", [self._fitted(a, "bool") for a in e.args])
        if name in TESTS:
            x = self.value(e.args[0])
            return writer.function(name, "bool", [x], of=x.dtype)
        if name in COMPARISONS:
            of = common(e.args)
            return writer.function(name, "bool", [self._fitted(a, of) for a in e.args], of=of)
        return writer.function(name, dtype, [self._fitted(a, dtype) for a in e.args])


__all__ = ["NoTape", "Template", "template"]
