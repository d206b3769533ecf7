"""air: settings, run, blocks, report, feed, verify; its other groups stand in investigations.py and actions.py."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import click

from hunting.cli import actions, investigations
from hunting.cli.command import Argument, Option
from hunting.cli.group import Group
from hunting.cli.opening import open_air
from hunting.cli.options import STORE, By, Form, Format, Now, Output, Since, Store, Until, bound, pairs, person
from hunting.cli.output import Progress, note, show, write

air = Group("air", "Automated investigation and response.")
settings = Group("settings", "What automation may do.")
for _group in (settings, investigations.app, investigations.clusters, actions.app):
    air.add_command(_group)


@settings.verb("show")
def settings_show(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Show the settings. Without any change, everything waits for a person."""
    with open_air(store) as air:
        show(air.settings_table(), form, output)


@settings.verb("set")
def settings_set(
    changes: Annotated[tuple[str, ...], Argument(help="similar-files=on, similar-urls=off, automatic-limit=5000, ...")],
    by: By = "",
    form: Format = None,
    output: Output = None,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Change settings, all or none; entered in the audit.

    \b
    hunting air settings set similar-files=on similar-urls=on
    """
    with open_air(store, now) as air:
        changed = air.set(by=person(by), **pairs(changes, "CHANGES"))
        show(air.settings_table(), form, output)
    if changed.note is not None:
        note(changed.note.text)


_SUMMARY = (
    "investigations",
    "automatic",
    "pending",
    "moved",
    "published",
    "recovered",
    "expired",
    "cancelled",
    "queued",
    "failed",
)


@air.verb()
def run(now: Now = "", form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Investigate new alerts, remediate what the settings allow, publish. Again: nothing changes."""
    from hunting.formats import records

    with open_air(store, now) as air, Progress() as progress:
        summary = air.run(progress)
    row = [getattr(summary, name) for name in _SUMMARY]
    show(records({name.capitalize(): "long" for name in _SUMMARY}, [row]), form, output)


@air.verb()
def blocks(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the blocked URLs and senders."""
    with open_air(store) as air:
        show(air.blocks(), form, output, 0)


class Part(StrEnum):
    """Parts of the report."""

    DECISIONS = "Decisions"
    FALSE_POSITIVES = "False positives"
    IMPACT = "Impact"
    AUDIT = "Audit"


@air.verb()
def report(
    part: Annotated[Part | None, Option(help="One part, in any format; without it, all as tables.")] = None,
    since: Since = "",
    until: Until = "",
    form: Format = None,
    output: Output = None,
    store: Store = STORE,
) -> None:
    """Report what was decided, what of it was undone per cluster type, whom it touched, and the audit."""
    if part is None and (output is not None or form not in (None, Form.TABLE)):
        raise click.BadParameter("The report as a whole is for reading. Choose a part.", param_hint="--part")
    with open_air(store) as air:
        tables = air.report(bound(since, "--since"), bound(until, "--until"))
    if part is not None:
        show(tables[part], form, output, 0)
        return
    for number, (name, table) in enumerate(tables.items()):
        write(("\n" if number else "") + f"{name}\n")
        show(table, Form.TABLE, None, 0)


@air.verb()
def feed(
    after: Annotated[str, Option(help="The position that the last feed ended with.")] = "0.0",
    store: Store = STORE,
) -> None:
    """Write what AIR wrote as JSON lines, for a SIEM; the position to go on from comes last, on stderr."""
    with open_air(store) as air:
        for line in air.feed(after):
            write(line.text + "\n")
            after = line.position
    note(f"go on with --after {after}")


@air.verb()
def verify(store: Store = STORE) -> None:
    """Check the audit chain, and that the store holds the ledger's events, each once."""
    from hunting.cells import visible

    with open_air(store) as air:
        found = air.verify()
    write("".join(f"{visible(fault)}\n" for fault in found.faults))
    if not found.sound:
        raise click.exceptions.Exit(1)
    note(f"sound: {found.audit_entries:,} audit entries, {found.events:,} events")
