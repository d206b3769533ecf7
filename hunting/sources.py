"""The SELECTs behind a hunt's views: columns of files or of foreign tables as the language wants them."""

from __future__ import annotations

from collections.abc import Iterable

from kql.catalog import text_column
from kql.dialects import DuckDB
from kql.types import Column, ScalarType, Schema, physical_names

ROW_ID = "$row"

_TYPES = DuckDB.types


def over_files(schema: Schema, files: tuple[str, ...]) -> str:
    """A SELECT from these Parquet files: columns, the texts of dynamics, the rows' place. Without files it has no rows."""
    if files:
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
        texts = [f"{quoted(n)} AS {quoted(text_column(n))}" for c, n in _named(schema) if c.type is ScalarType.DYNAMIC]
        hidden = ", ".join([*texts, f"file_index * 4294967296 + file_row_number AS {quoted(ROW_ID)}"])
        return f"SELECT {selected(schema)}, {hidden} FROM read_parquet([{listed}], hive_partitioning = false)"
    kinds = {n: _TYPES[c.type] for c, n in _named(schema)}
    kinds |= {text_column(n): "VARCHAR" for c, n in _named(schema) if c.type is ScalarType.DYNAMIC} | {ROW_ID: "BIGINT"}
    return f"SELECT {', '.join(f'CAST(NULL AS {kind}) AS {quoted(n)}' for n, kind in kinds.items())} WHERE false"


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
