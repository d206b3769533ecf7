"""Windows within groups: the pass changes where DuckDB looks, and never an answer."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hunting
import kql
from hunting import Hunt
from kql import rewrite
from kql.passes.neighbours import partition_windows

ROW = st.tuples(st.sampled_from(["", "a", "b"]), st.sampled_from([None, 1, 2]), st.sampled_from([None, 0, 1, 5]))
GRID = pa.schema([("g", pa.string()), ("h", pa.int64()), ("n", pa.int64()), ("id", pa.int64())])
KEYS = st.sampled_from(["g", "h", "size"])  # a text, a number that may be null, one that cannot be
NEIGHBOURS = st.sampled_from(["prev(n)", "prev(n)", "prev(n)", "next(n)", "prev(n, 2)", "prev(n, 1, 7)", "prev(h)"])


@st.composite
def conditions(draw: st.DrawFn, keys: list[str]) -> str:
    """Whether the first sort keys are those of a neighbour, alone and beside other conditions."""
    side = draw(st.sampled_from(["prev({})", "prev({})", "next({})", "prev({}, 2)"]))
    few = keys[: draw(st.integers(1, len(keys)))]
    same = " and ".join(f"{key} == {side.format(key)}" for key in few)
    other = " or ".join(f"{side.format(key)} != {key}" for key in few)
    beside = draw(st.sampled_from([f"n > {draw(NEIGHBOURS)}", "h == prev(h)", "n > 0"]))
    forms = [same, same, other, other, f"{same} and {beside}", f"({other} or {beside})", f"not({same})", f"not({other})", beside]
    return draw(st.sampled_from([*forms, f"not({other} or {beside})", f"({same} or {beside})", f"({other}) and {beside}"]))


@st.composite
def values(draw: st.DrawFn, keys: list[str]) -> str:
    condition, other = draw(conditions(keys)), draw(conditions(keys))
    one, two = draw(NEIGHBOURS), draw(NEIGHBOURS)
    forms = [
        f"iff({condition}, n - {one}, -1)",
        f"iff({condition}, -1, n - {one})",
        f"iff({condition}, n - {one}, long(null))",
        f"iff({condition}, long(null), id - {one})",
        f"iff({condition} and n > {one}, 1, {two})",
        f"case({condition}, {one}, {other}, -1, {two})",
        f"tolong({condition})",
        f"row_cumsum(n, {condition})",
        f"row_number(1, {condition})",
        f"row_rank_min(n, {condition})",
        f"row_rank_dense(n, {condition})",
        f"row_cumsum(iff({condition}, {one}, 1), {other})",
        one,
    ]
    return draw(st.sampled_from(forms))


@st.composite
def queries(draw: st.DrawFn) -> str:
    keys = draw(st.lists(KEYS, min_size=1, max_size=2, unique=True))
    order = [f"{key} {draw(st.sampled_from(['asc', 'asc', 'desc', 'asc nulls last', 'desc nulls first']))}" for key in keys]
    steps = [f"extend x{at} = {draw(values(keys))}" for at in range(draw(st.integers(0, 2)))]
    kept = [
        f"where {draw(conditions(keys))}",
        f"where {draw(conditions(keys))} and n - {draw(NEIGHBOURS)} < 3",
        f"where n > {draw(NEIGHBOURS)}",
        "take 4",
    ]
    columns = [
        f"extend p = prev({keys[0]}), q = prev(n) | where p == {keys[0]}",
        f"extend s = {draw(conditions(keys))} | where s",
    ]
    columns += [f"extend p = prev({keys[0]}), q = prev(n) | extend y = iff(p == {keys[0]}, n - q, -1) | project-away p, q"]
    steps += draw(st.lists(st.sampled_from([*kept, *columns]), min_size=not steps, max_size=2, unique=True))
    return " | ".join([f"T | extend size = strlen(g) | sort by {', '.join(order)}, id asc", *steps])


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def answered(hunt: Hunt, query: str) -> tuple[str, list[dict[str, Any]]]:
    sql = kql.compile(query, hunt).sql
    return sql, hunt._connection.sql(sql).to_arrow_table().to_pylist()


def check(hunt: Hunt, rows: list[tuple[Any, ...]], query: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the pass changed something; the answer it must not change."""
    table = pa.Table.from_pylist([dict(zip("ghn", row, strict=True)) | {"id": at} for at, row in enumerate(rows)], GRID)
    hunt.register("T", table)
    changed, found = answered(hunt, query)
    with monkeypatch.context() as patch:
        without = [each for each in rewrite.PASSES if each.__name__ != partition_windows.__name__]
        assert len(without) == len(rewrite.PASSES) - 1
        patch.setattr(rewrite, "PASSES", tuple(without))
        plain, wanted = answered(hunt, query)
    assert found == wanted
    return changed != plain


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(rows=st.lists(ROW, max_size=6), query=queries())
def test_the_answer_stays(hunt: Hunt, rows: list[tuple[Any, ...]], query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(hunt, rows, query, monkeypatch)


@pytest.mark.long
@settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, max_size=8), query=queries())
def test_the_answer_stays_at_length(hunt: Hunt, rows: list[tuple[Any, ...]], query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check(hunt, rows, query, monkeypatch)
