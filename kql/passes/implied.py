"""What is sure of all rows of which anything is seen in the end, because a filter above has it so."""

from __future__ import annotations

from msgspec.structs import replace

from kql.algebra import Call, ColumnRef, Filter, Item, Not, Project, Relation, Value, Window
from kql.passes.guards import flat
from kql.traversal import columns_of, computed, in_terms_of, values_of, walk


def has_windows(value: Value) -> bool:
    return any(isinstance(each, Window) for each in walk(value))


def merged(above: list[Relation]) -> list[Relation]:
    """The relations, one above another, where a projection has taken in what the one below it says of neighbours.

    What no column shows any more is then seen only where it is used, in a choice for example.
    """
    made: list[Relation] = []
    for relation in reversed(above):
        if made and isinstance(relation, Project) and isinstance(made[0], Project) and _takes_in(relation, made[0]):
            values = {item.name: item.value for item in made[0].items}
            items = tuple(Item(item.name, in_terms_of(values, item.value)) for item in relation.items)
            made[0] = replace(relation, input=made[0].input, items=items)
        else:
            made.insert(0, relation)
    return made


def _takes_in(upper: Project, lower: Project) -> bool:
    """Whether all windows of the lower one are used, by the upper one alone; and nothing else would be computed twice."""
    values = {item.name: item.value for item in lower.items}
    windows = {name for name, value in values.items() if isinstance(value, Window)}
    if not windows or any(has_windows(item.value) for item in upper.items) or not all(map(_steady, values.values())):
        return False
    passed = [item.value.name for item in upper.items if isinstance(item.value, ColumnRef)]
    read = {name for value in computed(upper) for name in columns_of(value)}
    plain = {name for name, value in values.items() if isinstance(value, ColumnRef)}
    moved = [name for name in passed if name not in plain]
    return not windows & set(passed) and read <= windows | plain and len(moved) == len(set(moved))


def _steady(value: Value) -> bool:
    """Whether a value, or what its window reads, is the same when it is computed again."""
    return not any(isinstance(each, Call) and each.function.volatile for each in walk(value))


def known(above: list[Relation]) -> list[list[Value]]:
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
        return in_terms_of(made, arg)
    return None


def _apart(above: list[Relation]) -> list[bool]:
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
                told = {item.name for item in relation.items if has_windows(item.value) or told & set(columns_of(item.value))}
            case _:
                chosen = chosen or any(has_windows(value) or told & set(columns_of(value)) for value in values_of(relation))
    return found
