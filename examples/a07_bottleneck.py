"""Sheet 003, question 3(c): network A, 100→100, against network B, 100→10→100, whose hidden layer is linear."""

import numpy as np

import chalkgrad as cg

# On the command line:  chalkgrad network 100-100 100-10-100 --activation linear
a = cg.network("100-100", activation="linear")
b = cg.network("100-10-100", activation="linear")
print(b)
print()
print(a.compare(b))

# The same by hand: however its weights are set, B is one matrix W2 W1 of rank 10 or less.
rng = np.random.default_rng(1)
product = rng.normal(size=(100, 10)) @ rng.normal(size=(10, 100))
print()
print("rank of W2 W1 for random weights:", np.linalg.matrix_rank(product))
print(f"best copy of the input: off by {b.bottleneck.copy_error:.4f}, of {b.bottleneck.copy_size:.4f}")
