"""Nests of arguments: which are leaves, what they are called, and how they are put together again."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from chalkgrad.errors import TraceError
from chalkgrad.ir.run import Run
from chalkgrad.trace.record import record
from chalkgrad.trace.trees import flatten

Layer = namedtuple("Layer", "W b")


@pytest.mark.parametrize(
    ("value", "leaves", "names"),
    [
        (1.0, [1.0], ("p",)),
        (3, [3], ("p",)),
        ((1.0, 2.0), [1.0, 2.0], ("p_0", "p_1")),
        ([1.0, [2.0, 3]], [1.0, 2.0, 3], ("p_0", "p_1_0", "p_1_1")),
        ({"W1": 1.0, "b 1": 2.0}, [1.0, 2.0], ("p_W1", "p_b_1")),
        (OrderedDict(b=1.0, a=2.0), [1.0, 2.0], ("p_b", "p_a")),
        (Layer(1.0, None), [1.0], ("p_W",)),
        ({"layers": [Layer(1.0, 2.0)]}, [1.0, 2.0], ("p_layers_0_W", "p_layers_0_b")),
        ((0, 1), [], ()),
        ([[1, 2], (3,)], [], ()),
        ((), [], ()),
        (None, [], ()),
        ("text", [], ()),
        (True, [], ()),
        ((1.0, True, "a", None, (2, 2)), [1.0], ("p_0",)),
    ],
)
def test_leaves_names_and_back(value, leaves, names):
    found, tree = flatten(value)
    assert found == leaves
    assert tree.names("p") == names
    assert tree.count == len(leaves)
    back = tree.unflatten(found)
    assert back == value
    assert type(back) is type(value)


def test_equal_shapes_are_equal_and_hash_alike():
    same = [flatten(v)[1] for v in ({"a": [1.0, None], "k": (1, 2)}, {"a": [np.ones(3), None], "k": (1, 2)})]
    assert same[0] == same[1]
    assert hash(same[0]) == hash(same[1])
    for other in ({"a": [1.0, True], "k": (1, 2)}, {"a": [1.0, None], "k": (1, 3)}, {"b": [1.0, None], "k": (1, 2)}):
        assert flatten(other)[1] != same[0]
    assert flatten((1.0,))[1] != flatten([1.0])[1]
    assert flatten(True)[1] != flatten(None)[1]
    assert flatten([1, 2])[1] != flatten((1, 2))[1]


def test_unhashable_objects_are_equal_to_themselves_only():
    one, two = {1, 2}, {1, 2}
    assert flatten(one)[1] == flatten(one)[1]
    assert flatten(one)[1] != flatten(two)[1]


def test_too_few_leaves():
    with pytest.raises(ValueError, match="1 leaves for a tree of 2"):
        flatten((1.0, 2.0))[1].unflatten([1.0])


def test_nests_in_and_out():
    def f(params, x, *rest, scale=None, **named):
        h = np.tanh(params["layers"][0].W @ x + params["layers"][0].b)
        return {"h": h, "all": (h.sum(), [rest[0] * 2, named["k"]]), "mode": "sum"}

    params = {"layers": [Layer(np.eye(2), np.ones(2))]}
    made = record(f, (params, np.ones(2), 5.0), {"k": 3.0})
    names = ["params_layers_0_W", "params_layers_0_b", "x", "rest_0", "k"]
    assert [v.hint for v in made.program.inputs] == names
    assert [n for n, _ in made.arguments] == ["params", "x", "rest_0", "k"]
    values = [np.eye(2), np.ones(2), np.ones(2), np.float64(5), np.float64(3)]
    found = made.result.unflatten(Run(made.program)(values))
    want = f(params, np.ones(2), 5.0, k=3.0)
    np.testing.assert_array_equal(found["h"], want["h"])
    assert found["all"] == want["all"]
    assert found["mode"] == "sum"


def test_a_nest_may_not_hide_what_is_no_number():
    with pytest.raises(TraceError, match="p_1 of f is a MaskedArray"):
        record(lambda p: p, ([1.0, np.ma.masked_array([1.0])],), {})
