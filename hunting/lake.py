"""The store: one Delta Lake folder per table (Parquet files and a commit log), partitioned by day.

Every append and compaction is one atomic commit; readers in any number of processes go on while a writer works. The partition
column exists only in the folders' names, never in the KQL schema. A commit's metadata carries the sha256 of every file that it
adds, for `verify`; therefore the log is never cleaned up.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from threading import RLock
from typing import TypeAlias

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from hunting import delta
from hunting.errors import StoreError
from hunting.parquet import DEFAULT_ROW_GROUP, WrittenFile, discard, read_files, sha256_of, write_days
from hunting.rows import stored
from hunting.tables import TABLES, arrow_schema, stored_schema, time_column
from kql.errors import closest
from kql.types import ScalarType, Schema, physical_names

Progress = Callable[[str, int, int], None]
Rows: TypeAlias = pa.Table | pa.RecordBatch | pa.RecordBatchReader | Iterable[pa.RecordBatch]

_MARKER = "hunting-store.json"
_FORMAT = 1
_BLOCK = 500_000  # rows converted, sorted and written at a time: bounds the memory of an append
_TABLE_NAME = re.compile(r"\w(?:[\w -]{0,118}\w)?")


class Lake:
    """Tables on disk. Get one from `Lake.open` or `Lake.create`.

    May be shared between threads; any number of processes may read and append at the same time.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self._lock = RLock()
        self._folders: dict[str, Path] = {}
        self._own_schemas: dict[str, Schema] = {}
        self._handles: dict[str, DeltaTable] = {}
        self._snapshots: dict[str, delta.Snapshot] = {}

    @classmethod
    def create(cls, root: Path) -> Lake:
        """A new store, or the one that is there already.

        Raises:
            StoreError: the folder holds something else.
        """
        root = Path(root)
        if (root / _MARKER).exists():
            return cls.open(root)
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise StoreError(f"{root} holds something other than a store.", hint="Choose an empty or a new folder.")
        root.mkdir(parents=True, exist_ok=True)
        (root / _MARKER).write_text(json.dumps({"format": _FORMAT}) + "\n", encoding="utf-8")
        return cls(root)

    @classmethod
    def open(cls, root: Path) -> Lake:
        """An existing store.

        Raises:
            StoreError: there is none, or it is of another format.
        """
        root = Path(root)
        try:
            found = json.loads((root / _MARKER).read_text(encoding="utf-8"))["format"]
        except (FileNotFoundError, NotADirectoryError):
            cure = "Make one with 'hunting simulate', or name its folder with --store."
            raise StoreError(f"There is no store in {root}.", hint=cure) from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{_MARKER} in {root} cannot be read: {error}") from error
        if found != _FORMAT:
            raise StoreError(f"The store in {root} has format {found}, this release reads {_FORMAT}.", hint="Update the program.")
        return cls(root)

    # Reading

    def tables(self) -> list[str]:
        """Names of the tables that are on disk, sorted."""
        declared = {folder: name for name, folder in _declared_folders().items()}
        folders = [log.parent for log in self.root.glob("*/_delta_log")]
        names = (declared.get(folder.name) or delta.recorded(folder).get("table") for folder in folders)
        return sorted(name for name in names if name is not None)

    def schema(self, table: str) -> Schema | None:
        """The table's KQL columns: as declared, or as recorded when a table of one's own was made; None if unknown."""
        if table in TABLES:
            return TABLES[table].schema
        if table not in self._own_schemas:
            columns = delta.recorded(self._folder(table)).get("columns") if _TABLE_NAME.fullmatch(table) else None
            if columns is None:
                return None
            self._own_schemas[table] = stored_schema((name, ScalarType(kind)) for name, kind in columns.items())
        return self._own_schemas[table]

    def version(self, table: str) -> int | None:
        """The number of the newest commit, or None when the table is not on disk."""
        handle = self._refreshed(table)
        return None if handle is None else handle.version()

    def sequence(self, table: str, app_id: str) -> int | None:
        """The sequence that the application committed last, or None."""
        handle = self._refreshed(table)
        return None if handle is None else handle.transaction_version(app_id)

    def files(self, table: str, since: datetime | None = None, until: datetime | None = None) -> list[str]:
        """Absolute paths of the newest version's Parquet files that may hold rows from `since` to `until`.

        Both ends belong to the range and are widened to whole days (UTC; a datetime without zone is taken as UTC). A table
        without Timestamp is never pruned. Read the files with hive partitioning switched off.
        """
        first, last = _day(since), _day(until)
        base = self._folder(table)
        return [
            f"{base}/{path}"
            for path, day in self._snapshot(table).files.items()
            if day is None or ((first is None or day >= first) and (last is None or day <= last))
        ]

    def read(self, table: str) -> pa.Table:
        """All rows in memory under their KQL names, day by day; for tests and small tools."""
        schema = self._known(table)
        return _read(self.files(table), schema).rename_columns([c.name for c in schema])

    # Writing

    def append(
        self,
        table: str,
        rows: Rows,
        *,
        schema: Schema | None = None,
        application: delta.Application | None = None,
        instead: bool = False,
        row_group_size: int = DEFAULT_ROW_GROUP,
        progress: Progress | None = None,
    ) -> int:
        """Adds rows in one atomic commit and returns the table's version after it.

        Args:
            rows: columns under their KQL names; missing ones are filled ('' for strings, else null). Large data may come as
                batches or a reader and is written block by block; in order of time, so that a day becomes few files.
            schema: makes a table of one's own; needed once, for a name that is not declared.
            application: (application id, sequence). Such an append happens once: if the application committed this or a
                higher sequence already, nothing is written and the current version is returned. It is forced to the disk.
            instead: the rows take the place of all that the table holds, in the same commit; needs `application`.
            row_group_size: rows per Parquet row group, the unit that a scan can skip.
            progress: told (table, rows written, rows in all or 0 if unknown).

        Raises:
            StoreError: an unknown table or column, a value of another type, a row without Timestamp, a commit that failed.
        """
        columns = self._known(table, schema)
        # A handle of its own: no other thread can move this snapshot between the look at the sequence and the commit.
        handle = delta.open_table(self._folder(table), table)
        if handle is not None and application is not None and delta.has_committed(handle, application):
            return handle.version()
        written, committed = list[WrittenFile](), False
        total = rows.num_rows if isinstance(rows, pa.Table | pa.RecordBatch) else 0
        try:
            for block in _blocks(rows):
                part = stored(block, columns, table)  # before the table is made: bad rows must not leave an empty table
                handle = handle or delta.make_table(self._folder(table), table, columns)
                written += self._write(table, columns, part, row_group_size, durable=application is not None)
                if progress is not None:
                    progress(table, sum(file.rows for file in written), total)
            handle = handle or delta.make_table(self._folder(table), table, columns)
            delta.refuse_outdated(handle, columns, table)
            if application is not None:
                committed = delta.append_once(handle, self._folder(table), columns, written, application, instead)
            elif written:
                delta.append(handle, columns, written)
                committed = True
            return handle.version()
        except DeltaError as error:
            raise StoreError(f"Table {table} could not be written: {error}") from error
        finally:
            if not committed:
                discard(self._folder(table), written)

    def _write(
        self, table: str, columns: Schema, rows: pa.Table, row_group_size: int, durable: bool = False
    ) -> list[WrittenFile]:
        partition = delta.partition_column(columns)
        return write_days(self._folder(table), rows, time_column(columns), partition, row_group_size, durable)

    def compact(self, table: str, *, row_group_size: int = DEFAULT_ROW_GROUP, progress: Progress | None = None) -> int:
        """Merges the files of each day into one, rows in order of time; returns the version. The content stays the same.

        Readers are not disturbed and appends meanwhile are kept; the old files stay until `vacuum`. If another process
        compacts the same day meanwhile, only one of the two takes effect. A table that was made before all of its columns
        were declared gets the new ones.
        """
        handle = self._stored(table)
        columns, folder = self._known(table), self._folder(table)
        by_day: dict[date | None, list[str]] = {}
        for path, day in delta.snapshot(handle, table).files.items():
            by_day.setdefault(day, []).append(path)
        outdated = delta.missing_columns(handle, columns, table)
        to_write = [paths for paths in by_day.values() if len(paths) > 1 or outdated]
        for done, paths in enumerate(to_write, 1):
            rows = _read([f"{folder}/{path}" for path in paths], columns)
            written = self._write(table, columns, rows, row_group_size)
            if not delta.replace(handle, columns, paths, written, table):
                discard(folder, written)
            if progress is not None:
                progress(table, done, len(to_write))
        delta.widen(handle, columns, table)
        return handle.version()

    def vacuum(self, table: str, retention: timedelta) -> list[str]:
        """Deletes files that no version younger than `retention` uses, leftovers of crashed writers too; returns their paths.

        A reader that holds an older file list, and a writer that has not committed yet, need their files: keep `retention`
        (whole hours, rounded up) longer than both can take.
        """
        handle = self._stored(table)
        hours = math.ceil(retention / timedelta(hours=1))
        return handle.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False, full=True)

    def verify(self, table: str | None = None) -> list[str]:
        """Problems, one line each: files that are missing, changed since they were written, or in no commit; [] if sound."""
        return [f"{name}: {problem}" for name in ([table] if table else self.tables()) for problem in self._verify(name)]

    def _verify(self, table: str) -> Iterator[str]:
        folder, handle = self._folder(table), self._stored(table)
        hashes = {path: digest for commit in handle.history() for path, digest in commit.get("sha256", {}).items()}
        current = delta.snapshot(handle, table).files
        for path in current:
            if not (folder / path).exists():
                yield f"{path} is missing"
            elif path not in hashes:
                yield f"{path} was added by a commit without sha256"
            elif sha256_of(folder / path) != hashes[path]:
                yield f"{path} has changed since it was written"
        for found in sorted(folder.rglob("*.parquet")):
            path = found.relative_to(folder).as_posix()
            if not path.startswith("_delta_log/") and path not in hashes and path not in current:
                yield f"{path} belongs to no commit (an interrupted write, or a foreign file): hunting vacuum deletes it"

    # Names, handles, snapshots

    def _known(self, table: str, schema: Schema | None = None) -> Schema:
        known = self.schema(table)
        if known is None and schema is None:
            near = closest(table, {*TABLES, *self.tables()})
            raise StoreError(f"There is no table '{table}'.", hint=near or "Give a schema to make a table of your own.")
        if known is not None and schema is not None and [(c.name, c.type) for c in known] != [(c.name, c.type) for c in schema]:
            raise StoreError(f"Table '{table}' exists with other columns.", hint="Choose another name.")
        return known or stored_schema((c.name, c.type) for c in schema or ())

    def _folder(self, table: str) -> Path:
        """Where the table is, or would be made. Folder names are unique regardless of case, as tables' names need not be."""
        declared = _declared_folders().get(table)
        if declared is not None:
            return self.root / declared
        folder = self._folders.get(table)
        if folder is None or not folder.exists():
            folder = self._folders[table] = self._own_folder(table)
        return folder

    def _own_folder(self, table: str) -> Path:
        if not _TABLE_NAME.fullmatch(table):
            raise StoreError(f"'{table[:120]}' cannot name a table in the store.", hint="Use letters, digits, '_', '-', space.")
        declared = {folder.lower() for folder in _declared_folders().values()}
        present = {path.name.lower(): path for path in self.root.iterdir() if path.is_dir()}
        for number in count(1):
            candidate = table if number == 1 else f"{table}__{number}"
            found = present.get(candidate.lower())
            if candidate.lower() not in declared and (found is None or delta.recorded(found).get("table") == table):
                return found or self.root / candidate
        raise AssertionError("count() never ends")

    def _stored(self, table: str) -> DeltaTable:
        handle = delta.open_table(self._folder(table), table)
        if handle is None:
            raise StoreError(f"Table {table} has no data.", hint=closest(table, self.tables()))
        return handle

    def _refreshed(self, table: str) -> DeltaTable | None:
        with self._lock:
            handle = self._handles.get(table)
            try:
                if handle is not None:
                    if not delta.is_newest(handle, self._folder(table)):
                        handle.update_incremental()
                    return handle
                handle = delta.open_table(self._folder(table), table)
            except DeltaError as error:
                self._handles.pop(table, None)
                raise StoreError(f"The log of table {table} cannot be read: {error}", hint="Was its folder removed?") from error
            if handle is not None:
                self._handles[table] = handle
            return handle

    def _snapshot(self, table: str) -> delta.Snapshot:
        with self._lock:
            handle = self._refreshed(table)
            if handle is None:
                return delta.Snapshot(-1, {})
            cached = self._snapshots.get(table)
            if cached is None or cached.version != handle.version():
                delta.refuse_foreign(handle, table)
                delta.refuse_outdated(handle, self._known(table), table)
                cached = self._snapshots[table] = delta.snapshot(handle, table)
            return cached


def _read(files: list[str], schema: Schema) -> pa.Table:
    """Rows as stored; in files that lack a column, strings are '' as everywhere."""
    import pyarrow.compute as pc

    rows = read_files(files, arrow_schema(schema))
    for at, column in enumerate(schema):
        if column.type is ScalarType.STRING and rows.column(at).null_count:
            rows = rows.set_column(at, rows.schema.field(at), pc.fill_null(rows.column(at), ""))
    return rows


def _blocks(rows: Rows) -> Iterator[pa.Table]:
    """Tables of about `_BLOCK` rows; one empty table where `rows` is an empty one, so that its columns are checked too."""
    held, held_rows = list[pa.RecordBatch](), 0
    for batch in _batches(rows):
        held.append(batch)
        held_rows += batch.num_rows
        if held_rows >= _BLOCK:
            yield pa.Table.from_batches(held)
            held, held_rows = [], 0
    if held:
        yield pa.Table.from_batches(held)


def _batches(rows: Rows) -> Iterator[pa.RecordBatch]:
    if isinstance(rows, pa.Table):
        yield from rows.to_batches(_BLOCK) or [pa.RecordBatch.from_pylist([], rows.schema)]
        return
    for batch in [rows] if isinstance(rows, pa.RecordBatch) else rows:
        yield from (batch.slice(start, _BLOCK) for start in range(0, max(batch.num_rows, 1), _BLOCK))


def _day(moment: datetime | None) -> date | None:
    if moment is None:
        return None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


@cache
def _declared_folders() -> Mapping[str, str]:
    return physical_names(TABLES)
