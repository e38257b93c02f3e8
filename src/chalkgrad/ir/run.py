"""Running a Program on NumPy values: numbered slots, each value freed after its last use, its array used again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, final

from numpy import array, dtype
from numpy.linalg import LinAlgError

from chalkgrad.errors import MatrixError, ValueNeeded
from chalkgrad.ir.program import Program, Step, Var
from chalkgrad.ir.reuse import lone, spare, takes

Plan = tuple[Callable[..., Any], tuple[int, ...], Mapping[str, Any], Any, tuple[int, ...], int]


@final
class Run:
    """A Program made ready for many calls. Values are taken as they are: their types are the caller's to see to.

    With `typed` they are sure to be of the Program's types; then arrays that are no longer needed are used again.
    """

    __slots__ = ("_constants", "_kinds", "_outputs", "_plan", "_size", "program")

    def __init__(self, program: Program, *, typed: bool = False) -> None:
        self.program = program
        slot: dict[Var, int] = {v: i for i, v in enumerate(program.inputs)}
        self._constants: list[tuple[int, Any]] = []
        last: dict[int, int] = {}
        plan: list[tuple[Callable[..., Any], tuple[int, ...], Mapping[str, Any], Any, int]] = []
        size = len(slot)
        taking = takes(program) if typed else [None] * len(program.steps)

        def place(atom: Any) -> int:
            nonlocal size
            if not isinstance(atom, Var):
                self._constants.append((size, atom.value))
                size += 1
                return size - 1
            return slot[atom]

        for index, step in enumerate(program.steps):
            reads = tuple([place(a) for a in step.inputs])
            for r in reads:
                last[r] = index
            op: Any = step.op
            count = len(step.outputs)
            slot.update({out: size + k for k, out in enumerate(step.outputs) if out is not None})
            taken = taking[index]
            if taken is not None:
                last[slot[taken]] = index
            write = slice(size, size + count) if op.several else size
            plan.append((evaluator(op), reads, step.params, write, -1 if taken is None else slot[taken]))
            size += count
        self._outputs = tuple(place(a) for a in program.outputs)
        # a number of the Program's own is plain, so that it widens nothing; as an output it is of its type
        self._kinds = [
            None if isinstance(a, Var) or a.type.shape else dtype(a.type.dtype).type for a in program.outputs
        ]
        keep = {*self._outputs, *range(len(program.inputs)), *(c for c, _ in self._constants)}
        free: list[list[int]] = [[] for _ in plan]
        for place_of, index in last.items():
            if place_of not in keep:
                free[index].append(place_of)
        self._plan: list[Plan] = [(f, r, p, w, tuple(fr), t) for (f, r, p, w, t), fr in zip(plan, free, strict=True)]
        self._size = size

    def __call__(self, given: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs at these inputs."""
        env = self._env(given)
        return tuple([env[o] for o in self._outputs])

    def own(self, given: Sequence[Any]) -> list[Any]:
        """The same, each an array that is nobody else's, and may be written into: some are one number seen many times,
        and some are what was given."""
        env = self._env(given)
        outputs = self._outputs
        met = set[int]()
        found: list[Any] = []
        for place in outputs:
            mine = place not in met and lone(env, place)
            met.add(place)
            found.append(mine)
        values = [env[o] if mine else array(env[o])[()] for o, mine in zip(outputs, found, strict=True)]
        return [v if kind is None else kind(v) for v, kind in zip(values, self._kinds, strict=True)]

    def _env(self, given: Sequence[Any]) -> list[Any]:
        env: list[Any] = [None] * self._size
        env[: len(given)] = given
        for place, value in self._constants:
            env[place] = value
        out: Any = None
        try:
            for function, reads, params, out, free, taken in self._plan:
                values = [env[r] for r in reads]
                if taken >= 0 and (into := spare(env, taken, values)) is not None:
                    env[out] = function(*values, out=into, **params)
                    into = None  # one reference less
                elif params:
                    env[out] = function(*values, **params)
                else:
                    env[out] = function(*values)
                for place in free:
                    env[place] = None
        except LinAlgError as error:
            steps = zip(self.program.steps, self._plan, strict=True)
            raise no_such_matrix(next(step for step, entry in steps if entry[3] == out), error) from None
        return env


def no_such_matrix(step: Step, error: LinAlgError) -> MatrixError:
    """What NumPy says of a matrix, with the step."""
    where = f" ({step.origin})" if step.origin else ""
    said = str(error)
    return MatrixError(f"{step.op.name}{where}: {said[:1].lower() if said[1:2].islower() else said[:1]}{said[1:]}")


# Bodies of loops, mostly: a program meets a handful.
ready = lru_cache(maxsize=256)(Run)


def evaluator(op: Any) -> Callable[..., Any]:
    """How the op evaluates.

    Raises ValueNeeded where it is abstract.
    """
    if op.evaluate is None:
        raise ValueNeeded(f"{op.name} is abstract: it has no value until it is filled in")
    return op.evaluate
