"""Sheet 003, question 1: the partial derivatives of xy, x + y and max{x, y}, and what they say of f.

A partial derivative is a sensitivity: nudge x by Δx, and f changes by about ∂f/∂x·Δx.
"""

import numpy as np

import chalkgrad as cg
from chalkgrad.cli.show import show

AT = {"x": 1, "y": -2}

for text in ("f(x, y) = xy", "f(x, y) = x + y", r"f(x, y) = \max\{x, y\}"):
    show([text, "x=1", "y=-2", "--nudge", "x=0.1", "--nudge", "y=0.1", "--plain"], standalone_mode=False)

# The derivative tells of small changes only. A nudge of y by 4 makes y the greater, and max takes the other branch.
show([r"f(x, y) = \max\{x, y\}", "x=1", "y=-2", "--nudge", "y=4", "--plain"], standalone_mode=False)

# At a tie max has no derivative: it is shared, or given to the first, and a notice says so.
for tie in ("share", "first"):
    print(cg.explain(cg.work("f(x, y) = max{x, y}", x=1, y=1, tie=tie)))
    print()


# The three in NumPy.
def product(x, y):
    return x * y


def total(x, y):
    return x + y


def larger(x, y):
    return np.maximum(x, y)


for f in (product, total, larger):
    value, (dx, dy) = cg.value_and_grad(f, wrt=("x", "y"))(1.0, -2.0)
    change = f(1.1, -2.0) - value
    print(f"by NumPy, {f.__name__}: f = {value:g}, ∇f = ({dx:g}, {dy:g}), and Δf = {change:g} for Δx = 0.1")
