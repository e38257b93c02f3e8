"""`train`: gradient descent on a small network, with what shows whether its hidden units learn different things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from chalkgrad.learn.data import built_in
from chalkgrad.learn.lessons import training_text
from chalkgrad.learn.network import from_sizes, read_chart
from chalkgrad.learn.training import Training as Trained
from chalkgrad.learn.training import train as descend


@dataclass(frozen=True, eq=False)
class Training(Trained):
    """A training run. It prints as a table of losses, gradients and differences, and what they show."""

    def __str__(self) -> str:
        return training_text(self)

    def __repr__(self) -> str:
        return f"<Training: {self.steps} steps, J = {self.losses[-1]:.4g}>"


def train(
    chart: str | Sequence[int],
    data: str | tuple[Any, Any] = "xor",
    *,
    init: str | float = "random",
    activation: str = "tanh",
    output: str = "σ",
    biases: bool = True,
    rate: float = 0.5,
    steps: int = 1000,
    seed: int = 0,
    progress: Callable[[int], Any] | None = None,
) -> Training:
    """Train a small network by plain gradient descent, and keep what shows how its hidden units come apart or do not.

    Parameters
    ----------
    chart : str or sequence of int
        The layers, `"2-3-1"`: inputs, hidden layers, outputs.
    data : str or pair of arrays
        `"xor"`, `"or"`, `"and"`, or (X, Y) with an example a column: X inputs×m, Y outputs×m.
    init : str or float
        How the weights begin: `"random"`, `"zero"`, `"equal"` (all 0.5), or the one number that all have. Biases
        begin at 0.
    activation, output : str
        After hidden layers, and after the last. The loss goes with the output: cross-entropy after σ and softmax, half
        the mean square otherwise.
    rate, steps, seed, biases
        The rate of descent, how many steps, the seed of random weights, whether there are biases.
    progress : function, optional
        Called with 1 after each step.

    Raises
    ------
    ChalkgradError
        ShapeError where the data does not fit the chart.

    Examples
    --------
    >>> run = train("2-3-1", "xor", init="equal", steps=20)
    >>> float(run.apart[0].max()), float(run.apart_gradients[0].max())
    (0.0, 0.0)
    """
    sizes = read_chart(chart) if isinstance(chart, str) else tuple(chart)
    network = from_sizes(sizes, activation, output, biases)
    x, y = built_in(data) if isinstance(data, str) else data
    made = descend(network, x, y, init=init, rate=rate, steps=steps, seed=seed, progress=progress)
    return Training(**{f.name: getattr(made, f.name) for f in fields(made)})
