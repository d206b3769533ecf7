"""The help of every command: it fits 80 columns, says something, and is not cut; wrong uses are told in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from hunting.cli import app, main


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


EVERY = sorted(commands(app))


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_help_fits_and_says_something(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    found = CliRunner().invoke(app, [*path, "--help"], prog_name="hunting", terminal_width=80)
    lines = found.stdout.splitlines()
    assert found.exit_code == 0 and [line for line in lines if len(line) > 80] == []
    usage, _, told = found.stdout.partition("\n\n")
    assert usage.startswith("Usage: hunting") and re.match(r"  [A-Z]", told), "what it does"
    assert not [line for line in told.splitlines() if re.search(r"\w\.\.\.$", line)], "a sentence is cut"


def test_the_commands_stand_in_groups() -> None:
    shown = CliRunner().invoke(app, ["--help"], prog_name="hunting").stdout
    titles = [line for line in shown.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert titles[:6] == ["Options:", "Begin:", "Hunt:", "Respond:", "Report:", "Store:"]
    assert all(f"\n  {path[0]} " in shown for path in EVERY if len(path) == 1 and "-" not in path[0]), "none is left out"


def test_shells_complete_commands_options_and_values() -> None:
    def completed(*words: str) -> list[str]:
        return [
            each.value for each in BashComplete(app, {}, "hunting", "_HUNTING_COMPLETE").get_completions([*words[:-1]], words[-1])
        ]

    assert completed("qu") == ["query"]
    assert completed("air", "actions", "re") == ["reject", "retry"]
    assert completed("query", "--fo") == ["--format"]
    assert completed("query", "--format", "js") == ["json"]
    for shell in ("bash", "zsh", "fish"):
        found = CliRunner().invoke(app, ["--show-completion", shell])
        assert found.exit_code == 0 and f"_HUNTING_COMPLETE={shell}_complete" in found.stdout


WRONG = [  # arguments, exit code, what is said
    ("qurey x", 2, "No such command 'qurey'"),
    ("query", 2, "Missing argument 'KQL'"),
    ("query @nowhere.kql", 1, "No such file or directory: nowhere.kql"),
    ("query EmailEvents --store nowhere", 1, "There is no store in nowhere"),
    ("query EmailEvents --store file.txt", 1, "file.txt"),
    ("query 'EmailEvents | wher x'", 3, "Did you mean 'where'?"),
    ("query 'EmailEvnts'", 3, "Did you mean 'EmailEvents'?"),
    ("query 'print 1' -f xml", 2, "'xml' is not one of"),
    ("query 'print 1' -o out.xyz", 2, "does not tell the format"),
    ("query 'print 1' -o no/such/folder/out.csv", 1, "no/such/folder"),
    ("query 'print 1' --param a", 2, "'a' is not name=value"),
    ("query 'print 1' --param a=1", 3, "declares no parameter 'a'"),
    ("query 'declare query_parameters(a:long); print a'", 3, "'a' has no value"),
    ("query 'declare query_parameters(a:long); print a' --param a=x", 3, "'a'"),
    ("query 'print 1' --limit -1", 2, "not in the range x>=0"),
    ("query 'print 1' --now yesterday", 2, "'yesterday' is no time"),
    ("schema Nope", 1, "There is no table 'Nope'"),
    ("functions strln", 1, "Did you mean 'strlen'?"),
    ("air settings set similar-files", 2, "is not name=value"),
    ("air settings set similar-fils=on", 1, "similar-fils"),
    ("air actions undo 123456", 1, "123456"),
    ("air actions take junk", 2, "Give a hunt or messages"),
    ("simulate --store .", 1, "something other than a store"),
    ("tokens create bot --scope everything", 2, "'everything' is no scope"),
    ("report run nope", 1, "nope"),
    ("compact Nope", 1, "Nope"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=[each[0] for each in WRONG])
def test_wrong_uses_are_told_in_words(
    arguments: str, code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import shlex

    from hunting.lake import Lake

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUNTING_STORE", "store")
    (tmp_path / "file.txt").write_text("no store")
    Lake.create(tmp_path / "store")
    with pytest.raises(SystemExit) as left:
        main(shlex.split(arguments))
    told = capfd.readouterr()
    assert left.value.code == code and said in told.err, told.err
    assert "Traceback" not in told.err and told.out == "", "errors go to stderr, and data there is none"
