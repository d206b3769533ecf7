"""A threat cluster as a CSV file: the columns of Defender's cluster view, one row per copy (page: Details and results of AIR)."""

from __future__ import annotations

from pathlib import Path

from hunting.air import live
from hunting.air.journal import Journal, moment
from hunting.air.mailboxes import Hunting
from hunting.air.tabs import COUNTED, counts, threats
from hunting.formats import records, save
from hunting.result import Result

_HEAD = {
    **dict.fromkeys(("Investigation ID", "Cluster ID", "Mail cluster name", "Details"), "string"),
    **dict.fromkeys(("Verdict", "Remediation status", "Threats"), "string"),
    "Query time": "datetime",
}
_COPY = dict.fromkeys(
    (
        *("Network Message ID", "Internet Message ID", "Recipient", "Sender", "Subject", "Directionality", "Threat type"),
        *("Location at analysis", "Location now"),
    ),
    "string",
)


def cluster_table(hunt: Hunting, journal: Journal, cluster_id: str) -> Result:
    """The members of a cluster, each with the cluster's own columns."""
    cluster = journal.rows("SELECT * FROM clusters WHERE id = ?", (cluster_id,))[0]
    head = (
        *(cluster["investigation_id"], cluster["id"], cluster["name"], cluster["entity"], cluster["verdict"]),
        *(cluster["remediation_status"], threats(cluster), moment(cluster["analysed_at"]), *counts(cluster)),
    )
    now = live.places(hunt, journal, cluster)
    members = journal.rows("SELECT * FROM cluster_members WHERE cluster_id = ? ORDER BY message, recipient", (cluster_id,))
    return records(
        {**_HEAD, **COUNTED, **_COPY},
        [
            (
                *(*head, row["message"], row["internet_message_id"], row["address"], row["sender"], row["subject"]),
                *(row["direction"], row["threat_types"], row["place"], now.get((row["message"], row["recipient"]), "")),
            )
            for row in members
        ],
    )


def export_cluster(hunt: Hunting, journal: Journal, cluster_id: str, path: Path) -> int:
    """Writes a cluster's CSV file, whole or not at all, with no cell that a spreadsheet would run; returns the rows.

    Raises:
        HuntingError: the file cannot be written.
    """
    table = cluster_table(hunt, journal, cluster_id)
    save(table, path, "csv")
    return len(table)
