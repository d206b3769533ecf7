"""What a function is: one line of data each. The families stand beside this file, one module a topic.

A line is `scalar("strlen(text: string) -> long", "length($text)", "strlen('abc') -> 3", "Number of characters.")`:
KQL signature, SQL template, an example that is also its test, and the meaning.

Signature: `name: type` a parameter, `name?: type` optional, `name*: type` / `name+: type` repeated, `const` before the
type when only a constant will do. A type is one of the ten scalar types, several joined by `|`, or a class: `any`,
`number`, `integer`, `text` and `element` (any scalar, which becomes a string or a dynamic), and `T`, one common type of all
arguments so declared.

Template: DuckDB SQL with `$name` for each parameter (a repeated one stands for all its arguments, separated by commas),
or a function of the arguments' constant values (UNKNOWN where one is not constant) that returns such a text, in which
`$_0`, `$_1`, ... are the arguments by place. There is no third form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from kql.types import ScalarType

Template = str | Callable[..., str]
Nulls = Literal["strict", "some", "total"]


class Unknown:
    """What a template function sees in place of an argument that is not constant."""


UNKNOWN = Unknown()


class Kind(StrEnum):
    """Where a function may stand."""

    SCALAR = "scalar"
    AGGREGATE = "aggregate"
    WINDOW = "window"


class Naming(StrEnum):
    """The automatic name of a result column (as in Microsoft's analyzer)."""

    NONE = "Column1"  # counted
    SAME = "x"  # the first argument's own name
    FUNCTION_ONLY = "f_x"  # function and argument's name, if it has one argument
    FUNCTION_FIRST = "f_x, f_"  # function and first argument's name, else the function's name alone
    FUNCTION_TWO = "f_x_y"  # and the second argument's name, too
    FIXED = "prefix"  # whatever the arguments are called
    FUNCTION_LAST = "f_x_1"  # and the last argument's value


CLASSES: dict[str, frozenset[ScalarType]] = {
    "any": frozenset(ScalarType),
    "text": frozenset(ScalarType),
    "element": frozenset(ScalarType),
    "T": frozenset(ScalarType),
    "number": frozenset({ScalarType.INT, ScalarType.LONG, ScalarType.REAL, ScalarType.DECIMAL}),
    "integer": frozenset({ScalarType.INT, ScalarType.LONG}),
}


class Parameter(Struct, frozen=True):
    """A parameter of a signature: which types it takes, and how often."""

    name: str
    declared: str  # as written: "string", "number", "T"
    types: frozenset[ScalarType]
    constant: bool = False
    least: int = 1
    many: bool = False


class Function(Struct, frozen=True, eq=False, dict=True):
    """One overload of a KQL function.

    Attributes:
        signature: `name(parameters) -> result type`.
        template: SQL of the reference dialect, or a function of constant arguments that returns it.
        example: "expression -> literal": runs as a test, and is shown as help.
        help: the meaning, one sentence.
        nulls: "strict" null exactly if an argument is; "some" may be null for any argument; "total" never null.
        naming: the automatic column name; `prefix` replaces the function's name in it.
        ordered: an aggregate whose result follows the order of the rows.
        volatile: differs from call to call.
        exact: the template without the final cut to 64 bits: a chain of such calls is cut once, at its end.
        vectorised: the name of the Arrow function that the engine registers when it is used, or "".
        replaced_by: the name that documentation gives to a deprecated one.
        one_null, both_null: templates of a comparison that is total: one or both operands may be null.
        columns: for a function of several results, which its template packs into an array: `name: type` of each, with commas;
            `*_x: type` stands for one column for each array among the arguments.
        check: a function of the constant arguments that says what is wrong with them, "" if nothing is.
        read: of a function that makes a dynamic of text: the template of what a path may read instead of the whole.
        members: of a function that makes a bag: the templates of the texts that can be had alone, by key.
        elements: of a function that makes an array of texts: the template of the SQL list of them.
        listed: of a function that makes a dynamic of text: the template of a JSON text with elements of the same texts.
    """

    kind: Kind
    signature: str
    template: Template
    example: str
    help: str
    nulls: Nulls = "strict"
    naming: Naming = Naming.NONE
    prefix: str | None = None
    ordered: bool = False
    volatile: bool = False
    exact: str = ""
    vectorised: str = ""
    replaced_by: str = ""
    one_null: str = ""
    both_null: str = ""
    columns: str = ""
    check: Callable[[list[object]], str] | None = None
    read: str = ""
    members: Mapping[str, str] = field(default_factory=dict)
    elements: str = ""
    listed: str = ""

    @cached_property
    def name(self) -> str:
        return self.signature.partition("(")[0].strip()

    @cached_property
    def result(self) -> str:
        """The result's type as written: a scalar type's name, or a class such as T."""
        return self.signature.rpartition("->")[2].strip()

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        inside = self.signature.partition("(")[2].rpartition(")")[0]
        return tuple(_parameter(text) for text in inside.split(",") if text.strip())

    @property
    def reads_through(self) -> bool:
        """Whether a path into the result need not have the whole of it."""
        return bool(self.read or self.members or self.elements)

    @cached_property
    def least(self) -> int:
        return sum(parameter.least for parameter in self.parameters)

    @cached_property
    def most(self) -> int | None:
        """The largest number of arguments, None if unbounded."""
        return None if self.repeats else len(self.parameters)

    def takes(self, count: int) -> bool:
        """Whether it may be called with so many arguments."""
        return self.least <= count and (self.most is None or count <= self.most)

    @cached_property
    def asks_constants(self) -> bool:
        """Whether an argument must be a constant."""
        return any(parameter.constant for parameter in self.parameters)

    @cached_property
    def repeats(self) -> bool:
        """Whether a parameter takes several arguments."""
        return any(parameter.many for parameter in self.parameters)

    def per_argument(self, count: int) -> Sequence[Parameter]:
        """The parameter that each of `count` arguments goes to."""
        if count == len(self.parameters) and not self.repeats:
            return self.parameters
        result: list[Parameter] = []
        for at, parameter in enumerate(self.parameters):
            rest = len(self.parameters) - at - 1
            result += [parameter] * (count - len(result) - rest if parameter.many else 1)
        return result[:count]


_PARAMETER = re.compile(r"(?P<name>\w+)(?P<often>[?*+]?):\s*(?P<const>const\s+)?(?P<type>[\w|]+)$")


def _parameter(text: str) -> Parameter:
    found = _PARAMETER.match(text.strip())
    if found is None:
        raise ValueError(f"not a parameter of a signature: {text!r}")
    types: frozenset[ScalarType] = frozenset().union(
        *(CLASSES[part] if part in CLASSES else {ScalarType(part)} for part in found["type"].split("|"))
    )
    often = found["often"]
    least = 0 if often in {"?", "*"} else 1
    return Parameter(found["name"], found["type"], types, bool(found["const"]), least, many=often in {"*", "+"})


class Registry(Mapping[str, tuple[Function, ...]]):
    """Functions by name, each with its overloads in the order of declaration."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[Function, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Function, ...]:
        return self._lines[name]

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, function: Function) -> Function:
        self._lines[function.name] = (*self._lines.get(function.name, ()), function)
        return function

    def alias(self, name: str, of: str) -> None:
        """A second name: `tolower` and `to_lower`; a deprecated one is told from the first by `replaced_by`."""
        for line in self._lines[of]:
            self.add(replace(line, signature=name + line.signature[len(of) :], replaced_by=of, prefix=line.prefix or of))


SCALARS = Registry()
OPERATORS = Registry()
AGGREGATES = Registry()
WINDOWS = Registry()


def scalar(signature: str, template: Template, example: str, help: str, **properties: Any) -> Function:
    """Declares a scalar function."""
    return SCALARS.add(Function(Kind.SCALAR, signature, template, example, help, **properties))


def operator(signature: str, template: Template, example: str, help: str, **properties: Any) -> Function:
    """Declares an infix or prefix operator as a function of its operands."""
    return OPERATORS.add(Function(Kind.SCALAR, signature, template, example, help, **properties))


def aggregate(signature: str, template: Template, example: str, help: str, **properties: Any) -> Function:
    """Declares an aggregate; its automatic column name is function and first argument unless told otherwise."""
    properties.setdefault("naming", Naming.FUNCTION_FIRST)
    properties.setdefault("nulls", "some")
    return AGGREGATES.add(Function(Kind.AGGREGATE, signature, template, example, help, **properties))


def window(signature: str, template: Template, example: str, help: str, **properties: Any) -> Function:
    """Declares a window function, which needs a serialized row set."""
    properties.setdefault("nulls", "some")
    return WINDOWS.add(Function(Kind.WINDOW, signature, template, example, help, **properties))
