"""Judging derivations and backward passes of several lines, and formulas about matrices: by the claim checker."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from chalkgrad.classroom.claims.claim import Assign, Claim, Equation, Identity, Item, Side, Update, key
from chalkgrad.classroom.claims.judge import judge
from chalkgrad.classroom.claims.lines import HEADER
from chalkgrad.classroom.claims.matrices.judge import judge_matrices
from chalkgrad.classroom.claims.matrices.reading import is_matrix, read_matrix_claim
from chalkgrad.classroom.claims.numeric import formula, names_in
from chalkgrad.classroom.claims.reading import read_claim
from chalkgrad.classroom.claims.verdict import Finding, Verdict
from chalkgrad.classroom.marking.bounds import check_bounds
from chalkgrad.classroom.marking.brackets import sides_of
from chalkgrad.classroom.marking.chain import read_links
from chalkgrad.classroom.marking.marked import Judged
from chalkgrad.errors import ChalkgradError, NotationError
from chalkgrad.evaluate.alike import alike
from chalkgrad.evaluate.precise.trial import NAMED
from chalkgrad.ir.program import Program

# These say what the function is, which is not the person's to say.
NOT_THEIRS = ("given", "at")
Goal = tuple[str, str]


def judge_claim(given: str, model: str, text: str) -> Judged:
    """The verdict on a derivation behind `given`; it must come to what the model answer comes to."""
    whole, before = _joined(given, text)
    try:
        for line in text.splitlines():
            check_bounds(line)
        _refuse_headers(text)
        if is_matrix(whole):
            return _of_verdict(judge_matrices(read_matrix_claim(whole, {})), before)
        claim = read_claim(whole, {})
        found = judge(claim)
        judged = _of_verdict(found, before)
        if judged.verdict != "right" or not model:
            return judged
        other, place = _joined(given, model)
        return _complete(claim, before, read_claim(other, {}), place) or judged
    except NotationError as error:
        return Judged("cannot tell", why=_relative(str(error), before))
    except (ChalkgradError, RecursionError, ArithmeticError) as error:
        return Judged("cannot tell", why=str(error) or type(error).__name__)


def judge_matrix(given: str, head: str, model: str, text: str) -> Judged:
    """The verdict on one formula about matrices, `head` = answer."""
    try:
        check_bounds(text)
    except NotationError as error:
        return Judged("cannot tell", why=str(error))
    if any(sign in text.strip() for sign in "\n;"):
        return Judged("cannot tell", why="one formula is asked for, and here are several lines")
    answer = sides_of(text)[-1].strip().strip("$").strip()
    allowed = {*read_links(model)}
    strange = [link for link in read_links(answer) if link not in allowed]
    if strange:
        return Judged(
            "cannot tell", why=f"∂{strange[0][0]}/∂{strange[0][1]}: a derivative stands here that is not worked out"
        )
    left = _latex_head(head) if "\\" in answer else head
    whole, before = _joined(given, f"claim:\n{left} = {answer}")
    try:
        return _of_verdict(judge_matrices(read_matrix_claim(whole, {})), before, one=True)
    except (ChalkgradError, RecursionError, ArithmeticError) as error:
        return Judged("cannot tell", why=_relative(str(error), before + 1, one=True))


def _latex_head(head: str) -> str:
    """`∂J/∂ŷ^(i)` in LaTeX, as a line is read in one notation."""
    plain = unicodedata.normalize("NFD", head)
    plain = re.sub("([A-Za-z])\u0302", r"\\hat{\1}", plain)
    plain = re.sub(r"\^\((\w)\)", r"^{(\1)}", plain)
    above, _, below = plain.replace("∂", r"\partial ").partition("/")
    return rf"\frac{{{above.strip()}}}{{{below.strip()}}}"


def _joined(given: str, text: str) -> tuple[str, int]:
    """The claim, and how many lines stand before the person's."""
    headed = any((m := HEADER.match(line)) and m["name"].lower() not in NOT_THEIRS for line in text.splitlines())
    head = given.rstrip("\n") + ("" if headed else "\nclaim:")
    return f"{head}\n{text}", head.count("\n") + 1


def _refuse_headers(text: str) -> None:
    for line in text.splitlines():
        found = HEADER.match(line)
        if found is not None and found["colon"] and found["name"].lower() in NOT_THEIRS:
            raise NotationError(f"the sheet says what is {found['name'].lower()}; leave this line out")


def _relative(said: str, before: int, one: bool = False) -> str:
    """With lines counted from the person's first."""
    if not said.startswith("line "):
        return said
    number, colon, rest = said.removeprefix("line ").partition(":")
    if not (colon and number.isdigit()):
        return said
    return rest.strip() if one else f"line {max(1, int(number) - before)}:{rest}"


def _of_verdict(verdict: Verdict, before: int, one: bool = False) -> Judged:
    findings = [f for f in verdict.findings if f.line.number > before]
    notes = tuple(_notes(findings, before, one))
    wrong = next((f for f in findings if f.status == "wrong"), None)
    if wrong is not None:
        place = "" if one else f"line {wrong.line.number - before}: "
        should = f"; it should be {wrong.should}" if wrong.should else ""
        return Judged("wrong", wrong.kind, f"{place}{wrong.why}{should}", notes)
    if not findings or any(f.status == "undecided" for f in findings):
        return Judged(
            "cannot tell", why="it could not be decided" if findings else "nothing is claimed here", notes=notes
        )
    return Judged("right", notes=notes)


def _notes(findings: Sequence[Finding], before: int, one: bool) -> Iterator[str]:
    for found in findings:
        if found.note and found.note != "a name of your own":
            yield found.note if one else f"line {found.line.number - before}: {found.note}"


# whether it comes to what is asked


def _complete(claim: Claim, before: int, model: Claim, place: int) -> Judged | None:
    """A verdict where a derivation is right as far as it goes and does not arrive, or assumes what is to be shown."""
    items = [i for i in claim.items if i.line.number > before]
    wanted = [i for i in model.items if i.line.number > place]
    if loose := _unworked(claim, items):
        return Judged("cannot tell", why=loose)
    missing = [g for g in _goals(model, wanted) if g not in _goals(claim, items)]
    if missing:
        named = ", ".join([f"∂{claim.loss}/∂{by}" if of == "" else f"the rule for {by}" for of, by in missing])
        return Judged("wrong", "", f"right as far as it goes, but this is not there: {named}")
    chains = [c for i in items if (c := _chain(claim, i))]
    for item in wanted:
        chain = _chain(model, item)
        if chain is not None and (why := _shown(chain, chains, item)):
            return Judged("cannot tell", why=why)
    return None


def _goals(claim: Claim, items: Sequence[Item]) -> list[Goal]:
    """The gradients of inputs and the steps of descent that are claimed."""
    found: dict[Goal, None] = {}
    for item in items:
        match item:
            case Assign(target=by) if by in claim.inputs:
                found["", by] = None
            case Equation(of=of, by=by) if of == claim.output and by in claim.inputs:
                found["", by] = None
            case Update(name=by):
                found["update", by] = None
            case _:
                pass
    return list(found)


def _unworked(claim: Claim, items: Sequence[Item]) -> str:
    """A derivative that a line ends in, and that no line before works out."""
    known: set[str] = set()
    for item in items:
        last = item.sides[-1]
        for name in names_in(last.tree):
            if name in claim.derivatives and name not in known:
                of, by = claim.derivatives[name]
                itself = isinstance(item, Assign) and by == item.target
                if not itself:
                    return f"∂{of}/∂{by} stands at the end of a line, and no line before works it out"
        if isinstance(item, Assign):
            known.add(key(claim.output, item.target))
        elif isinstance(item, Equation) and item.by:
            known.add(key(item.of, item.by))
    return ""


def _chain(claim: Claim, item: Item) -> list[Program] | None:
    """The sides of an identity, or of the function stated again, as Programs."""
    if isinstance(item, Identity):
        return [_program(s) for s in item.sides]
    if isinstance(item, Equation) and not item.by and claim.function is not None and item.of == claim.output:
        return [claim.function, *[_program(s) for s in item.sides]]
    return None


def _program(side: Side) -> Program:
    return formula(side.tree, side.line.text).program


def _shown(chain: list[Program], others: list[list[Program]], item: Any) -> str:
    """Why a model's chain of equalities is not what some chain of the person shows; nothing where it is."""
    ends = (chain[0], chain[-1])
    begun, ended = item.line.text[item.head[0] : item.head[1]].strip(), item.sides[-1].written.strip()
    for other in others:
        tips = (other[0], other[-1])
        if not any(_alike(a, ends[0]) and _alike(b, ends[1]) for a, b in (tips, tips[::-1])):
            continue
        steps = [s for s in other[1:-1] if not (_alike(s, tips[0]) or _alike(s, tips[1]))]
        return "" if steps else "no step stands between the two sides: this is what is to be shown"
    return f"no one chain of equal signs joins {begun} and {ended} here"


def _alike(one: Program, other: Program) -> bool:
    return alike(one, other, (NAMED, NAMED))
