"""Every table that can be hunted, as text: one file per family, one line per column.

    table EmailEvents: One row per message and recipient.
      Timestamp: datetime  When the message was processed (UTC).

A line without description is allowed; `#` starts a comment line. Nothing is read until a table is asked for, and pyarrow
is imported only for `Table.arrow_schema`, so that shell completion stays quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kql.types import TYPE_NAMES, Column, ScalarType, Schema, physical_names

if TYPE_CHECKING:
    import pyarrow as pa

TIME_COLUMN = "Timestamp"


@dataclass(frozen=True)
class TableColumn:
    """A column as declared: its KQL name and type, and what it holds."""

    name: str
    type: ScalarType
    description: str


@dataclass(frozen=True)
class Table:
    """A declared table; `columns` in the documented order."""

    name: str
    description: str
    columns: tuple[TableColumn, ...]

    @cached_property
    def schema(self) -> Schema:
        """The KQL columns, with what can be null in the lake."""
        return stored_schema((c.name, c.type) for c in self.columns)

    @property
    def time_column(self) -> str | None:
        """`Timestamp`, or None for the tables that describe a state and carry no time."""
        return time_column(self.schema)

    @cached_property
    def physical(self) -> Mapping[str, str]:
        """KQL name -> name on disk, unique regardless of case."""
        return physical_names(c.name for c in self.columns)

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Arrow types over the names on disk."""
        return arrow_schema(self.schema)


def stored_schema(columns: Iterable[tuple[str, ScalarType]]) -> Schema:
    """KQL columns as our writers store them: a string and the Timestamp are never null, all else may be."""
    never_null = (ScalarType.STRING, None), (ScalarType.DATETIME, TIME_COLUMN)
    return tuple(Column(name, kind, (kind, None) not in never_null and (kind, name) not in never_null) for name, kind in columns)


def time_column(schema: Schema) -> str | None:
    """The name of the column that rows are ordered and partitioned by, or None."""
    return next((c.name for c in schema if c.name == TIME_COLUMN and c.type is ScalarType.DATETIME), None)


def arrow_schema(schema: Schema) -> pa.Schema:
    """How a KQL schema is stored: Arrow fields under names that are unique regardless of case.

    timespan is int64 ticks of 100 ns, dynamic is JSON text, guid is text, datetime is microseconds UTC without zone.
    """
    import pyarrow as pa

    stored: dict[ScalarType, pa.DataType] = {
        ScalarType.BOOL: pa.bool_(),
        ScalarType.INT: pa.int32(),
        ScalarType.LONG: pa.int64(),
        ScalarType.REAL: pa.float64(),
        ScalarType.DECIMAL: pa.decimal128(38, 18),
        ScalarType.STRING: pa.string(),
        ScalarType.DATETIME: pa.timestamp("us"),
        ScalarType.TIMESPAN: pa.int64(),
        ScalarType.GUID: pa.string(),
        ScalarType.DYNAMIC: pa.string(),
    }
    physical = physical_names(c.name for c in schema)
    return pa.schema([pa.field(physical[c.name], stored[c.type]) for c in schema])


def parse(text: str, source: str = "<text>") -> Iterator[Table]:
    """The tables declared in one file's text.

    Raises:
        ValueError: a line is neither a table, a column nor a comment; a type or a name is wrong. Names file and line.
    """
    name, description, columns = "", "", dict[str, TableColumn]()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if header := _HEADER.fullmatch(line):
            if name:
                yield Table(name, description, tuple(columns.values()))
            name, description, columns = header[1], header[2], {}
        elif name and (column := _COLUMN.fullmatch(line)) and column[2] in TYPE_NAMES:
            if column[1] in columns:
                raise ValueError(f"{source}:{number}: column {column[1]} is declared twice in {name}")
            columns[column[1]] = TableColumn(column[1], TYPE_NAMES[column[2]], column[3] or "")
        else:
            raise ValueError(f"{source}:{number}: expected 'table Name: text' or '  Name: type  text', found {line!r}")
    if name:
        yield Table(name, description, tuple(columns.values()))


_HEADER = re.compile(r"table (\w+): (\S.*)")
_COLUMN = re.compile(r"  (\w+): (\w+)(?:  (\S.*))?")


class _Declared(Mapping[str, Table]):
    """All declared tables by name, read on first use."""

    @cached_property
    def _tables(self) -> dict[str, Table]:
        from importlib.resources import files

        sources = sorted((s for s in files(__name__).iterdir() if s.name.endswith(".txt")), key=lambda s: s.name)
        return _by_name(table for s in sources for table in parse(s.read_text(encoding="utf-8"), s.name))

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def _by_name(tables: Iterable[Table]) -> dict[str, Table]:
    result: dict[str, Table] = {}
    for table in tables:
        if table.name in result:
            raise ValueError(f"table {table.name} is declared twice")
        result[table.name] = table
    return dict(sorted(result.items()))


TABLES: Mapping[str, Table] = _Declared()
