"""Sheet 000, question 5: a gradient of -3 flows back into a sigmoid whose input is 0. What does it pass on?"""

import numpy as np

import chalkgrad as cg

print(cg.work("f = σ(x)", x=0, upstream=-3))


def unit(x):
    return 1 / (1 + np.exp(-x))


# In NumPy the sigmoid is four gates; gates="whole" closes them to one.
for gates in ("typed", "whole"):
    w = cg.work(unit, 0.0, upstream=-3, gates=gates)
    print(f"by NumPy, gates {gates}: {len(w.program.steps)} of them, which pass on {w.gradients['x']}")
