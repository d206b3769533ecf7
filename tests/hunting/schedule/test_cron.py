"""When a job is due: cron expressions, time zones, summer time, missed moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunting.errors import ScheduleError
from hunting.schedule.cron import COUNTED, Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def moments(schedule: Schedule, since: datetime, until: datetime) -> list[str]:
    """What the schedule says between two moments, as a clock on the wall shows it."""
    found, at = [], since
    while (at := schedule.after(at)) <= until:
        found.append(at.astimezone(ZoneInfo(schedule.zone)).strftime("%d %H:%M %Z"))
    return found


def test_a_zone_moves_the_moment() -> None:
    monday = Schedule.parse("0 7 * * MON", "Europe/Berlin")
    assert monday.after(datetime(2026, 11, 22, tzinfo=UTC)) == datetime(2026, 11, 23, 6, tzinfo=UTC)
    assert monday.after(datetime(2026, 7, 5, tzinfo=UTC)) == datetime(2026, 7, 6, 5, tzinfo=UTC)


def test_the_moment_itself_belongs_to_what_was_and_not_to_what_comes() -> None:
    hourly = Schedule.parse("@hourly")
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert hourly.latest(noon - timedelta(hours=5), noon) == noon
    assert hourly.latest(noon, noon + timedelta(minutes=59)) is None
    assert hourly.after(noon) == noon + timedelta(hours=1)


def test_what_falls_into_the_hour_left_out_runs_right_after_it() -> None:
    night = Schedule.parse("30 2 * * *", "Europe/Berlin")
    assert moments(night, datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)) == [
        "28 02:30 CET",
        "29 03:00 CEST",
        "30 02:30 CEST",
    ]


def test_in_the_hour_that_comes_twice_a_fixed_time_runs_once() -> None:
    night = Schedule.parse("30 2 * * *", "Europe/Berlin")
    days = datetime(2026, 10, 24, tzinfo=UTC), datetime(2026, 10, 27, tzinfo=UTC)
    assert moments(night, *days) == ["24 02:30 CEST", "25 02:30 CEST", "26 02:30 CET"]
    for minute in range(0, 180, 7):  # also when it is asked in the middle of that hour
        now = datetime(2026, 10, 25, 0, 31, tzinfo=UTC) + timedelta(minutes=minute)
        assert night.latest(days[0], now) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert night.after(now) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_every_hour_is_every_real_hour() -> None:
    hourly = Schedule.parse("0 * * * *", "Europe/Berlin")
    assert len(moments(hourly, datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC))) == 25
    assert len(moments(hourly, datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))) == 23


EXPRESSIONS = ("*/7 * * * *", "30 2 * * *", "15,45 1-3 * * *", "0 0 1 * *", "0 12 * * MON#2", "0 5 29 2 *", "*/30 2 * * *")


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    st.timedeltas(timedelta(), timedelta(days=70)),
)
def test_the_latest_moment_is_the_last_of_those_that_come_one_by_one(
    expression: str, zone: str, since: datetime, span: timedelta
) -> None:
    schedule = Schedule.parse(expression, zone)
    one_by_one, at = [], since
    while (at := schedule.after(at)) <= since + min(span, timedelta(days=3) if expression.startswith("*") else span):
        one_by_one.append(at)
    until = since + min(span, timedelta(days=3) if expression.startswith("*") else span)
    assert schedule.latest(since, until) == (one_by_one[-1] if one_by_one else None)
    assert schedule.count(since, until) == min(len(one_by_one), COUNTED)
    assert one_by_one == sorted(set(one_by_one))


def test_years_of_minutes_are_not_gone_through() -> None:
    minutely, now = Schedule.parse("* * * * *"), datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    assert minutely.latest(long_ago, now) == now.replace(second=0)
    assert minutely.count(long_ago, now) == COUNTED


@pytest.mark.parametrize("wrong", ["", "noon", "* * * *", "0 0 * * * *", "61 * * * *", "0 0 * * XYZ", "1-0 * * * *", "@never"])
def test_what_is_no_expression_is_refused_with_the_cure(wrong: str) -> None:
    with pytest.raises(ScheduleError, match="is no cron expression") as refused:
        Schedule.parse(wrong)
    assert "Five fields" in refused.value.render()


@pytest.mark.parametrize("never", ["0 0 30 2 *", "0 0 31 4,6 *"])
def test_what_never_comes_is_refused(never: str) -> None:
    with pytest.raises(ScheduleError):
        Schedule.parse(never)


def test_a_zone_must_exist() -> None:
    with pytest.raises(ScheduleError, match="no time zone 'Europe/Berln'") as refused:
        Schedule.parse("@daily", "Europe/Berln")
    assert "Europe/Berlin" in refused.value.render()
    with pytest.raises(ScheduleError):
        Schedule.parse("@daily", "../../etc/passwd")
