"""One trace while it runs: the steps so far, the constants met, and who shares whose numbers."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError, TraceError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.program import NO_PARAMS, Atom, Number, OpLike, Var, number
from chalkgrad.ir.types import SCALAR, ArrayType, dtype_of
from chalkgrad.trace.places import Places, located

# Subclasses, such as np.matrix, change what * means.
ARRAYS = (np.ndarray, np.memmap)
_WHOLE = ArrayType((), "int64")


class NotSized(TraceError, TypeError):
    """What NumPy itself answers with a TypeError, so that code which catches that goes on as it would."""


class NoAttribute(TraceError, AttributeError):
    """A method or attribute that a traced value has not; `hasattr` sees it as missing."""


@final
class Memory:
    """What several arrays share in NumPy: an array and its views. `given`: it is the caller's own array."""

    __slots__ = ("given", "holders")

    def __init__(self, given: bool = False) -> None:
        self.given = given
        self.holders: weakref.WeakValueDictionary[int, Holder] = weakref.WeakValueDictionary()

    def shared(self, holder: Holder) -> bool:
        """Whether anybody but `holder` would see a write."""
        return any(other is not holder for other in self.holders.values())


class Holder:
    """What a person's variable holds: the atom that it stands for now.

    `mutable` says that NumPy would have an array here, which `+=` changes for all who hold it; a NumPy scalar is not.
    `memory` is None where nobody else can see the numbers.
    """

    __slots__ = ("__weakref__", "atom", "memory", "mutable", "session")

    def __init__(self, session: Session, atom: Var, mutable: bool | None = None) -> None:
        self.session = session
        self.atom = atom
        self.mutable = bool(atom.type.shape) if mutable is None else mutable
        self.memory: Memory | None = None

    def see(self, base: Holder) -> None:
        """Become a view of `base`."""
        if base.memory is None:
            base.memory = Memory()
            base.memory.holders[id(base)] = base
        self.memory = base.memory
        self.memory.holders[id(self)] = self


@final
class Session:
    """One trace. `open` until the function has returned; `refused` is the first refusal, should a person's code
    have caught it."""

    __slots__ = ("_arrays", "builder", "name", "open", "places", "refused")

    def __init__(self, name: str, home: str) -> None:
        self.name = name
        self.builder = Builder()
        self.places = Places(home)
        self.open = True
        self.refused: TraceError | None = None
        self._arrays: dict[int, tuple[Any, Number]] = {}

    def refuse(self, problem: str) -> TraceError:
        """The error that names the line that runs now; to be raised."""
        error = TraceError(located(self.places.here()[0], problem))
        self.refused = self.refused or error
        return error

    def bind(self, op: OpLike, values: Sequence[Any], params: Mapping[str, Any] = NO_PARAMS) -> Var:
        """Add a step, as typed: nothing is folded.

        Raises TraceError for a value that is no number or array, and ShapeError, with the line, where sizes do not fit.
        """
        if not self.open:
            raise TraceError(located(self.places.here()[0], _leak(self.name)))
        atoms: list[Atom] = []
        whole = False
        for value in values:
            if isinstance(value, Holder):
                if value.session is not self:
                    raise self.refuse(_leak(value.session.name))
                atoms.append(value.atom)
            elif type(value) is float:
                atoms.append(Number(value, SCALAR))
            else:
                whole = whole or _is_whole(value)
                atoms.append(self.constant(value))
        if whole:
            atoms = _whole(op, values, atoms, params)
        origin, hint = self.places.here()
        try:
            return self.builder.bind(op, *atoms, params=params, hint=hint, origin=origin)
        except ProgramError as error:
            raise type(error)(located(origin, str(error))) from None
        except (TypeError, ValueError) as error:  # an option of the wrong kind, as axis="rows"
            raise self.refuse(f"{op.name}: {error}") from error

    @contextmanager
    def one_name(self) -> Generator[None]:
        """What is bound here is one thing to a person: only the last step has the name they gave."""
        before = len(self.builder.steps)
        yield
        for step in self.builder.steps[before:-1]:
            step.output.hint = ""

    def constant(self, value: Any) -> Number:
        """A number or array of the person's own, copied now.

        NumPy scalars count as bare numbers: they take the width of the arrays beside them.
        Raises TraceError for anything else.
        """
        if isinstance(value, np.ndarray) and value.ndim:
            return self._array(value)
        if isinstance(value, (np.generic, np.ndarray)):
            self._check(value)
            value = value.item()
        if isinstance(value, (bool, float)):
            return number(value)
        if isinstance(value, int):
            if abs(value) > 2**53 and int(float(value)) != value:
                raise self.refuse(f"the number {value} does not fit into a float")
            return number(value)
        if isinstance(value, (list, tuple)):
            raise self.refuse(
                f"a {type(value).__name__} stands where an array belongs; "
                "write np.array([...]), or np.stack([...]) where it holds traced values"
            )
        raise self.refuse(f"{article(value)} stands where a number or an array belongs")

    def _array(self, value: Any) -> Number:
        self._check(value)
        known = self._arrays.get(id(value))
        # Kept, since a loop may read one array 100 000 times; compared, since it may be written to in between.
        if known is not None and known[0] is value and _same(known[1].value, value):
            return known[1]
        made = number(np.ascontiguousarray(value), dtype_of(value.dtype))
        self._arrays[id(value)] = (value, made)
        return made

    def _check(self, value: Any) -> None:
        if value.dtype.kind not in "biuf" or value.dtype.itemsize > 8:
            raise self.refuse(f"an array of {value.dtype} has no place here; use float64, float32, int64 or bool")
        if not isinstance(value, np.generic) and type(value) not in ARRAYS:
            raise self.refuse(f"{type(value).__name__} has rules of its own; write np.asarray(...) around it, outside")


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


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


def _same(kept: Any, now: Any) -> bool:
    """Equal bit for bit: 0.0 and -0.0 differ, and a NaN equals itself."""
    now = np.asarray(now, dtype=kept.dtype, order="C")
    return kept.shape == now.shape and (not kept.size or memoryview(kept).cast("B") == memoryview(now).cast("B"))


def article(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind} ({value!r:.40})"


def _leak(name: str) -> str:
    return (
        f"a value of the trace of {name} is used outside it; "
        f"let {name} return what is needed of it, and keep it in no global, list or attribute"
    )
