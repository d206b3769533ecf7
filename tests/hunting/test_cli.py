"""The command `hunting`: what it answers where, its exit codes, its errors in words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import PROGRAM, Command


def test_a_query_answers_in_ndjson_where_no_terminal_is(hunting: Command) -> None:
    assert hunting("query", "EmailEvents | count").rows == [{"Count": 2000}]


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson", "markdown"])
def test_text_formats(hunting: Command, form: str) -> None:
    done = hunting("query", "print A = 'x', N = 1", "-f", form)
    expected = {
        "table": "A  N\n─  ─\nx  1\n",
        "csv": "A,N\nx,1\n",
        "json": '[\n{"A": "x", "N": 1}\n]\n',
        "ndjson": '{"A": "x", "N": 1}\n',
        "markdown": "| A | N |\n| --- | ---: |\n| x | 1 |\n",
    }
    assert (done.code, done.out, done.err) == (0, expected[form], "")


def test_a_file_gets_every_row_and_stdout_nothing(hunting: Command, tmp_path: Path) -> None:
    target = tmp_path / "all mail.parquet"
    done = hunting("query", "EmailEvents", "-o", str(target))
    assert (done.code, done.out) == (0, "") and "2,000 rows" in done.err
    assert pq.read_table(target).num_rows == 2000


def test_several_queries_answer_one_after_the_other_and_a_file_takes_one(hunting: Command, tmp_path: Path) -> None:
    text = "let n = 2; print a = n; // one; two\nlet m = 3;\nprint b = n * m"
    assert [json.loads(line) for line in hunting("query", text).out.splitlines()] == [{"a": 2}, {"b": 6}]
    assert hunting("query", text, "-o", str(tmp_path / "out.csv")).code == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_failing_query_leaves_the_file_as_it_was(hunting: Command, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("before")
    assert hunting("query", "EmailEvents | where Nothing == 1", "-o", str(target)).code == 3
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]


def test_the_table_says_how_many_rows_are_left(hunting: Command) -> None:
    done = hunting("query", "EmailEvents | project Subject", "-f", "table", "--limit", "3")
    assert len(done.out.splitlines()) == 6 and done.out.endswith("… 1,997 more rows\n")
    assert len(hunting("query", "EmailEvents | project Subject", "-f", "table", "--limit", "0").out.splitlines()) == 2002


def test_text_from_a_file_and_from_stdin(hunting: Command, tmp_path: Path) -> None:
    source = tmp_path / "a query.kql"
    source.write_text("\ufeffEmailEvents\n| count", encoding="utf-8")
    assert hunting("query", f"@{source}").rows == [{"Count": 2000}]
    piped = subprocess.run([*PROGRAM, "query", "-"], input=b"EmailEvents\n| count", capture_output=True, timeout=300, check=False)
    assert (piped.returncode, piped.stdout) == (0, b'{"Count": 2000}\n')


def test_parameters_are_values_of_their_declared_types(hunting: Command) -> None:
    text = "declare query_parameters(n:long, s:string, d:dynamic, t:timespan, w:datetime); print n + 1, s, d[1], t, w + 1d"
    given = ("n=41", 's="; drop', 'd=["a","b"]', "t=90m", "w=2026-11-20")
    done = hunting("query", text, *(part for each in given for part in ("-p", each)))
    assert [*done.rows[0].values()] == [42, '"; drop', "b", "01:30:00", "2026-11-21T00:00:00Z"]


@pytest.mark.parametrize(
    ("given", "code"), [("n=many", 3), ("m=1", 3), ("n", 2), ("=1", 2)], ids=["type", "undeclared", "no value", "no name"]
)
def test_wrong_parameters(hunting: Command, given: str, code: int) -> None:
    done = hunting("query", "declare query_parameters(n:long); print n", "--param", given)
    assert (done.code, done.out) == (code, "") and "Traceback" not in done.err


def test_now_can_be_set(hunting: Command) -> None:
    assert hunting("query", "print now()", "--now", "2026-11-01T10:30:00+01:00").rows == [{"print_0": "2026-11-01T09:30:00Z"}]
    assert hunting("query", "print now()", "--now", "yesterday").code == 2


WRONG = {
    "syntax": ("EmailEvents | wher Subject == 1", "^^^^"),
    "column": ("EmailEvents | where Subjct == 'x'", "Did you mean 'Subject'?"),
    "table": ("EmailEvent | count", "Did you mean 'EmailEvents'?"),
    "function": ("print strlne('x')", "Did you mean 'strlen'?"),
    "open string": ("print 'x", "^"),
    "empty": ("", "error: "),
    "nonsense": (")(*&^%$", "^"),
    "second line": ("EmailEvents\n| where Oops == 1", "line 2"),
    "type": ("EmailEvents | where Timestamp + 1", "^"),
    "hostile": ("EmailEvents | where ['\x1b[31m\u202e'] == 1", "error: "),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_query_is_told_with_place_and_cure_and_exits_with_3(hunting: Command, case: str) -> None:
    text, expected = WRONG[case]
    done = hunting("query", text)
    assert (done.code, done.out) == (3, "")
    assert expected in done.err and "Traceback" not in done.err
    assert done.err.startswith("error: ") and all(c.isprintable() or c == "\n" for c in done.err)


def test_explain_shows_sql(hunting: Command) -> None:
    done = hunting("explain", "EmailEvents | where Subject has 'x' | count")
    assert done.code == 0 and "where Subject has 'x'" in done.out and "SELECT" in done.out
    assert hunting("explain", "EmailEvents | wat").code == 3


def test_hostile_subjects_do_nothing_on_the_terminal(hunting: Command) -> None:
    done = hunting("query", r"print A = 'a\u001b[31mb\u202ec'", "-f", "table")
    assert done.out.splitlines()[2] == "a␛[31mb⟨U+202E⟩c"


def test_schema_and_tables(hunting: Command) -> None:
    columns = hunting("schema", "EmailEvents").rows
    assert columns[0]["Column"] == "Timestamp" and columns[0]["Type"] == "datetime" and columns[0]["Description"]
    assert ("EmailEvents", 2000) in [(row["Table"], row["Rows"]) for row in hunting("tables").rows]
    assert len(hunting("schema").rows) > 50
    assert hunting("schema", "Mailboxes").rows[0]["Column"] == "RecipientEmailAddress"
    missing = hunting("schema", "EmailEvnts")
    assert missing.code == 1 and "Did you mean 'EmailEvents'?" in missing.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["query"],
        ["nonsense"],
        ["query", "print 1", "-f", "xml"],
        ["query", "print 1", "-o", "x.what"],
        ["query", "x", "--limit", "-1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(hunting: Command, arguments: list[str]) -> None:
    done = hunting(*arguments)
    assert (done.code, done.out) == (2, "") and done.err


def test_what_a_user_can_cause_outside_a_query_exits_with_1(hunting: Command, tmp_path: Path) -> None:
    for arguments in (
        ["query", "print 1", "--store", str(tmp_path / "nowhere")],
        ["query", f"@{tmp_path / 'missing.kql'}"],
        ["query", "print 1", "-o", str(tmp_path / "no folder" / "x.csv")],
        ["air", "actions", "undo", "abcdef"],
        ["compact", "Nothing"],
    ):
        done = hunting(*arguments)
        assert (done.code, done.out) == (1, "") and done.err.startswith("error: ") and "Traceback" not in done.err


def test_help_of_every_command_and_the_version(hunting: Command) -> None:
    for arguments in ([], ["query"], ["simulate"], ["demo"], ["air"], ["air", "actions", "undo"], ["air", "settings", "set"]):
        done = hunting(*arguments, "--help")
        assert done.code == 0 and "Usage: hunting" in done.out
    assert hunting("--version").out.strip()[0].isdigit()


def test_help_needs_no_engine() -> None:
    script = "import sys, hunting.cli; print([m for m in ('duckdb', 'pyarrow', 'kql') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=300, check=False)
    assert (done.stdout.strip(), done.stderr) == (b"[]", b"")
