"""One known mistake at one blank, and the number that it gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final


@final
@dataclass(frozen=True, slots=True, eq=False)
class Slip:
    """`kind` names the mistake as the claim checker does, such as `sign`; `value` is what it gives, `why` says it."""

    kind: str
    value: Any
    why: str
