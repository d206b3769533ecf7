"""The store: one Delta Lake folder per table (Parquet files and a commit log), partitioned by day.

Every append and compaction is one atomic commit; readers in any number of processes go on while a writer works. The partition
column exists only in the folders' names, never in the KQL schema. A commit's metadata carries the sha256 of every file that it
adds, for `verify`; therefore the log is never cleaned up. Of the columns, only the time has statistics in the log: the others
are pruned by the statistics inside the files. Source: the Delta Lake transaction log protocol.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any, TypeAlias
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from hunting.errors import StoreError
from hunting.parquet import DEFAULT_ROW_GROUP, WrittenFile, discard, sha256_of, write_days
from hunting.rows import stored
from hunting.tables import TABLES, arrow_schema, time_column
from kql.catalog import schema_of
from kql.errors import closest
from kql.types import Schema, physical_names

Progress = Callable[[str, int, int], None]
Rows: TypeAlias = pa.Table | pa.RecordBatch | pa.RecordBatchReader | Iterable[pa.RecordBatch]

_MARKER = "hunting-store.json"
_FORMAT = 1
_ATTEMPTS = 200
_BLOCK = 500_000  # rows converted, sorted and written at a time: bounds the memory of an append
_TABLE_NAME = re.compile(r"\w(?:[\w -]{0,118}\w)?")


@dataclass(frozen=True)
class _Snapshot:
    """The files of one version: path relative to the table's folder -> day (None where the table is not partitioned)."""

    version: int
    files: dict[str, date | None]


class Lake:
    """Tables on disk. Get one from `Lake.open` or `Lake.create`.

    May be shared between threads; any number of processes may read and append at the same time.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root).absolute()
        self._lock = RLock()
        self._handles: dict[str, DeltaTable] = {}
        self._snapshots: dict[str, _Snapshot] = {}

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
        names = (declared.get(folder.name) or _recorded(folder).get("table") for folder in folders)
        return sorted(name for name in names if name is not None)

    def schema(self, table: str) -> Schema | None:
        """The table's KQL columns: as declared, or as recorded when a table of one's own was made; None if unknown."""
        if table in TABLES:
            return TABLES[table].schema
        folder = self._folder(table)
        return schema_of(_recorded(folder)["columns"]) if folder.exists() else None

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
        return _scan(self.files(table), schema).rename_columns([c.name for c in schema])

    # Writing

    def append(
        self,
        table: str,
        rows: Rows,
        *,
        schema: Schema | None = None,
        application: tuple[str, int] | None = None,
        row_group_size: int = DEFAULT_ROW_GROUP,
        progress: Progress | None = None,
    ) -> int:
        """Adds rows in one atomic commit and returns the table's version after it.

        Args:
            rows: columns under their KQL names; missing ones are filled ('' for strings, else null). Large data may come as
                batches or a reader and is written block by block; in order of time, so that a day becomes few files.
            schema: makes a table of one's own; needed once, for a name that is not declared.
            application: (application id, sequence). Such an append happens once: if the application committed this or a
                higher sequence already, nothing is written and the current version is returned. The files are on the disk,
                not merely in its cache, before the commit.
            row_group_size: rows per Parquet row group, the unit that a scan can skip.
            progress: told (table, rows written, rows in all or 0 if unknown).

        Raises:
            StoreError: an unknown table or column, a value of another type, a row without Timestamp, a commit that failed.
        """
        columns = self._known(table, schema)
        # A handle of its own: no other thread can move this snapshot between the look at the sequence and the commit.
        handle = self._own_handle(table) or self._make(table, columns)
        if application is not None and _has(handle, application):
            return handle.version()
        folder, written, committed = self._folder(table), list[WrittenFile](), False
        total = rows.num_rows if isinstance(rows, pa.Table | pa.RecordBatch) else 0
        try:
            for block in _blocks(rows):
                part = stored(block, columns, table)
                written += write_days(
                    folder, part, time_column(columns), _partition(columns), row_group_size, durable=application is not None
                )
                if progress is not None:
                    progress(table, sum(file.rows for file in written), total)
            committed = self._commit_append(handle, columns, written, application) if written or application else False
        except DeltaError as error:
            raise StoreError(f"Table {table} could not be written: {error}") from error
        finally:
            if not committed:
                discard(folder, written)
        return handle.version() if committed and application else self.version(table) or 0

    def _commit_append(
        self, handle: DeltaTable, columns: Schema, written: list[WrittenFile], application: tuple[str, int] | None
    ) -> bool:
        """False if the application's sequence was committed by someone else meanwhile."""
        if application is None:
            _commit(handle, columns, written, retries=_ATTEMPTS)
            return True
        for attempt in range(_ATTEMPTS):
            if _has(handle, application):
                return False
            try:
                # Delta accepts a lower sequence than the last one, so the commit must be made on the snapshot just looked at.
                _commit(handle, columns, written, application=application, retries=0)
                return True
            except CommitFailedError:
                time.sleep(0.002 * min(attempt, 20))
                handle.update_incremental()
        raise CommitFailedError("too many others write to it; try again")

    def compact(self, table: str, *, row_group_size: int = DEFAULT_ROW_GROUP, progress: Progress | None = None) -> int:
        """Merges the files of each day into one, rows in order of time; returns the version. The content stays the same.

        Readers are not disturbed and appends meanwhile are kept; the old files stay until `vacuum`. Another compaction of
        the same day meanwhile wins: then this one changes nothing there.
        """
        handle = self._own_handle(table)
        if handle is None:
            raise StoreError(f"Table {table} has no data.", hint=closest(table, self.tables()))
        columns, folder = self._known(table), self._folder(table)
        by_day: dict[date | None, list[str]] = {}
        for path, day in _current(handle, table).files.items():
            by_day.setdefault(day, []).append(path)
        crowded = {day: paths for day, paths in by_day.items() if len(paths) > 1}
        for done, paths in enumerate(crowded.values(), 1):
            rows = _scan([f"{folder}/{path}" for path in paths], columns)
            written = write_days(folder, rows, time_column(columns), _partition(columns), row_group_size)
            if not _replace(handle, columns, paths, written, table):
                discard(folder, written)
            if progress is not None:
                progress(table, done, len(crowded))
        return handle.version()

    def vacuum(self, table: str, retention: timedelta) -> list[str]:
        """Deletes files that no version younger than `retention` uses, leftovers of crashed writers too; returns their paths.

        A reader that holds an older file list, and a writer that has not committed yet, need their files: keep `retention`
        longer than both can take.
        """
        handle = self._own_handle(table)
        if handle is None:
            return []
        hours = int(retention / timedelta(hours=1))
        return handle.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False, full=True)

    def verify(self, table: str | None = None) -> list[str]:
        """Problems, one line each: files that are missing, changed since they were written, or in no commit; [] if sound."""
        return [f"{name}: {problem}" for name in ([table] if table else self.tables()) for problem in self._verify(name)]

    def _verify(self, table: str) -> Iterator[str]:
        handle, folder = self._own_handle(table), self._folder(table)
        if handle is None:
            return
        hashes = {path: digest for commit in handle.history() for path, digest in commit.get("sha256", {}).items()}
        current = _current(handle, table).files
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
                yield f"{path} belongs to no commit (an interrupted write, or a foreign file)"

    # Names, handles, snapshots

    def _known(self, table: str, schema: Schema | None = None) -> Schema:
        known = self.schema(table)
        if known is None and schema is None:
            near = closest(table, {*TABLES, *self.tables()})
            raise StoreError(f"There is no table '{table}'.", hint=near or "Give a schema to make a table of your own.")
        if known is not None and schema is not None and [(c.name, c.type) for c in known] != [(c.name, c.type) for c in schema]:
            raise StoreError(f"Table '{table}' exists with other columns.", hint="Choose another name.")
        return known or schema or ()

    def _folder(self, table: str) -> Path:
        """Where the table is, or would be made. Folder names are unique regardless of case, as tables' names need not be."""
        declared = _declared_folders()
        if table in declared:
            return self.root / declared[table]
        if not _TABLE_NAME.fullmatch(table):
            raise StoreError(f"'{table[:120]}' cannot name a table in the store.", hint="Use letters, digits, '_', '-', space.")
        taken = {name.lower(): name for name in declared.values()}
        taken |= {path.name.lower(): path.name for path in self.root.iterdir() if path.is_dir()}
        for number in count(1):
            candidate = table if number == 1 else f"{table}__{number}"
            found = taken.get(candidate.lower())
            if found is None:
                return self.root / candidate
            if found not in declared.values() and _recorded(self.root / found).get("table") == table:
                return self.root / found
        raise AssertionError("unreachable")

    def _own_handle(self, table: str) -> DeltaTable | None:
        folder = self._folder(table)
        if not (folder / "_delta_log").is_dir():
            return None
        try:
            handle = DeltaTable(str(folder))
        except DeltaError as error:
            raise StoreError(f"The folder of table {table} cannot be read as a Delta table: {error}") from error
        _refuse_foreign(handle, table)
        return handle

    def _refreshed(self, table: str) -> DeltaTable | None:
        with self._lock:
            handle = self._handles.get(table)
            if handle is None:
                handle = self._own_handle(table)
                if handle is not None:
                    self._handles[table] = handle
                return handle
            try:
                handle.update_incremental()
            except DeltaError as error:
                del self._handles[table]
                raise StoreError(f"The log of table {table} cannot be read: {error}", hint="Was its folder removed?") from error
            return handle

    def _snapshot(self, table: str) -> _Snapshot:
        with self._lock:
            handle = self._refreshed(table)
            if handle is None:
                return _Snapshot(-1, {})
            cached = self._snapshots.get(table)
            if cached is None or cached.version != handle.version():
                _refuse_foreign(handle, table)
                cached = self._snapshots[table] = _current(handle, table)
            return cached

    def _make(self, table: str, columns: Schema) -> DeltaTable:
        folder = self._folder(table)
        partition = _partition(columns)
        description = {"table": table, "columns": {c.name: str(c.type) for c in columns}}
        try:
            return DeltaTable.create(
                str(folder),
                _delta_schema(columns),
                mode="ignore",
                partition_by=[partition] if partition else None,
                name=table,
                description=json.dumps(description, ensure_ascii=False),
                configuration={"delta.enableExpiredLogCleanup": "false"},
            )
        except DeltaError as error:
            made_meanwhile = self._own_handle(table)
            if made_meanwhile is None:
                raise StoreError(f"Table {table} could not be made: {error}") from error
            return made_meanwhile


def _commit(
    handle: DeltaTable,
    columns: Schema,
    written: list[WrittenFile],
    removed: list[RemoveAction] | None = None,
    application: tuple[str, int] | None = None,
    retries: int = 0,
) -> None:
    time_name, partition = time_column(columns), _partition(columns)
    adds = [_add_action(file, time_name, partition, data_change=not removed) for file in written]
    handle.create_write_transaction(
        [*adds, *(removed or [])],
        "append",
        _delta_schema(columns),
        [partition] if partition else [],
        commit_properties=CommitProperties(
            custom_metadata={"sha256": {file.path: file.sha256 for file in written}},
            max_commit_retries=retries,
            app_transactions=[Transaction(*application)] if application else None,
        ),
    )
    handle.update_incremental()


def _add_action(file: WrittenFile, time_name: str | None, partition: str | None, data_change: bool) -> AddAction:
    statistics: dict[str, Any] = {"numRecords": file.rows}
    if time_name is not None:
        statistics |= {"minValues": {time_name: file.first}, "maxValues": {time_name: file.last}, "nullCount": {time_name: 0}}
    values = {partition: str(file.day)} if partition else {}
    return AddAction(file.path, file.size, values, file.modified_ms, data_change, json.dumps(statistics))


def _replace(handle: DeltaTable, columns: Schema, paths: list[str], written: list[WrittenFile], table: str) -> bool:
    """Puts `written` in the place of `paths`; False if someone else replaced any of them meanwhile."""
    partition = _partition(columns)
    for attempt in range(_ATTEMPTS):
        current = _current(handle, table).files
        if not all(path in current for path in paths):
            return False
        values: dict[str, str | None] = {partition: str(written[0].day)} if partition else {}
        now = int(time.time() * 1000)
        try:
            _commit(handle, columns, written, [RemoveAction(path, False, now, None, values) for path in paths])
            return True
        except CommitFailedError:
            time.sleep(0.002 * min(attempt, 20))
            handle.update_incremental()
    return False


def _current(handle: DeltaTable, table: str) -> _Snapshot:
    actions = pa.table(handle.get_add_actions(flatten=True))
    days = next((actions.column(name).to_pylist() for name in actions.column_names if name.startswith("partition.")), None)
    paths = [unquote(path) for path in actions.column("path").to_pylist()]
    if any(path.startswith("/") or "://" in path or ".." in path.split("/") for path in paths):
        raise StoreError(f"Table {table} refers to files outside of its folder.", hint="Copy the table's data, not its log.")
    files = zip(paths, days or [None] * len(paths), strict=True)
    return _Snapshot(handle.version(), dict(sorted(files, key=lambda file: str(file[1]))))


def _refuse_foreign(handle: DeltaTable, table: str) -> None:
    protocol = handle.protocol()
    features = set(protocol.reader_features or [])
    if protocol.min_reader_version == 2 or features - {"timestampNtz"}:
        named = ", ".join(sorted(features - {"timestampNtz"})) or "columnMapping"
        cure = "Write it without deletion vectors and column mapping."
        raise StoreError(f"Table {table} uses a Delta feature that would be misread here: {named}.", hint=cure)


def _recorded(folder: Path) -> dict[str, Any]:
    """What `_make` wrote into the table's description; {} for a table of another program."""
    try:
        found = json.loads(DeltaTable(str(folder)).metadata().description or "")
    except (DeltaError, ValueError):
        return {}
    return found if isinstance(found, dict) and {"table", "columns"} <= found.keys() else {}


def _has(handle: DeltaTable, application: tuple[str, int]) -> bool:
    committed = handle.transaction_version(application[0])
    return committed is not None and committed >= application[1]


def _scan(files: list[str], schema: Schema) -> pa.Table:
    target = arrow_schema(schema)
    if not files:
        return target.empty_table()
    return ds.dataset(files, schema=target, format="parquet", partitioning=None).to_table()


def _blocks(rows: Rows) -> Iterator[pa.Table]:
    if isinstance(rows, pa.Table):
        for start in range(0, rows.num_rows, _BLOCK):
            yield rows.slice(start, _BLOCK)
        return
    held: list[pa.RecordBatch] = []
    for batch in [rows] if isinstance(rows, pa.RecordBatch) else rows:
        held.append(batch)
        if sum(b.num_rows for b in held) >= _BLOCK:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


def _partition(columns: Schema) -> str | None:
    """The partition column's name: `day`, or with underscores where the table has a column of that name; None without time."""
    if time_column(columns) is None:
        return None
    name, taken = "day", {stored_name.lower() for stored_name in physical_names(c.name for c in columns).values()}
    while name in taken:
        name += "_"
    return name


def _delta_schema(columns: Schema) -> DeltaSchema:
    fields, partition = arrow_schema(columns), _partition(columns)
    return DeltaSchema.from_arrow(fields.append(pa.field(partition, pa.date32())) if partition else fields)


def _day(moment: datetime | None) -> date | None:
    if moment is None:
        return None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


@cache
def _declared_folders() -> dict[str, str]:
    return physical_names(TABLES)
