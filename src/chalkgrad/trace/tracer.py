"""The value that stands for an array while a person's function runs: whatever is done to it becomes a step."""

from __future__ import annotations

import functools
import math
import re
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, final

import numpy as np

from chalkgrad.errors import nearest
from chalkgrad.ir.program import NO_PARAMS, Number, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.trace import calling, indexing, operators
from chalkgrad.trace.apply import atom_for, computed, constant_of, elementwise, holders, innermost, plainly
from chalkgrad.trace.decide import PLAIN, as_index, as_int, truth
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.numpy_table import ADVICE, OP_OF, match
from chalkgrad.trace.session import NoAttribute, NotSized
from chalkgrad.trace.spellings import SPELLINGS

# Methods of an array that change it, or that take other arguments than the function of the same name.
_NO_METHODS = frozenset({"partition", "resize", "compress", "choose", "byteswap", "setflags", "setfield", "view"})

# What a number is where no array is: NumPy's, and Python's own.
_KINDS: Mapping[str, type] = MappingProxyType(
    {"bool": np.bool_, "int64": np.int64, "float32": np.float32, "float64": np.float64}
)
_NEGATIVE = OP_OF[np.negative]
_BARE: Mapping[str, type] = MappingProxyType({"bool": bool, "int64": int, "float64": float})


def _class(x: Holder) -> type:
    if x.mutable:
        return np.ndarray
    return int if x.whole else (_BARE if x.weak else _KINDS)[x.atom.type.dtype]


@final
class Traced(Holder):
    """An array or a number of the function that is being traced."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[Any, ...]:
        return self._atom.type.shape

    @shape.setter
    def shape(self, sizes: Any) -> None:
        raise self.session.refuse("the shape of an array is not set here; write x = x.reshape(...)")

    ndim = property(lambda self: len(self._atom.type.shape))
    size = property(lambda self: math.prod(self._atom.type.shape))
    dtype = property(lambda self: np.dtype(self._atom.type.dtype))

    # So that `isinstance(x, np.ndarray)` takes the branch that it takes in NumPy.
    __class__ = property(_class)  # pyright: ignore[reportIncompatibleMethodOverride]  # the stubs lack the getter

    # Every array operator is NumPy's ufunc of that name.
    __add__, __radd__, __iadd__ = operators.binary(np.add), operators.reflected(np.add), operators.in_place(np.add, "+")
    __sub__, __rsub__, __isub__ = (
        operators.binary(np.subtract),
        operators.reflected(np.subtract),
        operators.in_place(np.subtract, "-"),
    )
    __mul__, __rmul__, __imul__ = (
        operators.binary(np.multiply),
        operators.reflected(np.multiply),
        operators.in_place(np.multiply, "*"),
    )
    __truediv__, __rtruediv__ = operators.binary(np.divide), operators.reflected(np.divide)
    __itruediv__ = operators.in_place(np.divide, "/")
    __pow__, __rpow__, __ipow__ = (
        operators.binary(np.power),
        operators.reflected(np.power),
        operators.in_place(np.power, "**"),
    )
    __matmul__, __rmatmul__, __imatmul__ = (
        operators.binary(np.matmul),
        operators.reflected(np.matmul),
        operators.in_place(np.matmul, "@"),
    )
    __mod__, __rmod__, __imod__ = (
        operators.binary(np.remainder),
        operators.reflected(np.remainder),
        operators.in_place(np.remainder, "%"),
    )
    __floordiv__, __rfloordiv__ = operators.by_ufunc(np.floor_divide), operators.by_ufunc_reflected(np.floor_divide)
    __ifloordiv__ = operators.in_place(np.floor_divide, "//")
    __lt__, __le__ = operators.binary(np.less), operators.binary(np.less_equal)
    __gt__, __ge__ = operators.binary(np.greater), operators.binary(np.greater_equal)
    __and__, __or__, __invert__ = (
        operators.by_ufunc(np.bitwise_and),
        operators.by_ufunc(np.bitwise_or),
        operators.by_ufunc(np.invert),
    )
    __rand__, __ror__ = __and__, __or__
    __iand__, __ior__ = operators.in_place(np.bitwise_and, "&"), operators.in_place(np.bitwise_or, "|")
    __xor__ = __rxor__ = __ixor__ = operators.refused("^", "a != b")
    __lshift__ = __rshift__ = __ilshift__ = __irshift__ = operators.refused("a shift", "a * 2**n")
    __floor__ = __trunc__ = operators.refused("math.floor", "np.floor(x)")
    __ceil__ = operators.refused("math.ceil", "-np.floor(-x)")
    __bool__, __int__, __index__ = truth, as_int, as_index
    __getitem__, __setitem__ = indexing.read, indexing.write

    def __eq__(self, other: object) -> Any:
        return operators.operated(elementwise(np.equal, OP_OF[np.equal], (self, other)), self, other)

    def __ne__(self, other: object) -> Any:
        return operators.operated(elementwise(np.not_equal, OP_OF[np.not_equal], (self, other)), self, other)

    def __hash__(self) -> int:
        raise self.session.refuse_as(
            NotSized, "a traced value cannot be a key or be cached: it has no number before it is run"
        )

    def __neg__(self) -> Any:
        session = self.session
        var = session.scalar(_NEGATIVE, (self,), sys._getframe(1))
        return operators.arithmetic(np.negative, self) if var is None else Traced(session, var, False, False, self.weak)

    def __abs__(self) -> Any:
        return operators.arithmetic(np.abs, self)

    def __pos__(self) -> Traced:
        return self.copy()

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __round__(self, digits: int = 0) -> Any:
        return operators.operated(self._call(np.round, self, digits) if digits else self._call(np.round, self), self)

    def __float__(self) -> float:
        if self.constant:
            return float(plainly(self))
        found = re.search(r"math\.(\w+)", self._line())
        advice = (
            f"write np.{found[1]} for math.{found[1]}" if found else "leave float() out, and use np.exp for math.exp"
        )
        raise self.session.refuse(
            f"{PLAIN}; {advice}; an array that is to be filled is made in the function, by np.zeros or np.array "
            "of a numpy that its file imports at the top"
        )

    __complex__ = __float__

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.constant:
            return np.array(plainly(self), dtype=dtype)
        raise self.session.refuse(
            f"{PLAIN}, so no plain array can be made of it, as SciPy and np.vectorize do, or filled with it, nor be "
            "indexed by it; "
            "leave np.array(x) out, write np.stack([a, b]) for np.array([a, b]), "
            "and make an array that is to be filled in the function itself, by np.zeros"
        )

    def __len__(self) -> int:
        if not self.shape:
            raise self.session.refuse_as(NotSized, "len() of a number, which has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise self.session.refuse_as(NotSized, "iteration over a number, which has no entries")
        return map(self._entry, range(self.shape[0]))

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None)
        if name.startswith("__") or not hasattr(np.ndarray, name):
            near = nearest(name, [n for n in dir(np.ndarray) if not n.startswith("_")])
            raise self.session.refuse_as(NoAttribute, f"an array has no attribute '{name}'{near}")
        if name not in _NO_METHODS and (function in SPELLINGS or function in OP_OF):
            return functools.partial(self._call, function, self)
        if name not in _NO_METHODS and self.constant:
            plain = getattr(plainly(self), name)
            return (lambda *args, **named: computed(self, plain, args, named)) if callable(plain) else plain
        instead = f"; write {ADVICE[name]}" if name in ADVICE else ""
        raise self.session.refuse_as(NoAttribute, f".{name} of an array is no op here{instead}")

    def __copy__(self) -> Traced:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Traced:
        return self.copy()

    def __repr__(self) -> str:
        if self.session.plain:
            self.session.refuse("a traced value has no numbers to print")
        hint = self.atom.hint if isinstance(self.atom, Var) else ""
        return f"<traced {hint or 'value'}: {self.atom.type}>"

    def __format__(self, spec: str) -> str:
        return repr(self)  # a print left in for debugging does no harm

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of each element."""
        op = OP_OF.get(ufunc)
        if op is not None and method == "__call__" and not options:
            var = self.session.scalar(op, inputs, sys._getframe(1))
            if var is not None:
                return Traced(self.session, var, False)
        return calling.ufunc(self, ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """NumPy's other functions."""
        return self._call(function, *args, **options)

    @property
    def T(self) -> Any:
        """Transposed; of less than two axes, the same again."""
        return self._call(np.transpose, self)

    @property
    def real(self) -> Any:
        return self[...]

    @property
    def imag(self) -> Any:
        return self._call(np.imag, self)

    @property
    def flat(self) -> Any:
        """All entries along the rows; a write into it is one into the array, however that lies in memory."""
        out = self._call(np.reshape, self, (-1,))
        if out.memory is not None:
            out.memory.sure = True
        return out

    def tolist(self) -> Any:
        """Nested lists of traced numbers."""
        if self.constant:
            return plainly(self).tolist()
        return [v.tolist() if isinstance(v, Traced) else v for v in self] if self.shape else self.item()

    def transpose(self, *axes: Any) -> Any:
        return self._call(np.transpose, self, axes[0] if len(axes) == 1 else axes or None)

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return self._call(np.reshape, self, shape[0] if len(shape) == 1 else shape, **options)

    def flatten(self) -> Any:
        if self.constant:
            return computed(self, lambda a: a.flatten(), (self,))
        return self.write("reshape", self, shape=(-1,))

    def copy(self, order: str = "C") -> Traced:
        """The same value, held apart: a later `+=` changes only one of the two."""
        if order not in ("C", "K"):
            raise self.session.refuse(f"copy with order={order!r} has no reading here; leave it out")
        return self._apart(order)

    def item(self, *at: Any) -> Any:
        """The one number in an array of one, or the one at an index; still traced."""
        if self.constant:
            return plainly(self).item(*at)
        if at:
            one = self[at[0] if len(at) == 1 and len(self.shape) < 2 else at]
        else:
            one = self.write("reshape", self, shape=()) if self.shape else self
        if one.atom.type.dtype == "float32":
            one = one.write("cast", one, dtype="float64")
        return Traced(self.session, one.atom, False, one.whole, weak=True)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """The same numbers in another width: truths and whole numbers as floats, and floats cut to whole numbers."""
        to, have = np.dtype(dtype).name, self.atom.type.dtype
        if to == have:
            return self.copy("K") if copy else self
        if self.constant:
            return computed(self, lambda a: a.astype(dtype), (self,))
        if to in ("float64", "float32") and have != "bool":
            return self.write("cast", self, dtype=to)
        if to in ("float64", "float32"):
            return self.write("indicator", self, **({} if to == "float64" else {"dtype": to}))
        if to == "bool":
            return self != 0
        if to == "int64":  # trunc, so that views say what is done; nothing is passed back through a whole number
            return self.write("cast", self if have == "bool" else self.write("trunc", self), dtype=to)
        raise self.session.refuse(f"astype from {have} to {to} is no op here; whole numbers are x.astype(int)")

    def fill(self, value: Any) -> None:
        """Every entry replaced."""
        self[...] = value

    def sort(self, axis: int = -1, **options: Any) -> None:
        """Sorted in place."""
        self[...] = self._call(np.sort, self, axis=axis)

    def put(self, indices: Any, values: Any, mode: str = "raise") -> None:
        """Entries replaced, counted along the rows."""
        calling.put(self, indices, values, mode)

    def update(self, ufunc: np.ufunc, sign: str, *others: Any) -> None:
        """Replace every entry by what the ufunc gives, as `+=` does."""
        indexing.check_write(self, f"x = x {sign} y for x {sign}= y")
        if self.constant and all(h.constant for h in holders(others)):
            array = np.array(plainly(self))
            ufunc(array, *[plainly(o) for o in others], out=array)
            made = constant_of(array)
            assert made is not None
            self.change(made)
            return
        new = self.__array_ufunc__(ufunc, "__call__", self, *others)
        self.become(new, f"the result of {sign}=", f"write x = x {sign} y")

    def become(self, new: Any, what: str, instead: str) -> None:
        """Become `new` in place; floats are cast to the width here, as in NumPy.

        Raises TraceError where the shape is another, or a fraction would be lost.
        """
        atom, have = atom_for(self, new), self.atom.type
        if atom.type.floating and have.floating and atom.type.dtype != have.dtype and atom.type.shape == have.shape:
            atom = self.session.bind(lookup("cast"), (Traced(self.session, atom),), {"dtype": have.dtype})
        if atom.type != have:
            raise self.session.refuse(f"{what} is {atom.type}, which does not go into {have}; {instead}")
        self.change(atom)

    def write(self, name: str, /, *inputs: Any, **params: Any) -> Any:
        """Add a step of the op called `name`; of several results, a tuple."""
        return self._bound(lookup(name), inputs, MappingProxyType(params) if params else NO_PARAMS)

    def apply_op(self, op: Any, inputs: tuple[Any, ...], params: Mapping[str, Any]) -> Any:
        """Add a step of an op that a person calls by its record."""
        found: Any = innermost([x for x in inputs if isinstance(x, Holder)])
        on = self if found is None else found
        return on._bound(op, inputs, MappingProxyType(dict(params)) if params else NO_PARAMS)

    def match(self, function: Any, /, *args: Any, **options: Any) -> Any:
        """Add a step of the op that the NumPy function stands for; of several results, a tuple."""
        op = OP_OF[function]
        inputs, params = match(op, function, args, options, self.session.refuse)
        return self._bound(op, inputs, params)

    def _bound(self, op: Any, inputs: Any, params: Mapping[str, Any]) -> Any:
        if op.several:
            return tuple([Traced(self.session, v) for v in self.session.bind_many(op, inputs, params)])
        return Traced(self.session, self.session.bind(op, inputs, params))

    def _call(self, function: Any, /, *args: Any, **options: Any) -> Any:
        return calling.function(self, function, args, options)

    def _apart(self, order: str) -> Traced:
        atom = self.atom
        if isinstance(atom, Number) and atom.type.shape:
            array: Any = np.array
            atom = constant_of(array(atom.value, order=order)) or atom
        elif order == "C":
            atom = self.session.copied(atom)
        return Traced(self.session, atom, self.mutable, self.whole, self.weak)

    def _entry(self, at: int) -> Any:
        entry = self[at]
        if isinstance(entry, Holder) and isinstance(entry.atom, Var):
            entry.atom.hint = ""  # what comes next in the code is not where this one goes
        return entry

    def _line(self) -> str:
        origin, _ = self.session.places.here()
        return origin.text if origin else ""
