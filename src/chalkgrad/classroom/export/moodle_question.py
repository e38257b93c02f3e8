"""What questions of every kind have in a Moodle XML file: a name, words with a drawing, a grade, a hint and tags."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export.markup import child, element
from chalkgrad.classroom.export.stem import Image, Stem, base64_text, mathjax
from chalkgrad.classroom.export.weights import plain

# No attempt but the first costs anything unless the course says so.
PENALTY = "0"


def begin(stem: Stem, kind: str, id: str, html: str, points: float, images: Sequence[Image] = ()) -> Element:
    """A question up to what is common to all kinds; the images that its words show go with it."""
    question = element("question", {"type": kind})
    named = f"{stem.keyed.code} {id}" + (f" {stem.question.problem.title}" if stem.question.problem.title else "")
    child(child(question, "name"), "text", named)
    text = child(question, "questiontext", attributes={"format": "html"})
    child(text, "text", html)
    for image in images:
        attributes = {"name": image.file, "path": "/", "encoding": "base64"}
        child(text, "file", base64_text(image.png), attributes)
    child(child(question, "generalfeedback", attributes={"format": "html"}), "text")
    child(question, "defaultgrade", plain(points))
    child(question, "penalty", PENALTY)
    child(question, "hidden", "0")
    child(question, "idnumber", f"{stem.keyed.code}:{kind}:{id}"[:100])
    return question


def preface(stem: Stem, images: Sequence[Image]) -> str:
    """The words and the pictures."""
    return stem.words(mathjax) + pictures(images)


def pictures(images: Sequence[Image]) -> str:
    """Pictures in the words of a question that holds their files."""
    return "".join(
        f'<p><img src="@@PLUGINFILE@@/{i.file}" alt="{escape(i.alt)}" class="img-fluid"/></p>' for i in images
    )


def end(question: Element, stem: Stem, hint: str) -> Element:
    """The hint and the tags."""
    if hint:
        child(child(question, "hint", attributes={"format": "html"}), "text", escape(hint))
    tags = child(question, "tags")
    for tag in (stem.keyed.sheet.name, stem.keyed.code):
        child(child(tags, "tag"), "text", tag)
    return question
