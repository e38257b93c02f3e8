"""LaTeX commands, and what each is in plain maths text."""

from __future__ import annotations

from chalkgrad.notation.characters import UNREAD as CHARACTERS

LETTERS = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "varepsilon": "ε",
    "zeta": "ζ",
    "eta": "η",
    "theta": "θ",
    "vartheta": "ϑ",
    "iota": "ι",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "xi": "ξ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "upsilon": "υ",
    "phi": "φ",
    "varphi": "ϕ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Xi": "Ξ",
    "Pi": "Π",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Psi": "Ψ",
    "Omega": "Ω",
    "ell": "ℓ",
}
FUNCTIONS = frozenset(
    [
        "log",
        "ln",
        "exp",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "sinh",
        "cosh",
        "tanh",
        "max",
        "min",
        "det",
    ]  # those that LaTeX has
)
SIGNS = {
    "cdot": "·",
    "times": "×",
    "ast": "*",
    "circ": "∘",
    "odot": "⊙",
    "div": "÷",
    "land": "∧",
    "wedge": "∧",
    "lor": "∨",
    "vee": "∨",
    "neg": "¬",
    "lnot": "¬",
    "le": "<=",
    "leq": "<=",
    "leqslant": "<=",
    "ge": ">=",
    "geq": ">=",
    "geqslant": ">=",
    "ne": "!=",
    "neq": "!=",
    "lt": "<",
    "gt": ">",
    "in": "∈",
}
DELIMITERS = {"{": "{", "}": "}", "lbrace": "{", "rbrace": "}", "lbrack": "[", "rbrack": "]"}
BARS = {"lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "|": "‖", "lVert": "‖", "rVert": "‖", "Vert": "‖"}
DOTS = frozenset({"dots", "ldots", "cdots"})
ACCENTS = {
    "hat": "\u0302",
    "widehat": "\u0302",
    "vec": "\u20d7",
    "bar": "\u0304",
    "overline": "\u0304",
    "tilde": "\u0303",
    "widetilde": "\u0303",
    "dot": "\u0307",
    "ddot": "\u0308",
}
WORDS = frozenset(
    [
        "mathrm",
        "mathit",
        "mathsf",
        "operatorname",
        "text",
        "textrm",
        "textit",
        "mbox",
        "mathbb",
        "mathbf",
        "bm",
        "boldsymbol",
        "mathcal",
    ]
)
SIZES = frozenset(
    [
        "left",
        "right",
        "big",
        "Big",
        "bigg",
        "Bigg",
        "bigl",
        "bigr",
        "Bigl",
        "Bigr",
        "biggl",
        "biggr",
        "Biggl",
        "Biggr",
        "middle",
    ]
)
SILENT = frozenset(
    [
        *["quad", "qquad", "displaystyle", "textstyle", "limits", "nolimits", "nonumber", "notag", "hfill"],
        "therefore",
        *[",", ";", ":", "!", ">", "(", ")", "[", "]"],
        " ",
    ]
)
SILENT_WITH_ARGUMENT = frozenset({"label", "tag", "hspace", "vspace"})
LINES = frozenset(["align", "aligned", "equation", "gather", "gathered", "split", "eqnarray", "alignat"])
MATRICES = frozenset(["pmatrix", "bmatrix", "matrix", "vmatrix", "Bmatrix", "smallmatrix"])
UNREAD = {
    "sum": "a sum over the examples is \\sum_{i=1}^{m} of what bears ^{(i)}; over an array's entries, \\mathrm{sum}(x)",
    "prod": "products over an index are not read; write them out, or \\mathrm{prod}(x)",
    **dict.fromkeys(("partial", "nabla"), CHARACTERS["∂"]),
    **dict.fromkeys(("leftarrow", "gets"), CHARACTERS["←"]),
    **dict.fromkeys(("to", "rightarrow", "mapsto"), "write the formula alone"),
    "infty": "infinity is not a number here",
    "int": "integrals are not read",
}
