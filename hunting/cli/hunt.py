"""query, explain, tables, schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click

from hunting.cli.command import Argument, Option
from hunting.cli.opening import interruptible, open_hunt
from hunting.cli.options import LIMIT, STORE, Form, Format, Limit, Now, Output, Store, json_value, pairs
from hunting.cli.output import show, write

if TYPE_CHECKING:
    from hunting.engine import Hunt
    from kql.catalog import Catalog

Text = Annotated[str, Argument(metavar="KQL", help="The query; '-' reads it from stdin, '@FILE' from a file.")]
Param = Annotated[
    tuple[str, ...], Option("--param", "-p", metavar="NAME=VALUE", help="A declared query parameter's value. Repeatable.")
]

Chart = Annotated[
    bool | None, Option("--chart/--no-chart", help="Draw what `render` asks for under a table. Default: on a terminal.")
]


def query(
    text: Text,
    param: Param = (),
    form: Format = None,
    output: Output = None,
    limit: Limit = LIMIT,
    chart: Chart = None,
    now: Now = "",
    store: Store = STORE,
) -> None:
    """Run a KQL query, or several with a ';' between them.

    \b
    hunting query 'EmailEvents | summarize count() by DeliveryAction'
    hunting query @hunt.kql -p who=ann@contoso.example -o found.csv
    hunting query 'EmailEvents | summarize count() by Subject | top 9 by count_'
    """
    from kql import queries as split

    given = text_of(text)
    with open_hunt(store, now) as hunt:
        queries = split(given)
        if len(queries) > 1 and output is not None:
            raise click.BadParameter(f"The text holds {len(queries)} queries, a file takes one answer.", param_hint="-o")
        for each in queries:
            values = _parameters(hunt, each, param)
            show(interruptible(hunt, partial(hunt.query, each, values)), form, output, limit, chart)


def explain(
    text: Text,
    param: Param = (),
    store: Store = STORE,
) -> None:
    """Show a query's SQL, one named block per operator.

    \b
    hunting explain 'EmailEvents | where Subject has "invoice" | count'
    """
    from hunting.cells import visible

    kql = text_of(text)
    with open_hunt(store) as hunt:
        write(visible(hunt.explain(kql, _parameters(hunt, kql, param)), keep="\n") + "\n")


def tables(form: Format = None, output: Output = None, store: Store = STORE) -> None:
    """List the tables that hold data."""
    from hunting.formats import records
    from hunting.tables import TABLES

    with open_hunt(store) as hunt:
        rows = [
            (name, hunt.query(f"[{json.dumps(name)}] | count").rows()[0][0], TABLES[name].description if name in TABLES else "")
            for name in hunt.lake.tables()
        ]
    show(records({"Table": "string", "Rows": "long", "Description": "string"}, rows), form, output, 0)


def schema(
    table: Annotated[str, Argument(help="A table's name; without it, all tables.")] = "",
    form: Format = None,
    output: Output = None,
    store: Store = STORE,
) -> None:
    """Show a table's columns, their types and what they hold; without a name, every table."""
    from hunting import reference
    from hunting.tables import TABLES

    if table in TABLES or not store.exists():  # what every store has is told without one
        _show_schema(reference.declared(), table, form, output)
    else:
        with open_hunt(store) as hunt:
            _show_schema(hunt, table, form, output)


def _show_schema(catalog: Catalog, table: str, form: Form | None, output: Path | None) -> None:
    from hunting import reference

    show(reference.columns(catalog, table) if table else reference.tables(catalog), form, output, 0)


def text_of(given: str) -> str:
    """A query as it was given: itself, or from stdin or a file."""
    if given == "-":
        text = sys.stdin.buffer.read()
    elif given.startswith("@"):
        text = Path(given[1:]).read_bytes()
    else:
        return given
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.BadParameter("The query is not UTF-8 text.", param_hint="KQL") from None


def _parameters(hunt: Hunt, text: str, given: Sequence[str]) -> Mapping[str, object]:
    """Values of `--param`; the engine reads them as the declared types, a dynamic is JSON."""
    values = pairs(given, "--param")
    if not values:
        return {}
    kinds = hunt.compile(text, values).bound
    return {name: json_value(name, value) if kinds.get(name) == "dynamic" else value for name, value in values.items()}
