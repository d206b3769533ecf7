"""Series: arrays of numbers (pages: series_add, series_exp, series_fill_linear, series_stats, series_dot_product ...).

A null, or anything that is no number, is missing; arithmetic with a missing value gives null.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from hunting.vectorised.rows import by_row

Reals = npt.NDArray[np.float64]


def reals(series: Any) -> Reals | None:
    """The series as an array with NaN for what is missing; null for what is no series."""
    return np.array([_number(each) for each in series], dtype=np.float64) if isinstance(series, list) else None


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return float("nan")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def listed(values: Reals) -> list[float | None]:
    """A list with null for NaN."""
    return [None if math.isnan(each) else each for each in values.tolist()]


def finite(values: Reals | None) -> bool:
    """Whether there are values and all are numbers."""
    return values is not None and len(values) > 0 and bool(np.isfinite(values).all())


# ---------------------------------------------------------------- element by element


def _divided(left: float, right: float) -> float:
    if right:
        return left / right
    return math.copysign(math.inf, left) if left else math.nan


def _power(left: float, right: float) -> float | None:
    try:
        found = math.pow(left, right)
    except (OverflowError, ValueError):
        return math.inf if left > 1 else None
    return found


_PAIRS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": _divided,
    "pow": _power,
    "greater": operator.gt,
    "greater_equals": operator.ge,
    "less": operator.lt,
    "less_equals": operator.le,
    "equals": operator.eq,
    "not_equals": operator.ne,
}


@by_row("VARCHAR", "JSON", "JSON", result="JSON")
def series_pairwise(name: str, left: Any, right: Any) -> list[Any] | None:
    """An operation on elements in step; a number stands for all places, the shorter series is padded with null."""
    if not isinstance(left, list) and not isinstance(right, list):
        return None
    one = left if isinstance(left, list) else [left] * len(right)
    two = right if isinstance(right, list) else [right] * len(left)
    apply = _PAIRS[name]
    return [apply(a, b) if _is_number(a) and _is_number(b) else None for a, b in zip_longest(one, two)]


def _ceiling(value: float) -> float:
    return float(math.ceil(value)) if math.isfinite(value) else value


def _floor(value: float) -> float:
    return float(math.floor(value)) if math.isfinite(value) else value


def _logarithm(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf if value == 0 else math.nan


def _exponential(value: float) -> float:
    return float(np.exp(value)) if value < 709.782712893384 else math.inf


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _inside_one(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if -1 <= value <= 1 else math.nan


_SINGLES: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "sign": _sign,
    "ceiling": _ceiling,
    "floor": _floor,
    "exp": _exponential,
    "log": _logarithm,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": _inside_one(math.asin),
    "acos": _inside_one(math.acos),
    "atan": math.atan,
}


@by_row("VARCHAR", "JSON", result="JSON")
def series_elementwise(name: str, series: Any) -> list[Any] | None:
    """A function of each element; NaN where it is not defined."""
    apply = _SINGLES[name]
    return [apply(each) if _is_number(each) else None for each in series] if isinstance(series, list) else None


# ---------------------------------------------------------------- missing values


@by_row("JSON", "JSON", "JSON", result="JSON", total=True)
def series_filled(series: Any, constant: Any, placeholder: Any) -> list[Any] | None:
    """Missing values replaced by a constant."""
    return [constant if each == placeholder else each for each in series] if isinstance(series, list) else None


@by_row("JSON", "JSON", "BOOLEAN", result="JSON", total=True)
def series_filled_from(series: Any, placeholder: Any, backward: bool) -> list[Any] | None:
    """Missing values replaced by the nearest value before (or behind) them."""
    if not isinstance(series, list):
        return None
    result: list[Any] = []
    last = placeholder
    for each in reversed(series) if backward else series:
        last = last if each == placeholder else each
        result.append(last)
    return result[::-1] if backward else result


@by_row("JSON", "JSON", "BOOLEAN", "JSON", result="JSON", total=True)
def series_filled_linear(series: Any, placeholder: Any, edges: bool, constant: Any) -> list[Any] | None:
    """Missing values on the line between their neighbours; at the edges the nearest value; a series of none but missing
    values is filled with the constant. Whole numbers stay whole."""
    if not isinstance(series, list):
        return None
    known = [at for at, each in enumerate(series) if each != placeholder and _is_number(each)]
    if not known:
        return [constant] * len(series)
    whole = all(isinstance(series[at], int) for at in known)
    drawn = np.interp(range(len(series)), known, [float(series[at]) for at in known]).tolist()
    inside = range(known[0], known[-1] + 1)
    places = set(known)
    return [
        series[at] if at in places or not (edges or at in inside) else int(value) if whole else value
        for at, value in enumerate(drawn)
    ]


# ---------------------------------------------------------------- figures

_STATS = ("min", "min_idx", "max", "max_idx", "avg", "stdev", "variance", "sum", "len")


def _stats(series: Any, ignore_nonfinite: bool) -> list[Any] | None:
    """The figures of _STATS; variance is that of a sample. Without `ignore_nonfinite` a missing value makes them null."""
    values = reals(series)
    if values is None:
        return None
    places = np.flatnonzero(np.isfinite(values))
    if not len(places) or (not ignore_nonfinite and len(places) < len(values)):
        return [None] * 7 + [None, len(series)]
    kept = values[places]
    variance = float(kept.var(ddof=1)) if len(kept) > 1 else 0.0
    low, high = int(places[kept.argmin()]), int(places[kept.argmax()])
    return [
        values[low].item(),
        low,
        values[high].item(),
        high,
        kept.mean().item(),
        math.sqrt(variance),
        variance,
        kept.sum().item(),
        len(series),
    ]


@by_row("JSON", "BOOLEAN", result="JSON")
def series_figures(series: Any, ignore_nonfinite: bool) -> list[Any] | None:
    found = _stats(series, ignore_nonfinite)
    return None if found is None else found[:7]


@by_row("JSON", "BOOLEAN", result="JSON")
def series_figures_bag(series: Any, ignore_nonfinite: bool) -> dict[str, Any] | None:
    found = _stats(series, ignore_nonfinite)
    return None if found is None else dict(zip(_STATS, found, strict=True))


@by_row("JSON", result="DOUBLE")
def series_total(series: Any) -> float | None:
    """The sum; null if a value is missing."""
    values = reals(series)
    return None if values is None or np.isnan(values).any() else values.sum().item()


@by_row("JSON", result="DOUBLE")
def series_multiplied(series: Any) -> float | None:
    values = reals(series)
    return None if values is None or np.isnan(values).any() else values.prod().item()


@by_row("JSON", "JSON", result="DOUBLE")
def series_dot(left: Any, right: Any) -> float | None:
    """The sum of the products in step; a number stands for all places. Null if the lengths differ or a value is missing."""
    pair = _pair(left, right)
    return None if pair is None else float(pair[0] @ pair[1])


@by_row("JSON", "JSON", result="DOUBLE")
def series_cosine(left: Any, right: Any) -> float | None:
    """The cosine of the angle between two series."""
    pair = _pair(left, right)
    if pair is None:
        return None
    size = float(np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
    return float(pair[0] @ pair[1]) / size if size else math.nan


@by_row("JSON", "JSON", result="DOUBLE")
def series_correlation(left: Any, right: Any) -> float | None:
    """Pearson's correlation; null where a series does not vary."""
    pair = _pair(left, right)
    if pair is None or len(pair[0]) < 2:
        return None
    one, two = (each - each.mean() for each in pair)
    size = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / size if size else None


def _pair(left: Any, right: Any) -> tuple[Reals, Reals] | None:
    length = len(left) if isinstance(left, list) else len(right) if isinstance(right, list) else 0
    one, two = (reals(each if isinstance(each, list) else [each] * length) for each in (left, right))
    if one is None or two is None or len(one) != len(two) or not len(one) or np.isnan(one).any() or np.isnan(two).any():
        return None
    return one, two
