"""Sheet 003, question 3(b): the weights of a network with layers of 8, 10, 10 and 3 units.

Give a file name ending in .svg or .png to keep the drawing.
"""

import sys

import chalkgrad as cg

# On the command line:  chalkgrad network 8-10-10-3
net = cg.network("8-10-10-3")
print(net)

# The equations are a Program like any other: its inputs are the parameters, and x.
sizes = {v.hint: v.type.shape for v in net.program.inputs}
print()
print("by the Program:", ", ".join(f"{name} {shape}" for name, shape in sizes.items()))

if len(sys.argv) > 1:
    net.save(sys.argv[1])
