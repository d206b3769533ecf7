"""What a program reads of each stored table: which columns, and between which moments, so that files can be left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import (
    Bound,
    Call,
    ColumnRef,
    Filter,
    InRelation,
    Literal,
    Logical,
    Project,
    Relation,
    ScalarQuery,
    Scan,
    Sort,
    Union,
    Value,
    Window,
)
from kql.traversal import values_in
from kql.types import ScalarType

_EPOCH = datetime(1970, 1, 1)
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


class Moment(Struct, frozen=True):
    """A constant moment, or one so many microseconds after a bound value."""

    bound: str | None
    micros: int

    def at(self, values: Mapping[str, object]) -> datetime | None:
        """The moment (UTC, without zone), None if the bound value is none."""
        start = _EPOCH if self.bound is None else values.get(self.bound)
        try:
            return start + timedelta(microseconds=self.micros) if isinstance(start, datetime) else None
        except OverflowError:
            return None


class Read(Struct, frozen=True):
    """A stored table as a program reads it, under the name `view`.

    A bound that is None is open. Rows outside the bounds are not needed.
    """

    table: str
    view: str
    columns: frozenset[str]
    since: frozenset[Moment] | None
    until: frozenset[Moment] | None

    def span(self, values: Mapping[str, object]) -> tuple[datetime | None, datetime | None]:
        """The earliest and the last moment (UTC, without zone) of the rows that are needed, None if open."""
        return _outermost(min, self.since, values), _outermost(max, self.until, values)


def _outermost(
    pick: Callable[[Iterable[datetime]], datetime], bounds: frozenset[Moment] | None, values: Mapping[str, object]
) -> datetime | None:
    found = [moment.at(values) for moment in bounds or ()]
    known = [each for each in found if each is not None]
    return pick(known) if known and len(known) == len(found) else None


def reads(roots: Iterable[Relation], time: str = "Timestamp") -> tuple[Read, ...]:
    """One entry for each table, and one for its computed columns; several scans of one are taken together."""
    found: dict[str, Read] = {}
    for root in roots:
        for read in _scans(root, (), time):
            known = found.get(read.view)
            found[read.view] = read if known is None else _together(known, read)
    return tuple(found.values())


def _together(one: Read, two: Read) -> Read:
    """Both scans: the earliest start and the latest end of either, open if one is."""
    since = one.since | two.since if one.since is not None and two.since is not None else None
    until = one.until | two.until if one.until is not None and two.until is not None else None
    return replace(one, columns=one.columns | two.columns, since=since, until=until)


def _scans(relation: Relation, predicates: tuple[Value, ...], time: str) -> Iterator[Read]:
    """`predicates`: conditions that every row of this relation must meet."""
    if isinstance(relation, Scan):
        since, until = _bounds(predicates, time)
        columns = frozenset(column.name for column in relation.columns)
        starts, ends = (frozenset({bound}) if bound else None for bound in (since, until))
        yield Read(relation.table, relation.view, columns, starts, ends)
        return
    values = values_in(relation)
    for inner in values:
        if isinstance(inner, InRelation | ScalarQuery):
            yield from _scans(inner.relation, (), time)
    below: tuple[Value, ...]
    match relation:
        case _ if any(isinstance(inner, Window) for inner in values):
            below = ()  # a window looks at rows that the filters above it drop
        case Filter():
            below = (*predicates, relation.predicate)
        case Sort() | Union():
            below = predicates
        case Project(items=items) if any(item.name == time and item.passes for item in items):
            below = predicates
        case _:
            below = ()
    for each in relation.inputs:
        yield from _scans(each, below, time)


def _bounds(predicates: Iterable[Value], time: str) -> tuple[Moment | None, Moment | None]:
    """A start and an end that the predicates imply for the time column; any one of several will do."""
    since: Moment | None = None
    until: Moment | None = None
    for op, moment in (pair for predicate in predicates for pair in _comparisons(predicate, time)):
        if op in (">", ">=", "=="):
            since = moment
        if op in ("<", "<=", "=="):
            until = moment
    return since, until


def _comparisons(predicate: Value, time: str) -> Iterator[tuple[str, Moment]]:
    match predicate:
        case Logical(op="and", args=args):
            for arg in args:
                yield from _comparisons(arg, time)
        case Call(function=function, args=(ColumnRef(name=name), right)) if name == time and function.name in _MIRRORED:
            if (moment := _moment(right)) is not None:
                yield function.name, moment
        case Call(function=function, args=(left, ColumnRef(name=name))) if name == time and function.name in _MIRRORED:
            if (moment := _moment(left)) is not None:
                yield _MIRRORED[function.name], moment
        case _:
            return


def _moment(value: Value) -> Moment | None:
    match value:
        case Literal(type=ScalarType.DATETIME, value=int() as micros):
            return Moment(None, micros)
        case Bound(type=ScalarType.DATETIME, name=name):
            return Moment(name, 0)
        case Call(function=function, args=(base, Literal(type=ScalarType.TIMESPAN, value=int() as ticks))) if (
            function.name in "+-"
        ):
            start = _moment(base)
            sign = 1 if function.name == "+" else -1
            return start and Moment(start.bound, start.micros + sign * ticks // 10)
        case _:
            return None
