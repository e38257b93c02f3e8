"""A program for one example into the program for all of them: what bears the index becomes columns.

Of one example `()` is a number, `(n,)` and `(n, 1)` a column; over all m they are `(1, m)` and `(n, m)`. A row `(1, n)`
is kept as its transpose. What does not hang on the index stays as it is, so a bias stays one column, added to each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from chalkgrad.errors import ProgramError, ShapeError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.dims import Dim, Shape, dims_text, size, substitute
from chalkgrad.ir.names import index_of, names, together
from chalkgrad.ir.program import NO_PARAMS, Atom, Program, Step, Var, number
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import ArrayType
from chalkgrad.ops.examples import is_sum_over
from chalkgrad.ops.op import Op
from chalkgrad.transform.prune import prune


@final
@dataclass(frozen=True, slots=True)
class Change:
    """A value that changed shape: what it was called and its shape for one example, and over all of them."""

    name: str
    before: Shape
    together: str
    after: Shape


@final
@dataclass(frozen=True, slots=True, eq=False)
class Batched:
    """The program over all examples; `changes` in the order of the steps, `same` the inputs that stayed."""

    program: Program
    index: str
    examples: Dim
    changes: tuple[Change, ...]
    same: tuple[Var, ...]


def batch(program: Program, index: str, examples: Dim | None = None, sizes: Mapping[str, int] | None = None) -> Batched:
    """The program over all examples that `index` numbers, as columns: `x^(i)` becomes X.

    `examples` is how many there are; by default what stands above Σ, else m, and its number in `sizes`. A number that
    counts them, such as the m of 1/m, is taken from the columns. Raises ProgramError where nothing bears the index, or
    for a step that has no reading over columns; it names the step.
    """
    return _Batch(program, index, examples, sizes or {}).run()


@final
class _Batch:
    def __init__(self, program: Program, index: str, examples: Dim | None, sizes: Mapping[str, int]) -> None:
        self.program, self.index = program, index
        self.called = names(program)
        said = [op.params for op in [s.op for s in program.steps] if isinstance(op, Op) and is_sum_over(op)]
        self.counts = {p["last"] for p in said if p["index"] == index and p["last"]}
        last = min(self.counts, default="m")
        said_size = int(last) if last.isdecimal() else substitute(size(last), sizes)
        self.examples: Dim = said_size if examples is None else examples
        self.builder = Builder()
        self.at: dict[Var, Atom] = {}
        self.wide: set[Var] = set()
        self.changes: list[Change] = []
        self.same: list[Var] = []
        self.taken = {*self.called.values()}

    def run(self) -> Batched:
        """Inputs, then the count, then step after step."""
        counted: list[Var] = []
        for var in self.program.inputs:
            name = self.called[var]
            if index_of(name) == self.index:
                self._widen(var, self.builder.input(self._together(name), self._type(var)))
            elif name in self.counts and var.type.shape == ():
                counted.append(var)
            else:
                self.at[var] = var
                self.builder.inputs.append(var)
                self.same.append(var)
        if not self.wide:
            raise ProgramError(f"no input of {self.program.name} bears ({self.index}), as x^({self.index}) does")
        first = next(self.at[v] for v in self.program.inputs if v in self.wide)
        for var in counted:
            known = number(float(self.examples)) if isinstance(self.examples, int) else None
            self.at[var] = known or self.builder.bind(lookup("columns"), first, hint=self.called[var])
        for step in self.program.steps:
            self.builder.origin = step.origin
            try:
                self._step(step)
            except ProgramError as error:
                where = f" ({step.origin})" if step.origin else ""
                raise ProgramError(f"over all examples, {step.op.name}{where}: {error}") from None
        made = self.builder.program(self.program.name, *[self.get(a) for a in self.program.outputs])
        whole = prune(replace(made, inputs=tuple(self.builder.inputs)))
        return Batched(whole, self.index, self.examples, tuple(self.changes), tuple(self.same))

    def _together(self, name: str) -> str:
        capital = together(name)
        capital = name if capital in self.taken else capital
        self.taken.add(capital)
        return capital

    def _type(self, var: Var) -> ArrayType:
        rows = _entries(var.type.shape)
        if rows is None:
            what = self.called[var] if var.hint else "its result"
            raise ShapeError(f"{what} is {dims_text(var.type.shape)} for one example; columns hold numbers and columns")
        return ArrayType((rows, self.examples), var.type.dtype)

    def _widen(self, var: Var, atom: Atom) -> None:
        """`atom` holds `var` of every example."""
        self.at[var] = atom
        self.wide.add(var)
        if var.hint and isinstance(atom, Var):
            self.changes.append(Change(self.called[var], var.type.shape, atom.hint, atom.type.shape))

    def get(self, atom: Atom) -> Atom:
        """What stands for an atom now."""
        return self.at[atom] if isinstance(atom, Var) else atom

    def is_wide(self, atom: Atom) -> bool:
        """Whether an atom hangs on the example."""
        return isinstance(atom, Var) and atom in self.wide

    def bind(self, name: str, *inputs: Atom, **params: Any) -> Var:
        """One step of the program over all."""
        return self.builder.bind(lookup(name), *inputs, params=params or NO_PARAMS)

    def column(self, atom: Atom) -> Atom:
        """What is one for all examples, as something to stand beside their columns."""
        shape = atom.type.shape
        if len(shape) == 1:
            return self.bind("reshape", atom, shape=(shape[0], 1))
        return self.bind("transpose", atom) if _is_row(shape) else atom

    def _step(self, step: Step) -> None:
        wide = [self.is_wide(a) for a in step.inputs]
        if not any(wide):
            self._as_it_is(step)
            return
        if is_sum_over(step.op):
            self._sum(step)
            return
        if len(step.outputs) != 1:
            raise ProgramError("it gives several results, which are not read as columns")
        op: Any = step.op
        rule = RULES.get(op.name) or (_Batch._entrywise if op.elementwise else _Batch._along)
        made = rule(self, step)
        want = self._type(step.output).shape
        if made.type.shape != want:
            raise ShapeError(f"{dims_text(made.type.shape)} would come out, and not {dims_text(want)}")
        if step.output.hint:
            made.hint = self._together(self.called[step.output])
        self._widen(step.output, made)

    def _as_it_is(self, step: Step) -> None:
        inputs = tuple([self.get(a) for a in step.inputs])
        if inputs == step.inputs:
            self.builder.steps.append(step)
            self.at.update({v: v for v in step.given})
            return
        hints = tuple([v.hint if v is not None else "" for v in step.outputs])
        made = self.builder.bind_many(step.op, *inputs, params=step.params, hints=hints)
        self.at.update({v: m for v, m in zip(step.outputs, made, strict=True) if v is not None})

    def _sum(self, step: Step) -> None:
        """Σ: over the columns; the sum of numbers is a number."""
        (atom,) = step.inputs
        op: Any = step.op
        if op.params["index"] != self.index:
            raise ProgramError(f"it sums over {op.params['index']} what bears ({self.index}): take one index at a time")
        before = step.output.type.shape
        if before in ((), (1, 1)):
            made = self.bind("sum", self.get(atom))
        elif len(before) == 1:
            made = self.bind("sum", self.get(atom), axis=1)
        else:
            made = self.bind("sum", self.get(atom), axis=1, keepdims=True)
            made = self.bind("transpose", made) if _is_row(before) else made
        made.hint = step.output.hint
        self.at[step.output] = made

    def _entrywise(self, step: Step) -> Var:
        """Entry by entry: what is one for all stands beside each column."""
        inputs = [self.get(a) if self.is_wide(a) else self.column(self.get(a)) for a in step.inputs]
        return self.builder.bind(step.op, *inputs, params=step.params)

    def _along(self, step: Step) -> Var:
        """An op of one array with an axis: over all entries of an example it runs down the column."""
        op: Any = step.op
        atom = step.inputs[0]
        before, after = atom.type.shape, step.output.type.shape
        axis = step.params.get("axis", op.params.get("axis", _NONE))
        rest = {key: value for key, value in step.params.items() if key != "axis"}
        if len(step.inputs) == 1 and axis is not _NONE and not _is_row(before):
            if after == () and axis in (None, 0, -1) and "keepdims" in op.params and not rest:
                return self.bind(op.name, self.get(atom), axis=0, keepdims=True)
            down = axis in (0, -1) if len(before) == 1 else axis in (0, -2)
            if after == before and before != () and down:
                return self.bind(op.name, self.get(atom), axis=0, **rest)
        raise ProgramError("it has no reading over columns here; write it entry by entry, or for all examples yourself")


_NONE = object()


def _entries(shape: Shape) -> Dim | None:
    """How many entries a number, a column or a row has; None for what is none of these."""
    match shape:
        case ():
            return 1
        case (n,) | (n, 1) | (1, n):
            return n
        case _:
            return None


def _is_row(shape: Shape) -> bool:
    return len(shape) == 2 and shape[0] == 1 and shape[1] != 1


def _matmul(batch: _Batch, step: Step) -> Var:
    """`W x` is `W X`; `xᵀ A` is kept as its transpose `Aᵀ X`; `xᵀ y` is the sum of each column of `X ∘ Y`."""
    left, right = step.inputs
    a, b = batch.get(left), batch.get(right)
    if batch.is_wide(left) and batch.is_wide(right):
        if len(right.type.shape) > 1 and right.type.shape[1] != 1:
            raise ProgramError("the product of a column and a row is a matrix for each example")
        if len(left.type.shape) > 1 and left.type.shape[0] != 1:
            raise ProgramError("an example's column stands on the left of another's")
        return batch.bind("sum", batch.bind("multiply", a, b), axis=0, keepdims=True)
    if batch.is_wide(right):
        if _is_row(right.type.shape):
            raise ProgramError("the product of a column and a row is a matrix for each example")
        if len(left.type.shape) == 1:
            a = batch.bind("reshape", a, shape=(1, left.type.shape[0]))
        return batch.bind("matmul", a, b)
    if len(left.type.shape) > 1 and left.type.shape[0] != 1:
        if right.type.shape != (1, 1):
            raise ProgramError("the product of a column and a row is a matrix for each example")
        return batch.bind("multiply", a, b)
    if len(right.type.shape) == 1:
        return batch.bind("matmul", batch.bind("reshape", b, shape=(1, right.type.shape[0])), a)
    return batch.bind("matmul", batch.bind("transpose", b), a)


def _transpose(batch: _Batch, step: Step) -> Var:
    """A row is kept as its transpose already."""
    atom = batch.get(step.inputs[0])
    assert isinstance(atom, Var)
    return atom


def _index(batch: _Batch, step: Step) -> Var:
    """`x_k` is a row of X."""
    where = step.params["index"]
    rank = len(step.inputs[0].type.shape)
    if rank not in (1, 2) or len(where) != rank or not all(isinstance(k, int) for k in where):
        raise ProgramError("single entries are read over columns, as x_1 or x[0]")
    if rank == 2 and step.inputs[0].type.shape[1] != 1:
        raise ProgramError("single entries of a column are read")
    return batch.bind("index", batch.get(step.inputs[0]), index=([where[0]],))


# The ops that move or join entries, and are more than entry by entry over columns.
RULES: dict[str, Callable[[_Batch, Step], Var]] = {"matmul": _matmul, "transpose": _transpose, "index": _index}
