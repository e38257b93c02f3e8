"""A long short-term memory of diagonal weights over a text, and the gradient by its parameters."""

from typing import Any

import numpy as np
from evaluation import Function

import chalkgrad as cg


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def cell_of(weight: Any, bias: Any, hidden: Any, cell: Any, x: Any) -> Any:
    """One layer, one character on: hidden and cell."""
    forget, ingate, outgate, change = np.stack((x, hidden, x, hidden)) * weight + bias
    cell = cell * sigmoid(forget) + sigmoid(ingate) * np.tanh(change)
    return sigmoid(outgate) * np.tanh(cell), cell


def objective(main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """The loss over the text; `main` has the weights and biases of each layer, `state` its hidden and cell."""
    width = len(extra[0])
    layers = main.reshape(-1, 2, 4, width)

    def turn(state: Any, x: Any) -> Any:
        x = x * extra[0]
        after: list[Any] = []
        for (weight, bias), (hidden, cell) in zip(layers, state, strict=True):
            x, cell = cell_of(weight, bias, hidden, cell, x)
            after.append((x, cell))
        return after, x * extra[1] + extra[2]

    begin = [(hidden, cell) for hidden, cell in zip(state[::2], state[1::2], strict=True)]
    _, guessed = cg.scan(turn, begin, sequence[:-1])
    normed = guessed - np.log(2 + np.sum(np.exp(guessed), axis=1, keepdims=True))
    return -np.mean(sequence[1:] * normed)


def prepare(given: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(np.array(given[name], float) for name in ("main_params", "extra_params", "state", "sequence"))


def answer(found: Any) -> list[float]:
    return [number for part in found for number in part.ravel().tolist()]


FUNCTIONS = {
    "objective": Function(objective, prepare, answer=float),
    "jacobian": Function(cg.grad(objective, wrt=("main", "extra")), prepare, answer),
}
