"""Function calls: the registry's, the user's, and the few forms that are more than functions."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token

from kql.algebra import Bound, Call, ColumnRef, Limit, Literal, Not, Project, Relation, ScalarQuery, Value, passing, ref
from kql.errors import KqlSemanticError, KqlUnresolvedError, KqlUnsupportedError, Span, closest
from kql.functions import AGGREGATES, OPERATORS, SCALARS, WINDOWS
from kql.functions.absent import absent
from kql.functions.dynamic import PACK, WITHOUT_EMPTY
from kql.functions.logic import CASE
from kql.functions.registry import Naming
from kql.overloads import Argument, call, common_beside_dynamic, convert, invoke
from kql.scope import Scope
from kql.syntax import product
from kql.syntax.base import Expression, Listed, rule
from kql.syntax.expressions import boolean
from kql.syntax.literals import Constant
from kql.syntax.patterns import Pattern
from kql.syntax.statements import ScalarTypeName, UserFunction
from kql.syntax.windows import window_call
from kql.types import ScalarType


@rule("args", "exprs")
class Args(Listed):
    """Arguments, each an expression, `name = expression`, a star, or one pipeline."""

    __slots__ = ()


@rule("star")
@dataclass(slots=True)
class Star(Expression):
    token: Token


@rule("named")
@dataclass(slots=True)
class Named(Expression):
    """`name = expression`: an output column, or an argument by name."""

    name: Token
    expression: Expression

    def bind(self, scope: Scope) -> Value:
        return self.expression.bind(scope)

    def auto_name(self, scope: Scope) -> str | None:
        return str(self.name)


@rule("call")
@dataclass(slots=True)
class FunctionCall(Expression):
    name: Token
    args: Args | None

    @property
    def items(self) -> list[Any]:
        return self.args.items if self.args is not None else []

    # ------------------------------------------------------------ scalar

    def bind(self, scope: Scope) -> Value:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.scalar(self.items, scope, self.span)
        if name in FORMS:
            return FORMS[name](self, scope)
        if scope.aggregating and name in AGGREGATES:
            inner = scope.with_row(scope.row or (), scope.operator)
            return call(name, self.bound(inner), self.span, AGGREGATES)
        if name in WINDOWS:
            return window_call(self, scope)
        if name in SCALARS:
            return call(name, self.bound(scope), self.span)
        if name in AGGREGATES:
            raise KqlSemanticError(
                f"'{scope.operator}' operator: The aggregate '{name}' can be used only in summarize.", self.span
            )
        if name in absent():
            raise KqlUnsupportedError(f"The function '{name}' is not supported: {absent()[name]}.", self.span)
        near = [
            *SCALARS,
            *AGGREGATES,
            *WINDOWS,
            *FORMS,
            *(n for n, meaning in scope.names.items() if isinstance(meaning, UserFunction)),
        ]
        raise KqlSemanticError(f"Unknown function: '{name}'.", self.span, closest(name, near))

    def bound(self, scope: Scope) -> list[Argument]:
        return [Argument(item.bind(scope), item.span) for item in self.items]

    # ------------------------------------------------------------ tabular

    def is_tabular(self, scope: Scope) -> bool:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.is_tabular(scope)
        if isinstance(user, Pattern):
            return True
        if name in ("materialize", "view") and self.items:
            return bool(self.items[0].is_tabular(scope))
        return name in ("table", "database", "cluster", "workspace", "external_table", "datatable") or product.is_table(name)

    def bind_tabular(self, scope: Scope) -> Relation:
        name = str(self.name)
        user = scope.names.get(name)
        if isinstance(user, UserFunction):
            return user.tabular(self.items, scope, self.span)
        if isinstance(user, Pattern):
            return user.tabular(self.items, None, scope, self.span)
        if name == "materialize" and len(self.items) == 1:
            relation: Relation = self.items[0].bind_tabular(scope)
            return scope.context.share("materialized", relation, materialized=True)
        if name == "table" and self.items:
            value = self.items[0].bind(scope.without_row())
            if not isinstance(value, Literal) or value.type is not ScalarType.STRING:
                raise KqlSemanticError("table() expects the table's name as a constant text.", self.span)
            return scope.stored(str(value.value), self.span)
        if product.is_table(name):
            return product.called(self, None, scope)
        if name in SCALARS or name in AGGREGATES:
            raise KqlSemanticError(
                f"'{name}' is a scalar function; a table is expected here.", self.span, "Begin with a table, or with 'print'."
            )
        near = [*scope.context.catalog.names(), *(n for n, meaning in scope.names.items() if isinstance(meaning, UserFunction))]
        raise KqlUnresolvedError(f"Unknown function: '{name}'.", self.span, closest(name, near))

    # ------------------------------------------------------------ names

    def auto_name(self, scope: Scope) -> str | None:
        registry = AGGREGATES if scope.aggregating and self.name in AGGREGATES else SCALARS
        if self.name not in registry:
            return self.items[0].auto_name(scope) if self.name == "bin_auto" and self.items else None
        lines, count = registry[str(self.name)], len(self.items)
        line = next((each for each in lines if each.least <= count <= (count if each.most is None else each.most)), lines[0])
        names = [item.auto_name(scope) for item in self.items]
        first = names[0] if names else None
        word = line.name if line.prefix is None else line.prefix
        match line.naming:
            case Naming.SAME:
                return first
            case Naming.FIXED:
                return word
            case Naming.FUNCTION_ONLY:
                return f"{word}_{first}" if first and len(names) == 1 else None
            case Naming.FUNCTION_FIRST:
                return f"{word}_{first or ''}"
            case Naming.FUNCTION_TWO:
                return "_".join([word, *(name or "" for name in names[:2])])
            case Naming.FUNCTION_LAST:
                return f"{word}_{first or ''}_{_shown(self.items[-1])}"
            case Naming.NONE:
                return None


def _shown(item: Any) -> str:
    return str(item.literal.value).replace(".", "_") if isinstance(item, Constant) else ""


@rule("typeof")
@dataclass(slots=True)
class TypeOf(Expression):
    """`typeof(int)` as an argument: the type that is wanted."""

    type: ScalarTypeName

    @property
    def kind(self) -> ScalarType:
        return self.type.kind

    def bind(self, scope: Scope) -> Value:
        raise KqlUnsupportedError("typeof() is not supported here.", self.span)


# ---------------------------------------------------------------- forms


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
    packed = _bag([(column.name, ref(column)) for column in scope.row or ()])
    flag = node.items[0].bind(scope) if node.items else Literal(False, ScalarType.BOOL)
    if len(node.items) > 1 or not isinstance(flag, Literal) or flag.type is not ScalarType.BOOL:
        _expects(node, "at most 1 argument, true or false")
    return Call(WITHOUT_EMPTY, (packed,), ScalarType.DYNAMIC, False) if flag.value else packed


def _pack_columns(node: FunctionCall, scope: Scope) -> Value:
    """Some columns in a bag, under their names."""
    columns = [item.bind(scope) for item in node.items]
    if not columns or not all(isinstance(column, ColumnRef) for column in columns):
        _expects(node, "columns")
    return _bag([(column.name, column) for column in columns])


def _bag(columns: Sequence[tuple[str, Value]]) -> Call:
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


Form = Callable[[FunctionCall, Scope], Value]
FORMS: dict[str, Form] = {
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
