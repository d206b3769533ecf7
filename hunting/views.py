"""The views over a store's files that programs read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from hunting import latest
from hunting.database import Connection
from hunting.lake import Lake
from hunting.sources import over_files, quoted
from kql.reads import Read
from kql.types import Schema


class Views:
    """Temporary views on one connection, made anew when the files they are to show are others.

    Args:
        lake: the store; without one every view is empty.
    """

    def __init__(self, connection: Connection, lake: Lake | None) -> None:
        self._connection = connection
        self._lake = lake
        self._shown: dict[str, tuple[tuple[str, ...], ...]] = {}

    def show(self, read: Read, values: Mapping[str, object], schema: Callable[[str], Schema | None]) -> None:
        """The view that a program reads: files of the table's current version whose days it can want."""
        files = self._files(read.table, *read.span(values))
        events = self._files(latest.EVENTS) if read.view != read.table else ()
        if self._shown.get(read.view) == (files, events):
            return
        source = over_files(schema(read.table) or (), files)
        if events:
            source = latest.overlaid(source, over_files(schema(latest.EVENTS) or (), events))
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(read.view)} AS {source}")
        self._shown[read.view] = files, events

    def _files(self, table: str, since: datetime | None = None, until: datetime | None = None) -> tuple[str, ...]:
        return tuple(self._lake.files(table, since, until)) if self._lake is not None else ()
