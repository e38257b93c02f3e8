"""GIFT, the text format that Moodle and others import: one question a number or a shape, and essays.

A numerical question may give some right numbers and some wrong ones with what to say to each. GIFT cannot hold a file:
the drawing stands in the HTML as a data address, which most importers keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from chalkgrad.classroom.export.accepted import Entry, Reading, entries, written
from chalkgrad.classroom.export.markup import legal
from chalkgrad.classroom.export.shapes import spellings
from chalkgrad.classroom.export.stem import Image, Stem, base64_text, mathjax, stems
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey, ShapeKey

_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "\\~=#{}:"} | {"\n": "\\n", "\r": ""})


def gift(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """One file; the questions of one number in one category, those that are the same in every variant once."""
    first = variants[0]
    parts: list[str] = []
    for same in zip(*[stems(k) for k in variants], strict=True):
        title = escaped(" ".join((first.sheet.title or first.sheet.name).split()).replace("/", "//"))
        made: dict[tuple[str, str], str] = {}
        for stem in same:
            for name, body in _questions(stem):
                made.setdefault((name, body), f"::{escaped(f'{stem.keyed.code} {name}')}::{body}")
        if made:
            parts.append(f"$CATEGORY: $course$/top/{title}/{escaped(f'{first.sheet.name} {same[0].question.number}')}")
            parts.extend(made.values())
    return {f"{first.sheet.name}-{first.variant.seed}.gift.txt": ("\n\n".join(parts) + "\n").encode()}


def escaped(text: str) -> str:
    """Text in which no sign of GIFT means anything."""
    return legal(text).translate(_ESCAPED)


def _questions(stem: Stem) -> Iterator[tuple[str, str]]:
    words = escaped(stem.words(mathjax) + "".join(map(_image, stem.images)))
    for blank in stem.question.blanks:
        html = words + escaped("".join(map(_image, stem.images_of(blank)[len(stem.images) :])))
        if isinstance(blank.key, NumberKey):
            for entry in entries(blank, stem.question):
                to = f" <small>(to {entry.accepted.places} decimals where it is not whole)</small>"
                ask = f"<p>{stem.asked(blank, mathjax, entry.index)} ?{to}</p>"
                yield entry.id, _block(html + escaped(ask), _numbers(entry), "#")
        elif isinstance(blank.key, ShapeKey):
            ask = f"<p>{stem.asked(blank, mathjax)} ?</p>"
            yield blank.id, _block(html + escaped(ask), [f"=%100%{escaped(s)}" for s in spellings(blank.key.text)])
        else:
            yield blank.id, _block(html + escaped(f"<p>{stem.asked(blank, mathjax)}</p>"), [])


def _image(image: Image) -> str:
    return f'<p><img alt="{escape(image.alt)}" src="data:image/png;base64,{base64_text(image.png)}"/></p>'


def _block(html: str, answers: Sequence[str], kind: str = "") -> str:
    """A question of escaped HTML; `kind` is `#` where the answers are numbers."""
    lines = "".join(f"\n\t{a}" for a in answers)
    return f"[html]{html}{{{kind}{lines}" + ("\n}" if answers else "}")


def _numbers(entry: Entry) -> list[str]:
    right = [_answer(100, r) for r in entry.accepted.right]
    return right + [_answer(0, r) for r in entry.accepted.wrong]


def _answer(percent: int, reading: Reading) -> str:
    told = f"#{escaped(escape(reading.why))}" if reading.why else ""
    return f"=%{percent}%{written(reading.number)}:{written(reading.tolerance)}{told}"
