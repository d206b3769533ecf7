"""A lake in memory with the promises of the real one, for campaigns that would spend their time on commits."""

from __future__ import annotations

from pathlib import Path
from threading import RLock
from typing import Any

import pyarrow as pa

from hunting.lake import Lake
from hunting.rows import stored
from hunting.tables import TABLES


class MemoryLake(Lake):
    """Each append is whole or not at all, and happens once for each application's sequence."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        root.mkdir(parents=True, exist_ok=True)
        self._rows: dict[str, pa.Table] = {}
        self._versions: dict[str, int] = {}
        self._sequences: dict[tuple[str, str], int] = {}
        self._one = RLock()

    def append(self, table: str, rows: pa.Table, *, application: Any = None, instead: bool = False, **_: Any) -> int:
        schema = TABLES[table].schema
        added = stored(rows, schema, table).rename_columns([column.name for column in schema])
        with self._one:
            if application is not None:
                app, sequence = application
                if self._sequences.get((table, app), 0) >= sequence:
                    return self._versions[table]
                self._sequences[table, app] = sequence
            held = self._rows.get(table)
            self._rows[table] = added if held is None or instead else pa.concat_tables([held, added])
            self._versions[table] = self._versions.get(table, -1) + 1
            return self._versions[table]

    def read(self, table: str) -> pa.Table:
        held = self._rows.get(table)
        return stored(pa.table({}), TABLES[table].schema, table) if held is None else held

    def version(self, table: str) -> int | None:
        return self._versions.get(table)

    def sequence(self, table: str, app_id: str) -> int | None:
        return self._sequences.get((table, app_id))
