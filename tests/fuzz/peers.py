"""The same program in JAX and in PyTorch, where these are installed: JAX runs the NumPy text, PyTorch a small table.

Where they differ on purpose, the reason is one of `EXPLAINED`; everything else is a mismatch.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tests.fuzz.checks import NEAR, Mismatch, Nothing, Subject, same
from tests.fuzz.plan import Line

EXPLAINED = {
    "kink": "at a kink each library has its own convention: tests/ops/kinks.json lists five of them",
    "symmetric": "JAX and PyTorch symmetrise what cholesky and eigh are given; here, as in NumPy, one triangle is read",
    "branch": "they send NaN through a branch that is not taken (kinks.json: where(x>0, sqrt(x), 0) at 0)",
}
SYMMETRISED = {"cholesky", "eigh"}


@lru_cache(maxsize=1)
def installed() -> dict[str, Callable[[Subject], None]]:
    """The peers that there are."""
    found = {"jax": jax_agrees, "torch": torch_agrees}
    return {name: check for name, check in found.items() if importlib.util.find_spec(name)}


def compared(s: Subject, found: list[Any], said: str) -> None:
    """The value and the gradients, or the reason why they differ."""
    try:
        same(s, found[:1], s.found[:1], f"{said}, the value", NEAR)
        same(s, found[1:], s.found[1:], f"{said}, the gradient", NEAR)
    except Mismatch:
        if s.at_a_kink:
            raise Nothing(EXPLAINED["kink"]) from None
        if any(line.op in SYMMETRISED for line in s.plan.lines):
            raise Nothing(EXPLAINED["symmetric"]) from None
        ours_alone = all(np.all(np.isfinite(x)) for x in s.found) and not all(np.all(np.isfinite(x)) for x in found)
        if ours_alone and any(line.op == "where" for line in s.plan.lines):
            raise Nothing(EXPLAINED["branch"]) from None
        raise


@lru_cache(maxsize=1)
def _jax() -> tuple[Any, Any]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    return jax, jnp


def jax_agrees(s: Subject) -> None:
    """`jax.vjp` of the NumPy text, with jax.numpy in NumPy's place."""
    written = s.numpy
    if written is None:
        raise Nothing("an op that has no name in NumPy")
    jax, jnp = _jax()
    space: dict[str, Any] = {"np": jnp}
    exec(written, space)  # our own print
    try:
        value, back = jax.vjp(space["f"], *[jnp.asarray(x) for x in s.given])
    except (AttributeError, TypeError, NotImplementedError, ValueError) as error:
        raise Nothing(f"JAX does not take it: {type(error).__name__}") from None
    compared(s, [value, *back(jnp.asarray(s.upstream))], "JAX")


def torch_agrees(s: Subject) -> None:
    """Line after line by the table below, and `torch.autograd.grad`."""
    torch, table = _torch()
    lean = s.plan.lean()
    missing = next((line.op for line in lean.lines if line.op not in table), None)
    if missing is not None:
        raise Nothing(f"not in the table for PyTorch: {missing}")
    inputs = [torch.tensor(np.asarray(x), requires_grad=True) for x in s.given]
    known: list[Any] = list(inputs)
    for line in lean.lines:
        try:
            known.append(table[line.op](line, *[_operand(torch, o, known) for o in line.operands]))
        except (NotImplementedError, IndexError, TypeError, RuntimeError) as error:  # the value is compared below
            raise Nothing(f"PyTorch does not take it: {line.op}: {type(error).__name__}") from None
    value = known[lean.result]
    zeros = [np.zeros(np.shape(x)) for x in s.given]
    if not value.requires_grad:
        return compared(s, [value.detach().numpy(), *zeros], "PyTorch")
    try:
        found = torch.autograd.grad(value, inputs, torch.tensor(np.asarray(s.upstream)), allow_unused=True)
    except RuntimeError as error:
        if "not implemented" in str(error):
            raise Nothing("PyTorch has no derivative of an op") from None
        raise
    gradients = [z if g is None else g.numpy() for g, z in zip(found, zeros, strict=True)]
    compared(s, [value.detach().numpy(), *gradients], "PyTorch")
    return None


def _operand(torch: Any, operand: int | float, known: list[Any]) -> Any:
    return torch.tensor(operand, dtype=torch.float64) if isinstance(operand, float) else known[operand]


@lru_cache(maxsize=1)
def _torch() -> tuple[Any, dict[str, Callable[..., Any]]]:
    import torch

    torch.set_num_threads(1)
    plain = (
        *("add", "subtract", "multiply", "divide", "negative", "reciprocal", "square", "sqrt", "abs", "hypot", "exp"),
        *("expm1", "log", "log1p", "log2", "log10", "logaddexp", "sin", "cos", "tan", "arcsin", "arccos", "arctan"),
        *("arctan2", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "maximum", "minimum", "fmax", "fmin"),
        *("floor", "sign", "sigmoid", "where", "matmul", "less", "less_equal", "greater", "greater_equal", "equal"),
        *("not_equal", "logical_and", "logical_or", "logical_not", "exp2", "ceil", "trunc", "sinc", "deg2rad"),
        *("rad2deg", "fmod", "logaddexp2", "kron", "inner", "heaviside", "copysign"),
    )

    def plainly(function: Any) -> Callable[..., Any]:
        return lambda line, *xs: function(*xs, **line.params)

    table = {name: plainly(getattr(torch, name)) for name in plain if hasattr(torch, name)}
    table["power"] = plainly(torch.pow)
    for name in ("det", "inv", "pinv", "svdvals"):
        table[name] = plainly(getattr(torch.linalg, name))
    f = torch.nn.functional
    table |= {
        "softplus": lambda line, x: torch.logaddexp(torch.zeros((), dtype=x.dtype), x),
        "log_sigmoid": lambda line, x: f.logsigmoid(x),
        "log_one_minus_sigmoid": lambda line, x: f.logsigmoid(-x),
        "relu": lambda line, x: f.relu(x),
        "relu6": lambda line, x: f.relu6(x),
        "hardtanh": lambda line, x: f.hardtanh(x),
        "leaky_relu": lambda line, x: f.leaky_relu(x, line.params.get("slope", 0.01)),
        "elu": lambda line, x: f.elu(x, line.params.get("alpha", 1.0)),
        "xlogy": lambda line, x, y: torch.xlogy(x, y),
        "mod": lambda line, x, n: torch.remainder(x, n),
        "clip": lambda line, x, low, high: torch.minimum(torch.maximum(x, low), high),
        "accumulate": lambda line, *xs: sum(xs[1:], xs[0]),
        "sum": lambda line, x: _over(x, line, torch.sum),
        "mean": lambda line, x: _over(x, line, torch.mean),
        "max": lambda line, x: _over(x, line, torch.amax),
        "min": lambda line, x: _over(x, line, torch.amin),
        "logsumexp": lambda line, x: _over(x, line, torch.logsumexp),
        "prod": lambda line, x: _product(torch, x, line),
        "softmax": lambda line, x: torch.softmax(x, line.params.get("axis", -1)),
        "cumsum": lambda line, x: torch.cumsum(x, line.params.get("axis", -1)),
        "sort": lambda line, x: torch.sort(x, dim=line.params.get("axis", -1), stable=True).values,
        "argsort": lambda line, x: torch.argsort(x, dim=line.params.get("axis", -1), stable=True),
        "take_along": lambda line, x, i: torch.take_along_dim(x, i, dim=line.params.get("axis", -1)),
        "dot": lambda line, a, b: _dot(torch, a, b),
        "transpose": lambda line, x: x.permute(*(line.params.get("axes") or reversed(range(x.ndim)))),
        "reshape": lambda line, x: torch.reshape(x, line.params.get("shape", ())),
        "broadcast_to": lambda line, x: torch.broadcast_to(x, line.params["shape"]),
        "stack": lambda line, *xs: torch.stack(torch.broadcast_tensors(*xs), dim=line.params.get("axis", 0)),
        "concatenate": lambda line, *xs: torch.cat(xs, dim=line.params.get("axis", 0)),
        "cumprod": lambda line, x: torch.cumprod(x, line.params.get("axis", -1)),
        "einsum": lambda line, *xs: torch.einsum(line.params["subscripts"], *xs),
        "var": lambda line, x: _spread(torch.var, x, line),
        "std": lambda line, x: _spread(torch.std, x, line),
        "rint": lambda line, x: torch.round(x),
        "cbrt": lambda line, x: torch.sign(x) * torch.pow(torch.abs(x), 1 / 3),
        "floor_divide": lambda line, x, y: torch.floor_divide(x, y),
        "tril": lambda line, x: torch.tril(x, line.params.get("k", 0)),
        "triu": lambda line, x: torch.triu(x, line.params.get("k", 0)),
        "outer": lambda line, a, b: torch.outer(a.reshape(-1), b.reshape(-1)),
        "index": lambda line, x: _indexed(torch, x, line.params["index"]),
    }
    return torch, table


def _axes(x: Any, line: Line) -> Any:
    axis = line.params.get("axis")
    return tuple(range(x.ndim)) if axis is None else axis


def _over(x: Any, line: Line, reduce: Callable[..., Any]) -> Any:
    if x.ndim == 0 or line.params.get("axis") == ():
        return x.clone()
    return reduce(x, dim=_axes(x, line), keepdim=line.params.get("keepdims", False))


def _spread(measure: Callable[..., Any], x: Any, line: Line) -> Any:
    if line.params.get("axis") == () or x.ndim == 0:
        raise NotImplementedError
    return measure(
        x, dim=_axes(x, line), correction=line.params.get("ddof", 0), keepdim=line.params.get("keepdims", False)
    )


def _product(torch: Any, x: Any, line: Line) -> Any:
    axes = _axes(x, line)
    for axis in sorted([a % x.ndim for a in ([axes] if isinstance(axes, int) else axes)], reverse=True):
        x = torch.prod(x, dim=axis, keepdim=True)
    if line.params.get("keepdims"):
        return x
    return x.reshape([n for i, n in enumerate(x.shape) if i not in {a % x.ndim for a in np.atleast_1d(axes)}])


def _dot(torch: Any, a: Any, b: Any) -> Any:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return torch.tensordot(a, b, dims=([a.ndim - 1], [max(b.ndim - 2, 0)]))


def _indexed(torch: Any, x: Any, index: Any) -> Any:
    """PyTorch has no negative steps: those axes are flipped first."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(p, np.ndarray) or p is Ellipsis for p in parts):
        raise NotImplementedError
    axis = 0
    for place, part in enumerate(parts):
        if part is None:
            continue
        if isinstance(part, slice) and part.step is not None and part.step < 0:
            if part != slice(None, None, -1):
                raise NotImplementedError
            x, parts[place] = torch.flip(x, (axis,)), slice(None)
        elif isinstance(part, list):
            parts[place] = torch.tensor(part, dtype=torch.int64)
        axis += 1
    return x[tuple(parts)]
