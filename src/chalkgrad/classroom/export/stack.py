"""Formula blanks as questions for Moodle's STACK: an input, a tree that judges it, and tests that the file brings.

An answer is right where STACK finds it algebraically equivalent, or where it has the key's value at points at which
the key was evaluated: STACK's own ladder of simplifications alone would call some right answers wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from xml.etree.ElementTree import Element

from chalkgrad.classroom.export.formulas import Formula, formula_of
from chalkgrad.classroom.export.markup import child
from chalkgrad.classroom.export.moodle_question import begin, end, pictures
from chalkgrad.classroom.export.stem import Stem, mathjax
from chalkgrad.classroom.sheets.blank import Blank

STACK_VERSION = "2024032100"

SIGN = "The sign is the other way round."


def questions(stem: Stem) -> Iterable[Element]:
    """A question a formula blank. It shows no numbers, since a formula is the same in every variant."""
    for blank in stem.question.blanks:
        formula = formula_of(blank, stem.question)
        if formula is not None:
            yield _question(stem, blank, formula)


def _question(stem: Stem, blank: Blank, formula: Formula) -> Element:
    words = stem.prose_only(mathjax) + pictures(stem.unnumbered)
    others = [f"{stem.named(p, mathjax)} as <code>{escape(text)}</code>" for p, text in formula.names if p != text]
    known = ["σ(z) as <code>sigma(z)</code>", "e<sup>x</sup> as <code>exp(x)</code>"]
    told = f"<p><small>Write every product with *: <code>2*x</code>; {', '.join([*known, *others])}.</small></p>"
    html = f"{words}<p>{stem.asked(blank, mathjax)} [[input:ans1]]</p><div>[[validation:ans1]]</div>{told}"
    question = begin(stem, "stack", blank.id, html, blank.points, stem.unnumbered)
    _text(question, "stackversion", STACK_VERSION)
    _text(question, "questionvariables", f"ta:{formula.key};")
    _html(question, "specificfeedback", "[[feedback:prt1]]")
    _html(question, "questionnote", "")
    _html(question, "questiondescription", "")
    for tag, text in (("questionsimplify", "1"), ("assumepositive", "0"), ("assumereal", "1")):
        child(question, tag, text)
    _html(question, "prtcorrect", "Right.")
    _html(question, "prtpartiallycorrect", "Partly right.")
    _html(question, "prtincorrect", "Not right.")
    for tag, text in _OPTIONS:
        child(question, tag, text)
    _input(question)
    tree = _tree(question, formula)
    for number, (answer, score, note) in enumerate(tree, 1):
        test = child(question, "qtest")
        child(test, "testcase", str(number))
        child(test, "description")
        given = child(test, "testinput")
        child(given, "name", "ans1")
        child(given, "value", answer)
        expected = child(test, "expected")
        for tag, text in (
            ("name", "prt1"),
            ("expectedscore", score),
            ("expectedpenalty", "0"),
            ("expectedanswernote", note),
        ):
            child(expected, tag, text)
    return end(question, stem, blank.hint)


_OPTIONS = (
    ("decimals", "."),
    ("scientificnotation", "*10"),
    ("multiplicationsign", "dot"),
    ("sqrtsign", "1"),
    ("complexno", "i"),
    ("inversetrig", "cos-1"),
    ("logicsymbol", "lang"),
    ("matrixparens", "["),
    ("variantsselectionseed", ""),
)


def _text(parent: Element, tag: str, text: str) -> None:
    child(child(parent, tag), "text", text)


def _html(parent: Element, tag: str, text: str) -> None:
    child(child(parent, tag, attributes={"format": "html"}), "text", text)


def _input(question: Element) -> None:
    made = child(question, "input")
    for tag, text in (
        ("name", "ans1"),
        ("type", "algebraic"),
        ("tans", "ta"),
        ("boxsize", "40"),
        ("strictsyntax", "1"),
        ("insertstars", "0"),
        ("syntaxhint", ""),
        ("syntaxattribute", "0"),
        ("forbidwords", "diff, integrate, at, subst, ev"),
        ("allowwords", "sigma"),
        ("forbidfloat", "0"),
        ("requirelowestterms", "0"),
        ("checkanswertype", "0"),
        ("mustverify", "1"),
        ("showvalidation", "1"),
        ("options", ""),
    ):
        child(made, tag, text)


def variables(formula: Formula) -> str:
    """What the tree computes before it judges: the answer and the key in the function's inputs, and their values."""
    stages = ", ".join(f"{name}={text}" for name, text in formula.stages)
    points = ", ".join("[[" + ", ".join(f"{n}={v!r}" for n, v in at) + f"], {value!r}]" for at, value in formula.points)
    return "\n".join(
        [
            "sigma(u):=1/(1+exp(-u));",
            f"stages:[{stages}];",
            "stud:ev(subst(stages, ans1), eval);",
            "teach:ev(subst(stages, ta), eval);",
            f"points:[{points}];",
            "off(p, s):=float(subst(p[1], stud))-s*p[2];",
            "near(p, s):=is(numberp(off(p, s))) and is(abs(off(p, s))<1e-8*(1+abs(p[2])));",
            "agrees:is(length(sublist(points, lambda([p], near(p, 1))))=length(points));",
            "opposite:is(length(sublist(points, lambda([p], near(p, -1))))=length(points));",
        ]
    )


def _tree(question: Element, formula: Formula) -> list[tuple[str, str, str]]:
    """The tree, and the tests of it: an answer, its score and the note of the branch that it ends in."""
    tree = child(question, "prt")
    for tag, text in (("name", "prt1"), ("value", "1.0000000"), ("autosimplify", "1"), ("feedbackstyle", "1")):
        child(tree, tag, text)
    _text(tree, "feedbackvariables", variables(formula))
    used = "{" + ", ".join(formula.only) + "}"
    asked = f"The answer is asked for in terms of {', '.join(formula.only)}."
    steps = [("AlgEquiv", "stud", "teach", ""), ("AlgEquiv", "agrees", "true", "")]
    if formula.only:
        steps.insert(0, ("AlgEquiv", f"subsetp(setify(listofvars(ans1)), {used})", "true", asked))
    steps.append(("AlgEquiv", "opposite", "true", SIGN))
    for n, (test, student, teacher, said) in enumerate(steps):
        last, gate, sign = n == len(steps) - 1, bool(formula.only) and n == 0, said == SIGN
        right = not gate and not sign
        node = child(tree, "node")
        for tag, text in (
            ("name", str(n)),
            ("description", ""),
            ("answertest", test),
            ("sans", student),
            ("tans", teacher),
            ("testoptions", ""),
            ("quiet", "1"),
            ("truescoremode", "="),
            ("truescore", "1" if right else "0"),
            ("truepenalty", ""),
            ("truenextnode", str(n + 1) if gate else "-1"),
            ("trueanswernote", f"prt1-{n + 1}-T"),
        ):
            child(node, tag, text)
        _html(node, "truefeedback", escape(said) if sign else "")
        for tag, text in (
            ("falsescoremode", "="),
            ("falsescore", "0"),
            ("falsepenalty", ""),
            ("falsenextnode", "-1" if gate or last else str(n + 1)),
            ("falseanswernote", f"prt1-{n + 1}-F"),
        ):
            child(node, tag, text)
        _html(node, "falsefeedback", escape(said) if gate else "")
    equivalent = 2 if formula.only else 1
    tests = [("ta", "1.0000000", f"prt1-{equivalent}-T")]
    if formula.signed:
        tests.append(("-(ta)", "0.0000000", f"prt1-{len(steps)}-T"))
    return tests
