"""The pass that does costly work once for each different value of the stored columns that it reads, where these repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    Call,
    ColumnRef,
    Filter,
    Item,
    Literal,
    Logical,
    Path,
    Project,
    Relation,
    Scan,
    Unnest,
    Value,
    passing,
    ref,
)
from kql.catalog import text_column
from kql.functions import AGGREGATES
from kql.functions.elements import AS_DYNAMIC
from kql.functions.registry import Kind
from kql.overloads import invoke
from kql.passes.weights import TIMES, aggregates, counts, decomposable, has_parts, weighed
from kql.traversal import bottom_up, carrying, columns_of, computed, in_terms_of, repeatable, values_of, walk
from kql.types import Column, ScalarType

# Different values per row up to which grouping them first costs less than it saves, measured on ten million rows: where values
# are only parsed, or work ends in a condition that leaves few rows to group; where arrays are unfolded; where texts are matched.
MOST_PARSED, MOST_UNFOLDED, MOST_MATCHED = 0.06, 0.25, 0.45

Costly = Filter | Project | Unnest

_MATCHING = {"extract", "extract_all", "replace_regex", "replace"}
_COSTLY = {
    *(*_MATCHING, "matches regex", "trim", "trim_start", "trim_end", "split"),
    *("hash_md5", "hash_sha1", "hash_sha256", "url_decode", "base64_decode_tostring"),
}
_CHEAP = {"isempty", "isnotempty", "isnull", "isnotnull"}  # of a dynamic, too


def once_for_each_value(relation: Relation) -> Relation:
    """`T | where parse_json(x).a == 1 | summarize count() by k` counts the rows of each (x, k) first, then parses each x once."""
    return bottom_up(relation, _grouped_first)


def _grouped_first(relation: Relation) -> Relation:
    if not isinstance(relation, Aggregate):
        return relation
    if not all(decomposable(call) for item in relation.items for call in aggregates(item.value)):
        return relation
    cut = _cut(relation)
    if cut is None or not cut.pays():
        return relation
    parts = {call: ref(item.column) for call, item in cut.parts.items()}
    items = tuple(Item(item.name, weighed(item.value, parts)) for item in relation.items)
    counted = (Item(TIMES.name, invoke("count", registry=AGGREGATES)),) if any(counts(item.value) for item in items) else ()
    return replace(relation, input=cut.grouped((*counted, *cut.parts.values())), items=items)


class _Cut(Struct, frozen=True):
    """Where the rows are grouped: `below` is cheap, `above` (the lowest first) costs, and reads the columns `needed`.

    `parts` are aggregates whose values go by what is above: each has a column that holds it for a group's rows. `sources`
    tells of each column of `below` which stored columns it is made of, `most` up to which variety it is worth it.
    """

    scan: Scan
    below: Relation
    above: list[Costly]
    needed: tuple[Column, ...]
    parts: dict[Call, Item]
    sources: dict[str, frozenset[str]]
    most: float

    def pays(self) -> bool:
        """Whether storage says that the needed values repeat. Reals are left alone: 0 and -0 would be one group."""
        if self.scan.storage.variety is None or any(column.type is ScalarType.REAL for column in self.needed):
            return False
        stored = {name for column in self.needed for name in self.sources[column.name]}
        return bool(stored) and self.scan.storage.variety(frozenset(self.physical[name] for name in stored)) <= self.most

    @property
    def physical(self) -> dict[str, str]:
        return {column.name: name for column, name in zip(self.scan.columns, self.scan.physical, strict=True)}

    def grouped(self, items: tuple[Item, ...]) -> Relation:
        """The relation above the cut, each row of it standing for several, of which it hands on these aggregates."""
        below, keys, opened = self.below, list[Item](), list[Item]()
        for column in self.needed:
            item = Item(column.name, ref(column))
            if column.type is ScalarType.DYNAMIC and self.sources[column.name] == {column.name}:
                text = Column(text_column(column.name), ScalarType.DYNAMIC, column.nullable)
                below = carrying(below, text, text_column(self.physical[column.name]))
                keys.append(Item(text.name, ref(text)))
                item = Item(column.name, Call(AS_DYNAMIC, (ref(text),), column.type, column.nullable))
            else:
                keys.append(item)
            opened.append(item)
        relation: Relation = Aggregate(below, tuple(keys), items)
        handed = passing(tuple(item.column for item in items))
        if opened != keys:
            relation = Project(relation, (*opened, *handed))
        for node in self.above:
            relation = _over(node, relation, handed)
        return relation


def _over(node: Costly, below: Relation, handed: tuple[Item, ...]) -> Relation:
    """An operator over a relation that may have lost columns which nobody reads; it hands on what a row stands for."""
    match node:
        case Filter():
            return replace(node, input=below)
        case Project():
            return replace(node, input=below, items=(*node.items, *handed))
        case Unnest():
            made = {item.name for item in node.items} | {node.index}
            present = {column.name for column in below.schema} | made
            kept = tuple(column for column in node.columns if column.name in present)
            return replace(node, input=below, columns=(*kept, *(item.column for item in handed)))
        case _:
            assert_never(node)


def _cut(aggregate: Aggregate) -> _Cut | None:
    """The highest place below which nothing costs; None where no work above it would be saved, or none may be moved."""
    chain = _chain(aggregate.input)
    if chain is None or not all(repeatable(value) for value in values_of(aggregate)):
        return None
    scan, *operators = chain
    assert isinstance(scan, Scan)
    below, above, handed = _parted(scan, operators)
    if not (above or any(map(_costly, values_of(aggregate)))):
        return None
    parts, read = _split(aggregate, handed)
    kept = list[Costly]()
    for node in reversed(above):
        node, read = _read(node, read)
        kept.insert(0, node)
    sources = {column.name: frozenset((column.name,)) for column in scan.columns}
    for project in reversed([each for each in _downwards(below) if isinstance(each, Project)]):
        sources = {i.name: frozenset().union(*(sources[name] for name in columns_of(i.value))) for i in project.items}
    needed = tuple(column for column in below.schema if column.name in read)
    return _Cut(scan, below, kept, needed, parts, sources, _most([*above, aggregate]))


def _split(aggregate: Aggregate, handed: Mapping[str, ColumnRef]) -> tuple[dict[Call, Item], set[str]]:
    """The aggregates that can be had of parts made below, and the columns that all others and the keys read."""
    calls = list(dict.fromkeys(call for item in aggregate.items for call in aggregates(item.value)))
    movable = [call for call in calls if has_parts(call) and not _costly(call) and {*columns_of(call)} <= {*handed}]
    values = (*(item.value for item in aggregate.keys), *(call for call in calls if call not in movable))
    read = {name for value in values for name in columns_of(value)}
    moved = [call for call in movable if not {*columns_of(call)} <= read]
    return {call: Item(f"$part{at}", in_terms_of(handed, call)) for at, call in enumerate(moved)}, read


def _most(operators: Sequence[Relation]) -> float:
    """The greatest variety at which the work of these operators is worth a group of its own."""
    if any(isinstance(each, Unnest) for each in operators):
        return MOST_UNFOLDED
    calls = (each for node in operators for value in values_of(node) for each in walk(value) if isinstance(each, Call))
    matched = any(each.function.name in _MATCHING for each in calls)
    return MOST_MATCHED if matched and not any(isinstance(each, Filter) for each in operators) else MOST_PARSED


def _chain(relation: Relation) -> list[Relation] | None:
    """A stored table and the operators over it, the lowest first; None if there is another relation, or chance, in it."""
    chain = list(_downwards(relation))
    rest = [value for each in chain for value in computed(each)]
    return chain[::-1] if isinstance(chain[-1], Scan) and all(map(repeatable, rest)) else None


def _downwards(relation: Relation) -> Iterator[Relation]:
    yield relation
    while isinstance(relation, Filter | Project | Unnest):
        relation = relation.input
        yield relation


def _parted(below: Relation, operators: Sequence[Relation]) -> tuple[Relation, list[Costly], Mapping[str, ColumnRef]]:
    """The cheap part, the operators above it, and its columns under the names that they have in the end.

    Cheap conditions go down as far as their columns do.
    """
    above, handed = list[Costly](), {column.name: ref(column) for column in below.schema}
    for node in operators:
        match node:
            case Filter():
                rest = list[Value]()
                for condition in _conjuncts(node.predicate):
                    if _costly(condition) or not {*columns_of(condition)} <= {*handed}:
                        rest.append(condition)
                    else:
                        below = replace(node, input=below, predicate=in_terms_of(handed, condition))
                above += [replace(node, predicate=_all(rest))] if rest else []
            case Project() if not above and not any(map(_costly, values_of(node))):
                below = replace(node, input=below)
                handed = {column.name: ref(column) for column in below.schema}
            case Project():
                above.append(node)
                passed = ((item.name, item.value) for item in node.items if isinstance(item.value, ColumnRef))
                handed = {name: handed[value.name] for name, value in passed if value.name in handed}
            case Unnest():
                above.append(node)
                made = {item.name for item in node.items} | {node.index}
                handed = {name: value for name, value in handed.items() if name not in made}
    return below, above, handed


def _read(node: Costly, above: set[str]) -> tuple[Costly, set[str]]:
    """The operator without what is not read above it, and the columns that it needs from below."""
    match node:
        case Filter():
            return node, above | {*columns_of(node.predicate)}
        case Project():
            items = tuple(item for item in node.items if item.name in above) or node.items[:1]
            return replace(node, items=items), {name for item in items for name in columns_of(item.value)}
        case Unnest():
            made = {item.name for item in node.items} | {node.index}
            kept = tuple(column for column in node.columns if column.name in above | made)
            return replace(node, columns=kept), (above - made) | {n for item in node.items for n in columns_of(item.value)}
        case _:
            assert_never(node)


def _conjuncts(condition: Value) -> Iterator[Value]:
    if isinstance(condition, Logical) and condition.op == "and":
        for arg in condition.args:
            yield from _conjuncts(arg)
    else:
        yield condition


def _all(conditions: Sequence[Value]) -> Value:
    return conditions[0] if len(conditions) == 1 else Logical("and", tuple(conditions))


def _costly(value: Value) -> bool:
    return any(isinstance(each, Path) or (isinstance(each, Call) and _costs(each)) for each in walk(value))


def _costs(call: Call) -> bool:
    """Whether a function parses: text by a pattern, or a dynamic value. What packs constants is none of these."""
    line = call.function
    if line.kind is not Kind.SCALAR or line.name in _CHEAP:
        return False
    dynamic = any(each.type is ScalarType.DYNAMIC and not isinstance(each, Literal) for each in (call, *call.args))
    return line.name in _COSTLY or bool(line.vectorised) or dynamic
