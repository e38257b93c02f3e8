"""The ids of a sheet's blanks, as people write them: the question's number may be left out where the rest tells."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import final

from chalkgrad.classroom.course.visible import visible
from chalkgrad.errors import nearest

_MOST_SUGGESTED = 1000
_LONGEST = 200


@final
class BlankNames:
    """The blanks of a sheet by what people call them: the whole id, or what stands behind the question's number."""

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)
        self._found = {unicodedata.normalize("NFC", id): id for id in self.ids}
        self._shared: dict[str, list[str]] = {}
        for id in self.ids:
            number, colon, rest = unicodedata.normalize("NFC", id).partition(":")
            if number and colon:
                self._shared.setdefault(rest, []).append(id)
        for rest, whole in self._shared.items():
            if len(whole) == 1:
                self._found.setdefault(rest, whole[0])
        self._suggested = 0

    def find(self, name: str) -> str | None:
        """The id that a name stands for, None where it stands for none or for several."""
        found = self._found.get(name)
        return found or self._found.get(unicodedata.normalize("NFC", name[:_LONGEST]).strip())

    def why_not(self, name: str) -> str:
        """Why a name stands for no blank, with the nearest that does."""
        plain = unicodedata.normalize("NFC", name[:_LONGEST]).strip()
        several = self._shared.get(plain, [])
        if len(several) > 1:
            return f"'{visible(plain, 60)}' is in several questions: write {_listed(several)}"
        self._suggested += 1
        near = nearest(plain[:60], self._found) if self._suggested <= _MOST_SUGGESTED else ""
        return f"this sheet has no blank '{visible(plain, 60)}'{near}"


def _listed(names: list[str]) -> str:
    first = " or ".join([f"'{n}'" for n in names[:3]])
    return first + (" …" if len(names) > 3 else "")
