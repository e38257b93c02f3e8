"""Sheet 000, question 6: a gradient of -3 flows back into a ReLU whose input is -1. What does it pass on?"""

import numpy as np

import chalkgrad as cg

print(cg.work("f = relu(x)", x=-1, upstream=-3))

# At 0 ReLU has no derivative. Chalkgrad takes 0 there, as the frameworks do, and says so; the other choice is a switch.
for choice in (0, 1):
    w = cg.work("f = relu(x)", x=0, upstream=-3, relu_at_zero=choice)
    print(f"at 0, with relu'(0) = {choice}: passes on {w.gradients['x']}")
    print(*w.notices, sep="\n")


# In NumPy a ReLU is a maximum.
def unit(x):
    return np.maximum(x, 0)


print("by NumPy:", cg.work(unit, -1.0, upstream=-3).gradients["x"])
