"""SELECT blocks under construction: what may still join one, how one is wrapped, how one is finished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field
from sqlglot import exp

from kql.algebra import Relation, Value
from kql.dialects import Dialect
from kql.traversal import columns_of
from kql.trees import Order, alias, column, conjunction, fresh, name, outside_subqueries
from kql.types import Schema, physical_names
from kql.values import ValueLowering

MAX_NESTING = 30  # subqueries inside one another before a CTE starts afresh: the printer recurses


class Block(Struct):
    """One SELECT under construction; `columns` maps each KQL column to its SQL over the FROM clause."""

    source: exp.Expression | None
    columns: dict[str, exp.Expression]
    joins: list[exp.Expression] = field(default_factory=list)
    where: list[exp.Expression] = field(default_factory=list)
    group: list[exp.Expression] | None = None  # None: not grouped; []: one group
    distinct: bool = False
    order: list[Order] = field(default_factory=list)
    limit: exp.Expression | None = None
    fixed: bool = False  # holds windows or unnest: nothing may filter before them
    depth: int = 0

    @property
    def open(self) -> bool:
        """Whether a filter may still join it."""
        return self.group is None and not (self.fixed or self.distinct) and self.limit is None

    def plain(self, names: Iterable[str]) -> bool:
        """Whether these columns are handed on as they are, so that reading them costs nothing."""
        return all(isinstance(self.columns[name], exp.Column) for name in names)


class BlockLowering(ValueLowering):
    """What every relation's lowering is made of: wrapping and finishing blocks, and the CTEs found on the way."""

    def __init__(self, dialect: Dialect, fused: bool = True) -> None:
        self.dialect = dialect
        self.fused = fused
        self.ctes: list[exp.Expression] = []
        self.steps: dict[str, Relation] = {}
        self.given: dict[str, Block] = {}  # what stands for a reference inside the step of a fold
        self.recursive = False

    def wrap(self, block: Block, schema: Schema, named: str | None = None) -> Block:
        """The block as a subquery (or CTE) of a new one. Its sort keys go outward, through hidden columns where needed."""
        names = physical_names(c.name for c in schema)
        extra: list[exp.Expression] = []
        order: list[Order] = []
        for key in block.order:
            shown = next((names[n] for n, tree in block.columns.items() if n in names and same(tree, key.expression)), None)
            if shown is None:
                shown = f"__order_{len(extra) + 1}"
                extra.append(alias(fresh(key.expression), shown))
            order.append(Order(column(shown), key.descending, key.nulls_first))
        if block.limit is None:
            block.order = []
        tree = self.select(block, schema, extra)
        if named is None and block.depth >= MAX_NESTING:
            named = f"__part_{len(self.ctes) + 1}"
        depth = 0 if named else block.depth + 1
        if named:
            self._cte(named, tree)
        source = exp.Table(this=name(named)) if named else exp.Subquery(this=tree)
        return Block(source, {n: column(sql) for n, sql in names.items()}, order=order, depth=depth)

    def select(
        self, block: Block, schema: Schema, extra: Sequence[exp.Expression] = (), names: Mapping[str, str] | None = None
    ) -> exp.Expression:
        """The finished SELECT, its columns in the order of the schema, under `names` (default: those of the schema)."""
        names = names or physical_names(c.name for c in schema)
        trees = [fresh(block.columns[c.name]) for c in schema]
        items = [
            tree if isinstance(tree, exp.Column) and tree.name == names[c.name] else alias(tree, names[c.name])
            for tree, c in zip(trees, schema, strict=True)
        ]
        order = [self._ordered(key, block, names) for key in block.order if not key.constant]
        clauses: dict[str, object] = {"expressions": [*items, *extra]}
        if block.source is not None:
            clauses["from_"] = exp.From(this=block.source)
        if block.joins:
            clauses["joins"] = block.joins
        if block.where:
            clauses["where"] = exp.Where(this=conjunction([p for tree in block.where for p in conjuncts(tree)]))
        if block.group:
            places = [next((at for at, tree in enumerate(trees, 1) if tree is key), key) for key in block.group]
            keys = [exp.Literal.number(place) if isinstance(place, int) else place.copy() for place in places]
            clauses["group"] = exp.Group(expressions=keys)
        if block.distinct:
            clauses["distinct"] = exp.Distinct()
        if order:
            clauses["order"] = exp.Order(expressions=order)
        if block.limit is not None:
            clauses["limit"] = exp.Limit(expression=block.limit)
        return exp.Select(**clauses)

    def _ordered(self, key: Order, block: Block, names: Mapping[str, str]) -> exp.Expression:
        """ORDER BY an output column by its name; else by the source's columns, qualified if an output took their name."""
        shown = next((names[n] for n, tree in block.columns.items() if n in names and same(tree, key.expression)), None)
        if shown is not None:
            return Order(column(shown), key.descending, key.nulls_first).tree()
        tree = key.expression.copy()
        for inner in outside_subqueries(tree, exp.Column):
            if not inner.table and inner.name in names.values() and isinstance(block.source, exp.Table | exp.Subquery):
                if not block.source.alias:
                    block.source.set("alias", exp.TableAlias(this=exp.Identifier(this="t", quoted=False)))
                inner.set("table", exp.Identifier(this=block.source.alias, quoted=False))
        return Order(tree, key.descending, key.nulls_first).tree()

    def _cte(self, named: str, tree: exp.Expression, materialized: bool = False) -> None:
        called = exp.TableAlias(this=name(named))
        self.ctes.append(exp.CTE(this=tree, alias=called, materialized=True if materialized else None))


def columns_in(schema: Schema, physical: Sequence[str] = ()) -> dict[str, exp.Expression]:
    names = physical or list(physical_names(c.name for c in schema).values())
    return {c.name: column(sql) for c, sql in zip(schema, names, strict=True)}


def read(values: Iterable[Value]) -> Iterable[str]:
    return (read for value in values for read in columns_of(value))


def same(tree: exp.Expression, other: exp.Expression) -> bool:
    """One node, or the same plain column."""
    return tree is other or (isinstance(tree, exp.Column) and tree == other)


def conjuncts(tree: exp.Expression) -> list[exp.Expression]:
    if isinstance(tree, exp.And):
        return [*conjuncts(tree.this), *conjuncts(tree.expression)]
    return [exp.Paren(this=tree) if isinstance(tree, exp.Or) else tree]
