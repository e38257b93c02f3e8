"""Threads that wait in machine code for parts of a loop: a hand-over takes a few microseconds, and needs no GIL.

    void in_parts(ptr function, ptr context, i64 parts)

calls `function(context, k)` for every k below `parts`, each once, in this thread and in those that wait. Who comes
while another call has them, and whoever comes where there are none, does all parts itself. What is done is the same.

Who waits for others lets them have the processor, if they must share it. A thread that has nothing to do looks for
work for a while, and then sleeps.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import platform
import threading
import time
from functools import cache
from typing import Any

from chalkgrad.native.call import engine

FUNCTIONS = ("in_parts", "wait_for_work", "stop_all", "forget_all", "how_many")
# Seconds that threads are given to start.
PATIENCE = 5.0
# How often a thread looks for work before it sleeps; some tens of microseconds.
LOOKS = 4000
# What the system's locks may need, in bytes; they need 40 to 64.
LOCK = 256
POSIX = (
    "pthread_mutex_init",
    "pthread_mutex_lock",
    "pthread_mutex_unlock",
    "pthread_cond_init",
    "pthread_cond_wait",
    "pthread_cond_broadcast",
    "sched_yield",
)

# How a processor is told that somebody only looks, which leaves more of it to others.
_X86, _ARM = ("void @llvm.x86.sse2.pause()", "()"), ("void @llvm.aarch64.hint(i32 1)", "(i32)")
_PAUSES = {"x86_64": _X86, "amd64": _X86, "aarch64": _ARM, "arm64": _ARM}

_TEXT = """
@round = internal global i64 0
@open = internal global i32 0
@function = internal global ptr null
@context = internal global ptr null
@parts = internal global i64 0
@next = internal global i64 0
@left = internal global i64 0
@busy = internal global i32 0
@waiting = internal global i32 0
@asleep = internal global i32 0
@active = internal global i32 0
@stopping = internal global i32 0
@mutex = internal global [LOCK x i8] zeroinitializer, align 64
@cond = internal global [LOCK x i8] zeroinitializer, align 64

declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @sched_yield()

define internal void @take() {
entry:
  %f = load atomic ptr, ptr @function seq_cst, align 8
  %c = load atomic ptr, ptr @context seq_cst, align 8
  %n = load atomic i64, ptr @parts seq_cst, align 8
  br label %head
head:
  %k = atomicrmw add ptr @next, i64 1 seq_cst
  %some = icmp slt i64 %k, %n
  br i1 %some, label %body, label %done
body:
  call void %f(ptr %c, i64 %k)
  %before = atomicrmw sub ptr @left, i64 1 seq_cst
  br label %head
done:
  ret void
}

define void @in_parts(ptr %function, ptr %context, i64 %parts) {
entry:
  %others = load atomic i32, ptr @waiting seq_cst, align 4
  %some = icmp sgt i32 %others, 0
  br i1 %some, label %ask, label %alone
ask:
  %asked = cmpxchg ptr @busy, i32 0, i32 1 seq_cst seq_cst
  %mine = extractvalue { i32, i1 } %asked, 1
  br i1 %mine, label %share, label %alone
alone:
  %any = icmp sgt i64 %parts, 0
  br i1 %any, label %each, label %done
each:
  %k = phi i64 [ 0, %alone ], [ %more, %each ]
  call void %function(ptr %context, i64 %k)
  %more = add i64 %k, 1
  %again = icmp slt i64 %more, %parts
  br i1 %again, label %each, label %done
share:
  store atomic ptr %function, ptr @function seq_cst, align 8
  store atomic ptr %context, ptr @context seq_cst, align 8
  store atomic i64 %parts, ptr @parts seq_cst, align 8
  store atomic i64 0, ptr @next seq_cst, align 8
  store atomic i64 %parts, ptr @left seq_cst, align 8
  store atomic i32 1, ptr @open seq_cst, align 4
  call void @announce()
  call void @take()
  br label %finishing
finishing:
  %spins = phi i64 [ 0, %share ], [ %spun, %later ]
  %left = load atomic i64, ptr @left seq_cst, align 8
  %over = icmp eq i64 %left, 0
  br i1 %over, label %closing, label %spin
spin:
  PAUSE
  %spun = add i64 %spins, 1
  %few = and i64 %spun, 1023
  %long = icmp eq i64 %few, 0
  br i1 %long, label %yield, label %later
yield:
  %yielded = call i32 @sched_yield()
  br label %later
later:
  br label %finishing
closing:
  store atomic i32 0, ptr @open seq_cst, align 4
  br label %leaving
leaving:
  %active = load atomic i32, ptr @active seq_cst, align 4
  %gone = icmp eq i32 %active, 0
  PAUSE
  br i1 %gone, label %free, label %leaving
free:
  store atomic i32 0, ptr @busy seq_cst, align 4
  br label %done
done:
  ret void
}

define internal void @announce() {
entry:
  %before = atomicrmw add ptr @round, i64 1 seq_cst
  %asleep = load atomic i32, ptr @asleep seq_cst, align 4
  %some = icmp sgt i32 %asleep, 0
  br i1 %some, label %wake, label %done
wake:
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  %b = call i32 @pthread_cond_broadcast(ptr @cond)
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %done
done:
  ret void
}

define void @wait_for_work() {
entry:
  %start = load atomic i64, ptr @round seq_cst, align 8
  %one = atomicrmw add ptr @waiting, i32 1 seq_cst
  %late = load atomic i32, ptr @stopping seq_cst, align 4
  %useless = icmp ne i32 %late, 0
  br i1 %useless, label %done, label %idle
idle:
  %seen = phi i64 [ %start, %entry ], [ %now, %worked ]
  br label %look
look:
  %looks = phi i64 [ 0, %idle ], [ %looked, %again ]
  %here = load atomic i64, ptr @round seq_cst, align 8
  %news = icmp ne i64 %here, %seen
  br i1 %news, label %rise, label %again
again:
  PAUSE
  %looked = add i64 %looks, 1
  %tired = icmp sge i64 %looked, LOOKS
  br i1 %tired, label %sleep, label %look
sleep:
  %l = call i32 @pthread_mutex_lock(ptr @mutex)
  %more = atomicrmw add ptr @asleep, i32 1 seq_cst
  br label %check
check:
  %still = load atomic i64, ptr @round seq_cst, align 8
  %nothing = icmp eq i64 %still, %seen
  br i1 %nothing, label %wait, label %wake
wait:
  %w = call i32 @pthread_cond_wait(ptr @cond, ptr @mutex)
  br label %check
wake:
  %less = atomicrmw sub ptr @asleep, i32 1 seq_cst
  %u = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %rise
rise:
  %now = load atomic i64, ptr @round seq_cst, align 8
  %stop = load atomic i32, ptr @stopping seq_cst, align 4
  %ends = icmp ne i32 %stop, 0
  br i1 %ends, label %done, label %join
join:
  %in = atomicrmw add ptr @active, i32 1 seq_cst
  %open = load atomic i32, ptr @open seq_cst, align 4
  %is = icmp ne i32 %open, 0
  br i1 %is, label %work, label %worked
work:
  call void @take()
  br label %worked
worked:
  %out = atomicrmw sub ptr @active, i32 1 seq_cst
  br label %idle
done:
  %gone = atomicrmw sub ptr @waiting, i32 1 seq_cst
  ret void
}

define i32 @how_many() {
entry:
  %now = load atomic i32, ptr @waiting seq_cst, align 4
  ret i32 %now
}

define void @stop_all() {
entry:
  br label %ask
ask:
  %asked = cmpxchg ptr @busy, i32 0, i32 1 seq_cst seq_cst
  %mine = extractvalue { i32, i1 } %asked, 1
  PAUSE
  br i1 %mine, label %tell, label %ask
tell:
  store atomic i32 1, ptr @stopping seq_cst, align 4
  call void @announce()
  ret void
}

define void @forget_all() {
entry:
  store atomic i32 0, ptr @waiting seq_cst, align 4
  store atomic i32 0, ptr @asleep seq_cst, align 4
  store atomic i32 0, ptr @active seq_cst, align 4
  store atomic i32 0, ptr @open seq_cst, align 4
  store atomic i32 0, ptr @busy seq_cst, align 4
  store atomic i32 0, ptr @stopping seq_cst, align 4
  %m = call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  %c = call i32 @pthread_cond_init(ptr @cond, ptr null)
  ret void
}
"""
_ALONE = """
define void @in_parts(ptr %function, ptr %context, i64 %parts) {
entry:
  %any = icmp sgt i64 %parts, 0
  br i1 %any, label %each, label %done
each:
  %k = phi i64 [ 0, %entry ], [ %more, %each ]
  call void %function(ptr %context, i64 %k)
  %more = add i64 %k, 1
  %again = icmp slt i64 %more, %parts
  br i1 %again, label %each, label %done
done:
  ret void
}
"""

_LOCK = threading.Lock()
_WORKERS: list[threading.Thread] = []
# How many threads the process had that this one was forked from, until it has as many of its own.
_MISSING = [0]


@cache
def _locks() -> dict[str, int]:
    """The system's locks; none where it has others."""
    if os.name != "posix":
        return {}
    process = ctypes.CDLL(None)
    found: dict[str, int] = {}
    for name in POSIX:
        function = getattr(process, name, None)
        if function is None:
            return {}
        found[name] = ctypes.cast(function, ctypes.c_void_p).value or 0
    return found


@cache
def _compiled() -> Any:
    if not _locks():
        return engine.compiled(_ALONE, FUNCTIONS[:1])
    pause = _PAUSES.get(platform.machine().lower())
    declared = f"declare {pause[0].split('(')[0]}{pause[1]}\n" if pause else ""
    text = declared + _TEXT.replace("PAUSE", f"call {pause[0]}" if pause else "")
    text = text.replace("LOOKS", str(LOOKS)).replace("LOCK", str(LOCK))
    code = engine.compiled(text, FUNCTIONS, _locks())
    _call(code, "forget_all")
    return code


def _call(code: Any, name: str) -> None:
    ctypes.CFUNCTYPE(None)(code.addresses[name])()


def address() -> int:
    """Where `in_parts` lies in memory."""
    with _LOCK:
        _again()
        return _compiled().addresses["in_parts"]


def resize(others: int) -> None:
    """Have so many threads wait, beside the one that calls."""
    with _LOCK:
        _MISSING[0] = 0
        if others == len(_WORKERS) or not _locks():
            return
        _stop()
        _start(others)


def size() -> int:
    """How many threads wait, beside the one that calls."""
    with _LOCK:
        _again()
        return len(_WORKERS)


def _stop() -> None:
    if not _WORKERS:
        return
    _call(_compiled(), "stop_all")  # once no loop has them
    for worker in _WORKERS:
        worker.join()
    _WORKERS.clear()
    _call(_compiled(), "forget_all")


def _start(others: int) -> None:
    # called as this is, the GIL is given back for as long as the function lasts
    wait = ctypes.CFUNCTYPE(None)(_compiled().addresses["wait_for_work"])
    for k in range(others):
        worker = threading.Thread(target=wait, name=f"chalkgrad-{k + 1}", daemon=True)
        worker.start()
        _WORKERS.append(worker)
    # the next loop finds them all
    waiting = ctypes.CFUNCTYPE(ctypes.c_int32)(_compiled().addresses["how_many"])
    until = time.monotonic() + PATIENCE
    while waiting() < others and time.monotonic() < until:
        time.sleep(0.0001)


def _again() -> None:
    """After a fork: as many threads as there were before it. The lock is held."""
    others, _MISSING[0] = _MISSING[0], 0
    if others:
        _start(others)


def _after_fork() -> None:
    """A child has none of its parent's threads. It gets its own when it compiles or is asked for them, and not within
    the hook of the fork: until then it does all parts alone, which gives the same."""
    if _LOCK.locked():  # by a thread that is not here
        _LOCK.release()
    if _WORKERS:
        _MISSING[0] = len(_WORKERS)
        _WORKERS.clear()
        _call(_compiled(), "forget_all")


# their code is given back when the process ends: none may be in it then
atexit.register(resize, 0)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["address", "resize", "size"]
