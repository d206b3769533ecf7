"""What AIR wrote, as JSON lines in the streaming envelope, for a SIEM (page: Streaming API).

Each line has a position; whoever hands the last one back gets what came after, each row once.
"""

from __future__ import annotations

import heapq
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hunting.air.journal import Journal, identifier, moment
from hunting.air.lake_tables import EVENTS, events_table
from hunting.air.schema import EVENT_COLUMNS
from hunting.clock import iso
from hunting.errors import AirError
from hunting.tables import TABLES
from kql.types import ScalarType

_POSITION = re.compile(r"(\d{1,18})\.(\d{1,18})")
_BATCH = 10_000
_EVENTS = f"SELECT {EVENT_COLUMNS} FROM event_rows WHERE seq > ? ORDER BY seq LIMIT ?"
_NOTICES = "SELECT * FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?"
START = "0.0"


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One row.

    Attributes:
        position: where to go on behind this line.
        category: "AdvancedHunting-" and the table.
        text: JSON, without line end.
    """

    position: str
    category: str
    text: str


def feed(journal: Journal, after: str = START) -> Iterator[FeedLine]:
    """Rows of EmailPostDeliveryEvents, CloudAppEvents, AlertInfo and AlertEvidence behind a position, in order of time.

    Raises:
        AirError: `after` is no position.
    """
    found = _POSITION.fullmatch(after or START)
    if found is None:
        raise AirError(f"'{after}' is not a position of the feed.", hint=f"Begin with {START}, go on with the last one you got.")
    tenant = str(UUID(identifier("tenant", journal.scalar("SELECT id FROM identity"))))
    return _lines(journal, tenant, int(found[1]), int(found[2]))


def _lines(journal: Journal, tenant: str, events: int, notices: int) -> Iterator[FeedLine]:
    merged = heapq.merge(_events(journal, events), _notices(journal, notices), key=lambda row: (row[0], row[1] == EVENTS))
    for at, table, sequence, row in merged:
        events, notices = (sequence, notices) if table == EVENTS else (events, sequence)
        category, time = f"AdvancedHunting-{table}", _time(at)
        envelope = {"time": time, "tenantId": tenant, "operationName": "Publish", "category": category, "properties": row}
        yield FeedLine(f"{events}.{notices}", category, json.dumps(envelope))


def _events(journal: Journal, after: int) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
    while rows := journal.rows(_EVENTS, (after, _BATCH)):
        for row, values in zip(rows, events_table(rows).to_pylist(), strict=True):
            yield row["at"], EVENTS, row["seq"], values | {"Timestamp": _time(row["at"])}
        after = rows[-1]["seq"]


def _notices(journal: Journal, after: int) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
    while rows := journal.rows(_NOTICES, (after, _BATCH)):
        for row in rows:
            values = {"Timestamp": _time(row["at"])} | json.loads(row["row"])
            dynamic = [c.name for c in TABLES[row["target"]].schema if c.type is ScalarType.DYNAMIC and c.name in values]
            yield row["at"], row["target"], row["seq"], values | {name: json.loads(values[name]) for name in dynamic}
        after = rows[-1]["seq"]


def _time(at: int) -> str:
    return iso(moment(at), "microseconds")
