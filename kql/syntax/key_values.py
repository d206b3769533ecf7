"""The operator that reads key and value pairs out of a text (page: parse-kv)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kql.algebra import Call, Item, Literal, Path, Project, Relation, Value
from kql.errors import KqlSemanticError
from kql.functions.registry import Function, Kind
from kql.overloads import convert, read_as
from kql.scope import Scope
from kql.syntax.base import Expression, Operator, rule
from kql.syntax.columns import replaced
from kql.syntax.declarations import TableType
from kql.syntax.parameters import Parameters
from kql.syntax.text_patterns import group_count
from kql.types import Column, ScalarType


@rule("parse_kv")
class ParseKv(Operator):
    """Key and value pairs, of which the declared keys become columns; the first appearance of a key counts."""

    expression: Expression
    schema: TableType
    props: Parameters | None

    def apply(self, source: Relation, scope: Scope) -> Relation:
        text = convert(self.expression.bind(scope.with_row(source.schema, "parse-kv")), ScalarType.STRING)
        columns = [each.column for each in self.schema.columns]
        if len({column.name for column in columns}) < len(columns):
            raise KqlSemanticError("'parse-kv' operator: two columns have one name.", self.schema.span)
        rules = self._rules()
        items = [Item(c.name, read_as(_value_of(c.name, text, rules, columns), c.type)) for c in columns]
        return Project(source, replaced(source.schema, items), span=self.span)

    def _rules(self) -> dict[str, list[str]]:
        """How the text is read, by property; several quotes and escapes are allowed."""
        given = {
            name: [str(each) for each in (value if isinstance(value, list) else [value])]
            for name, value in (self.props.values if self.props else {}).items()
        }
        unknown = set(given) - {"pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"}
        if unknown:
            raise KqlSemanticError(f"'parse-kv' operator: unknown property '{min(unknown)}'.", self.span)
        if any(not each for value in given.values() for each in value):
            raise KqlSemanticError("'parse-kv' operator: a property is empty.", self.span)
        if ("pair_delimiter" in given) != ("kv_delimiter" in given):
            raise KqlSemanticError("'parse-kv' operator: pair_delimiter and kv_delimiter go together.", self.span)
        if "regex" in given and (len(given) > 1 or group_count(given["regex"][0]) != 2):
            raise KqlSemanticError("'parse-kv' operator: regex stands alone and has two groups, key and value.", self.span)
        return given


def _value_of(name: str, text: Value, rules: dict[str, list[str]], columns: Sequence[Column]) -> Value:
    """The text of one key: by the engine's own regular expressions, or by a scan that knows quotes."""
    if "regex" in rules:
        constants = (Literal(each, ScalarType.STRING) for each in (rules["regex"][0], name))
        return Call(PAIR_BY_REGEX, (text, *constants), ScalarType.STRING, False)
    told = Literal(json.dumps({"keys": [column.name for column in columns], **rules}), ScalarType.STRING)
    pairs = Call(PAIRS, (text, told), ScalarType.DYNAMIC, True)
    return convert(Path(pairs, (name,)), ScalarType.STRING)


PAIRS = Function(
    Kind.SCALAR,
    "pairs(text: string, rules: string) -> dynamic",
    "CAST(parse_kv($text, $rules) AS JSON)",
    "",
    "",
    nulls="some",
    vectorised="parse_kv",
)
PAIR_BY_REGEX = Function(
    Kind.SCALAR,
    "pair(text: string, expression: string, key: string) -> string",
    "coalesce(trim(list_extract(regexp_extract_all($text, $expression, 2), list_position("
    "list_transform(regexp_extract_all($text, $expression, 1), lambda __k1: trim(__k1)), $key))), '')",
    "",
    "",
    nulls="total",
)
