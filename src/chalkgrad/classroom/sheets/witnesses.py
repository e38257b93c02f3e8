"""Keys that can be trusted: reverse mode, the symbolic gradient and finite differences must agree on every number.

The three share nothing but the function: rules sent backward; a formula, written out, read and evaluated; and values
alone. A formula that is too long to be written leaves two. What stands at a kink is refused unless it is meant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, NumberKey, Question
from chalkgrad.classroom.sheets.formulas import Formulas
from chalkgrad.classroom.sheets.function import Function, function_of
from chalkgrad.classroom.sheets.ids import Ids
from chalkgrad.classroom.sheets.refusals import NEAR, is_kink, refuse_kinks, refuse_saturated, refuse_unsayable
from chalkgrad.classroom.sheets.slopes import Slope, Slopes
from chalkgrad.errors import ChalkgradError, SheetError
from chalkgrad.evaluate.agree import value_of
from chalkgrad.evaluate.checking import check_step
from chalkgrad.evaluate.differences import WIDE
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.dims import Size, substitute
from chalkgrad.ir.program import Atom, Number, Var
from chalkgrad.ops.local import local_atom
from chalkgrad.render.numbers import shown
from chalkgrad.render.text import text
from chalkgrad.render.totals import Totals, arrays
from chalkgrad.transform.backprop import Contribution
from chalkgrad.transform.expression import Expr

# How far differences may be off by their own account before they say nothing.
SETTLED = 1e-7 if WIDE else 1e-5
# Below this a number is what rounding left of a sum that is 0.
TINY = 1e-5
SLOPED = frozenset(["gradient", "sum", "product", "local", "formula", "terms", "update", "chain"])


def witness(question: Question, *, kinks: bool) -> None:
    """Raise SheetError for a key that is not sure; `kinks` says that a kink or a tie is meant.

    The message names the blank and the numbers that do not agree.
    """
    at = question.work
    if at is None or not at.program.steps:
        return
    blanks = [b for b in question.blanks if b.node is not None]
    made, rate = function_of(question.part), question.part.rate
    if at.symbolic:
        _symbolic(at, made, blanks)
        return
    for blank in blanks:
        if isinstance(blank.key, NumberKey):
            refuse_unsayable(blank.id, blank.key.exact, blank.key.digits)
    refuse_kinks(at, kinks)
    refuse_saturated(at)
    _Witnesses(at, made, rate).check(blanks)


def _symbolic(at: Worked, made: Function, blanks: Sequence[Blank]) -> None:
    """Formulas of a part without values: its gradients are witnessed at points of our own, once."""
    asked = [b for b in blanks if b.kind in SLOPED]
    key = ("witnessed", tuple(sorted(b.id for b in asked)))
    if asked and key not in made.found:
        for point in _points(at):
            _Witnesses(point, made, None).check([_moved(b, at, point) for b in asked])
        made.found[key] = True


def _moved(blank: Blank, at: Worked, point: Worked) -> Blank:
    """The blank of the same name where named sizes have become numbers."""
    if blank.node is None or blank.node in point.called:
        return blank
    by_name = {name: v for v, name in point.called.items()}
    return replace(blank, node=by_name[at.called[blank.node]], edge=None)


def _beside(at: Worked) -> Worked | None:
    """The same function a little off, where no kink is met."""
    rng = np.random.default_rng(20260116)
    for _ in range(_TRIES):
        values = {v.hint: x + rng.uniform(0.001, 0.01, np.shape(x)) for v in at.program.inputs for x in (at.number(v),)}
        point = work(at.program, values, upstream=at.upstream, wrt=[v.hint for v in at.backprop.wrt])
        if not point.notices:
            return point
    return None


_TRIES = 8
_DRAWN = ((0.3, 1.6), (-1.5, 1.5), (0.1, 0.9), (1.1, 3.0))
_ENOUGH = 2


def _points(at: Worked) -> list[Worked]:
    """Points at which every value is a finite number and no kink is near; none of abstract functions."""
    rng = np.random.default_rng(20260115)
    found: list[Worked] = []
    sizes = _sizes(at)
    for low, high in (*_DRAWN, *_DRAWN):
        try:
            values = {v.hint: rng.uniform(low, high, _shape(v, sizes))[()] for v in at.program.inputs}
            output = at.program.output
            upstream = rng.uniform(0.5, 1.5, _shape(output, sizes)) if output.type.shape else None
            point = work(at.program, values, upstream=upstream, wrt=[v.hint for v in at.backprop.wrt])
        except ChalkgradError:
            return []
        numbers = [np.asarray(x, np.float64) for x in point.numbers.values()]
        if not point.notices and all(np.all(np.isfinite(x)) for x in numbers):
            found.append(point)
        if len(found) == _ENOUGH:
            break
    return found


def _sizes(at: Worked) -> dict[str, int]:
    """A number for every named size, no two alike."""
    dims = [n for v in at.program.variables() for n in v.type.shape if isinstance(n, Size)]
    return {name: 2 + k for k, name in enumerate(dict.fromkeys(x for n in dims for term, _ in n.terms for x in term))}


def _shape(atom: Atom, sizes: Mapping[str, int]) -> tuple[int, ...]:
    found = [substitute(n, sizes) for n in atom.type.shape]
    return tuple([n if isinstance(n, int) else 2 for n in found])


@final
class _Witnesses:
    """The numbers of one point. `rate` is None where the point is one of our own, and keys say nothing of it."""

    def __init__(self, at: Worked, made: Function, rate: float | None) -> None:
        self.at = at
        self.made = made
        self.rate = rate
        self.kinked = any(map(is_kink, at.notices))
        self.slopes = Slopes(at.program, [at.number(v) for v in at.program.inputs], at.number(at.backprop.seed))
        self.edges = {(c.step, c.position): c for c in at.backprop.contributions}
        self.found: dict[Var, Slope] = {}

    def check(self, blanks: Sequence[Blank]) -> None:
        """Every blank whose key rests on a value or a slope."""
        nodes = [v for b in blanks for v in self._behind(b) if v in self.slopes.numbers]
        self.found = self.slopes.of(nodes)
        for blank in blanks:
            self.blank(blank)
        beside = _beside(self.at) if self.kinked else None
        if beside is not None:  # the rules themselves are as sure as anywhere else
            _Witnesses(beside, self.made, None).check([b for b in blanks if b.kind in SLOPED])

    def _behind(self, blank: Blank) -> Sequence[Var]:
        """The values that a key is differentiated by."""
        if blank.kind == "next":
            return self.at.backprop.wrt
        if blank.kind not in SLOPED or blank.node is None:
            return ()
        return (blank.node,) if blank.edge is None else (blank.node, *blank.edge.step.given)

    def blank(self, blank: Blank) -> None:
        node = blank.node
        assert node is not None
        if blank.kind in ("value", "loss"):
            self._same(blank.id, self._key(blank, self.at.number(node)), self.slopes.numbers[node])
        elif blank.kind == "next":
            self._next(blank, node)
        elif blank.kind not in SLOPED or node not in self.found:
            return
        elif blank.edge is not None:
            self._edge(blank, blank.edge)
        elif node in self.at.backprop.adjoint or node in self.at.backprop.wrt:
            reverse = self.at.gradient(node)
            reverse = np.zeros(np.shape(self.at.number(node)))[()] if reverse is None else reverse
            self._three(blank.id, self._key(blank, reverse), self.symbolic.total(self.at, node), self.found[node])

    def _key(self, blank: Blank, found: Any) -> Any:
        """What the key says; of a key in symbols, and at a point of our own, what reverse mode gives."""
        return blank.key.exact if isinstance(blank.key, NumberKey) and self.rate is not None else found

    def _edge(self, blank: Blank, edge: Contribution) -> None:
        mine = self.edges.get((edge.step, edge.position))
        if mine is None:
            return
        if not self.slopes.scalar:
            inputs = [_number(self.at, a) for a in mine.step.inputs]
            wrong = check_step(mine.step, inputs)
            if wrong is not None:
                raise SheetError(f"the key of '{blank.id}' is not sure: {wrong}")
            return
        local, formula = self.slopes.local(mine.step, mine.position), self.symbolic.local(self.at, mine)
        if blank.id.removesuffix(".formula").endswith(".local"):
            atom = local_atom(mine.local)
            reverse = 1.0 if atom is None else self.at.number(atom) * 1.0
            self._three(blank.id, self._key(blank, reverse), formula, local)
            return
        above, sent = self.found[mine.step.output], self.symbolic.total(self.at, mine.step.output)
        error = abs(above.error * local.value) + abs(above.value * local.error)
        product = None if formula is None or sent is None else sent * formula
        reverse = self._key(blank, self.at.number(mine.value))
        self._three(blank.id, reverse, product, Slope(above.value * local.value, error))

    def _next(self, blank: Blank, node: Var) -> None:
        """The step made with slopes by differences, and the function evaluated there."""
        assert isinstance(blank.key, NumberKey)
        if self.kinked:
            return  # the step itself is a convention's
        there = {v: self._step(blank.id, v) for v in self.at.program.inputs}
        self._same(blank.id, blank.key.exact, there[node] if node in there else self.slopes.output([*there.values()]))

    def _step(self, id: str, var: Var) -> Any:
        """Where an input goes; of an array, whose slopes are along directions, the gradient is witnessed first."""
        here, slope = self.at.number(var), self.found.get(var)
        assert self.rate is not None
        if slope is None:
            return here
        if slope.along is None:
            return here - self.rate * slope.value
        reverse = self.at.gradient(var)
        self._three(id, reverse, self.symbolic.total(self.at, var), slope)
        return here - self.rate * reverse

    def _three(self, id: str, reverse: Any, formula: Any, slope: Slope) -> None:
        one = reverse if slope.along is None else np.tensordot(slope.along, reverse, np.ndim(reverse))
        size, error = max(_size(one, slope.value), TINY), np.asarray(slope.error, np.float64)
        settled = bool(np.all(error <= SETTLED * max(size, 1.0)))
        near = bool(np.all(np.abs(np.asarray(slope.value - one, np.float64)) <= NEAR * size + 4 * error))
        if (formula is None or _near(reverse, formula)) and ((settled and near) or self.kinked):
            return
        said = [f"reverse mode gives {_shown(reverse)}"]
        said += [] if formula is None else [f"its formula {_shown(formula)}"]
        given = f"{_shown(slope.value)}" + (f", where it is {_shown(one)}" if one is not reverse else "")
        said += [f"differences {given}" if settled else "differences do not settle there"]
        raise SheetError(f"the key of '{id}' is not sure: {', '.join(said)}")

    def _same(self, id: str, key: Any, other: Any) -> None:
        if not _near(key, other):
            raise SheetError(f"the key of '{id}' is not sure: {_shown(key)}, and {_shown(other)} in long double")

    @cached_property
    def symbolic(self) -> _Symbolic:
        """The formulas of the function, made once."""
        key = ("symbolic", tuple(v.hint for v in self.at.backprop.wrt), self.at.unit)
        if key not in self.made.found:
            self.made.found[key] = _Symbolic(self.at)
        return self.made.found[key]


@final
class _Symbolic:
    """Gradients as formulas, as they are printed and read back where that can be, made once for a function."""

    def __init__(self, at: Worked) -> None:
        self.of = at
        self.totals = Totals(at)
        self.formulas = Formulas(Ids(at))
        self.by_name = {name: v for v, name in at.called.items()}
        self.kept: dict[str, Expr | None] = {}

    def total(self, at: Worked, node: Var) -> Any:
        """A gradient's number by its formula, at the values of a Worked of the same function; None without one."""
        if node not in at.backprop.adjoint:
            return None
        name = at.called[node]
        if name not in self.kept:
            expr = self.totals.expr(self.by_name[name])
            back = self.formulas.read(text(expr, self.of.called)) if expr and self.of.unit and not arrays(expr) else ""
            self.kept[name] = expr if isinstance(back, str) else back
        return self._value(at, self.kept[name])

    def local(self, at: Worked, edge: Contribution) -> Any:
        """The number of a local derivative by its formula."""
        name = self.formulas.ids.edge_of(at, edge)
        if name not in self.kept:
            spec = self.formulas.ids.specs[f"{name}.local.formula"]
            self.kept[name] = self.formulas.local(spec)
        return self._value(at, self.kept[name])

    def _value(self, at: Worked, expr: Expr | None) -> Any:
        if expr is None:
            return None
        by_name = {n: v for v, n in at.called.items()}
        point = {v: at.number(by_name[n]) for n, v in self.by_name.items()}
        point.update(dict.fromkeys((self.totals.made.seed, self.of.backprop.seed), at.number(at.backprop.seed)))
        try:
            return value_of(expr, point, {})
        except (ArithmeticError, ChalkgradError, LookupError, TypeError, ValueError):
            return None


def _number(at: Worked, atom: Atom) -> Any:
    return atom.value if isinstance(atom, Number) else at.numbers[atom]


def _size(*values: Any) -> float:
    return max(float(np.max(np.abs(np.asarray(v, np.float64)), initial=0.0)) for v in values)


def _near(one: Any, other: Any) -> bool:
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if a.shape != b.shape and b.shape != ():
        return False
    return bool(np.all(np.abs(a - b) <= NEAR * max(_size(a, b), TINY)))


def _shown(value: Any) -> str:
    return shown(np.asarray(value, np.float64)[()], 9)
