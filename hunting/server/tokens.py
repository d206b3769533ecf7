"""Bearer tokens of one store: random, shown once, kept as hashes in `<store>/tokens.json`, which only its owner may read."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from hunting.air.policy import AUTOMATION
from hunting.clock import Clock, system_clock
from hunting.errors import HuntingError, StoreError

PREFIX = "hunting_"
"""What a token begins with, so that scanners for secrets know it."""

LONGEST = timedelta(days=3660)
_BITS = 256
_WAIT = 5.0  # seconds that a change waits for another one


class Scope(StrEnum):
    """What a token allows: to look, to act (undo), to decide what waits (approve, reject)."""

    READ = "read"
    ACT = "act"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. `name` is the person who decides by it; `expires` is the first moment at which it is void."""

    name: str
    sha256: str
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime


class Tokens:
    """The tokens of one store.

    Args:
        root: the store's folder.
        clock: says what has expired.
    """

    def __init__(self, root: Path, clock: Clock = system_clock) -> None:
        self.path = root / "tokens.json"
        self.clock = clock

    def entries(self) -> list[Token]:
        """All tokens, expired ones too, oldest first.

        Raises:
            StoreError: the file is damaged.
        """
        try:
            return [_token(entry) for entry in json.loads(self.path.read_bytes())["tokens"]]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError, KeyError):
            raise StoreError(f"{self.path.name} is damaged.", hint="Delete it, and make the tokens anew.") from None

    def find(self, secret: str) -> Token | None:
        """The token whose secret this is, unless it has expired. Takes as long for a wrong secret as for a right one."""
        given = _hash(secret)
        found = [token for token in self.entries() if hmac.compare_digest(token.sha256, given)]
        return found[0] if found and self.clock() < found[0].expires else None

    def create(self, name: str, scopes: Iterable[Scope], lasts: timedelta) -> str:
        """Makes a token, and returns its secret, which is kept nowhere.

        Args:
            name: whose it is; stands in the audit.
            lasts: from now on.

        Raises:
            HuntingError: the name is taken or not fit for the audit, no scope, or a time that is no time.
        """
        name, scopes = _fit(name), frozenset(scopes)
        if not scopes:
            raise HuntingError("A token needs a scope.", hint=f"Scopes: {', '.join(Scope)}.")
        if not timedelta() < lasts <= LONGEST:
            raise HuntingError("A token lasts from now for at most ten years.", hint="For example 30d or 12h.")
        with self._changing() as tokens:
            if any(token.name.casefold() == name.casefold() for token in tokens):
                raise HuntingError(f"There is a token '{name}' already.", hint="Revoke it first, or choose another name.")
            secret = PREFIX + secrets.token_urlsafe(_BITS // 8)
            now = self.clock()
            tokens.append(Token(name, _hash(secret), scopes, now, now + lasts))
        return secret

    def revoke(self, name: str) -> None:
        """Makes a token void at once.

        Raises:
            HuntingError: there is none of this name.
        """
        with self._changing() as tokens:
            left = [token for token in tokens if token.name.casefold() != name.strip().casefold()]
            if len(left) == len(tokens):
                raise HuntingError(f"There is no token '{name}'.", hint="'hunting tokens list' lists them.")
            tokens[:] = left

    @contextmanager
    def _changing(self) -> Iterator[list[Token]]:
        """The tokens, to be changed; written when the block ends well. The new file is the lock as well."""
        new = self.path.with_name(self.path.name + ".new")
        handle = _only(new)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                tokens = self.entries()
                yield tokens
                json.dump({"tokens": [_entry(token) for token in tokens]}, file, indent=1, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _only(path: Path) -> int:
    """A new file that the owner alone may read; waits while another process has one."""
    until = time.monotonic() + _WAIT
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if time.monotonic() > until:
                message = "Another process is changing this store's tokens."
                raise StoreError(message, hint=f"If none is, delete {path.name} in the store's folder.") from None
            time.sleep(0.02)


def _fit(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100 or any(unicodedata.category(c)[0] in "CZ" and c != " " for c in name):
        raise HuntingError("A token's name is 1 to 100 visible characters.", hint="For example ann@company.example.")
    if name.casefold() == AUTOMATION.casefold():
        raise HuntingError(f"'{name}' cannot stand for a person.", hint="A token's name says who decides.")
    return name


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(token: Token) -> dict[str, object]:
    return {
        "name": token.name,
        "sha256": token.sha256,
        "scopes": sorted(token.scopes),
        "created": token.created.isoformat(),
        "expires": token.expires.isoformat(),
    }


def _token(entry: dict[str, Any]) -> Token:
    created, expires = (datetime.fromisoformat(entry[key]) for key in ("created", "expires"))
    if created.tzinfo is None or expires.tzinfo is None or not entry["sha256"].isascii():
        raise ValueError
    return Token(entry["name"], entry["sha256"], frozenset(map(Scope, entry["scopes"])), created, expires)
