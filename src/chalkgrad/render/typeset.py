"""Typst, in one file: labels set as maths, measured and turned into outlines; SVG to PNG and PDF.

Typst source is code, so the two documents below are fixed, and a person's text only ever enters them as data:
JSON in ``sys.inputs``. No fonts but typst's own are used, so the same label has the same size everywhere.
"""

from __future__ import annotations

import json
import os
import re
import threading
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, final

from chalkgrad.errors import ChalkgradError

SIZE = 10.0
"""The font size, in points, of everything that `typeset` returns."""

_KEPT = 8192
_PIXELS = 120_000_000

_LABELS = """
#let faces = ("New Computer Modern Math", "New Computer Modern", "Libertinus Serif", "DejaVu Sans Mono")
#set page(width: 4000pt, height: 100pt, margin: 0pt, fill: none)
#set par(leading: 0pt, spacing: 0pt)
#set text(font: faces, weight: 450, size: 10pt, top-edge: "bounds", bottom-edge: "bounds", ligatures: false)
#show math.equation: set text(font: faces, weight: 450)
#let piece(p) = {
  let body = if p.face == "italic" { math.italic(p.base) } else { math.upright(p.base) }
  if p.face == "primes" { body = math.primes(p.base.clusters().len()) }
  if p.accent != "" { body = math.accent(body, p.accent) }
  if p.face == "binary" { body = math.class("binary", body) }
  if p.face == "relation" { body = math.class("relation", body) }
  let scripts = (:)
  if p.sub.len() > 0 { scripts.insert("br", p.sub.map(piece).join()) }
  if p.sup.len() > 0 { scripts.insert("tr", p.sup.map(piece).join()) }
  if scripts.len() > 0 { math.attach(body, ..scripts) } else { body }
}
#context for label in json(bytes(sys.inputs.labels)) {
  let maths = math.equation(label.map(piece).join())
  let size = measure(maths)
  let mark(length) = box(width: 0pt, height: 0pt, line(length: length))
  place(mark(size.width) + mark(size.height) + maths)
}
"""

_PICTURE = """
#set document(title: sys.inputs.title)
#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: float(sys.inputs.width) * 1pt, alt: sys.inputs.title)
"""


@final
@dataclass(frozen=True, slots=True)
class Glyph:
    """An outline in SVG path syntax, y upward, and where its origin stands from the label's."""

    outline: str
    x: float
    y: float


@final
@dataclass(frozen=True, slots=True)
class Label:
    """A typeset label at `SIZE`: its extent around the origin, which is the left end of its baseline."""

    width: float
    ascent: float
    descent: float
    glyphs: tuple[Glyph, ...]


def typeset(texts: Iterable[str], *, prose: bool = False) -> dict[str, Label]:
    """Set each text on a line of its own.

    Parameters
    ----------
    texts : iterable of str
        Names (``w_0``, ``x_{10}``, ``y^*``, ``x'``, ``\\hat y``, ``sum1``), numbers, signs and short formulas,
        set as maths. Anything else is set as it stands.
    prose : bool
        Set words: a hyphen is no minus sign, and a letter no variable.

    Returns
    -------
    dict
        One `Label` per distinct text.
    """
    wanted = dict.fromkeys(texts)
    with _lock:
        new = [text for text in wanted if (text, prose) not in _labels]
        if new:
            if len(_labels) + len(new) > _KEPT:
                _labels.clear()
                new = list(wanted)
            data = json.dumps([[_piece(clean(text), "upright")] if prose else _pieces(text) for text in new])
            page = _compile(_LABELS, "svg", {"labels": data})
            _labels.update(zip([(text, prose) for text in new], _read(page), strict=True))
        return {text: _labels[text, prose] for text in wanted}


def svg_to_png(svg: str, scale: float = 2.0) -> bytes:
    """A PNG of an SVG, `scale` pixels to each of its units."""
    width, height = _size(svg)
    if not 0 < width * height * scale * scale <= _PIXELS or scale < 0:
        raise ChalkgradError(f"a PNG needs a scale above 0, and at most {_PIXELS:,} pixels; use another scale, or SVG")
    with _lock:
        return _compile(_PICTURE, "png", {"svg": svg, "width": str(width), "title": ""}, ppi=72.0 * scale)


def svg_to_pdf(svg: str, title: str = "") -> bytes:
    """A one-page PDF of an SVG, a point to each of its units; `title` is what is read aloud for the picture."""
    return to_pdf(_PICTURE, {"svg": svg, "width": str(_size(svg)[0]), "title": clean(title)})


def to_pdf(document: str, inputs: dict[str, str]) -> bytes:
    """A fixed typst document as PDF, with data for its ``sys.inputs``; the same bytes for the same data."""
    if _forked:
        raise ChalkgradError("typst cannot make a PDF in a process forked from one that has used it; spawn it instead")
    with _lock:
        return _compile(document, "pdf", inputs)


def _size(svg: str) -> tuple[float, float]:
    size = ET.fromstring(svg).get("viewBox", "").split()
    if len(size) != 4:
        raise ChalkgradError("an SVG without a viewBox has no size")
    return float(size[2]), float(size[3])


def clean(text: str) -> str:
    """The text with every character that XML forbids replaced, and its line breaks made spaces."""
    return " ".join(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text).split())


# --- from text to pieces ------------------------------------------------------------------------------------

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ACCENTS = {"hat": "\u0302", "vec": "\u20d7", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
_GLYPHS = {"-": "−", "*": "∗", "'": "′", "<=": "≤", ">=": "≥", "!=": "≠"}
_RELATIONS = "=<>≥≤≠≈"
_BINARY = frozenset("+−×·∘" + _RELATIONS)
_TOKEN = re.compile(
    r"(?P<number>\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+)"
    r"|(?:\\(?P<accent>hat|vec|bar|tilde|dot)\s*)?(?:(?P<name>[^\W\d_]+)(?P<digits>\d*)|\{(?P<braced>\w+)\})"
    r"|(?<=[^\W\d_][^\W\d_])_(?P<snake>[^\W\d_]{2,})"
    r"|_(?:\{(?P<sub>[^{}]*)\}|(?P<subdigits>\d+)|(?P<subname>[^\W\d_]+))"
    r"|\^(?:\{(?P<sup>[^{}]*)\}|(?P<supone>[\w*⊤]|\([a-z]\)))"
    r"|(?P<primes>['′]+)"
    r"|(?P<relation>[<>!]=)"
    r"|(?P<other>.)"
)


def _pieces(text: str, depth: int = 0) -> list[dict[str, Any]]:
    """The text as bases with their scripts, for the document above."""
    text = clean(text)
    pieces: list[dict[str, Any]] = []
    operand = False  # whether the last piece can bear a script, or stand before a binary sign
    for match in _TOKEN.finditer(text):
        group = match.groupdict()
        script = _first(group, "sub", "subdigits", "subname")
        power = _first(group, "sup", "supone")
        if operand and depth == 0 and script is not None:
            pieces[-1]["sub"] = _pieces(script, 1)
        elif operand and depth == 0 and power is not None:
            pieces[-1]["sup"] += _pieces(power, 1)
        elif operand and group["primes"]:
            pieces[-1]["sup"].append(_piece(group["primes"], "primes"))
        elif group["snake"]:  # leaky_relu is a word, x_train has a subscript
            pieces.append(_piece("_" + group["snake"], "upright"))
        elif group["number"]:
            pieces.append(_piece(group["number"].replace("-", "−"), "upright"))
            operand = True
        elif (name := _first(group, "name", "braced")) is not None:
            single = len(unicodedata.normalize("NFC", name)) == 1 and name.isalpha()
            accent = _ACCENTS.get(group["accent"] or "", "")
            pieces.append(_piece(name, "italic" if single else "upright", accent))
            if group["digits"]:
                pieces.append(_piece(group["digits"], "upright"))
            operand = True
        else:
            sign = _GLYPHS.get(match.group(), match.group())
            face = "upright"
            if operand and sign in _BINARY and depth == 0:
                face = "relation" if sign in _RELATIONS else "binary"
            if face != "upright" and pieces[-1]["base"] == " ":
                pieces.pop()
            if not (sign == " " and pieces and pieces[-1]["face"] in ("binary", "relation")):
                pieces.append(_piece(sign, face))
            operand = sign in ")]|" or (operand and sign == " ")
    return pieces


def _first(group: dict[str, str | None], *names: str) -> str | None:
    return next((group[name] for name in names if group[name] is not None), None)


def _piece(base: str, face: str, accent: str = "") -> dict[str, Any]:
    return {"base": base, "face": face, "accent": accent, "sub": [], "sup": []}


# --- typst --------------------------------------------------------------------------------------------------

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_labels: dict[tuple[str, bool], Label] = {}
_lock = threading.Lock()


_forked = False


def _after_fork() -> None:
    global _lock, _forked
    _lock = threading.Lock()  # it may have been held by a thread that is not here
    _forked = _compiler.cache_info().currsize > 0  # typst's threads are not here: its PDF export waits for them


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@cache
def _compiler() -> Any:
    import typst

    # the root is what the document could read, if it ever read anything: this folder of public source
    fonts = typst.Fonts(include_system_fonts=False)
    return typst.Compiler(root=Path(__file__).parent, font_paths=fonts, ignore_system_fonts=True)


def _compile(source: str, form: str, inputs: dict[str, str], ppi: float | None = None) -> bytes:
    try:
        return _compiler().compile(source.encode(), format=form, ppi=ppi, sys_inputs=inputs, timestamp=0)
    except RuntimeError as error:  # typst.TypstError is one
        raise ChalkgradError(f"typst could not set this: {error}") from error


def _read(page: bytes) -> list[Label]:
    """The labels on a page that typst made, all at its top left corner.

    Two lines go before each, on its baseline: one as long as the label, one as it is high.
    """
    root = ET.fromstring(page)
    outlines = {symbol.get("id"): symbol[0].get("d", "") for symbol in root.iter(_SVG + "symbol")}
    marks: list[tuple[float, float]] = []
    glyphs: list[list[Glyph]] = []

    def walk(element: ET.Element, x: float, y: float) -> None:
        dx, dy = _shift(element.get("transform", ""))
        x, y = x + dx, y + dy
        if element.tag == _SVG + "path":
            if len(marks) % 2 == 0:
                glyphs.append([])
            marks.append((_numbers(element.get("d", ""))[-1], y))
        elif element.tag == _SVG + "use":
            outline = outlines[element.get(_HREF, "").removeprefix("#")]
            rise = marks[-1][1] - y + float(element.get("y", "0"))
            if outline:
                glyphs[-1].append(Glyph(outline, round(x + float(element.get("x", "0")), 3), round(rise, 3)))
        for child in element:
            if child.tag != _SVG + "defs":
                walk(child, x, y)

    walk(root, 0.0, 0.0)
    return [
        Label(round(width, 3), round(ascent, 3), round(height - ascent, 3), tuple(found))
        for (width, ascent), (height, _), found in zip(marks[::2], marks[1::2], glyphs, strict=True)
    ]


def _shift(transform: str) -> tuple[float, float]:
    numbers = _numbers(transform)
    return (numbers[-2], numbers[-1]) if len(numbers) >= 2 else (0.0, 0.0)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]
