"""The pass that reads stored dynamics as text where that will do: a value of JSON is checked as a whole first."""

from __future__ import annotations

from msgspec.structs import replace

from kql.algebra import Aggregate, ColumnRef, Filter, Item, Path, Project, Relation, Scan, Unnest, Value, passing, ref
from kql.catalog import text_column
from kql.traversal import bottom_up, carrying, map_inner, map_values, with_inputs
from kql.types import Column, ScalarType


def read_texts(relation: Relation) -> Relation:
    """`T | where d.a == 1` reads `a` in the stored text of `d`, `mv-expand d to typeof(string)` its elements."""
    return bottom_up(relation, _read)


def _read(relation: Relation) -> Relation:
    if not isinstance(relation, Filter | Project | Aggregate | Unnest):
        return relation
    texts = _texts(relation.input)
    used = dict[str, tuple[Column, str]]()

    def text(value: Value) -> Value:
        if not (isinstance(value, ColumnRef) and value.name in texts):
            return value
        used[value.name] = texts[value.name]
        return ref(texts[value.name][0])

    def inside(value: Value) -> Value:
        value = map_inner(value, inside)
        return replace(value, base=text(value.base)) if isinstance(value, Path) else value

    if not texts:
        return relation
    changed = map_values(relation, inside)
    if isinstance(changed, Unnest) and not changed.native:
        strings = {column.name for column in changed.columns if column.type is ScalarType.STRING}
        items = tuple(Item(item.name, text(item.value)) if item.name in strings else item for item in changed.items)
        changed = replace(changed, items=items)
    if not used:
        return relation
    below = relation.input
    for column, physical in used.values():
        below = carrying(below, column, physical)
    changed = with_inputs(changed, (below,))
    return Project(changed, passing(relation.schema)) if isinstance(changed, Filter) else changed


def _texts(relation: Relation) -> dict[str, tuple[Column, str]]:
    """The columns that hand on stored dynamics: the column of each one's text, and what storage calls it."""
    match relation:
        case Scan() if relation.storage.variety is not None:
            return {
                column.name: (Column(text_column(column.name), column.type, column.nullable), text_column(physical))
                for column, physical in zip(relation.columns, relation.physical, strict=True)
                if column.type is ScalarType.DYNAMIC and not column.name.startswith("$")
            }
        case Filter():
            return _texts(relation.input)
        case Project():
            below = _texts(relation.input)
            handed = [(item.name, item.value) for item in relation.items if isinstance(item.value, ColumnRef)]
            return {name: below[value.name] for name, value in handed if value.name in below}
        case _:
            return {}
