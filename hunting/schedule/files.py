"""Files that appear whole or not at all: written beside, forced to the disk, renamed.

`Spool` holds what a run has made until all of it is delivered; `place` puts a copy into a folder, once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from hunting.errors import ScheduleError
from hunting.parquet import force, sha256_of
from hunting.schedule.jobs import Output, safe_name
from hunting.schedule.records import Made

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A run's outputs, ready to be delivered; `folder` holds the files."""

    run_id: str
    job: str
    title: str
    due: datetime
    folder: Path
    files: tuple[Made, ...]

    def content(self, file: Made) -> bytes:
        """A file's bytes, as they were made.

        Raises:
            ScheduleError: they are gone or have changed.
        """
        try:
            content = (self.folder / file.name).read_bytes()
        except OSError:
            content = b""
        if len(content) != file.size or sha256(content).hexdigest() != file.sha256:
            raise ScheduleError(f"The file '{file.name}' of run {self.run_id[:6]} was damaged before it was delivered.")
        return content

    @property
    def stamp(self) -> str:
        """The due moment as a folder's name, UTC."""
        return self.due.strftime("%Y-%m-%dT%H%MZ")


class Spool:
    """The outputs of runs, a folder each, in `root`; nobody but the scheduler looks into it."""

    def __init__(self, root: Path, tell: Tell) -> None:
        self.root = root
        self._tell = tell

    def folder(self, run_id: str) -> Path:
        """Where a run's files are."""
        return self.root / run_id

    def write(self, run_id: str, outputs: Sequence[Output]) -> list[Made]:
        """Writes a run's files, in place of what an earlier attempt has left."""
        self.remove(run_id)
        beside = self.root / f"{run_id}.tmp"
        _write(beside, ((output.name, output.content) for output in outputs), self._tell)
        self._tell("before rename")
        _appear(beside, self.folder(run_id))
        self._tell("after rename")
        return [Made(o.name, o.media_type, len(o.content), sha256(o.content).hexdigest()) for o in outputs]

    def sweep(self, open_ids: Callable[[], Collection[str]]) -> None:
        """Forgets what a crash has left of runs that have ended; `open_ids` is asked after the look at the folder."""
        left = [path for path in self.root.iterdir() if path.is_dir()] if self.root.is_dir() else []
        kept = open_ids() if left else ()
        for path in left:
            if path.name.removesuffix(".tmp") not in kept:
                shutil.rmtree(path, ignore_errors=True)

    def remove(self, run_id: str) -> None:
        """Forgets a run's files."""
        for path in (self.folder(run_id), self.root / f"{run_id}.tmp"):
            shutil.rmtree(path, ignore_errors=True)


def placed(parcel: Parcel, folder: Path) -> Path | None:
    """Where a run's files are in `folder`, if they are.

    Raises:
        ScheduleError: something else is in their place.
    """
    final = folder / safe_name(parcel.job) / parcel.stamp
    if final.parent.is_symlink() or final.is_symlink():  # it may lead out of what is allowed
        raise ScheduleError(f"'{final.parent.name}' in {folder.name} is a link.", hint="Put a folder in its place.")
    if not final.exists():
        return None
    if not _same(final, parcel.files):
        raise ScheduleError(f"'{final.parent.name}/{final.name}' exists and holds something else.", hint="Move it away.")
    return final


def forget(parcel: Parcel, folder: Path) -> None:
    """Removes what an attempt that was cut short has left beside; files that have appeared stay."""
    shutil.rmtree(_beside(parcel, folder / safe_name(parcel.job) / parcel.stamp), ignore_errors=True)


def place(parcel: Parcel, folder: Path, tell: Tell) -> Path:
    """Copies a run's files to `folder`/job/moment/, all of them at once; what is there already from this run stays.

    Raises:
        ScheduleError: something else is there.
        OSError: it cannot be written.
    """
    if found := placed(parcel, folder):
        return found
    final = folder / safe_name(parcel.job) / parcel.stamp
    beside = _beside(parcel, final)
    _write(beside, ((file.name, parcel.content(file)) for file in parcel.files), tell)
    tell("before place")
    _appear(beside, final)
    tell("after place")
    return final


def _beside(parcel: Parcel, final: Path) -> Path:
    return final.with_name(f".{final.name}.{parcel.run_id[:8]}.tmp")


def _write(folder: Path, files: Iterable[tuple[str, bytes]], tell: Tell) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        for name, content in files:
            with (folder / name).open("xb") as file:
                file.write(content)
            force(folder / name)
            tell("after file")
        force(folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _appear(beside: Path, final: Path) -> None:
    beside.rename(final)
    force(final.parent)
    force(final.parent.parent)  # that folder may be new as well


def _same(folder: Path, files: Sequence[Made]) -> bool:
    found = {path.name: path for path in folder.iterdir()}
    return found.keys() == {file.name for file in files} and all(sha256_of(found[each.name]) == each.sha256 for each in files)
