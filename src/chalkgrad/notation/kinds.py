"""What a line is, where it is no function: a claim, an identity, a list. Each refusal says which command takes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from chalkgrad.errors import NotationError
from chalkgrad.notation.functions import ONLY_CALLED, function, takes
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.refusal import quote
from chalkgrad.notation.tree import Span

DERIVATIVE = "is a derivative, which is computed here; `chalkgrad check` takes a claim about one"
EQUAL = "`chalkgrad equal` decides whether two formulas are equal"
INDEX_TOKENS = 5
MOST_LABELS = 2  # 1. b)


def unlabelled(line: list[Token]) -> list[Token]:
    """The line without the label before it: `b)`, `- 1)`, or `2.` where an equation follows."""
    for _ in range(MOST_LABELS):
        at = int(len(line) > 2 and line[0].text == "-" and line[0].kind == "sign")
        label = line[at] if at < len(line) - 1 else None
        if label is None or not (len(label.text) == 1 or label.kind == "number"):
            return line
        follows = line[at + 1]
        if label.kind in ("number", "word") and follows.kind == "close" and follows.text == ")":
            line = line[at + 2 :]
        elif label.kind == "number" and label.text.endswith(".") and any(t.kind == "equals" for t in line):
            line = line[at + 1 :]
    return line


def refuse_line(source: str, line: Sequence[Token], equals: Sequence[int]) -> None:
    """Refuse values, lists of names, and what the left of = shows to be a claim."""
    parts = _parts(line)
    if len(parts) > 1 and all(len(p) > 2 and p[0].kind == "word" and p[1].kind == "equals" for p in parts):
        whole = (line[0].start, line[-1].stop)
        given = " ".join(quote(source, (p[0].start, p[-1].stop)).replace(" ", "") for p in parts[:4])
        raise NotationError(f"these are several values; they stand behind the text: {given}", source, whole)
    if not equals:
        if len(parts) > 1 and all(len(p) == 1 and p[0].kind == "word" for p in parts):
            raise NotationError("a list of names is no formula", source, (line[0].start, line[-1].stop))
        return
    head = line[: equals[0]]
    if head and head[-1].kind == "sign" and head[-1].text == "+":
        problem = "'+=' adds to a gradient, in a backward pass; `chalkgrad check` takes one"
        raise NotationError(problem, source, (head[-1].start, line[equals[0]].stop))
    if named := _differentiated(head):
        raise NotationError(f"{named} {DERIVATIVE}", source, (head[0].start, head[-1].stop))


def _parts(line: Sequence[Token]) -> list[list[Token]]:
    """The line, parted at the commas that stand in no bracket."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in line:
        depth += (token.kind == "open") - (token.kind == "close")
        if token.kind == "comma" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _differentiated(head: Sequence[Token]) -> str:
    """What is differentiated, where this is `df/dx`, `f'(x)`, or `ds(x)`, the gradient of a stage `s(x)`."""
    plain = [t for t in head if t.text not in ("{", "}")]
    if len(plain) == 3 and plain[1].text == "/" and plain[0].kind == plain[2].kind == "word":
        above, below = plain[0].text, plain[2].text
        return f"{above}/{below}" if above[0] == below[0] == "d" and min(len(above), len(below)) > 1 else ""
    if len(head) < 4 or head[0].kind != "word" or head[1].text != "(":
        return ""
    return f"{head[0].text}(…)" if head[0].text.endswith("'") or of_stage(head[0].text) else ""


def of_stage(word: str) -> bool:
    """Whether `word(…)` is the gradient of a stage that is called after a function: `ds(y)`."""
    return word[:1] == "d" and function(word) is None and function(word[1:]) is not None


def refuse_identity(source: str, word: str, args: Sequence[Token], body: Sequence[Token], span: Span) -> None:
    """Refuse `tanh(x) = 2σ(2x) - 1`: a known function, in terms of another.

    A definition out of arithmetic and exp, as `σ(z) = 1/(1 + e^-z)`, is one that can be worked.
    """
    if not args or not takes(word, len(args)):
        return
    mine = {t.text for t in args}
    for place, token in enumerate(body[:-1]):
        called = body[place + 1].text == "("
        other = function(token.text) if token.kind == "word" and token.text not in mine else None
        if other is not None and other.op != "exp" and (called or other.word not in ONLY_CALLED):
            right = quote(source, (body[0].start, body[-1].stop))
            problem = f"this says what the known function {word} is equal to; {EQUAL}. To work it, write f = {right}"
            raise NotationError(problem, source, span)


def refuse_primed(source: str, token: Token, following: Token, abstract: Collection[str]) -> None:
    """Refuse `σ'(z)`, the derivative of a known function, and `ds(y)`, the gradient of a stage."""
    if following.text != "(" or following.spaced:
        return
    base = token.text.rstrip("'")
    if (base != token.text and (base in abstract or function(base) is not None)) or of_stage(token.text):
        raise NotationError(f"{token.text}(…) {DERIVATIVE}", source, (token.start, following.stop))


def refuse_indices(source: str, tokens: Sequence[Token], declared: Iterable[str]) -> None:
    """Refuse `x^{(i)}`, a number of an example or a layer; a power where the name in it is declared."""
    names = {*declared, *_arguments(tokens)}
    for at in range(len(tokens) - 5):
        base, raised, brace, bracket = tokens[at : at + 4]
        if bracket.text != "(" or brace.text != "{" or raised.text != "^" or base.kind != "word" or base.text == "e":
            continue
        inner: list[Token] = []
        for token in tokens[at + 4 : at + 5 + INDEX_TOKENS]:
            if token.kind not in ("word", "number") and token.text not in ("+", "-"):
                break
            inner.append(token)
        behind = tokens[at + 4 + len(inner) : at + 6 + len(inner)]
        if not inner or len(behind) < 2 or behind[0].text != ")" or behind[1].text not in ("}", "^"):
            continue
        if all(t.text in names for t in inner if t.kind == "word") and any(t.kind == "word" for t in inner):
            continue
        index = quote(source, (inner[0].start, inner[-1].stop))
        called = f"{base.text}^({index})"
        example = f"declare it ({called} in R^n), sum over it (Σ_{index}), or " if index.isalpha() else ""
        problem = (
            f"'{base.text}^{{({index})}}' numbers an example or a layer, and nothing here says of what: "
            f"{example}leave ({index}) away, or write a subscript; a power is {called}"
        )
        raise NotationError(problem, source, (base.start, behind[0].stop))


def _arguments(tokens: Sequence[Token]) -> set[str]:
    """The names in the brackets of every `f(x, i) =`."""
    found: set[str] = set()
    start: int | None = 0
    for at, token in enumerate(tokens):
        if token.kind == "break":
            start = at + 1
        elif token.kind == "equals" and start is not None:
            if at - start > 3 and tokens[start + 1].text == "(":
                found.update(t.text for t in tokens[start + 2 : at - 1] if t.kind == "word")
            start = None
    return found
