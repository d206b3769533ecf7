"""hunting report: list, run, check."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from commands import Command

REPORT = """---
title: Mail
period: last 2 days
formats: [markdown, json]
parameters: {least: {type: long, default: 0}, names: {type: dynamic, default: []}}
---
{{ all.Mails }} mails.

```kql name=all
EmailEvents | where Timestamp >= _startTime and Timestamp < _endTime
| summarize Mails = count(), Least = min(least), Names = min(array_length(names))
```
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "mail.md").write_text(REPORT, encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_shipped_reports_are_listed(command: Command) -> None:
    rows = command("report", "list").rows
    assert {row["Report"] for row in rows} >= {"weekly-phish", "air-audit", "click-exposure"}
    assert all(row["Title"] and row["Schedule"] and row["Description"] for row in rows)


def test_a_report_in_the_store_comes_before_the_shipped_one_of_its_name(command: Command, here: Path) -> None:
    command("report", "copy", "air-audit")
    own = Path(os.environ["HUNTING_STORE"]) / "reports" / "air-audit.md"
    own.write_text(REPORT.replace("title: Mail", "title: Ours"), encoding="utf-8")
    titles = {row["Report"]: row["Title"] for row in command("report", "list").rows}
    assert titles["air-audit"] == "Ours" and "weekly-phish" in titles
    assert command("report", "run", "air-audit", "-f", "markdown", "-o", "-").out.startswith("# Ours\n")
    assert names(here) == ["mail.md"]


def test_reports_of_a_folder_are_listed(command: Command, here: Path) -> None:
    assert [row["Report"] for row in command("report", "list", "--reports", str(here)).rows] == ["mail"]


def test_a_run_writes_the_reports_formats_here(command: Command, here: Path) -> None:
    done = command("report", "run", "mail.md")
    assert done.code == 0 and done.out == ""
    assert names(here) == ["mail-2026-10-30.json", "mail-2026-10-30.md", "mail.md"]
    found = json.loads((here / "mail-2026-10-30.json").read_text(encoding="utf-8"))
    assert found["figures"]["all.Mails"] > 100
    assert f"{found['figures']['all.Mails']:,} mails." in (here / "mail-2026-10-30.md").read_text(encoding="utf-8")


def test_a_shipped_report_is_run_by_name_into_a_folder(command: Command, here: Path) -> None:
    assert command("report", "run", "air-audit", "--now", "2026-12-01", "-f", "html,csv", "-o", "out").code == 0
    made = names(here / "out")
    assert "air-audit-2026-11-01.html" in made and "air-audit-2026-11-01-decisions.csv" in made


@pytest.mark.parametrize(("name", "begin"), [("r.html", b"<!DOCTYPE"), ("r.pdf", b"%PDF"), ("r.xlsx", b"PK"), ("r.json", b"{")])
def test_the_suffix_tells_the_format(command: Command, here: Path, name: str, begin: bytes) -> None:
    assert command("report", "run", "mail.md", "-o", name).code == 0
    assert (here / name).read_bytes().startswith(begin)


def test_an_archive_holds_the_csv_files(command: Command, here: Path) -> None:
    command("report", "run", "mail.md", "-o", "r.zip")
    assert zipfile.ZipFile(io.BytesIO((here / "r.zip").read_bytes())).namelist() == ["mail-2026-10-30-all.csv"]


def test_parameters_and_the_window_can_be_chosen(command: Command, here: Path) -> None:
    options = ["-p", "least=5", "-p", 'names=["a", "b"]', "--since", "2026-10-05", "--until", "2026-10-06"]
    found = json.loads(command("report", "run", "mail.md", "-f", "json", "-o", "-", *options).out)
    assert found["blocks"][0]["rows"][0][1:] == [5, 2]
    assert (found["start"], found["end"]) == ("2026-10-05T00:00:00Z", "2026-10-06T00:00:00Z")
    assert not list(here.glob("mail-*"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["mial"], 1, "There is no report 'mial'."),
        (["mail.md", "-f", "docx"], 2, "Reports have no format 'docx'."),
        (["mail.md", "-o", "x.txt"], 2, "does not tell the format"),
        (["mail.md", "-o", "-"], 2, "2 formats need a folder"),
        (["mail.md", "-p", "leats=1"], 1, "Did you mean 'least'?"),
        (["mail.md", "-p", "least=x"], 3, "is a long, found str"),
        (["mail.md", "-p", "names=x"], 2, "must be JSON"),
        (["mail.md", "--since", "2026-10-05"], 2, "Give both"),
        (["mail.md", "--since", "2026-10-05", "--until", "2026-10-05"], 1, "ends before it begins"),
        (["mail.md", "-o", "none/x.html"], 1, "cannot be written"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_left(
    command: Command, here: Path, arguments: list[str], code: int, message: str
) -> None:
    told = command("report", "run", *arguments).refused(code)
    assert message in " ".join(told.replace("│", " ").split())
    assert names(here) == ["mail.md"]


def test_a_failing_query_leaves_the_old_file(command: Command, here: Path) -> None:
    (here / "r.html").write_text("old", encoding="utf-8")
    (here / "bad.md").write_text(REPORT.replace("EmailEvents |", "EmailEvent |"), encoding="utf-8")
    told = command("report", "run", "bad.md", "-o", "r.html").refused(3)
    assert "bad.md:10: " in told and "^" in told
    assert (here / "r.html").read_text(encoding="utf-8") == "old"


def test_check_lists_every_fault_and_runs_nothing(command: Command, here: Path) -> None:
    assert "mail.md: no faults in 1 block and 1 figure" in command("report", "check", "mail.md").err
    (here / "bad.md").write_text(REPORT.replace("all.Mails", "all.Mail") + "\n```kql\nT\n```\n", encoding="utf-8")
    told = command("report", "check", "bad.md").refused(3)
    assert "bad.md:7: 'Mail' is no column of 'all'." in told and "bad.md:15: " in told
