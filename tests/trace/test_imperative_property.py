"""Random imperative functions: writes, views, branches and loops give the same bits as in plain NumPy."""

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import chalkgrad as cg
from chalkgrad.ir.check import check
from chalkgrad.ir.run import Run
from chalkgrad.trace.calls import Calls
from chalkgrad.trace.record import record

N = 3
KEYS = (
    *(0, -1, slice(1, None), slice(None, None, 2), slice(None, -1), (0, 1), (slice(None), 0), (..., 2), [0, 2]),
    *((slice(None), slice(1, 3)), [2, 2], (slice(None), [1, 0]), (None, 1), slice(None, None, -1)),
)

# Each of these makes an array of an array: views, copies, and what may be either.
SEEN = (
    lambda a: a.T, lambda a: a.reshape(-1), lambda a: a.reshape(N, N) if a.size == N * N else a,
    lambda a: np.ravel(a), lambda a: a.copy(), lambda a: a[::-1], lambda a: a * 1, lambda a: a.T * 1,
    lambda a: np.transpose(a), lambda a: np.expand_dims(a, 0), lambda a: a.squeeze(), lambda a: a.flatten(),
    lambda a: np.flip(a, 0), lambda a: np.split(a, [1])[1], lambda a: a[a > 0], lambda a: np.array(a),
    lambda a: np.asarray(a), lambda a: a.swapaxes(0, -1), lambda a: np.zeros_like(a), lambda a: np.zeros(a.shape),
    lambda a: np.sort(a, axis=0), lambda a: a.reshape(-1, 1), lambda a: np.atleast_2d(a), lambda a: a.T.reshape(-1),
    lambda a: np.diagonal(a) if a.ndim > 1 else a, lambda a: np.array([a, a]) if a.size < 20 else a,
)  # fmt: skip


def fits(value, slot):
    try:
        np.broadcast_to(np.empty(value.shape), slot.shape)
    except ValueError:
        return False
    return True


def set_entries(a, b, key):
    try:
        slot = np.empty(a.shape)[key]
    except IndexError:
        return
    if getattr(b, "shape", ()) and fits(b, slot):
        a[key] = b
    else:
        a[key] = 0.5


def add_entries(a, b, key):
    try:
        np.empty(a.shape)[key]
    except IndexError:
        return
    a[key] += 1.5


def add_all(a, b, key):
    if fits(b, a):
        a += b


def scale(a, b, key):
    a *= 2


def mask_number(a, b, key):
    a[a < 0] = 0.25


def mask_array(a, b, key):
    a[a > 0.5] -= 1


def loop(a, b, key):
    for row in a:
        if row.sum() > 0:
            a[0] = row * 2


def entry_by_entry(a, b, key):
    for i in range(len(a)):
        if a[i].sum() > b.sum():
            a[i] = i


def sort_here(a, b, key):
    a.sort(0)


def fill(a, b, key):
    a[-1:].fill(0.75)


def through(a, b, key):
    a.reshape(-1)[0] = 3


def overlap(a, b, key):
    a[1:] = a[:-1]


def add_at(a, b, key):
    if a.ndim == 1:
        np.add.at(a, [0, 0], 1.0)


CHANGES = (set_entries, add_entries, add_all, scale, mask_number, mask_array, loop, entry_by_entry, sort_here, fill)
CHANGES += (through, overlap, add_at)

PLAN = st.lists(st.tuples(st.booleans(), *[st.integers(0, 99)] * 4), max_size=9)


def made(plan):
    def f(x, y):
        arrays = [x.copy(), y * 1]
        for view, op, at, other, key in plan:
            a, b = arrays[at % len(arrays)], arrays[other % len(arrays)]
            if not a.size or not b.size or not a.ndim:
                continue
            if view:
                arrays.append(SEEN[op % len(SEEN)](a))
            elif not frozen(a):
                CHANGES[op % len(CHANGES)](a, b, KEYS[key % len(KEYS)])
        return arrays

    return f


def frozen(a):
    """NumPy writes into no diagonal, and both ways refuse it."""
    if type(a) is np.ndarray:
        return not a.flags.writeable
    return a.memory is not None and a.memory.frozen


def expected(plan, x, y):
    with np.errstate(all="ignore"):
        return made(plan)(x.copy(order="K"), y.copy(order="K"))


def prepare(trace):
    whole = trace.program
    results = len(whole.outputs)
    run = Run(type(whole)(whole.name, whole.inputs, whole.steps, (*whole.outputs, *[g.atom for g in trace.guards])))

    def runner(values):
        with np.errstate(all="ignore"):
            found = run(values)
        return found[:results], found[results:]

    return runner


@settings(max_examples=250, deadline=None)
@given(PLAN, st.integers(0, 10**6), st.booleans())
@example([(True, 48, 1, 0, 0), (True, 18, 2, 0, 0), (False, 49, 3, 0, 0)], 0, True)  # zeros like a view by columns
def test_numpy_and_the_program_agree(plan, seed, turned):
    rng = np.random.default_rng(seed)
    points = [[np.round(rng.normal(size=(N, N)), 1) for _ in range(2)] for _ in range(3)]
    if turned:
        points = [[p.T for p in pair] for pair in points]
    f = made(plan)
    first = record(f, tuple(points[0]), {})
    check(first.program)
    calls = Calls(f, prepare)
    for x, y in [*points, points[0]]:
        want = expected(plan, x, y)
        found = calls((x, y), {}).result
        assert len(found) == len(want)
        for a, b in zip(found, want, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


@settings(max_examples=100, deadline=None)
@given(PLAN, st.integers(0, 10**6), st.booleans())
def test_the_gradient_is_that_of_differences(plan, seed, turned):
    rng = np.random.default_rng(seed)
    x, y, dx, dy = (rng.normal(size=(N, N)).T if turned else rng.normal(size=(N, N)) for _ in range(4))
    f = made(plan)

    def total(x, y):
        whole = 0.0
        for k, a in enumerate(f(x, y)):
            whole = whole + np.sum(a * a) * (k + 1)
        return whole

    wide, close = ((total(x + h * dx, y + h * dy) - total(x - h * dx, y - h * dy)) / (2 * h) for h in (1e-6, 1e-7))
    assume(abs(wide - close) < 1e-4 * (1 + abs(wide)))  # else a branch changes here
    along = sum((g * d).sum() for g, d in zip(cg.grad(total, wrt=(0, 1))(x, y), (dx, dy), strict=True))
    np.testing.assert_allclose(along, wide, rtol=1e-4, atol=1e-4)
