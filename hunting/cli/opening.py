"""Opening a store's hunt and its AIR, and work that Ctrl-C stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hunting.cli.options import moment

if TYPE_CHECKING:
    from hunting.air import Air
    from hunting.engine import Hunt


Done = TypeVar("Done")


def open_hunt(store: Path, now: str = "") -> Hunt:
    """The store's hunt, at the time that the user names."""
    import hunting
    from hunting.clock import fixed_clock, system_clock

    return hunting.connect(store, clock=fixed_clock(moment(now, "--now")) if now else system_clock)


@contextmanager
def open_air(store: Path, now: str = "") -> Iterator[Air]:
    """AIR over the store, at the time that the user names."""
    with open_hunt(store, now) as hunt, closing(hunt.air) as air:
        yield air


def interruptible(hunt: Hunt, work: Callable[[], Done]) -> Done:
    """Does the work in a thread, so that Ctrl-C stops its query at once.

    On the main thread DuckDB looks for signals only between its tasks, and one task of a bad join takes hours.
    """
    from concurrent.futures import ThreadPoolExecutor, wait

    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(work)
        try:
            return found.result()
        except KeyboardInterrupt:
            while not found.done():  # a query that has not begun yet forgets an interrupt
                hunt.interrupt()
                wait([found], timeout=0.1)
            raise
