"""Some random functions of long arrays; `make fuzz` runs more."""

from __future__ import annotations

import numpy as np
import pytest

from tests.fuzz.long_arrays import Case, Mismatch, case, check


@pytest.mark.parametrize("seed", range(24))
def test_machine_code_gives_what_the_interpreter_does(seed: int) -> None:
    check(case(seed))


def test_a_case_is_the_same_for_its_seed() -> None:
    assert case(5).text == case(5).text
    assert len({case(seed).text for seed in range(20)}) > 15


def test_a_wrong_number_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import chalkgrad as cg

    made = case(3)
    compile = cg.compile

    class Wrong:
        def __init__(self, found: object) -> None:
            self.artifacts, self._found = found.artifacts, found  # type: ignore[attr-defined]  # what compile gives

        def __call__(self, *given: object) -> object:
            value, slopes = self._found(*given)  # type: ignore[operator]  # as above
            slopes[0][-1] *= 1.1
            return value, slopes

    monkeypatch.setattr(cg, "compile", lambda *a: Wrong(compile(*a)))
    with pytest.raises(Mismatch, match="output 1 of call 0"):
        check(Case(made.text, made.function, tuple(np.array(a) for a in made.arguments)))
