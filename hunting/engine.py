"""Compile and run: what comes in and goes out is Arrow.

A `Hunt` has its own cursor; the tables of the store are temporary views on it over the current version's Parquet files.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import kql
from hunting import database, latest, variety
from hunting.clock import Clock, system_clock
from hunting.errors import StoreError
from hunting.external import ExternalFiles
from hunting.inputs import as_table, bound, declared, geoip_database, inferred
from hunting.lake import Lake
from hunting.result import Result
from hunting.rows import stored
from hunting.sources import ROW_ID, quoted, selected
from hunting.tables import TABLES
from hunting.views import Views
from kql.cache import Programs
from kql.catalog import PLAIN, External, Storage
from kql.errors import KqlError, KqlUnsupportedError
from kql.types import Schema

if TYPE_CHECKING:
    from hunting.air import Air
    from hunting.reports import Reports

Timespan = timedelta | tuple[datetime, datetime]


class Hunt:
    """Hunting over one store: `query`, `explain`, `tables`, and the AIR engine.

    Args:
        lake: the store, or None (a user's own DuckDB connection, or tables registered by hand).
        connection: the DuckDB connection to work on, through a cursor of our own; nothing on it is changed.
        clock: the time that `now()` gives.
        geoip: a MaxMind city database (.mmdb) for geo_info_from_ip_address, or None: then every answer is an empty bag.
    """

    def __init__(
        self,
        lake: Lake | None,
        connection: database.Connection | None = None,
        clock: Clock = system_clock,
        geoip: Path | None = None,
    ) -> None:
        self._lake = lake
        self._foreign = connection is not None
        self._connection = connection.cursor() if connection is not None else database.opened(lake.root if lake else None)
        self.clock = clock
        self.geoip = geoip
        self._registered: dict[str, Schema] = {}
        self._views = Views(self._connection, lake)
        self._few: dict[str, list[str]] = {}
        self._varieties: dict[tuple[str, frozenset[str]], float] = {}
        self._functions: set[str] = set()
        self._programs = Programs()
        self._lock = threading.RLock()

    # ------------------------------------------------------------ tables

    @property
    def lake(self) -> Lake:
        """The store's tables.

        Raises:
            StoreError: this hunt has none.
        """
        if self._lake is None:
            raise StoreError("This hunt has no store.", hint="Open one: hunting.connect(path).")
        return self._lake

    @cached_property
    def air(self) -> Air:
        """Automated investigation and response over the store."""
        from hunting.air import Air

        return Air(self)

    @cached_property
    def reports(self) -> Reports:
        """Reports over this hunt's tables: Markdown files with queries."""
        from hunting.reports import Reports

        return Reports(self)

    @cached_property
    def external(self) -> ExternalFiles:
        """The local files that stand for the URLs of `externaldata`."""
        return ExternalFiles(self._lake.root if self._lake is not None else None)

    def schema(self, table: str) -> Schema | None:
        """The columns of a table, None if there is none (also what the compiler asks)."""
        if table in self._registered:
            return self._registered[table]
        if self._foreign:
            return database.schema(self._connection, table)
        if table in TABLES:
            return TABLES[table].schema
        return self._lake.schema(table) if self._lake is not None else None

    def names(self) -> Iterable[str]:
        """All tables by name."""
        if self._foreign:
            return [*self._registered, *database.tables(self._connection)]
        stored_names = self._lake.tables() if self._lake is not None else []
        return dict.fromkeys([*self._registered, *TABLES, *stored_names])

    tables = names

    def storage(self, table: str) -> Storage:
        """The rows of the store's tables have their place in the files; where a message is now is computed."""
        if self._lake is None or table in self._registered:
            return PLAIN
        computed = latest.COLUMNS if table == latest.TABLE else frozenset[str]()
        return Storage(ROW_ID, computed, partial(self.variety, table))

    def variety(self, table: str, columns: frozenset[str]) -> float:
        """How many different combinations of values these columns hold, per row, as a sample of the table's files says.

        Of a table that has many rows this is asked once: it does not change much, and only tells what is quicker.
        """
        with self._lock:
            if (table, columns) not in self._varieties:
                files = self.lake.files(table)
                sample = partial(database.row, self._connection)
                found = None if files == self._few.get(table) else variety.estimated(sample, files, sorted(columns))
                if found is None:
                    self._few[table] = files
                    return 1.0
                self._varieties[table, columns] = found
            return self._varieties[table, columns]

    def register(self, name: str, data: Any, schema: Mapping[str, str] | None = None) -> None:
        """Makes data a table of this hunt.

        Args:
            name: the table's name; one that exists is hidden.
            data: a DataFrame, an Arrow table, or the path of a Parquet, CSV or JSON file (JSON: one object a line).
            schema: column -> KQL type; without it the types are those of the data.

        Raises:
            HuntingError: the data cannot be read, or does not fit the schema.
        """
        table = as_table(data)
        columns = declared(schema) if schema is not None else inferred(table)
        rows = stored(table.select([c.name for c in columns]), columns, name)
        with self._lock:
            held = f"__registered_{len(self._registered)}_{re.sub(r'[^0-9A-Za-z_]', '_', name)}"
            self._connection.register(held, rows)
            self._connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {quoted(name)} AS SELECT {selected(columns)} FROM {quoted(held)}"
            )
            self._registered[name] = columns

    # ------------------------------------------------------------ queries

    def compile(self, text: str, parameters: Mapping[str, object] | None = None) -> kql.Program:
        """The program of a query over this hunt's tables."""
        given = {**(parameters or {}), **self._moments(None)}
        return kql.compile(text, self, parameters, probe=lambda program: self._rows(program, given))

    def query(
        self,
        text: str,
        parameters: Mapping[str, object] | None = None,
        timespan: Timespan | None = None,
        now: datetime | None = None,
    ) -> Result:
        """Runs a query.

        Args:
            text: KQL.
            parameters: values of the query's declared parameters.
            timespan: only rows of this last span, or between two moments, of every table that has a time.
            now: what `now()` gives (aware), if not the clock's time.

        Raises:
            KqlError: with place and cure.
        """
        given = {**(parameters or {}), **self._moments(timespan, now)}
        windowed = timespan is not None
        with self._lock:
            program = self._programs.compile(text, self, parameters, windowed, lambda each: self._rows(each, given))
        table = self._execute(program, given)
        names = [f"{at}" for at in range(len(program.schema))]
        return Result(table.rename_columns(names), program.schema, program.sql, program.visualization)

    def queries(
        self,
        text: str,
        parameters: Mapping[str, object] | None = None,
        timespan: Timespan | None = None,
        now: datetime | None = None,
    ) -> list[Result]:
        """Runs all queries of a text that holds several, with a `;` between them; see `query`."""
        return [self.query(each, parameters, timespan, now) for each in kql.queries(text)]

    def explain(self, text: str, parameters: Mapping[str, object] | None = None) -> str:
        """The SQL of a query, one named block for each operator with its KQL as a comment."""
        given = {**(parameters or {}), **self._moments(None)}
        return kql.explain(text, self, parameters, probe=lambda program: self._rows(program, given))

    def _execute(self, program: kql.Program, given: Mapping[str, object]) -> pa.Table:
        values = {name: bound(given[name], kind, name) for name, kind in program.bound.items()}
        with self._lock:
            self._prepare(program, values)
            return database.answer(self._connection, program, values)

    def _rows(self, program: kql.Program, given: Mapping[str, object]) -> list[tuple[object, ...]]:
        """What the compiler asks for while it compiles: rows of a small program."""
        columns = [column.to_pylist() for column in self._execute(program, given).columns]
        return list(zip(*columns, strict=True))

    def _moments(self, timespan: Timespan | None, now: datetime | None = None) -> dict[str, datetime]:
        """What `now` and the bounds of the query's time window are."""
        now = now or self.clock()
        since, until = timespan if isinstance(timespan, tuple) else (now - (timespan or timedelta()), now)
        return {"now": now, "__since": since, "__until": until}

    def _prepare(self, program: kql.Program, values: Mapping[str, object]) -> None:
        """The views over the files of the tables that a program reads, and the vectorised functions it calls."""
        for external in program.externals:
            self._connection.register(external.table, self._external(external, program.text))
        provided = {*self._registered, *(external.table for external in program.externals)}
        for read in program.reads:
            if read.table not in provided and not self._foreign:
                self._views.show(read, values, self.schema)
        for name in program.vectorised:
            self._function(name, program.text)

    def _function(self, name: str, text: str) -> None:
        """Registers a vectorised function; functions belong to the database, so another hunt over it may have done it."""
        from hunting import vectorised

        if name in self._functions:
            return
        function = vectorised.FUNCTIONS[name]
        if function.package and find_spec(function.package) is None:
            message = f"This query needs the Python package '{function.package}', which is not installed."
            raise KqlUnsupportedError(message, hint="Install the extra: pip install 'hunting[enrich]'.", text=text)
        call = partial(function.call, getattr(self, function.setting)) if function.setting else function.call
        if database.add_function(self._connection, name, call, function):
            self._functions.add(name)

    def _external(self, external: External, text: str) -> pa.Table:
        try:
            return self.external.table(external)
        except KqlError as error:
            error.text = text
            raise

    def interrupt(self) -> None:
        """Stops the query that runs in another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Closes the cursor; the user's own connection stays open, as it was."""
        database.close(self._connection, self._functions)

    def __enter__(self) -> Hunt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(target: str | Path | database.Connection, clock: Clock = system_clock, geoip: str | Path | None = None) -> Hunt:
    """Opens a store for hunting.

    Args:
        target: the folder of a store; ":memory:" for one that holds nothing but declared tables; or a DuckDB connection,
            whose tables are then what is hunted in.
        clock: the time that `now()` gives.
        geoip: a MaxMind city database (.mmdb) for geo_info_from_ip_address; without it HUNTING_GEOIP names one.

    Raises:
        StoreError: there is no store at that place.
        HuntingError: there is no such GeoIP database.
    """
    places = geoip_database(geoip or os.environ.get("HUNTING_GEOIP"))
    if isinstance(target, database.Connection):
        return Hunt(None, target, clock, places)
    if str(target) == ":memory:":
        return Hunt(None, clock=clock, geoip=places)
    return Hunt(Lake.open(Path(target)), clock=clock, geoip=places)


__all__ = ["Hunt", "KqlError", "connect"]
