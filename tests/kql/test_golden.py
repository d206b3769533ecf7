"""The golden cases: each query gives the result that was derived by hand, or the error that an analyst is to read."""

from __future__ import annotations

from functools import cache

import pytest
from golden_cases import FOLDER, Case, cases, parse_grid, record_sql, register, result_grid
from msgspec.structs import replace

import hunting
from hunting import Hunt, KqlError
from kql import rewrite

CASES = cases()


@cache
def hunt_of(file: str) -> Hunt:
    """One hunt for all cases of a file, over its tables."""
    hunt = hunting.connect(":memory:")
    for case in CASES:
        if case.file == file:
            for name, grid in case.tables.items():
                register(hunt, name, grid)
            break
    return hunt


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_golden(case: Case, request: pytest.FixtureRequest) -> None:
    hunt = hunt_of(case.file)
    if "error" in case.sections:
        with pytest.raises(KqlError) as caught:
            hunt.query(case.query)
        assert caught.value.render() == case.sections["error"]
        return
    if "sql" in case.sections:
        sql = hunt.compile(case.query).sql
        if request.config.getoption("--record-sql", default=False):
            record_sql(FOLDER / f"{case.file}.kql", case.title, sql)
        else:
            assert sql == case.sections["sql"]
    found = result_grid(hunt.query(case.query))
    ordered = "result in order" in case.sections
    wanted = parse_grid(case.sections["result in order" if ordered else "result"])
    assert str(found if ordered else found.in_any_order()) == str(wanted if ordered else wanted.in_any_order())


def test_a_pass_that_is_left_out_would_have_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [case for case in CASES if "error" not in case.sections]
    gated = [hunt_of(case.file).compile(case.query).sql for case in told]
    assert any(each.about for each in rewrite.PASSES)
    monkeypatch.setattr(rewrite, "PASSES", tuple(replace(each, about=frozenset()) for each in rewrite.PASSES))
    for case, sql in zip(told, gated, strict=True):
        assert hunt_of(case.file).compile(case.query).sql == sql, case.id
