"""Filters, lines and outliers of series (pages: series_fir, series_fit_line, series_fit_2lines, series_fft, series_outliers)."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from hunting.vectorised.rows import by_row
from hunting.vectorised.series import Reals, finite, listed, reals

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
