"""air investigation: list, show, start, stop; air cluster: show, export, recount."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import click

from hunting.cli.command import Option
from hunting.cli.group import Group
from hunting.cli.opening import open_air
from hunting.cli.options import (
    LIMIT,
    STORE,
    By,
    Form,
    Format,
    Key,
    Limit,
    Now,
    Output,
    Reason,
    Since,
    Store,
    Until,
    bound,
    person,
)
from hunting.cli.output import brief, for_people, note, show, write

app = Group("investigation", "Investigations.")
clusters = Group("cluster", "Threat clusters of messages.")

_LIST = ("ID", "Status", "Investigation type", "Users", "Threat count", "Action count", "Creation time", "Investigation")


class Tab(StrEnum):
    """Parts of an investigation."""

    ALERTS = "alerts"
    EVIDENCE = "evidence"
    ENTITIES = "entities"
    CLUSTERS = "clusters"
    LOG = "log"
    PENDING = "pending"
    HISTORY = "history"


@app.verb("list")
def list_(
    status: Annotated[str | None, Option(metavar="TEXT", help="'Pending Action', Remediated, 'No Threats Found', ...")] = None,
    type_: Annotated[str | None, Option("--type", metavar="TEXT", help="The investigation type.")] = None,
    since: Since = "",
    until: Until = "",
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    store: Store = STORE,
) -> None:
    """List investigations, the newest first."""
    with open_air(store) as air:
        bounds = {"since": bound(since, "--since"), "until": bound(until, "--until")}
        found = air.investigation_list(status=status, type=type_, **bounds)
    show(brief(found, _LIST) if for_people(form, output) else found, form, output, limit)


@app.verb("show")
def show_(
    key: Key,
    tab: Annotated[Tab | None, Option(help="One part, in any format; without it, all parts as tables.")] = None,
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    store: Store = STORE,
) -> None:
    """Show an investigation: alerts, evidence, entities, clusters, log, what waits and what was done."""
    from hunting.cells import visible

    if tab is None and (output is not None or form not in (None, Form.TABLE)):
        raise click.BadParameter("An investigation as a whole is for reading. Choose a part.", param_hint="--tab")
    with open_air(store) as air:
        if tab is not None:
            show(air.tab(key, tab), form, output, limit)
            return
        found = air.investigation(key)
        write(visible(f"Investigation {found.short_id} · {found.name} · {found.type} · {found.severity} · {found.status}") + "\n")
        for each in Tab:
            write(f"\n{each.capitalize()}\n")
            show(air.tab(key, each), Form.TABLE, None, limit)


@app.verb()
def start(
    alert: Annotated[str, Option(metavar="ID", help="An AlertId.")] = "",
    email: Annotated[str, Option(metavar="ID", help="A NetworkMessageId.")] = "",
    by: By = "",
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Investigate an alert or a message now; prints the investigation's id."""
    if bool(alert) == bool(email):
        raise click.BadParameter("Name an alert or a message.", param_hint="--alert / --email")
    with open_air(store, now) as air:
        found = air.investigate(alert, email=email, by=person(by))
    write(found.id + "\n")
    note(f"{found.name}: {found.status}, {found.action_count} actions")


@app.verb()
def stop(key: Key, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Stop an investigation and cancel what waits in it."""
    with open_air(store, now) as air:
        found = air.terminate(key, by=person(by), reason=reason)
    note(f"Investigation {found.short_id}: {found.status}")


# ---------------------------------------------------------------- clusters


@clusters.verb("show")
def cluster_show(key: Key, form: Format = None, output: Output = None, limit: Limit = LIMIT, store: Store = STORE) -> None:
    """Show the copies of a cluster, each with the cluster's own columns."""
    with open_air(store) as air:
        show(air.cluster(key), form, output, limit)


@clusters.verb()
def export(key: Key, path: Annotated[Path, Option(metavar="FILE", help="The CSV file.")], store: Store = STORE) -> None:
    """Write a cluster as CSV, whole or not at all."""
    with open_air(store) as air:
        rows = air.export_cluster(key, path)
    note(f"{rows:,} rows in {path}")


@clusters.verb()
def recount(key: Key, form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Count a cluster's copies as they are now; the counts of its analysis stay."""
    from hunting.formats import records

    with open_air(store) as air:
        show(records({"Count": "string", "Now": "long"}, list(air.recount(key).items())), form, output, 0)
