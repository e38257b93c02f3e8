"""A function of NumPy operations as maths text: read as syntax, never run."""

from __future__ import annotations

import ast
import warnings
from typing import NoReturn

from chalkgrad.errors import NotationError

MAX_BYTES = 64 * 1024
MODULES = frozenset({"np", "numpy", "math"})
_ALLOWED = (
    ast.Name, ast.Load, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword, ast.Subscript,
    ast.Slice, ast.Tuple, ast.List, ast.Attribute,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.MatMult, ast.USub, ast.UAdd,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq,
)  # fmt: skip


def maths_text(text: str) -> str:
    """One function, its assignments as stages and what it returns as the last.

    Raises NotationError, with the line, for anything but assignments of formulas to new names.
    """
    if len(text) > MAX_BYTES:
        raise NotationError(f"the text is over {MAX_BYTES // 1024} KB")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        where = f", at line {line}" if line else ""
        raise NotationError(f"this is no Python{where}") from None
    functions = [one for one in body if isinstance(one, ast.FunctionDef)]
    others = [one for one in body if not isinstance(one, (ast.FunctionDef, ast.Import, ast.ImportFrom))]
    if len(functions) != 1 or others:
        raise NotationError("one function, def f(x, y): …, is what stands here")
    try:
        return _staged(functions[0])
    except RecursionError:
        raise NotationError("a formula here is nested too deeply") from None


def _staged(function: ast.FunctionDef) -> str:
    given = function.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.defaults or function.decorator_list:
        _refuse(function, "a sheet's function has plain arguments, no defaults and no decorators")
    names = [a.arg for a in (*given.posonlyargs, *given.args)]
    known = set(names)
    lines: list[str] = []
    *stages, last = _without_docstring(function.body)
    for stage in stages:
        target = stage.targets[0] if isinstance(stage, ast.Assign) and len(stage.targets) == 1 else None
        if not isinstance(stage, ast.Assign) or not isinstance(target, ast.Name):
            _refuse(stage, "a line of the function is name = formula")
        if target.id in known or target.id == function.name:
            _refuse(stage, f"'{target.id}' is given a second value; a stage has a name of its own")
        known.add(target.id)
        lines.append(f"{target.id} = {_formula(stage.value)}")
    if not isinstance(last, ast.Return) or last.value is None:
        _refuse(last, "the last line of the function is return and a formula")
    returned = last.value
    if isinstance(returned, ast.Name) and lines and returned.id == lines[-1].partition(" ")[0]:
        name, _, formula = lines.pop().partition(" = ")
        return "\n".join([*lines, f"{name}({', '.join(names)}) = {formula}"])
    return "\n".join([*lines, f"{function.name}({', '.join(names)}) = {_formula(returned)}"])


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return body[1:] if told and len(body) > 1 else body


def _formula(node: ast.expr) -> str:
    for one in ast.walk(node):
        if not isinstance(one, _ALLOWED):
            _refuse(one if hasattr(one, "lineno") else node, f"{type(one).__name__} has no reading on a sheet")
        if isinstance(one, ast.Constant) and not isinstance(one.value, (bool, int, float, type(None))):
            _refuse(one, "only numbers stand in a formula")
        if isinstance(one, ast.Attribute) and not _of_numpy(one) and one.attr != "T":
            _refuse(one, f"'.{one.attr}' has no reading on a sheet; write it as np.{one.attr}(…)")
    return ast.unparse(_Plain().visit(node))


def _of_numpy(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in MODULES


class _Plain(ast.NodeTransformer):
    """`np.exp` is exp, `x.T` is transpose(x)."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if _of_numpy(node):
            return ast.Name(node.attr, ast.Load())
        self.generic_visit(node)
        return ast.Call(ast.Name("transpose", ast.Load()), [node.value], [])


def _refuse(node: ast.AST, problem: str) -> NoReturn:
    raise NotationError(f"line {getattr(node, 'lineno', 1)}: {problem}")
