"""`network`: a chart or equations, counted, drawn, and as the Program that its equations are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from chalkgrad.api.parse import parse
from chalkgrad.api.save import save_picture
from chalkgrad.errors import ChalkgradError, ValueNeeded
from chalkgrad.ir.program import Program
from chalkgrad.learn.bottleneck import LARGEST, Bottleneck, bottleneck
from chalkgrad.learn.network import LINEAR, from_program, from_sizes, is_chart, read_chart
from chalkgrad.learn.network import Network as Layers
from chalkgrad.learn.wording import comparison, network_text


@dataclass(frozen=True)
class Network(Layers):
    """A network. It prints as its equations, parameters and cost, and shows itself in a notebook as layers of units.

    `layers`, `weights`, `biases`, `parameters`, `forward` and `backward` are the counts, `equations` the maths text,
    `program` what it is read as; `seed` is that of the random matrices that show the rank of linear layers.
    """

    seed: int = 0

    @cached_property
    def program(self) -> Program:
        """The Program of the equations, to be worked, drawn and differentiated as any other."""
        return parse(self.equations)

    @cached_property
    def bottleneck(self) -> Bottleneck:
        """What linear layers can represent, demonstrated.

        Raises ChalkgradError where something bends between the layers.
        """
        if not self.linear:
            raise ChalkgradError("the network is not linear, so no matrix of some rank stands for it")
        return bottleneck(self, self.seed)

    @cached_property
    def svg(self) -> str:
        """The layers of units. Raises ChalkgradError where they do not follow one another, or a size is a name."""
        from chalkgrad.render.network import Column, network_picture
        from chalkgrad.render.picture import svg  # loads the typesetter: only when drawn

        if not self.chained:
            raise ChalkgradError("these layers do not feed one another in a row: draw the equations with cg.draw")
        if not all(isinstance(n, int) for n in self.sizes):
            raise ValueNeeded("the units are drawn where every size is a number")
        columns = [Column(self.sizes[0], self.data[0] if self.data else "x", "", "")]
        for k, layer in enumerate(self.layers, 1):
            weights = f"{layer.weight}: {layer.outputs}×{layer.inputs}"
            bends = "" if layer.activation == LINEAR else layer.activation
            columns.append(Column(self.sizes[k], layer.name, bends, weights))
        return svg(network_picture(columns, f"Network {'-'.join(map(str, self.sizes))}"))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing, .svg or .png. Raises ChalkgradError for another suffix, or where it cannot be written."""
        return save_picture(self.svg, path)

    def compare(self, other: Network) -> str:
        """The two side by side: parameters, cost, and where both are linear what each can and cannot represent."""
        shown = (self.bottleneck, other.bottleneck) if self._shows and other._shows else None
        return comparison(self, other, shown)

    def __str__(self) -> str:
        return network_text(self, self.bottleneck if self._shows else None)

    @property
    def _shows(self) -> bool:
        """Whether what it can represent is shown with numbers: it is one matrix, of a size that is soon decomposed."""
        return self.linear and all(isinstance(n, int) and n <= LARGEST for n in self.sizes)

    def _repr_svg_(self) -> str:
        return self.svg


def network(
    source: str | Sequence[int],
    *,
    activation: str = "relu",
    output: str = LINEAR,
    biases: bool = True,
    data: str | Sequence[str] | None = None,
    seed: int = 0,
) -> Network:
    """A network from its chart or its equations: parameters, cost in multiplications, equations, drawing.

    Parameters
    ----------
    source : str or sequence of int
        A chart, `"8-10-10-3"` or `[8, 10, 10, 3]`: inputs, hidden layers, outputs. Or equations with declared shapes,
        of which every product `W a`, or `a W`, with a declared matrix is a layer.
    activation, output : str
        Of a chart: what follows each hidden layer, and the last: `relu`, `tanh`, `σ`, `softmax`, `linear` …
    biases : bool
        Of a chart: whether the layers have them.
    data : str or sequence of str, optional
        Of equations: the inputs that are no parameters; by default those that begin with x or y.
    seed : int
        Of the random matrices that show the rank of linear layers.

    Raises
    ------
    ChalkgradError
        NotationError, with a caret, for what is no chart.

    Examples
    --------
    >>> found = network("8-10-10-3")
    >>> found.weights, found.biases, found.parameters
    (210, 23, 233)
    """
    if not isinstance(source, str):
        made = from_sizes(tuple(source), activation, output, biases)
    elif is_chart(source):
        made = from_sizes(read_chart(source), activation, output, biases)
    else:
        made = from_program(parse(source), source, [data] if isinstance(data, str) else data)
    return Network(made.layers, made.equations, made.data, made.chained, seed)
