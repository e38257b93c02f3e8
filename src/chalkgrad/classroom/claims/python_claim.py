"""A Python file with a staged forward and backward pass, read as syntax. Nothing in it is ever run."""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Mapping
from typing import Any, final

from chalkgrad.classroom.claims.claim import Assign, Claim, Item, Line, Section, Side, Stage, key
from chalkgrad.classroom.claims.lines import too_large
from chalkgrad.classroom.claims.reading import read_points
from chalkgrad.errors import NotationError
from chalkgrad.ir.program import Program
from chalkgrad.notation.functions import function
from chalkgrad.notation.read import read
from chalkgrad.notation.tree import Binary, Call, Compare, Constant, Function, Name, Node, Num, Span, Unary

SIGNS: dict[type[ast.AST], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
COMPARES: dict[type[ast.AST], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
CONSTANTS = {"e": math.e, "pi": math.pi}
MODULES = frozenset({"math", "np", "numpy", "cmath"})
GRADIENT = re.compile(r"(?:d_|grad_|d)(?P<name>.+)|(?P<late>.+)_grad")
STATED = re.compile(r"^[ \t]*#[ \t]*(\w+\([\w, ]+\)[ \t]*=[^=].*)$", re.MULTILINE)
MAX_DEPTH = 200


def is_python(text: str) -> bool:
    """Whether a text is Python and cannot be a claim in maths text, whose headers are no Python."""
    found = _tree(text)
    return found is not None and any(isinstance(n, (ast.Assign, ast.FunctionDef)) for n in found.body)


def read_python(text: str, values: Mapping[str, Any]) -> Claim:
    """Read a Python file as a claim.

    Raises NotationError, with the line, for anything but assignments of formulas.
    """
    too_large(text)
    found = _tree(text)
    if found is None:
        raise NotationError("this is no Python that can be read")
    try:
        return _Reader(text, found, values).run()
    except RecursionError:
        raise NotationError("a formula here is nested too deeply") from None


def _tree(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@final
class _Reader:
    def __init__(self, text: str, tree: ast.Module, values: Mapping[str, Any]) -> None:
        self.rows = text.split("\n")
        self.tree = tree
        self.values = values
        self.text = text
        self.inputs: dict[str, None] = {}
        self.at: dict[str, float] = {}
        self.stages: dict[str, None] = {}
        self.items: list[Item] = []
        self.derivatives: dict[str, tuple[str, str]] = {}
        self.output = ""
        self.line = Line(1, "", "", "forward")
        self.first = 1

    def run(self) -> Claim:
        stated: Program | None = None
        if found := STATED.search(self.text):
            try:
                stated = read(found.group(1)).program
            except NotationError as error:
                row = self.text.count("\n", 0, found.start(1))
                raise NotationError(f"line {row + 1}: {error.problem}", error.text, error.span) from None
            self.inputs.update(dict.fromkeys([v.hint for v in stated.inputs]))
        for statement in self._body():
            self._statement(statement)
        if not self.stages:
            raise NotationError("there is no forward pass here: assignments such as q = x + y")
        if stated is None and not any(isinstance(item, Assign) for item in self.items):
            raise NotationError("nothing is claimed here: no line assigns a gradient such as dx")
        inputs = tuple(self.inputs)
        at = {**self.at, **read_points([], self.values, inputs)}
        label = stated.name if stated is not None else self._last()
        return Claim(stated, inputs, tuple(self.items), self._last(), label, self.derivatives, at, python=True)

    def _body(self) -> list[ast.stmt]:
        """The statements, with those of a single function in their place."""
        out: list[ast.stmt] = []
        for statement in self.tree.body:
            if isinstance(statement, ast.FunctionDef):
                self.inputs.update(dict.fromkeys([a.arg for a in statement.args.args]))
                out += statement.body
            else:
                out.append(statement)
        return out

    def _last(self) -> str:
        return self.output or list(self.stages)[-1]

    def _place(self, node: ast.stmt, section: Section) -> None:
        first, last = node.lineno, node.end_lineno or node.lineno
        text = "\n".join(self.rows[first - 1 : last])
        self.line, self.first = Line(first, text, text, section), first

    def _span(self, node: Any) -> Span:
        """Where a node stands in its line; ast counts bytes."""

        def position(row: int, column: int) -> int:
            before = sum(len(r) + 1 for r in self.rows[self.first - 1 : row - 1])
            return before + len(self.rows[row - 1].encode()[:column].decode(errors="ignore"))

        return position(node.lineno, node.col_offset), position(node.end_lineno, node.end_col_offset)

    def _fail(self, problem: str, node: Any) -> NotationError:
        return NotationError(f"line {self.line.number}: {problem}", self.line.text, self._span(node))

    def _statement(self, node: ast.stmt) -> None:
        self._place(node, "forward")
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Return():
                return
            case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Name(id="print"))):
                return
            case ast.Assign(targets=[ast.Name(id=name) as target], value=value):
                self._assign(name, "=", target, value)
            case ast.AugAssign(target=ast.Name(id=name) as target, op=ast.Add() | ast.Sub() as op, value=value):
                self._assign(name, "+=" if isinstance(op, ast.Add) else "-=", target, value)
            case _:
                raise self._fail("only assignments of formulas to names are read here", node)

    def _gradient(self, name: str) -> str:
        """The name whose gradient `name` is called after, or nothing."""
        found = GRADIENT.fullmatch(name)
        if found is None or name in self.stages or name in self.inputs:
            return ""
        of = found["name"] or found["late"]
        for known in (of, name[1:] if name.startswith("d") else ""):
            if known and (known in self.stages or known in self.inputs):
                return known
        return ""

    def _assign(self, name: str, sign: Any, target: ast.expr, value: ast.expr) -> None:
        head = self._span(target)
        of = self._gradient(name)
        if of:
            self.output = self._last()
            self.line = Line(self.line.number, self.line.text, self.line.clean, "backward")
            side = Side(self._node(value, 0), self.line, self._span(value))
            self.items.append(Assign(of, sign, (side,), self.line, head, False))
            return
        if sign != "=":
            raise self._fail(f"'{name}' is no gradient here: {sign} adds to dq", target)
        number = _number(value)
        if number is not None and not self.stages:
            self.inputs[name] = None
            self.at[name] = number
            return
        if self.output:
            raise self._fail(f"'{name}' is no gradient of a value of the forward pass", target)
        if name in self.stages or name in self.inputs:
            raise self._fail(f"'{name}' has a value already: a stage bears a name of its own", target)
        side = Side(self._node(value, 0), self.line, self._span(value))
        self.items.append(Stage(name, (side,), self.line, head))
        self.stages[name] = None

    # formulas

    def _node(self, node: ast.expr, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._fail("this formula is nested too deeply", node)
        span = self._span(node)
        match node:
            case ast.Constant(value=bool()):
                raise self._fail("a number is expected here", node)
            case ast.Constant(value=int() | float() as number):
                return Num(_finite(self, number, node), span)
            case ast.Name(id=name):
                return Name(self._name(name), span)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Unary("-", self._node(operand, depth + 1), span)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._node(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in SIGNS:
                pair = [self._number(self._node(n, depth + 1)) for n in (left, right)]
                return Binary(SIGNS[type(op)], pair[0], pair[1], span)
            case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(o) in COMPARES for o in ops):
                operands = tuple([self._node(n, depth + 1) for n in (left, *rest)])
                return Compare(tuple([COMPARES[type(o)] for o in ops]), operands, span)
            case ast.IfExp(test=test, body=body, orelse=other):
                parts = tuple([self._node(n, depth + 1) for n in (test, body, other)])
                return Call(Function("where", "where"), parts, (), span)
            case ast.Attribute(value=ast.Name(id=module), attr=name) if module in MODULES and name in CONSTANTS:
                return Constant("e" if name == "e" else "π", span)
            case ast.Call(func=called, args=args, keywords=[]):
                return self._call(called, args, span, depth, node)
            case _:
                raise self._fail("this is no formula that is read here", node)

    def _call(self, called: ast.expr, args: list[ast.expr], span: Span, depth: int, node: ast.expr) -> Node:
        name = ""
        if isinstance(called, ast.Name):
            name = called.id
        elif isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id in MODULES:
            name = called.attr
        if name == "float" and len(args) == 1:
            return self._number(self._node(args[0], depth + 1))
        known = function(name)
        if known is None or not args:
            raise self._fail(f"there is no function '{name}' here" if name else "this call is not read", node)
        return Call(known, tuple([self._node(a, depth + 1) for a in args]), (), span)

    def _number(self, node: Node) -> Node:
        """A comparison in arithmetic counts 0 or 1, as in Python."""
        return Call(Function("1", "indicator"), (node,), (), node.span) if isinstance(node, Compare) else node

    def _name(self, name: str) -> str:
        if name in self.stages or name in self.inputs:
            return name
        of = self._gradient(name)
        if of:
            found = key(self._last(), of)
            self.derivatives[found] = (self._last(), of)
            return found
        if self.output:
            raise NotationError(
                f"line {self.line.number}: '{name}' has no value here", self.line.text, (0, len(self.line.text))
            )
        self.inputs[name] = None
        return name


def _finite(reader: Any, number: Any, node: ast.expr) -> float:
    try:
        found = float(number)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise reader._fail("this number is too large", node)
    return found


def _number(node: ast.expr) -> float | None:
    """The value of a bare number, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return float(node.value) if abs(node.value) < 1e300 else None
    return None
