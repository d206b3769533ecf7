"""The command `hunting`: one thin module per group of verbs; each parses, calls one function, prints.

Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 the query is wrong, 4 a scheduled job has failed. Data goes to stdout;
progress and errors go to stderr. Whatever is heavy is imported inside the commands: help and completion must be quick.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

import typer

from hunting.cli import (
    air,
    cmdlets,
    demo,
    detection,
    due,
    explorer,
    external,
    hunt,
    report,
    serve,
    shell,
    simulation,
    store,
    tokens,
)

app = typer.Typer(
    name="hunting",
    cls=cmdlets.Group,
    help="Advanced hunting in KQL over e-mail security tables, with automated investigation and response (AIR).",
    epilog=cmdlets.EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _module in (demo, simulation, hunt, shell, explorer, store, serve, due, cmdlets):
    _module.add_to(app)
app.add_typer(air.app, name="air")
app.add_typer(detection.app, name="detection")
app.add_typer(external.app, name="external")
app.add_typer(report.app, name="report")
app.add_typer(tokens.app, name="tokens")


@app.callback(invoke_without_command=True)
def _options(version: bool = typer.Option(False, "--version", is_eager=True, help="Show the version and exit.")) -> None:
    if version:
        from hunting import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command and exits with its code; a mistake of the user's is told in words, never as a stack trace."""
    from hunting.cli.output import complain, exit_code

    try:
        app(arguments, prog_name="hunting")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        complain(error)
        sys.exit(code)
    sys.exit(0)


def script() -> NoReturn:
    """The program `hunting`: `main` in a process of its own, set up to begin and to end quickly."""
    gc.set_threshold(100_000)  # modules load many objects that stay; looking through them all the time is slow
    try:
        main()
    except SystemExit as end:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads any more
                stream.flush()
        os._exit(int(end.code or 0))  # stores and files are closed; taking every module apart is slower than most queries
