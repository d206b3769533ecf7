"""The shell as it is typed in: keys, colours, completion, history."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput

import hunting
from hunting.shell import Session
from hunting.shell.terminal import KqlCompleter, KqlLexer, history, prompt_session, run

HUNT = hunting.connect(":memory:")


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


def typed(keys: PipeInput, text: str) -> tuple[list[str], list[str]]:
    """What is written and told when this is typed, then Ctrl-D."""
    out: list[str] = []
    told: list[str] = []
    session = Session(HUNT, out.append, told.append)
    keys.send_text(text + "\x04")
    run(session, prompt_session(session, InMemoryHistory()))
    return out, told


def test_a_query_runs_at_its_semicolon(keys: PipeInput) -> None:
    assert typed(keys, "print N = 1;\r") == (["N\n─\n1\n"], [])


def test_several_lines_run_at_an_empty_one(keys: PipeInput) -> None:
    assert typed(keys, "print N = 1\r| extend M = 2\r\r") == (["N  M\n─  ─\n1  2\n"], [])


def test_ctrl_c_drops_what_is_typed(keys: PipeInput) -> None:
    assert typed(keys, "nonsense\x03print N = 1;\r") == (["N\n─\n1\n"], [])


def test_a_mistake_then_a_query(keys: PipeInput) -> None:
    out, told = typed(keys, "print strlne(1);\rprint N = 1;\r")
    assert out == ["N\n─\n1\n"] and len(told) == 1 and "^^^^^^" in told[0]


def test_exit(keys: PipeInput) -> None:
    assert typed(keys, ".exit\rprint N = 1;\r") == ([], [])


# ---------------------------------------------------------------- completion and colours


def offered(text: str, requested: bool = False) -> dict[str, str]:
    found = KqlCompleter(HUNT).get_completions(Document(text), CompleteEvent(completion_requested=requested))
    return {each.text: each.display_meta_text for each in found}


def test_columns_with_types_and_functions_with_help() -> None:
    assert offered("EmailEvents | where Subj")["Subject"] == "column  string"
    assert offered("EmailEvents | extend strl")["strlen"] == "function  (text: string) -> long  Number of characters."
    assert next(iter(offered("EmailEv"))) == "EmailEvents"
    assert "where" in offered("EmailEvents | ")


def test_nothing_is_offered_where_nothing_is_begun_unless_asked() -> None:
    assert offered("EmailEvents ") == {} and "has" in offered("EmailEvents | where Subject ", requested=True)


def test_a_completion_replaces_the_word_that_is_begun() -> None:
    offers = KqlCompleter(HUNT).get_completions(Document("EmailEvents | where Subj"), CompleteEvent())
    assert [each.start_position for each in offers if each.text == "Subject"] == [-4]


def test_dot_commands() -> None:
    assert list(offered(".ex")) == [".explain", ".exit"]
    assert "EmailEvents" in offered(".schema Email") and list(offered(".format nd")) == ["ndjson"]


def test_colours() -> None:
    line = KqlLexer(HUNT).lex_document(Document("EmailEvents | where strlen(Subject) > 5 // long"))(0)
    styles = {text: style.removeprefix("class:kql.") for style, text, *_ in line}
    assert [styles[text] for text in ("EmailEvents", "where", "strlen", "5", "// long")] == [
        "table", "keyword", "function", "number", "comment",
    ]  # fmt: skip


def test_every_line_is_coloured() -> None:
    text = "print `\n```a\nb```\n\n| 'open"
    lexed = KqlLexer(HUNT).lex_document(Document(text))
    assert ["".join(part[1] for part in lexed(number)) for number in range(5)] == text.split("\n")


# ---------------------------------------------------------------- history


@pytest.mark.skipif(os.name == "nt", reason="permissions")
def test_the_history_is_the_owners_alone(tmp_path: Path, keys: PipeInput) -> None:
    folder = tmp_path / "state" / "hunting"
    session = Session(HUNT, lambda _: None, lambda _: None)
    keys.send_text("print Secret = 1;\r\x04")
    run(session, prompt_session(session, history(folder)))
    assert stat.S_IMODE((folder / "history").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(FileHistory(str(folder / "history")).load_history_strings()) == ["print Secret = 1;"]


def test_without_a_place_for_it_there_is_no_history_but_a_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("a file")
    assert isinstance(history(tmp_path / "state"), InMemoryHistory)
    assert "no history" in capsys.readouterr().err
