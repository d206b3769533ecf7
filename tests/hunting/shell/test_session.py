"""What the shell runs and tells, without a terminal; and when a text is ready to run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import hunting
from hunting.lake import Lake
from hunting.shell import Session, finished, tokens


class Shell:
    """A session that keeps what it writes and tells."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.told: list[str] = []
        self.session = Session(hunting.connect(":memory:"), self.out.append, self.told.append)

    def __call__(self, text: str) -> str:
        self.out.clear()
        self.told.clear()
        self.session.handle(text)
        return "".join(self.out)


@pytest.fixture
def shell() -> Shell:
    return Shell()


@pytest.mark.parametrize(
    ("text", "ready"),
    [
        ("", True),
        ("  \n", True),
        (".tables", True),
        ("T | count", False),
        ("T | count;", True),
        ("T | count;  ", True),
        ("T\n| count\n", True),
        ("T\n| count\n  ", True),
        ("let x = 5;", False),
        ("let x = 5; T", False),
        ("let x = 5;\nT | where y == x;", True),
        ("declare query_parameters(n:long);", False),
        ("let f = () { print 1; };", False),
        ("let f = () { print 1;", False),
        ("print ';", False),
        ("print ';'", False),
        ('print @"a\\";', True),
        ("print 1 // why;", False),
        ("print ```a;", False),
    ],
)
def test_when_enter_runs_the_text(text: str, ready: bool) -> None:
    assert finished(text) == ready


def test_tokens_lose_nothing() -> None:
    text = "EmailEvents // all\n| where Subject has h'a;b' and x-y > 1.5h and T == @'c:\\' | project-away ['a b'] ```x\n```"
    found = list(tokens(text))
    assert "".join(token for _, token in found) == text
    kinds = {token: kind for kind, token in found}
    assert (kinds["// all"], kinds["h'a;b'"], kinds["1.5h"], kinds["project-away"], kinds["```x\n```"]) == (
        "comment", "string", "number", "name", "string",
    )  # fmt: skip


def test_a_query_answers_in_a_table(shell: Shell) -> None:
    assert shell("print A = 'x', N = 1;") == "A  N\n─  ─\nx  1\n" and not shell.told


def test_each_of_several_queries_answers(shell: Shell) -> None:
    assert [word for word in shell("print a = 1; print b = 2;").split() if word.isalnum()] == ["a", "1", "b", "2"]


def test_a_chart_stands_under_its_table_unless_switched_off(shell: Shell) -> None:
    text = "datatable(K:string, N:long)['one', 2] | render columnchart"
    assert "one ███" in shell(text)
    shell(".chart off")
    assert "█" not in shell(text)


def test_a_mistake_is_shown_with_its_place_and_the_shell_goes_on(shell: Shell) -> None:
    assert shell("print strlne('x')") == ""
    assert "^^^^^^" in shell.told[0] and "Did you mean 'strlen'?" in shell.told[0] and "Traceback" not in shell.told[0]
    assert shell("print N = 2").endswith("2\n") and shell.session.failures == 1


def test_formats(shell: Shell) -> None:
    shell(".format ndjson")
    assert shell("print A = '\\x1b[2J'") == '{"A": "\\u001b[2J"}\n'
    shell(".format csv")
    assert shell("print A = '\\x1b[2J'") == "A\n␛[2J\n"
    shell(".format parquet")
    assert "There is no format 'parquet'" in shell.told[0]


def test_schema_tables_and_functions(shell: Shell) -> None:
    assert "EmailPostDeliveryEvents" in shell(".tables")
    assert shell(".schema EmailEvents").splitlines()[2].split()[:2] == ["Timestamp", "datetime"]
    shell(".schema EmailEvent")
    assert "Did you mean 'EmailEvents'?" in shell.told[0]
    signature, _, meaning, _, example, result = shell(".functions strlen").splitlines()
    assert (signature, meaning) == ("strlen(text: string) -> long", "Number of characters.")
    assert shell(f"print X = {example.strip()}").split()[-1] == result.removeprefix("  = "), "the example is true"
    assert "strlen" in shell(".functions") and "\nstrcmp" in shell(".functions")
    shell(".functions strlne")
    assert "Did you mean 'strlen'?" in shell.told[0]


def test_explain_is_the_last_query_or_the_one_given(shell: Shell) -> None:
    shell(".explain")
    assert "There is no query yet." in shell.told[0]
    shell("print Here = 1")
    assert '"Here"' in shell(".explain") and '"There"' in shell(".explain print There = 1")


def test_save(shell: Shell, tmp_path: Path) -> None:
    target = tmp_path / "an answer.csv"
    shell(f".save {target}")
    assert "no answer to save" in shell.told[0]
    shell("range N from 1 to 100 step 1")
    shell(f".save {target}")
    assert len(target.read_text().splitlines()) == 101 and shell.told == [f"100 rows in {target}"]
    shell(f".save {tmp_path / 'nowhere' / 'x.csv'}")
    assert shell.told[0].startswith("error: ") and "cannot be written" in shell.told[0]


def test_timing_help_exit_and_unknown_commands(shell: Shell) -> None:
    shell(".timing on")
    shell("print 1")
    assert shell.told[0].startswith("1 row in 0.")
    assert all(name in shell(".help") for name in (".tables", ".explain", ".exit"))
    shell(".tabels")
    assert "Did you mean '.tables'?" in shell.told[0]
    shell(".exit")
    assert not shell.session.open


LONG = (
    "range A from 1 to 60000 step 1 | extend K = 1 | join kind=inner (range B from 1 to 60000 step 1 | extend K = 1) on K"
    " | summarize sum(A * B)"
)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_stops_the_query_and_not_the_shell(shell: Shell) -> None:
    threading.Timer(1.0, os.kill, [os.getpid(), signal.SIGINT]).start()
    started = time.monotonic()
    assert shell(LONG) == "" and shell.told == ["cancelled"]
    assert time.monotonic() - started < 8
    assert shell("print N = 2").endswith("2\n")


def test_from_a_pipe(tmp_path: Path) -> None:
    Lake.create(tmp_path / "store")
    script = ".format ndjson\nlet x = 5;\nprint N = x;\nprint\n  M = 'ö'\n\nprint strlne('x');\nprint Last = 1"
    command = [sys.executable, "-c", "from hunting.cli import script; script()", "shell", "--store", str(tmp_path / "store")]
    done = subprocess.run(command, input=script.encode(), capture_output=True, timeout=60, check=False)
    assert done.stdout.decode().splitlines() == ['{"N": 5}', '{"M": "ö"}', '{"Last": 1}']
    assert done.returncode == 3 and done.stderr.decode().count("error: ") == 1 and b"Traceback" not in done.stderr
