"""Periods and decomposition of series (pages: series_periods_detect, series_seasonal, series_decompose and its kin).

Microsoft names the method (autocorrelation) and not the formula of a period's score. Here it is the autocorrelation at the
period or at twice the period, whichever is less: what repeats once only is no period. The page's example comes out alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hunting.vectorised.fitting import outlier_scores, straight
from hunting.vectorised.rows import by_row
from hunting.vectorised.series import Reals, finite, reals

MIN_POINTS = 4  # in a period
THRESHOLD = 0.6


def _autocorrelation(values: Reals) -> Reals:
    """The autocorrelation at every lag, each lag weighed by the pairs that it has; clipped to 1."""
    centred = values - values.mean()
    size = 2 * len(values)
    power = np.fft.rfft(centred, size)
    raw = np.fft.irfft(power * power.conj(), size)[: len(values)]
    pairs = np.arange(len(values), 0, -1)
    variance = float(centred @ centred) / len(values)
    return np.clip(raw / pairs / variance, -1, 1) if variance > 1e-12 else np.zeros(len(values))


def _scores(values: Reals) -> Reals:
    """A score between 0 and 1 for each period up to half of the series; 0 where it is no peak of the autocorrelation."""
    found = _autocorrelation(values)
    scores = np.zeros(len(values) // 2 + 1)
    for period in range(MIN_POINTS, len(scores)):
        if 2 * period < len(values) and found[period] >= max(found[period - 1], found[period + 1]):
            scores[period] = max(min(found[period], found[2 * period]), 0.0)
    return scores


def detected(values: Reals, low: float, high: float, count: int, least: float = 0.0) -> list[tuple[int, float]]:
    """The best periods with their scores, best first; a multiple of a better one is none."""
    if not finite(values):
        return []
    scores = _scores(values)
    fitting = [period for period in range(MIN_POINTS, len(scores)) if low <= period <= high and scores[period] > least]
    chosen: list[int] = []
    for period in sorted(fitting, key=lambda each: (-round(float(scores[each]), 9), each)):
        if not any(max(period, each) % min(period, each) == 0 for each in chosen):
            chosen.append(period)
    return [(period, float(scores[period])) for period in _prominent(chosen, scores)[:count]]


def _prominent(periods: list[int], scores: Reals) -> list[int]:
    """Periods with at least a third of the best one's score: the rest is noise."""
    return [period for period in periods if scores[period] >= scores[periods[0]] / 3]


@by_row("JSON", "DOUBLE", "DOUBLE", "BIGINT", result="JSON")
def series_periods(series: Any, low: float, high: float, count: int) -> list[Any] | None:
    """The most significant periods and their scores, both padded with 0."""
    values = reals(series)
    if values is None or count < 1:
        return None
    found = detected(values, low, high, count) if finite(values) else []
    padded = [*found, *[(0, 0.0)] * (min(count, 100) - len(found))]
    return [[float(period) for period, _ in padded], [score for _, score in padded]]


@by_row("JSON", "JSON", result="JSON")
def series_period_scores(series: Any, periods: Any) -> list[Any] | None:
    """The score of each given period."""
    values = reals(series)
    if values is None or not finite(values) or None in periods:
        return None
    scores = _scores(values)
    wanted = [float(period) for period in periods]
    return [wanted, [float(scores[int(period)]) if 0 <= period < len(scores) else 0.0 for period in wanted]]


def _period(values: Reals, period: int, least: float) -> int:
    """The period as given, or (-1) the best one that is there; 0 if there is none."""
    if period >= 0:
        return period
    found = detected(values, MIN_POINTS, len(values) / 2, 1, least)
    return found[0][0] if found else 0


def _seasonal(values: Reals, learned: int, period: int) -> Reals:
    """The median of each phase of the first `learned` points, repeated."""
    if not 0 < period <= learned:
        return np.zeros(len(values))
    phases = np.array([np.median(values[phase:learned:period]) for phase in range(period)])
    return phases[np.arange(len(values)) % period]


@by_row("JSON", "BIGINT", "BIGINT", result="JSON")
def series_season(series: Any, period: int, test_points: int) -> list[Any] | None:
    """The seasonal component: the median of each phase; zeros without a period."""
    values = reals(series)
    if values is None or not finite(values):
        return None
    learned = max(len(values) - max(test_points, 0), 1)
    found: list[float] = _seasonal(values, learned, _period(values[:learned], period, THRESHOLD)).tolist()
    return found


def _trend(values: Reals, learned: int, kind: str) -> Reals:
    if kind == "linefit" and learned > 1:
        slope, start = straight(values[:learned])
        return np.asarray(start + slope * np.arange(len(values)))
    return np.full(len(values), values[:learned].mean() if kind != "none" else 0.0)


def _decomposed(series: Any, period: int, trend: str, test_points: int, threshold: float) -> list[Reals] | None:
    """Baseline, seasonal, trend, residual. Missing values are bridged for the learning, their residual is 0."""
    values = reals(series)
    if values is None or not len(values) or not np.isfinite(values).any() or trend not in ("avg", "linefit", "none"):
        return None
    known = np.isfinite(values)
    bridged = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
    learned = max(len(values) - max(test_points, 0), 1)
    seasonal = _seasonal(bridged, learned, _period(bridged[:learned], period, threshold))
    trended = _trend(bridged - seasonal, learned, trend)
    return [seasonal + trended, seasonal, trended, np.where(known, values - seasonal - trended, 0.0)]


@by_row("JSON", "BIGINT", "VARCHAR", "BIGINT", "DOUBLE", result="JSON")
def series_components(series: Any, period: int, trend: str, test_points: int, threshold: float) -> list[Any] | None:
    """Baseline, seasonal, trend and residual."""
    found = _decomposed(series, period, trend, test_points, threshold)
    return None if found is None else [part.tolist() for part in found]


@by_row("JSON", "DOUBLE", "BIGINT", "VARCHAR", "BIGINT", "VARCHAR", "DOUBLE", result="JSON")
def series_anomalies(
    series: Any, threshold: float, period: int, trend: str, test_points: int, method: str, seasonal_threshold: float
) -> list[Any] | None:
    """Flags (1 up, -1 down, 0), scores of the residuals and the baseline."""
    found = _decomposed(series, period, trend, test_points, seasonal_threshold)
    if found is None or method not in ("ctukey", "tukey"):
        return None
    baseline, _, _, residual = found
    # Rounding leaves residuals of a perfect fit that are no anomalies.
    residual = np.where(np.abs(residual) < 1e-9 * max(1.0, float(np.abs(baseline).max())), 0.0, residual)
    scores = outlier_scores(residual, *((25.0, 75.0) if method == "tukey" else (10.0, 90.0)))
    flags = np.where(scores > threshold, 1, np.where(scores < -threshold, -1, 0))
    return [flags.tolist(), scores.tolist(), baseline.tolist()]
