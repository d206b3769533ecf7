"""Processes that run what is due and are killed: `due_victim.py STORE FOLDER`.

Each line of input, `NOW STEP DELAY`, is one life, forked from a process that has done nothing but import: it dies by its own
hand at the step of that number, or by its parent's after DELAY seconds, or lives (-1); -2: two live at the same time. Each line
of output: how it ended, and its steps.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from datetime import datetime
from pathlib import Path

from work import Work

from hunting.clock import fixed_clock
from hunting.lake import Lake
from hunting.schedule import Scheduler, Target

TARGETS = [("mail", "soc@example.org"), ("webhook", "soc")]


def job(folder: str) -> Work:
    return Work(targets=[Target("folder", folder), *(Target(*each) for each in TARGETS)])


def live(store: str, folder: str, now: str, step: int, steps: int) -> None:
    passed = 0

    def on_step(name: str) -> None:
        nonlocal passed
        os.write(steps, name.encode() + b"\n")
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    scheduler = Scheduler(Lake.open(Path(store)), fixed_clock(datetime.fromisoformat(now)), on_step=on_step)
    for outcome in scheduler.due([job(folder)]):
        assert outcome.told in ("new", "done", "waiting", "busy"), outcome


def born(store: str, folder: str, now: str, step: int) -> tuple[int, int]:
    """A life's process, and where it tells its steps."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            live(store, folder, now, step, writer)
            os._exit(0)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
    os.close(writer)
    return child, reader


def main(store: str, folder: str) -> None:
    for line in sys.stdin:
        now, step, delay = line.split()
        lives = [born(store, folder, now, int(step)) for _ in range(2 if step == "-2" else 1)]
        if float(delay) >= 0:
            time.sleep(float(delay))
            os.kill(lives[0][0], signal.SIGKILL)
        names: list[str] = []
        for _, reader in lives:
            with os.fdopen(reader) as told:
                names += told.read().splitlines()
        endings = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child, _ in lives]
        print(max(endings), *(name.replace(" ", "_") for name in names), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
