"""The pass that finds the newest row of each group by its place in storage, and reads only those rows whole."""

from __future__ import annotations

from kql.algebra import (
    Aggregate,
    Call,
    ColumnRef,
    Filter,
    Item,
    Join,
    JoinColumn,
    Project,
    Relation,
    Scan,
    Value,
)
from kql.functions import AGGREGATES
from kql.overloads import invoke
from kql.passes.pruning import narrowed
from kql.passes.selection import cheaply_read, groups_per_row
from kql.traversal import bottom_up, carrying, computed, repeatable
from kql.types import Column, ScalarType

MANY = 6  # columns of the row from which on two steps cost less than one
TEXTS = 3  # of them texts, which one step copies for each row that is newer than those before
REPEATED = 0.1  # groups per row up to which that is so: of small groups few rows are newer
OF_A_ROW = {"arg_max": "max", "arg_min": "min"}
_ROW = ColumnRef("$row", ScalarType.LONG, nullable=False)
_CHOSEN = ColumnRef("$chosen", ScalarType.LONG, nullable=True)
_TIME = ColumnRef("$time", ScalarType.DATETIME, nullable=False)


def rows_by_place(relation: Relation) -> Relation:
    """`summarize arg_max(Timestamp, *) by Id` finds the place of each group's row, then joins the rows at those places."""
    return bottom_up(relation, _by_place)


def _by_place(relation: Relation) -> Relation:
    wide = isinstance(relation, Aggregate) and relation.keys and _row_id(relation.input) and _is_wide(relation)
    return _joined(relation) if isinstance(relation, Aggregate) and wide else relation


def _is_wide(aggregate: Aggregate) -> bool:
    row = _of_one_row(aggregate)
    texts = [item for item in row if item.value.type in (ScalarType.STRING, ScalarType.DYNAMIC)]
    if len(row) >= MANY or len(texts) < TEXTS:
        return len(row) >= MANY
    return cheaply_read(aggregate.input) and groups_per_row(aggregate) <= REPEATED


def _of_one_row(aggregate: Aggregate) -> list[Item]:
    """The items that hold values of the one row which the first such item chooses."""
    found = [item for item in aggregate.items if isinstance(item.value, Call) and item.value.function.name in OF_A_ROW]
    return [item for item in found if _choice(item) == _choice(found[0])]


def _choice(item: Item) -> tuple[str, Value]:
    assert isinstance(item.value, Call)
    return item.value.function.name, item.value.args[0]


def _joined(aggregate: Aggregate) -> Relation:
    wide = _of_one_row(aggregate)
    names = {item.name for item in wide}
    source = carrying(aggregate.input, Column(_ROW.name, _ROW.type, _ROW.nullable), _row_id(aggregate.input))
    name, by = _choice(wide[0])
    chosen = Item(_CHOSEN.name, invoke(name, by, _ROW, registry=AGGREGATES))
    others = tuple(item for item in aggregate.items if item.name not in names)
    found, sought, on = [chosen], [Item(_ROW.name, _ROW)], [(_CHOSEN, _ROW)]
    if isinstance(by, ColumnRef) and by.type is ScalarType.DATETIME and not by.nullable:
        # Storage knows between which moments the rows of a part of a file are, and skips the parts of none of the places.
        found.append(Item(_TIME.name, invoke(OF_A_ROW[name], by, registry=AGGREGATES)))
        sought.append(Item(_TIME.name, by))
        on.insert(0, (_TIME, _TIME))
    places = Aggregate(source, aggregate.keys, (*found, *others))
    rows = Project(source, (*sought, *(Item(item.name, _value(item)) for item in wide)))
    columns = tuple(JoinColumn("right" if c.name in names else "left", c.name, c) for c in aggregate.schema)
    return Join(narrowed(places), narrowed(rows), "inner", tuple(on), columns, span=aggregate.span)


def _value(item: Item) -> Value:
    assert isinstance(item.value, Call)
    return item.value.args[1]


def _row_id(relation: Relation) -> str:
    """What tells the rows of one stored table apart, "" if they are none or are not the same when they are read again."""
    while isinstance(relation, Filter | Project) and all(repeatable(value) for value in computed(relation)):
        relation = relation.input
    return relation.storage.row_id if isinstance(relation, Scan) else ""
