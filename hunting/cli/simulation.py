"""simulate."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from hunting.cli.command import Option
from hunting.cli.options import COUNT, STORE, Format, Output, Store, moment
from hunting.cli.output import Progress, note, show

Scenarios = Annotated[
    tuple[Path, ...], Option(metavar="PATH", help="A scenario file or folder, instead of those shipped. Repeatable.")
]


def simulate(
    messages: Annotated[int, Option(type=COUNT, metavar="N", help="Rows of EmailEvents: messages times recipients.")] = 100_000,
    days: Annotated[int, Option(type=COUNT, metavar="N", help="How far back the mail goes.")] = 30,
    seed: Annotated[int, Option(metavar="N", help="The same seed and end give the same tenant.")] = 1,
    end: Annotated[str, Option(metavar="TIME", help="The last moment (ISO 8601, UTC). Default: now.")] = "",
    scenarios: Scenarios = (),
    replace: Annotated[bool, Option("--replace", help="Delete the store that is there, its AIR ledger too.")] = False,
    form: Format = None,
    output: Output = None,
    store: Store = STORE,
) -> None:
    """Fill a new store with a simulated tenant: mail, attacks, what filtering did, alerts, clicks, sign-ins, devices.

    \b
    hunting simulate --messages 30000 --seed 1 --end 2026-11-01
    """
    from hunting.formats import records
    from hunting.lake import Lake
    from hunting.simulate import simulate as run

    until = moment(end, "--end") if end else datetime.now(UTC)
    old = _replaceable(store, replace)
    beside = store.absolute().with_name(f".{store.name}.{uuid4().hex[:8]}.partial")
    try:
        with Progress() as progress:
            made = run(
                Lake.create(beside),
                messages=messages,
                days=days,
                seed=seed,
                end=until,
                scenarios=scenarios or None,
                progress=progress,
            )
        if old:
            shutil.rmtree(store)
        beside.rename(store)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    note(f"{made.tables['EmailEvents']:,} messages to {made.employees:,} people, {sum(made.tables.values()):,} rows, in {store}")
    columns = {"Scenario": "string", "Kind": "string", "Copies": "long", "InMailbox": "long", "AlertId": "string"}
    show(records(columns, [(c.name, c.kind, c.copies, c.in_mailbox, c.alert_id) for c in made.campaigns]), form, output, 0)


def _replaceable(store: Path, replace: bool) -> bool:
    """Whether something is there, and may go.

    Raises:
        StoreError: it may not.
    """
    from hunting.errors import StoreError
    from hunting.lake import Lake

    if not store.exists() or (store.is_dir() and not any(store.iterdir())):
        return store.exists()
    if store.is_dir():
        Lake.create(store)  # refuses a folder that is no store
    if not store.is_dir() or not replace:
        raise StoreError(f"{store} is not empty.", hint="Name another place with --store, or delete the store with --replace.")
    return True
