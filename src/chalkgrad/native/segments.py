"""A Program in pieces: what has loops is compiled, and what has none (a sort, eigenvalues) runs in NumPy between.

Every step gets a phase, which is how often what it rests on went from one kind of piece to the other. Steps of one
phase and kind are one piece, so there are as few of them as there can be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.program import Program, Step, Var, input_types
from chalkgrad.native.products.wholes import has
from chalkgrad.ops.kernel import Input, Loop, Routine, Table
from chalkgrad.transform.lowered import sources

Piece = Callable[..., Sequence[Any]]


def compiles(step: Step) -> bool:
    """Whether the step is loops over entries, of which there are any."""
    op: Any = step.op
    types = [*input_types(step.inputs), *[o.type for o in step.outputs if o is not None]]
    if any(not all(isinstance(n, int) and n > 0 for n in t.shape) for t in types):
        return False
    try:
        kernels = op.lower(input_types(step.inputs), step.params)
    except (ProgramError, ShapeError):
        return False
    return kernels is not None and _of_loops(kernels)


def _of_loops(kernels: Sequence[Any]) -> bool:
    """Whether no routine that is NumPy's alone stands in the kernels, nor in what they read.

    What they share, as a loop, is met once.
    """
    met: set[Any] = set()
    waiting = [*kernels]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Routine) and not has(at):
            return False
        if at in met or isinstance(at, (Input, Table)):
            continue
        if isinstance(at, Loop) and not all([compiles(s) for s in at.body.steps]):
            return False
        met.add(at)
        waiting.extend(sources(at))
    return True


@final
@dataclass(frozen=True, eq=False)
class Part:
    """The steps of one piece as a Program: what it reads of earlier ones is its inputs."""

    program: Program
    native: bool


def pieces(program: Program) -> list[Part]:
    """The pieces in the order in which they are run; one alone where all steps are of one kind."""
    phases: dict[Var, int] = dict.fromkeys(program.inputs, 0)
    steps: dict[int, list[Step]] = {}
    for step in program.steps:
        native = compiles(step)
        before = max([phases[a] for a in step.inputs if isinstance(a, Var)], default=0)
        phase = before + (before % 2 == 1) if native else before + (before % 2 == 0)  # the odd ones are NumPy's
        phases.update({o: phase for o in step.outputs if o is not None})
        steps.setdefault(phase, []).append(step)
    wanted = {a for a in program.outputs if isinstance(a, Var)}
    found: list[Part] = []
    for phase in sorted(steps, reverse=True):
        here = steps[phase]
        made = dict.fromkeys([o for s in here for o in s.outputs if o is not None])
        reads = dict.fromkeys([a for s in here for a in s.inputs if isinstance(a, Var) and a not in made])
        outputs = tuple([v for v in made if v in wanted])
        part = Program(f"{program.name}_{phase}", tuple(reads), tuple(here), outputs)
        found.append(Part(part, phase % 2 == 0))
        wanted |= set(reads)
    return found[::-1]


@final
class InPieces:
    """A Program run piece by piece. `make` gives what runs one: it takes its inputs, and gives all its outputs."""

    def __init__(self, program: Program, make: Callable[[Part], Piece]) -> None:
        self.program = program
        slots: dict[Var, int] = {v: k for k, v in enumerate(program.inputs)}
        self._plan: list[tuple[Piece, tuple[int, ...], slice]] = []
        for part in pieces(program):
            reads = tuple([slots[v] for v in part.program.inputs])
            start = len(slots)
            slots.update({v: start + k for k, v in enumerate(part.program.outputs) if isinstance(v, Var)})
            self._plan.append((make(part), reads, slice(start, len(slots))))
        self._size = len(slots)
        self._outputs = [(slots[a], None) if isinstance(a, Var) else (-1, a.value) for a in program.outputs]

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The outputs at inputs of the Program's types."""
        env: list[Any] = [*given, *[None] * (self._size - len(given))]
        for run, reads, into in self._plan:
            env[into] = run(*[env[r] for r in reads])
        return tuple([number if place < 0 else env[place] for place, number in self._outputs])
