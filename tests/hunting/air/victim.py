"""A process that works on a store and dies: `victim.py STORE NOW STEP`; at a named step by its own hand, else by its parent's."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from hunting.air import Air
from hunting.clock import fixed_clock
from hunting.engine import Hunt
from hunting.lake import Lake


def main(store: str, now: str, step: str) -> None:
    def on_step(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    air = Air(Hunt(Lake.open(Path(store)), clock=fixed_clock(datetime.fromisoformat(now))), on_step)
    print("ready", flush=True)
    air.run()
    for action in air.actions(status="Pending"):
        air.approve(action.id, by="me")
    done = [action for action in air.actions(status="Completed") if action.kind == "remediation" and not action.undone_by]
    if len(done) > 1:  # the newest stays, so that there is something left to undo
        air.undo(done[0].id, by="me")
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
