"""Sheet 000, question 1: f(x, y, z) = (x + y)z at (-2, 5, -4), rewritten with the stage q = x + y."""

import chalkgrad as cg

AT = {"x": -2, "y": 5, "z": -4}

# As on the sheet: the stage, then the function. Without values everything stays a formula.
TEXT = "q = x + y; f(x, y, z) = qz"
print(cg.work(TEXT))

# With values: every node, every edge, every product.
w = cg.work(TEXT, values=AT)
print(w)

# Where f feeds something else, the gradient that comes from there is given, and everything scales with it.
print(cg.explain(cg.work(TEXT, values=AT, upstream=2)))


# The same function as plain Python.
def f(x, y, z):
    q = x + y
    return q * z


value, gradients = cg.value_and_grad(f, wrt=("x", "y", "z"))(**AT)
print()
print("by Python: f =", value, "and the gradient is", *gradients)
