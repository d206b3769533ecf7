"""Rows as a caller hands them in -> rows as they are stored: every declared column, in order, in its stored type.

Strings are never null ('' instead), datetimes are microseconds UTC without zone, timespans are ticks of 100 ns, dynamic values
are compact JSON text, so that equal values are equal text.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from hunting.errors import StoreError
from hunting.tables import arrow_schema, time_column
from kql.errors import closest
from kql.types import Column, ScalarType, Schema

_YEAR_1, _YEAR_9999 = -62_135_596_800_000_000, 253_402_300_799_999_999  # first and last microsecond, from 1970


def stored(rows: pa.Table, schema: Schema, table: str) -> pa.Table:
    """`rows` (KQL column names, any order, some may be missing) as they are stored, under the names on disk.

    Raises:
        StoreError: an unknown or repeated column, a value that does not fit its column's type, a row without Timestamp.
    """
    given = rows.column_names
    known = {c.name for c in schema}
    for name in given:
        if name not in known:
            raise StoreError(f"Table {table} has no column '{name}'.", hint=closest(name, known))
        if given.count(name) > 1:
            raise StoreError(f"The rows for table {table} hold column '{name}' more than once.")
    target = arrow_schema(schema)
    columns = [_column(rows, column, field.type, table) for column, field in zip(schema, target, strict=True)]
    result = pa.Table.from_arrays(columns, schema=target)
    time = time_column(schema)
    if time is not None and (missing := result.column(time).null_count):
        raise StoreError(f"{missing} rows for table {table} have no {time}.", hint="Give every row a time.")
    return result


def _column(rows: pa.Table, column: Column, target: pa.DataType, table: str) -> pa.ChunkedArray:
    if column.name not in rows.column_names:
        filler = pa.scalar("" if column.type is ScalarType.STRING else None, target)
        return pa.chunked_array([pa.repeat(filler, rows.num_rows)])
    given = rows.column(column.name)
    convert = _CONVERSIONS.get(column.type, _plain)
    try:
        result = convert(_decoded(given), target)
    except (pa.ArrowException, ValueError) as error:
        # Arrow's message quotes the value: useful to whoever feeds the rows, who has it already.
        message = f"Column '{column.name}' of table {table} is {column.type}, the rows hold {given.type}: {error}"
        raise StoreError(message) from error
    return result if isinstance(result, pa.ChunkedArray) else pa.chunked_array([result], target)


def _decoded(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _plain(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    if _is_text(values.type):
        raise ValueError("text is not converted")
    return values.cast(target)


def _string(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    if not (_is_text(values.type) or pa.types.is_null(values.type)):
        raise ValueError("only text is taken")
    return pc.fill_null(values.cast(target), "")


def _datetime(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    if not (pa.types.is_temporal(values.type) or pa.types.is_null(values.type)) or pa.types.is_duration(values.type):
        raise ValueError("only dates and timestamps are taken")
    # Arrow keeps zoned times in UTC, so the zone can be dropped; so are the digits below a microsecond.
    result = values.cast(target, safe=False)
    ends = pc.min_max(result.cast(pa.int64()))
    if ends["min"].is_valid and not _YEAR_1 <= ends["min"].as_py() <= ends["max"].as_py() <= _YEAR_9999:
        raise ValueError("a date lies outside of the years 1 to 9999")
    return result


def _timespan(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    import pyarrow.compute as pc

    if not pa.types.is_duration(values.type):
        return _plain(values, target)
    ticks, per = {"s": (10_000_000, 1), "ms": (10_000, 1), "us": (10, 1), "ns": (1, 100)}[values.type.unit]
    return pc.divide(pc.multiply_checked(values.cast(target), ticks), per)


def _guid(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    return _by_distinct(values.cast(pa.string()), lambda text: str(uuid.UUID(text)) if text else None, target)


def _dynamic(values: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    if _is_text(values.type):
        return _by_distinct(values, canonical_json, target)
    texts = ([None if value is None else _dump(value) for value in chunk.to_pylist()] for chunk in values.chunks)
    return pa.chunked_array([pa.array(chunk, target) for chunk in texts], target)


def _by_distinct(values: pa.ChunkedArray, convert: Callable[[str], str | None], target: pa.DataType) -> pa.ChunkedArray:
    """`convert` applied once to each distinct text: such columns repeat their values a lot."""
    chunks = []
    for chunk in values.chunks:
        coded = chunk.dictionary_encode()
        distinct = pa.array([convert(text) for text in coded.dictionary.to_pylist()], target)
        chunks.append(distinct.take(coded.indices))
    return pa.chunked_array(chunks, target)


def canonical_json(text: str) -> str:
    """The compact JSON of a dynamic value's text; text that is not JSON becomes a JSON string, as KQL's `dynamic` does."""
    try:
        return _dump(json.loads(text, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        return _dump(text)


def _dump(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)
    # A lone surrogate, legal in a JSON escape, has no UTF-8: then the escapes stay.
    return text if not any("\ud800" <= c <= "\udfff" for c in text) else json.dumps(json.loads(text), separators=(",", ":"))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


_CONVERSIONS: dict[ScalarType, Callable[[pa.ChunkedArray, pa.DataType], pa.ChunkedArray]] = {
    ScalarType.STRING: _string,
    ScalarType.DATETIME: _datetime,
    ScalarType.TIMESPAN: _timespan,
    ScalarType.GUID: _guid,
    ScalarType.DYNAMIC: _dynamic,
}
