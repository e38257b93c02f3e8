"""Chalkgrad as a GradBench tool: JSON lines in from an eval, JSON lines out.

python benchmarks/gradbench/tool.py

Each eval that it serves is a file here, in NumPy as a user would write it. `EVALS` lists them.
"""

import json
import sys
import traceback
from importlib import import_module
from typing import Any

from evaluation import Function, evaluate

EVALS = ("hello", "lse", "llsq", "gmm", "kmeans", "ode", "lstm", "ba", "det", "ht", "particle", "saddle")


def functions(module: str) -> dict[str, Function]:
    """The functions of an eval by their names."""
    if module not in EVALS:
        raise ValueError(f"the eval {module!r} is not served: {', '.join(EVALS)} are")
    return import_module(module).FUNCTIONS


def respond(message: dict[str, Any]) -> dict[str, Any]:
    """What is said to one message."""
    match message["kind"]:
        case "start":
            return {"tool": "chalkgrad"}
        case "define":
            functions(message["module"])
            return {"success": True}
        case "evaluate":
            return evaluate(functions(message["module"])[message["function"]], message["input"])
        case _:
            return {}


def main() -> None:
    """Until there are no more messages."""
    for line in sys.stdin:
        message = json.loads(line)
        try:
            response = respond(message)
        except Exception:  # the eval is told of whatever went wrong, and goes on
            response = {"success": False, "error": traceback.format_exc()}
        print(json.dumps({"id": message["id"]} | response), flush=True)


if __name__ == "__main__":
    main()
