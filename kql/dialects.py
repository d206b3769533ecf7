"""What differs between SQL dialects, and only that: type names, and how a template's text becomes a tree and a tree text.

DuckDB is the reference: templates are written in it. A second dialect is one more subclass of `Dialect`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB as _SqlglotDuckDB

from kql.trees import fresh
from kql.types import ScalarType


class _Plain(_SqlglotDuckDB):
    """sqlglot's DuckDB without the rewriting that changes values: subscripts, JSON paths and `$a||$b` stay as written."""

    INDEX_OFFSET = 0

    def to_json_path(self, path: Any) -> Any:
        return path

    class Tokenizer(_SqlglotDuckDB.Tokenizer):
        HEREDOC_STRINGS: ClassVar[list[Any]] = []


# Words that stand before a bracket without being functions; everything else keeps its exact name as an Anonymous node.
_WORDS = """
    and any array as between by case cast decimal distinct else end escape exists extract filter from ilike in interval is
    like lambda not on or order over select then try try_cast values varchar when where
"""
_NOT_FUNCTIONS = frozenset(_WORDS.split())
_MARK = "fn__"
_NAME_OR_STRING = re.compile(r"('(?:[^']|'')*')|(?<![\w$.\"])([A-Za-z_]\w*)(?=\s*\()")


Arguments = dict[str, list[exp.Expression]]
Filler = Callable[[Arguments], exp.Expression | list[exp.Expression]]


class Dialect:
    """One SQL dialect. `types`: KQL type -> SQL type."""

    name = ""
    types: ClassVar[dict[ScalarType, str]]

    def fill(self, template: str, args: Arguments) -> exp.Expression:
        """The tree of a template with each `$name` replaced by its arguments, bracketed where an operator stands around it.

        An argument that has its place in a tree already is copied: the first use takes the tree itself.
        """
        raise NotImplementedError

    def text(self, tree: exp.Expression, pretty: bool = False) -> str:
        """The SQL of a tree, which is used up by this: print it once."""
        raise NotImplementedError


class DuckDB(Dialect):
    name = "duckdb"
    types: ClassVar[dict[ScalarType, str]] = {
        ScalarType.BOOL: "BOOLEAN",
        ScalarType.INT: "INTEGER",
        ScalarType.LONG: "BIGINT",
        ScalarType.REAL: "DOUBLE",
        ScalarType.DECIMAL: "DECIMAL(38, 18)",
        ScalarType.STRING: "VARCHAR",
        ScalarType.DATETIME: "TIMESTAMP",
        ScalarType.TIMESPAN: "BIGINT",
        ScalarType.GUID: "UUID",
        ScalarType.DYNAMIC: "JSON",
    }

    def fill(self, template: str, args: Arguments) -> exp.Expression:
        tree = _filler(template)(args)
        assert isinstance(tree, exp.Expression), f"a template is a bare repeated parameter: {template}"
        return tree

    def text(self, tree: exp.Expression, pretty: bool = False) -> str:
        return tree.sql(dialect=_PLAIN, copy=False, normalize_functions=False, pretty=pretty)


_PLAIN = _Plain()


class _Refuse(logging.Handler):
    """sqlglot logs a warning where it loses something; for a template that is an error."""

    def emit(self, record: logging.LogRecord) -> None:
        raise ValueError(record.getMessage())


@lru_cache(maxsize=4096)
def _filler(template: str) -> Filler:
    return _made_by(_parsed(template), closed=True)


def _parsed(text: str) -> exp.Expression:
    marked = _NAME_OR_STRING.sub(
        lambda found: found[1] or (found[2] if found[2].lower() in _NOT_FUNCTIONS else _MARK + found[2]), text
    )
    logger, handler = logging.getLogger("sqlglot"), _Refuse()
    logger.addHandler(handler)
    try:
        select = sqlglot.parse_one("SELECT " + marked, dialect=_PLAIN)
        assert isinstance(select, exp.Select)
        tree = select.selects[0]
        assert isinstance(tree, exp.Expression)
    finally:
        logger.removeHandler(handler)
    for node in tree.find_all(exp.Anonymous):
        node.set("this", node.name.removeprefix(_MARK))
    for cast in tree.find_all(exp.Cast):
        cast.set("to", exp.Var(this=cast.to.sql(dialect=_PLAIN)))  # as `trees.cast_` has it
    return tree


# Everything that binds tighter or looser than its surroundings must be bracketed when it is put into an operator.
_OPERATORS = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.Interval)
_CLOSED = (exp.Anonymous, exp.Paren, exp.Cast, exp.TryCast, exp.Case, exp.If, exp.Array, exp.Try, exp.Order, exp.Filter)


def _made_by(template: exp.Expression, closed: bool) -> Filler:
    """What makes a template's tree again and again, with its arguments in it."""
    if isinstance(template, exp.Placeholder):
        return lambda args: _given(args[template.name], closed)
    kind, inside = template.__class__, isinstance(template, _CLOSED)
    fixed = {key: value for key, value in template.args.items() if value is not None}
    made = {key: _made_by(value, inside) for key, value in fixed.items() if isinstance(value, exp.Expression)}
    lists = {key: [_made_by(part, inside) for part in value] for key, value in fixed.items() if isinstance(value, list)}

    def filled(args: Arguments) -> exp.Expression:
        parts = fixed.copy()
        for key, make in made.items():
            parts[key] = make(args)
        for key, makes in lists.items():
            parts[key] = _flat([make(args) for make in makes])
        return kind(**parts)

    return filled if made or lists else lambda _: kind(**fixed)


def _given(trees: list[exp.Expression], closed: bool) -> exp.Expression | list[exp.Expression]:
    taken = [fresh(tree) for tree in trees]
    return taken if len(taken) != 1 else bracketed(taken[0], closed)


def _flat(parts: list[exp.Expression | list[exp.Expression]]) -> list[exp.Expression]:
    return [tree for part in parts for tree in (part if isinstance(part, list) else (part,))]


def bracketed(tree: exp.Expression, closed: bool = False) -> exp.Expression:
    """The tree, in brackets if it is an operator and does not stand inside something closed."""
    if isinstance(tree, exp.Select | exp.SetOperation):
        return exp.Subquery(this=tree)
    return exp.Paren(this=tree) if not closed and isinstance(tree, _OPERATORS) else tree
