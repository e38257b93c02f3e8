"""How long and how deep an answer may be. Looked at in one pass, before anything reads it."""

from __future__ import annotations

import re

from chalkgrad.errors import NotationError

MOST_CHARACTERS = 10_000
DEEPEST = 40
MOST_POWERS = 60
SIGNS = re.compile(r"(?:[-+\u2212]\s*){12,}")


def check_bounds(text: str) -> None:
    """Raise NotationError for an answer that is too long, or nested too deep."""
    if len(text) > MOST_CHARACTERS:
        raise NotationError(f"this is too long: more than {MOST_CHARACTERS} characters")
    depth = deepest = 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise NotationError(f"the brackets are nested too deep: more than {DEEPEST}")
    if text.count("^") + text.count("**") > MOST_POWERS:
        raise NotationError(f"there are more than {MOST_POWERS} powers")
    if SIGNS.search(text):
        raise NotationError("there are too many signs in a row")
