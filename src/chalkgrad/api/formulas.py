"""`formulas`: a Work's formulas, as text, LaTeX and MathML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import final

from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import Worked
from chalkgrad.render.formulas import formulas as lines_of
from chalkgrad.render.latex import latex
from chalkgrad.render.mathml import mathml


@final
@dataclass(frozen=True, slots=True)
class Formula:
    """One formula: the section it belongs to, what it is of, and itself in three forms."""

    section: str
    label: str
    text: str
    latex: str
    mathml: str

    def __str__(self) -> str:
        return self.text

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex}$"


@final
@dataclass(frozen=True, slots=True)
class Formulas:
    """The formulas of a Work: the function, local derivatives, chains, gradients, descent.

    `str` of it is readable text; a notebook shows it as maths.
    """

    rows: tuple[Formula, ...]

    def section(self, name: str) -> tuple[Formula, ...]:
        """The rows of one section: `function`, `local derivatives`, `chain rule`, `gradients`, `gradient descent`."""
        return tuple(row for row in self.rows if row.section == name)

    def __iter__(self) -> Iterator[Formula]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        parts = groupby(self.rows, key=lambda row: row.section)
        return "\n\n".join("\n".join([name, *[f"  {row.text}" for row in rows]]) for name, rows in parts)

    def _repr_html_(self) -> str:
        parts: list[str] = ['<div class="chalkgrad">']
        for name, rows in groupby(self.rows, key=lambda row: row.section):
            parts.append(f"<div><strong>{escape(name)}</strong></div>")
            parts += [f'<div style="margin:.4em 0">{row.mathml}</div>' for row in rows]
        return "\n".join([*parts, "</div>"])

    def _repr_latex_(self) -> str:
        body = r" \\ ".join([rf"& {row.latex}" for row in self.rows])
        return rf"$$\begin{{aligned}} {body} \end{{aligned}}$$"


def formulas(worked: Worked) -> Formulas:
    """Every formula of a Work: stages, local derivatives, the chain along each path, gradients, descent.

    A derivative is checked numerically against the gradient program before it is shown.

    Raises ChalkgradError for what is no Work.

    Examples
    --------
    >>> from chalkgrad import work
    >>> print(formulas(work("q = x + y; f = q z")).section("chain rule")[0])
    ∂f/∂x = ∂f/∂q · ∂q/∂x = z · 1
    """
    if not isinstance(worked, Worked):
        raise ChalkgradError(f"formulas takes a Work, not {type(worked).__name__}: formulas(work(…))")
    found = [
        Formula(one.section, one.label, one.said.text, latex(one.said.box), mathml(one.said.box, display=True))
        for one in lines_of(worked)
    ]
    return Formulas(tuple(found))
