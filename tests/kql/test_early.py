"""Sides of a join that are summarized before it: the answer is that of joining first."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hunting
from hunting import Hunt
from kql import rewrite
from kql.passes.early import summarize_before_join

Row = tuple[Any, ...]
ROWS = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.sampled_from([None, 0, 1]), st.sampled_from([None, 1, 2, 3])), max_size=12
)
ITEMS = st.lists(
    st.sampled_from(["A = dcount(x)", "B = min(x)", "C = max(x * 2)", "D = dcount(y)", "E = make_set(y)", "F = max(y)"]),
    min_size=1,
    max_size=3,
    unique=True,
)


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def answers(hunt: Hunt, query: str) -> tuple[bool, list[str], list[str]]:
    """Whether the pass changed something, the rows with it, and those without."""
    changed = hunt.query(query)
    with pytest.MonkeyPatch.context() as patch:
        rest = tuple(each for each in rewrite.PASSES if each.__name__ != summarize_before_join.__name__)
        assert len(rest) == len(rewrite.PASSES) - 1
        patch.setattr(rewrite, "PASSES", rest)
        plain = hunt.query(f"{query}\n// joined first")
    return changed.sql != plain.sql, sorted(map(repr, changed.rows())), sorted(map(repr, plain.rows()))


def fill(hunt: Hunt, left: list[Row], right: list[Row]) -> None:
    for name, rows, value in (("L", left, "x"), ("R", right, "y")):
        columns = list(zip(*rows, strict=True)) or [(), (), ()]
        types = (pa.string(), pa.int64(), pa.int64())
        arrays = [pa.array(list(cells), kind) for cells, kind in zip(columns, types, strict=True)]
        hunt.register(name, pa.table(arrays, names=["k", "n", value]), {"k": "string", "n": "long", value: "long"})


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    left=ROWS, right=ROWS, items=ITEMS, keys=st.sampled_from(["k", "n", "k, n"]), swapped=st.booleans(), by_right=st.booleans()
)
def test_the_answer_is_that_of_joining_first(
    hunt: Hunt, left: list[Row], right: list[Row], items: list[str], keys: str, swapped: bool, by_right: bool
) -> None:
    fill(hunt, left, right)
    one, other = ("R", "L | distinct k, n, x") if swapped else ("L | distinct k, n, x", "R")
    groups = ", ".join(f"Key{at} = {key}{'1' if by_right else ''}" for at, key in enumerate(keys.split(", ")))
    query = f"{one} | join kind=inner ({other}) on {keys} | summarize {', '.join(items)} by {groups}"
    changed, found, wanted = answers(hunt, query)
    assert found == wanted
    assert changed == any("(x" in item for item in items)


@pytest.mark.parametrize(
    "query",
    [
        "L | distinct k, x | join kind=inner R on k | summarize dcount(x), count() by k",  # rows are counted
        "L | distinct k, x | join kind=inner R on k | summarize dcount(x) by k, y",  # groups within a key
        "L | distinct k, n, x | join kind=inner R on k, n | summarize dcount(x) by k",  # of several keys
        "L | distinct k, x | join kind=innerunique R on k | summarize dcount(x) by k",  # one row of each key only
        "L | distinct k, x | join kind=leftouter R on k | summarize dcount(x) by k",
        "L | distinct k, x | join kind=inner R on k | summarize dcount(x + y) by k",  # of both sides
        "L | where x > 0 | join kind=inner R on k | summarize dcount(x) by k",  # not distinct: the join may leave out most
    ],
)
def test_what_is_left_as_it_is(hunt: Hunt, query: str) -> None:
    fill(hunt, [("a", 1, 1), ("a", 1, 1), ("a", 2, 2)], [("a", 1, 1), ("b", 1, 2)])
    changed, found, wanted = answers(hunt, query)
    assert not changed and found == wanted
