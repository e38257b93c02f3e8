"""The table's rows: which work, beside whom, and how fast it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from speed.models import CASES

NAMES = {
    "jax": "JAX jit",
    "torch": "PyTorch",
    "casadi": "CasADi buffer()",
    "c": "C loop",
    "numba": "Numba loop",
    "numpy": "NumPy by hand",
    "sgemm": "its sgemm alone",
    "manual": "manual C++",
    "codipack": "CoDiPack",
    "manual value": "manual C++'s value",
    "value": "its own value",
    "one": "one thread",
}


@final
@dataclass(frozen=True)
class Bar:
    """What is asked beside a peer, or the best of several: to be so many times faster, or to take so much at most.

    With neither the ratio is told and nothing is asked.
    """

    peers: tuple[str, ...]
    faster: float | None = None
    most: float | None = None

    def holds(self, ratio: float) -> bool | None:
        """Of our time over the peer's, whether it is good enough."""
        if self.faster is not None:
            return 1 / ratio >= self.faster
        return None if self.most is None else ratio <= self.most

    @property
    def text(self) -> str:
        """As the table has it."""
        if self.faster is not None:
            return f"≥ {self.faster:.3g}× faster"
        return "told" if self.most is None else f"≤ {self.most:.3g}×"

    @property
    def who(self) -> str:
        """The peer in words."""
        return ("the best of " if len(self.peers) > 1 else "") + " and ".join([NAMES[p] for p in self.peers])


@final
@dataclass(frozen=True)
class Row:
    """A case of a module here, in words, and what is asked of it; `note` says why where a bar is missed."""

    group: str
    case: str
    work: str
    bars: tuple[Bar, ...]
    note: str = ""

    @property
    def key(self) -> str:
        """By which it is picked and kept."""
        return f"{self.group} {self.case}"


def faster(factor: float, *peers: str) -> Bar:
    """At least so many times faster than the best of the peers."""
    return Bar(peers, faster=factor)


def most(factor: float, *peers: str) -> Bar:
    """At most so many times the time of the best of the peers."""
    return Bar(peers, most=factor)


def told(*peers: str) -> Bar:
    """No more than told."""
    return Bar(peers)


# What a gradient may cost, in values.
VALUE = most(2.5, "value")


# Where a bar is missed, why, as far as it is known.
NOTES = {
    "logistic": "an exp and two logarithms a row are most of the time, here as in C with libmvec.",
    "sort": "the value is NumPy's sort, in vectors; the gradient needs the order, a stable sort of numbers and places.",
    "small": "a step makes five new arrays, the value one number.",
    "conv2d": "the value with two gradients is three convolutions.",
    "kmeans": "of so few centroids the gradient takes as long as the value: a point goes to its centroid by itself.",
    "lstm": "the value alone, in which a turn waits for the one before it, is most of the time.",
    "ode": "what is kept for the way back passes through memory; what passes between the stages no longer does.",
    "ba": "by a hair; the time of the C++ differs twofold from run to run.",
    "lse": "the arrays pass through memory three times, in the C++ as here.",
}


def _contest(case: str, *bars: Bar) -> Row:
    return Row("contest", case, f"GradBench {case}", bars, NOTES.get(case.split()[0], ""))


ROWS = (
    *(
        Row(
            "scalars",
            name,
            f"{name}: value and all {n} gradients",
            (faster(60, "jax"), faster(300, "torch"), most(1.5, "casadi"), VALUE),
        )
        for name, n in (("S2", 5), ("S10", 2))
    ),
    Row("cold", "S2", "S2: first gradient from text, after import", (most(0.4, "jax"),)),
    Row(
        "logistic",
        "1e6x2",
        "logistic loss and gradient, 10⁶ rows of 2",
        (most(1.1, "c"), faster(3.5, "jax"), told("torch"), told("numba"), VALUE),
        NOTES["logistic"],
    ),
    Row("logistic", "1e6x2, 2 threads", "logistic loss and gradient, two threads", (faster(1.7, "one"),)),
    Row(
        "network",
        "2,16,64",
        "network step, float32, (2, 16, 64)",
        (faster(15, "jax"), faster(12, "numpy"), told("torch"), VALUE),
        NOTES["small"],
    ),
    Row(
        "network",
        "64,32,128",
        "network step, (64, 32, 128)",
        (faster(4, "jax"), faster(4, "numpy"), told("torch"), VALUE),
    ),
    Row(
        "network",
        "784,128,128",
        "network step, (784, 128, 128)",
        (faster(1, "jax", "torch"), most(1 / 0.9, "sgemm"), VALUE),
    ),
    Row(
        "network",
        "784,512,1024",
        "network step, (784, 512, 1024)",
        (faster(0.97, "jax", "torch"), most(1 / 0.9, "sgemm"), VALUE),
    ),
    Row("large", "sort", "x₀·sort(x), n = 10⁶, value and gradient", (faster(1, "jax", "torch"), VALUE), NOTES["sort"]),
    Row(
        "large",
        "conv2d",
        "conv2d 3x3 on 32x16x64x64, float32, value and gradients",
        (faster(1, "jax", "torch"), VALUE),
        NOTES["conv2d"],
    ),
    *(Row("models", case, work, (told("jax"), told("value"))) for case, work in CASES.items()),
    *(_contest(f"lse n={n}", most(0.3, "manual"), told("value")) for n in (2_500, 40_000, 1_280_000)),
    *(_contest(f"llsq n={n}", most(0.35, "manual"), told("value")) for n in (16, 1_024, 16_384)),
    *(
        _contest(f"gmm d={d} k={k}", most(0.25, "manual"), told("value"))
        for d, k in ((2, 5), (10, 25), (64, 25), (64, 100))
    ),
    *(
        _contest(f"kmeans k={k} n={n} d={d}", most(0.4, "manual"), told("value"))
        for k, n, d in ((10, 1_000, 8), (100, 10_000, 8), (1_000, 10_000, 16))
    ),
    *(
        _contest(f"lstm layers={layers} c={c}", most(0.1, "manual"), most(0.25, "codipack"), told("value"))
        for layers, c in ((2, 1_024), (4, 4_096), (6, 8_192))
    ),
    _contest("lstm layers=2 c=1024 bits=14", most(0.1, "manual"), most(0.25, "codipack"), told("value")),
    *(
        _contest(f"ba n={n} m={m} p={p}", most(0.35, "manual"), told("value"))
        for n, m, p in ((49, 7_776, 31_843), (93, 61_203, 287_451))
    ),
    *(
        _contest(f"ode n={n} s={s}", most(3.3, "value"), most(2.8, "manual value"))
        for n, s in ((1_000, 1), (1_000, 100), (10_000, 10), (100_000, 100))
    ),
    *(_contest(f"det ell={ell}", told("manual"), told("codipack"), told("value")) for ell in (5, 7, 9)),
    *(
        _contest(f"ht v={v} n={n}", told("manual"), told("codipack"), told("value"))
        for v, n in ((544, 6_400), (10_000, 200), (10_000, 25_600))
    ),
)
