"""What people wrote, made harmless to show: in a terminal, in a table that a spreadsheet opens, in a file's name."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
# What a spreadsheet takes for the beginning of a formula, also behind a `;`, at which some of them split a line that
# is divided by commas. A signed number is none.
_FORMULA = re.compile(r"""(^|;)([\s"']*)(?=[=+\-@＝＋－＠])""")
_LIKE_LATIN = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο"
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


def visible(text: str, most: int = 200) -> str:
    """The text on one line, its control and invisible characters written out as `<U+202E>`, and cut at `most`."""
    cut = text[:most]
    if not cut.isprintable():
        cut = "".join([_shown(c) for c in cut])
    return cut if len(text) <= most else f"{cut}… ({len(text)} characters)"


def hidden(text: str) -> str:
    """The first invisible character of a text, as `U+202E`; "" where there is none. Line breaks and tabs are seen."""
    if text.isprintable():
        return ""
    found = next((c for c in text if unicodedata.category(c) in _HIDDEN and c not in "\n\r\t"), "")
    return f"U+{ord(found):04X}" if found else ""


def alike(text: str) -> str:
    """What is left of a name where case, spaces and invisible characters do not count."""
    return "".join([c for c in text if unicodedata.category(c) not in _HIDDEN]).casefold().replace(" ", "")


def mixed(text: str, *, maths: bool = False) -> str:
    """`Latin and Cyrillic` where a word has letters of both, which pass for each other; else nothing.

    In `maths`, Greek letters stand beside Latin ones; only those are meant that look like them.
    """
    if text.isascii():
        return ""
    for word in text.split():
        letters = [c for c in word if c.isalpha() and not (maths and "α" <= c.lower() <= "ω" and c not in _LIKE_LATIN)]
        names = [unicodedata.name(c, "") for c in letters]
        found = [s for s in _SCRIPTS if any(n.startswith(s) for n in names)]
        if len(found) > 1:
            return " and ".join([s.capitalize() for s in found])
    return ""


def cell(text: str, most: int = 1000) -> str:
    """The text as a cell of a CSV that no spreadsheet takes for a formula: `'` before what begins like one.

    A number stays as it is, its sign too.
    """
    shown = visible(text, most)
    if _NUMBER.fullmatch(shown.strip()):
        return shown
    return _FORMULA.sub(lambda m: f"{m[1]}{m[2]}'", shown)


def file_name(name: str, code: str) -> str:
    """A name for a file that holds nothing but letters, digits and `-`, and is another for another person."""
    plain = unicodedata.normalize("NFKD", name[:200]).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-").lower()[:40].strip("-")
    digest = hashlib.sha256(f"{name}\0{code}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{plain}-{digest}" if plain else digest


def _shown(c: str) -> str:
    if c == "\n":
        return "\\n"
    return f"<U+{ord(c):04X}>" if unicodedata.category(c) in _HIDDEN else c
