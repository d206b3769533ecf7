"""Plugins, called by evaluate (pages: evaluate, bag_unpack, pivot, narrow, rows_near, dcount_intersect).

The columns of bag_unpack and pivot depend on the data, and types are known at compile time: unless the query writes the
output schema, the compiler asks its caller for a look at the data (`probe` of kql.compile). The columns are then those of
that moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kql.algebra import (
    Aggregate,
    Call,
    ColumnRef,
    Filter,
    Item,
    Limit,
    Literal,
    Path,
    Project,
    Relation,
    Unnest,
    Value,
    Window,
    passing,
    ref,
)
from kql.errors import KqlLimitError, KqlSemanticError, KqlUnsupportedError, Span, closest
from kql.functions import AGGREGATES, OPERATORS, WINDOWS
from kql.functions.elements import INSIDE
from kql.functions.sketches import COMMON
from kql.overloads import Argument, call, convert, invoke
from kql.partitioning import of_one_part
from kql.scope import Scope, unique_name
from kql.syntax import activity, baskets, cohorts, funnels
from kql.syntax.arrays import element
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.calls import FunctionCall, Named
from kql.syntax.expressions import boolean
from kql.syntax.lookups import ipv4_lookup, ipv6_lookup
from kql.syntax.parameters import Parameters
from kql.syntax.rows import serialized
from kql.syntax.statements import TableType
from kql.types import Column, ScalarType, Schema

MAX_COLUMNS = 1_000  # that the data may ask for


@dataclass(slots=True)
class Plugin:
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


# ---------------------------------------------------------------- bag_unpack

_KINDS = {"long": ScalarType.LONG, "int": ScalarType.LONG, "double": ScalarType.REAL, "real": ScalarType.REAL}
_KINDS |= {"string": ScalarType.STRING, "bool": ScalarType.BOOL}
_CONFLICTS = ("error", "replace_source", "keep_source")


def bag_unpack(plugin: Plugin) -> Relation:
    """The properties of a bag as columns in the order of their names; the bag itself goes."""
    bag = plugin.column(0)
    if bag.type is not ScalarType.DYNAMIC:
        raise plugin.expects(f"a dynamic, found {bag.type}", plugin.places[0])
    prefix = str(plugin.constant(1, "OutputColumnPrefix", "") or "")
    kept = tuple(column for column in plugin.source.schema if column.name != bag.name)
    declared = plugin.declared(kept)
    if declared is None:
        items = _unpacked(plugin, bag, prefix, kept)
    else:
        items = [*(passing(kept) if plugin.output and plugin.output.more else ()), *_asked(declared, bag, prefix, kept)]
    return Project(plugin.source, tuple(items), span=plugin.span)


def _asked(declared: Schema, bag: ColumnRef, prefix: str, kept: Schema) -> list[Item]:
    """The columns of an output schema: properties, or columns of the input."""
    have = {column.name: ref(column) for column in kept}
    slots = {column.name: _property(bag, column.name.removeprefix(prefix), column.type) for column in declared}
    return [Item(c.name, convert(have[c.name], c.type) if c.name in have else slots[c.name]) for c in declared]


def _unpacked(plugin: Plugin, bag: ColumnRef, prefix: str, kept: Schema) -> list[Item]:
    """All columns of the result, as the data has them."""
    conflict = str(plugin.constant(2, "columnsConflict", "error"))
    if conflict not in _CONFLICTS:
        hint = closest(conflict, _CONFLICTS)
        raise KqlSemanticError(f"Plugin 'bag_unpack': unknown columnsConflict '{conflict}'.", plugin.span, hint)
    ignored = _texts(plugin.constant(3, "ignoredProperties", None))
    found = [(prefix + key, _property(bag, key, kind)) for key, kind in _properties(plugin, bag) if key not in ignored]
    items = {name: Item(name, value) for name, value in found}
    clash = [column.name for column in kept if column.name in items]
    if clash and conflict == "error":
        message = f"Plugin 'bag_unpack': the input has a column '{clash[0]}' already."
        raise KqlSemanticError(message, plugin.span, "Give a prefix, or columnsConflict='keep_source'.")
    if conflict == "keep_source":
        items = {name: item for name, item in items.items() if name not in clash}
    first = [items.pop(item.name, item) for item in passing(kept)]
    return [*first, *items.values()]


def _texts(value: object) -> set[str]:
    found = json.loads(str(value)) if value is not None else []
    return {str(each) for each in found} if isinstance(found, list) else set()


def _property(bag: ColumnRef, key: str, kind: ScalarType) -> Value:
    return element(Path(bag, (key,)), kind)


def _properties(plugin: Plugin, bag: ColumnRef) -> list[tuple[str, ScalarType]]:
    """Names and types of all properties; a type that differs from row to row is dynamic."""
    pair = Column("pair", ScalarType.DYNAMIC)
    bags = Filter(plugin.source, _equal(invoke("gettype", bag), "dictionary"))
    opened = Unnest(bags, (Item(pair.name, bag),), (pair,), bags_as_arrays=True)
    name = Item("name", convert(Path(ref(pair), (0,)), ScalarType.STRING))
    kind = Item("kind", invoke("gettype", Path(ref(pair), (1,))))
    kinds: dict[str, set[ScalarType]] = {}
    for key, word in plugin.look(Aggregate(opened, (name, kind), ())):
        kinds.setdefault(str(key), set()).update({_KINDS.get(str(word), ScalarType.DYNAMIC)} if word != "null" else set())
    return [(key, found.pop() if len(found) == 1 else ScalarType.DYNAMIC) for key, found in sorted(kinds.items())]


def _equal(value: Value, text: str) -> Value:
    return invoke("==", value, Literal(text, ScalarType.STRING), registry=OPERATORS)


# ---------------------------------------------------------------- pivot

# The aggregates that pivot takes, with the variant that looks at the rows of one new column.
_PIVOTS = {"make_list": "make_list_if", "make_set": "make_set_if", "make_bag": "make_bag_if"}
_PIVOTS |= {name: f"{name}if" for name in ("count", "sum", "min", "max", "avg", "dcount", "stdev", "variance", "take_any")}


def pivot(plugin: Plugin) -> Relation:
    """Each value of a column as a column, which holds an aggregate of its rows."""
    by = plugin.column(0)
    function, args = _pivot_aggregate(plugin)
    used = {by.name} | {arg.value.name for arg in args if isinstance(arg.value, ColumnRef)}
    chosen = [plugin.column(at) for at in range(2, len(plugin.places))]
    rest = [item for item in passing(plugin.source.schema) if item.name not in used]
    group = [Item(each.name, each) for each in chosen] or rest
    text = convert(by, ScalarType.STRING)
    names = _pivot_columns(plugin, text, [item.column for item in group])
    cells = [(name, [*args, Argument(_equal(text, value), plugin.span)]) for name, value in names]
    items = [Item(name, call(function, arguments, plugin.span, AGGREGATES)) for name, arguments in cells]
    relation = Aggregate(plugin.source, tuple(group), tuple(items), span=plugin.span)
    if plugin.output is None:
        return relation
    kinds = {column.name: column for column in relation.schema}
    declared = [each.column for each in plugin.output.columns]
    return Project(relation, tuple(Item(c.name, convert(ref(kinds[c.name]), c.type)) for c in declared), span=plugin.span)


def _pivot_aggregate(plugin: Plugin) -> tuple[str, list[Argument]]:
    if len(plugin.places) < 2:
        return "countif", []
    node = plugin.places[1]
    if not isinstance(node, FunctionCall) or str(node.name) not in _PIVOTS:
        raise plugin.expects(f"an aggregate as second argument: {', '.join(_PIVOTS)}", node)
    variant = _PIVOTS[str(node.name)]
    if variant not in AGGREGATES:
        raise KqlUnsupportedError(f"Plugin 'pivot': the aggregate '{node.name}' is not supported.", node.span)
    return variant, node.bound(plugin.row)


def _pivot_columns(plugin: Plugin, by: Value, group: Sequence[Column]) -> list[tuple[str, str]]:
    """Names and values of the new columns, in the order of the values."""
    taken = [column.name for column in group]
    declared = plugin.declared(())
    if declared is not None:
        return [(column.name, column.name) for column in declared if column.name not in taken]
    rows = plugin.look(Aggregate(plugin.source, (Item("value", by),), ()))
    result: list[tuple[str, str]] = []
    for value in sorted(str(row[0]) for row in rows):
        result.append((unique_name(value or "Column1", [*taken, *(name for name, _ in result)]), value))
    return result


# ---------------------------------------------------------------- narrow, rows_near


def narrow(plugin: Plugin) -> Relation:
    """One row for each cell: the row's number from 0, the column's name, the value as text."""
    number = invoke("-", Window(invoke("row_number", registry=WINDOWS)), Literal(1, ScalarType.LONG), registry=OPERATORS)
    columns = plugin.source.schema
    names = invoke("pack_array", *(convert(Literal(c.name, ScalarType.STRING), ScalarType.DYNAMIC) for c in columns))
    values = invoke("pack_array", *(convert(convert(ref(c), ScalarType.STRING), ScalarType.DYNAMIC) for c in columns))
    items = (Item("Row", number), Item("Column", names), Item("Value", values))
    cells = Project(plugin.source, items)
    opened = Unnest(cells, tuple(Item(c.name, ref(c)) for c in cells.schema[1:]), cells.schema)
    texts = [Item(c.name, convert(ref(c), ScalarType.STRING)) for c in cells.schema[1:]]
    return Project(opened, (Item("Row", ref(cells.schema[0])), *texts), span=plugin.span)


def rows_near(plugin: Plugin) -> Relation:
    """Rows at most so many rows before or after one where the condition is true."""
    if len(plugin.places) < 2:
        raise plugin.expects("a condition, and a number of rows")
    if not serialized(plugin.source):
        raise KqlSemanticError("The plugin 'rows_near' needs rows in an order.", plugin.span, "Put '| sort by ...' before it.")
    condition = boolean(plugin.places[0], plugin.row, "rows_near")
    before = plugin.constant(1, "NumRows", 0)
    after = plugin.constant(2, "RowsAfter", before)
    if not all(isinstance(each, int) and each >= 0 for each in (before, after)):
        raise plugin.expects("numbers of rows that are not negative")
    distance = (Literal(after, ScalarType.LONG), Literal(before, ScalarType.LONG))  # as seen from the row around
    near = Window(Call(INSIDE, (condition, *distance), ScalarType.BOOL, nullable=True))
    marked = Project(plugin.source, (*passing(plugin.source.schema), Item("$near", near)))
    kept = Filter(marked, ref(marked.schema[-1]), span=plugin.span)
    return Project(kept, passing(plugin.source.schema), span=plugin.span)


# ---------------------------------------------------------------- dcount_intersect


def dcount_intersect(plugin: Plugin) -> Relation:
    """The input with the number of values that the first states hold in common: s0 of one, s1 of two, and so on."""
    states = [plugin.column(at) for at in range(len(plugin.places))]
    if len(states) < 2 or any(state.type is not ScalarType.DYNAMIC for state in states):
        raise plugin.expects("two or more columns made by hll()")
    counts = [Item(f"s{at}", Call(COMMON, tuple(states[: at + 1]), ScalarType.LONG, True)) for at in range(len(states))]
    taken = [column.name for column in plugin.source.schema]
    named = [Item(unique_name(item.name, taken), item.value) for item in counts]
    return Project(plugin.source, (*passing(plugin.source.schema), *named), span=plugin.span)


# ---------------------------------------------------------------- evaluate

PLUGINS: dict[str, Callable[[Plugin], Relation]] = {
    "active_users_count": activity.active_users_count,
    "activity_counts_metrics": activity.activity_counts_metrics,
    "activity_engagement": cohorts.activity_engagement,
    "activity_metrics": activity.activity_metrics,
    "bag_unpack": bag_unpack,
    "basket": baskets.basket,
    "dcount_intersect": dcount_intersect,
    "funnel_sequence": funnels.funnel_sequence,
    "funnel_sequence_completion": funnels.funnel_sequence_completion,
    "ipv4_lookup": ipv4_lookup,
    "ipv6_lookup": ipv6_lookup,
    "narrow": narrow,
    "new_activity_metrics": cohorts.new_activity_metrics,
    "pivot": pivot,
    "rolling_percentile": activity.rolling_percentile,
    "rows_near": rows_near,
    "sequence_detect": activity.sequence_detect,
    "sliding_window_counts": activity.sliding_window_counts,
}

# Plugins of the documentation that are not run, by the reason.
_NOT_RUN = {
    "its method is not documented": "autocluster diffpatterns diffpatterns_text schema_merge",
    "its page does not say which sessions a bin counts": "session_count",
    "it asks another service": """
        ai_chat_completion_prompt ai_embed_text ai_embeddings azure_digital_twins_query_request cosmosdb_sql_request
        http_request http_request_post infer_storage_schema mysql_request postgresql_request sql_request""",
    "it runs another language": "python r",
    "it gives several results": "preview",
    "geography is not built": "geo_line_lookup geo_polygon_lookup",
    "it asks a cluster about itself": "estimate_data_size",
}
REFUSED = {name: reason for reason, names in _NOT_RUN.items() for name in names.split()}


@rule("evaluate")
@dataclass(slots=True)
class Evaluate(Operator):
    params: Parameters
    plugin: FunctionCall
    output: Any

    def apply(self, source: Relation, scope: Scope) -> Relation:
        name = str(self.plugin.name)
        if name in REFUSED:
            hint = f"Supported: {', '.join(PLUGINS)}."
            raise KqlUnsupportedError(f"The plugin '{name}' is not supported: {REFUSED[name]}.", self.plugin.span, hint)
        if name not in PLUGINS:
            raise KqlSemanticError(f"Unknown plugin: '{name}'.", self.plugin.span, closest(name, PLUGINS))
        if self.output is not None and not isinstance(self.output, TableType):
            hint = f"Write: evaluate {name}(...) : (Name: string)."
            raise KqlSemanticError("The output schema is a list of columns.", self.span, hint)
        plugin = Plugin(source, scope, name, self.plugin.span, self.output)
        for item in self.plugin.items:
            if isinstance(item, Named):
                plugin.named[str(item.name)] = item.expression
            else:
                plugin.places.append(item)
        return PLUGINS[name](plugin)
