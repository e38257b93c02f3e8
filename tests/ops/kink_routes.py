"""The hard points as a person writes them: in maths text, in LaTeX, and as plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

NO_NUMPY = "NumPy itself has no such function"


@dataclass(frozen=True)
class Written:
    """One point in three notations; `numpy` is None where NumPy has no name for the function."""

    text: str
    latex: str
    numpy: Callable[..., Any] | None


def call(name: str, arguments: str = "x") -> tuple[str, str]:
    r"""`hypot(x, y)`, and `\operatorname{hypot}(x, y)`."""
    return f"{name}({arguments})", rf"\operatorname{{{name}}}({arguments})"


WRITTEN: dict[str, Written] = {
    "abs(x) @0": Written("|x|", r"\left|x\right|", lambda x: abs(x)),
    "relu(x) @0 (native)": Written(*call("relu"), None),
    "maximum(x,0) @0": Written("max(x, 0)", r"\max\{x, 0\}", lambda x: np.maximum(x, 0)),
    "where(x>0,x,0) @0": Written(
        "where(x > 0, x, 0)",
        r"\begin{cases} x & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        lambda x: np.where(x > 0, x, 0),
    ),
    "maximum(x,y) @(1,1)": Written("max(x, y)", r"\max(x, y)", np.maximum),
    "minimum(x,y) @(1,1)": Written("min(x, y)", r"\min(x, y)", np.minimum),
    "max([1,1,0])": Written("max(x)", r"\max x", np.max),
    "sort([1,1,0])[1]": Written("sort(x)[1]", r"\operatorname{sort}(x)[1]", lambda x: np.sort(x)[1]),
    "prod([0,2,3])": Written(*call("prod"), np.prod),
    "prod([0,0,3])": Written(*call("prod"), np.prod),
    "sqrt(x) @0": Written("sqrt(x)", r"\sqrt{x}", np.sqrt),
    "sqrt(x**2) @0": Written("sqrt(x^2)", r"\sqrt{x^2}", lambda x: np.sqrt(x**2)),
    "norm2([0,0])": Written("norm(x)", r"\lVert x \rVert", np.linalg.norm),
    "norm1([0,0])": Written("norm(x, ord=1)", r"\operatorname{norm}(x, ord=1)", lambda x: np.linalg.norm(x, 1)),
    "norm_inf([1,1])": Written(
        "norm(x, ord=inf)", r"\operatorname{norm}(x, ord=inf)", lambda x: np.linalg.norm(x, np.inf)
    ),
    "hypot(x,y) @(0,0)": Written(*call("hypot", arguments="x, y"), np.hypot),
    "x**0 @0 const exponent": Written("x^0", r"x^0", lambda x: x**0),
    "x**y @(0,0)": Written("x^y", r"x^y", lambda x, y: x**y),
    "x**y @(0,2)": Written("x^y", r"x^{y}", lambda x, y: x**y),
    "x**y @(-2,3)": Written("x^y", r"x^y", lambda x, y: x**y),
    "x**0.5 @0": Written("x^0.5", r"x^{0.5}", lambda x: x**0.5),
    "cbrt(x) @0": Written("∛x", r"\sqrt[3]{x}", np.cbrt),
    "x*log(x) @0": Written("x log x", r"x \log x", lambda x: x * np.log(x)),
    "xlogy(x,y) @(0,0)": Written(*call("xlogy", arguments="x, y"), None),
    "log(x) @0": Written("log x", r"\ln x", np.log),
    "log(x) @-1": Written("log x", r"\log x", np.log),
    "1/x @0": Written("1/x", r"\frac{1}{x}", lambda x: 1 / x),
    "0*(1/x) @0": Written("0 (1/x)", r"0 \cdot \frac{1}{x}", lambda x: 0 * (1 / x)),
    "where(x>0,sqrt(x),0) @0": Written(
        "where(x > 0, sqrt(x), 0)",
        r"\begin{cases} \sqrt{x} & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        lambda x: np.where(x > 0, np.sqrt(x), 0),
    ),
    "where(x>0,log(x),0) @-1": Written(
        "where(x > 0, log x, 0)",
        r"\begin{cases} \log x & x > 0 \\ 0 & \text{otherwise} \end{cases}",
        lambda x: np.where(x > 0, np.log(x), 0),
    ),
    "where(x==0,1,sin(x)/x) @0": Written(
        "where(x == 0, 1, sin(x)/x)",
        r"\begin{cases} 1 & x = 0 \\ \frac{\sin x}{x} & \text{otherwise} \end{cases}",
        lambda x: np.where(x == 0, 1, np.sin(x) / x),
    ),
    "sinc(x) @0": Written(*call("sinc"), np.sinc),
    "logsumexp([1000,1000]) lib": Written(*call("logsumexp"), None),
    "logsumexp([-inf,-inf])": Written(*call("logsumexp"), None),
    "softplus(1000) lib": Written(*call("softplus"), lambda x: np.logaddexp(0, x)),
    "log(1+exp(x)) naive @1000": Written("log(1 + e^x)", r"\log(1 + e^x)", lambda x: np.log(1 + np.exp(x))),
    "1/(1+exp(-x)) @-1000": Written("1/(1 + e^-x)", r"\frac{1}{1 + e^{-x}}", lambda x: 1 / (1 + np.exp(-x))),
    "arcsin(x) @1": Written("arcsin x", r"\arcsin x", np.arcsin),
    "arccos(x) @1": Written("arccos x", r"\arccos x", np.arccos),
    "arctan2(y,x) @(0,0)": Written(*call("arctan2", arguments="x, y"), np.arctan2),
    "sign(x) @0": Written(*call("sign"), np.sign),
    "floor(x) @1": Written(*call("floor"), np.floor),
    "x % 1 @2": Written(*call("mod", arguments="x, 1"), lambda x: x % 1),
    "clip(x,0,1) @0": Written(*call("clip", arguments="x, 0, 1"), lambda x: np.clip(x, 0, 1)),
    "clip(x,0,1) @1": Written(*call("clip", arguments="x, 0, 1"), lambda x: np.clip(x, 0, 1)),
    "leaky_relu(x,.1) @0": Written("leaky_relu(x, slope=0.1)", r"\operatorname{leaky\_relu}(x, slope=0.1)", None),
    "relu6(x) @0": Written(*call("relu6"), None),
    "hardtanh(x) @1": Written(*call("hardtanh"), None),
    "elu(x) @0": Written(*call("elu"), None),
    "std([1,1,1])": Written(*call("std"), np.std),
    "x/(x+1e-300) @0": Written("x/(x + 1e-300)", r"\frac{x}{x + 10^{-300}}", lambda x: x / (x + 1e-300)),
    "det singular [[1,1],[1,1]]": Written(*call("det"), np.linalg.det),
}
