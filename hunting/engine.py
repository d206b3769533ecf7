"""Compile and run in DuckDB. The one file that imports duckdb: what comes in and goes out is Arrow.

A `Hunt` has its own cursor; the tables of the store are temporary views on it over the current version's Parquet files.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

import kql
from hunting import latest
from hunting.clock import Clock, system_clock
from hunting.errors import HuntingError, StoreError
from hunting.external import ExternalFiles
from hunting.inputs import as_table, bound, declared, inferred
from hunting.lake import Lake
from hunting.result import Result
from hunting.rows import stored
from hunting.tables import TABLES
from kql.cache import Programs
from kql.catalog import External
from kql.dialects import DuckDB
from kql.errors import KqlError, KqlExecutionError, KqlLimitError, KqlUnsupportedError
from kql.reads import Read
from kql.types import Column, ScalarType, Schema, physical_names

if TYPE_CHECKING:
    from hunting.air import Air
    from hunting.reports import Reports

_TYPES = DuckDB.types
_ROW_ID = "$row"


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
        connection: duckdb.DuckDBPyConnection | None = None,
        clock: Clock = system_clock,
        geoip: Path | None = None,
    ) -> None:
        self._lake = lake
        self._foreign = connection is not None
        self._connection = connection.cursor() if connection is not None else _own_connection(lake)
        self.clock = clock
        self.geoip = geoip
        self._registered: dict[str, Schema] = {}
        self._views: dict[str, tuple[tuple[str, ...], ...]] = {}
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
            return self._foreign_schema(table)
        if table in TABLES:
            return TABLES[table].schema
        return self._lake.schema(table) if self._lake is not None else None

    def names(self) -> Iterable[str]:
        """All tables by name."""
        if self._foreign:
            rows = self._connection.execute(
                "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
            )
            return [*self._registered, *(name for (name,) in rows.fetchall())]
        stored_names = self._lake.tables() if self._lake is not None else []
        return dict.fromkeys([*self._registered, *TABLES, *stored_names])

    tables = names

    def row_id(self, table: str) -> str:
        """What tells the rows of the store's tables apart: their place in the files."""
        return _ROW_ID if self._lake is not None and table not in self._registered else ""

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
            physical = [physical_names(c.name for c in columns)[c.name] for c in columns]
            held = f"__registered_{len(self._registered)}_{re.sub(r'[^0-9A-Za-z_]', '_', name)}"
            self._connection.register(held, rows)
            self._connection.execute(
                f"CREATE OR REPLACE TEMP VIEW {_quoted(name)} AS SELECT {_selected(columns, physical)} FROM {_quoted(held)}"
            )
            self._registered[name] = columns

    def _foreign_schema(self, table: str) -> Schema | None:
        """The columns of a table of the user's connection; text may be null there.

        Only what the catalog lists: DuckDB would also take a file's name or a Python variable's for a table.
        """
        if table not in self.names():
            return None
        described = self._connection.execute(f"DESCRIBE SELECT * FROM {_quoted(table)}").fetchall()
        return tuple(Column(name, _kql_type(str(sql)), nullable=True) for name, sql, *_ in described)

    # ------------------------------------------------------------ queries

    def compile(self, text: str, parameters: Mapping[str, object] | None = None) -> kql.Program:
        """The program of a query over this hunt's tables."""
        given = {**(parameters or {}), **self._moments(None)}
        return kql.compile(text, self, parameters, probe=lambda program: self._rows(program, given))

    def query(
        self,
        text: str,
        parameters: Mapping[str, object] | None = None,
        timespan: timedelta | tuple[datetime, datetime] | None = None,
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
        timespan: timedelta | tuple[datetime, datetime] | None = None,
        now: datetime | None = None,
    ) -> list[Result]:
        """Runs all queries of a text that holds several, with a `;` between them; see `query`."""
        return [self.query(each, parameters, timespan, now) for each in kql.queries(text)]

    def _execute(self, program: kql.Program, given: Mapping[str, object]) -> pa.Table:
        values = {name: bound(given[name], kind, name) for name, kind in program.bound.items()}
        with self._lock:
            self._prepare(program, values)
            return self._run(program, values)

    def _rows(self, program: kql.Program, given: Mapping[str, object]) -> list[tuple[object, ...]]:
        """What the compiler asks for while it compiles: rows of a small program."""
        columns = [column.to_pylist() for column in self._execute(program, given).columns]
        return list(zip(*columns, strict=True))

    def _moments(
        self, timespan: timedelta | tuple[datetime, datetime] | None, now: datetime | None = None
    ) -> dict[str, datetime]:
        """What `now` and the bounds of the query's time window are."""
        now = now or self.clock()
        since, until = timespan if isinstance(timespan, tuple) else (now - (timespan or timedelta()), now)
        return {"now": now, "__since": since, "__until": until}

    def explain(self, text: str, parameters: Mapping[str, object] | None = None) -> str:
        """The SQL of a query, one named block for each operator with its KQL as a comment."""
        given = {**(parameters or {}), **self._moments(None)}
        return kql.explain(text, self, parameters, probe=lambda program: self._rows(program, given))

    def _prepare(self, program: kql.Program, values: Mapping[str, object]) -> None:
        """The views over the files of the tables that a program reads, and the vectorised functions it calls."""
        for external in program.externals:
            self._connection.register(external.table, self._external(external, program.text))
        provided = {*self._registered, *(external.table for external in program.externals)}
        for read in program.reads:
            if read.table not in provided and not self._foreign:
                self._view(read, self._files(read, values))
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
        with contextlib.suppress(duckdb.CatalogException):
            self._connection.create_function(
                name, call, function.parameters, function.result, type="arrow", null_handling="special"
            )  # type: ignore[call-overload]
            self._functions.add(name)

    def _external(self, external: External, text: str) -> pa.Table:
        try:
            return self.external.table(external)
        except KqlError as error:
            error.text = text
            raise

    def _files(self, read: Read, values: Mapping[str, object]) -> tuple[str, ...]:
        """The files of a table's current version whose days a program can want."""
        if self._lake is None:
            return ()
        since = [moment.at(values) for moment in read.since or ()]
        until = [moment.at(values) for moment in read.until or ()]
        earliest = min((each for each in since if each is not None), default=None) if None not in since else None
        last = max((each for each in until if each is not None), default=None) if None not in until else None
        return tuple(self._lake.files(read.table, earliest, last))

    def _view(self, read: Read, files: tuple[str, ...]) -> None:
        overlaid = self._lake is not None and latest.wanted(read.table, read.columns)
        events = tuple(self.lake.files(latest.EVENTS)) if overlaid else ()
        if self._views.get(read.table) == (files, events):
            return
        source = self._source(read.table, files)
        if events:
            source = latest.overlaid(source, self._source(latest.EVENTS, events))
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {_quoted(read.table)} AS {source}")
        self._views[read.table] = files, events

    def _source(self, table: str, files: tuple[str, ...]) -> str:
        """A SELECT of a table's columns from these files."""
        schema = self.schema(table) or ()
        physical = list(physical_names(column.name for column in schema).values())
        if files:
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files)
            place = f"file_index * 4294967296 + file_row_number AS {_quoted(_ROW_ID)}"
            return f"SELECT {_selected(schema, physical)}, {place} FROM read_parquet([{listed}], hive_partitioning = false)"
        nulls = ", ".join(f"CAST(NULL AS {_TYPES[c.type]}) AS {_quoted(n)}" for c, n in zip(schema, physical, strict=True))
        return f"SELECT {nulls}, CAST(NULL AS BIGINT) AS {_quoted(_ROW_ID)} WHERE false"

    def _run(self, program: kql.Program, values: Mapping[str, object]) -> pa.Table:
        try:
            relation = self._connection.sql(program.sql, params=dict(values)) if values else self._connection.sql(program.sql)
            return relation.to_arrow_table()
        except duckdb.InterruptException:
            raise KqlLimitError("The query was cancelled.", text=program.text) from None
        except duckdb.OutOfMemoryException:
            raise KqlLimitError("Query stopped due to excessive resource consumption.", text=program.text) from None
        except duckdb.Error as error:
            raise KqlExecutionError(_in_words(error), text=program.text) from error

    def interrupt(self) -> None:
        """Stops the query that runs in another thread."""
        self._connection.interrupt()

    def close(self) -> None:
        """Closes the cursor; the user's own connection stays open, as it was."""
        with contextlib.suppress(duckdb.Error):
            for name in self._functions:
                self._connection.remove_function(name)
            self._connection.close()

    def __enter__(self) -> Hunt:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(target: str | Path | duckdb.DuckDBPyConnection, clock: Clock = system_clock, geoip: str | Path | None = None) -> Hunt:
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
    database = _geoip(geoip or os.environ.get("HUNTING_GEOIP"))
    if isinstance(target, duckdb.DuckDBPyConnection):
        return Hunt(None, target, clock, database)
    if str(target) == ":memory:":
        return Hunt(None, clock=clock, geoip=database)
    return Hunt(Lake.open(Path(target)), clock=clock, geoip=database)


def _geoip(path: str | Path | None) -> Path | None:
    """The GeoIP database as it can be read.

    Raises:
        HuntingError: no file, or no reader for it.
    """
    if not path:
        return None
    if not Path(path).is_file():
        message = f"There is no GeoIP database '{Path(path).name}'."
        raise HuntingError(message, hint="HUNTING_GEOIP must name a MaxMind .mmdb file.")
    if find_spec("maxminddb") is None:
        message = "A GeoIP database needs the Python package 'maxminddb'."
        raise HuntingError(message, hint="Install the extra: pip install 'hunting[enrich]'.")
    return Path(path)


def _own_connection(lake: Lake | None) -> duckdb.DuckDBPyConnection:
    """A connection of our own that reads the store's folder and nothing else."""
    connection = duckdb.connect(
        ":memory:",
        config={"python_enable_replacements": False, "autoinstall_known_extensions": False, "autoload_known_extensions": False},
    )
    if lake is not None:
        connection.execute("SET allowed_directories = [$root]".replace("$root", "'" + str(lake.root).replace("'", "''") + "/'"))
    # On a terminal it would be drawn into stdout after two seconds; in Jupyter it is off, and naming it asks for ipywidgets.
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
        connection.execute("SET enable_progress_bar = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


# ---------------------------------------------------------------- SQL at the edge


def _kql_type(sql: str) -> ScalarType:
    """The KQL type of a column of a foreign table."""
    word = re.split(r"[(\[ ]", sql)[0].upper()
    kinds = {
        "BOOLEAN": ScalarType.BOOL,
        "DOUBLE": ScalarType.REAL,
        "FLOAT": ScalarType.REAL,
        "DECIMAL": ScalarType.DECIMAL,
        "UUID": ScalarType.GUID,
        "JSON": ScalarType.DYNAMIC,
    }
    if sql.endswith("]") or word in ("STRUCT", "MAP", "UNION", "VARIANT"):
        return ScalarType.DYNAMIC
    if word in ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"):
        return ScalarType.INT
    if word in ("BIGINT", "UINTEGER"):
        return ScalarType.LONG
    if word.startswith(("TIMESTAMP", "DATE")):
        return ScalarType.DATETIME
    return kinds.get(word, ScalarType.STRING)


def _selected(schema: Iterable[Column], physical: Iterable[str]) -> str:
    """Columns as the language wants them: dynamics as JSON, guids as UUID."""
    casts = {ScalarType.DYNAMIC, ScalarType.GUID}
    return ", ".join(
        f"CAST({_quoted(n)} AS {_TYPES[c.type]}) AS {_quoted(n)}" if c.type in casts else _quoted(n)
        for c, n in zip(schema, physical, strict=True)
    )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_PATHS = re.compile(r"(?:[A-Za-z]:)?[/\\][^\s'\"]+")


def _in_words(error: duckdb.Error) -> str:
    """DuckDB's first line without its SQL and without paths."""
    first = str(error).strip().splitlines()[0]
    return f"The query failed on the data: {_PATHS.sub('<path>', first)[:300]}"


__all__ = ["Hunt", "KqlError", "connect"]
