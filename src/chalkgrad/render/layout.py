"""Where everything in a drawing stands: Diagram in, coordinates out, for SVG and TikZ alike.

Nodes and labels stand in alternate columns, and every wire passes through every column between its ends: a
wire is level inside a column and bends only between two. Graphviz keeps what shares a column apart and orders
it with few crossings, so a wire can meet no label and no node but its own. Points; y grows downward.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

from chalkgrad.errors import ChalkgradError
from chalkgrad.render.columns import APART, Item, set_heights
from chalkgrad.render.diagram import Diagram, Node, Room, Rooms
from chalkgrad.render.fitting import HUB, fitting_ranks, shortened
from chalkgrad.render.placed import Gate, Line, Placed, Role, Slot, Text
from chalkgrad.render.typeset import typeset

MARGIN = 12.0
RADIUS = 13.0
SLOT = (34.0, 15.0)  # room to write a number by hand
SCALE: dict[Role, float] = {"name": 1.2, "sign": 1.15, "value": 1, "gradient": 1, "label": 0.85, "note": 0.9}
INNER_NAME = 0.95  # a gate's name is smaller than an input's
OPERATOR = 1.5  # a lone + or × would look lost at the size of a word

_LEAD = 3.2  # from a wire to its value or gradient
_PAD = 4.0  # from a label's ends to its box's
_PASS = 3.0  # half of the height kept for a wire that passes through a column
_REACH = 0.7  # wires meet a circle within this part of its height
_LEVEL = 0.88  # and a level wire within this
_ANSWER = 1.1  # the size of an answer in its slot, where it fits
_AXIS = 2.6  # from a baseline up to the middle of a sign


def place(diagram: Diagram) -> Placed:
    """Lay a diagram out.

    Raises
    ------
    ChalkgradError
        When two nodes share an id, a wire has no such end, or the wires run in a circle.
    """
    return _Drawing(diagram).placed()


@final
@dataclass(frozen=True, slots=True)
class _Sides:
    """What stands about a wire or a stub: above it, below it, and the label over both."""

    value: str
    gradient: str
    label: str = ""
    rooms: Rooms = (None, None)


@final
class _Drawing:
    """One drawing in the making."""

    def __init__(self, diagram: Diagram) -> None:
        found = fitting_ranks(diagram)
        if found is None:
            raise ChalkgradError(f"a graph of {len(diagram.nodes)} nodes is too large to draw whole; draw a summary")
        self.rank = found
        self.diagram = diagram = shortened(diagram)
        self.nodes = {node.id: node for node in diagram.nodes}
        self.out: dict[str, list[int]] = {id: [] for id in self.nodes}
        self.into: dict[str, list[int]] = {id: [] for id in self.nodes}
        for index, wire in enumerate(diagram.wires):
            self.out[wire.source].append(index)
            self.into[wire.target].append(index)
        texts: set[str] = set()
        for node in diagram.nodes:
            texts |= {node.sign, node.name, node.value, node.gradient}
        for wire in diagram.wires:
            texts |= {wire.value, wire.gradient, wire.label}
        self.labels = typeset(sorted(texts))
        self.gates: list[Gate] = []
        self.lines: list[Line] = []
        self.forks: list[tuple[float, float]] = []
        self.texts: list[Text] = []
        self.slots: list[Slot] = []

    def placed(self) -> Placed:
        wires = self.diagram.wires
        self.items = {id: self._node_item(node) for id, node in self.nodes.items()}
        self.at_label = [self._label_item(index) for index in range(len(wires))]
        self.trunks: dict[tuple[str, int], Item] = {}
        self.chains = [self._chain(index) for index in range(len(wires))]
        chained = dict.fromkeys(item for chain in self.chains for item in chain)
        self.all = [*self.items.values(), *chained]
        self.paths = [
            [self.items[wire.source], *chain, self.items[wire.target]]
            for wire, chain in zip(wires, self.chains, strict=True)
        ]
        strict = [node for node in self.nodes.values() if not node.symmetric]
        by_target = [self.paths[index] for id in self.nodes for index in self.into[id]]
        set_heights(self.all, by_target, [self.items[node.id] for node in strict])
        self._set_columns()
        self.ports = {index: port for id in self.nodes for index, port in self._ports(id).items()}
        # of a hub's wires this one has the trunk, and the others begin on it
        self.longest = {max(uses, key=lambda i: self.rank[wires[i].target]) for uses in self.out.values() if uses}
        for node in self.nodes.values():
            self._draw_node(node)
        for index in range(len(self.chains)):
            self._draw_wire(index)
        return self._framed()

    # sizes

    def _at_stub(self, node: Node) -> _Sides | None:
        """The value and gradient at a node's stub; None where its one wire shows them."""
        if len(self.out[node.id]) == 1 or node.kind == "output":
            return None
        return _Sides(node.value, node.gradient, rooms=node.rooms)

    def _at_wire(self, index: int) -> _Sides:
        """The value, gradient and label at a wire; what is used once stands nowhere else."""
        wire = self.diagram.wires[index]
        if len(self.out[wire.source]) > 1:
            return _Sides(wire.value, wire.gradient, wire.label, wire.rooms)
        node = self.nodes[wire.source]
        rooms = (wire.rooms[0] or node.rooms[0], wire.rooms[1] or node.rooms[1])
        return _Sides(wire.value or node.value, wire.gradient or node.gradient, wire.label, rooms)

    def _extent(self, sides: _Sides) -> tuple[float, float]:
        """The width and half the height of what stands about a wire; a room is as large empty as filled."""
        width, height = 0.0, _PASS
        for text, room in zip((sides.value, sides.gradient), sides.rooms, strict=True):
            if room is not None:
                width, height = max(width, room.width), max(height, _LEAD + room.height)
            elif text:
                size = self.labels[text]
                width = max(width, size.width)
                height = max(height, _LEAD + size.ascent + size.descent)
            elif self.diagram.blank:
                width, height = max(width, SLOT[0]), max(height, _LEAD + SLOT[1])
        if sides.label:
            size = self.labels[sides.label]
            width = max(width, size.width * SCALE["label"])
            height += 2.0 + (size.ascent + size.descent) * SCALE["label"]
        return (width + 2 * _PAD if width else 0.0), height

    def _node_item(self, node: Node) -> Item:
        item = Item(2 * self.rank[node.id])
        sides = self._at_stub(node)
        stub, item.half_height = self._extent(sides) if sides else (0.0, _PASS)
        name = self.labels[node.name]
        if node.kind == "gate":
            half, radius = self._circle(node)
            item.left, item.right = half, half + stub
            item.half_height = max(item.half_height, radius)
            if node.name:
                above = radius + _LEAD + (name.ascent + name.descent) * INNER_NAME
                item.half_height = max(item.half_height, above)
                across = max(half, self._name_half(node))
                item.left, item.right = across, across + stub
        else:
            width = name.width * SCALE["name"] + 5.0
            item.left, item.right = (width, stub) if node.kind == "input" else (0.0, width)
            item.half_height = max(item.half_height, max(name.ascent, name.descent) * SCALE["name"])
        return item

    def _name_half(self, node: Node) -> float:
        """Half the width of the name over a gate."""
        return self.labels[node.name].width * INNER_NAME / 2 + 2.0

    def _circle(self, node: Node) -> tuple[float, float]:
        """Half the width of a gate, and its radius."""
        radius = min(40.0, max(RADIUS, 2.0 * len(self.into[node.id])))
        across = self.labels[node.sign].width * _sign_scale(node.sign) / 2
        return (radius if across <= radius - 2.0 else across + 0.5 * radius), radius

    def _label_item(self, index: int) -> Item:
        wire = self.diagram.wires[index]
        hub = len(self.out[wire.source]) >= HUB
        width, height = self._extent(self._at_wire(index))
        column = 2 * self.rank[wire.target] - 1 if hub else 2 * self.rank[wire.source] + 1
        return Item(column, width / 2, width / 2, height)

    def _chain(self, index: int) -> list[Item]:
        """What a wire passes, an item a column: its label beside its source, then only itself.

        The wires of a hub share a trunk, and their labels stand beside their targets.
        """
        wire, label = self.diagram.wires[index], self.at_label[index]
        first, last = 2 * self.rank[wire.source] + 1, 2 * self.rank[wire.target]
        if len(self.out[wire.source]) < HUB:
            return [label, *(Item(column, half_height=_PASS, passing=True) for column in range(first + 1, last))]
        trunk = [
            self.trunks.setdefault((wire.source, column), Item(column, half_height=_PASS, passing=True))
            for column in range(first, last - 1)
        ]
        return [*trunk, label]

    # places

    def _set_columns(self) -> None:
        """Each column's left end, axis and right end: the steeper the wires, the wider a gap."""
        count = 1 + max((item.column for item in self.all), default=0)
        left, right, climb = [0.0] * count, [0.0] * count, [0.0] * count
        self.stacks: list[list[Item]] = [[] for _ in range(count)]
        for item in self.all:
            left[item.column] = max(left[item.column], item.left)
            right[item.column] = max(right[item.column], item.right)
            self.stacks[item.column].append(item)
        for one, two in (pair for path in self.paths for pair in pairwise(path)):
            climb[one.column] = max(climb[one.column], abs(two.y - one.y))
        # rooms to write in need the width of the page
        least, slope, most = (8.0, 0.18, 40.0) if self.diagram.rooms else (12.0, 0.3, 90.0)
        x = 0.0
        self.columns: list[tuple[float, float, float]] = []
        for column in range(count):
            axis = x + left[column]
            self.columns.append((x, axis, axis + right[column]))
            x = axis + right[column] + min(least + slope * climb[column], most)

    # marks

    def _draw_node(self, node: Node) -> None:
        item = self.items[node.id]
        _, x, end = self.columns[item.column]
        start = x
        if node.kind == "gate":
            half, radius = self._circle(node)
            self.gates.append(Gate(node.id, x, item.y, half, radius))
            name, size = self.labels[node.name], _sign_scale(node.sign)
            self._text(node.sign, "sign", x, item.y + _AXIS * size, size)
            self._text(node.name, "name", x, item.y - radius - _LEAD - name.descent * INNER_NAME, INNER_NAME)
            start = x + half
        elif node.name:
            name = self.labels[node.name]
            middle = x - 5.0 - name.width * 0.6 if node.kind == "input" else x + 5.0 + name.width * 0.6
            self._text(node.name, "name", middle, item.y + _AXIS * SCALE["name"])
        sides = self._at_stub(node)
        if sides:
            width, _ = self._extent(sides)
            self._about(x + item.right - width / 2, item.y, sides)
            stop = end if self.out[node.id] else x + item.right
            if stop > start:
                self.lines.append(Line(node.id, "", ((start, item.y), (stop, item.y))))
            if self.out[node.id]:
                self.forks.append((stop, item.y))

    def _draw_wire(self, index: int) -> None:
        wire, chain = self.diagram.wires[index], self.chains[index]
        source, target = self.items[wire.source], self.items[wire.target]
        _, x, edge = self.columns[source.column]
        if len(self.out[wire.source]) > 1:
            x = edge
        elif self.nodes[wire.source].kind == "gate":
            x += self._circle(self.nodes[wire.source])[0]
        path: list[tuple[float, ...]] = [(x, source.y)]
        branch = len(chain) > 1 and chain[-1] is self.at_label[index] and index not in self.longest
        if branch:
            edge = self.columns[chain[-2].column][2]
            path, chain = [(edge, chain[-2].y)], chain[-1:]
            self.forks.append((edge, path[0][1]))
        for item in chain:
            begin, axis, end = self.columns[item.column]
            _bend(path, edge, begin, item.y)
            edge = end
            if item is self.at_label[index]:
                self._about(axis, item.y, self._at_wire(index))
        begin, axis, _ = self.columns[target.column]
        if self.nodes[wire.target].kind == "gate":
            half, radius = self._circle(self.nodes[wire.target])
            rise = self.ports[index]
            depth = (radius * radius - rise * rise) ** 0.5
            touch = axis - half + radius - depth
            if self._free(wire.target, path[-1][-1], target.y + rise, touch):
                begin = touch
            tilt = rise / depth if rise * (path[-1][-1] - target.y - rise) > 0 and begin == touch else 0.0
            _bend(path, edge, begin, target.y + rise, tilt)
            if begin != touch:
                path.append((touch, target.y + rise))
        else:
            _bend(path, edge, begin, target.y)
        self.lines.append(Line(wire.source, wire.target, tuple(path)))

    def _free(self, id: str, start: float, stop: float, touch: float) -> bool:
        """Whether a wire may bend inside the gate's column, between two heights and up to `touch`."""
        _, axis, _ = self.columns[self.items[id].column]
        top, bottom = min(start, stop) - _PASS, max(start, stop) + _PASS
        if start < stop and axis - self._name_half(self.nodes[id]) < touch:
            return False
        return not any(
            axis - item.left < touch and item.y - item.half_height < bottom and item.y + item.half_height > top
            for item in self.stacks[self.items[id].column]
            if item is not self.items[id]
        )

    def _ports(self, id: str) -> dict[int, float]:
        """How far below a gate's axis each of its wires meets it: level where it can be, and apart."""
        radius = self._circle(self.nodes[id])[1]
        wires, y = self.into[id], self.items[id].y
        height = {index: self.chains[index][-1].y - y for index in wires}
        if self.nodes[id].symmetric:
            wires = sorted(wires, key=lambda index: height[index])
        limit = [radius * (_LEVEL if abs(height[index]) <= _LEVEL * radius else _REACH) for index in wires]
        apart = 2 * _REACH * radius / max(3, len(wires) - 1)
        ports: list[float] = []
        for index, reach in zip(wires, limit, strict=True):
            least = ports[-1] + apart if ports else -reach
            ports.append(max(least, min(height[index], reach)))
        for place in range(len(ports) - 1, -1, -1):
            most = ports[place + 1] - apart if place + 1 < len(ports) else limit[place]
            ports[place] = min(ports[place], most)
        return dict(zip(wires, ports, strict=True))

    def _about(self, x: float, y: float, sides: _Sides) -> None:
        """A value above and a gradient below the wire at `x`, `y`."""
        top = y - _LEAD
        above, below = sides.rooms
        if above is not None:
            top -= above.height
            self._room(above, "value", x, top, sides.value)
        elif sides.value:
            size = self.labels[sides.value]
            self._text(sides.value, "value", x, top - size.descent)
            top -= size.ascent + size.descent
        elif self.diagram.blank:
            top -= SLOT[1]
            self.slots.append(Slot("value", x - SLOT[0] / 2, top, *SLOT))
        if below is not None:
            self._room(below, "gradient", x, y + _LEAD, sides.gradient)
        elif sides.gradient:
            self._text(sides.gradient, "gradient", x, y + _LEAD + self.labels[sides.gradient].ascent)
        elif self.diagram.blank:
            self.slots.append(Slot("gradient", x - SLOT[0] / 2, y + _LEAD, *SLOT))
        if label := sides.label:
            self._text(label, "label", x, top - 2.0 - self.labels[label].descent * SCALE["label"])

    def _room(self, room: Room, role: Role, x: float, top: float, answer: str) -> None:
        """A slot whose upper edge is at `top`, and the answer in it, made to fit."""
        self.slots.append(Slot(role, x - room.width / 2, top, room.width, room.height, room.id))
        if answer:
            size = self.labels[answer]
            k = min(_ANSWER, (room.width - 4.0) / size.width, (room.height - 2.0) / (size.ascent + size.descent))
            self._text(answer, role, x, top + room.height / 2 + (size.ascent - size.descent) * k / 2, k, room.id)

    def _text(self, text: str, role: Role, middle: float, baseline: float, scale: float = 0.0, slot: str = "") -> None:
        if text:
            size, k = self.labels[text], scale or SCALE[role]
            x, width = middle - size.width * k / 2, size.width * k
            self.texts.append(Text(text, role, x, baseline, width, size.ascent * k, size.descent * k, k, slot))

    def _framed(self) -> Placed:
        """Everything moved into a frame whose corner is the origin, and rounded."""
        boxes = [thing.box for things in (self.texts, self.slots, self.gates) for thing in things]
        boxes += [(step[-2], step[-1], step[-2], step[-1]) for line in self.lines for step in line.path]
        left, top = (min((box[i] for box in boxes), default=0.0) for i in (0, 1))
        right, bottom = (max((box[i] for box in boxes), default=0.0) for i in (2, 3))
        if note := self.diagram.note:
            size, k = typeset([note], prose=True)[note], SCALE["note"]
            right, bottom = max(right, left + size.width * k), bottom + 2 * APART + size.ascent * k
            extent = size.width * k, size.ascent * k, size.descent * k
            self.texts.append(Text(note, "note", left, bottom, *extent, k))
            bottom += size.descent * k
        dx, dy = MARGIN - left, MARGIN - top
        return Placed(
            _round(right + dx + MARGIN),
            _round(bottom + dy + MARGIN),
            tuple(replace(gate, x=_round(gate.x + dx), y=_round(gate.y + dy)) for gate in self.gates),
            tuple(replace(line, path=tuple(_moved(s, dx, dy) for s in line.path)) for line in self.lines),
            tuple(dict.fromkeys((_round(x + dx), _round(y + dy)) for x, y in self.forks)),
            tuple(replace(text, x=_round(text.x + dx), y=_round(text.y + dy)) for text in self.texts),
            tuple(replace(slot, x=_round(slot.x + dx), y=_round(slot.y + dy)) for slot in self.slots),
        )


def _bend(path: list[tuple[float, ...]], edge: float, begin: float, y: float, tilt: float = 0.0) -> None:
    """Lead a path level to `edge`, then to height `y` at `begin`, arriving with a slope of -`tilt`."""
    x, level = path[-1][-2:]
    if level == y:
        if len(path) > 1 and len(path[-1]) == 2 and path[-2][-1] == y:
            path.pop()
        path.append((begin, y))
        return
    if x < edge:
        path.append((edge, level))
    pull = 0.45 * (begin - edge)
    lift = max(-abs(level - y), min(pull * tilt, abs(level - y)))
    path.append((edge + pull, level, begin - pull, y + lift, begin, y))


def _sign_scale(sign: str) -> float:
    return OPERATOR if len(sign) == 1 and not sign.isalnum() else SCALE["sign"]


def _moved(step: tuple[float, ...], dx: float, dy: float) -> tuple[float, ...]:
    return tuple(_round(number + (dy if i % 2 else dx)) for i, number in enumerate(step))


def _round(number: float) -> float:
    return round(number, 2) + 0.0  # + 0.0: no -0.0
