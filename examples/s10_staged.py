"""Sheet 003, question 4d: f(x, y) = (x + s(y)) / (s(x) + (x + y)^2), where s is the sigmoid, in eight stages.

The published backward pass ends on `dy = …`, which throws away the dy of stage 4; it must be `dy += …`.
"""

import numpy as np

import chalkgrad as cg

WHOLE = r"f(x, y) = \frac{x + s(y)}{s(x) + (x+y)^2}"
STAGED = """s(y) = 1 / (1 + e^{-y})
num = x + s(y)
s(x) = 1 / (1 + e^{-x})
sum = x + y
sqr = sum^2
denom = s(x) + sqr
inv = 1 / denom
f = num · inv"""
AT = {"x": 3, "y": -4}

# The stages as printed, with s(x) and s(y) as one line each.
w = cg.work(STAGED, values=AT, gates="whole")
print(cg.code(w))
print(w)
print(cg.explain(w))
print()

# The fraction as printed gives the same.
fraction = cg.work(WHOLE, values=AT)
print("as one fraction:", *(f"∂f/∂{name} = {g:.6f}" for name, g in fraction.gradients.items()))


# So does NumPy, with the sheet's names, and so does the Python that Chalkgrad prints from it.
def f(x, y):
    sy = 1 / (1 + np.exp(-y))
    num = x + sy
    sx = 1 / (1 + np.exp(-x))
    sqr = (x + y) ** 2
    denom = sx + sqr
    inv = 1 / denom
    return num * inv


printed = cg.code(cg.work(f, **AT, gates="whole"), "python")
print()
print(printed)
namespace = {}
exec(printed, namespace)
value, gradients = namespace["f"](**AT)
print(f"the printed Python gives f = {value:.6f},", *(f"∂f/∂{name} = {g:.6f}" for name, g in gradients.items()))
