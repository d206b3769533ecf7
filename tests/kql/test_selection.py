"""Groups that are chosen first and computed then: the answer is that of one step, and among equals each group is whole."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hunting
from hunting import Hunt
from kql import rewrite
from kql.passes.selection import select_groups_first

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
Row = tuple[Any, ...]
ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, 0, 1, 2]),
        st.sampled_from(["", "a", "A", "b"]),
        st.sampled_from(["", "p", "q", "r"]),
        st.sampled_from([None, 1, 2, 3]),
        st.sampled_from([None, float("nan"), -0.0, 0.0, 1.5]),
    ),
    max_size=40,
)
NAMES = ("k", "g", "x", "n", "r")
TYPES = (pa.int64(), pa.string(), pa.string(), pa.int64(), pa.float64())


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def answers(hunt: Hunt, rows: list[Row], query: str) -> tuple[list[str], list[str]]:
    """The rows in two steps and in one, as texts: NaN is then equal to itself."""
    columns = zip(*rows, strict=True) if rows else ([] for _ in NAMES)
    table = pa.table({name: pa.array(list(cells), kind) for name, cells, kind in zip(NAMES, columns, TYPES, strict=True)})
    schema = dict(zip(NAMES, ("long", "string", "string", "long", "real"), strict=True))
    hunt.register("T", table, schema=schema)
    with pytest.MonkeyPatch.context() as patch:
        two = hunt.query(query)
        assert "SEMI JOIN" in two.sql
        patch.setattr(rewrite, "PASSES", tuple(p for p in rewrite.PASSES if p.__name__ != select_groups_first.__name__))
        one = hunt.query(f"{query}\n// in one step")
        assert "SEMI JOIN" not in one.sql
    return [repr(row) for row in two.rows()], [repr(row) for row in one.rows()]


KEYS = st.lists(st.sampled_from(["k", "g", "r", "Low = tolower(g)", "Bin = bin(n, 2)"]), min_size=1, max_size=3, unique=True)
CHEAP = st.sampled_from(["count()", "sum(n)", "min(k)", "max(x)", "countif(n > 1) - count()"])
COSTLY = "Values = dcount(x), Set = make_set(n), Middle = percentile(n, 50), Some = dcountif(k, x != '')"
WHERE = st.sampled_from(["", "| where n != 2", "| where isnotempty(x) and not(k == 1)"])
COUNT = st.sampled_from([0, 1, 2, 3, 1000])


@QUICK
@given(rows=ROWS, keys=KEYS, cheap=CHEAP, where=WHERE, count=COUNT, descending=st.booleans())
def test_the_answer_is_that_of_one_step(
    hunt: Hunt, rows: list[Row], keys: list[str], cheap: str, where: str, count: int, descending: bool
) -> None:
    names = ", ".join(key.partition(" ")[0] for key in keys)
    order = f"Cheap {'desc' if descending else 'asc'}, {names}"
    query = f"T {where} | summarize Cheap = {cheap}, {COSTLY} by {', '.join(keys)} | where isnotnull(Cheap) or k > 0 "
    query = query.replace(" or k > 0", "") if "k" not in keys else query
    two, one = answers(hunt, rows, f"{query} | sort by {order} | take {count}")
    assert two == one


@QUICK
@given(rows=ROWS, keys=KEYS, count=COUNT)
def test_among_equals_each_group_is_whole(hunt: Hunt, rows: list[Row], keys: list[str], count: int) -> None:
    groups = f"T | summarize Cheap = count(), {COSTLY} by {', '.join(keys)}"
    two, one = answers(hunt, rows, f"{groups} | top {count} by Cheap | project Cheap, Values, Set, Middle, Some")
    every = [repr(row) for row in hunt.query(f"{groups} | project Cheap, Values, Set, Middle, Some").rows()]
    assert Counter(two) <= Counter(every)
    assert [row.partition(",")[0] for row in two] == [row.partition(",")[0] for row in one]
