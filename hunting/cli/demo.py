"""demo."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from hunting.cli.command import Option
from hunting.cli.options import COUNT
from hunting.cli.output import Progress, note, write

NEXT = """
What to try next, in a folder of your own:
   hunting simulate                              a tenant of 100,000 mails in data/store
   hunting query 'EmailEvents | take 5'          hunt in it; hunting schema EmailEvents tells its columns
   hunting air settings set similar-files=on     opt in; then: hunting air run, hunting air actions list
"""


def demo(
    store: Annotated[Path | None, Option("--store", metavar="FOLDER", help="Keep the store, in this new folder.")] = None,
    messages: Annotated[int, Option(type=COUNT, metavar="N", help="Size of the tenant, in rows of EmailEvents.")] = 30_000,
) -> None:
    """Show the main job: simulate, hunt, investigate, remediate, hunt again, undo."""
    from hunting.demo import run

    with tempfile.TemporaryDirectory(prefix="hunting-demo-") as folder, Progress() as progress:
        run(store or Path(folder), lambda line: write(f"{line}\n"), messages, progress)
    write(NEXT)
    if store is not None:
        note(f"The store is kept in {store}: hunting query --store {store} '...'")
