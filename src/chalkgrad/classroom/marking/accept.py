"""When a written number stands for another: rounded as the sheet asks, and never further than it may be."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from chalkgrad.classroom.marking.numbers import Numbers, Said
from chalkgrad.classroom.sheets.rounding import UNITS, may_stand, rounded

Fit = Literal["exact", "finer", "coarse", ""]

WORST: tuple[Fit, ...] = ("", "coarse", "finer")
# A number counts as the same where it differs in its last binary figures only.
TINY = 1e-9
# What is written finer than asked may be off by this share of itself, as long as it rounds to the same.
SHARE = 0.05
HALF_PERCENT = 0.005


def fits(said: Said, wanted: float, digits: int) -> Fit:
    """Whether `said` is `wanted`, rounded.

    `exact` as it was written; `finer` where it was written finer, and is right to the digits asked only; `coarse` to
    fewer than asked. A number that has no more digits than asked is met exactly or not at all.
    """
    if not np.isfinite(wanted):
        return ""
    gap = abs(said.value - wanted)
    if gap <= TINY * max(1e-300, abs(wanted)) or gap == 0:
        return "exact"
    unit = 10.0**-digits
    if said.decimals is None or said.decimals > digits:
        finer = 0.0 if said.decimals is None else 0.5 * 10.0**-said.decimals
        if gap <= finer * (1 + TINY):
            return "exact"
        if said.value * wanted < 0 or gap > max(SHARE * abs(wanted), finer) or _short(wanted, digits):
            return ""
        if gap > 0.5 * unit * (1 + TINY):
            return ""
        return "exact" if said.decimals is None else "finer"
    half = 0.5 * 10.0**-said.decimals * (1 + TINY) + TINY * abs(wanted)
    if gap > half or (said.decimals < digits and (said.value == 0 or gap > UNITS * unit)):
        return ""
    return "exact" if said.decimals == digits else "coarse"


def _short(wanted: float, digits: int) -> bool:
    """Whether a number has no more decimals than this."""
    return abs(wanted - round(wanted, digits)) <= TINY * max(abs(wanted), 1e-300)


def near(said: Said, wanted: float, exact: float, digits: int) -> bool:
    """Whether `said` is `wanted` once both are rounded, and on the side of `exact`, at most two units of the last
    place from it."""
    if not (np.isfinite(wanted) and may_stand(said.value, exact, digits)):
        return False
    if _short(exact, digits) and abs(wanted - exact) <= TINY * max(abs(exact), 1.0):
        return False  # nothing was rounded on the way to it
    one, other = rounded(said.value, digits), rounded(float(wanted), digits)
    return abs(one - other) <= TINY * max(abs(one), abs(other))


def all_fit(said: Numbers, wanted: Any, digits: int) -> Fit:
    """`fits` of every entry; nothing where the shapes differ."""
    found: set[Fit] = {fits(e, w, digits) for e, w in paired(said, wanted)} if same_shape(said, wanted) else {""}
    for fit in WORST:
        if fit in found:
            return fit
    return "exact"


def all_near(said: Numbers, wanted: Any, exact: Any, digits: int) -> bool:
    """`near` of every entry."""
    if not (same_shape(said, wanted) and same_shape(said, exact)):
        return False
    pairs = zip(said.entries, _flat(wanted), _flat(exact), strict=True)
    return all(fits(s, e, digits) or near(s, w, e, digits) for s, w, e in pairs)


def paired(said: Numbers, wanted: Any) -> list[tuple[Said, float]]:
    """Each entry with the number that it is compared with."""
    return list(zip(said.entries, _flat(wanted), strict=True))


def _flat(value: Any) -> list[float]:
    if isinstance(value, float) or np.ndim(value) == 0:
        return [float(value)]
    return [float(x) for x in np.asarray(value, float).flat]


def all_within(said: Numbers, wanted: Any, digits: int, share: float = 0.0) -> bool:
    """Whether every entry lies on its side, and within two units of the last place, or this share of itself."""
    if not same_shape(said, wanted):
        return False
    unit = 10.0**-digits
    return all(
        np.isfinite(w) and s.value * w > 0 and abs(s.value - w) <= max(UNITS * unit * (1 + TINY), share * abs(w))
        for s, w in paired(said, wanted)
        if s.value != w
    )


def same_shape(said: Numbers, wanted: Any) -> bool:
    """Whether an answer has the shape of a number or array; a list of entries may stand for a row or a column."""
    shape = np.shape(wanted)
    if said.shape == shape:
        return True
    one, other = ([n for n in s if n != 1] for s in (said.shape, shape))
    return len(one) <= 1 and one == other


def coarser(said: Said, wanted: float, digits: int) -> bool:
    """Whether the number was rounded right, but further than is asked for."""
    if said.decimals is None or said.decimals >= digits or not np.isfinite(wanted):
        return False
    return abs(said.value - wanted) <= 0.5 * 10.0**-said.decimals * (1 + TINY)


def truncated(said: Said, wanted: float) -> bool:
    """Whether the number was cut off where it should have been rounded."""
    if said.decimals is None or not np.isfinite(wanted) or abs(wanted) > 1e15:
        return False
    cut = np.trunc(wanted * 10.0**said.decimals) / 10.0**said.decimals
    return bool(abs(cut - said.value) <= TINY * max(abs(cut), 1e-300)) and cut != 0
