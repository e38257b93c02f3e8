"""Frames: one size, nothing before its time, everything at the end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import chalkgrad as cg
from chalkgrad.render.frames import Frame, frames

GREEN, RED = "#046a38", "#b3121d"


def s9() -> cg.Work:
    return cg.work("g = x + y; h = g z; f = h + x", x=-2, y=5, z=-4)


def labels(frame: Frame, colour: str) -> int:
    return frame.svg.count(f'<g fill="{colour}"')


def lit(frame: Frame) -> int:
    return frame.svg.count('fill="#ffd24d"')


def test_values_forward_then_gradients_backward() -> None:
    found = frames(s9())
    assert [labels(f, GREEN) for f in found] == [0, 5, 6, 7, 8, 8, 8, 8, 8]
    assert [labels(f, RED) for f in found] == [0, 0, 0, 0, 0, 1, 3, 5, 8]
    assert [lit(f) for f in found] == [0, 0, 1, 1, 1, 0, 1, 1, 1]


def test_the_last_frame_is_the_whole_drawing() -> None:
    texts = ["f(x, y) = x x + |x|", "f(x, y) = max(x, y) σ(x)", "f(x, y) = y" + " + x" * 10, "f(x, y) = 1{x > y} y"]
    for worked in (s9(), *[cg.work(text, x=3, y=2, upstream=-3) for text in texts]):
        last, whole = frames(worked)[-1], cg.draw(worked).svg
        for colour in (GREEN, RED):
            assert labels(last, colour) == whole.count(f'<g fill="{colour}"')


def test_all_of_one_size() -> None:
    found = frames(s9())
    assert len({re.findall(r'viewBox="([^"]+)"', f.svg)[0] for f in found}) == 1
    assert len({f.width for f in found}) == 1


def test_what_is_not_shown_is_not_hidden_in_the_file_either() -> None:
    found = frames(cg.work("f(x, y) = x y", x=31, y=23))
    assert "713" not in found[1].svg
    assert "713" in found[2].svg


def test_captions_say_what_happens() -> None:
    captions = [f.caption for f in frames(s9())]
    assert captions[2] == ("forward: g = x + y = 3",)
    assert captions[-1][-1].startswith("∂f/∂x = 1 + (−4) = −3")


def test_a_sum_appears_only_when_it_is_complete() -> None:
    found = frames(cg.work("f(x) = x x", x=3))
    assert [labels(f, RED) for f in found] == [0, 0, 0, 1, 4]


def test_files_for_slides(tmp_path: Path) -> None:
    paths = cg.draw(s9()).frames(tmp_path / "slides")
    assert [p.name for p in paths[:2]] == ["frame-00.svg", "frame-01.svg"]
    again = cg.draw(s9()).frames(tmp_path / "again")
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in again]
    assert f"/Count {len(paths) - 1}".encode() in paths[-1].read_bytes()  # a page a frame


def test_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(cg.ValueNeeded, match="value"):
        cg.draw(cg.work("f(x) = x^2")).frames(tmp_path)
    with pytest.raises(cg.TooLarge, match="too many"):
        cg.draw(cg.work("f(x) = " + "sin(" * 80 + "x" + ")" * 80, x=1)).frames(tmp_path)
    with pytest.raises(cg.ChalkgradError, match="blank"):
        cg.draw(s9(), blank=True).frames(tmp_path)
