"""`due`: runs what is due, once, and carries on what a crash or a failure has left.

    intent -> (the job runs) -> files beside -> renamed -> produced -> each delivery: attempt -> there -> delivered -> done

Intent, produced, attempt, delivered and done are transactions of the journal. Whatever the moment of a crash, the next `due`
finds in the journal what was meant: it does the run again (intent), or delivers what was produced, or has nothing to do. One
process at a time works on a job: its lock ends with the process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta

from hunting.air.journal import Journal, exclusive, identifier
from hunting.clock import Clock
from hunting.errors import ScheduleError
from hunting.lake import Lake
from hunting.schedule.delivery import STORE, arrived, deliver
from hunting.schedule.files import Parcel, Spool
from hunting.schedule.jobs import Job, named, safe_name
from hunting.schedule.ledger import Ledger
from hunting.schedule.records import Delivery, DeliveryStatus, Outcome, Run, RunStatus, Told
from hunting.schedule.tables import publish
from hunting.schedule.words import in_words
from kql.errors import closest

ATTEMPTS = 3
"""How often a run, and how often a delivery, is tried in all. Attempts that a crash has cut short count."""

RETRY_AFTER = timedelta(minutes=5)
"""How long `watch` waits before it tries again; `due` itself tries again whenever it is called."""

_LOCK_WAIT = 0.3


class Scheduler:
    """The jobs of one store.

    Args:
        lake: the store.
        clock: says what is due.
        attempts: how often a run or a delivery is tried.
        on_step: told of every step; for tests.
    """

    def __init__(self, lake: Lake, clock: Clock, attempts: int = ATTEMPTS, on_step: Callable[[str], None] | None = None) -> None:
        self._lake, self._clock, self._attempts = lake, clock, attempts
        self._journal = Journal(lake.root / "air", clock, on_step)
        self._ledger = Ledger(self._journal)
        self._folder = lake.root / "jobs"
        self._spool = Spool(self._folder, self._journal.tell)

    def close(self) -> None:
        """Closes the journal."""
        self._journal.close()

    # ------------------------------------------------------------ what is due

    def due(self, jobs: Sequence[Job], only: Collection[str] = (), dry_run: bool = False) -> Iterator[Outcome]:
        """Runs what is due, job by job, and tells what became of each; a job that fails does not stop the others.

        Args:
            jobs: all jobs of the store.
            only: names of the jobs to look at; empty: all.
            dry_run: tell what is due, change nothing.

        Raises:
            ScheduleError: two jobs share a name, or `only` names none.
        """
        chosen = _chosen(jobs, only)
        if not dry_run:
            self._spool.sweep(self._ledger.open_ids)
        for job in chosen:
            yield from self._planned(job) if dry_run else self._alone(job)
        if not dry_run:
            self.publish()

    def publish(self) -> None:
        """Brings the tables JobRuns, JobOutputs and JobDeliveries up to date, if they are not."""
        self._folder.mkdir(exist_ok=True)
        publish(self._lake, self._journal, self._folder / "publish.lock")

    def wake(self, jobs: Sequence[Job]) -> datetime | None:
        """When there is something to do next; None: never."""
        moments = [moment for job in jobs for moment in self._moments(job)]
        return min(moments, default=None)

    def _moments(self, job: Job) -> Iterator[datetime]:
        watermark = self._ledger.watermark(job)
        yield job.schedule.after(watermark) if watermark is not None else self._clock()
        for run in self._ledger.open_runs(job.name):
            yield run.changed + RETRY_AFTER

    def _planned(self, job: Job) -> Iterator[Outcome]:
        """What `due` would do."""
        watermark, now = self._ledger.watermark(job), self._clock()
        runs = self._ledger.open_runs(job.name)
        yield from (Outcome(job.name, Told.DUE, run.due, attempt=run.attempts + 1) for run in runs)
        if watermark is None:
            yield Outcome(job.name, Told.NEW, next=job.schedule.after(now))
        elif (latest := job.schedule.latest(watermark, now)) is not None:
            yield Outcome(job.name, Told.DUE, latest, attempt=1, missed=job.schedule.count(watermark, latest) - 1)
        elif not runs:
            yield self._waiting(job, watermark)

    def _waiting(self, job: Job, watermark: datetime) -> Outcome:
        back = watermark > self._clock()
        return Outcome(
            job.name,
            Told.WAITING,
            next=job.schedule.after(max(watermark, self._clock())),
            error="the clock stands before the last run" if back else "",
        )

    # ------------------------------------------------------------ one job

    def _alone(self, job: Job) -> Iterator[Outcome]:
        self._folder.mkdir(exist_ok=True)
        lock = exclusive(self._folder / f"{identifier('job', job.name)}.lock", _LOCK_WAIT)
        if lock is None:
            yield Outcome(job.name, Told.BUSY)
            return
        with closing(lock):
            yield from self._work(job)

    def _work(self, job: Job) -> Iterator[Outcome]:
        """Carries on what is open, then runs what is due."""
        watermark, now = self._ledger.watermark(job), self._clock()
        latest = job.schedule.latest(watermark, now) if watermark is not None else None
        told = 0
        for run in self._ledger.open_runs(job.name):
            yield self._carried_on(job, run, latest)
            told += 1
        if watermark is None:
            self._ledger.register(job)
            yield Outcome(job.name, Told.NEW, next=job.schedule.after(now))
        elif latest is not None:
            missed = job.schedule.count(watermark, latest) - 1
            yield self._attempt(job, self._ledger.begin(job, latest, missed))
        elif not told:
            yield self._waiting(job, watermark)

    def _carried_on(self, job: Job, run: Run, latest: datetime | None) -> Outcome:
        if run.status is RunStatus.DELIVERING:
            return self._delivered(job, run)
        error = run.error or "It was interrupted."
        if latest is not None:
            return self._ended(job, run, f"{error} A later moment was due.")
        if run.attempts >= self._attempts:
            return self._ended(job, run, f"{error} It was tried {run.attempts} times.")
        return self._attempt(job, self._ledger.again(run))

    def _ended(self, job: Job, run: Run, error: str) -> Outcome:
        self._spool.remove(run.id)
        return self._outcome(job, self._ledger.failed(run, error, final=True))

    def _attempt(self, job: Job, run: Run) -> Outcome:
        try:
            outputs = named(job.run(run.due))
            self._journal.tell("after run")
            made = self._spool.write(run.id, outputs)
        except Exception as error:  # whatever a job does, the others are run
            self._spool.remove(run.id)
            final = run.attempts >= self._attempts
            return self._outcome(job, self._ledger.failed(run, in_words(error), final))
        self._ledger.produced(run, made, [STORE, *job.targets] if made else [])
        return self._delivered(job, run)

    def _delivered(self, job: Job, run: Run) -> Outcome:
        """Makes every delivery that is still to be made, and ends the run if none is left."""
        files = tuple(self._ledger.outputs(run.id))
        parcel = Parcel(run.id, run.job, run.title, run.due, self._spool.folder(run.id), files)
        for delivery in self._ledger.deliveries(run.id):
            if delivery.status is DeliveryStatus.PENDING:
                self._deliver(parcel, delivery)
        if all(each.status is not DeliveryStatus.PENDING for each in self._ledger.deliveries(run.id)):
            self._ledger.done(run)
            self._spool.remove(run.id)
        return self._outcome(job, self._ledger.run(run.id))

    def _deliver(self, parcel: Parcel, delivery: Delivery) -> None:
        root, attempt = self._lake.root, delivery.attempts + 1
        try:
            if attempt <= self._attempts:
                self._ledger.trying(delivery)
                self._journal.tell("before delivery")
                place = deliver(delivery.target, parcel, root, self._clock(), self._journal.tell)
                self._journal.tell("after delivery")
            elif (found := arrived(delivery.target, parcel, root)) is not None:
                place = found
            else:
                raise ScheduleError(delivery.error or "It was interrupted.")
        except Exception as error:
            self._ledger.undelivered(delivery, in_words(error), final=attempt >= self._attempts)
        else:
            self._ledger.delivered(delivery, place)

    def _outcome(self, job: Job, run: Run) -> Outcome:
        deliveries = self._ledger.deliveries(run.id)
        told = {RunStatus.SUCCEEDED: Told.DONE, RunStatus.FAILED: Told.FAILED}.get(run.status, Told.RETRY)
        open_errors = "; ".join(each.error for each in deliveries if each.status is DeliveryStatus.PENDING)
        return Outcome(
            job.name,
            told,
            run.due,
            job.schedule.after(max(run.due, self._clock())),
            run.attempts,
            run.missed,
            tuple(file.name for file in self._ledger.outputs(run.id)),
            tuple(each.place for each in deliveries if each.status is DeliveryStatus.DELIVERED),
            run.error or open_errors,
        )


def _chosen(jobs: Sequence[Job], only: Collection[str]) -> list[Job]:
    names = [job.name for job in jobs]
    folders = [safe_name(name).casefold() for name in names]
    for at, folder in enumerate(folders):
        if folder in folders[:at]:
            raise ScheduleError(f"Two jobs are named '{names[at]}', or nearly so.", hint="Rename one of them.")
    for name in only:
        if name not in names:
            hint = closest(name, names) or f"There is: {', '.join(names) or 'none'}."
            raise ScheduleError(f"There is no job '{name}'.", hint=hint)
    return [job for job in jobs if not only or job.name in only]
