"""Sheet 002, question 1: a filter of 7 over 10 units, padding 3, stride 3; and the padding that keeps a size.

Give a file name ending in .svg or .png to keep the drawing of the padding and of the centre units.
"""

import sys

import numpy as np

import chalkgrad as cg

# On the command line:  chalkgrad conv 10 --filter 7 --padding 3 --stride 3 --save filter.svg
sheet = cg.convolution(10, 7, padding=3, stride=3)
print(sheet)
print()
print("1(d)")
same = cg.convolution(32, 5, padding="same")
print(f"W = 32, F = 5, S = 1: padding {same.windows[0].padding} on each side gives an output of {same.output[0]}")
try:
    cg.convolution(32, 4, padding="same")
except cg.ShapeError as refused:
    print("W = 32, F = 4, S = 1:", refused)
print("a stride that does not fit:", str(cg.convolution(10, 7, padding=2, stride=3)).splitlines()[1].strip())
print()

# The same filter at work, and its gradients: each unit gets what the places that it stood under send back.
TEXT = "f(x, w) = sum(conv1d(x, w, padding=3, stride=3))"
w = cg.work(TEXT, x=np.arange(1.0, 11.0), w=[1, 0, -1, 2, -1, 0, 1])
print("conv1d(x, w) =", w.number(w.program.steps[0].output), "and their sum is", w.value)
print("∂f/∂x =", w.gradients["x"])
print("∂f/∂w =", w.gradients["w"])

if len(sys.argv) > 1:
    sheet.save(sys.argv[1])
