"""A network of layers: read from a chart such as 8-10-10-3 or from its equations; its parameters and its cost."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from chalkgrad.errors import ChalkgradError, NotationError, TooLarge, UnknownName, nearest
from chalkgrad.ir.dims import Dim
from chalkgrad.ir.program import Program, Step, Var
from chalkgrad.ir.registry import OPS
from chalkgrad.notation.functions import ALIASES

LARGEST = 10**7
DEEPEST = 100
SEPARATOR = re.compile(r"\s*(?:->|[-–→,])\s*|\s+")  # between the sizes of a chart
LINEAR = "linear"
# What equations do with a layer's sum, where it is neither passed on as it is nor bent by one function.
OTHERWISE = "…"


@dataclass(frozen=True)
class Layer:
    """`a = g(W a' + b)`: the names of W, b (None: it has none) and a, its sizes, and what g is called."""

    weight: str
    inputs: Dim
    outputs: Dim
    bias: str | None
    activation: str = LINEAR
    name: str = ""

    @property
    def weights(self) -> Dim:
        """How many entries W has; an example costs as many multiplications on the way forward."""
        return self.inputs * self.outputs

    @property
    def biases(self) -> Dim:
        return self.outputs if self.bias is not None else 0


@dataclass(frozen=True)
class Network:
    """Layers, and the maths text that they stand for.

    Sizes are numbers, or polynomials of named sizes where the equations leave them named. `data` are the inputs that
    are no parameters; `chained` says whether each layer reads just what the one before it gives, so that they can be
    drawn as a row of layers.
    """

    layers: tuple[Layer, ...]
    equations: str
    data: tuple[str, ...] = ("x",)
    chained: bool = True

    @property
    def weights(self) -> Dim:
        """How many weights: Σ n(i)·n(i+1)."""
        return _sum([layer.weights for layer in self.layers])

    @property
    def biases(self) -> Dim:
        return _sum([layer.biases for layer in self.layers])

    @property
    def parameters(self) -> Dim:
        return self.weights + self.biases

    @property
    def forward(self) -> Dim:
        """Multiplications of matrix products for one example, on the way forward."""
        return self.weights

    @property
    def backward(self) -> Dim:
        """Multiplications of matrix products for one example, on the way back: ∂W everywhere, Wᵀδ but in the first."""
        return self.weights + self.sent_back

    @property
    def sent_back(self) -> Dim:
        """Of these, Wᵀδ: the first layer has nobody to send a gradient to."""
        return _sum([layer.weights for layer in self.layers[1:]])

    @cached_property
    def sizes(self) -> tuple[Any, ...]:
        """n(0), n(1), …: the inputs, then the units of each layer."""
        return (self.layers[0].inputs, *[layer.outputs for layer in self.layers])

    @property
    def linear(self) -> bool:
        """Whether the whole is one linear map: nothing bends between its layers."""
        return self.chained and all(layer.activation == LINEAR for layer in self.layers)


def _sum(dims: Sequence[Dim]) -> Dim:
    total: Dim = 0
    for dim in dims:
        total = total + dim
    return total


def is_chart(text: str) -> bool:
    """Whether a text is a chart rather than equations: one line, with no sign of a formula in it."""
    return not re.search(r"[=\n;]", text.strip())


def read_chart(text: str) -> tuple[int, ...]:
    """The layer sizes of `8-10-10-3`; `8→10→3` and `[8, 10, 3]` are read too.

    Raises NotationError, with a caret, for what is no size, where one is missing, and for a network of one layer only.
    """
    found: list[int] = []
    begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if text[begin : begin + 1] + text[end - 1 : end] in ("[]", "()"):
        begin, end = begin + 1, end - 1
    while begin < end:
        sign = SEPARATOR.search(text, begin, end)
        at = (begin, sign.start() if sign else end)
        word = text[slice(*at)].strip()
        if not re.fullmatch(r"[0-9]{1,9}", word) or not 1 <= int(word) <= LARGEST:
            missing = "" if word or sign is None else f"; before '{sign.group().strip()}' there is none"
            problem = f"a chart is layer sizes such as 8-10-10-3, each from 1 to {LARGEST}{missing}"
            raise NotationError(problem, text, at if word or sign is None else sign.span())
        found.append(int(word))
        begin = sign.end() if sign else end
        if sign and begin == end:
            raise NotationError("a chart is layer sizes such as 8-10-10-3; after this there is none", text, sign.span())
    if len(found) < 2:
        raise NotationError("a chart has an input layer and one more, as in 8-3", text, (0, max(len(text), 1)))
    if len(found) > DEEPEST:
        raise TooLarge(f"a chart of {len(found)} layers; {DEEPEST} are the most")
    return tuple(found)


def from_sizes(sizes: Sequence[int], activation: str = "relu", output: str = LINEAR, biases: bool = True) -> Network:
    """The network of a chart: `activation` after every hidden layer, `output` after the last.

    Raises ChalkgradError for an activation that is no function of one number, applied to each.
    """
    for size in sizes:
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
            raise ChalkgradError(f"a layer's size is a whole number from 1 to {LARGEST}, and not {size!r:.40}")
    if not 2 <= len(sizes) <= DEEPEST:
        raise ChalkgradError(f"a network has from 2 to {DEEPEST} layers, the inputs among them; {len(sizes)} are given")
    activation_word(activation)  # a slip in it is said where no layer is hidden too
    layers: list[Layer] = []
    for k, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        word = output if k == len(sizes) - 1 else activation
        bias, name = f"b{k}" if biases else None, "h" if k == len(sizes) - 1 else f"a{k}"
        layers.append(Layer(f"W{k}", inputs, outputs, bias, activation_word(word), name))
    return Network(tuple(layers), example_text(layers))


def activation_word(word: str) -> str:
    """The word as it is, where it is an activation: `linear`, `softmax`, or a function of one number.

    Raises ChalkgradError, with the nearest that there is.
    """
    known = sorted(n for n, op in OPS.items() if op.elementwise and op.arity == 1 and op.differentiable)
    name = ALIASES.get(word, word)
    if word == LINEAR or name == "softmax" or name in known:
        return word
    some = f"; {LINEAR}, relu, tanh, σ and softmax are some"
    raise ChalkgradError(f"there is no activation '{word:.40}'{nearest(word, [LINEAR, 'softmax', *known]) or some}")


def example_text(layers: Sequence[Layer], input: str = "x", columns: str = "") -> str:
    """The equations of one example, as our reader reads them; `columns` is how many examples stand side by side."""
    beside = f" x {columns}" if columns else ""
    wide = layers[0].inputs
    lines = [f"{input} in {_space(f'{wide}{beside}')}"]
    for layer in layers:
        lines.append(f"{layer.weight} in {_space(f'{layer.outputs} x {layer.inputs}')}")
        if layer.bias is not None:
            lines.append(f"{layer.bias} in {_space(f'{layer.outputs} x 1' if columns else str(layer.outputs))}")
    before = input
    big = bool(columns)
    for k, layer in enumerate(layers, 1):
        z, a = (f"Z{k}", layer.name.upper()) if big else (f"z{k}", layer.name)
        sign = " @ " if layer.inputs == 1 else " "  # beside one number, a product without a sign is a scaling
        affine = f"{layer.weight}{sign}{before}" + (f" + {layer.bias}" if layer.bias is not None else "")
        if layer.activation == LINEAR:
            lines.append(f"{a} = {affine}")
        else:
            axis = ", axis=0" if big and ALIASES.get(layer.activation, layer.activation) == "softmax" else ""
            lines += [f"{z} = {affine}", f"{a} = {layer.activation}({z}{axis})"]
        before = a
    return "\n".join(lines)


def _space(sizes: str) -> str:
    return f"R^{sizes}" if sizes.isdigit() else f"R^({sizes})"


def from_program(program: Program, text: str, data: Sequence[str] | None = None) -> Network:
    """The layers of equations: every product of a value with an input matrix is one, `W a + b` or `a W + b`.

    `data` names the inputs that are no parameters; by default those that begin with x or y, in either case. Raises
    ChalkgradError where there is no layer, and for an input that is neither data nor a matrix or bias of a layer.
    """
    names = [v.hint for v in program.inputs]
    for name in data or ():
        if name not in names:
            raise UnknownName(f"there is no input '{name}'{nearest(name, names)}")
    given = {n for n in names if n[:1] in "xXyY"} if data is None else set(data)
    parameters = {v for v in program.inputs if v.hint not in given}
    uses = program.uses()
    layers: list[Layer] = []
    ends: list[tuple[Any, Any]] = []  # what each layer reads, and what it gives
    for step in program.steps:
        weights = [(side, a) for side, a in enumerate(step.inputs) if isinstance(a, Var) and a in parameters]
        matrices = [(side, a) for side, a in weights if len(a.type.shape) == 2]
        if step.op.name != "matmul" or not matrices:
            continue
        if len(weights) > len(matrices):
            raise _uncounted(next(a.hint for _, a in weights if len(a.type.shape) != 2))
        if len(matrices) > 1:
            pair = " ".join(a.hint for _, a in matrices)
            raise ChalkgradError(
                f"{pair} is a product of two parameters: write W2 (W1 x), or say with data which is data"
            )
        ((side, weight),) = matrices
        if any(layer.weight == weight.hint for layer in layers):
            raise ChalkgradError(f"{weight.hint} stands in two products: shared weights are not counted here")
        out, bias = step.output, None
        if (after := _only(uses[out])) is not None and after.op.name == "add":
            other = next((a for a in after.inputs if a is not out), None)
            if isinstance(other, Var) and other in parameters:
                out, bias = after.output, other.hint
        outputs, inputs = weight.type.shape if side == 0 else weight.type.shape[::-1]
        word, given_on = _activation(out, uses[out])
        layers.append(Layer(weight.hint, inputs, outputs, bias, word, given_on.hint))
        ends.append((step.inputs[1 - side], given_on))
    if not layers:
        raise ChalkgradError(
            "no layer was found: a layer is W a + b, with W declared as a matrix, as in "
            "'W1 in R^(3 x 2); x in R^2; b1 in R^3; a1 = relu(W1 x + b1)'; or give a chart such as 2-3-1"
        )
    counted = {layer.weight for layer in layers} | {layer.bias for layer in layers}
    for name in names:
        if name not in counted and name not in given:
            raise _uncounted(name)
    if layers[-1].activation == LINEAR and ends[-1][1] is not program.outputs[0]:
        layers[-1] = replace(layers[-1], activation=OTHERWISE)
    begins = ends[0][0] in program.inputs
    chained = begins and all(after is gives for (_, gives), (after, _) in pairwise(ends))
    return Network(tuple(layers), text, tuple([n for n in names if n in given]), chained)


def _uncounted(name: str) -> ChalkgradError:
    return ChalkgradError(
        f"{name} is neither the matrix of a layer W a + b nor its bias, so it is not known how to count it; "
        f"if it is data, say so: data={name}, or --data {name}"
    )


def _only(uses: Sequence[tuple[Step, int]]) -> Step | None:
    return uses[0][0] if len(uses) == 1 else None


def _activation(out: Var, uses: Sequence[tuple[Step, int]]) -> tuple[str, Var]:
    """What becomes of a layer's sum, and the value that is then passed on."""
    step = _only(uses)
    if step is None:
        return (LINEAR if not uses else OTHERWISE), out
    op: Any = step.op
    if op.name == "matmul":
        return LINEAR, out
    bends = op.name == "softmax" or (op.elementwise and op.arity == 1)
    return (op.name, step.output) if bends else (OTHERWISE, out)
