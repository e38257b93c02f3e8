"""Printed names: a pure function of the Program, each used once."""

from __future__ import annotations

from chalkgrad.ir.build import Builder
from chalkgrad.ir.names import names
from chalkgrad.ir.program import Program
from chalkgrad.ir.registry import OPS
from tests.transform.programs import named, program


def chain(length: int, hint: str = "") -> Program:
    builder = Builder()
    var = builder.input("x")
    for _ in range(length):
        var = builder.bind(OPS["sin"], var, hint=hint)
    return builder.program("f", var)


def test_hints_then_the_letters_of_the_worksheets() -> None:
    assert list(names(program(lambda x, y, z: (x + y) * z)).values()) == ["x", "y", "z", "q", "f"]


def test_what_a_function_gives_bears_its_name_if_no_one_else_does() -> None:
    builder = Builder()
    p = builder.program("x", builder.bind(OPS["sin"], builder.input("x")))
    assert list(names(p).values()) == ["x", "q"]


def test_many_are_numbered() -> None:
    assert list(names(chain(8)).values()) == ["x", *[f"q{k}" for k in range(1, 8)], "f"]


def test_no_letter_that_a_person_used() -> None:
    p = program(lambda x: named(x * x, "q") + x * 3)
    assert list(names(p).values()) == ["x", "q", "r", "f"]
    assert "q" not in list(names(program(lambda x: x * x), taken=["q"]).values())


def test_a_hint_that_is_taken_gets_a_number() -> None:
    assert list(names(chain(3, "h")).values()) == ["x", "h", "h_2", "h_3"]
    assert list(names(chain(3, "w_0")).values()) == ["x", "w_0", "w_0_2", "w_0_3"]


def test_each_is_used_once_whatever_the_hints() -> None:
    builder = Builder()
    hints = ["x", "x_2", "x", "x", "q1", "x_2", "", "", "", "", "", "", ""]
    var = builder.input("x")
    for hint in hints:
        var = builder.bind(OPS["sin"], var, hint=hint)
    called = names(builder.program("f", var))
    assert len(set(called.values())) == len(called)


def test_the_same_program_the_same_names() -> None:
    assert [list(names(chain(9, "h")).values()) for _ in range(2)] == [list(names(chain(9, "h")).values())] * 2


def test_a_name_stays_short_however_often_it_is_taken() -> None:
    assert max(map(len, names(chain(2000, "w_0")).values())) < 20
