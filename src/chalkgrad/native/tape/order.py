"""The order of a tape's words: those of one kind after one another, as far as what they read allows."""

from __future__ import annotations

from typing import Any

import numpy as np

Rows = np.ndarray[Any, np.dtype[np.int64]]
# Words that may change places with one another: what they give is kept until it is read, and should stay at hand.
WINDOW = 512
# Of so few words a processor remembers which comes after which.
FEW = 4096


def by_kind(kind: Rows, args: Rows, reads: np.ndarray[Any, Any], outs: Rows) -> Rows:
    """The places of the rows in a new order. `outs` is what each gives, `reads` which of the operands `args` are read.

    The machine jumps from word to word. A processor that guesses wrongly where to loses more time than most words take,
    and in a long line of many kinds it cannot know. So the words of a window are sorted by how often the kind has to
    change until they can be reached, and then by their kind.
    """
    count = len(kind)
    place = np.full(int(outs.max(initial=0)) + 1, count)
    place[outs] = np.arange(count)
    window = np.arange(count) // WINDOW
    made = np.where(reads & (args >= 0), place[np.maximum(args, 0)], count)
    made[made < (window * WINDOW)[:, None]] = count  # done before the window begins
    kinds = [*kind.tolist(), -1]
    changes = [0] * count + [-1]
    for k, (a, b, c) in enumerate(zip(*made.T.tolist(), strict=True)):
        own = kinds[k]
        most = changes[a] + (kinds[a] != own)
        if b != count and (other := changes[b] + (kinds[b] != own)) > most:
            most = other
        if c != count and (other := changes[c] + (kinds[c] != own)) > most:
            most = other
        changes[k] = most
    return np.lexsort(np.stack([kind, np.array(changes[:-1]), window]))


__all__ = ["FEW", "by_kind"]
