"""`chalkgrad`: the entry. Exit codes: 0 done, 2 bad input."""

from __future__ import annotations

import gc
import sys

import click

from chalkgrad import __version__
from chalkgrad.cli.code import code
from chalkgrad.cli.show import show
from chalkgrad.errors import ChalkgradError


@click.group(context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="chalkgrad")
def cli() -> None:
    """Backpropagation that shows its work.

    \b
    Examples:
      chalkgrad show "f(x, y, z) = (x + y) z" x=-2 y=5 z=-4
      chalkgrad show "f(x, y, z) = (x + y) z" x=-2 y=5 z=-4 --save f.svg
      chalkgrad code "g = x + y; h = g z; f = h + x" --as python
    """


cli.add_command(show)
cli.add_command(code)


def main() -> None:
    """Run, and turn what is wrong with the input into a message and exit code 2."""
    gc.set_threshold(100_000, 50, 50)  # a long program is many objects, none of them garbage
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except ChalkgradError as error:
        click.echo(f"chalkgrad: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has gone, as `| head` does: no complaint
        sys.exit(0)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
