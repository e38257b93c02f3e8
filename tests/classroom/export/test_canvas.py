"""The Canvas package: whole, in the order that QTI 1.2 demands, and with the key's numbers."""

from __future__ import annotations

import html
import io
import re
import zipfile
from decimal import Decimal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from chalkgrad.classroom.export.accepted import Accepted
from chalkgrad.classroom.export.canvas import canvas
from chalkgrad.classroom.export.canvas_items import scale_of
from chalkgrad.classroom.sheets.blank import Keyed, NumberKey
from tests.classroom.export.shared import HOSTILE_WORDS, SHEETS, all_entries, hostile, of, seats, sheet

QTI = "{http://www.imsglobal.org/xsd/ims_qtiasiv1p2}"
CP = "{http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1}"

# What may stand in an element, in this order, by the DTD of QTI 1.2.1; only what is written here.
ORDER = {
    "questestinterop": ["assessment"],
    "assessment": ["qtimetadata", "section"],
    "section": ["selection_ordering", "item", "section"],
    "item": ["itemmetadata", "presentation", "resprocessing", "itemfeedback"],
    "itemmetadata": ["qtimetadata"],
    "qtimetadata": ["qtimetadatafield"],
    "qtimetadatafield": ["fieldlabel", "fieldentry"],
    "presentation": ["material", "response_str"],
    "material": ["mattext"],
    "response_str": ["render_fib"],
    "render_fib": ["response_label"],
    "resprocessing": ["outcomes", "respcondition"],
    "outcomes": ["decvar"],
    "respcondition": ["conditionvar", "setvar", "displayfeedback"],
    "conditionvar": ["or", "varequal", "other"],
    "or": ["varequal", "and"],
    "and": ["vargte", "varlte"],
    "itemfeedback": ["flow_mat"],
    "flow_mat": ["material"],
    "selection_ordering": ["selection"],
    "selection": ["selection_number", "selection_extension"],
    "selection_extension": ["points_per_item"],
}
MIXED = {"section"}  # items and sections in any order


def package(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {n: archive.read(n) for n in archive.namelist()}


def assessments(files: dict[str, bytes]) -> list[Element]:
    """As Canvas finds them: by the resources of the manifest."""
    manifest = ElementTree.fromstring(files["imsmanifest.xml"])
    assert manifest.findtext(f"{CP}metadata/{CP}schema") == "IMS Content"
    assert manifest.findtext(f"{CP}metadata/{CP}schemaversion") == "1.1.3"
    resources = {r.get("identifier"): r for r in manifest.iter(f"{CP}resource")}
    found: list[Element] = []
    for resource in resources.values():
        for file in resource.findall(f"{CP}file"):
            assert file.get("href") in files
        if resource.get("type") == "imsqti_xmlv1p2":
            (file,) = resource.findall(f"{CP}file")
            (behind,) = resource.findall(f"{CP}dependency")
            settings = resources[behind.get("identifierref")]
            assert settings.get("type") == "associatedcontent/imscc_xmlv1p1/learning-application-resource"
            assert str(settings.get("href")).endswith("/assessment_meta.xml")
            found.append(ElementTree.fromstring(files[str(file.get("href"))]))
    return found


def fields(item: Element) -> dict[str, str]:
    return {
        f.findtext(f"{QTI}fieldlabel") or "": f.findtext(f"{QTI}fieldentry") or ""
        for f in item.iter(f"{QTI}qtimetadatafield")
    }


def words(item: Element) -> str:
    return item.findtext(f"{QTI}presentation/{QTI}material/{QTI}mattext") or ""


def right(item: Element) -> list[tuple[Decimal, Decimal, Decimal]]:
    """The answers of a numerical item, as Canvas's importer takes them: exact, and from where to where."""
    found: list[tuple[Decimal, Decimal, Decimal]] = []
    for condition in item.iter(f"{QTI}respcondition"):
        either = condition.find(f"{QTI}conditionvar/{QTI}or")
        if either is None:
            continue
        texts = [either.findtext(p) or "" for p in (f"{QTI}varequal", f"{QTI}and/{QTI}vargte", f"{QTI}and/{QTI}varlte")]
        exact, low, high = map(Decimal, texts)
        assert exact - low == high - exact, "Canvas reads one margin"
        assert condition.findtext(f"{QTI}setvar") == "100"
        found.append((exact, low, high))
    return found


def in_order(element: Element) -> None:
    name = element.tag.removeprefix(QTI)
    parts = [e.tag.removeprefix(QTI) for e in element]
    allowed = ORDER.get(name, [])
    assert set(parts) <= set(allowed), f"{name} holds {parts}"
    if name not in MIXED:
        places = [allowed.index(p) for p in parts]
        assert places == sorted(places), f"{name} holds {parts}"
    for inner in element:
        in_order(inner)


def items(keyed: Keyed) -> list[Element]:
    (data,) = canvas([keyed]).values()
    (quiz,) = assessments(package(data))
    return list(quiz.iter(f"{QTI}item"))


@pytest.mark.parametrize("name", SHEETS)
def test_the_package_is_whole(name: str) -> None:
    (data,) = canvas([sheet(name)]).values()
    files = package(data)
    assert "non_cc_assessments/" in files
    (quiz,) = assessments(files)
    in_order(quiz)
    idents = [e.get("ident") for e in quiz.iter() if e.tag in (f"{QTI}item", f"{QTI}section")]
    assert len(set(idents)) == len(idents)
    for item in quiz.iter(f"{QTI}item"):
        for source in re.findall(r'src="([^"]+)"', words(item)):
            if not source.startswith("/equation_images/"):
                assert source.startswith("%24IMS-CC-FILEBASE%24/")
                assert files[source.removeprefix("%24IMS-CC-FILEBASE%24/")].startswith(b"\x89PNG")
        linked = {e.get("linkrefid") for e in item.iter(f"{QTI}displayfeedback")}
        assert linked == {e.get("ident") for e in item.iter(f"{QTI}itemfeedback")}


@pytest.mark.parametrize("name", SHEETS)
def test_the_numbers_come_back(name: str) -> None:
    keyed = sheet(name)
    found = [i for i in items(keyed) if fields(i)["question_type"] == "numerical_question"]
    wanted = [e for q in keyed.questions for e in all_entries(q)]
    assert len(found) == len(wanted)
    for item, entry in zip(found, wanted, strict=True):
        scale = scale_of(entry)
        read = [(e.scaleb(-scale), h.scaleb(-scale) - e.scaleb(-scale)) for e, _, h in right(item)]
        assert read == [(r.number, r.tolerance) for r in entry.accepted.right], entry.id


@pytest.mark.parametrize("name", SHEETS)
def test_points_and_kinds(name: str) -> None:
    keyed = sheet(name)
    found = items(keyed)
    total = sum(float(fields(i)["points_possible"]) for i in found)
    assert total == pytest.approx(sum(b.points for b in keyed.blanks), abs=1e-5)
    assert {fields(i)["question_type"] for i in found} <= {
        "numerical_question",
        "short_answer_question",
        "essay_question",
    }
    essays = sum(fields(i)["question_type"] == "essay_question" for i in found)
    assert essays == sum(b.key.__class__.__name__ in ("TextKey", "FormulaKey") for b in keyed.blanks)


def test_a_tiny_number_is_scaled() -> None:
    keyed = of(
        'name = "t"\ntitle = "T"\ndigits = 6\n[[problem]]\nprose = "p"\nfunction = "f = x y"\n'
        'values = { x = 0.003, y = 0.0152 }\nblank = ["f.value"]\n'
    )
    (item,) = items(keyed)
    ((exact, low, high),) = right(item)
    (entry,) = all_entries(keyed.questions[0])
    assert scale_of(entry) == 3
    assert exact == Decimal("0.046")
    for number in (exact, high - exact, exact - low):
        assert number >= Decimal("0.0001"), "Canvas would take it for 0"
    assert "10<sup>3</sup>" in words(item)


def test_words_cannot_break_out() -> None:
    for item in items(hostile()):
        assert "<script" not in words(item)
        assert HOSTILE_WORDS[:30] in html.unescape(re.sub(r"<[^>]+>", "", words(item)))


def test_variants() -> None:
    whole, each = (package(data) for _, data in sorted(canvas(seats()).items(), key=lambda f: len(f[0])))
    (quiz,) = assessments(whole)
    groups = [s for s in quiz.iter(f"{QTI}section") if s.get("ident") != "root_section"]
    assert groups
    for group in groups:
        assert group.findtext(f"{QTI}selection_ordering/{QTI}selection/{QTI}selection_number") == "1"
        assert float(next(group.iter(f"{QTI}points_per_item")).text or "") == 1
        assert len(group.findall(f"{QTI}item")) > 1
    quizzes = assessments(each)
    assert len(quizzes) == len(seats())
    for made, keyed in zip(quizzes, seats(), strict=True):
        expected = [e.accepted for e in all_entries(keyed.questions[0])]
        assert [right(i)[0][0] for i in made.iter(f"{QTI}item")] == [first(a) for a in expected]


def first(found: Accepted) -> Decimal:
    return found.right[0].number


def test_same_bytes() -> None:
    assert canvas([sheet("backprop")]) == canvas([sheet("backprop")])


def test_no_number_of_the_key_beside_the_answer() -> None:
    """What a student sees of an item is the blank drawing and the words."""
    keyed = sheet("backprop")
    keys = [b.key for b in keyed.questions[1].blanks if isinstance(b.key, NumberKey)]
    fractions = [text for k in keys if not (text := f"{float(k.exact):.2f}").endswith(".00")]
    seen = [words(i) for i in items(keyed) if (i.get("title") or "").startswith("2:")]
    assert len(seen) == len(keys)
    assert len(fractions) > 5
    assert not [n for n in fractions for text in seen if n in text]
