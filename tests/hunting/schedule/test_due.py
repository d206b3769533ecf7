"""`due`: once for each moment, missed moments made up once, failures apart from each other, two at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest
from payloads import PATHS
from work import HOUR, START, Shop, Work, expected, fail

from hunting.air.journal import Journal
from hunting.errors import AirError, ScheduleError
from hunting.schedule import Outcome, Output, Schedule, Scheduler, Target, Told

ONE = START.replace(hour=13, second=0)
TWO = ONE + HOUR


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "store", Work())


def test_a_new_job_is_due_at_its_next_moment(shop: Shop) -> None:
    assert [(o.told, o.next) for o in shop.due()] == [(Told.NEW, ONE)]
    assert shop.later(timedelta(minutes=59)) == {"work": Told.WAITING}
    assert shop.later(timedelta(seconds=30)) == {"work": Told.DONE}
    assert shop.jobs[0].ran == [ONE]
    assert shop.outputs() == expected(ONE)


def test_repeating_it_changes_nothing(shop: Shop) -> None:
    shop.due()
    shop.later()
    before = shop.outputs(), shop.lake.version("JobRuns")
    assert shop.told() == {"work": Told.WAITING}
    assert (shop.outputs(), shop.lake.version("JobRuns")) == before
    assert not list((shop.root / "jobs").glob("*/")), "nothing is left in the spool"


def test_missed_moments_are_made_up_once_by_the_latest(shop: Shop) -> None:
    shop.due()
    shop.clock.advance(timedelta(days=2))
    (outcome,) = shop.due()
    assert (outcome.due, outcome.missed) == (START.replace(second=0) + timedelta(days=2), 47)
    assert shop.jobs[0].ran == [outcome.due]
    assert shop.later() == {"work": Told.DONE}


def test_a_changed_schedule_counts_from_now_on(shop: Shop) -> None:
    shop.due()
    shop.later()
    shop.jobs[0].schedule = Schedule.parse("*/10 * * * *")
    assert shop.told() == {"work": Told.NEW}
    assert shop.later(timedelta(minutes=10)) == {"work": Told.DONE}


def test_a_clock_that_was_put_back_repeats_nothing(shop: Shop) -> None:
    shop.due()
    shop.later()
    shop.clock.advance(-timedelta(days=1))
    (outcome,) = shop.due()
    assert (outcome.told, outcome.next) == (Told.WAITING, TWO) and "clock" in outcome.error


def test_a_new_schedule_while_the_clock_stands_back_repeats_nothing(shop: Shop) -> None:
    shop.due()
    shop.later()
    shop.clock.advance(-timedelta(minutes=30))
    shop.jobs[0].schedule = Schedule.parse("*/10 * * * *")
    assert shop.told() == {"work": Told.NEW}
    assert shop.later(timedelta(minutes=29)) == {"work": Told.WAITING}
    assert shop.later(timedelta(minutes=11)) == {"work": Told.DONE}
    assert shop.jobs[0].ran == [ONE, ONE + timedelta(minutes=10)]


def test_a_journal_that_cannot_be_written_is_told_and_nothing_is_lost(shop: Shop) -> None:
    shop.due()
    shop.clock.advance(HOUR)
    shop.scheduler._journal.rows("PRAGMA query_only = ON")
    with pytest.raises(AirError, match="cannot be written"):
        shop.due()
    shop.scheduler._journal.rows("PRAGMA query_only = OFF")
    assert shop.jobs[0].ran == [] and shop.told() == {"work": Told.DONE}


def test_a_failing_job_stops_no_other_and_is_tried_three_times(tmp_path: Path) -> None:
    bad, good = Work("bad", does=fail), Work("good")
    shop = Shop(tmp_path / "store", bad, good)
    shop.due()
    assert shop.later() == {"bad": Told.RETRY, "good": Told.DONE}
    assert shop.told() == {"bad": Told.RETRY, "good": Told.WAITING}
    assert shop.told() == {"bad": Told.FAILED, "good": Told.WAITING}
    assert shop.told() == {"bad": Told.WAITING, "good": Told.WAITING}
    assert bad.ran == [ONE] * 3 and good.ran == [ONE]
    error = "ValueError: the job has a fault"
    assert shop.rows("JobRuns | where JobName == 'bad' | project Status, Attempts, Error, Outputs") == [("Failed", 3, error, 0)]
    assert shop.later() == {"bad": Told.RETRY, "good": Told.DONE}, "the next moment is a new run"


def test_a_job_that_recovers_is_done(shop: Shop) -> None:
    shop.jobs[0].does = fail
    shop.due()
    assert shop.later() == {"work": Told.RETRY}
    shop.jobs[0].does = lambda _due: None
    (outcome,) = shop.due()
    assert (outcome.told, outcome.due, outcome.attempt, outcome.error) == (Told.DONE, ONE, 2, "")
    assert shop.outputs() == expected(ONE)


def test_a_later_moment_takes_the_place_of_a_failed_one(shop: Shop) -> None:
    shop.jobs[0].does = fail
    shop.due()
    shop.later()
    shop.jobs[0].does = lambda _due: None
    shop.clock.advance(HOUR)
    assert [(o.told, o.due) for o in shop.due()] == [(Told.FAILED, ONE), (Told.DONE, TWO)]
    assert shop.outputs() == expected(TWO)
    assert shop.rows("JobRuns | project Status, Error") == [
        ("Failed", "ValueError: the job has a fault A later moment was due."),
        ("Succeeded", ""),
    ]


def test_two_at_once_one_runs_the_other_says_so(shop: Shop) -> None:
    said: list[Outcome] = []

    def meanwhile(_due: datetime) -> None:
        other = Scheduler(shop.lake, shop.clock)
        thread = Thread(target=lambda: said.extend(other.due(shop.jobs)))
        thread.start()
        thread.join()
        other.close()

    shop.due()
    shop.jobs[0].does = meanwhile
    assert shop.later() == {"work": Told.DONE}
    assert [outcome.told for outcome in said] == [Told.BUSY]
    assert shop.jobs[0].ran == [ONE]


def test_a_long_air_run_does_not_hold_jobs_up(shop: Shop) -> None:
    shop.due()
    journal = Journal(shop.root / "air", shop.clock)
    with journal.writing():
        assert shop.later() == {"work": Told.DONE}
    journal.close()


def test_a_dry_run_tells_and_changes_nothing(shop: Shop) -> None:
    assert shop.told(dry_run=True) == {"work": Told.NEW} == shop.told()
    assert shop.told(dry_run=True) == {"work": Told.WAITING}
    shop.clock.advance(3 * HOUR)
    assert [(o.told, o.due, o.missed) for o in shop.due(dry_run=True)] == [(Told.DUE, ONE + 2 * HOUR, 2)]
    assert shop.jobs[0].ran == [] and shop.outputs() == {}
    assert shop.told() == {"work": Told.DONE}


def test_only_the_named_jobs(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "store", Work("one"), Work("two"))
    shop.due()
    shop.clock.advance(HOUR)
    assert shop.told("two") == {"two": Told.DONE}
    with pytest.raises(ScheduleError, match="no job 'tow'") as refused:
        shop.due("tow")
    assert "two" in refused.value.render()


def test_two_jobs_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScheduleError, match="Two jobs"):
        Shop(tmp_path / "store", Work("Same"), Work("same")).due()


def test_a_job_without_files_is_done_all_the_same(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Work, "run", lambda _self, _due: [])
    shop.due()
    assert shop.later() == {"work": Told.DONE}
    assert shop.rows("JobRuns | project Status, Outputs, Delivered") == [("Succeeded", 0, 0)]
    assert shop.outputs() == {}


@pytest.mark.parametrize("name", PATHS[::7])
def test_hostile_names_stay_in_their_folder(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(Work, "run", lambda _self, _due: [Output(name, b"x", "text/html"), Output(name, b"y", "text/html")])
    shop.jobs[0].name = name
    shop.due()
    assert list(shop.later().values()) == [Told.DONE]
    files = sorted((shop.root / "outputs").rglob("*"))
    assert [path.read_bytes() for path in files if path.is_file()] in ([b"x", b"y"], [b"y", b"x"])
    assert all(path.resolve().is_relative_to(shop.root.resolve()) and path.name.isprintable() for path in files)
    assert {path.name for path in shop.root.parent.iterdir()} == {"store"}


def test_runs_are_rows(shop: Shop) -> None:
    shop.jobs[0].targets = [Target("folder", "/not/allowed")]
    shop.due()
    assert shop.later() == {"work": Told.RETRY}, "a delivery has failed"
    assert shop.rows("JobRuns | project JobName, Title, DueTime, Status, Outputs, Delivered, Undelivered") == [
        ("work", "The work", ONE, "Delivering", 2, 1, 1)
    ]
    joined = "JobOutputs | join kind=inner JobRuns on RunId | summarize sum(SizeBytes), take_any(MediaType) by FileName"
    assert sorted(row[0] for row in shop.rows(joined)) == ["big.csv", "small.json"]
    deliveries = "JobDeliveries | sort by Channel asc | project Channel, Destination, Status, Attempts"
    assert shop.rows(deliveries) == [
        ("folder", "/not/allowed", "Pending", 1),
        ("store", "outputs/work/2026-11-22T1300Z", "Delivered", 1),
    ]
    shop.told()
    assert shop.told() == {"work": Told.FAILED}
    assert shop.rows("JobRuns | project Status, Delivered, Undelivered") == [("Failed", 1, 1)]
    assert shop.rows("JobDeliveries | where Error has 'not allowed' | project Attempts") == [(3,)]


def test_a_full_disk_is_a_failed_attempt(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    shop.due()
    with monkeypatch.context() as patched:
        patched.setattr("hunting.schedule.files.force", full)
        assert shop.later() == {"work": Told.RETRY}
    assert shop.outputs() == {} and shop.rows("JobRuns | project Error") == [("No space left on device",)]
    assert shop.told() == {"work": Told.DONE}
    assert shop.outputs() == expected(ONE)


def test_what_changed_between_making_and_delivering_is_not_delivered(shop: Shop) -> None:
    def spoil(step: str) -> None:
        if step == "after produced":
            (file,) = (shop.root / "jobs").glob("*/small.json")
            file.write_bytes(b"spoilt")

    shop.due()
    shop.scheduler = Scheduler(shop.lake, shop.clock, on_step=spoil)
    shop.clock.advance(HOUR)
    (outcome,) = shop.due()
    assert outcome.told is Told.RETRY and "was damaged" in outcome.error
    assert shop.outputs() == {}


def test_it_is_utc_whatever_the_zone(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "store", Work(schedule=Schedule.parse("30 7 * * *", "America/New_York")))
    shop.due()
    shop.clock.advance(timedelta(days=1))
    assert [o.due for o in shop.due()] == [datetime(2026, 11, 22, 12, 30, tzinfo=UTC)]
