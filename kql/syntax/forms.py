"""Calls that are more than their arguments' values: now, not, case, bags of columns, toscalar, column_ifexists, bin_auto."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from kql.algebra import Bound, Call, ColumnRef, Limit, Literal, Not, Project, Relation, ScalarQuery, Value, passing, ref
from kql.errors import KqlSemanticError, KqlUnsupportedError, Span
from kql.functions import OPERATORS
from kql.functions.dynamic import PACK, WITHOUT_EMPTY
from kql.functions.logic import CASE
from kql.overloads import Argument, call, common_beside_dynamic, convert, invoke
from kql.scope import Scope
from kql.syntax.base import Expression, rule
from kql.syntax.declarations import ScalarTypeName
from kql.syntax.expressions import boolean
from kql.types import ScalarType

if TYPE_CHECKING:
    from kql.syntax.calls import FunctionCall


@rule("typeof")
class TypeOf(Expression):
    """`typeof(int)` as an argument: the type that is wanted."""

    type: ScalarTypeName

    @property
    def kind(self) -> ScalarType:
        return self.type.kind

    def bind(self, scope: Scope) -> Value:
        raise KqlUnsupportedError("typeof() is not supported here.", self.span)


def _now(node: FunctionCall, scope: Scope) -> Value:
    moment: Value = Bound("now", ScalarType.DATETIME)
    for offset in node.bound(scope):
        moment = call("+", [Argument(moment, node.span), offset], node.span, OPERATORS)
    return moment


def _ago(node: FunctionCall, scope: Scope) -> Value:
    (span,) = node.bound(scope) if len(node.items) == 1 else _expects(node, "1 argument, a timespan")
    return call("-", [Argument(Bound("now", ScalarType.DATETIME), node.span), span], node.span, OPERATORS)


def _not(node: FunctionCall, scope: Scope) -> Value:
    return Not(boolean(node.items[0], scope, "not")) if len(node.items) == 1 else _expects(node, "1 argument, a bool")


def _case(node: FunctionCall, scope: Scope) -> Value:
    if len(node.items) < 3 or len(node.items) % 2 == 0:
        _expects(node, "conditions and values in turn, then a value for all else")
    conditions = [boolean(item, scope, "case") for item in node.items[:-1:2]]
    results = unified([Argument(item.bind(scope), item.span) for item in (*node.items[1::2], node.items[-1])], node.span)
    args = [value for pair in zip(conditions, results, strict=False) for value in pair] + [results[-1]]
    kind = results[0].type
    return Call(CASE, tuple(args), kind, kind is not ScalarType.STRING and any(each.nullable for each in results))


def unified(args: Sequence[Argument], span: Span) -> list[Value]:
    """The values in one common type; a dynamic takes the type of the others."""
    kinds = [arg.value.type for arg in args if not (isinstance(arg.value, Literal) and arg.value.value is None)]
    kind = common_beside_dynamic(kinds or [args[0].value.type])
    if kind is None:
        raise KqlSemanticError(
            f"The values have no common type: {', '.join(dict.fromkeys(kinds))}.",
            span,
            "Convert them, for example with tostring().",
        )
    return [convert(arg.value, kind) for arg in args]


def _pack(node: FunctionCall, scope: Scope) -> Value:
    """Keys stay texts, values become dynamic."""
    args = [
        Argument(convert(arg.value, ScalarType.DYNAMIC if at % 2 else ScalarType.STRING), arg.span)
        for at, arg in enumerate(node.bound(scope))
    ]
    if len(args) % 2:
        _expects(node, "keys and values in turn")
    return call(PACK.name, args, node.span)


def _pack_all(node: FunctionCall, scope: Scope) -> Value:
    """All columns in a bag; `pack_all(true)` leaves nulls and empty texts out."""
    packed = bag([(column.name, ref(column)) for column in scope.row or ()])
    flag = node.items[0].bind(scope) if node.items else Literal(False, ScalarType.BOOL)
    if len(node.items) > 1 or not isinstance(flag, Literal) or flag.type is not ScalarType.BOOL:
        _expects(node, "at most 1 argument, true or false")
    return Call(WITHOUT_EMPTY, (packed,), ScalarType.DYNAMIC, False) if flag.value else packed


def _pack_columns(node: FunctionCall, scope: Scope) -> Value:
    """Some columns in a bag, under their names."""
    columns = [item.bind(scope) for item in node.items]
    if not columns or not all(isinstance(column, ColumnRef) for column in columns):
        _expects(node, "columns")
    return bag([(column.name, column) for column in columns])


def bag(columns: Sequence[tuple[str, Value]]) -> Call:
    """Values in a bag, under these names."""
    pairs = ((Literal(name, ScalarType.STRING), convert(value, ScalarType.DYNAMIC)) for name, value in columns)
    return invoke(PACK.name, *(each for pair in pairs for each in pair))


def _toscalar(node: FunctionCall, scope: Scope) -> Value:
    if len(node.items) != 1:
        _expects(node, "1 argument, a table or a scalar")
    inner = node.items[0]
    if not inner.is_tabular(scope.without_row()):
        value: Value = inner.bind(scope)
        return value
    relation: Relation = inner.bind_tabular(scope.without_row())
    only = Project(relation, passing(relation.schema[:1]))
    return ScalarQuery(Limit(only, Literal(1, ScalarType.LONG)))


def _column_names_of(node: FunctionCall, scope: Scope) -> Value:
    if len(node.items) != 1:
        _expects(node, "1 argument, a table")
    relation: Relation = node.items[0].bind_tabular(scope.without_row())
    names = json.dumps([column.name for column in relation.schema], ensure_ascii=False, separators=(",", ":"))
    return Literal(names, ScalarType.DYNAMIC)


def _column_ifexists(node: FunctionCall, scope: Scope) -> Value:
    named = node.items[0].bind(scope.without_row()) if len(node.items) == 2 else None
    if not isinstance(named, Literal) or named.type is not ScalarType.STRING:
        raise _expected(node, "a column's name as a constant text, and a value for when there is none")
    found = scope.column(str(named.value))
    fallback: Value = node.items[1].bind(scope)
    return found if found is not None else fallback


def _ingestion_time(_: FunctionCall, scope: Scope) -> Value:
    found = scope.column("Timestamp")
    return found if found is not None else Literal(None, ScalarType.DATETIME)


def _typed(node: FunctionCall, scope: Scope) -> Value:
    """`extract(..., typeof(int))`: the text that was found as another type."""
    *items, last = node.items or [None]
    args = [Argument(item.bind(scope), item.span) for item in (items if isinstance(last, TypeOf) else node.items)]
    found = call(str(node.name), args, node.span)
    return convert(found, last.kind) if isinstance(last, TypeOf) else found


def _bin_auto(node: FunctionCall, scope: Scope) -> Value:
    """bin_at by the options query_bin_auto_size and query_bin_auto_at."""
    options = scope.context.options
    size, fixed = options.get("query_bin_auto_size"), options.get("query_bin_auto_at")
    if not isinstance(size, Literal):
        cure = "Put 'set query_bin_auto_size = 1h;' before the query."
        raise KqlSemanticError("bin_auto() needs the size of a bin.", node.span, cure)
    args = [*node.bound(scope), Argument(size, node.span)]
    if not isinstance(fixed, Literal):
        return call("bin", args, node.span)
    return call("bin_at", [*args, Argument(fixed, node.span)], node.span)


def _expects(node: FunctionCall, what: str) -> Any:
    raise _expected(node, what)


def _expected(node: FunctionCall, what: str) -> KqlSemanticError:
    return KqlSemanticError(f"Function '{node.name}' expects {what}.", node.span)


FORMS: dict[str, Callable[[FunctionCall, Scope], Value]] = {
    "now": _now,
    "ago": _ago,
    "not": _not,
    "case": _case,
    "pack": _pack,
    "bag_pack": _pack,
    "pack_dictionary": _pack,
    "pack_all": _pack_all,
    "bag_pack_columns": _pack_columns,
    "toscalar": _toscalar,
    "column_names_of": _column_names_of,
    "column_ifexists": _column_ifexists,
    "columnifexists": _column_ifexists,
    "ingestion_time": _ingestion_time,
    "extract": _typed,
    "extractjson": _typed,
    "extract_json": _typed,
    "percentile_tdigest": _typed,
    "bin_auto": _bin_auto,
}
