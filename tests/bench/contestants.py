"""Who answers the hunts: this engine, the two SQL texts, and other engines that run KQL. Each works in a process of its own.

A contestant's process answers one hunt at a time and says what that cost: wall-clock time, processor time of all its threads,
and the peak of its memory. Other engines get the KQL with the time of the query written
out, as they cannot be told what `now()` is.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import resource
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
from hunt_texts import HuntText, Store, kql_rows, run_sql

from hunting.clock import ManualClock
from hunting.engine import Hunt


@dataclass(frozen=True)
class Cost:
    """One run. Seconds; bytes of resident memory at the highest, the process itself included."""

    wall: float
    cpu: float
    memory: int
    rows: int


class Contestant(ABC):
    """One way to answer a hunt over a store."""

    name: str

    @abstractmethod
    def __init__(self, store: Store) -> None: ...

    @abstractmethod
    def answer(self, hunt: HuntText, number: int) -> tuple[pa.Table, set[str]]:
        """The rows, and which columns are dynamic. `number` tells runs apart."""


class Ours(Contestant):
    """KQL to Arrow as `Hunt.query` does it: refreshed, compiled anew (a comment makes every text a new one), run, converted."""

    name = "ours"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.hunt = Hunt(store.lake, clock=ManualClock(store.now))
        self.hunt.query("EmailEvents | count")

    def answer(self, hunt: HuntText, number: int) -> tuple[pa.Table, set[str]]:
        result = self.hunt.query(f"{self.store.filled(hunt.kql)}\n// {number}")
        assert result.table.num_rows == len(result)  # converting is part of the answer
        return kql_rows(result), {column.name for column in result.schema if str(column.type) == "dynamic"}


class Plain(Contestant):
    """SQL by hand over DuckDB views of the same files; the views stand before the clock starts."""

    name = "plain"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.connection = store.connection()

    def text(self, hunt: HuntText) -> str:
        return hunt.plain

    def answer(self, hunt: HuntText, _number: int) -> tuple[pa.Table, set[str]]:
        return run_sql(self.connection, self.store.filled(self.text(hunt)), self.store.now), set()


class Best(Plain):
    """The SQL that was tuned by hand."""

    name = "best"

    def text(self, hunt: HuntText) -> str:
        return hunt.best


_AGO, _NOW = re.compile(r"\bago\("), re.compile(r"\bnow\(\)")


def at_time(kql: str, store: Store) -> str:
    """KQL with `now()` and `ago(` as constants; `ago(7d)` becomes `(datetime(..) - 7d)`."""
    moment = f"datetime({store.now:%Y-%m-%dT%H:%M:%S}Z)"
    return _NOW.sub(moment, _AGO.sub(f"({moment} - ", kql))


class DuckdbKql(Contestant):
    """The package duckdb-kql over the same views."""

    name = "duckdb-kql"

    def __init__(self, store: Store) -> None:
        import duckdb_kql

        self.query = duckdb_kql.query
        self.store = store
        self.connection = store.connection()

    def answer(self, hunt: HuntText, number: int) -> tuple[pa.Table, set[str]]:
        text = at_time(self.store.filled(hunt.kql), self.store)
        found = self.query(self.connection, f"{text}\n// {number}").to_arrow_table()
        return found, set(found.column_names)


class Chdb(Contestant):
    """KQL of ClickHouse, embedded as chdb, over the same files."""

    name = "chdb"

    def __init__(self, store: Store) -> None:
        from chdb.session import Session

        self.store = store
        self.session = Session()
        for table, files in store.files.items():
            folder = Path(files[0]).parent
            listed = folder.parent / "*" / "*.parquet" if "=" in folder.name else folder / "*.parquet"
            source = "file('" + str(listed).replace("'", "'") + "', Parquet) SETTINGS use_hive_partitioning = 0"
            self.session.query(f'CREATE VIEW "{table}" AS SELECT * FROM {source}')
        self.session.query("SET allow_experimental_kusto_dialect = 1")
        self.session.query("SET dialect = 'kusto'")

    def answer(self, hunt: HuntText, _number: int) -> tuple[pa.Table, set[str]]:
        text = at_time(self.store.filled(hunt.kql), self.store)
        found = pa.ipc.open_file(self.session.query(text, "Arrow").bytes()).read_all()
        return found, set(found.column_names)


CONTESTANTS: dict[str, type[Contestant]] = {each.name: each for each in (Ours, Plain, Best, DuckdbKql, Chdb)}
OWN = ("ours", "plain", "best")
PEERS = ("duckdb-kql", "chdb")


# ---------------------------------------------------------------- processes


class Refused(Exception):
    """The contestant cannot answer; the message is its own."""


class Runner:
    """A contestant in its process. Use as a context manager.

    Raises:
        Refused: on entering, when the engine is not installed or cannot open the store; from `run`, when it cannot answer.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root

    def __enter__(self) -> Runner:
        spawning = multiprocessing.get_context("spawn")
        self._here, there = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(there, self.name, self.root), daemon=True)
        self._process.start()
        there.close()
        self._received()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._here.send(None)
        self._here.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()

    def run(self, hunt: HuntText, number: int) -> Cost:
        """Answers a hunt and forgets the rows."""
        self._here.send((hunt, number, False))
        cost: Cost = self._received()
        return cost

    def rows(self, hunt: HuntText) -> tuple[pa.Table, set[str]]:
        """Answers a hunt: the rows, and which columns are dynamic."""
        self._here.send((hunt, -1, True))
        found: tuple[pa.Table, set[str]] = self._received()
        return found

    def _received(self) -> Any:
        try:
            done, value = self._here.recv()
        except EOFError:
            raise Refused("its process ended") from None
        if not done:
            raise Refused(value)
        return value


def _serve(pipe: Connection, name: str, root: Path) -> None:
    """The life of a contestant's process."""
    try:
        contestant = CONTESTANTS[name](Store(root))
    except ImportError as error:
        pipe.send((False, f"not installed ({error.name or error})"))
        return
    except Exception as error:
        pipe.send((False, _words(error)))
        return
    pipe.send((True, name))
    while (asked := pipe.recv()) is not None:
        hunt, number, wanted = asked
        try:
            pipe.send((True, contestant.answer(hunt, number) if wanted else _measured(contestant, hunt, number)))
        except Exception as error:
            pipe.send((False, _words(error)))


def _measured(contestant: Contestant, hunt: HuntText, number: int) -> Cost:
    with _peak() as memory:
        began, used = time.perf_counter(), time.process_time()
        rows = contestant.answer(hunt, number)[0].num_rows
        wall, cpu = time.perf_counter() - began, time.process_time() - used
    return Cost(wall, cpu, memory[0], rows)


@contextlib.contextmanager
def _peak() -> Iterator[list[int]]:
    """Resident memory at its highest while the block runs; where the system cannot forget the past, since the process began."""
    memory: list[int] = []
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    yield memory
    unit = 1 if sys.platform == "darwin" else 1024
    memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        memory[0] = int(status.partition("VmHWM:")[2].split()[0]) * 1024


def _words(error: Exception) -> str:
    """The first line of an error."""
    return f"{type(error).__name__}: {next(iter(str(error).strip().splitlines()), '')}"[:160]
