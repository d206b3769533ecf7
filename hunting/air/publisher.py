"""Writes the journal into the lake, each row exactly once: events, Defender's own rows, and the ledger's tables.

The lake itself remembers the last number that it holds (the sequence of a Delta application transaction), in the same commit as
the rows. A publish that was killed, or is repeated, goes on behind that number.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hunting.air.journal import Journal, Row
from hunting.air.lake_tables import EVENTS, GROWN, OUTBOX, STATES, Grown, events_table, table_of
from hunting.air.schema import EVENT_COLUMNS
from hunting.errors import AirError
from hunting.lake import Lake

_BATCH = 100_000
_STATE = "AirActions"  # any table of the states: all of them carry the revision
_AT_A_TIME = 3  # commits wait for the disk, not for the processor


class Publisher:
    """Publishes one journal into one lake."""

    def __init__(self, lake: Lake, journal: Journal) -> None:
        self._lake = lake
        self._journal = journal
        # A journal that replaces a lost one counts from 1 again: it must not be taken for the old one.
        self.application = "air:" + journal.scalar("SELECT id FROM identity")

    def publish(self) -> int:
        """Appends what the lake does not hold yet; returns the number of events among it."""
        total = 0
        with self._journal.writing():
            while batch := self._batch(self.published()):
                self._journal.tell("before publish")
                self._lake.append(EVENTS, events_table(batch), application=(self.application, batch[-1]["seq"]))
                self._journal.tell("after publish")
                total += len(batch)
            self._journal.tell("before tables")
            with ThreadPoolExecutor(_AT_A_TIME) as pool:
                for done in [pool.submit(append) for append in self._appends()]:
                    done.result()
            self._journal.tell("after tables")
        return total

    def published(self) -> int:
        """The number of the last event that the lake holds, 0 if none.

        Raises:
            AirError: the lake holds events or decisions that the journal does not know.
        """
        published, known = self._sequence(EVENTS), self._journal.scalar("SELECT max(seq) FROM events") or 0
        stated, revision = self._sequence(_STATE), self._journal.scalar("SELECT number FROM revision")
        if published > known or stated > revision:
            behind = f"event {known:,}, but {published:,}" if published > known else f"revision {revision:,}, but {stated:,}"
            raise AirError(
                f"The AIR journal ends at {behind} are published: it is an old copy.",
                hint="Put back the newest copy of the journal; going on with this one would lose what was decided since.",
            )
        return published

    # The tables

    def _appends(self) -> Iterator[Callable[[], object]]:
        """What there is to append, one commit each, all read from the journal beforehand."""
        for grown in GROWN:
            after, last = self._sequence(grown.table), self._journal.scalar(grown.last) or 0
            if last > after:
                yield self._append(grown.table, self._grown(grown, after, last), last)
        for table in OUTBOX:
            rows = self._outbox(table, self._sequence(table))
            if rows:
                yield self._append(table, outbox_table(rows), rows[-1]["seq"])
        revision = self._journal.scalar("SELECT number FROM revision")
        for table, select in STATES.items():
            if self._sequence(table) < revision:
                yield self._append(table, table_of(table, self._journal.rows(select)), revision, instead=True)

    def _append(self, table: str, rows: pa.Table, sequence: int, instead: bool = False) -> Callable[[], object]:
        return lambda: self._lake.append(table, rows, application=(self.application, sequence), instead=instead)

    def _sequence(self, table: str) -> int:
        return self._lake.sequence(table, self.application) or 0

    def _grown(self, grown: Grown, after: int, until: int) -> pa.Table:
        return table_of(grown.table, self._journal.rows(grown.select, {"after": after, "until": until}))

    def _outbox(self, table: str, after: int = 0) -> list[Row]:
        return self._journal.rows("SELECT * FROM outbox WHERE target = ? AND seq > ? ORDER BY seq", (table, after))

    def _batch(self, after: int) -> list[Row]:
        return self._journal.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows WHERE seq > ? ORDER BY seq LIMIT ?", (after, _BATCH))

    # Verification

    def faults(self) -> list[str]:
        """What the lake holds otherwise than the journal says; [] if nothing."""
        events = events_table(self._journal.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows"))
        faults = self._event_faults(events)
        for grown in GROWN:
            faults += self._differing(grown.table, self._grown(grown, 0, self._journal.scalar(grown.last) or 0))
        for table, select in STATES.items():
            faults += self._differing(table, table_of(table, self._journal.rows(select)))
        for table in OUTBOX:
            if rows := self._outbox(table):
                faults += self._missing(table, outbox_table(rows))
        return faults

    def _event_faults(self, events: pa.Table) -> list[str]:
        held = self._lake.read(EVENTS).select(events.column_names)
        held = held.filter(pc.is_in(held["ReportId"], events["ReportId"].combine_chunks()))
        if _sorted(held).equals(_sorted(events)):
            return []
        ours = {row["ReportId"]: row for row in events.to_pylist()}
        rows = held.to_pylist()
        found = Counter(row["ReportId"] for row in rows)
        faults = [f"The lake's row {row['ReportId']} differs from the journal." for row in rows if row != ours[row["ReportId"]]]
        faults += [f"The lake holds row {key} {count} times." for key, count in found.items() if count > 1]
        return faults + [f"The lake has no row {key}." for key in sorted(ours.keys() - found.keys())]

    def _differing(self, table: str, expected: pa.Table) -> list[str]:
        held = self._lake.read(table).select(expected.column_names)
        same = _sorted(held).equals(_sorted(expected)) or _counted(held.to_pylist()) == _counted(expected.to_pylist())
        return [] if same else [f"The lake's table {table} differs from the journal."]

    def _missing(self, table: str, expected: pa.Table) -> list[str]:
        """Of a table that others write too: each of our rows must be there as often as the journal has it."""
        key = "ReportId" if "ReportId" in expected.column_names else "AlertId"
        rows = self._lake.read(table).select(expected.column_names)
        held = _counted(rows.filter(pc.is_in(rows[key], expected[key].combine_chunks())).to_pylist())
        wrong = sum(held[row] != count for row, count in _counted(expected.to_pylist()).items())
        return [f"{wrong} rows of the lake's table {table} differ from the journal."] if wrong else []


def outbox_table(rows: list[Row]) -> pa.Table:
    """Rows of the outbox as rows of the table that they are for."""
    values = [json.loads(row["row"]) for row in rows]
    names = dict.fromkeys(name for value in values for name in value)
    columns = {name: pa.array([value.get(name, "") for value in values], pa.string()) for name in names}
    return pa.table({"Timestamp": pa.array([row["at"] for row in rows], pa.timestamp("us")), **columns})


def _sorted(rows: pa.Table) -> pa.Table:
    """The rows in an order that depends on nothing but themselves."""
    return rows.sort_by([(name, "ascending") for name in rows.column_names]).combine_chunks()


def _counted(rows: Iterable[dict[str, Any]]) -> Counter[tuple[object, ...]]:
    return Counter(tuple(_plain(value) for value in row.values()) for row in rows)


def _plain(value: object) -> object:
    """Dynamics are stored as canonical JSON: compared by what they mean."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.dumps(json.loads(value), sort_keys=True)
        except ValueError:
            return value
    return value.isoformat() if isinstance(value, datetime) else value
