"""Judging a line of the staged program: `dx += dg · 1`. Its target, its sign and its right-hand side, each."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, final

import numpy as np

from chalkgrad.classroom.marking.chain import PLAIN, STACKED
from chalkgrad.classroom.marking.formula import Formulas
from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.classroom.marking.symbols import Formula, sizes
from chalkgrad.classroom.sheets.blank import Blank, FormulaKey
from chalkgrad.classroom.slips.find import at_place
from chalkgrad.classroom.slips.places import Place
from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.ir.program import Var
from chalkgrad.render.rows import Rows

LINE = re.compile(
    r"^\s*(?:#?\(?\d{1,3}[):]\s*)?(?P<target>[^=+]{1,60}?)\s*(?P<sign>\+=|[-−]=|←|:=|=)\s*(?P<rhs>.+?)\s*(?:#.*)?$"
)


@final
class Code:
    """The lines of one question's staged program."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self.symbols = formulas.symbols
        self.rows = Rows(self.symbols.work)

    @cached_property
    def gradients(self) -> dict[str, Var]:
        """`dq`, and the value that it is the gradient by."""
        work = self.symbols.work
        return {self.rows.names_of_gradient(v): v for v in work.backprop.adjoint}

    @cached_property
    def ones(self) -> dict[str, Any]:
        return {name: np.ones(sizes(v))[()] for name, v in self.gradients.items()}

    def judge(self, blank: Blank, text: str) -> Judged:
        """The verdict on one line."""
        assert isinstance(blank.key, FormulaKey)
        try:
            key, said = self._parted(blank.key.text), self._parted(text)
            if said[0] != key[0]:
                return Judged("wrong", "target", f"this line gives {said[0]}, and one for {key[0]} is asked for")
            formula = self.symbols.read(said[2], self.ones)
            if said[0] in formula.names:
                return Judged("cannot tell", why=f"{said[0]} stands on both sides: write += for what is added")
            wanted = self.symbols.read(key[2], self.ones)
            sides = (self.symbols.composed(formula), self.symbols.composed(wanted))
            found = self.symbols.decide(*sides)
        except ChalkgradError as error:
            return Judged("cannot tell", why=str(error))
        if found.verdict == "undecided":
            return Judged("cannot tell", why=f"it could not be decided: {found.reason}", notes=formula.notes)
        if found.verdict == "no" and not self._same(blank, formula):
            return self._wrong(blank, formula)
        if key[1] == "+=" and said[1] == "=":
            why = f"= replaces what earlier lines gave {key[0]}: where paths meet, contributions add, so +="
            return Judged("wrong", "overwrite", why, formula.notes)
        plus = (f"{key[0]} has no value before this line: += takes it as 0",) if key[1] != said[1] else ()
        return Judged("right", notes=(*formula.notes, *plus))

    def _parted(self, text: str) -> tuple[str, str, str]:
        """Target, `=` or `+=`, right-hand side."""
        found = LINE.match(text.strip().strip("$"))
        if found is None or "\n" in text.strip():
            raise NotationError("one line is asked for, such as dx += dq · 1", text[:80], None)
        target = self._labelled(found["target"]).strip()
        rhs = self._labelled(found["rhs"])
        sign = "+=" if found["sign"] in ("+=", "-=", "−=") else "="
        own = re.match(rf"\s*{re.escape(target)}\s*\+(.+)$", rhs)
        if own is not None and sign == "=":
            sign, rhs = "+=", own.group(1)
        return target, sign, f"-({rhs})" if found["sign"] in ("-=", "−=") else rhs

    def _labelled(self, text: str) -> str:
        """With `dq` for `df/dq`, the gradient of the output; the sheet's own names for others."""
        names = self.symbols.names
        output = self.rows.output_name

        def label(found: re.Match[str]) -> str:
            of, by = (names.tidy(re.sub(r"[{}]", "", found[k]))[0] for k in (1, 2))
            name = f"d{by}"
            known = of in (output, self.symbols.work.loss) and name in self.gradients
            return f" {name} " if known else found.group()

        out = PLAIN.sub(label, STACKED.sub(label, text))
        return names.tidy(out)[0]

    def _place(self, blank: Blank) -> Place | None:
        if blank.edge is not None:
            return ("product", blank.edge)
        backward = blank.node is not None and self.rows.names_of_gradient(blank.node) == self._head(blank)
        return None if blank.node is None or backward else ("value", blank.node)

    def _head(self, blank: Blank) -> str:
        assert isinstance(blank.key, FormulaKey)
        return self._parted(blank.key.text)[0]

    def _values(self, formula: Formula) -> list[Any]:
        adjoint = self.symbols.work.backprop.adjoint
        more = [
            {name: point.numbers.get(a) for name, v in self.gradients.items() if isinstance(a := adjoint[v], Var)}
            for point in self.formulas.points.points
        ]
        return self.formulas.points.values(formula, more)

    def _same(self, blank: Blank, formula: Formula) -> bool:
        """Whether the line gives the right number with the gradients before it written out."""
        place = self._place(blank)
        points = self.formulas.points
        plain = points.ledgers({})
        return place is not None and points.same(self._values(formula), [x.key(place) for x in plain])

    def _wrong(self, blank: Blank, formula: Formula) -> Judged:
        place = self._place(blank)
        if place is not None:
            points, said = self.formulas.points, self._values(formula)
            plain = points.ledgers({})
            with np.errstate(all="ignore"):
                rows = zip(*[list(at_place(ledger, place)) for ledger in plain], strict=False)
                for row in rows:
                    if points.same(said, [s.value for s in row]):
                        return Judged("wrong", row[0].kind, row[0].why, formula.notes)
        return Judged("wrong", "", "the right-hand side is not what this line must bring", formula.notes)
