"""What may stand side by side, and what is refused since it has two readings."""

from __future__ import annotations

from collections.abc import Sequence

from chalkgrad.notation.brackets import Brackets
from chalkgrad.notation.lexer import Token
from chalkgrad.notation.pending import APPLY, PRODUCT, WITHIN, Pending, Waiting
from chalkgrad.notation.refusal import quote, refuse
from chalkgrad.notation.tree import Span


def tight_power(on: Pending, token: Token) -> None:
    """Refuse `√x^2` and `log (x)^2`, where the power may belong to either; `√(x)^2` is the square of √(x)."""
    last = on.top()
    inner = quote(on.source, on.spans[-1])
    if last is not None and last.kind == "root":
        if not on.group:
            span = (last.token.start, token.stop)
            raise refuse(on.source, span, f"({last.sign}{inner})^…", f"{last.sign}({inner}^…)")
        on.stack.pop()
        on.apply(last)
    elif on.loose:
        span = (on.spans[-1][0], token.stop)
        raise refuse(on.source, span, f"({inner})^…", f"{on.loose}((…)^…)")


def juxtapose(on: Pending, tokens: Sequence[Token], at: int, brackets: Brackets) -> None:
    """A product without a sign; refused where it is not clear what it belongs to."""
    token = tokens[at]
    tight = not token.spaced
    span = brackets.factor(tokens, at)
    factor = quote(on.source, span)
    if token.kind == "number":
        before = quote(on.source, on.spans[-1])
        whole = (on.spans[-1][0], token.stop)
        raise refuse(on.source, whole, f"{before}·{factor}", f"{before}^{factor} (a sign is missing)")
    if tight:
        _no_tight_exponent(on, span, factor)
    on.reduce(WITHIN + 1)
    last = on.top()
    if last is not None and last.level in (APPLY, WITHIN) and token.kind != "function":
        ahead = tokens[at - 1].kind
        if not tight or ((token.kind == "open" or on.latex) and ahead != "number"):
            applied = next(w for w in reversed(on.stack) if isinstance(w, Waiting) and w.kind == "function")
            begin = on.spans[-1][0] if last.level == APPLY else on.spans[-2][0]
            inner = quote(on.source, (begin, on.spans[-1][1]))
            whole = (applied.token.start, span[1])
            word = applied.sign
            raise refuse(on.source, whole, f"{word}({inner})·{factor}", f"{word}({inner}·{factor})")
        on.reduce(WITHIN)
        on.stack.append(Waiting("binary", "", WITHIN, token))
        return
    on.reduce(PRODUCT + 1)
    last = on.top()
    if tight and last is not None and last.kind == "binary" and last.sign == "/":
        above, below = quote(on.source, on.spans[-2]), quote(on.source, on.spans[-1])
        whole = (on.spans[-2][0], span[1])
        raise refuse(on.source, whole, f"({above}/{below})·{factor}", f"{above}/({below}·{factor})")
    if token.text == "[" and brackets.holds_number(tokens, at):
        before = quote(on.source, on.spans[-1])
        inner = factor[1:-1].strip()
        raise refuse(on.source, (on.spans[-1][0], span[1]), f"{before}·{inner}", f"the entry {before}[{inner}]")
    on.reduce(PRODUCT)
    on.stack.append(Waiting("binary", "", PRODUCT, token))


def _no_tight_exponent(on: Pending, span: Span, factor: str) -> None:
    """Refuse `e^-2x`: an exponent without brackets, and a factor right behind it."""
    place, minus = len(on.stack) - 1, False
    while place >= 0 and isinstance(waiting := on.stack[place], Waiting) and waiting.level > WITHIN:
        if waiting.kind == "root" and not on.group:
            inner = quote(on.source, on.spans[-1])
            whole = (waiting.token.start, span[1])
            sign = waiting.sign
            raise refuse(on.source, whole, f"{sign}({inner})·{factor}", f"{sign}({inner}·{factor})")
        if waiting.sign == "^":
            if on.group and not minus:
                return
            base = quote(on.source, on.spans[-2])
            begin = waiting.token.stop
            exponent = quote(on.source, (begin, on.spans[-1][1]))
            whole = (on.spans[-2][0], span[1])
            right = quote(on.source, (begin, span[1]))
            left = f"{base}^({exponent})" if minus else f"{base}^{exponent}"
            raise refuse(on.source, whole, f"{left}·{factor}", f"{base}^({right})")
        minus = True
        place -= 1
