"""What an abstract function is filled in with: `σ`, `½(a - y)^2`, or `Loss(a, y) = ½(a - y)^2`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from chalkgrad.errors import NotationError, TooLarge, nearest
from chalkgrad.notation.functions import function, words
from chalkgrad.notation.inputs import plain_name
from chalkgrad.notation.latex import is_latex
from chalkgrad.notation.latex import lex as lex_latex
from chalkgrad.notation.lexer import Token, lex
from chalkgrad.notation.read import MAX_BYTES, Reading, read

BASE = re.compile(r"[^\W\d_]+")
MOST_NAMED = 9


def read_names(text: str | Iterable[str]) -> tuple[str, ...]:
    """The names in `g1,g2,Loss`, or in several such texts, each once."""
    texts = [text] if isinstance(text, str) else list(text)
    names = [name.strip() for one in texts for name in one.split(",") if name.strip()]
    return tuple(dict.fromkeys(plain_name(name, "abstract is said of") for name in names))


def read_lets(texts: Iterable[str]) -> dict[str, str]:
    """`g1=σ` and `Loss(a, y) = ½(a - y)^2` by name; the second keeps its arguments."""
    found: dict[str, str] = {}
    for text in texts:
        head, sign, body = text.partition("=")
        if not sign or not body.strip():
            problem = 'a function is filled in as in --let "g1=σ" or --let "Loss(a, y) = ½(a - y)^2"'
            raise NotationError(problem, text, (0, len(text)))
        found[head.strip()] = body.strip()
    return found


def by_name(lets: Mapping[str, str]) -> dict[str, str]:
    """Each filling as text by the function's name: `Loss(a, y)` as a key becomes a definition."""
    found: dict[str, str] = {}
    for key, body in lets.items():
        head = key.partition("(")[0].strip()
        name = plain_name(head, "a function is given for")
        if name in found:
            raise NotationError(f"'{name}' is filled in twice")
        found[name] = f"{key} = {body}" if head != key.strip() else body
    return found


def read_filling(name: str, text: str, called: Sequence[str], abstract: Iterable[str]) -> Reading:
    """The function that `name` is filled in with.

    `called` are what its arguments are called where it is used, as far as they have names. Raises NotationError
    where the text is no function of as many arguments, or does not tell their order.
    """
    others = tuple(n for n in abstract if n != name)
    tokens = _tokens(text)
    if any(t.kind == "equals" for t in tokens):
        reading = read(text, abstract=others)
        if reading.program.name != name:
            problem = f"this defines {reading.program.name}, and {name} is to be filled in"
            raise NotationError(problem, text, (0, len(text)))
        return _counted(name, text, reading, len(called))
    if len(tokens) == 1 and tokens[0].kind == "word":
        word = tokens[0].text
        if word not in others and function(word) is None:
            problem = f"there is no function '{word}'{nearest(word, words())}; a formula is given as {name}(z) = …"
            raise NotationError(problem, text, tokens[0].span)
        args = ["z"] if len(called) == 1 else [f"z_{k + 1}" for k in range(len(called))]
        listed = ", ".join(args)
        return read(f"{name}({listed}) = {text}({listed})", abstract=others)
    found = _counted(name, text, read(text, abstract=others), len(called))
    args = _ordered(name, text, [v.hint for v in found.program.inputs], called)
    return read(f"{name}({', '.join(args)}) = {text}", abstract=others)


def _tokens(text: str) -> list[Token]:
    if len(text) > MAX_BYTES:
        raise TooLarge(f"the text is over {MAX_BYTES // 1024} KB")
    return [t for t in (lex_latex(text) if is_latex(text) else lex(text)) if t.kind != "end"]


def _counted(name: str, text: str, reading: Reading, count: int) -> Reading:
    names = [v.hint for v in reading.program.inputs]
    if name in names:
        raise NotationError(f"'{name}' is filled in by way of itself", text, (0, len(text)))
    if len(names) != count:
        listed = f"{len(names)} ({', '.join(names[:MOST_NAMED])})" if names else "none"
        problem = f"{name} takes {count} here, and this has {listed}; write {name}(…) = … with all its arguments"
        raise NotationError(problem, text, (0, len(text)))
    return reading


def _ordered(name: str, text: str, found: list[str], called: Sequence[str]) -> list[str]:
    """The arguments in the order of the call: that of the text, unless the names themselves say another.

    Raises NotationError where they resemble those of the call in another order: with Loss(a2, y^*) the first name
    of -y log a is the second argument.
    """
    if sorted(found) == sorted(called):
        return list(called)
    mine, theirs = [_base(n) for n in found], [_base(n) for n in called]
    if len(set(mine)) == len(mine) and sorted(mine) == sorted(theirs) and mine != theirs:
        other = [found[mine.index(base)] for base in theirs]
        one, two = f"{name}({', '.join(found)})", f"{name}({', '.join(other)})"
        problem = f"the order of the arguments has two readings: {one} or {two}; write {one} = … or {two} = …"
        raise NotationError(problem, text, (0, len(text)))
    return found


def _base(name: str) -> str:
    letters = BASE.match(name)
    return letters.group() if letters else name
