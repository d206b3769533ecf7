"""KQL, the Kusto Query Language: parse, bind, rewrite, lower to SQL. Runs without any engine."""

from __future__ import annotations

from kql.catalog import Catalog, StaticCatalog, Storage
from kql.compiler import Program, compile, queries
from kql.completion import Completion, complete
from kql.errors import KqlError, KqlExecutionError, KqlLimitError, KqlSemanticError, KqlSyntaxError, KqlUnsupportedError, Span
from kql.explain import explain
from kql.parser import constructs

__all__ = [
    "Catalog",
    "Completion",
    "KqlError",
    "KqlExecutionError",
    "KqlLimitError",
    "KqlSemanticError",
    "KqlSyntaxError",
    "KqlUnsupportedError",
    "Program",
    "Span",
    "StaticCatalog",
    "Storage",
    "compile",
    "complete",
    "constructs",
    "explain",
    "queries",
]
