"""Names as people type them: `w0` and `w₀` for the sheet's `w_0`, `q_1` for `q1`, `y*` for `y^*`, `yhat` for `ŷ`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import final

LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
SUBSCRIPTS = re.compile(r"_?([₀₁₂₃₄₅₆₇₈₉]+)")
PARTS = re.compile(r"([^\W\d_]+?)_?\{?([0-9]+|(?<=_)[^\W_]+|(?<=\{)[^\W_{}]+)\}?(\^\*)?")
HATS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
# what may stand behind the star of `y*`; before anything else it is a product
AFTER = r"\s*(?:$|[)\]},+/·=-]|\s\*)"
LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "lambda": "λ",
    "mu": "μ", "rho": "ρ", "tau": "τ", "phi": "φ", "omega": "ω", "ell": "ℓ",
}  # fmt: skip


@final
class Names:
    """The names of one question, and the ways in which they may be typed."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        ways: dict[str, set[str]] = {}
        for name in self.known:
            for way in _ways(name):
                ways.setdefault(way, set()).add(name)
        one = {way: next(iter(names)) for way, names in ways.items() if len(names) == 1 and way not in self.known}
        self._ways = one
        longest = sorted(one, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_alone, longest)) or r"(?!)")
        self._starred = [
            (name, re.compile(rf"(?<![^\W\d_]){re.escape(name.removesuffix('^*'))}\*(?={AFTER})"))
            for name in self.known
            if name.endswith("^*")
        ]

    def tidy(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text with the sheet's own names, and what was read as what."""
        out = SUBSCRIPTS.sub(lambda m: "_" + m.group(1).translate(LOWERED), unicodedata.normalize("NFC", text))
        said: dict[str, str] = {}

        def swap(found: re.Match[str]) -> str:
            name = self._ways[found.group()]
            said[found.group()] = name
            return name

        out = self._pattern.sub(swap, out)
        for name, starred in self._starred:
            out = starred.sub(name, out)
        return out, tuple([f"{typed} is read as {name}" for typed, name in said.items() if typed not in _silent(name)])


def _alone(way: str) -> str:
    """A pattern for a spelling that is no part of a longer name; a subscript ends where its digits do."""
    end = r"(?![^\W\d_])" if way[-1:].isalpha() else ""
    return rf"(?<![^\W\d_])(?<!\\){re.escape(way)}(?![\d_]){end}"


def _silent(name: str) -> frozenset[str]:
    """Spellings that are the same name on paper, and need no word."""
    found = PARTS.fullmatch(name)
    if found is None:
        return frozenset()
    base, sub, star = found[1], found[2], found[3] or ""
    return frozenset([f"{base}_{sub}{star}", f"{base}_{{{sub}}}{star}"])


def _ways(name: str) -> list[str]:
    """Other spellings of one name."""
    bare = name.removesuffix("^*")
    star = name[len(bare) :]
    found = PARTS.fullmatch(bare)
    ways: list[str] = []
    if found is not None:
        base, sub = found[1], found[2]
        ways += [f"{base}_{sub}", f"{base}_{{{sub}}}"] + ([base + sub] if sub.isdigit() else [])
    plain = unicodedata.normalize("NFD", bare)
    for mark, word in HATS.items():
        if mark in plain:
            letters = plain.replace(mark, "")
            ways += [letters + word, f"{letters}_{word}"]
    ways += [word for word, letter in LETTERS.items() if bare == letter]
    if star:
        ways = [w + star for w in ways]
    return [w for w in dict.fromkeys(ways) if w != name]
