"""What the names of a person's code stand for while a trace runs. Restored at its end.

NumPy is its stand-in there, and an array is one that tells when it is read. Only the names of the modules that the
traced function can be seen to use are bound anew, never anything of NumPy's own.
Several traces may run at once, in several threads or one in the other: the names are restored after the last.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
import types
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, final

from chalkgrad.trace.captured import functions, outside
from chalkgrad.trace.creators import stand_in
from chalkgrad.trace.watched import Watched

_LOCK = threading.RLock()
_LIBRARIES = tuple({os.path.join(sysconfig.get_paths()[k], "") for k in ("stdlib", "platstdlib", "purelib", "platlib")})


@final
class _Space:
    """Names and what they stand for: a module's, or those of a function's closure."""

    __slots__ = ("count", "get", "held", "names", "replaced", "set")

    def __init__(self, held: Any, names: Callable[[], list[str]], get: Any, set: Any) -> None:
        self.held, self.names, self.get, self.set = held, names, get, set
        self.count = 0
        self.replaced: list[tuple[str, Any, Any]] = []

    def enter(self) -> None:
        self.count += 1
        for name in self.names() if self.count == 1 else ():
            value = self.get(name)
            stand = stand_in(value)
            if stand is not value:
                self.replaced.append((name, value, stand))
                self.set(name, stand)

    def leave(self) -> None:
        self.count -= 1
        if self.count:
            return
        for name, value, stand in self.replaced:
            if name in self.names() and self.get(name) is stand:  # else the function has bound it anew itself
                self.set(name, value)


_SPACES: dict[int, _Space] = {}


@contextmanager
def bound(function: Callable[..., Any]) -> Generator[set[int]]:
    """While this runs, NumPy is its stand-in in the modules that the function can be seen to use.

    Gives the ids of the arrays that are watched meanwhile.
    """
    entered: list[_Space] = []
    try:
        with _LOCK:
            for made in _spaces(function):
                space = _SPACES.setdefault(id(made.held), made)
                entered.append(space)
                space.enter()
        yield {id(value) for space in entered for _, value, stand in space.replaced if type(stand) is Watched}
    finally:
        with _LOCK:
            for space in reversed(entered):
                space.leave()
                if not space.count:
                    _SPACES.pop(id(space.held), None)


def _spaces(function: Callable[..., Any]) -> Iterator[_Space]:
    met: set[int] = set()
    home = _top(getattr(function, "__module__", "") or "")
    waiting: list[Any] = [function]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, types.ModuleType):
            if _is_own(value.__name__, getattr(value, "__file__", None), home) and id(value.__dict__) not in met:
                met.add(id(value.__dict__))
                yield _of_dict(value.__dict__)
            continue
        if isinstance(value, type):
            if value.__module__ != "builtins" and _is_own(value.__module__, _file(value.__module__), home):
                waiting += [v for v in vars(value).values() if isinstance(v, types.FunctionType)]
            continue
        if isinstance(value, types.MethodType):
            waiting.append(type(value.__self__))
        found = functions(value) if callable(value) else []
        if not found and not isinstance(value, (str, int, float, tuple, list, dict)):
            waiting.append(type(value))
        for f in found:
            space = f.__globals__
            if not _is_own(str(space.get("__name__", "")), space.get("__file__"), home):
                continue
            if id(space) not in met:
                met.add(id(space))
                yield _of_dict(space)
            for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
                if id(cell) not in met:
                    met.add(id(cell))
                    yield _of_cell(name, cell)
            waiting += [v for _, v in outside(f) if not isinstance(v, types.FunctionType)]


def _of_dict(space: dict[str, Any]) -> _Space:
    return _Space(space, lambda: list(space), space.__getitem__, space.__setitem__)


def _of_cell(name: str, cell: types.CellType) -> _Space:
    def names() -> list[str]:
        try:
            _ = cell.cell_contents
        except ValueError:  # still empty
            return []
        return [name]

    def put(_: str, value: Any) -> None:
        cell.cell_contents = value

    return _Space(cell, names, lambda _: cell.cell_contents, put)


def _file(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


def _is_own(module: str, file: str | None, home: str) -> bool:
    """Whether a module is a person's own: of the traced function's package, or no library."""
    if _top(module) in ("chalkgrad", "numpy"):
        return False
    return _top(module) == home or (file is not None and not os.path.abspath(file).startswith(_LIBRARIES))


def _top(module: str) -> str:
    return module.split(".")[0]
