"""From a function's name and bound arguments to a Call: overloads, implicit conversions, constants, nullability."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from msgspec import Struct

from kql.algebra import Call, Literal, Value
from kql.errors import KqlSemanticError, Span, closest
from kql.functions import OPERATORS, SCALARS
from kql.functions.registry import UNKNOWN, Function, Parameter, Registry
from kql.types import ScalarType, common_type

# What a value of one type may silently become, with the cost of it: the cheapest overload wins.
_WIDENING: dict[tuple[ScalarType, ScalarType], int] = {
    (ScalarType.INT, ScalarType.LONG): 1,
    (ScalarType.INT, ScalarType.REAL): 3,
    (ScalarType.LONG, ScalarType.REAL): 2,
    (ScalarType.INT, ScalarType.DECIMAL): 4,
    (ScalarType.LONG, ScalarType.DECIMAL): 3,
    (ScalarType.REAL, ScalarType.DECIMAL): 5,
}
_FROM_DYNAMIC = 20
_BECOMES = {"text": ScalarType.STRING, "element": ScalarType.DYNAMIC}
_CUT = 1
_HOLDS = {ScalarType.REAL, ScalarType.STRING, ScalarType.DYNAMIC}
_ORDERED = {"max", "min", "maxif", "minif", "min_of", "max_of", "arg_max", "arg_min"}
_Kind = tuple[ScalarType, bool]  # of an argument: its type, and whether it is the null itself
_KEPT = 1024  # resolutions: queries ask for the same few again and again
_CLASS = 1  # an exact type is better than a class that contains it, whatever its size

CONVERSIONS: dict[ScalarType, str] = {
    ScalarType.BOOL: "tobool",
    ScalarType.INT: "toint",
    ScalarType.LONG: "tolong",
    ScalarType.REAL: "todouble",
    ScalarType.DECIMAL: "todecimal",
    ScalarType.STRING: "tostring",
    ScalarType.DATETIME: "todatetime",
    ScalarType.TIMESPAN: "totimespan",
    ScalarType.GUID: "toguid",
    ScalarType.DYNAMIC: "todynamic",
}


class Argument(Struct, frozen=True):
    """A bound argument and where it stands."""

    value: Value
    span: Span


def call(name: str, args: Sequence[Argument], span: Span, registry: Registry = SCALARS) -> Call:
    """The call of the cheapest overload that takes these arguments.

    Raises:
        KqlSemanticError: there is no such function, or no overload takes the arguments; names the argument at fault.
    """
    if name not in registry:
        raise KqlSemanticError(f"Unknown function: '{name}'.", span, closest(name, registry))
    lines = registry[name]
    kinds = tuple([_kind(arg.value) for arg in args])
    cheapest = _cheapest(lines, kinds)
    if not cheapest:
        raise _misfit(name, lines, args, span)
    line = cheapest[0]
    if any(kind is ScalarType.DYNAMIC for kind, _ in kinds):
        _refuse_dynamic(name, args, cheapest)
    for parameter, arg in zip(line.per_argument(len(args)), args, strict=True) if line.asks_constants else ():
        if parameter.constant and not isinstance(arg.value, Literal):
            raise KqlSemanticError(
                f"Function '{name}': argument '{parameter.name}' must be a constant.", arg.span, _usage([line])
            )
    wrong = line.check([arg.value.value if isinstance(arg.value, Literal) else UNKNOWN for arg in args]) if line.check else ""
    if wrong:
        raise KqlSemanticError(f"Function '{name}': {wrong}.", span, _usage([line]))
    return _call(line, args)


def _refuse_dynamic(name: str, args: Sequence[Argument], lines: Sequence[Function]) -> None:
    """Where what a dynamic holds would decide: in an order, or between a moment and a span."""
    judged = args if name in ("min_of", "max_of") else args[:1]
    dynamic = next((arg for arg in judged if arg.value.type is ScalarType.DYNAMIC), None)
    if dynamic is None:
        return
    kinds = {kind for line in lines for parameter in line.parameters[:1] for kind in parameter.types}
    either = name[0].isalpha() and kinds == {ScalarType.DATETIME, ScalarType.TIMESPAN}
    if name in _ORDERED or either:
        raise no_dynamic(f"Function '{name}'", dynamic.span)


def no_dynamic(where: str, span: Span) -> KqlSemanticError:
    """The error of a dynamic where values must have an order."""
    cure = "Convert it: tolong(...), todouble(...), todatetime(...) or tostring(...)."
    return KqlSemanticError(f"{where} does not take a dynamic: its values may be of any type.", span, cure)


def invoke(name: str, *values: Value, registry: Registry = SCALARS) -> Call:
    """A call that the compiler itself makes; the arguments have no place in the text."""
    nowhere = Span(0, 0)
    return call(name, [Argument(value, nowhere) for value in values], nowhere, registry)


def convert(value: Value, kind: ScalarType) -> Value:
    """The value as another type, by KQL's own conversion function; constants are folded."""
    if value.type is kind:
        return value
    if isinstance(value, Literal):
        if value.value is None:
            return Literal("" if kind is ScalarType.STRING else None, kind)
        if value.type.numeric and kind.numeric:
            return Literal(_number(value.value, kind), kind)
        if value.type is ScalarType.STRING and kind is ScalarType.DYNAMIC:
            return Literal(json.dumps(value.value, ensure_ascii=False), kind)
    if value.type is ScalarType.STRING and kind is ScalarType.DYNAMIC:  # todynamic would read the text as JSON
        return invoke("text as dynamic", value, registry=OPERATORS)
    return invoke(CONVERSIONS[kind], value)


def read_as(text: Value, kind: ScalarType) -> Value:
    """What a text says, as a type: for a dynamic it is JSON, else as `convert` has it."""
    return invoke("parse_json", text) if kind is ScalarType.DYNAMIC else convert(text, kind)


def _number(value: Any, kind: ScalarType) -> object:
    if kind is ScalarType.REAL:
        return float(str(value)) if isinstance(value, Decimal) else float(value)
    return Decimal(str(value)) if kind is ScalarType.DECIMAL else int(value)


def _call(line: Function, args: Sequence[Argument]) -> Call:
    kind, targets = _types(line, tuple([arg.value.type for arg in args]))
    values = tuple([arg.value if to is None else convert(arg.value, to) for arg, to in zip(args, targets, strict=True)])
    nullable = line.nulls == "some" or (line.nulls == "strict" and any(value.nullable for value in values))
    return Call(line, values, kind, nullable and kind is not ScalarType.STRING)


@lru_cache(maxsize=_KEPT)
def _types(line: Function, kinds: tuple[ScalarType, ...]) -> tuple[ScalarType, tuple[ScalarType | None, ...]]:
    """The type of a call with arguments of these types, and what each of them must become (None: it may stay as it is)."""
    parameters = line.per_argument(len(kinds))
    common = _common(parameters, kinds)
    if common in (ScalarType.INT, ScalarType.LONG) and ScalarType.DYNAMIC in kinds and line.name == "coalesce":
        common = ScalarType.REAL
    targets = tuple(_target(parameter, kind, common) for parameter, kind in zip(parameters, kinds, strict=True))
    kind = common if line.result == "T" else ScalarType(line.result)
    assert kind is not None
    return kind, targets


def _target(parameter: Parameter, kind: ScalarType, common: ScalarType | None) -> ScalarType | None:
    """The type an argument must be converted to, None if it may stay as it is."""
    if parameter.declared == "T":
        return common
    if parameter.declared in _BECOMES:
        return _BECOMES[parameter.declared]
    if kind in parameter.types:
        return None
    if kind is ScalarType.DYNAMIC:
        wide = [to for to in (ScalarType.REAL, ScalarType.LONG) if to in parameter.types]
        if wide:
            return wide[0]
    return min(parameter.types, key=lambda to: (_conversion(kind, to) or 99, list(ScalarType).index(to)))


def _common(parameters: Sequence[Parameter], kinds: Sequence[ScalarType]) -> ScalarType | None:
    """The type that T stands for."""
    return common_beside_dynamic([kind for parameter, kind in zip(parameters, kinds, strict=True) if parameter.declared == "T"])


def common_beside_dynamic(kinds: Sequence[ScalarType]) -> ScalarType | None:
    """The common type of values; a dynamic takes that of the others, and stays what it is if they have none."""
    others = [kind for kind in kinds if kind is not ScalarType.DYNAMIC]
    dynamic = ScalarType.DYNAMIC if len(others) < len(kinds) else None
    return (common_type(others) if others else None) or dynamic


def _conversion(kind: ScalarType, to: ScalarType) -> int | None:
    if kind is to:
        return 0
    if kind is ScalarType.DYNAMIC:
        return _FROM_DYNAMIC
    return _WIDENING.get((kind, to))


def _kind(value: Value) -> _Kind:
    return value.type, isinstance(value, Literal) and value.value is None


def _fit(parameter: Parameter, kind: _Kind) -> int | None:
    of, null = kind
    if of in parameter.types:
        return _CLASS if len(parameter.types) > 1 else 0
    if null:
        return _FROM_DYNAMIC
    costs = [cost for to in parameter.types if (cost := _conversion(of, to)) is not None]
    return min(costs) if costs else None


@lru_cache(maxsize=_KEPT)
def _cheapest(lines: tuple[Function, ...], kinds: tuple[_Kind, ...]) -> tuple[Function, ...]:
    """Those of the overloads that take arguments of these types at the least cost."""
    costs = {line: cost for line in lines if line.takes(len(kinds)) and (cost := _cost(line, kinds)) is not None}
    least = min(costs.values(), default=0)
    return tuple(line for line, cost in costs.items() if cost == least)


def _cost(line: Function, kinds: Sequence[_Kind]) -> int | None:
    parameters = line.per_argument(len(kinds))
    costs = [_fit(parameter, kind) for parameter, kind in zip(parameters, kinds, strict=True)]
    if any(cost is None for cost in costs):
        return None
    if any(p.declared == "T" for p in parameters) and _common(parameters, [kind for kind, _ in kinds]) is None:
        return None
    if line.name[0].isalpha() or len(kinds) == 1:  # other operators take the type of the other side
        costs += [_CUT for parameter, (kind, _) in zip(parameters, kinds, strict=True) if _would_cut(parameter, kind)]
    return sum(cost or 0 for cost in costs)


def _would_cut(parameter: Parameter, kind: ScalarType) -> bool:
    """Whether a dynamic would lose what it holds: a number its fraction."""
    return kind is ScalarType.DYNAMIC and not parameter.types & _HOLDS


def _misfit(name: str, lines: Sequence[Function], args: Sequence[Argument], span: Span) -> KqlSemanticError:
    """Names the first argument that no overload takes there; an operator has operands."""
    if not (fitting := [line for line in lines if line.takes(len(args))]):
        return KqlSemanticError(f"Function '{name}' expects {_counts(lines)}, found {len(args)}.", span, _usage(lines))
    lines = fitting
    if not name[:1].isalpha():
        kinds = " and ".join(arg.value.type for arg in args)
        words = f"the types {kinds} do not go together" if len(args) > 1 else f"it does not take a {kinds}"
        return KqlSemanticError(
            f"'{name}' operator: {words}.", span, "Try adding an explicit conversion, such as tostring() or tolong()."
        )
    for at, arg in enumerate(args):
        wanted = [line.per_argument(len(args))[at] for line in lines]
        if all(_fit(parameter, _kind(arg.value)) is None for parameter in wanted):
            types = " or ".join(dict.fromkeys(parameter.declared.replace("|", " or ") for parameter in wanted))
            message = f"Function '{name}' expects argument {at + 1} ({wanted[0].name}) of type {types}, found {arg.value.type}."
            return KqlSemanticError(message, arg.span, _usage(lines))
    types = ", ".join(arg.value.type for arg in args)
    return KqlSemanticError(f"Function '{name}' does not take arguments of types ({types}).", span, _usage(lines))


def _usage(lines: Sequence[Function]) -> str:
    return "Usage: " + "; ".join(line.signature for line in lines[:3]) + "."


def _counts(lines: Sequence[Function]) -> str:
    least = min(line.least for line in lines)
    most = None if any(line.most is None for line in lines) else max(line.most or 0 for line in lines)
    number = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
    return f"{number} argument{'' if number == '1' else 's'}"
