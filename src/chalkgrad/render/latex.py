"""Boxes as LaTeX. What is printed is maths and nothing else: no name can end a group, or begin a command."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from chalkgrad.notation.commands import FUNCTIONS, LETTERS
from chalkgrad.render import maths
from chalkgrad.render.formula import Called, formula
from chalkgrad.render.maths import Box, tall
from chalkgrad.render.typeset import clean
from chalkgrad.transform.expression import Expr

_GREEK = {letter: command for command, letter in LETTERS.items()}
_SIGNS = {
    "·": r"\cdot",
    "×": r"\times",
    "∘": r"\circ",
    "*": "*",
    "<=": r"\le",
    ">=": r"\ge",
    "!=": r"\ne",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "←": r"\leftarrow",
    "∂": r"\partial",
    "∧": r"\wedge",
    "∨": r"\vee",
    "¬": r"\neg",
    "⊤": r"\top",
    "ᵀ": r"{}^{\top}",
    "∞": r"\infty",
    "…": r"\dots",
    "𝟏": r"\mathbf{1}",
    "α": r"\alpha",
    "Δ": r"\Delta",
    "Σ": r"\Sigma",
    "∑": r"\sum",
    "→": r"\to",
    "∈": r"\in",
    "∉": r"\notin",
    "∇": r"\nabla",
    "∏": r"\prod",
    "∫": r"\int",
    "↦": r"\mapsto",
    "⇒": r"\Rightarrow",
    "⇔": r"\Leftrightarrow",
    "↗": r"\nearrow",
    "∼": r"\sim",
    "≡": r"\equiv",
    "∝": r"\propto",
    "±": r"\pm",
    "∓": r"\mp",
    "÷": r"\div",
    "⊙": r"\odot",
    "∗": "*",
    "•": r"\bullet",
    "′": r"\prime",
    "∪": r"\cup",
    "∩": r"\cap",
    "⊂": r"\subset",
    "⊆": r"\subseteq",
    "∀": r"\forall",
    "∃": r"\exists",
    "≪": r"\ll",
    "≫": r"\gg",
    "∴": r"\therefore",
    "+=": r"\mathrel{+}=",
    ":=": r"\mathrel{:}=",
    "⋮": r"\vdots",
    "□": r"\square",
    "✓": r"\checkmark",
    "‖": r"\Vert",
    " ": r"\,",
    "\u2003": r"\quad ",
    "^": r"{\wedge}",
    "−": "-",
}
_SPECIAL = {
    "\\": r"\backslash",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "#": r"\#",
    "&": r"\&",
    "_": r"\_",
    "~": r"\sim",
    "^": r"\wedge",
    " ": r"\ ",
    "'": r"\prime",
    '"': r"\prime\prime",
    "`": r"\prime",
}
_FENCES = {"||": (r"\lvert", r"\rvert"), "‖‖": (r"\lVert", r"\rVert"), "{}": (r"\{", r"\}")}
_TABLES = {
    ("[", "]"): "bmatrix",
    ("(", ")"): "pmatrix",
    ("{", "}"): "Bmatrix",
    ("|", "|"): "vmatrix",
    ("{", ""): "cases",
}
_INNERMOST = re.compile(r"_\{(\w)\}", re.ASCII)
_STYLES = {"BOLD": "mathbf", "DOUBLE-STRUCK": "mathbb", "SCRIPT": "mathcal"}
_MARKS = {**maths.ACCENTS, "\u0301": "acute", "\u0300": "grave", "\u0306": "breve", "\u030c": "check"}


def latex_of(expr: Expr, names: Called, digits: int = 12) -> str:
    """A formula as LaTeX maths, in the names of its values."""
    return latex(formula(expr, names, digits))


def latex(box: Box) -> str:
    """The boxes as LaTeX maths; it needs no package but amsmath."""
    # a command swallows the space behind it, and needs one only before a letter
    return re.sub(r" +", " ", _written(box)).strip()


def _written(box: Box) -> str:
    match box:
        case maths.Word(text, face):
            return _word(text, face)
        case maths.Num(text):
            return _escaped(text)
        case maths.Sign():
            return _sign(box)
        case maths.Row(items):
            return _side_by_side(map(_written, items))
        case maths.Scripts():
            return _scripts(box)
        case maths.Accented(base, mark):
            return rf"\{mark}{{{_written(base)}}}"
        case maths.Over(above, below):
            return rf"\frac{{{_written(above)}}}{{{_written(below)}}}"
        case maths.Root(inside, cube):
            return rf"\sqrt{'[3]' if cube else ''}{{{_written(inside)}}}"
        case maths.Fence(left, inside, right):
            return _fence(left, _written(inside), right, tall(inside))
        case maths.Grid(rows, ends):
            body = r" \\ ".join([" & ".join(map(_written, r)) for r in rows])
            kind = _TABLES.get(ends, "matrix")
            return rf"\begin{{{kind}}} {body} \end{{{kind}}}"
        case maths.Prose(text):
            return rf"\text{{{text_mode(text)}}}"


def _side_by_side(parts: Iterable[str]) -> str:
    out = ""
    for part in parts:
        # without a space, a letter would belong to the command before it
        apart = part[:1].isalpha() and re.search(r"\\[A-Za-z]+$", out)
        out += f" {part}" if apart else part
    return out


def _sign(box: maths.Sign) -> str:
    if box.text == ",":
        return ", "
    plain = _SIGNS.get(box.text) or (box.text if box.text in "()[]|+-/<>=:.;!?" else _escaped(box.text))
    return f" {plain} " if box.kind in ("binary", "relation") else plain


def _scripts(box: maths.Scripts) -> str:
    out = _written(box.base) or "{}"
    if isinstance(box.base, maths.Scripts) and (box.base.above is not None or box.base.primes):
        out = f"{{{out}}}"
    if box.below is not None:
        below = _written(box.below).strip()
        out += f"_{{{_INNERMOST.sub(_bare, below)}}}"
    out += "'" * box.primes
    if box.above is not None:
        out += f"^{{{_written(box.above).strip()}}}"
    return out


def _bare(found: re.Match[str]) -> str:
    """`D_{a_1}`, as it is typed, rather than `D_{a_{1}}`."""
    return "_" + found[1]


def _fence(left: str, inside: str, right: str, grows: bool) -> str:
    if not left:  # a bar with nothing before it: what is held, at the end of a derivative
        return rf"\left.{inside}\right{right}"
    if not right:
        return rf"\left{_escaped(left)}{inside}\right."
    opening, closing = _FENCES.get(left + right, (left, right))
    space = " " if opening[-1].isalpha() else ""
    before = " " if closing[1:2].isalpha() else ""
    if grows:
        return rf"\left{opening}{space}{inside}{before}\right{closing}"
    return f"{opening}{space}{inside}{before}{closing}"


def _word(text: str, face: str) -> str:
    if face == "function":
        if text in FUNCTIONS:
            return rf"\{text}"
        if len(text) > 1:
            return rf"\operatorname{{{_escaped(text)}}}"
    return _escaped(text) if len(text) == 1 else rf"\mathrm{{{_escaped(text)}}}"


def _escaped(text: str) -> str:
    """Every character as maths; an unknown one stays itself where it is a letter, else is named by its code."""
    return _side_by_side(map(_character, clean(text)))


def _character(char: str) -> str:
    if char.isascii():
        return _SPECIAL.get(char, char)
    if char in _SIGNS:
        return _SIGNS[char]
    if char in _GREEK:
        return rf"\{_GREEK[char]}"
    whole = unicodedata.normalize("NFD", char)
    if len(whole) == 2 and whole[1] in _MARKS and whole[0].isalpha():
        return rf"\{_MARKS[whole[1]]}{{{_character(whole[0])}}}"
    named = unicodedata.name(char, "").split()
    if len(named) > 1 and len(named[-1]) == 1 and (style := next((_STYLES[n] for n in named if n in _STYLES), "")):
        letter = named[-1] if "CAPITAL" in named else named[-1].lower()
        return rf"\{style}{{{letter}}}"
    return char if char.isalpha() else rf"\mathrm{{U{ord(char):04X}}}"


_TEXT = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "#": r"\#",
    "&": r"\&",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": "-{}",  # no dashes, no ligatures
}


# Signs of words, and letters of Europe's languages.
_MARKED = {
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "„": r"\quotedblbase{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "«": r"\guillemotleft{}",
    "»": r"\guillemotright{}",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‐": "-{}",
    "•": r"\textbullet{}",
    "€": r"\texteuro{}",
    "£": r"\textsterling{}",
    "§": r"\S{}",
    "°": r"\textdegree{}",
    "©": r"\textcopyright{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "å": r"\aa{}",
    "Å": r"\AA{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
}
_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}


def text_mode(text: str) -> str:
    """Words for LaTeX's text mode; a sign of maths among them is set as maths, and nothing is a command."""
    out: list[str] = []
    for char in clean(text):
        if char.isascii():
            out.append(_TEXT.get(char, char))
        elif char in _MARKED:
            out.append(_MARKED[char])
        elif (letter := _accented(char)) is not None:
            out.append(letter)
        elif char in "½¼¾":
            out.append(rf"$\frac{{{unicodedata.normalize('NFKC', char).replace(chr(0x2044), '}{')}}}$")
        else:
            out.append(rf"\ensuremath{{{_character(char)}}}")
    return "".join(out)


def _accented(char: str) -> str | None:
    """A Latin letter with its accent, as text: `\\'{e}`."""
    whole = unicodedata.normalize("NFD", char)
    if len(whole) != 2 or not whole[0].isascii() or whole[1] not in _ACCENTS:
        return None
    return rf"\{_ACCENTS[whole[1]]}{{{whole[0]}}}"


def ascii_only(text: str) -> str:
    """The text for any TeX engine: a character that pdfTeX has no letter for becomes its code."""
    return "".join([c if c.isascii() else f"U+{ord(c):04X}" for c in text])
