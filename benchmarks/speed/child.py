"""One case, in a process of its own: `python -m speed.child GROUP CASE SECONDS` in benchmarks/ prints JSON.

The process is held to one core before any library is loaded, so that all that it runs has one thread.
"""

import json
import sys
from importlib import import_module

from speed.clock import alone


def main() -> None:
    """Measure it."""
    group, case, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    alone(2 if case.endswith("2 threads") else 1)
    print(json.dumps(import_module(f"speed.{group}").measure(case, seconds)))


if __name__ == "__main__":
    main()
