"""Jobs for tests, and a store with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake
from hunting.schedule import ATTEMPTS, Outcome, Output, Schedule, Scheduler, Target, Told

START = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Work:
    """A job that writes down for which moments it ran."""

    name: str = "work"
    schedule: Schedule = field(default_factory=lambda: Schedule.parse("@hourly"))
    targets: Sequence[Target] = ()
    does: Callable[[datetime], None] = lambda _due: None
    ran: list[datetime] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"The {self.name}"

    def run(self, due: datetime) -> list[Output]:
        self.ran.append(due)
        self.does(due)
        return files_of(due)


def files_of(due: datetime) -> list[Output]:
    """Two files, the first of them of some size."""
    big = (due.isoformat() + "\n").encode() * 20_000
    return [Output("big.csv", big, "text/csv"), Output("small.json", due.isoformat().encode(), "application/json")]


def fail(_due: datetime) -> None:
    raise ValueError("the job\nhas a fault")


class Shop:
    """A store and its scheduler."""

    def __init__(self, root: Path, *jobs: Work, attempts: int = ATTEMPTS) -> None:
        self.root, self.jobs, self.attempts = root, list(jobs), attempts
        self.clock = ManualClock(START)
        self.lake = Lake.create(root)
        self.scheduler = Scheduler(self.lake, self.clock, attempts)

    def due(self, *only: str, dry_run: bool = False) -> list[Outcome]:
        return list(self.scheduler.due(self.jobs, only, dry_run))

    def told(self, *only: str, dry_run: bool = False) -> dict[str, Told]:
        """What is said of each job."""
        return {outcome.job: outcome.told for outcome in self.due(*only, dry_run=dry_run)}

    def later(self, span: timedelta = HOUR) -> dict[str, Told]:
        self.clock.advance(span)
        return self.told()

    def rows(self, kql: str) -> list[tuple[Any, ...]]:
        """What an analyst sees."""
        with Hunt(self.lake, clock=self.clock) as hunt:
            return hunt.query(kql).rows()

    def outputs(self) -> dict[str, bytes]:
        """Every file under outputs/, hidden ones too."""
        folder = self.root / "outputs"
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def expected(*moments: datetime, job: str = "work") -> dict[str, bytes]:
    """What `Shop.outputs` must hold after runs for these moments."""
    return {f"{job}/{due:%Y-%m-%dT%H%MZ}/{each.name}": each.content for due in moments for each in files_of(due)}
