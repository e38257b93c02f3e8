"""Scalar expressions of the index language, in C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from chalkgrad.ir.types import promote
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Lit, Place, Read, inside_out, parts
from chalkgrad.render.c_helpers import called
from chalkgrad.render.c_names import CTYPES, literal

PRIMARY, UNARY, TIMES, PLUS, COMPARED, EQUATED, AND, OR, CHOICE = range(9, 0, -1)
Text = tuple[str, int]

_BINARY = {
    "add": ("+", PLUS),
    "subtract": ("-", PLUS),
    "multiply": ("*", TIMES),
    "divide": ("/", TIMES),
    "less": ("<", COMPARED),
    "less_equal": ("<=", COMPARED),
    "greater": (">", COMPARED),
    "greater_equal": (">=", COMPARED),
    "equal": ("==", EQUATED),
    "not_equal": ("!=", EQUATED),
}
_MATHS = {
    "absolute": "fabs",
    "power": "pow",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
}
_HELPERS = frozenset(("maximum", "minimum", "remainder", "floor_divide"))
_OF_WHOLE = {
    "remainder": "whole_remainder",
    "floor_divide": "whole_floor_divide",
    "fmod": "whole_fmod",
    "power": "whole_power",
    "maximum": "whole_maximum",
    "minimum": "whole_minimum",
    "fmax": "whole_maximum",
    "fmin": "whole_minimum",
}
_TESTS = {"isnan": "false", "isinf": "false", "isfinite": "true"}
FAILING = frozenset(("place", "whole_power"))


@final
class Printer:
    """Expressions under the names of their counters; `read` gives the text of what is read, at a place.

    `helpers` collects what they need beside the standard library, and `failing` turns true where one may fail.
    """

    def __init__(self, read: Callable[[Any, tuple[Expr, ...], Printer], Text]) -> None:
        self._read = read
        self.places: dict[Axis, str] = {}
        self.locals: dict[Expr, str] = {}
        self.helpers: set[tuple[str, str]] = set()
        self.failing = False

    def line(self, e: Expr, dtype: str) -> str:
        """The expression as a number of this dtype."""
        return self.fitted(e, dtype)[0]

    def place(self, e: Expr) -> Text:
        """A place in an array."""
        return self.text(e)

    def text(self, e: Expr) -> Text:
        """The expression, and how tightly it binds."""
        if e in self.locals:
            return self.locals[e], PRIMARY
        if isinstance(e, Lit):
            return _signed(literal(e.value, e.dtype))
        if isinstance(e, Place):
            return self.places[e.axis], PRIMARY
        if isinstance(e, Read):
            return self._read(e.source, e.index, self)
        if isinstance(e, Cast):
            return self._cast(e)
        assert isinstance(e, Fn)
        return self._function(e)

    def fitted(self, e: Expr, dtype: str) -> Text:
        """The expression as an operand of an operation on numbers of this dtype."""
        if e in self.locals:
            return self.locals[e], PRIMARY
        if isinstance(e, Lit):
            return _signed(literal(e.value, dtype))
        if isinstance(e, Fn) and e.weak and e.dtype != dtype and e.name not in ("place",) and dtype.startswith("float"):
            return self._function(Fn(e.name, e.args, dtype))
        if e.dtype == dtype:
            return self.text(e)
        if dtype == "bool":
            return f"{bracket(self.text(e), EQUATED + 1)} != 0", EQUATED
        return f"({CTYPES[dtype]}){bracket(self.text(e), UNARY)}", UNARY

    def condition(self, e: Expr) -> Text:
        """The expression where C asks no more than whether it is 0."""
        text = self.fitted(e, "bool")
        test = isinstance(e, Fn) and e.name in ("isnan", "isinf", "isfinite", "signbit") and e not in self.locals
        return (text[0].removesuffix(" != 0"), PRIMARY) if test and text[0].endswith(" != 0") else text

    def _cast(self, e: Cast) -> Text:
        if isinstance(e.arg, Fn) and e.arg.name == "where" and e.dtype != "bool":
            return self._function(Fn("where", (e.arg.args[0], *[Cast(a, e.dtype) for a in e.arg.args[1:]]), e.dtype))
        return self.fitted(e.arg, e.dtype)

    def _function(self, e: Fn) -> Text:
        name = e.name
        if name == "where":
            condition = bracket(self.condition(e.args[0]), CHOICE + 1)
            taken = bracket(self.fitted(e.args[1], e.dtype), CHOICE + 1)
            return f"{condition} ? {taken} : {bracket(self.fitted(e.args[2], e.dtype), CHOICE)}", CHOICE
        if name in ("logical_and", "logical_or"):
            sign, level = ("&&", AND) if name == "logical_and" else ("||", OR)
            # gcc asks for brackets where the two meet
            both = [bracket(p, level if p[1] == level else EQUATED) for p in map(self.condition, e.args)]
            return f" {sign} ".join(both), level
        if name == "logical_not":
            return f"!{bracket(self.condition(e.args[0]), UNARY)}", UNARY
        if name in ("isnan", "isinf", "isfinite", "signbit"):
            return self._test(e)
        if name == "place":
            self._helped("place", "int64")
            return f"place({self.line(e.args[0], 'int64')}, {self.line(e.args[1], 'int64')}, &failed)", PRIMARY
        if e.weak and name in ("floor_divide", "remainder"):  # of places, which are not below 0
            sign = "/" if name == "floor_divide" else "%"
            return self._infix(sign, TIMES, [self.text(a) for a in e.args])
        if name == "add" and e.dtype != "bool":
            return self._sum(e)
        if name in _BINARY:
            sign, level = _BINARY[name]
            if e.dtype == "bool" and name in ("add", "multiply"):
                return self._function(Fn("logical_or" if name == "add" else "logical_and", e.args, "bool"))
            of = _common(e.args) if level in (COMPARED, EQUATED) else e.dtype
            two = [self.fitted(a, of) for a in e.args]
            if name == "multiply" and (unit := _unit(e.args)) is not None:
                place, turn = unit
                return (f"-{bracket(two[1 - place], UNARY + 1)}", UNARY) if turn < 0 else two[1 - place]
            if level in (COMPARED, EQUATED):
                return f"{bracket(two[0], PLUS)} {sign} {bracket(two[1], PLUS)}", level
            return self._infix(sign, level, two)
        if name == "negative":
            return f"-{bracket(self.fitted(e.args[0], e.dtype), UNARY + 1)}", UNARY
        return self._call(e)

    def _infix(self, sign: str, level: int, two: list[Text]) -> Text:
        return f"{bracket(two[0], level)} {sign} {bracket(two[1], level + 1)}", level

    def _sum(self, e: Fn) -> Text:
        """A sum from left to right, of as many terms as stand in a row."""
        terms: list[Expr] = []
        first: Expr = e
        while isinstance(first, Fn) and first.name == "add" and first.dtype == e.dtype and first not in self.locals:
            first, last = first.args
            terms.append(last)
        texts = [bracket(self.fitted(first, e.dtype), PLUS)]
        return " + ".join(texts + [bracket(self.fitted(t, e.dtype), PLUS + 1) for t in reversed(terms)]), PLUS

    def _test(self, e: Fn) -> Text:
        (x,) = e.args
        if x.dtype in ("bool", "int64"):
            if e.name == "signbit":
                return (f"{bracket(self.text(x), PLUS)} < 0", COMPARED) if x.dtype == "int64" else ("false", PRIMARY)
            return _TESTS[e.name], PRIMARY
        return f"{e.name}({self.line(x, x.dtype)}) != 0", EQUATED

    def _call(self, e: Fn) -> Text:
        name, dtype = e.name, e.dtype
        given = [self.fitted(a, dtype) for a in e.args]
        if dtype in ("int64", "bool"):
            if name in ("floor", "ceil", "trunc") or (name == "absolute" and dtype == "bool"):
                return given[0]
            helper = _OF_WHOLE.get(name, name)
            self._helped(helper, dtype)
            more = ", &failed" if helper in FAILING else ""
            return f"{called(helper, dtype)}({', '.join([p[0] for p in given])}{more})", PRIMARY
        if name == "power" and isinstance(e.args[1], Lit) and e.args[1].value == 2 and given[0][1] == PRIMARY:
            return self._infix("*", TIMES, [given[0], given[0]])
        if name in _HELPERS:
            self._helped(name, dtype)
            function = called(name, dtype)
        else:
            function = _MATHS.get(name, name) + ("f" if dtype == "float32" else "")
        return f"{function}({', '.join([p[0] for p in given])})", PRIMARY

    def _helped(self, helper: str, dtype: str) -> None:
        self.helpers.add((helper, dtype))
        self.failing = self.failing or helper in FAILING


def _unit(args: tuple[Expr, ...]) -> tuple[int, int] | None:
    """Where a factor 1 or -1 stands, and its sign."""
    for place, a in enumerate(args):
        if isinstance(a, Lit) and type(a.value) is float and abs(a.value) == 1:
            return place, 1 if a.value > 0 else -1
    return None


def _common(args: tuple[Expr, ...]) -> str:
    """The dtype in which two numbers are compared."""
    strong = [a.dtype for a in args if not a.weak]
    weak = [a.dtype for a in args if a.weak]
    if not strong:
        return promote(*weak)
    out = promote(*strong)
    if "float64" in weak and out in ("bool", "int64"):
        return "float64"
    return "int64" if "int64" in weak and out == "bool" else out


def _signed(text: str) -> Text:
    return text, UNARY if text.startswith("-") else PRIMARY


def bracket(part: Text, level: int) -> str:
    """The text, in brackets where it binds less tightly; two signs are never written together."""
    text, own = part
    return f"({text})" if own < level else text


def shared(body: Expr) -> list[Expr]:
    """What stands in an expression more than once and is worth a name, in an order in which it can be computed.

    What may lie behind a `where` that does not read it is left in its place.
    """
    order = inside_out(body)
    seen: dict[Expr, int] = {}
    for e in order:
        for part in parts(e):
            seen[part] = seen.get(part, 0) + 1
    sure: dict[Expr, bool] = {}
    for e in order:
        plain = not isinstance(e, Read) or all([isinstance(i, (Place, Lit)) for i in e.index])
        sure[e] = plain and (not isinstance(e, Fn) or e.name != "place") and all([sure[p] for p in parts(e)])
    return [e for e in order if isinstance(e, Fn) and seen.get(e, 0) > 1 and sure[e] and not e.weak]


__all__ = ["PRIMARY", "Printer", "bracket", "shared"]
