"""The closed half: relations and values, typed, to which every KQL operator is bound. Every pass matches all of them.

A column of a relation is named by its KQL name (unique within the relation); a `ColumnRef` names a column of the input.
"""

from __future__ import annotations

from typing import ClassVar
from typing import Literal as Choice

from msgspec import Struct

from kql.catalog import PLAIN, Storage, computed_view
from kql.errors import Span
from kql.functions.registry import Function
from kql.types import Column, ScalarType, Schema

# ---------------------------------------------------------------- values: `inner` are those directly inside


class Literal(Struct, frozen=True):
    """A constant. Python value by type: bool, int, int, float, Decimal, str, int (µs since 1970), int (ticks), str (guid),
    str (JSON text); None is the typed null."""

    value: object
    type: ScalarType
    inner: ClassVar = ()

    @property
    def nullable(self) -> bool:
        return self.value is None


class ColumnRef(Struct, frozen=True):
    """A column of the input relation."""

    name: str
    type: ScalarType
    nullable: bool
    inner: ClassVar = ()


class Bound(Struct, frozen=True):
    """A value bound when the program runs: `now`, or a query parameter."""

    name: str
    type: ScalarType
    nullable: bool = False
    inner: ClassVar = ()


class Call(Struct, frozen=True):
    """A function of the registry over arguments, one for each parameter given.

    `positive` is set where a null result may be taken for false (by the pass truth_context).
    """

    function: Function
    args: tuple[Value, ...]
    type: ScalarType
    nullable: bool
    positive: bool = False

    @property
    def inner(self) -> tuple[Value, ...]:
        return self.args


class Logical(Struct, frozen=True):
    """and / or over two or more operands, three-valued."""

    op: Choice["and", "or"]
    args: tuple[Value, ...]
    type: ClassVar = ScalarType.BOOL

    @property
    def nullable(self) -> bool:
        return any(arg.nullable for arg in self.args)

    @property
    def inner(self) -> tuple[Value, ...]:
        return self.args


class Not(Struct, frozen=True):
    """not(x): null stays null."""

    arg: Value
    type: ClassVar = ScalarType.BOOL

    @property
    def nullable(self) -> bool:
        return self.arg.nullable

    @property
    def inner(self) -> tuple[Value, ...]:
        return (self.arg,)


class Path(Struct, frozen=True):
    """A member or element of a dynamic value: `base.a["b c"][0]`; a step is a key, an index or a computed value."""

    base: Value
    steps: tuple[str | int | Value, ...]
    type: ClassVar = ScalarType.DYNAMIC
    nullable: ClassVar = True

    @property
    def inner(self) -> tuple[Value, ...]:
        return (self.base, *(step for step in self.steps if not isinstance(step, str | int)))


class _Membership(Struct, frozen=True):
    value: Value
    type: ClassVar = ScalarType.BOOL
    nullable: ClassVar = False

    @property
    def inner(self) -> tuple[Value, ...]:
        return (self.value,)


class InList(_Membership, frozen=True):
    """Membership in a list of constants; `folded` ignores case, `positive` is as in Call."""

    items: tuple[Literal, ...]
    folded: bool = False
    positive: bool = False


class InRelation(_Membership, frozen=True):
    """Membership in the first column of a relation."""

    relation: Relation
    folded: bool = False
    positive: bool = False


class ScalarQuery(Struct, frozen=True):
    """toscalar: the first column of the first row."""

    relation: Relation
    inner: ClassVar = ()

    @property
    def type(self) -> ScalarType:
        return self.relation.schema[0].type

    @property
    def nullable(self) -> bool:
        return self.type is not ScalarType.STRING


class Window(Struct, frozen=True):
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

    @property
    def inner(self) -> tuple[Value, ...]:
        return (*self.call.args, *self.partition, *(key.value for key in self.order))


Value = Literal | ColumnRef | Bound | Call | Logical | Not | Path | InList | InRelation | ScalarQuery | Window


class SortKey(Struct, frozen=True):
    value: Value
    descending: bool = True
    nulls_first: bool = False


class Item(Struct, frozen=True):
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


# ---------------------------------------------------------------- relations: `inputs` are those directly below


class Node(Struct, frozen=True, kw_only=True):
    """What all relations have: the place of the operator that made it (for errors and `explain`)."""

    span: Span | None = None

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[object, ...]:
        """What it is, without its place."""
        return tuple(getattr(self, name) for name in self.__struct_fields__ if name != "span")


class Source(Node, frozen=True):
    """Rows with these columns that are not made of other rows of the query."""

    columns: Schema
    inputs: ClassVar = ()

    @property
    def schema(self) -> Schema:
        return self.columns


class Over(Node, frozen=True):
    """What an operator with one input makes: rows with the same columns, if nothing else is said."""

    input: Relation

    @property
    def inputs(self) -> tuple[Relation, ...]:
        return (self.input,)

    @property
    def schema(self) -> Schema:
        return self.input.schema


class Scan(Source, frozen=True):
    """A stored table; `columns` are those that are read, `physical` names them in storage."""

    table: str
    physical: tuple[str, ...]
    storage: Storage = PLAIN

    @property
    def view(self) -> str:
        """What SQL reads: the table, or the view with its computed columns if one of those is wanted."""
        wanted = any(column.name in self.storage.computed for column in self.columns)
        return computed_view(self.table) if wanted else self.table


class Values(Source, frozen=True):
    """Rows written in the query: datatable, print (one row of no columns, then Project)."""

    rows: tuple[tuple[Literal, ...], ...]


class Filter(Over, frozen=True):
    predicate: Value


class Project(Over, frozen=True):
    """All output columns, in order."""

    items: tuple[Item, ...]

    @property
    def schema(self) -> Schema:
        return tuple(item.column for item in self.items)


class Aggregate(Over, frozen=True):
    """Groups by `keys`, then `items`; without keys one row, without items the distinct keys."""

    keys: tuple[Item, ...]
    items: tuple[Item, ...]

    @property
    def schema(self) -> Schema:
        return tuple(item.column for item in (*self.keys, *self.items))


JoinKind = Choice[
    "inner", "innerunique", "leftouter", "rightouter", "fullouter", "leftsemi", "leftanti", "rightsemi", "rightanti"
]


class Join(Node, frozen=True):
    """Equality join. The output is `columns`: each a (side, source column) under its new name."""

    left: Relation
    right: Relation
    kind: JoinKind
    on: tuple[tuple[Value, Value], ...]
    columns: tuple[JoinColumn, ...]

    @property
    def inputs(self) -> tuple[Relation, ...]:
        return (self.left, self.right)

    @property
    def schema(self) -> Schema:
        return tuple(column.column for column in self.columns)


class JoinColumn(Struct, frozen=True):
    side: Choice["left", "right"]
    source: str
    column: Column
    padded: bool = False  # the side may be missing: strings become ''


class Union(Node, frozen=True):
    """All rows of all inputs, which have the same schema (the binder has aligned them)."""

    inputs: tuple[Relation, ...]
    columns: Schema

    @property
    def schema(self) -> Schema:
        return self.columns


class Sort(Over, frozen=True):
    keys: tuple[SortKey, ...]


class Limit(Over, frozen=True):
    count: Value


class Unnest(Over, frozen=True):
    """One row for each element; several arrays go in step, the shorter padded with null.

    An item's value is a dynamic; its column, a dynamic or a string, replaces one of that name or is added at the end.
    `index` names a column that counts from 0. A null gives one row of null, an empty array none. With `native` the items'
    values are no dynamics but SQL lists of what their columns hold.
    """

    items: tuple[Item, ...]
    columns: Schema
    index: str | None = None
    bags_as_arrays: bool = False
    limit: int | None = None
    native: bool = False

    @property
    def schema(self) -> Schema:
        return self.columns


class Range(Node, frozen=True):
    """A column of values from `start` to `stop` (inclusive) by `step`."""

    column: Column
    start: Value
    stop: Value
    step: Value
    inputs: ClassVar = ()

    @property
    def schema(self) -> Schema:
        return (self.column,)


class Reference(Source, frozen=True):
    """A use of a relation that the analyst named; `Bindings` holds it. Used once it is inlined, used twice it is a CTE."""

    name: str


class Fold(Over, frozen=True):
    """The rows of each group one after the other, with a state that each row changes.

    `number` is a column that counts the rows of a group (`keys`) from 1; `initial` is the state before the first. `step` is
    a relation over a Reference named `name` to one row with the state before it, and gives that row with the state after it.
    """

    keys: tuple[str, ...]
    number: str
    initial: tuple[Item, ...]
    step: Relation
    name: str

    @property
    def inputs(self) -> tuple[Relation, ...]:
        return (self.input, self.step)

    @property
    def schema(self) -> Schema:
        return self.step.schema


Relation = Scan | Values | Filter | Project | Aggregate | Join | Union | Sort | Limit | Unnest | Range | Fold | Reference


class Binding(Struct, frozen=True):
    """A named relation of a program: a tabular `let`, or what `materialize` asks to be kept."""

    name: str
    relation: Relation
    materialized: bool = False


def ref(column: Column) -> ColumnRef:
    return ColumnRef(column.name, column.type, column.nullable)


def passing(schema: Schema) -> tuple[Item, ...]:
    """Items that hand every column on."""
    return tuple(Item(column.name, ref(column)) for column in schema)
