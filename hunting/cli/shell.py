"""shell, functions."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Argument
from hunting.cli.opening import open_hunt
from hunting.cli.options import LIMIT, STORE, Format, Limit, Now, Output, Store
from hunting.cli.output import coloured, note, show, write

if TYPE_CHECKING:
    from hunting.shell import Session


def shell(limit: Limit = LIMIT, now: Now = "", store: Store = STORE) -> None:
    """Hunt interactively; from a pipe, run its queries one after another.

    A query runs at a ; or an empty line. Tab completes, Ctrl-C stops a query, Ctrl-D leaves, .help lists the commands.
    """
    from hunting.shell import Session

    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with open_hunt(store, now) as hunt:
        session = Session(hunt, write, note, _width, coloured(), limit)
        if terminal:
            from hunting.shell.terminal import run

            note("KQL, until ; or an empty line. .help lists the commands, Ctrl-D leaves.")
            run(session)
        else:
            _piped(session)
    if session.failures and not terminal:
        raise click.exceptions.Exit(3)


def _piped(session: Session) -> None:
    """Queries and commands from stdin, in UTF-8; the last one needs no end."""
    from hunting.shell import finished

    text = ""
    for line in sys.stdin.buffer:
        text += line.decode("utf-8-sig", errors="replace")
        if finished(text if not text.rstrip("\n").strip() or text.endswith("\n\n") else text.rstrip("\n")):
            session.handle(text)
            text = ""
        if not session.open:
            return
    session.handle(text)


def _width() -> int | None:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def functions(
    name: Annotated[str, Argument(help="A function's name; without it, all functions.")] = "",
    form: Format = None,
    output: Output = None,
) -> None:
    """Show a function's signature, meaning and an example; without a name, every function.

    \b
    hunting functions strlen
    """
    from hunting import reference

    if name:
        write(reference.function_help(name))
    else:
        show(reference.functions(), form, output, 0)
