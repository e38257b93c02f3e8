"""The drawing as a file: well formed whatever is in it, read aloud whole, and the same bytes each time."""

import os
import pickle
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from chalkgrad.errors import ChalkgradError
from chalkgrad.render.diagram import Diagram, Node, Wire
from chalkgrad.render.svg import COLOURS, png, svg
from chalkgrad.render.typeset import svg_to_pdf

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
HOSTILE = [
    "<script>alert(1)</script>",
    '$#read("x")$',
    '"); #panic(',
    "]]>",
    "a\0b\x07\x1b\ud800\ufffe",
    "w" * 10_000,
    "اسم",
    "\u202eevil\u202c",
    "😀",
    "&amp;",
    "' onload='x",
    "\\hat",
    "_{",
    "^",
    "\n\t ",
    "\u0301",
    "--><!--",
    "{{{{{{",
]


def fork(name="x", **others):
    nodes = (
        Node(name, "input", "", name, "-2", "-3"),
        Node("y", "input", "", "y"),
        Node("g", "gate", "+", name, symmetric=True),
        Node("h", "gate", "×", "", symmetric=True),
        Node("out", "output", "", "f"),
    )
    wires = (
        Wire(name, "g", "-2", "-4"),
        Wire("y", "g", "5", "-4"),
        Wire("g", "h", "3", "-2"),
        Wire(name, "h", "-2", "1"),
        Wire("h", "out", "-6", "1"),
    )
    rows = ((name, "-2", "-3"), ("y", "5", "-4"))
    return Diagram(
        **{
            "title": f"{name} times",
            "description": "Two inputs.",
            "nodes": nodes,
            "wires": wires,
            "columns": ("node", "value", "gradient"),
            "rows": rows,
            **others,
        }
    )


def contrast(colour):
    """Against white, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def test_it_is_a_picture_with_a_title_and_a_description():
    root = ET.fromstring(svg(fork()))
    assert root.tag == SVG + "svg"
    assert root[0].tag == SVG + "title"
    assert root[0].text == "x times"
    assert root.find(SVG + "desc").text == "Two inputs."
    picture = root.find(f"{SVG}g[@role='img']")
    ids = {element.get("id") for element in root.iter()}
    assert picture.get("aria-labelledby") in ids
    assert picture.get("aria-describedby") in ids


def test_a_screen_reader_can_walk_its_table():
    root = ET.fromstring(svg(fork()))
    # a reader does not look into an image, so neither the table nor what holds it may be one
    table = root.find(f"{SVG}g[@role='table']")
    assert root.get("role") != "img"
    rows = [[cell.text for cell in row] for row in table if row.get("role") == "row"]
    assert rows == [["node", "value", "gradient"], ["x", "-2", "-3"], ["y", "5", "-4"]]
    assert {cell.get("role") for cell in table[0]} == {"columnheader"}
    assert {cell.get("role") for row in table[1:] for cell in row} == {"cell"}
    width, height = (float(part) for part in root.get("viewBox").split()[2:])
    for cell in table.iter(SVG + "text"):
        assert 0 <= float(cell.get("x")) <= width
        assert 0 <= float(cell.get("y")) <= height


def test_a_table_that_is_not_there_is_not_announced():
    assert 'role="table"' not in svg(fork(columns=(), rows=()))


def test_the_table_is_not_seen():
    full, bare = png(fork()), png(fork(columns=(), rows=()))
    assert full == bare


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("blank", [False, True])
def test_any_text_makes_a_sound_document(name, blank):
    diagram = fork(name, title=name, description=name, note=name, columns=(name,), rows=((name,),), blank=blank)
    written = svg(diagram)
    root = ET.fromstring(written.encode("utf-8"))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "path", "rect", "g", "circle", "use", "text"}
    attributes = {key for element in root.iter() for key in element.attrib}
    assert not any(key.startswith("on") for key in attributes)
    assert float(root.get("width").removesuffix("pt")) < 3000
    assert png(diagram, 1.0).startswith(b"\x89PNG")


@pytest.mark.parametrize("place", ["sign", "value", "gradient", "label"])
@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_may_stand_anywhere(place, text):
    node = Node("g", "gate", text if place == "sign" else "+", "")
    wire = Wire("g", "out", **{"value": "1", "gradient": "1", **({place: text} if place != "sign" else {})})
    ET.fromstring(svg(Diagram("", "", (node, Node("out", "output", "", "")), (wire,), (), ())))


def test_typst_code_in_a_name_is_only_a_name():
    written = svg(fork('#read("/etc/passwd")'))
    assert "root:" not in written
    assert "#read(&quot;/etc/passwd&quot;)" in written  # in the table and the title, as text


def test_two_drawings_in_one_page_share_no_id():
    one, two = (set(re.findall(r' id="([^"]+)"', svg(fork(name)))) for name in ("x", "w"))
    assert one
    assert not one & two


def test_every_reference_is_to_the_document_itself():
    root = ET.fromstring(svg(fork()))
    ids = {element.get("id") for element in root.iter()}
    links = [element.get(HREF) for element in root.iter() if element.get(HREF)]
    assert links
    assert all(link[0] == "#" and link[1:] in ids for link in links)


def test_letters_are_outlines_so_no_font_is_needed():
    root = ET.fromstring(svg(fork(columns=(), rows=())))
    assert not list(root.iter(SVG + "text"))
    assert "font" not in svg(fork(columns=(), rows=()))


def test_colours_can_be_read_on_white():
    assert all(contrast(colour) >= 4.5 for colour in COLOURS.values())
    assert COLOURS["value"] != COLOURS["gradient"]


def test_the_same_bytes_in_another_process():
    code = "import pickle, sys\nfrom chalkgrad.render.svg import svg, png\nd = pickle.load(sys.stdin.buffer)\n"
    code += "sys.stdout.buffer.write(svg(d).encode() + png(d))"
    diagram = fork()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps(diagram),
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert done.stdout == svg(diagram).encode() + png(diagram)
        assert done.stderr == b""


def test_what_was_drawn_before_changes_nothing():
    first = svg(fork())
    svg(fork("another"))
    assert svg(fork()) == first


def test_png_has_the_size_asked_for():
    root = ET.fromstring(svg(fork()))
    width, height = (float(part) for part in root.get("viewBox").split()[2:])
    for scale in (1.0, 2.0, 3.5):
        head = png(fork(), scale)[16:24]
        size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")
        assert size == (pytest.approx(width * scale, abs=1), pytest.approx(height * scale, abs=1))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), 1e6])
def test_a_scale_that_cannot_be_is_refused(scale):
    with pytest.raises(ChalkgradError):
        png(fork(), scale)


def test_pdf_repeats():
    one = svg_to_pdf(svg(fork()), "x times")
    assert one.startswith(b"%PDF")
    assert one == svg_to_pdf(svg(fork()), "x times")


def test_a_blank_worksheet_has_boxes_to_write_in():
    wires = tuple(Wire(wire.source, wire.target, "", "") for wire in fork().wires)
    nodes = tuple(Node(node.id, node.kind, node.sign, node.name) for node in fork().nodes)
    root = ET.fromstring(svg(fork(wires=wires, nodes=nodes, blank=True)))
    boxes = [rect for rect in root.iter(SVG + "rect") if rect.get("stroke-dasharray")]
    assert len(boxes) == 2 * (len(wires) + 1)


def test_importing_the_diagram_costs_nothing():
    code = (
        "import sys\nimport chalkgrad.render.diagram\nprint(sorted({'wasmtime', 'typst', 'numpy'} & set(sys.modules)))"
    )
    code += "\nimport chalkgrad.render.svg\nprint(sorted({'wasmtime', 'typst'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[1] == "[]"
