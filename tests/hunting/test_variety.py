"""Work done once for each different value: the answers are those of doing it for each row, and storage tells when it pays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import hunting.variety
from hunting.clock import ManualClock
from hunting.engine import Hunt
from hunting.lake import Lake
from hunting.simulate import scenario_folder, simulate
from hunting.tables import stored_schema
from kql.catalog import Storage
from kql.types import ScalarType

END = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = {
    "Timestamp": ScalarType.DATETIME,
    "s": ScalarType.STRING,
    "k": ScalarType.STRING,
    "d": ScalarType.DYNAMIC,
    "n": ScalarType.LONG,
    "i": ScalarType.INT,
    "t": ScalarType.TIMESPAN,
    "r": ScalarType.REAL,
}
TEXTS = [
    "",
    "null",
    "{",
    "[1, 2",
    '{"a": 1, "b": ["x", "y", ""]}',
    '{"a":"1"}',
    "[]",
    '["x", null, {"a": 2}]',
    ' {"a" : 1}',
    "abc",
    '"x"',
]
DYNAMICS = [None, "[]", '["x","y","x"]', '{"a":1,"b":[1,null]}', '"x"', "1", "true", '{"a":{"b":"x"}}', "[[1],{}]"]
LONGS = [None, 0, 1, -(2**63), 2**63 - 1]


class Rowwise(Hunt):
    def variety(self, table: str, columns: frozenset[str]) -> float:  # noqa: ARG002
        return 1.0


class Checking(Hunt):
    """Reads dynamics as values of JSON."""

    def storage(self, table: str) -> Storage:
        return replace(super().storage(table), variety=None)


class Repeating(Hunt):
    def variety(self, table: str, columns: frozenset[str]) -> float:  # noqa: ARG002
        return 0.0


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Simulated mail, a table of awkward values, each several times, and one without rows."""
    lake = Lake.create(tmp_path_factory.mktemp("repeating") / "store")
    simulate(lake, messages=1500, end=END, scenarios=[scenario_folder() / "parcel-login.yaml"])
    size = 3 * len(TEXTS) * len(DYNAMICS)

    def cycle(values: list[object], step: int = 1) -> list[object]:
        return [values[at // step % len(values)] for at in range(size)]

    columns = {
        "Timestamp": pa.array([END.replace(tzinfo=None) - timedelta(hours=at % 48) for at in range(size)], pa.timestamp("us")),
        "s": pa.array(cycle([*TEXTS])),
        "k": pa.array(cycle(["", "a", "B"], 5)),
        "d": pa.array(cycle([*DYNAMICS]), pa.string()),
        "n": pa.array(cycle([*LONGS], 4), pa.int64()),
        "i": pa.array(cycle([None, 1, -7, 2**31 - 1], 3), pa.int32()),
        "t": pa.array(cycle([None, 0, 10**9], 2), pa.int64()),
        "r": pa.array(cycle([None, 0.0, -0.0, 0.1, float("nan")], 2), pa.float64()),
    }
    rows = pa.table(columns)
    lake.append("Awkward", rows, schema=stored_schema(KINDS.items()))
    lake.append("Nothing", rows.slice(0, 0), schema=stored_schema(KINDS.items()))
    return lake


@pytest.fixture(scope="module")
def readings(lake: Lake) -> Iterator[tuple[Hunt, Hunt]]:
    with Checking(lake, clock=ManualClock(END)) as one, Rowwise(lake, clock=ManualClock(END)) as other:
        yield one, other


@pytest.fixture(scope="module")
def hunts(lake: Lake) -> Iterator[tuple[Hunt, Hunt]]:
    with Rowwise(lake, clock=ManualClock(END)) as one, Repeating(lake, clock=ManualClock(END)) as other:
        yield one, other


def agree(hunts: tuple[Hunt, Hunt], text: str) -> bool:
    """Asserts equal answers in value and type; whether the rows were grouped first."""
    one, other = (hunt.query(text) for hunt in hunts)
    assert one.schema == other.schema
    rows = [sorted(map(repr, result.table.to_pylist())) for result in (one, other)]
    assert rows[0] == rows[1], text
    return other.sql != one.sql


TABLES = ["Awkward", "Nothing"]
FILTERS = [
    "where k != 'B'",
    "where s has 'a'",
    "where parse_json(s).a == 1",
    "where k == 'a' and tostring(d.a) != ''",
    "where isnotempty(d)",
    "where Timestamp > ago(1d)",
    "where s matches regex '[0-9]' or n > 0",
    "extend a = parse_json(s).a, low = tolower(k)",
    "extend a = toint(d.a), s = extract('([a-z])', 1, s)",
    "extend k = strcat(k, '!')",
    "extend d2 = d | extend d = d2",
    "mv-expand e = d to typeof(string)",
    "mv-expand e = d",
    "mv-expand with_itemindex=at g = d to typeof(string) limit 2",
    "mv-expand b = parse_json(s).b to typeof(string) | where b != 'x'",
    "mv-expand d, q = parse_json(s)",
    "where k in ((Awkward | where n == 1 | project k))",
]
ITEMS = [
    "count()",
    "count(n)",
    "min(Timestamp)",
    "max(Timestamp) - min(Timestamp)",
    "max(t)",
    "countif(n > 0 or i == 1)",
    "max(strcat(k, 'x'))",
    "countif(k == 'a')",
    "countif(parse_json(s).a == 1)",
    "sum(n)",
    "sum(i)",
    "sum(t)",
    "sumif(n, isnotempty(s))",
    "dcount(s)",
    "dcountif(k, n > 0)",
    "min(n)",
    "max(s)",
    "make_set(s)",
    "make_set(d)",
    "100.0 * countif(k == 'a') / count()",
    "max(strlen(replace_regex(s, '[a-z]+', '#')))",
    "binary_all_or(n)",
]
READS = [
    "where d.a == 1",
    "where d[0] == 'x' or isnull(d.a.b)",
    "extend f = d.a, g = tostring(d[1]), h = d",
    "extend w = d[k]",
    "extend v = d | where v.b[0] == 1 | project-away d | extend d = v",
    "mv-expand z = d to typeof(string)",
]
KEYS = [
    "",
    "by k",
    "by tostring(d)",
    "by gettype(parse_json(s))",
    "by k, x = tostring(parse_json(s).a)",
    "by bin(Timestamp, 1d)",
]


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    st.sampled_from(TABLES),
    st.lists(st.sampled_from(FILTERS), max_size=3, unique=True),
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3, unique=True),
    st.sampled_from(KEYS),
)
def test_grouping_first_changes_no_answer(
    hunts: tuple[Hunt, Hunt], table: str, steps: list[str], items: list[str], keys: str
) -> None:
    named = ", ".join(f"c{at} = {item}" for at, item in enumerate(items))
    agree(hunts, " | ".join([table, *steps, f"summarize {named} {keys}"]))


@pytest.mark.parametrize(
    "text",
    [
        "EmailEvents | extend a = parse_json(AuthenticationDetails) | where a.DMARC == 'fail' "
        "| summarize count(), countif(a.SPF == 'fail') by SenderFromDomain",
        "EmailEvents | mv-expand x = parse_json(DetectionMethods).Phish to typeof(string) | summarize count() by x",
        "EmailEvents | mv-expand a = To to typeof(string) | summarize count() by a",
        "EmailEvents | extend f = replace_regex(Subject, '[0-9]+', '#') "
        "| summarize count(), dcount(SenderFromAddress), max(Subject) by f",
        "EmailEvents | distinct tostring(parse_json(AuthenticationDetails).DMARC)",
        "EmailEvents | where parse_json(AuthenticationDetails).DMARC == 'none of these' | count",
        "EmailEvents | mv-expand a = To to typeof(string) | where Timestamp > ago(7d) and EmailDirection == 'Inbound' "
        "| summarize count() by a",
        "EmailEvents | summarize min(Timestamp), max(Timestamp), countif(EmailDirection == 'Inbound'), sum(UrlCount), count() "
        "by tostring(parse_json(AuthenticationDetails).SPF)",
        "EmailUrlInfo | summarize count() by tostring(parse_url(Url).Host)",
        "Nothing | where parse_json(s).a == 1 | summarize count(), countif(k == 'a'), sum(n), max(n)",
    ],
)
def test_these_group_first(hunts: tuple[Hunt, Hunt], text: str) -> None:
    assert agree(hunts, text)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(TABLES), st.lists(st.sampled_from([*FILTERS, *READS]), min_size=1, max_size=4, unique=True))
def test_reading_texts_changes_no_answer(readings: tuple[Hunt, Hunt], table: str, steps: list[str]) -> None:
    agree(readings, " | ".join([table, *steps]))


@pytest.mark.parametrize("step", READS)
def test_dynamics_are_read_as_text(readings: tuple[Hunt, Hunt], step: str) -> None:
    assert agree(readings, f"Awkward | {step}")


@pytest.mark.parametrize(
    "text",
    [
        "Awkward | summarize count() by k",  # nothing costs
        "Awkward | where s has 'a' | summarize count() by k",
        "Awkward | extend x = parse_json(s).a | summarize make_list(tostring(x)) by k",
        "Awkward | extend x = toint(parse_json(s).a) | summarize avg(x), count() by k",
        "Awkward | extend x = rand(), y = tostring(parse_json(s).a) | summarize countif(x > 2) by y",
        "Awkward | sort by k asc | extend p = prev(k), x = tostring(parse_json(s).a) | summarize dcount(p) by x",
        "Awkward | where tostring(parse_json(s).a) == '1' | summarize count() by r",  # 0 and -0 are told apart as text
        "Awkward | extend x = toreal(parse_json(s).a) | summarize sum(x)",
        "Awkward | take 5 | summarize count() by tostring(parse_json(s).a)",
    ],
)
def test_these_do_not(hunts: tuple[Hunt, Hunt], text: str) -> None:
    one, other = (hunt.compile(text).sql for hunt in hunts)
    assert one == other


def test_conditions_on_the_time_still_choose_the_files(hunts: tuple[Hunt, Hunt]) -> None:
    text = "EmailEvents | mv-expand a = To to typeof(string) | where Timestamp > ago(1d) | summarize count() by a"
    assert hunts[1].compile(text).reads[0].since


def test_storage_tells_what_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake, size = Lake.create(tmp_path / "store"), 4000
    rows = pa.table(
        {
            "unique": [f"{at}" for at in range(size)],
            "pairs": [f"{at // 2}" for at in range(size)],
            "few": ["a", "b"] * (size // 2),
        }
    )
    schema = stored_schema((name, ScalarType.STRING) for name in rows.column_names)
    for _ in range(2):
        lake.append("T", rows, schema=schema)
    with Hunt(lake) as hunt:
        assert hunt.variety("T", frozenset({"few"})) == 1.0  # too few rows to ask
    with Hunt(lake) as hunt:
        monkeypatch.setattr(hunting.variety, "MANY", 5000)
        monkeypatch.setattr(hunting.variety, "_FIRST", 1000)
        assert hunt.variety("T", frozenset({"few"})) < 0.001
        assert hunt.variety("T", frozenset({"pairs"})) == pytest.approx(0.25, rel=0.3)
        assert hunt.variety("T", frozenset({"unique", "few"})) > 0.4
        assert hunt.variety("T", frozenset({"unknown"})) == 1.0
        assert "$times" in hunt.query("T | where parse_json(few).a != 1 | summarize count() by few").sql
        hunt.register("T", rows)
        assert hunt.storage("T").variety is None
        assert "$times" not in hunt.query("T | where parse_json(few).a != 1 | summarize count() by few").sql
