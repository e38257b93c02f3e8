"""A Jupyter notebook of a sheet: the questions, their drawings, cells for the answers, and cells that check them.

It stands alone. What the checks need is `notebook_checks.py` as it is, and a table in which every right number, and
that of every known mistake, is behind a slow hash: the answer is not to be read, though a program could find it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalkgrad.classroom.export import notebook_checks
from chalkgrad.classroom.export.accepted import Accepted, Entry, Reading, entries, rounded
from chalkgrad.classroom.export.markup import legal
from chalkgrad.classroom.export.notebook_checks import locked, mixed
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Stem, base64_text, stems
from chalkgrad.classroom.sheets.blank import Blank, Keyed, NumberKey, ShapeKey
from chalkgrad.render.latex import latex
from chalkgrad.render.maths import Box

RIGHT = "right"


def notebook(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """A notebook a variant, named by its code."""
    return {f"{k.code}.ipynb": _whole(k) for k in variants}


def dollars(box: Box, display: bool = False) -> str:
    """A formula between dollar signs, as every notebook reads it; its brackets cannot be taken for a tag."""
    body = latex(box).replace("<", r"\lt ").replace(">", r"\gt ")
    return f"$${body}$$" if display else f"${body}$"


def _whole(keyed: Keyed) -> bytes:
    cells = list(_cells(keyed))
    for n, cell in enumerate(cells):
        cell["id"] = f"cell-{n}"
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    whole = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(whole, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _cells(keyed: Keyed) -> Iterator[dict[str, Any]]:
    sheet = keyed.sheet
    yield _text(
        f"# {_line(sheet.title)}\n\n{_line(sheet.course)}\n\n`{keyed.code}`\n\n"
        "Type your answers between the quotes, run the cell, then run the one below it to check them. "
        "The last cell writes a file to hand in."
    )
    yield _code(inspect.getsource(notebook_checks) + '\nNAME = ""  # your name\nanswers: dict = {}\n', hidden=True)
    for stem in stems(keyed):
        if stem.question.blanks:
            yield from _question(stem)
    yield _text("## To hand in")
    yield _code(f"save({json.dumps(keyed.code)}, NAME, answers)\n")


def _question(stem: Stem) -> Iterator[dict[str, Any]]:
    yield _text(f"## {_line(stem.name)}\n\n{stem.words(dollars)}")
    images = dict.fromkeys(i for b in stem.question.blanks for i in stem.images_of(b))
    for image in images:
        alt = _line(image.alt).translate(str.maketrans("[]\\", "()/"))
        yield _text(f"![{alt}](attachment:{image.file})", {image.file: {"image/png": base64_text(image.png)}})
    yield _text("\n".join(f"- `{b.id}`: {stem.asked(b, dollars, sign=False)}" for b in stem.question.blanks))
    ids = "".join(f'    {json.dumps(b.id)}: "",\n' for b in stem.question.blanks)
    yield _code(f"answers.update({{\n{ids}}})\n")
    table = json.dumps(_table(stem), indent=1)
    name = "q" + "".join(c if c.isalnum() and c.isascii() else "_" for c in stem.question.number)
    yield _code(f"{name} = json.loads({table!r})\ncheck({name}, answers)\n", hidden=True)


def _table(stem: Stem) -> dict[str, Any]:
    return {"blanks": [{"id": b.id, "entries": list(_entries(stem, b))} for b in stem.question.blanks]}


def _entries(stem: Stem, blank: Blank) -> Iterator[dict[str, Any]]:
    if isinstance(blank.key, NumberKey):
        for entry in entries(blank, stem.question):
            yield _entry(stem, entry)
    elif isinstance(blank.key, ShapeKey):
        salt = _salt(stem, blank.id)
        answers = dict.fromkeys("".join(s.split()) for s in spellings(blank.key.text))
        yield {"kind": "shape", "salt": salt, "notes": _notes(salt, ((a, RIGHT) for a in answers))}


def _entry(stem: Stem, entry: Entry) -> dict[str, Any]:
    salt = _salt(stem, entry.id)
    accepted = entry.accepted
    return {"kind": "number", "places": accepted.places, "salt": salt, "notes": _notes(salt, _said(accepted))}


def _said(accepted: Accepted) -> Iterator[tuple[str, str]]:
    """Every number that there is a note for, in units of the last place, and the note; the first note stands."""
    unit = Decimal(1).scaleb(-accepted.places)
    for reading in accepted.right:
        for number in _within(reading, unit):
            yield str(int(number / unit)), f"{RIGHT}. {reading.why}" if reading.why else RIGHT
    for reading in accepted.wrong:
        yield str(int(rounded(reading.number, accepted.places) / unit)), f"not right. {reading.why}"


def _within(reading: Reading, unit: Decimal) -> Iterator[Decimal]:
    steps = int(reading.tolerance / unit)
    for n in range(-steps, steps + 1):
        yield reading.number + n * unit


def _notes(salt: str, said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The notes by place, none to be told from another by where it stands or how long it is."""
    first: dict[str, bytes] = {}
    for answer, note in said:
        first.setdefault(answer, note.encode())
    length = max(map(len, first.values()), default=0)
    closed = [(locked(salt, answer), note.ljust(length)) for answer, note in first.items()]
    return {place: mixed(key, note).hex() for (place, key), note in sorted(closed)}


def _salt(stem: Stem, id: str) -> str:
    return hashlib.sha256(f"{stem.keyed.code}\x1f{id}".encode()).hexdigest()[:16]


def _line(text: str) -> str:
    """Words of a heading: one line, with nothing that Markdown or HTML would take for its own."""
    plain = " ".join(legal(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace("`", "'")
    return plain


def _text(source: str, attachments: Mapping[str, Any] | None = None) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": "markdown", "metadata": {}, "source": legal(source)}
    return cell | ({"attachments": dict(attachments)} if attachments else {})


def _code(source: str, *, hidden: bool = False) -> dict[str, Any]:
    metadata = {"jupyter": {"source_hidden": True}} if hidden else {}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": [],
        "source": source.rstrip("\n"),
    }
