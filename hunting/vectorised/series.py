"""Series: arrays of numbers (pages: series_fill_linear, series_stats, series_fit_line, series_outliers, series_fir ...).

A null, or anything that is no number, is missing; arithmetic with a missing value gives null.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from itertools import zip_longest
from statistics import NormalDist
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


# ---------------------------------------------------------------- filters


@by_row("JSON", "JSON", "BOOLEAN", "BOOLEAN", result="JSON", total=True)
def series_convolved(series: Any, taps: Any, normalize: bool | None, center: bool) -> list[Any] | None:
    """A finite impulse response filter: each value the weighted sum of those before it, the first tap on the newest.

    `normalize`: the taps sum to 1 (by default if none is negative); `center`: half of the taps look ahead.
    """
    values, weights = reals(series), reals(taps)
    if values is None or weights is None or not len(values) or not len(weights) or not finite(weights):
        return None
    total = float(weights.sum())
    if (normalize is None and bool((weights >= 0).all()) and total) or (normalize and total):
        weights = weights / total
    shift = (len(weights) - 1) // 2 if center else 0
    return listed(np.convolve(np.nan_to_num(values), weights)[shift : shift + len(values)])


@by_row("JSON", "JSON", "JSON", result="JSON")
def series_recursive(series: Any, numerators: Any, denominators: Any) -> list[Any] | None:
    """An infinite impulse response filter: y[i] = (sum b*x - sum a*y before it) / a[0]."""
    values, forward, back = (reals(each) for each in (series, numerators, denominators))
    if values is None or forward is None or back is None or not len(values):
        return None
    if not finite(forward) or not finite(back) or not back[0]:
        return None
    fed = np.convolve(np.nan_to_num(values), forward)[: len(values)]
    result = np.zeros(len(values))
    for at in range(len(values)):
        past = result[max(at - len(back) + 1, 0) : at][::-1]
        result[at] = (fed[at] - float(back[1 : len(past) + 1] @ past)) / back[0]
    return listed(result)


# ---------------------------------------------------------------- lines


def straight(values: Reals) -> tuple[float, float]:
    """Slope and start of the least-squares line."""
    places = np.arange(len(values)) - (len(values) - 1) / 2
    across = float(places @ places)
    slope = float(places @ (values - values.mean())) / across if across else 0.0
    return slope, float(values.mean()) - slope * (len(values) - 1) / 2


def _line(values: Reals) -> tuple[list[float], Reals]:
    """r-square, slope, variance, residual variance, interception; and the line's values."""
    slope, start = straight(values)
    drawn: Reals = start + slope * np.arange(len(values), dtype=np.float64)
    variance, rest = (float(each.var(ddof=1)) if len(values) > 1 else 0.0 for each in (values, values - drawn))
    return [1 - rest / variance if variance else 1.0, slope, variance, rest, start], drawn


@by_row("JSON", result="JSON")
def series_line(series: Any) -> list[Any] | None:
    """The least-squares line: r-square, slope, variance, residual variance, interception, its values."""
    values = reals(series)
    if values is None or not finite(values):
        return None
    figures, drawn = _line(values)
    return [*figures, listed(drawn)]


@by_row("JSON", result="JSON")
def series_two_lines(series: Any) -> list[Any] | None:
    """Two least-squares lines, split where they fit best: r-square, place of the split, variance, residual variance, the
    lines' values; then r-square, slope, interception, variance and residual variance of the right and of the left line."""
    values = reals(series)
    if values is None or not finite(values) or len(values) < 4:
        return None
    fits = ((split, _line(values[:split]), _line(values[split:])) for split in range(2, len(values) - 1))
    split, left, right = min(fits, key=lambda fit: float(((values - np.concatenate((fit[1][1], fit[2][1]))) ** 2).sum()))
    drawn = np.concatenate((left[1], right[1]))
    variance, rest = float(values.var(ddof=1)), float((values - drawn).var(ddof=1))
    sides = [[side[0][at] for at in (0, 1, 4, 2, 3)] for side in (right, left)]
    return [1 - rest / variance if variance else 1.0, split, variance, rest, listed(drawn), *sides[0], *sides[1]]


@by_row("JSON", "JSON", "BIGINT", result="JSON", total=True)
def series_polynomial(series: Any, places: Any, degree: int | None) -> list[Any] | None:
    """A least-squares polynomial: r-square, coefficients (constant first), variance, residual variance, its values."""
    values, at = reals(series), reals(places)
    if values is None or degree is None or not finite(values) or not 1 <= degree <= len(values) - 1:
        return None
    at = np.arange(len(values), dtype=np.float64) if at is None else at
    if len(at) != len(values) or not finite(at):
        return None
    fitted = np.polynomial.Polynomial.fit(at, values, degree).convert()
    drawn = fitted(at)
    variance, rest = float(values.var(ddof=1)), float((values - drawn).var(ddof=1))
    return [1 - rest / variance if variance else 1.0, listed(np.asarray(fitted.coef, np.float64)), variance, rest, listed(drawn)]


@by_row("JSON", "JSON", "BOOLEAN", result="JSON", total=True)
def series_transformed(real: Any, imaginary: Any, inverse: bool) -> list[Any] | None:
    """The fast Fourier transform: the real and the imaginary part."""
    one, two = reals(real), reals(imaginary)
    if one is None or not finite(one) or (two is not None and (len(two) != len(one) or not finite(two))):
        return None
    values = one if two is None else one + 1j * two
    found = np.fft.ifft(values) if inverse else np.fft.fft(values)
    return [listed(found.real), listed(found.imag)]


# ---------------------------------------------------------------- outliers

# The score of a point 1.5 quartile ranges outside is 1.5 whatever the percentiles, were the values normally distributed;
# for 10 and 90 Kusto uses this factor, which differs from the exact one by 2 %.
_FACTORS = {(25.0, 75.0): 1.0, (10.0, 90.0): 2.772605605507915}


def outlier_scores(values: Reals, low: float, high: float) -> Reals:
    """Tukey's test: how many quantile ranges outside of the range, negative below, 0 inside and where missing."""
    known = values[np.isfinite(values)]
    scores = np.zeros(len(values))
    if not len(known):
        return scores
    bottom, top = np.percentile(known, [low, high]).tolist()
    above, below = values > top, values < bottom
    with np.errstate(divide="ignore"):  # a point outside of no range at all is infinitely far
        scores[above] = (values[above] - top) / (top - bottom) * _factor(low, high)
        scores[below] = (values[below] - bottom) / (top - bottom) * _factor(low, high)
    return scores


def _factor(low: float, high: float) -> float:
    if (low, high) in _FACTORS:
        return _FACTORS[low, high]
    normal = NormalDist()
    fence = 4 * normal.inv_cdf(0.75)
    top, bottom = normal.inv_cdf(high / 100), normal.inv_cdf(low / 100)
    return 1.5 * (top - bottom) / (fence - top)


@by_row("JSON", "VARCHAR", "DOUBLE", "DOUBLE", "DOUBLE", result="JSON", total=True)
def series_outlier_scores(
    series: Any, kind: str, ignored: float | None, low: float | None, high: float | None
) -> list[Any] | None:
    """Scores of possible anomalies: beyond 1.5 or -1.5 is a mild one."""
    values = reals(series)
    if values is None or low is None or high is None or kind not in ("tukey", "ctukey") or not 2 <= low < high <= 98:
        return None
    if ignored is not None:
        values[values == ignored] = np.nan
    scores: list[float] = outlier_scores(values, *((25.0, 75.0) if kind == "tukey" else (low, high))).tolist()
    return scores
