"""The pass that lets paths read the text of a parsed value where it stands, instead of a column that holds all of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from kql.algebra import Call, ColumnRef, Filter, Limit, Literal, Path, Project, Relation, Sort, Value, ref
from kql.traversal import map_inner, map_values, with_inputs

Parsed = dict[str, Call]  # columns whose values are calls over other columns of the same relation


def read_through(relation: Relation) -> Relation:
    """`extend a = parse_json(x) | where a.b == 1` reads `b` in the text `x`, and `a` is made only if somebody wants it whole.

    Functions that tell how they are read (`read`, `members`, `elements` of their lines) are moved to where a path reads them.
    """
    return _through(relation)[0]


def _through(relation: Relation) -> tuple[Relation, Parsed]:
    below = [_through(each) for each in relation.inputs]
    parsed = below[0][1] if len(below) == 1 else {}

    def inside(value: Value) -> Value:
        value = map_inner(value, inside)
        if isinstance(value, Path) and isinstance(value.base, ColumnRef) and value.base.name in parsed:
            return replace(value, base=parsed[value.base.name])
        return value

    changed = map_values(with_inputs(relation, tuple(each for each, _ in below)), inside)
    match changed:
        case Filter() | Sort() | Limit():
            return changed, parsed
        case Project():
            return changed, _parsed(changed, parsed)
        case _:
            return changed, {}


def _parsed(project: Project, below: Parsed) -> Parsed:
    """What a projection's columns hold, in terms of the columns that it hands on."""
    handed = {item.value.name: ref(item.column) for item in project.items if isinstance(item.value, ColumnRef)}
    found: Parsed = {}
    for item in project.items:
        value = below.get(item.value.name) if isinstance(item.value, ColumnRef) else item.value
        if isinstance(value, Call) and value.function.reads_through and all(_at_hand(arg, handed) for arg in value.args):
            args = (handed[arg.name] if isinstance(arg, ColumnRef) else arg for arg in value.args)
            found[item.name] = replace(value, args=tuple(args))
    return found


def _at_hand(arg: Value, handed: Mapping[str, ColumnRef]) -> bool:
    return isinstance(arg, Literal) or (isinstance(arg, ColumnRef) and arg.name in handed)
