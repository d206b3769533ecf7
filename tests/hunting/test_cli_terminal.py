"""The command among pipes, signals and terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from commands import PROGRAM

from hunting import connect


def test_a_broken_pipe_is_silent(simulated: Path) -> None:
    command = subprocess.Popen(
        [*PROGRAM, "query", "range x from 1 to 300000 step 1", "--store", str(simulated)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None and command.stderr is not None
    assert command.stdout.readline() == b'{"x": 1}\n'
    command.stdout.close()
    assert (command.stderr.read(), command.wait(timeout=300)) == (b"", 0)
    command.stderr.close()


@pytest.mark.skipif(os.name == "nt", reason="file descriptors")
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_stream_is_one_that_nobody_reads_or_fills(simulated: Path, closed: int) -> None:
    closing = f"import os; os.close({closed}); os.execv({PROGRAM[0]!r}, {[*PROGRAM, 'query', '-', '--store', str(simulated)]!r})"
    done = subprocess.run([PROGRAM[0], "-c", closing], input=b"print x = 1", capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == ((3, b"") if closed == 0 else (0, b"" if closed == 1 else b'{"x": 1}\n'))
    assert done.stderr.startswith(b"error: There is no query" if closed == 0 else b"") and b"Traceback" not in done.stderr


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
    heeding = PROGRAM[-1].replace("script()", "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); script()")
    query = [*PROGRAM[:-1], heeding, "query", f"{endless} | summarize sum(x * y)", "--store", str(simulated)]
    with subprocess.Popen(query, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as command:
        time.sleep(5)  # the query is running, or at least the program's imports
        try:
            out, err = interrupted(command)
        finally:
            command.kill()
    assert (command.returncode, out, err) == (130, b"", b"\n"), "the prompt begins a line of its own"


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
            [*PROGRAM, *arguments],
            stdout=slave,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=os.environ | environment,
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
