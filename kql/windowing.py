"""The pass that SQL needs for windows inside windows, inside filters, and sort keys."""

from __future__ import annotations

from itertools import takewhile

from msgspec.structs import replace

from kql.algebra import ColumnRef, Filter, Item, Limit, Project, Relation, Sort, SortKey, Value, Window, passing, ref
from kql.functions import WINDOWS
from kql.overloads import invoke
from kql.traversal import bottom_up, computed, map_inner

_ROW = "$row"


def unnest_windows(relation: Relation) -> Relation:
    """SQL knows no window inside a window, nor in WHERE: such a one becomes a column of a projection below.

    The projection also numbers the rows, so that all windows above it see one order, ties included.
    """
    return bottom_up(relation, _unnested)


def _unnested(below: Relation) -> Relation:
    match below:
        case Filter() if _inner(below.predicate, True):
            names = _names([below.predicate], everywhere=True)
            lifted = _lifted(below.input, names)
            kept = Filter(lifted, _replaced(below.predicate, names, True), span=below.span)
            return Project(kept, passing(below.schema))
        case Project() if any(_inner(value, False) for value in computed(below)):
            names = _names(list(computed(below)), everywhere=False)
            items = tuple(Item(item.name, _replaced(item.value, names, False)) for item in below.items)
            return replace(below, input=_lifted(below.input, names), items=items)
        case _:
            return below


def _inner(value: Value, everywhere: bool) -> list[Window]:
    """The windows to be lifted out of a value: all outermost ones, or those inside of a window."""
    found: list[Window] = []

    def visit(each: Value, within: bool) -> Value:
        if isinstance(each, Window) and within:
            found.append(each)
            return each
        return map_inner(each, lambda inner: visit(inner, within or isinstance(each, Window)), lambda relation: relation)

    visit(value, everywhere)
    return found


def _names(values: list[Value], everywhere: bool) -> dict[Window, str]:
    windows = dict.fromkeys(window for value in values for window in _inner(value, everywhere))
    return {window: f"$window_{at}" for at, window in enumerate(windows, 1)}


def _replaced(value: Value, names: dict[Window, str], within: bool) -> Value:
    if isinstance(value, Window) and within:
        return ref(Item(names[value], value).column)
    return map_inner(value, lambda inner: _replaced(inner, names, within or isinstance(value, Window)), lambda relation: relation)


def _lifted(source: Relation, names: dict[Window, str]) -> Relation:
    """The source with the windows as columns, in its order; windows within groups need no number beyond their group."""
    groups = _groups(source, list(names))
    row = Item(_ROW, Window(invoke("row_number", registry=WINDOWS), tuple(key.value for key in groups)))
    given = [item for item in passing(source.schema) if item.name != _ROW and item.name not in names.values()]
    made = Project(source, (*given, *(Item(name, window) for window, name in names.items()), row))
    return Sort(unnest_windows(made), (*groups, SortKey(ref(row.column), descending=False)))


def _groups(source: Relation, windows: list[Window]) -> tuple[SortKey, ...]:
    """The first sort keys of the source, if they are what all of the windows are partitioned by."""
    partitions = {window.partition for window in windows}
    leading = _order(source)[: len(windows[0].partition)]
    return leading if partitions == {tuple(key.value for key in leading)} else ()


def _order(relation: Relation) -> tuple[SortKey, ...]:
    """The first sort keys of a relation's rows, as far as they are columns of it."""
    match relation:
        case Sort():
            return tuple(takewhile(lambda key: isinstance(key.value, ColumnRef), relation.keys))
        case Filter() | Limit():
            return _order(relation.input)
        case Project():
            names: dict[Value, Value] = {i.value: ref(i.column) for i in relation.items if isinstance(i.value, ColumnRef)}
            return tuple(replace(k, value=names[k.value]) for k in takewhile(lambda k: k.value in names, _order(relation.input)))
        case _:
            return ()


__all__ = ["unnest_windows"]
