"""verify, compact, vacuum."""

from __future__ import annotations

from typing import Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.options import STORE, Store, span
from hunting.cli.output import Progress, note, write


def verify(store: Store = STORE) -> None:
    """Check every file of the store against the hash in its commit, and the AIR ledger where there is one."""
    from hunting.cells import visible
    from hunting.lake import Lake

    lake = Lake.open(store)
    problems = lake.verify()
    if (lake.root / "air").exists():
        from hunting.cli.opening import open_hunt

        with open_hunt(store) as hunt:
            problems += [f"AIR: {fault}" for fault in hunt.air.verify().faults]
    write("".join(f"{visible(problem)}\n" for problem in problems))
    if problems:
        raise click.exceptions.Exit(1)
    note(f"sound: {len(lake.tables())} tables")


def compact(
    tables: Annotated[tuple[str, ...], Argument(help="Default: all.")] = (),
    store: Store = STORE,
) -> None:
    """Merge each day's files into one, in order of time; queries go on meanwhile."""
    from hunting.lake import Lake

    lake = Lake.open(store)
    for table in tables or lake.tables():
        before = len(lake.files(table))
        with Progress() as progress:
            lake.compact(table, progress=progress)
        note(f"{table}: {before} files before, {len(lake.files(table))} now")


def vacuum(
    tables: Annotated[tuple[str, ...], Argument(help="Default: all.")] = (),
    older: Annotated[str, Option(help="Only what no version younger than this uses: 7d, 12h.")] = "7d",
    store: Store = STORE,
) -> None:
    """Delete files that are out of use: of versions since replaced, and of writers that died before their commit.

    Choose a time longer than any query and any write takes.
    """
    from hunting.lake import Lake

    lake = Lake.open(store)
    kept = span(older, "--older")
    deleted = {table: len(lake.vacuum(table, kept)) for table in tables or lake.tables()}
    note(f"{sum(deleted.values()):,} files deleted in {sum(count > 0 for count in deleted.values())} tables")
