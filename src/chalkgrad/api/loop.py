"""`scan`: a loop whose turns are alike, traced once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from chalkgrad.api.derived import KEPT, Same, Traced, first_of, traced, transform
from chalkgrad.errors import ChalkgradError, GradientError, TraceError
from chalkgrad.ir.build import Builder
from chalkgrad.ir.types import ArrayType
from chalkgrad.trace.captured import captured
from chalkgrad.trace.holder import Holder
from chalkgrad.trace.inline import inline
from chalkgrad.trace.places import located
from chalkgrad.trace.session import running
from chalkgrad.trace.trees import Tree, flatten
from chalkgrad.trace.widths import is_bare
from chalkgrad.transform.scan import scan as loop

# From so many turns on a loop of plain numbers is worth a trace.
LONG = 100


def scan(
    function: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """A loop: `carry, y = function(carry, x)` for each x along axis 0 of `xs`.

    Inside a traced function it is one step, whose body is traced once however many turns it takes; its gradient is a
    loop that runs back. With plain numbers a long one is traced too, and is machine code from its second call on; a
    short one is a plain loop, and so is one whose function reads what may change without being seen (a list), or does
    what no trace can.

    Parameters
    ----------
    function
        Of the carry and one x; gives the next carry, of the same nest and types, and a y (or None).
    init : number, array, or a nest of them
    xs : array or a nest of arrays, optional
        All of one length.
    length : int, optional
        How many turns, where there are no `xs`.
    reverse : bool
        From the last x to the first.

    Returns
    -------
    carry, ys
        The last carry, and the y of every turn, stacked along a new axis 0.

    Raises
    ------
    ChalkgradError
        Where the lengths differ, or none is known.
    ShapeError
        Where the carry changes its type.

    Examples
    --------
    >>> carry, ys = scan(lambda total, x: (total + x, total * x), 0.0, np.array([1.0, 2.0, 3.0]))
    >>> float(carry), ys
    (6.0, array([0., 2., 9.]))
    """
    moving, tree = flatten(xs)
    count = _length(moving, length)
    if running() is not None:
        written = _written(function, init, moving, tree, count, reverse)
        if written is not None:
            return written
    elif count >= LONG and captured(function, {}) is not None:
        try:
            return _compiled(Same(function), count, reverse)(init, xs)
        except ChalkgradError:  # the plain loop says what is wrong, or does what no trace can
            pass
    rows: list[Any] = [None] * count
    carry = init
    for k in reversed(range(count)) if reverse else range(count):
        carry, rows[k] = function(carry, tree.unflatten([x[k] for x in moving]))
    if not rows:
        raise ChalkgradError("scan of no turns: with plain numbers nobody knows what the ys would be")
    nests = [flatten(y) for y in rows]
    stacked = [np.stack([leaves[i] for leaves, _ in nests]) for i in range(nests[0][1].count)]
    return carry, nests[0][1].unflatten(stacked)


@lru_cache(maxsize=KEPT)
def _compiled(same: Same, count: int, reverse: bool) -> Callable[..., Any]:
    function = same.function
    return transform(function, lambda init, xs: scan(function, init, xs, count, reverse), like=False)


def _length(xs: Sequence[Any], length: int | None) -> int:
    """How many turns there are."""
    counts: set[int] = set()
    for x in xs:
        shape = np.shape(x)
        if not shape:
            raise ChalkgradError("scan takes an x a turn along axis 0 of xs, and a number has no axis")
        counts.add(shape[0])
    if length is not None:
        counts.add(length)
    if len(counts) != 1:
        found = " and ".join(map(str, sorted(counts)))
        raise ChalkgradError(f"scan is given {found} turns" if counts else "scan needs xs, or length=")
    return counts.pop()


def _narrowed(made: Traced, init: Any) -> Any:
    """`init` with those bare numbers as float32 that are float32 after a turn; None where there is none such."""
    carried, nest = flatten(init)
    outputs = made.program.outputs[: len(carried)]  # where the next carry stands, if the result is what it should be
    found = list(carried)
    for k, (value, after) in enumerate(zip(carried, outputs, strict=False)):
        if is_bare(value) and after.type == ArrayType((), "float32"):
            number: Any = value
            found[k] = number.astype(np.float32) if isinstance(value, Holder) else np.float32(number)
    return None if all(a is b for a, b in zip(carried, found, strict=True)) else nest.unflatten(found)


def _written(
    function: Callable[..., Any], init: Any, xs: Sequence[Any], tree: Tree, count: int, reverse: bool
) -> tuple[Any, Any] | None:
    """As a step of the trace that is running; None where nothing in it is traced."""
    examples = [first_of(x) if count else np.zeros(np.shape(x)[1:], x.dtype) for x in xs]
    made = traced(function, (init, tree.unflatten(examples)), {})
    narrowed = _narrowed(made, init)
    if narrowed is not None:
        return _written(function, narrowed, xs, tree, count, reverse)
    carried, nest = flatten(init)
    values = (*made.trace.hidden, *carried, *xs)
    if not any(isinstance(v, Holder) for v in values):
        return None
    if made.trace.guards:
        guard = made.trace.guards[0]
        problem = "a branch that hangs on the turn of a scan cannot be taken anew at each turn; write np.where"
        if np.asarray(guard.value).dtype != bool:
            problem = (
                "a number of one turn of a scan cannot be a plain int, since the next turn has another; "
                "read what it picks before the loop, as a[ks], and pass that in xs"
            )
        raise TraceError(located(guard.origin, problem))
    pair = made.trace.result.unflatten([float(k) for k in range(made.results)])  # ints alone would be a shape
    if not isinstance(pair, tuple) or len(pair) != 2:  # type: ignore[arg-type]  # a nest is of any type
        raise GradientError(f"{made.program.name} of a scan gives the next carry and a y, as a tuple of two")
    after, rows = flatten(pair[0]), flatten(pair[1])
    if after[1] != nest:
        raise GradientError(
            f"the carry of {made.program.name} is another nest after a turn than before it; "
            "the keys of a dict stand in the same order, too"
        )
    program = made.program
    hidden = len(made.trace.hidden)
    body = replace(
        program,
        inputs=(*program.inputs[len(program.inputs) - hidden :], *program.inputs[: len(program.inputs) - hidden]),
        outputs=tuple([program.outputs[int(k)] for k in (*after[0], *rows[0])]),
    )
    builder = Builder()
    whole = hidden + len(carried)
    inputs = [
        builder.input(v.hint, v.type if k < whole else ArrayType((count, *v.type.shape), v.type.dtype))
        for k, v in enumerate(body.inputs)
    ]
    params = {"body": body, "counts": (hidden, len(carried)), "length": count, "reverse": reverse}
    outs = builder.bind_many(loop, *inputs, params=params)
    found = inline(builder.program("scan", *outs[: len(body.outputs)]), values)
    return nest.unflatten(found[: len(carried)]), rows[1].unflatten(found[len(carried) :])
