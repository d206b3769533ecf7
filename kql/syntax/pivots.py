"""Plugins whose columns depend on the data (pages: bag_unpack, pivot).

Types are known at compile time: unless the query writes the output schema, the compiler asks its caller for a look at the
data (`probe` of kql.compile). The columns are then those of that moment.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from kql.algebra import Aggregate, ColumnRef, Filter, Item, Literal, Path, Project, Relation, Unnest, Value, passing, ref
from kql.errors import KqlSemanticError, KqlUnsupportedError, closest
from kql.functions import AGGREGATES, OPERATORS
from kql.overloads import Argument, call, convert, invoke
from kql.scope import unique_name
from kql.syntax.arrays import element
from kql.syntax.calls import FunctionCall
from kql.syntax.plugin import Plugin
from kql.types import Column, ScalarType, Schema

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
