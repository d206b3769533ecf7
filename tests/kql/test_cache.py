"""Compiled programs that are used again, and when they must not be."""

from __future__ import annotations

import gc
from datetime import timedelta

import pyarrow as pa
import pytest

import hunting
from hunting.clock import ManualClock
from hunting.engine import Hunt
from kql import compile, rewrite
from kql.cache import Programs
from kql.catalog import StaticCatalog
from kql.errors import KqlSemanticError

CATALOG = StaticCatalog({"T": {"x": "long"}, "U": {"x": "long"}})


def test_the_same_text_is_compiled_once() -> None:
    programs = Programs()
    first = programs.compile("T | where x > 1", CATALOG, None, False, None)
    assert programs.compile("T | where x > 1", CATALOG, None, False, None) is first
    assert programs.compile("T | where x > 1", CATALOG, None, True, None) is not first
    assert programs.compile("T | where x > 2", CATALOG, None, False, None) is not first


def test_garbage_waits_until_a_query_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    collecting: list[bool] = []
    rewritten = rewrite.rewritten

    def watched(program: rewrite.Program) -> rewrite.Program:
        collecting.append(gc.isenabled())
        return rewritten(program)

    monkeypatch.setattr(rewrite, "rewritten", watched)
    compile("T | count", CATALOG)
    assert (collecting, gc.isenabled()) == ([False], True)
    with pytest.raises(KqlSemanticError):
        compile("T | where y", CATALOG)
    assert gc.isenabled()


@pytest.mark.parametrize("changed", [{"T": {"x": "real"}}, {"T": {"x": "long", "y": "long"}}, {"U": {"x": "long"}}])
def test_another_schema_is_another_program(changed: dict[str, dict[str, str]]) -> None:
    programs = Programs()
    first = programs.compile("union withsource=Table T*", CATALOG, None, False, None)
    if "T" not in changed:
        with pytest.raises(KqlSemanticError):
            programs.compile("union withsource=Table T*", StaticCatalog(changed), None, False, None)
    else:
        assert programs.compile("union withsource=Table T*", StaticCatalog(changed), None, False, None) != first


def test_the_one_used_longest_ago_goes_first() -> None:
    programs = Programs(most=2)
    first, second = (programs.compile(text, CATALOG, None, False, None) for text in ("T", "U"))
    assert programs.compile("T", CATALOG, None, False, None) is first
    programs.compile("T | count", CATALOG, None, False, None)
    assert programs.compile("T", CATALOG, None, False, None) is first
    assert programs.compile("U", CATALOG, None, False, None) is not second


@pytest.fixture
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def test_time_and_parameters_are_bound_anew(hunt: Hunt) -> None:
    clock = hunt.clock = ManualClock(hunt.clock())
    query = "declare query_parameters(n:long = 1); print n, now()"
    first = hunt.query(query, {"n": 5}).rows()
    clock.advance(timedelta(hours=1))
    assert hunt.query(query, {"n": 6}).rows()[0][0] == 6
    assert hunt.query(query).rows()[0][0] == 1
    assert hunt.query(query, {"n": 5}).rows()[0][1] > first[0][1]


def test_a_table_that_is_registered_anew_is_read_anew(hunt: Hunt) -> None:
    hunt.register("T", pa.table({"x": [1]}))
    assert hunt.query("T").rows() == [(1,)]
    hunt.register("T", pa.table({"x": [2], "y": ["b"]}))
    assert hunt.query("T").rows() == [(2, "b")]


def test_columns_that_depend_on_the_data_are_asked_for_each_time(hunt: Hunt) -> None:
    hunt.register("T", pa.table({"d": ['{"a": 1}']}), {"d": "dynamic"})
    assert hunt.query("T | evaluate bag_unpack(d)").columns == ["a"]
    hunt.register("T", pa.table({"d": ['{"b": 1}']}), {"d": "dynamic"})
    assert hunt.query("T | evaluate bag_unpack(d)").columns == ["b"]
