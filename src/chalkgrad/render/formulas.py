"""All the formulas of a Work, a line each: the function, local derivatives, chains, gradients, descent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from chalkgrad.evaluate.agree import agrees
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.ir.registry import lookup
from chalkgrad.render.formula import Called, factor, formula
from chalkgrad.render.maths import (
    Box,
    Fence,
    Num,
    Over,
    Prose,
    Scripts,
    Sign,
    bracketed,
    joined,
    name,
    partial,
    row,
    shape_box,
)
from chalkgrad.render.partials import derivative
from chalkgrad.render.products import ambiguous, type_in
from chalkgrad.render.rows import Rows
from chalkgrad.render.said import Said, equal
from chalkgrad.render.stages import Link, Stages
from chalkgrad.render.text import text
from chalkgrad.render.totals import Totals, arrays
from chalkgrad.transform.expression import Apply, Const, Expr, Ref, written_out

SECTIONS = ("function", "local derivatives", "chain rule", "gradients", "backward, gate by gate", "gradient descent")
MOST = 80  # lines of one section
LONGEST = 400  # letters of one line
SHORT = 60  # letters of a second form beside the first

_DOT, _PLUS, _ARROW = Sign("·", "binary"), Sign("+", "binary"), Sign("←", "relation")


@final
@dataclass(frozen=True, slots=True)
class Line:
    """A formula: the section it belongs to, what it is of, and itself."""

    section: str
    label: str
    said: Said


def formulas(worked: Worked) -> tuple[Line, ...]:
    """The formulas of a Work in the order of `SECTIONS`; of a function too large to write out, none.

    Every derivative was checked against the gradient program at random points; one that could not be confirmed
    stands unsimplified, as the program has it.
    """
    rows = Rows(worked)
    if not rows.small:
        return ()
    return tuple(line for line in _Lines(rows) if len(line.said.text) <= LONGEST)


@final
class _Lines:
    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.worked = rows.worked
        self.names = rows.names
        self.stages = Stages(self.worked.program)
        # a person names the stages of a chain of numbers; of arrays, what is lighter may stand
        self.totals = Totals(self.worked, self.stages.stops if self.stages.scalar else None)
        loss, out = self.worked.loss, rows.output_name
        seeds = (self.totals.made.seed, self.worked.backprop.seed)
        above = self.totals.upstream.items()
        self.said_names = {
            **self.names,
            **dict.fromkeys(seeds, rows.partial(loss, out)),
            **{atom: rows.partial(loss, self.names[v]) for atom, v in above},
        }
        self.boxes: Called = {
            **self.names,
            **dict.fromkeys(seeds, partial(loss, out)),
            **{atom: partial(loss, self.names[v]) for atom, v in above},
        }

    def __iter__(self) -> Iterator[Line]:
        scalar = self.stages.scalar
        parts = [self.function(), self.locals() if scalar else self.partials(), self.chains(), self.gradients()]
        parts += [iter(()) if scalar else self.maps(), self.descent()]
        for section, lines in zip(SECTIONS, parts, strict=True):
            for _, (label, said) in zip(range(MOST), lines, strict=False):
                yield Line(section, label, said)

    # pieces

    def expr(self, expr: Expr) -> Said:
        """A formula in the names of the function."""
        return Said(text(expr, self.said_names, paper=_of_arrays(expr)), formula(expr, self.boxes))

    def times(self, expr: Expr) -> Said:
        """A formula that stands in a product."""
        said, box = text(expr, self.said_names, paper=_of_arrays(expr)), factor(expr, self.boxes)
        loose = said.startswith("-") or any(sign in said for sign in (" + ", " - "))
        return Said(f"({said})" if loose and not _closed(said) else said, box)

    def partial(self, of: Var, by: Var) -> Said:
        return Said(self.rows.partial(self.names[of], self.names[by]), partial(self.names[of], self.names[by]))

    def total(self, var: Var) -> Said:
        """`∂f/∂x`, of the function or of what lies behind it."""
        loss = self.worked.loss
        return Said(self.rows.partial(loss, self.names[var]), partial(loss, self.names[var]))

    def shaped(self, var: Var, said: Said) -> Said:
        """The formula with the shape of what it is the gradient of; nothing for a scalar."""
        shape = self.rows.shape(var)
        return Said(said.text + shape, row(said.box, Sign("\u2003"), shape_box(var))) if shape else said

    # sections

    def function(self) -> Iterator[tuple[str, Said]]:
        program, out = self.worked.program, self.rows.output_name
        inputs = [self.names[v] for v in program.inputs]
        for stage in self.stages.stages:
            expr = self.stages.formula(stage)
            if expr is not None:
                yield self.names[stage], equal(_name(self.names[stage]), self.expr(expr))
        whole = written_out(program.output, program.producer(), frozenset(program.inputs))
        if whole is not None and len(self.stages.stages) != 1:
            head = _name(out) if "(" in out else Said(f"{out}({', '.join(inputs)})", _called(out, inputs))
            yield head.text, equal(head, self.expr(whole))

    def locals(self) -> Iterator[tuple[str, Said]]:
        for links in self.stages.links.values():
            for link in links:
                if link.slope is not None:
                    label = self.link(link)
                    yield label.text, equal(label, self.expr(link.slope))

    def partials(self) -> Iterator[tuple[str, Said]]:
        """The links of a function of arrays, each a linear map."""
        sign = "1" if ambiguous(self.names.values()) else "I"
        for links in self.stages.links.values():
            for link in links:
                if link.source not in self.worked.backprop.adjoint:
                    continue  # nobody asked for it
                label = self.link(link)
                said = derivative(link, label, self.total(link.target), self.above(link), sign)
                if said is not None:
                    yield label.text, said

    def above(self, link: Link) -> Callable[[Expr], Said]:
        """How a formula is printed in which the gradient of a link's stage may stand."""
        total = self.total(link.target)
        if link.upstream is None:
            return self.expr
        names = {**self.said_names, link.upstream: total.text}
        boxes: Called = {**self.boxes, link.upstream: total.box}
        return lambda e: Said(text(e, names, paper=_of_arrays(e)), formula(e, boxes))

    def maps(self) -> Iterator[tuple[str, Said]]:
        """The backward pass of a function of arrays: what each edge sends back, in words where it has no formula."""
        for c in self.worked.backprop.contributions:
            target, upstream = c.target, "" if self.rows.seeded(c) else self.rows.upstream(c)
            arrival = self.rows.arrival(c, upstream)
            left = self.rows.names_of_gradient(target)
            where = f" {self.rows.path(c)}" if len(self.rows.into[target]) > 1 else ""
            note = f"{self.rows.shape(target)}{where}"
            above = zip(c.step.outputs, c.upstreams, strict=True)
            slopes = {u: name(self.rows.names_of_gradient(v)) for v, u in above if v and isinstance(u, Var)}
            boxes = {**self.boxes, **slopes}
            head = row(name(left), Sign(" "), shape_box(target)) if target.type.shape else name(left)
            path = [Sign(" "), Prose(where.strip())] if where else []
            box = row(head, *path, Sign("=", "relation"), arrival.box(boxes))
            yield left, Said(f"{left}{note} = {self.rows.arrives(c, upstream)}", box)

    def link(self, link: Link) -> Said:
        """`∂q/∂x`; `∂(h + x)/∂x |h` where x reaches the stage by another way too."""
        plain = self.partial(link.target, link.source)
        held = [v for v in self.stages.reads(link.target) if v is not link.source]
        if self.stages.ways[link.target, link.source] < 2 or not held:
            return plain
        whole = self.stages.formula(link.target)
        over = self.expr(whole) if whole is not None else _name(self.names[link.target])
        if len(over.text) > 24:
            over = _name(self.names[link.target])
        below = joined([name(self.names[v]) for v in held], Sign(","))
        names = ", ".join(self.names[v] for v in held)
        top = over.text if over.text.isalnum() else f"({over.text})"
        above = over.box if over.text.isalnum() else bracketed(over.box)
        box = Over(row(Sign("∂"), above), row(Sign("∂"), name(self.names[link.source])))
        return Said(f"∂{top}/∂{self.names[link.source]} |{names}", Scripts(Fence("", box, "|"), below))

    def chains(self) -> Iterator[tuple[str, Said]]:
        for var in self.worked.backprop.wrt:
            paths = self.stages.paths(var)
            if paths is None or all(len(p) == 1 for p in paths):
                continue
            label = self.total(var)
            links = [[self.link(link) for link in path] for path in paths]
            if self.worked.upstream is not None or not (self.stages.scalar or self.totals.unit):
                first = Said(self.said_names[self.totals.made.seed], partial(self.worked.loss, self.rows.output_name))
                links = [[first, *path] for path in links]
            sides = [label, _sum([_product(path) for path in links])]
            if not self.stages.scalar:
                through = self.totals.through(var, [path[0].source for path in paths])
                sides += [] if through is None else [self.expr(through)]
                yield label.text, self.shaped(var, equal(*sides))
                continue
            if (substituted := self.substituted(var, paths)) is not None:
                sides.append(substituted)
            yield label.text, equal(*sides)

    def substituted(self, var: Var, paths: Sequence[tuple[Link, ...]]) -> Said | None:
        """The chain with every partial written out, where it is what the gradient program computes."""
        products: list[list[Expr]] = []
        for path in paths:
            slopes = [link.slope for link in path if link.slope is not None]
            if len(slopes) < len(path):
                return None
            first = [] if self.totals.unit else [Ref(self.worked.backprop.seed)]
            products.append([*first, *slopes])
        whole = _folded("add", [_folded("multiply", product) for product in products])
        made = self.worked.backprop
        if not agrees(whole, made.adjoint[var], made, unit=self.totals.unit):
            return None
        return _sum([_product([self.times(e) for e in product]) for product in products])

    def gradients(self) -> Iterator[tuple[str, Said]]:
        for var in self.rows.variables:
            expr = self.totals.expr(var)
            label = self.total(var)
            if var is self.worked.program.output or var not in self.stages.stops:
                continue
            if expr is None and var not in {*self.worked.backprop.wrt, *self.totals.made.adjoint}:
                continue  # nobody asked for it: it is not 0
            if var not in self.totals.made.adjoint:
                expr = Const(0)  # the function does not depend on it
            stages = [self.expr(e) for e in self.totals.staged(var)] if var.type.shape else []
            if expr is None and stages:
                yield label.text, self.shaped(var, equal(label, *stages))
            if expr is not None:
                sides = [label, *stages, self.expr(expr)]
                opened = self.totals.opened(expr)
                if opened is not None and len(text(opened, self.said_names)) <= SHORT:
                    sides.append(self.expr(opened))
                yield label.text, self.shaped(var, equal(*sides))
                if var.type.shape:
                    yield from self.weighted(var, label, expr)

    def weighted(self, var: Var, label: Said, expr: Expr) -> Iterator[tuple[str, Said]]:
        """`p - y where sum(y) = 1`: what a formula is for weights that add up to 1, such as a label in one place."""
        found = self.totals.weighted(expr, var)
        if found is not None:
            total, form = found
            one = self.expr(total)
            held = Said(f" where {one.text} = 1", row(Sign("\u2003"), Prose("where"), Sign("\u2003"), one.box))
            sides = equal(label, self.expr(form))
            condition = row(sides.box, held.box, Sign("=", "relation"), Num("1"))
            yield label.text, self.shaped(var, Said(sides.text + held.text, condition))

    def descent(self) -> Iterator[tuple[str, Said]]:
        if self.worked.program.output.type.shape:
            return
        rate = next((r for r in ("α", "η", "rate") if r not in self.names.values()), "α_0")
        for var in self.worked.backprop.wrt:
            expr = self.totals.expr(var)
            if expr is None:
                continue
            here, slope = _name(self.names[var]), self.times(expr)
            box = row(here.box, _ARROW, here.box, Sign("-", "binary"), name(rate), _DOT, slope.box)
            yield f"{here.text} ←", self.shaped(var, Said(f"{here.text} ← {here.text} - {rate}·{slope.text}", box))


def _of_arrays(expr: Expr) -> bool:
    return arrays(expr) or bool(type_in(expr).shape)


def _closed(said: str) -> bool:
    """Whether what is loose in it stands in brackets: a product such as `(a - y)·a`."""
    depth = 0
    for place, char in enumerate(said):
        depth += (char in "([{") - (char in ")]}")
        if depth == 0 and (said.startswith((" + ", " - "), place) or (place == 0 and char == "-")):
            return False
    return True


def _name(called: str) -> Said:
    return Said(called, name(called))


def _called(function: str, inputs: Sequence[str]) -> Box:
    return row(name(function), bracketed(joined([name(i) for i in inputs], Sign(","))))


def _product(factors: Sequence[Said]) -> Said:
    return Said(" · ".join(f.text for f in factors), joined([f.box for f in factors], _DOT))


def _sum(terms: Sequence[Said]) -> Said:
    return Said(" + ".join(t.text for t in terms), joined([t.box for t in terms], _PLUS))


def _folded(op: str, parts: Sequence[Expr]) -> Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = Apply(lookup(op), (whole, part))
    return whole
