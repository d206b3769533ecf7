"""What can be looked up while one writes a query: tables, columns, functions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from operator import itemgetter

from hunting.errors import HuntingError
from hunting.formats import records
from hunting.result import Result
from hunting.tables import TABLES
from kql.catalog import Catalog, StaticCatalog
from kql.errors import closest
from kql.functions import AGGREGATES, SCALARS, WINDOWS
from kql.functions.registry import Function

_REGISTRIES = (SCALARS, AGGREGATES, WINDOWS)


@cache
def declared() -> Catalog:
    """The tables that every store has."""
    return StaticCatalog({name: {column.name: str(column.type) for column in table.columns} for name, table in TABLES.items()})


def tables(catalog: Catalog) -> Result:
    """Every table of a catalog, with its number of columns and what it holds."""
    rows = [
        (name, len(catalog.schema(name) or ()), TABLES[name].description if name in TABLES else "")
        for name in sorted(catalog.names())
    ]
    return records({"Table": "string", "Columns": "long", "Description": "string"}, rows)


def columns(catalog: Catalog, table: str) -> Result:
    """A table's columns, their types and what they hold.

    Raises:
        HuntingError: there is no such table.
    """
    schema = catalog.schema(table)
    if schema is None:
        raise HuntingError(f"There is no table '{table}'.", hint=closest(table, catalog.names()))
    told = {column.name: column.description for column in TABLES[table].columns} if table in TABLES else {}
    rows = [(column.name, str(column.type), told.get(column.name, "")) for column in schema]
    return records({"Column": "string", "Type": "string", "Description": "string"}, rows)


def functions() -> Result:
    """Every function of the language with its signature and meaning; other names of the same function are left out."""
    rows = [
        (name, lines[0].signature[len(name) :].strip(), str(lines[0].kind), lines[0].help)
        for name, lines in sorted((pair for registry in _REGISTRIES for pair in registry.items()), key=itemgetter(0))
        if name[:1].isalpha() and not lines[0].replaced_by
    ]
    return records({"Function": "string", "Signature": "string", "Kind": "string", "Meaning": "string"}, rows)


def function_help(name: str) -> str:
    """A function's signatures, meaning, and an example with its result, as text.

    Raises:
        HuntingError: there is no such function.
    """
    lines = [line for registry in _REGISTRIES if name in registry for line in registry[name]]
    if not lines:
        known = [known for registry in _REGISTRIES for known in registry]
        raise HuntingError(f"There is no function '{name}'.", hint=closest(name, known))
    return "\n".join([*dict.fromkeys(line.signature for line in lines), "", *_meaning(lines), *_examples(lines)]) + "\n"


def _meaning(lines: list[Function]) -> Iterator[str]:
    yield from dict.fromkeys(line.help for line in lines)
    if lines[0].replaced_by:
        yield f"Another name of {lines[0].replaced_by}."
    if any(line.ordered for line in lines):
        yield "The result follows the order of the rows."


def _examples(lines: list[Function]) -> Iterator[str]:
    for example in dict.fromkeys(line.example for line in lines):
        if example:
            yield ""
            expression, _, value = example.rpartition(" -> ")
            yield f"  {expression}"
            yield f"  = {value}"
