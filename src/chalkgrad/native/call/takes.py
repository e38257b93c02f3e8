"""Whether a call is a block's, and what is read of it: a part of the text of `chalkgrad.native.call.code`."""

# Counters lie in memory here and there; LLVM makes registers of them.
TAKES = """
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyDict_GetItemWithError(ptr, ptr)
declare i32 @PyDict_Next(ptr, ptr, ptr, ptr)
declare void @PyErr_Clear()
declare void @PyErr_BadInternalCall()
declare ptr @PyTuple_New(i64)
declare ptr @PyList_New(i64)
declare i32 @PyList_SetItem(ptr, i64, ptr)
declare ptr @PyDict_New()
declare i32 @PyDict_SetItem(ptr, ptr, ptr)
declare i64 @PyDict_Size(ptr)
declare i64 @PyList_Size(ptr)
declare i64 @PyTuple_Size(ptr)
declare ptr @PyList_GetItem(ptr, i64)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyMem_RawMalloc(i64)
declare ptr @PyObject_Malloc(i64)
declare void @PyObject_Free(ptr)
declare void @PyMem_RawFree(ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyObject_CallOneArg(ptr, ptr)
declare ptr @numpy_new(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @numpy_copy(ptr, i32)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal i64 @word(ptr %base, i64 %at) alwaysinline {
  %p = getelementptr i8, ptr %base, i64 %at
  %v = load i64, ptr %p
  ret i64 %v
}

define internal ptr @pointer(ptr %base, i64 %at) alwaysinline {
  %p = getelementptr i8, ptr %base, i64 %at
  %v = load ptr, ptr %p
  ret ptr %v
}

define internal i1 @alike(ptr %one, ptr %other, i64 %count) {
start:
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %more ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %look
look:
  %p = getelementptr i8, ptr %one, i64 %k
  %q = getelementptr i8, ptr %other, i64 %k
  %a = load i8, ptr %p
  %b = load i8, ptr %q
  %same = icmp eq i8 %a, %b
  br i1 %same, label %more, label %no
more:
  %k1 = add i64 %k, 1
  br label %test
yes:
  ret i1 true
no:
  ret i1 false
}

define internal i1 @alikewords(ptr %one, ptr %other, i64 %count) {
start:
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %more ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %look
look:
  %p = getelementptr ptr, ptr %one, i64 %k
  %q = getelementptr ptr, ptr %other, i64 %k
  %a = load i64, ptr %p
  %b = load i64, ptr %q
  %same = icmp eq i64 %a, %b
  br i1 %same, label %more, label %no
more:
  %k1 = add i64 %k, 1
  br label %test
yes:
  ret i1 true
no:
  ret i1 false
}

define internal void @drop(ptr %objects, i64 %count) {
start:
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %more ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %end, label %more
more:
  %p = getelementptr ptr, ptr %objects, i64 %k
  %o = load ptr, ptr %p
  call void @Py_DecRef(ptr %o)
  %k1 = add i64 %k, 1
  br label %test
end:
  ret void
}

define internal void @hold(ptr %objects, i64 %count) {
start:
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %more ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %end, label %more
more:
  %p = getelementptr ptr, ptr %objects, i64 %k
  %o = load ptr, ptr %p
  call void @Py_IncRef(ptr %o)
  %k1 = add i64 %k, 1
  br label %test
end:
  ret void
}

define internal i1 @typed(ptr %object, ptr %type) alwaysinline {
  %is = call ptr @pointer(ptr %object, i64 8)
  %same = icmp eq ptr %is, %type
  ret i1 %same
}

; Is the call the block's? If so the buffers are filled in. Arrays that were copied are put into %copies, and counted.
define internal i1 @takes(ptr %block, ptr %slots, ptr %buffers, ptr %wholes, ptr %copies, ptr %copied) {
start:
  %overflow = alloca i32
  %position = alloca i64
  %key = alloca ptr
  %value = alloca ptr
  %checks = call ptr @pointer(ptr %block, i64 <B_CHECKS>)
  %count = call i64 @word(ptr %block, i64 <B_CHECKED>)
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %pass ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %one
one:
  %at = mul i64 %k, 48
  %check = getelementptr i8, ptr %checks, i64 %at
  %op = load i64, ptr %check
  %a = call i64 @word(ptr %check, i64 8)
  %b = call ptr @pointer(ptr %check, i64 16)
  %c = call i64 @word(ptr %check, i64 24)
  %d = call i64 @word(ptr %check, i64 32)
  %e = call i64 @word(ptr %check, i64 40)
  %pa = inttoptr i64 %a to ptr
  %pc = inttoptr i64 %c to ptr
  %slot = getelementptr ptr, ptr %slots, i64 %a
  %buffer = getelementptr ptr, ptr %buffers, i64 %d
  switch i64 %op, label %no [
    i64 <C_WORD>, label %word
    i64 <C_NAME>, label %name
    i64 <C_NUMBER>, label %number
    i64 <C_WHOLE>, label %whole
    i64 <C_ARRAY>, label %array
    i64 <C_TUPLE>, label %tuple
    i64 <C_LIST>, label %list
    i64 <C_DICT>, label %dict
    i64 <C_SAME>, label %same
    i64 <C_BYTES>, label %bytes
    i64 <C_TAKE>, label %take
  ]
word:
  %w = load ptr, ptr %pa
  %w.same = icmp eq ptr %w, %b
  br i1 %w.same, label %pass, label %no
name:
  %n = call ptr @PyDict_GetItemWithError(ptr %pa, ptr %b)
  %n.same = icmp eq ptr %n, %pc
  br i1 %n.same, label %pass, label %unnamed
unnamed:
  call void @PyErr_Clear()
  ret i1 false
number:
  %f = load ptr, ptr %slot
  %f.type = call i1 @typed(ptr %f, ptr %b)
  br i1 %f.type, label %number.on, label %no
number.on:
  %f.at = getelementptr i8, ptr %f, i64 %c
  store ptr %f.at, ptr %buffer
  br label %pass
whole:
  %i = load ptr, ptr %slot
  %i.type = call i1 @typed(ptr %i, ptr %b)
  br i1 %i.type, label %whole.on, label %no
whole.on:
  %i.value = call i64 @PyLong_AsLongLongAndOverflow(ptr %i, ptr %overflow)
  %i.over = load i32, ptr %overflow
  %i.fits = icmp eq i32 %i.over, 0
  %i.up = add i64 %i.value, 9007199254740992
  %i.exact = icmp ule i64 %i.up, 18014398509481984
  %i.good = and i1 %i.fits, %i.exact
  br i1 %i.good, label %whole.fits, label %no
whole.fits:
  %i.number = sitofp i64 %i.value to double
  %i.at = getelementptr double, ptr %wholes, i64 %c
  store double %i.number, ptr %i.at
  store ptr %i.at, ptr %buffer
  br label %pass
array:
  %x = load ptr, ptr %slot
  %ndarray = call ptr @pointer(ptr %pc, i64 0)
  %x.type = call i1 @typed(ptr %x, ptr %ndarray)
  br i1 %x.type, label %array.descr, label %no
array.descr:
  %x.descr = call ptr @pointer(ptr %x, i64 <DESCR>)
  %x.same = icmp eq ptr %x.descr, %b
  br i1 %x.same, label %array.rank, label %no
array.rank:
  %x.rank.at = getelementptr i8, ptr %x, i64 <RANK>
  %x.rank = load i32, ptr %x.rank.at
  %x.rank.long = sext i32 %x.rank to i64
  %rank = call i64 @word(ptr %pc, i64 8)
  %x.ranked = icmp eq i64 %x.rank.long, %rank
  br i1 %x.ranked, label %array.dims, label %no
array.dims:
  %dims = getelementptr i8, ptr %pc, i64 16
  %x.dims = call ptr @pointer(ptr %x, i64 <DIMS>)
  %x.fits = call i1 @alikewords(ptr %x.dims, ptr %dims, i64 %rank)
  br i1 %x.fits, label %array.flags, label %no
array.flags:
  %x.flags.at = getelementptr i8, ptr %x, i64 <FLAGS>
  %x.flags = load i32, ptr %x.flags.at
  %x.flags.two = and i32 %x.flags, <GOOD>
  %x.good = icmp eq i32 %x.flags.two, <GOOD>
  br i1 %x.good, label %array.on, label %array.other
array.on:
  %x.data = call ptr @pointer(ptr %x, i64 <DATA>)
  store ptr %x.data, ptr %buffer
  br label %pass
array.other:
  %copying = icmp ne i64 %e, 0
  br i1 %copying, label %array.copy, label %no
array.copy:
  %y = call ptr @numpy_copy(ptr %x, i32 0)
  %y.none = icmp eq ptr %y, null
  br i1 %y.none, label %unnamed, label %array.copied
array.copied:
  %y.count = load i64, ptr %copied
  %y.at = getelementptr ptr, ptr %copies, i64 %y.count
  store ptr %y, ptr %y.at
  %y.more = add i64 %y.count, 1
  store i64 %y.more, ptr %copied
  %y.data = call ptr @pointer(ptr %y, i64 <DATA>)
  store ptr %y.data, ptr %buffer
  br label %pass
tuple:
  %t = load ptr, ptr %slot
  %t.type = call i1 @typed(ptr %t, ptr %b)
  br i1 %t.type, label %tuple.size, label %no
tuple.size:
  %t.size = call i64 @PyTuple_Size(ptr %t)
  %t.sized = icmp eq i64 %t.size, %c
  br i1 %t.sized, label %tuple.on, label %no
tuple.on:
  %t.items = getelementptr i8, ptr %t, i64 <ITEMS>
  %t.into = getelementptr ptr, ptr %slots, i64 %d
  %t.bytes = mul i64 %c, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %t.into, ptr %t.items, i64 %t.bytes, i1 false)
  br label %pass
list:
  %l = load ptr, ptr %slot
  %l.type = call i1 @typed(ptr %l, ptr %b)
  br i1 %l.type, label %list.size, label %no
list.size:
  %l.size = call i64 @PyList_Size(ptr %l)
  %l.sized = icmp eq i64 %l.size, %c
  br i1 %l.sized, label %list.on, label %no
list.on:
  %l.k = phi i64 [ 0, %list.size ], [ %l.k1, %list.more ]
  %l.end = icmp eq i64 %l.k, %c
  br i1 %l.end, label %pass, label %list.more
list.more:
  %l.item = call ptr @PyList_GetItem(ptr %l, i64 %l.k)
  %l.place = add i64 %d, %l.k
  %l.into = getelementptr ptr, ptr %slots, i64 %l.place
  store ptr %l.item, ptr %l.into
  %l.k1 = add i64 %l.k, 1
  br label %list.on
dict:
  %m = load ptr, ptr %slot
  %m.type = call i1 @typed(ptr %m, ptr %b)
  br i1 %m.type, label %dict.size, label %no
dict.size:
  %m.size = call i64 @PyDict_Size(ptr %m)
  %m.sized = icmp eq i64 %m.size, %c
  br i1 %m.sized, label %dict.start, label %no
dict.start:
  %keys = inttoptr i64 %e to ptr
  store i64 0, ptr %position
  br label %dict.on
dict.on:
  %m.k = phi i64 [ 0, %dict.start ], [ %m.k1, %dict.more ]
  %m.end = icmp eq i64 %m.k, %c
  br i1 %m.end, label %pass, label %dict.next
dict.next:
  %m.found = call i32 @PyDict_Next(ptr %m, ptr %position, ptr %key, ptr %value)
  %m.any = icmp ne i32 %m.found, 0
  br i1 %m.any, label %dict.key, label %no
dict.key:
  %m.key = load ptr, ptr %key
  %m.wanted.at = getelementptr ptr, ptr %keys, i64 %m.k
  %m.wanted = load ptr, ptr %m.wanted.at
  %m.keyed = icmp eq ptr %m.key, %m.wanted
  br i1 %m.keyed, label %dict.more, label %no
dict.more:
  %m.value = load ptr, ptr %value
  %m.place = add i64 %d, %m.k
  %m.into = getelementptr ptr, ptr %slots, i64 %m.place
  store ptr %m.value, ptr %m.into
  %m.k1 = add i64 %m.k, 1
  br label %dict.on
same:
  %s = load ptr, ptr %slot
  %s.same = icmp eq ptr %s, %b
  br i1 %s.same, label %pass, label %no
bytes:
  %z = load ptr, ptr %slot
  %z.data = call ptr @pointer(ptr %z, i64 <DATA>)
  %z.same = call i1 @alike(ptr %z.data, ptr %b, i64 %c)
  br i1 %z.same, label %pass, label %no
take:
  store ptr %b, ptr %slot
  br label %pass
pass:
  %k1 = add i64 %k, 1
  br label %test
yes:
  ret i1 true
no:
  ret i1 false
}
"""
