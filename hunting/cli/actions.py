"""air actions: the Action center: list, show, approve, reject, undo, retry, take."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.group import Group
from hunting.cli.hunt import text_of
from hunting.cli.opening import open_air, open_hunt
from hunting.cli.options import LIMIT, STORE, By, Format, Key, Limit, Now, Output, Reason, Since, Store, Until, bound, person
from hunting.cli.output import brief, for_people, note, show

if TYPE_CHECKING:
    from hunting.air import ActionRecord

app = Group("actions", "The Action center.")

_LIST = ("Approval ID", "Status", "Action type", "Decided by", "Decision", "Email count", "Moved", "Details", "Investigation ID")


class Tab(StrEnum):
    """The two pages of the Action center."""

    PENDING = "pending"
    HISTORY = "history"


class Place(StrEnum):
    """Where an undo puts messages back."""

    INBOX = "inbox"
    JUNK = "junk"


@app.verb("list")
def list_(
    tab: Annotated[Tab | None, Option(help="What waits, or what became of the rest; default: both.")] = None,
    status: Annotated[str | None, Option(metavar="TEXT", help="Pending, Completed, Rejected, Expired, Cancelled, ...")] = None,
    decided_by: Annotated[str | None, Option(metavar="TEXT", help="Automation, or a person.")] = None,
    source: Annotated[str | None, Option(metavar="TEXT", help="'Automated email action', 'Manual email action', ...")] = None,
    action_type: Annotated[str | None, Option(metavar="TEXT", help="'Soft delete', 'Moved to inbox', ...")] = None,
    entity_type: Annotated[str | None, Option(metavar="TEXT", help="'Email cluster' or Email.")] = None,
    decision: Annotated[str | None, Option(metavar="TEXT", help="Approved, Rejected, Undone, ...")] = None,
    details: Annotated[str | None, Option(metavar="TEXT", help="Part of the file's hash or the URL.")] = None,
    investigation: Annotated[str | None, Option(metavar="ID", help="The beginning of an investigation's id.")] = None,
    since: Since = "",
    until: Until = "",
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    store: Store = STORE,
) -> None:
    """List actions, the latest update first; a table shows some of the columns, other formats hold all."""
    filters = {
        "status": status,
        "decided_by": decided_by,
        "source": source,
        "action_type": action_type,
        "entity_type": entity_type,
        "decision": decision,
        "details": details,
        "investigation": investigation,
    }
    with open_air(store) as air:
        found = air.action_center(tab or "", since=bound(since, "--since"), until=bound(until, "--until"), **filters)
    show(brief(found, _LIST) if for_people(form, output) else found, form, output, limit)


@app.verb("show")
def show_(action: Key, form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """Show everything about one action."""
    from hunting.formats import records

    with open_air(store) as air:
        found = asdict(air.action(action))
    rows = [(name.replace("_", " ").capitalize(), "" if value is None else f"{value}") for name, value in found.items()]
    show(records({"Field": "string", "Value": "string"}, rows), form, output, 0)


@app.verb()
def approve(action: Key, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Approve a pending action, carry it out and publish."""
    with open_air(store, now) as air:
        _tell(air.approve(action, by=person(by), reason=reason))


@app.verb()
def reject(action: Key, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Reject a pending action."""
    with open_air(store, now) as air:
        _tell(air.reject(action, by=person(by), reason=reason))


@app.verb()
def undo(
    action: Key,
    to: Annotated[Place, Option(help="Where the messages go back to.")] = Place.INBOX,
    by: By = "",
    reason: Reason = "",
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Put back what an action removed, as a new action: history is never changed."""
    with open_air(store, now) as air:
        _tell(air.undo(action, str(to), by=person(by), reason=reason))


@app.verb()
def retry(action: Key, by: By = "", reason: Reason = "", now: Now = "", store: Store = STORE) -> None:
    """Repeat the moves of an action that ended in an error, as a new action."""
    with open_air(store, now) as air:
        _tell(air.retry(action, by=person(by), reason=reason))


@app.verb()
def take(
    action: Annotated[str, Argument(help="soft-delete, hard-delete, deleted-items, junk, inbox, quarantine, release.")],
    query: Annotated[
        str, Option(metavar="KQL", help="A hunt in KQL whose rows have NetworkMessageId and RecipientEmailAddress.")
    ] = "",
    message: Annotated[tuple[str, ...], Option(metavar="ID", help="A NetworkMessageId, all its copies. May be repeated.")] = (),
    propose: Annotated[bool, Option(help="Leave it pending, for another person to approve.")] = False,
    by: By = "",
    reason: Reason = "",
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Take action on the messages that a hunt finds, or on messages by their ids.

    \b
    hunting air actions take junk --query @found.kql --reason "a scam"
    """
    if bool(query) == bool(message):
        raise click.BadParameter("Give a hunt or messages.", param_hint="--query / --message")
    with open_hunt(store, now) as hunt, closing(hunt.air) as air:
        rows = hunt.query(text_of(query)) if query else message
        source = "Advanced hunting action" if query else "Explorer action"
        _tell(air.remediate(rows, action, by=person(by), reason=reason, source=source, propose=propose))


def _tell(action: ActionRecord) -> None:
    already = f", {action.already:,} there before" if action.already else ""
    left = f", {action.left:,} left where they are ({action.left_because})" if action.left else ""
    note(f"{action.name} {action.id[:6]}: {action.status}, {action.moved:,} moved{already}{left}")
