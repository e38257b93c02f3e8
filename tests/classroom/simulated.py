"""A student who works a question through by hand and makes mistakes that are known to us.

Nothing here uses the marking or its rules: the arithmetic of every gate, its slopes and the known mistakes are written
out anew, and only the graph (which gate reads what) is the question's own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.ir.program import Number, Var
from chalkgrad.transform.backprop import Contribution
from tests.classroom.gates import FORWARD, MOVES, SLOPES, WRONG_SLOPES, WRONG_VALUES

Style = Literal["exact", "stepwise", "written", "more"]
Slot = Literal["value", "local", "product", "gradient", "next"]
Place = tuple[Slot, Any]


@dataclass(frozen=True)
class Error:
    """A mistake made: where, what marking calls it, and the first blank that shows it."""

    place: Place
    kind: str
    blank: str


@dataclass
class Solved:
    """What a student wrote by blank, and the mistakes made.

    `kinds` are, for a blank with a mistake, all the known ones that would have given the same number there.
    """

    answers: dict[str, str] = field(default_factory=dict)
    errors: list[Error] = field(default_factory=list)
    kinds: dict[str, set[str]] = field(default_factory=dict)


def workable(question: Question) -> bool:
    """Whether the student knows every gate of the question."""
    work = question.work
    if work is None or work.symbolic:
        return False
    known = {*FORWARD, "index"}
    plain = all(s.op.name in known and (s.op.name not in ("sum", "mean") or not s.params) for s in work.program.steps)
    return plain and any(isinstance(b.key, NumberKey) for b in question.blanks)


class Student:
    """Works one question. `plan` says at which place which mistake is made.

    Who works `exact` rounds only in writing, with `more` to more digits; `stepwise` rounds at every gate, and `written`
    goes on with what was written down.
    """

    def __init__(self, question: Question, style: Style, plan: Mapping[Place, str]) -> None:
        self.question, self.style, self.plan = question, style, plan
        work = question.work
        assert work is not None
        self.work = work
        self.asked: dict[Place, Blank] = {}
        for blank in question.blanks:
            place = place_of(blank)
            if isinstance(blank.key, NumberKey) and place is not None:
                self.asked.setdefault(place, blank)
        self.digits = question.part.digits
        self.value: dict[Any, Any] = {v: np.asarray(work.numbers[v], float)[()] for v in work.program.inputs}
        self.slope: dict[Contribution, Any] = {}
        self.sent: dict[Contribution, Any] = {}
        self.total: dict[Var, Any] = {}
        self.moved: dict[Var, Any] = {}
        self.right: dict[Place, Any] = {}  # what would have been right at each place, from the own numbers before it
        self.options: dict[Place, dict[str, Any]] = {}  # and what each mistake would have given
        self.errors: list[Error] = []
        with np.errstate(all="ignore"):
            self._forward()
            self._backward()
            self._descend()

    # one place after the other

    def _put(self, place: Place, right: Any, wrong: Mapping[str, Any]) -> Any:
        self.right[place] = right
        self.options[place] = dict(wrong)
        value = right
        kind = self.plan.get(place)
        if kind is not None and kind in wrong:
            value = wrong[kind]
            self.errors.append(Error(place, kind, self.shows(place)))
        rounds = self.style == "stepwise" or (self.style == "written" and place in self.asked)
        return self._rounded(value) if rounds else value

    def _rounded(self, value: Any) -> Any:
        return np.round(np.asarray(value, float), self.digits)[()]

    def shows(self, place: Place) -> str:
        """The first blank that a mistake at this place is seen at; "" where there is none."""
        slot, at = place
        if place in self.asked:
            return self.asked[place].id
        if slot == "local":
            return self.shows(("product", at))
        if slot == "product":
            gradient: Place = ("gradient", at.target)
            return self.asked[gradient].id if gradient in self.asked else ""
        return ""

    def _read(self, atom: Any) -> Any:
        return atom.value if isinstance(atom, Number) else self.value[atom]

    def _forward(self) -> None:
        for step in self.work.program.steps:
            xs = [self._read(a) for a in step.inputs]
            right = FORWARD[step.op.name](*xs) if step.op.name != "index" else xs[0][step.params["index"]]
            table = WRONG_VALUES.get(step.op.name, {})
            wrong = {kind: rule(*xs) for kind, rule in table.items()}
            wrong.setdefault("sign", -right)
            for k, atom in enumerate(step.inputs if step.op.name in ("add", "multiply") else ()):
                if isinstance(atom, Number):
                    wrong["constant"] = xs[1 - k]
            self.value[step.output] = self._put(("value", step.output), right, wrong)

    def _backward(self) -> None:
        arrived: dict[Var, list[Contribution]] = {}
        output = self.work.program.output
        for c in self.work.backprop.contributions:
            self._close(c.step.output, arrived, output)
            upstream = self.total[c.step.output]
            self._edge(c, upstream)
            arrived.setdefault(c.target, []).append(c)
        for var in self.work.program.inputs:
            if var in arrived:
                self._close(var, arrived, output)

    def _close(self, var: Var, arrived: Mapping[Var, list[Contribution]], output: Any) -> None:
        if var in self.total:
            return
        paths = arrived.get(var, [])
        sent = [self.sent[c] for c in paths]
        if var is output:
            upstream = 1.0 if self.work.upstream is None else np.asarray(self.work.upstream, float)[()]
            self.total[var] = upstream
            return
        right = sum(sent[1:], sent[0])
        wrong: dict[str, Any] = {}
        if len(sent) > 1:
            wrong = {"overwrite": sent[-1], "missing": right - sent[0], "twice": right + sent[-1], "sign": -right}
            index = next((self.sent[c] for c in paths if c.step.op.name == "index"), None)
            if index is not None:
                wrong["x0·x0"] = np.where(index != 0, index, right)
        self.total[var] = self._put(("gradient", var), right, wrong)

    def _edge(self, c: Contribution, upstream: Any) -> None:
        name, k = c.step.op.name, c.position
        xs = [self._read(a) for a in c.step.inputs]
        if name in MOVES:
            self.sent[c] = self._put(("product", c), *self._moved_back(c, name, xs, upstream))
            return
        y = self.value[c.step.output]
        right = SLOPES[name][k](y, *xs)
        wrong = {kind: rule(k, right, y, *xs) for kind, rule in WRONG_SLOPES.get(name, {}).items()}
        wrong = {kind: value for kind, value in wrong.items() if np.shape(value) == np.shape(right)}
        wrong["sign"] = -right
        if name == "relu":
            wrong["mask"] = np.broadcast_to(1.0 * (upstream > 0), np.shape(right))[()]
        slope = self.slope[c] = self._put(("local", c), right, wrong)
        shape = c.target.type.shape
        product = upstream * slope
        others = {"upstream": slope + 0 * upstream, "local": upstream + 0 * slope, "sign": -product}
        if upstream is self.total.get(self.work.program.output) and self.work.upstream is None:
            del others["upstream"]  # the 1 at the top: nobody leaves it out
        other = [t for t in self.total.values() if np.shape(t) == np.shape(upstream) and not same(t, upstream, 1e-9)]
        if other:
            others["wrong upstream"] = other[-1] * slope
        if np.shape(product) != tuple(shape):
            others = {"sign": -product}
        others = {kind: _fit(value, shape) for kind, value in others.items()}
        if np.shape(product) != tuple(shape) and shape:
            others["batch sum"] = product
        self.sent[c] = self._put(("product", c), _fit(product, shape), others)

    def _moved_back(self, c: Contribution, name: str, xs: list[Any], upstream: Any) -> tuple[Any, dict[str, Any]]:
        right = np.zeros(np.shape(xs[c.position]))
        wrong: dict[str, Any] = {}
        if name == "index":
            right[c.step.params["index"]] = upstream
        elif name in ("sum", "mean"):
            right = right + (upstream if name == "sum" else upstream / right.size)
            wrong["1/m"] = right * right.size if name == "mean" else right / right.size
        elif name == "matmul" and c.position == 0:
            right = np.outer(upstream, xs[1]) if xs[1].ndim == 1 else upstream @ xs[1].T
            if xs[1].ndim == 2:
                wrong["transpose"] = right.T
        elif name == "matmul":
            right = xs[0].T @ upstream
            if xs[0].shape == xs[0].T.shape:
                wrong["transpose"] = xs[0] @ upstream
        else:
            order = np.argsort(xs[0])
            for rank, place in enumerate(order):
                right[place] = upstream[rank]
            wrong["permutation"] = np.array([upstream[k] for k in order])
        return right, {**wrong, "sign": -right}

    def _descend(self) -> None:
        rate = self.question.part.rate
        for var in self.work.program.inputs:
            if ("next", var) in self.asked and var in self.total:
                x, g = self.value[var], self.total[var]
                wrong = {"uphill": x + rate * g, "rate": x - g}
                self.moved[var] = self._put(("next", var), x - rate * g, wrong)

    # what is handed in

    def number(self, place: Place) -> Any:
        """The number that the student has at a place."""
        slot, at = place
        tables: dict[str, Mapping[Any, Any]] = {
            "value": self.value,
            "local": self.slope,
            "product": self.sent,
            "gradient": self.total,
            "next": self.moved,
        }
        return tables[slot].get(at)

    def solved(self) -> Solved:
        """The answers as text, in the digits of the style."""
        out = Solved(errors=self.errors)
        digits = self.digits + 2 if self.style == "more" else self.digits
        for place, blank in self.asked.items():
            number = self.number(place)
            if number is not None:
                out.answers[blank.id] = written(number, digits)
        for error in self.errors:
            out.kinds[error.blank] = set(self._alike(error)) | {error.kind}
        return out

    def _alike(self, error: Error) -> Iterator[str]:
        """The mistakes, also at other places, that would have put the same number into the blank of this one."""
        at = next(p for p, b in self.asked.items() if b.id == error.blank)
        rest = {p: k for p, k in self.plan.items() if p != error.place}
        for place, options in self.options.items():
            if self.shows(place) != error.blank or place in rest:
                continue
            for kind in options:
                other = Student(self.question, self.style, {**rest, place: kind}).number(at)
                if same(other, self.number(at), 0.5 * 10.0**-self.digits):
                    yield kind


def same(a: Any, b: Any, within: float) -> bool:
    """Whether two numbers, or all entries of two arrays, are as near as this."""
    with np.errstate(all="ignore"):
        return np.shape(a) == np.shape(b) and bool(np.all(np.abs(np.subtract(a, b)) <= within))


def place_of(blank: Blank) -> Place | None:
    """Where a number blank stands in the student's working."""
    match blank.kind:
        case "value" | "gradient" | "next":
            return None if blank.node is None else (blank.kind, blank.node)
        case "local" | "product":
            return None if blank.edge is None else (blank.kind, blank.edge)
        case _:
            return None


def written(number: Any, digits: int) -> str:
    """The number as a student writes it: whole numbers whole, the others to so many decimals."""
    if np.ndim(number):
        return "[" + ", ".join(written(n, digits) for n in number) + "]"
    value = float(number)
    if not math.isfinite(value):
        return "?"
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".") if abs(value - round(value)) < 1e-9 else text
    return "0" if text in ("-0", "-0." + "0" * digits) else text


def _fit(value: Any, shape: tuple[Any, ...]) -> Any:
    """Summed over the entries where the operand was one number for several of them."""
    while np.ndim(value) > len(shape):
        value = np.sum(value, axis=0)
    for axis, size in enumerate(shape):
        if size == 1 and np.shape(value)[axis] != 1:
            value = np.sum(value, axis=axis, keepdims=True)
    return value


def drawn(question: Question, style: Style, count: int, rng: random.Random) -> Solved | None:
    """A student with `count` mistakes at this question, each of which shows; None where no draw gives one."""
    clean = Student(question, style, {})
    keys = {p: np.asarray(b.key.exact, float) for p, b in clean.asked.items() if isinstance(b.key, NumberKey)}
    kinds: dict[str, list[Place]] = {}
    for place, options in clean.options.items():
        if clean.shows(place):
            for kind in options:
                kinds.setdefault(kind, []).append(place)
    for _ in range(40):
        plan = {rng.choice(kinds[kind]): kind for kind in rng.choices(sorted(kinds), k=count)}
        made = Student(question, style, plan)
        if len(made.errors) == count and fair(made, keys):
            return made.solved()
    return None


def fair(student: Student, keys: Mapping[Place, Any]) -> bool:
    """Whether each mistake can be seen, nothing behind it is hidden by a 0 or a 1 that should be another number, and
    no rounding goes further than marking says that it may."""
    unit = 10.0**-student.digits
    if student.style == "stepwise":
        other = Student(student.question, "written", student.plan)
        if not all(same(student.number(p), other.number(p), 2 * unit) for p in keys):
            return False  # rounding between two blanks moves a number by more than is let pass
    if len({e.blank for e in student.errors}) < len(student.errors):
        return False
    for error in student.errors:
        place = next(p for p, b in student.asked.items() if b.id == error.blank)
        made = student.number(place)
        followed = _without(student, error, place)
        if any(same(made, other, 2.5 * unit) for other in (followed, keys[place])):
            return False
        if np.any(~np.isfinite(made)):
            return False
    for place, key in keys.items():
        made = student.number(place)
        if made is None or np.any(~np.isfinite(made)):
            return False
        if np.shape(made) != np.shape(key):
            continue
        short = np.abs(np.round(made, student.digits))
        if np.all(np.isin(short, (0.0, 1.0))) and not same(made, key, unit):
            return False
    return True


def _without(student: Student, error: Error, place: Place) -> Any:
    """What would stand at the blank if only this mistake were not made."""
    plan = {p: k for p, k in student.plan.items() if p != error.place}
    return Student(student.question, student.style, plan).number(place)
