"""`worksheet`: a sheet file as blank sheets, keys, variants, exports and marks."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar, final

from chalkgrad.api.save import write
from chalkgrad.classroom.course.visible import cell
from chalkgrad.classroom.sheets.blank import Keyed, Variant
from chalkgrad.classroom.sheets.sheet import Sheet
from chalkgrad.classroom.variants.index import COLUMN, numbers_text
from chalkgrad.errors import ChalkgradError, SheetError, nearest

if TYPE_CHECKING:
    from chalkgrad.classroom.marking.marked import Marked
    from chalkgrad.classroom.printed.layout import Layout

Format = Literal["pdf", "html", "tex"]
Paper = Literal["a4", "letter"]
Told = Callable[[int, int], None]
"""Told how many files of how many are made."""

Name = TypeVar("Name", bound=str)
FORMATS: tuple[Format, ...] = ("pdf", "html", "tex")
KINDS = ("moodle", "canvas", "prairielearn", "gift", "notebook", "json")
_NAMED = 8  # blanks that a warning names
_SMALLEST = 0.45  # of a drawing's size: below it there is no room to write
PAPERS: tuple[Paper, ...] = ("a4", "letter")


@final
@dataclass(frozen=True, eq=False)
class Worksheet:
    """A sheet and the seats that it is printed for: at first one, with the sheet's own values.

    Nothing is written before every key is found and its witnesses agree.
    """

    sheet: Sheet
    seats: tuple[Variant, ...] = (Variant(),)

    @property
    def name(self) -> str:
        """What all files of these seats begin with: `bp-7`."""
        return f"{self.sheet.name}-{self.seats[0].seed}"

    @cached_property
    def keys(self) -> tuple[Keyed, ...]:
        """The sheet with its key at every seat.

        Raises SheetError where a key cannot be trusted.
        """
        from chalkgrad.classroom.sheets.key import keyed

        return tuple([keyed(self.sheet, seat) for seat in self.seats])

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """What stands on the sheet of every seat."""
        from chalkgrad.classroom.printed.compose import layout  # loads the layout engine: only when printed

        return tuple([layout(one) for one in self.keys])

    def variants(self, count: int | None = None, seed: int = 0, roster: Sequence[str] = ()) -> Worksheet:
        """The same sheet with other numbers for every seat; by default as many seats as the roster has names.

        Raises VariantError where so many do not exist, with the constraint that failed.
        """
        from chalkgrad.classroom.variants.find import variants

        return replace(self, seats=variants(self.sheet, len(roster) if count is None else count, seed, roster))

    def warnings(self) -> tuple[str, ...]:
        """What an instructor should know: what is shown as typed, drawings too small, and mistakes that cannot show."""
        from chalkgrad.classroom.variants.find import examined

        found = dict.fromkeys(line for one in self.layouts for line in one.unread)
        for problem in [p for one in self.layouts[:1] for p in one.problems if p.scale < _SMALLEST]:
            small = f"its drawing is printed at {problem.scale:.0%} of its size, too small to write in"
            found[f'problem {problem.number}: {small}; show = "table" asks the same in a table'] = None
        hidden: dict[str, dict[str, None]] = {}
        for one in self.keys:
            variant = examined(one) if one.variant.number == 0 else one.variant
            for id, mistake in variant.hidden:
                hidden.setdefault(id, {})[mistake] = None
        if hidden:
            named = [f"{id} ({', '.join(mistakes)})" for id, mistakes in hidden.items()]
            more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
            found[f"where a known mistake gives the right number: {', '.join(named[:_NAMED])}{more}"] = None
        return tuple(found)

    def save(
        self,
        folder: str | os.PathLike[str],
        *,
        formats: Iterable[str] = ("pdf",),
        key: bool = True,
        paper: str = "a4",
        large: bool = False,
        told: Told = lambda done, of: None,
    ) -> list[Path]:
        """Write every seat's blank sheet and, with `key`, its key; of several seats one PDF of all, and an index.

        Gives the paths. Raises ChalkgradError for another format or paper, SheetError where a key cannot be trusted.
        """
        wanted = checked(formats, FORMATS, "format")
        size = _paper(paper)
        target = Path(folder)
        several = len(self.seats) > 1
        total = len(self.seats) * len(wanted) * (2 if key else 1) + (several and "pdf" in wanted)
        written: list[Path] = []

        def done(path: Path, content: bytes) -> None:
            write(path, content)
            written.append(path)
            told(len(written), total)

        for one in self.layouts:
            for form in wanted:
                for answered in (False, True) if key else (False,):
                    name = f"{one.code}{'.key' if answered else ''}.{form}"
                    done(target / name, _content(one, form, answered, size, large))
        if several and "pdf" in wanted:
            done(target / f"{self.name}-all.pdf", self.together(paper=paper, large=large))
        if several:
            index = target / f"{self.name}.csv"
            write(index, self._index(wanted[0]).encode())
            written.append(index)
        return written

    def content(self, form: str, *, key: bool = False, paper: str = "a4", large: bool = False) -> bytes:
        """One file: the sheet or its key; of several seats the PDF of all.

        Raises ChalkgradError for several seats in a format that holds one.
        """
        (wanted,) = checked([form], FORMATS, "format")
        if len(self.seats) == 1:
            return _content(self.layouts[0], wanted, key, _paper(paper), large)
        if wanted != "pdf":
            raise ChalkgradError(f"a file of {wanted} holds one sheet, and there are {len(self.seats)}: use pdf")
        return self.together(key=key, paper=paper, large=large)

    def together(self, *, key: bool = False, paper: str = "a4", large: bool = False) -> bytes:
        """One PDF of all seats, for the printer."""
        from chalkgrad.classroom.printed.pdf import Print, pdf_of

        return pdf_of([Print(one, key) for one in self.layouts], paper=_paper(paper), large=large)

    def export(self, kind: str, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the sheet for a course system: `moodle`, `canvas`, `prairielearn`, `gift`, `notebook` or `json`.

        Gives the paths. Raises ChalkgradError for another kind.
        """
        from chalkgrad.classroom.export.kinds import EXPORTS

        (wanted,) = checked([kind], KINDS, "export")
        written: list[Path] = []
        for path, content in EXPORTS[wanted](self.keys).items():
            target = Path(folder, *path.split("/"))
            write(target, content)
            written.append(target)
        return written

    def mark(self, answers: Mapping[str, str], *, student: str = "", variant: int | None = None) -> Marked:
        """Mark one person's answers, texts by blank id, to the variant of this number: by default the first seat's.

        Raises ChalkgradError for a variant that no seat has.
        """
        from chalkgrad.classroom.marking.mark import mark

        if variant is None:
            return mark(self.keys[0], answers, student)
        found = next((one for one in self.keys if one.variant.number == variant), None)
        if found is None:
            numbers = ", ".join([str(seat.number) for seat in self.seats[:12]])
            raise ChalkgradError(f"no seat has variant {variant}; there is {numbers}")
        return mark(found, answers, student)

    def _index(self, form: str) -> str:
        out = io.StringIO()
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["student", "variant", "code", "file", COLUMN])
        for seat, one in zip(self.seats, self.layouts, strict=True):
            rows.writerow([cell(seat.student), seat.number, one.code, f"{one.code}.{form}", numbers_text(seat)])
        return out.getvalue()


def worksheet(source: str | os.PathLike[str]) -> Worksheet:
    """Read a sheet file, or the text of one.

    Parameters
    ----------
    source : path or str
        A file; a text of several lines is the sheet itself.

    Returns
    -------
    Worksheet
        `variants(30, seed=7)` gives it other numbers for every seat; `save`, `export` and `mark` are the rest.

    Raises
    ------
    SheetError
        Where the file cannot be read, with the place.

    Examples
    --------
    >>> sheet = worksheet('name = "one"\\ntitle = "One"\\n[[problem]]\\nfunction = "f(x, y) = x y"\\n'
    ...     'values = {x = 2, y = 3}\\nblank = ["f.value"]')
    >>> sheet.mark({"f.value": "6"}).points
    1.0
    """
    from chalkgrad.classroom.sheets.reading import MAX_BYTES, read_sheet  # nothing of it is needed to draw a function

    if isinstance(source, str) and "\n" in source:
        return Worksheet(read_sheet(source))
    try:
        with Path(source).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SheetError(f"cannot read '{str(source)[:200]}': {reason}") from None
    try:
        return Worksheet(read_sheet(raw.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise SheetError(f"'{source}' is not UTF-8 text, at byte {error.start}") from None


def checked(given: Iterable[str], known: Sequence[Name], what: str) -> list[Name]:
    """The given ones, each once.

    Raises ChalkgradError for one that is not known, with the nearest.
    """
    by_name: dict[str, Name] = {name: name for name in known}
    found: dict[Name, None] = {}
    for name in given:
        if name not in by_name:
            hint = nearest(name, list(known)) or f"; there is {', '.join(known)}"
            raise ChalkgradError(f"there is no {what} '{name:.40}'{hint}")
        found[by_name[name]] = None
    return list(found)


def _paper(name: str) -> Paper:
    (paper,) = checked([name], PAPERS, "paper")
    return paper


def _content(layout: Layout, form: Format, key: bool, paper: Paper, large: bool) -> bytes:
    if form == "pdf":
        from chalkgrad.classroom.printed.pdf import pdf

        return pdf(layout, key=key, paper=paper, large=large)
    if form == "html":
        from chalkgrad.classroom.printed.html import html

        return html(layout, key=key, paper=paper, large=large).encode()
    from chalkgrad.classroom.printed.tex import tex

    return tex(layout, key=key, paper=paper, large=large).encode()
