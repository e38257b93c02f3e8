"""Sheet 003, question 3(a): what goes wrong with weights that are all zero, or all the same, shown by training."""

import chalkgrad as cg

# On the command line:  chalkgrad train 2-3-1 --data xor --init equal
equal = cg.train("2-3-1", "xor", init="equal")
print(equal)
print()

# The proof: at every step the three hidden units have the same gradients, so they are the same at the next.
print("largest difference between two hidden units, over all steps:", equal.apart[0].max())
print("and between their gradients:", equal.apart_gradients[0].max())

for activation in ("tanh", "relu", "σ"):
    print()
    zero = cg.train("2-3-1", "or", init="zero", activation=activation, steps=200)
    print(f"all zero, with {activation}")
    for name in ("W1", "W2"):
        print(f"  largest entry of ∂{name}: at the first step {zero.largest[name][0]:.4g},", end=" ")
        print(f"at the second {zero.largest[name][1]:.4g}, ever {zero.largest[name].max():.4g}")
    print("  the hidden units differ by", zero.apart[0].max())

print()
random = cg.train("2-3-1", "xor", init="random", seed=0)
print(f"random: J from {random.losses[0]:.4f} to {random.losses[-1]:.4f}; equal: to {equal.losses[-1]:.4f}")
