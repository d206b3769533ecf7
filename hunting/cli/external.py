"""external: local files that stand for the URLs of `externaldata`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hunting.cli.group import Commands
from hunting.cli.opening import open_hunt
from hunting.cli.options import STORE, Format, Output, Store
from hunting.cli.output import note, show

app = typer.Typer(
    cls=Commands,
    help="Local files that stand for the URLs of externaldata; nothing is ever fetched.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Url = Annotated[str, typer.Argument(help="As it stands in the query.", show_default=False)]


@app.command()
def add(url: Url, file: Annotated[Path, typer.Argument(help="The file that stands for it.")], store: Store = STORE) -> None:
    """Let a local file stand for a URL."""
    with open_hunt(store) as hunt:
        hunt.external.add(url, file)
    note(f"{file} stands for {url}")


@app.command()
def remove(url: Url, store: Store = STORE) -> None:
    """Forget a URL; the file stays."""
    with open_hunt(store) as hunt:
        hunt.external.remove(url)


@app.command("list")
def list_(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the URLs and their files."""
    from hunting.formats import records

    with open_hunt(store) as hunt:
        rows = sorted(hunt.external.files().items())
    show(records({"Url": "string", "File": "string"}, rows), form, output, 0)
