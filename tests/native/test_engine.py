"""LLVM in process: what is compiled, what is kept on disk, and who may read it."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest

from chalkgrad.native.call import engine

SEVEN = "define i32 @run() {\n  ret i32 7\n}\n"


def answer(compiled: engine.Compiled) -> int:
    return ctypes.CFUNCTYPE(ctypes.c_int32)(compiled.addresses["run"])()


def of(number: int) -> str:
    return SEVEN.replace("7", str(number))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept" / "native"


def compiled_anew(text: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that LLVM is given while this one is asked for."""
    found: list[str] = []
    whole = engine._object
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_object", lambda t: found.append(t) or whole(t))
        engine.compiled(text, ("run",))
    return found


def test_a_function_runs_for_as_long_as_it_is_kept() -> None:
    made = engine.compiled(of(41), ("run",))
    assert answer(made) == 41
    seen = weakref.ref(made)
    del made
    gc.collect()
    assert seen() is None


def test_a_text_in_memory_is_not_loaded_twice() -> None:
    one, other = engine.compiled(of(42), ("run",)), engine.compiled(of(42), ("run",))
    assert one is other
    assert engine.compiled(of(43), ("run",)) is not one


def test_functions_that_it_calls() -> None:
    text = "declare i32 @outside_of_it()\ndefine i32 @run() {\n  %v = call i32 @outside_of_it()\n  ret i32 %v\n}\n"
    give = ctypes.CFUNCTYPE(ctypes.c_int32)(lambda: 99)
    address = ctypes.cast(give, ctypes.c_void_p).value
    assert address
    assert answer(engine.compiled(text, ("run",), {"outside_of_it": address})) == 99


@pytest.mark.parametrize("text", ["define i32 @run() {", "", "define i32 @other() {\n  ret i32 0\n}\n", "nonsense"])
def test_what_is_no_module_is_refused(text: str) -> None:
    with pytest.raises(engine.NotCompiled):
        engine.compiled(text, ("run",))


def test_what_is_on_disk_is_not_compiled_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled_anew(of(50), monkeypatch) == [of(50)]
    assert len(list(cache.glob("*.o"))) == 1
    assert compiled_anew(of(50), monkeypatch) == []


def test_damaged_files_are_compiled_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_anew(of(51), monkeypatch)
    (file,) = cache.glob("*.o")
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], b"x" * 100):
        file.write_bytes(damaged)
        assert compiled_anew(of(51), monkeypatch) == [of(51)]
        assert file.read_bytes() == whole


def test_a_file_under_another_name_is_not_believed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_anew(of(52), monkeypatch)
    (file,) = cache.glob("*.o")
    file.rename(cache / f"{engine._key(of(53))}.o")
    assert compiled_anew(of(53), monkeypatch) == [of(53)]
    assert answer(engine.compiled(of(53), ("run",))) == 53


def test_another_machine_has_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    here = engine._key(SEVEN)
    triple, cpu, features = engine._host()
    for other in ((triple, cpu, "+sse2"), (triple, "elsewhere", features), ("arm64", cpu, features)):
        monkeypatch.setattr(engine, "_host", lambda other=other: other)
        assert engine._key(SEVEN) != here


def test_no_cache_where_none_is_wanted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHALKGRAD_CACHE", "off")
    assert engine.folder() is None
    assert compiled_anew(of(54), monkeypatch) == compiled_anew(of(54), monkeypatch) == [of(54)]


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="rights are of another kind there")
def test_a_folder_that_others_may_write_into_is_not_used(cache: Path) -> None:
    assert engine.folder() == cache
    assert cache.stat().st_mode & 0o777 == 0o700
    for mode in (0o720, 0o702, 0o755):
        cache.chmod(mode)
        assert engine.folder() is None
    cache.chmod(0o700)
    assert engine.folder() == cache


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="links are of another kind there")
def test_a_folder_that_is_a_link_is_not_used(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    cache.parent.mkdir()
    cache.symlink_to(tmp_path / "elsewhere")
    assert engine.folder() is None


def test_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHALKGRAD_CACHE", str(tmp_path / "file"))
    assert engine.folder() is None
    assert answer(engine.compiled(of(55), ("run",))) == 55


def test_the_least_recently_used_goes(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for k in range(60, 64):
        compiled_anew(of(k), monkeypatch)
    files = {k: cache / f"{engine._key(of(k))}.o" for k in range(60, 64)}
    for age, k in enumerate((63, 61, 60, 62)):
        os.utime(files[k], (1e9 - age, 1e9 - age))
    half = cache / ".abandoned.part"
    half.write_bytes(b"half")
    os.utime(half, (1e9, 1e9))
    engine._keep("new", b"fresh")
    engine.trim(cache, sum(files[k].stat().st_size for k in (63, 61)) + 100)
    assert {k for k in files if files[k].exists()} == {63, 61}
    assert not half.exists()


def _write_often(place: str, number: int) -> None:
    os.environ["CHALKGRAD_CACHE"] = place
    for k in range(20):
        made = engine.compiled(of(700 + k % 4), ("run",))
        assert answer(made) == 700 + k % 4, number
        del made


def test_several_processes_at_once(cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=_write_often, args=(str(cache.parent), k)) for k in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join()
        assert process.exitcode == 0
    assert {p.suffix for p in cache.iterdir()} == {".o"}
    assert len(list(cache.iterdir())) == 4


def test_several_threads_at_once() -> None:
    wrong: list[int] = []

    def work(k: int) -> None:
        for i in range(10):
            if answer(engine.compiled(of(800 + (k + i) % 5), ("run",))) != 800 + (k + i) % 5:
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork there")
def test_after_a_fork() -> None:
    code = (
        "import os, ctypes\nfrom chalkgrad.native.call import engine\n"
        "def run(k):\n"
        "    made = engine.compiled('define i32 @run() {\\n  ret i32 %d\\n}\\n' % k, ('run',))\n"
        "    return ctypes.CFUNCTYPE(ctypes.c_int32)(made.addresses['run'])()\n"
        "assert run(1) == 1\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(run(1) + run(2))\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr


def test_without_llvm(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(engine.importlib, "import_module", missing)
    engine._llvm.cache_clear()
    try:
        assert not engine.available()
        with pytest.raises(engine.NoCompiler, match="llvmlite"):
            engine._llvm()
    finally:
        monkeypatch.undo()
        engine._llvm.cache_clear()
    assert engine.available()
