"""What each word means: how a run of letters splits over the names that are declared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any, final

from chalkgrad.errors import NotationError, nearest
from chalkgrad.notation.functions import CONSTANTS, ONLY_CALLED, Abstract, function, words
from chalkgrad.notation.kinds import EQUAL, refuse_primed
from chalkgrad.notation.lexer import Token, Word
from chalkgrad.notation.refusal import refuse, slip
from chalkgrad.notation.tree import Function, Span

MAX_NAME = 64
LITERALS = {"None": None, "True": True, "False": False}
Piece = tuple[int, int, str, Any]  # from, to, kind, value


def _is_parameter(before: Sequence[Token]) -> bool:
    """Whether what follows is the value of a keyword: `ord=inf`, `ord=-inf`."""
    at = len(before) - 1 - (before[-1].text == "-" if before else 0)
    return at > 0 and before[at].kind == "equals" and before[at - 1].kind == "keyword"


@final
class Scope:
    """The names that a formula may use.

    `closed` when a signature or values declare every name: then runs of letters are split, and a name that
    is not declared is an error. Else a run is one name, and a new one is an input.
    """

    def __init__(self, source: str, closed: bool, abstract: Abstract | None = None) -> None:
        self.source = source
        self.closed = closed
        self.abstract = abstract or Abstract()
        self.inputs: dict[str, Span | None] = {}
        self.stages: dict[str, Span] = {}
        self.later: dict[str, Span] = {}
        self.current = ""
        self.signed = ""  # the function whose signature names every input
        self.arrays: set[str] = set()
        self.leads: dict[str, str] = {}  # x for the array x⃗, where its entries are called x_1, x_2
        self.called: dict[str, dict[tuple[str, ...], str]] = {}
        self.subscripts: dict[str, set[int]] = {}
        self.used: dict[str, None] = {}
        self._by_letter: dict[str, dict[int, None]] = {}
        self._cache: dict[str, list[tuple[Piece, ...]]] = {}
        self._called_only: Span | None = None

    def declare(self, name: str, span: Span | None) -> None:
        """Make `name` an input."""
        self._check_length(name, span)
        self.inputs[name] = span
        self._learn(name)

    def define(self, name: str, span: Span) -> None:
        """Make `name` a stage, from here on."""
        self._check_length(name, span)
        self.later.pop(name, None)
        self.stages[name] = span
        self._learn(name)

    def _learn(self, name: str) -> None:
        self._by_letter.setdefault(name[:1], {})[len(name)] = None
        self._cache.clear()

    def _check_length(self, name: str, span: Span | None) -> None:
        if len(name) > MAX_NAME:
            raise NotationError(f"a name has at most {MAX_NAME} letters", self.source, span)

    def whole(self, word: str) -> bool:
        """Whether `word` can be read, and as one piece only."""
        readings = self._readings(word, called=True)
        return len(readings) == 1 and len(readings[0]) == 1

    def known(self, name: str) -> bool:
        """Whether `name` is an input or a stage by now."""
        return name in self.inputs or name in self.stages

    def resolve(self, tokens: Sequence[Token]) -> list[Token]:
        """The tokens of one formula with every word replaced by what it means."""
        out: list[Token] = []
        at, depth = 0, 0
        while at < len(tokens):
            token = tokens[at]
            depth += (token.kind == "open") - (token.kind == "close")
            if token.kind == "top":
                token = token._replace(kind="transpose", value=True)
            if token.kind != "word":
                if token.kind == "number" and "e" in token.text and self.known("e"):
                    before, behind = token.text.split("e", maxsplit=1)
                    raise refuse(self.source, token.span, f"the number {token.text}", f"{before}·e, then {behind}")
                out.append(token)
                at += 1
                continue
            following = tokens[at + 1]
            raised = _raised(out, following, bool(self.arrays))
            if depth > 0 and following.kind == "equals" and out and out[-1].kind in ("comma", "open"):
                out.append(token._replace(kind="keyword"))
                at += 1
            elif token.text == "inf" and _is_parameter(out) and not self.known("inf"):
                out.append(token._replace(kind="literal", value=math.inf))
                at += 1
            elif stage := self._called(tokens, at):
                name, stop = stage
                out.append(Token("name", name, token.start, tokens[stop].stop, token.spaced))
                self.used.setdefault(name)
                at = stop + 1
            elif self._merges(token, following):
                whole = token.text + following.text
                out.append(Token("function", whole, token.start, following.stop, token.spaced, function(whole)))
                at += 2
            elif raised and token.text[0] == "T" and not self.known("T") and not self.known(token.text):
                out.extend(self._transposed(token, following))
                at += 1
            else:
                out.extend(self._word(token, following))
                at += 1
        return out

    def _called(self, tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
        """The stage printed `s(y)` that stands at `at`, and its last token."""
        token = tokens[at]
        forms = self.called.get(token.text)
        if not forms or tokens[at + 1].kind != "open" or tokens[at + 1].spaced:
            return None
        for args, name in forms.items():
            stop = at + 1 + 2 * len(args)
            if stop >= len(tokens) or tokens[stop].kind != "close":
                continue
            if tuple([t.text for t in tokens[at + 2 : stop : 2]]) == args and name in self.stages:
                return name, stop
        named = " and ".join([f"'{name}'" for name in list(forms.values())[:4]])
        problem = f"'{token.text}(…)' names a stage here ({named}), and is not defined for anything else; {EQUAL}"
        raise NotationError(problem, self.source, (token.start, tokens[at + 1].stop))

    def _merges(self, token: Token, following: Token) -> bool:
        """Whether a digit in the middle of a function's name (`log1p`) parted it."""
        if following.kind != "word" or following.spaced or self.known(token.text) or len(token.text) > 16:
            return False
        return len(following.text) <= 16 and function(token.text + following.text) is not None

    def _transposed(self, token: Token, following: Token) -> list[Token]:
        mark = Token("transpose", "T", token.start, token.start + 1, token.spaced, False)
        if token.text == "T":
            return [mark]
        rest = token.text[1:]
        if not self.closed or not rest[0].isalpha():
            left, right = f"^T {rest}", f"^({token.text})"
            raise refuse(self.source, token.span, left, right)
        places = token.value.places[1:]
        tail = Token("word", rest, places[0], token.stop, False, Word(places, token.value.chained))
        return [mark, *self._word(tail, following)]

    def _word(self, token: Token, following: Token) -> list[Token]:
        if token.text in LITERALS and not self.known(token.text):
            return [token._replace(kind="literal", value=LITERALS[token.text])]
        if not self.known(token.text):
            refuse_primed(self.source, token, following, self.abstract.names)
        called = following.kind == "open" and following.text == "(" and not following.spaced
        found = self._split(token, called) if self.closed else self._whole(token, following, called)
        out: list[Token] = []
        for start, stop, kind, value in found:
            first = start == 0
            places = token.value.places
            begin = places[start] if start else token.start
            end = places[stop] if stop < len(places) else token.stop
            text = token.text[start:stop]
            out.append(Token(kind, text, begin, end, token.spaced and first, value))
            self._note(kind, text, value, (begin, end))
        return out

    def _note(self, kind: str, text: str, value: Any, span: Span) -> None:
        if kind == "name":
            self.used.setdefault(text)
            if text not in self.inputs and text not in self.stages:
                self.declare(text, span)
        elif kind == "component":
            self.used.setdefault(value[0])
            self.subscripts.setdefault(value[0], set()).update(value[1])

    def _named(self, word: str) -> Function | None:
        return self.abstract.function(word) or function(word)

    def _function(self, word: str, called: bool) -> bool:
        if word in self.abstract.names:
            return True
        return (called or word not in ONLY_CALLED) and not self.known(word) and function(word) is not None

    def _whole(self, token: Token, following: Token, called: bool) -> Iterable[Piece]:
        """Without declared names: a word is one name."""
        word, size = token.text, len(token.text)
        if self.known(word):
            if called and word in ONLY_CALLED and word in self.inputs:
                raise self._both(token)
            return [(0, size, "name", None)]
        if (part := self._component(word, 0)) and part[1] == size:
            return [part]
        if word in self.later:
            raise self._too_early(token)
        if self._function(word, called):
            if word in ONLY_CALLED:
                self._called_only = token.span
            self._digits_then(token, following)
            return [(0, size, "function", self._named(word))]
        if word in CONSTANTS:
            return [(0, size, "constant", CONSTANTS[word])]
        if token.value.chained:
            raise NotationError("two subscripts: write the names apart, as in w_i x_i", self.source, token.span)
        if word[0] in "ΣΠ" and len(word) > 1:
            problem = f"'{word}': a sum over examples is Σ_{{i=1}}^{{m}} of what bears (i); of entries sum(x), prod(x)"
            raise NotationError(problem, self.source, token.span)
        if called and len(word) >= 3 and (hint := slip(word, words())):
            problem = f"there is no function '{word}'{hint} A product is written {word}·(…)"
            raise NotationError(problem, self.source, token.span)
        if word in ONLY_CALLED and self._called_only is not None:
            raise self._both(token)
        self._digits_then(token, following)
        return [(0, size, "name", None)]

    def _both(self, token: Token) -> NotationError:
        word = token.text
        known = function(word)
        sigmoid = known is not None and known.op == "sigmoid"
        advice = f"{word}(…) the " + ("sigmoid, which σ(…) is in any case" if sigmoid else "function")
        return refuse(self.source, token.span, f"{word} a variable", advice)

    def _digits_then(self, token: Token, following: Token) -> None:
        """Refuse `log2x` and `sin2x`: a function's name, digits, and at once something more."""
        bare = token.text.rstrip("0123456789")
        digits = token.text[len(bare) :]
        if self.source[token.start] == "\\":  # a command of LaTeX ends where it ends
            return
        if not digits or following.spaced or following.kind not in ("word", "number") or not function(bare):
            return
        tail = f"{digits}{following.text}"
        other = f"{token.text}({following.text})" if function(token.text) else f"{token.text}·{following.text}"
        raise refuse(self.source, (token.start, following.stop), f"{bare}({tail})", other)

    def _too_early(self, token: Token) -> NotationError:
        if token.text == self.current:
            return NotationError(f"'{token.text}' is used in its own definition", self.source, token.span)
        line = self.source.count("\n", 0, self.later[token.text][0]) + 1
        problem = f"'{token.text}' is used before it is defined (line {line}); write the stages in their order"
        return NotationError(problem, self.source, token.span)

    def _split(self, token: Token, called: bool) -> Iterable[Piece]:
        """With declared names: the one way in which a run is a product of them."""
        word, size = token.text, len(token.text)
        if word in self.later:
            raise self._too_early(token)
        key = f"{word}(" if called else word
        readings = self._cache.get(key)
        if readings is None:
            readings = self._readings(word, called)
            self._cache[key] = readings
        if len(readings) > 1:
            left, right = [_product(word, r) for r in readings[:2]]
            raise refuse(self.source, token.span, left, right)
        if readings:
            return self._not_differential(token, readings[0])
        if size > MAX_NAME:
            raise NotationError(f"a name has at most {MAX_NAME} letters", self.source, token.span)
        raise NotationError(f"unknown name '{word}'{self._advice(word)}", self.source, token.span)

    def _readings(self, word: str, called: bool) -> list[tuple[Piece, ...]]:
        """Up to two readings of a run: over the declared names first, then over constants and functions too."""
        size = len(word)
        found = self._ways(word, self._declared)
        if self._function(word, called):
            # `asin` with a variable a; `abs` is never a·b·s(…), since s alone is too slight a function
            named = self._named(word)
            whole = called and named is not None and named.op == word  # relu(r) is relu; asin(a) may be a·sin(a)
            ends = [] if whole else [r for r in self._ways(word, self._ending) if len(r) > 1 and r[-1][2] == "function"]
            return [((0, size, "function", self._named(word)),), *found, *ends][:2]
        if found:
            return found
        if word in CONSTANTS:
            return [((0, size, "constant", CONSTANTS[word]),)]

        def wider(run: str, at: int) -> list[Piece]:
            pieces = self._declared(run, at)
            pieces += [
                (at, at + len(name), "constant", value)
                for name, value in CONSTANTS.items()
                if run.startswith(name, at) and not self.known(name)
            ]
            if at and self._function(run[at:], called):
                pieces.append((at, len(run), "function", self._named(run[at:])))
            return pieces

        return self._ways(word, wider)

    def _declared(self, run: str, at: int) -> list[Piece]:
        found: list[Piece] = []
        for length in self._by_letter.get(run[at], ()):
            name = run[at : at + length]
            if len(name) == length and self.known(name):
                found.append((at, at + length, "name", None))
        part = self._component(run, at)
        if part and not self.known(run[at : part[1]]):
            found.append(part)
        return found

    def _ending(self, run: str, at: int) -> list[Piece]:
        """The declared names at `at`, and a function that ends the run there."""
        pieces = self._declared(run, at)
        if at and run[at:] not in ONLY_CALLED and self._function(run[at:], called=True):
            pieces.append((at, len(run), "function", self._named(run[at:])))
        return pieces

    def _component(self, run: str, at: int) -> Piece | None:
        """`x_12` at `at`, where x is an array and `x_12` no name of its own."""
        cut = run.find("_", at)
        array = self.leads.get(run[at:cut], run[at:cut])
        if cut < 0 or array not in self.arrays:
            return None
        stop = cut + 1
        if run[stop : stop + 1] == "{":
            end = run.find("}", stop)
            listed = run[stop + 1 : end].split(",")
            stop = end + 1
        else:
            while stop < len(run) and run[stop].isdecimal():
                stop += 1
            listed = [run[cut + 1 : stop]]
        if not all(d.isdecimal() and len(d) < 16 for d in listed):
            return None
        return at, stop, "component", (array, tuple([int(d) for d in listed]))

    def _ways(self, run: str, pieces: Callable[[str, int], list[Piece]]) -> list[tuple[Piece, ...]]:
        """At most two ways to cut `run` into pieces; the work is bounded by its length and the lengths of names."""
        size = len(run)
        options: list[list[Piece]] = [[] for _ in range(size)]
        good = [False] * size + [True]
        for at in range(size - 1, -1, -1):
            if run[at].isalpha():
                options[at] = [p for p in pieces(run, at) if good[p[1]] and (p[1] == size or run[p[1]].isalpha())]
                good[at] = bool(options[at])
        found: list[tuple[Piece, ...]] = []
        pending: list[tuple[int, tuple[Piece, ...]]] = [(0, ())] if good[0] else []
        while pending and len(found) < 2:
            at, before = pending.pop()
            if at == size:
                found.append(before)
            else:
                pending.extend([(p[1], (*before, p)) for p in reversed(options[at][:2])])
        return found

    def _not_differential(self, token: Token, reading: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """A product with a variable d is written with a space, since `dx` is a gradient."""
        for piece, behind in pairwise(reading):
            if token.text[piece[0] : piece[1]] == "d" and piece[2] == "name":
                name = token.text[behind[0] : behind[1]]
                raise refuse(self.source, token.span, f"d {name} (a product)", f"d{name} (the gradient of {name})")
        return reading

    def _advice(self, word: str) -> str:
        names = [*self.inputs, *self.stages]
        for name in names[:64]:
            if word.startswith(f"{name}_") and word[len(name) + 1 :].isdecimal():
                return f": {name} is a number here; declare {name} in R^n, or give it as an array"
        for cut in range(min(len(word) - 1, 16), 1, -1):
            if function(word[:cut]) and self._ways(word[cut:], self._declared):
                return f"; did you mean '{word[:cut]} {word[cut:]}'?"
        limited = sorted(names, key=lambda n: (n[:1] != word[:1], abs(len(n) - len(word))))[:100]
        hint = nearest(word, [*limited, *words()] if len(word) > 2 else limited)
        listed = f", all that {self.signed}(…) lists" if self.signed else ""
        return hint or (f"; the names are {', '.join(names[:8])}{listed}" if names else "")


def _product(word: str, reading: tuple[Piece, ...]) -> str:
    if len(reading) == 1:
        kind = {"function": "the function ", "name": "the name "}.get(reading[0][2], "")
        return kind + word
    return "·".join([word[p[0] : p[1]] for p in reading])


def _raised(out: Sequence[Token], following: Token, arrays: bool) -> bool:
    """Whether a word stands where a transpose may: `x^T`, `x^{T}`; `A^-T` and `A^{-T}` of what may be a matrix."""
    at = len(out) - 1
    minus = at >= 0 and out[at].text == "-"
    at -= minus
    if at >= 0 and out[at].text == "{" and following.text == "}":
        at -= 1
    if at < 0 or out[at].kind != "sign" or out[at].text != "^":
        return False
    # `e^-T`, `2^-T` and `k^-T` are powers, as of a temperature, and so is each where there are no arrays
    return not minus or (arrays and at > 0 and (out[at - 1].text[:1].isupper() or out[at - 1].kind == "close"))
