"""Start-up: a whole process, from nothing to its last line."""

import os
import sys
import tempfile

from cases.measure import middle, milliseconds, ratio, table, verdicts, wall

TITLE = "Start-up"
MEANS = """Wall time of a whole process, in ms. *Warm* is the median of 7, the rows taking turns, after one that is not
counted. *Cold* is once, with no compiled bytecode at all (of the library and of all that it imports) and an empty
cache of Chalkgrad's own. `show` prints the tables of the first sheet; with `--save` it draws too, which loads the
layout engine; cold compiles it."""

SHOW = "from chalkgrad.cli.main import main; main()"
SHEET = ["show", "f(x, y, z) = (x + y) z", "x=-2", "y=5", "z=-4"]
ROUNDS = 7


def commands(folder: str) -> dict[str, list[str]]:
    """What is started."""
    python = [sys.executable, "-c"]
    return {
        "python, nothing": [*python, "pass"],
        "import numpy": [*python, "import numpy"],
        "import autograd.numpy": [*python, "import autograd.numpy"],
        "import sympy": [*python, "import sympy"],
        "import chalkgrad": [*python, "import chalkgrad"],
        "chalkgrad show": [*python, SHOW, *SHEET],
        "chalkgrad show --save f.svg": [*python, SHOW, *SHEET, "--save", os.path.join(folder, "f.svg")],
    }


def report() -> list[str]:
    """The table, and what was expected."""
    with tempfile.TemporaryDirectory() as folder:
        started = commands(folder)
        cold: dict[str, float | None] = {}
        for name, command in started.items():
            with tempfile.TemporaryDirectory() as empty:
                cold[name] = wall(command, {"PYTHONPYCACHEPREFIX": empty, "XDG_CACHE_HOME": empty})
        with tempfile.TemporaryDirectory() as kept:
            env = {"PYTHONPYCACHEPREFIX": kept, "PYTHONDONTWRITEBYTECODE": "", "XDG_CACHE_HOME": kept}
            rounds = [{n: wall(c, env) for n, c in started.items()} for _ in range(ROUNDS + 1)][1:]
    warm = {name: middle(r[name] for r in rounds) for name in started}
    base = warm["import numpy"]
    rows = [
        [name, milliseconds(warm[name]), milliseconds(cold[name]), ratio(warm[name], base)]
        if warm[name] is not None
        else [name, "not installed", "", ""]
        for name in started
    ]
    show, drawn = warm["chalkgrad show"], warm["chalkgrad show --save f.svg"]
    claims = [
        (
            "`show` without a drawing within 3× of importing NumPy, which it needs",
            _under(show, base, 3),
            ratio(show, base),
        ),
        ("a drawing adds under 0.5 s when warm", _under(drawn, show, None, 0.5), f"{_ms(drawn, show)} ms"),
    ]
    return [*table(["process", "warm, ms", "cold, ms", "warm ÷ import numpy"], rows), "", *verdicts(claims)]


def _under(a: float | None, b: float | None, times: float | None, more: float = 0) -> bool | None:
    return None if a is None or b is None else a < b * times if times else a - b < more


def _ms(a: float | None, b: float | None) -> str:
    return "—" if a is None or b is None else milliseconds(a - b)
