"""Plugins, called by evaluate (pages: evaluate, narrow, rows_near, dcount_intersect): those that are small, and all by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kql.algebra import Call, Filter, Item, Literal, Project, Relation, Unnest, Window, passing, ref
from kql.errors import KqlSemanticError, KqlUnsupportedError, closest
from kql.functions import OPERATORS, WINDOWS
from kql.functions.elements import INSIDE
from kql.functions.sketches import COMMON
from kql.overloads import convert, invoke
from kql.scope import Scope, unique_name
from kql.syntax import activity, baskets, cohorts, funnels, lookups, pivots
from kql.syntax.base import Operator, rule
from kql.syntax.calls import FunctionCall
from kql.syntax.declarations import Named, TableType
from kql.syntax.expressions import boolean
from kql.syntax.parameters import Parameters
from kql.syntax.plugin import Plugin
from kql.syntax.rows import serialized
from kql.types import ScalarType


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
    "bag_unpack": pivots.bag_unpack,
    "basket": baskets.basket,
    "dcount_intersect": dcount_intersect,
    "funnel_sequence": funnels.funnel_sequence,
    "funnel_sequence_completion": funnels.funnel_sequence_completion,
    "ipv4_lookup": lookups.ipv4_lookup,
    "ipv6_lookup": lookups.ipv6_lookup,
    "narrow": narrow,
    "new_activity_metrics": cohorts.new_activity_metrics,
    "pivot": pivots.pivot,
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
