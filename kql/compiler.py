"""From text to a program: the passes, written one under another."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct, field

from kql import lowering, rewrite, syntax
from kql.algebra import Bound, Call, Relation
from kql.catalog import Catalog, External
from kql.dialects import Dialect, DuckDB
from kql.errors import KqlError, KqlLimitError, KqlSemanticError, Span
from kql.reads import Read, reads
from kql.scope import Context, Scope
from kql.traversal import contents
from kql.types import ScalarType, Schema

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (DuckDB(),)}


class Program(Struct, frozen=True):
    """A compiled query.

    Attributes:
        sql: one SELECT; its columns are those of `schema` in order. Values are bound by name: `$now`, `$<parameter>`.
        schema: the result's columns with KQL names and types.
        reads: the stored tables that it reads: their columns, and the moments between which rows matter.
        bound: names and types of the values to bind; `now` is a datetime.
        vectorised: Arrow functions that the engine must register before.
        visualization: what `render` asked for, or None.
        externals: tables that the engine must provide under the names that they carry.
    """

    text: str
    sql: str
    schema: Schema
    reads: tuple[Read, ...]
    bound: Mapping[str, ScalarType]
    vectorised: tuple[str, ...]
    visualization: Mapping[str, Any] | None
    options: Mapping[str, object] = field(default_factory=dict)
    externals: tuple[External, ...] = ()


Probe = Callable[[Program], Sequence[tuple[Any, ...]]]


def compile(
    text: str,
    catalog: Catalog,
    parameters: Mapping[str, object] | None = None,
    dialect: str = "duckdb",
    windowed: bool = False,
    probe: Probe | None = None,
) -> Program:
    """Compiles a query.

    Args:
        text: KQL, with statements before the query if need be.
        catalog: the tables there are.
        parameters: values of declared query parameters; only their names matter here, the values are bound when it runs.
        dialect: a key of DIALECTS.
        windowed: cut every table that has a time to the moments bound as `__since` and `__until`.
        probe: runs a small program and returns its rows, for plugins whose columns depend on the data; without it they
            need an output schema.

    Raises:
        KqlError: with its place in the text.
    """
    context = context_of(text, catalog, parameters, dialect, windowed, probe)
    with told(text), uncollected():
        return _program(text, bind(text, context), context, dialect)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection inside: what a compilation makes lives until its end, and to look it through again and again
    takes a fifth of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@contextmanager
def told(text: str) -> Iterator[None]:
    """Errors inside know the query's text; a stack that is too short is the query's fault."""
    try:
        yield
    except KqlError as error:
        error.text = text
        raise
    except RecursionError:
        hint = "Do it in steps: name parts with let, or add columns one after the other."
        raise KqlLimitError("The query is nested too deeply.", Span(0, len(text)), hint, text) from None


def context_of(
    text: str,
    catalog: Catalog,
    parameters: Mapping[str, object] | None,
    dialect: str,
    windowed: bool = False,
    probe: Probe | None = None,
) -> Context:
    """What the compilation of one query shares; see `compile`."""
    context = Context(catalog, parameters or {}, windowed=windowed)
    if probe is not None:
        context.probe = lambda relation: probe(_program(text, relation, context, dialect))
    return context


def queries(text: str) -> list[str]:
    """The queries of a text that holds several, each behind the statements before it; all places stay what they are.

    Raises:
        KqlSyntaxError: the text is not KQL.
    """
    with told(text):
        spans = [each.span for each in syntax.tree(text).body.results]
    return [_alone(text, spans[:at], span.end) for at, span in enumerate(spans)] if len(spans) > 1 else [text]


def _alone(text: str, others: list[Span], end: int) -> str:
    """The text up to a place, with blanks for other queries."""
    for span in others:
        blank = "".join(c if c in "\r\n" else " " for c in text[span.start : span.end])
        text = text[: span.start] + blank + text[span.end :]
    return text[:end]


def _program(text: str, root: Relation, context: Context, dialect: str) -> Program:
    """The program of a bound relation."""
    root, bindings = rewrite.rewritten((root, tuple(context.bindings)))
    tree = lowering.Lowering(DIALECTS[dialect]).program(root, bindings)
    sql = DIALECTS[dialect].text(tree)
    whole = [root, *(binding.relation for binding in bindings)]
    values = [value for top in whole for _, inside in contents(top) for value in inside]
    read = reads(whole)
    return Program(
        text,
        sql,
        root.schema,
        read,
        {value.name: value.type for value in values if isinstance(value, Bound)},
        tuple(dict.fromkeys(v.function.vectorised for v in values if isinstance(v, Call) and v.function.vectorised)),
        context.render,
        context.options,
        tuple(each for each in context.externals if each.table in {one.table for one in read}),
    )


def bind(text: str, context: Context) -> Relation:
    """The relation of a query's text, before any rewriting."""
    scope, result = syntax.tree(text).body.enter(Scope(context))
    unknown = set(context.parameters) - set(context.declared)
    if unknown:
        raise KqlSemanticError(f"The query declares no parameter '{min(unknown)}'.", hint="Add: declare query_parameters(...).")
    return result.bind_tabular(scope)


__all__ = ["Program", "bind", "compile", "queries"]
