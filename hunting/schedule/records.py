"""What the journal knows of jobs, as values; and what `due` tells of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hunting.schedule.jobs import Target


class RunStatus(StrEnum):
    """Where a run stands. Retrying: an attempt failed, the next `due` makes another."""

    RUNNING = "Running"
    RETRYING = "Retrying"
    DELIVERING = "Delivering"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "Pending"
    DELIVERED = "Delivered"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Run:
    """A job's run for one due moment; `attempts` counts those begun, `missed` the moments before it that no run stands for."""

    id: str
    job: str
    title: str
    due: datetime
    missed: int
    status: RunStatus
    attempts: int
    changed: datetime
    error: str


@dataclass(frozen=True, slots=True)
class Made:
    """An output as it was made: name, type, size in bytes, sha256."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of a run's outputs. `place`: where they are now, as it may be shown."""

    run_id: str
    number: int
    target: Target
    status: DeliveryStatus
    attempts: int
    place: str
    error: str


class Told(StrEnum):
    """What `due` says of a job."""

    NEW = "new"  # seen for the first time: its schedule counts from now on
    WAITING = "waiting"
    DUE = "due"  # in a dry run
    BUSY = "busy"  # another process runs it
    DONE = "done"
    RETRY = "retry"  # it failed, and will be tried again
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job, or of one of its runs.

    Attributes:
        due: the moment that the run stands for; None where there was no run.
        next: when it is due next.
        attempt: which attempt this was.
        missed: moments before `due` that were left out.
        outputs: names of the files.
        places: where they were delivered.
        error: what went wrong, in words.
    """

    job: str
    told: Told
    due: datetime | None = None
    next: datetime | None = None
    attempt: int = 0
    missed: int = 0
    outputs: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether something went wrong, for good or not."""
        return self.told in (Told.FAILED, Told.RETRY)
