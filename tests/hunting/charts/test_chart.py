"""What is drawn where, from the query's `render` on; hostile names stay text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from charts_cases import DAYS, EVERY_KIND, HOSTILE, run

from hunting.charts import Chart, chart_of, vega_lite
from hunting.charts.chart import DRAWN
from hunting.errors import HuntingError
from kql.errors import KqlSemanticError
from kql.syntax.rows import VISUALIZATIONS


def drawn(text: str) -> Chart:
    return chart_of(run(text))


def points(text: str) -> list[tuple[str, float | None, str]]:
    return [(point.label, point.y, point.series) for point in drawn(text).points]


def test_every_kind_has_a_case_and_is_one_of_the_languages() -> None:
    assert set(EVERY_KIND) == set(DRAWN) and set(DRAWN) < set(VISUALIZATIONS)


def test_the_chart_and_its_properties_do_not_collide() -> None:
    asked = run(f"{DAYS} | render columnchart with (kind=stacked, title='x')").visualization
    assert asked == {"visualization": "columnchart", "kind": "stacked", "title": "x"}


def test_an_unknown_chart_is_refused_where_it_stands() -> None:
    with pytest.raises(KqlSemanticError, match=r"no visualization 'pichart'\. \(line 1, column 20\) Did you mean 'piechart'"):
        run("print 123 | render pichart")


def test_columns_find_their_places() -> None:
    assert points(f"{DAYS} | render timechart") == [("2026-11-01", 5, "a"), ("2026-11-01", 2, "b"), ("2026-11-02", 9, "a")]
    assert points(f"{DAYS} | project N, Day | render timechart")[0] == ("2026-11-01", 5, ""), "the datetime, wherever it stands"
    both = points(f"{DAYS} | take 1 | extend M = N * 2 | render columnchart")
    assert both == [("2026-11-01", 5, "a: N"), ("2026-11-01", 10, "a: M")]


def test_columns_can_be_named() -> None:
    asked = "render columnchart with (xcolumn=Kind, ycolumns=M, N, series=Day)"
    assert points(f"{DAYS} | take 1 | extend M = N * 2 | {asked}") == [("a", 10, "2026-11-01: M"), ("a", 5, "2026-11-01: N")]


def test_nulls_and_what_is_not_finite_are_gaps() -> None:
    found = points("datatable(K:string, N:real)['a', real(null), 'b', real(nan), '', 1] | render columnchart")
    assert found == [("a", None, ""), ("b", None, ""), ("(empty)", 1, "")]


def test_timespans_are_seconds() -> None:
    chart = drawn("datatable(K:string, Delay:timespan)['a', 90m] | render columnchart")
    assert (chart.points[0].y, chart.y_title) == (5400, "Delay (seconds)")


def test_series_of_make_series_are_unrolled() -> None:
    made = (
        f"{DAYS} | make-series Total = sum(N) default=0 on Day from datetime(2026-11-01) to datetime(2026-11-04) step 1d by Kind"
    )
    assert sorted(points(f"{made} | render timechart")) == [
        ("2026-11-01", 2, "b"),
        ("2026-11-01", 5, "a"),
        ("2026-11-02", 0, "b"),
        ("2026-11-02", 9, "a"),
        ("2026-11-03", 0, "a"),
        ("2026-11-03", 0, "b"),
    ]


def test_anomalies_are_marked() -> None:
    made = "print T=dynamic(['2026-11-01','2026-11-02']), N=dynamic([1,50]), F=dynamic([0,1])"
    chart = drawn(f"{made} | render anomalychart with (anomalycolumns=F)")
    assert [(point.y, point.anomaly) for point in chart.points] == [(1, False), (50, True)]


def test_running_sums() -> None:
    found = points(f"{DAYS} | render timechart with (accumulate=true)")
    assert found == [("2026-11-01", 5, "a"), ("2026-11-01", 2, "b"), ("2026-11-02", 14, "a")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print 1", "asks for no chart"),
        ("print 1 | render table", "asks for no chart"),
        ("print 1 | render plotly", "'plotly' is not drawn"),
        ("print 1 | where false | render columnchart", "no rows"),
        ("print a = 'x' | render columnchart", "no number"),
        ("print a = 'x', n = 1 | render timechart", "needs a datetime column"),
        ("print a = now() | render ladderchart", "two datetime columns"),
        ("print a = 'x', n = 1 | render columnchart with (xcolumn=A)", "'A', which the result does not have. Did you mean 'a'"),
        ("print a = 'x', n = 1 | render columnchart with (ycolumns=a)", "it is string, not a number"),
        ("print a = 'x', n = 1 | render columnchart with (ymax=much)", "ymax must be a number, found 'much'"),
        ("range n from 1 to 50001 step 1 | render linechart", "50,001 points are too many"),
    ],
)
def test_what_cannot_be_drawn_is_told(text: str, message: str) -> None:
    with pytest.raises(HuntingError) as caught:
        vega_lite(run(text))
    assert message in str(caught.value)


# ---------------------------------------------------------------- the spec


def marks(spec: Any) -> list[str]:
    """All marks of a spec, wherever they stand."""
    own = [spec["mark"]["type"]] if "mark" in spec else []
    return own + [mark for layer in spec.get("layer", []) for mark in marks(layer)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("anomalychart", ["line", "point"]),
        ("areachart", ["area"]),
        ("barchart", ["bar"]),
        ("card", ["text", "text"]),
        ("columnchart", ["bar"]),
        ("ladderchart", ["bar"]),
        ("linechart", ["line"]),
        ("piechart", ["arc"]),
        ("pivotchart", ["bar"]),
        ("scatterchart", ["point"]),
        ("stackedareachart", ["area"]),
        ("timechart", ["line"]),
        ("timepivot", ["tick"]),
        ("treemap", ["rect", "text", "text"]),
    ],
)
def test_marks(kind: str, expected: list[str]) -> None:
    spec = vega_lite(run(EVERY_KIND[kind]))
    assert marks(spec) == expected
    assert json.loads(json.dumps(spec)) == spec and spec["data"]["values"]


def test_bars_stand_or_lie_side_by_side_or_stacked() -> None:
    standing = vega_lite(run(f"{DAYS} | render columnchart"))["encoding"]
    assert standing["y"]["field"] == "y" and standing["xOffset"]["field"] == "series" and standing["y"]["stack"] is None
    stacked = vega_lite(run(f"{DAYS} | render columnchart with (kind=stacked)"))["encoding"]
    assert stacked["y"]["stack"] == "zero" and "xOffset" not in stacked
    assert vega_lite(run(f"{DAYS} | render barchart with (kind=stacked100)"))["encoding"]["x"]["stack"] == "normalize"


def test_moments_are_utc() -> None:
    spec = vega_lite(run(f"{DAYS} | render timechart"))
    assert spec["encoding"]["x"]["scale"]["type"] == "utc" and spec["data"]["values"][0]["x"] == "2026-11-01T00:00:00Z"


def test_titles_axes_bounds_and_legend() -> None:
    asked = "with (title='T', xtitle='X', ytitle='Y', yaxis=log, ymin=1, ymax=10, legend=hidden)"
    spec = vega_lite(run(f"{DAYS} | render timechart {asked}"))
    encoding = spec["encoding"]
    assert (spec["title"], encoding["x"]["title"], encoding["y"]["title"]) == ("T", "X", "Y")
    assert encoding["y"]["scale"] == {"type": "symlog", "domainMin": 1, "domainMax": 10} and encoding["color"]["legend"] is None


def test_panels() -> None:
    spec = vega_lite(run(f"{DAYS} | render timechart with (ysplit=panels)"))
    assert spec["encoding"]["row"]["field"] == "series" and spec["resolve"]["scale"]["y"] == "independent"


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_texts_never_become_fields_or_expressions(name: str) -> None:
    quoted = json.dumps(name)
    text = f"print K = {quoted}, N = 1 | project-rename [{quoted}] = K | render columnchart with (title={quoted})"
    spec = vega_lite(run(text))
    fields = [channel["field"] for channel in spec["encoding"].values() if isinstance(channel, dict)]
    assert set(fields) <= {"x", "y", "series", "label"}
    written = json.dumps({**spec, "data": None}, ensure_ascii=False)
    assert all(c.isprintable() for c in written) and len(written) < 4000
    assert "transform" not in spec and "params" not in spec
    assert all(each["title"] not in ("image", "title") for each in spec["encoding"]["tooltip"]), (
        "a tooltip loads what stands under `image`"
    )


def test_tiles_are_as_large_as_their_numbers() -> None:
    spec = vega_lite(run("datatable(K:string, N:long)['a', 60, 'b', 30, 'c', 10] | render treemap"))
    area = {v["label"]: (v["x1"] - v["x0"]) * (v["y1"] - v["y0"]) for v in spec["data"]["values"]}
    whole = spec["width"] * spec["height"]
    assert {name: round(size / whole, 6) for name, size in area.items()} == {"a": 0.6, "b": 0.3, "c": 0.1}


def test_bars_stand_in_order_of_time_and_groups_together() -> None:
    rows = "datetime(2026-11-02),'a',1, datetime(2026-11-01),'b',2, datetime(2026-11-02),'b',3"
    points = chart_of(run(f"datatable(D:datetime, K:string, N:long)[{rows}] | render columnchart")).points
    assert [(point.label, point.series) for point in points] == [("2026-11-01", "b"), ("2026-11-02", "a"), ("2026-11-02", "b")]
    names = chart_of(run("datatable(K:string, N:long)['b', 1, 'a', 2] | render columnchart")).points
    assert [point.label for point in names] == ["b", "a"], "texts stay as they come"


def test_shares_come_from_the_largest_on() -> None:
    points = chart_of(run("datatable(K:string, N:long)['a', 1, 'b', 3, 'c', 2] | render piechart")).points
    assert [point.label for point in points] == ["b", "c", "a"]


def test_a_stack_has_no_gaps() -> None:
    points = chart_of(run(f"{DAYS} | render stackedareachart")).points
    assert [(point.label, point.series, point.y) for point in points if point.series == "b"] == [
        ("2026-11-01", "b", 2.0),
        ("2026-11-02", "b", 0.0),
    ]


def test_figures_of_a_card_are_readable() -> None:
    chart = chart_of(run("print Mails = 1234567, Share = 0.5, Sure = true, Took = 1h | render card"))
    assert chart.card == (("Mails", "1,234,567"), ("Share", "0.5"), ("Sure", "true"), ("Took", "01:00:00"))
