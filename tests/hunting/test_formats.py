"""Exports give back what went in, whole or not at all; what a mail's sender writes does nothing on a terminal or in a sheet."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import payloads
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunting import formats
from hunting.cells import BATCH, disarmed, visible
from hunting.cli.options import Form
from hunting.errors import HuntingError
from hunting.formats import WRITERS, records, save, table_text
from hunting.result import Result
from kql.constants import timespan_text

HOSTILE = [
    *("plain", "", "'quoted'", "a,b;c", 'say "hi"', "two\nlines", "cr\rhere", "smile ;-)", "| cell | cell |", "back\\slash"),
    *("[x](javascript:alert(1))", "https://evil.example www.evil.example", "`code` *bold* _i_ ~s~ # h", "Größe 日本語 😀"),
    *payloads.ALL,
]


def texts(values: list[str]) -> Result:
    return records({"Text": "string"}, [(value,) for value in values])


def written(result: Result, form: str) -> bytes:
    sink = io.BytesIO()
    WRITERS[form](result, sink)
    return sink.getvalue()


UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ufe00-\ufe0f\ufeff\ufff0-\ufffb\U000e0000-\U000e0fff"
)
OURS = re.compile(rf"\A'(?='*[\t\r\n{UNSEEN}]*[=+\-@\t\r\n＝＋－＠])|(?<=[;\t\r\n])'(?=['\"{UNSEEN}]*[=+\-@＝＋－＠](?!\)))")


def armed(cell: str) -> str:
    """What a cell was before `disarmed`: the rule that formats states, read backwards."""
    return OURS.sub("", cell)


def from_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(ANY_TEXT, min_size=1, max_size=5))
def test_any_text_survives_csv_json_ndjson_and_parquet(values: list[str]) -> None:
    survives(values)


def test_hostile_text_survives_csv_json_ndjson_and_parquet() -> None:
    survives(HOSTILE)


def survives(values: list[str]) -> None:
    result = texts(values)
    wide = records({"Text": "string", "N": "long"}, [(value, at) for at, value in enumerate(values)])
    assert [armed(row[0]) for row in from_csv(written(wide, "csv"))[1:]] == values
    assert [row["Text"] for row in json.loads(written(result, "json"))] == values
    assert [json.loads(line)["Text"] for line in written(result, "ndjson").decode().split("\n")[:-1]] == values
    assert pq.read_table(io.BytesIO(written(result, "parquet")))["Text"].to_pylist() == values


def test_markdown_shows_the_text_and_nothing_else() -> None:
    lines = written(texts(HOSTILE), "markdown").decode().splitlines()
    assert len(lines) == len(HOSTILE) + 2, "one row, one line"
    for line, value in zip(lines[2:], HOSTILE, strict=True):
        cell = re.fullmatch(r"\| (.*) \|", line)
        assert cell is not None
        assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell[1]) == visible(value)
        assert not re.search(r"(?<!\\)[<>|`*_\[\]]", cell[1].replace("\\\\", "")), "no markup is left"
        assert not re.search(r"(?<!\\)://|www\.", cell[1]), "nothing to click"


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "markdown"])
def test_nothing_reaches_the_terminal_unprintable(form: str) -> None:
    shown = written(texts(HOSTILE), form).decode()
    assert all(c.isprintable() or c == "\n" for c in shown)


@given(ANY_TEXT)
def test_visible_is_printable_and_leaves_printable_text_alone(value: str) -> None:
    assert visible(value).isprintable()
    assert not value.isprintable() or visible(value) == value


def test_what_is_invisible_is_named() -> None:
    assert visible("a\x1b[1mb\u202ec\x7f\n") == "a␛[1mb⟨U+202E⟩c␡␊"


@pytest.mark.parametrize(("cell", "written"), [("=1", "'=1"), ("a;=1", "a;'=1"), ("hi ;-)", "hi ;-)"), ("a;b\t-c", "a;b\t'-c")])
def test_a_formula_gets_an_apostrophe(cell: str, written: str) -> None:
    assert disarmed(cell) == written


def test_numbers_are_no_formulas() -> None:
    assert from_csv(written(records({"N": "long", "R": "real"}, [(-5, -1.5)]), "csv"))[1] == ["-5", "-1.5"]


EVERYTHING = {
    "B": "bool",
    "I": "int",
    "L": "long",
    "R": "real",
    "D": "decimal",
    "S": "string",
    "T": "datetime",
    "P": "timespan",
    "G": "guid",
    "J": "dynamic",
}
ROW = (
    True,
    1,
    2**62,
    0.1,
    Decimal("1.50"),
    "x",
    datetime(2026, 11, 21, 10, 0, 0, 250_000, UTC),
    937_840_000_001,
    "74be27de-1e4e-49d9-b579-fe0b331d3642",
    '{"a":[1,null]}',
)
NULLS = (None, None, None, None, None, "", None, None, None, None)


def everything() -> Result:
    return records(EVERYTHING, [ROW, NULLS])


def test_every_type_in_csv() -> None:
    _, row, nulls = from_csv(written(everything(), "csv"))
    expected = "true|1|4611686018427387904|0.1|1.5|x|2026-11-21T10:00:00.25Z|1.02:03:04.0000001|" + ROW[8] + '|{"a":[1,null]}'
    assert "|".join(row) == expected
    assert nulls == [""] * 10


def test_every_type_in_json_and_ndjson() -> None:
    row, nulls = json.loads(written(everything(), "json"), parse_float=Decimal)
    assert row == {
        "B": True,
        "I": 1,
        "L": 2**62,
        "R": Decimal("0.1"),
        "D": "1.5",
        "S": "x",
        "T": "2026-11-21T10:00:00.25Z",
        "P": "1.02:03:04.0000001",
        "G": ROW[8],
        "J": {"a": [1, None]},
    }
    assert nulls == dict(zip(EVERYTHING, NULLS, strict=True))
    assert [json.loads(line) for line in written(everything(), "ndjson").splitlines()] == json.loads(
        written(everything(), "json")
    )


def test_every_type_in_parquet() -> None:
    table = pq.read_table(io.BytesIO(written(everything(), "parquet")))
    assert table.replace_schema_metadata().equals(everything().table)
    assert [field.metadata[b"kql_type"].decode() for field in table.schema] == list(EVERYTHING.values())


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity"), (1.0, "1"), (1e300, "1e+300")],
)
def test_reals(value: float, text: str) -> None:
    result = records({"R": "real"}, [(value,)])
    assert from_csv(written(result, "csv"))[1] == [text]
    held = json.loads(written(result, "json"))[0]["R"]
    assert held == (text if text[-1].isalpha() else value)


@pytest.mark.parametrize(
    ("ticks", "text"),
    [
        (0, "00:00:00"),
        (1, "00:00:00.0000001"),
        (-1, "-00:00:00.0000001"),
        (864_000_000_000, "1.00:00:00"),
        (-(2**63), "-10675199.02:48:05.4775808"),
        (36_000_000_000, "01:00:00"),
    ],
)
def test_timespans_as_kql_prints_them(ticks: int, text: str) -> None:
    assert timespan_text(ticks) == text


def test_an_empty_result_has_its_columns_in_every_format() -> None:
    empty = records({"A": "string", "B": "long"}, [])
    assert from_csv(written(empty, "csv")) == [["A", "B"]]
    assert json.loads(written(empty, "json")) == [] and written(empty, "ndjson") == b""
    assert pq.read_table(io.BytesIO(written(empty, "parquet"))).column_names == ["A", "B"]
    assert written(empty, "table").decode().splitlines()[-1] == "(no rows)"


def test_large_results_are_written_in_batches() -> None:
    count = BATCH * 2 + 7
    result = records({"N": "long"}, [(n,) for n in range(count)])
    assert [int(row[0]) for row in from_csv(written(result, "csv"))[1:]] == list(range(count))
    assert [row["N"] for row in json.loads(written(result, "json"))] == list(range(count))


# ---------------------------------------------------------------- tables


def test_a_table_says_what_it_leaves_out() -> None:
    result = records({f"Column{n}": "string" for n in range(6)}, [tuple("x" * 30 for _ in range(6))] * 12)
    lines = table_text(result, limit=10, width=60).splitlines()
    assert lines[-2:] == ["… 2 more rows", "… 3 more columns (choose with project)"]
    assert all(len(line) <= 60 for line in lines[:-1])


def test_a_table_is_aligned_by_width_on_the_terminal() -> None:
    lines = table_text(records({"Text": "string", "N": "long"}, [("日本", 1), ("ab", 1_000)])).splitlines()
    assert lines == ["Text     N", "────  ────", "日本     1", "ab    1000"]


def test_the_command_lines_formats_are_the_writers() -> None:
    assert [str(form) for form in Form] == list(WRITERS)


# ---------------------------------------------------------------- files


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a file.csv"
    save(texts(["one"]), target)
    before = target.read_bytes()

    def breaks(_result: Result, sink: BinaryIO) -> None:
        sink.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(formats, "WRITERS", {**WRITERS, "csv": breaks})
    with pytest.raises(HuntingError, match="No space left"):
        save(texts(["two"]), target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a file.csv"]


@pytest.mark.parametrize("suffix", sorted(set(formats.SUFFIXES) - {".svg", ".png"}))  # those need a chart
def test_the_suffix_tells_the_format(tmp_path: Path, suffix: str) -> None:
    save(texts(["x"]), tmp_path / f"out{suffix}")
    assert (tmp_path / f"out{suffix}").read_bytes() == written(texts(["x"]), formats.SUFFIXES[suffix]) or suffix == ".parquet"


def test_unknown_suffixes_missing_folders_and_devices_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "x.xyz", tmp_path / "no" / "x.csv", tmp_path):
        with pytest.raises(HuntingError):
            save(texts(["x"]), path, None if path.suffix == ".xyz" else "csv")
    assert list(tmp_path.iterdir()) == []


def test_records_are_results() -> None:
    result = records({"A": "string", "N": "long"}, [("x", 1)])
    assert result.rows() == [("x", 1)] and result.types == ["string", "long"]
    assert isinstance(result.table, pa.Table)


def test_times_and_numbers_are_never_cut() -> None:
    moment = datetime(2026, 11, 1, 12, 30, 1, 5, tzinfo=UTC)
    result = records({"T": "datetime", "Text": "string", "N": "long"}, [(moment, "x" * 60, 10**18)])
    lines = table_text(result, width=70).splitlines()
    assert "2026-11-01 12:30:01.000005" in lines[2] and "1000000000000000000" in lines[2] and "xx…" in lines[2]
    assert all(len(line) <= 70 for line in lines)
    narrow = table_text(result, width=40).splitlines()
    assert "N" not in narrow[0].split() and narrow[-1] == "… 2 more columns (choose with project)"
