"""The list of what was printed: which numbers stand on which sheet. Marking by it depends on no search."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any

from chalkgrad.classroom.sheets.blank import PUBLISHED, Variant
from chalkgrad.errors import VariantError

COLUMN = "numbers"
MOST = 32 << 20


def numbers_text(variant: Variant) -> str:
    """A seat's numbers as JSON, exactly: `{"2": {"x": -3}}`, by problem and name."""
    return json.dumps(variant.values, ensure_ascii=False, separators=(",", ":"), default=_plain)


def read_index(text: str, sheet: str) -> Mapping[tuple[int, int], Variant]:
    """The variants of an index, by seed and number. `sheet` is the name of the sheet that it must be of.

    Raises VariantError for what is no such list, with the line.
    """
    if len(text) > MOST:
        raise VariantError(f"the index has {len(text)} characters; {MOST} are allowed")
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    found: dict[tuple[int, int], Variant] = {}
    try:
        if not {"code", COLUMN} <= set(reader.fieldnames or ()):
            raise VariantError(
                f"this is no index: it has no columns `code` and `{COLUMN}`, as the list of variants has"
            )
        for row in reader:
            name, seed, number = _code(row["code"] or "", reader.line_num)
            if name != sheet:
                raise VariantError(
                    f"line {reader.line_num} of the index is of the sheet '{name:.60}', and not of '{sheet}'"
                )
            found[seed, number] = Variant(number, seed, _values(row[COLUMN] or "", reader.line_num))
    except csv.Error as error:
        raise VariantError(f"the index cannot be read at line {reader.line_num}: {error}") from None
    return found


def _code(code: str, line: int) -> tuple[str, int, int]:
    name, _, rest = code.strip().rpartition("-")
    name, _, seed = name.rpartition("-")
    if not (name and all(w.isascii() and w.isdigit() and len(w) <= 18 for w in (seed, rest))) or int(rest) == PUBLISHED:
        raise VariantError(f"line {line} of the index: '{code:.60}' is no code of a variant, as in bp-7-03")
    return name, int(seed), int(rest)


def _values(text: str, line: int) -> Mapping[int, Mapping[str, Any]]:
    try:
        read = json.loads(text, parse_constant=_refused)
        return {int(problem): {str(k): _number(v) for k, v in given.items()} for problem, given in read.items()}
    except (ValueError, AttributeError, RecursionError):
        raise VariantError(f"line {line} of the index: its numbers cannot be read") from None


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(v) for v in value]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError
    return value


def _refused(word: str) -> Any:
    raise ValueError(word)


def _plain(value: Any) -> Any:
    """NumPy's arrays and numbers as Python's."""
    return value.tolist()
