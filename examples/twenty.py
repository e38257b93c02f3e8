"""Twenty functions from all over, as maths text: each is read, worked through, and its value and gradient printed.

tests/test_examples.py compares every number with an independent computation at 40 digits.
"""

import numpy as np

import chalkgrad as cg

# name: (the function as a person writes it, where it is evaluated)
FUNCTIONS = {
    "Rosenbrock": (
        "f(x, y) = (1 - x)^2 + 100(y - x^2)^2",
        {"x": -1.2, "y": 1},
    ),
    "Himmelblau": (
        "f(x, y) = (x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        {"x": 1, "y": 2},
    ),
    "Ackley": (
        "f(x, y) = -20e^{-0.2√(½(x^2 + y^2))} - e^{½(cos 2πx + cos 2πy)} + e + 20",
        {"x": 0.3, "y": -0.7},
    ),
    "Gaussian bump": (
        r"f(x, y, \sigma) = \exp\left(-\frac{x^2 + y^2}{2\sigma^2}\right)",
        {"x": 0.5, "y": -1, "σ": 1.5},
    ),
    "softplus chain": (
        "f(x, w, b) = log(1 + e^{w log(1 + e^{wx + b}) + b})",
        {"x": 0.5, "w": -1, "b": 1.5},
    ),
    "logistic loss with a regulariser": (
        "ℓ(w, b, x, y, λ) = -y log σ(wx + b) - (1 - y) log(1 - σ(wx + b)) + ½λw^2",
        {"w": 0.5, "b": -1, "x": 1.5, "y": 1, "λ": 0.1},
    ),
    "two-layer tanh net": (
        "h_1 = tanh(ax + b); h_2 = tanh(cx + d); y(a, b, c, d, u, v, x) = uh_1 + vh_2",
        {"a": 1, "b": -0.5, "c": 2, "d": 0.3, "u": 0.7, "v": -1.1, "x": 0.4},
    ),
    "log-sum-exp": (
        "f(a, b, c) = log(e^a + e^b + e^c)",
        {"a": 1, "b": 2, "c": 3},
    ),
    "cosine similarity": (
        r"f(a, b) = \frac{a^\top b}{\|a\| \|b\|}",
        {"a": [1, 2, 3], "b": [-1, 0.5, 2]},
    ),
    "Huber": (
        "f(x, δ) = where(|x| <= δ, ½x^2, δ(|x| - ½δ))",
        {"x": -2.5, "δ": 1},
    ),
    "smooth L1": (
        r"f(x, β) = \begin{cases} \frac{x^2}{2β} & \text{if } |x| < β \\ |x| - \frac{β}{2} & \text{o.w.} \end{cases}",
        {"x": 0.4, "β": 1.2},
    ),
    "quotient of polynomials": (
        "f(x) = (x^3 - 2x + 1)/(x^2 + 3x + 5)",
        {"x": 1.7},
    ),
    "haversine": (
        "d(φ_1, λ_1, φ_2, λ_2, r) = 2r arcsin √(sin^2((φ_2 - φ_1)/2) + cos φ_1 cos φ_2 sin^2((λ_2 - λ_1)/2))",
        {"φ_1": 0.8, "λ_1": 0.2, "φ_2": 0.9, "λ_2": -1.2, "r": 6371},
    ),
    "Black-Scholes, logistic in place of the normal": (
        "d_1 = (log(S/K) + (r + ½v^2)T)/(v√T); d_2 = d_1 - v√T; "
        "C(S, K, r, v, T) = S σ(1.702d_1) - K e^{-rT} σ(1.702d_2)",
        {"S": 100, "K": 95, "r": 0.05, "v": 0.2, "T": 0.75},
    ),
    "van der Waals": (
        "P(n, R, T, V, a, b) = nRT/(V - nb) - an^2/V^2",
        {"n": 1, "R": 8.314, "T": 300, "V": 0.025, "a": 0.364, "b": 4.27e-5},
    ),
    "Michaelis-Menten, competitive inhibition": (
        "v(S, I, V_m, K_m, K_I) = V_m S/(K_m(1 + I/K_I) + S)",
        {"S": 2, "I": 0.3, "V_m": 3, "K_m": 0.5, "K_I": 0.8},
    ),
    "Lennard-Jones": (
        "U(r, ε, σ) = 4ε[(σ/r)^12 - (σ/r)^6]",
        {"r": 1.3, "ε": 0.8, "σ": 1.1},
    ),
    "compound interest": (
        "A(P, r, n, t) = P(1 + r/n)^{nt}",
        {"P": 1000, "r": 0.24, "n": 4, "t": 5},
    ),
    "Planck's law": (
        r"B(\nu, T, h, c, k) = \frac{2h\nu^3}{c^2} \frac{1}{e^{\frac{h\nu}{kT}} - 1}",
        {"ν": 1.5, "T": 0.9, "h": 1, "c": 1, "k": 1},
    ),
    "Kepler's equation, residual": (
        "f(E, M, e) = E - e sin E - M",
        {"E": 1.2, "M": 0.8, "e": 0.3},
    ),
}


def main():
    for name, (text, at) in FUNCTIONS.items():
        w = cg.work(text, values=at)
        print(name)
        for line in w.echo:
            print(f"  {line}")
        print(f"  value {w.value:.6g}")
        for variable, gradient in w.gradients.items():
            numbers = [f"{x:.6g}" for x in np.ravel(gradient)]
            print(f"  gradient {variable}: {', '.join(numbers)}")
        print()


if __name__ == "__main__":
    main()
