"""Names, numbers and comments for C: a person's text becomes an identifier or a comment, and never code."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection
from typing import Any

import numpy as np

CTYPES = {"float64": "double", "float32": "float", "int64": "int64_t", "bool": "bool"}

# Keywords of C, what the headers declare or gcc knows, and what later standards and C++ take.
RESERVED = frozenset(
    re.split(
        r"\s+",
        """
        auto break case char const continue default do double else enum extern float for goto if inline int long
        register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
        bool true false asm typeof fortran near far alignas alignof constexpr nullptr thread_local static_assert
        noreturn complex imaginary catch class delete explicit export friend mutable namespace new operator private
        protected public template this throw try typename using virtual and or not xor main errno NULL NAN INFINITY
        I EOF assert signbit isnan isinf isfinite isnormal fpclassify isgreater isless isunordered failed
        w unix linux i386 acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp
        ilogb ldexp log log10 log1p log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma
        gamma ceil floor nearbyint rint lrint llrint round lround llround trunc fmod remainder remquo copysign nan
        nextafter nexttoward fdim fmax fmin fma j0 j1 jn y0 y1 yn abs labs llabs div ldiv lldiv abort exit atexit
        malloc calloc realloc free qsort bsearch rand srand system getenv atof atoi atol strtod strtol printf puts
        putchar scanf gets memcpy memset memmove memcmp strlen strcpy strcat strcmp strchr index rindex bcmp bzero
        ffs signal raise time clock alloca drem pow10 exp10 scalb significand sincos
        """.strip(),
    )
)


def identifier(name: str, used: Collection[str]) -> str:
    """A C name for a printed one: `σ` is `sigma`, `y^*` is `y_star`. Unique among `used`."""
    for sign, word in (("^*", "_star"), ("'", "_prime"), ("′", "_prime")):
        name = name.replace(sign, word)
    plain = "".join([c if c.isascii() else _spelled(c) for c in re.sub(r"\\[a-z]+ ", "", name)])
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", plain).strip("_") or "v"
    if plain[0].isdigit():
        plain = f"v{plain}"
    if plain in RESERVED or re.fullmatch(r"u?int\w*_t|[A-Z_]+_(MAX|MIN)", plain) or _with_suffix(plain):
        plain += "_"
    fresh, number = plain, 1
    while fresh in used:
        number += 1
        fresh = f"{plain}_{number}"
    return fresh


def _with_suffix(name: str) -> bool:
    """Whether it is a function of the headers for float or long double: `expf`, `sinl`."""
    return name[-1] in "fl" and name[:-1] in RESERVED


def _spelled(character: str) -> str:
    """A letter beyond ASCII: by what it is made of, by its name, else by its number."""
    parts = "".join([c for c in unicodedata.normalize("NFKD", character) if c.isascii() and c.isalnum()])
    if parts:
        return parts
    if not character.isalnum():
        return "_"
    words = unicodedata.name(character, "").split()
    if "LETTER" in words:
        return "".join(words[words.index("LETTER") + 1 :][:1]).lower()
    return f"u{ord(character):04x}"


def comment(text: str) -> str:
    """Text inside a comment: one line, which cannot end it, and no sign that is not seen."""
    seen = "".join([" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text])
    seen = "".join([c for c in seen if unicodedata.category(c) not in ("Cf", "Cs", "Co", "Cn")])
    seen = seen.replace("\\", "∖").replace("??", "? ?")
    while "*/" in seen or "/*" in seen:
        seen = seen.replace("*/", "* /").replace("/*", "/ *")
    return f"/* {seen.strip()} */"


def literal(value: Any, dtype: str) -> str:
    """A number of this dtype, exact."""
    if dtype == "bool":
        return "true" if value else "false"
    if dtype == "int64":
        value = int(value)
        if value == -(2**63):
            return "INT64_MIN"
        return str(value) if abs(value) < 2**31 else f"INT64_C({value})"
    value = float(value)
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return f"{float(str(np.float32(value)))!r}f" if dtype == "float32" else repr(value)
