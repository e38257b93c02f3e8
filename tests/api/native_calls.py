"""Whether Python or machine code answers a call, and what the interpreter answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chalkgrad.api.anew import Anew
from chalkgrad.api.gradients import _derived


def by_python(made: Any, *args: Any, **named: Any) -> tuple[Any, bool]:
    """The result, and whether Python had to answer."""
    made = made.own() if isinstance(made, Anew) else made
    slow, met = made._slow, []

    def spy(*a: Any, **k: Any) -> Any:
        met.append(1)
        return slow(*a, **k)

    made._slow = spy
    try:
        return made(*args, **named), bool(met)
    finally:
        made._slow = slow


def warm(made: Any, *args: Any, **named: Any) -> Any:
    """After a few calls the machine answers."""
    made = made.own() if isinstance(made, Anew) else made
    for _ in range(3):
        made(*args, **named)
    found, slow = by_python(made, *args, **named)
    assert not slow
    return found


def interpreted(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], *args: Any, **named: Any) -> Any:
    """What the interpreter gives."""
    _derived.cache_clear()  # a text is one function, however often it is written
    try:
        with monkeypatch.context() as patch:
            patch.setenv("CHALKGRAD_NATIVE", "off")
            return make()(*args, **named)
    finally:
        _derived.cache_clear()


def close(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            close(x, y)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for k in a:
            close(a[k], b[k])
    else:
        near = 1e-6 if np.asarray(b).dtype == np.float32 else 1e-12
        np.testing.assert_allclose(a, b, rtol=near, atol=near / 100)
        assert np.asarray(a).dtype == np.asarray(b).dtype
