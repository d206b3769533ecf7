"""What a caller hands to a hunt: tables in any form, values of query parameters, a GeoIP database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa

from hunting.errors import HuntingError
from kql.catalog import schema_of
from kql.constants import parse_constant
from kql.errors import KqlSemanticError
from kql.types import TYPE_NAMES, ScalarType, Schema


def as_table(data: Any) -> pa.Table:
    """Data of any kind that holds a table: a DataFrame, Arrow, or a file by its path.

    Raises:
        HuntingError: it is none, or cannot be read.
    """
    if isinstance(data, str | Path):
        return _read_file(Path(data))
    if isinstance(data, pa.Table):
        return data
    if hasattr(data, "__arrow_c_stream__"):
        return pa.table(data)
    if type(data).__module__.startswith("pandas"):
        return pa.Table.from_pandas(data, preserve_index=False)
    raise HuntingError(f"A {type(data).__name__} is no table.", hint="Pass a DataFrame, an Arrow table or a file's path.")


def _read_file(path: Path) -> pa.Table:
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    readers = {
        ".parquet": pyarrow.parquet.read_table,
        ".csv": pyarrow.csv.read_csv,
        ".json": pyarrow.json.read_json,
        ".ndjson": pyarrow.json.read_json,
        ".jsonl": pyarrow.json.read_json,
    }
    if path.suffix.lower() not in readers:
        raise HuntingError(f"Files of the kind '{path.suffix}' cannot be read.", hint=f"Known: {', '.join(readers)}.")
    try:
        return readers[path.suffix.lower()](path)
    except (OSError, pa.ArrowInvalid) as error:
        raise HuntingError(f"The file '{path.name}' cannot be read: {error}") from None


def declared(schema: Mapping[str, str]) -> Schema:
    """The schema that a caller declared by type names.

    Raises:
        HuntingError: a type is unknown.
    """
    unknown = [kind for kind in schema.values() if kind not in TYPE_NAMES]
    if unknown:
        raise HuntingError(f"Unknown type: '{unknown[0]}'.", hint=f"Known: {', '.join(ScalarType)}.")
    return schema_of(schema)


def inferred(table: pa.Table) -> Schema:
    """The schema that the data's own types make."""
    return schema_of({field.name: str(_from_arrow(field.type)) for field in table.schema})


def _from_arrow(kind: pa.DataType) -> ScalarType:
    tests: list[tuple[Any, ScalarType]] = [
        (pa.types.is_boolean, ScalarType.BOOL),
        (pa.types.is_int64, ScalarType.LONG),
        (pa.types.is_uint32, ScalarType.LONG),
        (pa.types.is_integer, ScalarType.INT),
        (pa.types.is_floating, ScalarType.REAL),
        (pa.types.is_decimal, ScalarType.DECIMAL),
        (pa.types.is_timestamp, ScalarType.DATETIME),
        (pa.types.is_date, ScalarType.DATETIME),
        (pa.types.is_duration, ScalarType.TIMESPAN),
        (pa.types.is_nested, ScalarType.DYNAMIC),
    ]
    return next((found for test, found in tests if test(kind)), ScalarType.STRING)


def bound(value: object, kind: ScalarType, name: str) -> object:
    """A query parameter in the form that the engine binds.

    Raises:
        KqlSemanticError: the value is not of the declared type.
    """
    if value is None:
        return "" if kind is ScalarType.STRING else None
    match kind, value:
        case ScalarType.DATETIME, datetime():
            return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        case ScalarType.TIMESPAN, timedelta():
            return (value.days * 86_400 + value.seconds) * 10_000_000 + value.microseconds * 10
        case ScalarType.DYNAMIC, _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case ScalarType.BOOL, bool():
            return value
        case ((ScalarType.INT | ScalarType.LONG), int()) if not isinstance(value, bool):
            return value
        case ((ScalarType.REAL | ScalarType.DECIMAL), (int() | float() | Decimal())):
            return float(value) if kind is ScalarType.REAL else Decimal(str(value))
        case ((ScalarType.STRING | ScalarType.GUID), _) if not isinstance(value, bool | int | float):
            return str(value)
        case _, str():
            parsed = parse_constant(value, kind)
            if parsed is not None:
                return datetime(1970, 1, 1) + timedelta(microseconds=int(str(parsed))) if kind is ScalarType.DATETIME else parsed
    raise KqlSemanticError(
        f"The query parameter '{name}' is a {kind}, found {type(value).__name__}.", hint="Pass a value of that type."
    )


def geoip_database(path: str | Path | None) -> Path | None:
    """The GeoIP database as it can be read; None for no path.

    Raises:
        HuntingError: no file, or no reader for it.
    """
    if not path:
        return None
    if not Path(path).is_file():
        message = f"There is no GeoIP database '{Path(path).name}'."
        raise HuntingError(message, hint="HUNTING_GEOIP must name a MaxMind .mmdb file.")
    if find_spec("maxminddb") is None:
        message = "A GeoIP database needs the Python package 'maxminddb'."
        raise HuntingError(message, hint="Install the extra: pip install 'hunting[enrich]'.")
    return Path(path)
