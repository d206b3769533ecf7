"""The command `hunting`: one thin module per group of verbs; each parses, calls one function, prints.

Exit codes: 0 done, 1 it failed, 2 wrong usage, 3 the query is wrong, 4 a scheduled job has failed. Data goes to stdout;
progress and errors go to stderr. Only the module of the command that is asked for is imported, and whatever is heavy inside
its commands: help, completion and small queries must be quick.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import click

from hunting.cli import cmdlets
from hunting.cli.group import Group, Modules

# section of the list -> command -> its module in hunting.cli
_SECTIONS = {
    "Begin": {"demo": "demo", "simulate": "simulation"},
    "Hunt": {"query": "hunt", "shell": "shell", "explain": "hunt", "tables": "hunt", "schema": "hunt", "functions": "shell"},
    "Respond": {"air": "air", "detection": "detection", "explorer": "explorer", "email": "explorer"},
    "Report": {"report": "report", "due": "due"},
    "Store": {"verify": "store", "compact": "store", "vacuum": "store", "external": "external"},
    "Serve": {"serve": "serve", "tokens": "tokens"},
}


class _Program(Group):
    """`hunting` itself."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; one that has a dash and a capital is found in any case, as in PowerShell."""
        folded = {name.casefold(): name for name in cmdlets.COMMANDS}
        return super().get_command(ctx, folded.get(cmd_name.casefold(), cmd_name))

    def sections(self) -> Iterator[tuple[str, list[str]]]:
        """By what one wants to do; the epilog names the aliases."""
        for title, homes in _SECTIONS.items():
            yield title, list(homes)


def _show_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from hunting import __version__

        click.echo(__version__)
        ctx.exit()


def _show_completion(ctx: click.Context, _option: click.Parameter, shell: str | None) -> None:
    if shell is not None and not ctx.resilient_parsing:
        from click.shell_completion import get_completion_class

        made = get_completion_class(shell)
        assert made is not None, "the option names those that there are"
        click.echo(made(app, {}, "hunting", "_HUNTING_COMPLETE").source())
        ctx.exit()


_HOMES = {name: f"hunting.cli.{module}" for homes in _SECTIONS.values() for name, module in homes.items()}
_ASIDE = {"is_eager": True, "expose_value": False}

app = _Program(
    "hunting",
    "Advanced hunting in KQL over e-mail security tables, with automated investigation and response (AIR).",
    commands=Modules(_HOMES | cmdlets.COMMANDS),
    epilog=cmdlets.EPILOG,
    params=[
        click.Option(["--version"], is_flag=True, callback=_show_version, help="Show the version and exit.", **_ASIDE),
        click.Option(
            ["--show-completion"],
            type=click.Choice(["bash", "zsh", "fish"]),
            metavar="SHELL",
            callback=_show_completion,
            help="Show what makes bash, zsh or fish complete commands, for its start file.",
            **_ASIDE,
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs the command and exits with its code; a mistake of the user's is told in words, never as a stack trace."""
    from hunting.cli.output import complain, exit_code

    try:
        code = app.main(arguments, prog_name="hunting", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        complain(error)
        sys.exit(code)
    sys.exit(code or 0)


def script() -> NoReturn:
    """The program `hunting`: `main` in a process of its own, set up to begin and to end quickly."""
    gc.set_threshold(100_000)  # modules load many objects that stay; looking through them all the time is slow
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller; a file of ours must not take its number
            setattr(sys, name, Path(os.devnull).open("r+", encoding="utf-8"))  # noqa: SIM115 - open to the end
    try:
        main()
    except SystemExit as end:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads any more
                stream.flush()
        os._exit(int(end.code or 0))  # stores and files are closed; taking every module apart is slower than most queries
