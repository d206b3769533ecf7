"""What a query returns: an Arrow table with KQL types, its SQL, and how it is to be drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import numpy as np
import pyarrow as pa

from kql.types import ScalarType, Schema

if TYPE_CHECKING:
    import pandas
    import polars

# Types at the edge. A timespan loses its seventh digit here, as Python's timedelta has six; `ticks` keeps it.
_EDGE: dict[ScalarType, pa.DataType] = {
    ScalarType.BOOL: pa.bool_(),
    ScalarType.INT: pa.int32(),
    ScalarType.LONG: pa.int64(),
    ScalarType.REAL: pa.float64(),
    ScalarType.DECIMAL: pa.decimal128(38, 18),
    ScalarType.STRING: pa.string(),
    ScalarType.DATETIME: pa.timestamp("us", "UTC"),
    ScalarType.TIMESPAN: pa.duration("us"),
    ScalarType.GUID: pa.string(),
    ScalarType.DYNAMIC: pa.string(),
}


class Result:
    """Rows of a query.

    Attributes:
        schema: the columns with KQL types.
        sql: the SQL that gave it.
        visualization: what `render` asked for ({"visualization": "columnchart", "kind": "stacked", ...}), or None.
        stored: the Arrow table as the engine keeps values: datetimes without zone, timespans as ticks of 100 ns.
            A moment beyond the years 1 to 9999, which arithmetic can reach, is null.
    """

    SHOWN = 50
    """Rows in a notebook and in IPython."""

    def __init__(self, stored: pa.Table, schema: Schema, sql: str, visualization: Mapping[str, Any] | None = None) -> None:
        self.stored = _in_calendar(stored, schema)
        self.schema = schema
        self.sql = sql
        self.visualization = visualization

    @property
    def columns(self) -> list[str]:
        return [column.name for column in self.schema]

    @property
    def types(self) -> list[str]:
        """KQL type names."""
        return [str(column.type) for column in self.schema]

    @cached_property
    def table(self) -> pa.Table:
        """Arrow: datetimes are UTC, timespans durations of microseconds, dynamics JSON text, guids text.

        The buffers are those that DuckDB filled, except for timespans and guids, which are computed.
        """
        edges = [self.column(at) for at in range(len(self.schema))]
        return pa.Table.from_arrays(edges, schema=pa.schema([(c.name, _EDGE[c.type]) for c in self.schema]))

    def column(self, at: int) -> pa.ChunkedArray:
        """One column of `table`, without the others."""
        return _edge(self.stored.column(at), self.schema[at].type)

    def __len__(self) -> int:
        return int(self.stored.num_rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows())

    def rows(self) -> list[tuple[Any, ...]]:
        """Rows of Python values: aware UTC datetime, timedelta, Decimal, UUID, and dict/list/str/number for dynamic."""
        columns = [_python(listed(values), column.type) for values, column in zip(self.table.columns, self.schema, strict=True)]
        return list(zip(*columns, strict=True)) if columns else []

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        from hunting.cells import visible

        columns = ", ".join(f"{column.name}: {column.type}" for column in self.schema)
        return visible(f"<Result of {len(self):,} row{'s' * (len(self) != 1)}: {columns}>")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """The first rows as a table, in IPython on a terminal."""
        from hunting.formats import table_text

        printer.text(repr(self) if cycle else table_text(self, self.SHOWN, printer.max_width).rstrip("\n"))

    def _repr_html_(self) -> str:
        """The chart that `render` asks for, as a picture where one can be made, and the first rows; escaped, for a notebook."""
        from hunting.webpage import cell_output

        return cell_output(self, self.SHOWN)

    def _repr_mimebundle_(self, **_chosen: object) -> dict[str, Any]:
        """The chart that `render` asks for, if it can be drawn; the table comes from `_repr_html_`."""
        from hunting.charts import asks_for_chart, vega_lite
        from hunting.charts.vega import MIME
        from hunting.errors import HuntingError

        if not asks_for_chart(self):
            return {}
        try:
            return {MIME: vega_lite(self)}
        except HuntingError:  # the rows stand all the same
            return {}

    def to_pandas(self, dtype_backend: Literal["numpy", "pyarrow"] = "numpy") -> pandas.DataFrame:
        """A pandas DataFrame.

        Args:
            dtype_backend: "numpy" for pandas' usual types, copied, where a long with nulls becomes a float; "pyarrow" for
                columns over the result's own buffers, where nulls are nulls and every long is exact.
        """
        if dtype_backend == "numpy":
            return self.table.to_pandas()
        import pandas

        return self.table.to_pandas(types_mapper=pandas.ArrowDtype)

    def to_polars(self) -> polars.DataFrame:
        """A polars DataFrame over the result's own buffers; of texts, the bytes are not copied."""
        import polars

        frame = polars.from_arrow(self.table, rechunk=False)
        assert isinstance(frame, polars.DataFrame)
        return frame


_MICROS = pa.timestamp("us")
_CALENDAR = (-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999 in microseconds since 1970


def _in_calendar(stored: pa.Table, schema: Schema) -> pa.Table:
    for at, column in enumerate(schema):
        if column.type is ScalarType.DATETIME:
            stored = stored.set_column(at, stored.field(at), _calendar_only(stored.column(at)))
    return stored


def _calendar_only(times: pa.ChunkedArray) -> pa.ChunkedArray:
    first, last = _CALENDAR
    if all(first <= low and high <= last for low, high in map(_bounds, of_type(times, _MICROS).chunks)):
        return times
    import pyarrow.compute as pc  # takes longer to import than a small query to run

    micros = times.cast(_MICROS).cast(pa.int64())
    return pc.if_else(pc.and_(pc.greater_equal(micros, first), pc.less_equal(micros, last)), times, None)


def _bounds(times: pa.Array) -> tuple[int, int]:
    """The least and the greatest number of a chunk, whatever those that stand for nulls are."""
    if len(times) == 0:
        return (0, 0)
    numbers = np.frombuffer(times.buffers()[1], np.int64, len(times), times.offset * 8)
    return int(numbers.min()), int(numbers.max())


def of_type(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Values in this type; those that are of it already need no `pyarrow.compute`."""
    return values if values.type == kind else values.cast(kind)


def listed(values: pa.ChunkedArray) -> list[Any]:
    """Python values; moments of a zone are aware, in UTC. Of those pyarrow makes zones of its own, by way of pandas."""
    if not pa.types.is_timestamp(values.type) or values.type.tz is None:
        return list(values.to_pylist())
    naive = (moment for chunk in values.chunks for moment in chunk.view(pa.timestamp(values.type.unit)).to_pylist())
    return [None if moment is None else moment.replace(tzinfo=UTC) for moment in naive]


def _edge(values: pa.ChunkedArray, kind: ScalarType) -> pa.ChunkedArray:
    match kind:
        case ScalarType.TIMESPAN:
            import pyarrow.compute as pc

            return pc.divide(of_type(values, pa.int64()), 10).cast(pa.duration("us"))
        case ScalarType.DATETIME:
            naive = of_type(values, _MICROS)  # the same numbers under another name: nothing is computed
            return pa.chunked_array([chunk.view(_EDGE[kind]) for chunk in naive.chunks], _EDGE[kind])
        case ScalarType.GUID:
            return values if pa.types.is_string(values.type) else pa.chunked_array([_guid_texts(values)])
        case _:
            return of_type(values, _EDGE[kind])


def _guid_texts(values: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if value is None else str(value) for value in values.to_pylist()], pa.string())


def _python(values: list[Any], kind: ScalarType) -> list[Any]:
    match kind:
        case ScalarType.DYNAMIC:
            return [None if value is None else json.loads(value) for value in values]
        case ScalarType.GUID:
            return [None if value is None else UUID(value) for value in values]
        case _:
            return values
