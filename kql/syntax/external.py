"""Tables outside the store (page: externaldata operator). Nothing is fetched: a local file stands for each URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from kql.algebra import Item, Literal, Project, Relation, Scan, ref
from kql.catalog import External
from kql.errors import KqlSemanticError, KqlUnsupportedError
from kql.overloads import read_as
from kql.scope import Scope
from kql.syntax.base import Expression, rule
from kql.syntax.declarations import TableType
from kql.syntax.parameters import Parameters
from kql.syntax.sources import Tabular
from kql.types import Column, ScalarType, physical_names

_HARMLESS = frozenset({"format", "ignorefirstrecord", "ignorelastrecord", "fileextension", "encoding"})


@rule("externaldata")
class ExternalData(Tabular):
    """Rows of files; the engine hands every column over as text, and the language's own conversions give it its type."""

    schema: TableType
    addresses: Any
    props: Parameters | None

    def bind_tabular(self, scope: Scope) -> Relation:
        columns = [each.column for each in self.schema.columns]
        if len({column.name for column in columns}) < len(columns):
            raise KqlSemanticError("'externaldata' operator: two columns have one name.", self.schema.span)
        urls = tuple(_address(each, scope) for each in self.addresses.items)
        told = {name.lower(): value for name, value in (self.props.values if self.props else {}).items()}
        if unknown := set(told) - _HARMLESS:
            raise KqlUnsupportedError(f"'externaldata' operator: the property '{min(unknown)}' is not supported.", self.span)
        external = External(
            scope.context.private_name("externaldata"),
            urls,
            tuple(column.name for column in columns),
            _format(told, urls),
            _true(told.get("ignorefirstrecord")),
            _true(told.get("ignorelastrecord")),
            self.span,
        )
        scope.context.externals.append(external)
        texts = tuple(Column(column.name, ScalarType.STRING, nullable=False) for column in columns)
        scan = Scan(texts, external.table, tuple(physical_names(external.columns).values()), span=self.span)
        items = tuple(Item(text.name, read_as(ref(text), column.type)) for text, column in zip(texts, columns, strict=True))
        return Project(scan, items, span=self.span)


def _address(node: Expression, scope: Scope) -> str:
    value = node.bind(scope.without_row())
    if not isinstance(value, Literal) or value.type is not ScalarType.STRING:
        raise KqlSemanticError("'externaldata' operator: expects constant URLs.", node.span)
    return str(value.value)


def _format(told: Mapping[str, Any], urls: tuple[str, ...]) -> str:
    """As told, else by the URL's ending, else CSV."""
    if "format" in told:
        return str(told["format"]).lower()
    name = urlsplit(urls[0]).path.lower().removesuffix(".gz").removesuffix(".zip")
    return name.rpartition(".")[2] if name.endswith((".tsv", ".psv", ".txt", ".json", ".multijson")) else "csv"


def _true(value: object) -> bool:
    return str(value).lower() in ("true", "1")
