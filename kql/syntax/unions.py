"""All rows of several tables (page: union operator)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from kql.algebra import Item, Literal, Project, Relation, Union, passing, ref
from kql.errors import KqlSemanticError, KqlUnresolvedError, Span
from kql.scope import Scope, empty, unique_name
from kql.syntax.base import Expression, Listed, Operator, rule
from kql.syntax.expressions import Group, NameRef
from kql.syntax.parameters import Parameters, Wildcard
from kql.syntax.rows import As
from kql.syntax.sources import Pipe, Tabular, WildcardMember
from kql.syntax.statements import UserFunction
from kql.tokens import Token
from kql.types import Column, ScalarType, Schema

Named = list[tuple[str, Relation]]


@rule("sources")
class Sources(Listed):
    """Tables by name, pattern or pipeline: of union, search and find."""


@rule("union")
class UnionSource(Operator, Tabular):
    """Columns are matched by name and type; `isfuzzy` leaves out tables that do not exist, if any does."""

    params: Parameters
    sources: list[Expression]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> UnionSource:
        return cls(children[0], children[1:], span=span)

    def bind_tabular(self, scope: Scope) -> Relation:
        return self._union([], scope)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return self._union([("union_arg0", source)], scope.without_row())

    def _union(self, named: Named, scope: Scope) -> Relation:
        kind = self.params.get("kind", "outer")
        if kind not in ("inner", "outer"):
            raise KqlSemanticError(f"'union' operator: unknown kind '{kind}'.", self.span, "The kinds are outer and inner.")
        fuzzy = self.params.get("isfuzzy").lower() in ("true", "1")
        named = named + tables(self.sources, replace(scope, operator="union"), fuzzy=fuzzy, at=len(named))
        if not named:
            raise KqlSemanticError("'union' operator: no table matches.", self.span)
        return united(named, self.params.get("withsource") or self.params.get("with_source"), kind, self.span)


def tables(sources: list[Expression], scope: Scope, *, fuzzy: bool = False, at: int = 0) -> Named:
    """The tables that sources name, each with the name that it has for `withsource`.

    Raises:
        KqlUnresolvedError: a source, or a table that it reads, does not exist, unless `fuzzy`.
        KqlSemanticError: any other fault of a source.
    """
    found: Named = []
    for each in sources:
        if isinstance(each, Wildcard | WildcardMember):
            found += matching(each, scope)
            continue
        try:
            found.append((_name_of(each, at + len(found)), each.bind_tabular(scope)))
        except KqlUnresolvedError:
            if not fuzzy:
                raise
    return found


def matching(pattern: Wildcard | WildcardMember | None, scope: Scope) -> Named:
    """Stored tables and view functions by pattern; None is all of them. A view hides the table of its name."""
    views = {name: view for name, view in scope.names.items() if isinstance(view, UserFunction) and view.view}
    names = dict.fromkeys([*scope.context.catalog.names(), *views])
    span = pattern.span if pattern is not None else Span(0, 0)
    return [
        (name, views[name].tabular([], scope, span) if name in views else scope.stored(name, span))
        for name in names
        if pattern is None or pattern.matches(name)
    ]


def _name_of(node: Expression, at: int) -> str:
    """A table's own name, the one that `as` gave, else the place in the list."""
    inner = node
    while isinstance(inner, Group):
        inner = inner.inner
    if isinstance(inner, Pipe) and isinstance(inner.operators[-1], As):
        return str(inner.operators[-1].name)
    name = getattr(inner, "name", None)
    return str(name) if isinstance(name, Token) and (inner is node or isinstance(inner, NameRef)) else f"union_arg{at}"


UnionColumns = tuple[tuple[str, str, ScalarType], ...]  # output name, source name, type


def united(named: Named, with_source: str, kind: str, span: Span) -> Relation:
    """The union of aligned inputs; `with_source` names a column, the first, that tells each row's source."""
    schemas = [relation.schema for _, relation in named]
    columns = inner_columns(schemas) if kind == "inner" else outer_columns(schemas)
    if with_source:
        taken = {with_source, *(out for out, _, _ in columns)}
        columns = tuple((unique_name(out, taken) if out == with_source else out, name, type_) for out, name, type_ in columns)
    arms = tuple(align(relation, columns, with_source, name) for name, relation in named)
    if len(arms) == 1:
        return arms[0]
    return Union(arms, union_schema(arms), span=span)


def union_schema(arms: tuple[Relation, ...]) -> Schema:
    """The columns of aligned inputs: nullable where one of them is."""
    places = zip(*(arm.schema for arm in arms), strict=True)
    return tuple(Column(columns[0].name, columns[0].type, any(column.nullable for column in columns)) for columns in places)


def outer_columns(schemas: list[Schema]) -> UnionColumns:
    """Every column of every input; a name that has several types is split: x_long, x_string."""
    kinds: dict[str, list[ScalarType]] = {}
    for schema in schemas:
        for column in schema:
            if column.type not in kinds.setdefault(column.name, []):
                kinds[column.name].append(column.type)
    taken = {name for name, found in kinds.items() if len(found) == 1}
    result: list[tuple[str, str, ScalarType]] = []
    for name, found in kinds.items():
        for kind in found:
            out = name if len(found) == 1 else unique_name(f"{name}_{kind}", taken)
            taken.add(out)
            result.append((out, name, kind))
    return tuple(result)


def inner_columns(schemas: list[Schema]) -> UnionColumns:
    """The columns that every input has with the same type."""
    common = [c for c in schemas[0] if all(any(o.name == c.name and o.type is c.type for o in schema) for schema in schemas)]
    return tuple((c.name, c.name, c.type) for c in common)


def align(relation: Relation, columns: UnionColumns, with_source: str, name: str) -> Relation:
    """A union's input with the union's columns: nulls (and '') where it lacks one, the source's name first."""
    mine = {(c.name, c.type): c for c in relation.schema}
    items = [Item(out, ref(mine[source, kind])) if (source, kind) in mine else _empty(out, kind) for out, source, kind in columns]
    if with_source:
        items.insert(0, Item(with_source, Literal(name, ScalarType.STRING)))
    return relation if tuple(items) == passing(relation.schema) else Project(relation, tuple(items))


@lru_cache(maxsize=4096)
def _empty(name: str, kind: ScalarType) -> Item:
    """A column that has nothing: the arms of a wide union hold tens of thousands."""
    return Item(name, empty(kind))
