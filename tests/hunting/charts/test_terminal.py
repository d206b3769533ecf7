"""Charts as text: what can be read from them, and that they fit."""

from __future__ import annotations

import re

import pytest
from charts_cases import DAYS, EVERY_KIND, HOSTILE, run
from rich.cells import cell_len

from hunting.charts import draw

ESCAPES = re.compile(r"\x1b\[\d+m")


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("width", [40, 100])
@pytest.mark.parametrize("colour", [True, False])
def test_every_kind_fits(kind: str, width: int, colour: bool) -> None:
    shown = draw(run(EVERY_KIND[kind]), width, 12, colour)
    assert ("\x1b" in shown) == (colour and kind not in ("timepivot", "ladderchart"))
    lines = ESCAPES.sub("", shown).splitlines()
    assert all(cell_len(line) <= width and line.replace("\t", " ").isprintable() for line in lines) and len(lines) > 1


def test_bars_are_as_long_as_their_numbers() -> None:
    shown = draw(run("datatable(K:string, N:long)['one', 80, 'half', 40, 'none', 0, 'little', 1] | render barchart"), 60)
    one, half, none, little = shown.splitlines()
    assert (one.startswith("one    █"), one.endswith(" 80"), half.endswith(" 40")) == (True, True, True)
    assert one.count("█") == pytest.approx(2 * half.count("█"), abs=1)
    assert none.split() == ["none", "0"] and little.split()[1] in "▏▎▍▌▋▊▉"


def test_groups_are_named_once() -> None:
    shown = draw(run(f"{DAYS} | render columnchart with (title='Mails')"), 60).splitlines()
    assert shown[0] == "Mails" and [line[:13] for line in shown[1:]] == ["2026-11-01  a", "            b", "2026-11-02  a"]


def test_shares_of_a_pie() -> None:
    shown = draw(run("datatable(K:string, N:long)['a', 3, 'b', 1] | render piechart"), 60)
    assert re.findall(r"\d+\.\d%", shown) == ["75.0%", "25.0%"]


def test_a_rising_line_rises() -> None:
    shown = draw(run("range N from 0 to 100 step 1 | extend M = N | render linechart with (xcolumn=N, ycolumns=M)"), 60, 11)
    plot = [line.partition("┤")[2] or line.partition("│")[2] for line in shown.splitlines() if "┤" in line or "│" in line]
    starts = [len(line) - len(line.lstrip()) for line in plot]
    assert len(plot) == 11 and starts == sorted(starts, reverse=True) and starts[0] > 40 and starts[-1] == 0
    assert shown.splitlines()[1].strip().startswith("100 ┤") and "\n  0 ┤" in shown


def test_lines_are_told_apart_without_colour() -> None:
    shown = draw(run(f"{DAYS} | render timechart"), 60, 10)
    assert shown.splitlines()[-1] == "a a   b b" and "2026" not in shown.splitlines()[0]
    painted = draw(run(f"{DAYS} | render timechart"), 60, 10, colour=True)
    assert "\x1b[36m━━\x1b[0m a" in painted and "\x1b[33m━━\x1b[0m b" in painted


def test_many_bars_and_series_are_cut_and_counted() -> None:
    assert draw(run("range N from 1 to 50 step 1 | project K = tostring(N), N | render columnchart")).endswith("… 10 more\n")
    many = "range N from 1 to 20 step 1 | project T = datetime(2026-11-01) + N * 1h, K = tostring(N), N | render timechart"
    assert "… 8 more series" in draw(run(many))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_do_nothing(name: str) -> None:
    quoted = '"' + name.replace("\\", "\\\\").replace("\x1b", "\\x1b") + '"'
    for kind in ("columnchart", "card", "piechart"):
        shown = draw(run(f"print K = {quoted}, N = 1 | render {kind} with (title={quoted})"), 80)
        assert all(c.isprintable() or c == "\n" for c in shown) and all(cell_len(line) <= 200 for line in shown.splitlines())


def test_one_point_and_equal_values_have_an_axis() -> None:
    assert "●" not in draw(run(f"{DAYS} | take 1 | render timechart"))
    assert "┤" in draw(run("range N from 1 to 3 step 1 | extend M = 7 | render linechart with (xcolumn=N, ycolumns=M)"))


def test_stacked_bars_are_one_line_each() -> None:
    shown = draw(run(f"{DAYS} | render columnchart with (kind=stacked)"), 40).splitlines()
    assert [line.split()[-1] for line in shown[:2]] == ["7", "9"] and shown[-1] == "a a   b b"
    first, second = (line.split()[1] for line in shown[:2])
    assert first.count("a") == pytest.approx(2.5 * first.count("b"), abs=2) and set(second) == {"a"}
    assert len(second) == pytest.approx(len(first) * 9 / 7, abs=1)
    whole = draw(run(f"{DAYS} | render columnchart with (kind=stacked100)"), 40).splitlines()
    assert len(whole[0].split()[1]) == len(whole[1].split()[1]), "shares: every bar is whole"


def test_stacked_areas_stand_on_each_other() -> None:
    days = "range At from datetime(2026-11-01) to datetime(2026-11-05) step 1d"
    days += " | mv-expand Kind = dynamic(['a','b']) to typeof(string)"
    alone, stacked = (draw(run(f"{days} | extend N = 10 | render {kind}"), 60, 12) for kind in ("areachart", "stackedareachart"))
    assert (alone.split("\n")[1].split()[0], stacked.split("\n")[1].split()[0]) == ("10", "20")


def test_a_logarithmic_axis_shortens_long_bars() -> None:
    query = "datatable(K:string, N:long)['one', 9999, 'two', 99] | render barchart"
    plain, log = draw(run(query), 60), draw(run(f"{query} with (yaxis=log)"), 60)
    assert plain.splitlines()[1].count("█") <= 1
    assert log.splitlines()[1].count("█") == pytest.approx(log.splitlines()[0].count("█") / 2, abs=1)


def test_panels_are_plots_of_their_own() -> None:
    shown = draw(run(f"{DAYS} | render timechart with (ysplit=panels)"), 60, 12).splitlines()
    assert [line for line in shown if line in ("a", "b")] == ["a", "b"] and sum("└" in line for line in shown) == 2


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        ("range N from 0 to 23 step 1 | extend M = N", ["0", "5", "10", "15", "20"]),
        ("range N from 2.5 to 7 step 0.5 | extend M = N", ["3", "4", "5", "6", "7"]),
        ("range N from datetime(2026-11-01 07:10) to datetime(2026-11-01 20:10) step 1h | extend M = 1",
         ["11-01 09:00", "11-01 12:00", "11-01 15:00", "11-01 18:00"]),
        ("range N from datetime(2026-01-02) to datetime(2026-03-12) step 10d | extend M = 1",
         ["2026-01-15", "2026-01-29", "2026-02-12", "2026-02-26"]),
    ],
)  # fmt: skip
def test_ticks_are_round(axis: str, labels: list[str]) -> None:
    kind = "timechart" if "datetime" in axis else "linechart"
    shown = draw(run(f"{axis} | render {kind} with (xcolumn=N, ycolumns=M)"), 80).splitlines()
    at = next(number for number, line in enumerate(shown) if "└" in line)
    assert re.split(r"\s{2,}", shown[at + 1].strip()) == labels and shown[at].count("┬") >= len(labels)
