"""Boxes as data for typst, and the few fixed lines of typst that set them.

Typst source is code, so none is ever written from a formula: names and signs enter as strings in JSON.
"""

from __future__ import annotations

from typing import Any

from chalkgrad.render import maths
from chalkgrad.render.maths import Box
from chalkgrad.render.typeset import clean

FUNCTIONS = """
#let maths(b) = {
  let kind = b.at("k")
  if kind == "row" { b.items.map(maths).join() }
  else if kind == "italic" { math.italic(b.text) }
  else if kind == "upright" { math.upright(b.text) }
  else if kind == "function" { math.op(b.text) }
  else if kind == "prose" { text(b.text) }
  else if kind == "sign" {
    if b.class == "" { math.upright(b.text) } else { math.class(b.class, b.text) }
  }
  else if kind == "space" { math.thin }
  else if kind == "quad" { math.quad }
  else if kind == "over" { math.frac(maths(b.above), maths(b.below)) }
  else if kind == "root" {
    if b.cube { math.root([3], maths(b.inside)) } else { math.sqrt(maths(b.inside)) }
  }
  else if kind == "fence" {
    // a symbol grows with what it encloses; a string would not
    let left = if b.left == "" { none } else { math.class("opening", [#symbol(b.left)]) }
    let right = if b.right == "" { none } else { math.class("closing", [#symbol(b.right)]) }
    math.lr(left + maths(b.inside) + right)
  }
  else if kind == "accent" { math.accent(maths(b.base), b.mark) }
  else if kind == "grid" {
    let side(s) = if s == "" { none } else { s }
    let place = if b.left { left } else { center }
    math.mat(delim: (side(b.ends.at(0)), side(b.ends.at(1))), align: place, ..b.rows.map(r => r.map(maths)))
  }
  else if kind == "scripts" {
    let above = ()
    if b.primes > 0 { above.push(math.primes(b.primes)) }
    if b.above != none { above.push(maths(b.above)) }
    let scripts = (:)
    if b.below != none { scripts.insert("br", maths(b.below)) }
    if above.len() > 0 { scripts.insert("tr", above.join()) }
    math.attach(maths(b.base), ..scripts)
  }
}
"""

_SPACES = {" ": "space", "\u2003": "quad"}
_MARKS = {"hat": "\u0302", "vec": "\u20d7", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "ddot": "\u0308"}
_CLASSES = {"binary": "binary", "relation": "relation", "prefix": "unary", "plain": ""}


def typst(box: Box) -> dict[str, Any]:
    """The box as plain data that `maths` in `FUNCTIONS` sets."""
    match box:
        case maths.Word(text, face):
            return {"k": face, "text": clean(text) or " "}
        case maths.Num(text):
            return {"k": "upright", "text": clean(text) or " "}
        case maths.Sign(text, kind):
            if text in _SPACES:
                return {"k": _SPACES[text]}
            sign_class = "punctuation" if text == "," else _CLASSES[kind]
            return {"k": "sign", "text": clean(maths.DRAWN.get(text, text)) or " ", "class": sign_class}
        case maths.Row(items):
            return {"k": "row", "items": [typst(i) for i in items]} if items else {"k": "upright", "text": ""}
        case maths.Scripts(base, below, above, primes):
            return {
                "k": "scripts",
                "base": typst(base),
                "below": None if below is None else typst(below),
                "above": None if above is None else typst(above),
                "primes": primes,
            }
        case maths.Accented(base, mark):
            return {"k": "accent", "base": typst(base), "mark": _MARKS[mark]}
        case maths.Over(above, below):
            return {"k": "over", "above": typst(above), "below": typst(below)}
        case maths.Root(inside, cube):
            return {"k": "root", "inside": typst(inside), "cube": cube}
        case maths.Fence(left, inside, right):
            return {"k": "fence", "left": left, "inside": typst(inside), "right": right}
        case maths.Grid(rows, ends, left):
            cells = [[typst(cell) for cell in r] for r in rows]
            return {"k": "grid", "rows": cells, "ends": list(ends), "left": left}
        case maths.Prose(text):
            return {"k": "prose", "text": clean(text)}
