"""The SELECTs behind a hunt's views: columns of files or of foreign tables as the language wants them."""

from __future__ import annotations

from collections.abc import Iterable

from kql.dialects import DuckDB
from kql.types import Column, ScalarType, Schema, physical_names

ROW_ID = "$row"

_TYPES = DuckDB.types


def over_files(schema: Schema, files: tuple[str, ...]) -> str:
    """A SELECT of a table's columns and its rows' place from these Parquet files; without files it has no rows."""
    if files:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        place = f"file_index * 4294967296 + file_row_number AS {quoted(ROW_ID)}"
        return f"SELECT {selected(schema)}, {place} FROM read_parquet([{listed}], hive_partitioning = false)"
    nulls = ", ".join(f"CAST(NULL AS {_TYPES[c.type]}) AS {quoted(n)}" for c, n in _named(schema))
    return f"SELECT {nulls}, CAST(NULL AS BIGINT) AS {quoted(ROW_ID)} WHERE false"


def selected(schema: Schema) -> str:
    """Columns as the language wants them: dynamics as JSON, guids as UUID."""
    casts = {ScalarType.DYNAMIC, ScalarType.GUID}
    return ", ".join(
        f"CAST({quoted(n)} AS {_TYPES[c.type]}) AS {quoted(n)}" if c.type in casts else quoted(n) for c, n in _named(schema)
    )


def _named(schema: Schema) -> Iterable[tuple[Column, str]]:
    """Each column with its name in storage."""
    return zip(schema, physical_names(column.name for column in schema).values(), strict=True)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
