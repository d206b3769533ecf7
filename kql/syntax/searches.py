"""Terms and conditions over many tables (pages: search operator, find operator)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kql.algebra import Item, Literal, Project, Relation, Scan, Union, ref
from kql.errors import KqlSemanticError
from kql.overloads import convert
from kql.scope import Scope, empty
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.calls import FunctionCall
from kql.syntax.columns import Items, Patterns, ProjectAway
from kql.syntax.declarations import scalar_type
from kql.syntax.expressions import NameRef
from kql.syntax.forms import bag
from kql.syntax.parameters import Parameters
from kql.syntax.predicates import filtered, looks_everywhere, referenced, with_terms
from kql.syntax.sources import Tabular
from kql.syntax.unions import Named, Sources, matching, outer_columns, tables, union_schema, united
from kql.tokens import Token
from kql.types import Column, ScalarType

# ---------------------------------------------------------------- search


@rule("search")
class Search(Operator, Tabular):
    """Without tables all stored tables and views are searched; `$table` tells where a row is from."""

    params: Parameters
    sources: Sources | None
    node: Any

    def bind_tabular(self, scope: Scope) -> Relation:
        named = tables(self.sources.items, scope) if self.sources is not None else matching(None, scope)
        return self._found(named, scope, "$table")

    def apply(self, source: Relation, scope: Scope) -> Relation:
        if self.sources is not None:
            raise KqlSemanticError(
                "'search' operator: tables are named by the pipeline or by 'in', not by both.", self.sources.span
            )
        known = isinstance(source, Union) or any(column.name == "$table" for column in source.schema)
        name = source.table if isinstance(source, Scan) else "union_arg0"
        return self._found([(name, source)], scope, "" if known else "$table")

    def _found(self, named: Named, scope: Scope, column: str) -> Relation:
        kind = self.params.get("kind", "default")
        if kind not in ("default", "case_insensitive", "case_sensitive"):
            raise KqlSemanticError(f"'search' operator: unknown kind '{kind}'.", self.span, "Write kind=case_sensitive, or none.")
        if not named:
            raise KqlSemanticError("'search' operator: no table matches.", self.span)
        if not isinstance(self.node, Token):
            named = filtered(named, with_terms(self.node, scope), scope, "search", column, kind == "case_sensitive")
        return united(named, column, "outer", self.span)


# ---------------------------------------------------------------- find


@rule("typed_column")
class TypedColumn(Expression):
    """`name: type` in find's project."""

    name: Token
    type: Token


@rule("find")
class Find(Tabular):
    """Columns of the predicate and those that all tables share stay columns, the rest goes into the bag `pack_`."""

    params: Parameters
    sources: Sources | None
    node: Any
    wanted: Any
    away: Patterns | None

    def bind_tabular(self, scope: Scope) -> Relation:
        named = tables(self.sources.items, scope) if self.sources is not None else matching(None, scope)
        node = with_terms(self.node, scope)
        used = referenced(node)
        reads = [each for each in named if any(_reads(each[1], name, scope) for name in used)]
        whole = looks_everywhere(node)
        named = named if whole or not reads else reads
        if not named:
            raise KqlSemanticError("'find' operator: no table matches.", self.span)
        source = self.params.get("withsource") or self.params.get("with_source") or "source_"
        found = filtered(named, node, scope, "find", source)
        arms = self._projected(found, source) if isinstance(self.wanted, Items) else self._smart(found, used, source)
        result: Relation = Union(arms, union_schema(arms), span=self.span) if len(arms) > 1 else arms[0]
        return ProjectAway(self.away, span=self.span).apply(result, scope) if self.away is not None else result

    def _smart(self, named: Named, used: set[str], source: str) -> tuple[Relation, ...]:
        shared = set.intersection(*({c.name for c in relation.schema} for _, relation in named)) | used
        columns = [each for each in outer_columns([relation.schema for _, relation in named]) if each[1] in shared]
        packs = any(c.name not in shared for _, relation in named for c in relation.schema)
        arms = []
        for name, relation in named:
            mine = {(c.name, c.type): c for c in relation.schema}
            items = [Item(out, ref(mine[of, kind]) if (of, kind) in mine else empty(kind)) for out, of, kind in columns]
            rest = [c for c in relation.schema if c.name not in shared]
            arms.append(_arm(name, relation, source, [*items, _packed(rest)] if packs else items))
        return tuple(arms)

    def _projected(self, named: Named, source: str) -> tuple[Relation, ...]:
        wanted = [(str(each.name), self._type(each, named)) for each in self.wanted.items if not _is_pack_all(each)]
        packs = any(_is_pack_all(each) for each in self.wanted.items)
        arms = []
        for name, relation in named:
            mine = {c.name: c for c in relation.schema}
            items = [Item(out, convert(ref(mine[out]), kind) if out in mine else empty(kind)) for out, kind in wanted]
            rest = [c for c in relation.schema if c.name not in dict(wanted)]
            arms.append(_arm(name, relation, source, [*items, _packed(rest)] if packs else items))
        return tuple(arms)

    def _type(self, node: Any, named: Named) -> ScalarType:
        """The type of a projected column: as told, else the one that it has in all tables."""
        if isinstance(node, TypedColumn):
            return scalar_type(node.type)
        if not isinstance(node, NameRef):
            raise KqlSemanticError("'find' operator: project takes names, name: type, and pack_all().", node.span)
        kinds = {c.type for _, relation in named for c in relation.schema if c.name == node.name}
        if len(kinds) != 1:
            what = f"has the types {', '.join(sorted(kinds))}" if kinds else "is in none of the tables"
            raise KqlSemanticError(f"'find' operator: the column '{node.name}' {what}.", node.span, f"Write {node.name}: type.")
        return kinds.pop()


def _arm(name: str, relation: Relation, source: str, items: Sequence[Item]) -> Relation:
    return Project(relation, (Item(source, Literal(name, ScalarType.STRING)), *items))


def _packed(columns: Iterable[Column]) -> Item:
    return Item("pack_", bag([(column.name, ref(column)) for column in columns]))


def _reads(relation: Relation, name: str, scope: Scope) -> bool:
    return scope.with_row(relation.schema, "find").column(name) is not None


def _is_pack_all(node: Any) -> bool:
    return isinstance(node, FunctionCall) and node.name == "pack_all"
