"""Sheet 000, question 3: f(a, b, c, d) = (3a - b)^2 + cd, and one step of gradient descent with α = 0.1."""

import chalkgrad as cg
from chalkgrad.cli.show import show

TEXT = "f(a,b,c,d) = (3a - b)^2 + cd"
AT = {"a": 1, "b": 2, "c": -3, "d": 4}
RATE = 0.1

# On the command line:  chalkgrad show "f(a,b,c,d) = (3a - b)^2 + cd" a=1 b=2 c=-3 d=4 --rate 0.1
show([TEXT, *(f"{name}={x}" for name, x in AT.items()), "--rate", str(RATE), "--plain"], standalone_mode=False)


# The same from Python, where the step is one line.
def f(a, b, c, d):
    return (3 * a - b) ** 2 + c * d


value, gradients = cg.value_and_grad(f, wrt=tuple(AT))(**AT)
after = {name: x - RATE * g for (name, x), g in zip(AT.items(), gradients, strict=True)}
print(f"by Python: f = {value:g}, gradient", *(f"{g:g}" for g in gradients))
print("next:", *(f"{name} = {x:g}" for name, x in after.items()), f"where f is {f(**after):g}")
