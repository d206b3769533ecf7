"""Hunting over a user's own DuckDB connection: it answers, prunes as by hand, and leaves nothing behind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import hunting
from hunting import KqlError
from hunting.clock import fixed_clock

START = datetime(2026, 1, 1)
NOW = datetime(2026, 3, 11)
STATE = ("duckdb_settings()", "duckdb_views()", "duckdb_tables()", "duckdb_functions()", "duckdb_secrets()")


@pytest.fixture
def connection(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """A table of 100,000 minutes in 100 row groups, and one with SQL's own nulls."""
    minutes = pa.array([START + timedelta(minutes=n) for n in range(100_000)], pa.timestamp("us"))
    rows = pa.table({"Timestamp": minutes, "n": pa.array(range(100_000), pa.int64())})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=1_000)
    mine = duckdb.connect()
    mine.execute(f"CREATE VIEW Events AS FROM read_parquet('{tmp_path}/rows.parquet')")
    mine.execute("CREATE TABLE Texts AS SELECT * FROM (VALUES (1, 'a', '{ \"x\" : 1 }'::JSON), (2, NULL, NULL)) AS t(id, s, d)")
    return mine


def state(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in STATE}


def test_nothing_is_changed_or_left_behind(connection: duckdb.DuckDBPyConnection) -> None:
    before = state(connection)
    hunt = hunting.connect(connection)
    for query in (
        "Events | where n % 2 == 0 | summarize count() by bin(Timestamp, 1d)",
        "let big = Events | where n > 10; big | join kind=inner big on n | count",
        "let m = materialize(Texts | project id); m | union m",
        "Texts | mv-expand d | extend s = strcat(s, 'x') | sort by id asc",
        "print d = punycode_domain_from_string('xn--bcher-kva.example')",
    ):
        hunt.query(query)
    with pytest.raises(KqlError):
        hunt.query("Events | where nothing == 1")
    hunt.close()
    after = state(connection)
    # A function in Arrow has to be known to DuckDB by its name; everything else is as before.
    after["duckdb_functions()"] = [row for row in after["duckdb_functions()"] if "punycode_domain_from_string" not in row]
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
    assert connection.execute("SELECT 42").fetchall() == [(42,)]


def test_two_hunts_on_one_connection(connection: duckdb.DuckDBPyConnection) -> None:
    first, second = hunting.connect(connection), hunting.connect(connection)
    first.register("Mine", pa.table({"x": [1]}))
    second.register("Mine", pa.table({"x": [2, 3]}))
    assert first.query("Mine | union (Texts | project x = tolong(id)) | count").rows() == [(3,)]
    assert second.query("Mine | union (Texts | project x = tolong(id)) | count").rows() == [(4,)]
    first.close()
    assert second.query("Mine | count").rows() == [(2,)]


def test_two_hunts_use_one_vectorised_function(connection: duckdb.DuckDBPyConnection) -> None:
    for _ in range(2):
        with hunting.connect(connection) as hunt:
            assert hunt.query("print d = punycode_domain_from_string('xn--bcher-kva.example')").rows() == [("bücher.example",)]


def test_nulls_of_sql_are_empty_texts(connection: duckdb.DuckDBPyConnection) -> None:
    hunt = hunting.connect(connection)
    assert hunt.query("Texts | sort by id asc | project s, isempty(s), isnull(s), strlen(s), x = tolong(d.x)").rows() == [
        ("a", False, False, 1, 1),
        ("", True, False, 0, None),
    ]
    assert hunt.query("Texts | where s != 'a' | count").rows() == [(1,)]


def test_json_is_canonical_at_the_entry(connection: duckdb.DuckDBPyConnection) -> None:
    """`{"a":1}` and `{ "a" : 1 }` are one group, wherever they come from."""
    hunt = hunting.connect(connection)
    connection.execute("CREATE TABLE Mixed AS SELECT * FROM (VALUES ('{\"a\":1}'::JSON), ('{ \"a\" : 1 }'::JSON)) AS t(d)")
    given = pa.table({"d": ['{"a":1}', '{ "a" : 1 }'], "s": ["[1,2]", "[ 1, 2 ]"]})
    hunt.register("Given", given, schema={"d": "dynamic", "s": "string"})
    for query in (
        "Mixed | summarize c = count() by tostring(d)",
        "Given | summarize c = count() by tostring(d)",
        "Given | distinct d | summarize c = count() + 1 by tostring(d)",
        "Given | summarize c = count() by tostring(parse_json(s))",
        'datatable(d: dynamic)[dynamic({"a":1}), dynamic({ "a" : 1 })] | summarize c = count() by tostring(d)',
        "Mixed | union (Given | project d) | where tostring(d) == '{\"a\":1}' | summarize c = count() - 2 by tostring(d)",
    ):
        assert [row[1] for row in hunt.query(query).rows()] == [2], query


# ---------------------------------------------------------------- pruning


def scanned(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object] | None) -> int:
    """Row groups that a query reads."""
    plan = connection.execute(f"EXPLAIN (ANALYZE, FORMAT json) {sql}", *([values] if values else [])).fetchall()[0][1]
    pending, found = list(json.loads(plan)["operator"]), []
    while pending:
        node = pending.pop()
        pending += node.get("children", [])
        found.append(node.get("row_groups_scanned", 0))
    return sum(found)


@pytest.mark.parametrize(
    ("test", "groups"),
    [
        ("Timestamp > ago(1h)", 1),
        ("Timestamp > now() - 1h", 1),
        ("Timestamp between (ago(2d) .. 1d)", 3),
        ("Timestamp between (ago(2d) .. ago(1d))", 3),
        ("Timestamp >= startofday(ago(1h))", 3),
        ("n == 5", 1),
        ("n in (5, 6)", 1),
        ("n == 5 and Timestamp < now()", 1),
        ("n < 5 or n > 99998", 2),
    ],
)
def test_filters_reach_the_row_groups(connection: duckdb.DuckDBPyConnection, test: str, groups: int) -> None:
    """A bound time prunes as a literal does, and totality of comparison does not stand in the way."""
    hunt = hunting.connect(connection, clock=fixed_clock(NOW.replace(tzinfo=UTC)))
    program = hunt.compile(f"Events | where {test} | summarize count(), max(n)")
    values = {"now": NOW} if program.bound else None
    assert scanned(connection, program.sql, values) <= groups
    literal = program.sql.replace("$now", f"TIMESTAMP '{NOW}'")
    assert scanned(connection, literal, None) == scanned(connection, program.sql, values)


def test_a_file_or_a_variable_is_no_table(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n", encoding="utf-8")
    frame = pa.table({"a": [1]})
    assert frame.num_rows == 1
    hunt = hunting.connect(duckdb.connect())
    for name in (str(secret), "frame"):
        with pytest.raises(hunting.KqlSemanticError, match="Failed to resolve table"):
            hunt.query(f"['{name}'] | take 1")
