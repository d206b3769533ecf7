"""A small simulated tenant for the saved queries: to hunt over, and as plain DuckDB tables for what is expected."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.rows import stored
from hunting.simulate import scenario_folder, simulate
from hunting.tables import TABLES
from kql.types import Schema

END = datetime(2026, 3, 2, 12, tzinfo=UTC)
DATA = Path(__file__).parents[2] / "data"
QUERIES = sorted((DATA / "queries").glob("[0-9][0-9]-*.kql"))
EXPECTED = Path(__file__).parent / "queries_expected"
SAMPLES = DATA / "samples"
# All stories but the two of ten thousand copies.
SCENARIOS = [file for file in sorted(scenario_folder().glob("*.yaml")) if not file.stem.startswith("threshold")]


class Tables:
    """What a simulation appends, in memory, with all declared columns."""

    def __init__(self) -> None:
        self.rows: dict[str, pa.Table] = {}
        self.schemas: dict[str, Schema] = {}

    def append(self, table: str, rows: pa.Table, *, schema: Schema | None = None) -> int:
        columns = self.schemas[table] = schema or TABLES[table].schema
        whole = stored(rows, columns, table).rename_columns([column.name for column in columns])
        self.rows[table] = pa.concat_tables([self.rows[table], whole]) if table in self.rows else whole
        return 0


@cache
def tenant(without: str = "") -> Tables:
    """The tenant, if need be without one story; everything else is then the same row for row."""
    tables = Tables()
    left_out: Collection[str] = [without] if without else []
    simulate(tables, messages=5000, days=10, end=END, scenarios=SCENARIOS, without=left_out)
    return tables


@cache
def hunt_over(without: str = "") -> Hunt:
    """A hunt in the tenant at the end of the simulation, with the sample feeds."""
    hunt, tables = Hunt(None, clock=ManualClock(END)), tenant(without)
    for name, rows in tables.rows.items():
        hunt.register(name, rows, {column.name: str(column.type) for column in tables.schemas[name]})
    for url, file in json.loads((SAMPLES / "sources.json").read_text(encoding="utf-8")).items():
        hunt.external.add(url, SAMPLES / file)
    return hunt


@cache
def answer(query: Path, without: str = "") -> list[tuple[object, ...]]:
    """What a saved query finds."""
    return hunt_over(without).query(query.read_text(encoding="utf-8")).rows()


def plain() -> duckdb.DuckDBPyConnection:
    """The tenant's tables in a DuckDB of their own, with a few words for the expected answers' SQL."""
    connection = duckdb.connect()
    for name, rows in tenant().rows.items():
        connection.register(name, rows)
    connection.execute(f"CREATE MACRO before(span) AS TIMESTAMP '{END:%Y-%m-%d %H:%M:%S}' - span")
    connection.execute(f"CREATE MACRO sample(file) AS '{SAMPLES}/' || file")
    connection.execute(
        "CREATE MACRO sample_lines(file) AS TABLE"
        " SELECT line FROM (SELECT unnest(string_split(content, chr(10))) AS line FROM read_text(sample(file))) WHERE line <> ''"
    )
    connection.create_function("decoded_host", lambda host: host.encode().decode("idna"), ["VARCHAR"], "VARCHAR")
    return connection


def expected(connection: duckdb.DuckDBPyConnection, query: Path) -> list[tuple[object, ...]]:
    """The answer of the SQL that was written beside the query; times are UTC."""
    rows = connection.execute((EXPECTED / f"{query.stem}.sql").read_text(encoding="utf-8")).fetchall()
    return [tuple(_utc(value) for value in row) for row in rows]


def _utc(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
