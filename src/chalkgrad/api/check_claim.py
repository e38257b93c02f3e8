"""`check`: a person's own derivation or backward pass, judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalkgrad.classroom.claims.judge import judge
from chalkgrad.classroom.claims.matrices.judge import judge_matrices
from chalkgrad.classroom.claims.matrices.reading import is_matrix, read_matrix_claim
from chalkgrad.classroom.claims.python_claim import is_python, read_python
from chalkgrad.classroom.claims.reading import read_claim
from chalkgrad.classroom.claims.verdict import Verdict


def check(text: str, values: Mapping[str, Any] | None = None, *, python: bool | None = None, **named: Any) -> Verdict:
    """Judge a claim: the first wrong line, what it should be, and why.

    Parameters
    ----------
    text : str
        The function on the first line; `forward:` and its stages; `backward:` and its stages; `claim:` and equations.
        Or a Python file of assignments, which is read and never run. A text that declares shapes, or begins with
        `given:`, is about matrices: `W1 in R^(p x n)` and `∂J/∂W1 = …` are claimed behind `claim:`.
    values, **named
        A point at which examples are given; also `at: x = -2, y = 5` in the text.
    python : bool, optional
        Whether it is Python; by default found out.

    Returns
    -------
    Verdict
        True where all of it is right; `str` of it is the report.

    Raises
    ------
    NotationError
        Where a line cannot be read; it names the line, with a caret.

    Examples
    --------
    >>> verdict = check("f(x, y) = x y\\nclaim: df/dx = x")
    >>> bool(verdict), verdict.line, verdict.mistake
    (False, 2, 'swap')
    """
    given = {**(values or {}), **named}
    if is_python(text) if python is None else python:
        return judge(read_python(text, given))
    if is_matrix(text):
        return judge_matrices(read_matrix_claim(text, given))
    return judge(read_claim(text, given))
