"""What files measure best: `python tests/bench/layout.py --store STORE [--table EmailEvents] [--repeat N]`.

A table of the store is written again in several layouts (rows per row group, compression, order within a day), and the same SQL
runs over each in turn: processor time in milliseconds, medians, and the size on disk. The first line is the layout in use.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from hunt_texts import Store
from reporting import command
from rich.console import Console
from rich.table import Table

from hunting.parquet import DEFAULT_ROW_GROUP


@dataclass(frozen=True)
class Layout:
    """Rows per row group, compression with its level, and what the rows of a day are sorted by."""

    rows: int = DEFAULT_ROW_GROUP
    compression: str = "zstd"
    level: int | None = 1
    order: tuple[str, ...] = ("Timestamp",)

    def __str__(self) -> str:
        level = "" if self.level is None else f" {self.level}"
        return f"{self.rows:,} rows, {self.compression}{level}, by {', '.join(self.order)}"


LAYOUTS = (
    Layout(),
    *(Layout(rows=DEFAULT_ROW_GROUP * times // 4) for times in (1, 2, 8, 32)),
    Layout(level=3),
    *(Layout(compression=name, level=None) for name in ("snappy", "lz4", "none")),
    Layout(order=("SenderFromDomain", "Timestamp")),
    Layout(order=("RecipientEmailAddress", "Timestamp")),
)
QUESTIONS = {
    "term": "SELECT count(*) FROM mail WHERE Subject ILIKE '%invoice%'",
    "groups": "SELECT SenderFromDomain, count(*), max(EmailSize) FROM mail GROUP BY ALL",
    "an hour": "SELECT count(*), max(Subject) FROM mail WHERE Timestamp > $now - INTERVAL 1 HOUR",
    "a sender": "SELECT * FROM mail WHERE SenderFromAddress = $sender",
    "wide rows": "SELECT * FROM mail WHERE Timestamp > $now - INTERVAL 1 DAY",
    "newest": "SELECT Timestamp FROM mail ORDER BY Timestamp DESC LIMIT 100",
}


def write(days: list[Path], folder: Path, layout: Layout) -> int:
    """The files of all days in this layout; bytes."""
    folder.mkdir()
    for number, day in enumerate(days):
        rows = pq.read_table(day, partitioning=None).sort_by([(name, "ascending") for name in layout.order])
        target = folder / f"{number:04}.parquet"
        options = {"compression": layout.compression, "compression_level": layout.level}
        pq.write_table(rows, target, row_group_size=layout.rows, **options)
    return sum(file.stat().st_size for file in folder.iterdir())


def measure(store: Store, days: list[Path], repeat: int, folder: Path) -> list[tuple[Layout, int, list[float]]]:
    """Per layout its bytes, and for each question the median of the processor times in seconds."""
    connection = duckdb.connect()
    sizes = [write(days, folder / str(at), layout) for at, layout in enumerate(LAYOUTS)]
    sender = pq.read_table(days[0], columns=["SenderFromAddress"], partitioning=None).column(0)[0].as_py()
    values = {"now": (store.now - timedelta(microseconds=1)).replace(tzinfo=None), "sender": sender}
    times: dict[tuple[int, str], list[float]] = {}
    for _ in range(repeat + 1):  # the first run brings the files into memory
        for at in range(len(LAYOUTS)):
            connection.execute(f"CREATE OR REPLACE VIEW mail AS FROM read_parquet('{folder / str(at)}/*.parquet')")
            for name, sql in QUESTIONS.items():
                times.setdefault((at, name), []).append(cost(connection, sql, values))
    found = {key: statistics.median(runs[1:]) for key, runs in times.items()}
    return [(layout, sizes[at], [found[at, name] for name in QUESTIONS]) for at, layout in enumerate(LAYOUTS)]


def cost(connection: duckdb.DuckDBPyConnection, sql: str, values: dict[str, object]) -> float:
    given = {name: value for name, value in values.items() if f"${name}" in sql}
    began = time.process_time()
    found = connection.sql(sql, params=given) if given else connection.sql(sql)
    assert isinstance(found.to_arrow_table(), pa.Table)
    return time.process_time() - began


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="a simulated store")
    parser.add_argument("--table", default="EmailEvents")
    parser.add_argument("--repeat", type=int, default=5)
    asked = parser.parse_args(arguments)
    store = Store(asked.store)
    days = [Path(file) for file in store.files[asked.table]]
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(store, days, asked.repeat, Path(folder))
    table = Table("layout", "MB", *(f"{name} ms" for name in QUESTIONS))
    for layout, size, seconds in measured:
        table.add_row(str(layout), f"{size / 1e6:.0f}", *(f"{each * 1000:.1f}" for each in seconds))
    Console(width=150).print(table)
    return 0


if __name__ == "__main__":
    command(main)
