"""Arrays (pages: array_sort_asc, array_index_of, zip, set_union ...). Anything but an array gives null unless told."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate, zip_longest
from typing import Any

from hunting.vectorised.rows import by_row, compact

MAX_ELEMENTS = 1_048_576  # of a made array, as in Kusto


@by_row("JSON", "BIGINT", "JSON", result="JSON", total=True)
def shift_array(array: Any, count: int | None, filler: Any) -> list[Any] | None:
    """Elements moved to the left (right if negative), the gap filled."""
    if not isinstance(array, list) or count is None:
        return None
    gap = [filler] * min(abs(count), len(array))
    return array[count:] + gap if count >= 0 else gap + array[: max(len(array) + count, 0)]


@by_row("JSON", "BIGINT", result="JSON")
def rotate_array(array: Any, count: int) -> list[Any] | None:
    """Elements moved to the left (right if negative), around the end."""
    if not isinstance(array, list) or not array:
        return array if isinstance(array, list) else None
    at = count % len(array)
    return array[at:] + array[:at]


@by_row("JSON", "JSON", result="JSON")
def split_array(array: Any, places: Any) -> list[Any] | None:
    """The parts between places; a negative place counts from the end."""
    if not isinstance(array, list):
        return None
    cuts = [int(at) for at in (places if isinstance(places, list) else [places]) if isinstance(at, int | float)]
    ends = [min(max(at + len(array) if at < 0 else at, 0), len(array)) for at in cuts]
    return [array[start:end] for start, end in zip([0, *ends], [*ends, len(array)], strict=True)]


@by_row("JSON", "JSON", "BIGINT", "BIGINT", "BIGINT", result="BIGINT")
def index_in_array(array: Any, value: Any, start: int, length: int, occurrence: int) -> int | None:
    """The place of the n-th equal element among `length` (-1: all) from `start` on; -1 if there is none."""
    if not isinstance(array, list) or occurrence < 1 or length < -1:
        return None
    first = max(start + len(array), 0) if start < 0 else start
    stop = len(array) if length < 0 else min(first + length, len(array))
    wanted = _identity(value)
    found = [at for at in range(first, stop) if _identity(array[at]) == wanted]
    return found[occurrence - 1] if len(found) >= occurrence else -1


@by_row("JSON", result="JSON")
def zip_arrays(arrays: list[Any]) -> list[list[Any]] | None:
    """Tuples of elements in step, the shorter arrays padded with null; what is no array stands for one element."""
    return [list(each) for each in zip_longest(*(part if isinstance(part, list) else [part] for part in arrays))]


@by_row("JSON", "JSON", "JSON", result="JSON", total=True)
def choose_elements(conditions: Any, then: Any, otherwise: Any) -> list[Any] | None:
    """One of two elements for each condition; a value that is no array stands for every place."""
    if not isinstance(conditions, list):
        return None
    return [
        None if (truth := _truth(condition)) is None else _element(then if truth else otherwise, at)
        for at, condition in enumerate(conditions)
    ]


def _truth(condition: Any) -> bool | None:
    return bool(condition) if isinstance(condition, bool | int | float) else None


def _element(values: Any, at: int) -> Any:
    return values if not isinstance(values, list) else values[at] if at < len(values) else None


# ---------------------------------------------------------------- order


@by_row("JSON", "BOOLEAN", "BOOLEAN", result="JSON")
def sort_arrays(arrays: list[Any], descending: bool, nulls_last: bool) -> list[Any]:
    """The first array sorted and the others in the same order; another that is not of its length gives null."""
    keys = arrays[0]
    if not isinstance(keys, list):
        return [None] * len(arrays)
    missing = [at for at, key in enumerate(keys) if key is None]
    present = [at for at, key in enumerate(keys) if key is not None]
    order = sorted(present, key=lambda at: _ranked(keys[at]), reverse=descending)
    order.sort(key=lambda at: _ranked(keys[at])[0])
    order = order + missing if nulls_last else missing + order
    return [[each[at] for at in order] if isinstance(each, list) and len(each) == len(keys) else None for each in arrays]


def _ranked(value: Any) -> tuple[int, Any]:
    """Numbers stand before texts before everything else, in a descending order, too."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, compact(value))


# ---------------------------------------------------------------- sets


@by_row("JSON", result="JSON")
def union_of_sets(sets: list[Any]) -> list[Any] | None:
    """All different elements, in the order of their first place."""
    return None if _no_sets(sets) else list(_distinct([each for part in sets for each in part]).values())


@by_row("JSON", result="JSON")
def intersection_of_sets(sets: list[Any]) -> list[Any] | None:
    """The different elements that all hold."""
    if _no_sets(sets):
        return None
    others = [{_identity(each) for each in part} for part in sets[1:]]
    return [each for key, each in _distinct(sets[0]).items() if all(key in other for other in others)]


@by_row("JSON", result="JSON")
def difference_of_sets(sets: list[Any]) -> list[Any] | None:
    """The different elements of the first that no other holds."""
    if _no_sets(sets):
        return None
    gone = {_identity(each) for part in sets[1:] for each in part}
    return [each for key, each in _distinct(sets[0]).items() if key not in gone]


@by_row("JSON", "JSON", result="BOOLEAN")
def equal_sets(left: Any, right: Any) -> bool | None:
    return None if _no_sets([left, right]) else set(_distinct(left)) == set(_distinct(right))


@by_row("JSON", "JSON", result="DOUBLE")
def jaccard(left: Any, right: Any) -> float | None:
    """Size of the intersection over size of the union; NaN for two empty sets."""
    if _no_sets([left, right]):
        return None
    one, two = set(_distinct(left)), set(_distinct(right))
    return len(one & two) / len(one | two) if one | two else float("nan")


def _no_sets(sets: list[Any]) -> bool:
    return not all(isinstance(part, list) for part in sets)


def _distinct(values: list[Any]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for each in values:
        result.setdefault(_identity(each), each)
    return result


def _identity(value: Any) -> Any:
    """What makes two elements equal: a number by its value, a bool is no number."""
    if isinstance(value, bool) or value is None:
        return (value,)
    return value if isinstance(value, int | float | str) else (None, compact(value))


# ---------------------------------------------------------------- made


@by_row("BIGINT", "BIGINT", "BIGINT", result="JSON")
def whole_range(start: int, stop: int, step: int) -> list[int] | None:
    """start, start + step ... up to stop."""
    return list(range(start, stop + (1 if step > 0 else -1), step)[:MAX_ELEMENTS]) if step else None


@by_row("DOUBLE", "DOUBLE", "DOUBLE", result="JSON")
def real_range(start: float, stop: float, step: float) -> list[float] | None:
    if not step or not all(abs(each) < float("inf") for each in (start, stop, step)):
        return None
    count = int(min((stop - start) / step + 1e-9, MAX_ELEMENTS - 1)) + 1 if (stop - start) / step >= 0 else 0
    return [start + at * step for at in range(count)]


@by_row("JSON", "BIGINT", result="JSON", total=True)
def repeated(value: Any, count: int | None) -> list[Any] | None:
    """The value so many times; none of a negative number."""
    return None if count is None else [value] * min(max(count, 0), MAX_ELEMENTS)


@by_row("JSON", result="JSON")
def weighted_places(weights_and_percentiles: list[Any]) -> list[int | None] | None:
    """For each percentile the place, from 1, where the running sum of the weights reaches it (nearest rank)."""
    weights, percentiles = weights_and_percentiles
    if not isinstance(weights, list):
        return None
    sums = list(accumulate(max(weight, 0) for weight in weights))
    if not sums or not sums[-1]:
        return [None] * len(percentiles)
    return [bisect_left(sums, max(percentile * sums[-1] / 100, 1)) + 1 for percentile in percentiles]
