"""Syntax nodes by topic. `tree(text)` is the way from text to nodes."""

from __future__ import annotations

from kql.syntax import (  # noqa: F401 - a module registers its rules when it is imported
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
    key_values,
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
from kql.syntax.base import RULES, tree
from kql.syntax.statements import Query

__all__ = ["RULES", "Query", "tree"]
