"""An array of zeros into which one block of entries is put: the block, and the zeros around it, each written once."""

from __future__ import annotations

import math

from chalkgrad.native.plan.affine import line
from chalkgrad.ops.kernel import Axis, Expr, Lit, Scatter, Write, cast, lift

# Arrays of fewer entries are filled as a whole, which is one loop and not several.
_LEAST = 256


def boxed(kernel: Scatter) -> Scatter:
    """The same array with no entry written twice, where it is large and what is put into it is one block.

    The adjoint of a slice is such an array: filled with zeros and then added to, it is written twice and read once.
    """
    sizes = [n for n in kernel.shape if isinstance(n, int)]
    if len(sizes) != len(kernel.shape) or math.prod(sizes) < _LEAST or len(kernel.writes) != 1:
        return kernel
    (write,) = kernel.writes
    zero = kernel.start
    if not write.add or not isinstance(zero, Lit) or zero.value != 0 or kernel.dtype == "bool":
        return kernel
    box = _box(write, sizes)
    if box is None:
        return kernel
    value: Expr = Lit(type(zero.value)(0), kernel.dtype, weak=False)
    put = Write(write.axes, write.target, cast(value + write.body, kernel.dtype))  # of -0, the sum is 0
    around: list[Write] = []
    ranges = [(0, n) for n in sizes]
    for k, (low, high) in enumerate(box):
        for start, stop in ((0, low), (high, sizes[k])):
            if start < stop:
                slab = [*box[:k], (start, stop), *ranges[k + 1 :]]
                axes = tuple([Axis(b - a) for a, b in slab])
                target = tuple([lift(x) + a for x, (a, _) in zip(axes, slab, strict=True)])
                around.append(Write(axes, target, value))
    return Scatter(kernel.shape, kernel.dtype, None, (put, *around))


def _box(write: Write, sizes: list[int]) -> list[tuple[int, int]] | None:
    """The places that are written along each axis, where each counter goes along one of them, one by one."""
    left = {a for a in write.axes if a.extent != 1}
    found: list[tuple[int, int]] = []
    for target, n in zip(write.target, sizes, strict=True):
        known = line(target)
        if known is None:
            return None
        steps = {a: by for a, by in known.steps.items() if a.extent != 1}
        if len(steps) > 1 or any(a not in left or abs(by) != 1 for a, by in steps.items()):
            return None
        left -= steps.keys()
        low, high = known.range()
        if low < 0 or high >= n:
            return None
        found.append((low, high + 1))
    return None if left else found
