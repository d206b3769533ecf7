"""The pass that lets windows look at a row's own group only, where the query looks no further.

`sort by User asc, Time asc | extend Gap = iff(User == prev(User), Time - prev(Time), timespan(null))` needs no order of all
rows: `lag(Time) OVER (PARTITION BY User ORDER BY Time)` says the same, and sorts one group at a time. All windows between a sort
and the end of its order change, or none: rows that are equal by all sort keys must keep one order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kql.algebra import (
    Call,
    ColumnRef,
    Filter,
    Limit,
    Literal,
    Logical,
    Not,
    Project,
    Relation,
    Sort,
    Unnest,
    Value,
    Window,
)
from kql.functions import OPERATORS, WINDOWS
from kql.functions.windows import RUN
from kql.guards import NOWHERE, Groups, Reach, farther, flat, neighbour
from kql.overloads import invoke
from kql.traversal import columns_of, inputs, map_inner, map_values, values_of, walk, with_inputs
from kql.types import ScalarType

Stretch = list[Relation]  # relations one above another, the highest first, over a sort whose order all of them keep


def partition_windows(relation: Relation) -> Relation:
    """Windows that are only looked at beside `Key == prev(Key)` are partitioned by the sort key."""
    above: Stretch = []
    below = relation
    while isinstance(below, Filter | Project | Limit | Unnest):
        above.append(below)
        below = below.input
    if isinstance(below, Sort) and below.keys and any(map(_has_windows, above)):
        above = _partitioned(above, below)
    made = _with_subqueries(with_inputs(below, tuple(partition_windows(each) for each in inputs(below))))
    for each in reversed(above):
        made = _with_subqueries(with_inputs(each, (made,)))
    return made


def _with_subqueries(relation: Relation) -> Relation:
    def inside(value: Value) -> Value:
        return map_inner(value, inside, partition_windows)

    return map_values(relation, inside)


def _has_windows(relation: Relation) -> bool:
    return any(_windowed(value) for value in values_of(relation))


def _windowed(value: Value) -> bool:
    return any(isinstance(each, Window) for each in walk(value))


class _Beyond(Exception):
    """A window looks beyond the group."""


def _partitioned(above: Stretch, sort: Sort) -> Stretch:
    """The stretch with all its windows inside the smallest groups that they do not look out of."""
    for many in range(len(sort.keys), 0, -1):
        groups = Groups.of(sort.keys[:many])
        try:
            return _inside(above, groups) if groups else above
        except _Beyond:
            continue
    return above


def _inside(above: Stretch, groups: Groups) -> Stretch:
    known = _known(above)
    names: list[str | None] = [key.name for key in groups.keys]
    made: Stretch = []
    for relation, conditions in zip(reversed(above), reversed(known), strict=True):
        here = [name for name in names if name is not None]
        if _has_windows(relation):
            if len(here) < len(names):
                raise _Beyond
            keys = tuple(replace(key, name=name) for key, name in zip(groups.keys, here, strict=True))
            made.insert(0, _Rows(replace(groups, keys=keys)).relation(relation, conditions))
        else:
            made.insert(0, relation)
        names = [_name_above(relation, name) for name in names]
    return made


def _name_above(relation: Relation, name: str | None) -> str | None:
    """What a relation calls a column of its input."""
    match relation:
        case Project():
            passed = (i.name for i in relation.items if isinstance(i.value, ColumnRef) and i.value.name == name)
            return next(passed, None)
        case Unnest() if name in {item.name for item in relation.items}:
            return None
        case _:
            return name


@dataclass(frozen=True, slots=True)
class _Rows:
    """What values become when their windows are kept within groups."""

    groups: Groups

    def relation(self, relation: Relation, conditions: list[Value]) -> Relation:
        """`conditions`: those that every row meets of which anything is seen in the end."""
        reach = NOWHERE
        for each in conditions:
            reach = farther(reach, self.groups.reach(each, True))
        if not isinstance(relation, Filter | Project):
            raise _Beyond
        return map_values(relation, lambda value: self.value(value, reach))

    def value(self, value: Value, reach: Reach) -> Value:
        """The value, of which nothing is seen where the neighbours within reach are in other groups."""
        match value:
            case Window():
                return self._window(value, reach)
            case Logical() | Not() | Call() if isinstance(value, Logical | Not) or value.function.name in ("==", "!="):
                sure = farther(reach, farther(self.groups.reach(value, True), self.groups.reach(value, False)))
                return map_inner(self._by_number(value), lambda inner: self.value(inner, sure), lambda inner: inner)
            case Call() if value.function.name in ("iff", "iif", "case"):
                return replace(value, args=tuple(self._chosen(value.args, reach)))
            case _:
                return map_inner(value, lambda inner: self.value(inner, reach), lambda inner: inner)

    def _chosen(self, args: tuple[Value, ...], reach: Reach) -> list[Value]:
        """Conditions and values in turn, then the value otherwise."""
        made: list[Value] = []
        for condition, value in zip(args[:-1:2], args[1::2], strict=True):
            made.append(self.value(condition, reach))
            made.append(self.value(value, farther(reach, self.groups.reach(condition, True))))
            reach = farther(reach, self.groups.reach(condition, False))
        return [*made, self.value(args[-1], reach)]

    def _window(self, window: Window, reach: Reach) -> Window:
        keys = self.groups.keys
        step = neighbour(window)
        if window.order:
            raise _Beyond
        if window.partition[: len(keys)] == keys:
            partition = window.partition
        elif window.partition and _is_run(window.partition[0]):
            partition = (*self._run(window.partition[0]), *(self.value(each, NOWHERE) for each in window.partition[1:]))
        elif step and -reach[0] <= step <= reach[1]:
            partition = keys
        else:
            raise _Beyond
        args = tuple(self.value(arg, NOWHERE) for arg in window.call.args)
        return Window(replace(window.call, args=args), partition)

    def _run(self, run: Value) -> tuple[Value, ...]:
        """What tells runs of rows apart that begin at least where a group does: the group, and if need be the run within it.

        What the condition says of a group's first row then matters no more.
        """
        assert isinstance(run, Window)
        begins = run.call.args[0]
        if isinstance(begins, Call) and begins.function.name == "coalesce":
            begins = begins.args[0]
        if -1 not in replace(self.groups, first=True).steps(begins, False):
            raise _Beyond
        if not self.groups.rest(begins, False, -1):
            return self.groups.keys
        known = invoke("coalesce", self.value(begins, (1, 0)), Literal(False, ScalarType.BOOL))
        return (*self.groups.keys, Window(replace(run.call, args=(known,)), self.groups.keys))

    def _by_number(self, value: Value) -> Value:
        """The comparison of keys with those before as one of the row's number in its group."""
        for positive in (True, False):
            before = [step for step in self.groups.steps(value, positive) if step < 0]
            if before and not any(key.nullable for key in self.groups.keys):
                op, rest = "and" if positive else "or", self.groups.rest(value, positive, min(before))
                follows = self._follows(-min(before))
                parts = (follows if positive else Not(follows), *rest)
                return Logical("and" if op == "and" else "or", parts) if rest else parts[0]
        return value

    def _follows(self, count: int) -> Value:
        """Whether so many rows of its group stand before a row; beyond the first row of all, texts are empty."""
        number = Window(invoke("row_number", registry=WINDOWS), self.groups.keys)
        later = invoke(">", number, Literal(count, ScalarType.LONG), registry=OPERATORS)
        if any(key.type is not ScalarType.STRING for key in self.groups.keys):
            return later
        empty = tuple(invoke("==", key, Literal("", ScalarType.STRING), registry=OPERATORS) for key in self.groups.keys)
        return Logical("or", (later, empty[0] if len(empty) == 1 else Logical("and", empty)))


def _is_run(value: Value) -> bool:
    return isinstance(value, Window) and value.call.function is RUN and not value.partition and not value.order


# ---------------------------------------------------------------- conditions above


def _known(above: Stretch) -> list[list[Value]]:
    """For each relation conditions, in terms of its output, without which none of its rows is seen."""
    apart = _apart(above)
    known: list[list[Value]] = []
    conditions: list[Value] = []
    for relation, counts in zip(above, apart, strict=True):
        known.append(conditions)
        match relation:
            case Filter():
                conditions = [*conditions, *flat(relation.predicate, "and")]
            case Project():
                made = {item.name: item.value for item in relation.items}
                conditions = [part for each in conditions if (below := _below(each, made)) for part in flat(below, "and")]
            case _:
                conditions = []
        if not counts:
            conditions = []
    return [
        [part for each in conditions if (below := _of_input(relation, each)) for part in flat(below, "and")]
        for relation, conditions in zip(above, known, strict=True)
    ]


def _of_input(relation: Relation, condition: Value) -> Value | None:
    if isinstance(relation, Project):
        return _below(condition, {item.name: item.value for item in relation.items})
    return condition


def _below(condition: Value, made: dict[str, Value]) -> Value | None:
    """A comparison of columns, or a flag, in terms of what a projection makes them of; None if it is more than that."""
    match condition:
        case ColumnRef():
            return made[condition.name]
        case Not():
            below = _below(condition.arg, made)
            return Not(below) if below is not None else None
        case Call() if condition.function.name in ("==", "!="):
            args = [_operand(arg, made) for arg in condition.args]
            found = tuple(arg for arg in args if arg is not None)
            return replace(condition, args=found) if len(found) == len(args) else None
        case _:
            return None


def _operand(arg: Value, made: dict[str, Value]) -> Value | None:
    if isinstance(arg, ColumnRef):
        below = made[arg.name]
        return below if isinstance(below, ColumnRef | Window) else None
    if isinstance(arg, Window) and all(isinstance(made[name], ColumnRef) for name in columns_of(arg)):
        return _renamed(arg, made)
    return None


def _renamed(value: Value, made: dict[str, Value]) -> Value:
    if isinstance(value, ColumnRef):
        return made[value.name]
    return map_inner(value, lambda inner: _renamed(inner, made), lambda inner: inner)


def _apart(above: Stretch) -> list[bool]:
    """Whether what a relation computes for one row is independent of what windows below it say of other rows."""
    found: list[bool] = []
    told: set[str] = set()  # columns that hold what windows say
    chosen = False  # whether they decide which rows there are
    for relation in reversed(above):
        windows = [each for value in values_of(relation) for each in walk(value) if isinstance(each, Window)]
        read = {name for window in windows for name in columns_of(window)}
        found.insert(0, not (read & told or (chosen and windows)))
        match relation:
            case Project():
                told = {item.name for item in relation.items if _windowed(item.value) or told & set(columns_of(item.value))}
            case _:
                chosen = chosen or any(_windowed(value) or told & set(columns_of(value)) for value in values_of(relation))
    return found


__all__ = ["partition_windows"]
