"""Arrow functions: what they promise for any input whatever, and figures worked out by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hunting
from hunting import engine
from hunting.vectorised import FUNCTIONS, network, series
from hunting.vectorised.fitting import outlier_scores, series_line
from hunting.vectorised.network import ip4_private, ip_in_range
from hunting.vectorised.parsing import path_parts, windows_arguments, xml_bag
from hunting.vectorised.seasons import series_anomalies, series_components, series_periods
from hunting.vectorised.series import series_filled_linear

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
NUMBERS = st.lists(st.none() | st.integers(-9, 9) | st.floats(-1e6, 1e6), max_size=40)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "JSON": (NUMBERS | JSON_VALUES).map(lambda value: json.dumps(value, ensure_ascii=False)),
    "VARCHAR": st.text(max_size=30)
    | st.sampled_from(["10.0.0.1/8", "::1", "$.a['b']", "a=1&b", '"a b" c', "C:\\x\\y.z", "<a>b</a>"]),
    "BIGINT": st.integers(-(2**63), 2**63 - 1) | st.integers(-5, 40),
    "INTEGER": st.sampled_from([32, 128]),
    "DOUBLE": st.floats(),
    "BOOLEAN": st.booleans(),
    "BLOB": st.binary(max_size=20),
}
ARROW = {
    "JSON": pa.string(),
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "BLOB": pa.binary(),
}
# Functions whose template packs the arguments into one array.
PACKED = [
    "zip_arrays",
    "sort_arrays",
    "union_of_sets",
    "intersection_of_sets",
    "difference_of_sets",
    "merge_bags",
    "merged_in_turn",
    "schema_of_values",
]
GIVEN = {  # what the template itself writes, or makes sure of
    ("series_pairwise", 0): st.sampled_from(sorted(series._PAIRS)),
    ("series_elementwise", 0): st.sampled_from(sorted(series._SINGLES)),
    ("weighted_places", 0): st.tuples(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 100))).map(json.dumps),
    ("parse_kv", 1): st.just('{"keys": ["a"], "pair_delimiter": [","], "kv_delimiter": ["="]}'),
    ("series_period_scores", 1): st.lists(st.none() | st.floats(), max_size=4).map(json.dumps),
    ("ip4_text", 0): (st.text(max_size=20) | st.integers(-9, 2**40)).map(json.dumps),
    **{(name, 0): st.lists(JSON_VALUES, min_size=1, max_size=4).map(json.dumps) for name in PACKED},
}
OURS = [name for name, function in FUNCTIONS.items() if not function.setting and not function.package]


def check(name: str, data: st.DataObject) -> None:
    function = FUNCTIONS[name]
    row = [data.draw(st.none() | GIVEN.get((name, at), VALUES[kind])) for at, kind in enumerate(function.parameters)]
    found = function.call(*(pa.array([value, value], ARROW[kind]) for value, kind in zip(row, function.parameters, strict=True)))
    first, second = found.to_pylist()
    assert str(first) == str(second)
    if function.result == "JSON" and first is not None:
        json.loads(first)


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_values_give_a_value_or_null(name: str, data: st.DataObject) -> None:
    """Rows come from hostile mail: whatever they hold, no function fails, and JSON that it makes is JSON."""
    check(name, data)


@pytest.mark.long
@pytest.mark.parametrize("name", OURS)
@settings(max_examples=2_000, deadline=None)
@given(data=st.data())
def test_any_values_give_a_value_or_null_at_length(name: str, data: st.DataObject) -> None:
    check(name, data)


# ---------------------------------------------------------------- series


def test_a_line_through_points_on_a_line() -> None:
    assert series_line([1, 3, 5, 7]) == [1.0, 2.0, pytest.approx(20 / 3), 0.0, 1.0, [1.0, 3.0, 5.0, 7.0]]


def test_missing_values_are_drawn_between_their_neighbours() -> None:
    assert series_filled_linear([None, 1, None, 4, None], None, True, 0.0) == [1, 1, 2, 4, 4]
    assert series_filled_linear([None, 1.0, None, 4.0, None], None, False, 0.0) == [None, 1.0, 2.5, 4.0, None]
    assert series_filled_linear([None, None], None, True, 7) == [7, 7]


def test_outliers_score_by_quantile_ranges() -> None:
    scores = outlier_scores(np.array([*range(1, 12), 100.0]), 25.0, 75.0)
    assert scores[:11].max() < 1.5
    assert scores[11] == pytest.approx((100 - 9.25) / 5.5)


def test_a_week_is_found_among_days() -> None:
    week = [10, 11, 12, 13, 14, 3, 2]
    found = series_periods(week * 6, 0.0, 30.0, 2)
    assert found is not None
    assert found[0] == [7.0, 0.0]
    assert found[1][0] == pytest.approx(1.0)


def test_a_pattern_seen_twice_only_is_no_period() -> None:
    assert series_periods([9, 1, 2, 3, 1, 2] * 2, 0.0, 30.0, 1) == [[0.0], [0.0]]


def test_components_add_up() -> None:
    series = [float(day % 7 + 0.5 * day) for day in range(70)]
    baseline, seasonal, trend, residual = (np.array(part) for part in series_components(series, 7, "linefit", 0, 0.6) or [])
    assert np.allclose(baseline, seasonal + trend)
    assert np.allclose(baseline + residual, series)


def test_a_spike_in_a_calm_season_is_an_anomaly() -> None:
    series = [float(day % 7 + day % 3) for day in range(84)]
    series[50] += 40
    series[60] -= 40
    flags, scores, baseline = series_anomalies(series, 1.5, 7, "avg", 0, "ctukey", 0.6) or ([], [], [])
    assert flags[50] == 1
    assert flags[60] == -1
    assert sum(map(abs, flags)) == 2
    assert math.isfinite(scores[50])
    assert len(baseline) == 84


def test_a_spike_where_nothing_else_moves_is_an_anomaly() -> None:
    flags, scores, _ = series_anomalies([0] * 20 + [9] + [0] * 20, 1.5, -1, "avg", 0, "ctukey", 0.6) or ([], [], [])
    assert [at for at, flag in enumerate(flags) if flag] == [20]
    assert scores[20] == math.inf


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ('echo "hello world"', ["echo", "hello world"]),
        (r'"C:\Program Files\a.exe" /x', [r"C:\Program Files\a.exe", "/x"]),
        (r"a\\b c", [r"a\\b", "c"]),
        (r"a\"b c", ['a"b', "c"]),
        (r'"a\\" b', ["a\\", "b"]),
        ('a "" b', ["a", "", "b"]),
        ("   ", None),
        ('-enc "JAB', ["-enc", "JAB"]),
    ],
)
def test_windows_arguments(command: str, arguments: list[str] | None) -> None:
    assert windows_arguments(command) == arguments


def test_path_parts() -> None:
    assert path_parts(r"\\host\share\dir\x.tar.gz") == {
        "Scheme": "",
        "RootPath": "",
        "DirectoryPath": r"\\host\share\dir",
        "DirectoryName": "dir",
        "Filename": "x.tar.gz",
        "Extension": "gz",
        "AlternateDataStreamName": "",
    }


def test_entities_in_xml_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert xml_bag(bomb) is None


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("ip", "private"),
    [
        ("10.0.0.0/8", True),
        ("10.1.2.3", True),
        ("172.31.255.255", True),
        ("172.32.0.0", False),
        ("8.8.8.8", False),
        ("10.0.0.0/7", False),
        ("1.2.3", None),
    ],
)
def test_private_addresses(ip: str, private: bool | None) -> None:
    assert ip4_private(ip) is private


def test_ranges_of_both_versions() -> None:
    assert ip_in_range("192.168.1.77", "192.168.1.0/26", 32) is False
    assert ip_in_range("::ffff:c0a8:14d", "192.168.1.64/26", 128) is True
    assert ip_in_range("fe80::1", "fe80::/10", 128) is True
    assert ip_in_range("fe80::1", "192.168.1.0/26", 32) is None


# ---------------------------------------------------------------- what needs more than the project itself


class Places:
    """Stands for a MaxMind database: one record."""

    def get(self, ip: str) -> Any:
        names = {"en": "Exampleland", "de": "Beispielland"}
        record = {"country": {"names": names}, "city": {"names": {"en": "Sample"}}, "location": {"latitude": 1.5}}
        return record if ip == "192.0.2.1" else None


def test_the_place_of_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("maxminddb")
    database = tmp_path / "city.mmdb"
    database.touch()
    monkeypatch.setattr(network, "_database", lambda path: Places() if path == str(database) else None)
    with hunting.connect(":memory:", geoip=database) as hunt:
        rows = hunt.query("print a = geo_info_from_ip_address('192.0.2.1'), b = geo_info_from_ip_address('192.0.2.2')").rows()
    assert rows == [({"country": "Exampleland", "city": "Sample", "latitude": 1.5}, {})]


def test_a_missing_geoip_database_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(hunting.HuntingError, match=r"no GeoIP database 'nowhere\.mmdb'"):
        hunting.connect(":memory:", geoip=tmp_path / "nowhere.mmdb")


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _: None)
    with hunting.connect(":memory:") as hunt, pytest.raises(hunting.KqlUnsupportedError, match="ua_parser"):
        hunt.query("print parse_user_agent('x', 'browser')")


def test_user_agents() -> None:
    pytest.importorskip("ua_parser")
    agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
    with hunting.connect(":memory:") as hunt:
        ((found,),) = hunt.query(f"print parse_user_agent('{agent}', dynamic(['browser', 'os']))").rows()
    assert found["Browser"] == {"Family": "Chrome", "MajorVersion": "120", "MinorVersion": "0", "Patch": "0"}
    assert found["OperatingSystem"]["Family"] == "Windows"
    assert "Device" not in found


def test_two_hunts_over_one_connection_leave_no_function_behind() -> None:
    connection = duckdb.connect()
    one, two = hunting.connect(connection), hunting.connect(connection)
    query = "print zip(dynamic([1]), dynamic([2]))"
    assert one.query(query).rows() == two.query(query).rows() == [([[1, 2]],)]
    one.close()
    assert two.query(query).rows() == [([[1, 2]],)]
    two.close()
    assert connection.sql("SELECT * FROM duckdb_functions() WHERE function_name = 'zip_arrays'").fetchall() == []
