"""From a kept trace to blocks: calls that the machine code of a trace may answer are answered without Python."""

from __future__ import annotations

import inspect
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

from chalkgrad.ir.program import Program
from chalkgrad.native.call.block import Block, Reader, Unserved, block
from chalkgrad.native.call.engine import NoCompiler
from chalkgrad.native.call.entry import is_native, serve
from chalkgrad.native.call.probes import Probes, probe
from chalkgrad.native.executable import Executable, mode
from chalkgrad.trace.arguments import Target
from chalkgrad.trace.calls import Served
from chalkgrad.trace.record import Trace
from chalkgrad.trace.trees import Tree

_LOG = logging.getLogger("chalkgrad.native")

# Blocks that a callable looks through, one after another.
BLOCKS = 16


@final
class Runner:
    """Runs what was derived of a trace: the result, made by `nest` of the leaves, and the values of the guards."""

    def __init__(self, program: Program, count: int, nest: Callable[[list[Any]], Any], soon: bool = False) -> None:
        self.executable = Executable(program, soon)
        self.count = count
        self.nest = nest

    def __call__(self, values: Sequence[Any]) -> tuple[Any, Sequence[Any]]:
        found = self.executable.own(values)
        return self.nest(found[: self.count]), found[self.count :]


@final
class Serving:
    """The blocks of one callable, made as its calls are answered by Python. May be used by several threads."""

    def __init__(self, target: Target, names: Sequence[str] | None = None) -> None:
        self._target = target
        self._names = names
        self._lock = threading.Lock()
        self._blocks: OrderedDict[Any, Block] = OrderedDict()
        self._missed: dict[Any, int] = {}

    def learn(self, made: Any, given: int, names: tuple[str, ...], served: Served) -> None:
        """After a call of `made` that Python answered, of so many arguments and those of these names: let machine code
        answer those to come."""
        run: Any = served.variant.run
        if not served.kept or not is_native(made) or run.executable.code is None:
            return
        key = id(served.variant), given, names
        with self._lock:
            missed = self._missed[key] = self._missed.get(key, 0) + 1
            if missed & (missed - 1):  # what the block for it does not take again and again is seldom tried anew
                return
            if len(self._missed) > 64 * BLOCKS:
                self._missed.clear()
            try:
                self._blocks[key] = self._block(run, given, names, served)
                self._blocks.move_to_end(key)
                while len(self._blocks) > BLOCKS:
                    self._blocks.popitem(last=False)
                serve(made, [*reversed(self._blocks.values())])
            except (Unserved, NoCompiler) as error:
                _LOG.debug("%s: calls go through Python: %r", self._target.name, error)
            except Exception:
                if mode() == "strict":
                    raise
                # a fault of ours: the call was answered, and so will those to come
                _LOG.debug("%s: calls go through Python", self._target.name, exc_info=True)

    def _block(self, run: Runner, given: int, names: tuple[str, ...], served: Served) -> Block:
        code = run.executable.code
        assert code is not None
        reader = Reader(given, names)
        reader.keep.append(served.variant)
        held = served.variant.held
        probes = probe(self._target.function, reader, {k: held[k] for k in served.variant.rests})
        trace = served.variant.trace
        copies = _layouts(trace)
        inputs = iter(enumerate(code.artifact.inputs))
        leaves = iter(served.call.leaves)
        for slot, (_, tree) in zip(self._order(given, names), served.call.trees, strict=True):
            _read(tree, slot, reader, leaves, inputs, copies, probes)
        for value, (buffer, type) in zip(trace.hidden, inputs, strict=True):
            reader.leaf(reader.take(value), value, type, buffer, copies=copies)
        return block(code, reader, run.nest, [g.value for g in trace.guards])

    def _order(self, given: int, names: tuple[str, ...]) -> list[int]:
        """Which argument of the call, by place, belongs to each of the function's own."""
        places: Sequence[int] = range(given)
        named = {name: given + k for k, name in enumerate(names)}
        if self._names is not None:
            by_name = {**dict(zip(self._names, places, strict=False)), **named}
            places, named = [by_name[n] for n in self._names], {}
        found: list[int] = []
        for parameter, place in self._target.bind(tuple(places), named).items():
            kind = self._target.kinds.get(parameter)
            several: Any = place
            if kind is inspect.Parameter.VAR_POSITIONAL:
                found += several
            elif kind is inspect.Parameter.VAR_KEYWORD:
                found += several.values()
            else:
                found.append(several)
        return found


def _layouts(trace: Trace) -> bool:
    """Whether arrays that lie otherwise may be copied: not where the trace rests on it that they lie by rows.

    Raises Unserved where it rests on another order.
    """
    for found in trace.layouts:
        if found is None:
            continue
        shape, strides = found
        step = strides[-1]
        for size, stride in zip(reversed(shape), reversed(strides), strict=True):
            if size < 2 or stride != step:
                raise Unserved
            step *= size
    return not trace.layouts


def _read(
    tree: Tree,
    slot: int,
    reader: Reader,
    leaves: Iterator[Any],
    inputs: Iterator[tuple[int, Any]],
    copies: bool,
    probes: Probes,
) -> None:
    """Ask for an argument of this nest."""
    if tree.kind is not None:
        first = reader.nest(slot, tree.kind, len(tree.children), tree.keys)
        for place, child in enumerate(tree.children):
            _read(child, first + place, reader, leaves, inputs, copies, probes)
    elif tree.static is not None:
        reader.same(slot, tree.static.value)
        probes.value(tree.static.value)
    else:
        buffer, type = next(inputs)
        reader.leaf(slot, next(leaves), type, buffer, copies=copies)
