"""Sheet 001, problem 4: gradients through x0·x, sort(x) and x0·sort(x), with an upstream gradient u.

Sort only moves entries, so its gradient moves them back. Why the sheet's last answer needs care is printed at the end.
"""

import numpy as np

import chalkgrad as cg

U = [0.5, -2, 1]

for text in ("F = x[0] x", "F = sort(x)", "F = x[0] sort(x)"):
    given = f"x in R^3; {text}"
    print(text)
    print(" ", cg.formulas(cg.work(given)).section("gradients")[0])
    for x in ([3, -1, 2], [-3, -1, 2]):
        w = cg.work(given, x=x, upstream=U)
        print(f"  at x = {x}, u = {U}: ∂L/∂x = {w.gradients['x'].tolist()}")
    print()

w = cg.work("x in R^3; F = x[0] sort(x)", x=[-3, -1, 2], upstream=U)
print(cg.explain(w))


# "The multiplication first, and then the sorting" is another function: a negative x0 turns the order round.
def multiplied_first(x):
    return np.sort(x[0] * x)


def sorted_first(x):
    return x[0] * np.sort(x)


print()
print("multiplying first, and then sorting:")
for x in (np.array([3.0, -1.0, 2.0]), np.array([-3.0, -1.0, 2.0])):
    one, two = sorted_first(x), multiplied_first(x)
    told = "the same" if np.array_equal(one, two) else "x0 < 0 turns the order round: another function"
    print(f"  x = {x.tolist()}: x0·sort(x) = {one.tolist()}, sort(x0·x) = {two.tolist()}: {told}")
    found = cg.work(multiplied_first, x, upstream=U).gradients["x"]
    print(f"    and its gradient is {found.tolist()}")
