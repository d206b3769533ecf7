"""external: local files that stand for the URLs of `externaldata`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from hunting.cli.command import Argument
from hunting.cli.group import Group
from hunting.cli.opening import open_hunt
from hunting.cli.options import STORE, Format, Output, Store
from hunting.cli.output import note, show

external = Group("external", "Local files that stand for the URLs of externaldata; nothing is ever fetched.")

Url = Annotated[str, Argument(help="As it stands in the query.")]


@external.verb()
def add(url: Url, file: Annotated[Path, Argument(help="The file that stands for it.")], store: Store = STORE) -> None:
    """Let a local file stand for a URL."""
    with open_hunt(store) as hunt:
        hunt.external.add(url, file)
    note(f"{file} stands for {url}")


@external.verb()
def remove(url: Url, store: Store = STORE) -> None:
    """Forget a URL; the file stays."""
    with open_hunt(store) as hunt:
        hunt.external.remove(url)


@external.verb("list")
def list_(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the URLs and their files."""
    from hunting.formats import records

    with open_hunt(store) as hunt:
        rows = sorted(hunt.external.files().items())
    show(records({"Url": "string", "File": "string"}, rows), form, output, 0)
