"""Sums of products over named indices: einsum, and the cross product."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Value
from chalkgrad.ir.dims import Dim, Shape, broadcast, dims_text
from chalkgrad.ir.types import ArrayType, promote
from chalkgrad.ops import batching
from chalkgrad.ops.diagonals import put_diagonal
from chalkgrad.ops.kernel import Expr, Kernel, Source, axes, fn, inputs, lift, nest
from chalkgrad.ops.kernel import spread as spread_over
from chalkgrad.ops.local import Local, Through, fit
from chalkgrad.ops.nests import contracted
from chalkgrad.ops.op import spread, structured
from chalkgrad.ops.shape import broadcast_to, reshape, transpose

Types = tuple[ArrayType, ...]
Params = Mapping[str, Any]
MOST_OPERANDS = 32


@final
@dataclass(frozen=True, slots=True)
class Spec:
    """`ij,jk->ik` with nothing implied: a letter an axis, for each operand and for the result."""

    operands: tuple[str, ...]
    result: str
    sizes: Mapping[str, Dim]

    def shape(self, letters: str) -> Shape:
        return tuple([self.sizes[c] for c in letters])


def read_spec(subscripts: str, shapes: Sequence[Shape]) -> Spec:
    """What NumPy reads in the subscripts of an einsum of arrays of these shapes.

    Raises ShapeError where they do not fit, naming the operand or the letter.
    """
    text = "".join(subscripts.split())
    left, arrow, right = text.partition("->")
    parts = left.split(",")
    if len(parts) != len(shapes):
        raise ShapeError(f"'{subscripts}' names {len(parts)} operands, {len(shapes)} were given")
    used = set(text)
    fresh = [c for c in string.ascii_letters if c not in used]
    wide = max([len(s) - len(p.replace("...", "")) for p, s in zip(parts, shapes, strict=True) if "..." in p] or [0])
    if wide > len(fresh):
        raise ShapeError(f"'{subscripts}' with {wide} axes under the dots needs more letters than there are")
    dots = "".join(fresh[: max(wide, 0)])
    operands = tuple([_filled(p, len(s), dots, subscripts) for p, s in zip(parts, shapes, strict=True)])
    if arrow:
        if dots and "..." not in right:
            raise ShapeError(f"'{subscripts}' has axes under the dots, and its result has no dots")
        result = right.replace("...", dots, 1)
    else:
        letters = "".join(operands)
        once = sorted(c for c in set(letters) - set(dots) if letters.count(c) == 1)
        result = dots + "".join(once)
    if not all(c.isascii() and c.isalpha() for c in result):
        raise ShapeError(f"'{subscripts}': the result '{right}' is not made of letters")
    for c in result:
        if result.count(c) > 1:
            raise ShapeError(f"'{subscripts}': '{c}' stands twice in the result; np.diag writes onto a diagonal")
        if not any(c in letters for letters in operands):
            raise ShapeError(f"'{subscripts}': '{c}' stands in the result and in no operand")
    return Spec(operands, result, _sizes(operands, shapes, subscripts))


def _filled(part: str, rank: int, dots: str, subscripts: str) -> str:
    """The letters of one operand, with those for its dots."""
    named = part.replace("...", "", 1)
    if not all(c.isascii() and c.isalpha() for c in named):
        raise ShapeError(f"'{subscripts}': an operand is letters and at most one '...', not '{part}'")
    hidden = rank - len(named) if "..." in part else 0
    if hidden < 0 or len(named) + hidden != rank:
        raise ShapeError(f"'{subscripts}': '{part}' names {len(named)} axes of an operand that has {rank}")
    return part.replace("...", dots[len(dots) - hidden :])


def _sizes(operands: Sequence[str], shapes: Sequence[Shape], subscripts: str) -> dict[str, Dim]:
    """The size of every letter. A size 1 is stretched, as NumPy does, but not within one operand."""
    sizes: dict[str, Dim] = {}
    for letters, shape in zip(operands, shapes, strict=True):
        here: dict[str, Dim] = {}
        for c, n in zip(letters, shape, strict=True):
            known = here.setdefault(c, n) if letters.count(c) > 1 else sizes.get(c, n)
            if known != n and (letters.count(c) > 1 or 1 not in (known, n)):
                raise ShapeError(f"'{subscripts}': '{c}' has size {known} and size {n}")
            if sizes.get(c, 1) == 1:
                sizes[c] = n
            elif n not in (1, sizes[c]):
                raise ShapeError(f"'{subscripts}': '{c}' has size {sizes[c]} and size {n}")
    return sizes


def _einsum(*xs: Any, subscripts: str = "") -> Any:
    # a path costs 50 µs to find, and brings BLAS
    return np.einsum(subscripts, *xs, optimize=sum(map(np.size, xs)) > 5000)[()]


def _einsum_types(types: Types, params: Params) -> Types:
    if not 0 < len(types) <= MOST_OPERANDS:
        raise ProgramError(f"einsum takes 1 to {MOST_OPERANDS} operands, {len(types)} were given")
    dtype = promote(*[t.dtype for t in types])
    if dtype == "bool":
        raise ProgramError("einsum needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    spec = read_spec(params.get("subscripts", ""), [t.shape for t in types])
    return (ArrayType(spec.shape(spec.result), dtype),)


def _einsum_jvp(tangents: Sequence[Value | None], y: Value, *xs: Value, subscripts: str) -> Value:
    terms = [einsum(*xs[:k], t, *xs[k + 1 :], subscripts=subscripts) for k, t in enumerate(tangents) if t is not None]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return spread(total, y)


def _einsum_vjp(want: Sequence[bool], y: Value, *xs: Value, subscripts: str) -> Sequence[Local | None]:
    spec = read_spec(subscripts, [x.shape for x in xs])

    def back(k: int) -> Local:
        others = [x for i, x in enumerate(xs) if i != k]
        letters = [spec.result, *[s for i, s in enumerate(spec.operands) if i != k]]
        own = "".join(dict.fromkeys(spec.operands[k]))
        met = "".join(c for c in own if any(c in s for s in letters))
        rule = f"{','.join(letters)}->{met}"
        named = ", ".join(f"{{{i}}}" for i in range(len(xs)) if i != k)
        words = f"einsum '{rule}' of u{', ' + named if named else ''}"

        def send(u: Value) -> Value:
            return _placed(einsum(u, *others, subscripts=rule), met, own, spec, k, xs[k])

        return Through(send, words)

    return [back(k) if w else None for k, w in enumerate(want)]


def _placed(part: Value, met: str, own: str, spec: Spec, k: int, x: Value) -> Value:
    """The gradient of one operand: spread over letters that only it has, and put back onto diagonals."""
    letters = spec.operands[k]
    size = dict(zip(letters, x.shape, strict=True))
    if met != own:
        part = reshape(part, shape=tuple([part.shape[met.index(c)] if c in met else 1 for c in own]))
    # a letter that is stretched elsewhere counts for each copy
    whole = tuple([spec.sizes[c] if c in met else size[c] for c in own])
    if part.shape != whole:
        part = broadcast_to(part, shape=whole)
    part = fit(part, tuple([size[c] for c in own]))
    have = own
    for c in letters:
        while have.count(c) < letters.count(c):
            place = have.index(c)
            order = (*[i for i in range(len(have)) if i != place], place)
            last = part if order == tuple(range(len(have))) else transpose(part, axes=order)
            part = put_diagonal(last, shape=(*last.shape, size[c]), axis1=-2, axis2=-1)
            have = have[:place] + have[place + 1 :] + c + c
    return part if have == letters else transpose(part, axes=_reordered(have, letters))


def _reordered(have: str, wanted: str) -> tuple[int, ...]:
    """Where each wanted letter stands; letters that stand twice are used in turn."""
    left = list(have)
    order: list[int] = []
    for c in wanted:
        place = left.index(c)
        left[place] = ""
        order.append(place)
    return tuple(order)


def _einsum_samples(rng: np.random.Generator) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    def draw(subscripts: str, *shapes: tuple[int, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(rng.normal(size=s) for s in shapes), {"subscripts": subscripts}

    return [
        draw("ij,jk->ik", (2, 3), (3, 2)),
        draw("ij,jk", (2, 3), (3, 2)),
        draw("i,ij,j->", (2,), (2, 3), (3,)),
        draw("...ij,...j->...i", (2, 1, 2, 3), (2, 3)),
        draw("ba", (2, 3)),
        draw("ii->i", (3, 3)),
        draw("iij,ji->j", (2, 2, 3), (3, 2)),
        draw("iii,i->", (2, 2, 2), (2,)),
        draw("ij,ij->j", (1, 3), (2, 1)),
        draw("ij->", (2, 3)),
        draw("i,j->j", (3,), (2,)),
        draw(",i->i", (), (2,)),
        draw("ij,jk->ik", (2, 0), (0, 2)),
    ]


def _einsum_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    spec = read_spec(params["subscripts"], [t.shape for t in types])
    return contracted(inputs(types), spec.operands, spec.result, outs[0].dtype)


einsum = structured(
    "einsum",
    _einsum,
    scalar=_einsum,
    arity=-1,
    types=_einsum_types,
    params={"subscripts": ""},
    jvp=_einsum_jvp,
    vjp=_einsum_vjp,
    samples=_einsum_samples,
    note="a sum of products is linear in each operand: its gradient is an einsum of the upstream one and the others",
    batch=batching.lettered,
    kernel=_einsum_kernel,
)


def _cross_types(types: Types, params: Params) -> Types:
    for t in types:
        if not t.shape or t.shape[-1] != 3:
            raise ShapeError(f"needs vectors of three entries on the last axis, not an array of {dims_text(t.shape)}")
    dtype = promote(types[0].dtype, types[1].dtype)
    if dtype == "bool":
        raise ProgramError("cross needs numbers, not truth values: indicator(…) turns them into 0 and 1")
    return (ArrayType(broadcast(types[0].shape, types[1].shape), dtype),)


def _cross(a: Any, b: Any) -> Any:
    return np.cross(a, b)


def _cross_kernel(types: Types, outs: Types, params: Params) -> Kernel:
    at = axes(*outs[0].shape)
    a, b = inputs(types)

    def entry(x: Source, behind: int) -> Expr:
        # the entry that stands so far behind on the last axis, in a circle
        there = spread_over(x, at).index[:-1]
        return x[(*there, fn("remainder", lift(at[-1]) + behind, 3))]

    return nest(at, entry(a, 1) * entry(b, 2) - entry(a, 2) * entry(b, 1), outs[0].dtype)


cross = structured(
    "cross",
    _cross,
    scalar=_cross,
    arity=2,
    types=_cross_types,
    linear_in=(0, 1),
    vjp=lambda want, y, a, b: [
        Through(lambda u: fit(cross(b, u), a.shape), "{1} × u") if want[0] else None,
        Through(lambda u: fit(cross(u, a), b.shape), "u × {0}") if want[1] else None,
    ],
    samples=lambda rng: [
        ((rng.normal(size=3), rng.normal(size=3)), {}),
        ((rng.normal(size=(2, 1, 3)), rng.normal(size=(2, 3))), {}),
        ((np.zeros((0, 3)), rng.normal(size=3)), {}),
    ],
    batch=batching.leading,
    kernel=_cross_kernel,
)
