"""The sign of a sum over examples: `Σ_i`, `Σ_{i=1}^{m}`, `∑`, `sum_{i=1}^{m}`, and what stands below and above it."""

from __future__ import annotations

import re
from typing import NamedTuple

from chalkgrad.errors import NotationError

SIGN = re.compile(r"[Σ∑]|sum(?=_\{\s*[a-z]\s*=)")
BOUNDS = re.compile(
    r"(?:\s*\\(?:no)?limits(?![A-Za-z]))?\s*(?:_\s*(?:\{\s*(?P<braced>[a-z])\s*(?:=\s*(?P<low>[0-9]+)\s*)?\}|(?P<bare>[a-z])(?![A-Za-z0-9_]))"
    r"|(?P<small>[ᵢⱼₖₙ]))"
    r"(?:\s*\^\s*(?:\{\s*(?P<high>[A-Za-z][A-Za-z0-9_]{0,15}|[0-9]{1,6})\s*\}|(?P<top>[A-Za-z](?![A-Za-z])|[0-9]+)))?"
)
SMALL = dict(zip("ᵢⱼₖₙ", "ijkn", strict=True))


class Over(NamedTuple):
    """What a Σ says: its index, and the last one (a size's name or a number; empty where it is not said)."""

    over: str
    last: str


def over(text: str, at: int, stop: int | None = None) -> tuple[Over, int] | None:
    """The sum whose sign begins at `at`, and where it ends; `stop` is the end of the sign, where that is known."""
    if stop is None:
        sign = SIGN.match(text, at)
        if sign is None:
            return None
        stop = sign.end()
    found = BOUNDS.match(text, stop)
    if found is None:
        return None
    index = found["braced"] or found["bare"] or SMALL[found["small"]]
    if found["low"] not in (None, "1"):
        problem = f"examples are counted from 1: Σ_{{{index}=1}}^{{m}}"
        raise NotationError(problem, text, (at, found.end()))
    return Over(index, found["high"] or found["top"] or ""), found.end()
