"""`chalkgrad worksheet`: a sheet file as blank sheets and keys, for one seat or for thirty."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from pathlib import Path

import click
from rich.console import Console

from chalkgrad.api.worksheet import FORMATS, KINDS, PAPERS, Told, Worksheet, checked
from chalkgrad.api.worksheet import worksheet as read
from chalkgrad.classroom.course.visible import visible
from chalkgrad.classroom.variants.roster import MOST, read_roster
from chalkgrad.cli.arguments import read_file, read_stdin
from chalkgrad.errors import ChalkgradError

_MOST_WARNINGS = 12
_MOST_PATHS = 12


@click.command(short_help="Print worksheets and their keys from a sheet file.")
@click.argument("sheet", metavar="SHEET.toml")
@click.option("-o", "--output", metavar="FOLDER", required=True, help="Where the files go; - is standard output.")
@click.option("--variants", "count", type=click.IntRange(1, 10_000), metavar="N", help="Other numbers for N seats.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="The same seed gives the same numbers.")
@click.option("--roster", metavar="NAMES.csv", help="A seat for each student of the list, with the name on it.")
@click.option("--format", "formats", default="pdf", metavar="LIST", help="pdf, html, tex; with commas. [pdf]")
@click.option("--paper", type=click.Choice(PAPERS), default="a4", help="The size of the page. [a4]")
@click.option("--large", is_flag=True, help="Large print: letters of 18 points, drawings as large as the page allows.")
@click.option("--key/--no-key", default=None, help="Write keys too. [yes; to standard output the key alone, if --key]")
@click.option("--export", "kinds", default="", metavar="LIST", help=f"Files for a course: {', '.join(KINDS)}.")
def worksheet(
    sheet: str,
    output: str,
    count: int | None,
    seed: int,
    roster: str | None,
    formats: str,
    paper: str,
    large: bool,
    key: bool | None,
    kinds: str,
) -> None:
    """Print a sheet: blank, and with its key.

    SHEET.toml says what is asked; "-" reads it from standard input. Every number of a key is found by reverse
    mode, by differences and, where it can be written out, by its formula; where they do not agree the sheet is
    refused. A sheet's code, such as bp-7-03, names the sheet, the seed and the
    variant; it is on every page, and `chalkgrad check` reads it.

    \b
    Examples:
      chalkgrad worksheet sheet.toml -o out
      chalkgrad worksheet sheet.toml -o out --variants 30 --seed 7
      chalkgrad worksheet sheet.toml -o out --roster class.csv --seed 7 --format pdf,html
      chalkgrad worksheet sheet.toml -o out --paper letter --large --no-key
      chalkgrad worksheet sheet.toml -o out --variants 30 --seed 7 --export moodle,canvas
      chalkgrad worksheet sheet.toml -o - --format html --key > key.html

    \b
    Exit codes: 0 done, 2 the sheet cannot be read, printed or trusted.
    """
    wanted = checked(_listed(formats) or ["pdf"], FORMATS, "format")
    exports = checked(_listed(kinds), KINDS, "export")
    names = read_roster(read_file(roster, MOST, "the roster")) if roster is not None else ()
    made = read(read_stdin() + "\n") if sheet == "-" else read(Path(sheet))
    if count is not None or names:
        made = made.variants(count, seed, names)
    elif seed:
        raise ChalkgradError("--seed goes with --variants or --roster: a sheet's own numbers have no seed")
    if output == "-":
        if len(wanted) != 1 or exports:
            raise ChalkgradError("standard output takes one file: one --format, and no --export")
        content = made.content(wanted[0], key=bool(key), paper=paper, large=large)
        _warn(made)
        sys.stdout.buffer.write(content)
        return
    with _progress() as told:
        written = made.save(output, formats=wanted, key=key is not False, paper=paper, large=large, told=told)
        for kind in exports:
            written += made.export(kind, Path(output, kind))
    _warn(made)
    for path in written[:_MOST_PATHS] if len(written) > _MOST_PATHS + 1 else written:
        click.echo(f"saved {path}")
    if len(written) > _MOST_PATHS + 1:
        click.echo(f"saved {len(written) - _MOST_PATHS} more files in {output}")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _warn(made: Worksheet) -> None:
    """Tell on standard error what an instructor should know."""
    warnings = made.warnings()
    for line in warnings[:_MOST_WARNINGS]:
        click.echo(f"note: {visible(line, 400)}", err=True)
    if len(warnings) > _MOST_WARNINGS:
        click.echo(f"note: and {len(warnings) - _MOST_WARNINGS} more of these", err=True)


@contextlib.contextmanager
def _progress() -> Generator[Told]:
    """A bar on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # every command loads this file

    columns = (TextColumn("printing"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("printing", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)
