"""The commands that make and change a store: simulate, air, compact, verify, vacuum, external, demo."""

from __future__ import annotations

from pathlib import Path

from commands import Command


def test_simulate_refuses_what_is_there_and_replaces_only_when_told(own: Command, tmp_path: Path) -> None:
    store = tmp_path / "copy of it"
    refused = own("simulate", "--messages", "100", "--scenarios", str(tmp_path), "--end", "2026-11-01")
    assert refused.code == 1 and "--replace" in refused.err
    assert own("query", "EmailEvents | count").rows == [{"Count": 2000}]
    empty = tmp_path / "none"
    empty.mkdir()
    assert own("simulate", "--messages", "100", "--scenarios", str(empty), "--end", "2026-11-01", "--replace").code == 0
    assert own("query", "EmailEvents | count").rows == [{"Count": 100}]
    assert not [path for path in store.parent.iterdir() if path.name.endswith(".partial")]


def test_simulate_never_touches_what_is_no_store(hunting: Command, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    done = hunting("simulate", "--messages", "100", "--replace", "--store", str(tmp_path))
    assert done.code == 1 and [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_simulation_that_fails_leaves_nothing(hunting: Command, tmp_path: Path) -> None:
    done = hunting("simulate", "--messages", "5", "--store", str(tmp_path / "new"))
    assert done.code == 1 and "copies" in done.err and list(tmp_path.iterdir()) == []


def test_air_from_settings_to_undo(own: Command) -> None:
    assert {row["Setting"]: row["Value"] for row in own("air", "settings", "show").rows}["similar-files"] == "off"
    wrong = own("air", "settings", "set", "similar-files=on", "similar-urls=perhaps")
    assert (
        wrong.code == 1
        and {row["Setting"]: row["Value"] for row in own("air", "settings", "show").rows}["similar-files"] == "off"
    )
    assert own("air", "settings", "set", "similar-files=on").code == 0
    summary = own("air", "run").rows[0]
    assert summary["Moved"] == summary["Published"] == 196 and summary["Pending"]
    assert own("air", "run").rows[0]["Moved"] == 0
    hunt = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation" | count'
    assert own("query", hunt).rows == [{"Count": 196}]

    (done,) = own("air", "actions", "list", "--status", "completed").rows
    assert done["Decided by"] == "Automation" and done["Moved"] == 196
    key = str(done["Approval ID"])
    back = own("air", "actions", "undo", key[:6], "--to", "junk", "--reason", "a test")
    assert back.code == 0 and "Moved to junk" in back.err
    again = own("air", "actions", "undo", key)
    assert again.code == 1 and "undone before, by tester" in again.err

    first, *others = [str(row["Approval ID"]) for row in own("air", "actions", "list", "--tab", "pending").rows]
    assert own("air", "actions", "approve", first, "--by", "ann").code == 0
    assert all(own("air", "actions", "reject", other).code == 0 for other in others)
    assert own("air", "actions", "approve", first).code == 1
    assert own("air", "actions", "list", "--status", "Pending").rows == []
    assert own("air", "verify").code == own("verify").code == 0


def test_verify_finds_a_changed_file(own: Command, tmp_path: Path) -> None:
    assert own("compact", "EmailEvents").code == 0 and own("verify").code == 0
    part = next((tmp_path / "copy of it" / "EmailEvents").rglob("part-*.parquet"))
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    done = own("verify")
    assert done.code == 1 and "has changed since it was written" in done.out


def test_what_a_killed_writer_left_is_told_and_deleted(own: Command, tmp_path: Path) -> None:
    part = next((tmp_path / "copy of it" / "EmailEvents").rglob("part-*.parquet"))
    part.with_name("part-left.parquet").write_bytes(part.read_bytes())
    told = own("verify")
    assert told.code == 1 and "part-left.parquet belongs to no commit" in told.out and "hunting vacuum" in told.out
    assert own("vacuum", "--older", "soon").code == 2
    assert own("vacuum", "EmailEvent").code == 1 and "EmailEvents" in own("vacuum", "EmailEvent").err
    assert own("vacuum").code == 0 and own("verify").code == 1, "it is younger than a week"
    assert "1 files deleted in 1 tables" in own("vacuum", "EmailEvents", "--older", "0h").err
    assert own("verify").code == 0


def test_external_files(own: Command, tmp_path: Path) -> None:
    url, feed = "https://feeds.example/bad.txt", tmp_path / "a feed.txt"
    feed.write_text("evil.example\n")
    text = f'externaldata(Host:string)[@"{url}"] with (format="txt")'
    assert own("query", text).code == 3, "nothing is fetched"
    assert own("external", "add", url, str(feed)).code == 0
    assert own("external", "list").rows == [{"Url": url, "File": str(feed)}]
    assert own("query", text).rows == [{"Host": "evil.example"}]
    assert own("external", "add", url, str(tmp_path / "missing")).code == own("external", "add", "x", str(feed)).code == 1
    assert own("external", "remove", url).code == 0 and own("external", "remove", url).code == 1
    assert own("external", "list").rows == []


def test_the_demo_keeps_its_store_and_refuses_one_that_is_full(hunting: Command, tmp_path: Path) -> None:
    store = tmp_path / "kept store"
    done = hunting("demo", "--store", str(store), "--messages", "25000")
    assert done.code == 0 and "\n7. " in done.out, done.err
    hunt = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation" | count'
    counted = hunting("query", hunt, "--store", str(store)).rows[0]["Count"]
    assert f"{counted:,} copies; the same messages and recipients" in done.out
    again = hunting("demo", "--store", str(store))
    assert again.code == 1 and "is not empty" in again.err
