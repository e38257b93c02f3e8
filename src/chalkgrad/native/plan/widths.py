"""Products of factors of two widths: one is brought to the other's first, as a whole, where a routine does the rest.

`float32 array / np.sqrt(d)` is float64 in NumPy, and so is what it is multiplied with from there on; on the way back
gradients are brought to float32 again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalkgrad.native.plan.rewrite import buffer_of
from chalkgrad.native.plan.statements import Statement, places, wide
from chalkgrad.native.tree import Buffer
from chalkgrad.ops.kernel import Axis, Cast, Expr, Fn, Read

_WIDTHS = ("float32", "float64")
# There are so many products for each entry that is brought to another width, at least.
_TIMES = 8


def of_one_width(statements: Sequence[Statement], whole: Callable[[Statement], bool]) -> list[Statement]:
    """The statements; those that a routine can do if their factors are of one width are changed so that they are.

    `whole` says what a routine does.
    """
    found: list[Statement] = []
    made: dict[tuple[Buffer, str], Buffer] = {}
    written = [b for s in statements for b in (s.into, *s.others)]
    for s in statements:
        factors = _factors(s)
        other = {buffer_of(f) for f in factors if f.dtype != s.into.dtype}
        if other and all([written.count(b) <= 1 and s.volume >= _TIMES * b.size for b in other]):
            copies = {b: made.get((b, s.into.dtype)) or _like(b, s.into.dtype) for b in other}
            before = s.value
            s.value = Fn("multiply", tuple([_read(f, copies) for f in factors]), s.into.dtype)
            if whole(s):
                found += [_copied(b, copy, s) for b, copy in copies.items() if (b, copy.dtype) not in made]
                made |= {(b, copy.dtype): copy for b, copy in copies.items()}
            else:
                s.value = before
        found.append(s)
    return found


def _factors(s: Statement) -> list[Read]:
    """The two entries that are multiplied, without what brings them to the width of the sum."""
    if s.kind != "combine" or s.how != "sum" or not isinstance(s.value, Fn) or s.value.name != "multiply":
        return []
    if s.into.dtype not in _WIDTHS or s.value.dtype != s.into.dtype:
        return []
    bare: list[Expr] = [a.arg if isinstance(a, Cast) and a.dtype == s.into.dtype else a for a in s.value.args]
    reads = [a for a in bare if isinstance(a, Read) and a.dtype in _WIDTHS]
    return reads if len(reads) == 2 else []


def _like(source: Buffer, dtype: str) -> Buffer:
    return Buffer(f"{source.name}_{dtype.removeprefix('float')}", dtype, source.shape, "arena")


def _read(factor: Read, copies: dict[Buffer, Buffer]) -> Read:
    copy = copies.get(buffer_of(factor))
    return factor if copy is None else Read(copy, factor.index, copy.dtype)


def _copied(source: Buffer, copy: Buffer, s: Statement) -> Statement:
    axes = tuple([Axis(n) for n in source.shape])
    at = places(axes)
    return Statement("set", copy, at, wide(axes), value=Cast(Read(source, at, source.dtype), copy.dtype), step=s.step)


__all__ = ["of_one_width"]
