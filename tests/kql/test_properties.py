"""Laws of every query: the oracle agrees, fused is unfused, predicates split tables, threads and files do not matter."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import oracle
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from oracle import COLUMNS, Example, Table, bools, pipelines, tables

import hunting
from hunting import Hunt

ARROW = {"long": pa.int64(), "string": pa.string(), "real": pa.float64(), "bool": pa.bool_()}
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LONG = settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))


def arrow(table: Table) -> pa.Table:
    columns = {name: pa.array([row[name] for row in table.rows], ARROW[kind]) for name, kind in table.schema.items()}
    return pa.table(columns)


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def given_tables(hunt: Hunt, example: Example) -> None:
    hunt.register("T", arrow(example.left), schema=example.left.schema)
    hunt.register("U", arrow(example.right), schema=example.right.schema)


def comparable(value: Any) -> Any:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """Rows that compare: NaN equals itself, sums of real numbers do not occur."""
    columns = [[comparable(value) for value in column.to_pylist()] for column in table.columns]
    return list(zip(*columns, strict=True))


def check_oracle(hunt: Hunt, example: Example) -> None:
    given_tables(hunt, example)
    result = hunt.query(example.query)
    wanted = [tuple(comparable(row[name]) for name in example.result.schema) for row in example.result.rows]
    assert dict(zip(result.columns, result.types, strict=True)) == example.result.schema
    found = rows_of(result.stored)
    assert Counter(found) == Counter(wanted)
    if example.ordered:
        assert found == wanted


@QUICK
@given(example=pipelines())
def test_the_oracle_agrees(hunt: Hunt, example: Example) -> None:
    check_oracle(hunt, example)


@pytest.mark.long
@LONG
@given(example=pipelines(longest=10))
def test_the_oracle_agrees_at_length(hunt: Hunt, example: Example) -> None:
    check_oracle(hunt, example)


def check_unfused(hunt: Hunt, example: Example) -> None:
    given_tables(hunt, example)
    fused = rows_of(hunt.query(example.query).stored)
    unfused = rows_of(hunt._connection.sql(hunt.explain(example.query)).to_arrow_table())
    assert Counter(fused) == Counter(unfused)
    if example.ordered:
        assert fused == unfused


@QUICK
@given(example=pipelines())
def test_fused_is_unfused(hunt: Hunt, example: Example) -> None:
    check_unfused(hunt, example)


@pytest.mark.long
@LONG
@given(example=pipelines(longest=10))
def test_fused_is_unfused_at_length(hunt: Hunt, example: Example) -> None:
    check_unfused(hunt, example)


@QUICK
@given(table=tables(COLUMNS), predicate=bools(COLUMNS))
def test_a_predicate_splits_its_table(hunt: Hunt, table: Table, predicate: oracle.Expr) -> None:
    """Every row is in `where p`, `where not(p)` or `where isnull(p)`, and in one of them only."""
    hunt.register("T", arrow(table), schema=table.schema)
    parts = [hunt.query(f"T | where {test}") for test in (predicate.text, f"not({predicate.text})", f"isnull({predicate.text})")]
    found = Counter(row for part in parts for row in rows_of(part.stored))
    assert found == Counter(rows_of(hunt.query("T").stored))


@QUICK
@given(table=tables(COLUMNS), predicate=bools(COLUMNS))
def test_a_filter_is_what_a_column_says(hunt: Hunt, table: Table, predicate: oracle.Expr) -> None:
    """`where p` finds what `extend p` calls true: the shortcuts of filters change nothing."""
    hunt.register("T", arrow(table), schema=table.schema)
    direct = hunt.query(f"T | where {predicate.text} | project k, n, s, r")
    computed = hunt.query(f"T | extend p = {predicate.text} | where tolong(p) in (1) | project k, n, s, r")
    assert Counter(rows_of(direct.stored)) == Counter(rows_of(computed.stored))


# ---------------------------------------------------------------- engines and files

QUERIES = [
    "T | summarize c = count(), total = sum(n), d = dcount(s) by k, s | sort by k asc, s asc",
    "T | join kind=inner (T | summarize m = max(n) by k) on k | summarize c = count(), t = sum(m)",
    "T | where s has 'a' or n > 3 | sort by n desc, k asc, s asc, r asc | take 20",
    "T | distinct k, s | count",
    "T | sort by n asc, k asc | extend rn = row_number() | summarize max(rn)",
    "T | join kind=leftanti (T | where n > 500) on k | count",
    "T | union T | top 5 by n | project n",
]


@pytest.fixture(scope="module")
def many_rows() -> pa.Table:
    """The same on every run, more than one thread takes at once."""
    numbers = range(50_000)
    words = ["", "a", "ä", "a b", "a_b", "b", "xyz"]
    return pa.table(
        {
            "k": pa.array([None if n % 11 == 0 else n % 97 for n in numbers], pa.int64()),
            "n": pa.array([None if n % 13 == 0 else n * 7919 % 1000 for n in numbers], pa.int64()),
            "s": pa.array([words[n * 31 % 7] for n in numbers], pa.string()),
            "r": pa.array([None if n % 17 == 0 else (n % 5) / 2 for n in numbers], pa.float64()),
        }
    )


@pytest.mark.parametrize("query", QUERIES)
def test_threads_do_not_matter(query: str, many_rows: pa.Table) -> None:
    answers = []
    for threads in (1, 4):
        connection = duckdb.connect(config={"threads": threads})
        connection.register("rows", many_rows)
        connection.execute("CREATE TABLE T AS FROM rows")
        answers.append(rows_of(hunting.connect(connection).query(query).stored))
    assert answers[0] == answers[1] != []


@pytest.mark.parametrize("query", QUERIES)
def test_one_file_or_many(query: str, many_rows: pa.Table, tmp_path: Path) -> None:
    pq.write_table(many_rows, tmp_path / "one.parquet")
    for at in range(7):
        pq.write_table(many_rows.slice(at * 8_000, 8_000), tmp_path / f"part-{at}.parquet", row_group_size=1_000)
    answers = []
    for files in ("one.parquet", "part-*.parquet"):
        connection = duckdb.connect()
        connection.execute(f"CREATE VIEW T AS FROM read_parquet('{tmp_path}/{files}')")
        answers.append(rows_of(hunting.connect(connection).query(query).stored))
    assert answers[0] == answers[1] != []
