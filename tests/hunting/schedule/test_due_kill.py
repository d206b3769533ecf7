"""kill -9 of a process that runs what is due, at every step and at any moment: each output exists once, complete."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest
from due_victim import TARGETS
from servers import CERTIFICATE, HookServer, MailServer, running
from work import HOUR, START, Shop, expected, files_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="lives are forked")
VICTIM = Path(__file__).with_name("due_victim.py")
KILLED = -9


class Attack:
    """A store on which life after life ends early; every hour a run is due."""

    def __init__(self, root: Path, mail: MailServer, hook: HookServer) -> None:
        self.mail, self.hook = mail, hook
        self.folder = root / "share"
        self.shop = Shop(root / "store")
        mail_settings = {
            "host": "127.0.0.1",
            "port": mail.port,
            "security": "none",
            "sender": "me@example.org",
            "recipients": ["@example.org"],
        }
        hook_settings = {
            "hosts": [f"localhost:{hook.port}"],
            "private": ["localhost"],
            "ca_file": str(CERTIFICATE),
            "names": {"soc": {"env": "HOOK"}},
        }
        settings = {"folders": [str(self.folder)], "mail": mail_settings, "webhook": hook_settings}
        (self.shop.root / "delivery.yaml").write_text(json.dumps(settings))
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "HOOK": f"https://localhost:{hook.port}/secret-path",
        }
        command = [sys.executable, str(VICTIM), str(self.shop.root), str(self.folder)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        self.now = START
        self.moments: list[datetime] = []
        self.endings: Counter[int] = Counter()
        self.life(-1)  # takes note of the job

    def life(self, step: int, delay: float = -1) -> list[str]:
        """One life, and the steps that it has made."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{self.now.isoformat()} {step} {delay}\n")
        ending, *steps = self.process.stdout.readline().split()
        self.endings[int(ending)] += 1
        return steps

    def cycle(self, step: int = -1, delay: float = -1) -> list[str]:
        """A run is due; one life ends early, the next one goes on."""
        self.now += HOUR
        self.moments.append(self.now.replace(second=0))
        steps = self.life(step, delay)
        if step >= 0 or delay >= 0:
            self.life(-1)
        return steps

    def check(self) -> None:
        """Every run's files are there once, wherever they belong, and nothing else is."""
        assert self.endings[1] == 0
        assert self.shop.outputs() == expected(*self.moments)
        share = {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        assert share == expected(*self.moments)
        assert [path.name for path in (self.shop.root / "jobs").iterdir() if path.is_dir()] == []
        assert self.shop.rows("JobRuns | summarize count(), dcount(DueTime) by Status") == [
            ("Succeeded", len(self.moments), len(self.moments))
        ]
        assert self.shop.rows("JobOutputs | count") == [(2 * len(self.moments),)]
        assert self.shop.rows("JobDeliveries | summarize count() by Status") == [("Delivered", 4 * len(self.moments))]
        self.check_sent()

    def check_sent(self) -> None:
        """The far side can tell what it gets twice: as many different keys as runs, each with a run's files."""
        whole = {tuple(each.content for each in files_of(moment)) for moment in self.moments}
        mails = {m["Message-ID"]: tuple(part.get_content() for part in m.iter_attachments()) for m in self.mail.mails}
        assert len(mails) == len(self.moments)
        assert {tuple(p.encode() if isinstance(p, str) else p for p in parts) for parts in mails.values()} == whole
        posts = {headers["idempotency-key"]: json.loads(body) for _, headers, body in self.hook.posts}
        assert len(posts) == len(self.moments)
        twice = len(self.mail.mails) - len(mails) + len(self.hook.posts) - len(posts)
        assert twice <= self.endings[KILLED], "only a kill sends again"


@pytest.fixture
def attack(tmp_path: Path) -> Iterator[Attack]:
    with ExitStack() as stack:
        found = Attack(tmp_path, stack.enter_context(running(MailServer())), stack.enter_context(running(HookServer())))
        with found.process:
            yield found
            assert found.process.stdin is not None
            found.process.stdin.close()


def killed_at(attack: Attack, chosen: Collection[str]) -> None:
    """A life ends at the first, and at the last, of the steps of each of these names."""
    steps = attack.cycle()
    assert set(chosen) <= set(steps)
    numbers = sorted({number for name in chosen for number in (steps.index(name), len(steps) - 1 - steps[::-1].index(name))})
    for number in numbers:
        assert attack.cycle(step=number)[-1] == steps[number]
    assert attack.endings[KILLED] == len(numbers)
    attack.check()


def test_killed_at_the_steps_between_commits(attack: Attack) -> None:
    killed_at(attack, ["after_intent", "after_rename", "after_produced", "after_place", "before_delivered", "after_done"])


def test_of_two_processes_at_once_one_does_the_work(attack: Attack) -> None:
    for _ in range(3):
        attack.now += HOUR
        attack.moments.append(attack.now.replace(second=0))
        steps = attack.life(-2)
        assert steps.count("after_intent") == steps.count("after_done") == 1
    attack.check()


@pytest.mark.long
def test_killed_at_every_step(attack: Attack) -> None:
    steps = attack.cycle()
    assert steps.count("before_delivered") == len(TARGETS) + 2
    for number, name in enumerate(steps):
        assert attack.cycle(step=number)[-1] == name
    assert attack.endings[KILLED] == len(steps)
    attack.check()


@pytest.mark.long
def test_killed_at_any_moment(attack: Attack) -> None:
    draw = random.Random(1)
    for _ in range(150):
        attack.cycle(delay=draw.uniform(0, 0.5))
    assert attack.endings[KILLED] > 50, attack.endings
    attack.check()
