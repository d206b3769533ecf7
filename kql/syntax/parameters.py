"""Operator parameters (`kind=inner hint.x=y`) and names by pattern, which many operators take."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from kql.errors import Span
from kql.syntax.base import Expression, rule
from kql.syntax.literals import Json, string_value
from kql.tokens import Token


@rule("wildcard")
class Wildcard(Expression):
    """`Email*`: names by pattern."""

    pattern: Token

    def matches(self, name: str) -> bool:
        return fnmatchcase(name, str(self.pattern))


@rule("params", "props", "hints")
class Parameters(Expression):
    """`kind=inner hint.x=y`: operator parameters by name."""

    values: dict[str, Any]

    @classmethod
    def of(cls, children: list[Any], span: Span) -> Parameters:
        values: dict[str, Any] = {}
        key = ""
        for child in children:
            if isinstance(child, Token) and child.type in _KEYS:
                key = str(child).strip()
            else:  # a key that is repeated, or has several values, keeps them all
                value = _setting(child)
                values[key] = [*_listed(values[key]), value] if key in values else value
        return cls(values, span=span)

    def get(self, name: str, default: str = "") -> str:
        return str(self.values.get(name, default))


_KEYS = ("PARAM", "HINT", "MV_PARAM", "SERIES_PARAM", "PROP")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _setting(value: Any) -> Any:
    if isinstance(value, Token) and value.type == "STRING":
        return string_value(value)
    if isinstance(value, Token) and value.type == "BOOL":
        return str(value).lower() == "true"
    return str(value) if isinstance(value, Token) else value.value if isinstance(value, Json) else value
