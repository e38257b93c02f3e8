"""Branches that work out the same function: one function of what the branches give it.

`where(c, a + exp(x), b + exp(y))` is `where(c, a, b) + exp(where(c, x, y))`, the same numbers with one exponential.
Both branches are worked out for lanes, so this counts.
"""

from __future__ import annotations

from chalkgrad.ops.scalars import REAL, TRUTH, Cast, Expr, Fn, Lit, Place, Read, fn, inside_out, parts

# Of these, one is worth a few choices.
_LONG = (REAL - {"copysign", "rint"}) | {"power"}


# Which are the same at 0 and at -0, so that there the sign of what they are given may be lost.
_EVEN_AT_0 = ("exp", "exp2")


def merged(e: Expr) -> Expr:
    """The expression with as few long functions as its branches allow; itself where there is nothing to gain."""
    order = inside_out(e)
    if not any([isinstance(p, Fn) and p.name == "where" for p in order]):
        return e
    long: dict[Expr, frozenset[str]] = {}
    made: dict[Expr, Expr] = {}
    for part in order:
        inner = tuple([made[p] for p in parts(part)])
        same = all([a is b for a, b in zip(inner, parts(part), strict=True)])
        new = part if same else _with(part, inner)
        _note(new, long)
        if isinstance(new, Fn) and new.name == "where":
            new = _where(new, long)
        elif isinstance(new, Fn) and new.name in _EVEN_AT_0:
            new = _decayed(new)
        made[part] = new
    return made[e]


def _note(e: Expr, long: dict[Expr, frozenset[str]]) -> frozenset[str]:
    """The names of the long functions in an expression whose parts are known."""
    if e not in long:
        own = frozenset([e.name]) if isinstance(e, Fn) and e.name in _LONG else frozenset[str]()
        for p in parts(e):
            own |= _note(p, long)
        long[e] = own
    return long[e]


def _where(e: Fn, long: dict[Expr, frozenset[str]]) -> Expr:
    condition, a, b = e.args
    if not long[a] or not long[b]:
        return e
    if isinstance(b, Fn) and b.name == "where" and b.dtype == e.dtype:
        second, c, rest = b.args
        if long[a] & long[c] and not long[rest]:
            one = _together(condition, a, c, e.dtype, long)
            if one is not None:
                either = fn("logical_or", condition, second)
                found = Fn("where", (either, one, rest), e.dtype, e.weak)
                _note(found, long)
                return found
    one = _together(condition, a, b, e.dtype, long)
    return e if one is None else one


def _together(condition: Expr, a: Expr, b: Expr, dtype: str, long: dict[Expr, frozenset[str]]) -> Expr | None:
    """Two branches as one expression, where a function is in both at the same place; None where there is none."""
    if a is b:
        return a
    if not isinstance(a, Fn) or not isinstance(b, Fn) or a.name != b.name or a.name == "where":
        return None
    if a.dtype != b.dtype or a.dtype != dtype or len(a.args) != len(b.args) or not long[a] & long[b]:
        return None
    if a.name in TRUTH:
        return None
    args = [_together(condition, x, y, dtype, long) for x, y in zip(a.args, b.args, strict=True)]
    if a.name not in _LONG and all([x is None for x in args]):
        return None
    # operands are brought to the dtype of the whole anyhow
    chosen = [
        Fn("where", (condition, x, y), dtype) if found is None else found
        for found, x, y in zip(args, a.args, b.args, strict=True)
    ]
    whole = Fn(a.name, tuple(chosen), a.dtype, a.weak)
    if a.name in _EVEN_AT_0:
        whole = _decayed(whole)
    _note(whole, long)
    return whole


def _decayed(e: Fn) -> Fn:
    """exp(x > 0 ? -x : x) as exp(-|x|), which other lines have too; |0 - x| is |x|."""
    choice = e.args[0]
    if not isinstance(choice, Fn) or choice.name != "where" or choice.dtype != e.dtype:
        return e
    test, a, b = choice.args
    above = isinstance(test, Fn) and test.name == "greater" and _alike(test.args[0], b) and _nought(test.args[1])
    if not above or not isinstance(a, Fn) or a.name != "negative" or not _alike(a.args[0], b):
        return e
    if isinstance(b, Fn) and b.name == "subtract" and _nought(b.args[0]) and b.args[1].dtype == b.dtype:
        b = b.args[1]
    return Fn(e.name, (Fn("negative", (Fn("absolute", (b,), e.dtype),), e.dtype),), e.dtype)


def _nought(e: Expr) -> bool:
    return isinstance(e, Lit) and e.value == 0


def _alike(a: Expr, b: Expr) -> bool:
    """Whether two small expressions are the same number."""
    if a is b:
        return True
    if isinstance(a, Fn) and isinstance(b, Fn) and (a.name, a.dtype, len(a.args)) == (b.name, b.dtype, len(b.args)):
        return all([_alike(x, y) for x, y in zip(a.args, b.args, strict=True)])
    if isinstance(a, Lit) and isinstance(b, Lit):
        return (type(a.value), a.value, a.dtype) == (type(b.value), b.value, b.dtype)
    if isinstance(a, Read) and isinstance(b, Read) and a.source is b.source:
        return all([_alike(x, y) for x, y in zip(a.index, b.index, strict=True)])
    return isinstance(a, Place) and isinstance(b, Place) and a.axis is b.axis


def _with(e: Expr, inner: tuple[Expr, ...]) -> Expr:
    if isinstance(e, Fn):
        return Fn(e.name, inner, e.dtype, e.weak)
    if isinstance(e, Cast):
        return Cast(inner[0], e.dtype, e.weak)
    assert isinstance(e, Read)
    return Read(e.source, inner, e.dtype)


__all__ = ["merged"]
