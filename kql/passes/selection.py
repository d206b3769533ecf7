"""The pass that finds the groups that are asked for by what is cheap to know, and computes what is costly of them alone."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    Bound,
    Call,
    ColumnRef,
    Filter,
    InList,
    Item,
    Join,
    JoinColumn,
    Limit,
    Literal,
    Logical,
    Not,
    Path,
    Project,
    Relation,
    Scan,
    Sort,
    Value,
    passing,
    ref,
)
from kql.functions import OPERATORS
from kql.functions.registry import Kind
from kql.overloads import invoke
from kql.passes.pruning import prune_columns
from kql.traversal import columns_of, computed, repeatable, top_down, values_of, walk, with_inputs
from kql.types import ScalarType

FEW = 1e-5  # groups per row up to which a limit chooses most of them
MOST = 1_000  # groups that a limit may choose: more hold most of the rows

# Aggregates that keep each different value of a group; to look at a row twice costs less than one of those.
COSTLY = frozenset(
    f"{name}{end}" for name in ("dcount", "count_distinct", "make_set", "makeset", "hll") for end in ("", "if", "_if")
)

_EXACT = frozenset({"count", "countif", "cnt", "sum", "sumif", "min", "minif", "max", "maxif"})

# What may be computed twice of every row: comparisons that storage knows, and for keys a few functions of one value.
_COMPARED = frozenset({"==", "!=", "<", "<=", ">", ">=", "+", "-", "isempty", "isnotempty", "isnull", "isnotnull"})
_LIGHT = _COMPARED | {"bin", "split", "strlen", "tolower", "tostring", "toupper"}


def select_groups_first(relation: Relation) -> Relation:
    """`summarize n = count(), dcount(x) by k | top 10 by n` counts, then joins the rows of ten groups and counts their x.

    Where storage says that there are hardly more groups one step is enough.
    So does a condition that tells which rows cannot be of its groups: `summarize first = min(t), ... | where first > ago(7d)`.
    Any other may let most rows through, which are then read twice for nothing.
    """
    return top_down(relation, _in_two_steps)


def _in_two_steps(relation: Relation) -> Relation:
    aggregate = _selected(relation)
    if aggregate is None or not _pays(aggregate):
        return relation
    implied = list(_implied(relation, aggregate))
    if not implied and (isinstance(relation, Filter) or groups_per_row(aggregate) <= FEW):
        return relation
    keys = [Item(f"$key_{at}", ref(item.column)) for at, item in enumerate(aggregate.keys)]
    names = tuple(Item(item.name, ref(item.column)) for item in keys)
    chosen, _ = prune_columns((Project(_handing(relation, keys), names), ()))
    if not all(_exact(item.value) for each in _below(chosen) if isinstance(each, Aggregate) for item in each.items):
        return _by_some_conditions(relation)
    rows = _filtered(aggregate.input, implied)
    columns = tuple(JoinColumn("left", c.name, c) for c in rows.schema)
    on = tuple((key.value, name.value) for key, name in zip(aggregate.keys, names, strict=True))
    return _over(relation, replace(aggregate, input=Join(rows, chosen, "leftsemi", on, columns, span=aggregate.span)))


def _by_some_conditions(relation: Relation) -> Relation:
    """Conditions of other things than chosen groups are known by come after those."""
    match relation:
        case Filter(input=Aggregate() as groups, predicate=Logical(op="and", args=args)):
            known = {item.name for item in (*groups.keys, *groups.items) if _exact(item.value)}
            early = [arg for arg in args if known.issuperset(columns_of(arg))]
            return _filtered(_in_two_steps(_filtered(groups, early)), [arg for arg in args if arg not in early])
        case _:
            return relation


def _filtered(relation: Relation, conditions: list[Value]) -> Relation:
    for condition in conditions:
        relation = Filter(relation, condition)
    return relation


def _selected(relation: Relation) -> Aggregate | None:
    """The groups of which a relation, a condition or a limit, lets some through."""
    if not isinstance(relation, Filter | Limit):
        return None
    for each in _below(relation):
        match each:
            case Aggregate(keys=(_, *_)):
                return each
            case Limit(count=Literal(value=int() as count)) if count > MOST:
                return None
            case Limit(count=Literal()) | Filter() | Project() | Sort() if all(_plain(value) for value in computed(each)):
                continue
            case _:
                return None
    return None


def _below(relation: Relation) -> Iterator[Relation]:
    """The relation, its input, and so on as long as there is one."""
    yield relation
    while len(below := relation.inputs) == 1:
        (relation,) = below
        yield relation


def _plain(value: Value) -> bool:
    """Whether a value is the same when it is computed again, and reads no other relation."""
    kinds = Call | ColumnRef | Literal | Bound | Logical | Not | Path | InList
    return repeatable(value) and all(isinstance(each, kinds) for each in walk(value))


def _pays(aggregate: Aggregate) -> bool:
    """Whether something is costly, and nothing depends on the order of the rows, which a join need not keep."""
    calls = [each for value in values_of(aggregate) for each in walk(value) if isinstance(each, Call)]
    costly = any(call.function.name in COSTLY for call in calls) and not any(call.function.ordered for call in calls)
    return costly and all(_plain(value) for value in values_of(aggregate)) and cheaply_read(aggregate.input)


def groups_per_row(aggregate: Aggregate) -> float:
    """How many different values the stored columns hold that the keys are made of, as storage estimates it; 1 if unknown.

    The input must be a stored table below filters and projections.
    """
    names, relation = {name for key in aggregate.keys for name in columns_of(key.value)}, aggregate.input
    while isinstance(relation, Filter | Project):
        if isinstance(relation, Project):
            names = {name for item in relation.items if item.name in names for name in columns_of(item.value)}
        relation = relation.input
    assert isinstance(relation, Scan)
    stored = (physical for column, physical in zip(relation.columns, relation.physical, strict=True) if column.name in names)
    return relation.storage.variety_of(frozenset(stored)) if names else 0.0


def _exact(value: Value) -> bool:
    """Whether a group's value is the same when it is computed again, in whatever order the rows come."""
    calls = (each for each in walk(value) if isinstance(each, Call) and each.function.kind is Kind.AGGREGATE)
    return all(call.function.name in _EXACT and call.type is not ScalarType.REAL for call in calls)


def cheaply_read(relation: Relation) -> bool:
    """Whether the rows are those of a stored table, and finding them twice costs little more than reading them twice."""
    while isinstance(relation, Filter | Project):
        known = _COMPARED if isinstance(relation, Filter) else _LIGHT
        if not all(_cheap(value, known) for value in computed(relation)):
            return False
        relation = relation.input
    return isinstance(relation, Scan)


def _cheap(value: Value, known: frozenset[str]) -> bool:
    calls = (each for each in walk(value) if isinstance(each, Call))
    paths = (each for each in walk(value) if isinstance(each, Path))
    read = all(isinstance(path.base, Call) and path.base.function.elements for path in paths)
    return _plain(value) and read and all(call.function.name in known for call in calls)


def _handing(relation: Relation, keys: list[Item]) -> Relation:
    """The relation with the keys of its groups handed on under names of their own."""
    match relation:
        case Aggregate():
            return Project(relation, (*passing(relation.schema), *keys))
        case Project():
            handed = (Item(key.name, ref(key.column)) for key in keys)
            return replace(relation, input=_handing(relation.input, keys), items=(*relation.items, *handed))
        case _:
            return with_inputs(relation, tuple(_handing(each, keys) for each in relation.inputs))


def _over(relation: Relation, groups: Aggregate) -> Relation:
    """The same operators over other groups."""
    return groups if isinstance(relation, Aggregate) else with_inputs(relation, (_over(relation.inputs[0], groups),))


# ---------------------------------------------------------------- conditions of groups that hold of each of their rows

_BOUNDS = {"min": (">", ">="), "max": ("<", "<=")}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_ORDERED = (ScalarType.DATETIME, ScalarType.TIMESPAN, ScalarType.INT, ScalarType.LONG)


def _implied(relation: Relation, aggregate: Aggregate) -> Iterator[Value]:
    """Of groups whose first moment is after a bound all moments are: rows before need not be read."""
    made = {item.name: item.value for item in aggregate.items}
    for condition in _conditions(relation):
        match condition:
            case Call(function=function, args=(ColumnRef(name=name), bound)):
                op = function.name
            case Call(function=function, args=(bound, ColumnRef(name=name))):
                op = _MIRRORED.get(function.name, "")
            case _:
                continue
        extreme = made.get(name)
        if isinstance(extreme, Call) and op in _BOUNDS.get(extreme.function.name, ()) and _bounds(extreme.args[0], bound):
            yield invoke(op, extreme.args[0], bound, registry=OPERATORS)


def _conditions(relation: Relation) -> list[Value]:
    """What must be true of the groups, in terms of their own columns."""
    found: list[Value] = []
    for each in _below(relation):
        match each:
            case Project():
                found = []
            case Filter(predicate=Logical(op="and", args=args)):
                found += args
            case Filter(predicate=predicate):
                found.append(predicate)
            case Aggregate():
                return found
            case _:
                pass
    return found


def _bounds(extreme: Value, bound: Value) -> bool:
    """Whether the column is never null, which an extreme leaves out, and the bound is the same for all rows."""
    column = isinstance(extreme, ColumnRef) and extreme.type in _ORDERED and not extreme.nullable
    return column and not any(isinstance(each, ColumnRef) for each in walk(bound))
