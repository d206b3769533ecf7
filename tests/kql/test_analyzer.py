"""Names and types of results against Microsoft's analyzer (npm: @kusto/language-service-next).

Golden cases and saved queries are compared. The analyzer runs in node; its folder is KUSTO_LANGUAGE_DIR. Without it, or
without node, the test is skipped and says so:

    npm install --prefix FOLDER @kusto/language-service-next
    KUSTO_LANGUAGE_DIR=FOLDER/node_modules/@kusto/language-service-next pytest tests/kql/test_analyzer.py

`analyzer_differences.txt` lists every case in which it differs from us, what differs, and why: `case | difference | reason`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from golden_cases import Case, cases, register

import hunting
from hunting import Hunt
from hunting.tables import TABLES

HERE = Path(__file__).parent
QUERIES = HERE.parents[1] / "data" / "queries"
DIFFERENCES = HERE / "analyzer_differences.txt"
Shape = list[list[str]]


def folder() -> Path:
    """The analyzer's folder; skips the test if there is none."""
    named = os.environ.get("KUSTO_LANGUAGE_DIR")
    if not named:
        pytest.skip("KUSTO_LANGUAGE_DIR names no folder with @kusto/language-service-next: nothing is compared with the analyzer")
    if shutil.which("node") is None:
        pytest.skip("node is not installed: nothing is compared with the analyzer")
    return Path(named)


def golden() -> Iterator[tuple[str, str, dict[str, Shape], Shape]]:
    """Each golden case that has a result: its name, text, tables and columns."""
    for case in (each for each in cases() if "error" not in each.sections):
        yield case.id, case.query, tables(case), shape(hunt_of(case.file), case.query)


def tables(case: Case) -> dict[str, Shape]:
    return {name: [list(column) for column in grid.header] for name, grid in case.tables.items()}


@cache
def hunt_of(file: str) -> Hunt:
    hunt = hunting.connect(":memory:")
    for name, grid in next(case for case in cases() if case.file == file).tables.items():
        register(hunt, name, grid)
    return hunt


def saved() -> Iterator[tuple[str, str, dict[str, Shape], Shape]]:
    """Each saved query likewise, over the declared tables."""
    declared = {name: [[c.name, str(c.type)] for c in table.schema] for name, table in TABLES.items()}
    hunt = hunting.connect(":memory:")
    for path in sorted(QUERIES.glob("*.kql")):
        text = path.read_text(encoding="utf-8")
        yield path.name, text, declared, shape(hunt, text)


def shape(hunt: Hunt, text: str) -> Shape:
    return [[column.name, str(column.type)] for column in hunt.compile(text).schema]


def difference(ours: Shape, answer: dict[str, list[str] | Shape]) -> str:
    """What differs, in words; empty if nothing does."""
    if "errors" in answer:
        return f"the analyzer: {answer['errors'][0]}"
    theirs = answer["columns"]
    if len(ours) != len(theirs):
        return f"{len(ours)} columns, the analyzer {len(theirs)}"
    pairs = [(" ".join(one), " ".join(other)) for one, other in zip(ours, theirs, strict=True)]
    return ", ".join(f"{one} (the analyzer: {other})" for one, other in pairs if one != other)


def test_names_and_types_are_the_analyzers() -> None:
    package = folder()
    asked = [*golden(), *saved()]
    queries = {"queries": [{"text": text, "tables": known} for _, text, known, _ in asked]}
    command = ["node", str(HERE / "analyzer.js"), str(package)]
    answers = json.loads(subprocess.run(command, input=json.dumps(queries), capture_output=True, text=True, check=True).stdout)
    assert sum("columns" in answer for answer in answers) > 0.9 * len(asked)
    found = {name: difference(ours, answer) for (name, _, _, ours), answer in zip(asked, answers, strict=True)}
    assert {name: words for name, words in found.items() if words} == listed()


def listed() -> dict[str, str]:
    """The differences that are known; each has a reason."""
    lines = [line for line in DIFFERENCES.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    parts = [[part.strip() for part in line.split(" | ")] for line in lines]
    assert all(len(each) == 3 and each[2] for each in parts)
    return {name: words for name, words, _ in parts}
