"""A network's counts and what it can represent, as a lecturer would write them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalkgrad.ir.dims import Dim
from chalkgrad.learn.bottleneck import Bottleneck
from chalkgrad.learn.network import LINEAR, Layer, Network

# What is below this, relative to the whole, is rounding, and hangs on the machine.
ROUNDING = 1e-11


def whole(number: Dim) -> str:
    """`10 000`: a number of five digits or more in threes, a polynomial of sizes as it is."""
    if not isinstance(number, int):
        return str(number)
    return f"{number:,}".replace(",", " ") if number >= 10_000 else str(number)


def network_text(network: Network, shown: Bottleneck | None = None) -> str:
    """Equations, parameters, cost, and for linear layers what they can represent."""
    lines = [*_equations(network), "", *_parameters(network), "", *_cost(network)]
    if shown is not None:
        lines += ["", *bottleneck_lines(shown)]
    return "\n".join(lines)


def _equations(network: Network) -> Iterator[str]:
    yield "equations, for one example"
    for line in network.equations.replace(";", "\n").splitlines():
        if line.strip():
            yield f"  {line.strip()}"


def _parameters(network: Network) -> Iterator[str]:
    yield "parameters"
    rows = [("layer", "matrix", "weights", "biases")]
    for layer in network.layers:
        size = f"{layer.weight}: {layer.outputs}×{layer.inputs}"
        bias = whole(layer.biases) if layer.bias is not None else "none"
        rows.append((_named(layer), size, _product(layer), bias))
    yield from _columns(rows)
    weights = [whole(layer.weights) for layer in network.layers]
    yield f"  weights: {_total(weights, whole(network.weights))}"
    biases = [whole(layer.biases) for layer in network.layers if layer.bias is not None]
    if biases:
        yield f"  biases: {_total(biases, whole(network.biases))}, counted apart"
        yield f"  in all: {whole(network.weights)} + {whole(network.biases)} = {whole(network.parameters)}"
    if network.data:
        yield f"  not counted, since it is data: {', '.join(network.data)}"


def _named(layer: Layer) -> str:
    bends = "" if layer.activation == LINEAR else f", {layer.activation}"
    return f"{layer.inputs} → {layer.outputs}{bends}"


def _product(layer: Layer) -> str:
    if not isinstance(layer.weights, int):
        return str(layer.weights)
    return f"{layer.inputs}·{layer.outputs} = {whole(layer.weights)}"


def _total(terms: Sequence[str], total: str) -> str:
    return total if len(terms) == 1 else f"{' + '.join(terms)} = {total}"


def _cost(network: Network) -> Iterator[str]:
    weights = [whole(layer.weights) for layer in network.layers]
    yield "multiplications in the matrix products, for one example"
    yield f"  forward, W a in every layer:   {_total(weights, whole(network.forward))}"
    yield f"  backward, ∂W = δ aᵀ likewise:  {_total(weights, whole(network.weights))}"
    if len(weights) > 1:
        yield f"  and Wᵀ δ, not in the first:    {_total(weights[1:], whole(network.sent_back))}"
        yield f"  backward in all:               {whole(network.backward)}"


def bottleneck_lines(shown: Bottleneck) -> Iterator[str]:
    """What linear layers can represent, with the numbers that show it."""
    sizes = "→".join(map(str, shown.sizes))
    shape = f"{shown.sizes[-1]}×{shown.sizes[0]}"
    yield f"what {sizes} can represent: its layers are linear, so it is one matrix {shape}, and at most one bias"
    if shown.rank == shown.full:
        yield f"  any such matrix: its rank may be anything up to {shown.full}"
        if len(shown.sizes) > 2:
            yield "  the layers between add parameters, and no function that one layer could not compute"
    else:
        yield f"  any matrix of rank {shown.rank} or less, and no other: all passes through {shown.rank} numbers"
        yield f"  these matrices have {whole(shown.free)} degrees of freedom, of {whole(_entries(shown))}"
    values = [_up_to_rounding(v, float(shown.singular[0])) for v in _around(shown)]
    yield (
        f"  random weights: {shown.found} singular values of the product are not 0"
        + (f" (number {shown.rank} is {values[0]}, number {shown.rank + 1} is {values[1]})" if len(values) > 1 else "")
    )
    off = "exactly" if shown.made <= ROUNDING else f"but for {shown.made:.0e} of its size"
    yield f"  a random matrix of rank {shown.rank} is represented {off}, up to rounding"
    lost = shown.full - shown.rank
    if lost:
        yield (
            f"  copying its input is not: the nearest map of rank {shown.rank} is off by "
            f"{shown.copy_error:.4g} = √{lost} of {shown.copy_size:.4g} = √{shown.full} "
            f"({lost} of {shown.full} directions are lost)"
        )
    else:
        yield "  copying its input is represented exactly"


def _entries(shown: Bottleneck) -> int:
    return shown.sizes[0] * shown.sizes[-1]


def _up_to_rounding(value: float, whole: float) -> str:
    return "0, up to rounding" if value <= ROUNDING * whole else f"{value:.3g}"


def _around(shown: Bottleneck) -> list[float]:
    """The last singular value that counts, and the one behind it."""
    return [float(v) for v in shown.singular[shown.rank - 1 : shown.rank + 1]]


def comparison(first: Network, second: Network, shown: tuple[Bottleneck, Bottleneck] | None) -> str:
    """Two networks side by side, in numbers, and where both are linear in what they can represent."""
    names = ["→".join(map(str, n.sizes)) for n in (first, second)]
    rows = [
        ("", *names),
        ("weights", whole(first.weights), whole(second.weights)),
        ("biases", whole(first.biases), whole(second.biases)),
        ("multiplications, forward", whole(first.forward), whole(second.forward)),
        ("multiplications, backward", whole(first.backward), whole(second.backward)),
    ]
    if shown is not None:
        rows.append(("rank of the map, at most", str(shown[0].rank), str(shown[1].rank)))
        rows.append(("degrees of freedom of the map", whole(shown[0].free), whole(shown[1].free)))
    lines = ["side by side", *_columns(rows)]
    if shown is not None:
        lines += ["", *_verdict(names, (first, second), shown)]
    return "\n".join(lines)


def _verdict(
    names: Sequence[str], networks: tuple[Network, Network], shown: tuple[Bottleneck, Bottleneck]
) -> Iterator[str]:
    same = shown[0].sizes[0] == shown[1].sizes[0] and shown[0].sizes[-1] == shown[1].sizes[-1]
    if not same:
        yield "The two have other inputs or outputs, so what they represent is not compared."
        return
    wide, narrow = (0, 1) if shown[0].rank >= shown[1].rank else (1, 0)
    if shown[wide].rank == shown[narrow].rank:
        yield f"Both represent the same maps: those of rank {shown[0].rank} or less."
    else:
        yield (
            f"{names[wide]} represents every map that {names[narrow]} does and more: "
            f"those of rank {shown[narrow].rank + 1} to {shown[wide].rank}, copying the input among them."
        )
    costs = [n.forward for n in networks]
    less, more = (0, 1) if _number(costs[0]) <= _number(costs[1]) else (1, 0)
    if costs[0] != costs[1]:
        ratio = _number(costs[more]) / _number(costs[less])
        yield f"{names[less]} has {ratio:.3g} times fewer weights, and as many times fewer multiplications forward."


def _number(dim: Dim) -> int:
    return dim if isinstance(dim, int) else 0


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        yield "  " + "   ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
