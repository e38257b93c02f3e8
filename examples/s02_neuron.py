"""Sheet 000, question 2: one neuron, 1/(1 + e^-(w·x + w_2)), at w = (2, -3, -3), x = (-1, -2).

Give a file name ending in .svg or .png to keep the drawing: python s02_neuron.py neuron.svg
"""

import sys

import numpy as np

import chalkgrad as cg

TEXT = r"f(w_0, w_1, w_2, x_0, x_1) = \frac{1}{1 + e^{-(w_0x_0 + w_1x_1 + w_2)}}"
AT = {"w_0": 2, "w_1": -3, "w_2": -3, "x_0": -1, "x_1": -2}

# As typed: the gates *-1, exp, +1 and 1/x, as in the notes of CS231n.
w = cg.work(TEXT, values=AT)
print(w)

# The same with σ as one gate, whose local gradient is σ(1 - σ).
whole = cg.work(TEXT, values=AT, gates="whole")
print(cg.code(whole))


# Plain NumPy.
def neuron(w_0, w_1, w_2, x_0, x_1):
    return 1 / (1 + np.exp(-(w_0 * x_0 + w_1 * x_1 + w_2)))


value, gradients = cg.value_and_grad(neuron, wrt=tuple(AT))(**AT)
print(f"by NumPy: f = {value:.6f}")
for name, gradient in zip(AT, gradients, strict=True):
    print(f"  ∂f/∂{name} = {gradient:.6f}")

if len(sys.argv) > 1:
    cg.draw(whole).save(sys.argv[1])
