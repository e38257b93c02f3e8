"""`work`, the main job: a function in, its worked backpropagation out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from chalkgrad.api.draw import draw
from chalkgrad.api.formulas import formulas
from chalkgrad.api.source import Source, set_conventions, source_of
from chalkgrad.errors import ChalkgradError
from chalkgrad.evaluate.worked import Worked
from chalkgrad.evaluate.worked import work as evaluate
from chalkgrad.render.html import html
from chalkgrad.transform.gates import Gates, set_gates


class Work(Worked):
    """A worked backpropagation. It prints as tables, and shows itself in a notebook as a drawing and tables.

    `value`, `gradients` (by input name) and `notices` are what was computed; `cg.draw`, `cg.code` and `cg.explain`
    show the rest.
    """

    def __str__(self) -> str:
        from chalkgrad.render.terminal import terminal  # loads rich: only when it prints

        return terminal(self)

    def __repr__(self) -> str:
        if self.symbolic:
            return f"<Work {self.program.name}: no values>"
        return f"<Work {self.program.name}: {len(self.program.steps)} steps>"

    def _repr_html_(self) -> str:
        return f"{draw(self).svg}\n{html(self)}\n{formulas(self)._repr_html_()}"


def work(
    source: Source,
    *args: Any,
    values: Mapping[str, Any] | None = None,
    upstream: Any = None,
    wrt: str | Sequence[str] | None = None,
    gates: Gates = "typed",
    relu_at_zero: int | None = None,
    tie: str | None = None,
    abstract: str | Sequence[str] = (),
    let: Mapping[str, str] | None = None,
    **named: Any,
) -> Work:
    """Work a function through, forward and backward.

    Parameters
    ----------
    source : str, function or Program
        Maths text, a Python function of NumPy operations, or a Program.
    *args, values, **named
        The inputs' values: in order, by name in a dict (for names that are no identifiers), or by keyword. None at
        all leaves everything symbolic.
    upstream : float or array, optional
        ∂L/∂f, of f's shape; 1 where it is not given.
    wrt : str or sequence of str, optional
        The inputs to differentiate; by default every floating one.
    gates : {"typed", "fine", "whole"}
        σ as typed, opened into *-1, exp, +1, 1/x, or closed to one gate.
    relu_at_zero : {0, 1}, optional
    tie : {"share", "first"}, optional
        The choices at kinks.
    abstract : str or sequence of str, optional
        Functions that the text calls and does not give: `("g1", "Loss")`. Their derivatives print as g1', ∂₁Loss.
    let : dict, optional
        What an abstract function is: `{"g1": "σ", "Loss(a, y)": "½(a - y)^2"}`.

    Returns
    -------
    Work

    Raises
    ------
    ChalkgradError
        Of the kind that says what is wrong, and where.

    Examples
    --------
    >>> w = work("f(x, y, z) = (x + y) z", x=-2, y=5, z=-4)
    >>> float(w.value), {name: float(g) for name, g in w.gradients.items()}
    (-12.0, {'x': -4.0, 'y': -4.0, 'z': 3.0})
    """
    for name in named:
        if name in (values or {}):
            raise ChalkgradError(f"'{name}' is given twice")
    found = source_of(source, args, {**(values or {}), **named}, abstract, let)
    program = set_conventions(set_gates(found.program, gates), relu_at_zero, tie)
    targets = [wrt] if isinstance(wrt, str) else wrt
    made = evaluate(program, found.values, upstream=upstream, wrt=targets, echo=found.echo)
    return Work(**{f.name: getattr(made, f.name) for f in fields(made)})
