"""PrairieLearn folders: what its schema demands, and the grading that they bring along."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import uuid
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from chalkgrad.classroom.export.prairielearn import prairielearn
from chalkgrad.classroom.marking.mark import mark
from chalkgrad.classroom.sheets.blank import Keyed
from chalkgrad.classroom.slips.find import slips
from chalkgrad.classroom.slips.follows import follows
from tests.classroom.export.shared import SHEETS, all_entries, hostile, of, seats, sheet

Data = dict[str, Any]

# infoQuestion.json of PrairieLearn: these are required, and no key but its own may stand there.
REQUIRED = {"uuid", "type", "title", "topic"}
KNOWN = REQUIRED | {
    "comment", "tags", "authors", "clientFiles", "clientTemplates", "template", "gradingMethod", "singleVariant",
    "showCorrectAnswer", "partialCredit", "options", "externalGradingOptions", "dependencies", "workspaceOptions",
    "sharingSets", "sharePublicly", "shareSourcePublicly", "preferences",
}  # fmt: skip


def written(keyed: Keyed | tuple[Keyed, ...], folder: Path) -> list[Path]:
    """The question folders, on disk."""
    for name, data in prairielearn(keyed if isinstance(keyed, tuple) else [keyed]).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return sorted(p.parent for p in folder.rglob("info.json"))


def server(folder: Path) -> ModuleType:
    """The server.py that was written, loaded from where it lies."""
    spec = importlib.util.spec_from_file_location("server_of_a_question", folder / "server.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Question:
    """A question as PrairieLearn runs it."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.module = server(folder)
        self.data: Data = {
            "params": {},
            "correct_answers": {},
            "variant_seed": seed,
            "options": {"question_path": str(folder)},
        }
        self.module.generate(self.data)
        tables = json.loads((folder / "variants.json").read_text(encoding="utf-8"))
        self.places = tables["variants"][self.data["params"]["variant"]]["places"]

    def phases(self, answers: dict[str, Any]) -> Data:
        """What parse and grade make of answers by blank id."""
        names = {p["id"]: p["name"] for p in self.places}
        data = {
            **self.data,
            "submitted_answers": {p["name"]: "" for p in self.places} | {names[i]: a for i, a in answers.items()},
            "format_errors": {},
            "partial_scores": {},
            "feedback": {},
            "score": 0,
        }
        self.module.parse(data)
        self.module.grade(data)
        return data

    def scores(self, answers: dict[str, Any]) -> dict[str, float]:
        data = self.phases(answers)
        return {p["id"]: data["partial_scores"][p["name"]]["score"] for p in self.places}

    def feedback(self, answers: dict[str, Any], id: str) -> str:
        data = self.phases(answers)
        return data["partial_scores"][next(p["name"] for p in self.places if p["id"] == id)]["feedback"]

    @property
    def key(self) -> dict[str, str]:
        return {p["id"]: p["typed"] for p in self.places}


@pytest.mark.parametrize("name", SHEETS)
def test_the_folders_are_whole(name: str, tmp_path: Path) -> None:
    folders = written(sheet(name), tmp_path)
    assert folders
    ids: list[str] = []
    for folder in folders:
        info = json.loads((folder / "info.json").read_text(encoding="utf-8"))
        assert set(info) >= REQUIRED
        assert set(info) <= KNOWN
        assert info["type"] == "v3"
        assert info["gradingMethod"] in ("Internal", "Manual")
        ids.append(str(uuid.UUID(info["uuid"])))
        page = (folder / "question.html").read_text(encoding="utf-8")
        images = re.findall(r'file-name="([^"{]+\.png)"', page)
        if (folder / "variants.json").exists():
            data = json.loads((folder / "variants.json").read_text(encoding="utf-8"))
            images += [i["file"] for v in data["variants"] for i in v["images"]]
        for image in images:
            assert (folder / "clientFilesQuestion" / image).read_bytes().startswith(b"\x89PNG")
        opened = re.findall(r"\{\{#([\w.]+)\}\}", page)
        assert sorted(opened) == sorted(re.findall(r"\{\{/([\w.]+)\}\}", page))
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", SHEETS)
def test_the_key_is_right_and_its_own_test_passes(name: str, tmp_path: Path) -> None:
    graded = [f for f in written(sheet(name), tmp_path) if (f / "server.py").exists()]
    for folder in graded:
        question = Question(folder)
        assert set(question.scores(question.key).values()) == {1.0}
        for kind in ("correct", "incorrect"):
            data = {**question.data, "test_type": kind, "raw_submitted_answers": {}, "partial_scores": {}}
            data |= {"format_errors": {}, "feedback": {}, "score": 0}
            question.module.test(data)
            names = {p["name"]: p["id"] for p in question.places}
            found = question.phases({names[n]: a for n, a in data["raw_submitted_answers"].items()})
            assert found["score"] == data["score"] == (1 if kind == "correct" else 0)


def test_the_numbers_come_back(tmp_path: Path) -> None:
    keyed = sheet("backprop")
    written(keyed, tmp_path)
    for asked in keyed.questions:
        numbers = all_entries(asked)
        if not numbers:
            continue
        question = Question(tmp_path / "questions" / "bp" / f"q{asked.number}")
        assert [p["exact"] for p in question.places] == [float(e.blank.key.exact) for e in numbers]  # type: ignore[union-attr]  # numbers only


FORK = """
name = "fork"
title = "Fork"
credit = 0.5
[[problem]]
prose = "p"
function = "q = x + y; r = q z; f = r + x"
values = { x = -2, y = 5, z = -4 }
blank = ["values", "locals", "products", "gradients"]
"""


@pytest.fixture
def fork(tmp_path: Path) -> Question:
    (folder,) = written(of(FORK), tmp_path)
    return Question(folder)


def test_consistent(fork: Question) -> None:
    """By hand: a lost sign in z's local makes ∂f/∂q 4; what follows from 4 follows."""
    wrong = fork.key | {
        "q>r.local": "4", "q>r.product": "4", "q.gradient": "4", "x>q.product": "4", "y>q.product": "4",
        "x.gradient": "5", "y.gradient": "4",
    }  # fmt: skip
    scores = fork.scores(wrong)
    assert scores["q>r.local"] == 0
    for id in ("q>r.product", "q.gradient", "x>q.product", "y>q.product", "x.gradient", "y.gradient"):
        assert scores[id] == 0.5, id
    assert scores["z.gradient"] == 1
    assert fork.feedback(wrong, "x.gradient") == "It follows from your own earlier numbers."
    assert "sign" in fork.feedback(wrong, "q>r.local")


def test_consistent_is_refused_where_it_would_hide_what_follows(fork: Question) -> None:
    for number in ("0", "1", "-1"):
        wrong = fork.key | {"q.gradient": number, "x>q.product": number}
        assert fork.scores(wrong)["x>q.product"] == 0, number


def test_a_mistake_is_named_only_from_the_keys_numbers(fork: Question) -> None:
    assert fork.scores(fork.key | {"x.gradient": "-4"})["x.gradient"] == 0
    assert fork.feedback(fork.key | {"x.gradient": "-4"}, "x.gradient")


def test_rounding_is_followed(tmp_path: Path) -> None:
    (folder,) = written(seats()[0], tmp_path)
    question = Question(folder)
    rounded = {p["id"]: f"{float(p['exact']):.2f}" for p in question.places}
    assert set(question.scores(rounded).values()) == {1.0}
    exact = {p["id"]: repr(p["exact"]) for p in question.places}
    assert set(question.scores(exact).values()) == {1.0}


def test_variants_by_seed(tmp_path: Path) -> None:
    (folder,) = written(seats(), tmp_path)
    shown = [Question(folder, seed).key for seed in range(4)]
    assert len({json.dumps(s) for s in shown[:3]}) == 3
    assert shown[3] == shown[0]
    images = {
        i["file"]
        for v in json.loads((folder / "variants.json").read_text(encoding="utf-8"))["variants"]
        for i in v["images"]
    }
    assert len(images) == 3


def test_numbers_as_prairielearn_hands_them_on(fork: Question) -> None:
    key = fork.key
    for answer in (3.0, "3", {"_type": "np_scalar", "_concrete_type": "float64", "_value": "3.0"}, "6/2", "3.0"):
        assert fork.scores(key | {"q.value": answer})["q.value"] == 1, answer
    for answer in (None, "", "three", "1/0", "nan", "inf", {"_value": None}, "9" * 5000):
        assert fork.scores(key | {"q.value": answer})["q.value"] == 0, answer


FORMULA = """
name = "formula"
title = "Formula"
[[problem]]
prose = "p"
function = "z = w x; f = σ(z)"
blank = ["w.gradient.formula"]
[[problem.ask]]
blank = "x.gradient.formula"
names = ["w", "f"]
"""


@pytest.fixture
def formula(tmp_path: Path) -> Question:
    (folder,) = written(of(FORMULA), tmp_path)
    return Question(folder)


@pytest.mark.parametrize(
    "text",
    ["sigma(z)*(1-sigma(z))*x", "f*(1-f)*x", "x*exp(-w*x)/(1+exp(-w*x))^2", "x*(f - f**2)", "x/(2 + exp(z) + exp(-z))"],
)
def test_equal_formulas_are_right(formula: Question, text: str) -> None:
    assert formula.scores({"w.gradient.formula": text})["w.gradient.formula"] == 1


@pytest.mark.parametrize("text", ["f*(1-f)*w", "f*(1-f)", "f*(1+f)*x", "x", "-(f*(1-f)*x)", "0", "log(-x)", "1/(x-x)"])
def test_other_formulas_are_wrong(formula: Question, text: str) -> None:
    assert formula.scores({"w.gradient.formula": text})["w.gradient.formula"] == 0


def test_the_sign_of_a_formula_is_named(formula: Question) -> None:
    assert "sign" in formula.feedback({"w.gradient.formula": "-f*(1-f)*x"}, "w.gradient.formula")


def test_a_formula_in_the_names_that_are_asked_for(formula: Question) -> None:
    id = "x.gradient.formula"
    assert formula.scores({id: "w*f*(1-f)"})[id] == 1
    assert formula.scores({id: "w*sigma(z)*(1-sigma(z))"})[id] == 0
    assert "in terms of w, f" in formula.feedback({id: "w*sigma(z)*(1-sigma(z))"}, id)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')", "().__class__", "open('x')", "lambda: 0", "[x for x in (1,)]", "x if x else 0",
        "f'{x}'", "exec('x')", "x := 1", "2x", "x;x", "(" * 3000, "x" * 3000, "w + nobody", "'a'", "True", "x.real",
        "\x00", "𝓌*x; import os", "exp(x, x)", "exp",
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_and_never_run(formula: Question, text: str) -> None:
    found = formula.phases({"w.gradient.formula": text})
    assert "p1" in found["format_errors"], "not called wrong: it cannot be read"
    assert found["partial_scores"]["p1"]["score"] == 0


@pytest.mark.parametrize("text", ["9**9**9**9", "exp(exp(exp(exp(9))))", "1e308*1e308*10", "(0-1)**0.5"])
def test_what_has_no_value_is_wrong_at_once(formula: Question, text: str) -> None:
    assert formula.scores({"w.gradient.formula": text})["w.gradient.formula"] == 0


def test_words_cannot_break_out(tmp_path: Path) -> None:
    graded, by_hand = written(hostile(), tmp_path)
    words = Question(graded).data["params"]["words"]
    assert "<script" not in words
    page = (by_hand / "question.html").read_text(encoding="utf-8")
    assert "<script" not in page
    inside = page[page.index("<pl-question-panel>") :]
    assert "{{" not in inside, "mustache would read it"


def test_it_stands_alone(tmp_path: Path) -> None:
    """What is written needs the standard library and nothing else."""
    (folder,) = written(of(FORK), tmp_path)
    text = (folder / "server.py").read_text(encoding="utf-8")
    modules = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)) - {"__future__"}
    assert modules <= set(sys.stdlib_module_names)


def test_it_grades_as_chalkgrad_marks(tmp_path: Path) -> None:
    """A mistake somewhere, carried forward: no credit there that Chalkgrad refuses, and hardly any that is missing."""
    keyed = sheet("backprop")
    written(keyed, tmp_path)
    random = Random(1)
    alike = missing = 0
    for asked in keyed.questions[:4]:
        question = Question(tmp_path / "questions" / "bp" / f"q{asked.number}")
        for _ in range(6):
            fault = random.choice(asked.blanks)
            own: dict[str, str] = {}
            for blank in asked.blanks:
                numbers = {id: float(text) for id, text in own.items()}
                known = slips(blank, asked, numbers) if blank is fault else ()
                value = random.choice(known).value if known else follows(blank, asked, numbers).value
                own[blank.id] = f"{float(value):.2f}"
            verdicts = {m.blank: m.verdict for m in mark(keyed, own).marks if m.blank in own}
            for id, score in question.scores(own).items():
                credited = verdicts[id] in ("right", "consistent")
                assert credited or not score, (id, own[id], verdicts[id])
                alike += credited == bool(score)
                missing += credited and not score
    assert alike > 300
    assert missing < alike / 100
