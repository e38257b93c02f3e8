"""Which column each thing stands in, and how high.

Graphviz orders every column with few crossings and keeps what stands in it apart. Then wires are straightened
as far as their neighbours leave room.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from chalkgrad.errors import ChalkgradError
from chalkgrad.render import graphviz
from chalkgrad.render.diagram import Diagram, Node

APART = 10.0
"""Between two boxes of a column."""

_MANY = 1500
_SWEEPS = 8


@final
@dataclass(eq=False, slots=True)
class Item:
    """What stands in a column: a node, a wire's label, or a wire that passes through."""

    column: int
    left: float = 0.0
    right: float = 0.0
    half_height: float = 3.0
    passing: bool = False
    y: float = 0.0


def in_order(diagram: Diagram) -> list[Node]:
    """The nodes, each after those that it is made of.

    Raises
    ------
    ChalkgradError
        When two nodes share an id, a wire lacks an end, or the wires run in a circle.
    """
    nodes = {node.id: node for node in diagram.nodes}
    if len(nodes) < len(diagram.nodes):
        raise ChalkgradError("two nodes of a drawing have the same id")
    waiting = dict.fromkeys(nodes, 0)
    users: dict[str, list[str]] = {id: [] for id in nodes}
    for wire in diagram.wires:
        if wire.source not in nodes or wire.target not in nodes:
            raise ChalkgradError(f"a drawing's wire from {wire.source!r} to {wire.target!r} lacks an end")
        waiting[wire.target] += 1
        users[wire.source].append(wire.target)
    ready = [id for id in nodes if not waiting[id]]
    for id in ready:
        for user in users[id]:
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if len(ready) < len(nodes):
        raise ChalkgradError("the wires of a drawing run in a circle")
    return [nodes[id] for id in ready]


def ranks(diagram: Diagram, *, late: bool = False) -> dict[str, int]:
    """Each node's place among the columns of nodes: inputs first, the output last, gates early.

    With `late`, each input stands before its first use: of many long wires, few are left.
    """
    order = in_order(diagram)
    sources: dict[str, list[str]] = {node.id: [] for node in order}
    users: dict[str, list[str]] = {node.id: [] for node in order}
    for wire in diagram.wires:
        sources[wire.target].append(wire.source)
        users[wire.source].append(wire.target)
    rank: dict[str, int] = {}
    for node in order:
        rank[node.id] = max((rank[source] + 1 for source in sources[node.id]), default=0)
    last = max(rank.values(), default=0)
    for node in reversed(order):
        if node.kind == "output":
            rank[node.id] = last
        elif len(users[node.id]) > len(sources[node.id]) and (late or node.kind == "gate"):
            rank[node.id] = min(rank[user] for user in users[node.id]) - 1  # fewer long wires
    return rank


def set_heights(items: Sequence[Item], wires: Sequence[Sequence[Item]], ordered: Iterable[Item]) -> None:
    """Give every item its `y`.

    Parameters
    ----------
    items : sequence of Item
        Those of the first column keep their order.
    wires : sequence of sequence of Item
        What each wire passes, an item a column, from its source to its target; grouped by target.
    ordered : iterable of Item
        The targets whose wires must arrive in the order given.
    """
    key = {item: f"n{index}" for index, item in enumerate(items)}
    pairs = list(dict.fromkeys(pair for wire in wires for pair in pairwise(wire)))
    leaving, arriving = Counter(one for one, _ in pairs), Counter(two for _, two in pairs)
    links = [(one, two, 8 if _straight(one, two, leaving, arriving) else 1) for one, two in pairs]
    # whole points, as Graphviz reckons in them: else level wires would be off by a half
    lines = [f"{key[item]}[height={2 * math.ceil(item.half_height) / 72:.5f}]" for item in items]
    lines += [f"{key[item]}[ordering=in]" for item in ordered]
    first = [key[item] for item in items if item.column == 0]
    lines.append("{rank=same;" + "->".join(first) + ("[style=invis]" if len(first) > 1 else "") + "}")
    lines += [f"{key[one]}->{key[two]}[weight={weight}]" for one, two, weight in links]
    effort = 1 if len(items) <= _MANY else (_MANY / len(items)) ** 2 / 10
    limit = f"nslimit={effort:.4f};nslimit1={effort:.4f};mclimit={effort / 2:.4f};" if effort < 1 else ""
    found = graphviz.layout(
        f"digraph{{rankdir=LR;splines=false;nodesep={APART / 72:.5f};ranksep=0.02;{limit}"
        'node[shape=box,fixedsize=true,label="",width=0.02,ordering=""];edge[arrowhead=none];\n'
        + "\n".join(lines)
        + "}"
    )
    place = {thing["name"]: thing["pos"] for thing in found["objects"] if "pos" in thing}
    for item in items:
        item.y = -float(place[key[item]].split(",")[1])
    _straighten(items, links)


def _straight(one: Item, two: Item, leaving: Counter[Item], arriving: Counter[Item]) -> bool:
    """Whether a wire should be level between two items: nothing else pulls at it there."""
    return (one.passing and two.passing) or (leaving[one] == 1 and arriving[two] == 1)


def _straighten(items: Sequence[Item], links: Sequence[tuple[Item, Item, int]]) -> None:
    """Make wires level where the order of the columns leaves room for it."""
    near: dict[Item, list[tuple[Item, int]]] = {item: [] for item in items}
    follows: dict[Item, Item] = {}
    for one, two, weight in links:
        near[one].append((two, weight))
        near[two].append((one, weight))
        if weight > 1:
            follows[one] = two
    followers = set(follows.values())
    runs: list[list[Item]] = []
    for head in items:
        if head not in followers:
            runs.append([head])
            while runs[-1][-1] in follows:
                runs[-1].append(follows[runs[-1][-1]])
    above, below = _neighbours(items)
    for sweep in range(_SWEEPS):
        before = [item.y for item in items]
        for run in runs if sweep % 2 else reversed(runs):
            start = 0
            while start < len(run):
                low, high, stop = -math.inf, math.inf, start
                for item in run[start:]:
                    over, under = above.get(item), below.get(item)
                    top = over.y + _distance(over, item) if over else -math.inf
                    bottom = under.y - _distance(item, under) if under else math.inf
                    if max(low, top) > min(high, bottom):
                        break
                    low, high, stop = max(low, top), min(high, bottom), stop + 1
                stop = max(stop, start + 1)
                _move(run[start:stop], low, high, near)
                start = stop
        if before == [item.y for item in items]:
            return


def _neighbours(items: Sequence[Item]) -> tuple[dict[Item, Item], dict[Item, Item]]:
    columns: dict[int, list[Item]] = {}
    for item in items:
        columns.setdefault(item.column, []).append(item)
    pairs = [pair for column in columns.values() for pair in pairwise(sorted(column, key=lambda item: item.y))]
    return {two: one for one, two in pairs}, dict(pairs)


def _distance(one: Item, two: Item) -> float:
    return math.ceil(one.half_height) + math.ceil(two.half_height) + APART


def _move(run: Sequence[Item], low: float, high: float, near: dict[Item, list[tuple[Item, int]]]) -> None:
    """Bring a run to one height between two bounds, the nearest to what it is wired to."""
    inside = set(run)
    pulls = sorted((other.y, weight) for item in run for other, weight in near[item] if other not in inside)
    now = sorted(item.y for item in run)[len(run) // 2]
    if pulls:
        half, total = sum(weight for _, weight in pulls) / 2, 0
        least = most = pulls[-1][0]
        for index, (y, weight) in enumerate(pulls):
            total += weight
            if total >= half:
                least = y
                most = pulls[index + 1][0] if total == half else y
                break
        now = max(least, min(now, most))
    now = max(low, min(now, high))
    for item in run:
        item.y = now
