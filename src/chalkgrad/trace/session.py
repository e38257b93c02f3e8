"""One trace while it runs: the steps so far, their example numbers, the constants met, and what the trace rests on."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, TraceError
from chalkgrad.ir.build import Builder, of_scalars
from chalkgrad.ir.origin import Origin
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, OpLike, Step, Var, number, written
from chalkgrad.ir.registry import lookup
from chalkgrad.ir.types import SCALAR, SCALARS, ArrayType, dtype_of, type_of
from chalkgrad.trace.holder import Holder, constant
from chalkgrad.trace.numbers import Numbers
from chalkgrad.trace.places import Places, located
from chalkgrad.trace.running import enter, running
from chalkgrad.trace.watched import itself
from chalkgrad.trace.widths import fitted

# Subclasses, such as np.matrix, change what * means.
ARRAYS = (np.ndarray, np.memmap)
_WHOLE = SCALARS["int64"]
# Up to here every int is a float64.
_EXACT = 2**53


class NotSized(TraceError, TypeError):
    """What NumPy itself answers with a TypeError, so that code which catches that goes on as it would."""


class NoAttribute(TraceError, AttributeError):
    """A method or attribute that a traced value has not; `hasattr` sees it as missing."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """The trace holds only where `atom` evaluates to `value`: a bool, an int, or an array of them.

    `tie` says that it compares two numbers which are equal in the example, at the very border of a branch.
    """

    atom: Var
    value: Any
    origin: Origin | None
    tie: bool = False

    def holds(self, found: Any) -> bool:
        """Whether a value of the atom is the one that the trace was made for."""
        return bool(np.array_equal(found, self.value))


@final
class Session:
    """One trace. `open` until the function has returned; `refused` is the first refusal, should a person's code
    have caught it. `quiet` are steps that no person wrote, which go where nothing reads them, `copies` those that only
    copy; `hidden` are values from outside that became inputs, `read` the arrays outside that plain NumPy read; `laid`
    says that the steps rest on how the arguments lie in memory, and `like` as what a value lies, where that is not as
    its step leaves it; `widths` are values as they were cast to another width. A `plain` trace stands for one in which
    some arguments are arrays: what would tell them apart, as their text does, is refused."""

    __slots__ = (
        *("_arities", "_arrays", "_bare", "_hidden", "_numbers", "_outside", "builder", "copies", "depth", "guards"),
        *("hidden", "laid", "like", "name", "open", "outer", "places", "plain", "quiet", "read", "refused", "widths"),
    )

    def __init__(self, name: str, home: str, outside: Mapping[int, tuple[str, Any]] | None = None) -> None:
        self.name = name
        self.builder = Builder()
        self.places = Places(home)
        self.open = True
        self.refused: TraceError | None = None
        self.plain = False
        self.guards: dict[Var, Guard] = {}
        self.hidden: list[tuple[Var, Any]] = []
        self.quiet: set[Step] = set()
        self.copies: set[Step] = set()
        self.like: dict[Var, Callable[[], Any]] = {}
        self.laid = False
        self.widths: dict[tuple[Var, str], Var] = {}
        self.outer = running()
        self.depth: int = 0 if self.outer is None else self.outer.depth + 1
        self.read: dict[int, tuple[Any, Any]] = {}
        self._outside = outside or {}
        self._hidden: dict[Any, tuple[Any, Var]] = {}
        self._arities: dict[Any, int] = {}  # of ops that give a float64 for float64 numbers; of others 0
        self._arrays: dict[int, tuple[Any, Number]] = {}
        self._bare: dict[float, Number] = {}
        self._numbers = Numbers(self.builder.steps, self.like)

    def refuse(self, problem: str) -> TraceError:
        """The error that names the line that runs now; to be raised."""
        error = TraceError(located(self.places.here()[0], problem))
        self.refused = self.refused or error
        return error

    def refuse_as(self, kind: type[NotSized] | type[NoAttribute], problem: str) -> Exception:
        """An error that the function may catch, as it would catch NumPy's own."""
        if self.plain:
            self.refuse(problem)
        return kind(located(self.places.here()[0], problem))

    def noted(self, op: OpLike, values: Sequence[Any]) -> Var:
        """Add a step that no person wrote."""
        var = self.bind(op, values)
        var.hint = ""
        self.quiet.add(self.builder.steps[-1])
        return var

    def note_read(self, array: Any) -> None:
        """Note that plain NumPy is about to read, or to write, an array outside; keep a copy where that matters."""
        if id(array) not in self.read:
            self.read[id(array)] = (array, array.copy() if id(array) in self._outside else None)

    def check_unchanged(self) -> None:
        """Raise TraceError where the function has changed an array outside: a kept trace would not do so again."""
        for place, (array, copy) in self.read.items():
            if copy is not None and not same_bits(copy, array):
                raise TraceError(
                    f"{self.name} changes the array {self._outside[place][0]}, which is not its own; "
                    "change a copy, and return it"
                )

    def input(self, hint: str, type: ArrayType, example: Any) -> Var:
        """A new input, whose number is `example` now."""
        var = self.builder.input(hint, type)
        self._numbers.enter(var, example)
        return var

    def outer_input(self, hint: str, outer: Session, atom: Var) -> Var:
        """A new input, whose number is that of a value of a trace around this one, and is seldom asked for."""
        var = self.builder.input(hint, atom.type)
        self._numbers.later(var, lambda: outer.value_of(atom))
        return var

    def bind(self, op: OpLike, values: Sequence[Any], params: Mapping[str, Any] = NO_PARAMS) -> Var:
        """Add a step, as typed: nothing is folded.

        Raises TraceError for a value that is no number or array, and ShapeError, with the line, where sizes do not fit.
        """
        return self._bound(op, values, params)[0]

    def bind_many(self, op: OpLike, values: Sequence[Any], params: Mapping[str, Any] = NO_PARAMS) -> tuple[Var, ...]:
        """Add a step of an op with several results."""
        return self._bound(op, values, params)

    def scalar(self, op: Any, values: tuple[Any, ...], frame: FrameType) -> Var | None:
        """Add a step of each element, as `bind` does, where that takes no more than a look: of float64 numbers of this
        trace and bare ones, in a line that was met before. Else None."""
        place = self.places.known(frame)
        if place is None or not self.open:
            return None
        arity = self._arities.get(op)
        if arity is None:
            plain = op.elementwise and op.arity > 0 and of_scalars(op, op.arity)[0] is SCALAR
            arity = self._arities[op] = op.arity if plain else 0
        if arity != len(values):
            return None
        atoms: list[Atom] = []
        traced = False
        for value in values:
            if isinstance(value, Holder):
                if value.session is not self or value.memory is not None or value.whole:
                    return None
                atom = value.atom
                if atom.type is not SCALAR:
                    return None
                traced = traced or type(atom) is Var
                atoms.append(atom)
                continue
            kind = type(value)
            if kind is not float and (kind is not int or not -_EXACT <= value <= _EXACT):
                return None
            bare = self._bare.get(value)
            if bare is None:
                bare = Number(float(value), SCALAR)
                if value:  # 0 and -0 are equal, and NaN is found by no value
                    self._bare[value] = bare
            atoms.append(bare)
        if not traced:
            return None
        var = Var(SCALAR, place.name)
        self.builder.steps.append(written((var,), op, tuple(atoms), NO_PARAMS, place.origin))
        return var

    def _bound(self, op: Any, values: Sequence[Any], params: Mapping[str, Any]) -> tuple[Var, ...]:
        if not self.open:
            raise TraceError(located(self.places.here()[0], leak(self.name)))
        atoms: list[Atom] = []
        whole = narrow = False
        for value in values:
            if isinstance(value, Holder):
                atoms.append(value.atom if value.session is self else self.lifted(value))
            elif type(value) is float:
                atoms.append(Number(value, SCALAR))
            else:
                whole = whole or _is_whole(value)
                atoms.append(self.constant(value))
            narrow = narrow or atoms[-1].type.dtype == "float32"
        if narrow:
            atoms = fitted(self, op, values, atoms)
        if whole:
            atoms = _whole(op, values, atoms, params)
        origin, hint = self.places.here()
        try:
            if op.several:
                return self.builder.bind_many(op, *atoms, params=params, origin=origin)
            return (self.builder.bind(op, *atoms, params=params, hint=hint, origin=origin),)
        except ProgramError as error:
            raise type(error)(located(origin, str(error))) from None
        except (TypeError, ValueError) as error:  # an option of the wrong kind, as axis="rows"
            raise self.refuse(f"{op.name}: {error}") from error

    def step(self, name: str, /, *atoms: Atom, **params: Any) -> Var:
        """Add a step of the op called `name`, of atoms of this trace."""
        origin, hint = self.places.here()
        return self.builder.bind(lookup(name), *atoms, params=params, hint=hint, origin=origin)

    def lifted(self, value: Holder) -> Atom:
        """A value of an outer trace, as one of this: a constant is itself, anything else a hidden input.

        Raises TraceError for a value of a trace that is over, or of one inside of this.
        """
        atom = value.atom
        if isinstance(atom, Number):
            return atom
        if not value.session.open or value.session.depth >= self.depth:
            raise self.refuse(leak(value.session.name))
        if atom not in self._hidden:
            var = self.outer_input(atom.hint, value.session, atom)
            held = type(value)(value.session, atom, value.mutable, value.whole, value.weak)
            self._hidden[atom] = (held, var)
            self.hidden.append((var, held))
        return self._hidden[atom][1]

    def value_of(self, atom: Atom) -> Any:
        """The number of an atom, at the example values. The steps that it rests on are run where they were not yet."""
        return self._numbers(atom)

    def laid_out(self, atom: Atom) -> Any:
        """The number of an atom, for how it lies in memory; the trace then rests on how its arguments lie."""
        self.laid = True
        return np.asarray(self.value_of(atom))

    def copied(self, atom: Atom) -> Atom:
        """The same numbers, row by row in memory: what `x.copy()` gives. In the Program they are one."""
        if not isinstance(atom, Var) or len(atom.type.shape) < 2:
            return atom
        var = self.noted(lookup("accumulate"), (Holder(self, atom),))
        self.copies.add(self.builder.steps[-1])
        self.by_rows(var)
        return var

    def by_rows(self, var: Var) -> None:
        """Note that the array lies row by row in memory."""
        sizes: Any = var.type.shape
        self.like[var] = lambda: np.empty(sizes, bool)

    def decided(self, atom: Atom) -> Any:
        """The number of an atom, which the trace rests on from now on."""
        value = self.value_of(atom)
        if isinstance(atom, Var) and atom not in self.guards:
            self.guards[atom] = Guard(atom, np.array(value)[()], self.places.here()[0], self._tied(atom))
        return value

    def _tied(self, atom: Var) -> bool:
        """Whether the atom is a comparison, of which two entries are equal in the example."""
        step = next((s for s in reversed(self.builder.steps) if atom in s.outputs), None)
        if step is None or len(step.inputs) != 2 or atom.type.dtype != "bool":
            return False
        left, right = step.inputs
        if not left.type.floating or not right.type.floating:
            return False
        return bool(np.any(np.equal(self.value_of(left), self.value_of(right))))

    @contextmanager
    def one_name(self) -> Generator[None]:
        """What is bound here is one thing to a person: only the last step has the name they gave."""
        before = len(self.builder.steps)
        yield
        for step in self.builder.steps[before:-1]:
            for out in step.given:
                out.hint = ""

    @contextmanager
    def runs(self) -> Generator[None]:
        """This is the innermost trace of the thread meanwhile."""
        before = enter(self)
        try:
            yield
        finally:
            enter(before)
            self.open = False

    def constant(self, value: Any) -> Atom:
        """A number or array of the person's own, copied now; an array from outside may be a hidden input.

        NumPy scalars count as bare numbers: they take the width of the arrays beside them.
        Raises TraceError for anything else.
        """
        if isinstance(value, np.ndarray) and value.ndim:
            return self._array(value)
        if isinstance(value, (np.generic, np.ndarray)):
            self._check(value)
            if value.dtype == np.float32:  # a number that is narrow by itself, as bare ones are not
                return constant(value)
            value = value.item()
        if isinstance(value, (bool, float)):
            return number(value)
        if isinstance(value, int):
            if abs(value) > _EXACT and int(float(value)) != value:
                raise self.refuse(f"the number {value} does not fit into a float")
            return number(value)
        if isinstance(value, (list, tuple)):
            raise self.refuse(
                f"a {type(value).__name__} stands where an array belongs; "
                "write np.array([...]), or np.stack([...]) where it holds traced values"
            )
        raise self.refuse(f"{article(value)} stands where a number or an array belongs")

    def _array(self, value: Any) -> Atom:
        value = itself(value)
        self._check(value)
        if id(value) in self._outside:
            if id(value) not in self._hidden:
                type = type_of(value)
                var = self.input(self._outside[id(value)][0], type, value.astype(type.dtype, copy=False))
                self._hidden[id(value)] = (value, var)
                self.hidden.append((var, value))
            return self._hidden[id(value)][1]
        known = self._arrays.get(id(value))
        # Kept, since a loop may read one array 100 000 times; compared, since it may be written to in between.
        if known is not None and known[0] is value and same_bits(known[1].value, value):
            return known[1]
        made = number(value, dtype_of(value.dtype))
        self._arrays[id(value)] = (value, made)
        return made

    def _check(self, value: Any) -> None:
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise self.refuse(f"an array of {value.dtype} has no place here; use float64, float32, int64 or bool")
        if not isinstance(value, np.generic) and type(value) not in ARRAYS:
            raise self.refuse(f"{type(value).__name__} has rules of its own; write np.asarray(...) around it, outside")


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, Holder))


def _whole(op: OpLike, values: Sequence[Any], atoms: list[Atom], params: Mapping[str, Any]) -> list[Atom]:
    """Whole numbers stay whole where nothing beside them is floating and the result is whole, as in NumPy."""
    pairs = zip(values, atoms, strict=True)
    exact: list[Atom] = [Number(int(v), _WHOLE) if _is_whole(v) else a for v, a in pairs]
    if any(a.type.floating for a in exact):
        return atoms
    try:
        return exact if op.infer(tuple([a.type for a in exact]), params)[0].dtype == "int64" else atoms
    except ProgramError:
        return atoms


def same_bits(kept: Any, now: Any) -> bool:
    """Equal bit for bit: 0.0 and -0.0 differ, and a NaN equals itself."""
    if kept.shape != now.shape:
        return False
    now = np.asarray(now, dtype=kept.dtype, order="C")
    kept = np.ascontiguousarray(kept)
    return not kept.size or memoryview(kept).cast("B") == memoryview(now).cast("B")


def article(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} ({value!r:.40})"


def leak(name: str) -> str:
    return (
        f"a value of the trace of {name} is used outside it; "
        f"let {name} return what is needed of it, and keep it in no global, list or attribute"
    )
