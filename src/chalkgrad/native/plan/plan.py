"""A Program as a tree of loops: its values as statements, these in loops, and what they keep in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalkgrad.ir.collection import no_collection
from chalkgrad.ir.program import Program, Var
from chalkgrad.native.plan.boxes import opened
from chalkgrad.native.plan.direct import direct
from chalkgrad.native.plan.few import few
from chalkgrad.native.plan.flat import flattened
from chalkgrad.native.plan.fuse import fused
from chalkgrad.native.plan.inline import inlined
from chalkgrad.native.plan.inplace import in_place
from chalkgrad.native.plan.kernels import Statements
from chalkgrad.native.plan.lines import Line, all_lines
from chalkgrad.native.plan.neighbours import neighbours
from chalkgrad.native.plan.patterns import NOTHING_KNOWN, Patterns, patterns
from chalkgrad.native.plan.peel import peeled
from chalkgrad.native.plan.same import same
from chalkgrad.native.plan.scans import Where
from chalkgrad.native.plan.skip import skipped
from chalkgrad.native.plan.statements import NotLowered, Statement, fixed
from chalkgrad.native.plan.storage import stored
from chalkgrad.native.plan.sums_first import sums_first
from chalkgrad.native.plan.views import Stored
from chalkgrad.native.plan.widths import of_one_width
from chalkgrad.native.products.products import product
from chalkgrad.native.tree import Buffer, Stmt, Tree, walk, written


def plan(program: Program) -> Tree:
    """The loops of a Program that was prepared.

    Raises NotLowered where a step is no nest of loops, and ValueNeeded where a size has no number.
    """
    inputs = [
        Buffer(v.hint or f"x{k}", v.type.dtype, fixed(v.type.shape), "input") for k, v in enumerate(program.inputs)
    ]
    outputs = [
        Buffer((a.hint if isinstance(a, Var) else "") or f"y{k}", a.type.dtype, fixed(a.type.shape), "output")
        for k, a in enumerate(program.outputs)
    ]
    given = {v: Where(b) for v, b in zip(program.inputs, inputs, strict=True)}
    with no_collection():
        body = fused(_lines(program, given, [Where(b) for b in outputs]), tiled=True)
        stored(body)
        in_place(body, [b for b in dict.fromkeys(b for s in walk(body) for b in written(s)) if b.space == "output"])
        peeled(body)
        neighbours(body)
    return Tree(program.name, inputs, outputs, body)


def block(program: Program, given: Mapping[Var, Where], into: Sequence[Where | None]) -> list[Stmt]:
    """The statements of a Program whose inputs lie at `given`, and whose outputs are wanted at `into`, if they are."""
    return fused(_lines(program, given, into))


def _lines(program: Program, given: Mapping[Var, Where], into: Sequence[Where | None]) -> list[Line]:
    wanted = {w.buffer for w in into if w is not None}
    values = {v: Stored(w.buffer, w.index, fixed(v.type.shape)) for v, w in given.items()}
    found = of_one_width(Statements(program, values, into, block).found, lambda s: _products(s) is not None)
    left = inlined(found, wanted, lambda s: _products(s) is not None)
    statements = same([part for s in left for part in opened(s)], wanted)
    statements = skipped(sums_first(statements, wanted), wanted, lambda s: _products(s) is not None)
    statements = flattened(direct(few(statements, wanted), wanted))
    some = any([_products(s) is not None for s in statements])
    known = patterns(statements, wanted) if some else NOTHING_KNOWN
    return all_lines([_as_product(s, known) for s in statements])


def _as_product(statement: Statement, known: Patterns) -> Statement:
    found = _products(statement, known)
    if found is None:
        return statement
    return Statement("block", statement.into, step=statement.step, stmts=tuple(found))


def _products(s: Statement, known: Patterns = NOTHING_KNOWN) -> list[Stmt] | None:
    """A matrix product by a routine, where that is the quicker."""
    if s.kind != "combine" or s.how != "sum" or s.start is None:
        return None
    return product(s.into, s.index, s.axes, s.over, s.value, s.step, known)


__all__ = ["NotLowered", "block", "plan"]
