"""Graphviz from Python: its cache is a convenience, and nothing depends on it."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chalkgrad.errors import ChalkgradError
from chalkgrad.render import graphviz

DOT = "digraph{rankdir=LR;a->b;a->c;b->d;c->d}"
CODE = f"from chalkgrad.render.graphviz import layout; print(len(layout({DOT!r})['objects']))"


def draw(cache, **others):
    """Lay a graph out in a process of its own; return what it printed."""
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), **others}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=env, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.strip()


def stored(cache):
    return [path for path in (cache / "chalkgrad").iterdir() if path.suffix == ".bin"]


@pytest.fixture
def filled(tmp_path):
    """A cache of the test's own that has the module, as the tests' common one has it once something is drawn."""
    graphviz.layout(DOT)
    (path,) = stored(Path(os.environ["XDG_CACHE_HOME"]))
    (tmp_path / "chalkgrad").mkdir(mode=0o700)
    return Path(shutil.copy2(path, tmp_path / "chalkgrad"))


def test_positions_come_back():
    found = graphviz.layout(DOT)
    places = {thing["name"]: tuple(map(float, thing["pos"].split(","))) for thing in found["objects"]}
    assert places["a"][0] < places["b"][0] == places["c"][0] < places["d"][0]


def test_the_same_graph_has_the_same_layout():
    assert graphviz.layout(DOT) == graphviz.layout(DOT)


@pytest.mark.parametrize("dot", ["", "digraph{", "digraph{a->}", "\0"])
def test_a_fault_in_the_source_is_an_error_and_the_next_graph_is_laid_out(dot):
    with pytest.raises(ChalkgradError, match="Graphviz"):
        graphviz.layout(dot)
    assert len(graphviz.layout(DOT)["objects"]) == 4


def test_a_trap_is_an_error_and_the_next_graph_is_laid_out():
    with pytest.raises(ChalkgradError):
        graphviz.layout("digraph{" + "subgraph{" * 100_000 + "a" + "}" * 100_000 + "}")
    assert len(graphviz.layout(DOT)["objects"]) == 4


def test_the_compiled_module_is_kept_privately(tmp_path):
    assert draw(tmp_path) == "4"
    (path,) = stored(tmp_path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.stat().st_mtime_ns
    assert draw(tmp_path) == "4"
    assert path.stat().st_mtime_ns == before  # read, not written anew
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other", "folder"])
def test_a_damaged_cache_is_replaced_or_passed_over(tmp_path, filled, damage):
    path, whole = filled, filled.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
        path.write_bytes({"empty": b"", "cut": whole[:1000], "flipped": flipped, "other": b"x" * 5000}[damage])
    assert draw(tmp_path) == "4"
    if damage != "folder":
        mended = path.read_bytes()
        assert mended[:32] == hashlib.sha256(mended[32:]).digest()
        assert len(mended) > 100_000


def test_a_module_of_another_wasmtime_is_compiled_anew(tmp_path, filled):
    body = b"\x7fELF" + bytes(5000)
    filled.write_bytes(hashlib.sha256(body).digest() + body)  # sound as a file, but no module of ours
    assert draw(tmp_path) == "4"


def test_without_a_place_for_the_cache_it_is_drawn_all_the_same(tmp_path):
    (tmp_path / "file").write_text("")
    assert draw(tmp_path / "file") == "4"
    assert draw("/proc/nowhere") == "4"
    assert draw("relative", HOME=str(tmp_path / "file")) == "4"


def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path):
    (tmp_path / "chalkgrad").mkdir()
    (tmp_path / "chalkgrad").chmod(0o777)
    assert draw(tmp_path) == "4"
    assert not stored(tmp_path)


def test_a_linked_cache_file_is_not_followed(tmp_path, filled):
    filled.rename(tmp_path / "elsewhere")
    filled.symlink_to(tmp_path / "elsewhere")
    assert draw(tmp_path) == "4"
    assert not filled.is_symlink()


def test_processes_may_fill_the_cache_at_once(tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    runs = [subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE, env=env) for _ in range(4)]
    assert [run.communicate()[0].strip() for run in runs] == [b"4"] * 4
    assert len(stored(tmp_path)) == 1
    assert len(list((tmp_path / "chalkgrad").iterdir())) == 1


def test_threads_may_lay_out_at_once():
    dots = [f"digraph{{{';'.join(f'n{i}->n{(i * k) % 30}' for i in range(1, 30))}}}" for k in range(2, 10)]
    alone = [graphviz.layout(dot) for dot in dots]
    found = {}

    def work(index):
        found[index] = [graphviz.layout(dots[index]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(dots))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[index] == [alone[index]] * 5 for index in range(len(dots)))


def test_the_environment_and_the_files_are_out_of_its_reach():
    found = graphviz.layout('digraph{a[image="/etc/hostname",shape=none]}')
    assert "hostname" not in str(found["objects"][0].get("_ldraw_", ""))
