"""The closed half: relations and values, typed, to which every KQL operator is bound. Every pass matches all of them.

A column of a relation is named by its KQL name (unique within the relation); a `ColumnRef` names a column of the input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from typing import Literal as Choice

from kql.catalog import PLAIN, Storage, computed_view
from kql.errors import Span
from kql.functions.registry import Function
from kql.types import Column, ScalarType, Schema

# ---------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant. Python value by type: bool, int, int, float, Decimal, str, int (µs since 1970), int (ticks), str (guid),
    str (JSON text); None is the typed null."""

    value: object
    type: ScalarType

    @property
    def nullable(self) -> bool:
        return self.value is None


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of the input relation."""

    name: str
    type: ScalarType
    nullable: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """A value bound when the program runs: `now`, or a query parameter."""

    name: str
    type: ScalarType
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the registry over arguments, one for each parameter given.

    `positive` is set where a null result may be taken for false (by the pass truth_context).
    """

    function: Function
    args: tuple[Value, ...]
    type: ScalarType
    nullable: bool
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Logical:
    """and / or over two or more operands, three-valued."""

    op: Choice["and", "or"]
    args: tuple[Value, ...]
    type: ClassVar = ScalarType.BOOL

    @property
    def nullable(self) -> bool:
        return any(arg.nullable for arg in self.args)


@dataclass(frozen=True, slots=True)
class Not:
    """not(x): null stays null."""

    arg: Value
    type: ClassVar = ScalarType.BOOL

    @property
    def nullable(self) -> bool:
        return self.arg.nullable


@dataclass(frozen=True, slots=True)
class Path:
    """A member or element of a dynamic value: `base.a["b c"][0]`; a step is a key, an index or a computed value."""

    base: Value
    steps: tuple[str | int | Value, ...]
    type: ClassVar = ScalarType.DYNAMIC
    nullable: ClassVar = True


@dataclass(frozen=True, slots=True)
class InList:
    """Membership in a list of constants; `folded` ignores case, `positive` is as in Call."""

    value: Value
    items: tuple[Literal, ...]
    folded: bool = False
    positive: bool = False
    type: ClassVar = ScalarType.BOOL
    nullable: ClassVar = False


@dataclass(frozen=True, slots=True)
class InRelation:
    """Membership in the first column of a relation."""

    value: Value
    relation: Relation
    folded: bool = False
    positive: bool = False
    type: ClassVar = ScalarType.BOOL
    nullable: ClassVar = False


@dataclass(frozen=True, slots=True)
class ScalarQuery:
    """toscalar: the first column of the first row."""

    relation: Relation

    @property
    def type(self) -> ScalarType:
        return self.relation.schema[0].type

    @property
    def nullable(self) -> bool:
        return self.type is not ScalarType.STRING


@dataclass(frozen=True, slots=True)
class Window:
    """A window function over the rows in the order of the input relation, or in an order of its own.

    `partition` limits how far it looks; the frame is part of the function's template.
    """

    call: Call
    partition: tuple[Value, ...] = ()
    order: tuple[SortKey, ...] = ()

    @property
    def type(self) -> ScalarType:
        return self.call.type

    @property
    def nullable(self) -> bool:
        return self.call.nullable


Value = Literal | ColumnRef | Bound | Call | Logical | Not | Path | InList | InRelation | ScalarQuery | Window


@dataclass(frozen=True, slots=True)
class SortKey:
    value: Value
    descending: bool = True
    nulls_first: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An output column: its name and the value it holds."""

    name: str
    value: Value

    @property
    def column(self) -> Column:
        return Column(self.name, self.value.type, self.value.nullable)

    @property
    def passes(self) -> bool:
        """Whether it hands a column on as it is."""
        return isinstance(self.value, ColumnRef) and self.value.name == self.name


# ---------------------------------------------------------------- relations


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What all relations have: the place of the operator that made it (for errors and `explain`)."""

    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Scan(Node):
    """A stored table; `columns` are those that are read, `physical` names them in storage."""

    table: str
    columns: Schema
    physical: tuple[str, ...]
    storage: Storage = PLAIN

    @property
    def schema(self) -> Schema:
        return self.columns

    @property
    def view(self) -> str:
        """What SQL reads: the table, or the view with its computed columns if one of those is wanted."""
        wanted = any(column.name in self.storage.computed for column in self.columns)
        return computed_view(self.table) if wanted else self.table


@dataclass(frozen=True, slots=True)
class Values(Node):
    """Rows written in the query: datatable, print (one row of no columns, then Project)."""

    columns: Schema
    rows: tuple[tuple[Literal, ...], ...]

    @property
    def schema(self) -> Schema:
        return self.columns


@dataclass(frozen=True, slots=True)
class Filter(Node):
    input: Relation
    predicate: Value

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True, slots=True)
class Project(Node):
    """All output columns, in order."""

    input: Relation
    items: tuple[Item, ...]

    @property
    def schema(self) -> Schema:
        return tuple(item.column for item in self.items)


@dataclass(frozen=True, slots=True)
class Aggregate(Node):
    """Groups by `keys`, then `items`; without keys one row, without items the distinct keys."""

    input: Relation
    keys: tuple[Item, ...]
    items: tuple[Item, ...]

    @property
    def schema(self) -> Schema:
        return tuple(item.column for item in (*self.keys, *self.items))


JoinKind = Choice[
    "inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti", "rightsemi", "rightanti"
]


@dataclass(frozen=True, slots=True)
class Join(Node):
    """Equality join. The output is `columns`: each a (side, source column) under its new name."""

    left: Relation
    right: Relation
    kind: JoinKind
    on: tuple[tuple[Value, Value], ...]
    columns: tuple[JoinColumn, ...]

    @property
    def schema(self) -> Schema:
        return tuple(column.column for column in self.columns)


@dataclass(frozen=True, slots=True)
class JoinColumn:
    side: Choice["left", "right"]
    source: str
    column: Column
    padded: bool = False  # the side may be missing: strings become ''


@dataclass(frozen=True, slots=True)
class Union(Node):
    """All rows of all inputs, which have the same schema (the binder has aligned them)."""

    inputs: tuple[Relation, ...]
    columns: Schema

    @property
    def schema(self) -> Schema:
        return self.columns


@dataclass(frozen=True, slots=True)
class Sort(Node):
    input: Relation
    keys: tuple[SortKey, ...]

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True, slots=True)
class Limit(Node):
    input: Relation
    count: Value

    @property
    def schema(self) -> Schema:
        return self.input.schema


@dataclass(frozen=True, slots=True)
class Unnest(Node):
    """One row for each element; several arrays go in step, the shorter padded with null.

    An item's value is a dynamic; its column, a dynamic or a string, replaces one of that name or is added at the end.
    `index` names a column that counts from 0. A null gives one row of null, an empty array none. With `native` the items'
    values are no dynamics but SQL lists of what their columns hold.
    """

    input: Relation
    items: tuple[Item, ...]
    columns: Schema
    index: str | None = None
    bags_as_arrays: bool = False
    limit: int | None = None
    native: bool = False

    @property
    def schema(self) -> Schema:
        return self.columns


@dataclass(frozen=True, slots=True)
class Range(Node):
    """A column of values from `start` to `stop` (inclusive) by `step`."""

    column: Column
    start: Value
    stop: Value
    step: Value

    @property
    def schema(self) -> Schema:
        return (self.column,)


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A use of a relation that the analyst named; `Bindings` holds it. Used once it is inlined, used twice it is a CTE."""

    name: str
    columns: Schema

    @property
    def schema(self) -> Schema:
        return self.columns


@dataclass(frozen=True, slots=True)
class Fold(Node):
    """The rows of each group one after the other, with a state that each row changes.

    `number` is a column that counts the rows of a group (`keys`) from 1; `initial` is the state before the first. `step` is
    a relation over a Reference named `name` to one row with the state before it, and gives that row with the state after it.
    """

    input: Relation
    keys: tuple[str, ...]
    number: str
    initial: tuple[Item, ...]
    step: Relation
    name: str

    @property
    def schema(self) -> Schema:
        return self.step.schema


Relation = Scan | Values | Filter | Project | Aggregate | Join | Union | Sort | Limit | Unnest | Range | Fold | Reference


@dataclass(frozen=True, slots=True)
class Binding:
    """A named relation of a program: a tabular `let`, or what `materialize` asks to be kept."""

    name: str
    relation: Relation
    materialized: bool = False


# ---------------------------------------------------------------- helpers


def ref(column: Column) -> ColumnRef:
    return ColumnRef(column.name, column.type, column.nullable)


def passing(schema: Schema) -> tuple[Item, ...]:
    """Items that hand every column on."""
    return tuple(Item(column.name, ref(column)) for column in schema)
