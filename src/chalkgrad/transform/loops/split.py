"""What a turn does that does not feed the next one is done outside of the loop, for all turns at once.

What hangs on constants alone is done once. What hangs on the slices of a turn is done before the loop, what only gives
results behind it. A sum over the turns is no carry: its terms are a result, which is added up behind the loop. All of
that is only worth while where it saves more than it costs to keep a value for every turn: see `effort.worth_moving`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from chalkgrad.ir.program import Atom, Program, Step, Var
from chalkgrad.transform.loops import checkpoint
from chalkgrad.transform.loops.effort import worth_moving
from chalkgrad.transform.loops.tidy import Outside
from chalkgrad.transform.loops.turning import Carry, Turning, before, behind
from chalkgrad.transform.vectorise import vectorise

# A sum of so many entries is worth adding up outside, where less than half as many say what its terms are.
_MANY = 256
# The part of what may be kept for a way back that one value may take over all turns, where it is made outside of them.
_PART = 4


def split(loop: Turning, outside: Outside) -> Callable[[], None]:
    """Write what comes before the loop, and take out of it what comes behind; what is given writes that."""
    _once(loop, outside)
    _ahead(loop, outside)
    sums = _sums(loop)
    return _afterwards(loop, outside, sums)


def _once(loop: Turning, outside: Outside) -> None:
    """What hangs on constants alone."""
    moved = behind(loop.steps, [*[c.var for c in loop.carries], *[v for v, _ in loop.xs]])
    alone = [s for s in loop.steps if moved.isdisjoint(s.given)]
    if not alone:
        return
    gone = set(alone)
    loop.steps = [s for s in loop.steps if s not in gone]
    read = _read(loop)
    crossing = [v for s in alone for v in s.given if v in read]
    vars, atoms = [v for v, _ in loop.consts], [a for _, a in loop.consts]
    values = outside.inline(Program(loop.name, tuple(vars), tuple(alone), tuple(crossing)), atoms)
    loop.consts = [(v, a) for v, a in (*loop.consts, *zip(crossing, values, strict=True)) if v in read]


def _ahead(loop: Turning, outside: Outside) -> None:
    """What hangs on slices and constants, where it is worth it."""
    moved = behind(loop.steps, [c.var for c in loop.carries])
    free = [s for s in loop.steps if moved.isdisjoint(s.given)]
    results = [y for y, _ in loop.ys if isinstance(y, Var)]
    still = {v for v, _ in loop.consts}
    roots = [v for s in free if worth_moving(s, still) for v in s.given]
    roots += [v for s in free for v in s.given if v in results]
    wanted = before(free, roots)
    chosen = [s for s in free if not wanted.isdisjoint(s.given) and _fits(s, loop)]
    chosen = _closed(chosen, {*[v for v, _ in loop.consts], *[v for v, _ in loop.xs]})
    if not chosen:
        return
    gone = set(chosen)
    loop.steps = [s for s in loop.steps if s not in gone]
    made = {v for s in chosen for v in s.given}
    read = _read(loop)
    crossing = [v for s in chosen for v in s.given if v in read]
    values = _for_all(loop, outside, chosen, crossing, dict(loop.consts), dict(loop.xs))
    found = dict(zip(crossing, values, strict=True))
    ys: list[tuple[Atom, Var | None]] = []
    for y, out in loop.ys:
        if y in made and isinstance(y, Var) and out is not None:
            outside.same[out] = found[y]
        else:
            ys.append((y, out))
    loop.ys = ys
    read = _read(loop)
    loop.xs += [(v, found[v]) for v in crossing if v in read]
    loop.xs = [(v, a) for v, a in loop.xs if v in read]
    loop.consts = [(v, a) for v, a in loop.consts if v in read]


def _closed(steps: Sequence[Step], given: Iterable[Var]) -> list[Step]:
    """Those of the steps that read only what is given, and each other."""
    known = set(given)
    found: list[Step] = []
    for step in steps:
        if all([a in known for a in step.inputs if isinstance(a, Var)]):
            known.update(step.given)
            found.append(step)
    return found


def _fits(step: Step, loop: Turning) -> bool:
    return all([_affordable(v, loop) for v in step.given])


def _affordable(atom: Atom, loop: Turning) -> bool:
    return _size(atom) * loop.length * 8 * _PART <= checkpoint.BUDGET


def _size(atom: Atom) -> int:
    return math.prod([n for n in atom.type.shape if isinstance(n, int)])


def _read(loop: Turning) -> set[Atom]:
    """What is read in the body, and what it gives."""
    read: set[Atom] = {a for s in loop.steps for a in s.inputs}
    read.update([y for y, _ in loop.ys])
    read.update([c.next for c in loop.carries])
    return read


def _for_all(
    loop: Turning,
    outside: Outside,
    steps: Sequence[Step],
    outputs: Sequence[Var],
    consts: Mapping[Var, Atom],
    moving: Mapping[Var, Atom],
) -> list[Atom]:
    """The steps for all turns at once: what stands outside for each of the outputs."""
    read = {a for s in steps for a in s.inputs}
    still = [(v, a) for v, a in consts.items() if v in read]
    rows = [(v, a) for v, a in moving.items() if v in read]
    program = Program(loop.name, tuple([v for v, _ in (*still, *rows)]), tuple(steps), tuple(outputs))
    whole = vectorise(program, [*[False] * len(still), *[True] * len(rows)], loop.length)
    return outside.inline(whole, [a for _, a in (*still, *rows)])


# Behind the loop.

Chain = list[tuple[Step, tuple[str, Atom]]]
Sum = tuple[Carry, list[tuple[str, Atom]]]


def _sums(loop: Turning) -> list[Sum]:
    """Carries that are only added to, where it is worth adding up outside; they are taken out of the loop."""
    uses: dict[Atom, list[Step]] = {}
    for step in loop.steps:
        for atom in step.inputs:
            uses.setdefault(atom, []).append(step)
    given = [*[y for y, _ in loop.ys], *[c.next for c in loop.carries]]
    found: list[Sum] = []
    chains = [(carry, _added(carry, uses, given)) for carry in loop.carries]
    # where turns share nothing but sums, they are no turns
    alone = all([chain is not None for _, chain in chains]) and all([_fits(s, loop) for s in loop.steps])
    for carry, chain in chains:
        if chain is not None and (alone or _outside(loop, carry, chain)):
            found.append((carry, [term for _, term in chain]))
            gone = {s for s, _ in chain}
            loop.steps = [s for s in loop.steps if s not in gone]
    loop.carries = [c for c in loop.carries if all([c is not s for s, _ in found])]
    return found


def _added(
    carry: Carry, uses: dict[Atom, list[Step]], given: Sequence[Atom]
) -> list[tuple[Step, tuple[str, Atom]]] | None:
    """The steps that add to a carry, each with its term; None where it is read otherwise."""
    if carry.history is not None or not carry.var.type.floating or carry.var in given:
        return None
    at: Atom = carry.var
    chain: Chain = []
    while at is not carry.next:
        readers = uses.get(at, [])
        if len(readers) != 1 or (at in given):
            return None
        (step,) = readers
        if step.op.name not in ("add", "subtract") or len(step.inputs) != 2:
            return None
        a, b = step.inputs
        if a is b or (step.op.name == "subtract" and b is at) or step.output.type != carry.var.type:
            return None
        chain.append((step, (step.op.name, b if a is at else a)))
        at = step.output
    # a sum that is a result, or another carry, too is read otherwise
    return chain if chain and not uses.get(at) and given.count(at) == 1 else None


def _outside(loop: Turning, carry: Carry, chain: Chain) -> bool:
    """Whether to add up outside: where that moves work out of the loop, or less is kept than is added."""
    terms = [term for _, (_, term) in chain]
    gone = {s for s, _ in chain}
    rest = [s for s in loop.steps if s not in gone]
    others = [*[y for y, _ in loop.ys], *[c.next for c in loop.carries if c is not carry]]
    needed = before(rest, others)
    own = before(rest, terms)
    only = [s for s in rest if not own.isdisjoint(s.given) and needed.isdisjoint(s.given)]
    if not all([_affordable(t, loop) for t in terms]) and not only:
        return False
    still = {v for v, _ in loop.consts}
    if any([worth_moving(s, still) for s in only]):
        return True
    made = {v for s in only for v in s.given}
    frontier = {a for s in only for a in s.inputs if isinstance(a, Var)} - made
    kept = sum([_size(v) for v in frontier])
    return bool(only) and _size(carry.var) >= _MANY and 2 * kept < _size(carry.var)


def _afterwards(loop: Turning, outside: Outside, sums: Sequence[Sum]) -> Callable[[], None]:
    """Take out what only gives results, where it is worth it, and the terms of sums; what is given writes them."""
    terms = [t for _, added in sums for _, t in added]
    chosen = _late(loop, terms)
    gone = set(chosen)
    loop.steps = [s for s in loop.steps if s not in gone]
    made = {v for s in chosen for v in s.given}
    results = [(y, out) for y, out in loop.ys if y in made]
    loop.ys = [(y, out) for y, out in loop.ys if y not in made]
    consts = dict(loop.consts)
    moving: dict[Var, Atom] = dict(loop.xs)
    for atom in dict.fromkeys([*[a for s in chosen for a in s.inputs], *terms]):
        if isinstance(atom, Var) and atom not in made and atom not in consts and atom not in moving:
            moving[atom] = loop.given(atom)
    outputs = list(dict.fromkeys([v for v in (*[y for y, _ in results], *terms) if isinstance(v, Var) and v in made]))
    read = _read(loop)
    loop.xs = [(v, a) for v, a in loop.xs if v in read]
    loop.consts = [(v, a) for v, a in loop.consts if v in read]

    def write() -> None:
        values = _for_all(loop, outside, chosen, outputs, consts, moving) if outputs else []
        found: dict[Atom, Atom] = {**moving, **dict(zip(outputs, values, strict=True))}
        outside.same.update({out: found[y] for y, out in results if out is not None})
        for carry, added in sums:
            total = carry.init
            for name, term in added:
                total = outside.bind(name, total, _total(loop, outside, term, found, consts))
            if carry.final is not None:
                outside.same[carry.final] = total

    return write


def _late(loop: Turning, terms: Sequence[Atom]) -> list[Step]:
    """The steps that are moved behind the loop, all that rests on them with them."""
    needed = before(loop.steps, [c.next for c in loop.carries])
    late = [s for s in loop.steps if needed.isdisjoint(s.given)]
    own = before(late, terms)
    still = {v for v, _ in loop.consts}
    reached = behind(late, [v for s in late if worth_moving(s, still) or not own.isdisjoint(s.given) for v in s.given])
    chosen = {s for s in late if not reached.isdisjoint(s.given)}
    # with them what they are made of, where that needs no more to be kept
    there: set[Atom] = {*[v for v, _ in loop.consts], *[v for v, _ in loop.xs], *[c.var for c in loop.carries]}
    wanted = before(late, [a for s in chosen for a in s.inputs])
    for step in late:
        if step not in chosen and wanted.isdisjoint(step.given):
            continue
        if step in chosen or all([a in there for a in step.inputs if isinstance(a, Var)]):
            chosen.add(step)
            there.update(step.given)
    # what somebody reads who stays must stay too
    stays: set[Atom] = set(needed)
    found: list[Step] = []
    for step in reversed(late):
        if step in chosen and stays.isdisjoint(step.given) and (_fits(step, loop) or not own.isdisjoint(step.given)):
            found.append(step)
        else:
            stays.update(step.inputs)
    return found[::-1]


def _total(loop: Turning, outside: Outside, term: Atom, found: dict[Atom, Atom], consts: dict[Var, Atom]) -> Atom:
    """A term added up over all turns."""
    if term in found:
        return outside.bind("sum", found[term], axis=0)
    alone = consts[term] if isinstance(term, Var) else term
    whole = outside.bind("broadcast_to", alone, shape=(loop.length, *alone.type.shape))
    return outside.bind("sum", whole, axis=0)
