"""LLVM in process: text of LLVM's language in, addresses of functions out; what was compiled is kept on disk.

One TargetMachine for all; an engine for each text, made from the object file, since an engine made from LLVM's own
text keeps fourteen times the memory. The object file is the same bytes that the cache holds. Who asks for a text that
is in memory already, as for another size of the same function, gets that.
"""

from __future__ import annotations

import hashlib
import importlib
import itertools
import os
import platform
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, final

from chalkgrad.errors import ChalkgradError

# Raised where texts that are the same become other machine code: then what was kept is not used again.
GENERATION = 1
# Kept on disk at most, in bytes; the least recently used goes first. Looked at once in so many writes.
LARGEST, EVERY = 256 * 2**20, 64
# Longer texts are compiled with fewer passes, whose time grows faster than the text.
LONG = 400_000
# After so many seconds half a file is one that nobody is writing any more.
_ABANDONED = 3600.0

_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):  # a child finds no lock that is held by a thread which it has not
    os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)
_WRITES = itertools.count()
# By level, a builder of passes and how often it has run: so often, and then another is made.
_BUILDERS: dict[int, tuple[Any, int]] = {}
RUNS = 48


class NotCompiled(ChalkgradError):
    """LLVM did not take what it was given: a fault of ours."""


class NoCompiler(NotCompiled):
    """LLVM cannot be loaded here."""


@final
class Compiled:
    """Functions in memory, for as long as this lives."""

    __slots__ = ("__weakref__", "_engine", "addresses")

    def __init__(self, engine: Any, addresses: Mapping[str, int]) -> None:
        self._engine = engine
        self.addresses = addresses


_IN_MEMORY: weakref.WeakValueDictionary[str, Compiled] = weakref.WeakValueDictionary()


def compiled(text: str, names: tuple[str, ...], externs: Mapping[str, int] | None = None) -> Compiled:
    """Compile a module and give the addresses of these functions in it. `externs` are functions that it calls.

    Raises NotCompiled where the text is no legal module, NoCompiler where LLVM is not installed.
    """
    externs = externs or {}
    key = _key(text)
    place = f"{key} {sorted(externs.items())}"
    with _LOCK:
        found = _IN_MEMORY.get(place)
        if found is None:
            try:
                found = _IN_MEMORY[place] = _loaded(key, text, names, externs)
            except (RuntimeError, OSError, AttributeError) as error:
                raise NotCompiled(f"LLVM refused a module: {error!s:.2000}") from error
        return found


def _loaded(key: str, text: str, names: tuple[str, ...], externs: Mapping[str, int]) -> Compiled:
    llvm = _llvm()
    data = _kept(key)
    if data is None:
        data = _object(text)
        _keep(key, data)
    for name, address in externs.items():
        llvm.add_symbol(name, address)
    empty = llvm.parse_assembly("")  # no engine is made without a module
    engine = llvm.create_mcjit_compiler(empty, _machine())  # which it owns from now on
    engine.remove_module(empty)  # compiling it, empty as it is, takes longer than all else here
    empty.close()
    engine.add_object_file(llvm.ObjectFileRef.from_data(data))
    engine.finalize_object()
    addresses = {name: engine.get_function_address(name) for name in names}
    missing = [name for name, address in addresses.items() if not address]
    if missing:
        raise RuntimeError(f"there is no {', '.join(missing)} in it")
    return Compiled(engine, addresses)


@cache
def _llvm() -> Any:
    """LLVM, when it is first needed: it takes longer to load than all of the rest."""
    try:
        found: Any = importlib.import_module("llvmlite.binding")
    except (ImportError, OSError) as error:
        raise NoCompiler(f"llvmlite cannot be loaded: {error}") from error
    found.initialize_native_target()
    found.initialize_native_asmprinter()
    return found


def available() -> bool:
    """Whether there is an LLVM that can be loaded."""
    try:
        _llvm()
    except NoCompiler:
        return False
    return True


def _object(text: str) -> bytes:
    llvm = _llvm()
    # every constant that a module has is kept for as long as its context
    with llvm.create_context() as context, llvm.parse_assembly(text, context) as module:
        module.verify()
        builder = _builder(2 if len(text) < LONG else 1)
        passes = builder.getModulePassManager()
        try:
            passes.run(module, builder)
        finally:
            _dispose(passes)
        data: bytes = _shared().emit_object(module)
    return data


def _builder(level: int) -> Any:
    """What makes the passes of a level. One serves for some time: llvmlite frees not all of it, and to each, each run
    adds a little that the next one goes through."""
    llvm = _llvm()
    made, runs = _BUILDERS.get(level, (None, RUNS))
    if runs == RUNS:
        options = llvm.create_pipeline_tuning_options(speed_level=level)
        options.loop_vectorization = False  # the emitter writes vectors itself
        options.slp_vectorization = False
        made, runs = llvm.create_pass_builder(_shared(), options), 0
    _BUILDERS[level] = made, runs + 1
    return made


def _dispose(passes: Any) -> None:
    """Free passes. llvmlite's own class inherits from two, of which the first knows not how: 30 kB of each are kept."""
    inherited: Any = _llvm().newpassmanagers.NewPassManager
    if passes._dispose.__func__ is not inherited._dispose:
        inherited._dispose(passes)
        passes.detach()
    passes.close()


@cache
def _host() -> tuple[str, str, str]:
    """This machine: its triple, its processor, and what that can do."""
    llvm = _llvm()
    triple = llvm.get_default_triple()
    features = llvm.get_host_cpu_features().flatten()
    if platform.machine().lower() in ("x86_64", "amd64"):
        features += ",-prefer-256-bit"  # or vectors of 512 bits are split in two
    # the engine reads no other format, whatever the system's own is
    return triple + ("-elf" if os.name == "nt" else ""), llvm.get_host_cpu_name(), features


def _machine() -> Any:
    triple, cpu, features = _host()
    target = _llvm().Target.from_triple(triple)
    return target.create_target_machine(cpu=cpu, features=features, opt=3, reloc="pic", codemodel="default")


@cache
def _shared() -> Any:
    return _machine()


def _key(text: str) -> str:
    """By content, by machine and by compiler: what another processor's compiler kept is never met."""
    version = importlib.import_module("llvmlite").__version__
    what = "\0".join([str(GENERATION), version, *_host(), text])
    return hashlib.sha256(what.encode()).hexdigest()


def folder() -> Path | None:
    """Where compiled code is kept; None where it is not, by CHALKGRAD_CACHE=off or for want of a private folder."""
    chosen = os.environ.get("CHALKGRAD_CACHE", "")
    if chosen == "off":
        return None
    try:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(chosen or Path(home) / "chalkgrad") / "native"
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    except (OSError, RuntimeError):  # no home, or none that may be written to
        return None
    if not hasattr(os, "getuid"):
        return path
    # machine code that anybody else may write is machine code that anybody else may run here
    private = status.st_uid == os.getuid() and not status.st_mode & 0o077
    return path if private and not path.is_symlink() else None


def _kept(key: str) -> bytes | None:
    """What was kept for the key, if it is whole."""
    place = folder()
    if place is None:
        return None
    file = place / f"{key}.o"
    try:
        found = file.read_bytes()
        os.utime(file)
    except OSError:
        return None
    digest, data = found[:32], found[32:]
    return data if hashlib.sha256(key.encode() + data).digest() == digest else None


def _keep(key: str, data: bytes) -> None:
    """Written beside and then renamed, so that nobody ever reads half of it."""
    place = folder()
    if place is None:
        return
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=place, prefix=".", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(key.encode() + data).digest() + data)
        os.replace(name, place / f"{key}.o")
        if next(_WRITES) % EVERY == 0:
            trim(place)
    except OSError:  # a full disk: what was compiled serves all the same
        if name:
            Path(name).unlink(missing_ok=True)


def trim(place: Path, largest: int = LARGEST) -> None:
    """Remove the least recently used, until no more than `largest` bytes are kept; others may do so meanwhile."""
    found: list[tuple[float, int, Path]] = []
    for path in place.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        if path.suffix == ".o":
            found.append((status.st_mtime, status.st_size, path))
        elif path.suffix == ".part" and status.st_mtime < time.time() - _ABANDONED:
            path.unlink(missing_ok=True)
    total = sum([size for _, size, _ in found])
    for _, size, path in sorted(found):
        if total <= largest:
            return
        path.unlink(missing_ok=True)
        total -= size
