"""The backward pass, run as the code that it is, then judged gradient by gradient.

What must arrive at a name is the sum over its readers of *the person's own* gradient there times the local
derivative; so a line is wrong only for what it does itself. Lines may take the readers in any order, several at once,
or one of them in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import final

from chalkgrad.classroom.claims.claim import Assign, key
from chalkgrad.classroom.claims.mistakes import Mistake
from chalkgrad.classroom.claims.numeric import Values, names_in
from chalkgrad.classroom.claims.own import Own
from chalkgrad.classroom.claims.verdict import Finding, Status

# All subsets are tried of at most so many pieces.
FEW = 7
# A line is compared with what so many readers, or sets of them, send.
MOST_TRIES = 12


@final
@dataclass(eq=False)
class Entry:
    """One line that ran: what each side gave, what it adds, and the gradients that it found."""

    item: Assign
    sides: list[Values]
    delta: Values
    replaces: bool
    found: Mapping[str, Values]
    early: str = ""


@final
@dataclass(eq=False)
class Piece:
    """What arrives from one reader at one place."""

    reader: str
    value: Values


@final
class Backward:
    """Runs the lines as they come; `judge` when all have run."""

    def __init__(self, own: Own) -> None:
        self.own = own
        self.entries: list[Entry] = []
        self.later: dict[str, int] = {}
        for item in own.claim.items:
            if isinstance(item, Assign):
                self.later[item.target] = self.later.get(item.target, 0) + 1
        self.held: dict[str, Values] = {}

    def run(self, item: Assign) -> None:
        """Run one line."""
        own, v = self.own, item.target
        found = dict(own.grads)
        own.read = set()
        before = own.grads.get(v)
        sides = [own.value(side, zero=v) for side in item.sides]
        missing = own.read - found.keys() - {own.claim.output, v}
        early = next((n for n in sorted(missing) if self.later.get(n) or own.claim.python), "")
        itself = item.sign == "=" and key(own.claim.output, v) in names_in(item.sides[-1].tree)
        begun = own.ground.one(0) if before is None else before
        if itself:
            sides = [s - begun for s in sides]
        sides = self._numbers(item, sides)
        if item.sign == "-=":
            sides = [-s for s in sides]
        delta = sides[-1]
        replaces = item.sign == "=" and not itself and before is not None
        own.grads[v] = delta if item.sign == "=" and not itself else begun + delta
        self.later[v] -= 1
        self.entries.append(Entry(item, sides, delta, replaces, found, early))

    def _numbers(self, item: Assign, sides: list[Values]) -> list[Values]:
        """A side that is a bare number at the person's own point stands for the formula that it is a number of."""
        own = self.own
        out = list(sides)
        for i, side in enumerate(item.sides):
            if names_in(side.tree) or not own.ground.given:
                continue
            held = own.expected(own.grads, known=True)
            before = [out[i - 1]] if i else []
            likely = [
                *before,
                own.expected(own.grads)[item.target],
                *[p.value for p in self._pieces(item.target, held)],
            ]
            for value in likely:
                if own.rounded(side, value):
                    out[i] = value
                    break
        return out

    def _pieces(self, v: str, held: Mapping[str, Values]) -> list[Piece]:
        graph = self.own.graph
        if v == self.own.claim.output:
            return [Piece("", graph.ground.one(1))]
        return [
            Piece(u, held[u] * p) for u in dict.fromkeys(graph.readers[v]) for p in graph.nodes[u].pieces.get(v, [])
        ]

    # judging

    def judge(self) -> list[Finding]:
        """A finding a line."""
        own = self.own
        if not self.entries:
            return []
        self.held = own.expected(own.grads, known=True)
        self.wanted = own.expected(own.grads)
        groups: dict[str, list[Entry]] = {}
        for entry in self.entries:
            groups.setdefault(entry.item.target, []).append(entry)
        found: list[Finding] = []
        for v, entries in groups.items():
            own.wording.style(entries[0].item.line.text, entries[0].item.leibniz)
            found += self._group(v, entries)
        return found

    def _group(self, v: str, entries: list[Entry]) -> list[Finding]:
        own = self.own
        total = own.grads[v]
        truth, wanted = own.graph.true[v], self.wanted[v]
        if v == own.claim.output:
            truth = own.ground.one(1)
        agreement = own.ground.compare(total, truth)
        if agreement != "same":
            other = own.ground.compare(total, wanted)
            status: Status = (
                "consistent" if other == "same" else "undecided" if "undecided" in (agreement, other) else "wrong"
            )
        else:
            status = "right"
        early = next((e for e in entries if e.early), None)
        if early is not None:
            n = own.wording.gradient(early.early)
            late = own.claim.python and not any(e.item.target == early.early for e in self.entries)
            why = f"{n} is read here, and no line before gives it a value" + ("" if late else " yet")
            out = self._all(entries, "right" if status == "wrong" else status)
            return self._blame(
                out, entries, early, Mistake("early", why), f"this line, but below the one that gives {n}", None
            )
        if status == "wrong":
            return self._wrong(v, entries)
        out = self._all(entries, status)
        if status == "consistent":
            true = self._pieces(v, own.graph.true)
            right = [self._subset(e.delta, true) is not None for e in entries]
            out = [replace(f, status="right" if r else status) for f, r in zip(out, right, strict=True)]
        return self._sides(v, entries, out)

    def _all(self, entries: list[Entry], status: Status) -> list[Finding]:
        return [Finding(e.item.line, e.item.head, status) for e in entries]

    def _sides(self, v: str, entries: list[Entry], out: list[Finding]) -> list[Finding]:
        """Among lines whose total is right: sides of one line that are not equal."""
        ground = self.own.ground
        for i, entry in enumerate(entries):
            for side, value in zip(entry.item.sides, entry.sides, strict=True):
                if ground.compare(value, entry.delta) == "different":
                    whole = self.own.value(side, whole=True)
                    if ground.same(whole, entry.delta):
                        continue
                    pieces = self._pieces(v, self.held)
                    mistake = self._explain(v, value, entry, entry.delta, list(dict.fromkeys(p.reader for p in pieces)))
                    said = self.own.example(side.written.strip(), value, entry.delta).split(":")[0]
                    last = entry.item.sides[-1].written.strip()
                    why = mistake.why if mistake else "the sides of this line are not equal"
                    kind = mistake.kind if mistake else "sides"
                    out[i] = Finding(side.line, side.span, "wrong", kind, last, why, f"{said}: they differ")
                    break
        return out

    def _wrong(self, v: str, entries: list[Entry]) -> list[Finding]:
        """Which of the lines of one gradient is at fault: the first that brings nothing that must arrive."""
        own = self.own
        pieces = self._pieces(v, self.held)
        named, left = self._named(entries, pieces)
        loose: list[int] = []
        over: int | None = None
        for i, entry in enumerate(entries):
            whole = any(own.ground.same(entry.delta, w) for w in (self.wanted[v], own.graph.true[v]))
            if entry.replaces and whole and i not in named:
                left, loose, over = [], [], None
                continue
            if entry.replaces and over is None:
                over = i
            taken = named.get(i) or self._subset(entry.delta, left)
            if taken is None:
                loose.append(i)
            else:
                left = [p for p in left if p not in taken]
        out = self._all(entries, "right" if own.ground.same(self.wanted[v], own.graph.true[v]) else "consistent")
        if loose and own.ground.same(self._sum([entries[i].delta for i in loose]), self._sum([p.value for p in left])):
            loose, left = [], []  # one contribution, in parts
        if not loose and over is None:
            # a line that brings 0 where what it names should arrive
            waiting = {p.reader for p in left}
            loose = [i for i, e in enumerate(entries) if i not in named and waiting & self._mentioned(e)][:1]
        first = min([*loose, *([over] if over is not None else [])], default=None)
        if first is None:
            return self._missing(v, entries, out, left)
        if over is not None and first == over:
            return self._overwrites(v, entries, out, over)
        for i in loose:
            out = self._loose(v, entries, out, i, left, len(loose) > 1)
        return out

    def _named(self, entries: list[Entry], pieces: list[Piece]) -> tuple[dict[int, list[Piece]], list[Piece]]:
        """What each line brings of the readers that it names, and the pieces that no line was found to bring."""
        found: dict[int, list[Piece]] = {}
        left = list(pieces)
        for i, entry in enumerate(entries):
            mentioned = self._mentioned(entry)
            taken = self._subset(entry.delta, [p for p in left if p.reader in mentioned])
            if taken:
                found[i] = taken
                left = [p for p in left if p not in taken]
        return found, left

    def _overwrites(self, v: str, entries: list[Entry], out: list[Finding], i: int) -> list[Finding]:
        own = self.own
        before = ", ".join([str(e.item.line.number) for e in entries[:i]])
        lines = f"line{'s' * (i > 1)} {before}"
        called = own.wording.gradient(v)
        readers = [u for u in dict.fromkeys(own.graph.readers[v]) if v in own.graph.local[u]]
        paths = f", which is read by {' and '.join(readers)}" if len(readers) > 1 else ""
        why = f"= replaces what {lines} gave {called}; where paths meet at {v}{paths}, their contributions add"
        entry = entries[i]
        should = f"{called} += {entry.item.sides[-1].written.strip()}"
        return self._blame(out, entries, entry, Mistake("overwrite", why), should, self.wanted[v], own.grads[v])

    def _missing(self, v: str, entries: list[Entry], out: list[Finding], left: list[Piece]) -> list[Finding]:
        own = self.own
        last = entries[-1]
        called = own.wording.gradient(v)
        readers = list(dict.fromkeys(p.reader for p in left))
        named = " and ".join(readers)
        if not readers:
            why = "it adds what belongs to no path"
            return self._blame(
                out, entries, last, Mistake("", why), self._should(v, last), self.wanted[v], own.grads[v]
            )
        why = f"what arrives along {named} is left out: {named} reads {v} too, and where paths meet, contributions add"
        places = own.graph.nodes[readers[0]].pieces[v]
        if len(places) > sum(p.reader == readers[0] for p in left):
            why = f"{readers[0]} reads {v} in {len(places)} places, and not all are here: their contributions add"
        whole = f"{called} = {own.wording.total(v)}"
        return self._blame(out, entries, last, Mistake("missing", why), whole, self.wanted[v], own.grads[v])

    def _loose(
        self, v: str, entries: list[Entry], out: list[Finding], i: int, left: list[Piece], several: bool
    ) -> list[Finding]:
        """A line that brings nothing that must arrive: which of what is left it was meant to bring."""
        own, entry = self.own, entries[i]
        sign = "+=" if i and not entry.replaces else entry.item.sign
        if v == own.claim.output:
            why = "the gradient of the output by itself is 1"
            return self._blame(
                out, entries, entry, Mistake("", why), f"{own.wording.gradient(v)} = 1", own.ground.one(1), entry.delta
            )
        early = self._too_early(v, entry)
        if early is not None:
            return self._blame(
                out, entries, entry, early, f"this line, but below all that add to {early.why.split()[0]}", None
            )
        readers = list(dict.fromkeys(p.reader for p in left))
        if not readers:
            used = self._subset(entry.delta, self._pieces(v, self.held))
            why = (
                "it adds what an earlier line has added already"
                if used
                else "nothing more arrives here: all is there already"
            )
            mistake = Mistake("twice", why)
            return self._blame(out, entries, entry, mistake, "no line here", self.wanted[v], own.grads[v])
        rest = self._sum([p.value for p in left])
        tries = [(readers, rest)]
        if len(readers) > 1:
            tries += [([r], self._sum([p.value for p in left if p.reader == r])) for r in readers]
        # two readers that send the same: the line may have been meant for the other
        twins = [([p.reader], p.value) for p in self._pieces(v, self.held) if own.ground.same(p.value, rest)]
        tries += sorted(twins, key=lambda t: t[0][0] not in self._mentioned(entry))
        if twins and self._mentioned(entry) and not self._mentioned(entry) & {*readers}:
            tries = [*tries[1:], tries[0]]
        for some, wanted in tries[:MOST_TRIES]:
            for k, value in enumerate(entry.sides):
                mistake = self._explain(v, value, entry, wanted, some)
                if mistake is not None:
                    should = f"{own.wording.gradient(v)} {sign} {own.wording.total(v, some)}"
                    return self._blame(out, entries, entry, mistake, should, wanted, value, k)
        right = next((k for k, value in enumerate(entry.sides) if self._subset(value, left) is not None), None)
        bad = len(entry.sides) - 1 if right is not None else 0
        some = [r for r in readers if r in self._mentioned(entry)] or readers[:1] if several else readers
        wanted = self._sum([p.value for p in left if p.reader in some])
        should = f"{own.wording.gradient(v)} {sign} {own.wording.total(v, some)}"
        why = "it is not upstream × local, summed over what reads " + v
        return self._blame(out, entries, entry, Mistake("", why), should, wanted, entry.sides[bad], bad)

    def _mentioned(self, entry: Entry) -> set[str]:
        found = self.own.claim.derivatives
        return {found[n][1] for s in entry.item.sides for n in names_in(s.tree) if n in found}

    def _too_early(self, v: str, entry: Entry) -> Mistake | None:
        """Whether the line is right but for a gradient that was not complete when it ran."""
        own = self.own
        held = own.expected(entry.found, known=True)
        changed = [
            u for u in held if u in entry.found and u in own.grads and not own.ground.same(held[u], own.grads[u])
        ]
        near = [u for u in changed if u in own.graph.readers[v] and u in self._mentioned(entry)]
        if not near or self._subset(entry.delta, self._pieces(v, held)) is None:
            return None
        called = own.wording.gradient(near[0])
        return Mistake("early", f"{called} is read here before it is complete: a later line still adds to it")

    def _explain(self, v: str, said: Values, entry: Entry, wanted: Values, readers: list[str]) -> Mistake | None:
        own = self.own
        edges = [e for e in own.edges(v, self.held) if e.u in readers]
        return own.mistakes.find(said, wanted, edges, self.held, self._mentioned(entry))

    def _blame(
        self,
        out: list[Finding],
        entries: list[Entry],
        entry: Entry,
        mistake: Mistake,
        should: str,
        wanted: Values | None,
        said: Values | None = None,
        side: int = -1,
    ) -> list[Finding]:
        own = self.own
        place = entries.index(entry)
        at = entry.item.sides[side]
        span = entry.item.head if mistake.kind == "overwrite" else at.span
        if mistake.kind == "overwrite":
            span = (entry.item.head[0], at.span[0])
        called = own.wording.gradient(entry.item.target)
        example = own.example(called, said, wanted) if wanted is not None and said is not None else ""
        if mistake.kind not in ("overwrite", "missing", "twice") and len(entries) > 1 and example:
            example = example.replace(f": {called} is ", ": it should give ").replace(
                "and this line gives", "and gives"
            )
        found = Finding(at.line, span, "wrong", mistake.kind, should, mistake.why, example)
        return [*out[:place], found, *out[place + 1 :]]

    def _should(self, v: str, entry: Entry) -> str:
        return f"{self.own.wording.gradient(v)} = {self.own.wording.total(v)}"

    def _sum(self, values: list[Values]) -> Values:
        return sum(values[1:], values[0]) if values else self.own.ground.one(0)

    def _subset(self, value: Values, pieces: list[Piece]) -> list[Piece] | None:
        """Pieces that add up to `value`: whole readers first."""
        same = self.own.ground.same
        readers = list(dict.fromkeys(p.reader for p in pieces))
        for many in range(1, len(readers) + 1 if len(readers) <= FEW else 2):
            for some in combinations(readers, many):
                taken = [p for p in pieces if p.reader in some]
                if same(value, self._sum([p.value for p in taken])):
                    return taken
        if len(pieces) <= FEW and len(readers) < len(pieces):
            for many in range(1, len(pieces)):
                for taken in combinations(pieces, many):
                    if same(value, self._sum([p.value for p in taken])):
                        return list(taken)
        if pieces and same(value, self._sum([p.value for p in pieces])):
            return list(pieces)
        return [] if same(value, self.own.ground.one(0)) else None
