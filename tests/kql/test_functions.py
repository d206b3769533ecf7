"""Every function line: its example runs and is right, its template is printed as it was written, its help reads well."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from golden_cases import Grid, result_grid

import hunting
from hunting import Hunt
from kql import algebra
from kql.compiler import bind
from kql.dialects import DuckDB
from kql.functions import AGGREGATES, OPERATORS, SCALARS, WINDOWS
from kql.functions.registry import CLASSES, UNKNOWN, Function, Kind
from kql.lowering import Lowering
from kql.scope import Context
from kql.traversal import relations, values_of, walk
from kql.trees import column
from kql.types import ScalarType

LINES = [line for registry in (SCALARS, OPERATORS, AGGREGATES, WINDOWS) for lines in registry.values() for line in lines]
TABLE = "datatable(x:long)[1,2,3]"
DIALECT = DuckDB()


def ids(line: Function) -> str:
    return f"{line.kind}: {line.signature}"


@cache
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def queries(line: Function) -> tuple[str, str]:
    """The query of the example's left side and of its right side, each with one row and one column `value`."""
    expression, _, literal = line.example.rpartition(" -> ")
    if line.replaced_by:  # an alias shares its example
        expression = re.sub(rf"\b{line.replaced_by}\(", f"{line.name}(", expression)
    written = f"print value = {literal}"
    match line.kind:
        case Kind.SCALAR:
            return f"print value = {expression}", written
        case Kind.AGGREGATE:
            return f"{TABLE} | summarize value = {expression} | project value", written
        case Kind.WINDOW:
            return f"{TABLE} | serialize value = {expression} | take 1 | project value", written


def calls(text: str) -> list[algebra.Call]:
    """The calls of a query, with the overloads that they chose."""
    root = bind(text, Context(hunt(), {}))
    values = (inner for relation in relations(root) for value in values_of(relation) for inner in walk(value))
    unwrapped = (each.call if isinstance(each, algebra.Window) else each for each in values)
    return [each for each in unwrapped if isinstance(each, algebra.Call)]


@cache
def call_of(line: Function) -> algebra.Call | None:
    """The call of this very line in its example; some aliases are bound under the first name."""
    same = (line.signature, line.replaced_by + line.signature[len(line.name) :])
    return next((call for call in calls(queries(line)[0]) if call.function.signature in same), None)


@pytest.mark.parametrize("line", LINES, ids=ids)
def test_its_example_is_right(line: Function) -> None:
    asked, written = queries(line)
    found, wanted = (result_grid(hunt().query(text)) for text in (asked, written))
    if "set" in line.name and line.kind is Kind.AGGREGATE:  # the order of a set is not promised
        found, wanted = (Grid(each.header, [(json.dumps(sorted(json.loads(each.rows[0][0]))),)]) for each in (found, wanted))
    assert str(found) == str(wanted)


@pytest.mark.parametrize("line", LINES, ids=ids)
def test_its_example_chooses_it(line: Function) -> None:
    """No overload is hidden by another: the example of each is run by itself."""
    assert call_of(line) is not None, [call.function.signature for call in calls(queries(line)[0])]


# ---------------------------------------------------------------- the printer


def as_written(template: str, named: dict[str, list[str]]) -> str:
    """A template with its parameters put in as text, each in brackets."""
    return re.sub(r"\$(\w+)", lambda found: ", ".join(f"({text})" for text in named[found[1]]), template)


def arguments(call: algebra.Call, trees: list[Any]) -> dict[str, list[Any]]:
    """What stands for each parameter, by name and by place."""
    named: dict[str, list[Any]] = {parameter.name: [] for parameter in call.function.parameters}
    for at, (parameter, tree) in enumerate(zip(call.function.per_argument(len(trees)), trees, strict=True)):
        named[parameter.name].append(tree)
        named[f"_{at}"] = [tree]
    return named


def lowered(args: tuple[algebra.Value, ...]) -> list[Any]:
    return [Lowering(DIALECT).value(arg, {"x": column("x")}) for arg in args]


def variants(call: algebra.Call) -> list[tuple[algebra.Value, ...]]:
    """The arguments of the example, then each of them null in turn."""
    nulls = [algebra.Literal("" if arg.type is ScalarType.STRING else None, arg.type) for arg in call.args]
    constant = [parameter.constant for parameter in call.function.per_argument(len(call.args))]
    return [call.args] + [(*call.args[:at], null, *call.args[at + 1 :]) for at, null in enumerate(nulls) if not constant[at]]


@pytest.mark.parametrize("line", [line for line in LINES if line.kind is not Kind.WINDOW and not line.volatile], ids=ids)
def test_its_template_is_printed_as_written(line: Function) -> None:
    call = call_of(line)
    assert call is not None
    connection = hunt()._connection
    hunt().query(queries(line)[0])  # registers a vectorised function
    source = " FROM (VALUES (1), (2), (3)) AS t(x)" if line.kind is Kind.AGGREGATE else ""
    constants = [arg.value if isinstance(arg, algebra.Literal) else UNKNOWN for arg in call.args]
    plain = line.template if isinstance(line.template, str) else line.template(constants)
    for template in filter(None, (plain, line.one_null, line.both_null)):
        for args in variants(call) if isinstance(line.template, str) else [call.args]:
            written = as_written(template, arguments(call, [DIALECT.text(tree) for tree in lowered(args)]))
            printed = DIALECT.text(DIALECT.fill(template, arguments(call, lowered(args))))
            asked = ", ".join(f"typeof({sql}), CAST({sql} AS VARCHAR)" for sql in (f"({written})", f"({printed})"))
            row = connection.sql(f"SELECT {asked}{source}").fetchall()[0]
            assert row[:2] == row[2:], f"{written}\n{printed}"


# ---------------------------------------------------------------- the words


@pytest.mark.parametrize("line", LINES, ids=ids)
def test_it_is_well_formed(line: Function) -> None:
    assert re.fullmatch(r"[A-Z0-9\"'`(-].*\.", line.help), "help is a sentence"
    assert line.result == "T" or line.result in set(ScalarType), "the result is a type"
    assert line.result != "T" or any(parameter.declared == "T" for parameter in line.parameters)
    declared = {part for parameter in line.parameters for part in parameter.declared.split("|")}
    assert declared <= {*CLASSES, *ScalarType}
    assert sum(parameter.many for parameter in line.parameters) <= 1, "one parameter may repeat"
    known = {parameter.name for parameter in line.parameters}
    for template in filter(None, (line.template, line.one_null, line.both_null)):
        if isinstance(template, str):
            assert set(re.findall(r"\$(\w+)", template)) <= known


def test_no_two_lines_are_alike() -> None:
    signatures = [(line.kind, line.signature) for line in LINES]
    assert [each for each in signatures if signatures.count(each) > 1] == []
