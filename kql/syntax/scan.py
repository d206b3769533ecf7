"""Matching of row sequences (page: scan).

The state of the operator is one record for each pair of a step and a step up to it: `$2.1.Url` is what step 2's sequence
holds of step 1. A fold goes over the rows in their order; for each row the steps are tried from the last to the first, in two
ways: the row continues the sequence of the step before (which moves on, `$next`), or repeats the step itself (`$again`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from kql.algebra import (
    ColumnRef,
    Filter,
    Fold,
    Item,
    Literal,
    Logical,
    Not,
    Project,
    Reference,
    Relation,
    Sort,
    SortKey,
    Union,
    Value,
    Window,
    passing,
    ref,
)
from kql.errors import KqlSemanticError, KqlUnsupportedError, Span
from kql.functions import OPERATORS, WINDOWS
from kql.overloads import convert, invoke
from kql.scope import Record, Scope, empty, unique_name
from kql.syntax.base import Expression, Operator, Syntax, refuse, rule
from kql.syntax.columns import Items
from kql.syntax.declarations import Named, ParameterDeclaration, TableType
from kql.syntax.declarations import Parameters as Declarations
from kql.syntax.expressions import boolean
from kql.syntax.parameters import Parameters
from kql.syntax.rows import SortItems, serialized
from kql.tokens import Token
from kql.types import Column, ScalarType, Schema

refuse("optional_step", "An optional step of scan")


@rule("step_with_params")
class StepName(Syntax):
    name: Token
    params: Parameters


@rule("scan_step")
class ScanStep(Expression):
    """`step name output=none: condition => variable = value;`"""

    head: Any
    condition: Expression
    assignments: Items | None

    @property
    def name(self) -> str:
        return str(self.head.name) if isinstance(self.head, StepName) else str(self.head)

    @property
    def output(self) -> str:
        return self.head.params.get("output", "all") if isinstance(self.head, StepName) else "all"


@rule("scan")
class ScanOperator(Operator):
    params: Parameters
    order: SortItems | None
    partition: Any
    declared: Declarations | None
    steps: list[ScanStep]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> ScanOperator:
        params, order, partition, declared, *steps = children
        return cls(params, order, partition, declared, steps, span=span)

    def apply(self, source: Relation, scope: Scope) -> Relation:
        inner = scope.with_row(source.schema, "scan")
        for step in self.steps:
            if step.output not in ("all", "none"):
                raise KqlUnsupportedError(f"'scan' operator: output={step.output} is not supported.", step.span)
        ordered = Sort(source, tuple(each.key(inner) for each in self.order.items)) if self.order else source
        if not serialized(ordered):
            raise KqlSemanticError("'scan' operator: needs rows in an order.", self.span, "Put '| sort by ...' before it.")
        parts = self.partition.items if self.partition else []
        keys = tuple(Item(f"$key{at}", each.bind(inner)) for at, each in enumerate(parts))
        number = Item("$number", Window(invoke("row_number", registry=WINDOWS), tuple(key.value for key in keys)))
        rows = Project(ordered, (*passing(source.schema), *keys, number), span=self.span)
        machine = Machine(source.schema, self._variables(scope), self.steps, inner, self.span)
        name = f"$step_{self.span.start}"
        before = Reference((*rows.schema, *(item.column for item in machine.initial)), name)
        after = machine.step(before, rows.schema)
        folded = Fold(rows, tuple(key.name for key in keys), number.name, machine.initial, after, name, span=self.span)
        return self._matches(folded, machine, scope)

    def _variables(self, scope: Scope) -> dict[str, Literal]:
        """The declared variables with their defaults."""
        found: dict[str, Literal] = {}
        for each in self.declared.items if self.declared else []:
            found[str(each.name)] = _default(each, scope)
        return found

    def _matches(self, folded: Fold, machine: Machine, scope: Scope) -> Relation:
        """A row for each step that a row matched, the last step first."""
        shown = [at for at, step in enumerate(self.steps, 1) if step.output == "all"]
        if not shown:
            raise KqlSemanticError("'scan' operator: no step has an output.", self.span, "Leave output=none out of one step.")
        asked = self.params.get("with_match_id")
        names = [*(c.name for c in machine.row), *machine.variables]
        match = unique_name(asked, names) if asked else ""
        rows = scope.context.share("scanned", folded) if len(shown) > 1 else folded
        arms = [machine.output(rows, at, match) for at in reversed(shown)]
        schema = tuple(Column(c.name, c.type, c.type is not ScalarType.STRING) for c in arms[0].schema)
        together: Relation = arms[0] if len(arms) == 1 else Union(tuple(arms), schema)
        order = tuple(SortKey(ColumnRef(name, ScalarType.LONG, False), False) for name in ("$number", "$place"))
        in_order = Sort(together, order)
        return Project(in_order, passing(schema[:-2]), span=self.span)


def _default(declaration: ParameterDeclaration, scope: Scope) -> Literal:
    if isinstance(declaration.type, TableType):
        raise KqlSemanticError("'scan' operator: a variable is a scalar.", declaration.span)
    kind = declaration.type.kind
    if declaration.default is None:
        return empty(kind)
    value = convert(declaration.default.bind(scope.without_row()), kind)
    if not isinstance(value, Literal):
        raise KqlSemanticError("'scan' operator: a default must be a constant.", declaration.default.span)
    return value


class Machine(Struct):
    """The steps over one row and the state before it, as values."""

    row: Schema
    variables: Mapping[str, Literal]
    steps: Sequence[ScanStep]
    scope: Scope
    span: Span
    initial: tuple[Item, ...] = ()

    def __post_init__(self) -> None:
        clash = [column.name for column in self.row if column.name in self.variables]
        if clash:
            raise KqlSemanticError(f"'scan' operator: '{clash[0]}' is a column of the input.", self.span, "Choose another name.")
        flags = [Item(f"${at}.{name}", Literal(False, ScalarType.BOOL)) for at in self.numbers for name in ("active", "matched")]
        ids = [Item(f"${at}.match", Literal(0, ScalarType.LONG)) for at in self.numbers]
        pairs = [(at, of) for at in self.numbers for of in range(1, at + 1)]
        held = [Item(_held(at, of, name), nothing) for at, of in pairs for name, nothing in self.members.items()]
        self.initial = (*flags, *ids, Item("$matches", Literal(0, ScalarType.LONG)), *held)

    @property
    def numbers(self) -> range:
        return range(1, len(self.steps) + 1)

    @property
    def members(self) -> dict[str, Literal]:
        """What a step holds of a row: its columns, and the variables; with the values of a step that holds nothing."""
        return {column.name: empty(column.type) for column in self.row} | dict(self.variables)

    def _records(self, at: int, own: Mapping[str, Value]) -> dict[str, Any]:
        """The steps as the condition of a step sees them: those before as the sequence `at` holds them, the last as `own`."""
        records = {}
        for of, step in enumerate(self.steps, 1):
            held = {name: _state(at, of, name, value) for name, value in self.members.items()}
            records[step.name] = Record(held if of <= at else own if of == at + 1 else self.members)
        return records

    def _bound(self, at: int, records: dict[str, Any]) -> tuple[Value, dict[str, Value]]:
        """The condition and the assignments of a step."""
        scope = self.scope
        for name, record in records.items():
            scope = scope.with_name(name, record)
        step = self.steps[at - 1]
        condition = _true(boolean(step.condition, scope, "scan"))
        values: dict[str, Value] = dict(self.variables)
        for item in step.assignments.items if step.assignments else []:
            if not isinstance(item, Named) or str(item.name) not in self.variables:
                hint = "Declare it: scan declare (x: long) with (...)."
                raise KqlSemanticError("'scan' operator: only declared variables are assigned.", item.span, hint)
            values[str(item.name)] = convert(item.bind(scope), self.variables[str(item.name)].type)
        return condition, values

    # ------------------------------------------------------------ one row

    def step(self, before: Reference, row: Schema) -> Relation:
        """The state after a row: first which steps match, then what they hold."""
        handed = passing(before.schema)
        moves = [self._bound(at, self._records(at - 1, self.members)) for at in self.numbers]
        goes_on = [Item(f"$next{at}", _all(_flag(at - 1, "active"), moves[at - 1][0])) for at in self.numbers if at > 1]
        moved = Project(before, (*handed, *goes_on))
        alive = Item("$alive", _all(_flag(1, "active"), Not(self._moved(2))))
        members = self.members.items()
        first = [Item(f"$now.{name}", _if(alive.value, _state(1, 1, name, value), value)) for name, value in members]
        started = Project(moved, (*passing(moved.schema), alive, *first))
        stays = [self._bound(at, self._own_records(at)) for at in self.numbers]
        again = [Item(f"$again{at}", self._repeats(at, stays[at - 1][0])) for at in self.numbers]
        matched = Project(started, (*passing(started.schema), *again))
        after = [item for at in self.numbers for item in self._after(at, moves[at - 1][1], stays[at - 1][1])]
        begins = _all(_bool("$again1"), Not(_bool("$alive")))
        matches = ColumnRef("$matches", ScalarType.LONG, False)
        counted = Item("$matches", _if(begins, invoke("+", matches, Literal(1, ScalarType.LONG), registry=OPERATORS), matches))
        made = {item.name: item for item in (*after, counted)}
        return Project(matched, (*passing(row), *(made[item.name] for item in self.initial)))

    def _own_records(self, at: int) -> dict[str, Any]:
        """As a repetition of a step sees the steps: its own sequence; the first step may have none."""
        if at > 1:
            return self._records(at, self.members)
        kinds = {name: value.type for name, value in self.members.items()}
        now = {name: ColumnRef(f"$now.{name}", kind, kind is not ScalarType.STRING) for name, kind in kinds.items()}
        return self._records(0, now)

    def _moved(self, at: int) -> Value:
        """Whether the sequence of the step before has moved on to this one."""
        return _bool(f"$next{at}") if 1 < at <= len(self.steps) else Literal(False, ScalarType.BOOL)

    def _repeats(self, at: int, condition: Value) -> Value:
        if at == 1:
            return condition
        return _all(Not(self._moved(at)), _flag(at, "active"), Not(self._moved(at + 1)), condition)

    def _after(self, at: int, moved: Mapping[str, Value], repeated: Mapping[str, Value]) -> list[Item]:
        """What a step holds after the row."""
        goes_on, again = self._moved(at), _bool(f"$again{at}")
        matched = Logical("or", (goes_on, again))
        active = Logical("or", (matched, _all(_flag(at, "active"), Not(self._moved(at + 1)))))
        match = ColumnRef(f"${at}.match", ScalarType.LONG, False)
        if at == 1:
            number: Value = _if(_all(again, Not(_bool("$alive"))), ColumnRef("$matches", ScalarType.LONG, False), match)
        else:
            number = _if(goes_on, ColumnRef(f"${at - 1}.match", ScalarType.LONG, False), match)
        items = [Item(f"${at}.active", active), Item(f"${at}.matched", matched), Item(f"${at}.match", number)]
        for name, nothing in self.members.items():
            for of in range(1, at):
                held = _if(goes_on, _state(at - 1, of, name, nothing), _state(at, of, name, nothing))
                items.append(Item(_held(at, of, name), held))
            items.append(Item(_held(at, at, name), self._own(at, name, nothing, moved, repeated)))
        return items

    def _own(self, at: int, name: str, nothing: Literal, moved: Mapping[str, Value], repeated: Mapping[str, Value]) -> Value:
        """What a step holds of the row itself."""
        old = _state(at, at, name, nothing)
        if name not in self.variables:
            column = next(ref(column) for column in self.row if column.name == name)
            return _if(Logical("or", (self._moved(at), _bool(f"$again{at}"))), column, old)
        repeats = _if(_bool(f"$again{at}"), repeated[name], old)
        return repeats if at == 1 else _if(self._moved(at), moved[name], repeats)

    def output(self, rows: Relation, at: int, match: str) -> Relation:
        """The rows that a step matched, with the variables, the number of the match, the row's number and the step's place."""
        variables = [Item(name, _state(at, at, name, value)) for name, value in self.variables.items()]
        numbers = [Item(match, ColumnRef(f"${at}.match", ScalarType.LONG, False))] if match else []
        order = (Item("$number", ColumnRef("$number", ScalarType.LONG, False)), Item("$place", Literal(-at, ScalarType.LONG)))
        return Project(Filter(rows, _flag(at, "matched")), (*passing(self.row), *variables, *numbers, *order))


def _held(at: int, of: int, name: str) -> str:
    return f"${at}.{of}.{name}"


def _state(at: int, of: int, name: str, nothing: Literal) -> ColumnRef:
    return ColumnRef(_held(at, of, name), nothing.type, nothing.type is not ScalarType.STRING)


def _bool(name: str) -> Value:
    return ColumnRef(name, ScalarType.BOOL, False)


def _flag(at: int, name: str) -> Value:
    return _bool(f"${at}.{name}")


def _all(*parts: Value) -> Value:
    return Logical("and", parts)


def _true(value: Value) -> Value:
    """Null taken for false."""
    return invoke("coalesce", value, Literal(False, ScalarType.BOOL)) if value.nullable else value


def _if(condition: Value, then: Value, otherwise: Value) -> Value:
    return invoke("iff", condition, then, otherwise)
