"""A Canvas quiz as a QTI 1.2 package: one item a blank, images beside it, variants as groups of which one is drawn.

The structure is what Canvas's own exporter writes (`lib/cc/qti` in its source) and its importer reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export.archive import zipped
from chalkgrad.classroom.export.canvas_items import Item, items
from chalkgrad.classroom.export.markup import child, document, element
from chalkgrad.classroom.export.stem import ident, stems
from chalkgrad.classroom.export.weights import plain
from chalkgrad.classroom.sheets.blank import Keyed

_CP = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_MD = "http://www.imsglobal.org/xsd/imsmd_v1p2"
_QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
_CANVAS = "http://canvas.instructure.com/xsd/cccv1p0"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def canvas(variants: Sequence[Keyed]) -> Mapping[str, bytes]:
    """One package. With several variants, a second one in which each variant is a quiz of its own.

    In the first, Canvas draws the variant of each blank by itself, so every item brings its own drawing and numbers; in
    the second all blanks of a quiz belong together.
    """
    first = variants[0]
    name = f"{first.sheet.name}-{first.variant.seed}"
    files = {f"{name}.zip": _package([_Quiz(variants)])}
    if len(variants) > 1:
        files[f"{name}-each.zip"] = _package([_Quiz([k]) for k in variants])
    return files


class _Quiz:
    """One assessment: its identifier, title, points, items and images."""

    def __init__(self, variants: Sequence[Keyed]) -> None:
        first = variants[0]
        alone = len(variants) == 1
        self.title = first.sheet.title + (f" ({first.code})" if alone else "")
        self.ident = ident("quiz", first.code if alone else f"{first.sheet.name}-{first.variant.seed}")
        self.meta = ident("meta", self.ident)
        self.points = 0.0
        self.images: dict[str, bytes] = {}
        self.section = element("section", {"ident": "root_section"})
        for same in zip(*[stems(k) for k in variants], strict=True):
            shown = [i for s in same for b in s.question.blanks for i in s.images_of(b)]
            self.images.update((f"images/{i.file}", i.png) for i in shown)
            for group in zip(*[items(s) for s in same], strict=True):
                self._add(group)

    def _add(self, group: Sequence[Item]) -> None:
        kept = list({i.content: i for i in group}.values())
        self.points += kept[0].points
        if len(kept) == 1:
            self.section.append(kept[0].made)
            return
        place = kept[0].place
        drawn = child(self.section, "section", attributes={"ident": ident("group", self.ident, place), "title": place})
        selection = child(child(drawn, "selection_ordering"), "selection")
        child(selection, "selection_number", "1")
        child(child(selection, "selection_extension"), "points_per_item", plain(kept[0].points))
        drawn.extend([i.made for i in kept])

    def assessment(self) -> bytes:
        """The file of its items."""
        root = element(
            "questestinterop", {"xmlns": _QTI, "xmlns:xsi": _XSI, "xsi:schemaLocation": f"{_QTI} {_QTI}p1.xsd"}
        )
        made = child(root, "assessment", attributes={"ident": self.ident, "title": self.title})
        field = child(child(made, "qtimetadata"), "qtimetadatafield")
        child(field, "fieldlabel", "cc_maxattempts")
        child(field, "fieldentry", "1")
        made.append(self.section)
        return document(root)

    def settings(self) -> bytes:
        """The file of its settings: unpublished, as the course decides when it opens."""
        root = element("quiz", {"identifier": self.ident, "xmlns": _CANVAS})
        for tag, text in (
            ("title", self.title),
            ("description", ""),
            ("shuffle_answers", "false"),
            ("scoring_policy", "keep_highest"),
            ("hide_results", ""),
            ("quiz_type", "assignment"),
            ("points_possible", plain(self.points)),
            ("show_correct_answers", "true"),
            ("anonymous_submissions", "false"),
            ("could_be_locked", "false"),
            ("allowed_attempts", "1"),
            ("one_question_at_a_time", "false"),
            ("cant_go_back", "false"),
            ("available", "false"),
            ("one_time_results", "false"),
            ("module_locked", "false"),
        ):
            child(root, tag, text)
        return document(root)


def _package(quizzes: Sequence[_Quiz]) -> bytes:
    images = {name: png for quiz in quizzes for name, png in quiz.images.items()}
    files = [("imsmanifest.xml", _manifest(quizzes, list(images)))]
    for quiz in quizzes:
        files.append((f"{quiz.ident}/{quiz.ident}.xml", quiz.assessment()))
        files.append((f"{quiz.ident}/assessment_meta.xml", quiz.settings()))
    files.append(("non_cc_assessments/", b""))
    files.extend(images.items())
    return zipped(files)


def _manifest(quizzes: Sequence[_Quiz], images: Sequence[str]) -> bytes:
    name = ident("manifest", *[q.ident for q in quizzes])
    root = element("manifest", {"identifier": name, "xmlns": _CP, "xmlns:imsmd": _MD, "xmlns:xsi": _XSI})
    metadata = child(root, "metadata")
    child(metadata, "schema", "IMS Content")
    child(metadata, "schemaversion", "1.1.3")
    title = child(child(child(metadata, "imsmd:lom"), "imsmd:general"), "imsmd:title")
    child(title, "imsmd:string", quizzes[0].title)
    child(root, "organizations")
    resources = child(root, "resources")
    for quiz in quizzes:
        made = _resource(resources, quiz.ident, "imsqti_xmlv1p2", f"{quiz.ident}/{quiz.ident}.xml", href=False)
        child(made, "dependency", attributes={"identifierref": quiz.meta})
        kind = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
        _resource(resources, quiz.meta, kind, f"{quiz.ident}/assessment_meta.xml")
    for image in images:
        _resource(resources, ident("image", image), "webcontent", image)
    return document(root)


def _resource(parent: Element, name: str, kind: str, file: str, *, href: bool = True) -> Element:
    made = child(parent, "resource", attributes={"identifier": name, "type": kind, **({"href": file} if href else {})})
    child(made, "file", attributes={"href": file})
    return made
