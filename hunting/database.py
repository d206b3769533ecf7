"""DuckDB: what it may read, which tables it has, how it answers and how its errors are told. The one file that imports it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from hunting.sources import quoted
from kql.errors import KqlExecutionError, KqlLimitError
from kql.types import Column, ScalarType, Schema

if TYPE_CHECKING:
    from hunting.vectorised import Vectorised
    from kql import Program

Connection = duckdb.DuckDBPyConnection


def opened(root: Path | None) -> Connection:
    """A connection of our own that reads the store's folder and nothing else."""
    connection = duckdb.connect(
        ":memory:",
        config={"python_enable_replacements": False, "autoinstall_known_extensions": False, "autoload_known_extensions": False},
    )
    if root is not None:
        connection.execute("SET allowed_directories = [$root]".replace("$root", "'" + str(root).replace("'", "''") + "/'"))
    # On a terminal it would be drawn into stdout after two seconds; in Jupyter it is off, and naming it asks for ipywidgets.
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchone() == (True,):
        connection.execute("SET enable_progress_bar = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def close(connection: Connection, functions: Iterable[str]) -> None:
    """Takes these functions away from the database and closes the connection."""
    with contextlib.suppress(duckdb.Error):
        for name in functions:
            connection.remove_function(name)
        connection.close()


# ---------------------------------------------------------------- a user's own tables


def tables(connection: Connection) -> list[str]:
    """The tables and views of the catalog by name."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
    )
    return [name for (name,) in rows.fetchall()]


def schema(connection: Connection, table: str) -> Schema | None:
    """The columns of a table; text may be null there.

    Only what the catalog lists: DuckDB would also take a file's name or a Python variable's for a table.
    """
    if table not in tables(connection):
        return None
    described = connection.execute(f"DESCRIBE SELECT * FROM {quoted(table)}").fetchall()
    return tuple(Column(name, _kql_type(str(sql)), nullable=True) for name, sql, *_ in described)


def _kql_type(sql: str) -> ScalarType:
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


# ---------------------------------------------------------------- answers


def add_function(connection: Connection, name: str, call: Callable[..., Any], function: Vectorised) -> bool:
    """Registers a vectorised function with the database; False if it has it already."""
    try:
        connection.create_function(
            name,
            call,
            [*function.parameters],
            function.result,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )
    except duckdb.CatalogException:
        return False
    return True


def row(connection: Connection, sql: str) -> tuple[Any, ...] | None:
    """The one row of a question of our own; None if it fails on the data."""
    try:
        (found,) = connection.execute(sql).fetchall()
    except duckdb.Error:
        return None
    return found


def answer(connection: Connection, program: Program, values: Mapping[str, object]) -> pa.Table:
    """Runs a program whose tables and functions are there.

    Raises:
        KqlLimitError: it was interrupted, or memory did not suffice.
        KqlExecutionError: it failed on the data.
    """
    try:
        relation = connection.sql(program.sql, params=dict(values)) if values else connection.sql(program.sql)
        return relation.to_arrow_table()
    except duckdb.InterruptException:
        raise KqlLimitError("The query was cancelled.", text=program.text) from None
    except duckdb.OutOfMemoryException:
        raise KqlLimitError("Query stopped due to excessive resource consumption.", text=program.text) from None
    except duckdb.Error as error:
        raise KqlExecutionError(_in_words(error), text=program.text) from error


_PATHS = re.compile(r"(?:[A-Za-z]:)?[/\\][^\s'\"]+")


def _in_words(error: duckdb.Error) -> str:
    """DuckDB's first line without its SQL and without paths."""
    first = str(error).strip().splitlines()[0]
    return f"The query failed on the data: {_PATHS.sub('<path>', first)[:300]}"
