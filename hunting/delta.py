"""What the lake uses of Delta Lake: make a table, list its files, commit files of our own.

Source: the Delta transaction log protocol. We write the Parquet files ourselves and commit their names, so that order, row
groups and hashes are known before the commit. Of the columns, only the time has statistics in the log: the others are pruned by
the statistics inside the files.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake import Schema as DeltaSchema
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from hunting.errors import StoreError
from hunting.parquet import WrittenFile, force
from hunting.tables import arrow_schema, time_column
from kql.types import Schema, physical_names

Application = tuple[str, int]

_ATTEMPTS = 200
_KNOWN_FEATURES = {"timestampNtz"}


@dataclass(frozen=True)
class Snapshot:
    """The files of one version: path relative to the table's folder -> day (None where the table is not partitioned)."""

    version: int
    files: dict[str, date | None]


def open_table(folder: Path, table: str) -> DeltaTable | None:
    """A handle on the newest version, None when there is no table; foreign ones that would be misread raise StoreError."""
    if not (folder / "_delta_log").is_dir():
        return None
    try:
        handle = DeltaTable(str(folder))
    except DeltaError as error:
        raise StoreError(f"The folder of table {table} cannot be read as a Delta table: {error}") from error
    refuse_foreign(handle, table)
    return handle


def is_newest(handle: DeltaTable, folder: Path) -> bool:
    """Whether nothing was committed after the handle's version, without reading the log: versions follow one another.

    False where it cannot be told: the log may have been cleaned up, or removed.
    """
    version = handle.version()
    return _entry(folder, version).exists() and not _entry(folder, version + 1).exists()


def _entry(folder: Path, version: int) -> Path:
    """The file in the log that commits a version."""
    return folder / "_delta_log" / f"{version:020}.json"


def make_table(folder: Path, table: str, columns: Schema) -> DeltaTable:
    """A new empty table, or the one that somebody else made meanwhile. Its description records the KQL columns."""
    partition = partition_column(columns)
    description = {"table": table, "columns": {c.name: str(c.type) for c in columns}}
    try:
        return DeltaTable.create(
            str(folder),
            _delta_schema(columns),
            mode="ignore",
            partition_by=[partition] if partition else None,
            name=table,
            description=json.dumps(description, ensure_ascii=False),
            # The log holds the files' hashes; opening a table costs 0.25 ms for every commit since the last checkpoint.
            configuration={"delta.enableExpiredLogCleanup": "false", "delta.checkpointInterval": "20"},
        )
    except DeltaError as error:
        made_meanwhile = open_table(folder, table)
        if made_meanwhile is None:
            raise StoreError(f"Table {table} could not be made: {error}") from error
        return made_meanwhile


def missing_columns(handle: DeltaTable, columns: Schema, table: str) -> list[str]:
    """Columns that were declared after the table was made: its files lack them, until they are written anew.

    Raises:
        StoreError: a column is stored in another type.
    """
    existing = {field.name: field.type for field in handle.schema().fields}
    wanted = {field.name: field.type for field in _delta_schema(columns).fields}
    for name, kind in wanted.items():
        if existing.get(name, kind) != kind:
            message = f"Column {name} of table {table} is stored as {existing[name]}, not {kind}."
            raise StoreError(message, hint="Load the data into a new store.")
    return [name for name in wanted if name not in existing]


def refuse_outdated(handle: DeltaTable, columns: Schema, table: str) -> None:
    """Raises StoreError if the table's files lack declared columns."""
    if lacking := missing_columns(handle, columns, table):
        raise StoreError(f"Table {table} was written without {', '.join(lacking)}.", hint="Compact the table once.")


def widen(handle: DeltaTable, columns: Schema, table: str) -> None:
    """Adds the missing columns to the table's metadata, once the files have them."""
    missing = missing_columns(handle, columns, table)
    if missing:
        handle.alter.add_columns([field for field in _delta_schema(columns).fields if field.name in missing])
        handle.update_incremental()


def recorded(folder: Path) -> dict[str, Any]:
    """What `make_table` wrote into the description: table, columns; {} for a table of another program."""
    try:
        found = json.loads(DeltaTable(str(folder)).metadata().description or "")
    except (DeltaError, ValueError):
        return {}
    return found if isinstance(found, dict) and {"table", "columns"} <= found.keys() else {}


def snapshot(handle: DeltaTable, table: str) -> Snapshot:
    """The files of the handle's version, by day and in the order of writing."""
    # Not pa.table(): that would import pandas, to see whether this is a DataFrame.
    actions = pa.RecordBatchReader.from_stream(handle.get_add_actions(flatten=True)).read_all()
    days = next((actions.column(name).to_pylist() for name in actions.column_names if name.startswith("partition.")), None)
    paths = [unquote(path) for path in actions.column("path").to_pylist()]
    if any(path.startswith("/") or "://" in path or ".." in path.split("/") for path in paths):
        raise StoreError(f"Table {table} refers to files outside of its folder.", hint="Copy the table's data, not its log.")
    files = zip(paths, days or [None] * len(paths), actions.column("modification_time").to_pylist(), strict=True)
    in_order = sorted(files, key=lambda file: (str(file[1]), file[2]))
    return Snapshot(handle.version(), {path: day for path, day, _ in in_order})


def refuse_foreign(handle: DeltaTable, table: str) -> None:
    """Raises StoreError for tables whose Parquet files alone do not say what the rows are."""
    protocol = handle.protocol()
    foreign = set(protocol.reader_features or []) - _KNOWN_FEATURES
    if protocol.min_reader_version == 2:
        foreign.add("columnMapping")
    if foreign:
        cure = "Write it without deletion vectors and column mapping."
        raise StoreError(f"Table {table} uses features that would be misread here: {', '.join(sorted(foreign))}.", hint=cure)


def has_committed(handle: DeltaTable, application: Application) -> bool:
    """Whether this or a higher sequence of the application is in the handle's version."""
    committed = handle.transaction_version(application[0])
    return committed is not None and committed >= application[1]


def append(handle: DeltaTable, columns: Schema, written: list[WrittenFile]) -> None:
    """Commits new files; other appends meanwhile do not matter."""
    _commit(handle, columns, written, retries=_ATTEMPTS)


def append_once(
    handle: DeltaTable, folder: Path, columns: Schema, written: list[WrittenFile], application: Application, instead: bool = False
) -> bool:
    """As `append`, and forced to the disk, unless the application's sequence is committed already: then False.

    `instead`: the new files take the place of all that the table holds.

    The handle must not be shared: Delta accepts a sequence lower than the last, so the commit has to be made on the very
    snapshot that was looked at. Hence no retries inside the commit, but a new look before each.
    """
    for attempt in range(_ATTEMPTS):
        if has_committed(handle, application):
            return False
        entry = _entry(folder, handle.version() + 1)
        try:
            _commit(handle, columns, written, application=application, instead=instead)
            force(entry)
            force(entry.parent)
            return True
        except CommitFailedError:
            _look_again(handle, attempt)
    raise CommitFailedError("too many others write to it; try again")


def replace(handle: DeltaTable, columns: Schema, paths: list[str], written: list[WrittenFile], table: str) -> bool:
    """Puts `written` in the place of `paths`, the same rows; False if someone else replaced any of them meanwhile."""
    partition = partition_column(columns)
    values: dict[str, str | None] = {partition: str(written[0].day)} if partition else {}
    for attempt in range(_ATTEMPTS):
        if not set(paths) <= snapshot(handle, table).files.keys():
            return False
        removed = [RemoveAction(path, False, _now_ms(), None, values) for path in paths]
        try:
            _commit(handle, columns, written, removed)
            return True
        except CommitFailedError:
            _look_again(handle, attempt)
    return False


def _commit(
    handle: DeltaTable,
    columns: Schema,
    written: list[WrittenFile],
    removed: list[RemoveAction] | None = None,
    application: Application | None = None,
    retries: int = 0,
    instead: bool = False,
) -> None:
    time_name, partition = time_column(columns), partition_column(columns)
    adds = [_add_action(file, time_name, partition, data_change=not removed) for file in written]
    handle.create_write_transaction(
        [*adds, *(removed or [])],
        "overwrite" if instead else "append",
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


def _look_again(handle: DeltaTable, attempt: int) -> None:
    time.sleep(0.002 * min(attempt, 20))
    handle.update_incremental()


def partition_column(columns: Schema) -> str | None:
    """The partition's name: `day`, with underscores where the table has a column of that name; None without time."""
    if time_column(columns) is None:
        return None
    name, taken = "day", {stored.lower() for stored in physical_names(c.name for c in columns).values()}
    while name in taken:
        name += "_"
    return name


def _delta_schema(columns: Schema) -> DeltaSchema:
    fields, partition = arrow_schema(columns), partition_column(columns)
    return DeltaSchema.from_arrow(fields.append(pa.field(partition, pa.date32())) if partition else fields)


def _now_ms() -> int:
    # Delta's own bookkeeping, on which vacuum's retention rests: the machine's time, never the tenant's clock.
    return int(time.time() * 1000)
