"""Operators that choose or compute columns (pages: project and its variants, extend, serialize)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kql.algebra import ColumnRef, Item, Project, Relation, Sort, passing
from kql.errors import KqlSemanticError, Span, closest
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Listed, Operator, rule
from kql.syntax.calls import Star
from kql.syntax.declarations import Named
from kql.syntax.expressions import NameRef
from kql.syntax.parameters import Wildcard
from kql.syntax.rows import serialized
from kql.syntax.several import produced
from kql.tokens import Token
from kql.types import Schema


@rule("items")
class Items(Listed):
    """A list of output columns."""


def outputs(
    items: Sequence[Expression],
    scope: Scope,
    counted: Callable[[int], str] | None = None,
    *,
    automatic: bool = True,
    taken: Sequence[str] = (),
) -> list[Item]:
    """Output columns with their names: as given, else automatic, else counted (Column1); a clash gets a number.

    `counted` names the column at a place when it has no other name; `automatic=False` leaves the automatic names out.
    """
    result: list[Item] = []
    unnamed = 0
    for at, item in enumerate(items):
        for name, value, given in produced(item, scope, automatic):
            if name is None:
                unnamed += 1
                name = counted(at) if counted else f"Column{unnamed}"
            names = [*taken, *(each.name for each in result)]
            if given and name in {each.name for each in result}:
                message = f"'{scope.operator}' operator: two columns are named '{name}'."
                raise KqlSemanticError(message, item.span, "Rename one of them.")
            result.append(Item(name if given else unique_name(name, names), value))
    return result


def replaced(schema: Schema, items: Sequence[Item]) -> tuple[Item, ...]:
    """The input's columns with those of the same name replaced in their place, new ones at the end."""
    new = {item.name: item for item in items}
    kept = [new.pop(item.name, item) for item in passing(schema)]
    return (*kept, *new.values())


@rule("extend")
class Extend(Operator):
    items: Items

    def apply(self, source: Relation, scope: Scope) -> Relation:
        return extended(source, self.items.items, scope, "extend", self.span)


def extended(source: Relation, items: Sequence[Expression], scope: Scope, operator: str, span: Span) -> Relation:
    """The input with computed columns added or replaced."""
    inner = scope.with_row(source.schema, operator, serialized=serialized(source))
    existing = {column.name for column in source.schema}
    counter = iter(name for n in range(1, 10_000) if (name := f"Column{n}") not in existing)
    items_found = outputs(items, inner, lambda _: next(counter))
    return Project(source, replaced(source.schema, items_found), span=span)


@rule("project")
class ProjectOperator(Operator):
    items: Items

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "project", serialized=serialized(source))
        return Project(source, tuple(outputs(self.items.items, inner)), span=self.span)


@rule("serialize")
class Serialize(Operator):
    """Rows keep the order they have; window functions may be used on them."""

    items: Items | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        ordered = source if serialized(source) else Sort(source, (), span=self.span)
        return extended(ordered, self.items.items, scope, "serialize", self.span) if self.items else ordered


# ---------------------------------------------------------------- by name and pattern


@rule("patterns", "sort_patterns")
class Patterns(Listed):
    """Names and wildcards."""

    def select(self, schema: Schema, scope: Scope) -> list[str]:
        """The columns that the patterns name, in the order of the patterns, each once."""
        found: dict[str, None] = {}
        for item in self.items:
            pattern = item.pattern if isinstance(item, SortPattern) else item
            matched = _matched(pattern, schema, scope)
            if isinstance(item, SortPattern) and item.direction is not None:
                matched = sorted(
                    matched, key=_natural if "granny" in item.direction else str, reverse=item.direction.endswith("desc")
                )
            found |= dict.fromkeys(matched)
        return list(found)


@rule("sort_pattern")
class SortPattern(Expression):
    """A pattern of project-reorder, with the order of the columns that it finds."""

    pattern: Expression
    direction: Token | None


def _matched(pattern: Expression, schema: Schema, scope: Scope) -> list[str]:
    if isinstance(pattern, Wildcard):
        return [column.name for column in schema if pattern.matches(column.name)]
    assert isinstance(pattern, NameRef)
    value = scope.with_row(schema, scope.operator).column(str(pattern.name))
    if value is None:
        hint = closest(pattern.name, [column.name for column in schema])
        raise KqlSemanticError(
            f"'{scope.operator}' operator: Failed to resolve column named '{pattern.name}'", pattern.span, hint
        )
    return [value.name]


def _natural(name: str) -> list[tuple[int, int | str]]:
    """a2 before a10: digits are compared as numbers."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", name) if part]


def _chosen(source: Relation, names: Sequence[str], span: Span) -> Relation:
    by_name = {item.name: item for item in passing(source.schema)}
    return Project(source, tuple(by_name[name] for name in names), span=span)


@rule("project_away")
class ProjectAway(Operator):
    patterns: Patterns

    def apply(self, source: Relation, scope: Scope) -> Relation:
        gone = self.patterns.select(source.schema, scope.with_row(source.schema, "project-away"))
        return _chosen(source, [column.name for column in source.schema if column.name not in gone], self.span)


@rule("project_keep")
class ProjectKeep(Operator):
    patterns: Patterns

    def apply(self, source: Relation, scope: Scope) -> Relation:
        kept = self.patterns.select(source.schema, scope.with_row(source.schema, "project-keep"))
        return _chosen(source, [column.name for column in source.schema if column.name in kept], self.span)


@rule("project_reorder")
class ProjectReorder(Operator):
    patterns: Patterns

    def apply(self, source: Relation, scope: Scope) -> Relation:
        first = self.patterns.select(source.schema, scope.with_row(source.schema, "project-reorder"))
        return _chosen(source, [*first, *(c.name for c in source.schema if c.name not in first)], self.span)


@rule("project_rename")
class ProjectRename(Operator):
    items: Items

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "project-rename")
        new: dict[str, str] = {}
        for item in self.items.items:
            value = item.bind(inner)
            if not isinstance(item, Named) or not isinstance(value, ColumnRef):
                raise KqlSemanticError("'project-rename' operator: expects NewName = OldName.", item.span)
            new[value.name] = str(item.name)
        items = tuple(Item(new.get(item.name, item.name), item.value) for item in passing(source.schema))
        if len({item.name for item in items}) < len(items):
            raise KqlSemanticError("'project-rename' operator: two columns would have one name.", self.span)
        return Project(source, items, span=self.span)


__all__ = ["Items", "Star", "extended", "outputs", "replaced"]
