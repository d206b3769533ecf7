"""The tabs of an investigation as tables, with Defender's headings (page: Details and results of an automated investigation)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hunting.air.journal import Journal, Row, moment
from hunting.air.policy import ActionStatus
from hunting.air.tables import actions_of, span
from hunting.errors import AirError
from hunting.formats import records
from hunting.result import Result

_COUNTS = {
    "Email count": "email_count",
    "Malware": "malware",
    "Phish": "phish",
    "High confidence phish": "high_confidence_phish",
    "Spam": "spam",
    "Delivered": "delivered",
    "Junked": "junked",
    "Replaced": "replaced",
    "Blocked": "blocked",
    "Mailbox": "mailbox",
    "Not in mailbox": "not_in_mailbox",
    "On-prem/External": "on_prem_external",
}
COUNTED: dict[str, str] = dict.fromkeys(_COUNTS, "long")
"""Headings of a cluster's counts, with their types."""


def counts(cluster: Row) -> list[int]:
    """The values under `COUNTED`."""
    return [cluster[column] for column in _COUNTS.values()]


def threats(cluster: Row) -> str:
    """What the members are, for example "Malware, Phish"."""
    found = (("Malware", "malware"), ("HighConfPhish", "high_confidence_phish"), ("Phish", "phish"), ("Spam", "spam"))
    return ", ".join(name for name, column in found if cluster[column])


def _clusters(journal: Journal, investigation: str) -> list[Row]:
    return journal.rows("SELECT * FROM clusters WHERE investigation_id = ? ORDER BY rowid", (investigation,))


_RECIPIENTS = "SELECT count(DISTINCT recipient) FROM cluster_members WHERE cluster_id = ?"


def evidence(journal: Journal, investigation: str) -> Result:
    """What was judged, and what became of it."""
    columns = {"First seen": "datetime"} | dict.fromkeys(
        ("Entity type", "Entity", "Verdict", "Remediation status", "Status details"), "string"
    )
    columns |= {"Impacted assets": "long", "Detection origin": "string", "Threats": "string"}
    by_entity = {cluster["entity"]: cluster for cluster in _clusters(journal, investigation)}
    rows = []
    for row in journal.rows("SELECT * FROM evidence WHERE investigation_id = ? ORDER BY type, entity", (investigation,)):
        cluster = by_entity.get(row["entity"])
        status, details, assets, kinds = _message(journal, investigation, row["entity"])
        if cluster is not None:
            status, details, kinds = cluster["remediation_status"], cluster["reason"], threats(cluster)
            assets = journal.scalar(_RECIPIENTS, (cluster["id"],))
        seen = moment(row["first_seen"])
        rows.append((seen, row["type"], row["entity"], row["verdict"], status, details, assets, row["origin"], kinds))
    return records(columns, rows)


_COPIES = """
    SELECT m.threat_types, m.recipient, EXISTS (
        SELECT 1 FROM moves v JOIN actions a ON a.id = v.action_id
        WHERE a.investigation_id = c.investigation_id AND a.kind = 'remediation' AND v.message = m.message
          AND v.recipient = m.recipient AND v.state = 'done'
          AND NOT EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id AND u.status = 'Completed')) AS moved
    FROM clusters c JOIN cluster_members m ON m.cluster_id = c.id
    WHERE c.investigation_id = ? AND m.message = ? GROUP BY m.recipient
"""


def _message(journal: Journal, investigation: str, message: str) -> tuple[str, str, int, str]:
    """Of a message: remediation status, how many copies were removed, recipients, threats."""
    copies = journal.rows(_COPIES, (investigation, message))
    moved = sum(row["moved"] for row in copies)
    if not copies:
        return "None", "", 0, ""
    status = "Unremediated" if not moved else "Remediated" if moved == len(copies) else "Partially remediated"
    kinds = sorted({kind for row in copies for kind in str(row["threat_types"]).split(", ") if kind})
    return status, f"{moved:,} of {len(copies):,} copies removed", len(copies), ", ".join(kinds)


def entities(journal: Journal, investigation: str) -> Result:
    """Files, URLs, e-mails, senders and mailboxes of the investigation, each with its number of copies."""
    columns = dict.fromkeys(("Entity type", "Entity", "Verdict", "Remediation status"), "string") | {"Copies": "long"}
    rows: list[tuple[object, ...]] = []
    for cluster in _clusters(journal, investigation):
        kind = {"similar-files": "Files", "similar-urls": "URLs"}.get(cluster["type"], "Emails")
        if kind != "Emails":
            rows.append((kind, cluster["entity"], cluster["verdict"], cluster["remediation_status"], cluster["email_count"]))
        name = f"{cluster['name']}: {cluster['entity']}"
        rows.append(("Email clusters", name, cluster["verdict"], cluster["remediation_status"], cluster["email_count"]))
    members = (
        "SELECT m.{column} AS entity, count(DISTINCT m.message || ' ' || m.recipient) AS copies FROM clusters c"
        " JOIN cluster_members m ON m.cluster_id = c.id WHERE c.investigation_id = ? GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    for kind, column in (("Emails", "message"), ("Senders", "sender"), ("Mailboxes", "recipient")):
        for row in journal.rows(members.format(column=column), (investigation,)):
            status = _message(journal, investigation, row["entity"])[0] if kind == "Emails" else ""
            rows.append((kind, row["entity"], "", status, row["copies"]))
    return records(columns, rows)


def clusters(journal: Journal, investigation: str) -> Result:
    """E-mail clusters with the counts of their analysis."""
    texts = ("ID", "Verdict", "Remediation status", "Mail cluster name", "Details", "Threats")
    columns = dict.fromkeys(texts, "string") | COUNTED | dict.fromkeys(("Decision", "Reason"), "string")
    return records(
        columns,
        [
            (
                *(row["id"], row["verdict"], row["remediation_status"], row["name"], row["entity"], threats(row)),
                *(*counts(row), row["outcome"], row["reason"]),
            )
            for row in _clusters(journal, investigation)
        ],
    )


def log(journal: Journal, investigation: str) -> Result:
    """Every step; its duration is the time until the next one."""
    columns = {"ID": "long", "Time created": "datetime", "Status": "string", "Description": "string", "Duration": "timespan"}
    rows = journal.rows("SELECT * FROM investigation_log WHERE investigation_id = ? ORDER BY number", (investigation,))
    ends = [row["at"] for row in rows[1:]] + [row["at"] for row in rows[-1:]]
    return records(
        columns,
        [
            (row["number"], moment(row["at"]), row["status"], row["description"], span(end - row["at"]))
            for row, end in zip(rows, ends, strict=True)
        ],
    )


def pending(journal: Journal, investigation: str) -> Result:
    """What waits for a decision."""
    columns = {"Investigation ID": "string", "Approval ID": "string", "First seen": "datetime", "Action type": "string"}
    columns |= {"Details": "string"} | COUNTED | dict.fromkeys(("Entity type", "Threat type", "Subject", "Reason"), "string")
    by_id = {cluster["id"]: cluster for cluster in _clusters(journal, investigation)}
    rows = []
    for row in actions_of(journal, investigation):
        if row["status"] == ActionStatus.PENDING:
            cluster = by_id[row["cluster_id"]]
            head = (investigation, row["id"], moment(cluster["analysed_at"]), row["name"], row["entity"])
            tail = (row["entity_type"], threats(cluster), _subject(journal, cluster["id"]), row["reason"])
            rows.append((*head, *counts(cluster), *tail))
    return records(columns, rows)


def _subject(journal: Journal, cluster: str) -> str:
    """The commonest subject of the members."""
    select = "SELECT subject FROM cluster_members WHERE cluster_id = ? GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    return str(journal.scalar(select, (cluster,)) or "")


def history(journal: Journal, investigation: str) -> Result:
    """What was decided, by whom, and after how long."""
    columns = {"Action type": "string", "Wait time": "timespan", "Entity": "string", "Status": "string", "Handled by": "string"}
    columns |= {"Time": "datetime", "Approval ID": "string", "Decision": "string", "Moved": "long", "Comment": "string"}
    return records(
        columns,
        [
            (
                *(row["name"], span((row["decided_at"] or row["updated_at"]) - row["created_at"]), row["entity"], row["status"]),
                *(row["decided_by"], moment(row["updated_at"]), row["id"]),
                *("Undone" if row["undone"] else row["decision"], row["moved"], row["reason"]),
            )
            for row in actions_of(journal, investigation)
            if row["status"] != ActionStatus.PENDING
        ],
    )


def alerts(journal: Journal, investigation: str) -> Result:
    """The alert that started the investigation, or that it raised."""
    texts = ("Alert ID", "Alert name", "Severity", "Service source", "Investigation state")
    row = journal.rows("SELECT * FROM investigations WHERE id = ?", (investigation,))[0]
    found = (row["alert_id"], row["title"], row["severity"], "Microsoft Defender for Office 365", row["status"])
    return records(dict.fromkeys(texts, "string") | {"Time": "datetime"}, [(*found, moment(row["created_at"]))])


TABS: Mapping[str, Callable[[Journal, str], Result]] = {
    "alerts": alerts,
    "evidence": evidence,
    "entities": entities,
    "clusters": clusters,
    "log": log,
    "pending": pending,
    "history": history,
}


def tab_of(journal: Journal, investigation: str, tab: str) -> Result:
    """One tab of an investigation.

    Raises:
        AirError: there is no such tab.
    """
    if tab not in TABS:
        raise AirError(f"An investigation has no tab '{tab}'.", hint=f"Tabs: {', '.join(TABS)}.")
    return TABS[tab](journal, investigation)
