"""Lives that end early: for each line of its input (`NOW DELAY STEP`, by tabs) a process that works on the store is forked.

    victim.py STORE

It dies at the named step by its own hand, or DELAY seconds after its birth ("never": it may live); how it ended is told. All of
them inherit the imports: a life takes no longer than its work.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from datetime import datetime
from pathlib import Path

from hunting.air import Air
from hunting.clock import fixed_clock
from hunting.engine import Hunt
from hunting.lake import Lake


def live(store: str, now: str, step: str) -> None:
    """Investigates, approves what waits, and undoes something."""

    def on_step(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    air = Air(Hunt(Lake.open(Path(store)), clock=fixed_clock(datetime.fromisoformat(now))), on_step)
    air.run()
    for action in air.actions(status="Pending"):
        air.approve(action.id, by="me")
    done = [action for action in air.actions(status="Completed") if action.kind == "remediation" and not action.undone_by]
    if len(done) > 1:  # the newest stays, so that there is something left to undo
        air.undo(done[0].id, by="me")


def child(store: str, now: str, step: str) -> None:
    code = 1
    try:
        live(store, now, step)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def main(store: str) -> None:
    for line in sys.stdin:
        now, delay, step = line.rstrip("\n").split("\t")
        victim = os.fork()
        if not victim:
            child(store, now, step)
        print(ending(victim, None if delay == "never" else float(delay)), flush=True)


def ending(victim: int, delay: float | None) -> int:
    """Waits for the end, kills after `delay`, and returns the exit code."""
    if delay is not None:
        until = time.monotonic() + delay
        while time.monotonic() < until:
            found, status = os.waitpid(victim, os.WNOHANG)
            if found:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.kill(victim, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
