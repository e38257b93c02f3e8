"""Sheet files: what is read, what is refused and where, and that reader and schema refuse the same."""

from __future__ import annotations

import json
import random
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from chalkgrad.classroom.sheets.numpy_text import maths_text
from chalkgrad.classroom.sheets.reading import MAX_BYTES, read_sheet
from chalkgrad.classroom.sheets.schema import schema
from chalkgrad.classroom.sheets.sheet import Part
from chalkgrad.errors import SheetError

SHEETS = Path(__file__).parents[3] / "examples" / "sheets"
HEAD = 'name = "t"\ntitle = "T"\n[[problem]]\n'
PLAIN = HEAD + 'function = "f = x y"\nvalues = { x = 1, y = 2 }\nblank = ["values"]\n'


def one(body: str) -> Part:
    """The first part of a sheet of one problem."""
    return read_sheet(HEAD + body).problems[0].parts[0]


@pytest.mark.parametrize("path", sorted(SHEETS.glob("*.toml")), ids=lambda p: p.stem)
def test_every_example_is_valid_by_the_schema_and_is_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    Draft202012Validator(json.loads((files("chalkgrad.classroom.sheets") / "sheet.schema.json").read_text("utf-8")))
    assert list(validator().iter_errors(tomllib.loads(text))) == []
    assert read_sheet(text).problems


@cache
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(schema())
    return Draft202012Validator(schema())


def test_a_part_has_what_its_problem_says() -> None:
    text = HEAD + (
        'function = "q = x + y; f = q z"\nvalues = { x = 1, y = 2, z = 3 }\nrate = 0.5\ndigits = 3\nshow = "table"\n'
        '[[problem.part]]\nblank = ["values"]\n'
        '[[problem.part]]\nlabel = "ii"\nvalues = { z = 7 }\nblank = ["values"]\npoints = 4\n'
        '[[problem.part]]\nfunction = "g = x^2"\nblank = ["values"]\n'
    )
    (problem,) = read_sheet(text).problems
    first, second, third = problem.parts
    assert [p.label for p in problem.parts] == ["a", "ii", "c"]
    assert dict(first.values) == {"x": 1.0, "y": 2.0, "z": 3.0}
    assert second.values["z"] == 7.0
    assert (second.rate, second.digits, second.show, second.points) == (0.5, 3, "table", 4.0)
    assert dict(third.values) == {"x": 1.0}  # what its function does not read is left out
    assert problem.vary is None  # z differs from part to part


def test_values_are_numbers_arrays_and_maths_text() -> None:
    part = one('function = "f = sum(x) a"\nvalues = { x = "[1, 2]", a = "1/4" }\nblank = ["values"]\n')
    assert part.values["a"] == 0.25
    np.testing.assert_array_equal(part.values["x"], [1.0, 2.0])
    nested = one('function = "f = sum(W)"\nvalues = { W = [[1, 2], [3, 4]] }\nblank = ["values"]\n')
    assert nested.values["W"].shape == (2, 2)


def test_names_that_toml_quotes_and_latex() -> None:
    part = one('function = \'f = \\hat y - y^*\'\nvalues = { "ŷ" = 2, "y^*" = 1 }\nblank = ["values"]\n')
    assert dict(part.values) == {"ŷ": 2.0, "y^*": 1.0}


def test_a_name_is_one_name_however_its_marks_were_typed() -> None:
    loose = unicodedata.normalize("NFD", "ŷ")
    part = one(f'function = "f = {loose} - y"\nvalues = {{ "{loose}" = 2, y = 1 }}\nblank = ["{loose}.gradient"]\n')
    assert dict(part.values) == {"ŷ": 2.0, "y": 1.0}
    assert part.asks[0].pattern == "ŷ.gradient"


def test_kinks_and_fixed_values() -> None:
    body = 'function = "f = x y"\nvalues = { x = 1, y = 2 }\nblank = ["values"]\n'
    (problem,) = read_sheet(HEAD + body).problems
    assert problem.vary is not None
    assert not problem.vary.kinks
    (meant,) = read_sheet(HEAD + "kinks = true\nvary = false\n" + body).problems
    assert meant.vary is not None
    assert set(meant.vary.fixed) == {"x", "y"}
    assert meant.vary.kinks
    (free,) = read_sheet(HEAD + 'vary = { ranges = { x = [-3, 3, 0.5] }, fixed = ["y"] }\n' + body).problems
    assert free.vary is not None
    assert free.vary.ranges == {"x": (-3.0, 3.0, 0.5)}


REFUSED = [
    (
        "blnk",
        PLAIN.replace("blank", "blnk"),
        r"problem 1 \(line 3\): there is no key 'blnk' here; did you mean 'blank'",
    ),
    ("gates", PLAIN + 'gates = "whle"', r"problem 1, gates \(line 7\): 'whle' is none of .* did you mean 'whole'"),
    ("type", PLAIN + 'points = "three"', r"problem 1, points \(line 7\): expected a number, not 'three'"),
    ("range", PLAIN + "digits = 12", r"problem 1, digits \(line 7\): 12 is out of range: from 0 to 8"),
    ("rate", PLAIN + "rate = 0", "0 is out of range: more than 0"),
    ("name", PLAIN.replace('"t"', '"a b"'), r"name \(line 1\): 'a b' is no such name"),
    ("title", PLAIN.replace('title = "T"\n', ""), "'title' is missing"),
    ("both", PLAIN + 'python = "def f(x): return x"', "'function' and 'python' both stand here"),
    ("nothing", HEAD + 'prose = "Hello"', "one of 'blank', 'ask', 'part' is missing"),
    ("parts", PLAIN + '[[problem.part]]\nblank = ["values"]', "'part' and 'blank' both stand here"),
    ("label", HEAD + '[[problem.part]]\nlabel = "A b"\nblank = ["x"]', r"problem 1, part a, label \(line 5\): 'A b'"),
    ("entry", HEAD + "blank = [3]", "expected text in quotes or a table, not 3"),
    ("ask", HEAD + '[[problem.ask]]\nask = "why?"', r"problem 1, ask 1 \(line 4\): one of 'blank', 'kind' is missing"),
    ("kind", HEAD + '[[problem.ask]]\nkind = "txt"\nask = "why?"', "did you mean 'text'"),
    ("value", HEAD + '[[problem.ask]]\nkind = "value"\nask = "size"\nanswer = "1"', "'id' is missing"),
    ("terms", HEAD + '[[problem.ask]]\nkind = "terms"\nask = "q"\nanswer = "x"', "'names' is missing"),
    (
        "rubric",
        HEAD + '[[problem.ask]]\nblank = "q.value"\nrubric = ["good"]',
        "'rubric' belongs to something of your own",
    ),
    ("date", PLAIN.replace("x = 1", "x = 1979-05-27"), "expected a number or text in quotes or a list"),
    ("inf", PLAIN.replace("x = 1", "x = inf"), "inf is out of range"),
    ("nan", PLAIN.replace("x = 1", "x = nan"), "nan is no number"),
    ("truth", PLAIN.replace("x = 1", "x = true"), "not true"),
    ("vary", PLAIN + "vary = 3", "expected true or false or a table, not 3"),
]


@pytest.mark.parametrize(("text", "said"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_the_format_does_not_have_is_refused_where_it_stands(text: str, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        read_sheet(text)
    contents = tomllib.loads(text)
    if "nan" not in text:  # JSON has no such number
        assert list(validator().iter_errors(contents)), "the schema lets it pass"


MEANING = [
    (PLAIN.replace("f = x y", "f = x + * y"), r"(?s)problem 1, function \(line 4\): found '\*'.*\^"),
    (PLAIN.replace("x y", "x z"), "unknown name 'z'"),
    (PLAIN.replace("x = 1", "x = '1 +'"), r"problem 1, values, x \(line 5\)"),
    (PLAIN.replace("y = 2", "y = 2, w = 3"), "'w', which is no input here"),
    (PLAIN.replace("y = 2", "y = [[1], [2, 3]]"), "the rows of an array are of one length"),
    (PLAIN + 'vary = { fixed = ["w"] }', "there is no value 'w'"),
    (PLAIN + "vary = { ranges = { x = [3, 1] } }", "a range is its lowest and its highest"),
    (HEAD + 'values = { w = 1 }\n[[problem.part]]\nfunction = "f = x"\nblank = ["f.value"]', "has the input 'w'"),
    (
        HEAD + '[[problem.part]]\nlabel = "b"\nblank = ["x"]\n[[problem.part]]\nblank = ["x"]',
        "two parts are labelled 'b'",
    ),
]


@pytest.mark.parametrize(("text", "said"), MEANING)
def test_what_makes_no_sense_is_refused_where_it_stands(text: str, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        read_sheet(text)


def test_parts_with_other_values_cannot_be_varied() -> None:
    parts = "".join(f'[[problem.part]]\nvalues = {{ x = {k} }}\nblank = ["f.value"]\n' for k in (1, 2))
    with pytest.raises(SheetError, match="different values of x"):
        read_sheet(HEAD + 'function = "f = x"\nvary = { fixed = ["x"] }\n' + parts)


def test_a_syntax_error_is_shown_with_line_and_column() -> None:
    with pytest.raises(SheetError, match=r"line 2, column 9: this is no TOML") as caught:
        read_sheet('name = "t"\ntitle = T\n')
    assert str(caught.value).endswith("    title = T\n            ^")
    with pytest.raises(SheetError, match="this is no TOML: Unclosed array"):
        read_sheet("a = [1")


@pytest.mark.parametrize(
    "text",
    [
        "x" * (MAX_BYTES + 1),
        HEAD + "values = { x = " + "[" * 20_000,
        HEAD + "values = { x = " + "[" * 300 + "]" * 300 + ' }\nblank = ["a"]',
        HEAD + "values = { x = 1" + "0" * 5000 + ' }\nblank = ["a"]',
        HEAD + 'function = "f = ' + "(" * 7000 + '"\nblank = ["values"]',
        HEAD + 'function = "f = ' + "x + " * 7000 + 'x"\nblank = ["values"]',
        "[[problem]]\nblank = ['x']\n" * 101,
    ],
    ids=["long", "brackets", "deep", "digits", "nested", "terms", "problems"],
)
def test_what_is_too_large_is_refused_at_once(text: str) -> None:
    with pytest.raises(SheetError):
        read_sheet(text)


def test_any_damage_is_a_sheet_error_or_is_read() -> None:
    rng = random.Random(5)
    texts = [path.read_text(encoding="utf-8") for path in sorted(SHEETS.glob("*.toml"))]
    refused = 0
    for _ in range(60):
        text = rng.choice(texts)
        start = rng.randrange(len(text))
        damaged = text[:start] + rng.choice(["", "=", "]", '"', "\x00", "x", "\n[[problem]]\n"]) + text[start + 3 :]
        try:
            read_sheet(damaged)
        except SheetError:
            refused += 1
    assert refused > 10


def test_the_schema_and_the_reader_refuse_the_same_of_random_tables() -> None:
    """Structure alone: keys put in, left out, and given values of other types."""
    rng = random.Random(11)
    base = tomllib.loads((SHEETS / "practice.toml").read_text(encoding="utf-8"))
    for _ in range(150):
        contents: Any = json.loads(json.dumps(base))
        place: Any = contents
        for _ in range(rng.randrange(1, 6)):
            inside = [
                v for v in (place.values() if isinstance(place, dict) else place) if isinstance(v, (dict, list)) and v
            ]
            place = rng.choice(inside) if inside else place
        if not isinstance(place, dict):
            continue
        key = rng.choice([*place, "kind", "blank", "names", "rubric", "extra", "digits"])
        place[key] = rng.choice([7, "text", True, [], ["a"], {}, -1.5, "value"])
        faults = list(validator().iter_errors(contents))
        try:
            read_sheet(_toml(contents))
        except SheetError as error:
            read = str(error)
        else:
            read = ""
        if faults:
            assert read, (faults[0].message, key, place[key])


def _toml(contents: Any) -> str:
    """Inline tables throughout: TOML in one line a key."""
    return "\n".join(f"{key} = {_inline(value)}" for key, value in contents.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


# functions of NumPy operations


def test_a_function_of_numpy_operations_is_read_as_stages() -> None:
    text = 'def f(W, x):\n    """A layer."""\n    z = W @ x\n    return np.sum(np.maximum(z, 0.0) ** 2)\n'
    assert maths_text(text) == "z = W @ x\nf(W, x) = sum(maximum(z, 0.0) ** 2)"
    named = "def f(x, y):\n    q = x.T * y\n    g = -q\n    return g"
    assert maths_text(named) == "q = transpose(x) * y\ng(x, y) = -q"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "def f(x):\n    return open('a')",
        "def f(x):\n    return (lambda y: y)(x)",
        "def f(x):\n    x = x + 1\n    return x",
        "def f(x):\n    for i in x: pass\n    return x",
        "def f(x):\n    return x.__class__",
        "def f(x=1):\n    return x",
        "@g\ndef f(x):\n    return x",
        "def f(x):\n    return [y for y in x]",
        "def f(x):\n    pass",
        "def f(x",
    ],
)
def test_anything_else_of_python_is_refused_and_not_run(text: str) -> None:
    with pytest.raises(SheetError):
        one(f"python = '''{text}'''\nvalues = {{ x = 1 }}\nblank = [\"values\"]\n")
