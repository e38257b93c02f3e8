"""Where a step was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True)
class Origin:
    """A place in a person's text (`span` into it) or in their Python file (`file` and `line`)."""

    text: str = ""
    span: tuple[int, int] | None = None
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        if self.file:
            return f"line {self.line} of {self.file}" + (f": {self.text.strip()}" if self.text else "")
        if self.span is None:
            return self.text
        return f"'{self.text[self.span[0] : self.span[1]]}'"
