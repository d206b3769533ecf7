"""`watch`: wakes when something is due, does not drift, survives what fails, ends when it is told to."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from work import HOUR, START, Shop, Work, fail

from hunting.errors import StoreError
from hunting.schedule import RETRY_AFTER, Found, Outcome, Schedule, Told, watch
from hunting.schedule.watch import LONGEST


class Naps(Event):
    """Stands for sleep: moves the clock instead, and ends the watch after a span."""

    def __init__(self, shop: Shop, span: timedelta) -> None:
        super().__init__()
        self.shop, self.until, self.longest = shop, shop.clock() + span, 0.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None and timeout > 0
        self.longest = max(self.longest, timeout)
        self.shop.clock.advance(timedelta(seconds=timeout))
        if self.shop.clock() >= self.until:
            self.set()
        return self.is_set()


def watched(shop: Shop, span: timedelta, found: Found | None = None) -> tuple[list[Outcome], Naps]:
    naps = Naps(shop, span)
    return list(watch(shop.scheduler, lambda: found or Found(shop.jobs), shop.clock, naps)), naps


def test_every_moment_has_its_run_at_its_time(tmp_path: Path) -> None:
    began: list[datetime] = []
    shop = Shop(tmp_path / "store")
    shop.jobs.append(Work(schedule=Schedule.parse("*/15 * * * *"), does=lambda _due: began.append(shop.clock())))
    told, naps = watched(shop, HOUR + timedelta(minutes=10))
    assert [outcome.told for outcome in told] == [Told.NEW] + [Told.DONE] * 4
    assert shop.jobs[0].ran == [START.replace(second=0) + timedelta(minutes=15 * n) for n in range(1, 5)]
    assert all(at - due < timedelta(seconds=1) for at, due in zip(began, shop.jobs[0].ran, strict=True)), "no drift"
    assert naps.longest <= LONGEST


def test_a_failing_job_is_tried_again_after_a_while_and_stops_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "store", Work("bad", does=fail), Work("good"))
    told, _ = watched(shop, HOUR + 5 * RETRY_AFTER)
    assert [outcome.told for outcome in told if outcome.job == "good"] == [Told.NEW, Told.DONE]
    assert [outcome.told for outcome in told if outcome.job == "bad"] == [Told.NEW, Told.RETRY, Told.RETRY, Told.FAILED]


def test_a_new_job_is_noticed_and_a_broken_one_is_told_once(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "store", Work("first"))
    broken = [Outcome("torn", Told.FAILED, error="no report")]
    naps = Naps(shop, 2 * HOUR)

    def find() -> Found:
        if shop.clock() - START > timedelta(minutes=30) and len(shop.jobs) == 1:
            shop.jobs.append(Work("second"))
        return Found(list(shop.jobs), broken)

    told = [(o.job, o.told) for o in watch(shop.scheduler, find, shop.clock, naps)]
    assert told[:2] == [("torn", Told.FAILED), ("first", Told.NEW)] and told.count(("torn", Told.FAILED)) == 1
    assert ("second", Told.NEW) in told and told.count(("second", Told.DONE)) == 2


def test_what_fails_as_a_whole_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop(tmp_path / "store", Work())
    falls = [True]

    def publish() -> None:
        if falls.pop() if falls else False:
            raise StoreError("The disk is away.")

    monkeypatch.setattr(shop.scheduler, "publish", publish)
    told, _ = watched(shop, HOUR)
    assert "The disk is away." in [outcome.error for outcome in told]
    assert told[-1].told is Told.DONE


def test_it_ends_after_the_run_at_hand(tmp_path: Path) -> None:
    naps: list[Naps] = []
    shop = Shop(tmp_path / "store", Work("one", does=lambda _due: naps[0].set()), Work("two"))
    shop.due()
    shop.clock.advance(HOUR)
    naps.append(Naps(shop, 10 * HOUR))
    told = list(watch(shop.scheduler, lambda: Found(shop.jobs), shop.clock, naps[0]))
    assert [(o.job, o.told) for o in told] == [("one", Told.DONE)]
    assert shop.rows("JobRuns | project JobName, Status") == [("one", "Succeeded")]
    assert shop.told() == {"one": Told.WAITING, "two": Told.DONE}
