"""Every number of the shipped reports, against SQL over the Parquet files that was written from their words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from reports_tenant import EXPECTED, NOW, expected, plain

from hunting.clock import fixed_clock
from hunting.engine import Hunt, connect
from hunting.reports import Answered, Report, Window, load_all

REPORTS = load_all()
BLOCKS = [(report.name, block.name) for report in REPORTS for block in report.blocks]
each_block = pytest.mark.parametrize(("report", "block"), BLOCKS, ids=[f"{report}-{block}" for report, block in BLOCKS])


@pytest.fixture(scope="module")
def hunt(tenant: Path) -> Iterator[Hunt]:
    with connect(tenant, clock=fixed_clock(NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(hunt: Hunt) -> dict[str, Answered]:
    return {report.name: report.run(hunt) for report in REPORTS}


@cache
def database(store: Path, window: Window) -> duckdb.DuckDBPyConnection:
    return plain(store, window)


def comparable(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return [tuple(_comparable(value) for value in row) for row in rows]


def _comparable(value: object) -> object:
    if isinstance(value, float | Decimal):
        return round(float(value), 6)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def test_every_block_has_its_expected_answer() -> None:
    assert {report.name for report in REPORTS} == {file.stem for file in EXPECTED.glob("*.sql")}
    assert {report.name: sorted(block.name for block in report.blocks) for report in REPORTS} == {
        report.name: sorted(expected(report.name)) for report in REPORTS
    }


@each_block
def test_it_answers_as_plain_sql_over_the_files_does(tenant: Path, answers: dict[str, Answered], report: str, block: str) -> None:
    answered = answers[report]
    rows = database(tenant, answered.window).execute(expected(report)[block]).fetchall()
    assert rows, "a block that finds nothing shows nothing"
    assert comparable(answered.results[block].rows()) == comparable(rows)


def test_every_figure_in_prose_is_its_blocks_first_row(answers: dict[str, Answered]) -> None:
    seen = 0
    for answered in answers.values():
        for figure in answered.report.figures:
            result = answered.results[figure.block]
            raw = result.rows()[0][result.columns.index(figure.column)]
            assert answered.figures[figure.name].value == raw
            seen += 1
    assert seen > 20


def test_the_shipped_reports_have_no_faults(hunt: Hunt) -> None:
    assert [str(problem) for report in REPORTS for problem in report.problems(hunt)] == []


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.name)
def test_a_shipped_report_says_what_it_is_and_speaks_of_commands_that_are(report: Report) -> None:
    from hunting.cli import app

    assert report.front.description and report.front.schedule and report.front.formats
    for words in re.findall(r"`hunting ([a-z -]+)", report.text):
        command: Any = app
        for word in words.split():
            if word.startswith("-") or not hasattr(command, "commands"):
                break
            command = command.commands[word]
