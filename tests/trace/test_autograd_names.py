"""Every name that HIPS autograd differentiates, in plain NumPy code: its value, gradient and Hessian times a vector.

The names are read off autograd's own registry, so that one which is missing here fails.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.evaluate.interpret import Interpreter
from chalkgrad.ir.check import check
from chalkgrad.trace.record import trace
from chalkgrad.transform.backprop import backprop
from chalkgrad.transform.forward import forward
from chalkgrad.transform.prune import prune

autograd = pytest.importorskip("autograd", reason="autograd, the reference here, is not installed")
anp = pytest.importorskip("autograd.numpy", reason="autograd, the reference here, is not installed")

RNG = np.random.default_rng(11)
V, W, P = RNG.normal(size=4), RNG.normal(size=4), RNG.uniform(0.2, 0.8, size=4)
A, B = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))
C = RNG.normal(size=(2, 3, 4))
M, N = RNG.normal(size=(3, 3)) + 3 * np.eye(3), RNG.normal(size=(3, 3))
U3, W3 = RNG.normal(size=3), RNG.normal(size=3)
S = M @ M.T + np.diag([1.0, 2.0, 3.0])

Case = tuple[Callable[..., Any], tuple[Any, ...]]
CASES: dict[str, list[Case]] = {
    "abs": [(lambda v: np.abs(v), (V,))],
    "absolute": [(lambda v: np.absolute(v), (V,))],
    "acos": [(lambda p: np.acos(p), (P,))],
    "acosh": [(lambda p: np.acosh(1 + p), (P,))],
    "add": [(lambda a, v: np.add(a, v), (A, V))],
    "amax": [(lambda a: np.amax(a, axis=1), (A,))],
    "amin": [(lambda a: np.amin(a, axis=(0, 1), keepdims=True), (A,))],
    "angle": [(lambda v: np.angle(v) * v, (V,))],
    "append": [(lambda v, a: np.append(v, a), (V, A)), (lambda a, b: np.append(a, b, axis=1), (A, B))],
    "arccos": [(lambda p: np.arccos(p), (P,))],
    "arccosh": [(lambda p: np.arccosh(1 + p), (P,))],
    "arcsin": [(lambda p: np.arcsin(p), (P,))],
    "arcsinh": [(lambda v: np.arcsinh(v), (V,))],
    "arctan": [(lambda v: np.arctan(v), (V,))],
    "arctan2": [(lambda v, w: np.arctan2(v, w), (V, W))],
    "arctanh": [(lambda p: np.arctanh(p), (P,))],
    "array": [
        (lambda v: np.array([v[0], v[1] * v[2], 1.0]), (V,)),
        (lambda v: np.array([[v[0], 1.0], [2.0, v[3]]]), (V,)),
    ],
    "array_split": [(lambda v: np.array_split(v, 3)[0] * np.array_split(v, 3)[1][0], (V,))],
    "asin": [(lambda p: np.asin(p), (P,))],
    "asinh": [(lambda v: np.asinh(v), (V,))],
    "astype": [(lambda v: np.astype(v, np.float64) * v, (V,)), (lambda v: v.astype(float) ** 2, (V,))],
    "atan": [(lambda v: np.atan(v), (V,))],
    "atan2": [(lambda v, w: np.atan2(v, w), (V, W))],
    "atanh": [(lambda p: np.atanh(p), (P,))],
    "atleast_1d": [(lambda v: np.atleast_1d(v) * v, (V,))],
    "atleast_2d": [(lambda v: np.atleast_2d(v) ** 2, (V,))],
    "atleast_3d": [(lambda v: np.atleast_3d(v) ** 2, (V,))],
    "broadcast_to": [(lambda v: np.broadcast_to(v[None, :], (3, 4)) * A, (V,))],
    "clip": [(lambda v: np.clip(v, -0.5, 0.5) * v, (V,))],
    "column_stack": [(lambda v, w: np.column_stack([v, w]), (V, W))],
    "concatenate": [
        (lambda a, b: np.concatenate([a, b]), (A, B)),
        (lambda a, b: np.concatenate((a, b), axis=1), (A, B)),
    ],
    "conj": [(lambda v: np.conj(v) * v, (V,))],
    "conjugate": [(lambda v: np.conjugate(v) * v, (V,))],
    "cos": [(lambda v: np.cos(v), (V,))],
    "cosh": [(lambda v: np.cosh(v), (V,))],
    "cross": [(lambda u, w: np.cross(u, w), (U3, W3))],
    "cumsum": [(lambda a: np.cumsum(a), (A,)), (lambda a: np.cumsum(a, axis=0), (A,))],
    "deg2rad": [(lambda v: np.deg2rad(v), (V,))],
    "degrees": [(lambda v: np.degrees(v) / 50, (V,))],
    "diag": [(lambda m: np.diag(m), (M,)), (lambda v: np.diag(v, 1), (V,))],
    "diagonal": [(lambda c: np.diagonal(c[:, :, :3], 0, -1, -2), (C,))],
    "diff": [(lambda a: np.diff(a, n=2, axis=1), (A,))],
    "divide": [(lambda v, p: np.divide(v, p), (V, P))],
    "dot": [
        (lambda a, b: np.dot(a, b.T), (A, B)),
        (lambda a, v: np.dot(a, v), (A, V)),
        (lambda v, w: np.dot(v, w), (V, W)),
    ],
    "dsplit": [(lambda c: np.dsplit(c, 2)[0] * np.dsplit(c, 2)[1], (C,))],
    "einsum": [(lambda a, b: np.einsum("ij,kj->ik", a, b), (A, B)), (lambda c: np.einsum("ijk->kj", c), (C,))],
    "exp": [(lambda v: np.exp(v), (V,))],
    "exp2": [(lambda v: np.exp2(v), (V,))],
    "expand_dims": [(lambda v: np.expand_dims(v, 0) ** 2, (V,))],
    "expm1": [(lambda v: np.expm1(v), (V,))],
    "fabs": [(lambda v: np.fabs(v), (V,))],
    "fliplr": [(lambda a: np.fliplr(a), (A,))],
    "flipud": [(lambda a: np.flipud(a), (A,))],
    "fmax": [(lambda v, w: np.fmax(v, w), (V, W))],
    "fmin": [(lambda v, w: np.fmin(v, w), (V, W))],
    "full": [(lambda v: np.full((3,), np.sum(v)), (V,))],
    "gradient": [(lambda v: np.gradient(v), (V,)), (lambda a: np.gradient(a, axis=1), (A,))],
    "hsplit": [(lambda a: np.hsplit(a, 2)[0] * np.hsplit(a, 2)[1], (A,))],
    "hstack": [(lambda v, w: np.hstack([v, w]), (V, W)), (lambda a, b: np.hstack([a, b]), (A, B))],
    "hypot": [(lambda v, w: np.hypot(v, w), (V, W))],
    "imag": [(lambda v: np.imag(v) + v, (V,))],
    "inner": [(lambda a, b: np.inner(a, b), (A, B)), (lambda v, w: np.inner(v, w), (V, W))],
    "kron": [(lambda v, w: np.kron(v, w), (V, W)), (lambda m, n: np.kron(m, n), (M, N))],
    "linspace": [(lambda v: np.linspace(np.sum(v), 2.0, 5), (V,))],
    "log": [(lambda p: np.log(p), (P,))],
    "log10": [(lambda p: np.log10(p), (P,))],
    "log1p": [(lambda p: np.log1p(p), (P,))],
    "log2": [(lambda p: np.log2(p), (P,))],
    "logaddexp": [(lambda v, w: np.logaddexp(v, w), (V, W))],
    "logaddexp2": [(lambda v, w: np.logaddexp2(v, w), (V, W))],
    "matmul": [(lambda a, b: np.matmul(a, b.T), (A, B)), (lambda c, v: np.matmul(c, v), (C, V))],
    "max": [(lambda a: np.max(a, axis=0), (A,))],
    "maximum": [(lambda v, w: np.maximum(v, w), (V, W))],
    "mean": [(lambda c: np.mean(c, axis=(0, 2), keepdims=True), (C,))],
    "min": [(lambda a: np.min(a), (A,))],
    "minimum": [(lambda v, w: np.minimum(v, w), (V, W))],
    "mod": [(lambda v, p: np.mod(v, p), (V, P))],
    "moveaxis": [(lambda c: np.moveaxis(c, 0, -1), (C,))],
    "multiply": [(lambda a, v: np.multiply(a, v), (A, V))],
    "nan_to_num": [(lambda v: np.nan_to_num(v) * v, (V,))],
    "negative": [(lambda v: np.negative(v), (V,))],
    "outer": [(lambda v, w: np.outer(v, w), (V, W))],
    "pad": [(lambda a: np.pad(a, ((1, 0), (2, 1)), "constant"), (A,))],
    "partition": [(lambda v: np.partition(v, 2)[2], (V,))],
    "permute_dims": [(lambda c: np.permute_dims(c, (2, 0, 1)), (C,))],
    "pow": [(lambda p, v: np.pow(p, v), (P, V))],
    "power": [(lambda p, v: np.power(p, v), (P, V)), (lambda v: np.power(v, 3.0), (V,))],
    "prod": [(lambda a: np.prod(a, axis=1), (A,))],
    "rad2deg": [(lambda v: np.rad2deg(v) / 50, (V,))],
    "radians": [(lambda v: np.radians(v), (V,))],
    "ravel": [(lambda a: np.ravel(a), (A,)), (lambda a: np.ravel(a, order="F"), (A,))],
    "real": [(lambda v: np.real(v) * v, (V,))],
    "real_if_close": [(lambda v: np.real_if_close(v) * v, (V,))],
    "reciprocal": [(lambda p: np.reciprocal(p), (P,))],
    "remainder": [(lambda v, p: np.remainder(v, p), (V, P))],
    "repeat": [(lambda a: np.repeat(a, 2, axis=1), (A,)), (lambda a: np.repeat(a, 3), (A,))],
    "reshape": [(lambda a: np.reshape(a, (2, 6)), (A,)), (lambda a: np.reshape(a, (2, -1), order="F"), (A,))],
    "roll": [(lambda a: np.roll(a, 2, axis=1), (A,)), (lambda a: np.roll(a, 1), (A,))],
    "rollaxis": [(lambda c: np.rollaxis(c, 2), (C,)), (lambda c: np.rollaxis(c, 0, 2), (C,))],
    "rot90": [(lambda a: np.rot90(a), (A,)), (lambda a: np.rot90(a, 3), (A,))],
    "select": [(lambda v, w: np.select([V > 0.5, V < 0], [v, w**2], 1.0), (V, W))],
    "sin": [(lambda v: np.sin(v), (V,))],
    "sinc": [(lambda v: np.sinc(v), (V,))],
    "sinh": [(lambda v: np.sinh(v), (V,))],
    "sort": [(lambda v: np.sort(v), (V,))],
    "split": [(lambda a: np.split(a, 2, axis=1)[0] * np.split(a, [2], axis=1)[1], (A,))],
    "sqrt": [(lambda p: np.sqrt(p), (P,))],
    "square": [(lambda v: np.square(v), (V,))],
    "squeeze": [(lambda v: np.squeeze(v[None, :, None]), (V,))],
    "stack": [(lambda a, b: np.stack([a, b], axis=1), (A, B))],
    "std": [(lambda a: np.std(a, axis=0), (A,)), (lambda a: np.std(a, ddof=1), (A,))],
    "subtract": [(lambda a, v: np.subtract(a, v), (A, V))],
    "sum": [(lambda c: np.sum(c, axis=(0, 2)), (C,))],
    "swapaxes": [(lambda c: np.swapaxes(c, 0, 2), (C,))],
    "tan": [(lambda p: np.tan(p), (P,))],
    "tanh": [(lambda v: np.tanh(v), (V,))],
    "tensordot": [(lambda c, a: np.tensordot(c, a, axes=([1, 2], [0, 1])), (C, A))],
    "tile": [(lambda a: np.tile(a, (2, 1)), (A,)), (lambda v: np.tile(v, 2), (V,))],
    "trace": [(lambda a: np.trace(a), (A,)), (lambda a: np.trace(a, offset=1), (A,))],
    "transpose": [(lambda c: np.transpose(c, (1, 0, 2)), (C,)), (lambda a: np.transpose(a), (A,))],
    "tril": [(lambda a: np.tril(a, -1), (A,))],
    "triu": [(lambda a: np.triu(a), (A,))],
    "true_divide": [(lambda v, p: np.true_divide(v, p), (V, P))],
    "var": [(lambda a: np.var(a, axis=1), (A,)), (lambda a: np.var(a, ddof=1, keepdims=True), (A,))],
    "vsplit": [(lambda a: np.vsplit(a, 3)[0] * np.vsplit(a, 3)[2], (A,))],
    "vstack": [(lambda v, w: np.vstack([v, w]), (V, W))],
    "where": [(lambda v, w: np.where(V > 0, v, w**2), (V, W))],
    "linalg.cholesky": [(lambda s: np.linalg.cholesky((s + s.T) / 2), (S,))],
    "linalg.det": [(lambda m: np.linalg.det(m), (M,))],
    "linalg.eigh": [(lambda s: np.linalg.eigh((s + s.T) / 2)[0], (S,)), (lambda s: np.linalg.eigh(s)[1] ** 2, (S,))],
    "linalg.inv": [(lambda m: np.linalg.inv(m), (M,))],
    "linalg.norm": [(lambda v: np.linalg.norm(v), (V,)), (lambda a: np.linalg.norm(a, axis=1), (A,))],
    "linalg.pinv": [(lambda a: np.linalg.pinv(a), (A,))],
    "linalg.slogdet": [(lambda m: np.linalg.slogdet(m)[1], (M,))],
    "linalg.solve": [(lambda m, u: np.linalg.solve(m, u), (M, U3)), (lambda m, n: np.linalg.solve(m, n), (M, N))],
    "linalg.svd": [
        (lambda a: np.linalg.svd(a, compute_uv=False), (A,)),
        (lambda a: np.linalg.svd(a, full_matrices=False)[0] ** 2, (A,)),
    ],
    "indexing": [(lambda a: a[1, ::2] * a[[0, 2]][:, 1:3], (A,))],
}

# What autograd registers and NumPy code does not call, or what has no reading here, and why.
_COMPLEX = "it gives complex numbers, which are no values here"
_OWN = "autograd's own, and no name of NumPy's"
EXCEPTIONS = {
    "linalg.eig": _COMPLEX,
    **{f"fft.{kind}{dims}": _COMPLEX for kind in ("fft", "ifft", "rfft", "irfft") for dims in ("", "2", "n")},
    "fft.fftshift": "it stands beside the transforms; np.roll does the same",
    "fft.ifftshift": "it stands beside the transforms; np.roll does the same",
    "fft.truncate_pad": _OWN,
    "array_from_args": _OWN,
    "concatenate_args": _OWN,
    "make_diagonal": _OWN,
    "wrap_namespace": _OWN,
    "wrap_intdtype": _OWN,
    "wrap_if_boxes_inside": _OWN,
    "metadata": _OWN,
    "parse_einsum_input": _OWN,
    "row_stack": "NumPy has deprecated it; it is np.vstack",
}


def registered() -> set[str]:
    """The names in autograd's tables of rules, as a caller writes them after `np.`."""
    import autograd.numpy.fft  # noqa: F401  (fills the tables)
    from autograd.core import primitive_jvps, primitive_vjps

    rules = {**primitive_jvps, **primitive_vjps}
    found: set[str] = set()
    for module, prefix in ((anp, ""), (anp.linalg, "linalg."), (anp.fft, "fft.")):
        for name, value in vars(module).items():
            written = getattr(value, "__module__", "") == "autograd.numpy.numpy_wrapper"
            own = prefix == "" and isinstance(value, types.FunctionType) and written
            rule = callable(value) and not isinstance(value, type) and value in rules
            if not name.startswith("_") and (own or rule):
                found.add(prefix + name)
    for primitive in rules:
        inner = getattr(primitive, "fun", None)
        home = str(getattr(inner, "__module__", ""))
        if home.startswith("numpy") and not inner.__name__.startswith("_"):
            found.add(home.removeprefix("numpy").removeprefix(".") + "." * (home != "numpy") + inner.__name__)
    return found


def test_every_name_of_autograd_is_here_or_has_a_reason() -> None:
    names = registered()
    assert len(names) > 120
    assert names <= set(CASES) | set(EXCEPTIONS), sorted(names - set(CASES) - set(EXCEPTIONS))
    assert not set(CASES) & set(EXCEPTIONS)


def of_autograd(function: Any) -> Any:
    """The same code, with autograd's numpy for np."""
    return types.FunctionType(function.__code__, {**function.__globals__, "np": anp})


def weighed(np: Any, function: Any, weights: Any) -> Any:
    """A scalar function of it that bends, so that the second derivative tells something."""
    return lambda *xs: np.sum(np.sin(function(*xs)) * weights)


EACH = [pytest.param(name, case, id=f"{name}-{k}") for name, found in CASES.items() for k, case in enumerate(found)]


@pytest.mark.parametrize(("name", "case"), EACH)
def test_same_value_and_gradients(name: str, case: Case) -> None:
    function, args = case
    theirs = of_autograd(function)
    weights = np.cos(np.arange(np.size(function(*args)))).reshape(np.shape(function(*args)))
    scalar = weighed(anp, theirs, weights)
    wrt = tuple(range(len(args)))
    value, gradients = cg.value_and_grad(weighed(np, function, weights), wrt=wrt)(*args)
    np.testing.assert_allclose(value, scalar(*args), rtol=1e-11)
    wanted = [autograd.grad(scalar, k)(*args) for k in wrt]
    for gradient, other in zip(gradients, wanted, strict=True):
        close(gradient, other, 1e-9)
    along = [np.sin(1.0 + np.arange(np.size(x))).reshape(np.shape(x)) for x in args]
    slope = Interpreter(times_vector(weighed(np, function, weights), args))(*args, 1.0, *along, 0.0)

    def directional(*xs: Any) -> Any:
        return sum(anp.sum(autograd.grad(scalar, k)(*xs) * along[k]) for k in wrt)

    for k, product in zip(wrt, slope, strict=True):
        close(product, autograd.grad(directional, k)(*args), 1e-8)


def times_vector(function: Any, args: tuple[Any, ...]) -> Any:
    """The Program of the Hessian times a vector: the gradient, pushed forward."""
    first = backprop(trace(function, *args)).gradient
    pushed = forward(check(replace(first, outputs=first.outputs[1:])))
    return check(prune(replace(pushed, outputs=pushed.outputs[len(args) :])))


def close(found: Any, wanted: Any, tolerance: float) -> None:
    """Equal, relative to the largest entry."""
    np.testing.assert_allclose(
        found, wanted, rtol=tolerance, atol=tolerance * float(np.max(np.abs(wanted), initial=1e-3))
    )
