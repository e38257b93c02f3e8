"""Sheet 003, question 2: f(x, y, z) = (x + y)z + x. x is used twice, so its gradient is a sum of two paths.

The sheet's own solution forgets to add them. Give a file name ending in .svg or .png to keep the drawing.
"""

import sys

import chalkgrad as cg

TEXT = """g = x + y
h = gz
f = h + x"""
AT = {"x": -2, "y": 5, "z": -4}

w = cg.work(TEXT, values=AT)
print(w)
print(cg.code(w))  # dx is set on line (3), and added to on line (1)
print(cg.explain(w))


# The same in Python: the names of the stages are kept.
def f(x, y, z):
    g = x + y
    h = g * z
    return h + x


print()
print(cg.code(cg.backprop(f, **AT)))
value, gradients = cg.value_and_grad(f, wrt=("x", "y", "z"))(**AT)
print("by Python: f =", value, "and the gradient is", *gradients)

if len(sys.argv) > 1:
    cg.draw(w).save(sys.argv[1])
