"""kill -9 of a real process, at every named step and at any moment: nothing lost, nothing twice, audit intact, lake = journal."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
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

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


class Attack:
    """A store on which process after process dies, two hours after one another; each finds new mail and new alerts."""

    def __init__(self, root: Path, cycles: int) -> None:
        self.tenant = StoredTenant(root / "store")
        self.copies: set[tuple[str, str]] = set()
        self.endings: list[int] = []
        for number in range(1, cycles + 1):
            self.prepare(number)
        self.tenant.fill()
        self.tenant.air.set(by="me", similar_files=True)
        self.tenant.air.close()

    def prepare(self, number: int) -> None:
        """What the life of that number finds; for those before, it is the future."""
        at = self.birth(number)
        people, file, url = ("ann@x", "bob@x"), f"f{number}", f"https://bad.example/{number}"
        self.tenant.mail(f"m{number}", *people, file=file, ago=NOON - at)
        self.tenant.alert(f"a{number}", file=file, at=at)
        self.tenant.mail(f"u{number}", *people, url=url, ago=NOON - at)  # not opted in: it has to be approved
        self.tenant.alert(f"b{number}", URL_ALERT, url=url, at=at)
        self.copies |= {(f"{kind}{number}", person) for kind in "mu" for person in people}

    @staticmethod
    def birth(number: int) -> datetime:
        return NOON + timedelta(hours=2 * number)

    @contextmanager
    def victims(self) -> Iterator[subprocess.Popen[str]]:
        """What forks the processes that die."""
        paths = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        command = [sys.executable, str(VICTIM), str(self.tenant.root)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | paths
        ) as process:
            yield process

    def cycle(self, victims: subprocess.Popen[str], step: str = "", delay: float | None = None) -> None:
        """One life and death; `delay`: seconds after which it is killed, None for never."""
        now = self.birth(len(self.endings) + 1)
        assert victims.stdin is not None and victims.stdout is not None
        victims.stdin.write(f"{now.isoformat()}\t{'never' if delay is None else delay}\t{step}\n")
        victims.stdin.flush()
        self.endings.append(int(victims.stdout.readline()))

    def check(self) -> None:
        """Once the work has been carried on to its end, the store is as if nobody had died."""
        assert set(self.endings) <= {0, KILLED}, "an error of the program's own"
        self.tenant.clock.advance(self.birth(len(self.endings)) - self.tenant.clock())
        air = self.tenant.new_air()
        air.run()
        for action in air.actions(status="Pending"):
            air.approve(action.id, by="me")
        for table in self.tenant.lake.tables():
            self.tenant.lake.vacuum(table, timedelta(0))  # files whose writer died before the commit
        assert air.verify().faults == () and self.tenant.lake.verify() == []
        assert {a.status for a in air.actions()} == {"Completed"}
        rows = self.tenant.published()
        deleted = Counter((r["NetworkMessageId"], r["RecipientEmailAddress"]) for r in rows if r["Action"] == "Soft delete")
        assert deleted == Counter(self.copies), "each copy removed once, none forgotten"
        undone = [a for a in air.actions() if a.kind == "undo"]
        restored = [r for r in rows if r["Action"] == "Moved to inbox"]
        assert len(restored) == sum(a.moved for a in undone) == 2 * len(undone)
        assert len(rows) == len(deleted) + len(restored) and {r["ActionResult"] for r in rows} == {"Success"}
        assert len(air.investigations()) == 2 * len(self.endings), "one for each alert"
        air.close()


def killed_at(root: Path, steps: Sequence[str]) -> None:
    attack = Attack(root, len(steps))
    with attack.victims() as victims:
        for step in steps:
            attack.cycle(victims, step)
    assert set(attack.endings) == {KILLED}
    attack.check()


def test_killed_between_intent_and_publication(tmp_path: Path) -> None:
    killed_at(tmp_path, ["after intent", "after move", "before publish"])


@pytest.mark.long
def test_killed_at_every_named_step(tmp_path: Path) -> None:
    killed_at(tmp_path, STEPS)


def killed_at_random(root: Path, cycles: int, seed: int, lifetime: float) -> list[int]:
    attack, draw = Attack(root, cycles), random.Random(seed)
    with attack.victims() as victims:
        for _ in range(cycles):
            attack.cycle(victims, delay=draw.uniform(0, lifetime))
    attack.check()
    return attack.endings


def undisturbed(root: Path) -> float:
    """How many seconds a life takes; the first is longer, because it makes the tables."""
    attack = Attack(root, cycles=2)
    with attack.victims() as victims:
        attack.cycle(victims)
        born = time.monotonic()
        attack.cycle(victims)
        return time.monotonic() - born


def test_killed_at_any_moment(tmp_path: Path) -> None:
    killed_at_random(tmp_path, cycles=2, seed=1, lifetime=1.0)


@pytest.mark.long
def test_killed_a_thousand_times(tmp_path: Path) -> None:
    lifetime = undisturbed(tmp_path / "undisturbed")
    stores = [killed_at_random(tmp_path / str(seed), 50, seed, lifetime) for seed in range(20)]
    endings = [ending for store in stores for ending in store]
    assert len(endings) == 1_000 and endings.count(KILLED) > 500, "some lived to the end of their work"
