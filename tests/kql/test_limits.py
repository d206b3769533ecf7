"""Long and deep queries: answered, or refused in words and at once; nothing overflows a stack."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

import hunting
from hunting import Hunt
from kql import StaticCatalog, compile
from kql.errors import KqlLimitError

CATALOG = StaticCatalog({"T": {"a": "long", "b": "long", "s": "string", "d": "dynamic"}})


@pytest.fixture(scope="module")
def hunt() -> Hunt:
    return hunting.connect(":memory:")


def nested(kind: str, depth: int) -> str:
    """A query that has something so many times inside itself; the answer is one row."""
    match kind:
        case "brackets":
            return f"print x = {'(' * depth}1{')' * depth}"
        case "calls":
            return f"print x = {'abs(' * depth}1{')' * depth}"
        case "iff":
            return f"print x = {'iff(true, 1, ' * depth}2{')' * depth}"
        case "sums to the right":
            return f"print x = {'1 + (' * depth}0{')' * depth}"
        case "sums":
            return "print x = 1" + " + 1" * depth
        case "negations":
            return f"print x = {'not(' * depth}true{')' * depth}"
        case "ands":
            return "print x = true" + " and 1 == 1" * depth
        case "ors":
            return "print x = (1 == 2" + " or 1 == 2" * depth + ")"
        case "ands and ors":
            return "print x = " + "(true and (false or " * depth + "true" + "))" * depth
        case "paths":
            return "print d = dynamic({}) | project x = d" + ".a" * depth
        case "arrays":
            return f"print x = dynamic({'[' * depth}{']' * depth})"
        case "strcat":
            return f"print x = {'strcat(' * depth}'a'{', 1)' * depth}"
        case "subqueries":
            return "print x = " + "toscalar(print x = " * depth + "1" + ")" * depth
        case "unions":
            return "union " + "(union " * depth + "(print x = 1)" + ")" * depth
        case "joins":
            return "print x = 1" + " | join kind=inner (print x = 1) on x | project x" * depth
        case "joins inside joins":
            return "print x = 1" + " | join kind=inner (print x = 1" * depth + ") on x | project x" * depth
        case "extends":
            return "print x = 1" + " | extend x = x + 1" * depth
        case "doubling extends":
            return "print x = 1" + " | extend x = x + x, y = iff(x > 1, x, x)" * depth
        case "bins":
            return f"print x = {'bin(' * depth}1{', 2) + 1' * depth}"
        case "remainders":
            return "print x = 1" + " % 7" * depth
        case "filters":
            return "print x = 1" + " | where x > 0" * depth
        case "summaries":
            return "print x = 1" + " | summarize x = max(x)" * depth
        case "lets":
            return "let f0 = 1;" + "".join(f"let f{n + 1} = f{n} + 1;" for n in range(depth)) + f"print x = f{depth}"
        case "tabular lets":
            return "let f0 = print x = 1;" + "".join(f"let f{n + 1} = f{n} | where x > 0;" for n in range(depth)) + f"f{depth}"
        case "functions":
            calls = "".join(f"let f{n + 1} = (n: long) {{ f{n}(n) + 1 }};" for n in range(depth))
            return f"let f0 = (n: long) {{ n }};{calls}print x = f{depth}(1)"
        case "sorts":
            return "print x = 1" + " | sort by x | take 1" * depth
        case _:
            raise AssertionError(kind)


KINDS = [
    *("brackets", "calls", "iff", "sums to the right", "sums", "negations", "ands", "ors", "ands and ors", "paths", "arrays"),
    *("strcat", "subqueries", "unions", "joins", "joins inside joins", "extends", "filters", "summaries", "lets"),
    *("tabular lets", "functions", "sorts", "doubling extends", "bins", "remainders"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_depth_that_people_write_is_answered(hunt: Hunt, kind: str) -> None:
    assert len(hunt.query(nested(kind, 12))) == 1


@pytest.mark.parametrize("depth", [40, 130, 3_000])
@pytest.mark.parametrize("kind", KINDS)
def test_any_depth_is_answered_or_refused(kind: str, depth: int) -> None:
    """Compiling stays within a second; what is too deep is a KqlError with its place, never a RecursionError."""
    start = time.perf_counter()
    try:
        assert compile(nested(kind, depth), CATALOG).sql
    except KqlLimitError as error:
        assert error.hint
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_compiled_can_be_run(hunt: Hunt, kind: str) -> None:
    """The depth that the compiler lets through, DuckDB's parser and planner can take."""
    try:
        found = hunt.query(nested(kind, 60))
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
from test_limits import KINDS, nested
hunt = hunting.connect(":memory:")
for kind in KINDS:
    for depth in (90,):
        try:
            hunt.query(nested(kind, depth))
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
