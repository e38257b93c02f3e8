"""A sheet file, read: TOML in, Sheet out. Nothing in it is ever run."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from chalkgrad.classroom.sheets.function import fitted
from chalkgrad.classroom.sheets.places import places
from chalkgrad.classroom.sheets.schema import Place, check, said
from chalkgrad.classroom.sheets.sheet import Ask, Part, Problem, Sheet, Vary
from chalkgrad.errors import ChalkgradError, SheetError, caret, nearest
from chalkgrad.notation.filling import read_names
from chalkgrad.notation.values import read_number

MAX_BYTES = 256 * 1024
MAX_PARTS = 300
DEEP = "brackets are nested too deeply for a sheet"
_WHERE = re.compile(r"\(at (?:line (\d+), column (\d+)|end of document)\)")
_OWN = ("function", "python")


def read_sheet(text: str) -> Sheet:
    """Read a sheet file.

    Raises SheetError, with the table, the key and where it can the line, for anything that the format does not have,
    and for maths that cannot be read.
    """
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise SheetError(f"the sheet is over {MAX_BYTES // 1024} KB")
    text = unicodedata.normalize("NFC", text)  # a name is one name, however its marks were typed
    try:
        contents = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(text, str(error)) from None
    except ValueError:
        raise SheetError("a number of some thousand digits stands here: no sheet holds that") from None
    except RecursionError:
        raise SheetError(DEEP) from None
    where = places(text)
    try:
        check(contents, where)
        return _Reader(contents, where).run()
    except RecursionError:
        raise SheetError(DEEP) from None


def _no_toml(text: str, problem: str) -> SheetError:
    found = _WHERE.search(problem)
    what = _WHERE.sub("", problem).strip() or problem
    if found is None or found[1] is None:
        return SheetError(f"this is no TOML: {what}, at the end of the file")
    line, column = int(found[1]), int(found[2])
    before = sum(len(one) + 1 for one in text.split("\n")[: line - 1]) + column - 1
    before = min(before, max(len(text) - 1, 0))
    place = f"line {line}, column {column}"
    return SheetError(f"this is no TOML: {what}\n{caret(text, (before, before + 1))}", place)


@final
class _Reader:
    def __init__(self, contents: Mapping[str, Any], where: Mapping[Place, str]) -> None:
        self.contents = contents
        self.where = where

    def fail(self, problem: str, place: Place) -> SheetError:
        return SheetError(problem, said(place, self.where))

    def run(self) -> Sheet:
        top = self.contents
        digits = int(top.get("digits", 2))
        tables = top["problem"]
        if sum(len(t.get("part", [1])) for t in tables) > MAX_PARTS:
            raise SheetError(f"more than {MAX_PARTS} parts: too many for a sheet")
        problems = tuple([self.problem(k, table, digits) for k, table in enumerate(tables)])
        words = {name: top[name] for name in ("course", "intro", "footer") if name in top}
        return Sheet(top["name"], top["title"], problems, digits=digits, credit=float(top.get("credit", 1.0)), **words)

    def problem(self, index: int, table: Mapping[str, Any], digits: int) -> Problem:
        place: Place = ("problem", index)
        shared = {"digits": digits, **table}
        tables = table.get("part")
        if tables is None:
            parts = (self.part("", table, {"digits": digits}, place, ""),)
        else:
            labels = self.labels(tables, place)
            inherited = {k: v for k, v in shared.items() if k not in ("prose", "title", "points", "part", "figure")}
            parts = tuple(
                [
                    self.part(label, one, inherited, (*place, "part", k), one.get("prose", ""))
                    for k, (label, one) in enumerate(zip(labels, tables, strict=True))
                ]
            )
        read = {name for part in parts for name in part.values}
        for name in table.get("values", {}):
            if name not in read:
                raise self.fail(f"no function of this problem has the input '{name}'", (*place, "values", name))
        points = table.get("points")
        return Problem(
            index + 1,
            table.get("title", ""),
            table.get("prose", ""),
            parts,
            self.vary(table, parts, place),
            None if points is None else float(points),
            table.get("figure", ""),
        )

    def labels(self, tables: Sequence[Mapping[str, Any]], place: Place) -> list[str]:
        """`a`, `b`, …, or what the file says; each once."""
        found: list[str] = []
        for k, one in enumerate(tables):
            own = chr(97 + k) if k < 26 else chr(96 + k // 26) + chr(97 + k % 26)
            label = one.get("label", own)
            if label in found:
                raise self.fail(f"two parts are labelled {label!r}", (*place, "part", k))
            found.append(label)
        return found

    def part(self, label: str, own: Mapping[str, Any], shared: Mapping[str, Any], place: Place, prose: str) -> Part:
        if any(name in own for name in _OWN):  # another function has other abstract parts, and other inputs to ask for
            shared = {k: v for k, v in shared.items() if k not in (*_OWN, "abstract", "let", "wrt")}
        table = {**shared, **own}
        python = "python" in table
        text = table.get("python" if python else "function", "")
        abstract = table.get("abstract", ())
        let = dict(table.get("let", {}))
        asks = self.asks(own, table, place)
        try:
            names = read_names(abstract)
        except ChalkgradError as error:
            raise self.fail(str(error), (*place, "abstract")) from None
        values = self.values(own.get("values", {}), (*place, "values"))
        more = self.values(shared.get("values", {}), ("problem", place[1], "values"))
        if text:
            try:
                values = fitted(text, python, names, let, values, more)
            except ChalkgradError as error:
                raise self.fail(str(error), (*place, "python" if python else "function")) from None
        else:
            values = {**more, **values}
        wrt = table.get("wrt")
        upstream = self.number(table["upstream"], (*place, "upstream")) if "upstream" in table and text else None
        points = own.get("points") if label else None
        return Part(
            label,
            prose,
            text,
            python,
            names,
            let,
            values,
            upstream,
            None if wrt is None else tuple(wrt),
            table.get("gates", "typed"),
            table.get("show", "graph") if text else "none",
            asks,
            None if points is None else float(points),
            own.get("hint", ""),
            float(table.get("rate", 0.1)),
            int(table["digits"]),
            own.get("figure", "") if label else "",
        )

    def values(self, table: Mapping[str, Any], place: Place) -> dict[str, Any]:
        return {name: self.number(value, (*place, name)) for name, value in table.items()}

    def number(self, value: Any, place: Place) -> Any:
        """A number, or an array of numbers."""
        if isinstance(value, str):
            try:
                return read_number(value)
            except ChalkgradError as error:
                raise self.fail(str(error), place) from None
        if isinstance(value, list):
            try:
                found = np.array(value, np.float64)
            except ValueError:
                raise self.fail("the rows of an array are of one length", place) from None
            found.setflags(write=False)
            return found
        return float(value)

    def asks(self, own: Mapping[str, Any], table: Mapping[str, Any], place: Place) -> tuple[Ask, ...]:
        found: list[Ask] = []
        for key in ("blank", "ask"):
            for k, one in enumerate(own.get(key, ())):
                here = (*place, key, k)
                entry = {"blank": one} if isinstance(one, str) else one
                found.append(self.ask(entry, table, here))
        return tuple(found)

    def ask(self, one: Mapping[str, Any], table: Mapping[str, Any], place: Place) -> Ask:
        kind, pattern = one.get("kind"), one.get("blank", "")
        for key in _NEEDED.get(kind or "", ()):
            if key not in one:
                raise self.fail(f"'{key}' is missing: {_WHY[key]}", place)
        for key in ("id", "given", "rubric") if pattern else ():
            if key in one:
                raise self.fail(f"'{key}' belongs to something of your own, which has a kind and no blank", place)
        if kind in ("value", "formula", "terms") and "rubric" in one:
            raise self.fail("a rubric belongs to words: kind = 'text', 'claim' or 'graph'", place)
        if "names" in one and kind not in (None, "formula", "terms"):
            raise self.fail("'names' belong to a formula: those that it may be written in", place)
        points = one.get("points")
        return Ask(
            pattern,
            one.get("id", ""),
            kind,
            one.get("ask", ""),
            one.get("answer", ""),
            one.get("given", table.get("given", "")),
            tuple(one.get("names", ())),
            tuple(one.get("rubric", ())),
            int(one.get("lines", _LINES.get(kind or "", 1))),
            None if points is None else float(points),
            one.get("hint", ""),
            one.get("figure", ""),
            one.get("answer_figure", ""),
        )

    def vary(self, table: Mapping[str, Any], parts: Sequence[Part], place: Place) -> Vary | None:
        """How the values may differ; None where they may not."""
        said_, kinks = table.get("vary", True), bool(table.get("kinks", False))
        names = dict.fromkeys([name for part in parts for name in part.values])
        apart = [n for n in names if len({_key(p.values[n]) for p in parts if n in p.values}) > 1]
        if isinstance(said_, dict) and apart:
            problem = f"the parts have different values of {apart[0]}, so they cannot be varied together"
            raise self.fail(problem, (*place, "vary"))
        if said_ is False or apart or not names:
            return Vary(fixed=tuple(names), kinks=True) if kinks else None
        rule = said_ if isinstance(said_, dict) else {}
        for name in (*rule.get("fixed", ()), *rule.get("ranges", {})):
            if name not in names:
                raise self.fail(f"there is no value '{name}'{nearest(name, names)}", (*place, "vary"))
        ranges: dict[str, tuple[float, ...]] = {}
        for name, bounds in rule.get("ranges", {}).items():
            low, high, *step = bounds
            if low >= high or (step and step[0] <= 0):
                problem = (
                    "a range is its lowest and its highest number, and a step above 0 behind them where one is meant"
                )
                raise self.fail(problem, (*place, "vary", "ranges", name))
            ranges[name] = tuple([float(b) for b in bounds])
        return Vary(ranges, tuple(rule.get("fixed", ())), kinks or bool(rule.get("kinks", False)))


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "value": ("id", "ask", "answer"),
    "formula": ("ask", "answer"),
    "terms": ("ask", "answer", "names"),
    "claim": ("ask",),
    "text": ("ask",),
    "graph": ("ask",),
}
_WHY = {
    "id": "what the blank is called in answers",
    "ask": "what is asked, as printed",
    "answer": "the key",
    "names": "what the formula may be written in",
}
_LINES = {"text": 4, "claim": 6, "graph": 10}


def _key(value: Any) -> Any:
    return value.tobytes() if isinstance(value, np.ndarray) else value
