"""Writes the journal's events into EmailPostDeliveryEvents, each exactly once.

The lake itself remembers the last event that it holds (the sequence of a Delta application transaction), in the same commit as
the rows. A publish that was killed, or is repeated, goes on behind that event.
"""

from __future__ import annotations

import pyarrow as pa

from hunting.air.journal import Journal, Row
from hunting.air.places import Place
from hunting.air.schema import EVENT_COLUMNS
from hunting.errors import AirError
from hunting.lake import Lake

TABLE = "EmailPostDeliveryEvents"
_BATCH = 100_000


class Publisher:
    """Publishes one journal into one lake."""

    def __init__(self, lake: Lake, journal: Journal) -> None:
        self._lake = lake
        self._journal = journal
        # A journal that replaces a lost one counts from 1 again: it must not be taken for the old one.
        self.application = "air:" + journal.scalar("SELECT id FROM identity")

    def publish(self) -> int:
        """Appends what the lake does not hold yet; returns the number of rows."""
        total = 0
        with self._journal.writing():
            while batch := self._batch(self.published()):
                self._journal.tell("before publish")
                self._lake.append(TABLE, to_table(batch), application=(self.application, batch[-1]["seq"]))
                self._journal.tell("after publish")
                total += len(batch)
        return total

    def published(self) -> int:
        """The number of the last event that the lake holds, 0 if none.

        Raises:
            AirError: the lake holds events that the journal does not know.
        """
        published = self._lake.sequence(TABLE, self.application) or 0
        known = self._journal.scalar("SELECT max(seq) FROM events") or 0
        if published > known:
            raise AirError(
                f"The AIR journal ends at event {known:,}, but {published:,} are published: it is an old copy.",
                hint="Put back the newest copy of the journal; going on with this one would lose events.",
            )
        return published

    def faults(self) -> list[str]:
        """What the lake holds otherwise than the journal says; [] if nothing."""
        events = to_table(self._journal.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows"))
        held = self._lake.read(TABLE)
        ours = {row["ReportId"]: row for row in events.to_pylist()}
        found: dict[str, int] = {}
        faults = []
        for row in held.select(events.column_names).to_pylist():
            expected = ours.get(row["ReportId"])
            if expected is None:
                continue
            found[row["ReportId"]] = found.get(row["ReportId"], 0) + 1
            if row != expected:
                faults.append(f"The lake's row {row['ReportId']} differs from the journal.")
        faults += [f"The lake holds row {key} {count} times." for key, count in found.items() if count > 1]
        return faults + [f"The lake has no row {key}." for key in sorted(ours.keys() - found.keys())]

    def _batch(self, after: int) -> list[Row]:
        return self._journal.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows WHERE seq > ? ORDER BY seq LIMIT ?", (after, _BATCH))


def to_table(rows: list[Row]) -> pa.Table:
    """Events as rows of EmailPostDeliveryEvents."""
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in EVENT_COLUMNS.split(",")]
    _, at, message, internet_id, action, kind, trigger, address, source, place, threats, methods, report, sender, direction = (
        columns
    )
    texts = {
        "NetworkMessageId": message,
        "InternetMessageId": internet_id,
        "Action": action,
        "ActionType": kind,
        "ActionTrigger": trigger,
        "ActionResult": ["Success"] * len(at),
        "RecipientEmailAddress": address,
        "DeliveryLocation": [Place(str(p)).location for p in place],
        "ThreatTypes": threats,
        "DetectionMethods": methods,
        "ReportId": report,
        "SenderFromAddress": sender,
        "EmailDirection": direction,
        "SourceLocation": [Place(str(p)).location for p in source],
    }
    return pa.table(
        {"Timestamp": pa.array(at, pa.timestamp("us")), **{name: pa.array(values, pa.string()) for name, values in texts.items()}}
    )
