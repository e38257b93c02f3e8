"""Sheet 001, problems 3 and 4.3: its published answers, handed in as a claim, line by line.

The claim is written as the sheet prints it, with the derivative that each answer is an answer to.
"""

import chalkgrad as cg

NETWORK = """given:
x^(i) in R^(D_x x 1), y^(i) in R, a1 in R^(D_a1 x 1)
z1 = W1 x^(i) + b1
a1 = ReLU(z1)
z2 = W2 a1 + b2
ŷ^(i) = σ(z2)
L^(i) = y^(i) * log(ŷ^(i)) + (1 - y^(i)) * log(1 - ŷ^(i))
J = -1/m Σ_{i=1}^{m} L^(i)
"""
PUBLISHED = """claim:
1. W1 in R^(D_a1 x D_x), b1 in R^(D_a1 x 1), W2 in R^(1 x D_a1), b2 in R^(1 x 1)
X in R^(D_x x m), Y in R^(m x 1)
2. δ1^(i) = ∂J/∂ŷ^(i) = y^(i)/ŷ^(i) - (1 - y^(i))/(1 - ŷ^(i))
∂J/∂ŷ = -1/m Σ_i δ1^(i)
3. δ2^(i) = ∂ŷ^(i)/∂z2 = σ(z2) (1 - σ(z2))
4. δ3^(i) = ∂z2/∂a1 = W2
5. δ4^(i) = ∂a1/∂z1 = 1{z1 >= 0}
6. δ5^(i) = ∂z1/∂W1 = x^(i)^T
7. δ6^(i) = ∂J/∂W1 = -1/m Σ_i δ1^(i) * δ2^(i) * (δ3^(i) ∘ δ4^(i)) * δ5^(i)
"""
RIGHT = """claim:
X in R^(D_x x m), Y in R^(1 x m)
δ1^(i) = ∂L^(i)/∂ŷ^(i) = y^(i)/ŷ^(i) - (1 - y^(i))/(1 - ŷ^(i))
∂J/∂ŷ^(i) = -1/m δ1^(i)
δ2^(i) = ∂ŷ^(i)/∂z2 = σ(z2) (1 - σ(z2))
δ4^(i) = ∂a1/∂z1 = 1{z1 > 0}
∂J/∂W1 = -1/m Σ_i δ1^(i) δ2^(i) (W2^T ∘ δ4^(i)) x^(i)^T
∂J/∂W1 = Σ_i (W2^T (∂J/∂z2) ∘ 1{z1 > 0}) x^(i)^T
∂J/∂b1 = Σ_i W2^T (∂J/∂z2) ∘ 1{z1 > 0}
"""
SORT = """given:
x in R^n
x = (x_0, …, x_{n-1})
at: x = [-3, -1, 2]
F = x_0 * sort(x)
claim:
F = sort(x_0 * x)
"""

published = cg.check(NETWORK + PUBLISHED)
print(published)
print()
right = cg.check(NETWORK + RIGHT)
print(right)
print()

# Problem 4.3: "the multiplication happens first and then the sorting".
sort = cg.check(SORT)
print(sort)
for text in ("F = x_0 * sort(x)", "F = sort(x_0 * x)"):
    work = cg.work(f"x in R^3; x = (x_0, …, x_{{n-1}}); {text}", x=[-3, -1, 2], upstream=[0.5, -2, 1])
    print(f"{text}: dx = {[float(g) for g in work.gradients['x']]}")
