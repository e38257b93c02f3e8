"""Sheet 001, problem 3.1: the shapes of a two-layer network, solved from its equations, for one example and for all.

What is known: one input is of D_x×1, its label a number, and the hidden layer has D_a1 units.
"""

import numpy as np

import chalkgrad as cg
from chalkgrad.errors import ShapeError

EQUATIONS = """z1 = W1 x^(i) + b1
a1 = ReLU(z1)
z2 = W2 a1 + b2
ŷ^(i) = σ(z2)
L^(i) = y^(i) * log(ŷ^(i)) + (1 - y^(i)) * log(1 - ŷ^(i))
J = -1/m Σ_{i=1}^{m} L^(i)"""
KNOWN = ["x^(i) in R^(D_x x 1)", "y^(i) in R"]

shapes = cg.shapes(EQUATIONS, {"a1": "D_a1"}, given=KNOWN)
print(shapes)
print()

# Two equations that contradict each other: both are shown.
try:
    cg.shapes(EQUATIONS.replace("W2 a1", "W2 x^(i)"), {"a1": "D_a1"}, given=[*KNOWN, "W2 in R^(1 x D_a1)"])
except ShapeError as error:
    print(error)
print()

# The same network over all examples, as columns; backwards, the gradient of b1 is a sum over them.
print(cg.batch(EQUATIONS, "i", units={"a1": "D_a1"}, given=KNOWN))
print()

# With numbers for the sizes it is worked as any other program; one example at a time gives the same loss.
batch = cg.batch(EQUATIONS, "i", units={"a1": "D_a1"}, given=KNOWN, sizes={"D_x": 3, "D_a1": 4, "m": 5})
rng = np.random.default_rng(0)
at = {var.hint: rng.normal(size=var.type.shape) for var in batch.program.inputs}
at["Y"] = (at["Y"] > 0) * 1.0
work = cg.work(batch.program, values=at)
one = [
    np.log(h if y else 1 - h)
    for x, y in zip(at["X"].T, at["Y"][0], strict=True)
    for z1 in [at["W1"] @ x + at["b1"][:, 0]]
    for h in [1 / (1 + np.exp(-(at["W2"][0] @ np.maximum(z1, 0) + at["b2"])))]
]
print(f"J = {work.value:.6f} over all examples, {-np.mean(one):.6f} one at a time")
for name in ("W1", "b1", "W2", "b2"):
    print(f"d{name} is {'×'.join(map(str, np.shape(work.gradients[name]))) or 'a number'}")
