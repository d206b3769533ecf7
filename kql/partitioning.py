"""A pipeline applied to each part of the rows, as one relation over all parts (pages: mv-apply, partition).

The operators of the inner pipeline are bound as always, over a stand-in for "the rows of one part". What they made is then
rewritten, node by node, so that it works on all parts at once: every node hands the part's key on, groups are made within
it, windows are partitioned by it, a limit becomes a filter on the row's number within it. The closed algebra carries this;
what has no such form is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    Call,
    ColumnRef,
    Filter,
    Fold,
    InRelation,
    Item,
    Join,
    JoinColumn,
    Limit,
    Literal,
    Project,
    Range,
    Reference,
    Relation,
    ScalarQuery,
    Scan,
    Sort,
    SortKey,
    Union,
    Unnest,
    Value,
    Values,
    Window,
    passing,
    ref,
)
from kql.errors import KqlUnsupportedError, Span
from kql.functions import AGGREGATES, OPERATORS, WINDOWS
from kql.overloads import invoke
from kql.scope import Context, Scope, unique_name
from kql.traversal import (
    bottom_up,
    columns_of,
    everywhere,
    map_inner,
    map_values,
    relations,
    subqueries,
    values_of,
    walk,
    with_inputs,
)
from kql.types import Column, ScalarType, Schema

_LEFT_KINDS = ("inner", "innerunique", "leftouter", "leftsemi", "leftanti")


class Pipeline(Protocol):
    """Operators without a source of their own."""

    def apply(self, source: Relation, scope: Scope) -> Relation: ...


class Parts(Struct, frozen=True):
    """The parts that a pipeline is applied to.

    Attributes:
        key: the column that tells parts apart; equal in all rows of one.
        carried: columns that are equal in all rows of a part, and handed on with the key.
        keys: one row for each part, with key and carried columns; read where a part may have lost all its rows.
        leaf: what stands for a leaf of the inner pipeline, with key and carried columns.
        hole: the leaf that means "the rows of the part"; None if the parts are told by the key's value alone.
        span, operator: for errors.
    """

    key: Column
    carried: Schema
    keys: Relation
    leaf: Callable[[Relation], Relation]
    hole: Reference | None
    span: Span
    operator: str

    @classmethod
    def of(cls, rows: Relation, hidden: Schema, hole: Reference, inner: Relation, context: Context, operator: str) -> Parts:
        """Parts of `rows`, which has the columns of the hole and the hidden ones, the key first.

        They are computed once, and kept, if they are read twice: by a toscalar over them, or because the inner pipeline may
        lose all rows of a part and still gives a row for it.
        """
        uses = sum(name == hole.name for name in references(inner))
        if uses > 1 or any(isinstance(each, Aggregate) and not each.keys and loses_rows(each.input) for each in relations(inner)):
            rows = context.share("rows", rows, materialized=True)
        key, carried = hidden[0], hidden[1:]
        keys = Aggregate(rows, (Item(key.name, ref(key)),), _taken(carried))
        return cls(key, carried, keys, lambda _: rows, hole, hole.span or Span(0, 0), operator)

    @property
    def hidden(self) -> Schema:
        return (self.key, *self.carried)

    # ------------------------------------------------------------ the rewriting

    def apply(self, tree: Relation) -> Relation:
        """The inner pipeline's relation over all parts: its own columns, and the hidden ones.

        Raises:
            KqlUnsupportedError: a node has no form over all parts.
        """
        if any(self.depends(inner) for inner in subqueries(tree)):
            return self.apply(self._with_scalars_joined(tree))
        tree = map_values(tree, self._partitioned)
        match tree:
            case Scan() | Values() | Range() | Reference():
                if self.hole is not None and not self.depends(tree):
                    raise self._refuse("a table that is the same in all parts")
                return self.leaf(tree)
            case Filter():
                return with_inputs(tree, (self.apply(tree.input),))
            case Project():
                return replace(tree, input=self.apply(tree.input), items=(*tree.items, *passing(self.hidden)))
            case Unnest():
                return replace(tree, input=self.apply(tree.input), columns=(*tree.columns, *self.hidden))
            case Sort():
                below = self.apply(tree.input)
                return replace(tree, input=below, keys=(SortKey(ref(self.key), False), *tree.keys)) if tree.keys else below
            case Limit():
                return self._limited(tree)
            case Fold():
                step = self._handed_on(tree.step)
                return replace(tree, input=self.apply(tree.input), keys=(*tree.keys, self.key.name), step=step)
            case Aggregate():
                return self._aggregated(tree)
            case Join():
                return self._joined(tree)
            case Union():
                arms = tuple(Project(self.apply(arm), passing((*arm.schema, *self.hidden))) for arm in tree.inputs)
                return replace(tree, inputs=arms, columns=(*tree.columns, *self.hidden))

    def _handed_on(self, step: Relation) -> Relation:
        """The step of a fold with the hidden columns."""
        match step:
            case Project():
                return replace(step, input=self._handed_on(step.input), items=(*step.items, *passing(self.hidden)))
            case Reference():
                return replace(step, columns=(*step.columns, *self.hidden))
            case _:
                raise self._refuse("such a scan")

    def depends(self, tree: Relation) -> bool:
        """Whether a relation differs from part to part."""
        return any(self._is_own(each) for each in relations(tree))

    def _is_own(self, relation: Relation) -> bool:
        if isinstance(relation, Reference) and self.hole is not None:
            return relation.name == self.hole.name
        return any(self.key.name in columns_of(value) for value in values_of(relation))

    def _partitioned(self, value: Value) -> Value:
        """The value with its windows kept inside the part."""
        changed = map_inner(value, self._partitioned)
        return replace(changed, partition=(ref(self.key), *changed.partition)) if isinstance(changed, Window) else changed

    def _with_scalars_joined(self, tree: Relation) -> Relation:
        """toscalar over the rows of the part as a column, joined to the rows."""
        if not isinstance(tree, Filter | Project | Aggregate):
            raise self._refuse("a subquery over the rows of the part")
        found: dict[Relation, ColumnRef] = {}
        below = tree.input

        def column(value: Value) -> Value:
            nonlocal below
            if isinstance(value, ScalarQuery) and self.depends(value.relation):
                if value.relation not in found:
                    name = unique_name("$scalar", (c.name for c in below.schema))
                    found[value.relation] = ColumnRef(name, value.type, value.nullable)
                    below = _beside(below, value.relation, name)
                return found[value.relation]
            if isinstance(value, InRelation) and self.depends(value.relation):
                raise self._refuse("a search in the rows of the part")
            return map_inner(value, column)

        changed = with_inputs(map_values(tree, column), (below,))
        return Project(changed, passing(tree.schema), span=tree.span) if isinstance(tree, Filter) else changed

    def _limited(self, tree: Limit) -> Relation:
        below = self.apply(tree.input)
        number = unique_name("$number", (c.name for c in below.schema))
        counted = Item(number, Window(invoke("row_number", registry=WINDOWS), (ref(self.key),)))
        numbered = Project(below, (*passing(below.schema), counted))
        kept = Filter(numbered, invoke("<=", ref(counted.column), tree.count, registry=OPERATORS))
        return Project(kept, passing(below.schema), span=tree.span)

    def _aggregated(self, tree: Aggregate) -> Relation:
        keys = (*tree.keys, Item(self.key.name, ref(self.key)))
        grouped = replace(tree, input=self.apply(tree.input), keys=keys, items=(*tree.items, *_taken(self.carried)))
        if tree.keys or not loses_rows(tree.input):
            return grouped
        return self._with_empty(grouped, tree)

    def _with_empty(self, grouped: Aggregate, tree: Aggregate) -> Relation:
        """A group of all rows is one row even for a part without rows: those parts get the aggregates of nothing."""
        nothing = Aggregate(Values(tree.input.schema, ()), (), tree.items)
        key = ref(self.key)
        kept = tuple(JoinColumn("left", c.name, c) for c in self.hidden)
        missing = Join(self.keys, grouped, "leftanti", ((key, key),), kept)
        columns = (*kept, *(JoinColumn("right", c.name, c) for c in nothing.schema))
        filled = Join(missing, nothing, "inner", (), columns)
        schema = tuple(replace(c, nullable=True) for c in (*nothing.schema, *self.hidden))
        return Union((Project(grouped, passing(schema)), Project(filled, passing(schema))), schema, span=tree.span)

    def _joined(self, tree: Join) -> Relation:
        """The left side's parts meet the right side, or the same part of it."""
        if tree.kind not in _LEFT_KINDS:
            raise self._refuse(f"a join of the kind {tree.kind}")
        left = self.apply(tree.left)
        columns = (*tree.columns, *(JoinColumn("left", c.name, c) for c in self.hidden))
        if self.depends(tree.right):
            key = ref(self.key)
            return replace(tree, left=left, right=self.apply(tree.right), on=(*tree.on, (key, key)), columns=columns)
        if tree.kind == "innerunique":
            left, tree = self._unique(left, tree), replace(tree, kind="inner")
        return replace(tree, left=left, columns=columns)

    def _unique(self, left: Relation, tree: Join) -> Relation:
        """One row for each join key of a part."""
        number = unique_name("$number", (c.name for c in left.schema))
        counted = Item(number, Window(invoke("row_number", registry=WINDOWS), (ref(self.key), *(pair[0] for pair in tree.on))))
        first = invoke("==", ref(counted.column), Literal(1, counted.column.type), registry=OPERATORS)
        return Project(Filter(Project(left, (*passing(left.schema), counted)), first), passing(left.schema))

    def _refuse(self, what: str) -> KqlUnsupportedError:
        message = f"'{self.operator}' operator: {what} is not supported inside."
        return KqlUnsupportedError(message, self.span, "Join the table before, or after.")


def _beside(rows: Relation, one: Relation, name: str) -> Join:
    """The rows with the first column of a relation of one row (or none) under a name."""
    first = one.schema[0]
    padded = Column(name, first.type, first.type is not ScalarType.STRING)
    columns = tuple(JoinColumn("left", c.name, c) for c in rows.schema)
    return Join(rows, one, "leftouter", (), (*columns, JoinColumn("right", first.name, padded, padded=True)))


def _taken(columns: Schema) -> tuple[Item, ...]:
    return tuple(Item(column.name, invoke("take_any", ref(column), registry=AGGREGATES)) for column in columns)


# ---------------------------------------------------------------- binding the inner pipeline


def stand_in(columns: Schema, span: Span) -> Reference:
    """The rows of one part. The place of the operator in the text tells nested ones apart."""
    return Reference(columns, f"$rows_{span.start}", span=span)


def inlined(pipeline: Pipeline, source: Relation, hole: Reference, scope: Scope) -> Relation:
    """The inner pipeline bound over a source; names that it gives to rows of the part stand for them in place.

    Raises:
        KqlUnsupportedError: such a name is used twice, and its rows need not be the same each time.
    """
    bindings = scope.context.bindings
    before = len(bindings)
    inner = pipeline.apply(source, scope)
    own: dict[str, Relation] = {}
    for binding in bindings[before:]:
        relation = _substituted(binding.relation, own)
        if hole.name in references(relation):
            if binding.materialized:
                raise KqlUnsupportedError("Rows of a part cannot be kept for a second use.", hole.span, "Filter before it.")
            own[binding.name] = relation
    kept = [each for each in bindings[before:] if each.name not in own]
    bindings[before:] = [replace(each, relation=_substituted(each.relation, own)) for each in kept]
    return _substituted(inner, own)


def of_one_part(tree: Relation) -> bool:
    """Whether a relation reads a stand-in, directly or in a subquery."""
    return any(name.startswith("$rows_") for name in references(tree))


def references(tree: Relation) -> Iterator[str]:
    return (each.name for each in relations(tree) if isinstance(each, Reference))


def _substituted(tree: Relation, new: Mapping[str, Relation]) -> Relation:
    """The relation with references of these names replaced, also inside subqueries."""

    def replaced(relation: Relation) -> Relation:
        return new.get(relation.name, relation) if isinstance(relation, Reference) else relation

    return everywhere(tree, lambda each: bottom_up(each, replaced)) if new else tree


def loses_rows(tree: Relation) -> bool:
    """Whether a part may have no row left."""
    match tree:
        case Project() | Sort():
            return loses_rows(tree.input)
        case Aggregate():
            return bool(tree.keys) and loses_rows(tree.input)
        case Reference():
            return False
        case _:
            return True


def follows_order(tree: Relation) -> bool:
    """Whether the result depends on the order of the rows: limits, windows, lists."""
    return any(isinstance(each, Limit) or any(_ordered(value) for value in values_of(each)) for each in relations(tree))


def _ordered(value: Value) -> bool:
    return any(isinstance(inner, Window) or (isinstance(inner, Call) and inner.function.ordered) for inner in walk(value))
