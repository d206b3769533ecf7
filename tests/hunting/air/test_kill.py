"""kill -9 of a real process, at every named step and at any moment: nothing lost, nothing twice, audit intact, lake = journal."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from air_tenant import NOON, URL_ALERT, StoredTenant

STEPS = [
    f"{when} {step}"
    for step in ("open", "analyse", "approve", "intent", "move", "done", "publish", "tables")
    for when in ("before", "after")
]
VICTIM = Path(__file__).with_name("victim.py")
KILLED = -9


class Attack:
    """A store on which process after process dies; each finds new mail and a new alert."""

    def __init__(self, root: Path) -> None:
        self.tenant = StoredTenant(root / "store")
        self.tenant.mail("m-", "ann@x", file="none", threats="")
        self.tenant.air.set(by="me", similar_files=True)
        self.tenant.air.close()
        self.copies: set[tuple[str, str]] = set()
        self.endings: Counter[int] = Counter()

    def cycle(self, number: int, step: str = "", delay: float | None = None) -> None:
        """One life and death; `delay`: seconds after which the parent kills, None for never."""
        now = NOON + timedelta(hours=2 * number)
        people, file, url = ("ann@x", "bob@x"), f"f{number}", f"https://bad.example/{number}"
        self.tenant.mail(f"m{number}", *people, file=file, ago=NOON - now)
        self.tenant.alert(f"a{number}", file=file, at=now)
        self.tenant.mail(f"u{number}", *people, url=url, ago=NOON - now)  # not opted in: it has to be approved
        self.tenant.alert(f"b{number}", URL_ALERT, url=url, at=now)
        self.copies |= {(f"{kind}{number}", person) for kind in "mu" for person in people}
        self.tenant.query("EmailEvents | count")  # brings the new rows into the lake
        self.endings[self.life(now.isoformat(), step, delay)] += 1

    def life(self, now: str, step: str, delay: float | None) -> int:
        command = [sys.executable, str(VICTIM), str(self.tenant.root), now, step]
        paths = os.pathsep.join(path for path in sys.path if path)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": paths}) as process:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            if delay is not None:
                time.sleep(delay)
                process.kill()
            process.stdout.read()
            return process.wait(60)

    def check(self, number: int) -> None:
        """Once the work has been carried on to its end, the store is as if nobody had died."""
        self.tenant.clock.advance(NOON + timedelta(hours=2 * number) - self.tenant.clock())
        air = self.tenant.new_air()
        air.run()
        for action in air.actions(status="Pending"):
            air.approve(action.id, by="me")
        assert air.verify().faults == () and self.tenant.lake.verify() == []
        assert {a.status for a in air.actions()} == {"Completed"}
        rows = self.tenant.published()
        deleted = Counter((r["NetworkMessageId"], r["RecipientEmailAddress"]) for r in rows if r["Action"] == "Soft delete")
        assert deleted == Counter(self.copies), "each copy removed once, none forgotten"
        undone = [a for a in air.actions() if a.kind == "undo"]
        restored = [r for r in rows if r["Action"] == "Moved to inbox"]
        assert len(restored) == sum(a.moved for a in undone) == 2 * len(undone)
        assert len(rows) == len(deleted) + len(restored) and {r["ActionResult"] for r in rows} == {"Success"}
        assert len(air.investigations()) == 2 * number, "one for each alert"
        air.close()


def killed_at(root: Path, steps: Sequence[str]) -> None:
    attack = Attack(root)
    for number, step in enumerate(steps, 1):
        attack.cycle(number, step)
    assert attack.endings == {KILLED: len(steps)}
    attack.check(len(steps))


def test_killed_between_intent_and_publication(tmp_path: Path) -> None:
    killed_at(tmp_path, ["after intent", "after move", "before publish"])


@pytest.mark.long
def test_killed_at_every_named_step(tmp_path: Path) -> None:
    killed_at(tmp_path, STEPS)


def killed_at_random(root: Path, cycles: int, seed: int) -> None:
    attack, draw = Attack(root), random.Random(seed)
    for number in range(1, cycles + 1):
        attack.cycle(number, delay=draw.uniform(0, 0.8))
        if number % 100 == 0:
            attack.check(number)
    assert attack.endings[KILLED] > cycles / 3, attack.endings
    attack.check(cycles)


def test_killed_at_any_moment(tmp_path: Path) -> None:
    killed_at_random(tmp_path, cycles=2, seed=1)


@pytest.mark.long
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    killed_at_random(tmp_path, cycles=1_000, seed=2)
