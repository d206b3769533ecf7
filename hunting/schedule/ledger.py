"""The journal's tables of jobs: every change is one transaction, named after the step that it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from hunting.air.journal import Journal, Row, identifier, micros, moment
from hunting.schedule.cron import Schedule
from hunting.schedule.jobs import Job, Target
from hunting.schedule.records import Delivery, DeliveryStatus, Made, Run, RunStatus

if TYPE_CHECKING:
    import sqlite3

OPEN = (RunStatus.RUNNING, RunStatus.RETRYING, RunStatus.DELIVERING)
_LONGEST_ERROR = 1_000


class Ledger:
    """Jobs, runs, outputs and deliveries of one store."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    # Reading

    def watermark(self, job: Job) -> datetime | None:
        """The last due moment that a run of the job stands for; None if the job, or this schedule of it, was never seen."""
        row = self._journal.row("SELECT schedule, watermark FROM jobs WHERE name = ?", (job.name,))
        return None if row is None or row["schedule"] != _text(job.schedule) else moment(row["watermark"])

    def open_runs(self, job: str) -> list[Run]:
        """Runs that have not ended, oldest first."""
        found = self._journal.rows("SELECT * FROM job_runs WHERE job = ? AND status IN (?, ?, ?) ORDER BY due_at", (job, *OPEN))
        return [_run(row) for row in found]

    def run(self, run_id: str) -> Run:
        """A run by its id."""
        return _run(self._journal.rows("SELECT * FROM job_runs WHERE id = ?", (run_id,))[0])

    def outputs(self, run_id: str) -> list[Made]:
        """A run's files."""
        rows = self._journal.rows("SELECT * FROM job_outputs WHERE run_id = ? ORDER BY number", (run_id,))
        return [Made(row["name"], row["media_type"], row["size"], row["sha256"]) for row in rows]

    def deliveries(self, run_id: str) -> list[Delivery]:
        """A run's deliveries, the store's own folder first."""
        rows = self._journal.rows("SELECT * FROM job_deliveries WHERE run_id = ? ORDER BY number", (run_id,))
        return [_delivery(row) for row in rows]

    def open_ids(self) -> set[str]:
        """Ids of all runs that have not ended."""
        return {row["id"] for row in self._journal.rows("SELECT id FROM job_runs WHERE status IN (?, ?, ?)", OPEN)}

    # Writing

    def register(self, job: Job) -> None:
        """Takes note of a job, or of its new schedule: it counts from now on; no moment is ever run twice."""
        with self._changing("register") as db:
            db.execute(
                "INSERT INTO jobs VALUES (:name, :schedule, :now)"
                " ON CONFLICT DO UPDATE SET schedule = :schedule, watermark = max(watermark, :now)",
                {"name": job.name, "schedule": _text(job.schedule), "now": self._journal.now()},
            )

    def begin(self, job: Job, due: datetime, missed: int) -> Run:
        """The intent: from here on this run stands for the moment and for all before it."""
        run_id, now = identifier("job", job.name, due.isoformat()), self._journal.now()
        with self._changing("intent") as db:
            db.execute("UPDATE jobs SET watermark = ? WHERE name = ?", (micros(due), job.name))
            db.execute(
                "INSERT INTO job_runs VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, NULL, '')",
                (run_id, job.name, job.title, micros(due), missed, RunStatus.RUNNING, now, now),
            )
        return self.run(run_id)

    def again(self, run: Run) -> Run:
        """The intent of one more attempt."""
        with self._changing("intent") as db:
            db.execute(
                "UPDATE job_runs SET status = ?, attempts = attempts + 1, changed_at = ? WHERE id = ?",
                (RunStatus.RUNNING, self._journal.now(), run.id),
            )
        return self.run(run.id)

    def failed(self, run: Run, error: str, final: bool) -> Run:
        """An attempt has failed; `final`: there will be no other."""
        status, now = RunStatus.FAILED if final else RunStatus.RETRYING, self._journal.now()
        with self._changing("failed") as db:
            db.execute(
                "UPDATE job_runs SET status = ?, error = ?, changed_at = ?, ended_at = ? WHERE id = ?",
                (status, error[:_LONGEST_ERROR], now, now if final else None, run.id),
            )
        return self.run(run.id)

    def produced(self, run: Run, made: Sequence[Made], targets: Sequence[Target]) -> None:
        """The files exist, complete and on the disk; where they have to go."""
        now = self._journal.now()
        with self._changing("produced") as db:
            db.execute(
                "UPDATE job_runs SET status = ?, error = '', changed_at = ? WHERE id = ?", (RunStatus.DELIVERING, now, run.id)
            )
            db.executemany(
                "INSERT INTO job_outputs VALUES (?, ?, ?, ?, ?, ?)",
                [(run.id, at, each.name, each.media_type, each.size, each.sha256) for at, each in enumerate(made)],
            )
            db.executemany(
                "INSERT INTO job_deliveries VALUES (?, ?, ?, ?, ?, 0, ?, ?, '')",
                [
                    (run.id, at, each.kind, each.target, DeliveryStatus.PENDING, now, each.shown)
                    for at, each in enumerate(dict.fromkeys(targets))
                ],
            )

    def trying(self, delivery: Delivery) -> None:
        """An attempt to deliver begins."""
        self._delivery(delivery, "attempt", "attempts = attempts + 1")

    def delivered(self, delivery: Delivery, place: str) -> None:
        """The outputs are there."""
        self._delivery(delivery, "delivered", "status = ?, place = ?, error = ''", DeliveryStatus.DELIVERED, place)

    def undelivered(self, delivery: Delivery, error: str, final: bool) -> None:
        """An attempt to deliver has failed; `final`: there will be no other."""
        status = DeliveryStatus.FAILED if final else DeliveryStatus.PENDING
        self._delivery(delivery, "undelivered", "status = ?, error = ?", status, error[:_LONGEST_ERROR])

    def done(self, run: Run) -> Run:
        """Every delivery has ended: so has the run, and it has failed if one of them has."""
        failed = [each for each in self.deliveries(run.id) if each.status is DeliveryStatus.FAILED]
        status = RunStatus.FAILED if failed else RunStatus.SUCCEEDED
        now = self._journal.now()
        with self._changing("done") as db:
            db.execute(
                "UPDATE job_runs SET status = ?, error = ?, changed_at = ?, ended_at = ? WHERE id = ?",
                (status, "; ".join(each.error for each in failed)[:_LONGEST_ERROR], now, now, run.id),
            )
        return self.run(run.id)

    def _delivery(self, delivery: Delivery, step: str, change: str, *values: object) -> None:
        with self._changing(step) as db:
            db.execute(
                f"UPDATE job_deliveries SET {change}, changed_at = ? WHERE run_id = ? AND number = ?",
                (*values, self._journal.now(), delivery.run_id, delivery.number),
            )

    @contextmanager
    def _changing(self, step: str) -> Iterator[sqlite3.Connection]:
        with self._journal.entry(step) as db:
            yield db
            db.execute("UPDATE job_revision SET number = number + 1")


def _text(schedule: Schedule) -> str:
    return f"{schedule.expression} {schedule.zone}"


def _run(row: Row) -> Run:
    return Run(
        row["id"],
        row["job"],
        row["title"],
        moment(row["due_at"]),
        row["missed"],
        RunStatus(row["status"]),
        row["attempts"],
        moment(row["changed_at"]),
        row["error"],
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        row["run_id"],
        row["number"],
        Target(row["kind"], row["target"]),
        DeliveryStatus(row["status"]),
        row["attempts"],
        row["place"],
        row["error"],
    )
