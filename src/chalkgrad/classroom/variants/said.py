"""Whether the words of a problem say a number that varies: then the sheet of a seat would contradict itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from chalkgrad.classroom.sheets.sheet import Problem

NUMBER = r"-?\s*\d+(?:\.\d+)?"
LISTED = re.compile(rf"[\[(]\s*({NUMBER}(?:\s*,\s*{NUMBER})+)\s*[\])]")
SET_ASIDE = re.compile(r"\$|\\(?:,|;|!|vec|left|right)")


def said(problem: Problem, own: Mapping[str, Any]) -> str:
    """The place in the words that gives a value of `own`, such as `x = -2` or `[2, -3, -3]`; "" where there is none."""
    groups: dict[str, list[float]] = {}
    for name, value in own.items():
        groups.setdefault(name.split("_")[0], []).extend(float(v) for v in np.ravel(np.asarray(value)))
    for text in (problem.prose, *(t for p in problem.parts for t in (p.prose, p.hint))):
        plain = SET_ASIDE.sub(" ", text.replace("\N{MINUS SIGN}", "-"))
        for name, value in own.items():
            if np.ndim(value) == 0:
                for found in re.finditer(rf"(?<![\w^]){re.escape(name)}\s*=\s*({NUMBER})(?![\w.])", plain):
                    if _number(found[1]) == float(value):
                        return found[0]
        for found in LISTED.finditer(plain):
            numbers = [_number(n) for n in found[1].split(",")]
            if any(numbers == group for group in groups.values()):
                return found[0]
    return ""


def _number(text: str) -> float:
    return float("".join(text.split()))
