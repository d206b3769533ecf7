"""Random lives of a scheduler: time passes, jobs and deliveries fail, processes die; what must hold at the end all the same."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from work import HOUR, START, Shop, Work, expected, fail

from hunting.schedule import ATTEMPTS, Scheduler, Target, Told


class DeathError(BaseException):
    """Stands for a kill: no handler of the program may catch it."""


class Life:
    """One random life; every choice is the seed's."""

    def __init__(self, root: Path, seed: int) -> None:
        self.draw = random.Random(seed)
        self.share = root / "share"
        self.job = Work(targets=[Target("folder", str(self.share))])
        self.shop = Shop(root / "store", self.job)
        self.allow(True)
        self.shop.due()
        self.last = START

    def allow(self, folder: bool) -> None:
        (self.shop.root / "delivery.yaml").write_text(f"folders: [{self.share}]\n" if folder else "folders: []\n")

    def step(self) -> None:
        self.draw.choice(
            [self.time_passes, self.time_passes, self.job_changes, self.delivery_changes, self.due, self.due, self.dies]
        )()

    def time_passes(self) -> None:
        self.shop.clock.advance(self.draw.choice([timedelta(minutes=7), HOUR, HOUR, 5 * HOUR]))

    def job_changes(self) -> None:
        self.job.does = self.draw.choice([fail, lambda _due: None, lambda _due: None])

    def delivery_changes(self) -> None:
        self.allow(self.draw.random() < 0.6)

    def due(self) -> None:
        self.shop.due()
        self.last = self.shop.clock()

    def dies(self) -> None:
        left = self.draw.randrange(40)

        def on_step(_name: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise DeathError

        self.shop.scheduler.close()
        self.shop.scheduler = Scheduler(self.shop.lake, self.shop.clock, on_step=on_step)
        with suppress(DeathError):
            self.shop.due()
        self.shop.scheduler.close()
        self.shop.scheduler = Scheduler(self.shop.lake, self.shop.clock)

    def ends(self) -> None:
        """Everything works from now on, until nothing is left to do."""
        self.job.does = lambda _due: None
        self.allow(True)
        self.shop.clock.advance(HOUR)
        for _ in range(ATTEMPTS + 2):
            if self.shop.told() == {"work": Told.WAITING}:
                return
        raise AssertionError("it never comes to rest")

    def held(self, root: Path) -> dict[str, bytes]:
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    def delivered(self, channel: str, condition: str) -> dict[str, bytes]:
        rows = self.shop.rows(f"JobDeliveries | where Channel == '{channel}' and {condition} | project DueTime")
        return expected(*(row[0] for row in rows))

    def check(self) -> None:
        runs = self.shop.rows("JobRuns | sort by DueTime asc | project RunId, DueTime, Missed, Status, Attempts")
        moments = [run[1] for run in runs]
        assert moments == sorted(set(moments)), "no moment twice"
        now = self.shop.clock()
        assert sum(1 + run[2] for run in runs) == (now - START.replace(minute=0, second=0)) // HOUR, "no moment forgotten"
        assert {run[3] for run in runs} <= {"Succeeded", "Failed"} and runs[-1][3] == "Succeeded"
        assert all(1 <= run[4] <= ATTEMPTS for run in runs)
        assert self.held(self.shop.root / "outputs") == self.delivered("store", "Status == 'Delivered'")
        # A folder may have what was cut short before it was noted, or before it appeared, and was then forbidden.
        held = {name: content for name, content in self.held(self.share).items() if "/." not in name}.items()
        assert self.delivered("folder", "Status == 'Delivered'").items() <= held <= self.delivered("folder", "true").items()
        assert [path for path in (self.shop.root / "jobs").iterdir() if path.is_dir()] == []


def lived(root: Path, seed: int) -> None:
    life = Life(root / str(seed), seed)
    for _ in range(20):
        life.step()
    life.ends()
    life.check()


@pytest.mark.parametrize(("step", "told"), [("after delivery", Told.DONE), ("before place", Told.FAILED)])
def test_a_delivery_that_is_cut_short_each_time_is_looked_for(tmp_path: Path, step: str, told: Told) -> None:
    def die(name: str) -> None:
        if name == step:
            raise DeathError

    shop = Shop(tmp_path / "store", Work())
    shop.due()
    shop.clock.advance(HOUR)
    for _ in range(ATTEMPTS):
        scheduler = Scheduler(shop.lake, shop.clock, on_step=die)
        with pytest.raises(DeathError):
            list(scheduler.due(shop.jobs))
        scheduler.close()
    assert shop.told() == {"work": told}
    assert shop.outputs() == (expected(START.replace(hour=13, second=0)) if told is Told.DONE else {})


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_life(tmp_path: Path, seed: int) -> None:
    lived(tmp_path, seed)


@pytest.mark.long
def test_many_random_lives(tmp_path: Path) -> None:
    for seed in range(100, 140):
        lived(tmp_path, seed)
