"""Reports as jobs: those of a folder that have a schedule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from hunting.engine import Hunt
from hunting.keyed import wrong
from hunting.reports.formats import MEDIA_TYPES, files
from hunting.reports.report import Report, load
from hunting.schedule import Found, Outcome, Output, Schedule, Target, Told
from hunting.schedule.words import in_words
from kql.errors import KqlError

_KINDS = ("folder", "mail", "webhook")


@dataclass(frozen=True)
class ReportJob:
    """A report that runs by its schedule: as of the due moment, in each of its formats."""

    report: Report
    hunt: Hunt

    @property
    def name(self) -> str:
        return self.report.name

    @property
    def title(self) -> str:
        return self.report.front.title

    @cached_property
    def schedule(self) -> Schedule:
        return Schedule.parse(self.report.front.schedule, self.report.front.timezone)

    @cached_property
    def targets(self) -> list[Target]:
        """The recipients by mail, and where else the head says."""
        return [Target("mail", each) for each in self.report.front.recipients] + list(_targets(self.report))

    def run(self, due: datetime) -> Iterator[Output]:
        answered = self.report.run(self.hunt, now=due)
        for form in self.report.front.formats:
            for name, content in files(answered, form).items():
                yield Output(name, content, MEDIA_TYPES[Path(name).suffix])


def report_jobs(hunt: Hunt, folder: Path) -> Found:
    """The jobs among the reports (*.md) of a folder; a file that is no report is told and stops none of the others."""
    jobs, broken = list[ReportJob](), list[Outcome]()
    for path in sorted(folder.glob("*.md")):
        try:
            report = load(path)
            if report.front.schedule:
                job = ReportJob(report, hunt)
                assert job.schedule and job.targets is not None  # what is wrong with them is told now
                jobs.append(job)
        except KqlError as error:
            broken.append(Outcome(path.stem, Told.FAILED, error=in_words(error)))
    return Found(jobs, broken)


def _targets(report: Report) -> Iterator[Target]:
    for each in report.front.deliver:
        kind, target = _one(report, each)
        yield Target(kind, target)


def _one(report: Report, given: Mapping[str, Any]) -> tuple[str, str]:
    known = [kind for kind in _KINDS if kind in given]
    if len(given) != 1 or not known or not isinstance(given[known[0]], str) or not given[known[0]].strip():
        hint = f"Write one of {', '.join(f'{{{kind}: ...}}' for kind in _KINDS)}."
        raise wrong(report.path.name, report.front.lines["deliver"], "'deliver' has a destination that is none.", hint)
    return known[0], given[known[0]].strip()
