"""Relations to SQL: SELECT blocks, fused along the clause ladder FROM, WHERE, GROUP BY, SELECT, ORDER BY, LIMIT.

An operator joins the block below it when its clause comes later on the ladder and reads only columns that the block
hands on as they are; else the block becomes a subquery. The order of rows belongs to the relation: a block that is
wrapped hands its sort keys outward.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from msgspec.structs import replace
from sqlglot import exp

from kql.algebra import (
    Aggregate,
    Binding,
    Call,
    ColumnRef,
    Filter,
    Fold,
    Item,
    Join,
    Limit,
    Literal,
    Project,
    Range,
    Reference,
    Relation,
    Scan,
    Sort,
    SortKey,
    Union,
    Unnest,
    Value,
    Values,
    Window,
    passing,
)
from kql.blocks import Block, BlockLowering, columns_in, read
from kql.traversal import columns_of, walk
from kql.trees import Order, alias, cast_, column, conjunction, fresh, function, name, null
from kql.types import ScalarType, Schema, physical_names
from kql.values import Columns

# Empty cells in a union's arms from which on each arm names only what it has, and SQL fills the rest by name: writing and
# planning them all takes seconds in a search of a whole store. Fewer are written out, so that filters reach the arms' files.
MANY_EMPTY = 2_000


class Lowering(BlockLowering):
    """Lowers the relations of one program. `fused=False` gives one named block for each operator, for `explain`."""

    def program(self, root: Relation, bindings: Sequence[Binding]) -> exp.Expression:
        """The SQL tree of a whole program; output columns are named by `physical_names` of the root's schema."""
        for binding in bindings:
            block = replace(self.block(binding.relation))
            self._cte(binding.name, self.select(block, binding.relation.schema), binding.materialized)
        tree = self.select(self.block(root), root.schema)
        if self.ctes:
            tree.set("with_", exp.With(expressions=self.ctes, recursive=self.recursive))
        return tree

    def subquery(self, relation: Relation) -> exp.Expression:
        return exp.Subquery(this=self.select(self.block(relation), relation.schema))

    # ------------------------------------------------------------ relations

    def block(self, relation: Relation) -> Block:
        block = self._lower(relation)
        if self.fused or isinstance(relation, Scan | Reference) or not relation.schema:
            return block
        self.steps[f"step_{len(self.steps) + 1}"] = relation
        return self.wrap(block, relation.schema, f"step_{len(self.steps)}")

    def _lower(self, relation: Relation) -> Block:
        match relation:
            case Scan():
                return self._scan(relation)
            case Reference(name=given) if given in self.given:
                return self.given.pop(given)
            case Reference():
                return Block(exp.Table(this=name(relation.name)), columns_in(relation.columns))
            case Values():
                return self._values(relation)
            case Filter():
                return self._filter(relation)
            case Project():
                return self._project(relation)
            case Aggregate():
                return self._aggregate(relation)
            case Join():
                return self._join(relation)
            case Union():
                return self._union(relation)
            case Sort():
                return self._sort(relation)
            case Limit():
                return self._limit(relation)
            case Unnest():
                return self._unnest(relation)
            case Range():
                return self._range(relation)
            case Fold():
                return self._fold(relation)
            case _:
                assert_never(relation)

    def _scan(self, relation: Scan) -> Block:
        block = Block(exp.Table(this=name(relation.view)), columns_in(relation.columns, relation.physical))
        for kql in relation.columns:  # foreign storage may hold SQL nulls where KQL has the empty string
            if kql.type is ScalarType.STRING and kql.nullable:
                block.columns[kql.name] = function("coalesce", block.columns[kql.name], exp.Literal.string(""))
        return block

    def _values(self, relation: Values) -> Block:
        if not relation.columns:  # the one row under `print`
            return Block(None, {})
        names = list(physical_names(c.name for c in relation.columns).values())
        kinds = [self.dialect.types[c.type] for c in relation.columns]
        if not relation.rows:
            nulls = [alias(null(kind), n) for kind, n in zip(kinds, names, strict=True)]
            empty: exp.Expression = exp.Select(expressions=nulls, where=exp.Where(this=exp.false()))
            return Block(exp.Subquery(this=empty), columns_in(relation.columns))
        rows = [exp.Tuple(expressions=[self.literal(cell) for cell in row]) for row in relation.rows]
        first = [cast_(cell, kind) for cell, kind in zip(rows[0].expressions, kinds, strict=True)]
        rows[0] = exp.Tuple(expressions=first)
        called = exp.TableAlias(this=name("rows"), columns=[name(n) for n in names])
        return Block(exp.Values(expressions=rows, alias=called), columns_in(relation.columns))

    def _filter(self, relation: Filter) -> Block:
        block = self.block(relation.input)
        if not (block.open and block.plain(columns_of(relation.predicate))):
            block = self.wrap(block, relation.input.schema)
        block.where.append(self.value(relation.predicate, block.columns))
        return block

    def _project(self, relation: Project) -> Block:
        block = self.block(relation.input)
        computed = [item.value for item in relation.items if not isinstance(item.value, ColumnRef)]
        passed = Counter(item.value.name for item in relation.items if isinstance(item.value, ColumnRef))
        windows = any(isinstance(inner, Window) for value in computed for inner in walk(value))
        sealed = block.group is not None or block.distinct
        if (
            (computed and (sealed or not block.plain(read(computed))))
            or not block.plain(each for each, times in passed.items() if times > 1)
            or (block.distinct and set(passed) != set(block.columns))
            or (windows and (block.fixed or block.limit is not None or _by_windows(block.order)))
            or (block.fixed and not block.plain(c for c in block.columns if c not in passed))
        ):
            block = self.wrap(block, relation.input.schema)
        before = block.columns
        block.columns = {item.name: self.value(item.value, before, block.order) for item in relation.items}
        block.fixed = block.fixed or windows
        return block

    def _aggregate(self, relation: Aggregate) -> Block:
        block = self.block(relation.input)
        computed = [item.value for item in (*relation.keys, *relation.items)]
        if not (block.open and block.plain(read(computed))):
            block = self.wrap(block, relation.input.schema)
        before, order = block.columns, block.order
        block.columns = {item.name: self.value(item.value, before, order) for item in (*relation.keys, *relation.items)}
        block.order = []
        if relation.items:
            block.group = [block.columns[item.name] for item in relation.keys]
        else:
            block.distinct = True
        return block

    def _sort(self, relation: Sort) -> Block:
        block = self.block(relation.input)
        simple = all(isinstance(key.value, ColumnRef) for key in relation.keys)
        computed = block.group is None and block.plain(read(key.value for key in relation.keys))
        if block.limit is not None or block.distinct or not (simple or computed):
            block = self.wrap(block, relation.input.schema)
        block.order = [order for key in relation.keys for order in self._orders(key, block.columns)]
        return block

    def _orders(self, key: SortKey, columns: Columns) -> Iterator[Order]:
        """A key in SQL. NaN stands beside null (page: sort), where DuckDB takes it for the largest number."""
        tree = self.value(key.value, columns)
        if key.value.type is ScalarType.REAL:
            yield Order(function("isnan", tree.copy()), key.nulls_first, key.nulls_first)
        yield Order(tree, key.descending, key.nulls_first)

    def _limit(self, relation: Limit) -> Block:
        block = self.block(relation.input)
        if block.limit is not None:
            block = self.wrap(block, relation.input.schema)
        block.limit = self.value(relation.count, {})
        return block

    def _join(self, relation: Join) -> Block:
        left, right, kind = relation.left, relation.right, relation.kind
        swapped = kind in ("rightsemi", "rightanti")
        unique = [pair[0] for pair in relation.on] if kind == "innerunique" else []
        sides = {"left": self._side(left, "l", unique), "right": self._side(right, "r")}
        conditions = [self._key(pair, sides) for pair in relation.on] or [exp.true()]
        first, second = (sides["right"], sides["left"]) if swapped else (sides["left"], sides["right"])
        join = exp.Join(this=second.source, on=conjunction(conditions), **_JOIN[kind])
        columns: dict[str, exp.Expression] = {}
        for out in relation.columns:
            tree = fresh(sides[out.side].columns[out.source])
            padded = out.padded and out.column.type is ScalarType.STRING
            columns[out.column.name] = function("coalesce", tree, exp.Literal.string("")) if padded else tree
        return Block(first.source, columns, joins=[join], depth=max(first.depth, second.depth))

    def _key(self, pair: tuple[Value, Value], sides: dict[str, Block]) -> exp.Expression:
        """Null keys match each other; where one side cannot be null a plain equality says the same."""
        left, right = (self.value(pair[0], sides["left"].columns), self.value(pair[1], sides["right"].columns))
        nulls = pair[0].nullable and pair[1].nullable
        return exp.NullSafeEQ(this=left, expression=right) if nulls else exp.EQ(this=left, expression=right)

    def _side(self, relation: Relation, called: str, unique: Sequence[Value] = ()) -> Block:
        """A join's input as a table or subquery under an alias; one row for each `unique` key."""
        block = self.block(relation)
        bare = block.open and not (block.where or block.order or block.joins) and block.plain(block.columns)
        table = exp.TableAlias(this=exp.Identifier(this=called, quoted=False))
        if unique:
            if not (block.open and block.plain(read(unique))):
                block = self.wrap(block, relation.schema)
            keys = [self.value(key, block.columns) for key in unique]
            tree = self.select(block, relation.schema)
            tree.set("distinct", exp.Distinct(on=exp.Tuple(expressions=keys)))
            source: exp.Expression = exp.Subquery(this=tree, alias=table)
        elif bare and isinstance(block.source, exp.Table):
            block.source.set("alias", table)
            columns: dict[str, exp.Expression] = {n: column(tree.name, called) for n, tree in block.columns.items()}
            return Block(block.source, columns, depth=block.depth)
        else:
            source = exp.Subquery(this=self.select(block, relation.schema), alias=table)
        names = physical_names(c.name for c in relation.schema)
        columns = {n: column(sql, called) for n, sql in names.items()}
        return Block(source, columns, depth=block.depth + 1)

    def _union(self, relation: Union) -> Block:
        arms = [_lean(each) for each in relation.inputs]
        by_name = sum(len(relation.columns) - len(each.schema) for each in arms) > MANY_EMPTY
        arms = arms if by_name else list(relation.inputs)
        names = physical_names(c.name for c in relation.columns)
        blocks = [self.block(each) for each in arms]
        parts = [self._arm(block, each.schema, names) for block, each in zip(blocks, arms, strict=True)]
        tree = parts[0]
        for part in parts[1:]:
            tree = exp.Union(this=tree, expression=part, distinct=False, by_name=by_name)
        columns = columns_in(relation.columns)
        kept = Counter(c.name for each in arms for c in each.schema)
        for each in relation.columns if by_name else ():
            if not kept[each.name]:
                columns[each.name] = self.literal(Literal("" if each.type is ScalarType.STRING else None, each.type))
            elif each.type is ScalarType.STRING and kept[each.name] < len(arms):
                columns[each.name] = function("coalesce", columns[each.name], exp.Literal.string(""))
        return Block(exp.Subquery(this=tree), columns, depth=max(b.depth for b in blocks) + 1)

    def _arm(self, block: Block, schema: Schema, names: Mapping[str, str]) -> exp.Expression:
        if block.limit is None:
            block.order = []  # a union has no order, and SQL allows none in its arms
        tree = self.select(block, schema, names=names)
        return exp.Subquery(this=tree) if block.limit is not None or block.order else tree

    def _unnest(self, relation: Unnest) -> Block:
        below = relation.input
        texts = {c.name for c in relation.columns if c.type is ScalarType.STRING}
        computed = [item for item in relation.items if not (relation.native or isinstance(item.value, ColumnRef))]
        arrays = {
            item.name: Item(f"$array{at}", _for_texts(item.value) if item.name in texts else item.value)
            for at, item in enumerate(computed)
        }
        if arrays:  # computed once, below: the list reads it several times
            below = Project(below, (*passing(below.schema), *arrays.values()))
        block = self.wrap(self.block(below), below.schema)
        held = {each: block.columns[item.name] for each, item in arrays.items()}
        values = {item.name: held.get(item.name) or self.value(item.value, block.columns) for item in relation.items}
        lists = {each: self._list(tree, relation, each in texts) for each, tree in values.items()}
        block.columns = {c.name: block.columns[c.name] for c in relation.columns if c.name in block.columns}
        for each, elements in lists.items():
            opened = function("unnest", elements)
            block.columns[each] = function("coalesce", opened, exp.Literal.string("")) if each in texts else opened
        if relation.index is not None:
            longest = function("greatest", *(function("len", tree.copy()) for tree in lists.values()))
            block.columns[relation.index] = function("unnest", function("range", longest))
        block.fixed = True
        return block

    def _list(self, tree: exp.Expression, relation: Unnest, text: bool) -> exp.Expression:
        elements = tree if relation.native else self.elements(tree, text, relation.bags_as_arrays)
        ends = [] if relation.limit is None else [exp.Literal.number(1), exp.Literal.number(relation.limit)]
        return function("list_slice", elements, *ends) if ends else elements

    def _range(self, relation: Range) -> Block:
        start, stop, step = (self.value(each, {}) for each in (relation.start, relation.stop, relation.step))
        filled = self.filled(_RANGE.get(relation.column.type, _RANGE_LONG), start=start, stop=stop, step=step)
        select = exp.Select(expressions=[alias(filled, relation.column.name)])
        return Block(exp.Subquery(this=select), columns_in((relation.column,)), depth=1)

    def _fold(self, relation: Fold) -> Block:
        """A recursive CTE: the first row of every group, then the row after each; all groups go on together."""
        self.recursive = True
        below = self.select(self.block(relation.input), relation.input.schema)
        rows, folded = (f"__{word}_{len(self.ctes) + 1}" for word in ("rows", "folded"))
        self._cte(rows, below, materialized=True)
        own = physical_names([*(c.name for c in relation.input.schema), *(item.name for item in relation.initial)])
        row = [alias(column(own[c.name], "r"), own[c.name]) for c in relation.input.schema]
        start = [alias(cast_(self.value(i.value, {}), self.dialect.types[i.value.type]), own[i.name]) for i in relation.initial]
        state = [alias(column(own[item.name], "f"), own[item.name]) for item in relation.initial]
        source, before = (exp.Table(this=name(n), alias=exp.TableAlias(this=name(a))) for n, a in ((rows, "r"), (folded, "f")))
        number, previous = (column(own[relation.number], letter) for letter in "rf")
        begins = exp.Where(this=exp.EQ(this=number.copy(), expression=exp.Literal.number(1)))
        first = exp.Select(expressions=[*row, *start], from_=exp.From(this=source), where=begins)
        follows = exp.EQ(this=number, expression=exp.Add(this=previous, expression=exp.Literal.number(1)))
        same = [exp.NullSafeEQ(this=column(own[key], "r"), expression=column(own[key], "f")) for key in relation.keys]
        join = exp.Join(this=source.copy(), on=conjunction([follows, *same]), kind="INNER")
        later = exp.Select(expressions=[*(each.copy() for each in row), *state], from_=exp.From(this=before), joins=[join])
        one, other = (self._stepped(relation, each, own) for each in (first, later))
        self._cte(folded, exp.Union(this=one, expression=other, distinct=False))
        return Block(exp.Table(this=name(folded)), columns_in(relation.schema))

    def _stepped(self, relation: Fold, rows: exp.Expression, names: Mapping[str, str]) -> exp.Expression:
        """The step over rows with their state, in one SELECT: inside a recursion nothing can be named."""
        fused, self.fused = self.fused, True
        self.given[relation.name] = Block(exp.Subquery(this=rows), {kql: column(sql) for kql, sql in names.items()})
        tree = self.select(self.block(relation.step), relation.schema)
        self.fused = fused
        return tree


def _for_texts(value: Value) -> Value:
    """A dynamic of which only the texts of its elements matter."""
    if not (isinstance(value, Call) and value.function.listed):
        return value
    return replace(value, function=replace(value.function, template=value.function.listed))


def _by_windows(order: Sequence[Order]) -> bool:
    """Whether a key is made of windows, those of a subquery at least: SQL allows none in the order of another window."""
    return any(key.expression.find(exp.Window) for key in order)


def _lean(relation: Relation) -> Relation:
    """A union's arm without the columns that are empty in all its rows."""
    if not isinstance(relation, Project):
        return relation
    items = tuple(i for i in relation.items if not (isinstance(i.value, Literal) and i.value.value in (None, "")))
    return replace(relation, items=items or relation.items[:1])


_JOIN: dict[str, dict[str, str]] = {
    "inner": {"kind": "INNER"},
    "innerunique": {"kind": "INNER"},
    "leftouter": {"side": "LEFT"},
    "rightouter": {"side": "RIGHT"},
    "fullouter": {"side": "FULL"},
    "leftsemi": {"kind": "SEMI"},
    "leftanti": {"kind": "ANTI"},
    "rightsemi": {"kind": "SEMI"},
    "rightanti": {"kind": "ANTI"},
}

_RANGE_LONG = "unnest(generate_series(CAST($start AS BIGINT), CAST($stop AS BIGINT), nullif(CAST($step AS BIGINT), 0)))"
_RANGE = {
    ScalarType.DATETIME: "make_timestamp(unnest(generate_series(epoch_us($start), epoch_us($stop), nullif($step // 10, 0))))",
    ScalarType.REAL: "unnest(list_transform(generate_series(0, CAST(floor(($stop - $start) / nullif($step, 0)) AS BIGINT)), "
    "lambda __k1: $start + __k1 * $step))",
}
