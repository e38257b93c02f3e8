"""What a person's variable holds, and which arrays share their numbers.

In NumPy an array may be a view of another: a write into one is seen in the other. Here an array's numbers are an atom
that a write replaces; a view is made again from the atom of what it views when that has been written to, and a write
into a view is written back. Whether NumPy gives a view where it may also give a copy, as reshape does, is asked of
NumPy, with an array of the same layout.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, final

import numpy as np

from chalkgrad.ir.program import Atom, Number, Step, Var
from chalkgrad.ir.types import SCALARS, ArrayType

if TYPE_CHECKING:
    from chalkgrad.trace.session import Session


class Holder:
    """What a person's variable holds: the atom that it stands for now.

    `mutable` says that NumPy would have an array here, which `+=` changes for all who hold it; a NumPy scalar is not.
    `memory` is None where nobody else can see the numbers. `whole` marks what is an int in the person's own code, and
    `weak` a number of plain Python, which widens no array beside it.
    """

    __slots__ = ("__weakref__", "_atom", "memory", "mutable", "session", "weak", "whole")

    def __init__(
        self, session: Session, atom: Atom, mutable: bool | None = None, whole: bool = False, weak: bool = False
    ) -> None:
        self.session = session
        self._atom = atom
        self.mutable = bool(atom.type.shape) if mutable is None else mutable
        self.memory: Memory | None = None
        self.whole = whole
        self.weak = weak

    @property
    def atom(self) -> Atom:
        return self._atom if self.memory is None else self.memory.read()

    @property
    def constant(self) -> bool:
        """Whether it is a plain number or array of the person's own, which nothing traced has been written into."""
        return isinstance(self.atom, Number)

    @property
    def countable(self) -> bool:
        """Whether it is one whole number, by its type or in the person's own code."""
        type = self._atom.type
        return type.shape == () and (self.whole or type.dtype == "int64")

    def own(self) -> Memory:
        """The memory of it, so that another may see into it."""
        if self.memory is None:
            self.memory = Memory(self.session, type(self), self._atom)
        return self.memory

    def change(self, atom: Atom) -> None:
        """Change the numbers, for all who see them."""
        if self.memory is None and len(atom.type.shape) < 2:
            self._atom = atom
        else:
            self.own().write(atom)


def constant(array: Any) -> Number:
    """An array as a constant, copied; of its own type, even where it has no axes."""
    if array.ndim == 0:
        value = array.item()
        return Number(np.float32(value) if array.dtype == np.float32 else value, SCALARS[array.dtype.name])
    kept = np.array(array)
    kept.setflags(write=False)
    return Number(kept, ArrayType(kept.shape, kept.dtype.name))


@final
class Memory:
    """The numbers of an array; or, with a `base`, of a view: what `again` gives of the base.

    `key` is the index, if the view is one of basic indexing. `sure` says that NumPy gives a view and no copy.
    `given` says that the array is the caller's own.
    """

    __slots__ = (
        *("__weakref__", "_atom", "_fixed", "_kind", "_made", "_seen", "_session", "_version", "_views"),
        *("again", "base", "given", "key", "step", "sure"),
    )

    def __init__(self, session: Session, kind: type[Holder], atom: Atom, given: bool = False) -> None:
        self._session = session
        self._kind = kind
        self._atom = self._made = atom
        self._seen: Atom | None = None
        self._version = 0
        self._fixed = False
        self._views: weakref.WeakSet[Memory] = weakref.WeakSet()
        self.base: Memory | None = None
        self.again: Callable[[Any], Any] | None = None
        self.key: Any = None
        self.step: Step | None = None
        self.sure = True
        self.given = given

    def view(self, atom: Atom, again: Callable[[Any], Any], key: Any = None, sure: bool = True) -> Memory:
        """A view of this, which is `atom` now."""
        made = Memory(self._session, self._kind, atom)
        made.base, made.again, made.key, made.sure = self, again, key, sure
        made._seen, made._version = self.read(), self.root._version
        last = self._session.builder.steps[-1] if self._session.builder.steps else None
        if last is not None and last.outputs == (atom,) and last.inputs[:1] == (made._seen,):
            made.step = last
        self._views.add(made)
        return made

    @property
    def root(self) -> Memory:
        """The array that has the numbers."""
        found = self
        while found.base is not None:
            found = found.base
        return found

    def read(self) -> Atom:
        """The atom now."""
        if self.base is None or self._version == self.root._version:
            return self._atom
        seen = self.base.read()
        if seen is not self._seen:
            self._atom, self._seen = self._of(seen), seen
        self._version = self.root._version
        return self._atom

    def write(self, atom: Atom) -> None:
        """Change the numbers: here, in the base, and so in all other views."""
        for view in [*self.root._tree()]:
            view.resolve()
        root = self.root
        at, new, version = self, atom, root._version + 1
        while at.base is not None:
            old = at.base.read()
            back = at._back(old, new)
            at._seen = back
            at._take(new, version)
            at, new = at.base, back
        at._take(new, version)

    def layout(self) -> Any:
        """An array that lies in memory as this one would in NumPy; its numbers mean nothing."""
        if self.base is None:
            return np.empty_like(self._session.laid_out(self._made), dtype=bool)
        assert self.again is not None
        return self.again(self.base.layout())

    def resolve(self) -> None:
        """Find out whether NumPy would give a view here; a copy goes its own way."""
        if self.sure or self.base is None:
            return
        assert self.again is not None
        base = self.base.layout()
        self.sure = True
        view = self.again(base)
        self._fixed = not view.flags.writeable
        if not np.may_share_memory(base, view):
            self._atom = self._made = self.read()
            self.base._views.discard(self)
            self.base, self.again, self.step = None, None, None

    def _take(self, atom: Atom, version: int) -> None:
        self._atom, self._version = atom, version
        if isinstance(atom, Var) and len(atom.type.shape) > 1:  # a write does not move an array
            self._session.like[atom] = self.layout

    @property
    def frozen(self) -> bool:
        """Whether NumPy lets nobody write here, as into a diagonal."""
        self.resolve()  # a copy has no base, and is nobody else's
        return self.base is not None and (self._fixed or self.base.frozen)

    def _tree(self) -> Iterator[Memory]:
        yield self
        for view in [*self._views]:
            yield from view._tree()

    def _of(self, base: Atom) -> Atom:
        assert self.again is not None
        if isinstance(base, Number):
            return constant(self.again(np.array(base.value, dtype=base.type.dtype)))
        made = self.again(self._kind(self._session, base))
        return made.atom

    def _back(self, base: Atom, new: Atom) -> Atom:
        """The base with this view of it replaced."""
        session = self._session
        before = len(session.builder.steps)
        try:
            return self._written(base, new)
        finally:
            session.quiet.update(session.builder.steps[before:])

    def _written(self, base: Atom, new: Atom) -> Atom:
        session, shape = self._session, base.type.shape
        sizes: Any = shape
        assert self.again is not None
        if isinstance(base, Number) and isinstance(new, Number):
            array = np.array(base.value, dtype=base.type.dtype)
            array.flat[self.again(np.arange(array.size).reshape(sizes)).ravel()] = np.ravel(new.value)
            return constant(array)
        if self.key is not None:
            return session.step("updated", base, new, index=self.key)
        name = self.step.op.name if self.step is not None else ""
        if name == "reshape":
            return session.step("reshape", new, shape=shape)
        if name == "transpose" and self.step is not None:
            axes = self.step.params.get("axes")
            back = {} if axes is None else {"axes": tuple(int(a) for a in np.argsort([a % len(axes) for a in axes]))}
            return session.step("transpose", new, **back)
        places = self.again(np.arange(np.prod(sizes, dtype=int)).reshape(sizes))
        flat = session.step("reshape", base, shape=(-1,))
        entries = session.step("reshape", new, shape=(-1,))
        return session.step(
            "reshape", session.step("updated", flat, entries, index=[*map(int, places.ravel())]), shape=shape
        )
