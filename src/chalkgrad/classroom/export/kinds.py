"""The exports by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chalkgrad.classroom.export.canvas import canvas
from chalkgrad.classroom.export.gift import gift
from chalkgrad.classroom.export.moodle import moodle
from chalkgrad.classroom.export.notebook import notebook
from chalkgrad.classroom.export.plain import plain
from chalkgrad.classroom.export.prairielearn import prairielearn
from chalkgrad.classroom.sheets.blank import Keyed

Export = Callable[[Sequence[Keyed]], Mapping[str, bytes]]
"""From the variants of one sheet to files: a path below the output folder, and its bytes."""

EXPORTS: Mapping[str, Export] = {
    "moodle": moodle,
    "canvas": canvas,
    "prairielearn": prairielearn,
    "gift": gift,
    "notebook": notebook,
    "json": plain,
}
