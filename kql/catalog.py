"""What the compiler knows of storage: which tables there are, and their columns. Nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from kql.errors import Span
from kql.types import TYPE_NAMES, Column, ScalarType, Schema


class Catalog(Protocol):
    """Tables by name. Names are case-sensitive, as in KQL."""

    def schema(self, table: str) -> Schema | None:
        """The table's columns in order, or None if there is no such table."""

    def names(self) -> Iterable[str]:
        """All tables, for `union *`, wildcards and the closest-name help."""

    def storage(self, table: str) -> Storage:
        """How the table lies in storage."""


class Storage(Struct, frozen=True, eq=False):
    """What makes some plans possible or cheap; they are chosen only where storage says so.

    Attributes:
        row_id: the name in storage of a number that no two rows of the table share while a query runs, "" if it has none.
        computed: columns that are more than read; rows without them come from the plain table, with them from `computed_view`.
        variety: estimates how many different combinations of values columns (named as in storage) hold, per row. Such a table
            also has the text of each dynamic column, under the name that `text_column` gives.
    """

    row_id: str = ""
    computed: frozenset[str] = frozenset()
    variety: Callable[[frozenset[str]], float] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Storage) and (self.row_id, self.computed) == (other.row_id, other.computed)

    def __hash__(self) -> int:
        return hash((self.row_id, self.computed))

    def variety_of(self, columns: frozenset[str]) -> float:
        """What `variety` says; 1, all different, if nothing is known."""
        return 1.0 if self.variety is None else self.variety(columns)


PLAIN = Storage()


def computed_view(table: str) -> str:
    """The name in SQL of a table with its computed columns."""
    return f"{table}$computed"


class External(Struct, frozen=True):
    """What a query's externaldata asks the engine for: a table of that name with these columns, all of them text.

    Attributes:
        table: the name under which the program reads it.
        urls: where the rows would come from; the engine decides what stands for them, and never fetches.
        columns: names in order; JSON is read by name, everything else by place.
        format: csv, tsv, psv, txt, raw, json, multijson ...
        skip_first, skip_last: the first or last record of each file is left out.
    """

    table: str
    urls: tuple[str, ...]
    columns: tuple[str, ...]
    format: str
    skip_first: bool = False
    skip_last: bool = False
    span: Span | None = None


class StaticCatalog:
    """A catalog from a mapping: {"T": {"x": "long", "s": "string"}}; for editors, linters and tests."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        self._tables = {name: schema_of(columns) for name, columns in tables.items()}

    def schema(self, table: str) -> Schema | None:
        return self._tables.get(table)

    def names(self) -> Iterable[str]:
        return self._tables.keys()

    def storage(self, table: str) -> Storage:  # noqa: ARG002 - the protocol's
        return PLAIN


def text_column(name: str) -> str:
    """The name of a dynamic column's text as it is stored, which is cheaper to group by than its value."""
    return f"$text:{name}"


def schema_of(columns: Mapping[str, str], nullable_strings: bool = False) -> Schema:
    """A schema from column name -> KQL type name. Strings are not nullable unless the storage may hold SQL nulls.

    Raises:
        KeyError: a type name is not one of KQL's.
    """
    return tuple(
        Column(name, kind, nullable=nullable_strings or kind is not ScalarType.STRING)
        for name, kind in ((name, TYPE_NAMES[type_name]) for name, type_name in columns.items())
    )
