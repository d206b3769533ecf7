"""Plugins that follow cohorts and sequences of ids, against plain enumerations over whole numbers as times."""

from __future__ import annotations

from collections import defaultdict
from random import Random
from typing import Any

import pytest

import hunting

Event = tuple[str, int, str]
START, END = 2, 17


def events(random: Random) -> list[Event]:
    return [(random.choice("abc"), random.randint(0, 19), random.choice("xyz")) for _ in range(random.randint(0, 25))]


def run(rows: list[Event], call: str) -> list[tuple[Any, ...]]:
    cells = ", ".join(f"'{who}', {when}, '{state}'" for who, when, state in rows)
    return hunting.connect(":memory:").query(f"datatable(id: string, t: long, s: string)[{cells}] | evaluate {call}").rows()


def chain(found: set[tuple[int, str]], first: int, states: list[str], longest: int) -> int | None:
    """When the last of the states is met, each the earliest after the one before it; None if one is not."""
    for state in states:
        later = [when for when, what in found if what == state and first < when <= first + longest]
        if not later:
            return None
        first = min(later)
    return first


@pytest.mark.parametrize("seed", range(6))
def test_funnel_sequence(seed: int) -> None:
    random = Random(seed)
    rows, longest, width = events(random), random.choice([1, 3, 8]), random.choice([5, 30])
    sequence = [random.choice("xyz") for _ in range(random.randint(1, 3))]
    bins: dict[tuple[str, int], set[tuple[int, str]]] = defaultdict(set)
    for who, when, state in rows:
        if START <= when <= END:
            bins[who, START + (when - START) // width * width].add((when, state))
    ways: dict[tuple[int, str, str], set[str]] = defaultdict(set)
    for (who, at), found in bins.items():
        for first in (when for when, state in found if state == sequence[0]):
            last = chain(found, first, sequence[1:], longest)
            if last is None:
                continue
            before = [each for each in found if first - longest <= each[0] < first and each[1] != sequence[0]]
            after = [each for each in found if last < each[0] <= last + longest and each[1] != sequence[-1]]
            for previous in [state for when, state in before if when == max(before)[0]] or [""]:
                for following in [state for when, state in after if when == min(after)[0]] or [""]:
                    ways[at, previous, following].add(who)
    listed = ", ".join(f'"{state}"' for state in sequence)
    result = run(rows, f"funnel_sequence(id, t, {START}, {END}, {longest}, {width}, s, dynamic([{listed}]))")
    assert {row[:3]: (row[3], row[4]) for row in result} == {key: (len(who), sorted(who)) for key, who in ways.items()}


@pytest.mark.parametrize("seed", range(6))
def test_new_activity_metrics(seed: int) -> None:
    random = Random(seed)
    rows, width = events(random), random.choice([1, 4, 7])
    seen = {(who, START + (when - START) // width * width) for who, when, _ in rows if START <= when <= END}
    first = {who: min(at for other, at in seen if other == who) for who, _ in seen}
    windows = sorted({*range(START, END, width), *(at for _, at in seen)}) if seen else []
    expected = []
    for begin in windows:
        cohort = {who for who in first if first[who] == begin}
        for to in (each for each in windows if each >= begin):
            there = {who for who, at in seen if at == to}
            new = cohort if to == begin else {who for who in there if first[who] > begin}
            expected.append((begin, to, len(new), len(cohort & there), len(cohort - there)))
    assert [row[:5] for row in run(rows, f"new_activity_metrics(id, t, {START}, {END}, {width})")] == expected


@pytest.mark.parametrize("seed", range(6))
def test_activity_engagement(seed: int) -> None:
    random = Random(seed)
    rows, inner = events(random), random.choice([1, 3])
    outer = inner * random.choice([1, 2, 4])
    expected = []
    for at in range(START, END + 1, inner):
        inside = {who for who, when, _ in rows if at <= when < at + inner and when <= END}
        around = {who for who, when, _ in rows if at + inner - outer <= when < at + inner and when <= END}
        if inside:
            expected.append((at, len(inside), len(around), len(inside) / len(around)))
    assert run(rows, f"activity_engagement(id, t, {START}, {END}, {inner}, {outer})") == expected
