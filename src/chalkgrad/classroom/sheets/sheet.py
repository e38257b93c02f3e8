"""What a sheet file says: problems, their parts, and what each asks for. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, final

Kind = Literal[
    "value",  # a number of the forward pass
    "gradient",  # a total gradient, at a node
    "local",  # a local derivative, at an edge
    "product",  # upstream times local, at an edge
    "sum",  # the addition where paths meet, at a fork: "1 + -4"
    "formula",  # any of these in symbols
    "shape",  # of an array
    "code",  # a line of the staged program
    "next",  # a value after a step of descent
    "update",  # the rule of that step, in symbols
    "loss",  # the output's value, asked for by itself
    "chain",  # ∂f/∂x as a product of partials
    "terms",  # a formula in terms of names that are given
    "claim",  # a derivation, or a whole backward pass, of several lines
    "text",  # words, for a person to read: it has a rubric
    "graph",  # "draw it"
]

Show = Literal["graph", "table", "none"]


@final
@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for, as the file says it: a pattern over the ids of a function's blanks, or one of its own.

    `pattern` is `values`, `gradients`, `locals`, `products`, `q.value`, `x>q.local`, `*.gradient`, `x.gradient.formula`
    and so on; where it is empty, the rest says what is asked. `answer` is maths text over the values of the function:
    the key is what it comes to. `given` stands before a claim, `names` are those that an answer "in terms of" may use,
    `rubric` and `lines` belong to words; a `figure` stands beside it, an `answer_figure` on the key alone.
    """

    pattern: str = ""
    id: str = ""
    kind: Kind | None = None
    ask: str = ""
    answer: str = ""
    given: str = ""
    names: tuple[str, ...] = ()
    rubric: tuple[str, ...] = ()
    lines: int = 1
    points: float | None = None
    hint: str = ""
    figure: str = ""
    answer_figure: str = ""


@final
@dataclass(frozen=True, slots=True)
class Vary:
    """How a problem's values may differ from seat to seat; the names not in `ranges` follow the general rules."""

    ranges: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    kinks: bool = False


@final
@dataclass(frozen=True, slots=True)
class Part:
    """One question. `label` is `a`, `b`, … or `1`, `2`, …, or nothing where the problem has no parts.

    `function` is maths text, LaTeX or, where `python` is set, a function of NumPy operations, which is read and never
    run; empty where nothing is computed. What a part does not say, its problem says: a Part has it filled in.
    """

    label: str
    prose: str
    function: str = ""
    python: bool = False
    abstract: tuple[str, ...] = ()
    let: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    upstream: Any = None
    wrt: tuple[str, ...] | None = None
    gates: Literal["typed", "fine", "whole"] = "typed"
    show: Show = "graph"
    asks: tuple[Ask, ...] = ()
    points: float | None = None
    hint: str = ""
    rate: float = 0.1
    digits: int = 2
    figure: str = ""


@final
@dataclass(frozen=True, slots=True)
class Problem:
    """A numbered problem: words, then one part or several. `vary` is None where its values are the same for all.

    `points` are those of all its blanks together, None where each counts 1.
    """

    number: int
    title: str
    prose: str
    parts: tuple[Part, ...]
    vary: Vary | None = None
    points: float | None = None
    figure: str = ""


@final
@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole sheet. `name` is short, of letters, digits and `-`, and begins every sheet's code.

    `credit` is the share of the points for an answer that is *consistent*; `digits` the decimals that are asked for.
    """

    name: str
    title: str
    problems: tuple[Problem, ...]
    course: str = ""
    intro: str = ""
    footer: str = ""
    digits: int = 2
    credit: float = 1.0
