"""The command `hunting`: what it prints where, its exit codes, its errors in words."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hunting import connect
from hunting.cli import main

RUN = [sys.executable, "-c", "from hunting.cli import main; main()"]


@dataclass
class Done:
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made by the command itself, in a folder with a space and an accent."""
    store = tmp_path_factory.mktemp("a störe") / "the store"
    scenarios = Path(__file__).parents[2] / "data" / "scenarios"
    chosen = [part for name in ("invoice-macro", "parcel-login") for part in ("--scenarios", str(scenarios / f"{name}.yaml"))]
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--messages", "2000", "--end", "2026-11-01", *chosen, "--store", str(store)])
    assert ended.value.code == 0
    return store


@pytest.fixture
def hunting(simulated: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process, over the simulated store."""
    monkeypatch.setenv("HUNTING_STORE", str(simulated))
    monkeypatch.setenv("HUNTING_USER", "tester")

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        sys.stdout.flush()
        captured = capfdbinary.readouterr()
        return Done(int(ended.value.code or 0), captured.out.decode(), captured.err.decode())

    return run


@pytest.fixture
def own(hunting: Run, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same over a copy, for commands that change something."""
    monkeypatch.setenv("HUNTING_STORE", str(shutil.copytree(simulated, tmp_path / "copy of it")))
    return hunting


def rows(done: Done) -> list[dict[str, object]]:
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


# ---------------------------------------------------------------- query


def test_a_query_answers_in_ndjson_where_no_terminal_is(hunting: Run) -> None:
    assert rows(hunting("query", "EmailEvents | count")) == [{"Count": 2000}]


@pytest.mark.parametrize("form", ["table", "csv", "json", "ndjson", "markdown"])
def test_text_formats(hunting: Run, form: str) -> None:
    done = hunting("query", "print A = 'x', N = 1", "-f", form)
    expected = {
        "table": "A  N\n─  ─\nx  1\n",
        "csv": "A,N\nx,1\n",
        "json": '[\n{"A": "x", "N": 1}\n]\n',
        "ndjson": '{"A": "x", "N": 1}\n',
        "markdown": "| A | N |\n| --- | ---: |\n| x | 1 |\n",
    }
    assert (done.code, done.out, done.err) == (0, expected[form], "")


def test_a_file_gets_every_row_and_stdout_nothing(hunting: Run, tmp_path: Path) -> None:
    target = tmp_path / "all mail.parquet"
    done = hunting("query", "EmailEvents", "-o", str(target))
    assert (done.code, done.out) == (0, "") and "2,000 rows" in done.err
    assert pq.read_table(target).num_rows == 2000


def test_several_queries_answer_one_after_the_other_and_a_file_takes_one(hunting: Run, tmp_path: Path) -> None:
    text = "let n = 2; print a = n; // one; two\nlet m = 3;\nprint b = n * m"
    assert [json.loads(line) for line in hunting("query", text).out.splitlines()] == [{"a": 2}, {"b": 6}]
    assert hunting("query", text, "-o", str(tmp_path / "out.csv")).code == 2
    assert not (tmp_path / "out.csv").exists()


def test_a_failing_query_leaves_the_file_as_it_was(hunting: Run, tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    target.write_text("before")
    assert hunting("query", "EmailEvents | where Nothing == 1", "-o", str(target)).code == 3
    assert target.read_text() == "before" and list(tmp_path.iterdir()) == [target]


def test_the_table_says_how_many_rows_are_left(hunting: Run) -> None:
    done = hunting("query", "EmailEvents | project Subject", "-f", "table", "--limit", "3")
    assert len(done.out.splitlines()) == 6 and done.out.endswith("… 1,997 more rows\n")
    assert len(hunting("query", "EmailEvents | project Subject", "-f", "table", "--limit", "0").out.splitlines()) == 2002


def test_text_from_a_file_and_from_stdin(hunting: Run, tmp_path: Path) -> None:
    source = tmp_path / "a query.kql"
    source.write_text("\ufeffEmailEvents\n| count", encoding="utf-8")
    assert rows(hunting("query", f"@{source}")) == [{"Count": 2000}]
    piped = subprocess.run([*RUN, "query", "-"], input=b"EmailEvents\n| count", capture_output=True, timeout=300, check=False)
    assert (piped.returncode, piped.stdout) == (0, b'{"Count": 2000}\n')


def test_parameters_are_values_of_their_declared_types(hunting: Run) -> None:
    text = "declare query_parameters(n:long, s:string, d:dynamic, t:timespan, w:datetime); print n + 1, s, d[1], t, w + 1d"
    given = ("n=41", 's="; drop', 'd=["a","b"]', "t=90m", "w=2026-11-20")
    done = hunting("query", text, *(part for each in given for part in ("-p", each)))
    assert [*rows(done)[0].values()] == [42, '"; drop', "b", "01:30:00", "2026-11-21T00:00:00Z"]


@pytest.mark.parametrize(
    ("given", "code"), [("n=many", 3), ("m=1", 3), ("n", 2), ("=1", 2)], ids=["type", "undeclared", "no value", "no name"]
)
def test_wrong_parameters(hunting: Run, given: str, code: int) -> None:
    done = hunting("query", "declare query_parameters(n:long); print n", "--param", given)
    assert (done.code, done.out) == (code, "") and "Traceback" not in done.err


def test_now_can_be_set(hunting: Run) -> None:
    assert rows(hunting("query", "print now()", "--now", "2026-11-01T10:30:00+01:00")) == [{"print_0": "2026-11-01T09:30:00Z"}]
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
def test_a_wrong_query_is_told_with_place_and_cure_and_exits_with_3(hunting: Run, case: str) -> None:
    text, expected = WRONG[case]
    done = hunting("query", text)
    assert (done.code, done.out) == (3, "")
    assert expected in done.err and "Traceback" not in done.err
    assert done.err.startswith("error: ") and all(c.isprintable() or c == "\n" for c in done.err)


def test_explain_shows_sql(hunting: Run) -> None:
    done = hunting("explain", "EmailEvents | where Subject has 'x' | count")
    assert done.code == 0 and "where Subject has 'x'" in done.out and "SELECT" in done.out
    assert hunting("explain", "EmailEvents | wat").code == 3


def test_hostile_subjects_do_nothing_on_the_terminal(hunting: Run) -> None:
    done = hunting("query", r"print A = 'a\u001b[31mb\u202ec'", "-f", "table")
    assert done.out.splitlines()[2] == "a␛[31mb⟨U+202E⟩c"


# ---------------------------------------------------------------- schema, usage


def test_schema_and_tables(hunting: Run) -> None:
    columns = rows(hunting("schema", "EmailEvents"))
    assert columns[0]["Column"] == "Timestamp" and columns[0]["Type"] == "datetime" and columns[0]["Description"]
    assert ("EmailEvents", 2000) in [(row["Table"], row["Rows"]) for row in rows(hunting("tables"))]
    assert len(rows(hunting("schema"))) > 50
    assert rows(hunting("schema", "Mailboxes"))[0]["Column"] == "RecipientEmailAddress"
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
def test_wrong_usage_exits_with_2(hunting: Run, arguments: list[str]) -> None:
    done = hunting(*arguments)
    assert (done.code, done.out) == (2, "") and done.err


def test_what_a_user_can_cause_outside_a_query_exits_with_1(hunting: Run, tmp_path: Path) -> None:
    for arguments in (
        ["query", "print 1", "--store", str(tmp_path / "nowhere")],
        ["query", f"@{tmp_path / 'missing.kql'}"],
        ["query", "print 1", "-o", str(tmp_path / "no folder" / "x.csv")],
        ["air", "actions", "undo", "abcdef"],
        ["compact", "Nothing"],
    ):
        done = hunting(*arguments)
        assert (done.code, done.out) == (1, "") and done.err.startswith("error: ") and "Traceback" not in done.err


def test_help_of_every_command_and_the_version(hunting: Run) -> None:
    for arguments in ([], ["query"], ["simulate"], ["demo"], ["air"], ["air", "actions", "undo"], ["air", "settings", "set"]):
        done = hunting(*arguments, "--help")
        assert done.code == 0 and "Usage: hunting" in done.out
    assert hunting("--version").out.strip()[0].isdigit()


def test_help_needs_no_engine() -> None:
    script = "import sys, hunting.cli; print([m for m in ('duckdb', 'pyarrow', 'kql') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=300, check=False)
    assert (done.stdout.strip(), done.stderr) == (b"[]", b"")


# ---------------------------------------------------------------- simulate


def test_simulate_refuses_what_is_there_and_replaces_only_when_told(own: Run, tmp_path: Path) -> None:
    store = tmp_path / "copy of it"
    refused = own("simulate", "--messages", "100", "--scenarios", str(tmp_path), "--end", "2026-11-01")
    assert refused.code == 1 and "--replace" in refused.err
    assert rows(own("query", "EmailEvents | count")) == [{"Count": 2000}]
    empty = tmp_path / "none"
    empty.mkdir()
    assert own("simulate", "--messages", "100", "--scenarios", str(empty), "--end", "2026-11-01", "--replace").code == 0
    assert rows(own("query", "EmailEvents | count")) == [{"Count": 100}]
    assert not [path for path in store.parent.iterdir() if path.name.endswith(".partial")]


def test_simulate_never_touches_what_is_no_store(hunting: Run, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = hunting("simulate", "--messages", "100", "--replace", "--store", str(tmp_path))
    assert done.code == 1 and [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_simulation_that_fails_leaves_nothing(hunting: Run, tmp_path: Path) -> None:
    done = hunting("simulate", "--messages", "5", "--store", str(tmp_path / "new"))
    assert done.code == 1 and "copies" in done.err and list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- AIR and the store


def test_air_from_settings_to_undo(own: Run) -> None:
    assert {row["Setting"]: row["Value"] for row in rows(own("air", "settings", "show"))}["similar-files"] == "off"
    wrong = own("air", "settings", "set", "similar-files=on", "similar-urls=perhaps")
    assert (
        wrong.code == 1
        and {row["Setting"]: row["Value"] for row in rows(own("air", "settings", "show"))}["similar-files"] == "off"
    )
    assert own("air", "settings", "set", "similar-files=on").code == 0
    summary = rows(own("air", "run"))[0]
    assert summary["Moved"] == summary["Published"] == 196 and summary["Pending"]
    assert rows(own("air", "run"))[0]["Moved"] == 0
    hunt = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation" | count'
    assert rows(own("query", hunt)) == [{"Count": 196}]

    (done,) = rows(own("air", "actions", "list", "--status", "completed"))
    assert done["Decided by"] == "Automation" and done["Moved"] == 196
    key = str(done["Approval ID"])
    back = own("air", "actions", "undo", key[:6], "--to", "junk", "--reason", "a test")
    assert back.code == 0 and "Moved to junk" in back.err
    again = own("air", "actions", "undo", key)
    assert again.code == 1 and "undone before, by tester" in again.err

    first, *others = [str(row["Approval ID"]) for row in rows(own("air", "actions", "list", "--tab", "pending"))]
    assert own("air", "actions", "approve", first, "--by", "ann").code == 0
    assert all(own("air", "actions", "reject", other).code == 0 for other in others)
    assert own("air", "actions", "approve", first).code == 1
    assert rows(own("air", "actions", "list", "--status", "Pending")) == []
    assert own("air", "verify").code == own("verify").code == 0


def test_verify_finds_a_changed_file(own: Run, tmp_path: Path) -> None:
    assert own("compact", "EmailEvents").code == 0 and own("verify").code == 0
    part = next((tmp_path / "copy of it" / "EmailEvents").rglob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    done = own("verify")
    assert done.code == 1 and "has changed since it was written" in done.out


def test_what_a_killed_writer_left_is_told_and_deleted(own: Run, tmp_path: Path) -> None:
    part = next((tmp_path / "copy of it" / "EmailEvents").rglob("part-*.parquet"))
    part.with_name("part-left.parquet").write_bytes(part.read_bytes())
    told = own("verify")
    assert told.code == 1 and "part-left.parquet belongs to no commit" in told.out and "hunting vacuum" in told.out
    assert own("vacuum", "--older", "soon").code == 2
    assert own("vacuum").code == 0 and own("verify").code == 1, "it is younger than a week"
    assert "1 files deleted in 1 tables" in own("vacuum", "EmailEvents", "--older", "0h").err
    assert own("verify").code == 0


def test_external_files(own: Run, tmp_path: Path) -> None:
    url, feed = "https://feeds.example/bad.txt", tmp_path / "a feed.txt"
    feed.write_text("evil.example\n")
    text = f'externaldata(Host:string)[@"{url}"] with (format="txt")'
    assert own("query", text).code == 3, "nothing is fetched"
    assert own("external", "add", url, str(feed)).code == 0
    assert rows(own("external", "list")) == [{"Url": url, "File": str(feed)}]
    assert rows(own("query", text)) == [{"Host": "evil.example"}]
    assert own("external", "add", url, str(tmp_path / "missing")).code == own("external", "add", "x", str(feed)).code == 1
    assert own("external", "remove", url).code == 0 and own("external", "remove", url).code == 1
    assert rows(own("external", "list")) == []


# ---------------------------------------------------------------- pipes, signals, terminals


def test_a_broken_pipe_is_silent(simulated: Path) -> None:
    command = subprocess.Popen(
        [*RUN, "query", "range x from 1 to 300000 step 1", "--store", str(simulated)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None and command.stderr is not None
    assert command.stdout.readline() == b'{"x": 1}\n'
    command.stdout.close()
    assert (command.stderr.read(), command.wait(timeout=300)) == (b"", 0)
    command.stderr.close()


def interrupted(command: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """What a command leaves behind after Ctrl-C; pressed again where an import in C swallowed it."""
    for _ in range(20):
        command.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return command.communicate(timeout=10)
    raise AssertionError("Ctrl-C does nothing")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_is_clean(simulated: Path) -> None:
    endless = (
        "range x from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range y from 1 to 1000000 step 1 | extend k = 1) on k"
    )
    # Where the tests themselves run in the background, SIGINT is ignored, and a child inherits that.
    heeding = RUN[-1].replace("main()", "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); main()")
    query = [*RUN[:-1], heeding, "query", f"{endless} | summarize sum(x * y)", "--store", str(simulated)]
    with subprocess.Popen(query, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        time.sleep(5)  # the query is running, or at least the program's imports
        try:
            out, err = interrupted(command)
        finally:
            command.kill()
    assert (command.returncode, out, err) == (130, b"", b"")


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
@pytest.mark.parametrize("no_color", ["", "1"])
def test_on_a_terminal_it_is_a_table_that_fits(simulated: Path, no_color: str) -> None:
    done = on_terminal(["query", "EmailEvents | take 3", "--store", str(simulated)], {"COLUMNS": "80", "NO_COLOR": no_color})
    lines = done.splitlines()
    assert ("\x1b[1m" in done) == (not no_color)
    assert all(len(line.replace("\x1b[1m", "").replace("\x1b[0m", "")) <= 80 for line in lines)
    assert lines[-1].endswith("more columns (choose with project)")


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
def test_csv_on_a_terminal_is_harmless_and_parquet_refused(simulated: Path) -> None:
    text = r"print A = 'a\u009b31m\u202e'"
    assert "A\na⟨U+009B⟩31m⟨U+202E⟩\n" in on_terminal(["query", text, "-f", "csv", "--store", str(simulated)], {}).replace(
        "\r", ""
    )
    assert on_terminal(["query", text, "-f", "parquet", "--store", str(simulated)], {}) == ""


def on_terminal(arguments: list[str], environment: dict[str, str]) -> str:
    """What the command shows on a terminal's screen (stdout only)."""
    master, slave = os.openpty()
    try:
        command = subprocess.Popen(
            [*RUN, *arguments], stdout=slave, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=os.environ | environment
        )
        os.close(slave)
        shown = b""
        while part := _read(master):
            shown += part
        command.wait(timeout=300)
        return shown.decode()
    finally:
        os.close(master)


def _read(handle: int) -> bytes:
    try:
        return os.read(handle, 65536)
    except OSError:  # how a terminal says that nobody writes any more
        return b""


def test_the_engine_draws_nothing_into_the_answer(simulated: Path) -> None:
    with connect(simulated) as hunt:
        assert hunt._connection.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]


# ---------------------------------------------------------------- demo


def test_the_demo_keeps_its_store_and_refuses_one_that_is_full(hunting: Run, tmp_path: Path) -> None:
    store = tmp_path / "kept store"
    done = hunting("demo", "--store", str(store), "--messages", "25000")
    assert done.code == 0 and "\n7. " in done.out, done.err
    hunt = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation" | count'
    counted = rows(hunting("query", hunt, "--store", str(store)))[0]["Count"]
    assert f"{counted:,} copies; the same messages and recipients" in done.out
    again = hunting("demo", "--store", str(store))
    assert again.code == 1 and "is not empty" in again.err
