"""air: settings, run, investigations, actions, approve, reject, undo, verify."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hunting.cli.common import (
    LIMIT,
    STORE,
    By,
    Form,
    Format,
    Limit,
    Now,
    Output,
    Progress,
    Store,
    note,
    open_hunt,
    pairs,
    person,
    show,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hunting.air import ActionRecord, Air
    from hunting.result import Result

app = typer.Typer(help="Automated investigation and response.", no_args_is_help=True, rich_markup_mode=None)
settings = typer.Typer(help="What automation may do.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(settings, name="settings")

Action = Annotated[str, typer.Argument(help="The action's id, or its first six or more digits.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; goes into the audit.")]


@contextmanager
def _opened(store: Path, now: str = "") -> Iterator[Air]:
    with open_hunt(store, now) as hunt:
        try:
            yield hunt.air
        finally:
            hunt.air.close()


# ---------------------------------------------------------------- settings


@settings.command("show")
def settings_show(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Show the settings. Without any change, everything waits for a person."""
    with _opened(store) as air:
        show(_settings(air), form, output)


@settings.command("set")
def settings_set(
    changes: Annotated[list[str], typer.Argument(help="similar-files=on, similar-urls=off, automatic-limit=5000, ...")],
    by: By = "",
    form: Format = None,
    output: Output = None,
    store: Store = STORE,
) -> None:
    """Change settings, all or none; entered in the audit."""
    with _opened(store) as air:
        air.set(by=person(by), **pairs(changes, "CHANGES"))
        show(_settings(air), form, output)


def _settings(air: Air) -> Result:
    from hunting.air.clusters import CLUSTERS
    from hunting.formats import records

    found = air.settings()
    rows = [(key, "on" if key in found.enabled else "off") for key in CLUSTERS]
    rows += [
        ("remediation-action", found.remediation_action),
        ("automatic-limit", str(found.automatic_limit)),
        ("approved-action-type", found.approved_action_type),
    ]
    return records({"Setting": "string", "Value": "string"}, rows)


# ---------------------------------------------------------------- investigations


@app.command()
def run(now: Now = "", form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Investigate new alerts, remediate what the settings allow, publish. Again: nothing changes."""
    from hunting.formats import records

    with _opened(store, now) as air, Progress() as progress:
        summary = air.run(progress)
    names = ("investigations", "automatic", "pending", "moved", "published", "recovered", "expired", "cancelled")
    row = [getattr(summary, name) for name in names]
    show(records({name.capitalize(): "long" for name in names}, [row]), form, output)


_INVESTIGATION = {
    "Id": "string",
    "Status": "string",
    "Type": "string",
    "Name": "string",
    "Severity": "string",
    "Users": "long",
    "Threats": "long",
    "Actions": "long",
    "Created": "datetime",
}


@app.command()
def investigations(form: Format = None, output: Output = None, limit: Limit = LIMIT, store: Store = STORE) -> None:
    """List investigations, oldest first."""
    from hunting.formats import records

    with _opened(store) as air:
        rows = [
            (
                i.short_id if form in (None, Form.TABLE) else i.id,
                i.status,
                i.type,
                i.name,
                i.severity,
                i.users,
                i.threats,
                i.action_count,
                i.created_at,
            )
            for i in air.investigations()
        ]
    show(records(_INVESTIGATION, rows), form, output, limit)


class Tab(StrEnum):
    """Parts of an investigation."""

    CLUSTERS = "clusters"
    EVIDENCE = "evidence"
    ACTIONS = "actions"
    LOG = "log"


@app.command()
def investigation(
    key: Annotated[str, typer.Argument(metavar="ID", help="The id, or its first six or more digits.")],
    tab: Annotated[Tab | None, typer.Option(help="One part, in any format; without it, all parts as tables.")] = None,
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    store: Store = STORE,
) -> None:
    """Show one investigation: its clusters, evidence, actions and log."""
    from hunting.formats import records, visible

    if tab is None and (output is not None or form not in (None, Form.TABLE)):
        raise typer.BadParameter("An investigation as a whole is for reading. Choose a part.", param_hint="--tab")
    with _opened(store) as air:
        found = air.investigation(key)
    parts = {
        Tab.CLUSTERS: records(
            dict.fromkeys(("Cluster", "Entity", "Verdict", "Outcome"), "string")
            | {"Emails": "long", "InMailbox": "long", "Reason": "string"},
            [(c.name, c.entity, c.verdict, c.outcome, c.email_count, c.mailbox, c.reason) for c in found.clusters],
        ),
        Tab.EVIDENCE: records(
            dict.fromkeys(("Type", "Entity", "Verdict", "Origin"), "string"),
            [(e.type, e.entity, e.verdict, e.origin) for e in found.evidence],
        ),
        Tab.ACTIONS: _actions(found.actions, whole=form not in (None, Form.TABLE)),
        Tab.LOG: records(
            {"At": "datetime", "Status": "string", "Description": "string"}, [(e.at, e.status, e.description) for e in found.log]
        ),
    }
    if tab is not None:
        show(parts[tab], form, output, limit)
        return
    write(visible(f"Investigation {found.short_id} · {found.name} · {found.type} · {found.severity} · {found.status}") + "\n")
    for name, part in parts.items():
        write(f"\n{name.capitalize()}\n")
        show(part, Form.TABLE, None, limit)


# ---------------------------------------------------------------- actions


@app.command()
def actions(
    status: Annotated[str | None, typer.Option(help="Pending, Completed, Rejected, Expired, Cancelled, ...")] = None,
    decided_by: Annotated[str | None, typer.Option(help="Automation, or a person.")] = None,
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    store: Store = STORE,
) -> None:
    """List the Action center: pending and history together, oldest first."""
    with _opened(store) as air:
        show(
            _actions(air.actions(status=status, decided_by=decided_by), whole=form not in (None, Form.TABLE)), form, output, limit
        )


@app.command()
def approve(action: Action, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Approve a pending action, carry it out and publish."""
    with _opened(store, now) as air:
        _tell(air.approve(action, by=person(by), reason=reason))


@app.command()
def reject(action: Action, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Reject a pending action."""
    with _opened(store, now) as air:
        _tell(air.reject(action, by=person(by), reason=reason))


class Place(StrEnum):
    """Where an undo puts messages back."""

    INBOX = "inbox"
    JUNK = "junk"


@app.command()
def undo(
    action: Action,
    to: Annotated[Place, typer.Option(help="Where the messages go back to.")] = Place.INBOX,
    by: By = "",
    reason: Reason = "",
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Put back what an action removed, as a new action: history is never changed."""
    with _opened(store, now) as air:
        _tell(air.undo(action, str(to), by=person(by), reason=reason))


@app.command()
def verify(store: Store = STORE) -> None:
    """Check the audit chain, and that the store holds the ledger's events, each once."""
    from hunting.formats import visible

    with _opened(store) as air:
        found = air.verify()
    write("".join(f"{visible(fault)}\n" for fault in found.faults))
    if not found.sound:
        raise typer.Exit(1)
    note(f"sound: {found.audit_entries:,} audit entries, {found.events:,} events")


_ACTION = {
    "Id": "string",
    "Status": "string",
    "Action": "string",
    "DecidedBy": "string",
    "Cluster": "string",
    "Emails": "long",
    "Moved": "long",
    "Entity": "string",
    "UndoneBy": "string",
}


def _actions(found: Sequence[ActionRecord], whole: bool) -> Result:
    """Actions as a table; ids whole for programs, six digits for people."""
    from hunting.formats import records

    digits = None if whole else 6
    rows = [
        (a.id[:digits], a.status, a.name, a.decided_by, a.cluster_type, a.email_count, a.moved, a.entity, a.undone_by[:digits])
        for a in found
    ]
    return records(_ACTION, rows)


def _tell(action: ActionRecord) -> None:
    note(f"{action.name} {action.id[:6]}: {action.status}, {action.moved:,} moved, {action.left:,} left where they are")
