"""`x[key]` and `x[key] = value`, as NumPy has them: views, masks, and whole numbers that are traced."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from chalkgrad.ir.program import Number, Var
from chalkgrad.ir.registry import lookup
from chalkgrad.trace.apply import as_array, atom_for, computed, constant_of, holders, innermost, plainly
from chalkgrad.trace.decide import as_index, numbers_of
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.session import NotSized
from chalkgrad.trace.watched import plain


def read(x: Holder, key: Any) -> Any:
    """`x[key]`. A view is linked to what it views."""
    kind = type(x)
    if not isinstance(key, Holder) and x.constant and not any(not h.constant for h in holders(_parts(key))):
        out: Any = computed(x, lambda a, k: a[k], (x, key))
        index, basic = key_of(x, key)
    else:
        moved = _gathered(x, key)
        if moved is not None:
            if moved.atom.type.shape and _is_row(key):
                moved.memory = x.own().view(moved.atom, lambda a: a[key])
            return moved
        index, basic = key_of(x, key)
        out = kind(x.session, x.session.bind(lookup("index"), (x,), MappingProxyType({"index": index})))
    parts = index if isinstance(index, tuple) else (index,)
    if basic and isinstance(out, Holder) and (out.atom.type.shape or any(i is ... for i in parts)):
        out.mutable = True
        out.memory = x.own().view(out.atom, lambda a: a[index], key=index)
    return out


def write(x: Holder, key: Any, value: Any) -> None:
    """`x[key] = value`.

    Raises TraceError where NumPy would change what the trace must not, or would lose the fraction of a number.
    """
    session = x.session
    if not x.mutable:
        raise session.refuse_as(NotSized, "a number has no entries that could be written")
    check_write(x, "x = np.where(mask, new, x) for x[mask] = new")
    if isinstance(value, (list, tuple)):
        value = as_array(session, type(x), value)
    if isinstance(value, Holder) and value.memory is not None and value.memory.base is x.memory is not None:
        index, basic = key_of(x, key)
        if basic and value.memory.key == index:
            return  # x[key] += v: the view that was read has written v already
    if isinstance(key, Holder) and _is_mask(x, key) and _bare(value):
        chosen = session.bind(lookup("where"), (key, value, x))
        if chosen.type == x.atom.type:
            chosen.hint = getattr(x.atom, "hint", "")
            x.change(chosen)
            return
    index, _ = key_of(x, key)
    atom = atom_for(x, value)
    if isinstance(x.atom, Number) and isinstance(atom, Number):
        array = np.array(plainly(x))
        array[numpy_key(index)] = atom.value
        made = constant_of(array)
        assert made is not None
        x.change(made)
        return
    new = session.bind(lookup("updated"), (kept(x), kept(x, atom)), MappingProxyType({"index": index}))
    new.hint = getattr(x.atom, "hint", "")
    x.change(new)


def kept(x: Holder, atom: Any = None) -> Holder:
    """A holder, for a step, of what x is now, or of another atom of its trace."""
    return type(x)(x.session, x.atom if atom is None else atom)


def check_write(x: Holder, instead: str) -> None:
    """Raise TraceError where a write would be seen by the caller, or NumPy itself allows none."""
    memory, session = x.memory, x.session
    if memory is None:
        return
    if memory.root.given:
        raise session.refuse(
            f"NumPy would change the caller's own array here; take x = x.copy() first, or write {instead}"
        )
    if memory.frozen:
        raise session.refuse("NumPy lets nobody write here: it is a view of a diagonal or of a broadcast; take a copy")


def key_of(x: Holder, key: Any) -> tuple[Any, bool]:
    """The index in plain Python, and whether NumPy gives a view for it. What is traced in it is decided."""
    key = plain(key)
    if isinstance(key, tuple):
        parts = [key_of(x, k) for k in key]
        return tuple([k for k, _ in parts]), all(basic for _, basic in parts)
    if isinstance(key, Holder):
        atom = key.atom
        if isinstance(atom, Var) and atom.type.shape == () and atom.type.dtype != "bool":
            return as_index(key), True
        key = numbers_of(key, "an index")
    if isinstance(key, slice):
        ends: list[Any] = [as_index(e) if isinstance(e, Holder) else _item(e) for e in (key.start, key.stop, key.step)]
        return slice(*ends), True
    if isinstance(key, list) and any(True for _ in holders(key)):
        key = [as_index(k) if isinstance(k, Holder) else k for k in key]
    if isinstance(key, (list, np.ndarray)):
        array = np.array(key)
        return (array.tolist() if array.size else array.astype(array.dtype if array.ndim > 1 else int)), False
    return _item(key), not isinstance(key, (bool, np.bool_))


def _gathered(x: Holder, key: Any) -> Holder | None:
    """The entries at places that are traced: a step that reads them, and no number decided."""
    parts = key if isinstance(key, tuple) else (key,)
    places = [p for p in parts if _is_places(p)]
    if not places:
        return None
    if len(parts) == 1 and len(places[0].atom.type.shape) == 1 == len(x.atom.type.shape):
        op, params = lookup("take_along"), {}
    else:
        counted = iter(range(len(places)))
        still = [f"#{next(counted)}" if _is_places(p) else key_of(x, p)[0] for p in parts]
        op, params = lookup("entries"), {"index": tuple(still)}
    found: Any = innermost([x, *places])
    return type(x)(found.session, found.session.bind(op, (x, *places), MappingProxyType(params)))


def _is_row(key: Any) -> bool:
    """Whether NumPy gives a view: every place is one whole number, and the rest are slices."""
    parts = key if isinstance(key, tuple) else (key,)
    whole = [p for p in parts if isinstance(p, (Holder, int, np.integer))]
    slices = [p for p in parts if isinstance(p, slice) or p is None or p is ...]
    shapes = [p.atom.type.shape for p in whole if isinstance(p, Holder)]
    return len(whole) + len(slices) == len(parts) and all(s == () for s in shapes)


def _is_places(key: Any) -> bool:
    return isinstance(key, Holder) and isinstance(key.atom, Var) and key.atom.type.dtype == "int64"


def _parts(key: Any) -> Any:
    """A key with the ends of its slices laid open."""
    if isinstance(key, tuple):
        return [_parts(k) for k in key]
    return [key.start, key.stop, key.step] if isinstance(key, slice) else key


def numpy_key(index: Any) -> Any:
    """The index as NumPy wants it: lists are arrays, and an empty one is an array of no ints."""
    if isinstance(index, tuple):
        return tuple([numpy_key(i) for i in index])
    return np.asarray(index, dtype=None if index else int) if isinstance(index, list) else index


def _is_mask(x: Holder, key: Holder) -> bool:
    return key.atom.type.dtype == "bool" and key.atom.type.shape == x.atom.type.shape and isinstance(key.atom, Var)


def _bare(value: Any) -> bool:
    """Whether it is one number, whatever its mask."""
    if isinstance(value, Holder):
        return value.atom.type.shape == ()
    return isinstance(value, (bool, int, float, np.generic))


def _item(key: Any) -> Any:
    return key.item() if isinstance(key, np.generic) else key
