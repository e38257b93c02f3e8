"""Sheet 001, problem 3: a two-layer network as formulas, for one example and for the batch.

Every partial (δ1 to δ5 of the sheet), the chain rule that they make (δ6), and each gradient as a person writes it.
Shapes have names here; the numbers at the end are checked against differences.
"""

import numpy as np

import chalkgrad as cg

LAYERS = """z1 = W1 x + b1
a1 = relu(z1)
z2 = W2 a1 + b2
ŷ = σ(z2)
"""
ONE = (
    "W1 in R^(D_a x D_x); x in R^(D_x x 1); b1 in R^(D_a x 1); W2 in R^(1 x D_a); b2 in R^(1 x 1); y in R^(1 x 1)\n"
    + LAYERS
    + "L = -(y ∘ log(ŷ) + (1 - y) ∘ log(1 - ŷ))"
)
BATCH = (
    "W1 in R^(D_a x D_x); X in R^(D_x x m); b1 in R^(D_a x 1); W2 in R^(1 x D_a); b2 in R^(1 x 1); Y in R^(1 x m)\n"
    + LAYERS.replace("W1 x", "W1 X")
    + "J = -mean(Y ∘ log(ŷ) + (1 - Y) ∘ log(1 - ŷ))"
)

for title, text in (("one example", ONE), ("the batch of m examples", BATCH)):
    w = cg.work(text, wrt=("W1", "b1", "W2", "b2"))
    print(title)
    for section in ("local derivatives", "chain rule", "gradients"):
        print(f"  {section}")
        for line in cg.formulas(w).section(section):
            print("   ", line)
    print()

batch = cg.work(BATCH, wrt=("W1", "b1", "W2", "b2"))
print("backward, step by step")
print(cg.code(batch).split("# backward: ")[1])
print("∂J/∂W1 in LaTeX")
print(next(line.latex for line in cg.formulas(batch) if line.label == "∂J/∂W1"))


# The same network in plain NumPy, where the numbers come from.
def loss(W1, b1, W2, b2, X, Y):
    h = 1 / (1 + np.exp(-(W2 @ np.maximum(W1 @ X + b1, 0) + b2)))
    return -np.mean(Y * np.log(h) + (1 - Y) * np.log(1 - h))


rng = np.random.default_rng(1)
W1, b1, W2, b2 = rng.normal(size=(4, 3)), rng.normal(size=(4, 1)), rng.normal(size=(1, 4)), rng.normal(size=(1, 1))
X, Y = rng.normal(size=(3, 6)), (rng.random((1, 6)) < 0.5).astype(float)
_, (dW1, db1, dW2, db2) = cg.value_and_grad(loss, wrt=("W1", "b1", "W2", "b2"))(W1, b1, W2, b2, X, Y)

z1 = W1 @ X + b1
a1 = np.maximum(z1, 0)
dz2 = (1 / (1 + np.exp(-(W2 @ a1 + b2))) - Y) / 6  # (ŷ - Y)/m
dz1 = (W2.T @ dz2) * (z1 > 0)
print()
print("the printed formulas, typed into NumPy, give the same numbers:")
by_hand = {"W1": dz1 @ X.T, "b1": dz1.sum(axis=1, keepdims=True), "W2": dz2 @ a1.T, "b2": dz2.sum(1, keepdims=True)}
for (name, found), gradient in zip(by_hand.items(), (dW1, db1, dW2, db2), strict=True):
    print(f"  ∂J/∂{name} {gradient.shape}: {np.allclose(found, gradient, rtol=1e-12)}")
