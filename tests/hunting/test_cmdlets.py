"""The six aliases in the manner of PowerShell."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from commands import Command


def settings(command: Command) -> dict[str, str]:
    return {row["Setting"]: row["Value"] for row in command("air", "settings", "show").rows}


@pytest.mark.parametrize("value", ["$true", "true", "$True", "TRUE"])
def test_set_switches_both_types(command: Command, value: str) -> None:
    done = command("Set-AutomatedInvestigationRemediation", "-EnableAutoRemediation", value)
    assert {row["Setting"]: row["Value"] for row in done.rows} == settings(command)
    assert [settings(command)[key] for key in ("similar-files", "similar-urls")] == ["on", "on"]
    assert "is an alias of: hunting air settings set similar-files=on similar-urls=on\n" in done.err
    assert "retain" in done.err, "the note on retention"
    assert command("set-automatedinvestigationremediation", "-ENABLEAUTOREMEDIATION:$false").code == 0
    assert [settings(command)[key] for key in ("similar-files", "similar-urls")] == ["off", "off"]


def test_what_the_shell_ate_is_told(command: Command) -> None:
    before = settings(command)
    told = command("Set-AutomatedInvestigationRemediation", "-EnableAutoRemediation").refused(2)
    assert "A shell puts nothing in the place of $true: write '$true' in quotes, or true." in told
    assert told == command("Set-AutomatedInvestigationRemediation", "-EnableAutoRemediation", "").refused(2)
    other = command("Set-AutomatedInvestigationRemediation", "-EnableAutoRemediation", "1").refused(2)
    assert "'1' is neither $true nor $false" in other
    assert settings(command) == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Get-AutomatedInvestigation"], "-InvestigationId"),
        (["Get-AutomatedInvestigation", "-InvestigationId"], "It has no value"),
        (["Get-AutomatedInvestigation", "-Investigation", "x"], "has no parameter '-Investigation'"),
        (["Get-AutomatedInvestigation", "-InvestigationId", "x", "-Verbose"], "has no parameter '-Verbose'"),
        (["Get-AutomatedInvestigation", "-InvestigationId", "x", "-investigationid", "y"], "given twice"),
        (["Get-AutomatedInvestigation", "abcdef"], "has no parameter 'abcdef'"),
        (["Get-AutomatedInvestigation", "--InvestigationId", "x"], "has no parameter '--InvestigationId'"),
        (["Export-AIRThreatCluster", "-ClusterId", "abcdef"], "-Path"),
        (["Export-AIRThreatCluster", "-ClusterId", "-Path", "x.csv"], "It has no value"),
        (["Undo-AutomatedInvestigationAction", "-h", "-p"], "has no parameter"),
    ],
    ids=" ".join,
)
def test_wrong_parameters_exit_with_2_and_the_usage(command: Command, arguments: list[str], told: str) -> None:
    err = command(*arguments).refused(2)
    assert told in err and err.startswith("Usage: hunting ") and "alias of" not in err


def test_get_shows_what_the_command_shows(command: Command) -> None:
    key = command("air", "investigation", "list").rows[0]["ID"]
    done = command("Get-AutomatedInvestigation", "-InvestigationId", key[:6])
    assert done.code == 0 and done.out == command("air", "investigation", "show", key).out
    assert f"alias of: hunting air investigation show {key[:6]}\n" in done.err
    assert command("Get-AutomatedInvestigation", "-InvestigationId", "ffffff").refused(1)


def test_start_investigates_a_message(command: Command) -> None:
    (mail,) = command("query", 'EmailEvents | where ThreatTypes has "Phish" | take 1 | project NetworkMessageId').rows
    before = len(command("air", "investigation", "list").rows)
    done = command("start-automatedinvestigation", "-Entity", mail["NetworkMessageId"])
    found = command("air", "investigation", "list").rows
    assert len(found) == before + 1 and done.out.strip() in {row["ID"] for row in found}
    assert "There is no message" in command("Start-AutomatedInvestigation", "-Entity", "no-such-mail").err


def test_report_and_undo_an_action(command: Command) -> None:
    (removed,) = command("air", "actions", "list", "--decided-by", "automation").rows
    key = removed["Approval ID"]
    report = {row["Field"]: row["Value"] for row in command("Get-ActionCenterReport", "-RemediationAction", key).rows}
    assert (report["Id"], report["Status"], report["Moved"]) == (key, "Completed", str(removed["Moved"]))
    done = command("Undo-AutomatedInvestigationAction", "-ActionId", key)
    restored = 'EmailPostDeliveryEvents | where Action == "Moved to inbox" and ActionType == "Manual Remediation" | count'
    count = command("query", restored).rows[0]["Count"]
    assert 0 < count <= removed["Moved"]
    assert done.code == 0 and f"Completed, {count} moved, {removed['Moved'] - count} left" in done.err
    assert "undone before" in command("Undo-AutomatedInvestigationAction", "-ActionId", key).err


def test_export_writes_a_row_for_each_copy(command: Command, tmp_path: Path) -> None:
    (cluster,) = command("query", 'EmailClusters | where ClusterBy == "SHA256" | take 1').rows
    path = tmp_path / "a cluster.csv"
    done = command("Export-AIRThreatCluster", "-ClusterId", cluster["ClusterId"], "-Path", str(path))
    assert (done.code, done.out) == (0, ""), done.err
    with path.open(encoding="utf-8-sig", newline="") as file:
        exported = list(csv.DictReader(file))
    assert len(exported) == cluster["EmailCount"] and {row["Cluster ID"] for row in exported} == {cluster["ClusterId"]}


def test_help_names_them_and_says_what_they_stand_for(command: Command) -> None:
    names = ("Get-AutomatedInvestigation", "Export-AIRThreatCluster", "Undo-AutomatedInvestigationAction")
    told = " ".join(command("--help").out.split())
    assert all(name in told for name in names)
    assert "hunting air cluster export ID --path FILE" in " ".join(command("Export-AIRThreatCluster", "--help").out.split())
