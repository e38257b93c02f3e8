"""LaTeX commands that only stand on paper, beside those that the notation reads."""

from __future__ import annotations

import unicodedata

SYMBOLS = {
    "partial": "∂",
    "nabla": "∇",
    "leftarrow": "←",
    "gets": "←",
    "to": "→",
    "rightarrow": "→",
    "longrightarrow": "→",
    "mapsto": "↦",
    "Rightarrow": "⇒",
    "implies": "⇒",
    "Leftrightarrow": "⇔",
    "iff": "⇔",
    "nearrow": "↗",
    "infty": "∞",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "top": "⊤",
    "intercal": "⊤",
    "prime": "′",
    "star": "*",
    "bullet": "•",
    "approx": "≈",
    "sim": "∼",
    "equiv": "≡",
    "propto": "∝",
    "pm": "±",
    "mp": "∓",
    "notin": "∉",
    "subset": "⊂",
    "subseteq": "⊆",
    "cup": "∪",
    "cap": "∩",
    "forall": "∀",
    "exists": "∃",
    "ll": "≪",
    "gg": "≫",
    "therefore": "∴",
    "square": "□",
    "checkmark": "✓",
    "#": "#",
    "%": "%",
    "$": "$",
    "&": "&",
    "_": "_",
}
RELATIONS = frozenset("=<>≤≥≠≈∈∉∼≡∝⊂⊆→←↦⇒⇔≪≫") | {"<=", ">=", "!=", "<-", "->", "+=", ":="}
BINARY = frozenset("+-−×·∘⊙÷*∗±∓∧∨∪∩")
LARGE = frozenset("∑∏∫")
SPACES = {
    "quad": "\u2003",
    "qquad": "\u2003",
    ",": " ",
    ";": " ",
    ":": " ",
    ">": " ",
    " ": " ",
    "!": "",
    "displaystyle": "",
    "textstyle": "",
    "limits": "",
    "nolimits": "",
    "nonumber": "",
    "notag": "",
}
CALLED = frozenset(
    ["sort", "relu", "ReLU", "sigmoid", "softmax", "softplus", "logsumexp", "sum", "mean", "prod", "norm", "dot", "abs"]
)
"""Functions of the house that TeX has no command for."""
BRACKETS = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖"}
ENDS = {
    "pmatrix": ("(", ")"),
    "bmatrix": ("[", "]"),
    "Bmatrix": ("{", "}"),
    "vmatrix": ("|", "|"),
    "matrix": ("", ""),
    "smallmatrix": ("", ""),
    "cases": ("{", ""),
}
_STYLES = {"mathbb": "DOUBLE-STRUCK", "mathcal": "SCRIPT", "mathbf": "BOLD", "bm": "BOLD", "boldsymbol": "BOLD"}


def styled(char: str, command: str) -> str:
    """The letter in the style of a command (ℝ, 𝒩, 𝐱); itself where there is none."""
    style = _STYLES.get(command)
    if style is None or not char.isascii() or not char.isalpha():
        return char
    size = "CAPITAL" if char.isupper() else "SMALL"
    for name in (f"{style} {size} {char.upper()}", f"MATHEMATICAL {style} {size} {char.upper()}"):
        try:
            return unicodedata.lookup(name)
        except KeyError:
            continue
    return char
