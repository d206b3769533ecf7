"""What a name means at a place in a query: columns first, then `let` names and parameters, then tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from kql.algebra import Binding, Bound, ColumnRef, Filter, Literal, Logical, Reference, Relation, Scan, Value, ref
from kql.catalog import Catalog, External
from kql.errors import KqlSemanticError, KqlUnresolvedError, Span, closest
from kql.functions import OPERATORS
from kql.overloads import invoke
from kql.types import Column, ScalarType, Schema, physical_names

if TYPE_CHECKING:
    pass

# The two names of a table's time: the hunting portal's and Log Analytics'.
_TIME = {"TimeGenerated": "Timestamp", "Timestamp": "TimeGenerated"}

# Values that the engine binds to every program that asks for them; a query parameter may not take their names.
RESERVED = ("now", "__since", "__until")


class Context(Struct):
    """What the whole compilation of one query shares."""

    catalog: Catalog
    parameters: Mapping[str, object]
    bindings: list[Binding] = field(default_factory=list)
    render: dict[str, Any] | None = None
    options: dict[str, object] = field(default_factory=dict)
    declared: dict[str, ScalarType] = field(default_factory=dict)
    expansions: int = 0
    probe: Callable[[Relation], Sequence[tuple[Any, ...]]] | None = None  # the rows of a relation, now: for plugins
    externals: list[External] = field(default_factory=list)
    windowed: bool = False  # every table that has a time is cut to [$__since, $__until]

    def private_name(self, word: str) -> str:
        """A table name that no stored table has, for what the engine provides."""
        taken = {table.lower() for table in self.catalog.names()} | {each.table for each in self.externals}
        number = 1
        while f"__{word}_{number}" in taken:
            number += 1
        return f"__{word}_{number}"

    def share(self, name: str, relation: Relation, materialized: bool = False) -> Relation:
        """A reference to a relation that the analyst named; its SQL name is unlike that of any table or other binding."""
        taken = {table.lower() for table in self.catalog.names()} | {binding.name.lower() for binding in self.bindings}
        unique, number = name, 1
        while unique.lower() in taken:
            number += 1
            unique = f"{name}_{number}"
        self.bindings.append(Binding(unique, relation, materialized))
        return Reference(relation.schema, unique)


class Record(Struct, frozen=True):
    """A name whose members are values: a step of `scan`."""

    columns: Mapping[str, Value]

    def value(self, name: str, span: Span) -> Value:
        if name not in self.columns:
            raise KqlSemanticError(f"'scan' operator: a step has no column named '{name}'.", span, closest(name, self.columns))
        return self.columns[name]


class Scope(Struct, frozen=True):
    """An immutable chain: `with_*` makes the scope of an inner place."""

    context: Context
    names: Mapping[str, Any] = field(default_factory=dict)
    row: Schema | None = None
    operator: str = "query"
    aggregating: bool = False
    serialized: bool = False
    sides: tuple[Schema, Schema] | None = None

    def with_row(self, schema: Schema, operator: str, **properties: Any) -> Scope:
        """The scope of an operator's expressions: the columns of its input."""
        return replace(self, row=schema, operator=operator, aggregating=False, **properties)

    def with_name(self, name: str, meaning: Any) -> Scope:
        return replace(self, names={**self.names, name: meaning})

    def without_row(self) -> Scope:
        """The scope of a pipeline of its own: inside toscalar, join, union."""
        return replace(self, row=None, sides=None, aggregating=False)

    # ------------------------------------------------------------ values

    def column(self, name: str) -> ColumnRef | None:
        """The input's column of that name: as written, then under the other name of time, then regardless of case."""
        for column in self.row or ():
            if column.name == name:
                return ref(column)
        found = _lookup(self.row or (), name)
        return ref(found) if found else None

    def value(self, name: str, span: Span) -> Value:
        """The scalar that a name stands for.

        Raises:
            KqlSemanticError: nothing of that name is a scalar here; the hint names the closest.
        """
        meaning = self.names.get(name)
        found = self.column(name)
        if found is not None and (found.name == name or not isinstance(meaning, Value)):
            return found
        if isinstance(meaning, Value):  # it is nearer than a column whose name only resembles
            return meaning
        if meaning is not None or self.context.catalog.schema(name):
            raise KqlSemanticError(
                f"'{self.operator}' operator: '{name}' is a table, a scalar is expected here.",
                span,
                "Use toscalar() to take one value of it.",
            )
        near = [column.name for column in self.row or ()] + [n for n, m in self.names.items() if isinstance(m, Value)]
        hint = RETIRED.get(name, "") or closest(name, near)
        raise KqlSemanticError(f"'{self.operator}' operator: Failed to resolve scalar expression named '{name}'", span, hint)

    # ------------------------------------------------------------ tables

    def _cut(self, scan: Scan) -> Relation:
        """The rows of a table within the time window of the whole query."""
        time = next((ref(column) for column in scan.schema if column.name in _TIME), None)
        return scan if time is None else Filter(scan, _within(time))

    def is_table(self, name: str) -> bool:
        """Whether a name, standing alone, is tabular."""
        if name in self.names:
            return isinstance(self.names[name], Relation)
        return self.context.catalog.schema(name) is not None

    def table(self, name: str, span: Span) -> Relation:
        """The relation that a name stands for.

        Raises:
            KqlSemanticError: nothing of that name is a table; the hint names the closest.
        """
        meaning = self.names.get(name)
        if isinstance(meaning, Relation):
            return meaning
        if meaning is not None:
            raise KqlSemanticError(f"'{name}' is not a table.", span, "A tabular expression is expected here.")
        return self.stored(name, span)

    def stored(self, name: str, span: Span) -> Relation:
        """The stored table of that name, whatever the query itself calls so.

        Raises:
            KqlUnresolvedError: there is none; the hint names the closest.
        """
        schema = self.context.catalog.schema(name)
        if schema is not None:
            physical = tuple(physical_names(column.name for column in schema).values())
            scan = Scan(schema, name, physical, self.context.catalog.storage(name), span=span)
            return self._cut(scan) if self.context.windowed else scan
        near = [*self.context.catalog.names(), *(n for n, m in self.names.items() if isinstance(m, Relation))]
        message = f"'{self.operator}' operator: Failed to resolve table or column expression named '{name}'"
        raise KqlUnresolvedError(message, span, closest(name, near))


def _within(time: ColumnRef) -> Value:
    since, until = (Bound(name, ScalarType.DATETIME) for name in RESERVED[1:])
    return Logical("and", (invoke(">=", time, since, registry=OPERATORS), invoke("<=", time, until, registry=OPERATORS)))


def _lookup(schema: Iterable[Column], name: str) -> Column | None:
    columns = {column.name: column for column in schema}
    for one, other in _TIME.items():  # also Timestamp1 of a join
        if name.startswith(one) and (found := columns.get(other + name[len(one) :])):
            return found
    folded = [column for column in columns.values() if column.name.lower() == name.lower()]
    return folded[0] if len(folded) == 1 else None


# Columns of older schemas that published queries still name, with what replaced them.
RETIRED = {
    "PhishFilterVerdict": "This column was retired: use ThreatTypes and ConfidenceLevel.",
    "MalwareFilterVerdict": "This column was retired: use ThreatTypes.",
    "PhishDetectionMethod": "This column was retired: use DetectionMethods.",
    "MalwareDetectionMethod": "This column was retired: use DetectionMethods.",
    "MailFromAddress": "This column is now SenderMailFromAddress.",
    "MailFromDomain": "This column is now SenderMailFromDomain.",
}


def unique_name(name: str, taken: Iterable[str]) -> str:
    """The name, or the name with the first number that makes it unique: x, x1, x2 (page: join operator)."""
    names = taken if isinstance(taken, set) else set(taken)
    candidate, number = name, 0
    while candidate in names:
        number += 1
        candidate = f"{name}{number}"
    return candidate


def empty(kind: ScalarType) -> Literal:
    """The null of a type: strings have the empty string instead."""
    return Literal("" if kind is ScalarType.STRING else None, kind)
