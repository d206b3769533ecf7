"""What is asked of the present instead of the analysis: a cluster's counts now, and the block list."""

from __future__ import annotations

from hunting.air.clusters import CLUSTERS, SELECTED
from hunting.air.journal import Journal, Row, moment
from hunting.air.mailboxes import Copy, Hunting, copies, lay_out
from hunting.air.members import count
from hunting.formats import records
from hunting.result import Result

_UNDONE = "EXISTS (SELECT 1 FROM actions u WHERE u.undoes = a.id AND u.status = 'Completed')"
_BLOCKS = f"""
    SELECT 'URL' AS type, c.entity AS value, a.id, a.decided_by, a.completed_at, a.reason
    FROM actions a JOIN clusters c ON c.id = a.cluster_id
    WHERE a.name = 'Block URL' AND a.status = 'Completed' AND NOT {_UNDONE}
    UNION ALL
    SELECT DISTINCT 'Sender', m.sender, a.id, a.decided_by, a.completed_at, a.reason
    FROM actions a JOIN cluster_members m ON m.cluster_id = a.cluster_id
    WHERE a.name = 'Block sender' AND a.status = 'Completed' AND m.sender <> '' AND NOT {_UNDONE}
    ORDER BY 1, 2, 5
"""


def recount(hunt: Hunting, journal: Journal, cluster_id: str) -> dict[str, int]:
    """The counts of the copies that the cluster's query finds now; of selected messages, those that were selected."""
    cluster = journal.rows("SELECT * FROM clusters WHERE id = ?", (cluster_id,))[0]
    found = members_now(hunt, journal, cluster)
    with journal.aside() as db:
        lay_out(db, found)
        counts = count(db)
    del counts["restored"]
    return counts


def places(hunt: Hunting, journal: Journal, cluster: Row) -> dict[tuple[str, str], str]:
    """Where the copies that the cluster's query finds are now, by message and recipient."""
    found = members_now(hunt, journal, cluster)
    with journal.aside() as db:
        lay_out(db, found)
        return {(row["message"], row["recipient"]): row["place"] for row in db.execute("SELECT * FROM whereabouts")}


def members_now(hunt: Hunting, journal: Journal, cluster: Row) -> list[Copy]:
    """The copies that a cluster's query finds now, as the lake knows them; of selected messages, those that were selected."""
    if cluster["type"] != SELECTED.key:
        return copies(hunt, CLUSTERS[cluster["type"]], [cluster["entity"]], hunt.clock())[cluster["entity"]]
    members = journal.rows("SELECT message, recipient FROM cluster_members WHERE cluster_id = ?", (cluster["id"],))
    wanted = {(row["message"], row["recipient"]) for row in members}
    by_message = copies(hunt, SELECTED, {row["message"] for row in members}, hunt.clock())
    return [copy for each in by_message.values() for copy in each if (copy[0], copy[1]) in wanted]


def blocks(journal: Journal) -> Result:
    """URLs and senders on the block list, with the action that put them there: what a mail gateway is fed with."""
    columns = dict.fromkeys(("Type", "Value", "Approval ID", "Decided by"), "string") | {"Time": "datetime", "Reason": "string"}
    return records(
        columns,
        [
            (row["type"], row["value"], row["id"], row["decided_by"], moment(row["completed_at"]), row["reason"])
            for row in journal.rows(_BLOCKS)
        ],
    )
