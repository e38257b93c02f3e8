"""Named identities: every way to rewrite a formula by one of them, anywhere in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from chalkgrad.transform.identities.functions import EVEN, MADE, ODD
from chalkgrad.transform.identities.polynomial import (
    ONE,
    Fn,
    Sum,
    Sym,
    Term,
    Unwieldy,
    call,
    constant,
    divided,
    expanded,
    fraction,
    minus,
    multiplied_out,
    power,
    product,
    scaled,
    times,
    total,
)

# The name of an identity, and the formula that it is used with: multiply above and below by …
Label = str | tuple[str, Sum]
Rewrite = tuple[Sum, Label]
EXTEND = "multiply numerator and denominator by"
LOG_OUT = "log(e^u v) = u + log v"
WIDEST = 3  # how many factors e^u to try above and below one fraction line


def rewrites(value: Sum) -> Iterator[Rewrite]:
    """Every formula that is one named identity away, with the name."""
    for make in (_opened, _by_function, _whole):
        yield from make(value)


def inside(value: Sum, change: Callable[[Fn], Sum | None]) -> Sum:
    """The formula with every function that `change` has an answer for replaced, innermost first."""
    parts = [product([(_changed(b, change), e) for b, e in factors], c) for c, factors in value.terms]
    return parts[0] if len(parts) == 1 else total(parts)


def _changed(base: Sym | Fn | Sum, change: Callable[[Fn], Sum | None]) -> Sym | Fn | Sum:
    if isinstance(base, Sum):
        return inside(base, change)
    if isinstance(base, Fn):
        inner = Fn(base.name, tuple([inside(a, change) for a in base.args]), base.by)
        found = change(inner)
        if found is not None:
            return found
        return inner if inner.key != base.key else base
    return base


def functions(value: Sum) -> dict[str, Fn]:
    """Every function applied anywhere in the formula, by its key."""
    found: dict[str, Fn] = {}
    queue: list[Sym | Fn | Sum] = [value]
    while queue:
        base = queue.pop()
        if isinstance(base, Sum):
            queue.extend([b for _, factors in base.terms for b, _ in factors])
        elif isinstance(base, Fn) and base.key not in found:
            found[base.key] = base
            queue.extend(base.args)
    return found


def unfold(value: Sum, name: str) -> Rewrite:
    """Every use of one function written out as what it is made of."""
    label, made = MADE[name]

    def change(f: Fn) -> Sum | None:
        return made(*f.args) if f.name == name else None

    return inside(value, change), label


def replaced(value: Sum, function: Fn, by: Sum) -> Sum:
    """With another formula in the place of one function."""

    def change(f: Fn) -> Sum | None:
        return by if f.key == function.key else None

    return inside(value, change)


def _opened(value: Sum) -> Iterator[Rewrite]:
    """A function written out as what it is made of, everywhere."""
    for name in dict.fromkeys([f.name for f in functions(value).values()]):
        if name in MADE:
            yield unfold(value, name)


def _by_function(value: Sum) -> Iterator[Rewrite]:
    for label, rule in LAWS:
        changed = inside(value, rule)
        if changed.key != value.key:
            yield changed, label
    for f in functions(value).values():
        if f.name == "log":
            for u in exponents(f.args[0])[:WIDEST]:
                lower = total([times(Sum((t,)), call("exp", minus(u))) for t in f.args[0].terms])
                outside = total((u, call("log", lower)))
                yield replaced(value, f, outside), LOG_OUT
    changed = _logs_in_exponents(value)
    if changed.key != value.key:
        yield changed, "e^(log u) = u"
    for square, other, label in (("sin", "cos", "sin² = 1 - cos²"), ("cos", "sin", "cos² = 1 - sin²")):
        changed = pythagoras(value, square, other)
        if changed.key != value.key:
            yield changed, label


def _negative(u: Sum) -> bool:
    """Whether a person would take the minus sign out."""
    return bool(u.terms) and all(c < 0 for c, _ in u.terms)


def _parity(f: Fn) -> Sum | None:
    if len(f.args) == 1 and (f.name in ODD or f.name in EVEN) and _negative(f.args[0]):
        turned = call(f.name, minus(f.args[0]))
        return minus(turned) if f.name in ODD else turned
    return None


def _mirrored(f: Fn) -> Sum | None:
    if f.name == "sigmoid" and _negative(f.args[0]):
        return total((constant(1), minus(call("sigmoid", minus(f.args[0])))))
    return None


def _double(f: Fn) -> Sum | None:
    if f.name in ("sin", "cos") and f.args[0].terms and all(c % 2 == 0 for c, _ in f.args[0].terms):
        half = scaled(f.args[0], Fraction(1, 2))
        s, c = call("sin", half), call("cos", half)
        if f.name == "sin":
            return scaled(times(s, c), Fraction(2))
        return total((times(c, c), minus(times(s, s))))
    return None


def _angles(f: Fn) -> Sum | None:
    if f.name in ("sin", "cos") and len(f.args[0].terms) > 1:
        a, b = Sum(f.args[0].terms[:1]), Sum(f.args[0].terms[1:])
        (sa, ca), (sb, cb) = [(call("sin", u), call("cos", u)) for u in (a, b)]
        if f.name == "sin":
            return total((times(sa, cb), times(ca, sb)))
        return total((times(ca, cb), minus(times(sa, sb))))
    return None


def _log_product(f: Fn) -> Sum | None:
    """log of a product, quotient or power as a sum."""
    if f.name != "log":
        return None
    u = _together(f.args[0])
    if len(u.terms) != 1:
        return None
    coefficient, factors = u.terms[0]
    alone = coefficient == 1 and len(factors) == 1 and factors[0][1] == 1
    if coefficient < 0 or (alone and not (isinstance(factors[0][0], Fn) and factors[0][0].name in ("exp", "sqrt"))):
        return None
    parts = [scaled(_log(b), e) for b, e in factors]
    for size, sign in ((coefficient.numerator, 1), (coefficient.denominator, -1)):
        if size != 1:
            parts.insert(0, scaled(call("log", constant(size)), Fraction(sign)))
    return total(parts)


def _log(base: Sym | Fn | Sum) -> Sum:
    if isinstance(base, Fn) and base.name == "exp":
        return base.args[0]
    if isinstance(base, Fn) and base.name == "sqrt":
        return scaled(call("log", base.args[0]), Fraction(1, 2))
    return call("log", product(((base, ONE),)))


def _root(f: Fn) -> Sum | None:
    """The square root of a square is the absolute value; of e^u, e^(u/2)."""
    if f.name == "sqrt" and len(f.args[0].terms) == 1 and f.args[0].terms[0][0] == 1:
        factors = f.args[0].terms[0][1]
        if len(factors) == 1 and isinstance(factors[0][0], Fn) and factors[0][0].name == "exp":
            return call("exp", scaled(factors[0][0].args[0], Fraction(1, 2)))
        if factors and all(e % 2 == 0 for _, e in factors):
            return call("abs", product([(b, e / 2) for b, e in factors]))
    return None


LAWS: tuple[tuple[str, Callable[[Fn], Sum | None]], ...] = (
    ("f(-u) = -f(u) where f is odd, f(u) where it is even", _parity),
    ("σ(-u) = 1 - σ(u)", _mirrored),
    ("double angle", _double),
    ("angle sum", _angles),
    ("laws of the logarithm", _log_product),
    ("square roots of squares", _root),
)


def _logs_in_exponents(value: Sum) -> Sum:
    def change(f: Fn) -> Sum | None:
        if f.name != "exp":
            return None
        out: list[Sum] = []
        rest: list[Term] = []
        for coefficient, factors in f.args[0].terms:
            logs = [b for b, e in factors if isinstance(b, Fn) and b.name == "log" and e == 1]
            if len(factors) == 1 and logs and abs(coefficient.numerator) <= 8:
                out.append(power(logs[0].args[0], coefficient))
            else:
                rest.append((coefficient, factors))
        return times(*out, call("exp", Sum(tuple(rest)))) if out else None

    return inside(value, change)


def pythagoras(value: Sum, square: str, other: str) -> Sum:
    """Every even power of `square` written with `other`."""

    def term(one: Term) -> Sum:
        coefficient, factors = one
        out: list[tuple[Sym | Fn | Sum, Fraction]] = []
        for base, e in factors:
            if isinstance(base, Sum):
                base = pythagoras(base, square, other)
            if isinstance(base, Fn) and base.name == square and e.denominator == 1 and abs(e) >= 2:
                u = base.args[0]
                rest = total((constant(1), minus(power(call(other, u), Fraction(2)))))
                pairs = Fraction(int(e / 2))
                out.append((rest, pairs))
                e -= 2 * pairs
            out.append((base, e))
        return product(out, coefficient)

    return total([term(t) for t in value.terms])


# fractions


def _whole(value: Sum) -> Iterator[Rewrite]:
    """Identities of sums and products, at every place in the formula."""
    yield from _here(value)
    for i, (coefficient, factors) in enumerate(value.terms):
        for j, (base, exponent) in enumerate(factors):
            for inner, label in _within(base):
                new = product([*factors[:j], (inner, exponent), *factors[j + 1 :]], coefficient)
                yield total([Sum(value.terms[:i]), new, Sum(value.terms[i + 1 :])]), label


def _within(base: Sym | Fn | Sum) -> Iterator[tuple[Sym | Fn | Sum, Label]]:
    if isinstance(base, Sum):
        yield from _whole(base)
    elif isinstance(base, Fn):
        for k, arg in enumerate(base.args):
            for changed, label in _whole(arg):
                yield Fn(base.name, (*base.args[:k], changed, *base.args[k + 1 :]), base.by), label


def _here(value: Sum) -> Iterator[Rewrite]:
    together = _together(value)
    if together.key != value.key:
        yield together, "common denominator"
    out = expanded(value)
    if out.key != value.key:
        below = any(e < 0 for _, factors in value.terms for _, e in factors)
        yield out, "multiply out, and split the fraction" if below else "multiply out"
    for i, term in enumerate(value.terms):
        rest = (Sum(value.terms[:i]), Sum(value.terms[i + 1 :]))
        for changed, label in (*_extended(term), *_split(term)):
            yield total((rest[0], changed, rest[1])), label
    common = _factored(value)
    if common is not None:
        yield common, "take out the common factor"


def together(value: Sum) -> Sum:
    """One fraction."""
    return _together(value)


def _together(value: Sum) -> Sum:
    if len(value.terms) < 2:
        return value
    below: dict[str, tuple[Sym | Fn | Sum, Fraction]] = {}
    for _, factors in value.terms:
        for base, e in factors:
            if e < 0 and e.denominator == 1 and -e > below.get(base.key, (base, Fraction(0)))[1]:
                below[base.key] = (base, -e)
    if not below:
        return value
    shared = product(list(below.values()))
    above = total([expanded(times(Sum((t,)), shared)) for t in value.terms])
    return divided(above, shared)


def _split(term: Term) -> Iterator[Rewrite]:
    above, below = fraction(term)
    if below.number is None and len(above.terms) > 1:
        yield total([divided(Sum((t,)), below) for t in above.terms]), "split the fraction"


def _extended(term: Term) -> Iterator[Rewrite]:
    """Numerator and denominator multiplied by e^u, so that an exponential below becomes 1."""
    coefficient, factors = term
    for j, (base, exponent) in enumerate(factors):
        if not isinstance(base, Sum) or exponent >= 0 or exponent.denominator != 1:
            continue
        for u in exponents(base)[:WIDEST]:
            lower = total([times(Sum((t,)), call("exp", minus(u))) for t in base.terms])
            by = scaled(u, exponent)
            above = multiplied_out((coefficient, (*factors[:j], *factors[j + 1 :], (Fn("exp", (by,)), ONE))))
            whole = total([times(Sum((t,)), power(lower, exponent)) for t in above.terms])
            yield _one_fraction(above, lower, exponent, whole), (EXTEND, call("exp", by))


def _one_fraction(above: Sum, lower: Sum, exponent: Fraction, apart: Sum) -> Sum:
    return times(above, power(lower, exponent)) if len(above.terms) > 1 else apart


def exponents(value: Sum) -> list[Sum]:
    """The u of every e^u that is a factor of a term."""
    found = {
        b.key: b.args[0]
        for _, factors in value.terms
        for b, e in factors
        if isinstance(b, Fn) and b.name == "exp" and e
    }
    return list(found.values())


def _factored(value: Sum) -> Sum | None:
    """The factors that every term has, before the sum of the rest."""
    if len(value.terms) < 2:
        return None
    shared = {b.key: (b, e) for b, e in value.terms[0][1] if e > 0 or isinstance(b, Sum)}
    for _, factors in value.terms[1:]:
        powers = {b.key: e for b, e in factors}
        shared = {k: (b, min(e, powers[k])) for k, (b, e) in shared.items() if powers.get(k, 0) * e > 0}
    if not shared:
        return None
    common = product(list(shared.values()))
    return times(common, total([divided(Sum((t,)), common) for t in value.terms]))


def attempt(make: Callable[[], Sum]) -> Sum | None:
    """What `make` gives, or None where it grows too large."""
    try:
        return make()
    except (Unwieldy, OverflowError, ZeroDivisionError):
        return None
