"""What a run has to deliver."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hunting.schedule import Output
from hunting.schedule.files import Parcel, Spool

NOW = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
OUTPUTS = [
    Output("wöchentlich.html", "<p>grün".encode(), "text/html"),
    Output("data.xlsx", bytes(range(256)) * 100, "x/y\r\nEvil: 1"),
]


def spooled(store: Path) -> Parcel:
    """The two files as a run of a job has left them in the store."""
    spool = Spool(store / "jobs", lambda _step: None)
    made = spool.write("0123456789abcdef", OUTPUTS)
    return Parcel(
        "0123456789abcdef", "weekly", "Weekly phish", NOW.replace(minute=0), spool.folder("0123456789abcdef"), tuple(made)
    )
