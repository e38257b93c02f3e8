"""`cases` and matrices of LaTeX, into the tokens of `piecewise(…)` and of array literals."""

from __future__ import annotations

from typing import final

from chalkgrad.errors import NotationError
from chalkgrad.notation.lexer import Token, Word
from chalkgrad.notation.tree import Span


@final
class Table:
    """One that is still open: its rows so far, each a list of cells. `otherwise`: the last row is for all else."""

    def __init__(self, kind: str, token: Token) -> None:
        self.kind = kind
        self.token = token
        self.rows: list[list[list[Token]]] = [[[]]]
        self.otherwise = False

    def tokens(self, source: str, at: int, stop: int) -> list[Token]:
        """What it is in plain text; its end stands from `at` to `stop`.

        Raises NotationError where a case has no condition.
        """
        rows = [row for row in self.rows if any(row)]
        if not rows:
            raise NotationError("nothing stands in this environment", source, (self.token.start, stop))
        cases = self.kind == "cases"
        opening, closing = ("(", ")") if cases else ("[", "]")
        begin = self.token.span
        out: list[Token] = []
        if cases:
            out.append(Token("word", "piecewise", *begin, False, Word((begin[0],) * len("piecewise"), False)))
        out.append(_sign("open", opening, begin))
        opposite = cases and not self.otherwise and _opposite(rows)
        for place, row in enumerate(rows):
            written = [token for cell in row for token in cell]
            first, behind = written[0].start, written[-1].stop
            if place:
                out.append(_sign("comma", ",", (first, first)))
            last = cases and (self.otherwise or opposite) and place == len(rows) - 1
            cells = [cell for cell in row if cell] if cases else row
            cells = cells[:1] if last and opposite else cells
            if cases and len(cells) != (1 if last else 2):
                problem = "a case has a value and a condition: x & \\text{if } x > 0"
                raise NotationError(problem, source, (first, behind))
            if not last:
                out.append(_sign("open", opening, (first, first)))
            for column, cell in enumerate(cells):
                start = cell[0].start if cell else first
                if column:
                    out.append(_sign("comma", ",", (start, start)))
                out.extend(_equality(token) for token in cell) if cases and column else out.extend(cell)
            if not last:
                out.append(_sign("close", closing, (behind, behind)))
        out.append(_sign("close", closing, (at, stop)))
        return out


OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}


def _opposite(rows: list[list[list[Token]]]) -> bool:
    """Whether the second of two conditions is that the first does not hold: `z < 0`, then `z >= 0`."""
    conditions = [row[-1] for row in rows if len([cell for cell in row if cell]) == 2]
    if len(rows) != 2 or len(conditions) != 2 or len(conditions[0]) != len(conditions[1]):
        return False
    pairs = [
        (_equality(a), _equality(b)) for a, b in zip(*conditions, strict=True) if _equality(a).text != _equality(b).text
    ]
    return len(pairs) == 1 and OPPOSITE.get(pairs[0][0].text) == pairs[0][1].text


def _equality(token: Token) -> Token:
    """In a condition a single `=` is no definition: `x = 0` is written so on paper."""
    return token._replace(kind="compare", text="==") if token.kind == "equals" else token


def _sign(kind: str, text: str, span: Span) -> Token:
    return Token(kind, text, span[0], span[1], False)
