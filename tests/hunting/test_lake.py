"""The store on disk: append, read, compact, vacuum, verify."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from hunting import delta
from hunting.errors import StoreError
from hunting.lake import Lake
from hunting.tables import TABLES, stored_schema
from kql.types import ScalarType

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
OWN = stored_schema([("Timestamp", ScalarType.DATETIME), ("n", ScalarType.LONG), ("s", ScalarType.STRING)])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.create(tmp_path / "store")


def mails(*subjects: str, day: int = 0) -> pa.Table:
    times = [START + timedelta(days=day, seconds=-at) for at in range(len(subjects))]
    return pa.table({"Timestamp": times, "Subject": list(subjects)})


def subjects(lake: Lake) -> list[str]:
    return lake.read("EmailEvents").column("Subject").to_pylist()


# The folder


def test_a_store_is_made_and_opened_again(tmp_path: Path) -> None:
    Lake.create(tmp_path / "new" / "store").append("EmailEvents", mails("a"))
    assert subjects(Lake.open(tmp_path / "new" / "store")) == ["a"]
    assert subjects(Lake.create(tmp_path / "new" / "store")) == ["a"]


def test_a_missing_store_names_the_cure(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no store in .* --store"):
        Lake.open(tmp_path / "nothing")


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="something other than a store"):
        Lake.create(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(("text", "message"), [('{"format": 99}', "format 99"), ("[]", "be read"), ("{", "be read")])
def test_a_store_of_another_format_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "hunting-store.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        Lake.open(tmp_path)


# Append and read


def test_a_declared_table_without_folder_is_empty(lake: Lake) -> None:
    assert lake.tables() == []
    assert lake.version("EmailEvents") is None
    assert lake.files("EmailEvents") == []
    assert lake.sequence("EmailEvents", "air") is None
    empty = lake.read("EmailEvents")
    assert (empty.num_rows, empty.column_names) == (0, [c.name for c in TABLES["EmailEvents"].columns])


VARIED = ("EmailEvents", "DeviceProcessEvents", "ExposureGraphNodes", "GraphApiAuditEvents", "DataSecurityEvents")


@pytest.mark.parametrize("name", VARIED)
def test_tables_match_lake(lake: Lake, name: str) -> None:
    table = TABLES[name]
    row = {"Timestamp": [START]} if table.time_column else {table.columns[0].name: ["x"]}
    lake.append(name, pa.table(row))
    assert lake.tables() == [name]
    assert lake.schema(name) == table.schema
    assert lake.read(name).column_names == [c.name for c in table.columns]
    on_disk = {f.name: f.type for f in pq.read_schema(lake.files(name)[0])}
    assert on_disk == {f.name: f.type for f in table.arrow_schema}
    in_log = [f.name for f in DeltaTable(str(Path(lake.files(name)[0]).parents[1 if table.time_column else 0])).schema().fields]
    assert [n for n in in_log if n != "day"] == list(table.physical.values())


def test_rows_are_sorted_by_time_in_one_file_a_day(lake: Lake) -> None:
    lake.append("EmailEvents", pa.concat_tables([mails("b2", "b1", day=1), mails("a3", "a2", "a1")]))
    assert subjects(lake) == ["a1", "a2", "a3", "b1", "b2"]
    assert [Path(f).parent.name for f in lake.files("EmailEvents")] == ["day=2026-01-01", "day=2026-01-02"]


def test_batches_and_readers_are_one_commit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunting.lake._BLOCK", 100)
    rows = pa.table({"Timestamp": [START + timedelta(seconds=i) for i in range(1000)], "UrlCount": range(1000)})
    seen: list[tuple[str, int, int]] = []
    first = lake.append("EmailEvents", rows.to_reader(64), progress=lambda *step: seen.append(step))
    second = lake.append("EmailEvents", iter(rows.to_batches()))
    assert second == first + 1
    assert sorted(lake.read("EmailEvents").column("UrlCount").to_pylist()) == sorted([*range(1000), *range(1000)])
    assert seen[-1] == ("EmailEvents", 1000, 0)
    assert [n for _, n, _ in seen] == sorted({n for _, n, _ in seen})


def test_row_groups_have_the_size_that_was_asked_for(lake: Lake) -> None:
    lake.append("EmailEvents", mails(*"abcdefghij"), row_group_size=4)
    assert pq.ParquetFile(lake.files("EmailEvents")[0]).metadata.num_row_groups == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"Timestamp": [START], "Subjet": ["x"]}, "no column 'Subjet'.* Did you mean 'Subject'"),
        ({"Subject": ["x"]}, "1 rows for table EmailEvents have no Timestamp"),
        ({"Timestamp": [START], "UrlCount": ["x"]}, "'UrlCount' of table EmailEvents is int"),
    ],
)
def test_bad_rows_leave_nothing_behind(lake: Lake, rows: dict[str, list[object]], message: str) -> None:
    with pytest.raises(StoreError, match=message):
        lake.append("EmailEvents", pa.table(rows))
    assert lake.tables() == []
    assert list(lake.root.rglob("*.parquet")) == []


def test_a_failure_in_a_later_block_leaves_no_files(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hunting.lake._BLOCK", 2)
    bad = pa.table({"Timestamp": [START, START, START, None]})
    with pytest.raises(StoreError, match="no Timestamp"):
        lake.append("EmailEvents", bad)
    assert (lake.files("EmailEvents"), lake.verify()) == ([], [])


def test_a_log_is_read_only_after_a_commit(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    update = DeltaTable.update_incremental

    def counted(table: DeltaTable) -> None:
        read.append(table.version())
        update(table)

    monkeypatch.setattr(DeltaTable, "update_incremental", counted)
    lake.append("EmailEvents", mails("a"))
    assert subjects(lake) == ["a"]
    read.clear()
    assert subjects(lake) == subjects(lake) == ["a"]
    assert read == []
    Lake.open(lake.root).append("EmailEvents", mails("b", day=1))
    assert subjects(lake) == ["a", "b"]
    assert read


def test_an_empty_append_adds_no_version(lake: Lake) -> None:
    before = lake.append("EmailEvents", mails("a"))
    assert lake.append("EmailEvents", mails()) == before
    with pytest.raises(StoreError, match="no column 'x'"):
        lake.append("EmailEvents", pa.table({"x": pa.array([], pa.int64())}))


# Tables of one's own


def test_a_table_of_ones_own_keeps_its_schema(lake: Lake) -> None:
    lake.append("My watchlist", pa.table({"Timestamp": [START], "n": [1]}), schema=OWN)
    again = Lake.open(lake.root)
    assert again.schema("My watchlist") == OWN
    again.append("My watchlist", pa.table({"Timestamp": [START], "s": ["x"]}))
    assert [(r["n"], r["s"]) for r in again.read("My watchlist").to_pylist()] == [(1, ""), (None, "x")]


def test_an_unknown_table_needs_a_schema(lake: Lake) -> None:
    assert lake.schema("EmailEvent") is None
    with pytest.raises(StoreError, match=r"There is no table 'EmailEvent'\. Did you mean 'EmailEvents'"):
        lake.append("EmailEvent", mails("a"))
    with pytest.raises(StoreError, match="exists with other columns"):
        lake.append("EmailEvents", mails("a"), schema=OWN)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 200, "C:x"])
def test_a_name_cannot_leave_the_store(lake: Lake, name: str) -> None:
    with pytest.raises(StoreError, match="cannot name a table"):
        lake.append(name, pa.table({"n": [1]}), schema=OWN)
    assert lake.schema(name) is None
    assert [p.name for p in lake.root.parent.iterdir()] == ["store"]


def test_a_column_called_day_is_not_the_partition(lake: Lake) -> None:
    schema = stored_schema([("Timestamp", ScalarType.DATETIME), ("Day", ScalarType.STRING), ("day", ScalarType.LONG)])
    lake.append("T", pa.table({"Timestamp": [START], "Day": ["Thursday"], "day": [4]}), schema=schema)
    assert lake.read("T").to_pylist() == [{"Timestamp": START.replace(tzinfo=None), "Day": "Thursday", "day": 4}]
    assert len(lake.files("T", START, START)) == 1


# Maintenance


def test_vacuum_removes_what_no_version_uses(lake: Lake) -> None:
    for subject in "abc":
        lake.append("EmailEvents", mails(subject))
    lake.compact("EmailEvents")
    left_over = Path(lake.files("EmailEvents")[0]).with_name("part-crashed.parquet")
    left_over.write_bytes(b"half a file")
    assert lake.vacuum("EmailEvents", timedelta(hours=1)) == []
    assert len(lake.vacuum("EmailEvents", timedelta(0))) == 4
    assert [str(p) for p in lake.root.rglob("*.parquet")] == lake.files("EmailEvents")
    assert sorted(subjects(lake)) == ["a", "b", "c"]


def test_verify_names_each_kind_of_damage(lake: Lake) -> None:
    lake.append("EmailEvents", pa.concat_tables([mails("a"), mails("b", day=1)]))
    lake.append("AlertInfo", pa.table({"Timestamp": [START]}))
    assert lake.verify() == []
    changed, missing = (Path(f) for f in lake.files("EmailEvents"))
    changed.write_bytes(changed.read_bytes().replace(b"PAR1", b"PAR2", 1))
    missing.unlink()
    changed.with_name("part-foreign.parquet").write_bytes(b"")
    problems = lake.verify()
    assert [p.split("/")[-1].split(" ", 1)[1] for p in problems] == [
        "has changed since it was written",
        "is missing",
        "belongs to no commit (an interrupted write, or a foreign file): hunting vacuum deletes it",
    ]
    assert all(p.startswith("EmailEvents: day=2026-01-0") for p in problems)
    assert lake.verify("AlertInfo") == []


def test_hashes_survive_checkpoints(lake: Lake) -> None:
    for at in range(23):  # a checkpoint is written every 20 commits
        lake.append("AlertInfo", pa.table({"Timestamp": [START], "AlertId": [str(at)]}))
    assert list(lake.root.glob("AlertInfo/_delta_log/*.checkpoint.parquet"))
    assert lake.verify() == []
    assert lake.read("AlertInfo").num_rows == 23


def test_a_table_from_before_a_column_was_declared_is_widened_by_compaction(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    older = stored_schema((c.name, c.type) for c in TABLES["AlertInfo"].columns if c.name not in ("Severity", "Title"))
    with monkeypatch.context() as earlier:
        earlier.setattr(Lake, "schema", lambda *_: older)
        lake.append("AlertInfo", pa.table({"Timestamp": [START], "AlertId": ["1"]}))
    newer = Lake.open(lake.root)
    for use in (lambda: newer.files("AlertInfo"), lambda: newer.append("AlertInfo", pa.table({"Timestamp": [START]}))):
        with pytest.raises(StoreError, match=r"was written without Title, Severity\. Compact"):
            use()
    newer.compact("AlertInfo")
    newer.append("AlertInfo", pa.table({"Timestamp": [START], "AlertId": ["2"], "Severity": ["High"]}))
    assert [(r["AlertId"], r["Severity"]) for r in newer.read("AlertInfo").to_pylist()] == [("1", ""), ("2", "High")]
    assert newer.verify() == []


# Foreign tables


def test_foreign_features_are_refused_not_misread(lake: Lake) -> None:
    lake.append("AlertInfo", pa.table({"Timestamp": [START]}))
    entry = lake.root / "AlertInfo" / "_delta_log" / f"{(lake.version('AlertInfo') or 0) + 1:020}.json"
    features = ["timestampNtz", "deletionVectors"]
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features}
    entry.write_text(json.dumps({"protocol": protocol}) + "\n")
    for fresh in (lake, Lake.open(lake.root)):
        with pytest.raises(StoreError, match="misread here: deletionVectors"):
            fresh.files("AlertInfo")
    with pytest.raises(StoreError, match="misread"):
        lake.append("AlertInfo", pa.table({"Timestamp": [START]}))


def test_a_foreign_delta_table_is_not_listed(lake: Lake) -> None:
    write_deltalake(str(lake.root / "Theirs"), pa.table({"x": [1]}))
    assert lake.tables() == []
    assert lake.schema("Theirs") is None
    lake.append("Theirs", pa.table({"Timestamp": [START]}), schema=OWN)
    assert lake.tables() == ["Theirs"]
    assert DeltaTable(str(lake.root / "Theirs")).to_pyarrow_table().num_rows == 1


def test_a_damaged_log_is_reported(lake: Lake) -> None:
    lake.append("AlertInfo", pa.table({"Timestamp": [START]}))
    for entry in (lake.root / "AlertInfo" / "_delta_log").glob("*.json"):
        entry.write_text("not json\n")
    with pytest.raises(StoreError, match="table AlertInfo"):
        Lake.open(lake.root).files("AlertInfo")


def test_paths_outside_of_the_folder_are_refused(lake: Lake) -> None:
    lake.append("AlertInfo", pa.table({"Timestamp": [START]}))
    handle = DeltaTable(str(lake.root / "AlertInfo"))
    entry = lake.root / "AlertInfo" / "_delta_log" / f"{handle.version() + 1:020}.json"
    add = {"path": "../../secret.parquet", "partitionValues": {"day": "2026-01-01"}, "size": 1, "modificationTime": 1}
    entry.write_text(json.dumps({"add": add | {"dataChange": True}}) + "\n")
    with pytest.raises(StoreError, match="outside of its folder"):
        lake.files("AlertInfo")
    assert delta.recorded(lake.root / "AlertInfo")["table"] == "AlertInfo"
