"""The scheduler's part of the journal as tables of the lake: JobRuns, JobOutputs, JobDeliveries, as they are now."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from hunting.air.journal import Journal, exclusive
from hunting.air.lake_tables import table_of
from hunting.lake import Lake

_WAIT = 30.0

STATES = {
    "JobOutputs": """
        SELECT o.run_id AS RunId, r.job AS JobName, r.due_at AS DueTime, o.name AS FileName, o.media_type AS MediaType,
            o.size AS SizeBytes, o.sha256 AS SHA256
        FROM job_outputs o JOIN job_runs r ON r.id = o.run_id ORDER BY r.rowid, o.number
    """,
    "JobDeliveries": """
        SELECT d.run_id AS RunId, r.job AS JobName, r.due_at AS DueTime, d.kind AS Channel, d.place AS Destination,
            d.status AS Status, d.attempts AS Attempts, d.changed_at AS LastChangedTime, d.error AS Error
        FROM job_deliveries d JOIN job_runs r ON r.id = d.run_id ORDER BY r.rowid, d.number
    """,
    "JobRuns": """
        SELECT r.id AS RunId, r.job AS JobName, r.title AS Title, r.due_at AS DueTime, r.missed AS Missed, r.status AS Status,
            r.attempts AS Attempts, r.started_at AS StartTime, r.changed_at AS LastChangedTime, r.ended_at AS EndTime,
            (SELECT count(*) FROM job_outputs o WHERE o.run_id = r.id) AS Outputs,
            (SELECT count(*) FROM job_deliveries d WHERE d.run_id = r.id AND d.status = 'Delivered') AS Delivered,
            (SELECT count(*) FROM job_deliveries d WHERE d.run_id = r.id AND d.status <> 'Delivered') AS Undelivered,
            r.error AS Error
        FROM job_runs r ORDER BY r.rowid
    """,
}
_LAST = "JobRuns"  # its revision says that all are published


def publish(lake: Lake, journal: Journal, lock: Path) -> None:
    """Publishes what the lake does not hold yet; may be repeated, and be done by several processes."""
    application = "jobs:" + journal.scalar("SELECT id FROM identity")
    if (lake.sequence(_LAST, application) or 0) >= journal.scalar("SELECT number FROM job_revision"):
        return
    held = exclusive(lock, _WAIT)
    if held is None:
        return  # the next one publishes everything
    with closing(held):
        journal.tell("before publish")
        revision = journal.scalar("SELECT number FROM job_revision")
        for table, select in STATES.items():
            rows = table_of(table, journal.rows(select))
            lake.append(table, rows, application=(application, revision), instead=True)
        journal.tell("after publish")
