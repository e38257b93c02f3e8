"""Callables with one block, for tests of the entry."""

from __future__ import annotations

from typing import Any

from chalkgrad.native.artifact import Artifact
from chalkgrad.native.call.block import Code, Reader, block
from chalkgrad.native.call.entry import callable_of, serve
from chalkgrad.trace.record import trace
from chalkgrad.transform.prepare import prepare
from tests.native.small import small


def of(function: Any, *args: Any, **claims: Any) -> Artifact:
    return small(prepare(trace(function, *args)), **claims)


def served(artifact: Artifact, examples: tuple[Any, ...], nest: Any = tuple, guards: Any = ()) -> Any:
    """A callable with one block; Python answers "slow"."""
    made = callable_of(lambda *args, **named: ("slow", args, named))
    reader = Reader(len(examples))
    for place, (example, type) in enumerate(zip(examples, artifact.inputs, strict=True)):
        reader.leaf(place, example, type, place)
    serve(made, [block(Code(artifact), reader, nest, guards)])
    return made


def slow(made: Any, *args: Any, **named: Any) -> bool:
    found = made(*args, **named)
    return isinstance(found, tuple) and len(found) == 3 and found[0] == "slow"


def answers(args: Any, **named: Any) -> Any:
    return args, named
