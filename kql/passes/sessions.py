"""The pass that makes a fold of row_window_session, which looks at its own result in the row before (its page)."""

from __future__ import annotations

from kql.algebra import (
    Call,
    ColumnRef,
    Filter,
    Fold,
    Item,
    Limit,
    Literal,
    Logical,
    Project,
    Reference,
    Relation,
    Sort,
    SortKey,
    Value,
    Window,
    passing,
    ref,
)
from kql.functions import OPERATORS, WINDOWS
from kql.functions.windows import RUN
from kql.overloads import invoke
from kql.traversal import bottom_up, computed, map_inner, map_values, walk, with_inputs
from kql.types import Column, ScalarType

SESSION = "row_window_session"


def fold_sessions(relation: Relation) -> Relation:
    """The beginning of a row's session becomes a column of a fold below the relation that asks for it."""
    return bottom_up(relation, _with_sessions)


def _with_sessions(below: Relation) -> Relation:
    found = dict.fromkeys(each for value in computed(below) for each in walk(value) if _is_session(each))
    if not found:
        return below
    (source,) = below.inputs
    columns: dict[Value, ColumnRef] = {}
    for at, window in enumerate(found):
        name = f"$session_{at}"
        source = _folded(source, window, name)
        columns[window] = ColumnRef(name, ScalarType.DATETIME, True)

    def replaced(value: Value) -> Value:
        return columns[value] if value in columns else map_inner(value, replaced)

    made = map_values(with_inputs(below, (source,)), replaced)
    return Project(made, passing(below.schema)) if isinstance(made, Filter | Sort | Limit) else made


def _is_session(value: Value) -> bool:
    return isinstance(value, Window) and value.call.function.name == SESSION


def _folded(source: Relation, window: Value, name: str) -> Relation:
    """The source in its order with the beginning of each row's session.

    Wherever a session must begin whatever the one before was, a new group of the fold does: after a null, or after a gap.
    Within a group only the distance from the first row is left to look at, and all groups go on together.
    """
    assert isinstance(window, Window)
    moment, *limits = (Item(f"{name}.{word}", arg) for word, arg in zip(("at", "span", "gap"), window.call.args, strict=False))
    parts = [Item(f"{name}.part{at}", value) for at, value in enumerate(window.partition)]
    row = Item(f"{name}.row", Window(invoke("row_number", registry=WINDOWS)))
    given = Project(source, (*passing(source.schema), row, moment, *limits, *parts))
    rows = Sort(given, (SortKey(ref(row.column), descending=False),))  # for all windows above: equal rows keep one order
    at, span, gap, *keys = (ref(column) for column in rows.schema[len(source.schema) + 1 :])
    before = Window(invoke("prev", at, registry=WINDOWS), tuple(keys), window.order)
    begins = Logical("or", (invoke("isnull", at), invoke("isnull", before), _reached(at, before, gap)))
    run = Item(f"{name}.run", Window(Call(RUN, (_true(begins),), ScalarType.LONG, False), tuple(keys), window.order))
    grouped = Project(rows, (*passing(rows.schema), run))
    within = (*keys, ref(run.column))
    number = Item(f"{name}.number", Window(invoke("row_number", registry=WINDOWS), within, window.order))
    numbered = Project(grouped, (*passing(grouped.schema), number))
    state = Column(name, ScalarType.DATETIME, True)
    first = invoke("==", ref(number.column), Literal(1, ScalarType.LONG), registry=OPERATORS)
    anew = Logical("or", (first, _true(_reached(at, ref(state), span))))
    held = Item(name, invoke("iff", anew, at, ref(state)))
    step = Project(Reference((*numbered.schema, state), f"{name}.before"), (*passing(numbered.schema), held))
    initial = (Item(name, Literal(None, ScalarType.DATETIME)),)
    folded = Fold(numbered, tuple(key.name for key in within), number.name, initial, step, f"{name}.before", span=source.span)
    ordered = Sort(folded, (SortKey(ref(row.column), descending=False),))
    return Project(ordered, (*passing(source.schema), Item(name, ref(state))))


def _reached(moment: Value, since: Value, distance: Value) -> Value:
    return invoke(">=", moment, invoke("+", since, distance, registry=OPERATORS), registry=OPERATORS)


def _true(value: Value) -> Value:
    """Null taken for false."""
    return invoke("coalesce", value, Literal(False, ScalarType.BOOL)) if value.nullable else value
