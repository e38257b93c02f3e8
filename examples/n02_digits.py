"""A small network on scikit-learn's handwritten digits, in plain NumPy: 64-32-10, ReLU, softmax, by mini-batches.

The parameters are a dict; the gradient is a dict like it.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

import chalkgrad as cg

digits = load_digits()
X, labels = digits.data / 16.0, digits.target
train, test = np.arange(len(labels)) % 5 != 0, np.arange(len(labels)) % 5 == 0


def scores(params, X):
    hidden = X
    for W, b in params["hidden"]:
        hidden = np.maximum(hidden @ W + b, 0)
    W, b = params["last"]
    return hidden @ W + b


def loss(params, X, labels):
    z = scores(params, X)
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


def accuracy(params, part):
    return np.mean(np.argmax(scores(params, X[part]), axis=1) == labels[part])


rng = np.random.default_rng(0)
params = {
    "hidden": [(rng.normal(size=(64, 32)) * np.sqrt(2 / 64), np.zeros(32))],
    "last": (rng.normal(size=(32, 10)) * np.sqrt(2 / 32), np.zeros(10)),
}
value_and_grad = cg.value_and_grad(loss)

report = cg.check_gradients(loss, params, X[train][:5], labels[train][:5])
print(f"every rule agrees with differences: {report.ok}")
value, gradient = value_and_grad(params, X[train], labels[train])
print(f"before training: loss {value:.2f}; log 10 is {np.log(10):.2f}")
print("the gradient is a nest like the parameters:", {k: type(v).__name__ for k, v in gradient.items()})


def descend(params, gradient, rate):
    if isinstance(params, dict):
        return {k: descend(v, gradient[k], rate) for k, v in params.items()}
    if isinstance(params, (list, tuple)):
        return type(params)(descend(p, g, rate) for p, g in zip(params, gradient, strict=True))
    return params - rate * gradient


places = np.flatnonzero(train)
for epoch in range(1, 31):
    for batch in np.array_split(rng.permutation(places), len(places) // 64):
        _, gradient = value_and_grad(params, X[batch], labels[batch])
        params = descend(params, gradient, 0.2)
    if epoch in (1, 10, 30):
        value, _ = value_and_grad(params, X[train], labels[train])
        print(f"epoch {epoch:2}: loss {value:.2f}, {accuracy(params, test):.2f} of the digits unseen are read right")
