"""The call of a plugin: what its function is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, field

from kql.algebra import ColumnRef, Limit, Literal, Relation
from kql.errors import KqlLimitError, KqlSemanticError, KqlUnsupportedError, Span
from kql.partitioning import of_one_part
from kql.scope import Scope
from kql.syntax.base import Expression
from kql.syntax.declarations import TableType
from kql.syntax.rows import serialized
from kql.types import ScalarType, Schema

MAX_COLUMNS = 1_000  # that the data may ask for


class Plugin(Struct):
    """A plugin's call: where it stands, its arguments by place and by name, and the output schema if the query writes one."""

    source: Relation
    scope: Scope
    name: str
    span: Span
    output: TableType | None
    places: list[Expression] = field(default_factory=list)
    named: dict[str, Expression] = field(default_factory=dict)

    def expects(self, what: str, node: Expression | None = None) -> KqlSemanticError:
        return KqlSemanticError(f"Plugin '{self.name}' expects {what}.", node.span if node is not None else self.span)

    def by_place(self) -> None:
        """Refuses names of arguments, which would be passed over."""
        for name, node in self.named.items():
            raise self.expects(f"its arguments by place, without the name '{name}'", node)

    def column(self, at: int) -> ColumnRef:
        """The argument at a place, which must be a column of the input."""
        value = self.places[at].bind(self.row) if at < len(self.places) else None
        if not isinstance(value, ColumnRef):
            raise self.expects("a column here", self.places[at] if at < len(self.places) else None)
        return value

    def constant(self, at: int, name: str, default: object) -> Any:
        """A constant argument, by place or by name."""
        node = self.named.get(name) or (self.places[at] if at < len(self.places) else None)
        if node is None:
            return default
        value = node.bind(self.scope.without_row())
        if not isinstance(value, Literal):
            raise self.expects(f"a constant as '{name}'", node)
        return value.value

    @property
    def row(self) -> Scope:
        return self.scope.with_row(self.source.schema, "evaluate", serialized=serialized(self.source))

    def declared(self, kept: Schema) -> Schema | None:
        """The columns that the output schema adds to those that are kept; None if the query writes no schema."""
        if self.output is None:
            return None
        names = {column.name for column in kept} if self.output.more else set()
        return tuple(each.column for each in self.output.columns if each.column.name not in names)

    def look(self, relation: Relation) -> Sequence[tuple[Any, ...]]:
        """The rows of a relation while the query is compiled: what columns the data has."""
        probe = self.scope.context.probe
        if probe is None:
            message = f"The columns of '{self.name}' depend on the data, which cannot be looked at here."
            raise KqlUnsupportedError(message, self.span, f"Write the columns: evaluate {self.name}(...) : (Name: string, ...).")
        if of_one_part(relation):
            raise KqlUnsupportedError(f"The columns of '{self.name}' cannot depend on a part.", self.span, "Write the columns.")
        rows = probe(Limit(relation, Literal(MAX_COLUMNS + 1, ScalarType.LONG)))
        if len(rows) > MAX_COLUMNS:
            message = f"'{self.name}' would give more than {MAX_COLUMNS} columns."
            raise KqlLimitError(message, self.span, "Filter the rows before it.")
        return rows
