"""The AIR API: what it tells, and what its decisions change."""

from __future__ import annotations

from contextlib import closing

import pytest
from service import Service

from hunting.air import Air, journal

REMOVED = 'ActionType == "Automated Remediation" and Action == "Soft delete"'


def test_an_investigation_has_the_names_of_the_management_api(shown: Service) -> None:
    listed = shown.get("/api/air/investigations")
    assert listed["count"] == len(listed["value"]) >= 2 and listed["next"] is None
    for found in listed["value"]:
        assert found == shown.get(f"/api/air/investigations/{found['InvestigationId']}")
        stored = shown.hunt.air.investigation(found["InvestigationId"])
        assert (found["InvestigationName"], found["InvestigationType"], found["Status"]) == (
            stored.name,
            stored.type,
            stored.status,
        )
        assert found["StartTimeUtc"] == "2026-11-01T00:00:00Z" and found["LastUpdateTimeUtc"] >= found["StartTimeUtc"]
        assert found["DeeplinkURL"] is None and found["Data"]["RelatedAlertIds"] == [stored.trigger]
        assert [action["ActionId"] for action in found["Actions"]] == [action.id for action in stored.actions]
        assert [each["EmailCount"] for each in found["Data"]["EmailClusters"]] == [each.email_count for each in stored.clusters]
        assert [each["Description"] for each in found["Data"]["Log"]] == [each.description for each in stored.log]
    assert any(found["Actions"] for found in listed["value"])


def test_an_action_tells_who_decided_and_over_what(shown: Service) -> None:
    (automatic,) = shown.actions(decidedBy="automation")
    assert (automatic["ActionType"], automatic["ActionStatus"], automatic["ApprovedBy"]) == ("Soft delete", "Completed", None)
    assert automatic["Moved"] == shown.count(REMOVED) > 0 and automatic["UndoneBy"] is None
    (cluster,) = automatic["Entities"]
    (stored,) = [c for c in shown.hunt.air.investigation(automatic["InvestigationId"]).clusters if c.id == cluster["ClusterId"]]
    assert (cluster["ClusterBy"], cluster["ClusterByValue"]) == ("Similar files", stored.entity)
    assert (cluster["MailCount"], cluster["Query"], cluster["Urls"]) == (stored.email_count, stored.query, [])
    assert automatic == shown.get(f"/api/air/actions/{automatic['ID']}")
    for waiting in shown.actions(status="pending"):
        assert (waiting["ActionApproval"], waiting["DecidedBy"], waiting["EndTimeUtc"]) == ("Pending", "", None)


def test_pages(shown: Service) -> None:
    everything = shown.get("/api/air/actions")
    first = shown.get("/api/air/actions?limit=1")
    assert first["value"] == everything["value"][:1] and first["count"] == everything["count"] > 1
    pages = [first]
    while pages[-1]["next"]:
        pages.append(shown.get(pages[-1]["next"]))
    assert [item for page in pages for item in page["value"]] == everything["value"]
    assert shown.get("/api/air/actions?offset=1000")["value"] == []


def test_approving_removes_and_says_who_and_why(own: Service) -> None:
    waiting = own.actions(status="Pending")[0]
    before = own.count(REMOVED)
    answer = own.ask("POST", f"/api/air/actions/{waiting['ID']}/approve", "approves", json={"reason": "seen it – schlimm"})
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["ActionStatus"], done["ApprovedBy"], done["ApproverComment"]) == ("Completed", "approves", "seen it – schlimm")
    assert own.count(REMOVED) == before + done["Moved"] and done["Moved"] > 0
    again = own.ask("POST", f"/api/air/actions/{waiting['ID']}/approve", "approves")
    assert again.status_code == 409 and "not pending" in again.json()["error"]["message"]
    assert own.hunt.air.verify().sound


def test_rejecting_removes_nothing(own: Service) -> None:
    waiting = own.actions(status="Pending")[0]
    before = own.count(REMOVED)
    done = own.ask("POST", f"/api/air/actions/{waiting['ID']}/reject", json={"reason": "ours"}).json()
    assert (done["ActionStatus"], done["DecidedBy"], done["ApprovedBy"]) == ("Rejected", "all", None)
    assert own.count(REMOVED) == before
    assert own.ask("POST", f"/api/air/actions/{waiting['ID']}/approve").status_code == 409


@pytest.mark.parametrize(("body", "name"), [({}, "Moved to inbox"), ({"to": "junk", "reason": "wrong"}, "Moved to junk folder")])
def test_an_undo_is_a_new_action_and_new_events(own: Service, body: dict[str, str], name: str) -> None:
    (removed,) = own.actions(decidedBy="Automation")
    restored = f'ActionType == "Manual Remediation" and Action == "{name}"'
    before = own.count(REMOVED)
    assert own.count(restored) == 0
    answer = own.ask("POST", f"/api/air/actions/{removed['ID']}/undo", "acts", json=body)
    assert answer.status_code == 200, answer.text
    undo = answer.json()
    assert (undo["Kind"], undo["ActionType"], undo["DecidedBy"], undo["Undoes"]) == ("undo", name, "acts", removed["ID"])
    assert own.count(restored) == undo["Moved"] > 0 and own.count(REMOVED) == before
    assert own.get(f"/api/air/actions/{removed['ID']}")["UndoneBy"] == undo["ID"]
    again = own.ask("POST", f"/api/air/actions/{removed['ID']}/undo", "acts")
    assert again.status_code == 409 and "undone before, by acts" in again.json()["error"]["message"]


def test_reading_does_not_wait_for_another_writer_and_writing_is_told_to_try_again(
    own: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LOCK_WAIT", 0.05)
    waiting = own.actions(status="Pending")[0]
    with closing(Air(own.hunt)) as other, other._journal.writing():
        assert own.actions(status="Pending")[0] == waiting
        answer = own.ask("POST", f"/api/air/actions/{waiting['ID']}/approve")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json()["error"]["code"] == "serviceUnavailable" and "Another process" in answer.json()["error"]["message"]
    assert own.ask("POST", f"/api/air/actions/{waiting['ID']}/approve").status_code == 200


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=0", "'limit' is a number"),
        ("limit=201", "'limit' is a number"),
        ("limit=-1", "'limit' is a number"),
        ("limit=٣", "'limit' is a number"),
        ("offset=99999999999999999999", "'offset' is a number"),
        ("status=Pendng", "'status' is one of: Pending"),
        ("decided_by=ann", "There is no parameter 'decided_by' here"),
        ("status=Pending&status=Completed", "more than once"),
        ("%00%1b=1", "There is no parameter '��' here"),
    ],
)
def test_a_filter_that_is_not_understood_is_not_passed_over(shown: Service, query: str, told: str) -> None:
    answer = shown.ask("GET", f"/api/air/actions?{query}")
    assert answer.status_code == 400 and told in answer.json()["error"]["message"]
