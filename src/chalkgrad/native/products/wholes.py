"""What is done with whole arrays by routines within machine code: linear systems and the like, and sorting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalkgrad.native.plan.scans import Where
from chalkgrad.native.products import matrices, orders
from chalkgrad.native.tree import Product
from chalkgrad.ops.kernel import Routine


def has(kernel: Routine) -> bool:
    """Whether there is a routine for it here, as exact and as quick as what NumPy does."""
    return orders.has(kernel) if kernel.name in orders.NAMES else matrices.has(kernel)


def read_as(kernel: Routine, k: int) -> str:
    """The dtype in which one of its arguments must lie."""
    return kernel.args[k].dtype if kernel.name in orders.NAMES else kernel.dtype


def whole(kernel: Routine, into: Where, given: Sequence[Where], step: Any) -> Product:
    """The statement for it, with where its arguments lie and where its result is to lie."""
    if kernel.name in orders.NAMES:
        return orders.orders(kernel, into, given[0], step)
    return matrices.matrices(kernel, into, given, step)


def address(product: Product) -> int:
    """Where its routine lies in memory; it is compiled when it is first asked for."""
    return (orders if product.whole in orders.NAMES else matrices).address(product.routine)


__all__ = ["address", "has", "read_as", "whole"]
