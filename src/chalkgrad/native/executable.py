"""A Program that is run many times: by the interpreter at first, and as machine code once that pays."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, final

import numpy as np

from chalkgrad.errors import ProgramError
from chalkgrad.evaluate.interpret import Inputs, Interpreter
from chalkgrad.ir.program import Program
from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call.block import Code, Reader, Unserved, block
from chalkgrad.native.call.engine import NoCompiler
from chalkgrad.native.call.entry import callable_of, kind, serve
from chalkgrad.native.segments import InPieces, Part, pieces
from chalkgrad.native.tape.tape import suits, tape
from chalkgrad.transform.loops.opened import opened

_LOG = logging.getLogger("chalkgrad.native")

# What compiling a Program costs, in nanoseconds: at least, and a step.
COMPILING, A_STEP = 5e6, 5e5
# What the interpreter takes for a step, and for an entry that the step reads or gives.
STEPPING, ENTRY = 1_500.0, 0.7
# Calls that the interpreter answers where compiling would take longer than they do.
PATIENCE = 1


class NothingToCompile(ProgramError):
    """No step of a Program is loops over entries."""


def mode() -> str:
    """`CHALKGRAD_NATIVE`: off for the interpreter alone, strict where what cannot be compiled is an error."""
    return os.environ.get("CHALKGRAD_NATIVE", "on")


def interpreting(program: Program) -> float:
    """About how many nanoseconds one run by the interpreter takes."""
    total = 0.0
    for step in program.steps:
        types = [a.type for a in (*step.inputs, *step.given)]
        entries = sum([math.prod([n for n in t.shape if isinstance(n, int)]) for t in types])
        inner = [p for p in step.params.values() if isinstance(p, Program)]
        length = step.params.get("length", 1) if inner else 1
        turns = length if isinstance(length, int) else 1
        total += STEPPING + ENTRY * entries + turns * sum([interpreting(p) for p in inner])
    return total


def compiling(program: Program) -> float:
    """About how many nanoseconds compiling takes."""
    steps = sum([1 + sum([len(p.steps) for p in s.params.values() if isinstance(p, Program)]) for s in program.steps])
    return COMPILING + A_STEP * steps


@final
class _Lazy:
    """The interpreter of a Program, made when it is first asked for. It knows nothing of who asks: machine code must
    go at once with the last who uses it, and not when the collector comes round."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._made: Interpreter | None = None

    def __call__(self) -> Interpreter:
        if self._made is None:
            self._made = Interpreter(self._program)
        return self._made


def build(program: Program) -> Artifact:
    """Its machine code's text. What plans and emits is loaded when it is first asked for: compiling takes longer."""
    from chalkgrad.native import build as room

    return room.build(program)


@final
class Executable:
    """A prepared Program made ready for many calls, its values checked as they come in.

    It is called as an `Interpreter` is and gives the same. The first calls of a Program that is quickly run are the
    interpreter's, unless it is to be compiled `soon`. May be called from several threads.
    """

    def __init__(self, program: Program, soon: bool = False) -> None:
        self.program = program
        self._values = Inputs(program)
        self._interpreted = _Lazy(program)
        self._lock = threading.Lock()
        self._run: Callable[..., Any] | None = None
        self._settled = mode() == "off"
        self._line = suits(program)
        soon = soon or self._line or interpreting(program) >= compiling(program)
        self._patience = 0 if soon else PATIENCE
        self.code: Code | None = None
        self.artifacts: tuple[Artifact, ...] = ()

    def __call__(self, *given: Any) -> tuple[Any, ...]:
        """The outputs at these inputs.

        Raises ShapeError where a shape is not the one that the Program was built for.
        """
        return self._native(given) if self._ready() else self._interpreted()(*given)

    def own(self, given: Sequence[Any]) -> list[Any]:
        """The same, as arrays that are nobody else's, and may be written into."""
        if not self._ready():
            return self._interpreted().own(given)
        outputs = self._native(given)
        return [*outputs] if self.code is not None else _owned(outputs, given)

    def compile(self) -> None:
        """Compile now what can be.

        Raises ProgramError where nothing can be, and NotCompiled where LLVM is not there, or refuses.
        """
        with self._lock:
            if not self.artifacts:
                self._compile()
            self._settled = True

    def _native(self, given: Sequence[Any]) -> tuple[Any, ...]:
        assert self._run is not None
        return self._run(*[_plain(v) for v in self._values(given)])

    def _ready(self) -> bool:
        if not self._settled and self._lock.acquire(blocking=False):  # who comes meanwhile is answered as before
            try:
                if self._patience > 0:
                    self._patience -= 1
                else:
                    self._settle()
            finally:
                self._lock.release()
        return self._run is not None

    def _settle(self) -> None:
        """Compile, or find out that this cannot be. The lock is held."""
        if self._settled:
            return
        try:
            self._compile()
        except (NothingToCompile, NoCompiler) as error:
            _LOG.debug("%s", error)
        except Exception:
            if mode() == "strict":
                raise
            # a fault of ours: the interpreter gives the same
            _LOG.debug("%s is not compiled", self.program.name, exc_info=True)
        self._settled = True

    def _compile(self) -> None:
        line = tape(self.program) if self._line else None
        if line is not None:
            self._use(line)
            return
        program = opened(self.program)
        parts = pieces(program)
        if parts and not any([p.native for p in parts]):
            raise NothingToCompile(_why(self.program))
        if len(parts) < 2:
            self._use(build(program))
            return
        made: list[Artifact] = []
        self._run = InPieces(program, lambda part: _piece(part, made))
        self.artifacts = tuple(made)

    def _use(self, artifact: Artifact) -> None:
        _keep_pages()
        code = Code(artifact)
        self._run = _called(code, self._interpreted)
        self.code = code
        self.artifacts = (artifact,)


@cache
def _keep_pages() -> None:
    """Results are new arrays at every call. The C library of Linux gives memory of their size back to the system and
    asks for it again page by page, which takes longer than filling it, until it has seen one as large freed."""
    with suppress(MemoryError):  # where a process may not have so much, it does without
        np.empty(2**25 - 2**16, np.uint8)  # the largest that counts; no page of it is touched


def _why(program: Program) -> str:
    names = sorted({s.op.name for s in program.steps})
    return f"{program.name} has nothing to compile: its steps ({', '.join(names)}) are run by NumPy"


def _piece(part: Part, made: list[Artifact]) -> Callable[..., Sequence[Any]]:
    if not part.native:
        return Interpreter(part.program)
    code = Code(build(part.program))
    made.append(code.artifact)
    run = _called(code, _Lazy(part.program))
    return lambda *values: run(*[_plain(v) for v in values])


def _called(code: Code, interpreter: Callable[[], Interpreter]) -> Callable[..., Any]:
    """Of values of the inputs' types, each as it lies in memory: all outputs, as a tuple."""

    def plainly(*values: Any) -> tuple[Any, ...]:
        found = code.plainly(values)
        return slow(*values) if found is None else tuple(found)

    def slow(*values: Any) -> tuple[Any, ...]:
        return tuple(interpreter().own(values))

    if kind() is None:
        return plainly
    made = callable_of(slow)
    reader = Reader(len(code.artifact.inputs))
    try:
        for place, type in enumerate(code.artifact.inputs):
            sizes: Any = type.shape
            example = np.empty(sizes, type.dtype)
            reader.leaf(place, example if sizes else example[()], type, place)
        serve(made, (block(code, reader, tuple),))
    except Unserved:
        return plainly
    return made


def _plain(value: Any) -> Any:
    """The value with an address that its kind of numbers may have."""
    if isinstance(value, np.ndarray) and not (type(value) is np.ndarray and value.flags.aligned):
        return np.array(value, order="C", copy=True, subok=False)
    return value


def _owned(outputs: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    """Outputs as arrays of their own: some may be views of others, or what was given."""
    met = {id(x) for x in given}
    found: list[Any] = []
    for output in outputs:
        array = isinstance(output, np.ndarray)
        shared = array and (output.base is not None or id(output) in met or not output.flags.writeable)
        found.append(np.array(output)[()] if shared or not isinstance(output, (np.ndarray, np.generic)) else output)
        met.add(id(output))
    return found
