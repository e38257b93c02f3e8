"""Logistic regression on a real table, in plain NumPy: the Wisconsin breast cancer data, 569 cases and 30 features.

SciPy's optimizers take the value with its gradient (`jac=True`), and products with the Hessian (`hessp`).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer

import chalkgrad as cg

DECAY = 1e-3

table = load_breast_cancer()
X = (table.data - table.data.mean(axis=0)) / table.data.std(axis=0)
X = np.column_stack([X, np.ones(len(X))])
y = table.target.astype(float)
train, test = np.arange(len(y)) % 5 != 0, np.arange(len(y)) % 5 == 0


def loss(w, X, y):
    h = 1 / (1 + np.exp(-(X @ w)))
    return -np.mean(y * np.log(h) + (1 - y) * np.log(1 - h)) + DECAY * np.sum(w[:-1] ** 2)


value_and_grad = cg.value_and_grad(loss)
gradient = cg.grad(loss)


def hessian_product(w, p, X, y):
    return cg.jvp(lambda w: gradient(w, X, y), (w,), (p,))[1]


def accuracy(w, part):
    return np.mean((X[part] @ w > 0) == (y[part] == 1))


start = np.zeros(X.shape[1])
first, slope = value_and_grad(start, X[train], y[train])
print(f"at w = 0: loss {first:.6f} = log 2, |gradient| {np.linalg.norm(slope):.4f}")
few = X[train][:40], y[train][:40]
print(f"every rule agrees with differences: {cg.check_gradients(lambda w: loss(w, *few), slope).ok}")

data = (X[train], y[train])
quasi = minimize(value_and_grad, start, args=data, jac=True, method="BFGS", options={"gtol": 1e-8})
newton = minimize(value_and_grad, start, args=data, jac=True, hessp=hessian_product, method="trust-ncg")
for name, found in (("BFGS", quasi), ("Newton, conjugate gradients", newton)):
    right = [f"{accuracy(found.x, part):.3f}" for part in (train, test)]
    print(f"{name}: loss {found.fun:.6f}, accuracy {right[0]} in training, {right[1]} on cases unseen")
print(f"both end at one point: {bool(np.allclose(quasi.x, newton.x, atol=1e-3))}")

curvature = cg.hessian(loss)(quasi.x, *data)
least = np.linalg.eigvalsh(curvature)[0]
print(f"the Hessian there is {curvature.shape[0]} x {curvature.shape[1]} and positive: {bool(least > 0)}")
