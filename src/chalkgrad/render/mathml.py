"""Boxes as MathML, of the part that every browser has (MathML Core). Everything is escaped."""

from __future__ import annotations

from html import escape

from chalkgrad.render import maths
from chalkgrad.render.maths import Box, tall
from chalkgrad.render.typeset import clean

_SPACES = {" ": "0.17em", "\u2003": "1em"}
_MARKS = {"hat": "^", "vec": "→", "bar": "‾", "tilde": "~", "dot": "˙", "ddot": "¨"}


def mathml(box: Box, *, display: bool = False) -> str:
    """A whole `<math>` element; `display` sets fractions at their full size."""
    style = ' displaystyle="true"' if display else ""
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML"{style}>{_written(box)}</math>'


def _written(box: Box) -> str:
    match box:
        case maths.Word(text, face):
            # a lone letter is italic unless it is said not to be
            upright = ' mathvariant="normal"' if len(text) == 1 and face != "italic" else ""
            return f"<mi{upright}>{_text(text)}</mi>" + ("<mo>&#x2061;</mo>" if face == "function" else "")
        case maths.Num(text):
            return f"<mn>{_text(text)}</mn>"
        case maths.Sign():
            return _sign(box)
        case maths.Row(items):
            return f"<mrow>{''.join(map(_written, items))}</mrow>"
        case maths.Scripts(base, below, above, primes):
            return _scripts(base, below, above, primes)
        case maths.Accented(base, mark):
            return f'<mover accent="true">{_written(base)}<mo>{_MARKS[mark]}</mo></mover>'
        case maths.Over(above, below):
            return f"<mfrac>{_written(above)}{_written(below)}</mfrac>"
        case maths.Root(inside, cube):
            return f"<mroot>{_written(inside)}<mn>3</mn></mroot>" if cube else f"<msqrt>{_written(inside)}</msqrt>"
        case maths.Fence(left, inside, right):
            grows = tall(inside) or not left
            ends = (_fence(left, "prefix", grows), _fence(right, "postfix", grows))
            return f"<mrow>{ends[0]}{_written(inside)}{ends[1]}</mrow>"
        case maths.Grid(rows, ends, left):
            cell = '<mtd style="text-align: left">' if left else "<mtd>"
            lines = ["<mtr>" + "".join([f"{cell}{_written(box)}</mtd>" for box in r]) + "</mtr>" for r in rows]
            sides = (_fence(ends[0], "prefix"), _fence(ends[1], "postfix"))
            return f"<mrow>{sides[0]}<mtable>{''.join(lines)}</mtable>{sides[1]}</mrow>"
        case maths.Prose(text):
            return f"<mtext>{_text(text)}</mtext>"


def _fence(sign: str, form: str, grows: bool = True) -> str:
    # a bracket that may stretch is set with wider sides even where it has no need to
    stretch = "" if grows else ' stretchy="false"'
    return f'<mo form="{form}" fence="true"{stretch} lspace="0em" rspace="0em">{_text(sign)}</mo>' if sign else ""


def _sign(box: maths.Sign) -> str:
    if box.text in _SPACES:
        return f'<mspace width="{_SPACES[box.text]}"/>'
    if box.text == "𝟏":
        return "<mn>𝟏</mn>"
    text = _text(maths.DRAWN.get(box.text, box.text))
    if box.text in "∂∞⊤ᵀ…":
        return f'<mi mathvariant="normal">{text}</mi>' if len(box.text) == 1 else f"<mi>{text}</mi>"
    form = ' form="prefix"' if box.kind == "prefix" else ' form="infix"' if box.kind in ("binary", "relation") else ""
    return f"<mo{form}>{text}</mo>"


def _scripts(base: Box, below: Box | None, above: Box | None, primes: int) -> str:
    parts = ([f"<mo>{'′' * primes}</mo>"] if primes else []) + ([_written(above)] if above is not None else [])
    top = parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"
    if below is None:
        return f"<msup>{_written(base)}{top}</msup>"
    if not parts:
        return f"<msub>{_written(base)}{_written(below)}</msub>"
    return f"<msubsup>{_written(base)}{_written(below)}{top}</msubsup>"


def _text(text: str) -> str:
    return escape(clean(text) or text)
