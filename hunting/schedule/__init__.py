"""Jobs that run by the clock: what is due runs once, its output exists once and complete, and is delivered.

    scheduler = Scheduler(lake, clock)
    for outcome in scheduler.due(jobs):
        print(outcome.job, outcome.told)

A job is anything with the attributes of `Job`: a report, a detection. `due` may be repeated at any time, by a timer, by cron, by
hand, by several processes at once; `watch` repeats it.
"""

from hunting.schedule.cron import Schedule
from hunting.schedule.jobs import Job, Output, Target
from hunting.schedule.records import Outcome, Told
from hunting.schedule.scheduler import ATTEMPTS, RETRY_AFTER, Scheduler
from hunting.schedule.watch import Found, watch

__all__ = ["ATTEMPTS", "RETRY_AFTER", "Found", "Job", "Outcome", "Output", "Schedule", "Scheduler", "Target", "Told", "watch"]
