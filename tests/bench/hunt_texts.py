"""The hunts of `tests/bench/hunts/`: a page each with the description, the KQL and the SQL that a person wrote for it.

A page is Markdown: a title, the description in words, then code blocks `kql`, `sql plain` (one SELECT, as an expert writes it
first) and `sql best` (tuned by hand; without it nobody knew anything better than the plain one). `Sets: A, B` in the description
names columns whose arrays have no order. SQL runs over views of the same Parquet files: a string is never NULL, a datetime is
a TIMESTAMP (UTC), a timespan a BIGINT of 100 ns, a dynamic JSON text; `$now` is the time of the query.

In all three texts `{hashes}` stands for 500 quoted hashes, of which the first half occurs in EmailAttachmentInfo.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from hunting.lake import Lake
from hunting.result import Result

FOLDER = Path(__file__).with_name("hunts")
FROZEN = FOLDER / "frozen.json"
HASHES = 500
TOLERANCE = 1e-9  # relative, of reals: sums of doubles depend on the order of the rows

_BLOCK = re.compile(r"^```(kql|sql plain|sql best)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETS = re.compile(r"^Sets: (.+)$", re.MULTILINE)
_ORDERED = re.compile(r"\|\s*(?:sort|order|top)\b[^|]*(?:\|\s*(?:take|limit|project)\b[^|]*)*$")
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class HuntText:
    """One page.

    Attributes:
        sets: columns whose arrays are compared without order.
    """

    name: str
    title: str
    description: str
    kql: str
    plain: str
    best: str
    sets: frozenset[str]

    @property
    def ordered(self) -> bool:
        """Whether the rows have an order: the KQL ends by sorting, over keys without ties."""
        return _ORDERED.search(self.kql) is not None

    @property
    def digest(self) -> str:
        """What is frozen: the SQL of both kinds."""
        return hashlib.sha256(f"{self.plain}\n{self.best}".encode()).hexdigest()


def read_hunt(path: Path) -> HuntText:
    """A page read.

    Raises:
        ValueError: a block is missing, or there is one twice.
    """
    text = path.read_text(encoding="utf-8")
    found = _BLOCK.findall(text)
    blocks = {kind: body.strip() for kind, body in found}
    if len(found) != len(blocks) or not {"kql", "sql plain"} <= set(blocks):
        raise ValueError(f"{path.name}: blocks kql, sql plain and perhaps sql best, each once; found {[k for k, _ in found]}")
    title, _, rest = text.partition("\n")
    description = rest.partition("```")[0].strip()
    named = _SETS.search(description)
    sets = frozenset(re.split(r",\s*", named[1])) if named else frozenset[str]()
    best = blocks.get("sql best", blocks["sql plain"])
    return HuntText(path.stem, title.removeprefix("# "), description, blocks["kql"], blocks["sql plain"], best, sets)


def read_hunts(only: list[str] | None = None) -> list[HuntText]:
    """All pages in order, or those whose name contains one of these words."""
    hunts = [read_hunt(path) for path in sorted(FOLDER.glob("*.md"))]
    return [hunt for hunt in hunts if not only or any(word in hunt.name for word in only)]


# What one operator may cost against one expression; their rows need not agree.
YARDSTICKS = {
    "has over ilike": (
        'EmailEvents | where Subject has "invoice" | count',
        "SELECT count(*) FROM EmailEvents WHERE Subject ILIKE '%invoice%'",
        1.35,
    ),
    "7-day bin over date_trunc": (
        "EmailEvents | summarize count() by bin(Timestamp, 7d)",
        "SELECT date_trunc('week', Timestamp), count(*) FROM EmailEvents GROUP BY ALL",
        1.1,
    ),
}


def chosen_hunts(only: list[str] | None) -> list[HuntText]:
    """The pages and, as if they were pages, the yardsticks."""
    sticks = [HuntText(name, name, "", kql, sql, sql, frozenset()) for name, (kql, sql, _) in YARDSTICKS.items()]
    return read_hunts(only) + [stick for stick in sticks if not only or any(word in stick.name for word in only)]


class Store:
    """A simulated store as the contestants see it: files per table, the time it is, the hashes that are looked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lake = Lake.open(root)

    @cached_property
    def files(self) -> dict[str, list[str]]:
        return {table: self.lake.files(table) for table in self.lake.tables()}

    @cached_property
    def _facts(self) -> tuple[datetime, int, str]:
        with self.connection() as connection:
            last, messages = connection.execute('SELECT max("Timestamp"), count(*) FROM EmailEvents').fetchall()[0]
            found = connection.execute(
                "SELECT DISTINCT SHA256 FROM EmailAttachmentInfo WHERE SHA256 <> '' ORDER BY 1 LIMIT ?", [HASHES // 2]
            ).fetchall()
        known = [value for (value,) in found]
        unknown = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(HASHES - len(known))]
        now = datetime.combine(last.date() + timedelta(days=1), time(), UTC)
        return now, messages, ", ".join(f"'{each}'" for each in known + unknown)

    @property
    def now(self) -> datetime:
        """Midnight after the last mail."""
        return self._facts[0]

    @property
    def messages(self) -> int:
        return self._facts[1]

    def filled(self, text: str) -> str:
        """A text with the hashes in their place."""
        return text.replace("{hashes}", self._facts[2]) if "{hashes}" in text else text

    def connection(self) -> duckdb.DuckDBPyConnection:
        """A database of its own with a view for each table."""
        connection = duckdb.connect(":memory:", config={"python_enable_replacements": False})
        connection.execute("SET enable_progress_bar = false")
        for table, files in self.files.items():
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
            source = f"read_parquet([{listed}], hive_partitioning = false)"
            connection.execute(f'CREATE VIEW "{table}" AS SELECT * FROM {source}')
        return connection


# ---------------------------------------------------------------- rows


def run_sql(connection: duckdb.DuckDBPyConnection, sql: str, now: datetime) -> pa.Table:
    """The answer of a hunt's SQL."""
    parameters = {"now": now.replace(tzinfo=None)} if "$now" in sql else {}
    return connection.sql(sql, params=parameters or None).to_arrow_table()


def kql_rows(result: Result) -> pa.Table:
    """An answer of ours as it is stored, under its KQL names."""
    return result.stored.rename_columns(result.columns)


def rows_of(table: pa.Table, dynamic: set[str], sets: frozenset[str]) -> Rows:
    """Comparable rows: JSON text of dynamic columns loaded, sets sorted, NULL text of a padded side as the empty text."""
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values: list[Any] = column.to_pylist()
        if name in dynamic:
            values = [json.loads(value) if isinstance(value, str) and value else value for value in values]
        if name in sets:
            values = [sorted(value, key=str) if isinstance(value, list) else value for value in values]
        columns.append([_plain(value) for value in values])
    return list(zip(*columns, strict=True))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, list | dict) else value


def difference(expected: Rows, found: Rows, ordered: bool) -> str | None:
    """How two answers differ, None when they are the same."""
    if len(expected) != len(found):
        return f"{len(expected):,} rows against {len(found):,}"
    if not ordered:
        expected, found = sorted(expected, key=_sort_key), sorted(found, key=_sort_key)
    for number, (one, other) in enumerate(zip(expected, found, strict=True)):
        if len(one) != len(other) or not all(_same(a, b) for a, b in zip(one, other, strict=True)):
            return f"row {number}: {one} against {other}"
    return None


def _sort_key(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(f"{value:.6g}" if isinstance(value, float) else str(value) for value in row)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        if one is None or other is None:
            return one is other
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)


if __name__ == "__main__":  # after a deliberate change of a hunt's SQL
    FROZEN.write_text(json.dumps({hunt.name: hunt.digest for hunt in read_hunts()}, indent=1) + "\n", encoding="utf-8")
