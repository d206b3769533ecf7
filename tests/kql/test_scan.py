"""scan against a plain machine that follows the page's matching logic, record by record."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hunting

QUERY = """
Events | sort by at asc
| scan with_match_id = match declare (since: long, times: long = 0) with (
    step first: kind == "a" => since = at, times = first.times + 1;
    step second: kind == "b" and at - first.at < 9 => since = first.since, times = second.times + 1;
    step third: kind == "c" and second.times > 0 => since = second.at, times = first.times;
)
| project at, since, times, match
"""
Row = tuple[int, int, int, int]
Held = dict[str, Any]
EMPTY: Held = {"at": None, "since": None, "times": 0}


def conditions(step: int, kind: str, at: int, held: list[Held]) -> bool:
    if step == 0:
        return kind == "a"
    if step == 1:
        return kind == "b" and held[0]["at"] is not None and at - held[0]["at"] < 9
    return kind == "c" and held[1]["times"] > 0


def assigned(step: int, at: int, held: list[Held]) -> Held:
    if step == 0:
        return {"at": at, "since": at, "times": held[0]["times"] + 1}
    if step == 1:
        return {"at": at, "since": held[0]["since"], "times": held[1]["times"] + 1}
    return {"at": at, "since": held[1]["at"], "times": held[0]["times"]}


def machine(rows: list[tuple[int, str]]) -> list[Row]:
    """State of a step: what its sequence holds of every step so far, and the sequence's number; None without a sequence."""
    states: list[tuple[list[Held], int] | None] = [None, None, None]
    matches = 0
    found: list[Row] = []
    for at, kind in rows:
        for step in (2, 1, 0):
            before = states[step - 1] if step else None
            if before is not None and conditions(step, kind, at, [*before[0], EMPTY]):
                held, match = [*before[0], EMPTY], before[1]
                states[step - 1] = None
            else:
                own = states[step]
                if own is None and step > 0:
                    continue
                held, match = (list(own[0]), own[1]) if own is not None else ([EMPTY], matches)
                if not conditions(step, kind, at, held):
                    continue
                matches += own is None
            held[step] = assigned(step, at, held)
            states[step] = (held, match)
            found.append((at, held[step]["since"], held[step]["times"], match))
    return found


@pytest.fixture(scope="module")
def hunt() -> hunting.Hunt:
    return hunting.connect(":memory:")


@settings(max_examples=25, deadline=None)
@given(kinds=st.lists(st.sampled_from("abcd"), max_size=30))
def test_scan_follows_the_page(hunt: hunting.Hunt, kinds: list[str]) -> None:
    rows = [(3 * at // 2, kind) for at, kind in enumerate(kinds)]
    rows = [(at + number, kind) for number, (at, kind) in enumerate(rows)]  # all moments differ
    moments, letters = pa.array([at for at, _ in rows], pa.int64()), pa.array([kind for _, kind in rows], pa.string())
    table = pa.table({"at": moments, "kind": letters})
    hunt.register("Events", table, schema={"at": "long", "kind": "string"})
    assert hunt.query(QUERY).rows() == machine(rows)
