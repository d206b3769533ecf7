"""What the store rests on and could go wrong in its foundations: one small test for each."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hunting import delta
from hunting.lake import Lake
from hunting.tables import stored_schema
from kql.types import ScalarType

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAWN = multiprocessing.get_context("spawn")  # fork would copy the threads of Arrow and Delta in an unknown state


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "Lagé der Daten & 100% sûr" / "store")


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def alerts(count: int, start: datetime = START, step: timedelta = timedelta(seconds=1), label: str = "a") -> pa.Table:
    return pa.table({"Timestamp": [start + at * step for at in range(count)], "AlertId": [f"{label}{at}" for at in range(count)]})


def scanned(database: duckdb.DuckDBPyConnection, files: list[str], what: str) -> list[tuple[Any, ...]]:
    return database.execute(f"select {what} from read_parquet($files, hive_partitioning = false)", {"files": files}).fetchall()


# Paths and names


def test_a_path_with_spaces_and_accents_is_read_by_duckdb(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    lake.append("AlertInfo", alerts(10))
    files = lake.files("AlertInfo")
    assert all(Path(file).is_file() for file in files)
    assert scanned(database, files, "count(*), max(AlertId)") == [(10, "a9")]


def test_the_day_is_no_column_of_the_files(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    lake.append("AlertInfo", alerts(1))
    assert "day" not in [c.lower() for c in pq.read_schema(lake.files("AlertInfo")[0]).names]
    with pytest.raises(duckdb.BinderException):
        scanned(database, lake.files("AlertInfo"), "day")


def test_times_are_timestamps_without_zone_in_duckdb(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    lake.append("AlertInfo", alerts(1))
    stored = scanned(database, lake.files("AlertInfo"), "typeof(Timestamp), Timestamp")
    assert stored == [("TIMESTAMP", START.replace(tzinfo=None))]


def test_columns_that_differ_only_in_case_keep_their_values(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    lake.append("DeviceProcessEvents", pa.table({"Timestamp": [START], "LogonId": [1], "LogonID": [2]}))
    [row] = lake.read("DeviceProcessEvents").select(["LogonId", "LogonID"]).to_pylist()
    assert row == {"LogonId": 1, "LogonID": 2}
    assert scanned(database, lake.files("DeviceProcessEvents"), '"LogonId", "LogonID__2"') == [(1, 2)]


def test_tables_that_differ_only_in_case_have_folders_of_their_own(lake: Lake) -> None:
    schema = stored_schema([("n", ScalarType.LONG)])
    lake.append("GraphAPIAuditEvents", pa.table({"Timestamp": [START], "ApiVersion": ["one"]}))
    lake.append("GraphApiAuditEvents", pa.table({"Timestamp": [START], "ApiVersion": ["two"]}))
    lake.append("hosts", pa.table({"n": [3]}), schema=schema)
    lake.append("Hosts", pa.table({"n": [4]}), schema=schema)
    lake.append("emailevents", pa.table({"n": [5]}), schema=schema)
    assert lake.tables() == sorted(["GraphAPIAuditEvents", "GraphApiAuditEvents", "hosts", "Hosts", "emailevents"])
    assert lake.read("GraphAPIAuditEvents").column("ApiVersion").to_pylist() == ["one"]
    assert lake.read("GraphApiAuditEvents").column("ApiVersion").to_pylist() == ["two"]
    assert [Lake.open(lake.root).read(t).column("n").to_pylist() for t in ("hosts", "Hosts", "emailevents")] == [[3], [4], [5]]
    folders = [path.name.lower() for path in lake.root.iterdir()]
    assert len(set(folders)) == len(folders)
    assert lake.read("EmailEvents").num_rows == 0


# Exactly once


def test_an_equal_or_lower_sequence_is_refused_quietly(lake: Lake) -> None:
    version = lake.append("AlertInfo", alerts(1), application=("air", 5))
    for sequence in (5, 4, 0):
        assert lake.append("AlertInfo", alerts(1), application=("air", sequence)) == version
    assert (lake.read("AlertInfo").num_rows, lake.sequence("AlertInfo", "air"), lake.verify()) == (1, 5, [])
    assert lake.append("AlertInfo", alerts(1), application=("other", 0)) == version + 1
    assert lake.append("AlertInfo", alerts(1), application=("other", 0)) == version + 1
    assert lake.append("AlertInfo", alerts(1), application=("air", 6)) == version + 2
    assert lake.read("AlertInfo").num_rows == 3


def test_an_empty_publication_still_counts(lake: Lake) -> None:
    lake.append("AlertInfo", alerts(0), application=("air", 1))
    lake.append("AlertInfo", alerts(1), application=("air", 1))
    assert (lake.sequence("AlertInfo", "air"), lake.read("AlertInfo").num_rows) == (1, 0)


def test_a_commit_in_between_is_noticed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.append("AlertInfo", alerts(1), application=("air", 1))
    written, rivals = delta._commit, [("air", 7), ("someone else", 1)]

    def commit_after_a_rival(*arguments: Any, **named: Any) -> None:
        if rivals:
            Lake.open(lake.root).append("AlertInfo", alerts(1, label="rival"), application=rivals.pop())
        written(*arguments, **named)

    monkeypatch.setattr(delta, "_commit", commit_after_a_rival)
    lake.append("AlertInfo", alerts(1, label="mine"), application=("air", 6))
    assert lake.read("AlertInfo").column("AlertId").to_pylist().count("mine0") == 0, "7 was committed first: 6 comes too late"
    assert (lake.sequence("AlertInfo", "air"), lake.verify()) == (7, [])


def _publish(root: Path, gate: Any, sequences: range) -> None:
    lake = Lake.open(root)
    gate.wait()
    for sequence in sequences:
        lake.append("AlertInfo", alerts(1, label=f"{sequence}-"), application=("air", sequence))


def _append(root: Path, gate: Any, label: str, count: int) -> None:
    lake = Lake.open(root)
    gate.wait()
    for at in range(count):
        lake.append("AlertInfo", alerts(1, label=f"{label}{at}-"))


def _compact(root: Path, gate: Any, count: int) -> None:
    lake = Lake.open(root)
    gate.wait()
    for _ in range(count):
        lake.compact("AlertInfo")
        time.sleep(0.02)


@contextmanager
def in_processes(root: Path, *works: tuple[Any, ...]) -> Iterator[list[Any]]:
    """The works running at the same time, each (function, arguments); all must have ended well in the end."""
    gate = SPAWN.Barrier(len(works))
    running = [SPAWN.Process(target=work, args=(root, gate, *rest)) for work, *rest in works]
    for process in running:
        process.start()
    yield running
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0] * len(works)


def test_two_publishers_of_the_same_sequences_write_each_once(lake: Lake) -> None:
    lake.append("AlertInfo", alerts(0), application=("air", 0))
    with in_processes(lake.root, (_publish, range(1, 16)), (_publish, range(1, 16))):
        pass
    ids = lake.read("AlertInfo").column("AlertId").to_pylist()
    # Every sequence at most once; one may be skipped when the other process was already past it, the last never.
    assert len(ids) == len(set(ids))
    assert "15-0" in ids
    assert (lake.sequence("AlertInfo", "air"), lake.verify()) == (15, [])


def test_readers_see_whole_commits_while_two_writers_and_a_compaction_work(lake: Lake) -> None:
    lake.append("AlertInfo", alerts(1))
    counts = [0]
    with in_processes(lake.root, (_append, "a", 12), (_append, "b", 12), (_compact, 8)) as works:
        while any(process.is_alive() for process in works):
            counts.append(lake.read("AlertInfo").num_rows)
    assert counts == sorted(counts), "rows never disappear, not even while they are compacted"
    assert (lake.read("AlertInfo").num_rows, lake.verify()) == (25, [])


# Compaction and pruning


def test_compaction_keeps_order_and_content(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    for offset in (2, 0, 1):
        lake.append("AlertInfo", alerts(50, START + timedelta(seconds=offset), timedelta(seconds=3), label=f"{offset}-"))
    before = sorted(lake.read("AlertInfo").to_pylist(), key=lambda r: r["Timestamp"])
    assert len(lake.files("AlertInfo")) == 3
    lake.compact("AlertInfo")
    [file] = lake.files("AlertInfo")
    assert lake.read("AlertInfo").to_pylist() == before
    assert scanned(database, [file], "count(*)") == [(150,)]
    version = lake.version("AlertInfo")
    assert lake.compact("AlertInfo") == version, "nothing left to do"


def test_compaction_of_a_table_without_time(lake: Lake) -> None:
    for name in "ab":
        lake.append("ExposureGraphNodes", pa.table({"NodeName": [name]}))
    lake.compact("ExposureGraphNodes")
    assert (len(lake.files("ExposureGraphNodes")), lake.read("ExposureGraphNodes").num_rows) == (1, 2)
    assert lake.files("ExposureGraphNodes", since=START) == lake.files("ExposureGraphNodes")


def test_pruning_by_day_includes_both_ends(lake: Lake) -> None:
    lake.append("AlertInfo", alerts(5, START + timedelta(hours=12), timedelta(days=1)))

    def days(since: datetime | None, until: datetime | None) -> list[int]:
        return [int(Path(file).parent.name[-2:]) for file in lake.files("AlertInfo", since, until)]

    assert days(None, None) == [1, 2, 3, 4, 5]
    assert days(datetime(2026, 1, 2, 23, 59, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC)) == [2, 3, 4]
    assert days(datetime(2026, 1, 4), None) == [4, 5]
    assert days(None, datetime.fromisoformat("2026-01-02T23:00-05:00")) == [1, 2, 3]
    assert days(datetime(2027, 1, 1, tzinfo=UTC), None) == []


def test_six_hundred_small_files_against_thirty_compacted(lake: Lake, database: duckdb.DuckDBPyConnection) -> None:
    for part in range(20):
        lake.append("AlertInfo", alerts(600, START + timedelta(seconds=part), timedelta(days=30) / 600, label=f"{part}-"))
    last_day = START + timedelta(days=29)
    one_day = f"count(*) filter (where Timestamp >= timestamp '{last_day:%Y-%m-%d %H:%M:%S}')"
    counted: dict[str, tuple[int, float]] = {}
    for name, since in (("600 files", None), ("600, pruned", last_day)):
        counted[name] = timed(database, lake.files("AlertInfo", since), one_day)
    lake.compact("AlertInfo")
    for name, since in (("30 files", None), ("30, pruned", last_day)):
        counted[name] = timed(database, lake.files("AlertInfo", since), one_day)
    print({name: f"{count} files, {seconds * 1000:.1f} ms" for name, (count, seconds) in counted.items()})
    assert [count for count, _ in counted.values()] == [600, 20, 30, 1]


def timed(database: duckdb.DuckDBPyConnection, files: list[str], what: str) -> tuple[int, float]:
    assert scanned(database, files, what) == [(400,)]
    started = time.perf_counter()
    scanned(database, files, what)
    return len(files), time.perf_counter() - started
