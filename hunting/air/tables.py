"""The Action center and the list of investigations as tables, with Defender's headings (page: Action center).

Everything is computed from the journal when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from hunting.air.journal import Journal, Row, micros, moment
from hunting.air.policy import ActionStatus
from hunting.errors import AirError
from hunting.formats import records
from hunting.result import Result

_ACTIONS = """
    SELECT a.*, coalesce(a.completed_at, a.decided_at, a.created_at) AS updated_at,
        c.entity, iif(c.type = 'selected', 'Email', 'Email cluster') AS entity_type, c.email_count,
        (SELECT count(DISTINCT m.recipient) FROM cluster_members m WHERE m.cluster_id = c.id) AS mailboxes,
        EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id AND u.status = 'Completed') AS undone,
        (SELECT count(*) FROM moves v WHERE v.action_id = a.id AND v.state = 'done') AS moved
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
"""
_CENTER = {
    "Action update time": "datetime",
    "Investigation ID": "string",
    "Approval ID": "string",
    "Action type": "string",
    "Details": "string",
    "Entity type": "string",
    "Asset": "string",
    "Decision": "string",
    "Decided by": "string",
    "Action source": "string",
    "Status": "string",
    "Email count": "long",
    "Moved": "long",
    "Reason": "string",
}
PENDING, HISTORY = "pending", "history"


def action_center(
    journal: Journal,
    tab: str = "",
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    **filters: str | None,
) -> Result:
    """Actions, the newest update first.

    Args:
        tab: "pending", "history", or "" for both.
        since, until: bounds of the action update time.
        filters: status, decided_by, source, action_type, entity_type, decision, details, investigation; compared regardless of
            case. `investigation` and `details` are looked for at the beginning and inside.

    Raises:
        AirError: no such tab or filter.
    """
    if tab not in ("", PENDING, HISTORY):
        raise AirError(f"The Action center has no tab '{tab}'.", hint=f"Tabs: {PENDING}, {HISTORY}.")
    unknown = filters.keys() - _FILTERS.keys()
    if unknown:
        raise AirError(f"The Action center has no filter '{min(unknown)}'.", hint=f"Filters: {', '.join(_FILTERS)}.")
    open_states = (ActionStatus.PENDING,)
    rows = journal.rows(f"{_ACTIONS} ORDER BY updated_at DESC, a.rowid DESC")
    kept = [
        row
        for row in rows
        if (tab == "" or (row["status"] in open_states) == (tab == PENDING))
        and (since is None or row["updated_at"] >= micros(since))
        and (until is None or row["updated_at"] <= micros(until))
        and all(_FILTERS[name](row, value.casefold()) for name, value in filters.items() if value)
    ]
    return records(_CENTER, [_center_row(row) for row in kept])


def _is(column: str) -> Callable[[Row, str], bool]:
    return lambda row, value: str(row[column]).casefold() == value


_FILTERS: Mapping[str, Callable[[Row, str], bool]] = {
    "status": _is("status"),
    "decided_by": _is("decided_by"),
    "source": _is("source"),
    "action_type": _is("name"),
    "entity_type": _is("entity_type"),
    "decision": lambda row, value: _decision(row).casefold() == value,
    "details": lambda row, value: value in str(row["entity"]).casefold(),
    "investigation": lambda row, value: str(row["investigation_id"]).startswith(value),
}


def _decision(row: Row) -> str:
    return "Undone" if row["undone"] else str(row["decision"])


def _center_row(row: Row) -> Sequence[object]:
    return (
        *(moment(row["updated_at"]), row["investigation_id"], row["id"], row["name"], row["entity"], row["entity_type"]),
        *(f"{row['mailboxes']:,} mailboxes", _decision(row), row["decided_by"], row["source"], row["status"]),
        *(row["email_count"], row["moved"], row["reason"]),
    )


_LIST = {
    "ID": "string",
    "Status": "string",
    "Detection source": "string",
    "Investigation": "string",
    "Investigation type": "string",
    "Users": "long",
    "Creation time": "datetime",
    "Last changed time": "datetime",
    "Threat count": "long",
    "Action count": "long",
    "Duration": "timespan",
}


def investigation_list(
    journal: Journal,
    *,
    status: str | None = None,
    type: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Result:
    """Investigations, the newest first; `since` and `until` bound the creation time."""
    rows = journal.rows(
        """
        SELECT i.*, (SELECT count(DISTINCT m.recipient) FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
                     WHERE c.investigation_id = i.id) AS users,
            (SELECT count(*) FROM clusters c WHERE c.investigation_id = i.id AND c.verdict = 'Malicious') AS threats,
            (SELECT count(*) FROM actions a WHERE a.investigation_id = i.id) AS actions
        FROM investigations i
        WHERE (:status IS NULL OR status = :status COLLATE NOCASE) AND (:type IS NULL OR type = :type COLLATE NOCASE)
          AND (:since IS NULL OR created_at >= :since) AND (:until IS NULL OR created_at <= :until)
        ORDER BY created_at DESC, rowid DESC
        """,
        {
            "status": status,
            "type": type,
            "since": None if since is None else micros(since),
            "until": None if until is None else micros(until),
        },
    )
    return records(
        _LIST,
        [
            (
                *(row["id"], row["status"], "Office365", row["name"], row["type"], row["users"], moment(row["created_at"])),
                *(moment(row["changed_at"]), row["threats"], row["actions"]),
                span((row["ended_at"] or journal.now()) - row["created_at"]),
            )
            for row in rows
        ],
    )


def span(value: int) -> timedelta:
    """Microseconds as a timespan."""
    return timedelta(microseconds=value)


def actions_of(journal: Journal, investigation: str) -> list[Row]:
    """The actions of one investigation, with what the tables need of their clusters, oldest first."""
    return journal.rows(f"{_ACTIONS} WHERE a.investigation_id = ? ORDER BY a.created_at, a.rowid", (investigation,))
