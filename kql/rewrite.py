"""Passes over a bound program: each a verb, a function from relation to relation; PASSES is their order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from itertools import groupby
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kql.algebra import (
    Aggregate,
    Binding,
    Call,
    ColumnRef,
    Filter,
    InList,
    InRelation,
    Item,
    Join,
    Limit,
    Literal,
    Logical,
    Path,
    Project,
    Reference,
    Relation,
    ScalarQuery,
    Sort,
    Unnest,
    Value,
    Window,
)
from kql.functions import OPERATORS
from kql.functions.registry import Function
from kql.overloads import invoke
from kql.passes.early import summarize_before_join
from kql.passes.extremes import OF_A_ROW, rows_by_place
from kql.passes.neighbours import partition_windows
from kql.passes.percentiles import PERCENTILES, percentiles_at_once
from kql.passes.pruning import Program, prune_columns
from kql.passes.reading import read_through
from kql.passes.selection import COSTLY, select_groups_first
from kql.passes.sessions import SESSION, fold_sessions
from kql.passes.texts import read_texts
from kql.passes.tops import top_in_two_steps
from kql.passes.variety import once_for_each_value
from kql.traversal import (
    bottom_up,
    columns_of,
    computed,
    contents,
    everywhere,
    in_terms_of,
    map_inner,
    map_values,
    relations,
    values_of,
    walk,
    with_inputs,
)
from kql.types import ScalarType
from kql.windowing import unnest_windows


def inline_single_uses(program: Program) -> Program:
    """A named relation that is used once stands where it is used; one that is never used is gone."""
    root, bindings = program
    if not bindings:
        return program
    uses: Counter[str] = Counter()
    alive: dict[str, Binding] = {}
    uses.update(_references(root))
    for binding in reversed(bindings):
        if uses[binding.name]:
            alive[binding.name] = binding
            uses.update(_references(binding.relation))
    single = {name: binding.relation for name, binding in alive.items() if uses[name] == 1}
    kept = [replace(b, relation=_inlined(b.relation, single)) for b in bindings if b.name in alive and b.name not in single]
    return _inlined(root, single), tuple(kept)


def _references(root: Relation) -> list[str]:
    return [each.name for each in relations(root) if isinstance(each, Reference)]


def _inlined(relation: Relation, single: dict[str, Relation]) -> Relation:
    if not single:
        return relation

    def inside(value: Value) -> Value:
        return map_inner(value, inside, lambda inner: _inlined(inner, single))

    if isinstance(relation, Reference):
        return _inlined(single[relation.name], single) if relation.name in single else relation
    below = tuple(_inlined(each, single) for each in relation.inputs)
    return map_values(with_inputs(relation, below), inside)


def fuse_projects(relation: Relation) -> Relation:
    """A projection over a projection is one, where it reads only columns that the lower one hands on."""
    below = tuple(fuse_projects(each) for each in relation.inputs)
    lower = below[0] if below else None
    if not (isinstance(relation, Project) and isinstance(lower, Project)):
        return with_inputs(relation, below)
    made = {item.name: item.value for item in lower.items}
    plain = {name for name, value in made.items() if isinstance(value, ColumnRef)}
    passed = Counter(item.value.name for item in relation.items if isinstance(item.value, ColumnRef))
    read = {name for value in computed(relation) for name in columns_of(value)}
    if not read <= plain or any(times > 1 and name not in plain for name, times in passed.items()):
        return with_inputs(relation, below)

    items = tuple(Item(item.name, in_terms_of(made, item.value)) for item in relation.items)
    return replace(relation, input=lower.input, items=items)


class Pass(Struct, frozen=True):
    """A verb: the program after it gives the same rows.

    Attributes:
        change: changes a relation with all that is below it, without subqueries, which are given to it on their own; or a
            program if `whole` is set.
        about: what it must find to do anything: kinds of nodes, names of functions that are called. Empty: anything.
    """

    change: Callable[[Any], Any]
    about: frozenset[type | str] = frozenset()
    whole: bool = False

    @property
    def __name__(self) -> str:
        return str(self.change.__name__)


def rewritten(program: Program) -> Program:
    """The program after all passes that are about something in it."""
    found = _marks(program)
    asks = InRelation in found or ScalarQuery in found
    wanted = [each for each in PASSES if not (each.about and each.about.isdisjoint(found))]
    for whole, together in groupby(wanted, lambda each: each.whole):
        passes = list(together)
        if not whole:
            program = _to_each(program, passes, asks)
        for each in passes if whole else ():
            program = each.change(program)
    return program


def _to_each(program: Program, passes: list[Pass], asks: bool) -> Program:
    """The program with these passes over the root, each binding, and before them the relations of their subqueries."""

    def changed(relation: Relation) -> Relation:
        for each in passes:
            relation = each.change(relation)
        return relation

    root, bindings = program
    change = (lambda relation: everywhere(relation, changed)) if asks else changed
    return change(root), tuple([replace(binding, relation=change(binding.relation)) for binding in bindings])


def _marks(program: Program) -> set[type | str]:
    """The kinds of nodes in a program, and the names of the functions that it calls."""
    root, bindings = program
    found: set[type | str] = set()
    for top in (root, *(binding.relation for binding in bindings)):
        for relation, values in contents(top):
            found.add(type(relation))
            found.update(map(type, values))
            found.update(each.function.name for each in values if isinstance(each, Call))
            found.update(each.call.function.name for each in values if isinstance(each, Window))
    return found


def merge_alternatives(relation: Relation) -> Relation:
    """Alternatives over one column become one test: `x == 1 or x == 2` a list, `s has "a" or s has "b"` one pass."""
    return bottom_up(relation, lambda each: map_values(each, _merged))


def _merged(value: Value) -> Value:
    alternatives = map_inner(value, _merged)
    if not (isinstance(alternatives, Logical) and alternatives.op == "or"):
        return alternatives
    groups: dict[tuple[str, Value], list[Literal]] = {}
    rest: list[Value] = []
    for arg in alternatives.args:
        match arg:
            case Call(function=Function(name="==" | "has" as name), args=(ColumnRef() as column, Literal() as literal)) if (
                literal.value is not None and literal.type is column.type and literal.type in _LISTED
            ):
                groups.setdefault((name, column), []).append(literal)
            case _:
                rest.append(arg)
    tests = [_one_of(name, column, literals) for (name, column), literals in groups.items()]
    return tests[0] if len(tests) == 1 and not rest else Logical("or", (*tests, *rest))


_LISTED = (ScalarType.STRING, ScalarType.LONG)


def _one_of(name: str, column: Value, literals: list[Literal]) -> Value:
    if len(literals) == 1:
        return invoke(name, column, literals[0], registry=OPERATORS)
    if name == "==":
        return InList(column, tuple(dict.fromkeys(literals)))
    words = json.dumps([literal.value for literal in literals], ensure_ascii=False)
    return invoke("has_any", column, Literal(words, ScalarType.DYNAMIC), registry=OPERATORS)


def fold_arrays(relation: Relation) -> Relation:
    """In conditions an array packed of constants is a constant: `has_any` then makes one pattern of it, once."""
    return bottom_up(relation, lambda each: map_values(each, _constant) if isinstance(each, Filter) else each)


def _constant(value: Value) -> Value:
    changed = map_inner(value, _constant)
    if not (isinstance(changed, Call) and changed.function.name == "pack_array"):
        return changed
    texts = [arg.value for arg in changed.args if isinstance(arg, Literal) and isinstance(arg.value, str)]
    whole = len(texts) == len(changed.args)
    return Literal(f"[{','.join(texts)}]", ScalarType.DYNAMIC) if whole else changed


def truth_context(relation: Relation) -> Relation:
    """Marks comparisons whose null may be taken for false: those that a filter asks for positively."""
    return bottom_up(relation, _asked_for)


def _asked_for(relation: Relation) -> Relation:
    return replace(relation, predicate=_positive(relation.predicate)) if isinstance(relation, Filter) else relation


def _positive(value: Value) -> Value:
    match value:
        case Logical():
            return Logical(value.op, tuple(_positive(arg) for arg in value.args))
        case Call() if value.function.one_null:
            return replace(value, positive=True)
        case InList() | InRelation():
            return replace(value, positive=True)
        case _:
            return value


def drop_sort(relation: Relation) -> Relation:
    """Removes orders that nobody sees: below a group without order, a join, a union, or another sort."""
    below = tuple(drop_sort(each) for each in relation.inputs)
    match relation:
        case Aggregate() if not any(
            isinstance(v, Call) and v.function.ordered for item in relation.items for v in walk(item.value)
        ):
            below = tuple(_unsorted(each) for each in below)
        case Join() | Sort(keys=(_, *_)):
            below = tuple(_unsorted(each) for each in below)
        case _:
            pass
    return with_inputs(relation, below)


def _unsorted(relation: Relation) -> Relation:
    match relation:
        case Sort():
            return _unsorted(relation.input)
        case Filter() | Project() if not any(isinstance(v, Window) for value in values_of(relation) for v in walk(value)):
            return with_inputs(relation, (_unsorted(relation.input),))
        case _:
            return relation


PASSES: tuple[Pass, ...] = (
    Pass(fold_sessions, frozenset({SESSION})),
    Pass(inline_single_uses, whole=True),
    Pass(read_through, frozenset({Path})),
    Pass(fuse_projects, frozenset({Project})),
    Pass(prune_columns, frozenset({Window}), whole=True),  # columns that nobody reads would be looked at
    Pass(partition_windows, frozenset({Window})),
    Pass(unnest_windows, frozenset({Window})),
    Pass(drop_sort, frozenset({Sort})),
    Pass(prune_columns, whole=True),
    Pass(summarize_before_join, frozenset({Join})),
    Pass(once_for_each_value, frozenset({Aggregate})),
    Pass(read_texts, frozenset({Path, Unnest})),
    Pass(percentiles_at_once, PERCENTILES),
    Pass(rows_by_place, frozenset(OF_A_ROW)),
    Pass(select_groups_first, COSTLY),
    Pass(fold_arrays, frozenset({"pack_array"})),
    Pass(merge_alternatives, frozenset({Logical, Window})),  # partition_windows makes alternatives
    Pass(truth_context, frozenset({Filter})),
    Pass(top_in_two_steps, frozenset({Limit})),  # last: it adds a subquery
)

__all__ = ["PASSES", "Program", "rewritten"]
