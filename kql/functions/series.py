"""Series: arrays of numbers (pages: series_fill_linear, series_stats, series_fit_line, series_decompose_anomalies ...)."""

from __future__ import annotations

from kql.functions.registry import Function, Naming, scalar

_SAME = Naming.SAME


def _series(signature: str, call: str, example: str, help: str, **properties: object) -> Function:
    """A line whose template is the call of one vectorised function."""
    vectorised = str(properties.pop("vectorised", call.partition("(")[0]))
    return scalar(signature, call, example, help, nulls="some", vectorised=vectorised, **properties)


# ---------------------------------------------------------------- element by element
for _name, _help, _result in (
    ("add", "Sums", "[3, 5]"), ("subtract", "Differences", "[-1, -1]"), ("multiply", "Products", "[2, 6]"), ("divide", "Quotients", "[0.5, 0.6666666666666666]"), ("pow", "Powers", "[1.0, 8.0]"),
    ("greater", "Whether one is greater, for the elements", "[false, false]"), ("greater_equals", "Whether one is greater or equal, for the elements", "[false, false]"), ("less", "Whether one is less, for the elements", "[true, true]"),
    ("less_equals", "Whether one is less or equal, for the elements", "[true, true]"), ("equals", "Whether they are equal, for the elements", "[false, false]"), ("not_equals", "Whether they differ, for the elements", "[true, true]"),
):
    _series(f"series_{_name}(series1: dynamic|number, series2: dynamic|number) -> dynamic", f"series_pairwise('{_name}', to_json($series1), to_json($series2))",
            f"series_{_name}(dynamic([1, 2]), dynamic([2, 3])) -> dynamic({_result})", f"{_help} in step; a number stands for all places.")
for _name, _help, _sample, _result in (
    ("abs", "Absolute values", "[-1, 2]", "[1, 2]"), ("sign", "Signs", "[-5, 0]", "[-1, 0]"), ("ceiling", "Elements rounded up", "[1.5]", "[2.0]"), ("floor", "Elements rounded down", "[1.5]", "[1.0]"),
    ("exp", "Powers of e", "[0]", "[1.0]"), ("log", "Natural logarithms", "[1]", "[0.0]"), ("sin", "Sines", "[0]", "[0.0]"), ("cos", "Cosines", "[0]", "[1.0]"), ("tan", "Tangents", "[0]", "[0.0]"),
    ("asin", "Arc sines", "[0]", "[0.0]"), ("acos", "Arc cosines", "[1]", "[0.0]"), ("atan", "Arc tangents", "[0]", "[0.0]"),
):
    _series(f"series_{_name}(series: dynamic) -> dynamic", f"series_elementwise('{_name}', $series)", f"series_{_name}(dynamic({_sample})) -> dynamic({_result})", f"{_help}.")

# ---------------------------------------------------------------- missing values
_series("series_fill_const(series: dynamic) -> dynamic", "series_filled($series, CAST('0' AS JSON), CAST(NULL AS JSON))", "series_fill_const(dynamic([1, null])) -> dynamic([1, 0])", "Missing values replaced by 0.", naming=_SAME)
_series("series_fill_const(series: dynamic, constant: number) -> dynamic", "series_filled($series, to_json($constant), CAST(NULL AS JSON))", "series_fill_const(dynamic([1, null]), 5) -> dynamic([1, 5])", "Missing values replaced by a constant.", naming=_SAME)
_series("series_fill_const(series: dynamic, constant: number, placeholder: number) -> dynamic", "series_filled($series, to_json($constant), to_json($placeholder))", "series_fill_const(dynamic([1, -1]), 5, -1) -> dynamic([1, 5])", "A placeholder replaced by a constant.", naming=_SAME)
for _name, _flag, _result in (("forward", "FALSE", "[1, 1, 3]"), ("backward", "TRUE", "[1, 3, 3]")):
    _series(f"series_fill_{_name}(series: dynamic) -> dynamic", f"series_filled_from($series, CAST(NULL AS JSON), {_flag})", f"series_fill_{_name}(dynamic([1, null, 3])) -> dynamic({_result})", f"Missing values replaced by the nearest value, {_name}.", naming=_SAME)
    _series(f"series_fill_{_name}(series: dynamic, placeholder: number) -> dynamic", f"series_filled_from($series, to_json($placeholder), {_flag})", f"series_fill_{_name}(dynamic([1, -1, 3]), -1) -> dynamic({_result})", f"A placeholder replaced by the nearest value, {_name}.", naming=_SAME)
for _more, _values, _sample in (
    ("", "CAST(NULL AS JSON), TRUE, CAST('0.0' AS JSON)", "dynamic([1, null, 4])"), (", placeholder: number", "to_json($placeholder), TRUE, CAST('0.0' AS JSON)", "dynamic([1, -1, 4]), -1"),
    (", placeholder: number, edges: bool", "to_json($placeholder), $edges, CAST('0.0' AS JSON)", "dynamic([1, -1, 4]), -1, true"), (", placeholder: number, edges: bool, constant: number", "to_json($placeholder), $edges, to_json($constant)", "dynamic([1, -1, 4]), -1, true, 0"),
):
    _series(f"series_fill_linear(series: dynamic{_more}) -> dynamic", f"series_filled_linear($series, {_values})", f"series_fill_linear({_sample}) -> dynamic([1, 2, 4])", "Missing values on the line between their neighbours.", naming=_SAME)

# ---------------------------------------------------------------- figures
_FIGURES = "min: real, min_idx: long, max: real, max_idx: long, avg: real, stdev: real, variance: real"
for _more, _value, _flag in (("", "FALSE", ""), (", ignore_nonfinite: bool", "$ignore_nonfinite", ", true")):
    _series(f"series_stats(series: dynamic{_more}) -> dynamic", f"series_figures($series, {_value})", f"series_stats(dynamic([1, 3]){_flag})[4] -> dynamic(2.0)", "Least and largest value with their places, mean, standard deviation and variance.", columns=_FIGURES)
    _series(f"series_stats_dynamic(series: dynamic{_more}) -> dynamic", f"series_figures_bag($series, {_value})", f"series_stats_dynamic(dynamic([1, 3]){_flag}).avg -> dynamic(2.0)", "Least and largest value with their places, mean, standard deviation, variance, sum and length, in a bag.")
_series("series_sum(series: dynamic) -> real", "series_total($series)", "series_sum(dynamic([1, 2])) -> 3.0", "Sum; null if a value is missing.")
_series("series_product(series: dynamic) -> real", "series_multiplied($series)", "series_product(dynamic([2, 3])) -> 6.0", "Product; null if a value is missing.")
_series("series_magnitude(series: dynamic) -> real", "sqrt(series_dot($series, $series))", "series_magnitude(dynamic([3, 4])) -> 5.0", "Length of the vector.", vectorised="series_dot")
_series("series_dot_product(series1: dynamic|number, series2: dynamic|number) -> real", "series_dot(to_json($series1), to_json($series2))", "series_dot_product(dynamic([1, 2]), dynamic([3, 4])) -> 11.0", "Sum of the products in step.")
_series("series_cosine_similarity(series1: dynamic, series2: dynamic) -> real", "series_cosine($series1, $series2)", "series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1])) -> 0.0", "Cosine of the angle between two vectors.")
_series("series_cosine_similarity(series1: dynamic, series2: dynamic, magnitude1: real, magnitude2: real) -> real", "series_dot($series1, $series2) / ($magnitude1 * $magnitude2)", "series_cosine_similarity(dynamic([1, 0]), dynamic([0, 1]), 1.0, 1.0) -> 0.0", "Cosine of the angle between two vectors whose lengths are known.", vectorised="series_dot")
_series("series_pearson_correlation(series1: dynamic, series2: dynamic) -> real", "series_correlation($series1, $series2)", "series_pearson_correlation(dynamic([1, 2]), dynamic([2, 4])) -> 0.9999999999999998", "Pearson's correlation.")

# ---------------------------------------------------------------- filters and lines
for _more, _values, _sample in (("", "CAST(NULL AS BOOLEAN), FALSE", ""), (", normalize: bool", "$normalize, FALSE", ", true"), (", normalize: bool, center: bool", "$normalize, $center", ", true, false")):
    _series(f"series_fir(series: dynamic, filter: dynamic{_more}) -> dynamic", f"series_convolved($series, $filter, {_values})", f"series_fir(dynamic([2, 4]), dynamic([1, 1]){_sample}) -> dynamic([1.0, 3.0])", "A finite impulse response filter, such as a moving average.", naming=_SAME)
_series("series_iir(series: dynamic, numerators: dynamic, denominators: dynamic) -> dynamic", "series_recursive($series, $numerators, $denominators)", "series_iir(dynamic([1, 2]), dynamic([1]), dynamic([1, -1])) -> dynamic([1.0, 3.0])", "An infinite impulse response filter, such as a running sum.", naming=_SAME)
_LINE = "rsquare: real, slope: real, variance: real, rvariance: real, interception: real, line_fit: dynamic"
_series("series_fit_line(series: dynamic) -> dynamic", "series_line($series)", "series_fit_line(dynamic([5, 5]))[4] -> dynamic(5.0)", "The least-squares line.", columns=_LINE)
_TWO = "rsquare: real, split_idx: long, variance: real, rvariance: real, line_fit: dynamic, " + ", ".join(f"{_side}_{_figure}: real" for _side in ("right", "left") for _figure in ("rsquare", "slope", "interception", "variance", "rvariance"))
_series("series_fit_2lines(series: dynamic) -> dynamic", "series_two_lines($series)", "series_fit_2lines(dynamic([1, 2, 9, 8]))[1] -> dynamic(2)", "Two least-squares lines, split where they fit best.", columns=_TWO)


def _bag(columns: str, call: str) -> str:
    """The packed results of a call as a bag with the columns' names."""
    names = [column.partition(":")[0].strip() for column in columns.split(",")]
    pairs = ", ".join(f"'{name}', json_extract({call}, '$[{at}]')" for at, name in enumerate(names))
    return f"CASE WHEN {call} IS NOT NULL THEN json_object({pairs}) END"


_series("series_fit_line_dynamic(series: dynamic) -> dynamic", _bag(_LINE, "series_line($series)"), "series_fit_line_dynamic(dynamic([5, 5])).interception -> dynamic(5.0)", "The least-squares line, in a bag.", vectorised="series_line")
_series("series_fit_2lines_dynamic(series: dynamic) -> dynamic", _bag(_TWO, "series_two_lines($series)"), "series_fit_2lines_dynamic(dynamic([1, 2, 9, 8])).split_idx -> dynamic(2)", "Two least-squares lines, in a bag.", vectorised="series_two_lines")
for _more, _values, _sample in (("", "CAST(NULL AS JSON), 1", ""), (", x: dynamic", "$x, 1", ", dynamic([1, 2, 3])"), (", x: dynamic, degree: long", "$x, $degree", ", dynamic([1, 2, 3]), 1")):
    _series(f"series_fit_poly(series: dynamic{_more}) -> dynamic", f"series_polynomial($series, {_values})", f"array_length(series_fit_poly(dynamic([1, 2, 3]){_sample})[1]) -> 2", "A least-squares polynomial.", columns="rsquare: real, coefficients: dynamic, variance: real, rvariance: real, poly_fit: dynamic")
for _name, _flag, _result in (("fft", "FALSE", "[3.0, -1.0]"), ("ifft", "TRUE", "[1.5, -0.5]")):
    for _more, _value, _sample in (("", "CAST(NULL AS JSON)", ""), (", imaginary: dynamic", "$imaginary", ", dynamic([0, 0])")):
        _series(f"series_{_name}(series: dynamic{_more}) -> dynamic", f"series_transformed($series, {_value}, {_flag})", f"series_{_name}(dynamic([1, 2]){_sample})[0] -> dynamic({_result})", "The fast Fourier transform, or its inverse: real and imaginary parts.", columns="real: dynamic, imag: dynamic")

# ---------------------------------------------------------------- outliers, periods, decomposition
for _more, _values, _sample in (
    ("", "'ctukey', CAST(NULL AS DOUBLE), 10e0, 90e0", ""), (", kind: string", "$kind, CAST(NULL AS DOUBLE), 10e0, 90e0", ", 'ctukey'"), (", kind: string, ignored: real", "$kind, $ignored, 10e0, 90e0", ", 'ctukey', -1.0"),
    (", kind: string, ignored: real, min_percentile: real", "$kind, $ignored, $min_percentile, 90e0", ", 'ctukey', -1.0, 10.0"), (", kind: string, ignored: real, min_percentile: real, max_percentile: real", "$kind, $ignored, $min_percentile, $max_percentile", ", 'ctukey', -1.0, 10.0, 90.0"),
):
    _series(f"series_outliers(series: dynamic{_more}) -> dynamic", f"series_outlier_scores($series, {_values})", f"series_outliers(dynamic([1, 2, 1, 2]){_sample}) -> dynamic([0.0, 0.0, 0.0, 0.0])", "How far each value is beyond Tukey's fences; beyond 1.5 it is a mild outlier.", naming=_SAME)
_PERIODS = "periods: dynamic, scores: dynamic"
_series("series_periods_detect(series: dynamic, min_period: real, max_period: real, num_periods: long) -> dynamic", "series_periods($series, $min_period, $max_period, $num_periods)", "series_periods_detect(dynamic([1, 2, 3, 4]), 0.0, 9.0, 1)[0] -> dynamic([0.0])", "The most significant periods with scores between 0 and 1.", columns=_PERIODS)
_series("series_periods_validate(series: dynamic, periods+: real) -> dynamic", "series_period_scores($series, json_array($periods))", "series_periods_validate(dynamic([1, 2, 3, 4]), 2.0)[1] -> dynamic([0.0])", "The scores of given periods.", columns=_PERIODS)
for _more, _values, _sample in (("", "-1, 0", ""), (", period: long", "$period, 0", ", -1"), (", period: long, test_points: long", "$period, $test_points", ", -1, 0")):
    _series(f"series_seasonal(series: dynamic{_more}) -> dynamic", f"series_season($series, {_values})", f"series_seasonal(dynamic([1, 2]){_sample}) -> dynamic([0.0, 0.0])", "The seasonal component: the median of each phase.")


def _defaults(name: str, call: str, parameters: tuple[tuple[str, str, str], ...], columns: str, sample: str, help: str) -> None:
    """A line for each number of optional parameters: (name: type, default's SQL, its KQL)."""
    for used in range(len(parameters) + 1):
        declared = "".join(f", {parameter}" for parameter, _, _ in parameters[:used])
        values = {parameter.partition(":")[0]: f"${parameter.partition(':')[0]}" if at < used else default for at, (parameter, default, _) in enumerate(parameters)}
        words = "".join(f", {kql}" for _, _, kql in parameters[:used])
        _series(f"{name}(series: dynamic{declared}) -> dynamic", call.format(**values), sample.format(words), help, columns=columns)


_SEASON = ("seasonality: long", "-1", "-1"), ("trend: string", "'avg'", "'avg'"), ("test_points: long", "0", "0")
_THRESHOLD = ("seasonality_threshold: real", "0.6e0", "0.6")
_PARTS = "baseline: dynamic, seasonal: dynamic, trend: dynamic, residual: dynamic"
_defaults("series_decompose", "series_components($series, {seasonality}, {trend}, {test_points}, {seasonality_threshold})", (*_SEASON, _THRESHOLD), _PARTS,
          "series_decompose(dynamic([1, 3]){})[3] -> dynamic([-1.0, 1.0])", "Baseline, seasonal component, trend and residual.")
_defaults("series_decompose_forecast", "series_components($series, {seasonality}, {trend}, {points}, {seasonality_threshold})", (("points: long", "0", "0"), *_SEASON[:2], _THRESHOLD), _PARTS,
          "series_decompose_forecast(dynamic([1, 3]){})[0] -> dynamic([2.0, 2.0])", "The baseline, learned without the last points, which are so forecast; and its parts.")
_defaults("series_decompose_anomalies", "series_anomalies($series, {threshold}, {seasonality}, {trend}, {test_points}, {method}, {seasonality_threshold})",
          (("threshold: real", "1.5e0", "1.5"), *_SEASON, ("method: string", "'ctukey'", "'ctukey'"), _THRESHOLD), "ad_flag: dynamic, ad_score: dynamic, baseline: dynamic",
          "series_decompose_anomalies(dynamic([1, 3]){})[0] -> dynamic([0, 0])", "Flags of anomalies (1 up, -1 down), their scores, and the baseline.")
