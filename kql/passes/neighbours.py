"""The pass that lets windows look at a row's own group only, where the query looks no further.

`sort by User asc, Time asc | extend Gap = iff(User == prev(User), Time - prev(Time), timespan(null))` needs no order of all
rows: `lag(Time) OVER (PARTITION BY User ORDER BY Time)` says the same, and sorts one group at a time. All windows between a sort
and the end of its order change, or none: rows that are equal by all sort keys must keep one order.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal as Choice

from msgspec import Struct
from msgspec.structs import replace

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
from kql.overloads import invoke
from kql.passes.guards import NOWHERE, Groups, Reach, blank, farther, flat, neighbour, untrue
from kql.passes.implied import has_windows, known, merged
from kql.traversal import map_inner, map_values, values_of, with_inputs
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
        above = _partitioned(merged(above), below)
    made = with_inputs(below, tuple(partition_windows(each) for each in below.inputs))
    for each in reversed(above):
        made = with_inputs(each, (made,))
    return made


def _has_windows(relation: Relation) -> bool:
    return any(has_windows(value) for value in values_of(relation))


class _Beyond(Exception):
    """A window looks beyond the group."""


def _partitioned(above: Stretch, sort: Sort) -> Stretch:
    """The stretch with all its windows inside the smallest groups that they do not look out of."""
    for many in range(len(sort.keys), 0, -1):
        if groups := Groups.of(sort.keys[:many]):
            with suppress(_Beyond):
                return _inside(above, groups)
    return above


def _inside(above: Stretch, groups: Groups) -> Stretch:
    conditions_of = known(above)
    names: list[str | None] = [key.name for key in groups.keys]
    made: Stretch = []
    for relation, conditions in zip(reversed(above), reversed(conditions_of), strict=True):
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


_BEFORE: Reach = (1, 0)
_OP: dict[bool, Choice["and", "or"]] = {True: "and", False: "or"}


class _Rows(Struct, frozen=True):
    """What values become when their windows are kept within groups."""

    groups: Groups

    def relation(self, relation: Relation, conditions: list[Value]) -> Relation:
        """`conditions`: those that every row meets of which anything is seen in the end."""
        reach = NOWHERE
        for each in conditions:
            reach = farther(reach, self.groups.reach(each, True))
        if not isinstance(relation, Filter | Project):
            raise _Beyond
        if isinstance(relation, Filter) and self.groups.begins(relation.predicate, True) and untrue(relation.predicate):
            far = farther(farther(reach, _BEFORE), self.groups.reach(relation.predicate, True))
            return replace(relation, predicate=self._condition(relation.predicate, True, far))
        return map_values(relation, lambda value: self.value(value, reach))

    def value(self, value: Value, reach: Reach) -> Value:
        """The value, of which nothing is seen where the neighbours within reach are in other groups."""
        match value:
            case Window():
                return self._window(value, reach)
            case Logical() | Not() | Call() if isinstance(value, Logical | Not) or value.function.name in ("==", "!="):
                sure = farther(reach, farther(self.groups.reach(value, True), self.groups.reach(value, False)))
                return map_inner(self._by_number(value), lambda inner: self.value(inner, sure))
            case Call() if value.function.name in ("iff", "iif", "case"):
                return replace(value, args=tuple(self._chosen(value.args, reach)))
            case _:
                return map_inner(value, lambda inner: self.value(inner, reach))

    def _chosen(self, args: tuple[Value, ...], reach: Reach) -> list[Value]:
        """Conditions and values in turn, then the value otherwise."""
        made: list[Value] = []
        for positive in (True, False) if len(args) == 3 else ():
            if self.groups.begins(args[0], positive) and _same_at_first(args, positive):
                sides = [farther(reach, self.groups.reach(args[0], side)) for side in (True, False)]
                sides[not positive] = farther(sides[not positive], _BEFORE)
                chosen = (self.value(value, side) for value, side in zip(args[1:], sides, strict=True))
                return [self._condition(args[0], positive, sides[not positive]), *chosen]
        for condition, value in zip(args[:-1:2], args[1::2], strict=True):
            made.append(self.value(condition, reach))
            made.append(self.value(value, farther(reach, self.groups.reach(condition, True))))
            reach = farther(reach, self.groups.reach(condition, False))
        return [*made, self.value(args[-1], reach)]

    def _condition(self, condition: Value, positive: bool, reach: Reach) -> Value:
        """A condition that begins with the row before, where what it says of the first row of a group is not seen."""
        op = _OP[positive]
        if any(key.nullable for key in self.groups.keys):
            parts = [self.value(each, reach) for each in flat(condition, op)]
        else:
            number = self._number_beyond(1)
            parts = [number if positive else Not(number)]
            parts += [self.value(each, reach) for each in self.groups.rest(condition, positive, -1)]
        return Logical(op, tuple(parts)) if len(parts) > 1 else parts[0]

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
        if not self.groups.begins(begins, False):
            raise _Beyond
        if not self.groups.rest(begins, False, -1):
            return self.groups.keys
        known = invoke("coalesce", self.value(begins, _BEFORE), Literal(False, ScalarType.BOOL))
        return (*self.groups.keys, Window(replace(run.call, args=(known,)), self.groups.keys))

    def _by_number(self, value: Value) -> Value:
        """The comparison of keys with those before as one of the row's number in its group."""
        for positive in (True, False):
            before = [step for step in self.groups.steps(value, positive) if step < 0]
            if before and not any(key.nullable for key in self.groups.keys):
                rest, follows = self.groups.rest(value, positive, min(before)), self._follows(-min(before))
                parts = (follows if positive else Not(follows), *rest)
                return Logical(_OP[positive], parts) if rest else parts[0]
        return value

    def _number_beyond(self, count: int) -> Value:
        number = Window(invoke("row_number", registry=WINDOWS), self.groups.keys)
        return invoke(">", number, Literal(count, ScalarType.LONG), registry=OPERATORS)

    def _follows(self, count: int) -> Value:
        """Whether so many rows of its group stand before a row; beyond the first row of all, texts are empty."""
        later = self._number_beyond(count)
        if any(key.type is not ScalarType.STRING for key in self.groups.keys):
            return later
        empty = tuple(invoke("==", key, Literal("", ScalarType.STRING), registry=OPERATORS) for key in self.groups.keys)
        return Logical("or", (later, empty[0] if len(empty) == 1 else Logical("and", empty)))


def _same_at_first(choice: tuple[Value, ...], positive: bool) -> bool:
    """Whether a choice is the same where no row stands before, whatever a comparison with that row says."""
    condition, seen, otherwise = choice if positive else (choice[0], choice[2], choice[1])
    null = isinstance(otherwise, Literal) and otherwise.nullable
    return (null and blank(seen)) or (positive and untrue(condition))


def _is_run(value: Value) -> bool:
    return isinstance(value, Window) and value.call.function is RUN and not value.partition and not value.order


__all__ = ["partition_windows"]
