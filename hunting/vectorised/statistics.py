"""Distributions and the error function of one row's values."""

from __future__ import annotations

import math
from dataclasses import replace

from hunting.vectorised.rows import FUNCTIONS, by_row

_THREE = ("DOUBLE", "DOUBLE", "DOUBLE")


@by_row("DOUBLE", result="DOUBLE")
def erf(number: float) -> float:
    return math.erf(number)


@by_row("DOUBLE", result="DOUBLE")
def erfc(number: float) -> float:
    return math.erfc(number)


@by_row(*_THREE, result="DOUBLE")
def beta_cdf(x: float, alpha: float, beta: float) -> float | None:
    """Cumulative probability; null if x is no probability, NaN if alpha or beta is not positive."""
    from scipy.special import betainc

    if not 0 <= x <= 1:
        return None
    return float(betainc(alpha, beta, x)) if alpha > 0 and beta > 0 else math.nan


@by_row(*_THREE, result="DOUBLE")
def beta_inv(probability: float, alpha: float, beta: float) -> float | None:
    """Quantile; null if the probability is none, NaN if alpha or beta is not positive."""
    from scipy.special import betaincinv

    if not 0 <= probability <= 1:
        return None
    return float(betaincinv(alpha, beta, probability)) if alpha > 0 and beta > 0 else math.nan


@by_row(*_THREE, result="DOUBLE")
def beta_pdf(x: float, alpha: float, beta: float) -> float:
    """Density; NaN if x is no probability, or alpha or beta is not positive."""
    from scipy.stats import beta as distribution

    return float(distribution.pdf(x, alpha, beta)) if 0 <= x <= 1 and alpha > 0 and beta > 0 else math.nan


@by_row(*["DOUBLE"] * 6, result="DOUBLE")
def welch_test(mean1: float, variance1: float, count1: float, mean2: float, variance2: float, count2: float) -> float:
    """Two-sided p-value that two samples have the same mean."""
    from scipy.stats import ttest_ind_from_stats

    if min(variance1, variance2) < 0 or min(count1, count2) < 1:
        return math.nan
    found = ttest_ind_from_stats(mean1, math.sqrt(variance1), count1, mean2, math.sqrt(variance2), count2, equal_var=False)
    return float(found.pvalue)


for _name in ("beta_cdf", "beta_inv", "beta_pdf", "welch_test"):
    FUNCTIONS[_name] = replace(FUNCTIONS[_name], package="scipy")
