"""What a call gives, received and put together: a part of the text of `chalkgrad.native.call.code`."""

GIVES = """
; Objects and memory for what the machine code gives; false where there is none, an error being set. %made is how many.
define internal i1 @receive(ptr %block, ptr %buffers, ptr %objects, ptr %room, ptr %made) {
start:
  %outs = call ptr @pointer(ptr %block, i64 <B_OUTS>)
  %results = call i64 @word(ptr %block, i64 <B_RESULTS>)
  %guards = call i64 @word(ptr %block, i64 <B_GUARDED>)
  %count = add i64 %results, %guards
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %next ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %one
one:
  %at = mul i64 %k, 32
  %out = getelementptr i8, ptr %outs, i64 %at
  %op = load i64, ptr %out
  %a = call ptr @pointer(ptr %out, i64 8)
  %b = call i64 @word(ptr %out, i64 16)
  %c = call i64 @word(ptr %out, i64 24)
  %buffer = getelementptr ptr, ptr %buffers, i64 %k
  %object = getelementptr ptr, ptr %objects, i64 %k
  switch i64 %op, label %scratch [
    i64 <O_NUMBER>, label %number
    i64 <O_ARRAY>, label %array
    i64 <O_MADE>, label %made.by
  ]
made.by:
  %alloc = inttoptr i64 %b to ptr
  %m = call ptr %alloc(ptr %a, i64 0)
  %m.none = icmp eq ptr %m, null
  br i1 %m.none, label %no, label %made.on
made.on:
  store ptr %m, ptr %object
  %m.at = getelementptr i8, ptr %m, i64 %c
  store ptr %m.at, ptr %buffer
  br label %next
number:
  %f = call ptr @PyObject_Malloc(i64 %b)
  %f.none = icmp eq ptr %f, null
  br i1 %f.none, label %no.memory, label %number.on
number.on:
  %f.type = getelementptr i8, ptr %f, i64 8
  store i64 1, ptr %f
  store ptr %a, ptr %f.type
  store ptr %f, ptr %object
  %f.at = getelementptr i8, ptr %f, i64 %c
  store ptr %f.at, ptr %buffer
  br label %next
array:
  call void @Py_IncRef(ptr %a)
  %dims = inttoptr i64 %c to ptr
  %ndarray = call ptr @pointer(ptr %dims, i64 0)
  %sizes = getelementptr i8, ptr %dims, i64 16
  %rank = trunc i64 %b to i32
  %x = call ptr @numpy_new(ptr %ndarray, ptr %a, i32 %rank, ptr %sizes, ptr null, ptr null, i32 0, ptr null)
  %x.none = icmp eq ptr %x, null
  br i1 %x.none, label %no, label %array.on
array.on:
  store ptr %x, ptr %object
  %x.data = call ptr @pointer(ptr %x, i64 <DATA>)
  store ptr %x.data, ptr %buffer
  br label %next
scratch:
  %s.result = icmp ult i64 %k, %results
  br i1 %s.result, label %truth, label %scratch.on
truth:
  store ptr null, ptr %object
  br label %scratch.on
scratch.on:
  %s.at = getelementptr i8, ptr %room, i64 %c
  store ptr %s.at, ptr %buffer
  br label %next
next:
  %k1 = add i64 %k, 1
  br label %test
yes:
  store i64 %results, ptr %made
  ret i1 true
no.memory:
  %error = call ptr @PyErr_NoMemory()
  br label %no
no:
  store i64 %k, ptr %made
  ret i1 false
}

; Whether the guards hold; and truths become objects.
define internal i1 @holds(ptr %block, ptr %objects, ptr %room) {
start:
  %outs = call ptr @pointer(ptr %block, i64 <B_OUTS>)
  %results = call i64 @word(ptr %block, i64 <B_RESULTS>)
  %guards = call i64 @word(ptr %block, i64 <B_GUARDED>)
  %count = add i64 %results, %guards
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %next ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %one
one:
  %at = mul i64 %k, 32
  %out = getelementptr i8, ptr %outs, i64 %at
  %op = load i64, ptr %out
  switch i64 %op, label %next [
    i64 <O_TRUTH>, label %truth
    i64 <O_GUARD>, label %guard
  ]
truth:
  %t.a = call ptr @pointer(ptr %out, i64 8)
  %t.b = call ptr @pointer(ptr %out, i64 16)
  %t.c = call i64 @word(ptr %out, i64 24)
  %t.at = getelementptr i8, ptr %room, i64 %t.c
  %t.byte = load i8, ptr %t.at
  %t.is = icmp ne i8 %t.byte, 0
  %t = select i1 %t.is, ptr %t.a, ptr %t.b
  call void @Py_IncRef(ptr %t)
  %t.into = getelementptr ptr, ptr %objects, i64 %k
  store ptr %t, ptr %t.into
  br label %next
guard:
  %g.a = call ptr @pointer(ptr %out, i64 8)
  %g.b = call i64 @word(ptr %out, i64 16)
  %g.c = call i64 @word(ptr %out, i64 24)
  %g.at = getelementptr i8, ptr %room, i64 %g.c
  %g.same = call i1 @alike(ptr %g.at, ptr %g.a, i64 %g.b)
  br i1 %g.same, label %next, label %no
next:
  %k1 = add i64 %k, 1
  br label %test
yes:
  ret i1 true
no:
  ret i1 false
}

; The result, of the objects, which it takes over one by one; null where an error is set.
define internal ptr @built(ptr %block, ptr %objects) {
start:
  %build = call ptr @pointer(ptr %block, i64 <B_BUILD>)
  %count = call i64 @word(ptr %block, i64 <B_BUILT>)
  %stack = alloca ptr, i64 %count
  %top = alloca i64
  store i64 0, ptr %top
  br label %test
test:
  %k = phi i64 [ 0, %start ], [ %k1, %push ]
  %done = icmp eq i64 %k, %count
  br i1 %done, label %yes, label %one
one:
  %at = mul i64 %k, 24
  %make = getelementptr i8, ptr %build, i64 %at
  %op = load i64, ptr %make
  %a = call i64 @word(ptr %make, i64 8)
  %b = call ptr @pointer(ptr %make, i64 16)
  %height = load i64, ptr %top
  %base = sub i64 %height, %a
  %items = getelementptr ptr, ptr %stack, i64 %base
  %bytes = mul i64 %a, 8
  switch i64 %op, label %no [
    i64 <M_LEAF>, label %leaf
    i64 <M_TUPLE>, label %tuple
    i64 <M_LIST>, label %list
    i64 <M_DICT>, label %dict
    i64 <M_OBJECT>, label %object
    i64 <M_CALL>, label %tuple
  ]
leaf:
  %leaf.at = getelementptr ptr, ptr %objects, i64 %a
  %leaf.object = load ptr, ptr %leaf.at
  store ptr null, ptr %leaf.at
  br label %push
object:
  %o = inttoptr i64 %a to ptr
  call void @Py_IncRef(ptr %o)
  br label %push
tuple:
  %t = call ptr @PyTuple_New(i64 %a)
  %t.none = icmp eq ptr %t, null
  br i1 %t.none, label %no, label %tuple.on
tuple.on:
  %t.items = getelementptr i8, ptr %t, i64 <ITEMS>
  call void @llvm.memcpy.p0.p0.i64(ptr %t.items, ptr %items, i64 %bytes, i1 false)
  %t.call = icmp eq i64 %op, <M_CALL>
  br i1 %t.call, label %tuple.call, label %fold
tuple.call:
  store i64 %base, ptr %top
  %called = call ptr @PyObject_CallOneArg(ptr %b, ptr %t)
  call void @Py_DecRef(ptr %t)
  %called.none = icmp eq ptr %called, null
  br i1 %called.none, label %no, label %fold
list:
  %l = call ptr @PyList_New(i64 %a)
  %l.none = icmp eq ptr %l, null
  br i1 %l.none, label %no, label %list.on
list.on:
  %l.k = phi i64 [ 0, %list ], [ %l.k1, %list.more ]
  %l.end = icmp eq i64 %l.k, %a
  br i1 %l.end, label %fold, label %list.more
list.more:
  %l.at = getelementptr ptr, ptr %items, i64 %l.k
  %l.item = load ptr, ptr %l.at
  %l.set = call i32 @PyList_SetItem(ptr %l, i64 %l.k, ptr %l.item)
  %l.k1 = add i64 %l.k, 1
  br label %list.on
dict:
  %d = call ptr @PyDict_New()
  %d.none = icmp eq ptr %d, null
  br i1 %d.none, label %no, label %dict.on
dict.on:
  %d.k = phi i64 [ 0, %dict ], [ %d.k1, %dict.more ]
  %d.end = icmp eq i64 %d.k, %a
  br i1 %d.end, label %dict.done, label %dict.set
dict.set:
  %d.key.at = getelementptr ptr, ptr %b, i64 %d.k
  %d.key = load ptr, ptr %d.key.at
  %d.at = getelementptr ptr, ptr %items, i64 %d.k
  %d.item = load ptr, ptr %d.at
  %d.put = call i32 @PyDict_SetItem(ptr %d, ptr %d.key, ptr %d.item)
  %d.bad = icmp ne i32 %d.put, 0
  br i1 %d.bad, label %dict.no, label %dict.more
dict.more:
  %d.k1 = add i64 %d.k, 1
  br label %dict.on
dict.done:
  call void @drop(ptr %items, i64 %a)
  br label %fold
dict.no:
  call void @Py_DecRef(ptr %d)
  br label %no
fold:
  %folded = phi ptr [ %t, %tuple.on ], [ %called, %tuple.call ], [ %l, %list.on ], [ %d, %dict.done ]
  store i64 %base, ptr %top
  br label %push
push:
  %pushed = phi ptr [ %leaf.object, %leaf ], [ %o, %object ], [ %folded, %fold ]
  %here = load i64, ptr %top
  %into = getelementptr ptr, ptr %stack, i64 %here
  store ptr %pushed, ptr %into
  %higher = add i64 %here, 1
  store i64 %higher, ptr %top
  %k1 = add i64 %k, 1
  br label %test
yes:
  %result = load ptr, ptr %stack
  ret ptr %result
no:
  %left = load i64, ptr %top
  call void @drop(ptr %stack, i64 %left)
  ret ptr null
}
"""
