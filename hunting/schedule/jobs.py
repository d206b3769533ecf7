"""What a job is, and what it makes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from hunting.errors import ScheduleError
from hunting.schedule.cron import Schedule

_LONGEST = 120  # bytes of a file's name, so that a stamp or a suffix has room
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names that Windows keeps for devices


@dataclass(frozen=True, slots=True)
class Target:
    """Where a run's outputs go.

    Attributes:
        kind: "folder", "mail" or "webhook".
        target: a folder's path, an e-mail address, a webhook's URL or its name in the settings.
    """

    kind: str
    target: str

    @property
    def shown(self) -> str:
        """The target for everybody's eyes: of a URL no more than its host, since the rest may be a secret."""
        scheme, found, rest = self.target.partition("://")
        return f"{scheme}://{re.split('[/?#]', rest)[0].rpartition('@')[2]}" if found else self.target


@dataclass(frozen=True, slots=True)
class Output:
    """A file that a run makes; `name` may be anything, it is made safe."""

    name: str
    content: bytes
    media_type: str


class Job(Protocol):
    """Work that is due by the clock: a report, a detection."""

    @property
    def name(self) -> str:
        """Unique among the jobs of a store; its watermark and its runs are kept under it."""

    @property
    def title(self) -> str:
        """What people read: the subject of a mail."""

    @property
    def schedule(self) -> Schedule:
        """When it is due."""

    @property
    def targets(self) -> Sequence[Target]:
        """Where its outputs go, besides the store's own folder."""

    def run(self, due: datetime) -> Iterable[Output]:
        """Does the work as of the due moment (aware, UTC); after a crash it may be done again for the same moment."""


def safe_name(text: str) -> str:
    """A name that any file system takes as one file in one folder: no separators, no controls, nothing reserved, not too long.

    The same text has the same name; two texts may share one.
    """
    kept = "".join(c if c.isalnum() or c in "._- " else "-" for c in unicodedata.normalize("NFKC", text))
    stem, dot, suffix = " ".join(kept.split()).strip(". ").rpartition(".")
    if not dot or len(suffix.encode()) > 20:
        stem, dot, suffix = f"{stem}{dot}{suffix}", "", ""
    room = _LONGEST - len(f"{dot}{suffix}".encode())
    name = stem.encode()[:room].decode(errors="ignore").strip(". ") + dot + suffix
    return f"_{name}" if not name or name.startswith(".") or _RESERVED.fullmatch(name) else name


def named(outputs: Iterable[Output]) -> list[Output]:
    """Outputs under safe names, each of them once, whatever the file system thinks of upper and lower case.

    Raises:
        ScheduleError: what a job made is no output.
    """
    found: list[Output] = []
    taken: set[str] = set()
    for output in outputs:
        if not isinstance(output, Output):
            raise ScheduleError(f"A job makes outputs, not {type(output).__name__}.")
        name, number = safe_name(output.name), 1
        while name.casefold() in taken:
            number += 1
            name = safe_name(f"{number}-{output.name}")
        taken.add(name.casefold())
        found.append(replace(output, name=name))
    return found
