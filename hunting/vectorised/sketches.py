"""States of distinct counts and of percentiles: merged, counted, ranked (their form: kql/functions/sketches.py)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from itertools import accumulate
from typing import Any

from hunting.vectorised.rows import by_row

Weight = int | float
_SPAN = re.compile(r"(-?)(?:(\d+)\.)?(\d\d):(\d\d):(\d\d)(?:\.(\d{7}))?")


@by_row("JSON", result="JSON")
def hll_merged(states: list[Any]) -> list[Any] | None:
    """One state of the hashes in all states; nulls are left out. Null if one is no state, or holds no hashes any more."""
    given = [state for state in states if state is not None] if isinstance(states, list) else []
    if not given or not all(_is_hll(state) for state in given):
        return None
    bits = max(state[0][1] for state in given)
    return [[1024, bits], sorted({value for state in given for value in state[1]}), []]


@by_row("JSON", result="BIGINT")
def hll_common(states: list[Any]) -> int | None:
    """How many hashes all states hold; null if one is no state."""
    if not isinstance(states, list) or not states or not all(_is_hll(state) for state in states):
        return None
    return len(set.intersection(*(set(state[1]) for state in states)))


def _is_hll(state: Any) -> bool:
    match state:
        case [[int(), int()], [*hashes], []]:
            return all(isinstance(value, str) for value in hashes)
        case _:
            return False


@by_row("JSON", result="JSON")
def digests_merged(states: list[Any]) -> list[Any] | None:
    """One state of the values in all states; nulls are left out. Null if one is no state, or nothing has a weight."""
    held: dict[tuple[Any, ...], float] = defaultdict(int)
    shown: dict[tuple[Any, ...], Any] = {}
    for state in states if isinstance(states, list) else []:
        if state is None or (isinstance(state, list) and state[1:] == [None, None]):
            continue
        pairs = _pairs(state)
        if pairs is None:
            return None
        for value, weight in pairs:
            key = _order(value)
            shown.setdefault(key, value)
            held[key] += max(weight, 0)
    keys = sorted(key for key, weight in held.items() if weight)
    return [[7], [shown[key] for key in keys], [held[key] for key in keys]] if keys else None


@by_row("JSON", "JSON", result="JSON")
def percentiles_of_digest(state: Any, percentiles: Any) -> list[Any] | None:
    """For each percentile the value where the running sum of the weights reaches it (nearest rank)."""
    pairs = _pairs(state)
    if not pairs or not isinstance(percentiles, list):
        return None
    ordered = sorted(pairs, key=lambda pair: _order(pair[0]))
    sums = list(accumulate(weight for _, weight in ordered))
    if not all(isinstance(each, int | float) and 0 <= each <= 100 for each in percentiles) or not sums[-1]:
        return None
    least = min(weight for _, weight in ordered if weight)
    return [ordered[bisect_left(sums, max(each * sums[-1] / 100, least))][0] for each in percentiles]


@by_row("JSON", "JSON", result="DOUBLE", total=True)
def rank_in_digest(state: Any, value: Any) -> float | None:
    """The weight of the values up to one; of all of them without one."""
    pairs = _pairs(state)
    if not pairs:
        return None
    return float(sum(weight for each, weight in pairs if value is None or _order(each) <= _order(value)))


def _pairs(state: Any) -> list[tuple[Any, Weight]] | None:
    """Values and weights of a state, None if it is none."""
    match state:
        case [[*_], [*values], [*weights]] if len(values) == len(weights):
            known = all(isinstance(weight, int | float) and weight >= 0 for weight in weights)
            return list(zip(values, weights, strict=True)) if known else None
        case _:
            return None


def _order(value: Any) -> tuple[Any, ...]:
    """A key that puts numbers first, then spans by their length, then texts, among which are moments."""
    if isinstance(value, int | float):
        return (0, value)
    span = _SPAN.fullmatch(str(value))
    if span is None:
        return (2, str(value))
    days, hours, minutes, seconds, ticks = (int(part or 0) for part in span.groups()[1:])
    length = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10_000_000 + ticks
    return (1, -length if span[1] else length)
