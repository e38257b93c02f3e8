"""Grades a worksheet question in PrairieLearn. It stands alone: the numbers, and how they follow, are in variants.json.

A number is right where it is the key's, consistent where it follows from the person's own earlier numbers, and named
where it is that of a known mistake. A formula is right where it has the key's values.
"""

from __future__ import annotations

import ast
import json
import math
import os
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

EMPTY = "Nothing was answered."
CONSISTENT = "It follows from your own earlier numbers."
NO_NUMBER = "This is not a number."
SLACK = 1e-9
LONGEST = 2000
MOST_NODES = 400


def generate(data: dict[str, Any]) -> None:
    """Choose the variant by PrairieLearn's own seed."""
    tables = _tables(data)
    number = int(data["variant_seed"]) % len(tables["variants"])
    chosen = tables["variants"][number]
    shown = [{k: p[k] for k in ("name", "id", "ask")} | {p["kind"]: True} for p in chosen["places"]]
    data["params"].update(variant=number, places=shown, **{k: chosen[k] for k in ("words", "images", "code")})
    data["correct_answers"]["key"] = [{"ask": p["ask"], "answer": p["answer"]} for p in chosen["places"]]


def parse(data: dict[str, Any]) -> None:
    """Refuse a formula that cannot be read, so that it is not called wrong."""
    for place in _places(data):
        text = data["submitted_answers"].get(place["name"])
        if place["kind"] == "formula" and isinstance(text, str) and text.strip():
            try:
                Formula(text).value(dict(place["points"][0][0]), place["stages"])
            except Unreadable as problem:
                data["format_errors"][place["name"]] = str(problem)
            except ArithmeticError:
                pass  # it was read; that it has no value here is judged


def grade(data: dict[str, Any]) -> None:
    """Give every place its score and its feedback, and the question the weighted mean."""
    places, credit = _places(data), float(_tables(data)["credit"])
    answers = [data["submitted_answers"].get(p["name"]) for p in places]
    total = earned = 0.0
    said: list[dict[str, str]] = []
    for place, (score, feedback) in zip(places, judged(places, answers, credit), strict=True):
        weight = place["weight"]
        data["partial_scores"][place["name"]] = {"score": score, "weight": weight, "feedback": feedback}
        if feedback:
            said.append({"ask": place["ask"], "why": feedback})
        total, earned = total + weight, earned + weight * score
    data["feedback"]["said"] = said
    data["score"] = earned / total if total else 0.0


def test(data: dict[str, Any]) -> None:
    """Answers for PrairieLearn's own test of the question, and the scores that they must get."""
    places, kind = _places(data), data["test_type"]
    for n, place in enumerate(places):
        name, wrong = place["name"], f"{10000 + n * 7919 % 9973}.5"
        if kind == "invalid" and place["kind"] == "shape":
            data["raw_submitted_answers"][name] = place["answer"]
        elif kind == "invalid":
            data["raw_submitted_answers"][name] = "what (is"
            data["format_errors"][name] = "invalid"
        else:
            data["raw_submitted_answers"][name] = place["typed"] if kind == "correct" else wrong
            score, feedback = (
                (1, place["right"][0][2] if place["kind"] == "number" else "") if kind == "correct" else (0, "")
            )
            data["partial_scores"][name] = {"score": score, "weight": place["weight"], "feedback": feedback}
    if kind != "invalid":
        data["score"] = 1 if kind == "correct" else 0


def judged(places: Sequence[dict[str, Any]], answers: Sequence[Any], credit: float) -> list[tuple[float, str]]:
    """The score of every place and what to say to it."""
    own = [_number(a) if p["kind"] == "number" else None for p, a in zip(places, answers, strict=True)]
    found: list[tuple[float, str]] = []
    for n, (place, answer) in enumerate(zip(places, answers, strict=True)):
        if answer is None or answer == "":
            found.append((0.0, EMPTY))
        elif place["kind"] == "number":
            found.append(_number_judged(places, own, n, credit))
        elif place["kind"] == "shape":
            written = "".join(str(answer).split())
            found.append((float(any(written == "".join(s.split()) for s in place["right"])), ""))
        else:
            found.append(_formula_judged(place, str(answer)))
    return found


def _number_judged(
    places: Sequence[dict[str, Any]], own: Sequence[float | None], n: int, credit: float
) -> tuple[float, str]:
    place, answer = places[n], own[n]
    if answer is None:
        return 0.0, NO_NUMBER
    for number, reach, why in place["right"]:
        if abs(answer - float(number)) <= float(reach) + SLACK * max(1.0, abs(answer)):
            return 1.0, why
    if follows(places, own, n):
        return credit, CONSISTENT
    # the known mistakes are those of one who has the key's numbers before it
    if all(own[m] is None or _fits(places[m], own[m] or 0.0) for m in _used(place["follow"])):
        for number, reach, why in place["wrong"]:
            if abs(answer - float(number)) <= float(reach) + SLACK * max(1.0, abs(answer)):
                return 0.0, why
    return 0.0, ""


def follows(places: Sequence[dict[str, Any]], own: Sequence[float | None], n: int) -> bool:
    """Whether an answer follows from the person's own earlier ones.

    Not where an own number is 0, 1 or -1 and the key's is not: it would hide what comes next.
    """
    place, answer = places[n], own[n]
    if place["follow"] is None or answer is None:
        return False
    keys = [p.get("exact") for p in places]
    given = [(m, own[m]) for m in set(_used(place["follow"]))]
    mine = {m: value for m, value in given if value is not None}
    if not mine:
        return False
    for m, value in mine.items():
        if abs(value) in (0, 1) and abs(value) != abs(float(keys[m] or 0)):
            return False
    due = computed(place["follow"], [mine.get(m, k) for m, k in enumerate(keys)])
    unit = 10.0 ** -place["places"]
    exact = abs(due - round(due, place["places"])) < SLACK * max(1.0, abs(due))
    return math.isfinite(due) and abs(answer - due) <= (0.0 if exact else unit) + SLACK * max(1.0, abs(due))


def _fits(place: dict[str, Any], answer: float) -> bool:
    return any(abs(answer - float(n)) <= float(t) + SLACK * max(1.0, abs(answer)) for n, t, _ in place["right"])


def _used(expression: Any) -> list[int]:
    if isinstance(expression, dict):
        return [expression["own"]]
    return [m for part in expression[1:] for m in _used(part)] if isinstance(expression, list) else []


# --- numbers that follow from others ------------------------------------------------------------------------------


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


OPS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "accumulate": lambda *parts: math.fsum(parts),
    "negative": lambda a: -a,
    "reciprocal": lambda a: 1 / a,
    "square": lambda a: a * a,
    "power": math.pow,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda a: max(a, 0.0),
    "maximum": lambda a, b: max(a, b),
    "minimum": lambda a, b: min(a, b),
    "abs": lambda a: abs(a),
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "greater": lambda a, b: float(a > b),
    "greater_equal": lambda a, b: float(a >= b),
    "indicator": lambda a: float(bool(a)),
    "where": lambda test, a, b: a if test else b,
    "defined": lambda slope, value: slope,
}


def computed(expression: Any, own: Sequence[Any]) -> float:
    """The number of an expression; NaN where it has none."""
    if isinstance(expression, dict):
        return float(own[expression["own"]])
    if not isinstance(expression, list):
        return float(expression)
    op, *parts = expression
    try:
        return float(OPS[op](*[computed(p, own) for p in parts]))
    except (ArithmeticError, ValueError):
        return math.nan


def _number(answer: Any) -> float | None:
    """What was typed, as PrairieLearn hands it on; None where it is no number."""
    if isinstance(answer, dict):
        answer = answer.get("_value")
    try:
        found = float(Fraction(str(answer).replace("\u2212", "-"))) if "/" in str(answer) else float(answer)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found) else None


# --- formulas -------------------------------------------------------------------------------------------------------


class Unreadable(Exception):
    """A formula that cannot be read; the message is for the person who typed it."""


_FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "ln": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "atan": math.atan,
    "sigma": _sigmoid,
}
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Pow: math.pow,
}


class Formula:
    """What a person typed, read as a tree and never run."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise Unreadable("This formula is too long.")
        plain = text.replace("^", "**").replace("\u2212", "-").replace("·", "*").replace("σ", "sigma").strip()
        try:
            self.tree = ast.parse(plain, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise Unreadable("This formula cannot be read. Write every product with *.") from None
        nodes = list(ast.walk(self.tree))
        if len(nodes) > MOST_NODES:
            raise Unreadable("This formula is too long.")
        called = [n.func for n in nodes if isinstance(n, ast.Call)]
        self.names = {n.id for n in nodes if isinstance(n, ast.Name) and n not in called}

    def value(self, at: dict[str, float], stages: Sequence[Sequence[str]]) -> float:
        """Its value where the inputs have these values; names of stages stand for what they are."""
        named = dict(at)
        for name, text in stages:
            if name in self.names:
                named[name] = Formula(text).value(at, ())
        return self._value(self.tree, named)

    def _value(self, node: ast.expr, named: dict[str, float]) -> float:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return float(number)
            case ast.Name(id=name):
                if name in named:
                    return named[name]
                if name in ("e", "pi"):
                    return getattr(math, name)
                raise Unreadable(f"There is no {name} in this question.")
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
                found = self._value(inner, named)
                return -found if isinstance(sign, ast.USub) else found
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._finite(_BINARY[type(op)], self._value(left, named), self._value(right, named))
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
                return self._finite(_FUNCTIONS[name], self._value(inner, named))
            case _:
                raise Unreadable("This formula cannot be read. Write every product with *, and functions as exp(x).")

    @staticmethod
    def _finite(op: Callable[..., float], *parts: float) -> float:
        try:
            return op(*parts)
        except ValueError:
            raise ArithmeticError from None


def _formula_judged(place: dict[str, Any], text: str) -> tuple[float, str]:
    try:
        formula = Formula(text)
        if place["only"] and not formula.names <= set(place["only"]):
            return 0.0, f"The answer is asked for in terms of {', '.join(place['only'])}."
        pairs = [(formula.value(dict(at), place["stages"]), value) for at, value in place["points"]]
    except Unreadable as problem:
        return 0.0, str(problem)
    except ArithmeticError:
        return 0.0, "This formula has no value where the right one has."
    if all(abs(mine - key) <= 1e-8 * (1 + abs(key)) for mine, key in pairs):
        return 1.0, ""
    if any(key for _, key in pairs) and all(abs(mine + key) <= 1e-8 * (1 + abs(key)) for mine, key in pairs):
        return 0.0, "The sign is the other way round."
    return 0.0, ""


# --- the tables -----------------------------------------------------------------------------------------------------


def _tables(data: dict[str, Any]) -> dict[str, Any]:
    folder = data.get("options", {}).get("question_path") or os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "variants.json"), encoding="utf-8") as file:
        return json.load(file)


def _places(data: dict[str, Any]) -> list[dict[str, Any]]:
    return _tables(data)["variants"][data["params"]["variant"]]["places"]
