"""XML that every importer reads: elements in a fixed order, and no character that XML forbids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """The text with every character that XML forbids shown as a replacement character."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def element(tag: str, attributes: Mapping[str, str] | None = None) -> Element:
    """A new root element."""
    return Element(tag, {k: legal(v) for k, v in (attributes or {}).items()})


def child(parent: Element, tag: str, text: str = "", attributes: Mapping[str, str] | None = None) -> Element:
    """A new element at the end of `parent`."""
    made = ElementTree.SubElement(parent, tag, {k: legal(v) for k, v in (attributes or {}).items()})
    if text:
        made.text = legal(text)
    return made


def document(root: Element) -> bytes:
    """The whole document, indented."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"
