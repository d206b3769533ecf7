"""The ledger: one SQLite database per store that says what was decided, done and undone, and survives a kill at any point.

WAL and synchronous=FULL: a committed step is on disk. One writer at a time holds the lock of the store; readers are not held up.
Every transaction has a name; `on_step` is told before and after its commit, which is where tests kill the program.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from hunting.air.schema import EVENT_COLUMNS, MIGRATIONS, WORKING
from hunting.clock import Clock
from hunting.errors import AirError, BusyError

Row = sqlite3.Row
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = "0" * 64

LOCK_WAIT = 5.0
"""Seconds that a writer waits for another one to finish."""


def micros(moment: datetime) -> int:
    """An aware datetime as the journal stores it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(value: int) -> datetime:
    """A stored time as an aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=value)


def identifier(*parts: str) -> str:
    """The id (32 hex digits) of what these parts name: the same parts have the same id in every run."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


class Journal:
    """The journal in `folder`, made on first use and brought to this release's schema.

    Args:
        folder: `<store>/air`.
        clock: gives the time of every entry.
        on_step: called with "before <step>" and "after <step>" around each commit.

    Raises:
        AirError: the file is damaged, or was written by a newer release.
    """

    def __init__(self, folder: Path, clock: Clock, on_step: Callable[[str], None] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "journal.db"
        self.clock = clock
        self.on_step = on_step
        self._lock_path = folder / "writer.lock"
        self._guard = RLock()
        self._writing = 0
        try:
            self._db = _connect(self.path)
            self._migrate()
        except sqlite3.DatabaseError as error:
            raise AirError(
                f"The AIR journal {self.path.name} cannot be opened: {error}.", hint="Restore it from a backup."
            ) from error

    def close(self) -> None:
        """Ends the connection; the journal can be opened again."""
        with self._guard:
            self._db.close()

    def now(self) -> int:
        """The clock's time as it is stored."""
        return micros(self.clock())

    # Reading

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """All rows of a query."""
        with self._guard:
            return self._db.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Row | None:
        """The first row of a query, or None."""
        with self._guard:
            found: Row | None = self._db.execute(sql, parameters).fetchone()
            return found

    def scalar(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Any:
        """The first value of the first row, or None."""
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    @contextmanager
    def aside(self) -> Iterator[sqlite3.Connection]:
        """The connection for work with its temporary tables only: needs no writer lock."""
        with self._guard:
            yield self._db

    # Writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the store's single writer lock; may be nested.

        Raises:
            BusyError: another process, or another object of this one, is writing.
        """
        with self._guard:
            if self._writing:
                self._writing += 1
                try:
                    yield
                finally:
                    self._writing -= 1
                return
            lock = exclusive(self._lock_path, LOCK_WAIT)
            if lock is None:
                raise BusyError(
                    "Another process is working on this store's AIR journal.", hint="Wait until it has finished, then try again."
                )
            self._writing = 1
            try:
                yield
            finally:
                self._writing = 0
                lock.close()

    @contextmanager
    def transaction(self, step: str) -> Iterator[sqlite3.Connection]:
        """One atomic, durable step of AIR: all of its statements, or none."""
        with self.writing(), self.entry(step) as db:
            yield db
            db.execute("UPDATE revision SET number = number + 1")

    @contextmanager
    def entry(self, step: str) -> Iterator[sqlite3.Connection]:
        """One atomic, durable step on tables that are not AIR's: needs no writer lock, so a long AIR run does not hold it up."""
        with self._guard, _writable():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self.tell("before " + step)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise
            self.tell("after " + step)

    def tell(self, step: str) -> None:
        """Names a step to `on_step`."""
        if self.on_step is not None:
            self.on_step(step)

    def _migrate(self) -> None:
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found > len(MIGRATIONS):
            raise AirError(
                f"The AIR journal has version {found}, this release knows {len(MIGRATIONS)}.", hint="Update the program."
            )
        if found == len(MIGRATIONS):
            return
        with self.writing():
            found = self._db.execute("PRAGMA user_version").fetchone()[0]  # another process may have been quicker
            for version, script in enumerate(MIGRATIONS[found:], found + 1):
                self._db.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {version}; COMMIT;")

    # Audit

    def audit(self, actor: str, event: str, subject: str, detail: Mapping[str, object]) -> None:
        """Adds an entry to the hash chain; belongs into the transaction that it speaks of."""
        last = self._db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
        seq, previous = (last["seq"] + 1, last["hash"]) if last else (1, _FIRST)
        entry = (seq, self.now(), actor, event, subject, json.dumps(detail, sort_keys=True))
        self._db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*entry, previous, _chained(previous, entry)))

    def audit_faults(self) -> list[str]:
        """What is wrong with the hash chain; [] when every entry is as it was written."""
        previous = _FIRST
        for number, row in enumerate(self.rows("SELECT * FROM audit ORDER BY seq"), 1):
            entry = tuple(row)[:6]
            if row["seq"] != number or row["previous"] != previous or row["hash"] != _chained(previous, entry):
                return [f"The audit log was changed at entry {number}."]
            previous = row["hash"]
        return []

    def members_digest(self, cluster: str) -> str:
        """sha256 over a cluster's frozen members: an approval is bound to exactly these copies."""
        return _digest(
            self.rows("SELECT message, recipient, place FROM cluster_members WHERE cluster_id = ? ORDER BY 1, 2", (cluster,))
        )

    def events_digest(self, action: str) -> str:
        """sha256 over the rows that an action has published, or will."""
        return _digest(self.rows(f"SELECT {EVENT_COLUMNS} FROM event_rows WHERE action_id = ? ORDER BY seq", (action,)))


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise AirError(f"The journal cannot be written: {error}.", hint="Is the disk full, or the store not writable?") from error


def _digest(rows: Iterable[Sequence[object]]) -> str:
    """sha256 over rows of plain values, in their order."""
    state = hashlib.sha256()
    for row in rows:
        state.update(json.dumps(tuple(row)).encode())
    return state.hexdigest()


def _chained(previous: str, entry: Sequence[object]) -> str:
    return hashlib.sha256(f"{previous}\n{json.dumps(entry)}".encode()).hexdigest()


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    db.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        "trusted_schema = OFF",
    ):
        db.execute(f"PRAGMA {pragma}")
    db.executescript(WORKING)
    return db


def exclusive(path: Path, wait: float) -> sqlite3.Connection | None:
    """An exclusive lock that ends with its connection, also when the process is killed, on every system.

    Args:
        path: the lock's file, made on first use.
        wait: seconds to wait for another holder; a little, so that of two who come at once one gets it.

    Returns:
        The lock, or None: another one holds it.

    Raises:
        AirError: the file cannot be locked at all.
    """
    lock = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            return None
        raise AirError(f"{path.name} cannot be locked: {error}.", hint="Is the store's folder writable?") from error
    return lock
