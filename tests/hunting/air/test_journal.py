"""The journal: schema versions, one writer, transactions by name, the audit chain."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunting.air import journal as module
from hunting.air.journal import Journal, micros, moment
from hunting.air.schema import MIGRATIONS
from hunting.clock import fixed_clock
from hunting.errors import AirError, BusyError

CLOCK = fixed_clock(datetime(2026, 11, 20, tzinfo=UTC))


@given(st.datetimes(min_value=datetime(1, 1, 1), timezones=st.just(UTC)))
def test_times_keep_every_microsecond(at: datetime) -> None:
    assert moment(micros(at)) == at


def test_durable_and_strict(tmp_path: Path) -> None:
    journal = Journal(tmp_path, CLOCK)
    assert journal.scalar("PRAGMA journal_mode") == "wal"
    assert journal.scalar("PRAGMA synchronous") == 2
    assert journal.scalar("PRAGMA foreign_keys") == 1
    tables = journal.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert tables and all("STRICT" in table["sql"] for table in tables)


def test_a_journal_is_migrated_once_and_keeps_its_identity(tmp_path: Path) -> None:
    first = Journal(tmp_path, CLOCK)
    identity = first.scalar("SELECT id FROM identity")
    first.close()
    again = Journal(tmp_path, CLOCK)
    assert again.scalar("PRAGMA user_version") == len(MIGRATIONS)
    assert again.scalar("SELECT id FROM identity") == identity


def test_a_new_migration_is_applied_to_an_old_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal(tmp_path, CLOCK).close()
    monkeypatch.setattr(module, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE later (x INTEGER) STRICT;"))
    assert Journal(tmp_path, CLOCK).rows("SELECT * FROM later") == []


def test_a_journal_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path, CLOCK)
    journal.rows("PRAGMA user_version = 99")
    journal.close()
    with pytest.raises(AirError, match="has version 99"):
        Journal(tmp_path, CLOCK)


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(AirError, match=r"journal\.db cannot be opened"):
        Journal(tmp_path, CLOCK)


def test_only_one_writes_and_others_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT", 0.05)
    one, two = Journal(tmp_path, CLOCK), Journal(tmp_path, CLOCK)
    with one.writing(), one.writing():
        assert two.rows("SELECT * FROM settings") == []
        with pytest.raises(BusyError, match="Another process is working"), two.writing():
            pass
    with two.transaction("settings") as db:
        db.execute("INSERT INTO settings VALUES ('a', 'b')")
    assert one.scalar("SELECT value FROM settings") == "b"


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, CLOCK)
    with pytest.raises(sqlite3.IntegrityError), journal.transaction("settings") as db:
        db.execute("INSERT INTO settings VALUES ('a', 'b')")
        journal.audit("me", "x", "y", {})
        db.execute("INSERT INTO settings VALUES ('a', 'b')")
    assert journal.rows("SELECT * FROM settings") == []
    assert journal.rows("SELECT * FROM audit") == []


@pytest.mark.parametrize(
    ("tamper", "entry"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 2", 2),
        ("UPDATE audit SET detail = '{}' WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1),
        ("UPDATE audit SET hash = lower(hex(randomblob(32))) WHERE seq = 1", 1),
    ],
)
def test_a_changed_audit_log_is_found(tmp_path: Path, tamper: str, entry: int) -> None:
    journal = Journal(tmp_path, CLOCK)
    with journal.transaction("three"):
        for number in range(3):
            journal.audit("me", "event", str(number), {"n": number})
    assert journal.audit_faults() == []
    journal.rows(tamper)
    assert journal.audit_faults() == [f"The audit log was changed at entry {entry}."]
