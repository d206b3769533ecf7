"""Reports in a folder: those that are shipped, or a user's own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from hunting.engine import Hunt
from hunting.errors import HuntingError
from hunting.reports.report import Answered, Progress, Report, load
from kql.errors import closest


def shipped_folder() -> Path:
    """Where the shipped reports lie: inside the installed package, or in data/ of the source tree."""
    package = Path(__file__).parents[1]
    installed = package / "data" / "reports"
    return installed if installed.is_dir() else package.parent / "data" / "reports"


def load_all(folder: str | Path | None = None) -> list[Report]:
    """Every report (*.md) of a folder by name; None: those that are shipped.

    Raises:
        HuntingError: no such folder, or a file that is no report.
    """
    found = Path(folder) if folder is not None else shipped_folder()
    if not found.is_dir():
        raise HuntingError(f"There is no folder '{found}'.", hint="Name the folder of the reports.")
    return [load(path) for path in sorted(found.glob("*.md"))]


def find(name: str, *folders: str | Path) -> Report:
    """A report by its name in the first of these folders that has it (none given: those shipped), or by its file's path.

    Raises:
        HuntingError: there is none, or it is no report.
    """
    if name.endswith(".md") or "/" in name or "\\" in name:
        return load(name)
    found = {path.stem: path for folder in reversed(folders or (shipped_folder(),)) for path in Path(folder).glob("*.md")}
    if name not in found:
        hint = closest(name, found) or f"There is: {', '.join(sorted(found)) or 'none'}. A file of your own: its path, with .md."
        raise HuntingError(f"There is no report '{name}'.", hint=hint)
    return load(found[name])


class Reports:
    """The reports of a hunt: `hunt.reports.run("weekly-phish")`."""

    def __init__(self, hunt: Hunt) -> None:
        self._hunt = hunt

    def all(self, folder: str | Path | None = None) -> list[Report]:
        """As `load_all`."""
        return load_all(folder)

    def run(
        self,
        report: str | Report,
        now: datetime | None = None,
        parameters: Mapping[str, object] | None = None,
        window: tuple[datetime, datetime] | None = None,
        progress: Progress | None = None,
    ) -> Answered:
        """Runs a report, given itself, by its name among those shipped, or by its file's path; see `Report.run`."""
        found = report if isinstance(report, Report) else find(report)
        return found.run(self._hunt, now, parameters, window, progress)
