"""Values to SQL expressions: literals, columns, calls of function lines, paths into dynamic values, subqueries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache, reduce
from itertools import islice
from typing import assert_never, cast

from sqlglot import exp

from kql.algebra import (
    Bound,
    Call,
    ColumnRef,
    InList,
    InRelation,
    Literal,
    Logical,
    Not,
    Path,
    Relation,
    ScalarQuery,
    Value,
    Window,
)
from kql.dialects import Dialect, bracketed
from kql.functions.fragments import text_of
from kql.functions.registry import UNKNOWN, Function, Kind
from kql.trees import Order, cast_, conjunction, fresh, function, integer, null, outside_subqueries, real
from kql.types import ScalarType

Columns = Mapping[str, exp.Expression]
_EPOCH = datetime(1970, 1, 1)


class ValueLowering:
    """Lowers values; `subquery` is given by the lowering of relations."""

    dialect: Dialect

    def subquery(self, relation: Relation) -> exp.Expression:
        raise NotImplementedError

    def value(self, value: Value, columns: Columns, order: Sequence[Order] = ()) -> exp.Expression:
        """The SQL of a value. `columns`: what the input's columns are here; `order`: the order of the rows, for windows."""
        match value:
            case Literal():
                return self.literal(value)
            case ColumnRef(name=name):
                return fresh(columns[name])
            case Bound(name=name):
                return exp.Placeholder(this=name)
            case Call():
                return self.call(value, columns, order)
            case Logical(op=op, args=args):
                kind: type[exp.Expression] = exp.And if op == "and" else exp.Or
                parts = [self.value(arg, columns, order) for arg in args]
                return conjunction([exp.Paren(this=part) if isinstance(part, exp.Connector) else part for part in parts], kind)
            case Not(arg=arg):
                return exp.Not(this=exp.Paren(this=self.value(arg, columns, order)))
            case Path():
                return self.path(value, columns, order)
            case InList():
                return self.in_list(value, columns, order)
            case InRelation(value=inner, relation=relation, folded=folded, positive=positive):
                tree = self.value(inner, columns, order)
                found: exp.Expression = exp.In(
                    this=function("lower", tree) if folded else bracketed(tree), query=self.subquery(relation)
                )
                return function("coalesce", found, exp.false()) if inner.nullable and not positive else found
            case ScalarQuery(relation=relation):
                tree = self.subquery(relation)
                return function("coalesce", tree, exp.Literal.string("")) if value.type is ScalarType.STRING else tree
            case Window():
                return self.window(value, columns, order)
            case _:
                assert_never(value)

    # ------------------------------------------------------------ constants

    def literal(self, literal: Literal) -> exp.Expression:
        value, kind = literal.value, literal.type
        if value is None:
            return null(self.dialect.types[kind])
        match kind:
            case ScalarType.BOOL:
                return exp.Boolean(this=bool(value))
            case ScalarType.INT | ScalarType.LONG | ScalarType.TIMESPAN:
                return integer(cast(int, value))
            case ScalarType.REAL:
                return real(cast(float, value))
            case ScalarType.STRING:
                return exp.Literal.string(str(value))
            case ScalarType.DATETIME:
                moment = _EPOCH + timedelta(microseconds=cast(int, value))
                return cast_(exp.Literal.string(moment.isoformat(" ")), self.dialect.types[kind])
            case ScalarType.DECIMAL | ScalarType.GUID | ScalarType.DYNAMIC:
                text = format(value, "f") if isinstance(value, Decimal) else str(value)
                return cast_(exp.Literal.string(text), self.dialect.types[kind])
            case _:
                assert_never(kind)

    def in_list(self, value: InList, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        """One raw node for the list: thousands of literal nodes would cost more than the rest of the query."""
        tree = self.value(value.value, columns, order)
        tree = function("lower", tree) if value.folded else bracketed(tree)
        items = ", ".join(self.dialect.text(self.literal(item)) for item in value.items)
        found: exp.Expression = exp.In(this=tree, expressions=[exp.Var(this=items)]) if items else exp.false()
        total = items and value.value.nullable and not value.positive
        return function("coalesce", found, exp.false()) if total else found

    # ------------------------------------------------------------ calls

    def call(self, call: Call, columns: Columns, order: Sequence[Order] = ()) -> exp.Expression:
        line = call.function
        texts = {f"{name}_text": [self.path_text(path, columns, order)] for name, path in _paths(call)}
        template = _of_texts(self._template(call), *texts) if texts else self._template(call)
        if line.kind is Kind.AGGREGATE:
            known = (p.name for p, arg in zip(line.per_argument(len(call.args)), call.args, strict=True) if not arg.nullable)
            template = _never_null(template, *known)
        args, once = _shared(call, template, [self._operand(line, arg, columns, order) for arg in call.args])
        named: dict[str, list[exp.Expression]] = {f"_{at}": [tree] for at, tree in enumerate(args)} | texts
        for parameter, tree in zip(line.per_argument(len(args)), args, strict=True):
            named.setdefault(parameter.name, []).append(tree)
        for parameter in line.parameters:
            named.setdefault(parameter.name, [])
        tree = self.dialect.fill(template, named)
        for parameter_name, arg in reversed(once.items()):
            tree = self.filled(_ONCE.format(parameter_name), arg=arg, body=tree)
        if line.ordered and order:
            _order_inside(tree, order)
        if call.type is ScalarType.STRING and _may_be_null(call):
            return function("coalesce", tree, exp.Literal.string(""))
        return tree

    def _operand(self, line: Function, arg: Value, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        """An argument; inside a chain of exact sums the sum before it is not cut."""
        if not (line.exact and isinstance(arg, Call) and arg.function.exact):
            return self.value(arg, columns, order)
        left, right = (self._operand(line, each, columns, order) for each in arg.args)
        return self.filled(arg.function.exact, left=left, right=right)

    def filled(self, template: str, **args: exp.Expression) -> exp.Expression:
        """A template of the lowering itself with its arguments."""
        return self.dialect.fill(template, {key: [tree] for key, tree in args.items()})

    def _template(self, call: Call) -> str:
        line = call.function
        if line.one_null:
            nulls = sum(arg.nullable for arg in call.args)
            if nulls == 2 and not call.positive:
                return line.both_null
            if nulls and not (call.positive and line.nulls == "strict"):
                return line.one_null
        if isinstance(line.template, str):
            return line.template
        return line.template([arg.value if isinstance(arg, Literal) else UNKNOWN for arg in call.args])

    def window(self, window: Window, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        """The call, with partition and order in every OVER of its template."""
        keys = [Order(self.value(key.value, columns), key.descending, key.nulls_first) for key in window.order] or list(order)
        parts = [self.value(part, columns) for part in window.partition]
        keys = [key for key in keys if key.expression not in parts]
        tree = self.call(window.call, columns)
        for over in outside_subqueries(tree, exp.Window):
            over.set("alias", None)
            over.set("partition_by", [part.copy() for part in parts] or None)
            over.set("order", exp.Order(expressions=[key.tree() for key in keys]) if keys else None)
        return tree

    # ------------------------------------------------------------ dynamic

    def elements(self, tree: exp.Expression, text: bool, pairs: bool) -> exp.Expression:
        """A dynamic as a list: an array's elements, a bag's properties, else the value itself; as texts, or as JSON."""
        template = (_TEXTS if text else _ELEMENTS).replace("$bag", _BAG_PAIRS if pairs else _BAG_BAGS)
        template = template.replace("$array", _IS_ARRAY).replace("$object", _IS_OBJECT)
        return self.filled(template, x=tree)

    def path(self, path: Path, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        member = self._member(path, columns, order)
        return function("to_json", member) if member else function("json_extract", *self.path_arguments(path, columns, order))

    def path_text(self, path: Path, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        """The text of what a path leads to, without the detour over its JSON."""
        member = self._member(path, columns, order)
        return member or function("json_extract_string", *self.path_arguments(path, columns, order))

    def _member(self, path: Path, columns: Columns, order: Sequence[Order]) -> exp.Expression | None:
        """The text at a path of one step into the result of a function that can make that part alone."""
        if not (isinstance(path.base, Call) and len(path.steps) == 1):
            return None
        line, step = path.base.function, path.steps[0]
        if isinstance(step, int) and line.elements:
            parts = self._of_arguments(line.elements, path.base, columns, order)
            return function("list_extract", parts, integer(step + 1 if step >= 0 else step))
        template = line.members.get(step) if isinstance(step, str) else None
        return self._of_arguments(template, path.base, columns, order) if template else None

    def _of_arguments(self, template: str, call: Call, columns: Columns, order: Sequence[Order]) -> exp.Expression:
        args = zip(call.function.parameters, call.args, strict=False)
        return self.filled(template, **{parameter.name: self.value(arg, columns, order) for parameter, arg in args})

    def path_arguments(self, path: Path, columns: Columns, order: Sequence[Order]) -> tuple[exp.Expression, exp.Expression]:
        """A JSON value and the path from there, as one text if all steps are constant."""
        base = path.base
        reads = isinstance(base, Call) and base.function.read
        tree = self._of_arguments(reads, cast(Call, base), columns, order) if reads else self.value(base, columns, order)
        parts: list[exp.Expression] = []
        text = "$"
        for step in path.steps:
            computed = not isinstance(step, int | str) and step.type is ScalarType.STRING
            if computed or step in _NO_STEPS:
                holder = tree if not parts and text == "$" else function("json_extract", tree, _joined(parts, text))
                key = exp.Literal.string(step) if isinstance(step, str) else self.value(cast(Value, step), columns, order)
                tree = self.filled(_OF_BAG, x=holder, key=key)
                parts, text = [], "$"
            elif isinstance(step, str):
                text += '."' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'
            elif isinstance(step, int):
                text += f"[{step}]" if step >= 0 else f"[#{step}]"
            else:
                parts += [exp.Literal.string(text), self.filled(_INDEX_STEP, step=self.value(step, columns, order))]
                text = ""
        return tree, _joined(parts, text)


def _joined(parts: Sequence[exp.Expression], text: str) -> exp.Expression:
    """One path of several texts; null if one of them is."""
    whole = [*parts, exp.Literal.string(text)] if text else parts
    return reduce(lambda one, two: exp.DPipe(this=one, expression=two), whole)


_MEMBER = "json_extract($x, '/' || replace(replace(__k1, '~', '~0'), '/', '~1'))"  # a JSON pointer: any key, with quotes too
_BAG_BAGS = f"list_transform(json_keys($x), lambda __k1: json_object(__k1, {_MEMBER}))"
_BAG_PAIRS = f"list_transform(json_keys($x), lambda __k1: json_array(__k1, {_MEMBER}))"
# The first character of canonical text tells what it is, without reading all of it; other text comes from a user's own tables.
_IS_ARRAY = "starts_with($x, '[') OR json_type($x) = 'ARRAY'"
_IS_OBJECT = "starts_with($x, '{') OR json_type($x) = 'OBJECT'"
_ELEMENTS = "CASE WHEN $array THEN CAST($x AS JSON[]) WHEN $object THEN $bag ELSE [$x] END"
_TEXTS = (
    "CASE WHEN $array THEN from_json($x, '[\"VARCHAR\"]') "
    "WHEN $object THEN CAST($bag AS VARCHAR[]) ELSE [json_extract_string($x, '$')] END"
)

_NO_STEPS = ("", "*")  # what DuckDB's paths do not take for a key, even in quotes; a computed key may be one
_OF_BAG = "json_extract(CASE json_type($x) WHEN 'OBJECT' THEN $x END, '/' || replace(replace($key, '~', '~0'), '/', '~1'))"
_INDEX_STEP = "CASE WHEN $step < 0 THEN '[#' ELSE '[' END || CAST($step AS VARCHAR) || ']'"


_HEAVY = 40  # nodes of an argument from which on it must not be written twice: nested calls would double the query each
_ONCE = "list_extract(list_transform([$arg], lambda {0}: $body), 1)"


def _shared(call: Call, template: str, args: list[exp.Expression]) -> tuple[list[exp.Expression], dict[str, exp.Expression]]:
    """The arguments; a heavy one that the template uses several times is named instead, to be evaluated once.

    A name is a lambda's parameter, and SQL has no subquery in a lambda: one may only stand in what is named outside all others.
    """
    if call.function.kind is not Kind.SCALAR:
        return args, {}
    heavy = [at for at in _repeated(template, call.function, len(args)) if _is_heavy(args[at])]
    if not heavy:
        return args, {}
    asking = [at for at, arg in enumerate(args) if arg.find(exp.Query)]
    if asking and (len(asking) > 1 or asking[0] not in heavy):
        return args, {}
    once = {f"__a{at}": args[at] for at in sorted(heavy, key=lambda at: at not in asking)}
    named = [_parameter(f"__a{at}") if at in heavy else arg for at, arg in enumerate(args)]
    return named, once


def _parameter(parameter: str) -> exp.Expression:
    """A lambda's parameter."""
    return exp.Column(this=exp.Identifier(this=parameter, quoted=False))


def _is_heavy(tree: exp.Expression) -> bool:
    return sum(1 for _ in islice(tree.walk(), _HEAVY)) == _HEAVY


def _paths(call: Call) -> Iterator[tuple[str, Path]]:
    """The arguments that are paths, by their parameters' names."""
    for parameter, arg in zip(call.function.per_argument(len(call.args)), call.args, strict=True):
        if isinstance(arg, Path) and not parameter.many:
            yield parameter.name, arg


@lru_cache(maxsize=4096)
def _of_texts(template: str, *names: str) -> str:
    """The template where the texts of these dynamics, `$name_text`, are given beside them."""
    for each in names:
        template = template.replace(text_of("$" + each.removesuffix("_text")), "$" + each)
    return template


@lru_cache(maxsize=4096)
def _never_null(template: str, *names: str) -> str:
    """The template of an aggregate without filters for these being null: DuckDB then finds different values once for several."""
    for each in names:
        template = template.replace(f" FILTER (WHERE ${each} IS NOT NULL)", "")
        template = template.replace(f"FILTER (WHERE ${each} IS NOT NULL AND ", "FILTER (WHERE ")
    return template


@lru_cache(maxsize=4096)
def _repeated(template: str, line: Function, count: int) -> list[int]:
    """The places of the arguments, of so many, that a template uses several times."""
    uses = Counter(re.findall(r"\$(\w+)", template))
    return [at for at, each in enumerate(line.per_argument(count)) if uses[each.name] + uses[f"_{at}"] > 1]


def _may_be_null(call: Call) -> bool:
    line = call.function
    return line.nulls == "some" or (line.nulls == "strict" and any(arg.nullable for arg in call.args))


def _order_inside(tree: exp.Expression, order: Sequence[Order]) -> None:
    """Puts the order of the rows into the aggregate of a line: list(x) -> list(x ORDER BY k)."""
    for node in tree.find_all(exp.Anonymous):
        if node.name in _ORDERED_SQL and node.expressions:
            inside = node.expressions
            inside[-1] = exp.Order(this=inside[-1], expressions=[key.tree() for key in order])
            node.set("expressions", inside)
            return


_ORDERED_SQL = frozenset({"list", "json_group_array", "string_agg", "first", "last"})
