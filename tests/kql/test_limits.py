"""Long and deep queries: answered, or refused in words and at once; nothing overflows a stack."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

import hunting
from hunting import Hunt
from kql import StaticCatalog, compile
from kql.errors import KqlLimitError

CATALOG = StaticCatalog({"T": {"a": "long", "b": "long", "s": "string", "d": "dynamic"}})


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


NESTED: dict[str, Callable[[int], str]] = {
    "brackets": lambda depth: f"print x = {'(' * depth}1{')' * depth}",
    "calls": lambda depth: f"print x = {'abs(' * depth}1{')' * depth}",
    "iff": lambda depth: f"print x = {'iff(true, 1, ' * depth}2{')' * depth}",
    "sums to the right": lambda depth: f"print x = {'1 + (' * depth}0{')' * depth}",
    "sums": lambda depth: "print x = 1" + " + 1" * depth,
    "negations": lambda depth: f"print x = {'not(' * depth}true{')' * depth}",
    "ands": lambda depth: "print x = true" + " and 1 == 1" * depth,
    "ors": lambda depth: "print x = (1 == 2" + " or 1 == 2" * depth + ")",
    "ands and ors": lambda depth: "print x = " + "(true and (false or " * depth + "true" + "))" * depth,
    "paths": lambda depth: "print d = dynamic({}) | project x = d" + ".a" * depth,
    "arrays": lambda depth: f"print x = dynamic({'[' * depth}{']' * depth})",
    "strcat": lambda depth: f"print x = {'strcat(' * depth}'a'{', 1)' * depth}",
    "subqueries": lambda depth: "print x = " + "toscalar(print x = " * depth + "1" + ")" * depth,
    "unions": lambda depth: "union " + "(union " * depth + "(print x = 1)" + ")" * depth,
    "joins": lambda depth: "print x = 1" + " | join kind=inner (print x = 1) on x | project x" * depth,
    "joins inside joins": lambda depth: "print x = 1" + " | join kind=inner (print x = 1" * depth + ") on x | project x" * depth,
    "extends": lambda depth: "print x = 1" + " | extend x = x + 1" * depth,
    "doubling extends": lambda depth: "print x = 1" + " | extend x = x + x, y = iff(x > 1, x, x)" * depth,
    "bins": lambda depth: f"print x = {'bin(' * depth}1{', 2) + 1' * depth}",
    "remainders": lambda depth: "print x = 1" + " % 7" * depth,
    "filters": lambda depth: "print x = 1" + " | where x > 0" * depth,
    "summaries": lambda depth: "print x = 1" + " | summarize x = max(x)" * depth,
    "lets": lambda depth: "let f0 = 1;" + "".join(f"let f{n + 1} = f{n} + 1;" for n in range(depth)) + f"print x = f{depth}",
    "tabular lets": lambda depth: (
        "let f0 = print x = 1;" + "".join(f"let f{n + 1} = f{n} | where x > 0;" for n in range(depth)) + f"f{depth}"
    ),
    "functions": lambda depth: (
        "let f0 = (n: long) { n };"
        + "".join(f"let f{n + 1} = (n: long) {{ f{n}(n) + 1 }};" for n in range(depth))
        + f"print x = f{depth}(1)"
    ),
    "sorts": lambda depth: "print x = 1" + " | sort by x | take 1" * depth,
}
"""Queries that have something so many times inside itself; the answer is one row."""


@pytest.mark.parametrize("kind", NESTED)
def test_a_depth_that_people_write_is_answered(hunt: Hunt, kind: str) -> None:
    assert len(hunt.query(NESTED[kind](12))) == 1


@pytest.mark.parametrize("depth", [40, 130, 3_000])
@pytest.mark.parametrize("kind", NESTED)
def test_any_depth_is_answered_or_refused(kind: str, depth: int) -> None:
    """Compiling stays within a second; what is too deep is a KqlError with its place, never a RecursionError."""
    start = time.perf_counter()
    try:
        assert compile(NESTED[kind](depth), CATALOG).sql
    except KqlLimitError as error:
        assert error.hint
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("kind", NESTED)
def test_what_is_compiled_can_be_run(hunt: Hunt, kind: str) -> None:
    """The depth that the compiler lets through, DuckDB's parser and planner can take."""
    try:
        found = hunt.query(NESTED[kind](60))
    except KqlLimitError:
        return
    assert len(found) == 1


def test_nothing_is_let_through_that_kills_the_process() -> None:
    """In a process of its own: a stack that overflows inside an extension would end it without a word."""
    source = f"""
import hunting
from hunting import KqlError
import sys
sys.path.insert(0, {str(__file__.rpartition("/")[0])!r})
from test_limits import NESTED
hunt = hunting.connect(":memory:")
for nested in NESTED.values():
    for depth in (90,):
        try:
            hunt.query(nested(depth))
        except KqlError:
            pass
print("alive")
"""
    run = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=120, check=False)
    assert run.stdout.strip() == "alive", run.stderr[-500:]


# ---------------------------------------------------------------- long


def test_a_list_of_thousands(hunt: Hunt) -> None:
    wanted = ", ".join(str(n) for n in range(0, 18_000, 2))
    assert hunt.query(f"range x from 0 to 20000 step 1 | where x in ({wanted}) | count").rows() == [(9_000,)]


def test_a_chain_of_thousands(hunt: Hunt) -> None:
    tests = " or ".join(f"x == {n}" for n in range(0, 4_000, 2))
    assert hunt.query(f"range x from 0 to 10000 step 1 | where {tests} | count").rows() == [(2_000,)]


def test_a_text_of_a_megabyte_is_refused_at_once() -> None:
    start = time.perf_counter()
    with pytest.raises(KqlLimitError):
        compile("print x = '" + "a" * 1_100_000 + "'", CATALOG)
    assert time.perf_counter() - start < 0.5


# ---------------------------------------------------------------- sixty operators

SIXTY = "range x from 1 to 200 step 1\n" + "".join(
    f"| where x > {at} | extend y = x + {at} | sort by x asc | where y != {at} | summarize z = min(y) - {at} by x | take 500\n"
    for at in range(10)
)


def test_sixty_operators(hunt: Hunt) -> None:
    assert SIXTY.count("|") == 60
    start = time.perf_counter()
    compile(SIXTY, hunt)
    assert time.perf_counter() - start < 2  # some 50 ms on an idle machine
    assert sorted(hunt.query(SIXTY).rows()) == [(x, x) for x in range(10, 201)]
