"""The value that stands for an array while a person's function runs: whatever is done to it becomes a step."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, final

import numpy as np

from chalkgrad.errors import nearest
from chalkgrad.ir.program import NO_PARAMS
from chalkgrad.ir.registry import lookup
from chalkgrad.trace.numpy_table import ADVICE, OP_OF, called, match, method_of_ufunc, signature, unknown
from chalkgrad.trace.places import located
from chalkgrad.trace.session import Holder, NoAttribute, NotSized, Session
from chalkgrad.trace.spellings import SPELLINGS, VIEWS

# Of truths these are the logical ops; of whole numbers they are none.
_OF_TRUTHS: Mapping[Any, Any] = MappingProxyType(
    {np.bitwise_and: np.logical_and, np.bitwise_or: np.logical_or, np.invert: np.logical_not}
)
# Methods of an array that change it, or that take other arguments than the function of the same name.
_NO_METHODS = frozenset({"sort", "partition", "put", "fill", "resize", "compress", "choose"})
_TRUTH = (
    "`if`, `while`, `and`, `or`, `not`, max() and min() need a truth, and a traced value has none before it is run; "
    "write np.where(condition, a, b), &, | and ~, np.maximum and np.minimum"
)
_PLAIN = "a traced value has no number before it is run"


def _binary(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    op = OP_OF[ufunc]
    return lambda self, other: _elementwise(self.session, ufunc, op, (self, other))


def _reflected(ufunc: np.ufunc) -> Callable[[Any, Any], Any]:
    op = OP_OF[ufunc]
    return lambda self, other: _elementwise(self.session, ufunc, op, (other, self))


def _in_place(ufunc: np.ufunc, sign: str) -> Callable[[Any, Any], Any]:
    op = OP_OF[ufunc]

    def write(self: Traced, other: Any) -> Traced:
        if not self.mutable:
            return _elementwise(self.session, ufunc, op, (self, other))
        self.check_write(sign)
        new = _elementwise(self.session, ufunc, op, (self, other)).atom
        if new.type != self.atom.type:
            raise self.session.refuse(
                f"the result of {sign}= is {new.type}, which does not go into {self.atom.type}; write x = x {sign} y"
            )
        self.atom = new  # all who hold this array see it
        return self

    return write


def _refused(sign: str, instead: str) -> Callable[..., Any]:
    def refuse(self: Traced, *others: Any) -> NoReturn:
        raise self.session.refuse(f"{sign} is no op here; write {instead}")

    return refuse


def _logical(ufunc: np.ufunc) -> Callable[..., Any]:
    def apply(self: Traced, *others: Any) -> Any:
        return self.__array_ufunc__(ufunc, "__call__", self, *others)

    return apply


@final
class Traced(Holder):
    """An array or a number of the function that is being traced."""

    __slots__ = ()

    shape = property(lambda self: self.atom.type.shape)
    ndim = property(lambda self: len(self.atom.type.shape))
    size = property(lambda self: math.prod(self.atom.type.shape))
    dtype = property(lambda self: np.dtype(self.atom.type.dtype))

    # Every array operator is NumPy's ufunc of that name.
    __add__, __radd__, __iadd__ = _binary(np.add), _reflected(np.add), _in_place(np.add, "+")
    __sub__, __rsub__, __isub__ = _binary(np.subtract), _reflected(np.subtract), _in_place(np.subtract, "-")
    __mul__, __rmul__, __imul__ = _binary(np.multiply), _reflected(np.multiply), _in_place(np.multiply, "*")
    __truediv__, __rtruediv__ = _binary(np.divide), _reflected(np.divide)
    __itruediv__ = _in_place(np.divide, "/")
    __pow__, __rpow__, __ipow__ = _binary(np.power), _reflected(np.power), _in_place(np.power, "**")
    __matmul__, __rmatmul__, __imatmul__ = _binary(np.matmul), _reflected(np.matmul), _in_place(np.matmul, "@")
    __mod__, __rmod__, __imod__ = _binary(np.remainder), _reflected(np.remainder), _in_place(np.remainder, "%")
    __lt__, __le__ = _binary(np.less), _binary(np.less_equal)
    __gt__, __ge__ = _binary(np.greater), _binary(np.greater_equal)
    __and__, __or__, __invert__ = _logical(np.bitwise_and), _logical(np.bitwise_or), _logical(np.invert)
    __rand__, __ror__ = __and__, __or__
    __xor__ = __rxor__ = _refused("^", "a != b")
    __floordiv__ = __rfloordiv__ = __ifloordiv__ = _refused("//", "np.floor(a / b)")
    __divmod__ = __rdivmod__ = _refused("divmod", "np.floor(a / b) and a % b")
    __lshift__ = __rshift__ = _refused("a shift", "a * 2**n")
    __round__ = _refused("round", "np.floor(x + 0.5)")
    __floor__ = __trunc__ = _refused("math.floor", "np.floor(x)")
    __ceil__ = _refused("math.ceil", "-np.floor(-x)")

    def __eq__(self, other: object) -> Any:
        return _elementwise(self.session, np.equal, OP_OF[np.equal], (self, other))

    def __ne__(self, other: object) -> Any:
        return _elementwise(self.session, np.not_equal, OP_OF[np.not_equal], (self, other))

    def __hash__(self) -> int:
        raise self._as_numpy(NotSized, "a traced value cannot be a key or be cached: it has no number before it is run")

    def __neg__(self) -> Traced:
        return _elementwise(self.session, np.negative, OP_OF[np.negative], (self,))

    def __abs__(self) -> Traced:
        return _elementwise(self.session, np.abs, OP_OF[np.abs], (self,))

    def __pos__(self) -> Traced:
        return self.copy()

    def __bool__(self) -> bool:
        raise self.session.refuse(_TRUTH)

    def __float__(self) -> float:
        found = re.search(r"math\.(\w+)", self._line())
        advice = (
            f"write np.{found[1]} for math.{found[1]}" if found else "leave float() out, and use np.exp for math.exp"
        )
        raise self.session.refuse(
            f"{_PLAIN}; {advice}; to fill an array entry by entry, collect them in a list and write np.stack(list)"
        )

    __complex__ = __float__

    def __int__(self) -> int:
        raise self.session.refuse(f"{_PLAIN}; write np.floor(x), or give what must be a plain int as below")

    def __index__(self) -> int:
        raise self.session.refuse(
            f"{_PLAIN}, so it can be no index, size or range; what must be a plain int is given by a default, "
            "by functools.partial(f, n=3) or by a surrounding function"
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise self.session.refuse(
            f"{_PLAIN}, so no plain array can be made of it or filled with it, nor be indexed by it; "
            "leave np.array(x) out, and write np.stack([a, b]) for np.array([a, b])"
        )

    def __len__(self) -> int:
        if not self.shape:
            raise self._as_numpy(NotSized, "len() of a number, which has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Traced]:
        if not self.shape:
            raise self._as_numpy(NotSized, "iteration over a number, which has no entries")
        return map(self._entry, range(self.shape[0]))

    def __getitem__(self, key: Any) -> Traced:
        index, basic = self._key(key)
        out = Traced(self.session, self.session.bind(lookup("index"), (self,), MappingProxyType({"index": index})))
        if basic and (out.shape or any(i is ... for i in (index if isinstance(index, tuple) else (index,)))):
            out.mutable = True
            out.see(self)
        return out

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise self.session.refuse(
            "writing into an array is not traced yet; write x = np.where(mask, new, x), "
            "or collect the entries in a list and write np.stack(list)"
        )

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name, None)
        if name.startswith("__") or not hasattr(np.ndarray, name):
            near = nearest(name, [n for n in dir(np.ndarray) if not n.startswith("_")])
            raise self._as_numpy(NoAttribute, f"an array has no attribute '{name}'{near}")
        if name not in _NO_METHODS and (function in SPELLINGS or function in OP_OF):
            return functools.partial(self._call, function, self)
        instead = f"; write {ADVICE[name]}" if name in ADVICE else ""
        raise self._as_numpy(NoAttribute, f".{name} of an array is no op here{instead}")

    def __copy__(self) -> Traced:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Traced:
        return self.copy()

    def __repr__(self) -> str:
        return f"<traced {self.atom.hint or 'value'}: {self.atom.type}>"

    def __format__(self, spec: str) -> str:
        return repr(self)  # a print left in for debugging does no harm

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of each element."""
        session = self.session
        if method != "__call__":
            raise session.refuse(method_of_ufunc(ufunc, method))
        out = options.get("out")
        if out is not None and isinstance(out[0], np.ndarray) and out[0] is inputs[0]:
            raise session.refuse("a plain array cannot take in a traced value; write a = a + x for a += x")
        if options:
            names = ", ".join(f"{name}=" for name in options)
            raise session.refuse(f"{called(ufunc)} with {names} has no reading here; leave it out")
        if ufunc is np.positive:
            return self.copy()
        if ufunc in _OF_TRUTHS and all(_is_truth(x) for x in inputs):
            ufunc = _OF_TRUTHS[ufunc]
        if ufunc not in OP_OF:
            named = getattr(np, ufunc.__name__, None)
            if named in SPELLINGS:  # the ufunc inside of np.clip, which array.clip(low, x) calls
                return self._call(named, *inputs)
            raise session.refuse(unknown(ufunc, OP_OF))
        return _elementwise(session, ufunc, OP_OF[ufunc], inputs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """NumPy's other functions."""
        return self._call(function, *args, **options)

    @property
    def T(self) -> Traced:
        """Transposed; of less than two axes, the same again."""
        if len(self.shape) > 1:
            return self._call(np.transpose, self)
        same = Traced(self.session, self.atom, self.mutable)
        same.see(self)
        return same

    def transpose(self, *axes: Any) -> Traced:
        return self._call(np.transpose, self, axes[0] if len(axes) == 1 else axes or None)

    def reshape(self, *shape: Any, **options: Any) -> Traced:
        return self._call(np.reshape, self, shape[0] if len(shape) == 1 else shape, **options)

    def flatten(self) -> Traced:
        return self.write("reshape", self, shape=(-1,))

    def copy(self) -> Traced:
        """The same value, held apart: a later `+=` changes only one of the two."""
        return Traced(self.session, self.atom, self.mutable)

    def item(self, *at: Any) -> Traced:
        """The one number in an array of one, or the one at an index; still traced."""
        if at:
            return self[at[0] if len(at) == 1 and len(self.shape) < 2 else at]
        return self.write("reshape", self, shape=()) if self.shape else Traced(self.session, self.atom, False)

    def astype(self, dtype: Any, copy: bool = True) -> Traced:
        """The same dtype, or truths and whole numbers as floats."""
        to, have = np.dtype(dtype).name, self.atom.type.dtype
        if to == have:
            return self.copy() if copy else self
        if to in ("float64", "float32") and have == "bool":
            return self.write("indicator", self, **({} if to == "float64" else {"dtype": to}))
        if to == "float64" and have == "int64":
            return self.write("multiply", self, 1.0)
        raise self.session.refuse(f"astype from {have} to {to} is no op here; convert the argument before the call")

    def write(self, name: str, /, *inputs: Any, **params: Any) -> Traced:
        """Add a step of the op called `name`."""
        given = MappingProxyType(params) if params else NO_PARAMS
        return Traced(self.session, self.session.bind(lookup(name), inputs, given))

    def match(self, function: Any, /, *args: Any, **options: Any) -> Traced:
        """Add a step of the op that the NumPy function stands for."""
        op = OP_OF[function]
        inputs, params = match(op, function, args, options, self.session.refuse)
        return Traced(self.session, self.session.bind(op, inputs, params))

    def _call(self, function: Any, /, *args: Any, **options: Any) -> Any:
        session = self.session
        if function not in SPELLINGS and function not in OP_OF:
            raise session.refuse(unknown(function, [*OP_OF, *SPELLINGS]))
        spelling = SPELLINGS.get(function)
        if spelling is None:
            out: Any = self.match(function, *args, **options)
        else:
            with session.one_name():
                try:
                    signature(spelling).bind(self, *args, **options)
                except TypeError as error:
                    raise session.refuse(f"{called(function)}: {error}") from None
                out = spelling(self, *args, **options)
        if isinstance(out, Traced) and (function in VIEWS or function is np.where):
            out.mutable = True
            if function in VIEWS and isinstance(args[0], Holder):
                out.see(args[0])
        return out

    def _entry(self, at: int) -> Traced:
        entry = self[at]
        entry.atom.hint = ""  # what comes next in the code is not where this one goes
        return entry

    def _key(self, key: Any, /) -> tuple[Any, bool]:
        """The index in plain Python, and whether NumPy gives a view for it."""
        if isinstance(key, tuple):
            parts = [self._key(k) for k in key]
            return tuple([k for k, _ in parts]), all(basic for _, basic in parts)
        if isinstance(key, Holder):
            mask = key.atom.type.dtype == "bool"
            raise self.session.refuse(
                f"{'a mask' if mask else 'an index'} that is traced has no numbers before it is run; "
                + ("write np.where(mask, x, 0.0)" if mask else "index by plain ints or arrays of the surrounding code")
            )
        if isinstance(key, slice):
            ends: list[Any] = [self._key(k)[0] for k in (key.start, key.stop, key.step)]
            return slice(*ends), True
        if isinstance(key, (list, np.ndarray)):
            array = np.array(key)
            return (array.tolist() if array.size else array.astype(array.dtype if array.ndim > 1 else int)), False
        return (key.item() if isinstance(key, np.generic) else key), not isinstance(key, (bool, np.bool_))

    def check_write(self, sign: str) -> None:
        """Raise TraceError where `+=` would be seen by others, or by the caller."""
        memory = self.memory
        advice = f"write x = x {sign} y for x {sign}= y"
        if memory is not None and memory.given:
            raise self.session.refuse(
                f"NumPy would change the caller's own array here; {advice}, or take x.copy() first"
            )
        if memory is not None and memory.shared(self):
            raise self.session.refuse(
                f"NumPy would change two arrays here, since one is a view of the other (a slice, .T or reshape); "
                f"{advice}, and take the other anew if it is to change too"
            )

    def _line(self) -> str:
        origin, _ = self.session.places.here()
        return origin.text if origin else ""

    def _as_numpy(self, kind: type[NotSized] | type[NoAttribute], problem: str) -> Exception:
        return kind(located(self.session.places.here()[0], problem))


def _elementwise(session: Session, ufunc: np.ufunc, op: Any, inputs: tuple[Any, ...]) -> Traced:
    """One step. What NumPy has no arithmetic for, as the negative of a truth, is refused now and not when it is run."""
    var = session.bind(op, inputs)
    if not var.type.floating:
        kinds = tuple([np.dtype(a.type.dtype) for a in session.builder.steps[-1].inputs])
        try:
            ufunc.resolve_dtypes((*kinds, *[None] * ufunc.nout))
        except TypeError as error:
            raise session.refuse(str(error)) from None
    return Traced(session, var)


def _is_truth(value: Any) -> bool:
    kind = value.atom.type.dtype if isinstance(value, Holder) else np.asarray(value).dtype.name
    return kind == "bool"
