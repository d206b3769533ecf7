"""Tokens: random, shown once, stored as hashes in a file of the owner's own."""

from __future__ import annotations

import json
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hunting.clock import ManualClock
from hunting.errors import HuntingError
from hunting.server import tokens as module
from hunting.server.tokens import PREFIX, Scope, Tokens

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path, ManualClock(NOON))


def test_a_token_is_found_by_its_secret_alone(tokens: Tokens) -> None:
    ann, bob = tokens.create("ann", [Scope.READ], DAY), tokens.create("bob", [Scope.ACT, Scope.APPROVE], DAY)
    assert ann != bob and ann.startswith(PREFIX) and len(ann) - len(PREFIX) == 43, "256 bits in base64"
    found = tokens.find(bob)
    assert found is not None and (found.name, found.scopes) == ("bob", {Scope.ACT, Scope.APPROVE})
    assert (found.created, found.expires) == (NOON, NOON + DAY)
    for wrong in ("", "ann", ann[:-1], ann + " ", ann.upper(), found.sha256, "\ud800"):
        assert tokens.find(wrong) is None


def test_the_file_holds_no_secret_and_is_the_owners(tokens: Tokens) -> None:
    previous = os.umask(0)
    try:
        secret = tokens.create("ann", [Scope.READ], DAY)
    finally:
        os.umask(previous)
    text = tokens.path.read_text()
    assert secret.removeprefix(PREFIX) not in text and json.loads(text)["tokens"][0]["name"] == "ann"
    if os.name == "posix":
        assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    assert [path.name for path in tokens.path.parent.iterdir()] == ["tokens.json"]


def test_it_ends(tokens: Tokens) -> None:
    secret = tokens.create("ann", [Scope.READ], DAY)
    assert isinstance(tokens.clock, ManualClock)
    tokens.clock.advance(DAY - timedelta(microseconds=1))
    assert tokens.find(secret) is not None
    tokens.clock.advance(timedelta(microseconds=1))
    assert tokens.find(secret) is None and [token.name for token in tokens.entries()] == ["ann"]


def test_revoking(tokens: Tokens) -> None:
    ann, bob = tokens.create("ann", [Scope.READ], DAY), tokens.create("bob", [Scope.READ], DAY)
    tokens.revoke("ANN")
    assert tokens.find(ann) is None and tokens.find(bob) is not None
    with pytest.raises(HuntingError, match="There is no token 'ann'"):
        tokens.revoke("ann")
    assert tokens.create("ann", [Scope.READ], DAY) != ann


@pytest.mark.parametrize(
    ("name", "scopes", "lasts"),
    [
        ("Ann", [Scope.READ], DAY),
        ("", [Scope.READ], DAY),
        (" automation", [Scope.READ], DAY),
        ("a\x1b[31m", [Scope.READ], DAY),
        ("a\u202eb", [Scope.READ], DAY),
        ("x" * 101, [Scope.READ], DAY),
        ("bob", [], DAY),
        ("bob", [Scope.READ], timedelta()),
        ("bob", [Scope.READ], -DAY),
        ("bob", [Scope.READ], 36600 * DAY),
    ],
)
def test_what_is_no_token_changes_nothing(tokens: Tokens, name: str, scopes: list[Scope], lasts: timedelta) -> None:
    tokens.create("ann", [Scope.READ], DAY)
    before = tokens.path.read_bytes()
    with pytest.raises(HuntingError):
        tokens.create(name, scopes, lasts)
    assert tokens.path.read_bytes() == before and [p.name for p in tokens.path.parent.iterdir()] == ["tokens.json"]


def test_changes_at_the_same_time_are_all_kept(tokens: Tokens) -> None:
    names = [f"person {number}" for number in range(8)]
    threads = [threading.Thread(target=tokens.create, args=(name, [Scope.READ], DAY)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(token.name for token in tokens.entries()) == names


def test_a_lock_that_was_left_behind_is_told(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT", 0.05)
    (tokens.path.parent / "tokens.json.new").touch()
    with pytest.raises(HuntingError, match=r"delete tokens\.json\.new"):
        tokens.create("ann", [Scope.READ], DAY)
    assert tokens.entries() == []
