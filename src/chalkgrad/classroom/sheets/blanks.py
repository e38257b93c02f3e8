"""The blanks that a part asks for, with their keys, in dependency order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.blank import Blank, FormulaKey, Key, NumberKey, ShapeKey
from chalkgrad.classroom.sheets.formulas import Formulas
from chalkgrad.classroom.sheets.function import Function
from chalkgrad.classroom.sheets.ids import Ids, Spec, program_output
from chalkgrad.classroom.sheets.rounding import rounded
from chalkgrad.classroom.sheets.sheet import Ask, Part
from chalkgrad.classroom.sheets.stepwise import stepwise
from chalkgrad.errors import SheetError
from chalkgrad.evaluate.what_if import Descent, descend
from chalkgrad.evaluate.worked import Worked, work
from chalkgrad.ir.program import Atom, Var
from chalkgrad.ops.local import number_atom

LEFT_OVER = 1e-14


@final
@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A blank before it has points and its place in the sheet: what asked for it, and its rank."""

    blank: Blank
    ask: Ask
    rank: tuple[int, ...]


def of_function(part: Part, made: Function, work: Worked) -> Iterator[Asked]:
    """The blanks that the part's patterns mean; an id that stands by itself counts before a set that it is in.

    Raises SheetError for a pattern that means none, a number where there is none, and a formula that is not sure.
    """
    keys = Keys(part, made, work)
    wanted: dict[str, tuple[Ask, Spec]] = {}
    for ask in part.asks:
        for spec in keys.ids.find(ask.pattern) if ask.pattern else ():
            before = wanted.get(spec.id)
            if before is not None and before[0].pattern == ask.pattern == spec.id:
                raise SheetError(f"'{spec.id}' is asked for twice")
            if before is None or ask.pattern == spec.id:
                wanted[spec.id] = ask, spec
    for ask, spec in wanted.values():
        yield Asked(keys.blank(ask, spec), ask, spec.rank)


@final
class Keys:
    """The keys of one question."""

    def __init__(self, part: Part, made: Function, work: Worked) -> None:
        self.part = part
        self.made = made
        self.work = work
        self.ids = Ids(work)
        self._stepwise: Mapping[Var, Any] | None = None
        self._descent: Descent | None = None

    def blank(self, ask: Ask, spec: Spec) -> Blank:
        """One blank; its points come later."""
        if ask.names and not spec.symbolic:
            raise SheetError(f"'{spec.id}' is no formula: names belong to '{spec.id}.formula'")
        key = self.key(ask, spec)
        kind = spec.of
        if isinstance(key, FormulaKey) and spec.symbolic:
            kind = "terms" if ask.names else "formula"
        return Blank(
            spec.id,
            kind,
            ask.ask or self.said(spec),
            key,
            0.0,
            spec.node,
            spec.edge,
            "code" if spec.of == "code" else "line",
            ask.lines,
            ask.hint,
            ask.figure,
            ask.answer_figure,
        )

    def said(self, spec: Spec) -> str:
        """What is asked, as it is printed: `∂f/∂q`, `q`."""
        rows, node = self.ids.rows, spec.node
        if spec.line is not None:
            return spec.line.text.partition("=")[0].removesuffix("+").strip()
        if spec.edge is not None:
            row = rows.edge(spec.edge)
            return row.local_label if spec.of == "local" else f"{row.upstream_label} · {row.local_label}"
        assert node is not None
        name = rows.names[node] if node is not program_output(self.work) else rows.output_name
        if spec.of in ("gradient", "sum", "chain"):
            return rows.partial(self.work.loss, name)
        return name

    # keys

    def key(self, ask: Ask, spec: Spec) -> Key:
        if spec.symbolic or spec.of in ("update", "chain", "code", "shape"):
            return self.symbols(ask, spec)
        if self.work.symbolic:
            inside = f"; '{other}' asks for symbols" if (other := _in_symbols(spec)) in self.ids.specs else ""
            raise SheetError(f"'{spec.id}' is a number, and the part gives no values{inside}")
        if ask.answer:
            raise SheetError(f"'{spec.id}' is a number, which is computed: it takes no answer")
        exact = _cleared(self.number(spec))
        if exact is None:
            raise SheetError(f"'{spec.id}' has no number of its own: it is a linear map")
        return NumberKey(exact, self.by_steps(spec, exact), self.part.digits)

    def number(self, spec: Spec) -> Any:
        """The exact number."""
        work = self.work
        if spec.of == "local":
            assert spec.edge is not None
            return _unsigned(self.ids.rows.local_number(spec.edge))
        if spec.of == "product":
            assert spec.edge is not None
            return _unsigned(work.number(spec.edge.value))
        assert spec.node is not None
        if spec.of == "next":
            descent = self.descent
            return _unsigned(descent.after if spec.node not in descent.steps else descent.steps[spec.node][2])
        if spec.of in ("value", "loss"):
            return _unsigned(work.number(spec.node))
        found = work.gradient(spec.node)
        return np.zeros(np.shape(work.number(spec.node)))[()] if found is None else found

    @property
    def descent(self) -> Descent:
        """The step of descent, made once."""
        if self._descent is None:
            self._descent = descend(self.work, self.part.rate)
        return self._descent

    def by_steps(self, spec: Spec, exact: Any) -> Any:
        """The number of a person who rounds at every gate."""
        if self._stepwise is None:
            self._stepwise = stepwise(self.work, self.part.digits)
        if spec.of == "next":
            return self._next_by_steps(spec, exact)
        atom = self._atom(spec)
        found = _cleared(self._stepwise.get(atom, exact)) if isinstance(atom, Var) else exact
        return found if np.all(np.isfinite(found)) else exact

    def _next_by_steps(self, spec: Spec, exact: Any) -> Any:
        """`x - α·∂f/∂x` with the rounded gradient, rounded; of the function, its value by steps at such inputs."""
        assert spec.node is not None
        inputs = self.work.program.inputs
        if spec.node in inputs:
            return self._stepped(spec.node)
        there = {v.hint: self._stepped(v) for v in inputs}
        found = stepwise(work(self.work.program, there), self.part.digits).get(spec.node, exact)
        return _cleared(found) if np.all(np.isfinite(found)) else exact

    def _stepped(self, var: Var) -> Any:
        """Where an input goes for a person who rounds at every gate."""
        here, made = self.work.number(var), self.work.backprop
        if var not in made.wrt:
            return here
        atom = made.adjoint.get(var)
        assert self._stepwise is not None
        slope = self._stepwise.get(atom, 0.0) if isinstance(atom, Var) else self.work.number(atom) if atom else 0.0
        return rounded(_cleared(here - self.part.rate * slope), self.part.digits)

    def _atom(self, spec: Spec) -> Atom | None:
        if spec.edge is not None:
            if spec.of == "product":
                return spec.edge.value
            return number_atom(spec.edge.local)
        assert spec.node is not None
        return spec.node if spec.of in ("value", "loss") else self.work.backprop.adjoint.get(spec.node)

    def symbols(self, ask: Ask, spec: Spec) -> Key:
        """A key that does not hang on the values; made once for the function."""
        if spec.line is not None:  # an upstream gradient stands in it as a number
            return FormulaKey(spec.line.text)
        place = (spec.id, ask.names, ask.answer, self.part.wrt, self.part.upstream is None)
        found = self.made.found.get(place)
        if found is None:
            found = self.made.found[place] = self._symbols(ask, spec)
        return found

    def _symbols(self, ask: Ask, spec: Spec) -> Key:
        if spec.of == "shape":
            assert spec.node is not None
            return ShapeKey("×".join(map(str, spec.node.type.shape)))
        if self.work.upstream is not None:
            raise SheetError(f"'{spec.id}': a formula is asked for with no upstream gradient given; leave it out there")
        formulas = self._formulas
        spec = formulas.ids.specs[spec.id]  # the same of another Worked, whose gradient program is compared with
        if spec.of == "chain":
            return FormulaKey(formulas.chain(spec), given=self.made.text, head=self.said(spec))
        if spec.of == "update":
            return self._update(formulas, ask, spec)
        if not ask.answer:
            return FormulaKey(formulas.text(spec, ask.names), ask.names)
        read = formulas.read(ask.answer)
        if isinstance(read, str):
            raise SheetError(f"the answer of '{spec.id}' cannot be read: {read}")
        if others := formulas.others(read, ask.names):
            raise SheetError(f"the answer of '{spec.id}', {ask.answer}, holds {others}, which its names leave out")
        if not formulas.confirmed(ask.answer, spec):
            raise SheetError(f"the answer of '{spec.id}', {ask.answer}, is not what the gradient program computes")
        return FormulaKey(ask.answer, ask.names)

    def _update(self, formulas: Formulas, ask: Ask, spec: Spec) -> Key:
        head = f"{self.said(spec)} ←"
        if not ask.answer:
            return FormulaKey(formulas.update(spec), ask.names, head=head)
        right = ask.answer.strip().removeprefix(self.said(spec)).lstrip()
        right = right[1:].strip() if right.startswith("←") else ask.answer
        wrong = formulas.wrong_update(spec, right)
        if wrong:
            raise SheetError(f"the answer of '{spec.id}', {ask.answer}, {wrong}")
        return FormulaKey(right, ask.names, head=head)

    @property
    def _formulas(self) -> Formulas:
        key = ("formulas", self.part.wrt)
        if key not in self.made.found:
            self.made.found[key] = Formulas(self.ids)
        return self.made.found[key]


def _in_symbols(spec: Spec) -> str:
    return spec.id.removesuffix(".value") + ".formula"


def _unsigned(value: Any) -> Any:
    return None if value is None else value + 0.0


def _cleared(value: Any) -> Any:
    """What rounding left of 0 is 0, and -0 too: 0.3 - 0.1·3."""
    return None if value is None else np.where(np.abs(value) < LEFT_OVER, 0.0, value)[()] + 0.0
