"""`due` in a loop: sleeps until something is due, and goes on whatever fails, until it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event

from hunting.clock import Clock
from hunting.errors import HuntingError
from hunting.schedule.jobs import Job
from hunting.schedule.records import Outcome, Told
from hunting.schedule.scheduler import Scheduler
from hunting.schedule.words import in_words

LONGEST, SHORTEST = 60.0, 0.5
"""Seconds of a nap: not so long that a new job or a new time goes unnoticed, nor so short that it keeps a processor busy."""


@dataclass(frozen=True, slots=True)
class Found:
    """The jobs of a store, and what could not become one."""

    jobs: Sequence[Job]
    broken: Sequence[Outcome] = ()


def watch(scheduler: Scheduler, find: Callable[[], Found], clock: Clock, stop: Event) -> Iterator[Outcome]:
    """Runs what is due whenever it is due, and tells of every run; ends when `stop` is set, after the run at hand.

    Every nap is measured by the clock anew, so that nothing drifts. `find` is asked before each look: reports come and go.
    """
    told: set[Outcome] = set()
    at_once = True  # what the last life has left
    while not stop.is_set():
        try:
            found = find()
            yield from (each for each in found.broken if each not in told)
            told = set(found.broken)
            wake = scheduler.wake(found.jobs)
            if at_once or (wake is not None and wake <= clock()):
                at_once = False
                yield from _pass(scheduler, found.jobs, stop)
                wake = scheduler.wake(found.jobs)
        except HuntingError as error:
            yield Outcome("", Told.FAILED, error=in_words(error))
            wake = None
        left = LONGEST if wake is None else (wake - clock()).total_seconds()
        stop.wait(min(max(left, SHORTEST), LONGEST))


def _pass(scheduler: Scheduler, jobs: Sequence[Job], stop: Event) -> Iterator[Outcome]:
    for outcome in scheduler.due(jobs):
        if outcome.told not in (Told.WAITING, Told.BUSY):
            yield outcome
        if stop.is_set():
            break
    scheduler.publish()
