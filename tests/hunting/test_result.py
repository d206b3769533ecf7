"""An answer in other libraries: the same values, over the same memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pandas
import polars
import pyarrow as pa
import pytest

import hunting
from hunting.result import Result

ROWS = 5_000
QUERY = f"""
range N from 1 to {ROWS} step 1
| extend Half = N * 0.5, Text = strcat("number ", N), At = datetime(2026-11-01) + N * 1s, Took = N * 1ms, Few = toint(N % 7), Odd = N % 2 == 1
| extend Gap = iff(Odd, N + 9007199254740992, long(null)), Bag = bag_pack("n", N)
"""  # noqa: E501
SHARED = ["N", "Half", "Text", "At", "Few", "Gap", "Bag", "Odd"]  # without Took: its ticks become microseconds


@pytest.fixture(scope="module")
def result() -> Result:
    found = hunting.connect(":memory:").query(QUERY)
    assert len(found) == ROWS and set(found.columns) == {*SHARED, "Took"}
    return found


def addresses(values: pa.ChunkedArray | pa.Array) -> list[int]:
    """Where the values (of texts: the bytes) of each chunk lie in memory."""
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    return [chunk.buffers()[-1].address for chunk in chunks]


def stored(result: Result, name: str) -> pa.ChunkedArray:
    return result.stored.column(result.columns.index(name))


@pytest.mark.parametrize("name", SHARED)
def test_arrow_shares_the_engines_memory(result: Result, name: str) -> None:
    assert addresses(result.table.column(name)) == addresses(stored(result, name))
    assert addresses(pa.table(result).column(name)) == addresses(stored(result, name)), "by __arrow_c_stream__"


@pytest.mark.parametrize("name", SHARED)
def test_pandas_over_arrow_shares_it_too(result: Result, name: str) -> None:
    frame = result.to_pandas(dtype_backend="pyarrow")
    column = frame[name].array.__arrow_array__()
    assert addresses(column) == addresses(stored(result, name))


@pytest.mark.parametrize("name", ["N", "Half", "At", "Few"])
def test_polars_shares_it_too(result: Result, name: str) -> None:
    series = result.to_polars()[name]
    pieces = [addresses(chunk.to_arrow())[0] for chunk in series.get_chunks()]
    assert pieces == addresses(stored(result, name))


def test_the_values_are_the_same_everywhere(result: Result) -> None:
    first = {**dict(zip(result.columns, result.rows()[0], strict=True)), "Bag": '{"n":1}'}
    assert first["At"] == datetime(2026, 11, 1, 0, 0, 1, tzinfo=UTC) and first["Took"] == timedelta(milliseconds=1)
    frame, arrow, polar = result.to_pandas(), result.to_pandas(dtype_backend="pyarrow"), result.to_polars()
    assert {name: frame[name].iloc[0] for name in frame if name != "Gap"} == {k: v for k, v in first.items() if k != "Gap"}
    assert {name: arrow[name].iloc[0] for name in arrow} == first
    assert polar.row(0, named=True) == first
    assert duckdb.from_arrow(pa.table(result)).filter("N = 1").project("N, Half, Text").fetchall()[0] == (1, 0.5, "number 1")


def test_longs_with_nulls_stay_exact_over_arrow(result: Result) -> None:
    assert result.to_pandas(dtype_backend="pyarrow")["Gap"].iloc[0] == 9_007_199_254_740_993
    assert result.to_pandas(dtype_backend="pyarrow")["Gap"].isna().sum() == ROWS // 2
    assert result.to_polars()["Gap"][0] == 9_007_199_254_740_993


def test_a_frame_may_be_written_to(result: Result) -> None:
    frame = result.to_pandas()
    frame.loc[0, "N"] = 42
    assert frame["N"][0] == 42 and result.rows()[0][0] == 1, "the answer stays"


def test_an_empty_answer_keeps_its_types() -> None:
    empty = hunting.connect(":memory:").query("print At = now(), N = 1, T = 'x' | where N == 2")
    assert empty.table.schema.field("At").type == pa.timestamp("us", "UTC")
    assert isinstance(empty.to_pandas(dtype_backend="pyarrow"), pandas.DataFrame)
    assert empty.to_polars().schema["At"] == polars.Datetime("us", "UTC")
