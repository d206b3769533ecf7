"""Operators about columns as such (pages: getschema, assert-schema, project-by-names)."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from kql.algebra import Item, Literal, Project, Relation, Value, Values, ref
from kql.errors import KqlSemanticError
from kql.scope import Scope
from kql.syntax.base import Operator, rule
from kql.syntax.declarations import TableType
from kql.types import Column, ScalarType, Schema

_DOTNET: dict[ScalarType, str] = {
    ScalarType.BOOL: "System.SByte",
    ScalarType.INT: "System.Int32",
    ScalarType.LONG: "System.Int64",
    ScalarType.REAL: "System.Double",
    ScalarType.DECIMAL: "System.Data.SqlTypes.SqlDecimal",
    ScalarType.STRING: "System.String",
    ScalarType.DATETIME: "System.DateTime",
    ScalarType.TIMESPAN: "System.TimeSpan",
    ScalarType.GUID: "System.Guid",
    ScalarType.DYNAMIC: "System.Object",
}
_SCHEMA_COLUMNS: Schema = (
    Column("ColumnName", ScalarType.STRING, nullable=False),
    Column("ColumnOrdinal", ScalarType.LONG, nullable=False),
    Column("DataType", ScalarType.STRING, nullable=False),
    Column("ColumnType", ScalarType.STRING, nullable=False),
)


@rule("getschema")
class GetSchema(Operator):
    """One row for each column of the input: name, place, .NET type and KQL type."""

    def apply(self, source: Relation, scope: Scope) -> Relation:
        rows = tuple(
            tuple(
                Literal(cell, kind.type)
                for cell, kind in zip((c.name, at, _DOTNET[c.type], str(c.type)), _SCHEMA_COLUMNS, strict=True)
            )
            for at, c in enumerate(source.schema)
        )
        return Values(_SCHEMA_COLUMNS, rows, span=self.span)


@rule("assert_schema")
class AssertSchema(Operator):
    """The input itself, if it has just these columns with these types."""

    schema: TableType

    def apply(self, source: Relation, scope: Scope) -> Relation:
        wanted = [(each.column.name, each.column.type) for each in self.schema.columns]
        found = [(column.name, column.type) for column in source.schema]
        if wanted != found:
            shown = ", ".join(f"{name}: {kind}" for name, kind in found)
            raise KqlSemanticError(
                "'assert-schema' operator: the input has another schema.", self.schema.span, f"It is ({shown})."
            )
        return source


@rule("project_by_names")
class ProjectByNames(Operator):
    """Columns by constant names, arrays of names and patterns, in their order; names that are no columns are left out."""

    names: Any

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.without_row()
        patterns = [name for each in self.names.items for name in self._names(each.bind(inner), each)]
        chosen: dict[str, Column] = {}
        for pattern in patterns:
            chosen |= {
                c.name: c for c in source.schema if (fnmatchcase(c.name, pattern) if "*" in pattern else c.name == pattern)
            }
        if not chosen:
            raise KqlSemanticError("'project-by-names' operator: no column has one of the names.", self.span)
        return Project(source, tuple(Item(name, ref(column)) for name, column in chosen.items()), span=self.span)

    def _names(self, value: Value, node: Any) -> list[str]:
        if isinstance(value, Literal) and value.type is ScalarType.STRING:
            return [str(value.value)]
        if isinstance(value, Literal) and value.type is ScalarType.DYNAMIC:
            found = json.loads(str(value.value)) if value.value is not None else []
            return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)]
        raise KqlSemanticError("'project-by-names' operator: expects constant names.", node.span)
