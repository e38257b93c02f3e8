"""The call from Python, in LLVM's language: one text for all functions, compiled once.

A callable has a list of *blocks*, each of which says what arguments it takes and what is then run. A call goes along
the list to the first block that takes it, and where none does to a function of Python's. What a block says is a table
of words of 64 bits, so that this text need know no function; the names of the words stand here, and in the text as
`<NAME>`, which is the word's place in bytes.
"""

from __future__ import annotations

import re
from enum import IntEnum

from chalkgrad.native.call.gives import GIVES
from chalkgrad.native.call.layout import ALIGNED, BY_ROWS, Layout
from chalkgrad.native.call.takes import TAKES

# The callable: Python's head of two words, then these, and then what Python itself keeps in an object.
VECTORCALL, HEAD, RAW = 16, 24, 32

_BLOCK = (
    *("GIVEN", "NAMES", "NAMED", "CHECKS", "CHECKED", "SLOTS", "BUFFERS", "BUFFERED", "WHOLES"),
    *("RUN", "LENGTHS", "CONSTANTS", "ARENA", "STACKED", "CELL", "RELEASE", "OUTS", "RESULTS", "GUARDED"),
    *("BUILD", "BUILT", "INPUTS"),
)
# The words of a block, by their places in bytes: what each is, `chalkgrad.native.call.block` says.
BLOCK = {name: 8 * k for k, name in enumerate(_BLOCK)}
WORDS = len(_BLOCK)


class Check(IntEnum):
    """What is asked of a call; six words each, of which the first is one of these."""

    WORD = 0  # the word at address a is b
    NAME = 1  # in the dict a, the key b stands for c; 0 for nothing
    NUMBER = 2  # slot a is of type b, its number c bytes within: buffer d
    WHOLE = 3  # slot a is of type b, an int: it becomes number c, which is buffer d
    ARRAY = 4  # slot a is an array of dtype b and of the rank and dims at c: buffer d; e: it may be copied
    TUPLE = 5  # slot a is of type b, with c items, which are the slots from d
    LIST = 6  # the same of a list
    DICT = 7  # slot a is of type b, with c items, whose keys are at e and whose values are the slots from d
    SAME = 8  # slot a is the object b
    BYTES = 9  # slot a is an array whose c bytes are those at b
    TAKE = 10  # the object b goes into slot a


class Out(IntEnum):
    """How an output of the machine code is received; four words each."""

    NUMBER = 0  # into a new object of type a, which is of b bytes, c bytes within
    ARRAY = 1  # into a new array of dtype a, rank b and the dims at c
    TRUTH = 2  # a byte of the arena, at c: the object a where it is not 0, else b
    GUARD = 3  # into the arena at c: the call is another's unless its b bytes are those at a
    MADE = 4  # into a new object of type a, which the function b makes, c bytes within


class Make(IntEnum):
    """How the result is put together, on a stack; three words each."""

    LEAF = 0  # the result a
    TUPLE = 1  # of the last a
    LIST = 2
    DICT = 3  # of the last a, by the keys at b
    OBJECT = 4  # the object a
    CALL = 5  # the function b of the last a, in a tuple


# Functions of Python's that the text calls.
PYTHON = (
    *("PyObject_Vectorcall", "Py_IncRef", "Py_DecRef", "PyDict_GetItemWithError", "PyDict_Next", "PyErr_Clear"),
    *("PyTuple_New", "PyList_New", "PyList_SetItem", "PyDict_New", "PyDict_SetItem", "PyDict_Size", "PyList_Size"),
    *("PyTuple_Size", "PyList_GetItem", "PyEval_SaveThread", "PyEval_RestoreThread", "PyLong_AsLongLongAndOverflow"),
    *("PyMem_RawMalloc", "PyMem_RawFree", "PyErr_NoMemory", "PyObject_CallOneArg"),
    *("PyObject_Malloc", "PyObject_Free", "PyErr_BadInternalCall"),
)


def text(layout: Layout, owner: int, slow: int) -> str:
    """The module, for objects that lie so; a callable has its blocks' owner and its function of Python's there."""
    places = {"HEAD": HEAD, "OWNER": owner, "SLOW": slow} | {f"B_{k}": v for k, v in BLOCK.items()}
    places |= {f"C_{c.name}": int(c) for c in Check}
    places |= {f"O_{c.name}": int(c) for c in Out}
    places |= {f"M_{c.name}": int(c) for c in Make}
    places |= {"DATA": layout.data, "RANK": layout.rank, "DIMS": layout.dims, "DESCR": layout.descr}
    places |= {"FLAGS": layout.flags, "ITEMS": layout.items, "ALIGNED": ALIGNED, "GOOD": ALIGNED | BY_ROWS}
    return re.sub(r"<([A-Z_]+)>", lambda m: str(places[m.group(1)]), TAKES + GIVES + _CALL)


# 0 from @attempt is "not mine", 1 is "an error is set".
_CALL = """
define internal ptr @attempt(ptr %block, ptr %args, i64 %given, ptr %names) {
start:
  %copied = alloca i64
  %made = alloca i64
  store i64 0, ptr %copied
  %taken = call i64 @word(ptr %block, i64 <B_GIVEN>)
  %arity = icmp eq i64 %given, %taken
  br i1 %arity, label %named, label %miss
named:
  %known = call ptr @pointer(ptr %block, i64 <B_NAMES>)
  %many = call i64 @word(ptr %block, i64 <B_NAMED>)
  %alike = icmp eq ptr %names, %known
  br i1 %alike, label %begin, label %named.differ
named.differ:
  %nameless = icmp eq ptr %names, null
  %unasked = icmp eq ptr %known, null
  %either = or i1 %nameless, %unasked
  br i1 %either, label %miss, label %named.size
named.size:
  %size = call i64 @PyTuple_Size(ptr %names)
  %sized = icmp eq i64 %size, %many
  br i1 %sized, label %named.each, label %miss
named.each:
  %mine = getelementptr i8, ptr %known, i64 <ITEMS>
  %yours = getelementptr i8, ptr %names, i64 <ITEMS>
  %equal = call i1 @alikewords(ptr %mine, ptr %yours, i64 %many)
  br i1 %equal, label %begin, label %miss
begin:
  %n.slots = call i64 @word(ptr %block, i64 <B_SLOTS>)
  %n.buffers = call i64 @word(ptr %block, i64 <B_BUFFERED>)
  %n.wholes = call i64 @word(ptr %block, i64 <B_WHOLES>)
  %n.results = call i64 @word(ptr %block, i64 <B_RESULTS>)
  %n.stack = call i64 @word(ptr %block, i64 <B_STACKED>)
  %all = add i64 %given, %many
  %flat = icmp eq i64 %n.slots, %all
  %n.own = select i1 %flat, i64 0, i64 %n.slots
  %own = alloca ptr, i64 %n.own
  %buffers = alloca ptr, i64 %n.buffers
  %copies = alloca ptr, i64 %n.buffers
  %wholes = alloca double, i64 %n.wholes
  %objects = alloca ptr, i64 %n.results
  %stack = alloca i8, i64 %n.stack, align 64
  %n.bytes = mul i64 %n.buffers, 8
  %template = call ptr @pointer(ptr %block, i64 <B_BUFFERS>)
  call void @llvm.memcpy.p0.p0.i64(ptr %buffers, ptr %template, i64 %n.bytes, i1 false)
  br i1 %flat, label %ask, label %begin.nested
begin.nested:
  %a.bytes = mul i64 %all, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %own, ptr %args, i64 %a.bytes, i1 false)
  br label %ask
ask:
  %slots = phi ptr [ %args, %begin ], [ %own, %begin.nested ]
  %mine.call = call i1 @takes(ptr %block, ptr %slots, ptr %buffers, ptr %wholes, ptr %copies, ptr %copied)
  br i1 %mine.call, label %room, label %return.copies
room:
  %arena = call i64 @word(ptr %block, i64 <B_ARENA>)
  %heaped = icmp ne i64 %arena, 0
  %cell = call ptr @pointer(ptr %block, i64 <B_CELL>)
  br i1 %heaped, label %room.kept, label %room.ready
room.kept:
  %kept.word = atomicrmw xchg ptr %cell, i64 0 seq_cst
  %kept = inttoptr i64 %kept.word to ptr
  %none.kept = icmp eq ptr %kept, null
  br i1 %none.kept, label %room.new, label %room.align
room.new:
  %more = add i64 %arena, 64
  %new = call ptr @PyMem_RawMalloc(i64 %more)
  %no.new = icmp eq ptr %new, null
  br i1 %no.new, label %room.none, label %room.align
room.none:
  %no.memory = call ptr @PyErr_NoMemory()
  %failure = inttoptr i64 1 to ptr
  br label %return.copies
room.align:
  %raw = phi ptr [ %kept, %room.kept ], [ %new, %room.new ]
  %raw.word = ptrtoint ptr %raw to i64
  %raw.up = add i64 %raw.word, 63
  %raw.aligned = and i64 %raw.up, -64
  %raw.ptr = inttoptr i64 %raw.aligned to ptr
  br label %room.ready
room.ready:
  %heap = phi ptr [ null, %room ], [ %raw, %room.align ]
  %memory = phi ptr [ %stack, %room ], [ %raw.ptr, %room.align ]
  %inputs.to.outs = call i64 @word(ptr %block, i64 <B_INPUTS>)
  %out.buffers = getelementptr ptr, ptr %buffers, i64 %inputs.to.outs
  %received = call i1 @receive(ptr %block, ptr %out.buffers, ptr %objects, ptr %memory, ptr %made)
  br i1 %received, label %go, label %clean
go:
  %run = call ptr @pointer(ptr %block, i64 <B_RUN>)
  %lengths = call ptr @pointer(ptr %block, i64 <B_LENGTHS>)
  %constants = call ptr @pointer(ptr %block, i64 <B_CONSTANTS>)
  %release = call i64 @word(ptr %block, i64 <B_RELEASE>)
  %long = icmp ne i64 %release, 0
  br i1 %long, label %go.free, label %go.held
go.held:
  %status.held = call i32 %run(ptr %buffers, ptr %lengths, ptr %constants, ptr %memory)
  br label %ran
go.free:
  call void @hold(ptr %slots, i64 %n.slots)
  %thread = call ptr @PyEval_SaveThread()
  %status.free = call i32 %run(ptr %buffers, ptr %lengths, ptr %constants, ptr %memory)
  call void @PyEval_RestoreThread(ptr %thread)
  call void @drop(ptr %slots, i64 %n.slots)
  br label %ran
ran:
  %gave = phi i32 [ %status.held, %go.held ], [ %status.free, %go.free ]
  %well = icmp eq i32 %gave, 0
  br i1 %well, label %judge, label %clean
judge:
  %held = call i1 @holds(ptr %block, ptr %objects, ptr %memory)
  br i1 %held, label %make, label %clean
make:
  %result = call ptr @built(ptr %block, ptr %objects)
  %failed = icmp eq ptr %result, null
  br i1 %failed, label %clean, label %return
clean:
  %why = phi i64 [ 1, %make ], [ 1, %room.ready ], [ 0, %ran ], [ 0, %judge ]
  %why.object = inttoptr i64 %why to ptr
  %n.made = load i64, ptr %made
  call void @drop(ptr %objects, i64 %n.made)
  br label %return
return:
  %answer = phi ptr [ %result, %make ], [ %why.object, %clean ]
  %has.heap = icmp ne ptr %heap, null
  br i1 %has.heap, label %return.room, label %return.copies
return.room:
  %heap.word = ptrtoint ptr %heap to i64
  %swapped = atomicrmw xchg ptr %cell, i64 %heap.word seq_cst
  %swapped.ptr = inttoptr i64 %swapped to ptr
  call void @PyMem_RawFree(ptr %swapped.ptr)
  br label %return.copies
return.copies:
  %answered = phi ptr [ %failure, %room.none ], [ null, %ask ], [ %answer, %return ], [ %answer, %return.room ]
  %n.copied = load i64, ptr %copied
  call void @drop(ptr %copies, i64 %n.copied)
  ret ptr %answered
miss:
  ret ptr null
}

; Whether what the function makes, and gives back, is memory that Python's own allocator has next.
define i32 @shares(ptr %alloc, ptr %type, i64 %bytes) {
  %made = call ptr %alloc(ptr %type, i64 0)
  call void @Py_DecRef(ptr %made)
  %next = call ptr @PyObject_Malloc(i64 %bytes)
  %same = icmp eq ptr %made, %next
  call void @PyObject_Free(ptr %next)
  %found = zext i1 %same to i32
  ret i32 %found
}

define ptr @entry(ptr %self, ptr %args, i64 %flags, ptr %names) {
start:
  %first = call ptr @pointer(ptr %self, i64 <HEAD>)
  %any = icmp ne ptr %first, null
  br i1 %any, label %hold, label %slow
hold:
  %owner = call ptr @pointer(ptr %self, i64 <OWNER>)
  %cleared = icmp eq ptr %owner, null
  br i1 %cleared, label %slow, label %kept
kept:
  call void @Py_IncRef(ptr %owner)
  %given = and i64 %flags, 9223372036854775807
  br label %look
look:
  %place = phi ptr [ %first, %kept ], [ %next, %on ]
  %block = load ptr, ptr %place
  %end = icmp eq ptr %block, null
  br i1 %end, label %missed, label %try
try:
  %found = call ptr @attempt(ptr %block, ptr %args, i64 %given, ptr %names)
  %not.mine = icmp eq ptr %found, null
  br i1 %not.mine, label %on, label %served
on:
  %next = getelementptr ptr, ptr %place, i64 1
  br label %look
served:
  call void @Py_DecRef(ptr %owner)
  %error = icmp eq ptr %found, inttoptr (i64 1 to ptr)
  %result = select i1 %error, ptr null, ptr %found
  ret ptr %result
missed:
  call void @Py_DecRef(ptr %owner)
  br label %slow
slow:
  %python = call ptr @pointer(ptr %self, i64 <SLOW>)
  %gone = icmp eq ptr %python, null
  br i1 %gone, label %none, label %ask
none:
  call void @PyErr_BadInternalCall()
  ret ptr null
ask:
  %other = call ptr @PyObject_Vectorcall(ptr %python, ptr %args, i64 %flags, ptr %names)
  ret ptr %other
}
"""
