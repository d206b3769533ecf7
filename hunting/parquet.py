"""Stored rows <-> Parquet files: one per day, sorted by time, hashed; what a commit needs to know of each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

DEFAULT_ROW_GROUP = 122_880  # DuckDB's own unit of a scan: smaller groups prune better and read slower


@dataclass(frozen=True)
class WrittenFile:
    """A file that no commit names yet. `path` is relative to the table's folder; `first` and `last` bound its times."""

    path: str
    day: date | None
    rows: int
    size: int
    modified_ms: int
    sha256: str
    first: str = ""
    last: str = ""


def write_days(
    folder: Path, rows: pa.Table, time: str | None, partition: str | None, row_group_size: int, durable: bool = False
) -> list[WrittenFile]:
    """One file per day of `time`, rows sorted by it (stable); one file in all where there is no time.

    Args:
        partition: name of the folders' key, `day` in `day=2026-01-31`.
        durable: force the files to the disk before returning.
    """
    import pyarrow.compute as pc

    if rows.num_rows == 0:
        return []
    if time is None:
        return [_write(folder, "", rows, None, row_group_size, durable)]
    ordered = rows.take(pc.sort_indices(rows, sort_keys=[(time, "ascending")]))
    written = []
    for day, start, length in _days(ordered.column(time)):
        part = ordered.slice(start, length)
        written.append(_write(folder, f"{partition}={day}/", part, day, row_group_size, durable, time))
    return written


def _days(times: pa.ChunkedArray) -> list[tuple[date, int, int]]:
    """Runs of equal days in sorted times: (day, start, length)."""
    import pyarrow.compute as pc

    runs = pc.run_end_encode(times.cast(pa.date32()).combine_chunks())
    ends = runs.run_ends.to_pylist()
    return [(day, start, end - start) for day, start, end in zip(runs.values.to_pylist(), [0, *ends], ends, strict=False)]


def _write(
    folder: Path, prefix: str, rows: pa.Table, day: date | None, row_group_size: int, durable: bool, time: str | None = None
) -> WrittenFile:
    import pyarrow.parquet as pq

    path = f"{prefix}part-{uuid4().hex}.parquet"
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        pq.write_table(rows, target, compression="zstd", compression_level=1, row_group_size=row_group_size)
        if durable:
            force(target)
            force(target.parent)
        status = target.stat()
        first, last = (rows.column(time)[at].as_py().isoformat(timespec="microseconds") if time else "" for at in (0, -1))
        return WrittenFile(path, day, rows.num_rows, status.st_size, int(status.st_mtime * 1000), sha256_of(target), first, last)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def read_files(files: list[str], schema: pa.Schema) -> pa.Table:
    """The rows of all files, in the given order; a column that a file lacks is null there."""
    import pyarrow.dataset as ds  # brings all of pandas, where that is installed

    if not files:
        return schema.empty_table()
    return ds.dataset(files, schema=schema, format="parquet", partitioning=None).to_table()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def discard(folder: Path, written: Iterable[WrittenFile]) -> None:
    """Removes files that will not be committed."""
    for file in written:
        (folder / file.path).unlink(missing_ok=True)


def force(path: Path) -> None:
    """Returns once the file or directory is on the disk, not merely in its cache."""
    if path.is_dir() and os.name == "nt":
        return  # Windows has no handle on a directory to force
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
