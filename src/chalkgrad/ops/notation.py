"""The few kinds of maths layout. A renderer matches on these, and knows no op by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

# How tightly a sign binds; a renderer sets brackets where a looser one stands inside a tighter one.
COMPARE, SUM, PRODUCT, SIGN, POWER, CALL = 1, 2, 3, 4, 5, 6


@final
@dataclass(frozen=True, slots=True)
class Infix:
    """`a + b`. `sign` on paper, `python` in code; associative signs need no brackets on their right."""

    sign: str
    latex: str
    python: str
    precedence: int
    associative: bool = False


@final
@dataclass(frozen=True, slots=True)
class Prefix:
    """`-a`."""

    sign: str
    latex: str
    python: str
    precedence: int


@final
@dataclass(frozen=True, slots=True)
class Postfix:
    """`Wᵀ`."""

    sign: str
    latex: str


Paper = Literal["", "outer", "entries", "ones", "identity", "places", "over", "norm"]


@final
@dataclass(frozen=True, slots=True)
class Function:
    """`tanh(x)`; params that are not at their default follow by name. `brace` sets LaTeX's argument in braces.

    `paper` is how a formula shows it where its arguments allow: `x yᵀ` (outer), `x[p]` (entries), `𝟏` (ones), `I`
    (identity), `e_0` (places), `Σ over columns of x` (over), `‖x‖` (norm).
    """

    name: str
    latex: str
    brace: bool = False
    paper: Paper = ""


@final
@dataclass(frozen=True, slots=True)
class Fraction:
    """`a / b`, or a over b."""


@final
@dataclass(frozen=True, slots=True)
class Power:
    """`a^b`; the exponent is `exponent`, or the second operand where that is None."""

    exponent: int | None = None


@final
@dataclass(frozen=True, slots=True)
class Bars:
    """`|x|`."""


@final
@dataclass(frozen=True, slots=True)
class Indicator:
    """`1{x > 0}`."""


@final
@dataclass(frozen=True, slots=True)
class Exponential:
    """`e^x`."""


@final
@dataclass(frozen=True, slots=True)
class Sum:
    """`a + b + c` over any number of operands; one alone stands as it is."""


@final
@dataclass(frozen=True, slots=True)
class Subscript:
    """`x[0, :]`, from the param `index`."""


@final
@dataclass(frozen=True, slots=True)
class Bracket:
    """`[a, b, c]`."""


@final
@dataclass(frozen=True, slots=True)
class Shown:
    """Prints as its first operand: the others only say where a convention holds."""


Notation = (
    Infix
    | Prefix
    | Postfix
    | Function
    | Fraction
    | Power
    | Bars
    | Indicator
    | Exponential
    | Sum
    | Subscript
    | Bracket
    | Shown
)
