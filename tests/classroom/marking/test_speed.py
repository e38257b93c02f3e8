"""Ten thousand answers in under a minute on two cores: here a share of them, on one, with room for a busy machine."""

from __future__ import annotations

import random
import time

from chalkgrad.classroom.marking.mark import mark
from tests.classroom.marking.asking import ALL, NEURON, NEURON_AT, asking


def test_numbers() -> None:
    keyed = asking(NEURON, ALL, NEURON_AT)
    right = {b.id: f"{float(b.key.exact):.2f}" for b in keyed.blanks}  # type: ignore[union-attr]  # numbers
    rng = random.Random(3)
    mark(keyed, right)
    begun = time.process_time()
    count = 0
    while count < 2_000:
        answers = dict(right)
        for id in rng.sample(sorted(answers), 3):
            answers[id] = f"{rng.uniform(-3, 3):.2f}"
        mark(keyed, answers)
        count += len(answers)
    assert time.process_time() - begun < 12
