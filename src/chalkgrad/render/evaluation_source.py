"""The source of an op's own evaluation, for printed Python that needs nothing of Chalkgrad."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError


@lru_cache(maxsize=256)
def source_of(function: Callable[..., Any], name: str = "") -> dict[str, str]:
    """The source of an op's evaluation, and of the helpers it calls, by name; the function itself comes last.

    `name` is what a lambda is called. Raises ChalkgradError where the source cannot be had, or reads more from outside
    than functions and NumPy.
    """
    body = _definition(function, public(function, name))
    found: dict[str, str] = {}
    bound = {n.id for n in ast.walk(body) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    bound |= {n.arg for n in ast.walk(body) if isinstance(n, ast.arg)}
    closure = inspect.getclosurevars(function).nonlocals
    for node in ast.walk(body):
        if not isinstance(node, ast.Name) or node.id in bound:
            continue
        used = closure.get(node.id, function.__globals__.get(node.id))
        if inspect.isfunction(used):
            found.update({} if used is function else source_of(used, node.id))
            node.id = public(used, node.id)
        elif isinstance(used, (bool, int, float)):
            found[node.id] = f"{node.id} = {used!r}"
        elif used is not None and used is not np:
            raise ChalkgradError(
                f"{name or function.__name__} reads '{node.id}' from outside, which cannot be printed with it; "
                "give it as a number, or write it into the function"
            )
    found[body.name] = ast.unparse(body)
    return found


def public(function: Callable[..., Any], name: str = "") -> str:
    """The name under which a helper is printed."""
    own = function.__name__.lstrip("_")
    return own if own.isidentifier() else name


def _definition(function: Callable[..., Any], name: str) -> ast.FunctionDef:
    """The function as a `def`, without its docstring and types."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        tree = ast.Module([], [])
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == function.__name__:
            return _bare(node, name)
    lambdas = [n for n in ast.walk(tree) if isinstance(n, ast.Lambda) and _may_be(n, function)]
    if len({ast.dump(n) for n in lambdas}) == 1:
        made = ast.FunctionDef(name, lambdas[0].args, [ast.Return(lambdas[0].body)], [], None, None)
        return _bare(ast.fix_missing_locations(made), name)
    raise ChalkgradError(f"the source of {name} cannot be read: define it with `def`, in a file, on lines of its own")


def _bare(node: ast.FunctionDef, name: str) -> ast.FunctionDef:
    node.name, node.decorator_list = name, []
    if ast.get_docstring(node):
        node.body = node.body[1:]
    return _Plain().visit(node)


class _Plain(ast.NodeTransformer):
    """Takes the types off."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)


def _may_be(node: ast.Lambda, function: Callable[..., Any]) -> bool:
    """Whether this lambda, of several on a line, reads the names and numbers that the function does."""
    made = compile(ast.Expression(node), "<lambda>", "eval").co_consts  # defaults stand there before its code
    code = next(c for c in made if inspect.iscode(c))
    own: Any = function.__code__
    return (code.co_varnames, code.co_names, code.co_consts) == (own.co_varnames, own.co_names, own.co_consts)
