"""Syntax nodes by topic. `tree(text)` is the way from text to nodes."""

from __future__ import annotations

from kql.parser import parse_tree
from kql.syntax import (
    arrays,
    calls,
    columns,
    comparisons,
    expressions,
    external,
    graphs,
    groups,
    invocations,
    joins,
    literals,
    membership,
    partitions,
    patterns,
    plugins,
    refused,
    rows,
    scan,
    schemas,
    searches,
    series,
    sources,
    statements,
    text,
    tops,
    unions,
)
from kql.syntax.base import RULES, build
from kql.syntax.statements import Query

__all__ = ["RULES", "Query", "tree"]

TOPICS = (
    arrays,
    calls,
    columns,
    comparisons,
    expressions,
    external,
    graphs,
    groups,
    invocations,
    joins,
    literals,
    membership,
    partitions,
    patterns,
    plugins,
    refused,
    rows,
    scan,
    schemas,
    searches,
    series,
    sources,
    statements,
    text,
    tops,
    unions,
)


def tree(text: str) -> Query:
    """The syntax tree of a query.

    Raises:
        KqlSyntaxError: the text is not KQL.
        KqlLimitError: the text is too long or nested too deeply.
    """
    query: Query = build(parse_tree(text))
    return query
