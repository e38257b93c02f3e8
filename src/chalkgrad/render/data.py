"""A Worked as plain data, for other programs: JSON whose numbers are exact."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from chalkgrad.evaluate.worked import Worked
from chalkgrad.ir.program import Atom, Number
from chalkgrad.render.rows import Rows
from chalkgrad.render.words import edge_sentence

VERSION = 1


def data(worked: Worked) -> dict[str, Any]:
    """Everything the table says, as dicts and lists; numbers that JSON has no word for are strings."""
    rows = Rows(worked)
    names = rows.names

    def operand(atom: Atom) -> Any:
        return {"number": plain(atom.value)} if isinstance(atom, Number) else names[atom]

    return {
        "chalkgrad": VERSION,
        "name": worked.program.name,
        "understood": list(worked.echo),
        "inputs": [names[v] for v in worked.program.inputs],
        "output": rows.output_name,
        "upstream": plain(1.0 if worked.upstream is None else worked.upstream),
        "value": None if worked.symbolic else plain(worked.value),
        "gradients": None if worked.symbolic else {k: plain(g) for k, g in worked.gradients.items()},
        "steps": [
            {
                "name": rows.gate(s),
                "op": s.op.name,
                "inputs": [operand(a) for a in s.inputs],
                "params": {k: str(v) for k, v in s.params.items()},
            }
            for s in worked.program.steps
        ],
        "nodes": [
            {
                "name": n.name,
                "formula": n.formula,
                "value": plain(n.value),
                "gradient": plain(n.gradient),
                "gradient_formula": n.gradient_formula or None,
            }
            for n in rows.nodes()
        ],
        "edges": [
            {
                "from": e.target,
                "to": e.source,
                "upstream": plain(e.upstream),
                "local": e.local,
                "local_number": plain(e.local_number),
                "product": plain(e.product),
                "sentence": edge_sentence(rows, e),
            }
            for e in rows.edges()
        ],
        "notices": [{"node": n.node, "point": n.point, "rule": n.rule} for n in worked.notices],
    }


def to_json(worked: Worked) -> str:
    """`data` as JSON text."""
    parts: list[str] = []
    for key, value in data(worked).items():
        # a line an entry: short enough to read, and written by the fast encoder
        many = isinstance(value, list) and value and isinstance(value[0], dict)
        body = "[\n  " + ",\n  ".join(map(_dumps, value)) + "\n ]" if many else _dumps(value)
        parts.append(f" {_dumps(key)}: {body}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """A number or array as JSON has it; inf and nan as strings."""
    if value is None:
        return None
    if isinstance(value, np.ndarray) and value.ndim:
        return [plain(x) for x in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    number = float(value) + 0.0  # -0 as 0
    return number if np.isfinite(number) else str(number)
