"""`chalkgrad equal`: whether two formulas are the same function."""

from __future__ import annotations

import json
from typing import Any

import click

from chalkgrad.api.equal import equal as decide
from chalkgrad.cli.arguments import OPTION, read_stdin
from chalkgrad.errors import ChalkgradError, nearest
from chalkgrad.render.equality import number

CODES = {"yes": 0, "no": 1, "undecided": 3}


@click.command(context_settings={"ignore_unknown_options": True}, short_help="Are two formulas the same function?")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="A B")
@click.option("--where", multiple=True, metavar="CONDITION", help='Compare only there: "x > 0"; repeatable.')
@click.option("--d", "by", metavar="NAME", help="Differentiate A by this input first.")
@click.option("--plain", is_flag=True, help="The answer alone: no derivation is looked for.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.pass_context
def equal(
    context: click.Context, given: tuple[str, ...], where: tuple[str, ...], by: str | None, plain: bool, as_json: bool
) -> None:
    """Decide whether two formulas are the same function: yes with a derivation, no with a counterexample, or undecided.

    A and B are formulas or staged lines; "-" reads one of them from standard input. The whole of one may be a
    derivative: "σ'(x)" or "d/dx (…)".

    \b
    Exit codes: 0 equal, 1 not equal, 2 cannot be read, 3 undecided.

    \b
    Examples:
      chalkgrad equal "tanh x" "2σ(2x) - 1"
      chalkgrad equal "σ'(x)" "σ(x)(1 - σ(x))"
      chalkgrad equal "sqrt(x^2)" "x" --where "x > 0"
      chalkgrad equal "-y log σ(z) - (1 - y) log(1 - σ(z))" "σ(z) - y" --d z
    """
    for word in given:
        if OPTION.fullmatch(word):
            known = [o for p in context.command.params for o in p.opts if o.startswith("--")]
            raise ChalkgradError(f"there is no option {word}{nearest(word.split('=')[0], known)}")
    if len(given) != 2:
        raise ChalkgradError(
            f'two formulas are compared, {len(given)} given; try: {context.command_path} "tanh x" "2σ(2x) - 1"'
        )
    if given == ("-", "-"):
        raise ChalkgradError("only one of the two formulas can come from standard input")
    first, second = [read_stdin() if text == "-" else text for text in given]
    found = decide(first, second, where=where, d=by, derive=not plain)
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False, indent=2))
    else:
        click.echo(found)
    context.exit(CODES[found.verdict])


def _data(found: Any) -> dict[str, Any]:
    at = found.counterexample
    return {
        "verdict": found.verdict,
        "formulas": list(found.formulas),
        "by": found.by,
        "derivation": [line._asdict() for line in found.derivation],
        "counterexample": None if at is None else {name: number(v, 50) for name, v in at.items()},
        "values": None if at is None else [number(found.left, 50), number(found.right, 50)],
        "points": found.points,
        "digits": found.digits,
        "notes": list(found.notes),
        "reason": found.reason,
    }
