"""Simulations into memory."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from hunting.simulate import Summary, scenario_folder, simulate
from hunting.tables import TABLES
from kql.types import Schema

END = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHIPPED = scenario_folder()
SMALL = [
    SHIPPED / f"{name}.yaml" for name in ("invoice-macro", "parcel-login", "all-blocked", "false-alarm", "phishing-simulation")
]


class Memory:
    """A store that keeps the parts, and looks at their types as they come."""

    def __init__(self) -> None:
        self.parts: dict[str, list[pa.Table]] = {}
        self.schemas: dict[str, Schema] = {}

    def append(self, table: str, rows: pa.Table, *, schema: Schema | None = None) -> int:
        self.parts.setdefault(table, []).append(rows)
        self.schemas[table] = schema or TABLES[table].schema
        return 0

    def __getitem__(self, table: str) -> pa.Table:
        return pa.concat_tables(self.parts[table])

    def hash(self) -> str:
        digest = hashlib.sha256()
        for name in sorted(self.parts):
            digest.update(name.encode())
            for row in self[name].to_pylist():
                digest.update(repr(row).encode())
        return digest.hexdigest()


def made(**arguments: Any) -> tuple[Memory, Summary]:
    """A simulation into such a store: small, if nothing else is said."""
    store = Memory()
    return store, simulate(store, **{"end": END, "messages": 6000, "scenarios": SMALL, **arguments})


def pairs(table: pa.Table) -> list[tuple[str, str]]:
    """The message and the recipient of each row."""
    return list(zip(table["NetworkMessageId"].to_pylist(), table["RecipientEmailAddress"].to_pylist(), strict=True))


def keys(table: pa.Table) -> set[tuple[str, str]]:
    return set(pairs(table))
