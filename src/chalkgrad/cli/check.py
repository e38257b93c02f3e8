"""`chalkgrad check`: a person's own derivation or backward pass, judged; with a sheet, a whole class's answers."""

from __future__ import annotations

from pathlib import Path

import click

from chalkgrad.api.check_claim import check as judge
from chalkgrad.cli.arguments import read_file, read_stdin, refuse_options
from chalkgrad.errors import ChalkgradError
from chalkgrad.notation.read import MAX_BYTES
from chalkgrad.notation.values import read_values


@click.command(
    context_settings={"ignore_unknown_options": True}, short_help="Judge a derivation, or the answers to a worksheet."
)
@click.argument("claim", metavar="CLAIM|ANSWERS")
@click.argument("given", nargs=-1, type=click.UNPROCESSED, metavar="[NAME=VALUE]...")
@click.option("--sheet", metavar="SHEET.toml", help="The worksheet that ANSWERS are to.")
@click.option(
    "--seed",
    type=click.IntRange(0, 10**18 - 1),
    metavar="NUMBER",
    help="Of the variants, where people wrote their number only.",
)
@click.option("--roster", metavar="FILE", help="CSV of the class, in the order of its seats.")
@click.option(
    "--index", metavar="FILE", help="The list that came with the variants: marks by the numbers printed then."
)
@click.option("-o", "--out", metavar="FOLDER", help="Where gradebook, marks, feedback and statistics are written.")
@click.option(
    "--jobs", type=click.IntRange(0, 64), metavar="NUMBER", help="Processes that mark, 2; 0 for none but this."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON, on standard output.")
@click.pass_context
def check(
    context: click.Context,
    claim: str,
    given: tuple[str, ...],
    sheet: str | None,
    seed: int | None,
    roster: str | None,
    index: str | None,
    out: str | None,
    jobs: int | None,
    as_json: bool,
) -> None:
    """Check a claim: the first wrong line, what it should be, and why. With --sheet: mark the answers to a worksheet.

    CLAIM is a file, or "-" for standard input: the function on the first line, "forward:" and its stages, "backward:"
    and its stages, "claim:" and equations; or a .py file of assignments, which is read and never run. NAME=VALUE is a
    point, at which examples are given.

    ANSWERS is a CSV (student,variant,blank,answer, or a column a blank), JSON, JSON lines, a folder of these, or "-".
    What one person handed in is marked in words. Of a class there is a summary, and with -o a gradebook, a page of
    feedback a person, and statistics; the same command again goes on where it was stopped.

    \b
    Exit codes: 0 all is right, 1 a line or an answer is wrong, 2 cannot be read, 3 undecided.

    \b
    Examples:
      chalkgrad check claim.txt
      chalkgrad check backward.py x=3 y=-4
      printf 'f(x, y) = x y\\nclaim: df/dx = x\\n' | chalkgrad check -
      chalkgrad check ann.csv --sheet sheet.toml
      chalkgrad check answers.csv --sheet sheet.toml --seed 7 -o marked/
      chalkgrad check answers.csv --sheet sheet.toml --index out/sheet-7.csv -o marked/
    """
    refuse_options(context, given)
    if sheet is not None:
        from chalkgrad.cli.marking import mark  # what marks a class need not be loaded for a claim

        if given:
            raise ChalkgradError(f"'{given[0]:.40}' is not understood beside --sheet")
        folder = Path(out) if out else None
        code = mark(claim, sheet, seed=seed, roster=roster, index=index, out=folder, jobs=jobs, as_json=as_json)
        context.exit(code)
    of_sheets = {"--seed": seed, "--roster": roster, "--index": index, "-o": out, "--jobs": jobs}
    only = [name for name, value in of_sheets.items() if value]
    if only or as_json:
        raise ChalkgradError(f"{only[0] if only else '--json'} is for answers to a worksheet: give --sheet SHEET.toml")
    text = read_stdin() if claim == "-" else read_file(claim, MAX_BYTES, "the claim")
    python = True if claim.lower().endswith(".py") else None
    verdict = judge(text, dict(read_values(given)), python=python)
    click.echo(str(verdict))
    if not verdict.right:
        context.exit(3 if verdict.undecided else 1)
