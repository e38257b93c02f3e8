"""Nothing in a drawing touches what it should not, and the same diagram is always drawn alike."""

import itertools
import pickle
import random
import subprocess
import sys
import threading

import pytest

from chalkgrad.errors import ChalkgradError
from chalkgrad.render.columns import Item, set_heights
from chalkgrad.render.diagram import Diagram, Node, Wire
from chalkgrad.render.layout import place


def given(name, value="", gradient=""):
    return Node(name, "input", "", name, value, gradient)


def gate(id, sign, name="", value="", gradient=""):
    return Node(id, "gate", sign, name, value, gradient, sign in ("+", "×", "max"))


def drawing(nodes, wires, **others):
    nodes = (*nodes, Node("out", "output", "", "f"))
    return Diagram("f", "a graph", nodes, tuple(Wire(*wire) for wire in wires), (), (), **others)


def product_of_sum(**others):
    return drawing(
        [given("x"), given("y"), given("z"), gate("q", "+", "q"), gate("p", "×")],
        [
            ("x", "q", "-2", "-4"),
            ("y", "q", "5", "-4"),
            ("q", "p", "3", "-4"),
            ("z", "p", "-4", "3"),
            ("p", "out", "-12", "1"),
        ],
        **others,
    )


def fork(**others):
    return drawing(
        [given("x", "-2", "-3"), given("y"), given("z"), gate("g", "+", "g"), gate("h", "×", "h"), gate("s", "+")],
        [
            ("x", "g", "-2", "-4"),
            ("y", "g", "5", "-4"),
            ("g", "h", "3", "-4"),
            ("z", "h", "-4", "3"),
            ("h", "s", "-12", "1"),
            ("x", "s", "-2", "1"),
            ("s", "out", "-14", "1"),
        ],
        **others,
    )


def neuron(**others):
    names = ("w_0", "x_0", "w_1", "x_1", "w_2")
    gates = [
        ("m", "×"),
        ("n", "×"),
        ("a", "+"),
        ("c", "+"),
        ("neg", "*-1"),
        ("exp", "exp"),
        ("one", "+1"),
        ("inv", "1/x"),
    ]
    chain = ["c", "neg", "exp", "one", "inv", "out"]
    return drawing(
        [*map(given, names), *itertools.starmap(gate, gates)],
        [("w_0", "m", "2.00", "-0.20"), ("x_0", "m", "-1.00", "0.39"), ("w_1", "n", "-3.00", "-0.39")]
        + [("x_1", "n", "-2.00", "-0.59"), ("m", "a", "-2.00", "0.20"), ("n", "a", "6.00", "0.20")]
        + [("a", "c", "4.00", "0.20"), ("w_2", "c", "-3.00", "0.20")]
        + [(one, two, "1.00", "-0.53") for one, two in itertools.pairwise(chain)],
        **others,
    )


def graph(size, seed, far=12, **others):
    """A random graph whose every gate is used."""
    choose = random.Random(seed)

    def number():
        return choose.choice([f"{choose.uniform(-99, 99):.2f}", f"{choose.uniform(-0.01, 0.01):.2g}", "", "7"])

    ids = [f"x_{i}" for i in range(max(2, size // 5))]
    nodes, wires, unused = [given(id) for id in ids], [], list(ids)
    while len(nodes) < size or len(unused) > 1:
        id, late = f"g{len(nodes)}", len(nodes) >= size
        sign = "+" if late else choose.choice(["+", "×", "max", "-", "/", "σ", "exp", "leaky_relu", "^2", "1/x"])
        count = 2 if sign in ("+", "×", "max", "-", "/") else 1
        for _ in range(count):
            source = unused[0] if late or (unused and choose.random() < 0.6) else choose.choice(ids[-far:])
            if source in unused:
                unused.remove(source)
            wires.append((source, id, number(), number(), choose.choice(["", "", "", "g_1"])))
        nodes.append(gate(id, sign, choose.choice(["", "", f"h_{{{len(nodes)}}}", "a long name"])))
        ids.append(id)
        unused.append(id)
    wires.append((unused[0], "out", number(), "1.00"))
    uses = [wire[0] for wire in wires]
    nodes = [
        n if uses.count(n.id) == 1 else Node(n.id, n.kind, n.sign, n.name, number(), number(), n.symmetric)
        for n in nodes
    ]
    return drawing(nodes, wires, **others)


HUB = drawing(
    [given("x", "1", "20"), *(gate(f"g{i}", "+") for i in range(20))],
    [("x", "g0", "1", "1"), ("g19", "out", "21", "1")]
    + [(source, f"g{i}", "1", "1") for i in range(1, 20) for source in (f"g{i - 1}", "x")],
)
DRAWINGS = {
    "product of a sum": product_of_sum(),
    "fork": fork(),
    "neuron": neuron(),
    "hub": HUB,
    "no gate": drawing([given("x", "1", "1")], [("x", "out", "1", "1")]),
    "unused input": drawing([given("x"), given("y", "3", "0")], [("x", "out", "1", "1")]),
    "nothing": Diagram("", "", (), (), (), ()),
    "one value twice": drawing(
        [given("x", "3", "6"), gate("g", "×")], [("x", "g", "3", "3")] * 2 + [("g", "out", "9", "1")]
    ),
    "twelve terms": drawing(
        [*(given(f"x_{{{i}}}") for i in range(12)), gate("s", "+", "s")],
        [(f"x_{{{i}}}", "s", str(i), "1") for i in range(12)] + [("s", "out", "66", "1")],
    ),
    "blank neuron": drawing(neuron().nodes[:-1], [(w.source, w.target, "", "") for w in neuron().wires], blank=True),
    "noted": fork(note="summary: 1200 nodes, of which 7 are drawn"),
    **{f"{size} nodes, seed {seed}": graph(size, seed) for size in (5, 10, 30, 60) for seed in range(6)},
    **{f"{size} far nodes": graph(size, 1, far=99) for size in (30, 60)},
    "blank": graph(20, 3, blank=True),
}


def points(path):
    """The path, followed closely."""
    yield path[0]
    for before, step in itertools.pairwise(path):
        start, inner, end = before[-2:], step[:-2] or before[-2:] + step[-2:], step[-2:]
        a, b, c, d = start, inner[:2], inner[2:], end
        for k in range(1, 41):
            t = k / 40
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(w * p[i] for w, p in zip(weights, (a, b, c, d), strict=True)) for i in (0, 1))


def overlap(one, two, slack=0.3):
    return one[0] + slack < two[2] and two[0] + slack < one[2] and one[1] + slack < two[3] and two[1] + slack < one[3]


def inside(point, box, slack=0.3):
    return box[0] + slack < point[0] < box[2] - slack and box[1] + slack < point[1] < box[3] - slack


def depth(point, shape):
    """How far a point lies inside a gate's outline; negative outside."""
    middle = max(0.0, abs(point[0] - shape.x) - (shape.half_width - shape.radius))
    return shape.radius - (middle**2 + (point[1] - shape.y) ** 2) ** 0.5


@pytest.mark.parametrize("name", DRAWINGS)
class TestClear:
    def test_labels_and_gates_keep_apart(self, name):
        placed = place(DRAWINGS[name])
        things = [text for text in placed.texts if text.role != "sign"]
        for one, two in itertools.combinations([*things, *placed.slots, *placed.gates], 2):
            assert not overlap(one.box, two.box), (one, two)

    def test_no_wire_crosses_a_label(self, name):
        placed = place(DRAWINGS[name])
        for line in placed.lines:
            for point in points(line.path):
                for thing in (*placed.texts, *placed.slots):
                    assert not inside(point, thing.box), (line, thing)

    def test_wires_meet_the_gates_they_join_and_no_other(self, name):
        placed = place(DRAWINGS[name])
        shapes = {shape.id: shape for shape in placed.gates}
        hubs = {line.source for line in placed.lines if line.target == ""}
        for line in placed.lines:
            if line.target in shapes:
                assert depth(line.path[-1][-2:], shapes[line.target]) == pytest.approx(0, abs=0.03)
            if line.source in shapes and (line.target == "" or line.source not in hubs):
                assert depth(line.path[0], shapes[line.source]) == pytest.approx(0, abs=0.03)
            for point in points(line.path):
                assert all(depth(point, shape) < 0.3 for shape in placed.gates), line

    def test_signs_stand_in_their_circles(self, name):
        placed = place(DRAWINGS[name])
        signs = [text for text in placed.texts if text.role == "sign"]
        for text, shape in zip(signs, placed.gates, strict=True):
            left, top, right, bottom = text.box
            assert all(depth(corner, shape) > 0 for corner in itertools.product((left, right), (top, bottom))), text

    def test_everything_is_in_the_frame(self, name):
        placed = place(DRAWINGS[name])
        for thing in (*placed.texts, *placed.slots, *placed.gates):
            left, top, right, bottom = thing.box
            assert 0 <= left <= right <= placed.width
            assert 0 <= top <= bottom <= placed.height


def test_every_value_and_gradient_is_drawn_once():
    for diagram in (product_of_sum(), fork(), neuron()):
        wanted = [
            (role, getattr(thing, role)) for thing in (*diagram.nodes, *diagram.wires) for role in ("value", "gradient")
        ]
        drawn = [(text.role, text.text) for text in place(diagram).texts if text.role in ("value", "gradient")]
        assert sorted(drawn) == sorted(pair for pair in wanted if pair[1])


def test_a_value_used_once_is_drawn_once_even_if_given_twice():
    diagram = drawing([given("x", "3", "1")], [("x", "out", "3", "1")])
    assert [text.text for text in place(diagram).texts] == ["x", "f", "3", "1"]


def test_values_stand_above_and_gradients_below_their_wire():
    placed = place(product_of_sum())
    for line in placed.lines:
        wire = next(w for w in product_of_sum().wires if (w.source, w.target) == (line.source, line.target))
        near = [t for t in placed.texts if t.text in (wire.value, wire.gradient) and t.role in ("value", "gradient")]
        above = [t for t in near if t.role == "value" and any(inside((x, y - 6), t.box) for x, y in points(line.path))]
        below = [
            t for t in near if t.role == "gradient" and any(inside((x, y + 6), t.box) for x, y in points(line.path))
        ]
        assert wire.value in {t.text for t in above}
        assert wire.gradient in {t.text for t in below}


@pytest.mark.parametrize("size", [5, 30, 60])
def test_inputs_stand_in_one_column_in_their_order(size):
    diagram = graph(size, 4)
    texts = {text.text: text for text in place(diagram).texts if text.role == "name"}
    names = [texts[node.name] for node in diagram.nodes if node.kind == "input"]
    assert len({round(text.box[2], 1) for text in names}) == 1
    assert [text.y for text in names] == sorted(text.y for text in names)


@pytest.mark.parametrize("seed", range(6))
def test_the_sides_of_a_difference_keep_their_order(seed):
    diagram = graph(30, seed)
    arrivals = {}
    for line in place(diagram).lines:
        arrivals.setdefault(line.target, []).append(line.path[-1][-1])
    for node in diagram.nodes:
        if node.sign in ("-", "/"):
            assert arrivals[node.id] == sorted(arrivals[node.id])


def test_wires_cross_far_from_a_gate_that_needs_their_order():
    one, two, first, second, target = (Item(column) for column in (0, 0, 1, 1, 2))
    wires = [[two, first, target], [one, second, target]]
    set_heights([one, two, first, second, target], wires, ordered=[target])
    assert one.y < two.y
    assert first.y < second.y
    set_heights([one, two, first, second, target], wires, ordered=[])
    assert second.y < first.y


def test_a_chain_is_one_level_line():
    chain = ["x", *(f"g{i}" for i in range(6))]
    diagram = drawing(
        [given("x"), *(gate(id, "exp") for id in chain[1:])],
        [(one, two, "0.37", "-0.53") for one, two in itertools.pairwise([*chain, "out"])],
    )
    assert len({round(y, 6) for line in place(diagram).lines for _, y in points(line.path)}) == 1


def test_blank_leaves_room_wherever_nothing_is_printed():
    full, blank = neuron(), DRAWINGS["blank neuron"]
    placed = place(blank)
    assert len(placed.slots) == 2 * len(full.wires)
    assert {slot.role for slot in placed.slots} == {"value", "gradient"}
    assert not place(full).slots


def test_what_is_given_on_a_worksheet_is_printed():
    diagram = drawing([given("x")], [("x", "out", "3", "")], blank=True)
    placed = place(diagram)
    assert "3" in {text.text for text in placed.texts}
    assert [slot.role for slot in placed.slots] == ["gradient"]


def test_long_labels_are_cut_and_notes_are_not():
    note = "summary: 1200 nodes, of which the first seven are drawn"
    placed = place(drawing([given("n" * 500)], [("n" * 500, "out", "1", "1")], note=note))
    assert placed.width < 500
    assert note in {text.text for text in placed.texts}


@pytest.mark.parametrize(
    ("nodes", "wires", "said"),
    [
        ([given("x"), given("x")], [], "same id"),
        ([given("x")], [("x", "nowhere", "", "")], "lacks an end"),
        ([gate("a", "+"), gate("b", "+")], [("a", "b", "", ""), ("b", "a", "", "")], "circle"),
    ],
)
def test_what_is_no_graph_is_refused(nodes, wires, said):
    with pytest.raises(ChalkgradError, match=said):
        place(drawing(nodes, wires))


def test_what_is_too_large_is_refused_at_once():
    with pytest.raises(ChalkgradError, match="too large"):
        place(graph(3000, 1, far=3000))


def test_long_sums_do_not_take_long():
    terms = [f"x_{{{i}}}" for i in range(200)]
    wires = [(terms[0], "g1", "1", "1")] + [(terms[i], f"g{i}", "1", "1") for i in range(1, 200)]
    wires += [(f"g{i}", f"g{i + 1}", "1", "1") for i in range(1, 199)] + [("g199", "out", "200", "1")]
    placed = place(drawing([*map(given, terms), *(gate(f"g{i}", "+") for i in range(1, 200))], wires))
    assert len(placed.gates) == 199


def test_another_process_places_the_same():
    code = "import pickle, sys\nfrom chalkgrad.render.layout import place\n"
    code += "print([place(d) for d in pickle.load(sys.stdin.buffer)])"
    diagrams = [neuron(), fork(), graph(30, 1)]
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            input=pickle.dumps(diagrams),
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        )
        assert done.stdout.decode().strip() == str([place(diagram) for diagram in diagrams])


def test_threads_may_draw_at_once():
    diagrams = [graph(20, seed) for seed in range(6)]
    alone = [place(diagram) for diagram in diagrams]
    found = {}

    def draw(index):
        found[index] = [place(diagrams[index]) for _ in range(5)]

    threads = [threading.Thread(target=draw, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(found[index] == [alone[index]] * 5 for index in range(6))
