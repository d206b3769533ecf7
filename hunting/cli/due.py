"""due: run what is due, once or in a loop."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Option
from hunting.cli.opening import open_hunt
from hunting.cli.options import STORE, Now, Store
from hunting.cli.output import note, write

if TYPE_CHECKING:
    from hunting.engine import Hunt
    from hunting.schedule import Found, Outcome, Scheduler

JOB_FAILED = 4
"""The exit code where a job has failed and all else was done."""


def due(
    only: Annotated[tuple[str, ...], Option(metavar="NAME", help="Only the job of this name. May be repeated.")] = (),
    reports: Annotated[
        Path | None,
        Option(envvar="HUNTING_REPORTS", metavar="FOLDER", help="The folder of the reports. Default: reports in the store."),
    ] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Tell what is due, run nothing.")] = False,
    watch: Annotated[bool, Option("--watch", help="Go on: sleep until something is due; Ctrl-C or SIGTERM ends it.")] = False,
    as_json: Annotated[bool, Option("--json", help="One JSON object a line.")] = False,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Run the scheduled reports that are due, each once, and deliver what they make.

    Jobs are the reports (*.md) with a schedule in the folder of the reports. Call it at any time and as often as you like: by
    a systemd timer, by cron, in CI. The first call takes note of a job; from then on it is due at the moments of its schedule.
    Moments that were missed are made up once: the latest of them. What fails is tried again by the next call, three times in
    all. Two calls at once do not disturb each other.

    Outputs lie in the store under outputs/JOB/MOMENT; delivery.yaml in the store says where else they may go. Runs can be
    hunted in JobRuns, JobOutputs and JobDeliveries.

    One line per job. Exit code: 0 all is well, 4 a job has failed, 1 nothing could be done, 2 wrong usage.
    """
    from hunting.schedule import Scheduler

    if watch and (dry_run or only or now):
        raise click.BadParameter("It runs every job by the machine's clock.", param_hint="--watch")
    with open_hunt(store, now) as hunt, closing(Scheduler(hunt.lake, hunt.clock)) as scheduler:
        folder = reports or hunt.lake.root / "reports"
        if reports is not None and not reports.is_dir():
            raise click.BadParameter(f"There is no folder {reports}.", param_hint="--reports")
        if watch:
            _watch(scheduler, hunt, folder, as_json)
            return
        found = _found(hunt, folder)
        if not found.jobs and not found.broken:
            note(f"No report with a schedule is in {folder}.")
        failed = _tell(found.broken, as_json)
        failed |= _tell(scheduler.due(found.jobs, only, dry_run), as_json)
    if failed:
        raise click.exceptions.Exit(JOB_FAILED)


def _watch(scheduler: Scheduler, hunt: Hunt, folder: Path, as_json: bool) -> None:
    """Until a signal; the run at hand is finished first, unless the signal comes twice."""
    from hunting.schedule import watch

    stop = Event()

    def end(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        note(f"Watching the reports in {folder}; Ctrl-C ends it.")
        _tell(watch(scheduler, lambda: _found(hunt, folder), hunt.clock, stop), as_json)
        note("Stopped.")
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _found(hunt: Hunt, folder: Path) -> Found:
    from hunting.reports.jobs import report_jobs

    return report_jobs(hunt, folder)


def _tell(outcomes: Iterable[Outcome], as_json: bool) -> bool:
    """Prints outcomes as they come; returns whether one of them has failed."""
    failed = False
    for outcome in outcomes:
        failed |= outcome.failed
        write((_json(outcome) if as_json else _line(outcome)) + "\n")
    return failed


def _line(outcome: Outcome) -> str:
    from hunting.schedule.words import line

    what = [outcome.job or "-", outcome.told]
    if outcome.due is not None:
        what.append(f"due {_minute(outcome.due)}")
    if outcome.missed:
        what.append(f"{outcome.missed:,} missed before it")
    if outcome.attempt > 1:
        what.append(f"attempt {outcome.attempt}")
    if outcome.places:
        what.append(f"{len(outcome.outputs)} files in {', '.join(outcome.places)}")
    if outcome.error:
        what.append(outcome.error)
    if outcome.next is not None:
        what.append(f"next {_minute(outcome.next)}")
    return " · ".join(line(each) for each in what)


def _json(outcome: Outcome) -> str:
    return json.dumps(
        {
            "job": outcome.job,
            "status": outcome.told,
            "due": _iso(outcome.due),
            "next": _iso(outcome.next),
            "attempt": outcome.attempt,
            "missed": outcome.missed,
            "outputs": outcome.outputs,
            "places": outcome.places,
            "error": outcome.error,
        }
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
