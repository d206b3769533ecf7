"""The surfaces of AIR on the command line: what they show is what KQL finds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from commands import Command

AUTOMATED = 'EmailPostDeliveryEvents | where ActionType == "Automated Remediation" and ActionTrigger == "Automation"'


def key_of(command: Command, status: str) -> str:
    return str(command("air", "investigation", "list", "--status", status).rows[0]["ID"])


def test_switching_automation_on_tells_what_could_not_be_restored(command: Command) -> None:
    on, off = (command("air", "settings", "set", f"similar-urls={value}") for value in ("on", "off"))
    assert "mailboxes keep nothing" in on.err and off.err == ""
    assert {row["Setting"]: row["Value"] for row in on.rows}["similar-urls"] == "on"


def test_investigations_are_listed_and_filtered(command: Command) -> None:
    every = command("air", "investigation", "list").rows
    waiting = command("air", "investigation", "list", "--status", "pending action").rows
    assert waiting == [row for row in every if row["Status"] == "Pending Action"] and 0 < len(waiting) < len(every)
    assert command("air", "investigation", "list", "--since", "2030-01-01").rows == []
    shown = command("air", "investigation", "list", "-f", "table").out
    assert waiting[0]["ID"][:6] in shown and waiting[0]["ID"] not in shown


def test_an_investigation_as_a_whole_and_by_its_tabs(command: Command) -> None:
    key = key_of(command, "Pending Action")
    whole = command("air", "investigation", "show", key[:6])
    tabs = ("alerts", "evidence", "entities", "clusters", "log", "pending", "history")
    assert all(f"\n{tab.capitalize()}\n" in whole.out for tab in tabs)
    for tab in tabs:
        assert command("air", "investigation", "show", key, "--tab", tab).code == 0
    assert command("air", "investigation", "show", key, "--tab", "pending").rows
    assert command("air", "investigation", "show", key, "-f", "json").code == 2
    command("air", "investigation", "show", "ffffff").refused(1)


def test_starting_and_stopping(command: Command) -> None:
    key = key_of(command, "Pending Action")
    assert "Terminated By User" in command("air", "investigation", "stop", key, "--reason", "ours").err
    command("air", "investigation", "stop", key).refused(1)
    assert (
        command("air", "investigation", "start").code
        == command("air", "investigation", "start", "--alert", "x", "--email", "y").code
    )
    assert "There is no alert 'x'" in command("air", "investigation", "start", "--alert", "x").refused(1)


def test_the_action_center(command: Command) -> None:
    every = command("air", "actions", "list").rows
    pending, history = (command("air", "actions", "list", "--tab", tab).rows for tab in ("pending", "history"))
    assert len(every) == len(pending) + len(history) and pending and history
    (removed,) = command("air", "actions", "list", "--decided-by", "AUTOMATION", "--action-type", "soft delete").rows
    assert removed["Moved"] == command("query", f"{AUTOMATED} | count").rows[0]["Count"]
    assert command("air", "actions", "list", "--details", removed["Details"][:10]).rows == [removed]
    assert removed["Approval ID"][:6] in command("air", "actions", "list", "-f", "table").out
    command("air", "actions", "show", "ffffff").refused(1)


def test_explorer_finds_the_copies_that_automation_removed(command: Command) -> None:
    found = command("explorer", "--additional-action", "Automated remediation:automated").rows
    expected = command("query", f"{AUTOMATED} | project NetworkMessageId, RecipientEmailAddress").rows
    copies = {(row["Network Message ID"], row["Recipient"]) for row in found}
    assert copies == {(row["NetworkMessageId"], row["RecipientEmailAddress"]) for row in expected} and len(found) == len(expected)
    some = command("explorer", "--top", "5")
    assert len(some.rows) == 5 and "there may be more" in some.err
    command("explorer", "--additional-action", "nonsense").refused(1)


def test_a_message_with_its_timeline(command: Command) -> None:
    mail = command("query", f"{AUTOMATED} | take 1").rows[0]
    message, recipient = mail["NetworkMessageId"], mail["RecipientEmailAddress"]
    page = command("email", "show", message, "--recipient", recipient)
    assert page.out.startswith("Copies\n") and "\nTimeline\n" in page.out
    assert "Soft delete" in json.dumps(command("email", "show", message, "--recipient", recipient, "--timeline").rows)
    assert command("email", "show", message, "-f", "json").code == 2
    command("email", "show", "no-such-mail").refused(1)


def test_a_cluster_is_exported_and_counted_again(command: Command, tmp_path: Path) -> None:
    (cluster,) = command("query", 'EmailClusters | where ClusterBy == "SHA256" | take 1').rows
    path = tmp_path / "x y.csv"
    assert "rows in" in command("air", "cluster", "export", cluster["ClusterId"][:8], "--path", str(path)).err
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert (
            len(list(csv.DictReader(file)))
            == cluster["EmailCount"]
            == len(command("air", "cluster", "show", cluster["ClusterId"]).rows)
        )
    now = {row["Count"]: row["Now"] for row in command("air", "cluster", "recount", cluster["ClusterId"]).rows}
    assert now["email_count"] == cluster["EmailCount"] and now["mailbox"] < cluster["Mailbox"], "they were removed meanwhile"
    command("air", "cluster", "export", "ffffff", "--path", str(tmp_path / "none.csv")).refused(1)
    assert not (tmp_path / "none.csv").exists()


def test_taking_action_on_a_hunt_and_on_messages(command: Command) -> None:
    hunt = 'EmailEvents | where ThreatTypes == "" and DeliveryLocation == "Inbox/folder" | take 3'
    done = command("air", "actions", "take", "junk", "--query", hunt, "--reason", "a hunt")
    assert done.code == 0 and ": Completed, 3 moved" in done.err
    moved = 'EmailPostDeliveryEvents | where ActionType == "Manual Remediation" and Action == "Moved to junk folder"'
    assert command("query", f"{moved} | count").rows == [{"Count": 3}]
    mail = command("query", f"{moved} | take 1").rows[0]["NetworkMessageId"]
    assert "Pending" in command("air", "actions", "take", "soft-delete", "--message", mail, "--propose").err
    assert command("air", "actions", "take", "junk").code == 2
    command("air", "actions", "take", "burn", "--message", mail).refused(1)
    assert command("air", "actions", "take", "junk", "--query", "EmailEvnts").code == 3


def test_the_report_counts_what_was_undone(command: Command) -> None:
    def undone() -> int:
        return sum(row["Undone"] for row in command("air", "report", "--part", "false positives").rows)

    (removed,) = command("air", "actions", "list", "--decided-by", "automation").rows
    assert undone() == 0
    assert command("air", "actions", "undo", removed["Approval ID"]).code == 0
    assert undone() == 1
    whole = command("air", "report")
    parts = ["Decisions", "False positives", "Impact", "Audit"]
    assert [line for line in whole.out.splitlines() if line in parts] == parts
    assert command("air", "report", "-f", "csv").code == 2


def test_the_feed_goes_on_where_it_ended(command: Command) -> None:
    first = command("air", "feed")
    categories = [row["category"] for row in first.rows]
    removed = command("query", f"{AUTOMATED} | count").rows[0]["Count"]
    assert categories.count("AdvancedHunting-EmailPostDeliveryEvents") == removed
    position = first.err.split()[-1]
    again = command("air", "feed", "--after", position)
    assert again.rows == [] and again.err.split()[-1] == position
    (action,) = command("air", "actions", "list", "--decided-by", "automation").rows
    command("air", "actions", "undo", action["Approval ID"])
    assert command("air", "feed", "--after", position).rows
    command("air", "feed", "--after", "yesterday").refused(1)


@pytest.mark.parametrize(
    "arguments", [["air", "blocks"], ["air", "verify"], ["air", "run"], ["air", "settings", "show"]], ids=" ".join
)
def test_it_ends_well(command: Command, arguments: list[str]) -> None:
    assert command(*arguments).code == 0
