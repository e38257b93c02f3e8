"""Every blank that a function can have, by its id: `q.value`, `x>q.local`, `x.gradient.formula`, `code.3`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

from chalkgrad.classroom.sheets.sheet import Kind
from chalkgrad.errors import SheetError, nearest
from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Var
from chalkgrad.render.pseudocode import CodeLine, code_lines
from chalkgrad.render.rows import Rows
from chalkgrad.render.stages import Stages
from chalkgrad.transform.backprop import Contribution

SETS = (
    "values", "gradients", "locals", "products", "sums", "formulas", "next", "updates", "chains", "shapes", "code",
    "code.forward", "code.backward", "loss",
)  # fmt: skip

STARS = 4


@final
@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """What an id means: `of` says which kind of thing it is about, `symbolic` that it is wanted in symbols.

    `rank` orders the blanks of a question so that each comes after what it is made of.
    """

    id: str
    of: Kind
    rank: tuple[int, ...]
    node: Var | None = None
    edge: Contribution | None = None
    line: CodeLine | None = None

    @property
    def symbolic(self) -> bool:
        return self.id.endswith(".formula")


@final
class Ids:
    """The ids of one function, in dependency order."""

    def __init__(self, work: Worked) -> None:
        self.work = work
        self.rows = Rows(work)
        self.stages = Stages(work.program)

    @cached_property
    def specs(self) -> Mapping[str, Spec]:
        """All of them but code."""
        found = {spec.id: spec for spec in (*self._forward(), *self._backward(), *self._after())}
        return dict(sorted(found.items(), key=lambda pair: pair[1].rank))

    @cached_property
    def code(self) -> Mapping[str, Spec]:
        """A spec a line of the staged program, counted from 1 through both passes."""
        found: dict[str, Spec] = {}
        for k, line in enumerate(code_lines(self.work), 1):
            found[f"code.{k}"] = Spec(f"code.{k}", "code", (4, k), line.node, line.edge, line)
        return found

    def _forward(self) -> Iterator[Spec]:
        names, program = self.rows.names, self.work.program
        for place, var in enumerate(self.rows.variables):
            name = names[var]
            if var.type.shape:
                yield Spec(f"{name}.shape", "shape", (-1, place), var)
            if var in program.inputs:
                continue
            yield Spec(f"{name}.value", "value", (0, place, 0), var)
            yield Spec(f"{name}.formula", "value", (0, place, 1), var)
        if isinstance(program.output, Var):
            yield Spec(f"{self.rows.output_name}.loss", "loss", (0, len(self.rows.variables)), program.output)

    def _backward(self) -> Iterator[Spec]:
        """Step after step: its locals, its products, and the sums and gradients that are complete with it."""
        made, names = self.work.backprop, self.rows.names
        output = program_output(self.work)
        turn, last = -1, None
        steps: dict[Contribution, int] = {}
        for c in made.contributions:
            turn, last = turn + (c.step is not last), c.step
            steps[c] = turn
        for place, c in enumerate(made.contributions):
            head = self.edge(c)
            for group, kind in enumerate(("local", "product")):
                for symbolic in (False, True):
                    end = ".formula" if symbolic else ""
                    rank = (1, steps[c], 2 * group + symbolic, place)
                    yield Spec(f"{head}.{kind}{end}", kind, rank, c.target, c)
        into = self.rows.into
        for place, var in enumerate(self.rows.variables):
            asked = var in made.adjoint or var in made.wrt
            if not asked:
                continue
            at = max([steps[c] for c in into.get(var, ())], default=-1)
            name = names[var]
            if len(into.get(var, ())) > 1:
                yield Spec(f"{name}.sum", "sum", (1, at, 4, place), var)
            yield Spec(f"{name}.gradient", "gradient", (1, at, 5, place), var)
            yield Spec(f"{name}.gradient.formula", "gradient", (1, at, 6, place), var)
            if var is not output:
                yield Spec(f"{name}.chain", "chain", (1, at, 7, place), var)

    def _after(self) -> Iterator[Spec]:
        names, program = self.rows.names, self.work.program
        for place, var in enumerate(program.inputs):
            if var in self.work.backprop.wrt:
                yield Spec(f"{names[var]}.update", "update", (2, place, 0), var)
                yield Spec(f"{names[var]}.next", "next", (2, place, 1), var)
        if isinstance(program.output, Var) and program.output not in program.inputs:
            yield Spec(f"{self.rows.output_name}.next", "next", (3,), program.output)

    def edge(self, c: Contribution) -> str:
        """`x>q`, and `x>q#2` for the second place where a step reads the same value."""
        return self.edge_of(self.work, c)

    @staticmethod
    def edge_of(work: Worked, c: Contribution) -> str:
        """The same, of an edge of some Worked."""
        source, target = work.called[c.target], ",".join([work.called[v] for v in c.step.given])
        places = [k for k, a in enumerate(c.step.inputs) if a is c.target]
        return f"{source}>{target}" + (f"#{places.index(c.position) + 1}" if len(places) > 1 else "")

    # patterns

    def find(self, pattern: str) -> list[Spec]:
        """The specs that a pattern means.

        Raises SheetError where it means none, with the nearest id.
        """
        if pattern.startswith("code") and pattern.removeprefix("code").strip(".0123456789*") in ("", *_PASSES):
            return self._lines(pattern)
        if spec := self.specs.get(pattern):
            return [spec]
        name, dot, rest = pattern.partition(".")
        if name in SETS and rest in ("", "formula"):
            found = self._set(name, dot + rest)
        elif name in ("inputs", "stages") and rest:
            inside = self.work.backprop.wrt if name == "inputs" else tuple(self.stages.stages)
            found = [s for v in inside if (s := self.specs.get(f"{self.rows.names[v]}.{rest}"))]
        elif "*" in pattern:
            if pattern.count("*") > STARS:
                raise SheetError(f"'{pattern}' has more than {STARS} stars")
            shape = re.compile(".*".join(map(re.escape, pattern.split("*"))))
            own = program_output(self.work)
            kept = [s for s in self.specs.values() if shape.fullmatch(s.id)]
            found = [s for s in kept if s.of not in ("gradient", "next") or s.node is not own]
        else:
            raise self._unknown(pattern)
        if not found:
            raise SheetError(
                f"'{pattern}' finds no blank in this function; there is {', '.join(list(self.specs)[:8])} …"
            )
        return found

    def _lines(self, pattern: str) -> list[Spec]:
        if pattern in ("code", "code.*"):
            return list(self.code.values())
        if pattern.removeprefix("code.") in _PASSES:
            back = pattern.endswith("backward")
            return [s for s in self.code.values() if s.line is not None and s.line.backward == back]
        if pattern not in self.code:
            raise SheetError(f"there is no line '{pattern}'; the staged program has code.1 to code.{len(self.code)}")
        return [self.code[pattern]]

    def _set(self, name: str, end: str) -> list[Spec]:
        out = program_output(self.work)
        every = self.specs.values()
        if name == "formulas":
            return [s for v in self.stages.stages if (s := self.specs.get(f"{self.rows.names[v]}.formula"))]
        if name in ("next", "updates", "chains"):
            kind = name.removesuffix("s")
            inside = self.work.backprop.wrt
            return [s for s in every if s.of == kind and s.node in inside and (kind != "chain" or self._long(s))]
        if name == "locals" and not end:
            return [s for s in every if s.id.endswith(".local") and self._has_number(s)]
        ends = "." + {"shapes": "shape", "loss": "loss"}.get(name, name.removesuffix("s")) + end
        return [s for s in every if s.id.endswith(ends) and not (s.of == "gradient" and s.node is out)]

    def _long(self, spec: Spec) -> bool:
        """Whether a chain has more than one link."""
        paths = self.stages.paths(spec.node) if spec.node is not None else None
        return paths is not None and any(len(path) > 1 for path in paths)

    def _has_number(self, spec: Spec) -> bool:
        return spec.edge is not None and self.rows.local_number(spec.edge) is not None

    def _unknown(self, pattern: str) -> SheetError:
        name, _, what = pattern.partition(".")
        inputs = {self.rows.names[v] for v in self.work.program.inputs}
        if name in inputs and what in ("value", "formula", "loss"):
            return SheetError(f"'{pattern}': {name} is an input, whose value is given")
        known: Sequence[str] = [*self.specs, *SETS]
        near = nearest(pattern, known)
        listed = "" if near else f"; there is {', '.join(list(self.specs)[:8])} …"
        return SheetError(f"there is no blank '{pattern}' in this function{near}{listed}")


_PASSES = ("forward", "backward", ".forward", ".backward")


def program_output(work: Worked) -> Var | None:
    """The output, where it is no constant."""
    out = work.program.output
    return out if isinstance(out, Var) else None
