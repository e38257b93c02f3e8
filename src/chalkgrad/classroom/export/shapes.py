"""The ways in which people write a shape. None has a `*`, which Moodle would take for any letters at all."""

from __future__ import annotations

import itertools


def spellings(shape: str) -> tuple[str, ...]:
    """Of `D_{a_1}×D_x` that, `D_a1×D_x`, `Da1 x Dx`, `(D_a_1, D_x)` and so on; the first is the one that is shown."""
    sizes = [s.strip() for s in shape.split("×")]
    forms = list(zip(*[_size(s) for s in sizes], strict=True))
    joins = [("", sign, "") for sign in ("×", " × ", "x", " x ", " by ")] + [("(", ", ", ")"), ("(", ",", ")")]
    found = [f"{left}{sign.join(f)}{right}" for f, (left, sign, right) in itertools.product(forms, joins)]
    return tuple(dict.fromkeys([shape, *found]))


def _size(text: str) -> tuple[str, ...]:
    """A size as printed, without braces, with one subscript, and with none."""
    plain = text.replace("{", "").replace("}", "")
    head, sign, rest = plain.partition("_")
    return text, plain, head + sign + rest.replace("_", ""), plain.replace("_", "")
