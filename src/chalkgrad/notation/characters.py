"""Which characters maths is written in, and what each of them stands for."""

from __future__ import annotations

import unicodedata
from functools import cache

MARKS = frozenset("\u0302\u0303\u0304\u0305\u0307\u0308\u20d7")  # hat, tilde, bars, dots, arrow
SPACES = frozenset(" \t\r\f\v\u00a0\u2009\u200a\u202f\u205f" + "".join(map(chr, range(0x2000, 0x2009))))
FRACTIONS = {
    "½": 1 / 2,
    "⅓": 1 / 3,
    "⅔": 2 / 3,
    "¼": 1 / 4,
    "¾": 3 / 4,
    "⅕": 1 / 5,
    "⅖": 2 / 5,
    "⅗": 3 / 5,
    "⅘": 4 / 5,
    "⅙": 1 / 6,
    "⅚": 5 / 6,
    "⅛": 1 / 8,
    "⅜": 3 / 8,
    "⅝": 5 / 8,
    "⅞": 7 / 8,
    "𝟙": 1.0,
}
SUPERSCRIPTS = {c: str(i) for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {"⁻": "-"}
SUBSCRIPTS = {c: str(i) for i, c in enumerate("₀₁₂₃₄₅₆₇₈₉")} | dict(
    zip("ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "aeoxhklmnpstijruv", strict=True)
)
PRIMES = {"'": "'", "′": "'", "″": "''", "’": "'"}
STARS = frozenset("*∗⋆★")

# What a sign is for the parser. Every elementwise product is one sign: which it was does not matter.
SIGNS = {
    "+": "+",
    "-": "-",
    "−": "-",
    "*": "*",
    "∗": "*",
    "·": "*",
    "⋅": "*",
    "×": "*",
    "∘": "*",
    "⊙": "*",
    "/": "/",
    "÷": "/",
    "∕": "/",
    "^": "^",
    "**": "^",
    "@": "@",
    "√": "√",
    "∛": "∛",
    "∧": "∧",
    "∨": "∨",
    "¬": "¬",
}
COMPARISONS = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "≤": "<=",
    "≥": ">=",
    "⩽": "<=",
    "⩾": ">=",
    "==": "==",
    "!=": "!=",
    "≠": "!=",
}
PAIRS = {"(": ")", "[": "]", "{": "}"}

# Signs that a person may well write, each with what to do about it.
UNREAD = {
    **dict.fromkeys("–—‐‑‒", "for minus write -"),
    "∑": "a sum over the examples is Σ_{i=1}^{m} of what bears (i); over the entries of an array, sum(x)",
    "∏": "a product over an index is not read; write it out, or prod(x)",
    **dict.fromkeys(
        "∂∇",
        "derivatives are what is computed here; `chalkgrad check` takes a claim about one, --upstream a given ∂L/∂f",
    ),
    **dict.fromkeys("∫", "integrals are not read"),
    **dict.fromkeys("∞", "infinity is not a number here"),
    **dict.fromkeys("→⇒↦", "write the formula alone, with = before it"),
    "←": "an update is what --rate of `chalkgrad show` makes; write the function itself",
    **dict.fromkeys("!", "write the factorial out"),
    **dict.fromkeys("%", "write mod(a, b), or divide by 100"),
    **dict.fromkeys('"“”`', "quotes are not part of a formula"),
    **dict.fromkeys("_", "a subscript stands tight behind a name: x_1"),
    **dict.fromkeys("'’′″", "a prime stands tight behind a name: x'"),
    **dict.fromkeys("∈", "a declaration stands on a line of its own: x ∈ R^n"),
}


@cache
def letter(char: str) -> str:
    """The letter that `char` is, in the form names are kept in, or `""` where it is no letter of maths.

    Slanted letters are the plain ones; every other alphabet (bold, script, double-struck) stays itself.
    """
    if char.isascii():
        return char if char.isalpha() else ""
    if not char.isalpha():
        return ""
    code = ord(char)
    if 0x370 <= code <= 0x3FF:
        return char
    if 0x1D434 <= code <= 0x1D467 or 0x1D6E2 <= code <= 0x1D71B or char == "ℎ":
        return unicodedata.normalize("NFKC", char)
    if 0x1D400 <= code <= 0x1D7CB:
        return char
    if 0x2100 <= code <= 0x214F and unicodedata.normalize("NFC", char) == char:
        return char
    whole = unicodedata.normalize("NFD", char)
    if len(whole) > 1 and whole[0].isascii() and all(mark in MARKS for mark in whole[1:]):
        return char
    return ""


def named(char: str) -> str:
    """`'а' (U+0430 CYRILLIC SMALL LETTER A)`, and the code point alone where showing it would hide it."""
    name = unicodedata.name(char, "a control character" if ord(char) < 0xA0 else "no character")
    shown = f"'{char}' " if char.isprintable() and not unicodedata.combining(char) else ""
    return f"{shown}(U+{ord(char):04X} {name})"
