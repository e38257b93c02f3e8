"""What a training run shows, in a table and in sentences: each sentence says what was measured in this very run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chalkgrad.ir.registry import lookup
from chalkgrad.learn.network import LINEAR
from chalkgrad.learn.training import Training
from chalkgrad.notation.functions import ALIASES

# Rows of the table, and examples whose outputs are listed.
ROWS = (0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
MOST_EXAMPLES = 8
# Differences below this, relative to the weights, are what rounding makes of equal sums added in another order.
ROUNDING = 1e-12


def training_text(training: Training) -> str:
    """The equations, the table of losses, gradients and differences, and what they show."""
    lines = ["the network, all examples at once"]
    lines += [f"  {line}" for line in training.equations.splitlines()]
    examples = "1 example" if training.x.shape[1] == 1 else f"{training.x.shape[1]} examples"
    lines += ["", f"gradient descent: {training.steps} steps of rate {training.rate:g} on {examples}"]
    lines += [f"weights begin {training.init}; biases begin 0", "", *_table(training), "", *lessons(training)]
    outputs = list(_outputs(training))
    return "\n".join([*lines, "", *outputs] if outputs else lines)


def _table(training: Training) -> Iterator[str]:
    weights = [layer.weight for layer in training.network.layers]
    units = [f"layer {k}" for k in training.hidden]
    yield "at each step: the loss, the largest entry of each gradient, and how far apart the hidden units are"
    heads = ["step", "J", *[f"max |∂{w}|" for w in weights]]
    heads += [head for name in units for head in (f"{name}: weights", "gradients")]
    rows: list[Sequence[str]] = [heads]
    for step in _rows(training):
        row = [str(step), number(training.losses[step])]
        if step < len(training.losses) - 1:
            row += [number(training.largest[w][step]) for w in weights]
            for apart, gradients in zip(training.apart, training.apart_gradients, strict=True):
                row += [number(apart[step]), number(gradients[step])]
        rows.append([*row, *[""] * (len(heads) - len(row))])
    widths = [max(len(row[k]) for row in rows) for k in range(len(heads))]
    for row in rows:
        yield "  " + "   ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)).rstrip()


def _rows(training: Training) -> list[int]:
    last = training.steps
    scale, found = 1, list(ROWS)
    while scale * 1000 < last:
        found += [scale * n for n in (1000, 2000, 5000)]
        scale *= 10
    return [n for n in found if n < last] + [last]


def number(value: Any) -> str:
    """Four digits; what is exactly 0 prints as 0, and nothing else does."""
    value = float(value)
    if value == 0:
        return "0"
    return f"{value:.4f}" if 0.001 <= abs(value) < 10_000 else f"{value:.1e}"


def lessons(training: Training) -> Iterator[str]:
    """What the run shows, a sentence each."""
    if training.broken == 0:
        yield f"J is {training.losses[0]} before the first step: the network has no value at these weights."
    elif training.broken is not None:
        yield (
            f"At step {training.broken} J is {training.losses[-1]} and no number, so training stopped: "
            f"take a smaller rate than {training.rate:g}."
        )
    elif training.steps:
        first, last = training.losses[0], training.losses[-1]
        moved = "did not move" if first == last else "fell" if last < first else "rose"
        yield f"J {moved}: {number(first)} before the first step, {number(last)} after {training.steps}."
    if training.broken == 0:
        return
    yield from _zeros(training)
    for place in range(len(training.hidden)):
        yield from _units(training, place)


def _zeros(training: Training) -> Iterator[str]:
    """Which weights got no gradient at all, and why where all began at 0."""
    layers = training.network.layers
    weights = [layer.weight for layer in layers]
    never = [w for w in weights if not np.any(training.largest[w])]
    began = all(not np.any(training.start[w]) for w in weights)
    if len(never) == len(weights):
        biases = [layer.bias for layer in layers if layer.bias and np.any(training.largest[layer.bias])]
        only = f"; only {', '.join(biases)} moved" if biases else ""
        yield f"No weight got any gradient: {_partials(weights)} are exactly 0 at every step{only}."
    elif never:
        yield f"{_partials(never)} {'is' if len(never) == 1 else 'are'} exactly 0 at every step."
    if not began or len(layers) < 2:
        return
    first = {w: float(training.largest[w][0]) for w in weights}
    still = [w for w in weights[:-1] if first[w] == 0]
    if still:
        yield f"At the first step {_partials(still)} = 0, since the weights behind, all 0, send nothing back."
    hidden = _first_hidden(training)
    g = "" if layers[-2].activation == LINEAR else f"{layers[-2].activation}(0) = "
    if hidden == 0:
        yield f"There ∂{weights[-1]} = 0 too, since the hidden units give {g}0, and ∂{weights[-1]} = δ aᵀ."
    elif first[weights[-1]] != 0:
        size = number(first[weights[-1]])
        yield f"But ∂{weights[-1]} ≠ 0 (up to {size}), since the hidden units give {g}{hidden:g}, not 0."
    else:
        yield (
            f"∂{weights[-1]} = 0 too, though the hidden units give {g}{hidden:g}: the errors of these examples "
            "add up to 0. With data that is not balanced it is not 0."
        )


def _first_hidden(training: Training) -> float:
    """What the last hidden layer gives where all weights and biases are 0: one number for all its units."""
    layer = training.network.layers[-2]
    name = ALIASES.get(layer.activation, layer.activation)
    if name == LINEAR:
        return 0.0
    axis = {"axis": 0} if name == "softmax" else {}
    return float(lookup(name).evaluate(np.zeros((training.start[layer.weight].shape[0], 1)), **axis)[0, 0])


def _units(training: Training, place: int) -> Iterator[str]:
    """Whether the units of one hidden layer stayed equal, and by what."""
    k = training.hidden[place]
    units = training.network.layers[k - 1].outputs
    apart, gradients = training.apart[place], training.apart_gradients[place]
    which = f"The {units} units of hidden layer {k}"
    steps = "the one step" if training.steps == 1 else f"each of the {len(apart)} steps"
    if not np.any(apart) and not np.any(gradients):
        yield (
            f"{which} began equal and got equal gradients at {steps}, to the last digit: they are equal still, "
            f"and the layer computes one feature {units} times."
        )
    elif apart[0] > 0:
        yield (
            f"{which} began different, by up to {number(apart[0])}, and get different gradients, by up to "
            f"{number(gradients[0])} at the first step: each can learn a feature of its own."
        )
    elif np.max(apart) <= ROUNDING * max(1.0, *(float(np.max(np.abs(w))) for w in training.end.values())):
        yield (
            f"{which} began equal and got equal gradients at {steps}, up to rounding "
            f"(they differ by {number(np.max(gradients))} at most): they compute one feature {units} times."
        )
    else:
        yield (
            f"{which} began equal, and rounding alone set them apart: their gradients differ by "
            f"{number(gradients[gradients > 0][0])} at first, and the weights by {number(apart[-1])} in the end."
        )


def _partials(names: Sequence[str]) -> str:
    *most, last = [f"∂{name}" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _outputs(training: Training) -> Iterator[str]:
    """What the trained network says of each example, where they are few."""
    count = training.x.shape[1]
    if count > MOST_EXAMPLES or training.broken is not None:
        return
    yield "after training"
    for i in range(count):
        x, y, h = [", ".join(f"{v:.4g}" for v in a[:, i]) for a in (training.x, training.y, training.output)]
        yield f"  x = ({x})   y = {y}   h = {h}"
