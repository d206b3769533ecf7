"""Rows as they are handed in, and as they are stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunting.errors import StoreError
from hunting.rows import canonical_json, stored
from hunting.tables import stored_schema
from kql.types import ScalarType

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def store_one(kind: ScalarType, values: Any) -> list[Any]:
    schema = stored_schema([("x", kind)])
    return stored(pa.table({"x": values}), schema, "T").column("x").to_pylist()


def test_missing_columns_are_empty_strings_or_null() -> None:
    schema = stored_schema([("n", ScalarType.LONG), ("s", ScalarType.STRING), ("g", ScalarType.GUID), ("d", ScalarType.DYNAMIC)])
    assert stored(pa.table({"n": [1]}), schema, "T").to_pylist() == [{"n": 1, "s": "", "g": None, "d": None}]


def test_strings_are_never_null() -> None:
    assert store_one(ScalarType.STRING, ["a", None]) == ["a", ""]
    assert store_one(ScalarType.STRING, pa.array(["a", None, "a"]).dictionary_encode()) == ["a", "", "a"]
    assert store_one(ScalarType.STRING, pa.nulls(2)) == ["", ""]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "+05:30"])
def test_times_are_utc_without_zone(unit: str, zone: str | None) -> None:
    moment = AT if zone else AT.replace(tzinfo=None)
    assert store_one(ScalarType.DATETIME, pa.array([moment, None], pa.timestamp(unit, zone))) == [datetime(2026, 3, 1, 12), None]


def test_an_offset_is_taken_into_account() -> None:
    east = AT.replace(tzinfo=timezone(timedelta(hours=2)))
    assert store_one(ScalarType.DATETIME, [east]) == [datetime(2026, 3, 1, 10)]


def test_times_beyond_kql_are_refused() -> None:
    with pytest.raises(StoreError, match="years 1 to 9999"):
        store_one(ScalarType.DATETIME, pa.array([10**18], pa.int64()).cast(pa.timestamp("us")))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timespans_are_ticks(unit: str) -> None:
    assert store_one(ScalarType.TIMESPAN, pa.array([timedelta(seconds=2), None], pa.duration(unit))) == [20_000_000, None]


def test_numbers_widen_and_never_wrap() -> None:
    assert store_one(ScalarType.LONG, pa.array([7], pa.int16())) == [7]
    assert store_one(ScalarType.DECIMAL, [3]) == [Decimal(3)]
    with pytest.raises(StoreError, match="'x' of table T is int"):
        store_one(ScalarType.INT, [2**31])


@pytest.mark.parametrize(
    ("kind", "values"),
    [(ScalarType.LONG, ["1"]), (ScalarType.STRING, [1]), (ScalarType.DATETIME, ["2026-01-01"]), (ScalarType.GUID, ["nonsense"])],
)
def test_a_value_of_another_type_is_refused(kind: ScalarType, values: list[Any]) -> None:
    with pytest.raises(StoreError, match=f"Column 'x' of table T is {kind}"):
        store_one(kind, values)


def test_guids_have_one_spelling() -> None:
    spellings = ["6F9619FF-8B86-D011-B42D-00CF4FC964FF", "{6f9619ff-8b86-d011-b42d-00cf4fc964ff}", "", None]
    assert store_one(ScalarType.GUID, spellings) == ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"] * 2 + [None, None]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ('{ "a" : 1 }', '{"a":1}'),
        ('{"a":1}', '{"a":1}'),
        ("[1, 2.50]", "[1,2.5]"),
        ('"é"', '"é"'),
        ("plain", '"plain"'),
        ("", '""'),
        ("NaN", '"NaN"'),
        ("1e999", '"1e999"'),
        (r'"\ud800"', r'"\ud800"'),
    ],
)
def test_equal_dynamic_values_are_equal_text(text: str, canonical: str) -> None:
    assert canonical_json(text) == canonical
    assert canonical_json(canonical) == canonical
    canonical.encode()


def test_deep_nesting_stays_text() -> None:
    deep = "[" * 200_000
    assert json.loads(canonical_json(deep)) == deep


def test_dynamic_takes_nested_arrow_values() -> None:
    assert store_one(ScalarType.DYNAMIC, [{"k": [1, None], "s": "é"}, None]) == ['{"k":[1,null],"s":"é"}', None]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_canonical_json_keeps_the_value(value: Any) -> None:
    spaced = json.dumps(value, indent=2)
    assert canonical_json(spaced) == canonical_json(json.dumps(value))
    assert json.loads(canonical_json(spaced)) == value


def test_unknown_and_repeated_columns_are_named() -> None:
    schema = stored_schema([("Subject", ScalarType.STRING)])
    with pytest.raises(StoreError, match=r"no column 'subjekt'\. Did you mean 'Subject'\?"):
        stored(pa.table({"subjekt": ["x"]}), schema, "T")
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["Subject", "Subject"])
    with pytest.raises(StoreError, match="more than once"):
        stored(twice, schema, "T")


def test_rows_without_time_are_refused() -> None:
    schema = stored_schema([("Timestamp", ScalarType.DATETIME)])
    with pytest.raises(StoreError, match="1 rows for table T have no Timestamp"):
        stored(pa.table({"Timestamp": [AT, None]}), schema, "T")
