"""Gradient descent on a small network, with what shows whether its hidden units learn different things.

The network is its maths text; the text is read, differentiated and evaluated as every other, so that what is trained is
what is printed. Nothing here knows a derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from chalkgrad.errors import ChalkgradError, ShapeError, TooLarge
from chalkgrad.ir.dims import dims_text
from chalkgrad.ir.program import Program
from chalkgrad.learn.network import Network, example_text
from chalkgrad.native.executable import Executable
from chalkgrad.notation.functions import ALIASES
from chalkgrad.notation.read import read
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.conventions import with_sizes
from chalkgrad.transform.gates import recognise
from chalkgrad.transform.prepare import prepare

MOST_STEPS = 1_000_000
MOST_PARAMETERS = 1_000_000
EQUAL = 0.5

LOSSES = {
    "sigmoid": "J = -mean(Y * log(H) + (1 - Y) * log(1 - H))",
    "softmax": "J = -mean(sum(Y * log(H), axis=0))",
}
SQUARES = "J = 1/2 mean((H - Y)^2)"


@dataclass(frozen=True, eq=False)
class Training:
    """What happened in training.

    Attributes
    ----------
    equations : str
        The text that was trained, its loss J on the last line; examples stand in columns.
    losses : array
        J before each step, and after the last.
    largest : dict of arrays
        For each parameter, its largest gradient entry (in absolute value) at each step.
    apart, apart_gradients : tuple of arrays
        For each hidden layer of two units or more, how far its units were apart at each step: the largest difference
        between what two of them have (weights in, bias, weights out), and between the gradients of these.
    start, end : dict of arrays
        The parameters before and after.
    output : array
        The network's output after training, outputs×m.
    broken : int or None
        The step at which J was no number any more, and training stopped.
    """

    network: Network
    equations: str
    init: str
    rate: float
    x: Any
    y: Any
    losses: Any
    largest: Mapping[str, Any]
    apart: tuple[Any, ...]
    apart_gradients: tuple[Any, ...]
    start: Mapping[str, Any]
    end: Mapping[str, Any]
    output: Any
    broken: int | None = None

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses) - 1

    @property
    def hidden(self) -> tuple[int, ...]:
        """The numbers of the hidden layers that `apart` is about, the first being 1."""
        return hidden_layers(self.network)


def hidden_layers(network: Network) -> tuple[int, ...]:
    """The hidden layers of two units or more."""
    return tuple(k for k, layer in enumerate(network.layers[:-1], 1) if _int(layer.outputs) > 1)


def _int(dim: Any) -> int:
    return int(dim)


def batch_text(network: Network) -> str:
    """The equations of all examples at once, X being inputs×m, with the loss that goes with the output.

    Cross-entropy after σ and after softmax, half the mean square otherwise.
    """
    last = network.layers[-1]
    loss = LOSSES.get(ALIASES.get(last.activation, last.activation), SQUARES)
    first, *rest = example_text(network.layers, "X", "m").splitlines()
    return "\n".join([first, f"Y in R^({last.outputs} x m)", *rest, loss])


def initial(network: Network, init: str | float, seed: int = 0) -> tuple[dict[str, Any], str]:
    """The parameters before training, and in words how they were set; biases are 0.

    `random` draws from a normal distribution of variance 1/n for n inputs; `zero`; `equal`, or a number, gives every
    weight that one value. Raises ChalkgradError for anything else.
    """
    rng = np.random.default_rng(seed)
    value: float | None = None
    if isinstance(init, str):
        if init not in ("random", "zero", "equal"):
            raise ChalkgradError(f"weights begin random, zero or equal, or as one number; not '{init:.40}'")
        value = {"random": None, "zero": 0.0, "equal": EQUAL}[init]
    elif isinstance(init, bool) or not isinstance(init, Real) or not math.isfinite(init):
        raise ChalkgradError(f"weights begin random, zero or equal, or as one number; not as {init!r:.40}")
    else:
        value = float(init)
    found: dict[str, Any] = {}
    for layer in network.layers:
        rows, columns = _int(layer.outputs), _int(layer.inputs)
        drawn = rng.normal(size=(rows, columns)) / math.sqrt(columns)
        found[layer.weight] = drawn if value is None else np.full((rows, columns), value)
        if layer.bias is not None:
            found[layer.bias] = np.zeros((rows, 1))
    said = f"random, seed {seed}" if value is None else "all 0" if value == 0 else f"all {value:g}"
    return found, said


def train(
    network: Network,
    x: Any,
    y: Any,
    *,
    init: str | float = "random",
    rate: float = 0.5,
    steps: int = 1000,
    seed: int = 0,
    progress: Callable[[int], Any] | None = None,
) -> Training:
    """Plain gradient descent over all examples at once.

    `x` is inputs×m and `y` outputs×m: an example a column. `progress` is called after each step with 1. Raises
    ShapeError where the data does not fit the network, TooLarge above a million steps or parameters.
    """
    x, y = _examples(network, x, y)
    if not isinstance(steps, int) or not 1 <= steps <= MOST_STEPS:
        raise TooLarge(f"from 1 to {MOST_STEPS} steps are taken, and not {steps}")
    if not isinstance(rate, Real) or not math.isfinite(rate) or rate <= 0:
        raise ChalkgradError(f"the rate is a number above 0, and not {rate!r:.40}")
    if _int(network.parameters) > MOST_PARAMETERS:
        raise TooLarge(f"the network has {network.parameters} parameters; up to {MOST_PARAMETERS} are trained here")
    text = batch_text(network)
    program, step = _prepared(text, network, x, y)
    parameters, said = initial(network, init, seed)
    start = dict(parameters)
    losses: list[float] = []
    largest: dict[str, list[float]] = {name: [] for name in parameters}
    hidden = hidden_layers(network)
    apart: list[list[float]] = [[] for _ in hidden]
    apart_gradients: list[list[float]] = [[] for _ in hidden]
    broken: int | None = None
    for number in range(steps + 1):
        loss, gradients = step(parameters)
        losses.append(loss)
        if not math.isfinite(loss):
            broken = number
            break
        if number == steps:
            break
        for name, gradient in gradients.items():
            largest[name].append(float(np.max(np.abs(gradient))))
        for k, layer in enumerate(hidden):
            apart[k].append(_apart(network, parameters, layer))
            apart_gradients[k].append(_apart(network, gradients, layer))
        parameters = {name: value - rate * gradients[name] for name, value in parameters.items()}
        if progress is not None:
            progress(1)
    return Training(
        network=network,
        equations=text,
        init=said,
        rate=rate,
        x=x,
        y=y,
        losses=np.array(losses),
        largest={name: np.array(values) for name, values in largest.items()},
        apart=tuple([np.array(values) for values in apart]),
        apart_gradients=tuple([np.array(values) for values in apart_gradients]),
        start=start,
        end=parameters,
        output=_output(program, {**parameters, "X": x, "Y": y}),
        broken=broken,
    )


def _examples(network: Network, x: Any, y: Any) -> tuple[Any, Any]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    inputs, outputs = network.sizes[0], network.sizes[-1]
    for name, value, units in (("X", x, inputs), ("Y", y, outputs)):
        if value.ndim != 2 or value.shape[0] != units:
            turned = ", an example a column: take the transpose" if value.shape[-1:] == (units,) else ""
            side = "begins" if name == "X" else "ends"
            raise ShapeError(
                f"{name} has shape {dims_text(value.shape)}; the network {side} with {units}, so it is "
                f"{units}×m{turned}"
            )
        if not np.all(np.isfinite(value)):
            raise ChalkgradError(f"{name} holds a NaN or an infinity")
    word = network.layers[-1].activation
    loss = ALIASES.get(word, word)
    if loss in LOSSES and np.any((y < 0) | (y > 1)):
        raise ChalkgradError(
            f"after {word} the loss is a cross-entropy, so that Y lies from 0 to 1; take another output"
        )
    if loss == "softmax" and not np.allclose(y.sum(axis=0), 1.0):
        raise ChalkgradError("after softmax the outputs of an example add up to 1, and so must each column of Y")
    if x.shape[1] != y.shape[1] or x.shape[1] == 0:
        raise ShapeError(f"X has {x.shape[1]} examples and Y has {y.shape[1]}: one column of each is an example")
    return x, y


def _prepared(text: str, network: Network, x: Any, y: Any) -> tuple[Program, Any]:
    """The Program as typed, and a function from the parameters to the loss and the gradients."""
    program = read(text).program
    shapes = {v: _shape(v.type.shape, x.shape[1]) for v in program.inputs}
    program = with_sizes(program, shapes)
    names = [v.hint for v in program.inputs]
    parameters = [n for n in names if n not in ("X", "Y")]
    made = backprop(recognise(program, evaluation=True), [v for v in program.inputs if v.hint in parameters])
    run = Executable(prepare(made.gradient))

    def step(values: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
        given = {"X": x, "Y": y, **values}
        loss, *gradients = run(*[given[n] for n in names], 1.0)
        return float(loss), dict(zip(parameters, gradients, strict=True))

    return program, step


def _shape(shape: Sequence[Any], examples: int) -> tuple[int, ...]:
    return tuple([n if isinstance(n, int) else examples for n in shape])


def _output(program: Program, values: Mapping[str, Any]) -> Any:
    """H, which the loss is a function of."""
    (h,) = [v for v in program.variables() if v.hint == "H"]
    whole = Program(program.name, program.inputs, program.steps, (h,))
    (out,) = Executable(prepare(whole))(*[values[v.hint] for v in program.inputs])
    return out


def _apart(network: Network, values: Mapping[str, Any], layer: int) -> float:
    """The largest difference between the first unit of a hidden layer and another: in, bias, out."""
    own, after = network.layers[layer - 1], network.layers[layer]
    parts = [values[own.weight], values[after.weight].T]
    if own.bias is not None:
        parts.append(values[own.bias])
    return float(max([np.max(np.abs(p - p[:1])) for p in parts]))
