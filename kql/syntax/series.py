"""Regular series of aggregates along an axis (page: make-series)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    Call,
    Filter,
    Item,
    Join,
    JoinColumn,
    Literal,
    Logical,
    Project,
    Relation,
    Sort,
    SortKey,
    Unnest,
    Value,
    passing,
    ref,
)
from kql.errors import KqlSemanticError, KqlUnsupportedError
from kql.functions import AGGREGATES, OPERATORS
from kql.functions.elements import LAST_TIME, LIST, POINT_TIME, SLOT, SLOT_REAL, SLOT_TIME, SLOTS
from kql.functions.fragments import EPOCH_US
from kql.functions.registry import Function
from kql.overloads import convert, invoke
from kql.scope import Scope, unique_name
from kql.syntax.base import Expression, Listed, Operator, rule
from kql.syntax.columns import Items, outputs
from kql.syntax.groups import refuse_bare_columns
from kql.syntax.parameters import Parameters
from kql.types import Column, ScalarType, common_type

_NATIVE = (ScalarType.BOOL, ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.STRING)


@rule("series_item")
class SeriesItem(Expression):
    """`x = avg(y) default=0`."""

    item: Expression
    default: Expression | None


@rule("series_items")
class SeriesItems(Listed):
    """The aggregates of make-series."""


@rule("series_range")
class SeriesRange(Expression):
    """`from a to b step c`: steps are counted from a, b is left out."""

    start: Expression | None
    stop: Expression | None
    step: Expression

    @property
    def ends(self) -> tuple[Expression | None, Expression | None, Expression]:
        return self.start, self.stop, self.step


@rule("series_in_range")
class SeriesInRange(Expression):
    """`in range(a, b, c)`: steps are multiples of c, b is included."""

    bounds: Any

    @property
    def ends(self) -> tuple[Expression | None, Expression | None, Expression]:
        if len(self.bounds.items) != 3:
            raise KqlSemanticError("'make-series' operator: 'in range' expects a start, a stop and a step.", self.span)
        start, stop, step = self.bounds.items
        return start, stop, step


class Axis(Struct, frozen=True):
    """The axis as numbers of steps: `slot` of a row, and from which to which slot the series goes (None: as data has it).

    `line` tells slots: of moments, where the step is a constant of whole microseconds, else of numbers.
    """

    name: str
    type: ScalarType
    line: Function
    slot: Value
    within: tuple[Value, ...]
    first: Value | None
    last: Value | None
    origin: Value
    step: Value

    def at(self, slot: Value) -> Value:
        """The axis' value at a slot."""
        if self.line is SLOT_TIME:
            return Call(POINT_TIME, (slot, self.origin, self.step), ScalarType.DATETIME, nullable=False)
        kind = ScalarType.REAL if self.type is ScalarType.REAL else ScalarType.LONG
        moved = invoke("*", convert(slot, kind), self.step, registry=OPERATORS)
        value = invoke("+", self.origin, moved, registry=OPERATORS)
        if self.type is ScalarType.TIMESPAN:
            return invoke("totimespan", value)
        return invoke("todatetime", value) if self.type is ScalarType.DATETIME else value


@rule("make_series")
class MakeSeries(Operator):
    """Groups by the keys and the slot, pads every group to all its slots, and lists the values in the order of the axis."""

    params: Parameters
    series: SeriesItems
    on: Expression | None
    range: SeriesRange | SeriesInRange
    by: Items | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "make-series")
        keys = tuple(outputs(self.by.items, inner)) if self.by else ()
        axis = self._axis(inner)
        taken = [key.name for key in keys]
        items = tuple(outputs([each.item for each in self.series.items], replace(inner, aggregating=True), taken=taken))
        for item in items:
            refuse_bare_columns(item.value, self.span, "make-series")
        rows = Filter(source, _all(axis.within), span=self.span) if axis.within else source
        counted = Item("$hit", Literal(True, ScalarType.BOOL))
        binned: Relation = Aggregate(rows, (*keys, Item("$slot", axis.slot)), items)
        binned = scope.context.share("series", Project(binned, (*passing(binned.schema), counted)))
        slots = self._slots(binned, keys, axis)
        filled = self._filled(slots, binned, keys, items, scope)
        return self._listed(filled, keys, items, axis)

    # ------------------------------------------------------------ the axis

    def _axis(self, scope: Scope) -> Axis:
        if self.on is None:
            hint = "Write: make-series count() on Timestamp step 1h."
            raise KqlSemanticError("'make-series' operator: 'on' is missing.", self.span, hint)
        on = self.on.bind(scope)
        name = self.on.auto_name(scope) or "Column1"
        aligned = isinstance(self.range, SeriesInRange)
        ends = self.range.ends
        start, stop, step = (None if each is None else self._bound(each, on, scope, at == 2) for at, each in enumerate(ends))
        assert step is not None
        line = _line(on, step)
        value, start, stop, step = (each if each is None else _measure(each, line) for each in (on, start, stop, step))
        assert value is not None and step is not None
        origin = _ZERO[line] if start is None or aligned else start
        within = [invoke(">=", value, start, registry=OPERATORS)] if start is not None else []
        if stop is not None:
            within.append(invoke("<=" if aligned else "<", value, stop, registry=OPERATORS))
        if start is None and on.nullable:
            within.append(invoke("isnotnull", value))
        first = None if start is None else _slot(line, start, origin, step) if aligned else Literal(0, ScalarType.LONG)
        last = None if stop is None else _slot(line, stop, origin, step) if aligned else _before(line, stop, origin, step)
        return Axis(name, on.type, line, _slot(line, value, origin, step), tuple(within), first, last, origin, step)

    def _bound(self, node: Expression, on: Value, scope: Scope, is_step: bool) -> Value:
        """A bound or the step, of the axis' type."""
        value = node.bind(scope.without_row())
        kind = ScalarType.TIMESPAN if is_step and on.type is ScalarType.DATETIME else on.type
        if value.type is not kind and not (value.type.numeric and kind.numeric):
            raise KqlSemanticError(f"'make-series' operator: expects a {kind} here, found {value.type}.", node.span)
        if is_step and isinstance(value, Literal) and isinstance(value.value, int | float) and value.value <= 0:
            raise KqlSemanticError("'make-series' operator: the step must be positive.", node.span)
        return convert(value, kind)

    # ------------------------------------------------------------ the series

    def _slots(self, binned: Relation, keys: Sequence[Item], axis: Axis) -> Relation:
        """Every slot of every group."""
        slot = ref(binned.schema[len(keys)])
        ends = (Item("$first", invoke("min", slot, registry=AGGREGATES)), Item("$last", invoke("max", slot, registry=AGGREGATES)))
        counted = Item("$rows", invoke("count", registry=AGGREGATES))
        groups: Relation = Aggregate(binned, _same(keys), (*ends, counted))
        if not keys and self.params.get("kind") != "nonempty":
            groups = Filter(groups, invoke(">", ref(counted.column), Literal(0, ScalarType.LONG), registry=OPERATORS))
        if self.params.get("kind") == "nonempty" and (keys or axis.first is None or axis.last is None):
            raise KqlUnsupportedError("'make-series' operator: kind=nonempty needs 'from' and 'to', and no 'by'.", self.span)
        first, last = axis.first or ref(ends[0].column), axis.last or ref(ends[1].column)
        numbers = Item("$slot", Call(SLOTS, (first, last), ScalarType.LONG, nullable=True))
        columns = (*(key.column for key in keys), Column("$slot", ScalarType.LONG, nullable=False))
        return Unnest(groups, (numbers,), columns, native=True)

    def _filled(self, slots: Relation, binned: Relation, keys: Sequence[Item], items: Sequence[Item], scope: Scope) -> Relation:
        """The groups' aggregates at every slot, and the default where there is none."""
        on = tuple((ref(column), ref(column)) for column in slots.schema)
        kept = tuple(JoinColumn("left", c.name, c) for c in slots.schema)
        values = [JoinColumn("right", item.name, replace(item.column, nullable=True)) for item in items]
        hit = Column("$hit", ScalarType.BOOL)
        joined = Join(slots, binned, "leftouter", on, (*kept, *values, JoinColumn("right", "$hit", hit)))
        filled = [self._padded(each, item, ref(hit), scope) for each, item in zip(self.series.items, items, strict=True)]
        return Project(joined, (*_same(keys), Item("$slot", ref(slots.schema[-1])), *filled))

    def _padded(self, node: SeriesItem, item: Item, hit: Value, scope: Scope) -> Item:
        default: Value = Literal(0, ScalarType.LONG)
        if node.default is not None:
            default = node.default.bind(scope.without_row())
        value = ref(replace(item.column, nullable=True))
        if isinstance(default, Literal) and default.value is None:
            default = Literal(None, value.type)
        kind = common_type([value.type, default.type])
        if kind not in _NATIVE:
            kind = ScalarType.DYNAMIC
        return Item(item.name, invoke("iff", invoke("isnotnull", hit), convert(value, kind), convert(default, kind)))

    def _listed(self, filled: Relation, keys: Sequence[Item], items: Sequence[Item], axis: Axis) -> Relation:
        taken = [key.name for key in keys] + [item.name for item in items]
        points = Item(unique_name(axis.name, taken), _list(axis.at(ref(filled.schema[len(keys)]))))
        lists = [Item(item.name, _list(ref(filled.schema[len(keys) + 1 + at]))) for at, item in enumerate(items)]
        in_order = Sort(filled, (SortKey(ref(filled.schema[len(keys)]), False),))
        listed = Aggregate(in_order, _same(keys), (*lists, points), span=self.span)
        return listed if keys else Filter(listed, invoke("isnotnull", ref(points.column)), span=self.span)  # nothing is no series


def _same(keys: Sequence[Item]) -> tuple[Item, ...]:
    return passing(tuple(key.column for key in keys))


def _all(parts: Sequence[Value]) -> Value:
    return parts[0] if len(parts) == 1 else Logical("and", tuple(parts))


def _list(value: Value) -> Value:
    kind = ScalarType.STRING if value.type is ScalarType.DATETIME and not value.nullable else ScalarType.DYNAMIC
    native = value if value.type in _NATIVE else convert(value, kind)
    return Call(LIST, (native,), ScalarType.DYNAMIC, nullable=True)


_ZERO: dict[Function, Value] = {
    SLOT_TIME: Literal(-EPOCH_US, ScalarType.DATETIME),
    SLOT_REAL: Literal(0.0, ScalarType.REAL),
    SLOT: Literal(0, ScalarType.LONG),
}


def _line(on: Value, step: Value) -> Function:
    if on.type is ScalarType.DATETIME and isinstance(step, Literal) and isinstance(step.value, int) and step.value % 10 == 0:
        return SLOT_TIME
    return SLOT_REAL if on.type is ScalarType.REAL else SLOT


def _measure(value: Value, line: Function) -> Value:
    """A point of the axis as what slots are told of: a moment itself, else a number, of ticks for times."""
    if line is SLOT_TIME:
        return value
    if value.type in (ScalarType.DATETIME, ScalarType.TIMESPAN, ScalarType.INT, ScalarType.LONG):
        return convert(value, ScalarType.LONG) if value.type.numeric else invoke("tolong", value)
    if value.type is ScalarType.REAL:
        return value
    message = f"'make-series' operator: an axis of type {value.type} is not supported."
    raise KqlUnsupportedError(message, hint="Convert it with todouble().")


def _slot(line: Function, value: Value, origin: Value, step: Value) -> Value:
    return Call(line, (value, origin, step), ScalarType.LONG, nullable=line is not SLOT_TIME)


def _before(line: Function, stop: Value, origin: Value, step: Value) -> Value:
    """The last slot that begins before the stop."""
    if line is SLOT_TIME:
        return Call(LAST_TIME, (stop, origin, step), ScalarType.LONG, nullable=stop.nullable)
    negated = (invoke("-", origin, stop, registry=OPERATORS), Literal(0.0 if line is SLOT_REAL else 0, origin.type), step)
    whole = _slot(line, *negated)
    return invoke("-", invoke("-", whole, registry=OPERATORS), Literal(1, ScalarType.LONG), registry=OPERATORS)
