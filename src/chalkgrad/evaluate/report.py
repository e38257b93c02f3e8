"""What a check of derivatives found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final


@final
@dataclass(frozen=True, slots=True)
class Mismatch:
    """A derivative that differences contradict.

    `rule` is the op's backward or forward rule, or the whole gradient where every step is right by itself. `place` is
    the entry: of the output, then of the input. `differences` is what differences give there.
    """

    op: str
    origin: str
    position: int
    input: str
    rule: Literal["backward", "forward", "whole"]
    place: tuple[int, ...]
    given: float
    differences: float

    def __str__(self) -> str:
        at = f" at {list(self.place)}" if self.place else ""
        numbers = f"gives {self.given:.10g}{at}, differences give {self.differences:.10g}"
        if self.rule == "whole":
            return f"the gradient with respect to {self.input} {numbers}"
        where = f" ({self.origin})" if self.origin else ""
        return f"{self.op}{where}: its {self.rule} rule for input {self.position + 1}, {self.input}, {numbers}"


@final
@dataclass(frozen=True, slots=True)
class Unchecked:
    """A step, or the whole gradient, that differences cannot judge, and why."""

    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what}: {self.reason}"


@final
@dataclass(frozen=True, slots=True)
class CheckReport:
    """What differences say of a gradient.

    `steps` were checked, to the relative error `step_error`; `whole_error` is that of the whole gradient, None where
    it was not checked; `rounding` is how far the gradient as computed is from the same one in long double.
    """

    steps: int
    step_error: float
    whole_error: float | None
    rounding: float
    mismatches: tuple[Mismatch, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing was found wrong; what was not checked is in `unchecked`."""
        return not self.mismatches

    def __str__(self) -> str:
        lines: list[str] = []
        if self.ok:
            every = {0: "no step was checked", 1: "the one step agrees"}.get(
                self.steps, f"every one of {self.steps} steps agrees"
            )
            line = every + (f" with differences to {_error(self.step_error)}" if self.steps else "")
            if self.whole_error is not None:
                line += f"; the whole gradient to {_error(self.whole_error)}"
            lines.append(line)
        else:
            lines += [f"wrong: {m}" for m in self.mismatches]
        lines += [f"not checked: {u}" for u in self.unchecked]
        lines += list(self.notes)
        return "\n".join(lines)


def _error(error: float) -> str:
    """`3e-12`; what is less than double precision sees is said so."""
    return f"{error:.0e}" if error > 1e-16 else "every digit"
