"""`hunting due` as a user, a timer or a pipeline sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from commands import Command, Done

from hunting.schedule.delivery.settings import Settings, load

SAMPLES = Path(__file__).parents[3] / "data" / "samples"

REPORT = """---
title: Phish of the day
period: last day
schedule: "0 7 * * *"
timezone: Europe/Berlin
formats: [html, csv]
{more}
---
{{{{ mail.Copies }}}} copies.

```kql name=mail
EmailEvents | where Timestamp >= _startTime and Timestamp < _endTime | summarize Copies = count()
```
"""


@pytest.fixture
def reports(command: Command) -> Path:  # noqa: ARG001 - the store is the command's
    folder = Path(os.environ["HUNTING_STORE"]) / "reports"
    folder.mkdir()
    (folder / "phish.md").write_text(REPORT.format(more=""))
    return folder


def told(done: Done) -> list[tuple[str, str]]:
    return [(row["job"], row["status"]) for row in map(json.loads, done.out.splitlines())]


def test_a_report_is_run_when_it_is_due(command: Command, reports: Path) -> None:
    first = command("due")
    assert (first.code, first.out) == (0, "phish · new · next 2026-11-02 06:00 UTC\n")
    due = command("due", "--now", "2026-11-02T06:10")
    place = "outputs/phish/2026-11-02T0600Z"
    assert (due.code, due.out) == (
        0,
        f"phish · done · due 2026-11-02 06:00 UTC · 2 files in {place} · next 2026-11-03 06:00 UTC\n",
    )
    assert sorted(path.name for path in (reports.parent / place).iterdir()) == [
        "phish-2026-11-01-mail.csv",
        "phish-2026-11-01.html",
    ]
    assert "Phish of the day" in (reports.parent / place / "phish-2026-11-01.html").read_text()
    rows = command("query", "JobRuns | project JobName, Status, Outputs", "-f", "ndjson").rows
    assert rows == [{"JobName": "phish", "Status": "Succeeded", "Outputs": 2}]
    assert command("due", "--now", "2026-11-02T06:20").out.startswith("phish · waiting")


def test_what_is_wrong_with_one_report_stops_no_other(command: Command, reports: Path) -> None:
    (reports / "broken.md").write_text("no head")
    (reports / "failing.md").write_text(REPORT.format(more="").replace("EmailEvents", "EmailEvent"))
    (reports / "nowhere.md").write_text(REPORT.format(more="deliver: [{fax: 1}]"))
    (reports / "by-hand.md").write_text(REPORT.format(more="").replace('schedule: "0 7 * * *"\n', ""))
    assert command("due", "--json").code == 4
    done = command("due", "--json", "--now", "2026-11-02T06:10")
    assert done.code == 4 and "Traceback" not in done.err
    assert told(done) == [("broken", "failed"), ("nowhere", "failed"), ("failing", "retry"), ("phish", "done")]
    errors = {row["job"]: row["error"] for row in map(json.loads, done.out.splitlines())}
    assert "broken.md:1" in errors["broken"] and "EmailEvents" in errors["failing"] and "'deliver'" in errors["nowhere"]
    assert command("due", "--only", "phish", "--now", "2026-11-02T06:20").code == 4, "a file that is no report is always told"


def test_a_report_goes_where_its_head_and_the_settings_say(command: Command, reports: Path, tmp_path: Path) -> None:
    share = tmp_path / "share"
    head = f"recipients: [soc@example.org]\ndeliver: [{{folder: {share}/soc}}, {{webhook: 'https://hooks.example.org/secret'}}]"
    (reports / "phish.md").write_text(REPORT.format(more=head))
    (reports.parent / "delivery.yaml").write_text(f"folders: ['{share}']\n")
    command("due")
    done = command("due", "--json", "--now", "2026-11-02T06:10")
    row = json.loads(done.out)
    assert (done.code, row["status"], len(row["outputs"])) == (4, "retry", 2)
    assert row["places"] == ["outputs/phish/2026-11-02T0600Z", f"{share}/soc/phish/2026-11-02T0600Z"]
    assert "No mail server is set up" in row["error"] and "hooks.example.org are not allowed" in row["error"]
    for each in sorted((share / "soc" / "phish" / "2026-11-02T0600Z").iterdir(), key=str):
        assert each.read_bytes() == (reports.parent / row["places"][0] / each.name).read_bytes()
    kql = "JobDeliveries | sort by Channel asc | project Channel, Destination, Status"
    rows = [tuple(row.values()) for row in command("query", kql, "-f", "ndjson").rows]
    assert rows[1:] == [
        ("mail", "soc@example.org", "Pending"),
        ("store", "outputs/phish/2026-11-02T0600Z", "Delivered"),
        ("webhook", "https://hooks.example.org", "Pending"),
    ]
    assert "secret" not in done.out + done.err


def test_only_and_dry_run(command: Command, reports: Path) -> None:
    (reports / "other.md").write_text(REPORT.format(more=""))
    command("due")
    dry = command("due", "--dry-run", "--json", "--now", "2026-11-04T06:10")
    assert told(dry) == [("other", "due"), ("phish", "due")] and json.loads(dry.out.splitlines()[0])["missed"] == 2
    assert not (reports.parent / "outputs").exists()
    assert told(command("due", "--only", "other", "--json", "--now", "2026-11-04T06:10")) == [("other", "done")]
    assert "Did you mean 'phish'" in command("due", "--only", "phsh").refused(1)


def test_mistakes_are_told_in_words(command: Command, tmp_path: Path) -> None:
    assert "no store" in command("due", "--store", str(tmp_path / "none")).refused(1)
    assert "--watch" in command("due", "--watch", "--dry-run").refused(2)
    nothing = command("due", "--reports", str(tmp_path))
    assert nothing.code == 0 and "No report with a schedule" in nothing.err
    assert "outputs/JOB/MOMENT" in command("due", "--help").out


def test_a_shipped_report_is_copied_into_the_store(command: Command) -> None:
    assert command("report", "copy", "weekly-phish").code == 0
    assert command("due", "--json").out.startswith('{"job": "weekly-phish", "status": "new"')
    assert "exists already" in command("report", "copy", "weekly-phish").refused(1)


def test_watch_ends_well_at_a_signal(command: Command, reports: Path) -> None:
    del command
    call = "from hunting.cli import script; script()"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = subprocess.Popen(
        [sys.executable, "-c", call, "due", "--watch", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=paths,
    )
    with process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "new"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert process.stderr.read().endswith("Stopped.\n")
    assert reports.is_dir()


def test_the_sample_settings_are_settings(tmp_path: Path) -> None:
    (tmp_path / "delivery.yaml").write_bytes((SAMPLES / "delivery.yaml").read_bytes())
    found = load(tmp_path)
    assert found.mail.host and found.webhook.hosts and found.folders and found != Settings()
    assert yaml.safe_load((SAMPLES / "delivery.yaml").read_text()).keys() == {"folders", "mail", "webhook"}
