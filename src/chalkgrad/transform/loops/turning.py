"""A loop taken apart, so that passes can add and remove what it takes and gives, and put together again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.ir.types import ArrayType
from chalkgrad.transform.prune import prune
from chalkgrad.transform.scan import scan


@final
@dataclass(eq=False)
class Carry:
    """What goes from turn to turn: `var` in the body, `next` at its end; `init`, `final` and `history` outside."""

    var: Var
    init: Atom
    next: Atom
    final: Var | None
    history: Var | None


@final
@dataclass(eq=False)
class Turning:
    """A scan: constants and slices as (the body's Var, what is given), results as (the body's value, the Var given)."""

    name: str
    consts: list[tuple[Var, Atom]]
    carries: list[Carry]
    xs: list[tuple[Var, Atom]]
    steps: list[Step]
    ys: list[tuple[Atom, Var | None]]
    length: int
    reverse: bool
    origin: Origin | None

    @classmethod
    def of(cls, step: Step) -> Turning | None:
        """The scan that a step is, if it is one."""
        if step.op is not scan:
            return None
        body: Program = step.params["body"]
        consts, count = step.params["counts"]
        moving = consts + count
        pairs = list(zip(body.inputs, step.inputs, strict=True))
        results = len(body.outputs) - count
        outs = step.outputs
        return cls(
            body.name,
            pairs[:consts],
            [
                Carry(var, init, after, final, history)
                for (var, init), after, final, history in zip(
                    pairs[consts:moving], body.outputs[:count], outs[:count], outs[count + results :], strict=True
                )
            ],
            pairs[moving:],
            list(body.steps),
            list(zip(body.outputs[count:], outs[count : count + results], strict=True)),
            step.params["length"],
            bool(step.params.get("reverse", False)),
            step.origin,
        )

    def body(self) -> Program:
        """The body as it is now."""
        inputs = (*[v for v, _ in self.consts], *[c.var for c in self.carries], *[v for v, _ in self.xs])
        outputs = (*[c.next for c in self.carries], *[y for y, _ in self.ys])
        return prune(Program(self.name, inputs, tuple(self.steps), outputs))

    def step(self) -> Step:
        """The scan as a step."""
        params = {
            "body": self.body(),
            "counts": (len(self.consts), len(self.carries)),
            "length": self.length,
            "reverse": self.reverse,
        }
        inputs = (*[a for _, a in self.consts], *[c.init for c in self.carries], *[a for _, a in self.xs])
        outputs = (
            *[c.final for c in self.carries],
            *[v for _, v in self.ys],
            *[c.history for c in self.carries],
        )
        return Step(outputs, scan, inputs, MappingProxyType(params), self.origin)

    def stacked(self, type: ArrayType) -> ArrayType:
        """The type of a value a turn."""
        return ArrayType((self.length, *type.shape), type.dtype)

    def given(self, value: Atom) -> Var:
        """The Var outside that holds a value of the body for every turn; it becomes a result where it is none yet."""
        for carry in self.carries:
            if carry.var is value:
                if carry.history is None:
                    carry.history = Var(self.stacked(carry.var.type), carry.var.hint)
                return carry.history
        for place, (atom, out) in enumerate(self.ys):
            if atom is value:
                if out is None:
                    out = Var(self.stacked(atom.type))
                    self.ys[place] = atom, out
                return out
        out = Var(self.stacked(value.type), value.hint if isinstance(value, Var) else "")
        self.ys.append((value, out))
        return out


def behind(steps: Iterable[Step], reached: Iterable[Atom]) -> set[Atom]:
    """The values that hang on those in `reached`, and these."""
    found: set[Atom] = set(reached)
    for step in steps:
        if not found.isdisjoint(step.inputs):
            found.update(step.given)
    return found


def before(steps: Sequence[Step], wanted: Iterable[Atom]) -> set[Atom]:
    """The values that those in `wanted` are made of, and these."""
    found: set[Atom] = set(wanted)
    for step in reversed(steps):
        if not found.isdisjoint(step.outputs):
            found.update(step.inputs)
    return found
