"""Programs as people bring them: each as it is in plain NumPy, and every derivative of it against differences."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chalkgrad as cg
from chalkgrad.trace.trees import flatten

RNG = np.random.default_rng(0)
KNOTS = np.linspace(0.0, 1.0, 6)
GENERATOR = RNG.normal(size=(3, 3)) * 0.3


def logsumexp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(a, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(a - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)


def kalman_filter(theta: Any, ys: Any) -> Any:
    a, q, r = theta
    F, H = np.array([[1.0, a], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    Q, R = q**2 * np.eye(2), r**2 * np.eye(1)
    m, P, total = np.zeros(2), np.eye(2), 0.0
    for y in ys:
        m, P = F @ m, F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K, v = P @ H.T @ np.linalg.inv(S), y - H @ m
        total += -0.5 * (v @ np.linalg.solve(S, v) + np.log(np.linalg.det(2 * np.pi * S)))
        m, P = m + K @ v, (np.eye(2) - K @ H) @ P
    return -total


def hidden_markov(p: Any, seen: Any) -> Any:
    start = p["start"] - logsumexp(p["start"])
    move = p["move"] - logsumexp(p["move"], axis=1, keepdims=True)
    emit = p["emit"] - logsumexp(p["emit"], 1, True)
    alpha = start + emit[:, seen[0]]
    for o in seen[1:]:
        alpha = logsumexp(alpha[:, None] + move, axis=0) + emit[:, o]
    return -logsumexp(alpha)


def mixture(params: Any, x: Any) -> Any:
    logits, means, factors = params
    weights = logits - logsumexp(logits)
    out = []
    for k in range(len(means)):
        Q = np.tril(factors[k], -1) + np.diag(np.exp(np.diag(factors[k])))
        d = (x - means[k]) @ Q.T
        out.append(weights[k] + np.sum(np.diag(factors[k])) - 0.5 * np.sum(d**2, axis=1))
    return -np.sum(logsumexp(np.stack(out, 1), axis=1))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def lstm(p: Any, xs: Any) -> Any:
    h, c, loss = np.zeros(2), np.zeros(2), 0.0
    for t, x in enumerate(xs):
        i, f, o, g = np.split(np.concatenate([h, x]) @ p["W"] + p["b"], 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        loss = loss + np.sum((h - x[:2]) ** 2) * 0.9**t
    return loss


def autoencoder(p: Any, x: Any, noise: Any) -> Any:
    mean, logvar = np.hsplit(np.tanh(x @ p["in"]) @ p["code"], 2)
    logits = (mean + np.exp(0.5 * logvar) * noise) @ p["out"]
    lost = np.sum(np.maximum(logits, 0) - logits * x + np.log1p(np.exp(-np.abs(logits))), axis=1)
    return np.mean(lost - 0.5 * np.sum(1 + logvar - mean**2 - np.exp(logvar), axis=1))


def runge_kutta(f: Any, y: Any, h: float, turns: int) -> Any:
    for _ in range(turns):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3))
    return y


def predators(theta: Any, start: Any) -> Any:
    a, b, c, d = theta
    return np.sum(
        runge_kutta(lambda y: np.array([a * y[0] - b * y[0] * y[1], d * y[0] * y[1] - c * y[1]]), start, 0.2, 5)
    )


def interpolated(heights: Any, at: Any) -> Any:
    return np.sum(np.interp(at, KNOTS, heights) ** 2)


def gaussian_process(theta: Any, X: Any, y: Any) -> Any:
    length, scale, noise = np.exp(theta)
    d2 = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=-1)
    L = np.linalg.cholesky(scale**2 * np.exp(-0.5 * d2 / length**2) + noise**2 * np.eye(len(X)))
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L)))


def principal_share(W: Any, X: Any) -> Any:
    centred = X @ W - np.mean(X @ W, axis=0)
    s = np.linalg.svd(centred, full_matrices=False)[1]
    return np.sum(s[:2] ** 2) / np.sum(s**2)


def nearest_centres(C: Any, X: Any) -> Any:
    total = 0.0
    for x in X:
        k = np.argmin(np.linalg.norm(C - x, axis=1))
        total += np.sum((x - C[k]) ** 2)
    return total / len(X)


def reprojection(cam: Any, X: Any, seen: Any) -> Any:
    r, y = cam[:3], X - cam[3:6]
    angle = np.sqrt(np.dot(r, r))
    if angle < 1e-10:
        y = y + np.cross(r, y)
    else:
        w = r / angle
        y = y * np.cos(angle) + np.cross(w, y) * np.sin(angle) + w * np.dot(w, y) * (1 - np.cos(angle))
    flat = y[:2] / y[2]
    r2 = np.sum(flat**2)
    return np.sum((flat * (1 + cam[9] * r2 + cam[10] * r2**2) * cam[6] + cam[7:9] - seen) ** 2)


def bodies(pos: Any, vel: Any, m: Any) -> Any:
    for _ in range(2):
        acc = np.zeros_like(pos)
        for i in range(len(m)):
            for j in range(len(m)):
                if i != j:
                    d = pos[j] - pos[i]
                    acc[i] += m[j] * d / (np.sum(d * d) + 0.01) ** 1.5
        vel = vel + 0.01 * acc
        pos = pos + 0.01 * vel
    return 0.5 * np.sum(m[:, None] * vel**2)


def blur(image: Any, k: Any) -> Any:
    high, wide = image.shape
    out = np.zeros((high - 2, wide - 2))
    for i in range(3):
        for j in range(3):
            out += k[i, j] * image[i : i + high - 2, j : j + wide - 2]
    return np.sum(out**2)


def exponential_series(t: Any) -> Any:
    total, term = np.eye(3), np.eye(3)
    for k in range(1, 12):
        term = term @ (GENERATOR * t) / k
        total = total + term
    return np.trace(total @ total.T)


def newton_root(a: Any) -> Any:
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = x - (x * x - a) / (2 * x)
    return x


def soft_warping(D: Any, gamma: float) -> Any:
    n, m = D.shape
    R = np.full((n + 1, m + 1), np.inf)
    R[0, 0] = 0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            r = -np.array([R[i - 1, j - 1], R[i - 1, j], R[i, j - 1]]) / gamma
            R[i, j] = D[i - 1, j - 1] - gamma * (np.log(np.sum(np.exp(r - r.max()))) + r.max())
    return R[n, m]


def attention(p: Any, x: Any, mask: Any) -> Any:
    batch, time, wide = x.shape

    def heads(w: Any) -> Any:
        return (x @ w).reshape(batch, time, 2, wide // 2).transpose(0, 2, 1, 3)

    q, k, v = heads(p["q"]), heads(p["k"]), heads(p["v"])
    s = np.where(mask, q @ np.swapaxes(k, -1, -2) / np.sqrt(wide // 2), -1e9)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    y = x + ((e / e.sum(axis=-1, keepdims=True)) @ v).transpose(0, 2, 1, 3).reshape(batch, time, wide)
    return np.mean(((y - y.mean(-1, keepdims=True)) / np.sqrt(y.var(-1, keepdims=True) + 1e-5)) ** 3)


def cross_entropy(W: Any, X: Any, labels: Any) -> Any:
    z = X @ W
    z = z - z.max(1)[:, None]
    return -(z - np.log(np.exp(z).sum(1))[:, None])[np.arange(len(labels)), labels].mean()


def random_field(p: Any, tags: Any) -> Any:
    emit, move = p["emit"], p["move"]
    score, alpha = emit[0, tags[0]], emit[0]
    for t in range(1, len(tags)):
        score = score + move[tags[t - 1], tags[t]] + emit[t, tags[t]]
        alpha = logsumexp(alpha[:, None] + move + emit[t][None, :], axis=0)
    return logsumexp(alpha) - score


def trained(rate: Any, start: Any, X: Any, y: Any) -> Any:
    p = {"w": start.copy(), "b": 0.0}
    state = {k: (np.zeros_like(v), np.zeros_like(v)) for k, v in p.items()}
    for t in range(1, 4):
        slopes = cg.grad(lambda p: np.mean((X @ p["w"] + p["b"] - y) ** 2))(p)
        for k in p:
            m, v = state[k]
            m, v = 0.9 * m + 0.1 * slopes[k], 0.99 * v + 0.01 * slopes[k] ** 2
            state[k] = m, v
            p[k] = p[k] - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
    return np.mean((X @ p["w"] + p["b"] - y) ** 2)


def written_through_views(x: Any) -> Any:
    y = x.copy()
    y[1:] -= x[:-1] ** 2
    y *= 10
    z = y.reshape(-1, 1).T
    z += 1
    z[0, ::-1][0] *= 3
    return np.sum(y**2)


def generated(x: Any) -> Any:
    return sum(v**2 * np.sin(v) for v in (x[i] for i in range(len(x))))


def recursive(x: Any, depth: int = 4) -> Any:
    return x if depth == 0 else np.sin(x) * recursive(x * 1.1, depth - 1)


def twice(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return 2 * function(*args, **kwargs)

    return inner


@twice
def weighted(x: Any, *args: Any, power: float = 2.0, **factors: Any) -> Any:
    total = np.sum(x**power)
    for other in args:
        total = total + np.sum(other * x)
    for factor in factors.values():
        total = total * factor
    return total


PROGRAMS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (kalman_filter, (np.array([0.5, 0.3, 0.7]), RNG.normal(size=(5, 1)))),
    (
        hidden_markov,
        (
            {"start": RNG.normal(size=2), "move": RNG.normal(size=(2, 2)), "emit": RNG.normal(size=(2, 3))},
            np.array([0, 2, 1]),
        ),
    ),
    (
        mixture,
        ((RNG.normal(size=2), RNG.normal(size=(2, 2)), RNG.normal(size=(2, 2, 2)) * 0.3), RNG.normal(size=(5, 2))),
    ),
    (lstm, ({"W": RNG.normal(size=(4, 8)) * 0.5, "b": RNG.normal(size=8)}, RNG.normal(size=(3, 2)))),
    (
        autoencoder,
        (
            {"in": RNG.normal(size=(3, 2)), "code": RNG.normal(size=(2, 4)), "out": RNG.normal(size=(2, 3))},
            np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]),
            RNG.normal(size=(2, 2)),
        ),
    ),
    (predators, (np.array([1.1, 0.4, 0.4, 0.1]), np.array([2.0, 1.0]))),
    (interpolated, (RNG.normal(size=6), RNG.uniform(size=5))),
    (gaussian_process, (np.array([-0.3, 0.1, -1.0]), RNG.normal(size=(5, 2)), RNG.normal(size=5))),
    (principal_share, (RNG.normal(size=(4, 3)), RNG.normal(size=(6, 4)))),
    (nearest_centres, (RNG.normal(size=(3, 2)), RNG.normal(size=(4, 2)))),
    (
        reprojection,
        (np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 1.1, 0.2, 0.1, 0.05, 0.01]), np.array([1.0, 2.0, 5.0]), np.ones(2)),
    ),
    (bodies, (RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2)), np.array([1.0, 2.0, 3.0]))),
    (blur, (RNG.normal(size=(5, 4)), RNG.normal(size=(3, 3)))),
    (exponential_series, (0.7,)),
    (newton_root, (2.0,)),
    (soft_warping, (RNG.uniform(0.5, 1.0, size=(3, 3)), 0.8)),
    (
        attention,
        ({k: RNG.normal(size=(4, 4)) for k in "qkv"}, RNG.normal(size=(1, 3, 4)), np.tril(np.ones((3, 3), bool))),
    ),
    (cross_entropy, (RNG.normal(size=(3, 4)), RNG.normal(size=(5, 3)), np.array([0, 1, 3, 2, 1]))),
    (random_field, ({"emit": RNG.normal(size=(4, 3)), "move": RNG.normal(size=(3, 3))}, [0, 2, 1, 1])),
    (trained, (0.1, RNG.normal(size=2), RNG.normal(size=(6, 2)), RNG.normal(size=6))),
    (written_through_views, (np.array([0.3, 0.2, 0.5, 0.9]),)),
    (generated, (np.array([0.3, 0.2, 0.5]),)),
    (recursive, (0.7,)),
    (functools.partial(weighted, power=3.0, scale=1.5), (np.array([1.1, 1.2]), np.array([0.5, 2.0]))),
]


def moved(first: Any, along: list[Any], step: float) -> Any:
    """The nest, a step along."""
    found, tree = flatten(first)
    return tree.unflatten([x + step * d for x, d in zip(found, along, strict=True)])


def slope(function: Callable[[Any], Any], first: Any, along: list[Any]) -> list[Any]:
    """The derivative of every leaf of the result, by central differences of the fourth order."""
    h = 1e-3
    leaves = [flatten(function(moved(first, along, k * h)))[0] for k in (-2, -1, 1, 2)]
    return [(a - 8 * b + 8 * c - d) / (12 * h) for a, b, c, d in zip(*leaves, strict=True)]


@pytest.mark.parametrize(("function", "args"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_value_and_derivatives(function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """At two points, the second by what was kept of the first: the value, the gradient and the Hessian along a line."""
    derived, rng = cg.value_and_grad(function), np.random.default_rng(1)
    rest = args[1:]
    for first in (args[0], moved(args[0], [rng.normal(size=np.shape(x)) for x in flatten(args[0])[0]], 0.05)):
        along = [rng.normal(size=np.shape(x)) for x in flatten(first)[0]]
        value, gradient = derived(first, *rest)
        assert value == pytest.approx(function(first, *rest), rel=1e-12)
        (want,) = slope(lambda p: function(p, *rest), first, along)
        found = sum(np.sum(g * d) for g, d in zip(flatten(gradient)[0], along, strict=True))
        assert found == pytest.approx(want, rel=1e-6, abs=1e-7)
        of_one = functools.partial(_first, derived, rest)
        tangent = flatten(first)[1].unflatten(along)
        (_, slopes), (pushed, curved) = cg.jvp(of_one, (first,), (tangent,))
        assert pushed == pytest.approx(found, rel=1e-10, abs=1e-12)
        wants = slope(lambda p, f=of_one: f(p)[1], first, along)
        for got, want in zip(flatten(curved)[0], wants, strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)
        for got, want in zip(flatten(slopes)[0], flatten(gradient)[0], strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def _first(derived: Callable[..., Any], rest: tuple[Any, ...], first: Any) -> Any:
    return derived(first, *rest)


def test_check_gradients_of_a_decomposition() -> None:
    report = cg.check_gradients(principal_share, RNG.normal(size=(4, 3)), RNG.normal(size=(6, 4)))
    assert "every one" in str(report)


def test_a_transform_made_within_a_loop_is_kept() -> None:
    """`cg.grad(f)(x)` at every turn would else trace `f` at every turn."""
    assert cg.value_and_grad(kalman_filter) is cg.value_and_grad(kalman_filter)
    assert cg.value_and_grad(kalman_filter, 1) is not cg.value_and_grad(kalman_filter)
    assert cg.jacobian(blur, mode="forward") is not cg.jacobian(blur, mode="reverse")
    assert cg.vmap(blur, in_axes=[0, None]) is cg.vmap(blur, in_axes=(0, None))
