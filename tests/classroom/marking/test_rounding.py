"""Which numbers stand for the right one: rounded as asked, at the end or at every gate, and never further."""

from __future__ import annotations

import pytest

from tests.classroom.marking.asking import ALL, AT, NEURON, NEURON_AT, TWO, asking, one, verdicts

S2 = asking(NEURON, ("gradients",), NEURON_AT)
INPUTS = asking(NEURON, ("inputs.gradient",), NEURON_AT)


def test_rounded_at_the_end_or_at_every_gate() -> None:
    # 0.393224; σ' rounded to 0.20 and doubled is 0.40
    assert one(INPUTS, "x_0.gradient", "0.39").notes == ()
    m = one(INPUTS, "x_0.gradient", "0.40")
    assert m.verdict == "right"
    assert m.notes == ("0.40 is what rounding at every step gives; without it 0.39",)
    assert one(INPUTS, "x_1.gradient", "-0.60").verdict == "right"


@pytest.mark.parametrize(
    ("text", "verdict", "note"),
    [
        ("0.393224", "right", ""),
        ("0.3932", "right", ""),
        ("0,39", "right", ""),
        ("0.4", "right", "right to the digits written; 2 decimals are asked for"),
        ("0.3925", "right", "right to the 2 decimals that are asked for; it is 0.3932"),
        ("0.38", "wrong", ""),
        ("0.41", "wrong", ""),
        ("0", "wrong", ""),
        ("-0.39", "wrong", ""),
        ("0.20", "wrong", ""),
    ],
)
def test_how_far(text: str, verdict: str, note: str) -> None:
    m = one(INPUTS, "x_0.gradient", text)
    assert m.verdict == verdict
    assert m.notes == ((note,) if note else ())


def test_why_a_number_is_too_coarse_or_cut_off() -> None:
    keyed = asking("f(x) = σ(x)", ("values",), "x = 1")  # 0.731059
    assert one(keyed, "f.value", "0.7").why == "it is too coarse: 2 decimals are asked for"
    assert one(keyed, "f.value", "1").verdict == "wrong"
    cut = asking("f(x) = σ(x)", ("values",), "x = 0.5", "digits = 3")  # 0.622459
    assert one(cut, "f.value", "0.62").why == "it is too coarse: 3 decimals are asked for"
    minus = asking("f(x) = -σ(x)", ("f.value",), "x = 2")  # -0.880797
    assert one(minus, "f.value", "-0.88").verdict == "right"
    low = asking("f(x) = σ(x)", ("values",), "x = 0.3")  # 0.574443
    assert one(low, "f.value", "0.57").verdict == "right"
    assert (
        one(asking("f(x) = σ(x)", ("values",), "x = 0.52"), "f.value", "0.62").why
        == "the number is cut off and not rounded"
    )


@pytest.mark.parametrize("text", ["-4.001", "-3.996", "-4.0049", "-4.01"])
def test_a_whole_number_is_met_exactly(text: str) -> None:
    assert one(asking(TWO, ALL, AT), "q.gradient", text).verdict == "wrong"


@pytest.mark.parametrize("text", ["-4", "-4.00", "-8/2", "-4·1", "-4.0"])
def test_a_whole_number_in_other_signs(text: str) -> None:
    assert one(asking(TWO, ALL, AT), "q.gradient", text).verdict == "right"


def test_never_across_a_sign_or_to_nothing() -> None:
    keyed = asking("f(x) = σ(x) - 0.503", ("f.value",), "x = 0.02")  # 0.0020
    assert one(keyed, "f.value", "0.00").verdict == "right"  # the exact value rounded
    assert one(keyed, "f.value", "-0.01").verdict == "wrong"
    assert one(keyed, "f.value", "0").verdict == "wrong"
    assert one(keyed, "f.value", "0.002").verdict == "right"
    assert one(keyed, "f.value", "0.004").verdict == "wrong"  # twice as much, though it rounds to 0.00 too


def test_ones_own_rounded_numbers() -> None:
    found = verdicts(
        S2, {"q7.gradient": "-0.53", "q6.gradient": "-0.53", "q5.gradient": "-0.19", "q4.gradient": "0.19"}
    )
    assert set(found.values()) <= {"right", "consistent"}
    m = one(S2, "x_0.gradient", "0.40", **{"q1.gradient": "0.20"})
    assert m.verdict == "right"
    assert m.notes


def test_digits_that_were_not_written() -> None:
    # the sign is lost at q1: -0.19661 in the calculator, -0.20 on paper; twice that is -0.39, or -0.40
    for text in ("-0.39", "-0.40"):
        assert one(S2, "x_0.gradient", text, **{"q1.gradient": "-0.20"}).verdict == "consistent"


def test_a_number_that_rounding_and_a_mistake_both_give() -> None:
    # σ' at z = -0.5 times 1.61 is 0.39 when rounded at every gate; σ' at its own result gives 0.39 too
    keyed = asking("h = σ(z); f(z) = -log(1 - h)", ("values", "gradients"), "z = -0.5")
    m = one(keyed, "z.gradient", "0.39")
    assert (m.verdict, m.credit) == ("cannot tell", 0)
    assert m.why.endswith("write more digits")
    assert one(keyed, "z.gradient", "0.3775").verdict == "right"


@pytest.mark.parametrize(
    ("own", "answer", "verdict"),
    [
        ("100.5", "-402", "consistent"),
        ("100.5", "-402.02", "consistent"),
        ("100.5", "-403.5", "wrong"),
        ("100.5", "-400.1", "wrong"),
        ("100.53", "-402.10", "consistent"),  # 100.525 · -4
        ("47.75", "-191.8", "wrong"),
    ],
)
def test_a_large_number_is_as_exact_as_a_small_one(own: str, answer: str, verdict: str) -> None:
    large = asking(TWO, ("values",), "x = -2.25, y = 50, z = -4")
    assert verdicts(large, {"q.value": own, "f.value": answer})["f.value"] == verdict


def test_an_own_whole_number_was_not_rounded() -> None:
    product = asking("q = x y; r = x + y; f = q r", ("q.value", "r.value", "f.value"), "x = 2.5, y = 3")
    found = verdicts(product, {"q.value": "8.5", "r.value": "4", "f.value": "34.9"})
    assert found["f.value"] == "wrong"
