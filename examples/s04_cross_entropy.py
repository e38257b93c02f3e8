"""Sheet 000, question 4: a neuron h = σ(w_1x_1 + w_2x_2 + b) under the cross entropy, and one step of descent.

The label is y = 0 and the example is x = (1, 3); the weights start at w = (2, -1), b = 0.5, and α = 0.1.
"""

import numpy as np

import chalkgrad as cg
from chalkgrad.cli.show import show

TEXT = """h = σ(w_1x_1 + w_2x_2 + b)
ℓ = -y log h - (1-y) log(1-h)"""
WEIGHTS = {"w_1": 2, "w_2": -1, "b": 0.5}
EXAMPLE = {"x_1": 1, "x_2": 3, "y": 0}
RATE = 0.1

# x and y are data: only the weights are differentiated. Without values, the formulas: (h - y)·x_1 and so on.
print(cg.work(TEXT, wrt=list(WEIGHTS)))

# chalkgrad show "h = …; ℓ = …" w_1=2 w_2=-1 b=0.5 x_1=1 x_2=3 y=0 --wrt w_1 --wrt w_2 --wrt b --rate 0.1
values = [f"{name}={x}" for name, x in (WEIGHTS | EXAMPLE).items()]
weights = [word for name in WEIGHTS for word in ("--wrt", name)]
show([TEXT, *values, *weights, "--rate", str(RATE), "--plain"], standalone_mode=False)


# The same in NumPy.
def loss(w_1, w_2, b, x_1, x_2, y):
    h = 1 / (1 + np.exp(-(w_1 * x_1 + w_2 * x_2 + b)))
    return -y * np.log(h) - (1 - y) * np.log(1 - h)


value, gradients = cg.value_and_grad(loss, wrt=tuple(WEIGHTS))(**WEIGHTS, **EXAMPLE)
after = {name: x - RATE * g for (name, x), g in zip(WEIGHTS.items(), gradients, strict=True)}
print(f"by NumPy: ℓ = {value:.6f}, gradient", *(f"{g:.6f}" for g in gradients))
print("next:", *(f"{name} = {x:.6f}" for name, x in after.items()), f"where ℓ is {loss(**after, **EXAMPLE):.6f}")
