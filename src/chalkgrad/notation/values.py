"""`x=-2`, `x=[1, 2]`, `rate=1/3`: a name and its number or array. Read, never executed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from collections.abc import Sequence as Tokens
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chalkgrad.errors import NotationError, TooLarge
from chalkgrad.notation.examples import numbered
from chalkgrad.notation.functions import CONSTANTS
from chalkgrad.notation.lexer import Token, lex
from chalkgrad.notation.pratt import parse
from chalkgrad.notation.refusal import quote
from chalkgrad.notation.sizes import MAX_RANK
from chalkgrad.notation.tree import Binary, Constant, Node, Num, Sequence, Unary, children

Value: TypeAlias = "float | NDArray[np.float64]"
MAX_BYTES = 64 * 1024
WANTED = "a value is a number, such as -2, 1/3 or pi/2, or an array of numbers, such as [1, 2]"


def read_value(text: str) -> tuple[str, Value]:
    """The name and the value in `x=-2`; the name may be any that formulas have: `w_0`, `y^*`, `x'`.

    Raises NotationError where it is anything else.
    """
    tokens = numbered(_tokens(text), every=True)
    if len(tokens) < 2 or tokens[0].kind != "word" or tokens[1].kind != "equals":
        raise NotationError("a value is given as name=number, such as x=-2", text, (0, tokens[0].stop))
    return tokens[0].text, _value(text, tokens[2:])


def read_values(texts: Iterable[str]) -> dict[str, Value]:
    """Several of them; a name may be given once."""
    found: dict[str, Value] = {}
    for text in texts:
        name, value = read_value(text)
        if name in found:
            raise NotationError(f"'{name}' is given twice", text, (0, len(text)))
        found[name] = value
    return found


def read_number(text: str) -> Value:
    """A value without a name: `-3`, `[1, 0]`."""
    return _value(text, _tokens(text))


def _tokens(text: str) -> list[Token]:
    if len(text) > MAX_BYTES:
        raise TooLarge(f"the value is over {MAX_BYTES // 1024} KB")
    return [t for t in lex(text) if t.text != "\n"]


def _value(text: str, tokens: Tokens[Token]) -> Value:
    plain: list[Token] = []
    for token in tokens:
        if token.kind == "word":
            if token.text not in CONSTANTS:
                raise NotationError(f"'{token.text}' is no number: {WANTED}", text, token.span)
            token = token._replace(kind="constant", value=CONSTANTS[token.text])
        plain.append(token)
    return _fold(text, parse(text, plain))


def _fold(text: str, tree: Node) -> Value:
    todo: list[tuple[Node, bool]] = [(tree, False)]
    done: list[Any] = []
    while todo:
        node, entered = todo.pop()
        below = children(node)
        if not entered and below:
            todo.append((node, True))
            todo.extend([(child, False) for child in reversed(below)])
            continue
        args = done[len(done) - len(below) :]
        del done[len(done) - len(below) :]
        done.append(_one(text, node, args))
    return done[0]


def _one(text: str, node: Node, args: list[Any]) -> Value:
    if isinstance(node, Sequence):
        return _array(text, node, args)
    if any(isinstance(a, np.ndarray) for a in args):
        raise NotationError(f"arithmetic of arrays is for formulas: {WANTED}", text, node.span)
    match node:
        case Num():
            return node.value
        case Constant():
            return math.e if node.name == "e" else math.pi
        case Unary() if node.sign == "-":
            return -args[0]
        case Binary() if node.sign in ("+", "-", "*", "", "/", "^"):
            return _arithmetic(text, node, *args)
        case _:
            raise NotationError(f"'{quote(text, node.span)}' has no place here: {WANTED}", text, node.span)


def _arithmetic(text: str, node: Binary, a: float, b: float) -> float:
    try:
        match node.sign:
            case "+":
                value = a + b
            case "-":
                value = a - b
            case "/":
                value = a / b
            case "^":
                value = math.pow(a, b)
            case _:
                value = a * b
    except (ArithmeticError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise NotationError(f"'{quote(text, node.span)}' is no finite number", text, node.span)
    return value


def _array(text: str, node: Sequence, entries: list[Value]) -> NDArray[np.float64]:
    arrays = [np.asarray(entry, dtype=np.float64) for entry in entries]
    if any(a.shape != arrays[0].shape for a in arrays) or arrays[0].ndim >= MAX_RANK:
        raise NotationError("the rows of an array are of one length", text, node.span)
    return np.stack(arrays)
